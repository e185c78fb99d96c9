#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "tinderbox/arrow.h"

namespace tinderbox::engine {

enum class TextFormat { kCsv, kJson };

/// What is written after the part number: ".csv", ".json.gz", … as Spark names its files. Throws as WriteText does.
std::string TextFileExtension(TextFormat format, const std::map<std::string, std::string>& options);

/// Throws Error for an option that cannot be honoured, for a bad value, and for a column type that Spark does not
/// write in the format (UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE).
void CheckTextOptions(TextFormat format, const StructType& schema, const std::map<std::string, std::string>& options);

/// Writes all rows into one new file as Spark 4.2 writes a part file, timestamps in UTC; returns their number. Options
/// are Spark's: for CSV sep, header, quote, escape, escapeQuotes, quoteAll, nullValue, emptyValue,
/// ignoreLeadingWhiteSpace, ignoreTrailingWhiteSpace, lineSep, charToEscapeQuoteEscaping; for JSON ignoreNullFields,
/// lineSep; for both compression (none, gzip, zstd), encoding (UTF-8), and dateFormat and timestamp formats with their
/// defaults. Throws Error TINDERBOX_WRITE_FAILED naming the file when the disk is full or fails.
uint64_t WriteText(BatchReader& rows, TextFormat format, const std::map<std::string, std::string>& options,
                   const std::filesystem::path& file);

}  // namespace tinderbox::engine
