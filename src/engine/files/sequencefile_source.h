#pragma once

#include <memory>
#include <string_view>

#include "engine/duckdb/source.h"

namespace tinderbox::engine {

/// key STRING, value BINARY; NullWritable is NULL.
StructType SequenceFileColumns();

/// The Source behind the SQL table function tb_sequencefile(spec). The spec is JSON: {"files": [path, …]}. Large files
/// are read in parallel, cut at their sync markers. A file that tinderbox pack wrote must have all its records.
std::shared_ptr<Source> MakeSequenceFileSource(std::string_view spec);

}  // namespace tinderbox::engine
