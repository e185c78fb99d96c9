// df.na, df.stat, describe and summary.
#include "base/fail.h"
#include "dataframe/expression.h"
#include "dataframe/relation.h"
#include "tinderbox/dataframe.h"

namespace tinderbox {
namespace {

using dataframe::MakeRelation;
using dataframe::Parts;
using proto::Relation;

void AddNames(const std::vector<std::string>& names, google::protobuf::RepeatedPtrField<std::string>* out) {
  for (const std::string& name : names) *out->Add() = name;
}

DataFrame MakeDrop(const DataFrame& input, std::optional<int> min_non_nulls, const std::vector<std::string>& names) {
  return MakeRelation(input.session(), [&](Parts& parts, Relation* out) {
    parts.Put(input, out->mutable_drop_na()->mutable_input());
    AddNames(names, out->mutable_drop_na()->mutable_cols());
    if (min_non_nulls) out->mutable_drop_na()->set_min_non_nulls(*min_non_nulls);
  });
}

// Spark's fill takes a BIGINT for any integer, its replace a DOUBLE for any number.
proto::Expression::Literal ToFillLiteral(const ColumnOrValue& value) {
  proto::Expression::Literal literal = dataframe::ToLiteral(value);
  if (literal.has_integer()) literal.set_long_(literal.integer());
  return literal;
}
proto::Expression::Literal ToReplaceLiteral(const ColumnOrValue& value) {
  proto::Expression::Literal literal = ToFillLiteral(value);
  if (literal.has_long_()) literal.set_double_(static_cast<double>(literal.long_()));
  return literal;
}

}  // namespace

DataFrame DataFrame::Describe(const std::vector<std::string>& names) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    parts.Put(*this, out->mutable_describe()->mutable_input());
    AddNames(names, out->mutable_describe()->mutable_cols());
  });
}

DataFrame DataFrame::Summary(const std::vector<std::string>& statistics) const {
  return MakeRelation(session_, [&](Parts& parts, Relation* out) {
    parts.Put(*this, out->mutable_summary()->mutable_input());
    AddNames(statistics, out->mutable_summary()->mutable_statistics());
  });
}

DataFrame DataFrameNaFunctions::Drop(std::string_view how, const std::vector<std::string>& names) const {
  if (how != "any" && how != "all") {
    base::Fail("INVALID_PARAMETER_VALUE",
               "Rows with missing values are dropped when \"any\" or \"all\" are, not \"{}\".", how);
  }
  return MakeDrop(input_, how == "all" ? std::optional<int>(1) : std::nullopt, names);
}

DataFrame DataFrameNaFunctions::Drop(int min_non_nulls, const std::vector<std::string>& names) const {
  return MakeDrop(input_, min_non_nulls, names);
}

DataFrame DataFrameNaFunctions::Fill(const ColumnOrValue& value, const std::vector<std::string>& names) const {
  return MakeRelation(input_.session(), [&](Parts& parts, Relation* out) {
    parts.Put(input_, out->mutable_fill_na()->mutable_input());
    AddNames(names, out->mutable_fill_na()->mutable_cols());
    *out->mutable_fill_na()->add_values() = ToFillLiteral(value);
  });
}

DataFrame DataFrameNaFunctions::Fill(const std::map<std::string, ColumnOrValue>& values) const {
  return MakeRelation(input_.session(), [&](Parts& parts, Relation* out) {
    parts.Put(input_, out->mutable_fill_na()->mutable_input());
    for (const auto& [name, value] : values) {
      out->mutable_fill_na()->add_cols(name);
      *out->mutable_fill_na()->add_values() = ToFillLiteral(value);
    }
  });
}

DataFrame DataFrameNaFunctions::Replace(const std::vector<std::pair<ColumnOrValue, ColumnOrValue>>& replacements,
                                        const std::vector<std::string>& names) const {
  return MakeRelation(input_.session(), [&](Parts& parts, Relation* out) {
    parts.Put(input_, out->mutable_replace()->mutable_input());
    AddNames(names, out->mutable_replace()->mutable_cols());
    for (const auto& [from, to] : replacements) {
      auto* replacement = out->mutable_replace()->add_replacements();
      *replacement->mutable_old_value() = ToReplaceLiteral(from);
      *replacement->mutable_new_value() = ToReplaceLiteral(to);
    }
  });
}

std::vector<std::vector<double>> DataFrameStatFunctions::ApproxQuantile(const std::vector<std::string>& names,
                                                                        const std::vector<double>& probabilities,
                                                                        double relative_error) const {
  const DataFrame frame = MakeRelation(input_.session(), [&](Parts& parts, Relation* out) {
    auto* quantile = out->mutable_approx_quantile();
    parts.Put(input_, quantile->mutable_input());
    AddNames(names, quantile->mutable_cols());
    for (const double probability : probabilities) quantile->add_probabilities(probability);
    quantile->set_relative_error(relative_error);
  });
  return frame.Collect<std::vector<std::vector<double>>>().at(0);
}

double DataFrameStatFunctions::Corr(std::string_view a, std::string_view b) const {
  const DataFrame frame = MakeRelation(input_.session(), [&](Parts& parts, Relation* out) {
    parts.Put(input_, out->mutable_corr()->mutable_input());
    out->mutable_corr()->set_col1(std::string(a));
    out->mutable_corr()->set_col2(std::string(b));
    out->mutable_corr()->set_method("pearson");
  });
  return frame.Collect<double>().at(0);
}

double DataFrameStatFunctions::Cov(std::string_view a, std::string_view b) const {
  const DataFrame frame = MakeRelation(input_.session(), [&](Parts& parts, Relation* out) {
    parts.Put(input_, out->mutable_cov()->mutable_input());
    out->mutable_cov()->set_col1(std::string(a));
    out->mutable_cov()->set_col2(std::string(b));
  });
  return frame.Collect<double>().at(0);
}

DataFrame DataFrameStatFunctions::Crosstab(std::string_view a, std::string_view b) const {
  return MakeRelation(input_.session(), [&](Parts& parts, Relation* out) {
    parts.Put(input_, out->mutable_crosstab()->mutable_input());
    out->mutable_crosstab()->set_col1(std::string(a));
    out->mutable_crosstab()->set_col2(std::string(b));
  });
}

DataFrame DataFrameStatFunctions::FreqItems(const std::vector<std::string>& names, double support) const {
  return MakeRelation(input_.session(), [&](Parts& parts, Relation* out) {
    parts.Put(input_, out->mutable_freq_items()->mutable_input());
    AddNames(names, out->mutable_freq_items()->mutable_cols());
    out->mutable_freq_items()->set_support(support);
  });
}

DataFrame DataFrameStatFunctions::SampleBy(const ColumnOrName& column,
                                           const std::vector<std::pair<ColumnOrValue, double>>& fractions,
                                           std::optional<int64_t> seed) const {
  return MakeRelation(input_.session(), [&](Parts& parts, Relation* out) {
    auto* sample = out->mutable_sample_by();
    parts.Put(input_, sample->mutable_input());
    parts.Put(column.column(), sample->mutable_col());
    for (const auto& [stratum, fraction] : fractions) {
      auto* added = sample->add_fractions();
      *added->mutable_stratum() = dataframe::ToLiteral(stratum);
      added->set_fraction(fraction);
    }
    sample->set_seed(seed.value_or(dataframe::RandomSeed()));
  });
}

}  // namespace tinderbox
