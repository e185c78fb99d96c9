#include <fmt/format.h>

#include "engine/functions/function.h"
#include "engine/translate/casts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

const DataType kInt(TypeKind::kInteger);
const DataType kLong(TypeKind::kLong);
const DataType kBoolean(TypeKind::kBoolean);
const DataType kString(TypeKind::kString);

Typed ArrayOf(const FunctionCall& call) {
  std::vector<Typed> items = call.Arguments();
  const DataType element = CoerceAll(items, call.scope(), call.name());
  std::vector<Sql> parts;
  bool nulls = false;
  for (const Typed& item : items) {
    parts.push_back(item.sql);
    nulls |= item.nullable;
  }
  const DataType type = DataType::Array(element, nulls);
  return {CastTo(Call("list_value", parts), type), type, false};
}

Typed Pack(const std::vector<std::pair<std::string, Typed>>& fields) {
  std::vector<Sql> parts;
  std::vector<StructField> types;
  for (const auto& [name, value] : fields) {
    parts.push_back(Template("$1 := $2", {Ident(name), value.sql}));
    types.push_back({name, value.type, value.nullable});
  }
  const DataType type = DataType::Struct(std::move(types));
  TypeName(type);  // refuses names which the engine cannot keep apart
  return {Call("struct_pack", parts), type, false};
}

Typed StructOf(const FunctionCall& call) {
  std::vector<std::pair<std::string, Typed>> fields;
  for (size_t i = 0; i < call.size(); ++i) {
    const auto& argument = call.ArgumentProto(i);
    if (argument.has_unresolved_star() && !argument.unresolved_star().has_unparsed_target()) {
      for (const OutputColumn& column : *call.scope().columns) {
        fields.emplace_back(column.name, Typed{Ident(column.id), column.type, column.nullable});
      }
      continue;
    }
    const bool named = argument.has_alias() || argument.has_unresolved_attribute() ||
                       argument.has_unresolved_extract_value() || argument.has_unresolved_named_lambda_variable();
    std::string name = named ? ExpressionName(argument) : fmt::format("col{}", i + 1);
    if (argument.has_unresolved_extract_value()) {
      name = ExpressionName(argument.unresolved_extract_value().extraction());
    } else if (argument.has_unresolved_named_lambda_variable()) {
      const auto& variable = argument.unresolved_named_lambda_variable();
      name = variable.name_parts(variable.name_parts_size() - 1);
    }
    fields.emplace_back(name, call.Argument(i));
  }
  return Pack(fields);
}

Typed NamedStruct(const FunctionCall& call) {
  if (call.size() % 2 != 0 || call.size() == 0) call.Expect(call.size() + 1, call.size() + 1);
  std::vector<std::pair<std::string, Typed>> fields;
  for (size_t i = 0; i < call.size(); i += 2) fields.emplace_back(call.LiteralString(i), call.Argument(i + 1));
  return Pack(fields);
}

Typed MapOf(const FunctionCall& call) {
  if (call.size() % 2 != 0) call.Expect(call.size() + 1, call.size() + 1);
  std::vector<Typed> keys;
  std::vector<Typed> values;
  for (size_t i = 0; i < call.size(); i += 2) {
    keys.push_back(call.Argument(i));
    values.push_back(call.Argument(i + 1));
  }
  const DataType key = CoerceAll(keys, call.scope(), call.name());
  const DataType value = CoerceAll(values, call.scope(), call.name());
  const auto list = [](const std::vector<Typed>& items, bool* nulls) {
    std::vector<Sql> parts;
    for (const Typed& item : items) {
      parts.push_back(item.sql);
      *nulls |= item.nullable;
    }
    return Call("list_value", parts);
  };
  bool key_nulls = false;
  bool value_nulls = false;
  const Sql sql = Call("map", {list(keys, &key_nulls), list(values, &value_nulls)});
  const DataType type = DataType::Map(key, value, value_nulls);
  return {CastTo(sql, type), type, false};
}

Typed MapFromArrays(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed keys = CoerceTo('a', call.Argument(0), call.scope(), call.name(), 1);
  const Typed values = CoerceTo('a', call.Argument(1), call.scope(), call.name(), 2);
  return {Call("map", {keys.sql, values.sql}),
          DataType::Map(keys.type.element(), values.type.element(), values.type.contains_null()),
          keys.nullable || values.nullable};
}

Typed MapFromEntries(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed entries = CoerceTo('a', call.Argument(0), call.scope(), call.name(), 1);
  if (entries.type.element().kind() != TypeKind::kStruct || entries.type.element().fields().size() != 2) {
    call.RefuseArgument(0, "ARRAY<STRUCT<key, value>>", entries.type);
  }
  const auto& fields = entries.type.element().fields();
  return {Call("map_from_entries", {entries.sql}), DataType::Map(fields[0].type, fields[1].type, fields[1].nullable),
          entries.nullable};
}

Typed MapArgument(const FunctionCall& call) {
  call.Expect(1, 1);
  return CoerceTo('m', call.Argument(0), call.scope(), call.name(), 1);
}

Typed MapEntries(const FunctionCall& call) {
  const Typed map = MapArgument(call);
  const DataType entry =
      DataType::Struct({{"key", map.type.key(), false}, {"value", map.type.value(), map.type.contains_null()}});
  return {Call("map_entries", {map.sql}), DataType::Array(entry, false), map.nullable};
}

Typed MapKeys(const FunctionCall& call) {
  const Typed map = MapArgument(call);
  return {Call("map_keys", {map.sql}), DataType::Array(map.type.key(), false), map.nullable};
}

Typed MapValues(const FunctionCall& call) {
  const Typed map = MapArgument(call);
  return {Call("map_values", {map.sql}), DataType::Array(map.type.value(), map.type.contains_null()), map.nullable};
}

/// The map with its entries in the order of their keys: two equal maps then look the same.
Typed SortMap(const FunctionCall& call) {
  const Typed map = MapArgument(call);
  return {Template("map_from_entries(list_sort(map_entries($1)))", {map.sql}), map.type, map.nullable};
}

Typed Size(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  if (value.type.kind() == TypeKind::kMap)
    return {Template("CAST(cardinality($1) AS INTEGER)", {value.sql}), kInt, value.nullable};
  const Typed array = CoerceTo('a', value, call.scope(), call.name(), 1);
  return {Template("CAST(len($1) AS INTEGER)", {array.sql}), kInt, array.nullable};
}

Typed ElementAtAs(const FunctionCall& call, bool tolerant) {
  call.Expect(2, 2);
  const Typed value = call.Argument(0);
  if (value.type.kind() == TypeKind::kMap) return ExtractItem(value, call.Argument(1), call.scope());
  const Typed array = CoerceTo('a', value, call.scope(), call.name(), 1);
  const Typed index = call.Argument(1, kInt);
  const char* sql = tolerant ? "list_extract($1, spark_try_element_index($2, len($1)))"
                             : "list_extract($1, spark_element_index($2, len($1)))";
  return {Template(sql, {array.sql, index.sql}), array.type.element(), true};
}

Typed ElementAt(const FunctionCall& call) {
  return ElementAtAs(call, false);
}
Typed TryElementAt(const FunctionCall& call) {
  return ElementAtAs(call, true);
}

Typed Get(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed array = CoerceTo('a', call.Argument(0), call.scope(), call.name(), 1);
  const Typed index = call.Argument(1, kInt);
  return {Template("list_extract($1, CASE WHEN $2 >= 0 THEN $2 + 1 END)", {array.sql, index.sql}), array.type.element(),
          true};
}

/// An array and a value of its element type.
std::pair<Typed, Typed> ArrayAndItem(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed array = CoerceTo('a', call.Argument(0), call.scope(), call.name(), 1);
  const Typed item = call.Argument(1);
  const DataType element = CommonType(array.type.element(), item.type);
  return {Coerce(array, DataType::Array(element, array.type.contains_null()), call.scope()),
          Coerce(item, element, call.scope())};
}

Typed ArrayContains(const FunctionCall& call) {
  const auto [array, item] = ArrayAndItem(call);
  const bool nullable = array.nullable || item.nullable || array.type.contains_null();
  if (!array.type.contains_null()) return {Call("list_contains", {array.sql, item.sql}), kBoolean, nullable};
  return {Template("(CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL WHEN list_contains($1, $2) THEN TRUE WHEN "
                   "list_count($1) < len($1) "
                   "THEN NULL ELSE FALSE END)",
                   {array.sql, item.sql}),
          kBoolean, nullable};
}

Typed ArrayPosition(const FunctionCall& call) {
  const auto [array, item] = ArrayAndItem(call);
  return {
      Template(
          "(CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL ELSE CAST(COALESCE(list_position($1, $2), 0) AS BIGINT) END)",
          {array.sql, item.sql}),
      kLong, array.nullable || item.nullable};
}

Typed ArrayRemove(const FunctionCall& call) {
  const auto [array, item] = ArrayAndItem(call);
  const Sql parameter = LambdaParameter(call.scope().lambdas.size(), 0);
  return {Template("(CASE WHEN $2 IS NULL THEN NULL ELSE list_filter($1, lambda $3: COALESCE($3 <> $2, TRUE)) END)",
                   {array.sql, item.sql, parameter}),
          array.type, array.nullable || item.nullable};
}

Typed ArrayArgument(const FunctionCall& call) {
  return CoerceTo('a', call.Argument(0), call.scope(), call.name(), 1);
}

Typed SortArray(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed array = ArrayArgument(call);
  const bool ascending = call.size() < 2 || call.LiteralBoolean(1);
  return {
      Template(ascending ? "list_sort($1, 'ASC', 'NULLS FIRST')" : "list_sort($1, 'DESC', 'NULLS LAST')", {array.sql}),
      array.type, array.nullable};
}

Typed ArraySort(const FunctionCall& call) {
  if (call.size() != 1) RefuseFeature("array_sort with a comparator");
  const Typed array = ArrayArgument(call);
  return {Template("list_sort($1, 'ASC', 'NULLS LAST')", {array.sql}), array.type, array.nullable};
}

Typed ArrayDistinct(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed array = ArrayArgument(call);
  const size_t depth = call.scope().lambdas.size();
  return {Template("list_filter($1, lambda $2, $3: len(list_filter(list_slice($1, 1, $3 - 1), lambda $4: $4 IS NOT "
                   "DISTINCT FROM $2)) = 0)",
                   {array.sql, LambdaParameter(depth, 0), LambdaParameter(depth, 1), LambdaParameter(depth, 2)}),
          array.type, array.nullable};
}

Typed ArrayCompact(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed array = ArrayArgument(call);
  return {Template("list_filter($1, lambda $2: $2 IS NOT NULL)",
                   {array.sql, LambdaParameter(call.scope().lambdas.size(), 0)}),
          DataType::Array(array.type.element(), false), array.nullable};
}

Typed ArrayJoin(const FunctionCall& call) {
  call.Expect(2, 3);
  const Typed array = Coerce(ArrayArgument(call), DataType::Array(kString), call.scope());
  std::vector<Sql> parts{array.sql};
  bool nullable = array.nullable;
  for (size_t i = 1; i < call.size(); ++i) {
    const Typed text = CoerceTo('s', call.Argument(i), call.scope(), call.name(), i + 1);
    parts.push_back(text.sql);
    nullable |= text.nullable;
  }
  return {Call("spark_array_join", parts), kString, nullable};
}

Typed Extreme(const FunctionCall& call, const char* sql) {
  call.Expect(1, 1);
  const Typed array = ArrayArgument(call);
  return {Template(sql, {array.sql}), array.type.element(), true};
}

Typed ArrayMax(const FunctionCall& call) {
  return Extreme(call, "list_max($1)");
}
Typed ArrayMin(const FunctionCall& call) {
  return Extreme(call, "list_min($1)");
}

Typed Slice(const FunctionCall& call) {
  call.Expect(3, 3);
  const Typed array = ArrayArgument(call);
  const int64_t start = call.LiteralInteger(1);
  const int64_t length = call.LiteralInteger(2);
  if (start == 0)
    throw Error("INVALID_PARAMETER_VALUE.START", "The start of slice must not be 0: elements count from 1.");
  if (length < 0) throw Error("INVALID_PARAMETER_VALUE.LENGTH", "The length of slice must not be negative.");
  if (start > 0) {
    return {Call("list_slice", {array.sql, IntegerLiteral(start), IntegerLiteral(start + length - 1)}), array.type,
            array.nullable};
  }
  return {
      Template(
          "(CASE WHEN len($1) < $2 THEN list_slice($1, 1, 0) ELSE list_slice($1, len($1) - $3, len($1) - $3 + $4) END)",
          {array.sql, IntegerLiteral(-start), IntegerLiteral(-start - 1), IntegerLiteral(length - 1)}),
      array.type, array.nullable};
}

Typed Flatten(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed array = ArrayArgument(call);
  const DataType& inner = array.type.element();
  if (inner.kind() != TypeKind::kArray) call.RefuseArgument(0, "ARRAY<ARRAY>", array.type);
  if (!array.type.contains_null()) return {Call("flatten", {array.sql}), inner, array.nullable};
  return {Template("(CASE WHEN list_count($1) < len($1) THEN NULL ELSE flatten($1) END)", {array.sql}), inner, true};
}

/// A lambda whose parameters are bound to values of known types.
struct Lambda {
  std::vector<Sql> parameters;
  Typed body;
};

Lambda TranslateLambda(const FunctionCall& call, size_t argument, const std::vector<Typed>& values,
                       const std::vector<Sql>& parameters) {
  const auto& expression = call.ArgumentProto(argument);
  if (!expression.has_lambda_function()) {
    throw Error("INVALID_LAMBDA_FUNCTION_CALL.NON_HIGHER_ORDER_FUNCTION",
                fmt::format("Argument {} of `{}` must be a lambda function (x -> …).", argument + 1, call.name()));
  }
  const auto& lambda = expression.lambda_function();
  const auto count = static_cast<size_t>(lambda.arguments_size());
  if (count == 0 || count > values.size()) {
    throw Error("INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH",
                fmt::format("The lambda function of `{}` has {} parameters; at most {} are possible.", call.name(),
                            count, values.size()));
  }
  Scope inner = call.scope();
  for (size_t i = 0; i < count; ++i) {
    const auto& variable = lambda.arguments(static_cast<int>(i));
    inner.lambdas.push_back({variable.name_parts().empty() ? "" : variable.name_parts(0), values[i]});
  }
  // One level a call, however many parameters, so that names inside differ.
  return {std::vector<Sql>(parameters.begin(), parameters.begin() + static_cast<std::ptrdiff_t>(count)),
          TranslateExpression(lambda.function(), inner)};
}

/// The lambda over an array's elements, with the 0-based position as a second parameter.
Lambda OverElements(const FunctionCall& call, const Typed& array) {
  const size_t depth = call.scope().lambdas.size();
  const std::vector<Sql> parameters{LambdaParameter(depth, 0), LambdaParameter(depth, 1)};
  return TranslateLambda(call, 1,
                         {{parameters[0], array.type.element(), array.type.contains_null()},
                          {Template("CAST($1 - 1 AS INTEGER)", {parameters[1]}), kInt, false}},
                         parameters);
}

Sql Apply(const char* function, const Typed& array, const Lambda& lambda) {
  return Concat({Token(function), Token("("), array.sql, Token(", lambda "), Join(lambda.parameters, ", "), Token(": "),
                 lambda.body.sql, Token(")")});
}

Typed Transform(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed array = ArrayArgument(call);
  const Lambda lambda = OverElements(call, array);
  return {Apply("list_transform", array, lambda), DataType::Array(lambda.body.type, lambda.body.nullable),
          array.nullable};
}

Typed Filter(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed array = ArrayArgument(call);
  Lambda lambda = OverElements(call, array);
  lambda.body = Coerce(lambda.body, kBoolean, call.scope());
  return {Apply("list_filter", array, lambda), array.type, array.nullable};
}

/// exists and forall, in three-valued logic.
Typed Quantify(const FunctionCall& call, const char* sql) {
  call.Expect(2, 2);
  const Typed array = ArrayArgument(call);
  Lambda lambda = OverElements(call, array);
  lambda.body = Coerce(lambda.body, kBoolean, call.scope());
  return {Template(sql, {Apply("list_transform", array, lambda)}), kBoolean, array.nullable || lambda.body.nullable};
}

Typed Exists(const FunctionCall& call) {
  return Quantify(call, "spark_exists($1)");
}
Typed ForAll(const FunctionCall& call) {
  return Quantify(call, "spark_for_all($1)");
}

Typed Aggregate(const FunctionCall& call) {
  call.Expect(3, 4);
  const Typed array = ArrayArgument(call);
  const Typed start = call.Argument(1);
  const size_t depth = call.scope().lambdas.size();
  const std::vector<Sql> parameters{LambdaParameter(depth, 0), LambdaParameter(depth, 1)};
  Lambda merge = TranslateLambda(
      call, 2, {{parameters[0], start.type, true}, {parameters[1], array.type.element(), array.type.contains_null()}},
      parameters);
  if (merge.parameters.size() != 2) RefuseFeature("a merge function of other than two parameters");
  merge.body = Coerce(merge.body, start.type, call.scope());
  const Sql folded = Concat({Token("list_reduce("), array.sql, Token(", lambda "), Join(merge.parameters, ", "),
                             Token(": "), merge.body.sql, Token(", "), start.sql, Token(")")});
  if (call.size() == 3) return {folded, start.type, true};
  const Lambda finish = TranslateLambda(call, 3, {{parameters[0], start.type, true}}, parameters);
  return {Template("list_extract(list_transform(list_value($1), lambda $2: $3), 1)",
                   {folded, parameters[0], finish.body.sql}),
          finish.body.type, true};
}

/// A lambda over a map's entries.
Lambda OverEntries(const FunctionCall& call, const Typed& map, const Sql& entry) {
  return TranslateLambda(call, 1,
                         {{Template("$1.key", {entry}), map.type.key(), false},
                          {Template("$1.value", {entry}), map.type.value(), map.type.contains_null()}},
                         {entry, entry});
}

Typed TransformMap(const FunctionCall& call, bool keys) {
  call.Expect(2, 2);
  const Typed map = CoerceTo('m', call.Argument(0), call.scope(), call.name(), 1);
  const Sql entry = LambdaParameter(call.scope().lambdas.size(), 0);
  const Lambda lambda = OverEntries(call, map, entry);
  const char* sql =
      keys ? "map_from_entries(list_transform(map_entries($1), lambda $2: struct_pack(key := $3, value := $2.value)))"
           : "map_from_entries(list_transform(map_entries($1), lambda $2: struct_pack(key := $2.key, value := $3)))";
  const DataType type = keys ? DataType::Map(lambda.body.type, map.type.value(), map.type.contains_null())
                             : DataType::Map(map.type.key(), lambda.body.type, lambda.body.nullable);
  return {Template(sql, {map.sql, entry, lambda.body.sql}), type, map.nullable};
}

Typed TransformKeys(const FunctionCall& call) {
  return TransformMap(call, true);
}
Typed TransformValues(const FunctionCall& call) {
  return TransformMap(call, false);
}

Typed MapFilter(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed map = CoerceTo('m', call.Argument(0), call.scope(), call.name(), 1);
  const Sql entry = LambdaParameter(call.scope().lambdas.size(), 0);
  const Lambda lambda = OverEntries(call, map, entry);
  return {Template("map_from_entries(list_filter(map_entries($1), lambda $2: $3))", {map.sql, entry, lambda.body.sql}),
          map.type, map.nullable};
}

Typed MapContainsKey(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed map = CoerceTo('m', call.Argument(0), call.scope(), call.name(), 1);
  const Typed key = Coerce(call.Argument(1), map.type.key(), call.scope());
  return {Template("list_contains(map_keys($1), $2)", {map.sql, key.sql}), kBoolean, map.nullable || key.nullable};
}

constexpr SpecialFunction kSpecials[] = {
    {"array", ArrayOf},
    {"struct", StructOf},
    {"named_struct", NamedStruct},
    {"map", MapOf},
    {"map_from_arrays", MapFromArrays},
    {"map_from_entries", MapFromEntries},
    {"map_entries", MapEntries},
    {"map_keys", MapKeys},
    {"map_values", MapValues},
    {"map_filter", MapFilter},
    {"map_contains_key", MapContainsKey},
    {"tb_sort_map", SortMap},
    {"size", Size},
    {"cardinality", Size},
    {"array_size", Size},
    {"element_at", ElementAt},
    {"try_element_at", TryElementAt},
    {"get", Get},
    {"array_contains", ArrayContains},
    {"array_position", ArrayPosition},
    {"array_remove", ArrayRemove},
    {"sort_array", SortArray},
    {"array_sort", ArraySort},
    {"array_distinct", ArrayDistinct},
    {"array_compact", ArrayCompact},
    {"array_join", ArrayJoin},
    {"array_max", ArrayMax},
    {"array_min", ArrayMin},
    {"slice", Slice},
    {"flatten", Flatten},
    {"transform", Transform},
    {"filter", Filter},
    {"exists", Exists},
    {"forall", ForAll},
    {"aggregate", Aggregate},
    {"reduce", Aggregate},
    {"transform_keys", TransformKeys},
    {"transform_values", TransformValues},
};

}  // namespace

FunctionGroup CollectionFunctions() {
  return {FunctionKind::kScalar, {}, kSpecials};
}

}  // namespace tinderbox::engine
