// The functions of VARIANT.
#include "engine/functions/variants.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/functions/aggregate_parts.h"
#include "engine/functions/family.h"
#include "engine/translate/coercion.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

const DataType kVariant(TypeKind::kVariant);

[[noreturn]] void RefuseCast(const FunctionCall& call, const DataType& from, const DataType& to) {
  const std::string shown = "\"" + call.SqlName() + "\"";
  const std::string source = "\"" + from.Sql() + "\"";
  const std::string target = "\"" + to.Sql() + "\"";
  throw Error("DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION",
              fmt::format("Cannot resolve {} due to data type mismatch: cannot cast {} to {}.", shown, source, target),
              {{"sqlExpr", shown}, {"srcType", source}, {"targetType", target}});
}

/// Argument i, which must be of the type or a bare NULL.
Typed Exact(const FunctionCall& call, size_t i, const DataType& type) {
  const Typed value = call.Argument(i);
  if (value.type.kind() == TypeKind::kNull) return NullOf(type);
  if (value.type != type) call.RefuseArgument(i, type.Sql(), value.type);
  return value;
}

Typed ParseJson(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed json = Exact(call, 0, kStringType);
  return {Call("spark_parse_json", {json.sql}), kVariant, json.nullable};
}

Typed TryParseJson(const FunctionCall& call) {
  call.Expect(1, 1);
  return {Call("spark_try_parse_json", {Exact(call, 0, kStringType).sql}), kVariant, true};
}

Typed Get(const FunctionCall& call, bool tolerant) {
  call.Expect(2, 3);
  const Typed variant = Exact(call, 0, kVariant);
  const Typed path = Exact(call, 1, kStringType);
  const DataType type = call.size() == 3 ? AsNullable(DataType::FromDdl(call.LiteralString(2))) : kVariant;
  if (!FitsVariant(type, true)) RefuseCast(call, kVariant, type);
  const Sql found =
      Call("spark_variant_path", {variant.sql, path.sql, StringLiteral(tolerant ? "try_variant_get" : "variant_get")});
  if (type == kVariant) return {found, type, true};
  return {VariantTo(found, type, call.scope().time_zone, tolerant), type, true};
}

Typed VariantGet(const FunctionCall& call) {
  return Get(call, false);
}
Typed TryVariantGet(const FunctionCall& call) {
  return Get(call, true);
}

/// A question about a variant, to which NULL is answered with no.
Typed Question(const FunctionCall& call, const char* function) {
  call.Expect(1, 1);
  return {Template("COALESCE($1($2), FALSE)", {Token(function), Exact(call, 0, kVariant).sql}), kBooleanType, false};
}

Typed IsVariantNull(const FunctionCall& call) {
  return Question(call, "spark_is_variant_null");
}

Typed IsValidVariant(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed variant = Exact(call, 0, kVariant);
  return {Call("spark_is_valid_variant", {variant.sql}), kBooleanType, variant.nullable};
}

Typed ToVariantObject(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  if (!value.type.IsNested() || !FitsVariant(value.type, true)) RefuseCast(call, value.type, kVariant);
  return {ToVariant(value.sql), kVariant, value.nullable};
}

Typed SchemaOfVariant(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed variant = Exact(call, 0, kVariant);
  return {Call("spark_schema_of_variant", {variant.sql}), kStringType, variant.nullable};
}

Typed SchemaOfVariantAgg(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed variant = Exact(call, 0, kVariant);
  return {Template("COALESCE(spark_merge_variant_types(list(DISTINCT spark_variant_type($1))$2), 'VOID')",
                   {variant.sql, call.suffix()}),
          kStringType, false};
}

constexpr SpecialFunction kScalars[] = {
    {"parse_json", ParseJson},
    {"try_parse_json", TryParseJson},
    {"variant_get", VariantGet},
    {"try_variant_get", TryVariantGet},
    {"tb_variant_field", VariantGet},
    {"is_variant_null", IsVariantNull},
    {"is_valid_variant", IsValidVariant},
    {"to_variant_object", ToVariantObject},
    {"schema_of_variant", SchemaOfVariant},
};

constexpr SpecialFunction kAggregates[] = {
    {"schema_of_variant_agg", SchemaOfVariantAgg},
};

}  // namespace

bool FitsVariant(const DataType& type, bool objects) {
  switch (type.kind()) {
    case TypeKind::kArray:
      return FitsVariant(type.element(), objects);
    case TypeKind::kMap:
      return objects && type.key().kind() == TypeKind::kString && FitsVariant(type.value(), true);
    case TypeKind::kStruct:
      return objects &&
             std::ranges::all_of(type.fields(), [](const StructField& field) { return FitsVariant(field.type, true); });
    case TypeKind::kTime:
    case TypeKind::kYearMonthInterval:
    case TypeKind::kDayTimeInterval:
    case TypeKind::kCalendarInterval:
      return false;
    default:
      return true;
  }
}

Sql ToVariant(const Sql& value) {
  return Call("spark_to_variant", {value});
}

Sql VariantTo(const Sql& variant, const DataType& type, const std::string& time_zone, bool tolerant) {
  FamilyMember member{AsNullable(type), {}, time_zone};
  if (tolerant) member.options["tolerant"] = "true";
  return CallMember("spark_variant_cast", member, variant);
}

FunctionGroup VariantFunctions() {
  return {FunctionKind::kScalar, {}, kScalars};
}

FunctionGroup VariantAggregates() {
  return {FunctionKind::kAggregate, {}, kAggregates};
}

}  // namespace tinderbox::engine
