// Operations on the columns of a relation: withColumns, drop, rename, toDF, to, dropDuplicates.
#include <fmt/format.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <memory>

#include "base/ascii.h"
#include "engine/functions/java_regex.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "spark/proto_types.h"

namespace tinderbox::engine {

namespace {

/// Whether `sql` has one of these quoted names in it.
bool MentionsAny(const std::string& sql, const std::set<std::string>& names) {
  if (names.empty()) return false;
  for (size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] != '"' && sql[i] != '\'') continue;
    const char quote = sql[i];
    const size_t begin = i++;
    while (i < sql.size() && (sql[i] != quote || (i + 1 < sql.size() && sql[i + 1] == quote))) {
      i += sql[i] == quote ? 2 : 1;
    }
    if (quote == '"' && names.contains(sql.substr(begin, i - begin + 1))) return true;
  }
  return false;
}

/// Whether the rows that a SELECT gives are those of its input, one for one.
bool IsPlain(const TranslatedRelation& relation) {
  return relation.block != nullptr && relation.block->kind == Block::Kind::kSelect && relation.block->rest.empty() &&
         relation.block->order.empty() && !relation.block->from.empty();
}

[[noreturn]] void RefuseDuplicate(const std::string& name) {
  const std::string lower = base::LowerCase(name);
  throw Error("COLUMN_ALREADY_EXISTS",
              fmt::format("The column `{}` already exists. Choose another name or rename the existing column.", lower),
              {{"columnName", "`" + lower + "`"}});
}

}  // namespace

std::vector<size_t> RelationTranslator::MatchingColumns(const proto::Expression::UnresolvedRegex& regex,
                                                        const std::vector<OutputColumn>& columns) const {
  std::string java = regex.col_name();
  std::vector<std::string> path;
  if (java.size() >= 2 && java.back() == '`') {
    const size_t open = java.rfind('`', java.size() - 2);
    if (open != std::string::npos && open > 0) path = ParseAttributeName(java.substr(0, open - 1));
    java = java.substr(open == std::string::npos ? 0 : open + 1, java.size() - open - 2);
  }
  const std::string pattern = PcreOfJava(java);
  int error = 0;
  PCRE2_SIZE offset = 0;
  const uint32_t options =
      PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | (options_.case_sensitive ? 0 : PCRE2_CASELESS);
  const std::unique_ptr<pcre2_code, void (*)(pcre2_code*)> code(
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options, &error, &offset, nullptr),
      pcre2_code_free);
  if (code == nullptr) {
    throw Error("INVALID_PARAMETER_VALUE.PATTERN",
                fmt::format("The column pattern '{}' is no regular expression.", java));
  }
  const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> match(
      pcre2_match_data_create_from_pattern(code.get(), nullptr), pcre2_match_data_free);
  std::vector<size_t> out;
  for (size_t i = 0; i < columns.size(); ++i) {
    const OutputColumn& column = columns[i];
    if (regex.has_plan_id() && !column.plan_ids.contains(regex.plan_id())) continue;
    if (!path.empty() && (column.qualifiers.empty() || !Same(column.qualifiers.back(), path.back()))) continue;
    if (pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(column.name.data()), column.name.size(), 0, 0, match.get(),
                    nullptr) >= 0) {
      out.push_back(i);
    }
  }
  return out;
}

TranslatedRelation RelationTranslator::WithColumns(const proto::WithColumns& with_columns) {
  TranslatedRelation input = Translate(with_columns.input());
  std::vector<std::string> seen;
  bool has_subquery = false;
  for (const auto& alias : with_columns.aliases()) {
    if (alias.name_size() != 1) {
      throw Error("UNSUPPORTED_FEATURE.MULTI_ALIAS", "A new column has exactly one name.");
    }
    if (std::ranges::any_of(seen, [&](const std::string& other) { return Same(other, alias.name(0)); })) {
      RefuseDuplicate(alias.name(0));
    }
    seen.push_back(alias.name(0));
    has_subquery = has_subquery || HasSubquery(alias.expr());
  }
  if (std::ranges::any_of(with_columns.aliases(),
                          [](const auto& alias) { return HasGenerator(alias.expr()) || HasAggregate(alias.expr()); })) {
    // As the select list that it stands for.
    Expressions list;
    std::set<size_t> placed;
    const auto add = [&](const proto::Expression::Alias& alias) { *list.Add()->mutable_alias() = alias; };
    for (const OutputColumn& column : input.columns) {
      bool replaced = false;
      for (const auto& alias : with_columns.aliases()) {
        if (!Same(alias.name(0), column.name)) continue;
        add(alias);
        replaced = true;
      }
      if (!replaced) *list.Add() = AttributeExpression(column.name);
    }
    for (const auto& alias : with_columns.aliases()) {
      if (FindAll(input.columns, alias.name(0)).empty()) add(alias);
    }
    if (std::ranges::any_of(list, HasAggregate)) {
      GroupRequest request;
      for (const proto::Expression& expression : list) request.list.push_back(&expression);
      return Group(std::move(input), request);
    }
    return Generate(std::move(input), list);
  }
  const std::vector<OutputColumn> before = input.columns;
  Isolate(&input, has_subquery);
  std::vector<Typed> values;
  values = Resolving(&input, false, [&](Scope scope) {
    std::vector<Typed> out;
    for (const auto& alias : with_columns.aliases()) {
      out.push_back(TranslateExpression(alias.expr(), scope));
      scope.aliases.push_back({alias.name(0), out.back()});
    }
    return out;
  });
  // Into the same SELECT, where no value needs what that SELECT computes: long chains stay shallow.
  bool merge =
      IsPlain(input) && !(KeepsOrder(input) && std::ranges::any_of(with_columns.aliases(), [](const auto& alias) {
                            return HasPartitions(alias.expr());
                          }));
  if (merge) {
    std::set<std::string> computed;
    for (const SelectItem& item : input.block->items) {
      const std::string id = Ident(item.column.id).text();
      if (item.value.text() != id) computed.insert(id);
    }
    merge = std::ranges::none_of(values, [&](const Typed& value) { return MentionsAny(value.sql.text(), computed); });
  }
  Block block;
  std::vector<std::string> shown;
  if (merge) {
    shown = input.block->shown;
    // A block that nothing else holds is taken over: a long chain copies none.
    const auto own = std::const_pointer_cast<Block>(std::move(input.block));
    block = own.use_count() == 1 ? std::move(*own) : *own;
    block.shown.clear();
    for (size_t i = 0; i < block.items.size(); ++i) block.items[i].column = input.columns[i];
  } else {
    block.from = Derived(input.sql);
    block.inputs = input.columns;
    for (size_t i = 0; i < input.columns.size(); ++i) {
      block.items.push_back({Ident(input.columns[i].id), before[i]});
    }
  }
  if (!merge) {
    std::vector<const proto::Expression*> list;
    for (const auto& alias : with_columns.aliases()) list.push_back(&alias.expr());
    OrderByWindows(list, input, &block);
  }
  UniqueIds ids;
  for (const OutputColumn& column : before) ids.Make(column.id);
  if (merge) {
    // A new id must not hide an input's that another value uses.
    for (const OutputColumn& column : block.inputs) ids.Make(column.id);
    for (const std::string& id : shown) ids.Make(id);
  }
  std::vector<SelectItem> over_input;
  for (size_t i = 0; i < input.columns.size() && HasMetadata(input); ++i) {
    over_input.push_back({Ident(input.columns[i].id), before[i]});
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const auto& alias = with_columns.aliases(static_cast<int>(i));
    OutputColumn column = NewColumn(alias.name(0), values[i].type, values[i].nullable);
    if (alias.has_metadata()) column.metadata_json = alias.metadata();
    const std::vector<size_t> places = FindAll(before, alias.name(0));
    for (size_t place : places) {
      column.id = before[place].id;
      block.items[place] = {values[i].sql, column};
      if (!over_input.empty()) over_input[place] = block.items[place];
    }
    if (places.empty()) {
      column.id = ids.Make(alias.name(0));
      block.items.push_back({values[i].sql, column});
      if (!over_input.empty()) over_input.push_back(block.items.back());
    }
  }
  TranslatedRelation out = SelectBlock(std::move(block));
  PassMetadata(input, std::move(over_input), &out);
  return out;
}

TranslatedRelation RelationTranslator::WithColumnsRenamed(const proto::WithColumnsRenamed& renamed) {
  TranslatedRelation input = Translate(renamed.input());
  input.block = nullptr;
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
  Block block;
  for (const OutputColumn& column : input.columns) {
    if (!dropped.contains(Ident(column.id).text())) block.items.push_back({Ident(column.id), column});
  }
  if (block.items.size() == input.columns.size()) return input;
  block.from = Derived(input.sql);
  block.inputs = input.columns;
  std::vector<SelectItem> items = HasMetadata(input) ? block.items : std::vector<SelectItem>();
  TranslatedRelation out = SelectBlock(std::move(block));
  PassMetadata(input, std::move(items), &out);
  return out;
}

TranslatedRelation RelationTranslator::ToDf(const proto::ToDF& to_df) {
  TranslatedRelation input = Translate(to_df.input());
  input.block = nullptr;
  if (static_cast<size_t>(to_df.column_names_size()) != input.columns.size()) {
    RefuseArity(input.columns.size(), static_cast<size_t>(to_df.column_names_size()));
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

Typed Reconcile(const Typed& value, const DataType& to, const std::string& path, const Scope& scope) {
  const DataType& from = value.type;
  const auto refuse_null = [&] {
    throw Error("NULLABLE_COLUMN_OR_FIELD",
                fmt::format("Column or field {} is nullable while it's required to be non-nullable.", path),
                {{"name", path}});
  };
  const auto inner_scope = [&] {
    Scope inner = scope;
    inner.lambdas.push_back({"", {}});
    return inner;
  };
  const Sql parameter = LambdaParameter(scope.lambdas.size(), 0);
  if (from.kind() == TypeKind::kStruct && to.kind() == TypeKind::kStruct) {
    std::vector<Sql> parts;
    for (const StructField& field : to.fields()) {
      const StructField* found = nullptr;
      for (const StructField& candidate : from.fields()) {
        if (SameName(candidate.name, field.name, scope.case_sensitive)) found = &candidate;
      }
      if (found == nullptr) {
        if (!field.nullable) refuse_null();
        parts.push_back(Template("$1 := $2", {Ident(field.name), CastTo(Token("NULL"), field.type)}));
        continue;
      }
      const std::string inner_path = fmt::format("{}.`{}`", path, field.name);
      if (found->nullable && !field.nullable) {
        throw Error("NULLABLE_COLUMN_OR_FIELD",
                    fmt::format("Column or field {} is nullable while it's required to be non-nullable.", inner_path),
                    {{"name", inner_path}});
      }
      const Typed part =
          Reconcile({Call("struct_extract", {parameter, StringLiteral(found->name)}), found->type, found->nullable},
                    field.type, inner_path, inner_scope());
      parts.push_back(Template("$1 := $2", {Ident(field.name), part.sql}));
    }
    return {Template("list_extract(list_transform(list_value($1), lambda $2: CASE WHEN $2 IS NULL THEN NULL ELSE $3 "
                     "END), 1)",
                     {value.sql, parameter, Call("struct_pack", parts)}),
            to, value.nullable};
  }
  if (from.kind() == TypeKind::kArray && to.kind() == TypeKind::kArray) {
    if (from.contains_null() && !to.contains_null()) refuse_null();
    const Typed element =
        Reconcile({parameter, from.element(), from.contains_null()}, to.element(), path + ".`element`", inner_scope());
    return {Template("list_transform($1, lambda $2: $3)", {value.sql, parameter, element.sql}), to, value.nullable};
  }
  if (from.kind() == TypeKind::kMap && to.kind() == TypeKind::kMap && from.contains_null() && !to.contains_null()) {
    refuse_null();
  }
  if (from.SameIgnoringNullability(to)) return {value.sql, to, value.nullable};
  // What an up-cast or a store assignment loses nothing by.
  const bool numbers = from.IsNumeric() && to.IsNumeric();
  const bool text = to.kind() == TypeKind::kString && !from.IsNested() && from.kind() != TypeKind::kBinary;
  const bool times =
      (from.kind() == TypeKind::kDate || from.kind() == TypeKind::kTimestamp ||
       from.kind() == TypeKind::kTimestampNtz) &&
      (to.kind() == TypeKind::kDate || to.kind() == TypeKind::kTimestamp || to.kind() == TypeKind::kTimestampNtz);
  if (!numbers && !text && !times && from.kind() != TypeKind::kNull) {
    throw Error("INVALID_COLUMN_OR_FIELD_DATA_TYPE",
                fmt::format("Column or field {} is of type \"{}\" while it's required to be \"{}\".", path, from.Sql(),
                            to.Sql()),
                {{"name", path}, {"type", "\"" + from.Sql() + "\""}, {"expectedType", "\"" + to.Sql() + "\""}});
  }
  return TranslateCast(value, to, scope, false);
}

TranslatedRelation RelationTranslator::ToSchema(const proto::ToSchema& to_schema) {
  TranslatedRelation input = Translate(to_schema.input());
  const DataType wanted = spark::FromProto(to_schema.schema());
  if (wanted.kind() != TypeKind::kStruct) RefuseFeature("a schema that is no struct");
  const Scope scope = ScopeOf(input.columns);
  UniqueIds ids;
  std::vector<SelectItem> items;
  for (const StructField& field : wanted.fields()) {
    const std::vector<size_t> found = FindAll(input.columns, field.name);
    OutputColumn column = NewColumn(field.name, field.type, field.nullable);
    column.id = ids.Make(field.name);
    column.metadata_json = field.metadata_json;
    const std::string path = "`" + field.name + "`";
    if (found.empty()) {
      if (!field.nullable) {
        std::string proposal;
        for (const OutputColumn& known : input.columns) proposal += (proposal.empty() ? "`" : ", `") + known.name + "`";
        throw Error(
            "UNRESOLVED_COLUMN.WITH_SUGGESTION",
            fmt::format("A column, variable, or function parameter with name {} cannot be resolved. Did you mean "
                        "one of the following? [{}].",
                        path, proposal),
            {{"objectName", path}, {"proposal", proposal}});
      }
      items.push_back({CastTo(Token("NULL"), field.type), std::move(column)});
      continue;
    }
    if (found.size() > 1) {
      throw Error("AMBIGUOUS_COLUMN_OR_FIELD",
                  fmt::format("Column or field {} is ambiguous and has {} matches.", path, found.size()),
                  {{"name", path}, {"n", std::to_string(found.size())}});
    }
    const OutputColumn& source = input.columns[found[0]];
    if (source.nullable && !field.nullable) {
      throw Error("NULLABLE_COLUMN_OR_FIELD",
                  fmt::format("Column or field {} is nullable while it's required to be non-nullable.", path),
                  {{"name", path}});
    }
    if (field.metadata_json.empty() || field.metadata_json == "{}") column.metadata_json = source.metadata_json;
    column.nullable = source.nullable;
    items.push_back({Reconcile(ValueOf(source), field.type, path, scope).sql, std::move(column)});
  }
  return Select(std::move(items), Derived(input.sql));
}

TranslatedRelation RelationTranslator::Deduplicate(const proto::Deduplicate& deduplicate) {
  TranslatedRelation input = Translate(deduplicate.input());
  input.block = nullptr;
  if (deduplicate.within_watermark()) RefuseFeature("the streaming operation dropDuplicatesWithinWatermark");
  if (deduplicate.all_columns_as_keys() || deduplicate.column_names_size() == 0) {
    RequireComparable(input.columns);
    const std::vector<OutputColumn> all = input.columns;
    return DistinctRows(std::move(input), all);
  }
  std::vector<OutputColumn> keys;
  for (const std::string& name : deduplicate.column_names()) {
    std::vector<size_t> found = FindAll(input.columns, name);
    if (found.empty()) {
      std::string known;
      for (const OutputColumn& column : input.columns) known += (known.empty() ? "" : ", ") + column.name;
      throw Error(
          "CONNECT_INVALID_PLAN.UNRESOLVED_COLUMN_AMONG_FIELD_NAMES",
          fmt::format("The Spark Connect plan is invalid. Cannot resolve column name \"{}\" among ({}).", name, known),
          {{"colName", name}, {"fieldNames", known}});
    }
    for (size_t i : found) keys.push_back(input.columns[i]);
  }
  RequireComparable(keys);
  return DistinctRows(std::move(input), keys);
}

}  // namespace tinderbox::engine
