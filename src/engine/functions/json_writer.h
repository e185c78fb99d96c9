#pragma once

#include <map>
#include <string>

#include "engine/duckdb/scalar_function.h"
#include "engine/functions/value_formats.h"

namespace tinderbox::engine {

/// Writes cells as to_json does. Immutable.
class JsonWriter {
 public:
  /// Option names are in lower case. Throws for an option that is not known.
  JsonWriter(const DataType& type, std::map<std::string, std::string> options, const std::string& session_zone);

  /// REQUIRES: the cell is not NULL.
  void Append(std::string* out, const InVector& column, size_t row) const { Append(out, type_, column, row, 0); }

 private:
  void Append(std::string* out, const DataType& type, const InVector& column, size_t row, int depth) const;
  void AppendKey(std::string* out, const DataType& type, const InVector& column, size_t row) const;
  void Break(std::string* out, int depth) const;

  DataType type_;
  ValueFormats formats_;
  bool ignore_nulls_ = true;
  bool pretty_ = false;
};

/// Appends what CAST(cell AS STRING) gives of a value whose Spark type tells more than DuckDB's: an interval.
void AppendIntervalText(std::string* out, const DataType& type, const InVector& column, size_t row);

}  // namespace tinderbox::engine
