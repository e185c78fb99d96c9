#pragma once

#include <string>

#include "engine/functions/function.h"
#include "spark/plan_extensions.pb.h"

namespace tinderbox::engine {

/// What the SQL parser adds to an expression. REQUIRES has_extension. Throws for the extensions of others.
plan::ExpressionExtension UnpackExtension(const proto::Expression& expression);
Typed TranslateExtension(const plan::ExpressionExtension& extension, const Scope& scope);
/// True when there is an aggregate function outside a window in it.
bool ExtensionHasAggregate(const plan::ExpressionExtension& extension);
/// Spark's automatic name of it.
std::string ExtensionName(const plan::ExpressionExtension& extension);

/// A call with its clauses, in whichever form an expression holds one. Throws UNSUPPORTED_EXPR_FOR_WINDOW for what is
/// no call.
plan::AggregateCall CallOf(const proto::Expression& expression);
/// The clauses as a translation takes them. `call` must outlive them.
CallClauses ClausesOf(const plan::AggregateCall& call);

}  // namespace tinderbox::engine
