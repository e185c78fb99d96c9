// Operations that run Python code over whole relations or groups of rows.
#include <fmt/format.h>

#include "engine/translate/coercion.h"
#include "engine/translate/python.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "engine/translate/windows.h"

namespace tinderbox::engine {

namespace {

using Side = PythonFunctions::Side;

PythonFunctions& Require(PythonFunctions* python) {
  if (python == nullptr) RefuseFeature("Python functions in this place");
  return *python;
}

}  // namespace

/// The query runs by itself: it brings the tables of WITH clauses along, and cannot refer to a query around it.
TranslatedRelation RelationTranslator::Apart(TranslatedRelation input) {
  if (outer_ != nullptr && input.sql.text().find("\"outer ") != std::string::npos) {
    RefuseFeature("a Python function over rows that depend on a row of the query around it");
  }
  if (!with_.empty()) input.sql = Concat({Token("WITH "), engine::Join(with_, ",\n"), Token("\n"), input.sql});
  input.block = nullptr;
  return input;
}

TranslatedRelation RelationTranslator::MapPartitions(const proto::MapPartitions& map) {
  if (map.has_profile_id()) RefuseFeature("resource profiles");
  return Require(leaves_.Python()).Map(map.func(), Apart(Translate(map.input())));
}

Side RelationTranslator::GroupSide(const proto::Relation& relation, const Expressions& keys, const Expressions& order) {
  Side side;
  TranslatedRelation input = Translate(relation);
  const Scope scope = ScopeOf(input.columns);
  UniqueIds ids;
  std::vector<SelectItem> items;
  for (const OutputColumn& column : input.columns) {
    ids.Make(column.id);
    items.push_back({Ident(column.id), column});
  }
  for (const proto::Expression& key : keys) {
    const Typed value = TranslateExpression(key, scope);
    OutputColumn column = NewColumn(ExpressionName(key), value.type, value.nullable);
    if (!HasOrder(column.type)) {
      throw Error("GROUP_EXPRESSION_TYPE_IS_NOT_ORDERABLE",
                  fmt::format("The expression \"{}\" cannot be used as a grouping expression because its data type "
                              "\"{}\" is not an orderable data type.",
                              column.name, value.type.Sql()),
                  {{"sqlExpr", "\"" + column.name + "\""}, {"dataType", "\"" + value.type.Sql() + "\""}});
    }
    column.id = ids.Make("key " + column.name);
    items.push_back({value.sql, std::move(column)});
  }
  for (const proto::Expression& one : order) side.order.push_back(SortKey(one.sort_order(), scope));
  side.keys = static_cast<size_t>(keys.size());
  side.relation = Apart(Select(std::move(items), Derived(input.sql)));
  return side;
}

TranslatedRelation RelationTranslator::GroupMap(const proto::GroupMap& map) {
  if (map.has_is_map_groups_with_state() || map.has_initial_input() || map.has_transform_with_state_info()) {
    RefuseFeature("operations on groups that keep a state");
  }
  return Require(leaves_.Python())
      .MapGroups(map.func(), {GroupSide(map.input(), map.grouping_expressions(), map.sorting_expressions())});
}

TranslatedRelation RelationTranslator::CoGroupMap(const proto::CoGroupMap& map) {
  if (map.input_grouping_expressions_size() != map.other_grouping_expressions_size()) {
    throw Error("INVALID_PARAMETER_VALUE",
                fmt::format("Both sides of a cogroup need the same number of keys, but they have {} and {}.",
                            map.input_grouping_expressions_size(), map.other_grouping_expressions_size()));
  }
  std::vector<Side> sides{GroupSide(map.input(), map.input_grouping_expressions(), map.input_sorting_expressions()),
                          GroupSide(map.other(), map.other_grouping_expressions(), map.other_sorting_expressions())};
  return Require(leaves_.Python()).MapGroups(map.func(), sides);
}

TranslatedRelation RelationTranslator::PythonTable(const proto::CommonInlineUserDefinedTableFunction& function) {
  static const std::vector<OutputColumn> kNone;
  const Scope scope = ScopeOf(kNone);
  const Typed rows =
      Require(leaves_.Python()).CallTable(function, TranslatePythonArguments(function.arguments(), scope));
  const Sql entry = Ident("python row");
  UniqueIds ids;
  std::vector<SelectItem> items;
  for (const StructField& field : rows.type.element().fields()) {
    SelectItem item{Call("struct_extract", {entry, StringLiteral(field.name)}),
                    NewColumn(field.name, field.type, field.nullable)};
    item.column.id = ids.Make(field.name);
    items.push_back(std::move(item));
  }
  return Select(std::move(items), Derived(Template("SELECT unnest($1) AS $2", {rows.sql, entry})));
}

}  // namespace tinderbox::engine
