#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/duckdb/scalar_function.h"
#include "engine/files/json_cursor.h"
#include "engine/functions/nested_column.h"
#include "engine/functions/value_formats.h"

namespace tinderbox::engine {

/// What from_json is told beside the type. Immutable.
struct JsonReading {
  /// Option names are in lower case. Throws for an option that is not known, or a mode that from_json does not have.
  JsonReading(std::map<std::string, std::string> options, const std::string& session_zone);

  ValueFormats formats;
  JsonDialect dialect;
  bool fail_fast = false;
  std::string corrupt_column = "_corrupt_record";

 private:
  explicit JsonReading(std::map<std::string, std::string>* options, const std::string& session_zone);
};

/// Writes JSON values into a column of a chunk as from_json does: a value that does not convert makes the field of a
/// struct NULL, and an array or a map as a whole. Made anew for each chunk; used by one thread.
class JsonReader {
 public:
  /// `type` and `reading` must outlive the reader.
  JsonReader(const DataType& type, const OutVector& out, const JsonReading& reading)
      : reading_(reading), column_(type, out) {}

  /// The text of a row, which becomes NULL when it is empty. Throws MALFORMED_RECORD_IN_PARSING in the mode FAILFAST.
  void Read(size_t row, std::string_view json);
  void SetNull(size_t row) { column_.SetNull(row); }
  /// Tells DuckDB how long the lists have become.
  void Finish() { column_.Finish(); }

 private:
  enum class Outcome { kGood, kPartial, kFailed };
  Outcome Set(NestedColumn& column, size_t row, std::string_view raw);
  Outcome SetScalar(NestedColumn& column, size_t row, std::string_view raw);
  Outcome SetList(NestedColumn& column, size_t row, std::string_view raw);
  Outcome SetMap(NestedColumn& column, size_t row, std::string_view raw);
  /// All fields but `spared`; NULLs when `raw` is empty.
  Outcome SetStruct(NestedColumn& column, size_t row, std::string_view raw,
                    std::optional<size_t> spared = std::nullopt);
  Outcome ReadStruct(size_t row, std::string_view json, std::optional<std::string_view> raw);
  Outcome ReadRoot(size_t row, std::string_view json);

  const JsonReading& reading_;
  NestedColumn column_;
  std::string scratch_;
};

}  // namespace tinderbox::engine
