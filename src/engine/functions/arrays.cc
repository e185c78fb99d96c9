#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "engine/functions/collection_parts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

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

Typed Size(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  const TypeKind kind = value.type.kind();
  if (kind != TypeKind::kMap && kind != TypeKind::kArray && kind != TypeKind::kNull) {
    call.RefuseArgument(0, "(\"ARRAY\" or \"MAP\")", value.type);
  }
  const Sql size = kind == TypeKind::kNull ? Token("CAST(NULL AS INTEGER)")
                                           : Template(kind == TypeKind::kMap ? "CAST(cardinality($1) AS INTEGER)"
                                                                             : "CAST(len($1) AS INTEGER)",
                                                      {value.sql});
  if (call.scope().ansi) return {size, kIntType, value.nullable};
  // Without ANSI rules NULL has the size -1.
  return {Template("COALESCE($1, -1)", {size}), kIntType, false};
}

Typed ArraySize(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed array = ArrayArgument(call);
  return {Template("CAST(len($1) AS INTEGER)", {array.sql}), kIntType, array.nullable};
}

bool IsConstant(const proto::Expression& expression) {
  if (expression.has_alias()) return IsConstant(expression.alias().expr());
  if (expression.has_cast()) return IsConstant(expression.cast().expr());
  if (!expression.has_unresolved_function()) return expression.has_literal();
  return std::ranges::all_of(expression.unresolved_function().arguments(), IsConstant);
}

/// Whether an element may be NULL. `first`: the index of the first one, counted from the end as well unless it is 0;
/// `fails`: an index that is out of range is an error.
bool ElementNullable(const FunctionCall& call, const Typed& array, const Typed& index, int64_t first, bool fails) {
  if (!IsConstant(call.ArgumentProto(1))) {
    return !fails || array.nullable || index.nullable || array.type.contains_null();
  }
  const auto& made = call.ArgumentProto(0).unresolved_function();
  if (!SameName(made.function_name(), "array", false) || !call.IsLiteral(1) || index.nullable) return true;
  int64_t at = call.LiteralInteger(1);
  at = at < 0 && first == 1 ? at + made.arguments_size() : at - first;
  if (at < 0 || at >= made.arguments_size()) return true;
  return TranslateExpression(made.arguments(static_cast<int>(at)), call.scope()).nullable;
}

Typed ElementAtAs(const FunctionCall& call, const char* sql, bool fails) {
  call.Expect(2, 2);
  const Typed value = call.Argument(0);
  if (value.type.kind() == TypeKind::kMap) return ExtractItem(value, call.Argument(1), call.scope());
  const Typed array = ArrayArgument(call);
  const Typed index = call.Argument(1, kIntType);
  return {Bind({array.sql, index.sql}, sql), array.type.element(), ElementNullable(call, array, index, 1, fails)};
}

Typed ElementAt(const FunctionCall& call) {
  const bool fails = call.scope().ansi;
  return ElementAtAs(call,
                     fails ? "list_extract($1, spark_element_index($2, len($1)))"
                           : "list_extract($1, spark_try_element_index($2, len($1)))",
                     fails);
}
Typed TryElementAt(const FunctionCall& call) {
  return ElementAtAs(call, "list_extract($1, spark_try_element_index($2, len($1)))", false);
}

Typed Get(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed array = ArrayArgument(call);
  const Typed index = call.Argument(1, kIntType);
  return {Bind({array.sql, index.sql}, "list_extract($1, CASE WHEN $2 >= 0 THEN CAST($2 AS BIGINT) + 1 END)"),
          array.type.element(), ElementNullable(call, array, index, 0, false)};
}

/// An array and a value of its element type, arguments 0 and `item_position`. Texts and numbers do not meet.
std::pair<Typed, Typed> ArrayAndItem(const FunctionCall& call, size_t item_position = 1) {
  const Typed array = call.Argument(0);
  const Typed item = call.Argument(item_position);
  if (array.type.kind() != TypeKind::kArray) call.RefuseArgument(0, "ARRAY", array.type);
  const DataType& element = array.type.element();
  const bool texts = (element.kind() == TypeKind::kString) != (item.type.kind() == TypeKind::kString) &&
                     item.type.kind() != TypeKind::kNull && element.kind() != TypeKind::kNull;
  const auto common = LeastCommonType(element, item.type);
  if (texts || !common) {
    throw Error("DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES",
                fmt::format("Cannot resolve \"{}\" due to data type mismatch: Input to `{}` should have been \"ARRAY\" "
                            "followed by a value with same element type, but it's [\"{}\", \"{}\"].",
                            call.SqlName(), call.name(), array.type.Sql(), item.type.Sql()),
                {{"functionName", "`" + call.name() + "`"},
                 {"dataType", "\"ARRAY\""},
                 {"leftType", "\"" + array.type.Sql() + "\""},
                 {"rightType", "\"" + item.type.Sql() + "\""},
                 {"sqlExpr", "\"" + call.SqlName() + "\""}});
  }
  return {Coerce(array, DataType::Array(*common, array.type.contains_null()), call.scope()),
          Coerce(item, *common, call.scope())};
}

/// The same where the value must be of a known type.
std::pair<Typed, Typed> ArrayAndKnownItem(const FunctionCall& call) {
  call.Expect(2, 2);
  for (size_t i = 0; i < 2; ++i) {
    if (call.Argument(i).type.kind() != TypeKind::kNull) continue;
    throw Error("DATATYPE_MISMATCH.NULL_TYPE",
                fmt::format("Cannot resolve \"{}\" due to data type mismatch: Null typed values cannot be used as "
                            "arguments of `{}`.",
                            call.SqlName(), call.name()),
                {{"functionName", "`" + call.name() + "`"}, {"sqlExpr", "\"" + call.SqlName() + "\""}});
  }
  const auto found = ArrayAndItem(call);
  RequireOrdered(call, found.first.type.element());
  return found;
}

Typed ArrayContains(const FunctionCall& call) {
  const auto [array, item] = ArrayAndKnownItem(call);
  const bool nullable = array.nullable || item.nullable || array.type.contains_null();
  if (!array.type.contains_null()) {
    return {Template("(spark_item_position($1, $2) > 0)", {array.sql, item.sql}), kBooleanType, nullable};
  }
  return {Bind({array.sql, item.sql},
               "CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL WHEN spark_item_position($1, $2) > 0 THEN TRUE WHEN "
               "list_count($1) < len($1) THEN NULL ELSE FALSE END"),
          kBooleanType, nullable};
}

Typed ArrayPosition(const FunctionCall& call) {
  call.Expect(2, 2);
  const auto [array, item] = ArrayAndItem(call);
  RequireOrdered(call, array.type.element());
  return {Call("spark_item_position", {array.sql, item.sql}), kLongType, array.nullable || item.nullable};
}

Typed ArrayRemove(const FunctionCall& call) {
  call.Expect(2, 2);
  const auto [array, item] = ArrayAndItem(call);
  RequireOrdered(call, array.type.element());
  return {Bind({array.sql, item.sql}, "list_select($1, spark_other_positions($1, $2))"), array.type,
          array.nullable || item.nullable};
}

Typed Extended(const FunctionCall& call, const char* sql) {
  call.Expect(2, 2);
  const auto [array, item] = ArrayAndItem(call);
  const DataType type = DataType::Array(array.type.element(), array.type.contains_null() || item.nullable);
  return {Bind({array.sql, item.sql}, sql), type, array.nullable};
}

Typed ArrayAppend(const FunctionCall& call) {
  return Extended(call, "CASE WHEN $1 IS NULL THEN NULL ELSE list_concat($1, list_value($2)) END");
}
Typed ArrayPrepend(const FunctionCall& call) {
  return Extended(call, "CASE WHEN $1 IS NULL THEN NULL ELSE list_concat(list_value($2), $1) END");
}

Typed ArrayInsert(const FunctionCall& call) {
  call.Expect(3, 3);
  const auto [array, item] = ArrayAndItem(call, 2);
  const Typed raw = call.Argument(1);
  if (!raw.type.IsIntegral()) call.RefuseArgument(1, "INT", raw.type);
  const Typed position = Coerce(raw, kIntType, call.scope());
  const DataType type = DataType::Array(array.type.element(), true);
  // Beyond an end, NULLs fill the gap.
  return {Bind({array.sql, Coerce(position, kLongType, call.scope()).sql, item.sql},
               "CASE WHEN $1 IS NULL OR spark_insert_position($2) IS NULL THEN NULL "
               "WHEN $2 > 0 THEN list_concat(list_resize($1, $2 - 1), list_value($3), list_slice($1, $2, len($1))) "
               "WHEN -$2 <= len($1) + 1 THEN list_concat(list_slice($1, 1, len($1) + $2 + 1), list_value($3), "
               "list_slice($1, len($1) + $2 + 2, len($1))) "
               "ELSE list_concat(list_value($3), list_resize(list_slice($1, 1, 0), -$2 - len($1) - 1), $1) END"),
          type, array.nullable || position.nullable};
}

Typed ArrayRepeat(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed item = call.Argument(0);
  const Typed count = call.Argument(1, kIntType);
  return {Bind({item.sql, count.sql},
               "CASE WHEN $2 IS NULL THEN NULL ELSE list_resize(list_slice(list_value($1), 1, 0), greatest($2, 0), $1) "
               "END"),
          DataType::Array(item.type, item.nullable), count.nullable};
}

Typed SortArray(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed array = ArrayArgument(call);
  RequireOrdered(call, array.type.element());
  const Typed ascending = call.size() < 2 ? Typed{Token("TRUE"), kBooleanType, false} : call.Argument(1, kBooleanType);
  return {Bind({array.sql, ascending.sql}, "list_select($1, spark_sorted_positions($1, $2, $2))"), array.type,
          array.nullable || ascending.nullable};
}

/// An array of numbers in which there is no -0.0, as Spark has it where it looks for equal ones.
Sql WithoutNegativeZero(const Typed& array) {
  const TypeKind kind = array.type.element().kind();
  if (kind != TypeKind::kDouble && kind != TypeKind::kFloat) return array.sql;
  return Template("list_transform($1, lambda item: CASE WHEN item = 0 THEN 0 ELSE item END)", {array.sql});
}

Typed ArrayDistinct(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed array = ArrayArgument(call);
  RequireOrdered(call, array.type.element());
  return {Bind({WithoutNegativeZero(array)}, "list_select($1, spark_distinct_positions($1))"), array.type,
          array.nullable};
}

/// Two arrays of one element type.
std::pair<Typed, Typed> TwoArrays(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed left = call.Argument(0);
  const Typed right = call.Argument(1);
  std::optional<DataType> common;
  if (left.type.kind() == TypeKind::kArray && right.type.kind() == TypeKind::kArray) {
    const bool texts =
        (left.type.element().kind() == TypeKind::kString) != (right.type.element().kind() == TypeKind::kString) &&
        left.type.element().kind() != TypeKind::kNull && right.type.element().kind() != TypeKind::kNull;
    if (!texts) common = LeastCommonType(left.type.element(), right.type.element());
  }
  if (!common) {
    throw Error("DATATYPE_MISMATCH.BINARY_ARRAY_DIFF_TYPES",
                fmt::format("Cannot resolve \"{}\" due to data type mismatch: Input to function `{}` should have been "
                            "two \"ARRAY\" with same element type, but it's [\"{}\", \"{}\"].",
                            call.SqlName(), call.name(), left.type.Sql(), right.type.Sql()),
                {{"functionName", "`" + call.name() + "`"},
                 {"arrayType", "\"ARRAY\""},
                 {"leftType", "\"" + left.type.Sql() + "\""},
                 {"rightType", "\"" + right.type.Sql() + "\""},
                 {"sqlExpr", "\"" + call.SqlName() + "\""}});
  }
  RequireOrdered(call, *common);
  return {Coerce(left, DataType::Array(*common, left.type.contains_null()), call.scope()),
          Coerce(right, DataType::Array(*common, right.type.contains_null()), call.scope())};
}

Typed Combined(const FunctionCall& call, const char* sql, bool (*nulls)(bool, bool)) {
  const auto [left, right] = TwoArrays(call);
  return {Bind({WithoutNegativeZero(left), right.sql}, sql),
          DataType::Array(left.type.element(), nulls(left.type.contains_null(), right.type.contains_null())),
          left.nullable || right.nullable};
}

Typed ArrayUnion(const FunctionCall& call) {
  const auto [left, right] = TwoArrays(call);
  const Sql both =
      Bind({left.sql, right.sql}, "CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL ELSE list_concat($1, $2) END");
  return {Bind({both}, "list_select($1, spark_distinct_positions($1))"),
          DataType::Array(left.type.element(), left.type.contains_null() || right.type.contains_null()),
          left.nullable || right.nullable};
}

Typed ArrayIntersect(const FunctionCall& call) {
  return Combined(call, "list_select($1, spark_common_positions($1, $2))", [](bool a, bool b) { return a && b; });
}
Typed ArrayExcept(const FunctionCall& call) {
  return Combined(call, "list_select($1, spark_except_positions($1, $2))", [](bool a, bool) { return a; });
}

Typed ArraysOverlap(const FunctionCall& call) {
  const auto [left, right] = TwoArrays(call);
  return {Call("spark_arrays_overlap", {left.sql, right.sql}), kBooleanType,
          left.nullable || right.nullable || left.type.contains_null() || right.type.contains_null()};
}

Typed ArraysZip(const FunctionCall& call) {
  call.Expect(1, SIZE_MAX);
  std::vector<Sql> lists;
  std::vector<Sql> missing;
  std::vector<Sql> fields;
  std::vector<StructField> types;
  bool nullable = false;
  for (size_t i = 0; i < call.size(); ++i) {
    Typed list = call.Argument(i);
    if (list.type.kind() == TypeKind::kNull) list = NullOf(DataType::Array(DataType()));
    if (list.type.kind() != TypeKind::kArray) call.RefuseArgument(i, "ARRAY", list.type);
    lists.push_back(list.sql);
    if (list.nullable) missing.push_back(Template("$1 IS NULL", {list.sql}));
    nullable |= list.nullable;
    std::string name = FieldNameOf(call.ArgumentProto(i));
    if (name.empty()) name = std::to_string(i);
    types.push_back({name, list.type.element(), true});
    fields.push_back(Template("$1 := struct_extract($2, $3)",
                              {Ident(name), Ident("zipped"), IntegerLiteral(static_cast<int64_t>(i) + 1)}));
  }
  const DataType type = DataType::Array(DataType::Struct(std::move(types)), false);
  TypeName(type);  // refuses names which the engine cannot keep apart
  const Sql zipped = Template("list_transform($1, lambda $2: $3)",
                              {Call("list_zip", lists), Ident("zipped"), Call("struct_pack", fields)});
  if (missing.empty()) return {zipped, type, false};
  return {Template("(CASE WHEN $1 THEN NULL ELSE $2 END)", {Join(missing, " OR "), zipped}), type, nullable};
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
  const Typed array = Coerce(ArrayArgument(call), DataType::Array(kStringType), call.scope());
  std::vector<Sql> parts{array.sql};
  bool nullable = array.nullable;
  for (size_t i = 1; i < call.size(); ++i) {
    const Typed text = CoerceTo('s', call.Argument(i), call.scope(), call.name(), i + 1);
    parts.push_back(text.sql);
    nullable |= text.nullable;
  }
  return {Call("spark_array_join", parts), kStringType, nullable};
}

Typed Extreme(const FunctionCall& call, const char* sql) {
  call.Expect(1, 1);
  const Typed array = ArrayArgument(call);
  RequireOrdered(call, array.type.element());
  return {Bind({array.sql}, sql), array.type.element(), true};
}

Typed ArrayMax(const FunctionCall& call) {
  return Extreme(call, "list_extract($1, spark_extreme_position($1, TRUE))");
}
Typed ArrayMin(const FunctionCall& call) {
  return Extreme(call, "list_extract($1, spark_extreme_position($1, FALSE))");
}

Typed Slice(const FunctionCall& call) {
  call.Expect(3, 3);
  const Typed array = ArrayArgument(call);
  const Typed start = call.Argument(1, kIntType);
  const Typed length = call.Argument(2, kIntType);
  return {Bind({array.sql, start.sql, length.sql},
               "list_select($1, spark_slice_positions(len($1), CAST($2 AS BIGINT), CAST($3 AS BIGINT)))"),
          array.type, array.nullable || start.nullable || length.nullable};
}

Typed Flatten(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed array = ArrayArgument(call);
  const DataType& inner = array.type.element();
  if (inner.kind() != TypeKind::kArray) call.RefuseArgument(0, "\"ARRAY\" of \"ARRAY\"", array.type);
  if (!array.type.contains_null()) return {Call("flatten", {array.sql}), inner, array.nullable};
  return {Bind({array.sql}, "CASE WHEN list_count($1) < len($1) THEN NULL ELSE flatten($1) END"), inner, true};
}

Typed Shuffle(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed array = ArrayArgument(call);
  const int64_t seed = call.size() == 2 ? call.LiteralInteger(1) : std::random_device()();
  return {
      Bind({array.sql, IntegerLiteral(seed)}, "list_select($1, spark_shuffled_positions(len($1), CAST($2 AS BIGINT)))"),
      array.type, array.nullable};
}

constexpr SpecialFunction kSpecials[] = {
    {"array", ArrayOf},
    {"size", Size},
    {"cardinality", Size},
    {"array_size", ArraySize},
    {"element_at", ElementAt},
    {"try_element_at", TryElementAt},
    {"get", Get},
    {"array_contains", ArrayContains},
    {"array_position", ArrayPosition},
    {"array_remove", ArrayRemove},
    {"array_append", ArrayAppend},
    {"array_prepend", ArrayPrepend},
    {"array_insert", ArrayInsert},
    {"array_repeat", ArrayRepeat},
    {"sort_array", SortArray},
    {"array_distinct", ArrayDistinct},
    {"array_union", ArrayUnion},
    {"array_intersect", ArrayIntersect},
    {"array_except", ArrayExcept},
    {"arrays_overlap", ArraysOverlap},
    {"arrays_zip", ArraysZip},
    {"array_compact", ArrayCompact},
    {"array_join", ArrayJoin},
    {"array_max", ArrayMax},
    {"array_min", ArrayMin},
    {"slice", Slice},
    {"flatten", Flatten},
    {"shuffle", Shuffle},
};

}  // namespace

std::span<const SpecialFunction> ArrayFunctions() {
  return kSpecials;
}

}  // namespace tinderbox::engine
