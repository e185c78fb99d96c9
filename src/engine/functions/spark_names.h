#pragma once

#include <string_view>

namespace tinderbox::engine {

/// Whether Spark 4.2 has a built-in function of this lower-case name, translated here or not.
bool IsSparkFunction(std::string_view name);

}  // namespace tinderbox::engine
