#include "engine/translate/relations.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/translate/relation_translator.h"

namespace tinderbox::engine {

namespace {

char LowerAscii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string LowerAscii(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return LowerAscii(c); });
  return out;
}

std::string KindName(const proto::Relation& relation) {
  const auto* field = proto::Relation::descriptor()->FindFieldByNumber(relation.rel_type_case());
  return field == nullptr ? "empty relation" : field->message_type()->name();
}

bool HasMap(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kMap:
      return true;
    case TypeKind::kArray:
      return HasMap(type.element());
    case TypeKind::kStruct:
      return std::ranges::any_of(type.fields(), [](const StructField& field) { return HasMap(field.type); });
    default:
      return false;
  }
}

}  // namespace

TranslatedRelation Leaves::Other(const proto::Relation& relation) {
  throw Error("UNSUPPORTED_FEATURE.RELATION",
              fmt::format("The embedded engine does not support the operation {}.", KindName(relation)),
              {{"relation", KindName(relation)}});
}

void RequireComparable(const std::vector<OutputColumn>& columns, const char* operation) {
  for (const OutputColumn& column : columns) {
    if (!HasMap(column.type)) continue;
    throw Error(
        "UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE",
        fmt::format("{} cannot compare the column \"{}\" of type {}, because it holds a map. Leave it out, or turn "
                    "it into an array of its sorted entries.",
                    operation, column.name, column.type.SimpleString()));
  }
}

std::string UniqueIds::Make(std::string_view name) {
  std::string base = name.empty() ? "_" : std::string(name);
  std::ranges::replace(base, '\0', '_');
  std::string id = base;
  for (int n = 2; !taken_.insert(LowerAscii(id)).second; ++n) id = fmt::format("{}_{}", base, n);
  return id;
}

std::vector<OutputColumn> NewColumns(const StructType& schema) {
  UniqueIds ids;
  std::vector<OutputColumn> columns;
  for (const StructField& field : schema.fields) {
    columns.push_back({.name = field.name,
                       .id = ids.Make(field.name),
                       .type = field.type,
                       .nullable = field.nullable,
                       .qualifiers = {},
                       .plan_ids = {}});
  }
  return columns;
}

StructType ToSchema(const std::vector<OutputColumn>& columns) {
  StructType schema;
  for (const OutputColumn& column : columns) schema.fields.push_back({column.name, column.type, column.nullable, "{}"});
  return schema;
}

Sql Derived(const Sql& sql) {
  return Concat({Token("(\n"), sql, Token("\n)")});
}

TranslatedRelation Select(std::vector<SelectItem> items, const Sql& from, const Sql& rest) {
  TranslatedRelation out;
  std::vector<Sql> list;
  for (SelectItem& item : items) {
    Sql id = Ident(item.column.id);
    list.push_back(item.value.text() == id.text() ? id : Concat({item.value, Token(" AS "), id}));
    out.columns.push_back(std::move(item.column));
  }
  if (list.empty()) {
    throw Error("UNSUPPORTED_FEATURE.NO_COLUMNS",
                "A table without columns is not supported by the embedded engine. Keep at least one column.");
  }
  out.sql = Concat({Token("SELECT "), engine::Join(list, ", "), Token("\nFROM "), from});
  if (!rest.empty()) out.sql = Concat({out.sql, Token("\n"), rest});
  return out;
}

TranslatedRelation SelectAll(TranslatedRelation input, const Sql& rest) {
  input.sql = Concat({Token("SELECT *\nFROM "), Derived(input.sql), Token("\n"), rest});
  return input;
}

TranslatedRelation TranslateRelation(const proto::Relation& relation, Leaves& leaves, const TranslateOptions& options) {
  return RelationTranslator(leaves, options).Translate(relation);
}

Scope RelationTranslator::ScopeOf(const std::vector<OutputColumn>& columns) const {
  return {.columns = &columns,
          .lambdas = {},
          .case_sensitive = options_.case_sensitive,
          .ansi = options_.ansi,
          .time_zone = options_.time_zone};
}

std::vector<size_t> RelationTranslator::FindAll(const std::vector<OutputColumn>& columns, std::string_view name) const {
  std::vector<size_t> out;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (Same(columns[i].name, name)) out.push_back(i);
  }
  return out;
}

TranslatedRelation RelationTranslator::Translate(const proto::Relation& relation) {
  if (++depth_ > kMaxRelationDepth) {
    throw Error(
        "TINDERBOX_PLAN_TOO_DEEP",
        fmt::format("The query nests more than {} operations. Persist a step in the middle, or combine steps (one "
                    "WithColumns of many columns instead of many of one).",
                    kMaxRelationDepth));
  }
  TranslatedRelation out = TranslateKind(relation);
  --depth_;
  if (auto persisted = leaves_.Persisted(relation, out)) out.sql = *persisted;
  if (relation.common().has_plan_id()) {
    for (OutputColumn& column : out.columns) column.plan_ids.insert(relation.common().plan_id());
  }
  return out;
}

TranslatedRelation RelationTranslator::TranslateKind(const proto::Relation& relation) {
  switch (relation.rel_type_case()) {
    case proto::Relation::kRead:
      return leaves_.Read(relation.read());
    case proto::Relation::kLocalRelation:
      return leaves_.Local(relation.local_relation());
    case proto::Relation::kRange:
      return Range(relation.range());
    case proto::Relation::kProject:
      return Project(relation.project());
    case proto::Relation::kFilter:
      return Filter(relation.filter());
    case proto::Relation::kJoin:
      return Join(relation.join());
    case proto::Relation::kAggregate:
      return Aggregate(relation.aggregate());
    case proto::Relation::kSetOp:
      return SetOperation(relation.set_op());
    case proto::Relation::kSort:
      return Sort(relation.sort());
    case proto::Relation::kLimit:
      return SelectAll(Translate(relation.limit().input()),
                       Concat({Token("LIMIT "), IntegerLiteral(std::max(0, relation.limit().limit()))}));
    case proto::Relation::kOffset:
      return SelectAll(Translate(relation.offset().input()),
                       Concat({Token("OFFSET "), IntegerLiteral(std::max(0, relation.offset().offset()))}));
    case proto::Relation::kWithColumns:
      return WithColumns(relation.with_columns());
    case proto::Relation::kWithColumnsRenamed:
      return WithColumnsRenamed(relation.with_columns_renamed());
    case proto::Relation::kDrop:
      return Drop(relation.drop());
    case proto::Relation::kToDf:
      return ToDf(relation.to_df());
    case proto::Relation::kSubqueryAlias:
      return SubqueryAlias(relation.subquery_alias());
    case proto::Relation::kDeduplicate:
      return Deduplicate(relation.deduplicate());
    // What only says how to run the query changes none of its rows.
    case proto::Relation::kHint:
      return Translate(relation.hint().input());
    case proto::Relation::kRepartition:
      return Translate(relation.repartition().input());
    case proto::Relation::kRepartitionByExpression:
      return Translate(relation.repartition_by_expression().input());
    default:
      return leaves_.Other(relation);
  }
}

TranslatedRelation RelationTranslator::Range(const proto::Range& range) {
  if (range.step() == 0) {
    throw Error("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "The step of a range cannot be 0.");
  }
  StructType schema{{{"id", DataType(TypeKind::kLong), false, "{}"}}};
  Sql call = Call("range", {IntegerLiteral(range.start()), IntegerLiteral(range.end()), IntegerLiteral(range.step())});
  return Select({{Ident("range"), NewColumns(schema)[0]}}, call);
}

void RelationTranslator::AddStar(const proto::Expression::UnresolvedStar& star, const std::vector<OutputColumn>& input,
                                 UniqueIds* ids, std::vector<SelectItem>* items) const {
  auto add = [&](const OutputColumn& column) {
    SelectItem item{Ident(column.id), column};
    item.column.id = ids->Make(column.name);
    items->push_back(std::move(item));
  };
  size_t before = items->size();
  if (star.has_plan_id()) {
    for (const OutputColumn& column : input) {
      if (column.plan_ids.contains(star.plan_id())) add(column);
    }
  } else if (!star.has_unparsed_target()) {
    for (const OutputColumn& column : input) add(column);
  } else {
    std::string target = star.unparsed_target();
    if (target.ends_with(".*")) target.resize(target.size() - 2);
    for (const OutputColumn& column : input) {
      if (std::ranges::any_of(column.qualifiers, [&](const std::string& q) { return Same(q, target); })) add(column);
    }
    if (items->size() > before) return;
    // Not a table: the fields of a struct.
    Typed value = ResolveAttribute(target, -1, ScopeOf(input));
    if (value.type.kind() == TypeKind::kStruct) {
      for (const StructField& field : value.type.fields()) {
        OutputColumn column{.name = field.name,
                            .id = ids->Make(field.name),
                            .type = field.type,
                            .nullable = value.nullable || field.nullable,
                            .qualifiers = {},
                            .plan_ids = {}};
        items->push_back({Call("struct_extract", {value.sql, StringLiteral(field.name)}), std::move(column)});
      }
    }
  }
  if (items->size() == before) {
    throw Error("CANNOT_RESOLVE_STAR_EXPAND", fmt::format("Nothing is named {}, so that {}.* means no columns.",
                                                          star.unparsed_target(), star.unparsed_target()));
  }
}

void RelationTranslator::AddItems(const proto::Expression& expression, const std::vector<OutputColumn>& input,
                                  UniqueIds* ids, std::vector<SelectItem>* items) const {
  if (expression.has_unresolved_star()) return AddStar(expression.unresolved_star(), input, ids, items);
  Typed value = TranslateExpression(expression, ScopeOf(input));
  SelectItem item{value.sql, {}};
  if (expression.has_alias()) {
    if (expression.alias().name_size() != 1) {
      throw Error(
          "UNSUPPORTED_FEATURE.MULTI_ALIAS",
          "Several names for one expression need a generator function, which the embedded engine does not support.");
    }
    item.column.name = expression.alias().name(0);
  } else {
    item.column.name = ExpressionName(expression);
    // A column that passes unchanged stays reachable as before.
    for (const OutputColumn& column : input) {
      if (Ident(column.id).text() != value.sql.text()) continue;
      item.column = column;
      break;
    }
  }
  item.column.id = ids->Make(item.column.name);
  item.column.type = value.type;
  item.column.nullable = value.nullable;
  items->push_back(std::move(item));
}

TranslatedRelation RelationTranslator::Project(const proto::Project& project) {
  TranslatedRelation input;
  if (project.has_input()) {
    input = Translate(project.input());
  } else {
    input.sql = Token("SELECT 1 AS \"one\"");
  }
  if (std::ranges::any_of(project.expressions(), [](const auto& e) { return HasAggregate(e); })) {
    google::protobuf::RepeatedPtrField<proto::Expression> none;
    return Group(std::move(input), none, project.expressions());
  }
  UniqueIds ids;
  std::vector<SelectItem> items;
  for (const proto::Expression& expression : project.expressions()) AddItems(expression, input.columns, &ids, &items);
  return Select(std::move(items), Derived(input.sql));
}

TranslatedRelation RelationTranslator::Filter(const proto::Filter& filter) {
  TranslatedRelation input = Translate(filter.input());
  Typed condition = TranslateExpression(filter.condition(), ScopeOf(input.columns));
  if (condition.type.kind() == TypeKind::kNull) condition.sql = CastTo(condition.sql, DataType(TypeKind::kBoolean));
  if (condition.type.kind() != TypeKind::kBoolean && condition.type.kind() != TypeKind::kNull) {
    throw Error("DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN",
                fmt::format("The filter {} is of type {}; it must be a boolean.", ExpressionName(filter.condition()),
                            condition.type.SimpleString()));
  }
  return SelectAll(std::move(input), Concat({Token("WHERE "), condition.sql}));
}

Sql RelationTranslator::SortKey(const proto::Expression::SortOrder& order, const Scope& scope) const {
  using SortOrder = proto::Expression::SortOrder;
  Typed key = TranslateExpression(order.child(), scope);
  bool descending = order.direction() == SortOrder::SORT_DIRECTION_DESCENDING;
  bool nulls_first = order.null_ordering() == SortOrder::SORT_NULLS_FIRST ||
                     (order.null_ordering() == SortOrder::SORT_NULLS_UNSPECIFIED && !descending);
  return Concat({key.sql, Token(descending ? " DESC" : " ASC"), Token(nulls_first ? " NULLS FIRST" : " NULLS LAST")});
}

TranslatedRelation RelationTranslator::Sort(const proto::Sort& sort) {
  TranslatedRelation input = Translate(sort.input());
  std::vector<Sql> keys;
  for (const auto& order : sort.order()) {
    // DuckDB would take a number as the position of a column; as a value it orders nothing.
    if (order.child().has_literal()) continue;
    keys.push_back(SortKey(order, ScopeOf(input.columns)));
  }
  if (keys.empty()) return input;
  return SelectAll(std::move(input), Concat({Token("ORDER BY "), engine::Join(keys, ", ")}));
}

TranslatedRelation RelationTranslator::WithColumns(const proto::WithColumns& with_columns) {
  TranslatedRelation input = Translate(with_columns.input());
  std::vector<SelectItem> items;
  UniqueIds ids;
  for (const OutputColumn& column : input.columns) {
    ids.Make(column.id);
    items.push_back({Ident(column.id), column});
  }
  std::vector<std::string> seen;
  for (const auto& alias : with_columns.aliases()) {
    const std::string& name = alias.name_size() == 1 ? alias.name(0) : "";
    if (alias.name_size() != 1) {
      throw Error("UNSUPPORTED_FEATURE.MULTI_ALIAS", "A new column has exactly one name.");
    }
    if (std::ranges::any_of(seen, [&](const std::string& other) { return Same(other, name); })) {
      throw Error("COLUMN_ALREADY_EXISTS", fmt::format("The column \"{}\" is given twice. Name it once.", name));
    }
    seen.push_back(name);
    Typed value = TranslateExpression(alias.expr(), ScopeOf(input.columns));
    std::vector<size_t> places = FindAll(input.columns, name);
    OutputColumn column{
        .name = name, .id = "", .type = value.type, .nullable = value.nullable, .qualifiers = {}, .plan_ids = {}};
    for (size_t place : places) {
      column.id = input.columns[place].id;
      items[place] = {value.sql, column};
    }
    if (places.empty()) {
      column.id = ids.Make(name);
      items.push_back({value.sql, column});
    }
  }
  return Select(std::move(items), Derived(input.sql));
}

TranslatedRelation RelationTranslator::WithColumnsRenamed(const proto::WithColumnsRenamed& renamed) {
  TranslatedRelation input = Translate(renamed.input());
  std::vector<std::pair<std::string, std::string>> renames;
  for (const auto& rename : renamed.renames()) renames.emplace_back(rename.col_name(), rename.new_col_name());
  if (renames.empty()) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // older clients send nothing else
    renames.assign(renamed.rename_columns_map().begin(), renamed.rename_columns_map().end());
#pragma GCC diagnostic pop
    std::ranges::sort(renames);
  }
  // One after the other, so that a later pair sees the names that earlier ones gave.
  for (const auto& [from, to] : renames) {
    for (OutputColumn& column : input.columns) {
      if (!Same(column.name, from)) continue;
      column.name = to;
      column.qualifiers.clear();
      column.plan_ids.clear();
    }
  }
  return input;
}

TranslatedRelation RelationTranslator::Drop(const proto::Drop& drop) {
  TranslatedRelation input = Translate(drop.input());
  std::set<std::string> dropped;
  for (const std::string& name : drop.column_names()) {
    for (size_t i : FindAll(input.columns, name)) dropped.insert(Ident(input.columns[i].id).text());
  }
  for (const proto::Expression& column : drop.columns()) {
    if (!column.has_unresolved_attribute()) {
      throw Error("UNSUPPORTED_FEATURE.DROP_EXPRESSION", "Only columns can be dropped, not expressions.");
    }
    const auto& attribute = column.unresolved_attribute();
    try {
      int64_t plan_id = attribute.has_plan_id() ? attribute.plan_id() : -1;
      dropped.insert(ResolveAttribute(attribute.unparsed_identifier(), plan_id, ScopeOf(input.columns)).sql.text());
    } catch (const Error& error) {
      // Spark drops nothing where there is nothing of that name.
      if (!error.condition().starts_with("UNRESOLVED_COLUMN") && error.condition() != "CANNOT_RESOLVE_DATAFRAME_COLUMN")
        throw;
    }
  }
  std::vector<SelectItem> items;
  for (const OutputColumn& column : input.columns) {
    if (!dropped.contains(Ident(column.id).text())) items.push_back({Ident(column.id), column});
  }
  if (items.size() == input.columns.size()) return input;
  return Select(std::move(items), Derived(input.sql));
}

TranslatedRelation RelationTranslator::ToDf(const proto::ToDF& to_df) {
  TranslatedRelation input = Translate(to_df.input());
  if (static_cast<size_t>(to_df.column_names_size()) != input.columns.size()) {
    throw Error("ASSIGNMENT_ARITY_MISMATCH", fmt::format("toDF names {} columns, but the table has {}.",
                                                         to_df.column_names_size(), input.columns.size()));
  }
  for (size_t i = 0; i < input.columns.size(); ++i) {
    OutputColumn& column = input.columns[i];
    if (column.name == to_df.column_names(static_cast<int>(i))) continue;
    column.name = to_df.column_names(static_cast<int>(i));
    column.qualifiers.clear();
    column.plan_ids.clear();
  }
  return input;
}

TranslatedRelation RelationTranslator::SubqueryAlias(const proto::SubqueryAlias& alias) {
  TranslatedRelation input = Translate(alias.input());
  for (OutputColumn& column : input.columns) column.qualifiers = {alias.alias()};
  return input;
}

TranslatedRelation RelationTranslator::Deduplicate(const proto::Deduplicate& deduplicate) {
  TranslatedRelation input = Translate(deduplicate.input());
  if (deduplicate.within_watermark()) {
    throw Error("UNSUPPORTED_FEATURE.RELATION", "The embedded engine does not support dropDuplicatesWithinWatermark.");
  }
  if (deduplicate.all_columns_as_keys() || deduplicate.column_names_size() == 0) {
    RequireComparable(input.columns, "Distinct");
    input.sql = Concat({Token("SELECT DISTINCT *\nFROM "), Derived(input.sql)});
    return input;
  }
  std::vector<OutputColumn> keys;
  std::vector<Sql> names;
  for (const std::string& name : deduplicate.column_names()) {
    std::vector<size_t> found = FindAll(input.columns, name);
    if (found.empty()) {
      throw Error("UNRESOLVED_COLUMN_AMONG_FIELD_NAMES",
                  fmt::format("There is no column \"{}\" to drop duplicates by.", name), {{"colName", name}});
    }
    for (size_t i : found) {
      keys.push_back(input.columns[i]);
      names.push_back(Ident(input.columns[i].id));
    }
  }
  RequireComparable(keys, "Distinct");
  input.sql =
      Concat({Token("SELECT DISTINCT ON ("), engine::Join(names, ", "), Token(") *\nFROM "), Derived(input.sql)});
  return input;
}

}  // namespace tinderbox::engine
