// Comparison, logic and arithmetic: functions that SQL writes as operators.
#include <array>

#include "engine/functions/function.h"
#include "engine/translate/casts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr TypeKind kLong = TypeKind::kLong;
constexpr TypeKind kDouble = TypeKind::kDouble;

void RefuseMaps(const FunctionCall& call, const DataType& type) {
  if (type.kind() == TypeKind::kMap) {
    throw Error("DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
                "Cannot compare maps with `" + call.name() + "`: compare map_entries.",
                {{"functionName", call.name()}, {"dataType", type.Sql()}});
  }
}

Typed Compare(const FunctionCall& call, const char* sql) {
  call.Expect(2, 2);
  std::vector<Typed> sides = call.Arguments();
  RefuseMaps(call, CoerceAll(sides, call.scope(), call.name()));
  return {Template(sql, {sides[0].sql, sides[1].sql}), DataType(TypeKind::kBoolean),
          sides[0].nullable || sides[1].nullable};
}

Typed Equal(const FunctionCall& call) {
  return Compare(call, "($1 = $2)");
}
Typed NotEqual(const FunctionCall& call) {
  return Compare(call, "($1 <> $2)");
}
Typed Less(const FunctionCall& call) {
  return Compare(call, "($1 < $2)");
}
Typed LessOrEqual(const FunctionCall& call) {
  return Compare(call, "($1 <= $2)");
}
Typed Greater(const FunctionCall& call) {
  return Compare(call, "($1 > $2)");
}
Typed GreaterOrEqual(const FunctionCall& call) {
  return Compare(call, "($1 >= $2)");
}
Typed NullSafeEqual(const FunctionCall& call) {
  Typed out = Compare(call, "($1 IS NOT DISTINCT FROM $2)");
  out.nullable = false;
  return out;
}

/// Long chains lean to one side, as deep as they are long: they are walked, not recursed into.
Typed Chain(const FunctionCall& call, const char* separator) {
  call.Expect(2, 2);
  std::vector<const proto::Expression*> operands{&call.ArgumentProto(1)};
  const proto::Expression* left = &call.ArgumentProto(0);
  while (left->has_unresolved_function() && left->unresolved_function().function_name() == call.name() &&
         left->unresolved_function().arguments_size() == 2) {
    operands.push_back(&left->unresolved_function().arguments(1));
    left = &left->unresolved_function().arguments(0);
  }
  operands.push_back(left);
  std::vector<Sql> parts;
  bool nullable = false;
  for (auto it = operands.rbegin(); it != operands.rend(); ++it) {
    const Typed operand =
        CoerceTo('b', TranslateExpression(**it, call.scope()), call.scope(), call.name(), parts.size() + 1);
    nullable |= operand.nullable;
    parts.push_back(operand.sql);
  }
  return {Template("($1)", {Join(parts, separator)}), DataType(TypeKind::kBoolean), nullable};
}

Typed And(const FunctionCall& call) {
  return Chain(call, " AND ");
}
Typed Or(const FunctionCall& call) {
  return Chain(call, " OR ");
}

Typed In(const FunctionCall& call) {
  call.Expect(2, SIZE_MAX);
  std::vector<Typed> values = call.Arguments();
  RefuseMaps(call, CoerceAll(values, call.scope(), call.name()));
  std::vector<Sql> list;
  bool nullable = false;
  for (const Typed& value : values) {
    list.push_back(value.sql);
    nullable |= value.nullable;
  }
  return {Template("($1 IN ($2*))", list), DataType(TypeKind::kBoolean), nullable};
}

Typed Between(const FunctionCall& call) {
  call.Expect(3, 3);
  std::vector<Typed> values = call.Arguments();
  RefuseMaps(call, CoerceAll(values, call.scope(), call.name()));
  const bool nullable = values[0].nullable || values[1].nullable || values[2].nullable;
  return {Template("($1 BETWEEN $2 AND $3)", {values[0].sql, values[1].sql, values[2].sql}),
          DataType(TypeKind::kBoolean), nullable};
}

/// The operands of + - * / % div after Spark's coercion.
struct Operands {
  Typed left;
  Typed right;
  bool decimal = false;
};

/// A whole-number literal beside a decimal is as narrow as its digits.
Typed AsDecimal(const FunctionCall& call, size_t i, const Typed& value) {
  if (value.type.kind() == TypeKind::kDecimal) return value;
  DataType type = DecimalOf(value.type);
  if (call.IsLiteral(i)) {
    int digits = 1;
    for (int64_t rest = call.LiteralInteger(i) / 10; rest != 0; rest /= 10) ++digits;
    type = DataType::Decimal(digits, 0);
  }
  return Coerce(value, type, call.scope());
}

Operands Numbers(const FunctionCall& call, const Typed& left_in, const Typed& right_in) {
  Operands out{left_in, right_in};
  const auto is_number = [&](size_t i, const Typed& value) {
    if (!value.type.IsNumeric() && value.type.kind() != TypeKind::kString && value.type.kind() != TypeKind::kNull) {
      call.RefuseArgument(i, "NUMERIC", value.type);
    }
  };
  is_number(0, left_in);
  is_number(1, right_in);
  const auto text = [](const Typed& value) { return value.type.kind() == TypeKind::kString; };
  if (text(left_in) && text(right_in)) {
    out.left = Coerce(left_in, DataType(kDouble), call.scope());
    out.right = Coerce(right_in, DataType(kDouble), call.scope());
    return out;
  }
  const DataType common = CommonType(left_in.type, right_in.type);
  if (common.kind() == TypeKind::kNull) {
    out.left = NullOf(DataType(kDouble));
    out.right = NullOf(DataType(kDouble));
  } else if (common.kind() == TypeKind::kDecimal && left_in.type.kind() != TypeKind::kNull &&
             right_in.type.kind() != TypeKind::kNull) {
    out.decimal = true;
    out.left = AsDecimal(call, 0, left_in);
    out.right = AsDecimal(call, 1, right_in);
  } else {
    out.decimal = common.kind() == TypeKind::kDecimal;
    out.left = Coerce(left_in, common, call.scope());
    out.right = Coerce(right_in, common, call.scope());
  }
  return out;
}

Operands Numbers(const FunctionCall& call) {
  call.Expect(2, 2);
  return Numbers(call, call.Argument(0), call.Argument(1));
}

/// An exact decimal operation with Spark's result type; `plain` is DuckDB's operator when it gives the exact digits,
/// else null.
Typed DecimalOperation(const Operands& operands, const DataType& type, const char* plain, const char* native) {
  const bool nullable = operands.left.nullable || operands.right.nullable;
  const std::vector<Sql> sides{operands.left.sql, operands.right.sql};
  if (plain != nullptr) return {CastTo(Template(plain, sides), type), type, nullable};
  const Sql digits = Call(native, {sides[0], sides[1], IntegerLiteral(type.scale())});
  return {FromUnscaled(digits, type, false), type, nullable};
}

Typed AddDecimals(const Operands& operands, const char* plain, const char* native) {
  const DataType& a = operands.left.type;
  const DataType& b = operands.right.type;
  const int scale = std::max(a.scale(), b.scale());
  const int precision = std::max(a.precision() - a.scale(), b.precision() - b.scale()) + scale + 1;
  return DecimalOperation(operands, AdjustedDecimal(precision, scale), precision <= 38 ? plain : nullptr, native);
}

/// date ± days, date ± interval, timestamp ± interval. Nullopt when no side is a date or a time.
std::optional<Typed> MoveTime(const FunctionCall& call, const Typed& left, const Typed& right, bool subtract) {
  const Scope& scope = call.scope();
  const bool nullable = left.nullable || right.nullable;
  if (IsInterval(left.type) && IsInterval(right.type) && left.type.kind() == right.type.kind()) {
    return Typed{Template(subtract ? "($1 - $2)" : "($1 + $2)", {left.sql, right.sql}), left.type, nullable};
  }
  if (IsDateOrTime(right.type) && !IsDateOrTime(left.type) && !subtract) return MoveTime(call, right, left, false);
  if (!IsDateOrTime(left.type)) return std::nullopt;
  const Sql sign = IntegerLiteral(subtract ? -1 : 1);
  if (IsDateOrTime(right.type)) {
    if (!subtract) RefuseTypes("+", left.type, right.type);
    if (left.type.kind() == TypeKind::kDate && right.type.kind() == TypeKind::kDate) {
      return Typed{Template("(CAST($1 - $2 AS BIGINT) * CAST(86400000000 AS BIGINT))", {left.sql, right.sql}),
                   DataType(TypeKind::kDayTimeInterval), nullable};
    }
    const DataType common = CommonType(left.type, right.type);
    return Typed{
        Template("(epoch_us($1) - epoch_us($2))", {Coerce(left, common, scope).sql, Coerce(right, common, scope).sql}),
        DataType(TypeKind::kDayTimeInterval), nullable};
  }
  if (left.type.kind() == TypeKind::kDate && (right.type.IsIntegral() || right.type.kind() == TypeKind::kNull)) {
    if (right.type.kind() == kLong) call.RefuseArgument(1, "INT", right.type);
    const Sql days = Coerce(right, DataType(TypeKind::kInteger), scope).sql;
    return Typed{Template(subtract ? "($1 - $2)" : "($1 + $2)", {left.sql, days}), left.type, nullable};
  }
  if (right.type.kind() == TypeKind::kYearMonthInterval) {
    const Sql months = Template("to_months(CAST($1 * $2 AS INTEGER))", {right.sql, sign});
    if (left.type.kind() == TypeKind::kTimestamp) {
      return Typed{FromLocalTime(Template("($1 + $2)", {ToLocalTime(left.sql, scope), months}), scope), left.type,
                   nullable};
    }
    return Typed{CastTo(Template("($1 + $2)", {left.sql, months}), left.type), left.type, nullable};
  }
  if (right.type.kind() == TypeKind::kDayTimeInterval) {
    Typed start = left;
    if (left.type.kind() == TypeKind::kDate) {
      // Only an interval whose type has nothing below days leaves a date a date.
      for (size_t i = 0; i < call.size(); ++i) {
        const auto& literal = call.ArgumentProto(i).literal();
        if (!literal.has_day_time_interval() || !literal.data_type().day_time_interval().has_end_field() ||
            literal.data_type().day_time_interval().end_field() != 0) {
          continue;
        }
        const int64_t days = literal.day_time_interval() / 86400000000 * (subtract ? -1 : 1);
        return Typed{Template("($1 + CAST($2 AS INTEGER))", {left.sql, IntegerLiteral(days)}), left.type, nullable};
      }
      start = Coerce(left, DataType(TypeKind::kTimestamp), scope);
    }
    const char* make = start.type.kind() == TypeKind::kTimestamp ? "make_timestamptz" : "make_timestamp";
    return Typed{Call(make, {Template("(epoch_us($1) + $2 * $3)", {start.sql, right.sql, sign})}), start.type,
                 nullable};
  }
  RefuseTypes(subtract ? "-" : "+", left.type, right.type);
}

Typed AddOrSubtract(const FunctionCall& call, bool subtract) {
  call.Expect(2, 2);
  const Typed left = call.Argument(0);
  const Typed right = call.Argument(1);
  if (const auto moved = MoveTime(call, left, right, subtract)) return *moved;
  const Operands operands = Numbers(call, left, right);
  const char* plain = subtract ? "($1 - $2)" : "($1 + $2)";
  if (operands.decimal) return AddDecimals(operands, plain, subtract ? "spark_decimal_subtract" : "spark_decimal_add");
  return {Template(plain, {operands.left.sql, operands.right.sql}), operands.left.type,
          operands.left.nullable || operands.right.nullable};
}

Typed Negate(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  if (IsInterval(value.type)) return {Template("(-$1)", {value.sql}), value.type, value.nullable};
  const Typed number = CoerceTo('n', value, call.scope(), call.name(), 1);
  return {Template("(-$1)", {number.sql}), number.type, number.nullable};
}

Typed Add(const FunctionCall& call) {
  call.Expect(1, 2);
  return call.size() == 1 ? CoerceTo('n', call.Argument(0), call.scope(), "+", 1) : AddOrSubtract(call, false);
}
Typed Subtract(const FunctionCall& call) {
  call.Expect(1, 2);
  return call.size() == 1 ? Negate(call) : AddOrSubtract(call, true);
}

Typed Multiply(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed first = call.Argument(0);
  const Typed second = call.Argument(1);
  for (const auto& [interval, factor] : {std::pair{&first, &second}, std::pair{&second, &first}}) {
    if (IsInterval(interval->type) && factor->type.IsIntegral()) {
      return {CastTo(Template("($1 * $2)", {interval->sql, factor->sql}), interval->type), interval->type,
              first.nullable || second.nullable};
    }
  }
  const Operands operands = Numbers(call, first, second);
  if (!operands.decimal) {
    return {Template("($1 * $2)", {operands.left.sql, operands.right.sql}), operands.left.type,
            operands.left.nullable || operands.right.nullable};
  }
  const DataType& a = operands.left.type;
  const DataType& b = operands.right.type;
  const int precision = a.precision() + b.precision() + 1;
  return DecimalOperation(operands, AdjustedDecimal(precision, a.scale() + b.scale()),
                          precision <= 38 ? "($1 * $2)" : nullptr, "spark_decimal_multiply");
}

bool NonZeroLiteral(const FunctionCall& call, size_t i) {
  const auto& argument = call.ArgumentProto(i);
  if (!argument.has_literal()) return false;
  const auto& literal = argument.literal();
  return (literal.has_integer() && literal.integer() != 0) || (literal.has_long_() && literal.long_() != 0) ||
         (literal.has_double_() && literal.double_() != 0);
}

Typed DivideDecimals(const Operands& operands, const char* native) {
  const DataType& a = operands.left.type;
  const DataType& b = operands.right.type;
  const int scale = std::max(6, a.scale() + b.precision() + 1);
  const DataType type = AdjustedDecimal(a.precision() - a.scale() + b.scale() + scale, scale);
  return DecimalOperation(operands, type, nullptr, native);
}

Typed Divide(const FunctionCall& call) {
  Operands operands = Numbers(call);
  if (operands.decimal) return DivideDecimals(operands, "spark_decimal_divide");
  const Typed left = Coerce(operands.left, DataType(kDouble), call.scope());
  const Typed right = Coerce(operands.right, DataType(kDouble), call.scope());
  const char* sql = NonZeroLiteral(call, 1) ? "($1 / $2)" : "spark_divide($1, $2)";
  return {Template(sql, {left.sql, right.sql}), DataType(kDouble), left.nullable || right.nullable};
}

Typed IntegralDivide(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed first = call.Argument(0);
  const Typed second = call.Argument(1);
  const Operands operands = Numbers(call, first, second);
  const bool nullable = operands.left.nullable || operands.right.nullable;
  if (operands.decimal) {
    return {
        CastTo(Call("spark_decimal_div", {operands.left.sql, operands.right.sql, IntegerLiteral(0)}), DataType(kLong)),
        DataType(kLong), nullable};
  }
  if (!operands.left.type.IsIntegral()) {
    if (first.type.kind() == TypeKind::kNull || second.type.kind() == TypeKind::kNull) return NullOf(DataType(kLong));
    call.RefuseArgument(0, "BIGINT", first.type);
  }
  return {Call("spark_div", {Coerce(operands.left, DataType(kLong), call.scope()).sql,
                             Coerce(operands.right, DataType(kLong), call.scope()).sql}),
          DataType(kLong), nullable};
}

Typed Remainder(const FunctionCall& call, const char* integral, const char* floating, const char* decimal) {
  const Operands operands = Numbers(call);
  const bool nullable = operands.left.nullable || operands.right.nullable;
  if (operands.decimal) {
    const DataType& a = operands.left.type;
    const DataType& b = operands.right.type;
    const int scale = std::max(a.scale(), b.scale());
    const DataType type =
        AdjustedDecimal(std::min(a.precision() - a.scale(), b.precision() - b.scale()) + scale, scale);
    return {
        FromUnscaled(Call(decimal, {operands.left.sql, operands.right.sql, IntegerLiteral(type.scale())}), type, false),
        type, nullable};
  }
  const DataType& type = operands.left.type;
  if (type.IsIntegral()) {
    const Sql result = Call(integral, {Coerce(operands.left, DataType(kLong), call.scope()).sql,
                                       Coerce(operands.right, DataType(kLong), call.scope()).sql});
    return {CastTo(result, type), type, nullable};
  }
  const Sql result = Call(floating, {Coerce(operands.left, DataType(kDouble), call.scope()).sql,
                                     Coerce(operands.right, DataType(kDouble), call.scope()).sql});
  return {CastTo(result, type), type, nullable};
}

Typed Modulo(const FunctionCall& call) {
  return Remainder(call, "spark_remainder", "spark_remainder", "spark_decimal_remainder");
}
Typed PositiveModulo(const FunctionCall& call) {
  return Remainder(call, "spark_pmod", "spark_pmod", "spark_decimal_pmod");
}

Typed Bitwise(const FunctionCall& call, const char* sql) {
  call.Expect(2, 2);
  std::vector<Typed> sides{CoerceTo('I', call.Argument(0), call.scope(), call.name(), 1),
                           CoerceTo('I', call.Argument(1), call.scope(), call.name(), 2)};
  const DataType type = CoerceAll(sides, call.scope(), call.name());
  return {CastTo(Template(sql, {sides[0].sql, sides[1].sql}), type), type, sides[0].nullable || sides[1].nullable};
}

Typed BitAnd(const FunctionCall& call) {
  return Bitwise(call, "($1 & $2)");
}
Typed BitOr(const FunctionCall& call) {
  return Bitwise(call, "($1 | $2)");
}
Typed BitXor(const FunctionCall& call) {
  return Bitwise(call, "xor($1, $2)");
}

/// a = b where one is a whole number or decimal and the other floating, neither rounded for it.
Typed ExactlyEqual(const FunctionCall& call) {
  call.Expect(2, 2);
  Typed left = call.Argument(0);
  Typed right = call.Argument(1);
  const auto floating = [](const Typed& value) {
    return value.type.kind() == TypeKind::kFloat || value.type.kind() == kDouble;
  };
  if (!left.type.IsNumeric()) call.RefuseArgument(0, "NUMERIC", left.type);
  if (!right.type.IsNumeric()) call.RefuseArgument(1, "NUMERIC", right.type);
  if (floating(left) == floating(right)) return Equal(call);
  if (floating(left)) std::swap(left, right);
  return {Call("spark_exact_equal", {left.sql, Coerce(right, DataType(kDouble), call.scope()).sql}),
          DataType(TypeKind::kBoolean), left.nullable || right.nullable};
}

/// try_add and its like: NULL where the plain function fails. DuckDB's TRY catches per row what is inside.
Typed Tolerant(const FunctionCall& call, Typed (*translate)(const FunctionCall&)) {
  Typed out = translate(call);
  return {Call("TRY", {out.sql}), out.type, true};
}

Typed TryAdd(const FunctionCall& call) {
  return Tolerant(call, Add);
}
Typed TrySubtract(const FunctionCall& call) {
  return Tolerant(call, Subtract);
}
Typed TryMultiply(const FunctionCall& call) {
  return Tolerant(call, Multiply);
}
Typed TryDivide(const FunctionCall& call) {
  return Tolerant(call, Divide);
}
Typed TryModulo(const FunctionCall& call) {
  return Tolerant(call, Modulo);
}

constexpr Function kFunctions[] = {
    {"not", "b", "boolean", Nulls::kAny, "(NOT $1)"},
    {"!", "b", "boolean", Nulls::kAny, "(NOT $1)"},
    {"isnull", ".", "boolean", Nulls::kNever, "($1 IS NULL)"},
    {"isnotnull", ".", "boolean", Nulls::kNever, "($1 IS NOT NULL)"},
    {"~", "I", "$1", Nulls::kAny, "(~$1)"},
};

constexpr SpecialFunction kSpecials[] = {
    {"=", Equal},
    {"==", Equal},
    {"!=", NotEqual},
    {"<>", NotEqual},
    {"<", Less},
    {"<=", LessOrEqual},
    {">", Greater},
    {">=", GreaterOrEqual},
    {"<=>", NullSafeEqual},
    {"equal_null", NullSafeEqual},
    {"and", And},
    {"or", Or},
    {"in", In},
    {"between", Between},
    {"+", Add},
    {"-", Subtract},
    {"negative", Negate},
    {"*", Multiply},
    {"/", Divide},
    {"div", IntegralDivide},
    {"%", Modulo},
    {"mod", Modulo},
    {"pmod", PositiveModulo},
    {"&", BitAnd},
    {"|", BitOr},
    {"^", BitXor},
    {"try_add", TryAdd},
    {"try_subtract", TrySubtract},
    {"try_multiply", TryMultiply},
    {"try_divide", TryDivide},
    {"try_mod", TryModulo},
    {"tb_exact_equal", ExactlyEqual},
};

}  // namespace

FunctionGroup OperatorFunctions() {
  return {FunctionKind::kScalar, kFunctions, kSpecials};
}

}  // namespace tinderbox::engine
