#pragma once

#include <memory>
#include <string_view>

#include "engine/duckdb/source.h"

namespace tinderbox::engine {

/// The Source behind the SQL table function tb_csv(spec). The spec is JSON: {"files": [path, …], "options": {name:
/// text, …}, "schema": StructType JSON}. Options are Spark's CSV reader options and those of csv/options.h that are
/// ours; any other is refused by name.
///
/// Columns are those of the schema; the ones named by columnNameOfMalformed and columnNameOfLocation follow, unless the
/// schema has them itself. All values are bound by position; with bindByName and a header, by name (every column of the
/// schema must then be in the header, in any order and among others).
///
/// A record is malformed when a projected value does not convert, it has too few or too many fields, or a quote is
/// never closed; `mode` decides as in Spark: PERMISSIVE gives NULL for what is missing, DROPMALFORMED leaves the record
/// out, FAILFAST throws FAILED_READ_FILE.NO_HINT. The malformed column gets NULL for good
/// records, else a JSON object: the raw text of each value that did not convert by column, or {"_record": raw text}.
/// With it, text that is not UTF-8 is malformed; without, bad bytes become U+FFFD, as in Spark.
std::shared_ptr<Source> MakeCsvSource(std::string_view spec);

}  // namespace tinderbox::engine
