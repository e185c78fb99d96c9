#pragma once

#include "engine/translate/scope.h"
#include "tinderbox/error.h"

namespace spark::connect {
class Expression;
class Origin;
}  // namespace spark::connect

namespace tinderbox::engine {

/// Translates a scalar, aggregate or window expression. Aliases are seen through. Throws Error with Spark's conditions
/// (UNRESOLVED_COLUMN.WITH_SUGGESTION, AMBIGUOUS_REFERENCE, UNRESOLVED_ROUTINE, DATATYPE_MISMATCH.…). Pure.
Typed TranslateExpression(const ::spark::connect::Expression& expression, const Scope& scope);
/// Rethrows the error being handled, with the place of a node of the plan where it has none yet, and with the SQL text
/// where only the outer node has it.
[[noreturn]] void ThrowPlaced(const Error& error, const ::spark::connect::Origin& origin);

/// Runs `check`; its errors stand at `origin`.
template <typename Check>
void CheckAt(const ::spark::connect::Origin& origin, Check check) {
  try {
    check();
  } catch (const Error& error) {
    ThrowPlaced(error, origin);
  }
}

/// Spark's automatic name of an unaliased expression: "x", "(a + b)", "count(1)", "CAST(x AS BIGINT)".
std::string ExpressionName(const ::spark::connect::Expression& expression);
/// The same where what the expression refers to is known: m['k'] of a map is "m[k]", of a struct "m.k".
std::string ExpressionName(const ::spark::connect::Expression& expression, const Scope& scope);

/// True when the expression contains an aggregate function outside a window.
bool HasAggregate(const ::spark::connect::Expression& expression);

/// True when the expression has a window function.
bool HasWindow(const ::spark::connect::Expression& expression);

/// True when the expression calls a generator (explode, …) itself, or anywhere in it.
bool IsGenerator(const ::spark::connect::Expression& expression);
bool HasGenerator(const ::spark::connect::Expression& expression);
/// A generator where only values can stand: UNSUPPORTED_GENERATOR.
[[noreturn]] void RefuseGenerator(const ::spark::connect::Expression& expression);

/// Casts `value` by Spark's rules (ANSI: errors on overflow and bad text). `try_cast`: NULL instead of an error.
Typed TranslateCast(const Typed& value, const DataType& to, const Scope& scope, bool try_cast);

/// The column an attribute names ("a", "t.a", "s.field", "`odd.name`"), with plan id when >= 0.
Typed ResolveAttribute(const std::string& name, int64_t plan_id, const Scope& scope);

/// Spark's type of comparing, coalescing or unioning two types (ANSI type coercion); throws DATATYPE_MISMATCH when
/// none.
DataType CommonType(const DataType& a, const DataType& b);

}  // namespace tinderbox::engine
