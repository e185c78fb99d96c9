#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tinderbox::engine {

/// Spark's automatic name of a call, by the function's name in lower case, where it is not name(arguments): some
/// functions show another name, and some the arguments that they assume.
std::optional<std::string> CallText(std::string_view name, std::vector<std::string> arguments);

}  // namespace tinderbox::engine
