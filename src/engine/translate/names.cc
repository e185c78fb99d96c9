#include "engine/translate/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

char LowerAscii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

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

[[noreturn]] void RefuseUnknown(std::string_view name, const Scope& scope) {
  std::vector<std::string> known;
  for (const OutputColumn& column : *scope.columns) known.push_back(column.name);
  std::string proposal;
  for (const std::string& near : Nearest(name, known)) proposal += (proposal.empty() ? "" : ", ") + Quoted(near);
  if (proposal.empty()) {
    throw Error("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION",
                fmt::format("A column, variable, or function parameter with name {} cannot be resolved.", Quoted(name)),
                {{"objectName", Quoted(name)}});
  }
  throw Error("UNRESOLVED_COLUMN.WITH_SUGGESTION",
              fmt::format("A column, variable, or function parameter with name {} cannot be resolved. Did you mean one "
                          "of the following? [{}].",
                          Quoted(name), proposal),
              {{"objectName", Quoted(name)}, {"proposal", proposal}});
}

[[noreturn]] void RefuseAmbiguous(std::string_view name, const std::vector<const OutputColumn*>& found) {
  std::string list;
  for (const OutputColumn* column : found) {
    if (!list.empty()) list += ", ";
    if (!column->qualifiers.empty()) list += Quoted(column->qualifiers.front()) + ".";
    list += Quoted(column->name);
  }
  throw Error("AMBIGUOUS_REFERENCE", fmt::format("Reference {} is ambiguous, could be: [{}].", Quoted(name), list),
              {{"name", Quoted(name)}, {"referenceNames", "[" + list + "]"}});
}

}  // namespace

bool SameName(std::string_view a, std::string_view b, bool case_sensitive) {
  if (case_sensitive) return a == b;
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return LowerAscii(x) == LowerAscii(y); });
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

Typed ResolveAttribute(const std::string& name, int64_t plan_id, const Scope& scope) {
  const std::vector<std::string> parts = ParseAttributeName(name);
  if (plan_id < 0) {
    for (auto it = scope.lambdas.rbegin(); it != scope.lambdas.rend(); ++it) {
      if (!SameName(it->name, parts[0], scope.case_sensitive)) continue;
      Typed value = it->value;
      for (size_t i = 1; i < parts.size(); ++i) value = ExtractField(value, parts[i], scope);
      return value;
    }
  }
  static const std::vector<OutputColumn> kNone;
  Scope here = scope;
  if (here.columns == nullptr) here.columns = &kNone;
  std::vector<const OutputColumn*> found;
  size_t used = 0;
  const auto visible = [&](const OutputColumn& column) { return plan_id < 0 || column.plan_ids.contains(plan_id); };
  if (parts.size() > 1) {
    for (const OutputColumn& column : *here.columns) {
      const bool qualified = std::ranges::any_of(
          column.qualifiers, [&](const std::string& q) { return SameName(q, parts[0], scope.case_sensitive); });
      if (visible(column) && qualified && SameName(column.name, parts[1], scope.case_sensitive))
        found.push_back(&column);
    }
    used = 2;
  }
  if (found.empty()) {
    for (const OutputColumn& column : *here.columns) {
      if (visible(column) && SameName(column.name, parts[0], scope.case_sensitive)) found.push_back(&column);
    }
    used = 1;
  }
  if (found.empty()) {
    if (plan_id >= 0 && std::ranges::none_of(*here.columns, visible)) {
      throw Error("CANNOT_RESOLVE_DATAFRAME_COLUMN",
                  fmt::format("Cannot resolve the DataFrame column {}: its DataFrame is not an input of this one.",
                              Quoted(name)),
                  {{"name", Quoted(name)}});
    }
    RefuseUnknown(parts.size() == 1 ? parts[0] : name, here);
  }
  if (found.size() > 1) RefuseAmbiguous(name, found);
  Typed value{Ident(found[0]->id), found[0]->type, found[0]->nullable};
  for (size_t i = used; i < parts.size(); ++i) value = ExtractField(value, parts[i], scope);
  return value;
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
  throw Error("INVALID_EXTRACT_BASE_FIELD_TYPE",
              fmt::format("Cannot extract {} from a value of type \"{}\": only structs, arrays and maps have fields.",
                          Quoted(name), type.Sql()),
              {{"base", Quoted(name)}, {"other", type.Sql()}});
}

Typed ExtractItem(const Typed& value, const Typed& key, const Scope& scope) {
  const DataType& type = value.type;
  if (type.kind() == TypeKind::kArray) {
    if (!key.type.IsIntegral()) RefuseArgument("[]", 2, "integral", key.type);
    const Sql index = Coerce(key, DataType(TypeKind::kLong), scope).sql;
    return {Template("list_extract($1, spark_array_index($2, len($1)))", {value.sql, index}), type.element(), true};
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
