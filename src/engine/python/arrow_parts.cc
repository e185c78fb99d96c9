#include "engine/python/arrow_parts.h"

namespace tinderbox::engine {

namespace {

const void* no_validity[] = {nullptr};

void Forget(ArrowArray* array) {
  array->release = nullptr;
}

ArrowArray Struct(int64_t first, int64_t count, std::vector<ArrowArray*>* children) {
  ArrowArray out{};
  out.length = count;
  out.offset = first;
  out.n_buffers = 1;
  out.buffers = no_validity;
  out.n_children = static_cast<int64_t>(children->size());
  out.children = children->data();
  out.release = Forget;
  return out;
}

}  // namespace

BatchView::BatchView(const ArrowArray& rows, int64_t first, int64_t count, const std::vector<size_t>& columns,
                     bool wrapped)
    : parts_(std::make_unique<Parts>()) {
  if (columns.empty()) {
    parts_->inner_children.assign(rows.children, rows.children + rows.n_children);
  } else {
    for (const size_t column : columns) parts_->inner_children.push_back(rows.children[column]);
  }
  parts_->inner = Struct(rows.offset + first, count, &parts_->inner_children);
  parts_->inner_pointer = &parts_->inner;
  if (!wrapped) {
    batch_ = ArrowBatch(parts_->inner);
    return;
  }
  ArrowArray outer = parts_->inner;
  outer.offset = 0;
  outer.n_children = 1;
  outer.children = &parts_->inner_pointer;
  batch_ = ArrowBatch(outer);
}

InVector::Range ListRange(const ArrowArray& lists, size_t row) {
  const auto* offsets = static_cast<const int32_t*>(lists.buffers[1]) + lists.offset + row;
  return {static_cast<uint64_t>(offsets[0]), static_cast<uint64_t>(offsets[1] - offsets[0])};
}

}  // namespace tinderbox::engine
