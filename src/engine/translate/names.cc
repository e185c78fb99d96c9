#include "engine/translate/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/ascii.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "engine/translate/session_objects.h"
#include "engine/translate/time_window.h"
#include "spark/proto_expressions.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

std::string Quoted(std::string_view name) {
  std::string out = "`";
  for (char c : name) {
    if (c == '`') out += c;
    out += c;
  }
  return out + "`";
}

[[noreturn]] void RefuseSyntax(std::string_view name) {
  throw Error(
      "INVALID_ATTRIBUTE_NAME_SYNTAX",
      fmt::format("Syntax error in the attribute name: {}. Check that back-ticks appear in pairs, that a quoted "
                  "string is a complete name part, and that a back-tick inside a name is doubled.",
                  name),
      {{"name", std::string(name)}});
}

std::string QuotedPath(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ".") + Quoted(part);
  return out;
}

bool HasFields(const DataType& type) {
  const DataType& one = type.kind() == TypeKind::kArray ? type.element() : type;
  return one.kind() == TypeKind::kStruct || type.kind() == TypeKind::kMap || type.kind() == TypeKind::kVariant;
}

[[noreturn]] void RefuseBase(const std::string& base, const DataType& type) {
  const std::string other = "\"" + type.Sql() + "\"";
  throw Error("INVALID_EXTRACT_BASE_FIELD_TYPE",
              fmt::format("Can't extract a value from \"{}\". Need a complex type [STRUCT, ARRAY, MAP] but got {}.",
                          base, other),
              {{"base", "\"" + base + "\""}, {"other", other}});
}

/// The field at the end of a path that begins with `value`, which parts[from - 1] names.
Typed ExtractPath(Typed value, const std::vector<std::string>& parts, size_t from, const Scope& scope) {
  std::string base = parts[from - 1];
  for (size_t i = from; i < parts.size(); ++i) {
    if (!HasFields(value.type)) RefuseBase(base, value.type);
    value = ExtractField(value, parts[i], scope);
    base += "." + parts[i];
  }
  return value;
}

[[noreturn]] void RefuseUnknown(const std::vector<std::string>& parts, const Scope& scope) {
  const std::string shown = QuotedPath(parts);
  // Qualifiers are proposed where they tell the columns apart, or where the name has one.
  std::set<std::string> qualifiers;
  for (const OutputColumn& column : *scope.columns) {
    qualifiers.insert(column.qualifiers.empty() ? "" : column.qualifiers.back());
  }
  const bool qualified = parts.size() > 1 || qualifiers.size() > 1;
  // As near as their quoted texts are; those that are equally near by their names.
  std::vector<std::pair<std::string, std::string>> named;
  for (const OutputColumn& column : *scope.columns) {
    std::string text = Quoted(column.name);
    if (qualified && !column.qualifiers.empty()) text = Quoted(column.qualifiers.back()) + "." + text;
    named.emplace_back(column.name, std::move(text));
  }
  if (scope.proposes_by_name) std::ranges::stable_sort(named, {}, &std::pair<std::string, std::string>::first);
  std::vector<std::string> known;
  for (auto& [name, text] : named) known.push_back(std::move(text));
  std::string wanted;
  for (const std::string& part : parts) wanted += (wanted.empty() ? "" : ".") + part;
  std::string proposal;
  for (const std::string& near : Nearest(wanted, known)) proposal += (proposal.empty() ? "" : ", ") + near;
  if (proposal.empty()) {
    throw Error("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION",
                fmt::format("A column, variable, or function parameter with name {} cannot be resolved.", shown),
                {{"objectName", shown}});
  }
  throw Error("UNRESOLVED_COLUMN.WITH_SUGGESTION",
              fmt::format("A column, variable, or function parameter with name {} cannot be resolved. Did you mean one "
                          "of the following? [{}].",
                          shown, proposal),
              {{"objectName", shown}, {"proposal", proposal}});
}

[[noreturn]] void RefuseAmbiguous(std::string_view name, const std::vector<const OutputColumn*>& found) {
  std::string list;
  const std::vector<std::string> parts = ParseAttributeName(name);
  for (const OutputColumn* column : found) {
    if (!list.empty()) list += ", ";
    for (const std::string& qualifier : column->qualifiers) list += Quoted(qualifier) + ".";
    // Spark shows what it found under the name that was asked for.
    const auto asked =
        std::ranges::find_if(parts, [&](const auto& part) { return SameName(part, column->name, false); });
    list += Quoted(asked == parts.end() ? column->name : *asked);
  }
  const std::string shown = QuotedPath(parts);
  throw Error("AMBIGUOUS_REFERENCE", fmt::format("Reference {} is ambiguous, could be: [{}].", shown, list),
              {{"name", shown}, {"referenceNames", "[" + list + "]"}});
}

}  // namespace

bool SameName(std::string_view a, std::string_view b, bool case_sensitive) {
  if (case_sensitive) return a == b;
  return base::EqualIgnoringCase(a, b);
}

std::vector<std::string> ParseAttributeName(std::string_view name) {
  std::vector<std::string> parts;
  size_t i = 0;
  while (true) {
    std::string part;
    if (i < name.size() && name[i] == '`') {
      ++i;
      while (true) {
        if (i >= name.size()) RefuseSyntax(name);
        if (name[i] == '`') {
          if (i + 1 < name.size() && name[i + 1] == '`') {
            ++i;
          } else {
            break;
          }
        }
        part += name[i++];
      }
      ++i;
      if (i < name.size() && name[i] != '.') RefuseSyntax(name);
    } else {
      while (i < name.size() && name[i] != '.') {
        if (name[i] == '`') RefuseSyntax(name);
        part += name[i++];
      }
    }
    parts.push_back(std::move(part));
    if (i >= name.size()) break;
    ++i;
    if (i >= name.size()) RefuseSyntax(name);
  }
  return parts;
}

namespace {

/// Whether there is a quoted name in the SQL, other than that of the type of NULL.
bool HasIdentifier(std::string_view sql) {
  constexpr std::string_view kNullType = "\"NULL\"";
  for (size_t at = sql.find('"'); at != std::string_view::npos; at = sql.find('"', at)) {
    if (!sql.substr(at).starts_with(kNullType)) return true;
    at += kNullType.size();
  }
  return false;
}

/// What a name means among these columns: nullopt when there is nothing of that name.
std::optional<Typed> Lookup(const std::vector<std::string>& parts, const std::string& name, int64_t plan_id,
                            const std::vector<OutputColumn>& columns, const Scope& scope) {
  const auto visible = [&](const OutputColumn& column) { return plan_id < 0 || column.plan_ids.contains(plan_id); };
  std::vector<const OutputColumn*> found;
  size_t used = 0;
  // The longest qualifier first: catalog.schema.table.column, as far as the aliases have so many parts.
  if (parts.size() > 1) {
    for (const OutputColumn& column : columns) {
      if (!visible(column)) continue;
      for (size_t at = std::min(parts.size() - 1, column.qualifiers.size()); at >= 1; --at) {
        bool same = SameName(column.name, parts[at], scope.case_sensitive);
        for (size_t i = 0; same && i < at; ++i) {
          same = SameName(column.qualifiers[column.qualifiers.size() - at + i], parts[i], scope.case_sensitive);
        }
        if (!same) continue;
        if (at + 1 > used) found.clear();
        if (at + 1 < used) break;
        used = at + 1;
        found.push_back(&column);
        break;
      }
    }
  }
  if (found.empty()) {
    for (const OutputColumn& column : columns) {
      if (visible(column) && SameName(column.name, parts[0], scope.case_sensitive)) found.push_back(&column);
    }
    used = 1;
  }
  if (found.empty() && plan_id < 0) {
    // window and session_window of the GROUP BY around.
    for (const OutputColumn& column : columns) {
      if (IsTimeWindowColumn(column.name, parts[0], scope.case_sensitive)) found.push_back(&column);
    }
  }
  if (found.empty()) return std::nullopt;
  if (found.size() > 1) {
    if (plan_id >= 0 && found[0]->plan_ids.contains(AmbiguousPlan(plan_id))) {
      throw Error(
          "AMBIGUOUS_COLUMN_REFERENCE",
          fmt::format("Column \"{}\" is ambiguous. It's because you joined several DataFrame together, and some of "
                      "these DataFrames are the same.\nThis column points to one of the DataFrames but Spark is "
                      "unable to figure out which one.\nPlease alias the DataFrames with different names via "
                      "`DataFrame.alias` before joining them,\nand specify the column using qualified name, e.g. "
                      "`df.alias(\"a\").join(df.alias(\"b\"), col(\"a.id\") > col(\"b.id\"))`.",
                      name),
          {{"name", "\"" + name + "\""}});
    }
    RefuseAmbiguous(name, found);
  }
  Typed value{Ident(found[0]->id), found[0]->type, found[0]->nullable};
  // The key of the GROUP BY has this form.
  if (IsTimeWindowColumn(found[0]->name, parts[0], scope.case_sensitive)) value.sql = Template("($1)", {value.sql});
  if (scope.grouping != nullptr) {
    // A struct's key may be one of its fields, so that the field is looked up before its column is refused.
    const auto group = [&](const Typed& wanted) {
      return std::ranges::find_if(scope.grouping->keys, [&](const Typed& key) { return IsSame(key.sql, wanted.sql); });
    };
    const auto key = group(value);
    if (key != scope.grouping->keys.end()) {
      value = *key;
    } else {
      Scope plain = scope;
      plain.grouping = nullptr;
      Typed field = value;
      for (size_t i = used; i < parts.size(); ++i) {
        field = ExtractField(field, parts[i], plain);
        const auto field_key = group(field);
        if (field_key == scope.grouping->keys.end()) continue;
        field = *field_key;
        for (++i; i < parts.size(); ++i) field = ExtractField(field, parts[i], plain);
        return field;
      }
      if (scope.grouping->keys.empty()) {
        throw Error("MISSING_GROUP_BY",
                    "The query does not include a GROUP BY clause. Add GROUP BY or turn it into the window functions "
                    "using OVER clauses.");
      }
      const std::string shown = found[0]->name;
      throw Error(
          "MISSING_AGGREGATION",
          fmt::format("The non-aggregating expression \"{0}\" is based on columns which are not participating in "
                      "the GROUP BY clause. Add the columns or the expression to the GROUP BY, aggregate the "
                      "expression, or use \"any_value({0})\" if you do not care which of the values within a "
                      "group is returned.",
                      shown),
          {{"expression", "\"" + shown + "\""}, {"expressionAnyValue", "\"any_value(" + shown + ")\""}});
    }
  }
  return ExtractPath(std::move(value), parts, used, scope);
}

}  // namespace

Typed ResolveAttribute(const std::string& name, int64_t plan_id, const Scope& scope) {
  const std::vector<std::string> parts = ParseAttributeName(name);
  const auto bound = [&](const std::vector<LambdaBinding>& bindings) -> std::optional<Typed> {
    if (plan_id >= 0) return std::nullopt;
    for (auto it = bindings.rbegin(); it != bindings.rend(); ++it) {
      if (it->name.empty() || !SameName(it->name, parts[0], scope.case_sensitive)) continue;
      return ExtractPath(it->value, parts, 1, scope);
    }
    return std::nullopt;
  };
  if (auto value = bound(scope.lambdas)) return *value;
  static const std::vector<OutputColumn> kNone;
  Scope here = scope;
  if (here.columns == nullptr) here.columns = &kNone;
  // A wrong field of a column that is there is an error unless another place has the whole name.
  for (const Scope* at = &here; at != nullptr; at = at->outer) {
    if (at->columns != nullptr) {
      if (auto value = Lookup(parts, name, plan_id, *at->columns, *at)) {
        // DuckDB looks the name up in the sub-query first, so that only an isolated one is safe.
        if (at != &here && value->sql.text().find("\"outer ") == std::string::npos) {
          RefuseFeature("a correlated sub-query in this place");
        }
        return *value;
      }
    }
    if (at->hidden != nullptr) {
      if (auto value = Lookup(parts, name, plan_id, *at->hidden, *at)) return *value;
    }
    if (at == &here) {
      if (auto value = bound(scope.aliases)) return *value;
    } else if (auto value = bound(at->lambdas)) {
      // A parameter of a function whose body is this sub-query; a name in it could mean another thing here.
      if (HasIdentifier(value->sql.text())) RefuseFeature("a correlated sub-query in this place");
      return *value;
    }
  }
  if (plan_id < 0 && here.subqueries != nullptr) {
    for (size_t count = 1; count <= parts.size(); ++count) {
      const std::vector<std::string> path(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(count));
      const auto variable = here.subqueries->FindVariable(path);
      if (variable == nullptr) continue;
      Scope constants;
      constants.time_zone = scope.time_zone;
      Typed value = TranslateExpression(*variable->value, constants);
      for (size_t i = count; i < parts.size(); ++i) value = ExtractField(value, parts[i], scope);
      return value;
    }
  }
  if (plan_id >= 0) {
    throw Error("CANNOT_RESOLVE_DATAFRAME_COLUMN",
                fmt::format("Cannot resolve dataframe column \"{}\". It's probably because of illegal references like "
                            "`df1.select(df2.col(\"a\"))`.",
                            name),
                {{"name", "\"" + name + "\""}});
  }
  RefuseUnknown(parts, here);
}

std::string SessionObjectName(const std::vector<std::string>& parts) {
  const auto is = [&](size_t i, const char* word) { return SameName(parts[i], word, false); };
  if (parts.size() == 1) return parts[0];
  if (parts.size() == 2 && is(0, "session")) return parts[1];
  if (parts.size() == 3 && is(0, "system") && is(1, "session")) return parts[2];
  return "";
}

Sql LambdaParameter(size_t depth, size_t index) {
  return Ident(fmt::format("lambda {} {}", depth, index));
}

Typed ExtractField(const Typed& value, std::string_view name, const Scope& scope) {
  const DataType& type = value.type;
  if (type.kind() == TypeKind::kStruct) {
    const StructField* found = nullptr;
    for (const StructField& field : type.fields()) {
      if (!SameName(field.name, name, scope.case_sensitive)) continue;
      if (found != nullptr) {
        throw Error("AMBIGUOUS_REFERENCE_TO_FIELDS",
                    fmt::format("Ambiguous reference to the field {}: it appears more than once.", Quoted(name)),
                    {{"field", Quoted(name)}, {"count", "2"}});
      }
      found = &field;
    }
    if (found == nullptr) {
      std::string known;
      for (const StructField& field : type.fields()) known += (known.empty() ? "" : ", ") + Quoted(field.name);
      throw Error("FIELD_NOT_FOUND", fmt::format("No such struct field {} in {}.", Quoted(name), known),
                  {{"fieldName", Quoted(name)}, {"fields", known}});
    }
    return {Call("struct_extract", {value.sql, StringLiteral(found->name)}), found->type,
            value.nullable || found->nullable};
  }
  if (type.kind() == TypeKind::kArray && type.element().kind() == TypeKind::kStruct) {
    const Sql parameter = LambdaParameter(scope.lambdas.size(), 0);
    const Typed field = ExtractField({parameter, type.element(), type.contains_null()}, name, scope);
    return {Template("list_transform($1, lambda $2: $3)", {value.sql, parameter, field.sql}),
            DataType::Array(field.type, field.nullable), value.nullable};
  }
  if (type.kind() == TypeKind::kMap) {
    return ExtractItem(value, {StringLiteral(name), DataType(TypeKind::kString), false}, scope);
  }
  RefuseBase(std::string(name), type);
}

Typed ExtractItem(const Typed& value, const Typed& key, const Scope& scope) {
  const DataType& type = value.type;
  if (type.kind() == TypeKind::kArray) {
    if (!key.type.IsIntegral() && key.type.kind() != TypeKind::kNull) RefuseArgument("[]", 2, "integral", key.type);
    const Sql index = Coerce(key, DataType(TypeKind::kLong), scope).sql;
    const char* sql = scope.ansi ? "list_extract($1, spark_array_index($2, len($1)))"
                                 : "list_extract($1, CASE WHEN $2 >= 0 THEN $2 + 1 END)";
    return {Template(sql, {value.sql, index}), type.element(), true};
  }
  if (type.kind() == TypeKind::kMap) {
    const Typed typed_key = Coerce(key, type.key(), scope);
    return {Template("map_extract_value($1, $2)", {value.sql, typed_key.sql}), type.value(), true};
  }
  throw Error("INVALID_EXTRACT_BASE_FIELD_TYPE",
              fmt::format("Cannot extract an item from a value of type \"{}\".", type.Sql()),
              {{"base", "[]"}, {"other", type.Sql()}});
}

}  // namespace tinderbox::engine
