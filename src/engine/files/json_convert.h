#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/duckdb/source.h"
#include "engine/files/json_cursor.h"
#include "tinderbox/types.h"

namespace tinderbox::engine {

/// Throws Error UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE for a type that the JSON reader does not make.
void CheckJsonType(const std::string& column, const DataType& type);

/// Writes JSON values into a column of a chunk, by the rules of Spark's JacksonParser. What does not convert becomes
/// NULL at the deepest place. Made anew for each chunk; used by one thread.
class JsonColumn {
 public:
  /// `type` and `dialect` must outlive the column.
  JsonColumn(const DataType& type, const OutVector& out, const JsonDialect& dialect);

  void SetNull(size_t row);
  /// False when some part of the value did not convert. REQUIRES: a slice that a JsonCursor gave; UTF-8.
  bool Set(size_t row, std::string_view raw);
  /// Tells DuckDB how long the lists have become.
  void Finish();

 private:
  bool SetList(size_t row, std::string_view raw);
  bool SetMap(size_t row, std::string_view raw);
  bool SetStruct(size_t row, std::string_view raw);
  /// Room for `more` elements in the list's child; the number of the first.
  size_t Grow(size_t more);
  void Attach(const OutVector& out);

  const DataType* type_;
  const JsonDialect* dialect_;
  OutVector out_;
  std::vector<JsonColumn> children_;
  size_t used_ = 0;  // elements in the list's child
  size_t capacity_ = 0;
  std::string scratch_;
};

/// Whether the whole value converts to the type, without writing it.
bool ConvertsTo(const DataType& type, std::string_view raw, const JsonDialect& dialect);

}  // namespace tinderbox::engine
