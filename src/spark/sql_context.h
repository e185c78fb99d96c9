#pragma once

#include <string_view>

#include "tinderbox/error.h"

namespace tinderbox::spark {

/// The query context of a piece of SQL text, with the summary that Spark shows below a message: the place, the lines of
/// the piece with at most 32 characters more on either side, and marks below it. `start` and `stop` are indices of
/// characters, both inclusive, as a JvmOrigin has them. For a view's text `object_type` is "VIEW".
QueryContext MakeSqlContext(std::string_view text, int start, int stop, std::string_view object_type = "",
                            std::string_view object_name = "");

}  // namespace tinderbox::spark
