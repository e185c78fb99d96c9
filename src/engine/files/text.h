#pragma once

#include "engine/files/read.h"

namespace tinderbox::engine {

/// spark.read.csv and spark.read.json, through our own table functions kCsvFunction and kJsonFunction.
FileTable ReadCsv(const FileRead& request);
FileTable ReadJson(const FileRead& request);

/// spark.read.text: a line, or a file, a row.
FileTable ReadTextLines(const FileRead& request);

/// spark.read.format("sequencefile"), which Spark does not have: a row is a record, key STRING and value BINARY.
FileTable ReadSequenceFiles(const FileRead& request);

inline constexpr char kSequenceFileFunction[] = "tb_sequencefile";
inline constexpr char kTextFunction[] = "tb_text";
inline constexpr char kCsvFunction[] = "tb_csv";
inline constexpr char kJsonFunction[] = "tb_json";

}  // namespace tinderbox::engine
