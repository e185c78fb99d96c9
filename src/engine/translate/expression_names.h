#pragma once

#include <string>

#include "engine/translate/scope.h"
#include "spark/proto_expressions.h"

namespace tinderbox::engine {

/// "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW", as Spark shows a frame.
std::string FrameName(const proto::Expression::Window::WindowFrame& frame);
/// What stands in a window's parentheses, as Spark shows it: partitions, order and the frame that is given.
std::string WindowClauses(const proto::Expression::Window& window);

}  // namespace tinderbox::engine
