#pragma once

#include <functional>
#include <map>
#include <string>

#include "engine/duckdb/scalar_function.h"
#include "engine/files/csv_row_writer.h"
#include "engine/functions/value_formats.h"

namespace tinderbox::engine {

/// Writes structs as to_csv does. Immutable.
class CsvCells {
 public:
  /// Option names are in lower case. Throws for an option that is not known, or a type that CSV does not hold.
  CsvCells(const DataType& type, std::map<std::string, std::string> options, const std::string& session_zone);

  /// The fields of a struct, which is not NULL, parted by separators.
  std::string Row(const InVector& column, size_t row) const;

 private:
  /// Parts with commas between them; `append` gives false for a NULL, whose text is the one of the option nullValue.
  void AppendParts(std::string* out, size_t count, const std::function<bool(size_t)>& append) const;
  void AppendCell(std::string* out, const DataType& type, const InVector& column, size_t row) const;

  DataType type_;
  ValueFormats formats_;
  CsvWriteOptions options_;
};

}  // namespace tinderbox::engine
