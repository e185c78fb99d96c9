#pragma once

#include <vector>

#include "engine/duckdb/scalar_function.h"

namespace tinderbox::engine {

/// A column of a chunk that is filled row by row, with its lists, maps and structs. Made anew for each chunk; used by
/// one thread.
class NestedColumn {
 public:
  /// `type` must outlive the column.
  NestedColumn(const DataType& type, const OutVector& out);

  const DataType& type() const { return *type_; }
  OutVector& out() { return out_; }
  /// Of an array its elements; of a map its keys (0) and values (1); of a struct its fields.
  NestedColumn& child(size_t i) { return children_[i]; }
  size_t child_count() const { return children_.size(); }
  void SetNull(size_t row);
  /// Makes the row, of an array or a map, a list of `length` entries, and returns where the first one is in the child.
  size_t SetList(size_t row, size_t length);
  /// Tells DuckDB how long the lists have become.
  void Finish();

 private:
  bool HasLists() const { return type_->kind() == TypeKind::kArray || type_->kind() == TypeKind::kMap; }
  OutVector ChildVector(size_t i);

  const DataType* type_;
  OutVector out_;
  std::vector<NestedColumn> children_;
  size_t used_ = 0;  // entries of the lists
  size_t capacity_ = 0;
};

/// Writes the unscaled digits of a decimal of any width.
void WriteDecimal(const DataType& type, OutVector& out, size_t row, __int128 digits);

}  // namespace tinderbox::engine
