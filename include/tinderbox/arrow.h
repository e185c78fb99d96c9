#pragma once

#include <cstdint>
#include <memory>
#include <utility>

// The Arrow C Data Interface, as its specification lays it out
// (https://arrow.apache.org/docs/format/CDataInterface.html).
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
extern "C" {
struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};
struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};
}
#endif
#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE
extern "C" {
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};
}
#endif

#include "tinderbox/types.h"

namespace tinderbox {

/// Owns one record batch (an ArrowArray of struct layout, one child a column). Move-only.
///
/// Layouts are fixed, so that readers need no dispatch on format strings:
/// boolean bits; byte/short/int/long/float/double plain; decimal 128 bits; string and binary 32-bit offsets ("u", "z");
/// date days (int32); time, timestamp and timestamp_ntz microseconds (int64); year-month interval int32 months;
/// day-time interval int64 microseconds (Arrow duration[us]); array "+l"; map "+m"; struct "+s". A column may have an
/// offset.
class ArrowBatch {
 public:
  ArrowBatch() { array_.release = nullptr; }
  explicit ArrowBatch(ArrowArray array) : array_(array) {}
  ArrowBatch(ArrowBatch&& other) noexcept : array_(other.array_) { other.array_.release = nullptr; }
  ArrowBatch& operator=(ArrowBatch&& other) noexcept {
    std::swap(array_, other.array_);
    return *this;
  }
  ~ArrowBatch() {
    if (array_.release != nullptr) array_.release(&array_);
  }
  int64_t rows() const { return array_.release == nullptr ? 0 : array_.length; }
  const ArrowArray& array() const { return array_; }
  const ArrowArray& column(size_t i) const { return *array_.children[i]; }
  /// Gives the array away, for instance to Arrow C++.
  ArrowArray Release() {
    ArrowArray out = array_;
    array_.release = nullptr;
    return out;
  }

 private:
  ArrowArray array_{};
};

/// A result being read: one batch at a time, nothing held behind. Not thread-safe; one reader per thread.
class BatchReader {
 public:
  virtual ~BatchReader() = default;
  virtual const StructType& schema() const = 0;
  /// The next batch of at least one row, or false at the end. Throws Error when the query fails midway.
  virtual bool Next(ArrowBatch* batch) = 0;
};

}  // namespace tinderbox
