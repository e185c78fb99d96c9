#pragma once

#include "engine/duckdb/connection.h"

namespace tinderbox::engine {

/// Gives a database our table functions (CSV, JSON) and our native functions.
void RegisterSources(Database& database);

}  // namespace tinderbox::engine
