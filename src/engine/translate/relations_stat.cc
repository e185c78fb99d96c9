// df.stat, describe and summary.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "engine/translate/literals.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "spark/error_conditions.h"

namespace tinderbox::engine {

namespace {

proto::Expression LambdaVariable(const std::string& name) {
  proto::Expression out;
  out.mutable_unresolved_named_lambda_variable()->add_name_parts(name);
  return out;
}

proto::Expression DoubleExpression(double value) {
  proto::Expression out;
  out.mutable_literal()->set_double_(value);
  return out;
}

/// A call in which `x` is the value given.
Typed CallOn(const Typed& value, const proto::Expression& call, const Scope& scope) {
  Scope inner = scope;
  inner.lambdas.push_back({"x", value});
  return TranslateExpression(call, inner);
}

}  // namespace

TranslatedRelation RelationTranslator::Summary(const proto::Relation& source, std::vector<std::string> columns,
                                               const std::vector<std::string>& statistics) {
  TranslatedRelation input = Translate(source);
  const Scope scope = ScopeOf(input.columns);
  const DataType text(TypeKind::kString);
  std::vector<std::string> wanted = statistics;
  if (wanted.empty()) wanted = {"count", "mean", "stddev", "min", "25%", "50%", "75%", "max"};
  std::vector<size_t> places;
  for (const std::string& name : columns) places.push_back(FindColumn(input.columns, name));
  for (size_t i = 0; i < input.columns.size() && columns.empty(); ++i) {
    const DataType& type = input.columns[i].type;
    if (type.IsNumeric() || type.kind() == TypeKind::kString) places.push_back(i);
  }
  std::vector<Sql> names;
  for (const std::string& name : wanted) names.push_back(StringLiteral(name));
  std::vector<SelectItem> lists, items;
  UniqueIds ids;
  OutputColumn summary = NewColumn("summary", text, true);
  ids.Make(summary.id);
  items.push_back({Template("unnest(list_value($*))", names), summary});
  for (size_t place : places) {
    const OutputColumn& column = input.columns[place];
    const Typed value = ValueOf(column);
    const Typed number = column.type.kind() == TypeKind::kString
                             ? TranslateCast(value, DataType(TypeKind::kDouble), scope, true)
                             : value;
    std::vector<Sql> cells;
    for (const std::string& statistic : wanted) {
      Typed result;
      if (statistic == "count" || statistic == "min" || statistic == "max" || statistic == "approx_count_distinct") {
        result = CallOn(value, FunctionExpression(statistic, {LambdaVariable("x")}), scope);
      } else if (statistic == "count_distinct") {
        proto::Expression call = FunctionExpression("count", {LambdaVariable("x")});
        call.mutable_unresolved_function()->set_is_distinct(true);
        result = CallOn(value, call, scope);
      } else if (statistic == "mean") {
        result = CallOn(number, FunctionExpression("avg", {LambdaVariable("x")}), scope);
      } else if (statistic == "stddev") {
        const Typed real = TranslateCast(number, DataType(TypeKind::kDouble), scope, false);
        result = {Call("spark_stddev_of_rows", {real.sql}), DataType(TypeKind::kDouble), true};
      } else if (statistic.ends_with('%')) {
        double percent = 0;
        const char* end = statistic.data() + statistic.size() - 1;
        const auto [stop, failure] = std::from_chars(statistic.data(), end, percent);
        if (failure != std::errc() || stop != end || percent < 0 || percent > 100) {
          throw Error("INVALID_PARAMETER_VALUE", fmt::format("Unable to parse {} as a percentile", statistic));
        }
        // Decimals are shown as doubles here, whole numbers as what they are.
        const bool decimal = number.type.kind() == TypeKind::kDecimal;
        const Typed ranked = decimal ? TranslateCast(number, DataType(TypeKind::kDouble), scope, false) : number;
        result = CallOn(ranked,
                        FunctionExpression("percentile_approx", {LambdaVariable("x"), DoubleExpression(percent / 100)}),
                        scope);
      } else {
        throw Error("UNRECOGNIZED_STATISTIC", fmt::format("The statistic '{}' is not recognized.", statistic),
                    {{"stats", "'" + statistic + "'"}});
      }
      cells.push_back(TranslateCast(result, text, scope, false).sql);
    }
    OutputColumn out = NewColumn(column.name, text, true);
    out.id = ids.Make(column.name);
    lists.push_back({Call("list_value", cells), out});
    items.push_back({Call("unnest", {Ident(out.id)}), std::move(out)});
  }
  if (lists.empty()) return Select(std::move(items), Token("(SELECT 1)"));
  const TranslatedRelation aggregated = Select(std::move(lists), Derived(input.sql));
  return Select(std::move(items), Derived(aggregated.sql));
}

TranslatedRelation RelationTranslator::Crosstab(const proto::StatCrosstab& crosstab) {
  TranslatedRelation input = Translate(crosstab.input());
  const Scope scope = ScopeOf(input.columns);
  const OutputColumn& a = input.columns[FindColumn(input.columns, crosstab.col1())];
  const OutputColumn& b = input.columns[FindColumn(input.columns, crosstab.col2())];
  const DataType text(TypeKind::kString);
  const auto shown = [&](const OutputColumn& column) {
    return Template("coalesce($1, 'null')", {TranslateCast(ValueOf(column), text, scope, false).sql});
  };
  const Sql pairs = Concat({Token("SELECT "), shown(a), Token(" AS \"row\", "), shown(b),
                            Token(" AS \"column\"\nFROM "), Derived(input.sql)});
  const auto values = leaves_.Texts(
      Concat({Token("SELECT DISTINCT \"column\"\nFROM "), Derived(pairs), Token("\nORDER BY 1\nLIMIT 1000001")}));
  std::vector<SelectItem> items;
  UniqueIds ids;
  OutputColumn first = NewColumn(fmt::format("{}_{}", crosstab.col1(), crosstab.col2()), text, true);
  first.id = ids.Make(first.name);
  items.push_back({Ident("row"), std::move(first)});
  for (const auto& value : values) {
    OutputColumn column = NewColumn(value.value_or("null"), DataType(TypeKind::kLong), false);
    column.id = ids.Make(column.name);
    items.push_back(
        {Template("count(*) FILTER (WHERE \"column\" = $1)", {StringLiteral(column.name)}), std::move(column)});
  }
  return Select(std::move(items), Derived(pairs), Token("GROUP BY \"row\""));
}

TranslatedRelation RelationTranslator::FreqItems(const proto::StatFreqItems& request) {
  TranslatedRelation input = Translate(request.input());
  const double support = request.has_support() ? request.support() : 0.01;
  if (support < 1e-4 || support > 1) {
    throw Error(spark::kJavaIllegalArgument,
                fmt::format("requirement failed: Support must be in [1e-4, 1], but got {}.", support));
  }
  std::vector<SelectItem> items;
  UniqueIds ids;
  for (const std::string& name : request.cols()) {
    const OutputColumn& column = input.columns[FindColumn(input.columns, name)];
    OutputColumn out = NewColumn(column.name + "_freqItems", DataType::Array(column.type, column.nullable), false);
    out.id = ids.Make(out.name);
    const Sql counted = Concat({Token("SELECT "), Ident(column.id),
                                Token(" AS item, count(*) AS n, sum(count(*)) OVER () "
                                      "AS total\nFROM "),
                                Derived(input.sql), Token("\nGROUP BY 1")});
    const Sql frequent =
        Template("(SELECT coalesce(list(item), list_value()) FROM ($1) WHERE n > total * CAST($2 AS DOUBLE))",
                 {counted, StringLiteral(fmt::format("{:.17g}", support))});
    items.push_back({frequent, std::move(out)});
  }
  return Select(std::move(items), Token("(SELECT 1)"));
}

TranslatedRelation RelationTranslator::ApproxQuantile(const proto::StatApproxQuantile& quantile) {
  TranslatedRelation input = Translate(quantile.input());
  const Scope scope = ScopeOf(input.columns);
  const DataType number(TypeKind::kDouble);
  std::vector<Sql> lists;
  proto::Expression probabilities = FunctionExpression("array", {});
  for (double probability : quantile.probabilities()) {
    *probabilities.mutable_unresolved_function()->add_arguments() = DoubleExpression(probability);
  }
  if (quantile.relative_error() < 0) {
    throw Error(spark::kJavaIllegalArgument, "requirement failed: Relative Error must be non-negative.");
  }
  proto::Expression accuracy;
  accuracy.mutable_literal()->set_integer(
      quantile.relative_error() < 1e-9 ? 1000000000 : std::max(1, static_cast<int>(1 / quantile.relative_error())));
  for (const std::string& name : quantile.cols()) {
    const OutputColumn& column = input.columns[FindColumn(input.columns, name)];
    if (!column.type.IsNumeric()) {
      throw Error(
          spark::kJavaIllegalArgument,
          fmt::format("requirement failed: Quantile calculation for column {} with data type {} is not supported.",
                      name, column.type.SimpleString()));
    }
    Typed value = TranslateCast(ValueOf(column), number, scope, false);
    value.sql = Template("CASE WHEN isnan($1) THEN NULL ELSE $1 END", {value.sql});
    value.nullable = true;
    const Typed result =
        CallOn(value, FunctionExpression("percentile_approx", {LambdaVariable("x"), probabilities, accuracy}), scope);
    lists.push_back(Template("coalesce($1, list_value())", {result.sql}));
  }
  const DataType type = DataType::Array(DataType::Array(number, false), false);
  const OutputColumn out = NewColumn("approx_quantile", type, false);
  return Select({{CastTo(Call("list_value", lists), type), out}}, Derived(input.sql));
}

TranslatedRelation RelationTranslator::Moment(const proto::Relation& source, const char* function, const std::string& a,
                                              const std::string& b) {
  TranslatedRelation input = Translate(source);
  const Scope scope = ScopeOf(input.columns);
  const bool covariance = function == std::string_view("covar_samp");
  std::vector<Typed> values;
  for (const std::string& name : {a, b}) {
    const OutputColumn& column = input.columns[FindColumn(input.columns, name)];
    if (!column.type.IsNumeric()) {
      throw Error(
          spark::kJavaIllegalArgument,
          fmt::format("requirement failed: Currently {} calculation for columns with dataType {} not supported.",
                      covariance ? "covariance" : "correlation", column.type.SimpleString()));
    }
    // A missing number counts as 0 here, unlike in the functions of the same names.
    Typed value = TranslateCast(ValueOf(column), DataType(TypeKind::kDouble), scope, false);
    value.sql = Template("coalesce($1, CAST(0 AS DOUBLE))", {value.sql});
    values.push_back(value);
  }
  const Typed result = CallFunction(function, values, scope);
  return Select({{result.sql, NewColumn(covariance ? "cov" : "corr", DataType(TypeKind::kDouble), true)}},
                Derived(input.sql));
}

}  // namespace tinderbox::engine
