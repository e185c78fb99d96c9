#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tinderbox/types.h"

namespace tinderbox::engine {

inline constexpr size_t kChunkRows = 2048;  ///< DuckDB's vector size: a chunk holds at most so many rows

/// One column of a chunk being filled. Fixed-width values are written straight into Data<T>():
/// BOOLEAN uint8_t; integers their width; FLOAT, DOUBLE; DECIMAL int16/32/64/__int128 by precision (<=4, <=9, <=18,
/// <=38); DATE int32 days; TIMESTAMP(_NTZ), TIME int64 microseconds.
class OutVector {
 public:
  explicit OutVector(void* vector);  // a duckdb_vector
  template <typename T>
  T* Data() {
    return static_cast<T*>(data_);
  }
  void SetNull(size_t row);
  void SetString(size_t row, std::string_view bytes);  ///< STRING (must be valid UTF-8) and BINARY
  /// The same without a check. REQUIRES: the bytes of a STRING are known to be valid UTF-8.
  void SetCheckedString(size_t row, std::string_view bytes);
  OutVector StructChild(size_t field);
  /// ARRAY and MAP (whose child is a struct key, value): the elements live in one child; entry `row` is [offset,
  /// offset+length).
  OutVector ListChild();
  void SetList(size_t row, uint64_t offset, uint64_t length);
  /// Grows the child to hold `size` elements (pointers from Data() of children are invalid afterwards).
  void ReserveList(uint64_t size);
  void SetListSize(uint64_t size);
  uint64_t ListSize() const;

 private:
  void* vector_;
  void* data_;
  uint64_t* validity_ = nullptr;
  size_t struct_fields_ = 0;
};

/// One thread's part of a scan. Used by one thread.
class ScanPart {
 public:
  virtual ~ScanPart() = default;
  /// Fills the projected columns with up to kChunkRows rows and returns their number; 0 at the end. Throws Error.
  virtual size_t Fill(std::vector<OutVector>& columns) = 0;
};

/// A running scan; NewPart may be called from several threads.
class Scan {
 public:
  virtual ~Scan() = default;
  virtual std::unique_ptr<ScanPart> NewPart() = 0;
  virtual size_t MaxParts() const = 0;
  virtual double Fraction() const { return -1; }  ///< read so far, 0 to 1; -1 unknown
};

/// A table that C++ code reads for DuckDB. Immutable; Open may be called many times.
class Source {
 public:
  virtual ~Source() = default;
  virtual const std::vector<StructField>& Columns() const = 0;
  /// `projected`: indexes into Columns(), in the order the chunk has them; may be empty (only rows are counted).
  virtual std::unique_ptr<Scan> Open(std::vector<size_t> projected) = 0;
  virtual std::optional<uint64_t> Rows() const { return std::nullopt; }
};

/// Makes a Source from the single string argument of the SQL table function, a JSON document (see each source).
using SourceFactory = std::function<std::shared_ptr<Source>(std::string_view spec)>;

}  // namespace tinderbox::engine
