// Functions that only exist over a window.
#include <fmt/format.h>

#include "engine/functions/function.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

/// Refuses a count below one.
void ExpectPositive(const FunctionCall& call, const char* what, int64_t given, const char* range) {
  if (given > 0) return;
  const std::string shown = fmt::format("\"{}\"", call.SqlName());
  throw Error(
      "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
      fmt::format("Cannot resolve {} due to data type mismatch: The {} must be between {} (current value = {}).", shown,
                  what, range, given),
      {{"sqlExpr", shown}, {"exprName", what}, {"valueRange", range}, {"currentValue", std::to_string(given)}});
}

/// lag and lead: value, offset, default, and whether NULLs are skipped.
Typed Neighbour(const FunctionCall& call, const char* function, const char* skipping) {
  call.Expect(1, 4);
  const Typed value = call.Argument(0);
  const Sql offset = call.size() > 1 ? IntegerLiteral(call.LiteralInteger(1)) : IntegerLiteral(1);
  Typed otherwise = NullOf(value.type);
  if (call.size() > 2) otherwise = call.Argument(2, value.type);
  return {Template(call.IgnoresNulls(3) ? skipping : function, {value.sql, offset, otherwise.sql, call.suffix()}),
          value.type, value.nullable || otherwise.nullable};
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
  const int64_t offset = call.LiteralInteger(1);
  ExpectPositive(call, "offset", offset, "(0, 9223372036854775807]");
  return {Template(call.IgnoresNulls(2) ? "nth_value($1, $2 IGNORE NULLS)$3" : "nth_value($1, $2)$3",
                   {value.sql, IntegerLiteral(offset), call.suffix()}),
          value.type, true};
}

Typed Ntile(const FunctionCall& call) {
  call.Expect(0, 1);
  const int64_t buckets = call.size() == 0 ? 1 : call.LiteralInteger(0);
  ExpectPositive(call, "buckets", buckets, "(0, 2147483647]");
  return {Template("CAST(ntile($1)$2 AS INTEGER)", {IntegerLiteral(buckets), call.suffix()}),
          DataType(TypeKind::kInteger), false};
}

constexpr Function kFunctions[] = {
    {"row_number", "", "int", Nulls::kNever, "CAST(row_number()$9 AS INTEGER)"},
    {"rank", "", "int", Nulls::kNever, "CAST(rank()$9 AS INTEGER)"},
    {"dense_rank", "", "int", Nulls::kNever, "CAST(dense_rank()$9 AS INTEGER)"},
    {"percent_rank", "", "double", Nulls::kNever, "percent_rank()$9"},
    {"cume_dist", "", "double", Nulls::kNever, "cume_dist()$9"},
};

constexpr SpecialFunction kSpecials[] = {{"lag", Lag}, {"lead", Lead}, {"nth_value", NthValue}, {"ntile", Ntile}};

}  // namespace

FunctionGroup WindowFunctions() {
  return {FunctionKind::kWindow, kFunctions, kSpecials};
}

}  // namespace tinderbox::engine
