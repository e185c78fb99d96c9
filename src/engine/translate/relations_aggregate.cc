#include <fmt/format.h>

#include <algorithm>

#include "engine/translate/relation_translator.h"

namespace tinderbox::engine {

template <typename Expressions>
TranslatedRelation RelationTranslator::Group(TranslatedRelation input, const Expressions& grouping,
                                             const Expressions& aggregates) {
  UniqueIds ids;
  std::vector<SelectItem> items;
  std::vector<OutputColumn> keys;
  std::vector<Sql> positions;
  for (const proto::Expression& key : grouping) {
    if (HasAggregate(key)) {
      throw Error("GROUP_BY_AGGREGATE",
                  fmt::format("Rows cannot be grouped by {}, which is an aggregate.", ExpressionName(key)));
    }
    AddItems(key, input.columns, &ids, &items);
  }
  for (size_t i = 0; i < items.size(); ++i) {
    keys.push_back(items[i].column);
    // Positions, because a number would be taken for one and a name for an alias.
    positions.push_back(IntegerLiteral(static_cast<long long>(i) + 1));
  }
  RequireComparable(keys, "Group by");
  bool any = false;
  for (const proto::Expression& aggregate : aggregates) any = any || HasAggregate(aggregate);
  if (positions.empty() && !any) {
    // A global aggregate has one row, whatever its expressions are; they may be constants only.
    std::vector<OutputColumn> none;
    for (const proto::Expression& constant : aggregates) AddItems(constant, none, &ids, &items);
    return Select(std::move(items), Token("(SELECT 1)"));
  }
  for (const proto::Expression& aggregate : aggregates) AddItems(aggregate, input.columns, &ids, &items);
  Sql rest;
  if (!positions.empty()) rest = Concat({Token("GROUP BY "), engine::Join(positions, ", ")});
  return Select(std::move(items), Derived(input.sql), rest);
}

template TranslatedRelation RelationTranslator::Group(TranslatedRelation,
                                                      const google::protobuf::RepeatedPtrField<proto::Expression>&,
                                                      const google::protobuf::RepeatedPtrField<proto::Expression>&);

TranslatedRelation RelationTranslator::Aggregate(const proto::Aggregate& aggregate) {
  if (aggregate.group_type() != proto::Aggregate::GROUP_TYPE_GROUPBY) {
    throw Error("UNSUPPORTED_FEATURE.RELATION",
                fmt::format("The embedded engine does not support an Aggregate of kind {}.",
                            proto::Aggregate::GroupType_Name(aggregate.group_type())));
  }
  return Group(Translate(aggregate.input()), aggregate.grouping_expressions(), aggregate.aggregate_expressions());
}

}  // namespace tinderbox::engine
