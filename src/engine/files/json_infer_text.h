#pragma once

#include <map>
#include <string>
#include <string_view>

#include "tinderbox/types.h"

namespace tinderbox::engine {

/// schema_of_json: the type of the first value of a text, of whatever kind it is. Option names are in lower case.
/// Throws Error for a text that is no JSON, and for options that change the outcome and are not known.
DataType InferJsonText(std::string_view text, std::map<std::string, std::string> options);

}  // namespace tinderbox::engine
