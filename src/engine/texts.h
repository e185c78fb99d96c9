#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/duckdb/connection.h"

namespace tinderbox::engine {

/// One column of a query's rows, which must be text. NULL is nullopt.
std::vector<std::optional<std::string>> ReadTextColumn(Lease lease, std::string_view sql, size_t column = 0);

}  // namespace tinderbox::engine
