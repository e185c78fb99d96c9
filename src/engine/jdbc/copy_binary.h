#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "engine/duckdb/source.h"
#include "engine/jdbc/postgres.h"
#include "tinderbox/types.h"

namespace tinderbox::engine {

/// How a value comes in COPY's binary form.
enum class CopyForm {
  kBool,
  kInt2,
  kInt4,
  kInt8,
  kOid,
  kFloat4,
  kFloat8,
  kNumeric,
  kBytes,
  kText,
  kDate,
  kTimestamp,
  kTime,
  kTimeTz
};

/// A column as it is read: an array when it has dimensions.
struct Reading {
  std::string select;  ///< what stands in the query's list
  CopyForm form;
  DataType element;  ///< of the values, within arrays
  int dimensions = 0;
};

/// How Spark reads a column of that type.
Reading ReadingOf(const PostgresColumn& column);

/// Reads big-endian numbers. Throws Error TINDERBOX_JDBC at the end of the bytes.
class CopyBytes {
 public:
  explicit CopyBytes(std::string_view bytes) : bytes_(bytes) {}
  template <typename T>
  T Get() {
    if (bytes_.size() < sizeof(T)) Cut();
    T out = 0;
    for (size_t i = 0; i < sizeof(T); ++i)
      out = static_cast<T>(static_cast<std::make_unsigned_t<T>>(out) << (sizeof(T) > 1 ? 8 : 0) |
                           static_cast<unsigned char>(bytes_[i]));
    bytes_.remove_prefix(sizeof(T));
    return out;
  }
  std::string_view Take(size_t size);
  bool empty() const { return bytes_.empty(); }
  size_t size() const { return bytes_.size(); }

 private:
  [[noreturn]] static void Cut();
  std::string_view bytes_;
};

/// Puts a value of the column at a row. Throws Error TINDERBOX_JDBC, NUMERIC_OUT_OF_SUPPORTED_RANGE.
void SetValue(const Reading& reading, CopyBytes value, OutVector* out, size_t row);

}  // namespace tinderbox::engine
