#pragma once

#include <string>

#include "spark/proto_expressions.h"

namespace tinderbox::engine {

/// window(…) or session_window(…).
bool IsTimeWindow(const proto::Expression::UnresolvedFunction& function);
bool IsSessionWindow(const proto::Expression::UnresolvedFunction& function);
/// The name of the column that holds the window before rows are grouped, which no query can spell.
std::string TimeWindowColumn(const proto::Expression::UnresolvedFunction& function);
/// Whether `column` is such a name, of the function that a query calls `name`.
bool IsTimeWindowColumn(const std::string& column, const std::string& name, bool case_sensitive);

}  // namespace tinderbox::engine
