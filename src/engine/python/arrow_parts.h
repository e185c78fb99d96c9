#pragma once

#include <memory>
#include <vector>

#include "engine/duckdb/scalar_function.h"
#include "tinderbox/arrow.h"

namespace tinderbox::engine {

/// Rows and columns of a batch, without a copy: valid as long as the batch. Move-only.
class BatchView {
 public:
  /// `columns`: all when empty. With `wrapped` they are the fields of a single column.
  BatchView(const ArrowArray& rows, int64_t first, int64_t count, const std::vector<size_t>& columns, bool wrapped);
  const ArrowBatch& get() const { return batch_; }

 private:
  struct Parts {
    ArrowArray inner;
    std::vector<ArrowArray*> inner_children;
    ArrowArray* inner_pointer;
  };
  std::unique_ptr<Parts> parts_;
  ArrowBatch batch_;
};

inline BatchView Slice(const ArrowArray& rows, size_t first, size_t count) {
  return {rows, static_cast<int64_t>(first), static_cast<int64_t>(count), {}, false};
}
inline BatchView Slice(const ArrowBatch& batch, size_t first, size_t count) {
  return Slice(batch.array(), first, count);
}

/// The elements of list `row`, within the list's child.
InVector::Range ListRange(const ArrowArray& lists, size_t row);

}  // namespace tinderbox::engine
