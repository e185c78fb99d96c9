#pragma once

#include <cstdint>
#include <vector>

#include "engine/duckdb/scalar_function.h"

namespace tinderbox::engine {

/// Spark's order of the values of two columns of one type. NULL stands below all else, NaN above every number, and -0.0
/// equals 0.0; texts and binaries compare by bytes, arrays and structs by their elements.
class ValueOrder {
 public:
  ValueOrder(const DataType& type, InVector left, InVector right);
  /// Negative, 0 or positive: row `left` of the left column against row `right` of the right one.
  int Compare(size_t left, size_t right) const;
  bool LeftIsNull(size_t row) const { return left_.IsNull(row); }
  bool RightIsNull(size_t row) const { return right_.IsNull(row); }

 private:
  DataType type_;
  InVector left_;
  InVector right_;
  std::vector<ValueOrder> children_;  ///< of a list its element, of a struct its fields
};

/// `rows` in ascending order of a column that is on both sides of `order`; equal ones as they stood.
void SortRows(const ValueOrder& order, std::vector<uint64_t>* rows);

}  // namespace tinderbox::engine
