// + - * / % div and their try_ forms over numbers. Dates, times and intervals are in time_arithmetic.cc.
#include "engine/functions/arithmetic.h"

#include <algorithm>

#include "engine/functions/native_products.h"
#include "engine/places.h"
#include "engine/translate/casts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr TypeKind kLong = TypeKind::kLong;
constexpr TypeKind kDouble = TypeKind::kDouble;

OnOverflow ModeOf(const FunctionCall& call) {
  return call.scope().ansi ? OnOverflow::kFail : OnOverflow::kWrap;
}

/// The operands of + - * / % div after Spark's coercion.
struct Operands {
  Typed left;
  Typed right;
  bool decimal = false;
};

/// A whole-number literal beside a decimal is as narrow as its digits, except for a byte's.
Typed AsDecimal(const FunctionCall& call, size_t i, const Typed& value) {
  if (value.type.kind() == TypeKind::kDecimal) return value;
  DataType type = DecimalOf(value.type);
  if (call.IsLiteral(i) && value.type.kind() != TypeKind::kByte) {
    int digits = 1;
    for (int64_t rest = call.LiteralInteger(i) / 10; rest != 0; rest /= 10) ++digits;
    type = DataType::Decimal(digits, 0);
  }
  return Coerce(value, type, call.scope());
}

Operands Numbers(const FunctionCall& call, Typed left, Typed right) {
  Operands out;
  const auto text = [](const Typed& value) { return value.type.kind() == TypeKind::kString; };
  const auto is_number = [&](const Typed& value) {
    return value.type.IsNumeric() || text(value) || value.type.kind() == TypeKind::kNull;
  };
  const auto refuse_kind = [&](const DataType& type) {
    const std::string shown = "\"" + call.SqlName() + "\"";
    const std::string given = "\"" + type.Sql() + "\"";
    const char* wanted = "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")";
    throw Error("DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE",
                "Cannot resolve " + shown + " due to data type mismatch: the binary operator requires the input type " +
                    wanted + ", not " + given + ".",
                {{"sqlExpr", shown}, {"inputType", wanted}, {"actualDataType", given}});
  };
  if (!is_number(left) && left.type == right.type) refuse_kind(left.type);
  if (!is_number(left) || !is_number(right)) RefuseOperands(call, left.type, right.type);
  if (!call.scope().ansi) {
    if (text(left)) left = Coerce(left, DataType(kDouble), call.scope());
    if (text(right)) right = Coerce(right, DataType(kDouble), call.scope());
  }
  if (text(left) && text(right)) {
    if (!call.name().ends_with("/") && call.name() != "try_divide") refuse_kind(left.type);
    out.left = Coerce(left, DataType(kDouble), call.scope());
    out.right = Coerce(right, DataType(kDouble), call.scope());
    return out;
  }
  const auto common_type = LeastCommonType(left.type, right.type, call.scope().ansi);
  if (!common_type) RefuseOperands(call, left.type, right.type);
  const DataType& common = *common_type;
  if (common.kind() == TypeKind::kNull) {
    out.left = NullOf(DataType(kDouble));
    out.right = NullOf(DataType(kDouble));
  } else if (common.kind() == TypeKind::kDecimal && left.type.kind() != TypeKind::kNull &&
             right.type.kind() != TypeKind::kNull) {
    out.decimal = true;
    out.left = AsDecimal(call, 0, left);
    out.right = AsDecimal(call, 1, right);
  } else {
    out.decimal = common.kind() == TypeKind::kDecimal;
    out.left = Coerce(left, common, call.scope());
    out.right = Coerce(right, common, call.scope());
  }
  return out;
}

/// An exact decimal operation with Spark's result type; `plain` is DuckDB's operator when it gives the exact digits,
/// else null. spark_decimal_NAME and spark_try_decimal_NAME are the native ones.
Typed DecimalOperation(const Operands& operands, const DataType& type, const char* plain, const char* strict,
                       const char* lenient, OnOverflow mode) {
  const bool tolerant = mode != OnOverflow::kFail;
  const bool nullable = operands.left.nullable || operands.right.nullable || tolerant;
  const std::vector<Sql> sides{operands.left.sql, operands.right.sql};
  if (plain != nullptr) return {CastTo(Template(plain, sides), type), type, nullable};
  const Sql digits = Call(tolerant ? lenient : strict, {sides[0], sides[1], IntegerLiteral(type.scale())});
  return {FromUnscaled(digits, type, tolerant), type, nullable};
}

struct WholeOperation {
  const char* plain;
  const char* strict;
  const char* lenient;
  const char* wrapping;
};

Typed WholeOrFloating(const Operands& operands, const WholeOperation& operation, OnOverflow mode) {
  const DataType& type = operands.left.type;
  // Spark does not say where bytes and shorts overflow.
  const bool placed = (type.kind() == kLong || type.kind() == TypeKind::kInteger) && !PlaceMark().empty();
  const char* sql = !type.IsIntegral()          ? operation.plain
                    : mode == OnOverflow::kNull ? operation.lenient
                    : mode == OnOverflow::kWrap ? operation.wrapping
                    : placed                    ? operation.strict
                                                : operation.plain;
  return {Template(sql, {operands.left.sql, operands.right.sql}), type,
          operands.left.nullable || operands.right.nullable || mode == OnOverflow::kNull};
}

Typed AddNumbers(const FunctionCall& call, const Typed& left, const Typed& right, bool subtract, OnOverflow mode) {
  Operands operands = Numbers(call, left, right);
  const char* plain = subtract ? "($1 - $2)" : "($1 + $2)";
  if (!operands.decimal) {
    return WholeOrFloating(operands,
                           {plain, subtract ? "spark_subtract($1, $2)" : "spark_add($1, $2)",
                            subtract ? "spark_try_subtract($1, $2)" : "spark_try_add($1, $2)",
                            subtract ? "spark_wrap_subtract($1, $2)" : "spark_wrap_add($1, $2)"},
                           mode);
  }
  const DataType& a = operands.left.type;
  const DataType& b = operands.right.type;
  const int scale = std::max(a.scale(), b.scale());
  const int precision = std::max(a.precision() - a.scale(), b.precision() - b.scale()) + scale + 1;
  const DataType type = AdjustedDecimal(precision, scale);
  if (precision > 18 && precision <= 38 && std::max(a.precision(), b.precision()) <= 18) {
    // Of two operands of 64 bits DuckDB wants a sum of 64 bits.
    operands.left.sql = CastTo(operands.left.sql, type);
    operands.right.sql = CastTo(operands.right.sql, type);
  }
  return DecimalOperation(operands, type, precision <= 38 ? plain : nullptr,
                          subtract ? "spark_decimal_subtract" : "spark_decimal_add",
                          subtract ? "spark_try_decimal_subtract" : "spark_try_decimal_add", mode);
}

Typed AddOrSubtract(const FunctionCall& call, bool subtract, OnOverflow mode) {
  call.Expect(2, 2);
  const Typed left = call.Argument(0);
  const Typed right = call.Argument(1);
  if (const auto moved = MoveTime(call, left, right, subtract)) {
    if (mode != OnOverflow::kNull) return *moved;
    return {Call("TRY", {moved->sql}), moved->type, true};
  }
  return AddNumbers(call, left, right, subtract, mode);
}

Typed Negate(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  if (value.type.kind() == TypeKind::kCalendarInterval) {
    return {Template("spark_interval_add(spark_interval(0, 0, 0), $1, -1)", {value.sql}), value.type, value.nullable};
  }
  if (IsInterval(value.type)) return {Template("(-$1)", {value.sql}), value.type, value.nullable};
  const Typed number = CoerceTo('n', value, call.scope(), call.name(), 1);
  if (number.type.IsIntegral() && !call.scope().ansi) {
    return {Template("spark_wrap_subtract($1, $2)", {CastTo(IntegerLiteral(0), number.type), number.sql}), number.type,
            number.nullable};
  }
  return {Template("(-$1)", {number.sql}), number.type, number.nullable};
}

Typed Positive(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  if (IsInterval(value.type) || value.type.kind() == TypeKind::kCalendarInterval) return value;
  Typed number = CoerceTo('n', value, call.scope(), call.name(), 1);
  number.sql = Template("(+$1)", {number.sql});  // so that it does not pass for the column alone
  return number;
}

Typed Add(const FunctionCall& call) {
  return call.size() == 1 ? Positive(call) : AddOrSubtract(call, false, ModeOf(call));
}
Typed Subtract(const FunctionCall& call) {
  return call.size() == 1 ? Negate(call) : AddOrSubtract(call, true, ModeOf(call));
}
Typed TryAdd(const FunctionCall& call) {
  return AddOrSubtract(call, false, OnOverflow::kNull);
}
Typed TrySubtract(const FunctionCall& call) {
  return AddOrSubtract(call, true, OnOverflow::kNull);
}

Typed MultiplyAs(const FunctionCall& call, OnOverflow mode) {
  call.Expect(2, 2);
  const Typed first = call.Argument(0);
  const Typed second = call.Argument(1);
  if (const auto scaled = ScaleInterval(call, first, second, false)) {
    if (mode != OnOverflow::kNull) return *scaled;
    return {Call("TRY", {scaled->sql}), scaled->type, true};
  }
  const Operands operands = Numbers(call, first, second);
  if (!operands.decimal) {
    return WholeOrFloating(
        operands, {"($1 * $2)", "spark_multiply($1, $2)", "spark_try_multiply($1, $2)", "spark_wrap_multiply($1, $2)"},
        mode);
  }
  const DataType& a = operands.left.type;
  const DataType& b = operands.right.type;
  const int precision = a.precision() + b.precision() + 1;
  const int scale = a.scale() + b.scale();
  const DataType type = AdjustedDecimal(precision, scale);
  if (precision > 19 && type.scale() == scale && (precision <= 39 || mode == OnOverflow::kFail)) {
    return {DecimalProduct(operands.left.sql, a, operands.right.sql, b, type), type,
            operands.left.nullable || operands.right.nullable || mode != OnOverflow::kFail};
  }
  return DecimalOperation(operands, type, precision <= 19 ? "($1 * $2)" : nullptr, "spark_decimal_multiply",
                          "spark_try_decimal_multiply", mode);
}
Typed Multiply(const FunctionCall& call) {
  return MultiplyAs(call, ModeOf(call));
}
Typed TryMultiply(const FunctionCall& call) {
  return MultiplyAs(call, OnOverflow::kNull);
}

bool NonZeroLiteral(const FunctionCall& call, size_t i) {
  const auto& argument = call.ArgumentProto(i);
  if (!argument.has_literal()) return false;
  const auto& literal = argument.literal();
  return (literal.has_integer() && literal.integer() != 0) || (literal.has_long_() && literal.long_() != 0) ||
         (literal.has_double_() && literal.double_() != 0);
}

Typed DivideAs(const FunctionCall& call, OnOverflow mode) {
  call.Expect(2, 2);
  const Typed first = call.Argument(0);
  const Typed second = call.Argument(1);
  if (const auto scaled = ScaleInterval(call, first, second, true)) {
    if (mode != OnOverflow::kNull) return *scaled;
    return {Call("TRY", {scaled->sql}), scaled->type, true};
  }
  const Operands operands = Numbers(call, first, second);
  if (operands.decimal) {
    const DataType& a = operands.left.type;
    const DataType& b = operands.right.type;
    const int scale = std::max(6, a.scale() + b.precision() + 1);
    const DataType type = AdjustedDecimal(a.precision() - a.scale() + b.scale() + scale, scale);
    Typed out = DecimalOperation(operands, type, nullptr, "spark_decimal_divide", "spark_try_decimal_divide", mode);
    out.nullable = true;
    return out;
  }
  const Typed left = Coerce(operands.left, DataType(kDouble), call.scope());
  const Typed right = Coerce(operands.right, DataType(kDouble), call.scope());
  const char* sql = NonZeroLiteral(call, 1)     ? "($1 / $2)"
                    : mode == OnOverflow::kFail ? "spark_divide($1, $2)"
                                                : "spark_try_divide($1, $2)";
  return {Template(sql, {left.sql, right.sql}), DataType(kDouble), true};
}
Typed Divide(const FunctionCall& call) {
  return DivideAs(call, ModeOf(call));
}
Typed TryDivide(const FunctionCall& call) {
  return DivideAs(call, OnOverflow::kNull);
}

Typed IntegralDivide(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed first = call.Argument(0);
  const Typed second = call.Argument(1);
  const bool tolerant = !call.scope().ansi;
  const char* whole = tolerant ? "spark_try_div" : "spark_div";
  if (IsInterval(first.type) && first.type.kind() == second.type.kind()) {
    return {Call(whole, {CastTo(first.sql, DataType(kLong)), CastTo(second.sql, DataType(kLong))}), DataType(kLong),
            true};
  }
  const Operands operands = Numbers(call, first, second);
  if (operands.decimal) {
    const Sql digits = Call(tolerant ? "spark_try_decimal_div" : "spark_decimal_div",
                            {operands.left.sql, operands.right.sql, IntegerLiteral(0)});
    return {tolerant ? Template("TRY_CAST($1 AS BIGINT)", {digits}) : CastTo(digits, DataType(kLong)), DataType(kLong),
            true};
  }
  if (!operands.left.type.IsIntegral()) {
    if (first.type.kind() == TypeKind::kNull || second.type.kind() == TypeKind::kNull) return NullOf(DataType(kLong));
    if (call.scope().ansi) RefuseOperands(call, first.type, second.type);
  }
  return {Call(whole, {Coerce(operands.left, DataType(kLong), call.scope()).sql,
                       Coerce(operands.right, DataType(kLong), call.scope()).sql}),
          DataType(kLong), true};
}

struct RemainderNames {
  const char* strict;
  const char* lenient;
  const char* strict_decimal;
  const char* lenient_decimal;
};

Typed RemainderAs(const FunctionCall& call, const RemainderNames& names, OnOverflow mode) {
  call.Expect(2, 2);
  const Operands operands = Numbers(call, call.Argument(0), call.Argument(1));
  const bool tolerant = mode != OnOverflow::kFail;
  if (operands.decimal) {
    const DataType& a = operands.left.type;
    const DataType& b = operands.right.type;
    const int scale = std::max(a.scale(), b.scale());
    const DataType type =
        AdjustedDecimal(std::min(a.precision() - a.scale(), b.precision() - b.scale()) + scale, scale);
    const Sql digits = Call(tolerant ? names.lenient_decimal : names.strict_decimal,
                            {operands.left.sql, operands.right.sql, IntegerLiteral(type.scale())});
    return {FromUnscaled(digits, type, false), type, true};
  }
  const DataType& type = operands.left.type;
  const DataType wide(type.IsIntegral() ? kLong : kDouble);
  const Sql result = Call(tolerant ? names.lenient : names.strict, {Coerce(operands.left, wide, call.scope()).sql,
                                                                    Coerce(operands.right, wide, call.scope()).sql});
  return {CastTo(result, type), type, true};
}

constexpr RemainderNames kModulo = {"spark_remainder", "spark_try_remainder", "spark_decimal_remainder",
                                    "spark_try_decimal_remainder"};
constexpr RemainderNames kPositiveModulo = {"spark_pmod", "spark_try_pmod", "spark_decimal_pmod",
                                            "spark_try_decimal_pmod"};

Typed Modulo(const FunctionCall& call) {
  return RemainderAs(call, kModulo, ModeOf(call));
}
Typed TryModulo(const FunctionCall& call) {
  return RemainderAs(call, kModulo, OnOverflow::kNull);
}
Typed PositiveModulo(const FunctionCall& call) {
  return RemainderAs(call, kPositiveModulo, ModeOf(call));
}

constexpr SpecialFunction kSpecials[] = {
    {"+", Add},
    {"positive", Positive},
    {"-", Subtract},
    {"negative", Negate},
    {"*", Multiply},
    {"/", Divide},
    {"div", IntegralDivide},
    {"%", Modulo},
    {"mod", Modulo},
    {"pmod", PositiveModulo},
    {"try_add", TryAdd},
    {"try_subtract", TrySubtract},
    {"try_multiply", TryMultiply},
    {"try_divide", TryDivide},
    {"try_mod", TryModulo},
};

}  // namespace

void RefuseOperands(const FunctionCall& call, const DataType& left, const DataType& right) {
  const std::string shown = "\"" + call.SqlName() + "\"";
  const std::string a = "\"" + left.Sql() + "\"";
  const std::string b = "\"" + right.Sql() + "\"";
  throw Error("DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES",
              "Cannot resolve " + shown + " due to data type mismatch: the left and right operands of the binary " +
                  "operator have incompatible types (" + a + " and " + b + ").",
              {{"sqlExpr", shown}, {"left", a}, {"right", b}});
}

FunctionGroup ArithmeticFunctions() {
  return {FunctionKind::kScalar, {}, kSpecials};
}

}  // namespace tinderbox::engine
