#include "engine/functions/nested_column.h"

#include <algorithm>

namespace tinderbox::engine {

NestedColumn::NestedColumn(const DataType& type, const OutVector& out) : type_(&type), out_(out) {
  switch (type.kind()) {
    case TypeKind::kArray:
      children_.emplace_back(type.element(), ChildVector(0));
      break;
    case TypeKind::kMap:
      children_.emplace_back(type.key(), ChildVector(0));
      children_.emplace_back(type.value(), ChildVector(1));
      break;
    case TypeKind::kStruct:
      for (size_t i = 0; i < type.fields().size(); ++i) children_.emplace_back(type.fields()[i].type, ChildVector(i));
      break;
    default:
      break;
  }
}

OutVector NestedColumn::ChildVector(size_t i) {
  if (type_->kind() == TypeKind::kArray) return out_.ListChild();
  return type_->kind() == TypeKind::kMap ? out_.ListChild().StructChild(i) : out_.StructChild(i);
}

void NestedColumn::SetNull(size_t row) {
  out_.SetNull(row);
  if (HasLists()) {
    out_.SetList(row, 0, 0);
  } else {
    for (NestedColumn& child : children_) child.SetNull(row);
  }
}

size_t NestedColumn::SetList(size_t row, size_t length) {
  const size_t first = used_;
  used_ += length;
  if (used_ > capacity_) {
    capacity_ = std::max(used_, std::max<size_t>(kChunkRows, capacity_ * 2));
    out_.ReserveList(capacity_);
    // The child's memory has moved.
    const auto attach = [](const auto& self, NestedColumn& column) -> void {
      for (size_t i = 0; i < column.children_.size(); ++i) {
        column.children_[i].out_ = column.ChildVector(i);
        self(self, column.children_[i]);
      }
    };
    attach(attach, *this);
  }
  out_.SetList(row, first, length);
  return first;
}

void NestedColumn::Finish() {
  if (HasLists()) out_.SetListSize(used_);
  for (NestedColumn& child : children_) child.Finish();
}

void WriteDecimal(const DataType& type, OutVector& out, size_t row, __int128 digits) {
  if (type.precision() <= 4) {
    out.Data<int16_t>()[row] = static_cast<int16_t>(digits);
  } else if (type.precision() <= 9) {
    out.Data<int32_t>()[row] = static_cast<int32_t>(digits);
  } else if (type.precision() <= 18) {
    out.Data<int64_t>()[row] = static_cast<int64_t>(digits);
  } else {
    out.Data<__int128>()[row] = digits;
  }
}

}  // namespace tinderbox::engine
