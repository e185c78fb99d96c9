#include <cmath>
#include <random>

#include "engine/functions/function.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

int64_t FreshSeed() {
  std::random_device device;
  return static_cast<int64_t>(uint64_t{device()} << 32 | device());
}

/// The seed is a constant; NULL is 0.
Sql SeedOf(const FunctionCall& call, size_t i) {
  if (i >= call.size()) return CastTo(IntegerLiteral(FreshSeed()), DataType(TypeKind::kLong));
  if (call.Argument(i).type.kind() == TypeKind::kNull || call.ArgumentProto(i).literal().has_null()) {
    return CastTo(IntegerLiteral(0), DataType(TypeKind::kLong));
  }
  return CastTo(IntegerLiteral(call.LiteralInteger(i)), DataType(TypeKind::kLong));
}

Typed Rand(const FunctionCall& call) {
  call.Expect(0, 1);
  return {Call("spark_rand", {SeedOf(call, 0)}), DataType(TypeKind::kDouble), false};
}

Typed RandNormal(const FunctionCall& call) {
  call.Expect(0, 1);
  return {Call("spark_randn", {SeedOf(call, 0)}), DataType(TypeKind::kDouble), false};
}

/// uniform(low, high[, seed]) has the wider type of its bounds.
Typed Uniform(const FunctionCall& call) {
  call.Expect(2, 3);
  const Typed low = CoerceTo('n', call.Argument(0), call.scope(), call.name(), 1);
  const Typed high = CoerceTo('n', call.Argument(1), call.scope(), call.name(), 2);
  if (low.type.kind() == TypeKind::kNull || high.type.kind() == TypeKind::kNull) {
    return NullOf(low.type.kind() == TypeKind::kNull ? high.type : low.type);
  }
  std::vector<Typed> bounds{low, high};
  const DataType type = CoerceAll(bounds, call.scope(), call.name());
  const Typed from = Coerce(low, DataType(TypeKind::kDouble), call.scope());
  const Typed to = Coerce(high, DataType(TypeKind::kDouble), call.scope());
  const Typed drawn{Template("($1 + ($2 - $1) * $3)", {from.sql, to.sql, Call("spark_rand", {SeedOf(call, 2)})}),
                    DataType(TypeKind::kDouble), low.nullable || high.nullable};
  Typed out = TranslateCast(drawn, type, call.scope(), false);
  out.nullable = drawn.nullable;
  return out;
}

Typed RandomText(const FunctionCall& call) {
  call.Expect(1, 2);
  const int64_t length = call.LiteralInteger(0);
  if (length < 0 || length > INT32_MAX) {
    throw Error("INVALID_PARAMETER_VALUE.LENGTH",
                "The value of parameter(s) `length` in `randstr` is invalid: Expects `length` greater than or equal to "
                "0, but got " +
                    std::to_string(length) + ".",
                {{"functionName", "`randstr`"}, {"parameter", "`length`"}, {"length", std::to_string(length)}});
  }
  return {Call("spark_randstr", {CastTo(IntegerLiteral(length), DataType(TypeKind::kInteger)), SeedOf(call, 1)}),
          DataType(TypeKind::kString), false};
}

constexpr SpecialFunction kSpecials[] = {
    {"randstr", RandomText}, {"rand", Rand}, {"random", Rand}, {"randn", RandNormal}, {"uniform", Uniform},
};

}  // namespace

FunctionGroup RandomFunctions() {
  return {FunctionKind::kScalar, {}, kSpecials};
}

}  // namespace tinderbox::engine
