// Comparison, logic and arithmetic: functions that SQL writes as operators.
#include <array>

#include "engine/functions/function.h"
#include "engine/translate/casts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/order_key.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr TypeKind kDouble = TypeKind::kDouble;

void RefuseMaps(const FunctionCall& call, const DataType& type) {
  if (HasOrder(type)) return;
  const std::string shown = "\"" + call.SqlName() + "\"";
  const std::string name = call.name() == "==" ? "`=`" : "`" + call.name() + "`";
  throw Error("DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
              "Cannot resolve " + shown + " due to data type mismatch: The " + name +
                  " does not support ordering on type \"" + type.Sql() + "\".",
              {{"sqlExpr", shown}, {"functionName", name}, {"dataType", "\"" + type.Sql() + "\""}});
}

/// Whether side i is a whole number beside a decimal, which Spark makes a decimal as narrow as its digits: by a cast
/// that could give NULL.
bool IsNarrowed(const FunctionCall& call, const std::vector<Typed>& sides, size_t i) {
  const DataType& type = sides[i].type;
  if (sides[1 - i].type.kind() != TypeKind::kDecimal || !type.IsIntegral() || type.kind() == TypeKind::kByte ||
      !call.IsLiteral(i)) {
    return false;
  }
  const bool ordered = call.name().find_first_of("<>") != std::string::npos;
  return !(ordered && call.ArgumentProto(1 - i).has_literal());
}

Typed Compare(const FunctionCall& call, const char* sql, Sql (*shown)(const Typed& side)) {
  call.Expect(2, 2);
  std::vector<Typed> sides = call.Arguments();
  const bool narrowed = IsNarrowed(call, sides, 0) || IsNarrowed(call, sides, 1);
  RefuseMaps(call, CoerceCompared(sides, call.scope(), call.name()));
  return {Template(sql, {shown(sides[0]), shown(sides[1])}), DataType(TypeKind::kBoolean),
          narrowed || sides[0].nullable || sides[1].nullable};
}

Sql Itself(const Typed& side) {
  return side.sql;
}

Typed Equal(const FunctionCall& call) {
  return Compare(call, "($1 = $2)", Itself);
}
Typed NotEqual(const FunctionCall& call) {
  return Compare(call, "($1 <> $2)", Itself);
}
Typed Less(const FunctionCall& call) {
  return Compare(call, "($1 < $2)", OrderKey);
}
Typed LessOrEqual(const FunctionCall& call) {
  return Compare(call, "($1 <= $2)", OrderKey);
}
Typed Greater(const FunctionCall& call) {
  return Compare(call, "($1 > $2)", OrderKey);
}
Typed GreaterOrEqual(const FunctionCall& call) {
  return Compare(call, "($1 >= $2)", OrderKey);
}
Typed NullSafeEqual(const FunctionCall& call) {
  Typed out = Compare(call, "($1 IS NOT DISTINCT FROM $2)", Itself);
  out.nullable = false;
  return out;
}

/// Refuses operands that are not boolean.
void RefuseOthers(const FunctionCall& call, const DataType& left, const DataType& right) {
  const auto fits = [](const DataType& type) {
    return type.kind() == TypeKind::kBoolean || type.kind() == TypeKind::kString || type.kind() == TypeKind::kNull;
  };
  if (fits(left) && fits(right)) return;
  if (left != right) RefuseTypes(call.name(), left, right);
  const std::string given = "\"" + left.Sql() + "\"";
  throw Error("DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE",
              "Cannot resolve \"" + call.name() +
                  "\" due to data type mismatch: the binary operator requires the input type \"BOOLEAN\", not " +
                  given + ".",
              {{"sqlExpr", call.name()}, {"inputType", "\"BOOLEAN\""}, {"actualDataType", given}});
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
  std::vector<Typed> values;
  for (auto it = operands.rbegin(); it != operands.rend(); ++it) {
    values.push_back(TranslateExpression(**it, call.scope()));
  }
  for (size_t i = 1; i < values.size(); ++i)
    RefuseOthers(call, i == 1 ? values[0].type : DataType(TypeKind::kBoolean), values[i].type);
  bool nullable = false;
  for (const Typed& value : values) {
    const Typed operand = CoerceTo('b', value, call.scope(), call.name(), parts.size() + 1);
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
  return {Template("($1 BETWEEN $2 AND $3)", {OrderKey(values[0]), OrderKey(values[1]), OrderKey(values[2])}),
          DataType(TypeKind::kBoolean), nullable};
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

/// int(x), string(x) and their like are casts.
Typed CastFunction(const FunctionCall& call) {
  call.Expect(1, 1);
  return TranslateCast(call.Argument(0), DataType::FromDdl(call.name()), call.scope(), false);
}

constexpr Function kFunctions[] = {
    {"not", "b", "boolean", Nulls::kAny, "(NOT $1)"},
    {"!", "b", "boolean", Nulls::kAny, "(NOT $1)"},
    {"isnull", ".", "boolean", Nulls::kNever, "($1 IS NULL)"},
    {"isnotnull", ".", "boolean", Nulls::kNever, "($1 IS NOT NULL)"},
    {"~", "I", "$1", Nulls::kAny, "(~$1)"},
};

constexpr SpecialFunction kSpecials[] = {
    {"boolean", CastFunction},
    {"tinyint", CastFunction},
    {"smallint", CastFunction},
    {"int", CastFunction},
    {"bigint", CastFunction},
    {"float", CastFunction},
    {"double", CastFunction},
    {"decimal", CastFunction},
    {"date", CastFunction},
    {"timestamp", CastFunction},
    {"binary", CastFunction},
    {"string", CastFunction},
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
    {"&", BitAnd},
    {"|", BitOr},
    {"^", BitXor},
    {"tb_exact_equal", ExactlyEqual},
};

}  // namespace

FunctionGroup OperatorFunctions() {
  return {FunctionKind::kScalar, kFunctions, kSpecials};
}

}  // namespace tinderbox::engine
