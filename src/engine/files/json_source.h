#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/duckdb/source.h"
#include "tinderbox/types.h"

namespace tinderbox::engine {

/// The Source behind the SQL table function tb_json(spec). The spec is JSON: {"files": [path, …], "options": {name:
/// text, …}, "schema": StructType JSON}. Reads JSON lines, and whole documents (objects one after another, or arrays
/// whose elements are the rows) with multiLine or when a file starts with '['; .gz and .zst files are decompressed.
///
/// Options are Spark's: multiLine, mode, columnNameOfCorruptRecord, encoding (UTF-8), primitivesAsString,
/// allowNonNumericNumbers, and dateFormat, timestampFormat, timestampNTZFormat and timeZone with their defaults; and
/// two of ours: columnNameOfMalformed (a STRING column which gets {"column": raw text, …} of the
/// projected columns whose value could not be converted, {"_record": raw text} for a record that is no JSON object,
/// NULL for good ones) and columnNameOfLocation (a STRING column that gets "path:line");
/// both are added to the end when the schema lacks them. Any other option is refused by
/// name.
std::shared_ptr<Source> MakeJsonSource(std::string_view spec);

/// The schema of all records of the files together by Spark's rules: fields sorted by name, conflicting types become
/// STRING, nothing but nulls becomes STRING; without any record the schema is empty. Records that are no JSON object
/// add the column columnNameOfCorruptRecord, unless columnNameOfMalformed is given. Reads everything.
StructType InferJsonSchema(const std::vector<std::string>& files, const std::map<std::string, std::string>& options,
                           int threads = 1);

}  // namespace tinderbox::engine
