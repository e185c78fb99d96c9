// Functions that only exist over a window.
#include "engine/functions/function.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"

namespace tinderbox::engine {

namespace {

/// lag and lead: value, offset, default, and whether NULLs are skipped.
Typed Neighbour(const FunctionCall& call, const char* function, const char* skipping) {
  call.Expect(1, 4);
  Typed value = call.Argument(0);
  const Sql offset = call.size() > 1 ? IntegerLiteral(call.LiteralInteger(1)) : IntegerLiteral(1);
  const bool ignore = call.size() > 3 && call.LiteralBoolean(3);
  std::vector<Typed> values{value};
  if (call.size() > 2) values.push_back(call.Argument(2));
  const DataType type = CoerceAll(values, call.scope(), call.name());
  const Sql otherwise = values.size() > 1 ? values[1].sql : Token("NULL");
  const bool nullable = value.nullable || values.size() == 1 || values[1].nullable;
  return {Template(ignore ? skipping : function, {values[0].sql, offset, otherwise, call.suffix()}), type, nullable};
}

Typed Lag(const FunctionCall& call) {
  return Neighbour(call, "lag($1, $2, $3)$4", "lag($1, $2, $3 IGNORE NULLS)$4");
}
Typed Lead(const FunctionCall& call) {
  return Neighbour(call, "lead($1, $2, $3)$4", "lead($1, $2, $3 IGNORE NULLS)$4");
}

Typed NthValue(const FunctionCall& call) {
  call.Expect(2, 3);
  const Typed value = call.Argument(0);
  const bool ignore = call.size() > 2 && call.LiteralBoolean(2);
  return {Template(ignore ? "nth_value($1, $2 IGNORE NULLS)$3" : "nth_value($1, $2)$3",
                   {value.sql, IntegerLiteral(call.LiteralInteger(1)), call.suffix()}),
          value.type, true};
}

constexpr Function kFunctions[] = {
    {"row_number", "", "int", Nulls::kNever, "CAST(row_number()$9 AS INTEGER)"},
    {"rank", "", "int", Nulls::kNever, "CAST(rank()$9 AS INTEGER)"},
    {"dense_rank", "", "int", Nulls::kNever, "CAST(dense_rank()$9 AS INTEGER)"},
    {"percent_rank", "", "double", Nulls::kNever, "percent_rank()$9"},
    {"cume_dist", "", "double", Nulls::kNever, "cume_dist()$9"},
    {"ntile", "i", "int", Nulls::kNever, "CAST(ntile($1)$9 AS INTEGER)"},
};

constexpr SpecialFunction kSpecials[] = {{"lag", Lag}, {"lead", Lead}, {"nth_value", NthValue}};

}  // namespace

FunctionGroup WindowFunctions() {
  return {FunctionKind::kWindow, kFunctions, kSpecials};
}

}  // namespace tinderbox::engine
