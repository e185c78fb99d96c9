// Pivot, unpivot and transpose.
#include <fmt/format.h>

#include <algorithm>

#include "engine/translate/coercion.h"
#include "engine/translate/literals.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "spark/children.h"
#include "spark/extension.h"

namespace tinderbox::engine {

namespace {

/// What Spark allows by default (spark.sql.pivotMaxValues).
constexpr size_t kMaxPivotValues = 10000;

/// Every attribute in an expression.
void CollectAttributes(const google::protobuf::Message& message, std::vector<std::string>* out) {
  if (const auto* expression = dynamic_cast<const proto::Expression*>(&message)) {
    if (expression->has_unresolved_attribute())
      out->push_back(expression->unresolved_attribute().unparsed_identifier());
    if (expression->has_extension()) {
      plan::ExpressionExtension extension;
      if (spark::UnpackExtension(expression->extension(), &extension)) CollectAttributes(extension, out);
      return;
    }
  }
  for (const auto* child : spark::Children(message)) CollectAttributes(*child, out);
}

/// Whether only reading text as something else would bring the types together, which does not happen here.
bool Promotes(const DataType& a, const DataType& b) {
  const bool text = a.kind() == TypeKind::kString || b.kind() == TypeKind::kString;
  return text && a.kind() != b.kind() && a.kind() != TypeKind::kNull && b.kind() != TypeKind::kNull;
}

void RequireNoPromotion(const std::vector<Typed>& values) {
  for (const Typed& a : values) {
    for (const Typed& b : values) {
      if (Promotes(a.type, b.type)) RefuseTypes("UNPIVOT", a.type, b.type);
    }
  }
}

std::string NameOf(const proto::Expression& aggregate) {
  if (aggregate.has_alias() && aggregate.alias().name_size() == 1) return aggregate.alias().name(0);
  return ExpressionName(aggregate);
}

}  // namespace

TranslatedRelation RelationTranslator::PivotBy(TranslatedRelation input, const Expressions& keys,
                                               const Expressions& aggregates, const Typed& pivot,
                                               const std::vector<PivotValue>& values) {
  // First one row for each group and pivot value, so that what a group has no row for is NULL, whatever the aggregate.
  const Scope scope = ScopeOf(input.columns);
  std::vector<SelectItem> grouped;
  std::vector<Sql> positions;
  UniqueIds inner_ids;
  UniqueIds ids;
  std::vector<SelectItem> items;
  for (const proto::Expression& key : keys) AddItems(key, scope, &inner_ids, &grouped);
  for (const SelectItem& item : grouped) {
    items.push_back({Ident(item.column.id), item.column});
    ids.Make(item.column.id);
    positions.push_back(IntegerLiteral(static_cast<long long>(positions.size()) + 1));
  }
  const std::vector<Sql> keys_only = positions;
  const Sql by = Ident(inner_ids.Make("pivot value"));
  positions.push_back(IntegerLiteral(static_cast<long long>(positions.size()) + 1));
  OutputColumn by_column = NewColumn("pivot value", pivot.type, true);
  grouped.push_back({pivot.sql, by_column});
  const size_t first = grouped.size();
  for (const proto::Expression& aggregate : aggregates) {
    if (!HasAggregate(aggregate)) {
      const std::string shown = "\"" + ExpressionName(aggregate) + "\"";
      throw Error(
          "_LEGACY_ERROR_TEMP_1006",
          fmt::format("Aggregate expression required for pivot, but {} did not appear in any aggregate function.",
                      shown),
          {{"sql", shown}});
    }
    AddItems(aggregate, scope, &inner_ids, &grouped);
  }
  const std::vector<SelectItem> computed(grouped.begin() + static_cast<std::ptrdiff_t>(first), grouped.end());
  const TranslatedRelation inner =
      Select(std::move(grouped), Derived(input.sql), Concat({Token("GROUP BY "), engine::Join(positions, ", ")}));
  for (const PivotValue& value : values) {
    for (size_t i = 0; i < computed.size(); ++i) {
      const OutputColumn& result = computed[i].column;
      std::string name = value.name;
      if (computed.size() > 1) name += "_" + NameOf(aggregates.Get(static_cast<int>(i)));
      OutputColumn column = NewColumn(name, result.type, true);
      column.id = ids.Make(name);
      items.push_back(
          {Template("any_value($1) FILTER (WHERE $2 IS NOT DISTINCT FROM $3)", {Ident(result.id), by, value.value.sql}),
           std::move(column)});
    }
  }
  Sql rest;
  if (!keys_only.empty()) rest = Concat({Token("GROUP BY "), engine::Join(keys_only, ", ")});
  return Select(std::move(items), Derived(inner.sql), rest);
}

TranslatedRelation RelationTranslator::Pivot(const proto::Aggregate& aggregate) {
  TranslatedRelation input = Translate(aggregate.input());
  const Scope scope = ScopeOf(input.columns);
  const DataType text(TypeKind::kString);
  Typed pivot = TranslateExpression(aggregate.pivot().col(), scope);
  std::vector<PivotValue> values;
  if (!aggregate.pivot().values().empty()) {
    for (const auto& literal : aggregate.pivot().values()) {
      const Typed value = TranslateCast(TranslateLiteral(literal), pivot.type, scope, false);
      proto::Expression shown;
      *shown.mutable_literal() = literal;
      std::string name = literal.has_null() ? "null" : ExpressionName(shown);
      if (!literal.has_string() && !literal.has_null()) {
        const auto texts =
            leaves_.Texts(Concat({Token("SELECT "), TranslateCast(TranslateLiteral(literal), text, scope, false).sql}));
        if (texts.size() == 1 && texts[0]) name = *texts[0];
      }
      values.push_back({value, name});
    }
  } else {
    const Sql distinct = Concat({Token("SELECT DISTINCT "), pivot.sql, Token(" AS v\nFROM "), Derived(input.sql)});
    const Sql shown = TranslateCast({Ident("v"), pivot.type, true}, text, scope, false).sql;
    const auto found = leaves_.Texts(Concat({Token("SELECT "), shown, Token("\nFROM "), Derived(distinct),
                                             Token("\nORDER BY v ASC NULLS FIRST\nLIMIT "),
                                             IntegerLiteral(static_cast<long long>(kMaxPivotValues) + 1)}));
    if (found.size() > kMaxPivotValues) {
      throw Error("_LEGACY_ERROR_TEMP_1324",
                  fmt::format("The pivot column {} has more than {} distinct values, this could indicate an error. If "
                              "this was intended, name the values.",
                              ExpressionName(aggregate.pivot().col()), kMaxPivotValues),
                  {{"pivotColumn", ExpressionName(aggregate.pivot().col())},
                   {"maxValues", std::to_string(kMaxPivotValues)},
                   {"configKey", "spark.sql.pivotMaxValues"}});
    }
    // Told apart by their text, which is all that came back.
    pivot = TranslateCast(pivot, text, scope, false);
    for (const auto& value : found) {
      values.push_back({{value ? StringLiteral(*value) : Token("NULL"), text, !value}, value.value_or("null")});
    }
  }
  for (const proto::Expression& one : aggregate.aggregate_expressions()) {
    const proto::Expression& call = one.has_alias() ? one.alias().expr() : one;
    for (const proto::Expression& argument : call.unresolved_function().arguments()) {
      if (!argument.has_unresolved_star()) continue;
      throw Error("INVALID_USAGE_OF_STAR_OR_REGEX", "Invalid usage of '*' in Pivot.",
                  {{"elem", "'*'"}, {"prettyName", "Pivot"}});
    }
  }
  return PivotBy(std::move(input), aggregate.grouping_expressions(), aggregate.aggregate_expressions(), pivot, values);
}

TranslatedRelation RelationTranslator::SqlPivot(const plan::SqlPivot& request) {
  TranslatedRelation input = Translate(request.input());
  const Scope scope = ScopeOf(input.columns);
  const DataType text(TypeKind::kString);
  std::set<std::string> used;
  std::vector<std::string> names;
  for (const auto& aggregate : request.aggregates()) CollectAttributes(aggregate, &names);
  for (const auto& column : request.columns()) CollectAttributes(column, &names);
  for (const std::string& name : names) used.insert(ResolveAttribute(name, -1, scope).sql.text());
  // All other columns group. They are bound to what they are, since names may repeat.
  Expressions keys;
  TranslatedRelation named = input;
  for (size_t i = 0; i < named.columns.size(); ++i) {
    if (used.contains(Ident(named.columns[i].id).text())) continue;
    *keys.Add() = AttributeExpression(named.columns[i].name);
  }
  std::vector<Typed> columns;
  for (const auto& column : request.columns()) columns.push_back(TranslateExpression(column, scope));
  Typed pivot = columns[0];
  if (columns.size() > 1) pivot = CallFunction("struct", columns, scope);
  std::vector<PivotValue> values;
  for (const auto& value : request.values()) {
    if (static_cast<size_t>(value.parts_size()) != columns.size()) {
      throw Error("PIVOT_VALUE_DATA_TYPE_MISMATCH", "A pivot value has not as many parts as there are pivot columns.");
    }
    std::vector<Typed> parts;
    std::string shown;
    for (int i = 0; i < value.parts_size(); ++i) {
      const Typed part = TranslateExpression(value.parts(i), scope);
      const size_t at = static_cast<size_t>(i);
      parts.push_back(TranslateCast(part, columns[at].type, scope, false));
      const proto::Expression& expression = value.parts(i);
      shown += i == 0 ? "" : ", ";
      shown += expression.has_literal() && expression.literal().has_null() ? "null" : ExpressionName(expression);
    }
    const Typed wanted = parts.size() > 1 ? CallFunction("struct", parts, scope) : parts[0];
    if (parts.size() > 1) shown = "{" + shown + "}";
    values.push_back({wanted, value.alias().empty() ? shown : value.alias()});
  }
  return PivotBy(std::move(named), keys, request.aggregates(), pivot, values);
}

TranslatedRelation RelationTranslator::UnpivotBy(const TranslatedRelation& input, std::vector<SelectItem> ids,
                                                 const std::vector<UnpivotGroup>& groups, const std::string& variable,
                                                 const std::vector<std::string>& value_names, bool include_nulls) {
  rows_ = kManyRows;
  const Scope scope = ScopeOf(input.columns);
  std::vector<std::vector<Typed>> columns(value_names.size());
  for (size_t v = 0; v < value_names.size(); ++v) {
    for (const UnpivotGroup& group : groups) columns[v].push_back(group.values[v]);
    try {
      RequireNoPromotion(columns[v]);
      CoerceAll(columns[v], scope, "UNPIVOT");
    } catch (const Error&) {
      std::map<std::string, std::string> types;
      for (const UnpivotGroup& group : groups) {
        std::string& shown = types["\"" + group.values[v].type.Sql() + "\""];
        shown += (shown.empty() ? "`" : ", `") + group.shown[v] + "`";
      }
      std::string list;
      for (const auto& [type, names] : types) list += (list.empty() ? "" : ", ") + type + " (" + names + ")";
      throw Error("UNPIVOT_VALUE_DATA_TYPE_MISMATCH",
                  fmt::format("Unpivot value columns must share a least common type, some types do not: [{}].", list),
                  {{"types", list}});
    }
  }
  std::vector<Sql> entries;
  for (size_t g = 0; g < groups.size(); ++g) {
    std::vector<Sql> parts{Template("n := $1", {StringLiteral(groups[g].name)})};
    for (size_t v = 0; v < columns.size(); ++v) {
      parts.push_back(Template("$1 := $2", {Ident(fmt::format("v{}", v)), columns[v][g].sql}));
    }
    entries.push_back(Call("struct_pack", parts));
  }
  const Sql entry = Ident("unpivot entry");
  const Sql from = Concat({Token("SELECT *, unnest("), Call("list_value", entries), Token(") AS "), entry,
                           Token("\nFROM "), Derived(input.sql)});
  UniqueIds unique;
  std::vector<SelectItem> items = std::move(ids);
  for (SelectItem& item : items) item.column.id = unique.Make(item.column.name);
  OutputColumn name = NewColumn(variable, DataType(TypeKind::kString), false);
  name.id = unique.Make(variable);
  items.push_back({Call("struct_extract", {entry, StringLiteral("n")}), std::move(name)});
  std::vector<Sql> present;
  for (size_t v = 0; v < columns.size(); ++v) {
    const bool nullable = std::ranges::any_of(columns[v], [](const Typed& value) { return value.nullable; });
    OutputColumn column = NewColumn(value_names[v], columns[v].empty() ? DataType() : columns[v][0].type, nullable);
    column.id = unique.Make(value_names[v]);
    const Sql value = Call("struct_extract", {entry, StringLiteral(fmt::format("v{}", v))});
    present.push_back(Concat({value, Token(" IS NOT NULL")}));
    items.push_back({value, std::move(column)});
  }
  const Sql rest = include_nulls ? Sql() : Concat({Token("WHERE "), engine::Join(present, " OR ")});
  return Select(std::move(items), Derived(from), rest);
}

TranslatedRelation RelationTranslator::Unpivot(const proto::Unpivot& unpivot) {
  TranslatedRelation input = Translate(unpivot.input());
  const Scope scope = ScopeOf(input.columns);
  UniqueIds unique;
  std::vector<SelectItem> ids, values;
  for (const proto::Expression& id : unpivot.ids()) AddItems(id, scope, &unique, &ids);
  if (unpivot.has_values()) {
    for (const proto::Expression& value : unpivot.values().values()) AddItems(value, scope, &unique, &values);
  } else {
    std::set<std::string> taken;
    for (const SelectItem& id : ids) taken.insert(id.value.text());
    for (const OutputColumn& column : input.columns) {
      if (!taken.contains(Ident(column.id).text())) values.push_back({Ident(column.id), column});
    }
  }
  if (values.empty()) {
    throw Error("UNPIVOT_REQUIRES_VALUE_COLUMNS",
                "At least one value column needs to be specified for UNPIVOT, all columns specified as ids.");
  }
  std::vector<UnpivotGroup> groups;
  for (const SelectItem& value : values) {
    groups.push_back(
        {{{value.value, value.column.type, value.column.nullable}}, {value.column.name}, value.column.name});
  }
  return UnpivotBy(input, std::move(ids), groups, unpivot.variable_column_name(), {unpivot.value_column_name()}, true);
}

TranslatedRelation RelationTranslator::SqlUnpivot(const plan::SqlUnpivot& unpivot) {
  TranslatedRelation input = Translate(unpivot.input());
  const Scope scope = ScopeOf(input.columns);
  std::vector<UnpivotGroup> groups;
  std::set<std::string> taken;
  for (const auto& group : unpivot.groups()) {
    UnpivotGroup& out = groups.emplace_back();
    if (group.columns_size() != unpivot.value_names_size()) {
      throw Error("UNPIVOT_VALUE_SIZE_MISMATCH",
                  fmt::format("All unpivot value columns must have the same size as there are value column names ({}).",
                              unpivot.value_names_size()),
                  {{"names", std::to_string(unpivot.value_names_size())}});
    }
    for (const proto::Expression& column : group.columns()) {
      out.values.push_back(TranslateExpression(column, scope));
      out.shown.push_back(ExpressionName(column));
      out.name += (out.name.empty() ? "" : "_") + out.shown.back();
      taken.insert(out.values.back().sql.text());
    }
    if (!group.alias().empty()) out.name = group.alias();
  }
  std::vector<SelectItem> ids;
  for (const OutputColumn& column : input.columns) {
    if (!taken.contains(Ident(column.id).text())) ids.push_back({Ident(column.id), column});
  }
  return UnpivotBy(input, std::move(ids), groups, unpivot.variable_name(),
                   {unpivot.value_names().begin(), unpivot.value_names().end()}, unpivot.include_nulls());
}

TranslatedRelation RelationTranslator::Transpose(const proto::Transpose& transpose) {
  TranslatedRelation input = Translate(transpose.input());
  const Scope scope = ScopeOf(input.columns);
  const DataType text(TypeKind::kString);
  if (transpose.index_columns_size() > 1) RefuseFeature("transpose by more than one column");
  Typed index = ValueOf(input.columns[0]);
  if (transpose.index_columns_size() == 1) index = TranslateExpression(transpose.index_columns(0), scope);
  if (index.type.IsNested()) {
    throw Error(
        "TRANSPOSE_INVALID_INDEX_COLUMN",
        fmt::format("Invalid index column for TRANSPOSE because: Index column must be of atomic type, but found: {}",
                    index.type.SimpleString()),
        {{"reason", "Index column must be of atomic type, but found: " + index.type.SimpleString()}});
  }
  std::vector<Typed> values;
  std::vector<std::string> names;
  for (const OutputColumn& column : input.columns) {
    if (Ident(column.id).text() == index.sql.text()) continue;
    values.push_back(ValueOf(column));
    names.push_back(column.name);
  }
  for (size_t i = 1; i < values.size(); ++i) {
    if (LeastCommonType(values[0].type, values[i].type) && !Promotes(values[0].type, values[i].type)) continue;
    throw Error(
        "TRANSPOSE_NO_LEAST_COMMON_TYPE",
        fmt::format("Transpose requires non-index columns to share a least common type, but \"{}\" and \"{}\" do "
                    "not.",
                    values[0].type.Sql(), values[i].type.Sql()),
        {{"dt1", "\"" + values[0].type.Sql() + "\""}, {"dt2", "\"" + values[i].type.Sql() + "\""}});
  }
  DataType type(TypeKind::kString);
  if (!values.empty()) type = CoerceAll(values, scope, "TRANSPOSE");
  // Rows in the order of the index; those without one are left out.
  const Sql at = Template("row_number() OVER (ORDER BY $1)", {index.sql});
  std::vector<Sql> rows{Concat({at, Token(" AS \"row\"")}),
                        Concat({TranslateCast(index, text, scope, false).sql, Token(" AS \"name\"")})};
  for (size_t i = 0; i < values.size(); ++i) {
    rows.push_back(Concat({values[i].sql, Token(" AS "), Ident(fmt::format("v{}", i))}));
  }
  const Sql numbered = Concat({Token("SELECT "), engine::Join(rows, ", "), Token("\nFROM "), Derived(input.sql),
                               Token("\nWHERE "), index.sql, Token(" IS NOT NULL")});
  const auto found = leaves_.Texts(
      Concat({Token("SELECT \"name\"\nFROM "), Derived(numbered), Token("\nORDER BY \"row\"\nLIMIT 501")}));
  if (found.size() > 500) {
    throw Error("TRANSPOSE_EXCEED_ROW_LIMIT",
                "Number of rows exceeds the allowed limit of 500 for TRANSPOSE. If this was intended, set "
                "\"spark.sql.transposeMaxValues\" to at least the current row count.",
                {{"maxValues", "500"}, {"config", "\"spark.sql.transposeMaxValues\""}});
  }
  UniqueIds ids;
  std::vector<SelectItem> items;
  OutputColumn key = NewColumn("key", text, false);
  key.id = ids.Make(key.name);
  if (names.empty()) {
    items.push_back({CastTo(Token("NULL"), text), std::move(key)});
    for (const auto& name : found) {
      OutputColumn column = NewColumn(name.value_or("null"), type, true);
      column.id = ids.Make(column.name);
      items.push_back({CastTo(Token("NULL"), type), std::move(column)});
    }
    return Select(std::move(items), Token("(SELECT 1)"), Token("WHERE false"));
  }
  std::vector<Sql> keys;
  for (const std::string& name : names) keys.push_back(StringLiteral(name));
  items.push_back({Template("unnest(list_value($*))", keys), std::move(key)});
  for (size_t r = 0; r < found.size(); ++r) {
    OutputColumn column = NewColumn(found[r].value_or("null"), type, true);
    column.id = ids.Make(column.name);
    std::vector<Sql> cells;
    for (size_t i = 0; i < names.size(); ++i) {
      cells.push_back(Template("any_value($1) FILTER (WHERE \"row\" = $2)",
                               {Ident(fmt::format("v{}", i)), IntegerLiteral(static_cast<long long>(r) + 1)}));
    }
    items.push_back({Template("unnest(list_value($*))", cells), std::move(column)});
  }
  return Select(std::move(items), Derived(numbered));
}

}  // namespace tinderbox::engine
