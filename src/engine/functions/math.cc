#include <algorithm>
#include <string_view>

#include "engine/functions/function.h"
#include "engine/functions/native_math.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"

namespace tinderbox::engine {

namespace {

const DataType kLong(TypeKind::kLong);
const DataType kInt(TypeKind::kInteger);
const DataType kDouble(TypeKind::kDouble);

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
  return {Call("abs", {number.sql}), number.type, number.nullable};
}

/// floor and ceil to a whole number.
Typed ToWhole(const FunctionCall& call, const char* decimal, const char* floating) {
  if (call.size() == 2) RefuseFeature("`" + call.name() + "` with a scale");
  call.Expect(1, 1);
  const Typed value = Number(call, 0);
  if (value.type.IsIntegral()) return Coerce(value, kLong, call.scope());
  if (value.type.kind() == TypeKind::kDecimal) {
    const DataType type = BoundedDecimal(value.type.precision() - value.type.scale() + 1, 0);
    return {CastTo(Call(decimal, {value.sql}), type), type, value.nullable};
  }
  return {Call(floating, {Coerce(value, kDouble, call.scope()).sql}), kLong, value.nullable};
}

Typed Floor(const FunctionCall& call) {
  return ToWhole(call, "floor", "spark_floor");
}
Typed Ceiling(const FunctionCall& call) {
  return ToWhole(call, "ceil", "spark_ceil");
}

Typed RoundAs(const FunctionCall& call, bool half_even) {
  call.Expect(1, 2);
  const Typed value = Number(call, 0);
  const int64_t scale = call.size() > 1 ? call.LiteralInteger(1) : 0;
  const Sql even = half_even ? Token("TRUE") : Token("FALSE");
  if (scale > 1000 || scale < -1000) RefuseFeature("rounding to more than 1000 digits");
  if (value.type.IsIntegral()) {
    if (scale >= 0) return value;
    const Sql rounded = Call("spark_round", {Coerce(value, kLong, call.scope()).sql, IntegerLiteral(scale), even});
    return {CastTo(rounded, value.type), value.type, value.nullable};
  }
  if (value.type.kind() == TypeKind::kDecimal) {
    const int whole = value.type.precision() - value.type.scale() + 1;
    if (scale < 0) {
      const DataType type = BoundedDecimal(std::max(whole, static_cast<int>(-scale) + 1), 0);
      const Sql rounded = Call("spark_round_decimal", {value.sql, IntegerLiteral(scale), even});
      return {CastTo(rounded, type), type, value.nullable};
    }
    const int places = std::min(value.type.scale(), static_cast<int>(scale));
    const DataType type = BoundedDecimal(whole + places, places);
    return {CastTo(value.sql, type), type, value.nullable};
  }
  const Sql rounded = Call("spark_round", {Coerce(value, kDouble, call.scope()).sql, IntegerLiteral(scale), even});
  return {CastTo(rounded, value.type), value.type, value.nullable};
}

Typed Round(const FunctionCall& call) {
  return RoundAs(call, false);
}

Typed RoundHalfEven(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed value = Number(call, 0);
  if (value.type.kind() == TypeKind::kDecimal) RefuseFeature("bround over decimals");
  return RoundAs(call, true);
}

Typed Shift(const FunctionCall& call) {
  call.Expect(2, 2);
  Typed value = CoerceTo('I', call.Argument(0), call.scope(), call.name(), 1);
  if (value.type.kind() != TypeKind::kLong) value = Coerce(value, kInt, call.scope());
  const Typed by = call.Argument(1, kInt);
  const int64_t kind = call.name() == "shiftleft" || call.name() == "<<"    ? 0
                       : call.name() == "shiftright" || call.name() == ">>" ? 1
                                                                            : 2;
  return {Call("spark_shift", {value.sql, by.sql, IntegerLiteral(kind)}), value.type, value.nullable || by.nullable};
}

constexpr Function kFunctions[] = {
    {"positive", "n", "$1", Nulls::kAny, "$1"},
    {"pi", "", "double", Nulls::kNever, "CAST('3.141592653589793' AS DOUBLE)"},
    {"e", "", "double", Nulls::kNever, "CAST('2.718281828459045' AS DOUBLE)"},
    {"pow", "dd", "double", Nulls::kAny, "spark_pow($1, $2)"},
    {"power", "dd", "double", Nulls::kAny, "spark_pow($1, $2)"},
    {"atan2", "dd", "double", Nulls::kAny, "spark_atan2($1, $2)"},
    {"hypot", "dd", "double", Nulls::kAny, "spark_hypot($1, $2)"},
    {"factorial", "i", "bigint", Nulls::kAlways, "spark_factorial($1)"},
    {"bin", "l", "string", Nulls::kAny, "bin($1)"},
    {"bit_count", "l", "int", Nulls::kAny, "CAST(bit_count($1) AS INTEGER)"},
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
    {"signum", Real},
    {"sign", Real},
    {"rint", Real},
};

}  // namespace

FunctionGroup MathFunctions() {
  return {FunctionKind::kScalar, kFunctions, kSpecials};
}

}  // namespace tinderbox::engine
