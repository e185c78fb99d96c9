#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tinderbox/arrow.h"

namespace tinderbox::spark {

/// Copies single rows out of batches into new ones, in the layouts that ArrowBatch fixes. Not thread-safe.
class BatchBuilder {
 public:
  explicit BatchBuilder(const StructType& schema);
  ~BatchBuilder();

  /// Appends one row of a batch of the same schema.
  void Append(const ArrowBatch& batch, int64_t row);
  int64_t rows() const { return rows_; }
  /// Memory held by the rows not yet given away.
  uint64_t bytes() const;
  /// Gives the rows away as one batch and starts anew.
  ArrowBatch Finish();

  struct Column;

 private:
  std::vector<std::unique_ptr<Column>> columns_;
  int64_t rows_ = 0;
};

/// Bytes of one value of a fixed-width type in ArrowBatch's layouts; 0 for boolean, strings, binary and nested types.
int FixedWidth(TypeKind kind);

inline bool IsNull(const ArrowArray& column, int64_t row) {
  if (column.null_count == 0 || column.n_buffers == 0 || column.buffers[0] == nullptr) return false;
  const int64_t at = column.offset + row;
  return (static_cast<const uint8_t*>(column.buffers[0])[at / 8] >> (at % 8) & 1) == 0;
}

}  // namespace tinderbox::spark
