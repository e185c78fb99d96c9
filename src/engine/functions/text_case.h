#pragma once

#include <string>
#include <string_view>

namespace tinderbox::engine {

/// Java's toUpperCase and toLowerCase in the root locale: special casing and the final sigma included.
std::string UpperOf(std::string_view text);
std::string LowerOf(std::string_view text);

}  // namespace tinderbox::engine
