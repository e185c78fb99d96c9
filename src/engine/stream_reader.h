#pragma once

#include <functional>
#include <memory>

#include "engine/duckdb/connection.h"
#include "tinderbox/arrow.h"

namespace tinderbox::engine {

/// A running query with the Spark schema of its columns. Throws Error INTERNAL_ERROR when the engine computes another
/// type than the schema promises. `keep`: what must live as long as the query.
std::unique_ptr<BatchReader> MakeStreamReader(StructType schema, std::unique_ptr<ResultStream> stream,
                                              std::shared_ptr<const void> keep = nullptr);

}  // namespace tinderbox::engine
