#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace tinderbox::csv {

enum class Mode { kPermissive, kDropMalformed, kFailFast };
enum class Encoding { kUtf8, kUtf16, kUtf16Le, kUtf16Be, kLatin1, kWindows1252 };

/// How records and fields are told apart: what the splitter needs to know.
struct Dialect {
  std::string separator = ",";
  std::string line_separator;  ///< empty: \n, \r\n and \r
  bool has_quote = true;
  char quote = '"';
  bool has_escape = true;
  char escape = '\\';  ///< equal to quote: a doubled quote stands for one, as in RFC 4180
  bool has_escape_escape = true;
  char escape_escape = '\\';  ///< escapes the escape inside quotes
  bool has_comment = false;
  char comment = '#';
  bool multi_line = false;    ///< a newline inside quotes belongs to the value
  bool trim_leading = false;  ///< unquoted values only
  bool trim_trailing = false;

  bool operator==(const Dialect&) const = default;
};

/// The options of Spark's CSV reader, with Spark's defaults, and our own additions. Names are case-insensitive.
struct CsvOptions {
  Dialect dialect;
  bool header = false;
  Encoding encoding = Encoding::kUtf8;
  std::string null_value;
  std::string empty_value;  ///< what "" between quotes stands for
  std::string nan_value = "NaN";
  std::string positive_inf = "Inf";
  std::string negative_inf = "-Inf";
  Mode mode = Mode::kPermissive;
  bool infer_schema = true;  ///< only InferSchema looks at it: false makes every column a string
  bool prefer_date = true;
  bool enforce_schema = true;
  size_t max_columns = 20480;
  int64_t max_chars_per_column = -1;
  std::string corrupt_record_column = "_corrupt_record";
  int32_t zone_offset_seconds = 0;  ///< of the time zone in which timestamps without a zone are read
  std::string unknown_zone;         ///< the time zone when it has no fixed offset: timestamps cannot be read then

  // Not in Spark.
  bool bind_by_name = false;     ///< with a header, columns are found by name instead of by position
  std::string malformed_column;  ///< JSON object of the values that did not convert; empty: none
  std::string location_column;   ///< "path:line" of each record; empty: none
  std::string record_index;      ///< file of the records to read (see record_index.h); empty: all

  bool operator==(const CsvOptions&) const = default;
};

/// Throws Error UNSUPPORTED_FEATURE.CSV_OPTION for what Spark knows and is not supported here, INVALID_OPTION for a bad
/// value. Names that Spark does not know are ignored, as by Spark.
CsvOptions ParseCsvOptions(const std::map<std::string, std::string>& options);

}  // namespace tinderbox::csv
