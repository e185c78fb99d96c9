#include <fmt/format.h>

#include "engine/functions/collection_parts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

Typed MapOf(const FunctionCall& call) {
  if (call.size() % 2 != 0) RefuseCount(call.name(), "2n (n > 0)", call.size());
  std::vector<Typed> keys;
  std::vector<Typed> values;
  for (size_t i = 0; i < call.size(); i += 2) {
    keys.push_back(call.Argument(i));
    values.push_back(call.Argument(i + 1));
  }
  const DataType key = CoerceAll(keys, call.scope(), call.name());
  const DataType value = CoerceAll(values, call.scope(), call.name());
  const auto list = [](const std::vector<Typed>& items, const DataType& type, bool* nulls) {
    std::vector<Sql> parts;
    for (const Typed& item : items) {
      parts.push_back(item.sql);
      *nulls |= item.nullable;
    }
    return CastTo(Call("list_value", parts), DataType::Array(type));
  };
  bool key_nulls = false;
  bool value_nulls = false;
  const Sql sql = MapFrom(list(keys, key, &key_nulls), list(values, value, &value_nulls));
  const DataType type = DataType::Map(key, value, value_nulls);
  return {CastTo(sql, type), type, false};
}

Typed MapFromArrays(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed keys = ArrayArgument(call, 0);
  const Typed values = ArrayArgument(call, 1);
  return {Bind({keys.sql, values.sql},
               "CASE WHEN spark_check_keys($1) AND spark_check_lengths(len($1), len($2)) THEN map($1, $2) END"),
          DataType::Map(keys.type.element(), values.type.element(), values.type.contains_null()),
          keys.nullable || values.nullable};
}

/// A map of a list of structs with two fields, whatever their names.
Sql FromEntries(const Sql& entries, const DataType& entry) {
  const auto& fields = entry.fields();
  const auto list = [&](const StructField& field) {
    return Template("list_transform($1, lambda $2: struct_extract($2, $3))",
                    {Ident("entries"), Ident("entry"), StringLiteral(field.name)});
  };
  return Template(
      "list_extract(list_transform(list_value($1), lambda $2: CASE WHEN list_count($2) = len($2) THEN $3 END), 1)",
      {entries, Ident("entries"), MapFrom(list(fields[0]), list(fields[1]))});
}

Typed MapFromEntries(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed entries = ArrayArgument(call);
  const DataType& entry = entries.type.element();
  if (entry.kind() != TypeKind::kStruct || entry.fields().size() != 2) {
    call.RefuseArgument(0, "\"ARRAY\" of pair \"STRUCT\"", entries.type);
  }
  const auto& fields = entry.fields();
  return {FromEntries(entries.sql, entry), DataType::Map(fields[0].type, fields[1].type, fields[1].nullable),
          entries.nullable || entries.type.contains_null()};
}

Typed OnlyMap(const FunctionCall& call) {
  call.Expect(1, 1);
  return MapArgument(call);
}

DataType EntryType(const DataType& map) {
  return DataType::Struct({{"key", map.key(), false}, {"value", map.value(), map.contains_null()}});
}

Typed MapEntries(const FunctionCall& call) {
  const Typed map = OnlyMap(call);
  return {Call("map_entries", {map.sql}), DataType::Array(EntryType(map.type), false), map.nullable};
}

Typed MapKeys(const FunctionCall& call) {
  const Typed map = OnlyMap(call);
  return {Call("map_keys", {map.sql}), DataType::Array(map.type.key(), true), map.nullable};
}

Typed MapValues(const FunctionCall& call) {
  const Typed map = OnlyMap(call);
  return {Call("map_values", {map.sql}), DataType::Array(map.type.value(), map.type.contains_null()), map.nullable};
}

/// The map with its entries in the order of their keys: two equal maps then look the same.
Typed SortMap(const FunctionCall& call) {
  const Typed map = OnlyMap(call);
  return {Template("map_from_entries(list_sort(map_entries($1)))", {map.sql}), map.type, map.nullable};
}

Typed MapContainsKey(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed map = call.Argument(0);
  const Typed key = call.Argument(1);
  if (map.type.kind() == TypeKind::kNull || key.type.kind() == TypeKind::kNull) {
    throw Error("DATATYPE_MISMATCH.NULL_TYPE",
                fmt::format("Cannot resolve \"{}\" due to data type mismatch: Null typed values cannot be used as "
                            "arguments of `{}`.",
                            call.SqlName(), call.name()),
                {{"functionName", "`" + call.name() + "`"}, {"sqlExpr", "\"" + call.SqlName() + "\""}});
  }
  std::optional<DataType> common;
  if (map.type.kind() == TypeKind::kMap &&
      (map.type.key().kind() == TypeKind::kString) == (key.type.kind() == TypeKind::kString)) {
    common = LeastCommonType(map.type.key(), key.type);
  }
  if (!common) {
    throw Error(
        "DATATYPE_MISMATCH.MAP_FUNCTION_DIFF_TYPES",
        fmt::format("Cannot resolve \"{}\" due to data type mismatch: Input to the `{}` should have been \"MAP\" "
                    "followed by a value with same key type, but it's [\"{}\", \"{}\"].",
                    call.SqlName(), call.name(), map.type.Sql(), key.type.Sql()),
        {{"functionName", "`" + call.name() + "`"},
         {"dataType", "\"MAP\""},
         {"leftType", "\"" + map.type.Sql() + "\""},
         {"rightType", "\"" + key.type.Sql() + "\""},
         {"sqlExpr", "\"" + call.SqlName() + "\""}});
  }
  const Typed keys = Coerce({Call("map_keys", {map.sql}), DataType::Array(map.type.key(), false), map.nullable},
                            DataType::Array(*common, false), call.scope());
  return {Template("(spark_item_position($1, $2) > 0)", {keys.sql, Coerce(key, *common, call.scope()).sql}),
          kBooleanType, true};
}

Typed MapConcat(const FunctionCall& call) {
  if (call.size() == 0) {
    const DataType type = DataType::Map(kStringType, kStringType, false);
    return {CastTo(Token("map()"), type), type, false};
  }
  std::vector<Typed> maps = call.Arguments();
  std::string types;
  bool agree = true;
  DataType common = maps[0].type;
  for (const Typed& map : maps) {
    types += fmt::format("{}\"{}\"", types.empty() ? "" : ", ", map.type.Sql());
    const auto wider = map.type.kind() == TypeKind::kMap && common.kind() == TypeKind::kMap
                           ? LeastCommonType(common, map.type)
                           : std::nullopt;
    agree &= wider.has_value();
    if (wider) common = *wider;
  }
  if (!agree) {
    throw Error("DATATYPE_MISMATCH.MAP_CONCAT_DIFF_TYPES",
                fmt::format("Cannot resolve \"{}\" due to data type mismatch: The `{}` should all be of type map, but "
                            "it's [{}].",
                            call.SqlName(), call.name(), types),
                {{"functionName", "`" + call.name() + "`"},
                 {"dataType", "[" + types + "]"},
                 {"sqlExpr", "\"" + call.SqlName() + "\""}});
  }
  std::vector<Sql> entries;
  std::vector<Sql> missing;
  for (const Typed& map : maps) {
    const Sql sql = Coerce(map, common, call.scope()).sql;
    entries.push_back(Call("map_entries", {sql}));
    if (map.nullable) missing.push_back(Template("$1 IS NULL", {sql}));
  }
  const Sql joined = FromEntries(Call("list_concat", entries), EntryType(common));
  if (missing.empty()) return {joined, common, false};
  return {Template("(CASE WHEN $1 THEN NULL ELSE $2 END)", {Join(missing, " OR "), joined}), common, true};
}

Typed StrToMap(const FunctionCall& call) {
  call.Expect(1, 3);
  const Typed text = CoerceTo('s', call.Argument(0), call.scope(), call.name(), 1);
  std::vector<Sql> parts{text.sql};
  bool nullable = text.nullable;
  for (size_t i = 1; i < 3; ++i) {
    const Typed delimiter = call.size() > i ? CoerceTo('s', call.Argument(i), call.scope(), call.name(), i + 1)
                                            : Typed{StringLiteral(i == 1 ? "," : ":"), kStringType, false};
    parts.push_back(delimiter.sql);
    nullable |= delimiter.nullable;
  }
  const Sql pairs = Bind(parts, "list_transform(spark_split($1, $2, -1), lambda pair: spark_split(pair, $3, 2))");
  const Sql keys = Template("list_transform($1, lambda pair: list_extract(pair, 1))", {Ident("pairs")});
  const Sql values = Template("list_transform($1, lambda pair: list_extract(pair, 2))", {Ident("pairs")});
  return {Template("list_extract(list_transform(list_value($1), lambda $2: $3), 1)",
                   {pairs, Ident("pairs"), MapFrom(keys, values)}),
          DataType::Map(kStringType, kStringType), nullable};
}

constexpr SpecialFunction kSpecials[] = {
    {"map", MapOf},
    {"map_from_arrays", MapFromArrays},
    {"map_from_entries", MapFromEntries},
    {"map_entries", MapEntries},
    {"map_keys", MapKeys},
    {"map_values", MapValues},
    {"map_contains_key", MapContainsKey},
    {"map_concat", MapConcat},
    {"str_to_map", StrToMap},
    {"tb_sort_map", SortMap},
};

}  // namespace

std::span<const SpecialFunction> MapFunctions() {
  return kSpecials;
}

}  // namespace tinderbox::engine
