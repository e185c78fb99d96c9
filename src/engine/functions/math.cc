#include <algorithm>
#include <string_view>

#include "engine/functions/function.h"
#include "engine/functions/native_math.h"
#include "engine/translate/casts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "engine/translate/refusals.h"

namespace tinderbox::engine {

namespace {

const DataType kLong(TypeKind::kLong);
const DataType kInt(TypeKind::kInteger);
const DataType kDouble(TypeKind::kDouble);

Sql BooleanLiteral(bool value) {
  return Token(value ? "TRUE" : "FALSE");
}

int WidthOf(const DataType& integral) {
  switch (integral.kind()) {
    case TypeKind::kByte:
      return 8;
    case TypeKind::kShort:
      return 16;
    case TypeKind::kInteger:
      return 32;
    default:
      return 64;
  }
}

Typed Number(const FunctionCall& call, size_t i) {
  return CoerceTo('n', call.Argument(i), call.scope(), call.name(), i + 1);
}

/// sqrt, ln, sin, …: one native function for all, told apart by a number.
Typed Real(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = CoerceTo('d', call.Argument(0), call.scope(), call.name(), 1);
  return {Call("spark_real", {IntegerLiteral(RealFunctionIndex(call.name())), value.sql}), kDouble, true};
}

Typed Log(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed first = CoerceTo('d', call.Argument(0), call.scope(), call.name(), 1);
  const Sql ln = IntegerLiteral(RealFunctionIndex("ln"));
  if (call.size() == 1) return {Call("spark_real", {ln, first.sql}), kDouble, true};
  const Typed second = CoerceTo('d', call.Argument(1), call.scope(), call.name(), 2);
  return {Call("spark_log", {first.sql, second.sql}), kDouble, true};
}

Typed Absolute(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  if (IsInterval(value.type)) return {Call("abs", {value.sql}), value.type, value.nullable};
  const Typed number = Number(call, 0);
  const bool wraps = number.type.IsIntegral() && !call.scope().ansi;
  return {Call(wraps ? "spark_wrap_abs" : "abs", {number.sql}), number.type, number.nullable};
}

/// How a number is rounded; the native functions know them by these numbers.
enum class Rounding { kHalfUp, kHalfEven, kFloor, kCeiling };

Sql RoundedDecimal(const Typed& value, int64_t scale, Rounding rounding, const DataType& type) {
  const Sql digits =
      Call("spark_round_decimal", {value.sql, IntegerLiteral(scale), IntegerLiteral(static_cast<int>(rounding))});
  return FromUnscaled(digits, type, false);
}

/// The type of a decimal rounded at 10^-scale.
DataType RoundedType(const DataType& decimal, int64_t scale) {
  const int whole = decimal.precision() - decimal.scale() + 1;
  if (scale < 0) return DataType::Decimal(std::min(38, std::max(whole, static_cast<int>(-scale) + 1)), 0);
  const int places = std::min(decimal.scale(), static_cast<int>(scale));
  return DataType::Decimal(std::min(38, whole + places), places);
}

/// floor and ceil.
Typed ToWhole(const FunctionCall& call, const char* native, Rounding rounding) {
  call.Expect(1, 2);
  Typed value = Number(call, 0);
  if (call.size() == 1) {
    if (value.type.IsIntegral()) {
      const Typed wide = Coerce(value, kLong, call.scope());
      return {wide.sql, kLong, true};
    }
    if (value.type.kind() == TypeKind::kDecimal) {
      const DataType type = BoundedDecimal(value.type.precision() - value.type.scale() + 1, 0);
      return {RoundedDecimal(value, 0, rounding, type), type, true};
    }
    return {Call(native, {Coerce(value, kDouble, call.scope()).sql}), kLong, true};
  }
  // With a scale all numbers are decimals.
  const int64_t scale = call.LiteralInteger(1);
  if (scale > 38 || scale < -38) RefuseFeature("rounding to more than 38 digits");
  if (value.type.IsIntegral()) value = Coerce(value, DecimalOf(value.type), call.scope());
  if (value.type.kind() == TypeKind::kFloat) value = Coerce(value, DataType::Decimal(14, 7), call.scope());
  if (value.type.kind() == TypeKind::kDouble) value = Coerce(value, DataType::Decimal(30, 15), call.scope());
  const DataType type = RoundedType(value.type, scale);
  return {RoundedDecimal(value, scale, rounding, type), type, true};
}

Typed Floor(const FunctionCall& call) {
  return ToWhole(call, "spark_floor", Rounding::kFloor);
}
Typed Ceiling(const FunctionCall& call) {
  return ToWhole(call, "spark_ceil", Rounding::kCeiling);
}

Typed RoundAs(const FunctionCall& call, bool half_even) {
  call.Expect(1, 2);
  const Typed value = Number(call, 0);
  const int64_t scale = call.size() > 1 ? call.LiteralInteger(1) : 0;
  const Sql even = half_even ? Token("TRUE") : Token("FALSE");
  if (scale > 1000 || scale < -1000) RefuseFeature("rounding to more than 1000 digits");
  if (value.type.IsIntegral()) {
    if (scale >= 0) return {value.sql, value.type, true};
    const Sql rounded =
        Call("spark_round", {Coerce(value, kLong, call.scope()).sql, IntegerLiteral(scale), even,
                             CastTo(IntegerLiteral(WidthOf(value.type)), kInt), BooleanLiteral(!call.scope().ansi)});
    return {CastTo(rounded, value.type), value.type, true};
  }
  if (value.type.kind() == TypeKind::kDecimal) {
    const DataType type = RoundedType(value.type, scale);
    return {
        RoundedDecimal(value, std::min<int64_t>(scale, 38), half_even ? Rounding::kHalfEven : Rounding::kHalfUp, type),
        type, true};
  }
  const Sql rounded = Call("spark_round", {Coerce(value, kDouble, call.scope()).sql, IntegerLiteral(scale), even});
  return {CastTo(rounded, value.type), value.type, true};
}

Typed Round(const FunctionCall& call) {
  return RoundAs(call, false);
}
Typed RoundHalfEven(const FunctionCall& call) {
  return RoundAs(call, true);
}

/// The base of a bit position or of its value.
Typed BitGet(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed value = CoerceTo('I', call.Argument(0), call.scope(), call.name(), 1);
  const Typed position = call.Argument(1, kInt);
  return {Call("spark_bit_get", {Coerce(value, kLong, call.scope()).sql, position.sql,
                                 CastTo(IntegerLiteral(WidthOf(value.type)), kInt)}),
          DataType(TypeKind::kByte), value.nullable || position.nullable};
}

Typed BitCount(const FunctionCall& call) {
  call.Expect(1, 1);
  Typed value = call.Argument(0);
  if (value.type.kind() != TypeKind::kBoolean) value = CoerceTo('I', value, call.scope(), call.name(), 1);
  const Sql wide = CastTo(value.type.kind() == TypeKind::kBoolean ? CastTo(value.sql, kInt) : value.sql, kLong);
  return {Template("CAST(bit_count($1) AS INTEGER)", {wide}), kInt, value.nullable};
}

/// signum also of an interval.
Typed Sign(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  const Sql number =
      IsInterval(value.type) ? CastTo(value.sql, kDouble) : CoerceTo('d', value, call.scope(), call.name(), 1).sql;
  return {Call("spark_real", {IntegerLiteral(RealFunctionIndex(call.name())), number}), kDouble, true};
}

Typed WidthBucket(const FunctionCall& call) {
  call.Expect(4, 4);
  std::vector<Sql> parts;
  for (size_t i = 0; i < 3; ++i) {
    const Typed value = call.Argument(i);
    parts.push_back(IsInterval(value.type) ? CastTo(value.sql, kDouble)
                                           : CoerceTo('d', value, call.scope(), call.name(), i + 1).sql);
  }
  parts.push_back(call.Argument(3, kLong).sql);
  return {Call("spark_width_bucket", parts), kLong, true};
}

Typed Convert(const FunctionCall& call) {
  call.Expect(3, 3);
  return {
      Call("spark_conv", {CoerceTo('s', call.Argument(0), call.scope(), call.name(), 1).sql, call.Argument(1, kInt).sql,
                          call.Argument(2, kInt).sql, BooleanLiteral(!call.scope().ansi)}),
      DataType(TypeKind::kString), true};
}

Typed Shift(const FunctionCall& call) {
  call.Expect(2, 2);
  Typed value = CoerceTo('I', call.Argument(0), call.scope(), call.name(), 1);
  if (value.type.kind() != TypeKind::kLong) value = Coerce(value, kInt, call.scope());
  const Typed by = call.Argument(1, kInt);
  // By the name the direction: "<<" is shiftleft, ">>" shiftright, ">>>" shiftrightunsigned.
  const auto is = [&](const char* name) { return SameName(call.name(), name, false); };
  const int64_t kind = is("shiftleft") || is("<<") ? 0 : is("shiftright") || is(">>") ? 1 : 2;
  return {Call("spark_shift", {value.sql, by.sql, IntegerLiteral(kind)}), value.type, value.nullable || by.nullable};
}

constexpr Function kFunctions[] = {
    {"pi", "", "double", Nulls::kNever, "CAST('3.141592653589793' AS DOUBLE)"},
    {"e", "", "double", Nulls::kNever, "CAST('2.718281828459045' AS DOUBLE)"},
    {"pow", "dd", "double", Nulls::kAny, "spark_pow($1, $2)"},
    {"power", "dd", "double", Nulls::kAny, "spark_pow($1, $2)"},
    {"atan2", "dd", "double", Nulls::kAny, "spark_atan2($1, $2)"},
    {"hypot", "dd", "double", Nulls::kAny, "spark_hypot($1, $2)"},
    {"factorial", "i", "bigint", Nulls::kAlways, "spark_factorial($1)"},
    {"bin", "l", "string", Nulls::kAny, "bin($1)"},
};

constexpr SpecialFunction kSpecials[] = {
    {"abs", Absolute},
    {"floor", Floor},
    {"ceil", Ceiling},
    {"ceiling", Ceiling},
    {"round", Round},
    {"bround", RoundHalfEven},
    {"<<", Shift},
    {">>", Shift},
    {">>>", Shift},
    {"log", Log},
    {"shiftleft", Shift},
    {"shiftright", Shift},
    {"shiftrightunsigned", Shift},
    {"sqrt", Real},
    {"cbrt", Real},
    {"exp", Real},
    {"expm1", Real},
    {"ln", Real},
    {"log10", Real},
    {"log2", Real},
    {"log1p", Real},
    {"sin", Real},
    {"cos", Real},
    {"tan", Real},
    {"cot", Real},
    {"sec", Real},
    {"csc", Real},
    {"asin", Real},
    {"acos", Real},
    {"atan", Real},
    {"sinh", Real},
    {"cosh", Real},
    {"tanh", Real},
    {"asinh", Real},
    {"acosh", Real},
    {"atanh", Real},
    {"degrees", Real},
    {"radians", Real},
    {"signum", Sign},
    {"sign", Sign},
    {"rint", Real},
    {"<<", Shift},
    {">>", Shift},
    {">>>", Shift},
    {"bit_get", BitGet},
    {"getbit", BitGet},
    {"bit_count", BitCount},
    {"conv", Convert},
    {"width_bucket", WidthBucket},
};

}  // namespace

FunctionGroup MathFunctions() {
  return {FunctionKind::kScalar, kFunctions, kSpecials};
}

}  // namespace tinderbox::engine
