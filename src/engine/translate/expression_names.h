#pragma once

#include <cstdint>
#include <string>

#include "engine/translate/scope.h"
#include "spark/proto_expressions.h"

namespace tinderbox::engine {

/// "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW", as Spark shows a frame.
std::string FrameName(const proto::Expression::Window::WindowFrame& frame);
/// What stands in a window's parentheses, as Spark shows it: partitions, order and the frame that is given.
std::string WindowClauses(const proto::Expression::Window& window);

/// An instant, in microseconds since 1970, on a clock of the zone.
std::string InstantText(int64_t micros, const std::string& time_zone);
/// A literal as Spark names the column it makes.
std::string LiteralName(const proto::Expression::Literal& literal, const std::string& time_zone);

}  // namespace tinderbox::engine
