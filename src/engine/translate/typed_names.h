#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/translate/scope.h"
#include "spark/proto_expressions.h"

namespace tinderbox::engine {

/// A call as Spark shows it, where that depends on the types of its arguments: + and - of dates, times and intervals,
/// to_char, … `texts` are the arguments' own names. nullopt: it does not.
std::optional<std::string> TypedCallName(const std::string& name, const proto::Expression::UnresolvedFunction& call,
                                         const std::vector<std::string>& texts, const Scope& scope);

}  // namespace tinderbox::engine
