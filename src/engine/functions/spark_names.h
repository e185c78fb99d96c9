#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tinderbox::engine {

/// Whether Spark 4.2 has a built-in function of this lower-case name, translated here or not.
bool IsSparkFunction(std::string_view name);
/// The names of all of them.
std::vector<std::string> SparkFunctionNames();

}  // namespace tinderbox::engine
