#include "spark/batch_builder.h"

#include <cstring>
#include <limits>

#include "spark/type_names.h"
#include "tinderbox/error.h"

namespace tinderbox::spark {

int FixedWidth(TypeKind kind) {
  switch (kind) {
    case TypeKind::kByte:
      return 1;
    case TypeKind::kShort:
      return 2;
    case TypeKind::kInteger:
    case TypeKind::kFloat:
    case TypeKind::kDate:
    case TypeKind::kYearMonthInterval:
      return 4;
    case TypeKind::kLong:
    case TypeKind::kDouble:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz:
    case TypeKind::kDayTimeInterval:
      return 8;
    case TypeKind::kDecimal:
    case TypeKind::kCalendarInterval:
      return 16;
    case TypeKind::kNull:
    case TypeKind::kBoolean:
    case TypeKind::kString:
    case TypeKind::kBinary:
    case TypeKind::kVariant:
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kStruct:
      return 0;
  }
  return 0;
}

namespace {

// What a finished array owns; freed by its release callback.
struct Owned {
  std::vector<uint8_t> validity;
  std::vector<char> data;
  std::vector<int32_t> offsets;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
  const void* buffers[3] = {nullptr, nullptr, nullptr};
};

void ReleaseOwned(ArrowArray* array) {
  auto* owned = static_cast<Owned*>(array->private_data);
  for (ArrowArray& child : owned->children) {
    if (child.release != nullptr) child.release(&child);
  }
  delete owned;
  array->release = nullptr;
}

void AppendBit(std::vector<uint8_t>* bits, int64_t at, bool set) {
  if (at % 8 == 0) bits->push_back(0);
  if (set) bits->back() = static_cast<uint8_t>(bits->back() | (1u << (at % 8)));
}

const int32_t* Offsets(const ArrowArray& column) {
  return static_cast<const int32_t*>(column.buffers[1]) + column.offset;
}

}  // namespace

struct BatchBuilder::Column {
  explicit Column(const DataType& column_type)
      : type(column_type.kind() == TypeKind::kVariant ? VariantStorage() : column_type),
        width(FixedWidth(column_type.kind())) {
    switch (type.kind()) {
      case TypeKind::kArray:
        children.push_back(std::make_unique<Column>(type.element()));
        break;
      case TypeKind::kMap:
        // Arrow's map child: a struct of key and value.
        children.push_back(std::make_unique<Column>(
            DataType::Struct({{"key", type.key(), false, "{}"}, {"value", type.value(), true, "{}"}})));
        break;
      case TypeKind::kStruct:
        for (const StructField& field : type.fields()) children.push_back(std::make_unique<Column>(field.type));
        break;
      default:
        break;
    }
    Clear();
  }

  void Clear() {
    owned = std::make_unique<Owned>();
    if (has_offsets()) owned->offsets.push_back(0);
    rows = 0;
    nulls = 0;
    for (auto& child : children) child->Clear();
  }

  bool has_bytes() const { return type.kind() == TypeKind::kString || type.kind() == TypeKind::kBinary; }
  bool is_list() const { return type.kind() == TypeKind::kArray || type.kind() == TypeKind::kMap; }
  bool has_offsets() const { return has_bytes() || is_list(); }

  uint64_t bytes() const {
    uint64_t total = owned->validity.capacity() + owned->data.capacity() + owned->offsets.capacity() * sizeof(int32_t);
    for (const auto& child : children) total += child->bytes();
    return total;
  }

  void Append(const ArrowArray& from, int64_t row) {
    const bool null = type.kind() == TypeKind::kNull || IsNull(from, row);
    AppendBit(&owned->validity, rows, !null);
    nulls += null ? 1 : 0;
    if (type.kind() == TypeKind::kBoolean) {
      const int64_t at = from.offset + row;
      const bool bit = !null && (static_cast<const uint8_t*>(from.buffers[1])[at / 8] >> (at % 8) & 1) != 0;
      AppendBit(&booleans, rows, bit);
    } else if (width > 0) {
      const size_t end = owned->data.size();
      owned->data.resize(end + static_cast<size_t>(width));
      if (!null) {
        std::memcpy(owned->data.data() + end, static_cast<const char*>(from.buffers[1]) + (from.offset + row) * width,
                    static_cast<size_t>(width));
      }
    } else if (has_bytes()) {
      if (!null) {
        const int32_t* offsets = Offsets(from);
        const char* bytes = static_cast<const char*>(from.buffers[2]);
        owned->data.insert(owned->data.end(), bytes + offsets[row], bytes + offsets[row + 1]);
      }
      PushOffset(owned->data.size());
    } else if (is_list()) {
      if (!null) {
        const int32_t* offsets = Offsets(from);
        for (int32_t i = offsets[row]; i < offsets[row + 1]; ++i) children[0]->Append(*from.children[0], i);
      }
      PushOffset(static_cast<size_t>(children[0]->rows));
    } else if (type.kind() == TypeKind::kStruct) {
      for (size_t i = 0; i < children.size(); ++i) {
        if (null) {
          children[i]->AppendNull();
        } else {
          children[i]->Append(*from.children[i], from.offset + row);
        }
      }
    }
    ++rows;
  }

  void AppendNull() {
    AppendBit(&owned->validity, rows, false);
    ++nulls;
    if (type.kind() == TypeKind::kBoolean) AppendBit(&booleans, rows, false);
    if (width > 0) owned->data.resize(owned->data.size() + static_cast<size_t>(width));
    if (has_offsets()) owned->offsets.push_back(owned->offsets.back());
    if (type.kind() == TypeKind::kStruct) {
      for (auto& child : children) child->AppendNull();
    }
    ++rows;
  }

  void PushOffset(size_t end) {
    if (end > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
      throw Error("TINDERBOX_BATCH_TOO_LARGE", "One batch would hold more than 2 GiB of one column.");
    }
    owned->offsets.push_back(static_cast<int32_t>(end));
  }

  ArrowArray Finish() {
    Owned* out = owned.release();
    ArrowArray array{};
    array.length = rows;
    array.null_count = nulls;
    if (type.kind() == TypeKind::kBoolean) out->data.assign(booleans.begin(), booleans.end());
    booleans.clear();
    for (auto& child : children) out->children.push_back(child->Finish());
    for (ArrowArray& child : out->children) out->child_pointers.push_back(&child);
    array.n_children = static_cast<int64_t>(out->children.size());
    array.children = out->child_pointers.data();
    if (type.kind() == TypeKind::kNull) {
      array.n_buffers = 0;
    } else {
      out->buffers[0] = nulls == 0 ? nullptr : out->validity.data();
      if (has_offsets()) {
        out->buffers[1] = out->offsets.data();
        out->buffers[2] = out->data.data();
        array.n_buffers = has_bytes() ? 3 : 2;
      } else if (type.kind() == TypeKind::kStruct) {
        array.n_buffers = 1;
      } else {
        out->buffers[1] = out->data.data();
        array.n_buffers = 2;
      }
    }
    array.buffers = out->buffers;
    array.release = ReleaseOwned;
    array.private_data = out;
    Clear();
    return array;
  }

  DataType type;
  int width;
  int64_t rows = 0;
  int64_t nulls = 0;
  std::unique_ptr<Owned> owned;
  std::vector<uint8_t> booleans;
  std::vector<std::unique_ptr<Column>> children;
};

BatchBuilder::BatchBuilder(const StructType& schema) {
  for (const StructField& field : schema.fields) columns_.push_back(std::make_unique<Column>(field.type));
}

BatchBuilder::~BatchBuilder() = default;

void BatchBuilder::Append(const ArrowBatch& batch, int64_t row) {
  const int64_t at = batch.array().offset + row;
  for (size_t i = 0; i < columns_.size(); ++i) columns_[i]->Append(batch.column(i), at);
  ++rows_;
}

uint64_t BatchBuilder::bytes() const {
  uint64_t total = 0;
  for (const auto& column : columns_) total += column->bytes();
  return total;
}

ArrowBatch BatchBuilder::Finish() {
  auto* out = new Owned();
  for (auto& column : columns_) out->children.push_back(column->Finish());
  for (ArrowArray& child : out->children) out->child_pointers.push_back(&child);
  ArrowArray array{};
  array.length = rows_;
  array.n_buffers = 1;
  array.n_children = static_cast<int64_t>(out->children.size());
  array.buffers = out->buffers;
  array.children = out->child_pointers.data();
  array.release = ReleaseOwned;
  array.private_data = out;
  rows_ = 0;
  return ArrowBatch(array);
}

}  // namespace tinderbox::spark
