#pragma once

#include <map>
#include <string>
#include <string_view>

#include "csv/options.h"
#include "csv/records.h"
#include "engine/duckdb/scalar_function.h"
#include "engine/functions/value_formats.h"

namespace tinderbox::engine {

/// What from_csv is told beside the type. Immutable.
struct CsvReading {
  /// Option names are in lower case. Throws for an option that is not known, a mode that from_csv does not have, and a
  /// field that it does not make.
  CsvReading(const DataType& type, std::map<std::string, std::string> options, const std::string& session_zone);

  DataType type;
  ValueFormats formats;
  csv::CsvOptions csv;

 private:
  CsvReading(const DataType& type, std::map<std::string, std::string>* options, const std::string& session_zone);
};

/// Writes CSV texts into a column of structs as from_csv does. Made anew for each chunk; used by one thread.
class CsvTextReader {
 public:
  /// `reading` must outlive the reader.
  explicit CsvTextReader(const CsvReading& reading)
      : reading_(reading), walker_(reading.csv.dialect), fields_(reading.csv) {}

  /// Throws MALFORMED_RECORD_IN_PARSING in the mode FAILFAST.
  void Read(size_t row, std::string_view text, OutVector& out);

 private:
  bool SetField(const DataType& type, std::string_view text, size_t row, OutVector& out) const;

  const CsvReading& reading_;
  csv::RecordWalker walker_;
  csv::FieldReader fields_;
};

}  // namespace tinderbox::engine
