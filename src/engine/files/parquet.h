#pragma once

#include "engine/files/read.h"

namespace tinderbox::engine {

/// spark.read.parquet, through DuckDB's reader.
FileTable ReadParquet(const FileRead& request, Database& database);

}  // namespace tinderbox::engine
