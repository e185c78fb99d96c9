// Functions that choose between values.
#include <algorithm>

#include "engine/functions/collection_parts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/order_key.h"
#include "engine/translate/refusals.h"

namespace tinderbox::engine {

namespace {

Typed CaseOf(const FunctionCall& call, std::vector<Typed> conditions, std::vector<Typed> values, bool has_else) {
  const DataType type = CoerceAll(values, call.scope(), call.name());
  std::vector<Sql> parts{Token("CASE")};
  for (size_t i = 0; i < conditions.size(); ++i) {
    const bool is_case = call.name() == "when" || call.name() == "case";
    if (is_case && conditions[i].type.kind() == TypeKind::kNull) {
      call.RefuseArgument(2 * i, "BOOLEAN", conditions[i].type);
    }
    const Typed condition = CoerceTo('b', conditions[i], call.scope(), call.name(), 2 * i + 1);
    parts.push_back(Template("WHEN $1 THEN $2", {condition.sql, values[i].sql}));
  }
  const bool nullable = !has_else || std::ranges::any_of(values, [](const Typed& value) { return value.nullable; });
  if (has_else) parts.push_back(Template("ELSE $1", {values.back().sql}));
  parts.push_back(Token("END"));
  return {Template("($1)", {Join(parts, " ")}), type, nullable};
}

Typed When(const FunctionCall& call) {
  call.Expect(2, SIZE_MAX);
  std::vector<Typed> conditions;
  std::vector<Typed> values;
  size_t i = 0;
  for (; i + 1 < call.size(); i += 2) {
    conditions.push_back(call.Argument(i));
    values.push_back(call.Argument(i + 1));
  }
  const bool has_else = i < call.size();
  if (has_else) values.push_back(call.Argument(i));
  Typed out = CaseOf(call, std::move(conditions), values, has_else);
  // Behind a condition that always holds no value counts.
  for (size_t branch = 0; branch < call.size() / 2; ++branch) {
    if (!call.ArgumentProto(2 * branch).literal().boolean()) continue;
    values.resize(branch + 1);
    CoerceAll(values, call.scope(), call.name());
    out.nullable = std::ranges::any_of(values, [](const Typed& value) { return value.nullable; });
    break;
  }
  return out;
}

Typed If(const FunctionCall& call) {
  call.Expect(3, 3);
  return CaseOf(call, {call.Argument(0)}, {call.Argument(1), call.Argument(2)}, true);
}

Typed Nvl2(const FunctionCall& call) {
  call.Expect(3, 3);
  const Typed tested = call.Argument(0);
  const Typed present{Template("($1 IS NOT NULL)", {tested.sql}), DataType(TypeKind::kBoolean), false};
  return CaseOf(call, {present}, {call.Argument(1), call.Argument(2)}, true);
}

Typed NullIf(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed left = call.Argument(0);
  std::vector<Typed> sides{left, call.Argument(1)};
  CoerceAll(sides, call.scope(), call.name());
  return {Template("(CASE WHEN $1 = $2 THEN NULL ELSE $3 END)", {sides[0].sql, sides[1].sql, left.sql}), left.type,
          true};
}

/// An argument and the number 0, of their common type.
std::vector<Typed> BesideZero(const FunctionCall& call) {
  call.Expect(1, 1);
  const DataType type(TypeKind::kInteger);
  std::vector<Typed> out{call.Argument(0), {CastTo(IntegerLiteral(0), type), type, false}};
  CoerceAll(out, call.scope(), call.name());
  return out;
}

Typed ZeroIfNull(const FunctionCall& call) {
  const std::vector<Typed> values = BesideZero(call);
  return {Call("coalesce", {values[0].sql, values[1].sql}), values[0].type, false};
}

Typed NullIfZero(const FunctionCall& call) {
  const std::vector<Typed> values = BesideZero(call);
  const Typed value = call.Argument(0);
  return {Template("(CASE WHEN $1 = $2 THEN NULL ELSE $3 END)", {values[0].sql, values[1].sql, value.sql}), value.type,
          true};
}

Typed NanVl(const FunctionCall& call) {
  call.Expect(2, 2);
  const auto floating = [&](size_t i) {
    const Typed value = call.Argument(i);
    return value.type.kind() == TypeKind::kFloat ? value : CoerceTo('d', value, call.scope(), call.name(), i + 1);
  };
  std::vector<Typed> sides{floating(0), floating(1)};
  const DataType type = CoerceAll(sides, call.scope(), call.name());
  return {Template("(CASE WHEN isnan($1) THEN $2 ELSE $1 END)", {sides[0].sql, sides[1].sql}), type,
          sides[0].nullable || sides[1].nullable};
}

/// greatest and least, which pass over NULLs.
Typed Extreme(const FunctionCall& call, const char* plain, const char* nested) {
  call.Expect(2, SIZE_MAX);
  std::vector<Typed> values = call.Arguments();
  // Text is not converted here.
  const auto is = [](TypeKind kind) { return [kind](const Typed& value) { return value.type.kind() == kind; }; };
  const auto texts = std::ranges::count_if(values, is(TypeKind::kString));
  if (texts > 0 && texts + std::ranges::count_if(values, is(TypeKind::kNull)) < std::ssize(values)) {
    std::vector<DataType> types;
    for (const Typed& value : values) types.push_back(value.type);
    RefuseDifferent(call.name(), types);
  }
  const DataType type = CoerceAll(values, call.scope(), call.name());
  RequireOrdered(call, type);
  std::vector<Sql> parts;
  bool nullable = true;
  for (const Typed& value : values) {
    parts.push_back(value.sql);
    nullable = nullable && value.nullable;
  }
  if (!HasOrderKey(type)) return {Call(plain, parts), type, nullable};
  return {Bind({CastTo(Call("list_value", parts), DataType::Array(type))}, nested), type, nullable};
}

Typed Greatest(const FunctionCall& call) {
  return Extreme(call, "greatest", "list_extract($1, spark_extreme_position($1, TRUE))");
}
Typed Least(const FunctionCall& call) {
  return Extreme(call, "least", "list_extract($1, spark_extreme_position($1, FALSE))");
}

constexpr Function kFunctions[] = {
    {"coalesce", "=+", "$1", Nulls::kAll, "COALESCE($*)"},
    {"ifnull", "==", "$1", Nulls::kAll, "COALESCE($*)"},
    {"nvl", "==", "$1", Nulls::kAll, "COALESCE($*)"},
    {"isnan", "d", "boolean", Nulls::kNever, "COALESCE(isnan($1), FALSE)"},
};

constexpr SpecialFunction kSpecials[] = {
    {"when", When},
    {"case", When},
    {"if", If},
    {"nvl2", Nvl2},
    {"nullif", NullIf},
    {"nanvl", NanVl},
    {"zeroifnull", ZeroIfNull},
    {"nullifzero", NullIfZero},
    {"greatest", Greatest},
    {"least", Least},
};

}  // namespace

FunctionGroup ConditionalFunctions() {
  return {FunctionKind::kScalar, kFunctions, kSpecials};
}

}  // namespace tinderbox::engine
