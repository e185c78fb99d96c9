#pragma once

#include <string>
#include <vector>

#include "tinderbox/row.h"

namespace tinderbox::cli {

/// What Spark's DataFrame.show(limit, truncate=False) prints, the blank line at the end included.
std::string ShowText(const std::vector<std::string>& columns, const std::vector<Row>& rows, size_t limit);

}  // namespace tinderbox::cli
