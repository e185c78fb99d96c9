#include "base/fail.h"
#include "dataframe/expression.h"
#include "dataframe/relation.h"
#include "tinderbox/dataframe.h"
#include "tinderbox/functions.h"

namespace tinderbox {

using dataframe::Parts;

DataFrame GroupedData::Agg(const ColumnList& aggregates) const {
  static constexpr proto::Aggregate::GroupType kTypes[] = {
      proto::Aggregate::GROUP_TYPE_GROUPBY, proto::Aggregate::GROUP_TYPE_ROLLUP, proto::Aggregate::GROUP_TYPE_CUBE,
      proto::Aggregate::GROUP_TYPE_GROUPING_SETS, proto::Aggregate::GROUP_TYPE_PIVOT};
  return dataframe::MakeRelation(input_.session(), [&](Parts& parts, proto::Relation* out) {
    auto* aggregate = out->mutable_aggregate();
    parts.Put(input_, aggregate->mutable_input());
    aggregate->set_group_type(kTypes[static_cast<size_t>(kind_)]);
    parts.PutAll(grouping_, aggregate->mutable_grouping_expressions());
    parts.PutAll(aggregates, aggregate->mutable_aggregate_expressions());
    for (const ColumnList& set : sets_) parts.PutAll(set, aggregate->add_grouping_sets()->mutable_grouping_set());
    if (!pivot_) return;
    parts.Put(*pivot_, aggregate->mutable_pivot()->mutable_col());
    for (const ColumnOrValue& value : pivot_values_)
      *aggregate->mutable_pivot()->add_values() = dataframe::ToLiteral(value);
  });
}

DataFrame GroupedData::Count() const {
  return Agg(functions::CountStar().Alias("count"));
}

GroupedData GroupedData::Pivot(std::string_view name, const std::vector<ColumnOrValue>& values) const {
  if (kind_ != Kind::kGroupBy) {
    base::FailWith("UNSUPPORTED_OPERATION", {{"operation", "PIVOT"}}, "A pivot goes after GroupBy, and only once.");
  }
  GroupedData out = *this;
  out.kind_ = Kind::kPivot;
  out.pivot_ = input_[name];
  out.pivot_values_ = values;
  return out;
}

DataFrame GroupedData::Each(std::string_view function, const std::vector<std::string>& names) const {
  std::vector<Column> aggregates;
  for (const std::string& name : names) aggregates.push_back(functions::Call(function, {functions::Col(name)}));
  if (names.empty()) {
    for (const StructField& field : input_.Schema().fields) {
      if (field.type.IsNumeric()) {
        aggregates.push_back(functions::Call(function, {functions::ColExact(field.name)}));
      }
    }
  }
  return Agg(aggregates);
}

}  // namespace tinderbox
