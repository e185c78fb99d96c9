#include "diff/column_bits.h"

#include <cstring>

#include "spark/batch_builder.h"

namespace tinderbox::diff {
namespace {

using ::tinderbox::spark::FixedWidth;
using ::tinderbox::spark::IsNull;

const uint8_t* Bits(const ArrowArray& column, int buffer) {
  return static_cast<const uint8_t*>(column.buffers[buffer]);
}
bool Bit(const uint8_t* bits, int64_t at) {
  return (bits[at / 8] >> (at % 8) & 1) != 0;
}
const int32_t* Offsets(const ArrowArray& column) {
  return static_cast<const int32_t*>(column.buffers[1]) + column.offset;
}

#ifdef __clang__  // which only fuzzes, and has no clones of templates
#define TINDERBOX_CLONE_AVX2
#else
#define TINDERBOX_CLONE_AVX2 __attribute__((target_clones("avx2", "default")))
#endif

template <typename T>
TINDERBOX_CLONE_AVX2 void MarkFixed(const T* a, const T* b, int64_t n, uint8_t* differs) {
  for (int64_t i = 0; i < n; ++i) differs[i] = static_cast<uint8_t>(differs[i] | (a[i] != b[i] ? 1 : 0));
}

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
  return hash ^ (hash >> 32);
}

uint64_t HashBytes(uint64_t hash, const char* bytes, size_t length) {
  hash = Mix(hash, length);
  while (length >= 8) {
    uint64_t word;
    std::memcpy(&word, bytes, 8);
    hash = Mix(hash, word);
    bytes += 8;
    length -= 8;
  }
  uint64_t tail = 0;
  std::memcpy(&tail, bytes, length);
  return Mix(hash, tail);
}

}  // namespace

bool HasNulls(const ArrowArray& column) {
  return column.null_count != 0 && column.n_buffers > 0 && column.buffers[0] != nullptr;
}

bool SameValue(const DataType& type, const ArrowArray& a, int64_t i, const ArrowArray& b, int64_t j) {
  if (type.kind() == TypeKind::kNull) return true;
  const bool null_a = IsNull(a, i);
  if (null_a != IsNull(b, j)) return false;
  if (null_a) return true;
  if (const int width = FixedWidth(type.kind()); width > 0) {
    return std::memcmp(static_cast<const char*>(a.buffers[1]) + (a.offset + i) * width,
                       static_cast<const char*>(b.buffers[1]) + (b.offset + j) * width,
                       static_cast<size_t>(width)) == 0;
  }
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return Bit(Bits(a, 1), a.offset + i) == Bit(Bits(b, 1), b.offset + j);
    case TypeKind::kString:
    case TypeKind::kBinary: {
      const int32_t* x = Offsets(a) + i;
      const int32_t* y = Offsets(b) + j;
      const int32_t length = x[1] - x[0];
      return length == y[1] - y[0] && (length == 0 || std::memcmp(static_cast<const char*>(a.buffers[2]) + x[0],
                                                                  static_cast<const char*>(b.buffers[2]) + y[0],
                                                                  static_cast<size_t>(length)) == 0);
    }
    case TypeKind::kArray:
    case TypeKind::kMap: {
      const int32_t* x = Offsets(a) + i;
      const int32_t* y = Offsets(b) + j;
      if (x[1] - x[0] != y[1] - y[0]) return false;
      for (int32_t k = 0; k < x[1] - x[0]; ++k) {
        if (type.kind() == TypeKind::kArray) {
          if (!SameValue(type.element(), *a.children[0], x[0] + k, *b.children[0], y[0] + k)) return false;
        } else {
          const ArrowArray& entries_a = *a.children[0];
          const ArrowArray& entries_b = *b.children[0];
          const int64_t at_a = entries_a.offset + x[0] + k;
          const int64_t at_b = entries_b.offset + y[0] + k;
          if (!SameValue(type.key(), *entries_a.children[0], at_a, *entries_b.children[0], at_b)) return false;
          if (!SameValue(type.value(), *entries_a.children[1], at_a, *entries_b.children[1], at_b)) return false;
        }
      }
      return true;
    }
    case TypeKind::kStruct:
      for (size_t k = 0; k < type.fields().size(); ++k) {
        if (!SameValue(type.fields()[k].type, *a.children[k], a.offset + i, *b.children[k], b.offset + j)) return false;
      }
      return true;
    default:
      return false;
  }
}

void MarkDiffering(const DataType& type, const ArrowArray& a, int64_t i, const ArrowArray& b, int64_t j, int64_t n,
                   uint8_t* differs) {
  const int width = FixedWidth(type.kind());
  if (width > 0 && !HasNulls(a) && !HasNulls(b)) {
    const char* x = static_cast<const char*>(a.buffers[1]) + (a.offset + i) * width;
    const char* y = static_cast<const char*>(b.buffers[1]) + (b.offset + j) * width;
    if (std::memcmp(x, y, static_cast<size_t>(n * width)) == 0) return;
    switch (width) {
      case 1:
        return MarkFixed(reinterpret_cast<const uint8_t*>(x), reinterpret_cast<const uint8_t*>(y), n, differs);
      case 2:
        return MarkFixed(reinterpret_cast<const uint16_t*>(x), reinterpret_cast<const uint16_t*>(y), n, differs);
      case 4:
        return MarkFixed(reinterpret_cast<const uint32_t*>(x), reinterpret_cast<const uint32_t*>(y), n, differs);
      case 8:
        return MarkFixed(reinterpret_cast<const uint64_t*>(x), reinterpret_cast<const uint64_t*>(y), n, differs);
      default:
        break;
    }
  }
  for (int64_t k = 0; k < n; ++k) {
    if (differs[k] == 0 && !SameValue(type, a, i + k, b, j + k)) differs[k] = 1;
  }
}

uint64_t HashValue(const DataType& type, const ArrowArray& column, int64_t row, uint64_t hash) {
  if (type.kind() == TypeKind::kNull || IsNull(column, row)) return Mix(hash, 0x6E756C6C);
  if (const int width = FixedWidth(type.kind()); width > 0) {
    return HashBytes(hash, static_cast<const char*>(column.buffers[1]) + (column.offset + row) * width,
                     static_cast<size_t>(width));
  }
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return Mix(hash, Bit(Bits(column, 1), column.offset + row) ? 2 : 1);
    case TypeKind::kString:
    case TypeKind::kBinary: {
      const int32_t* offsets = Offsets(column) + row;
      return HashBytes(hash, static_cast<const char*>(column.buffers[2]) + offsets[0],
                       static_cast<size_t>(offsets[1] - offsets[0]));
    }
    case TypeKind::kStruct:
      for (size_t k = 0; k < type.fields().size(); ++k) {
        hash = HashValue(type.fields()[k].type, *column.children[k], column.offset + row, hash);
      }
      return hash;
    default:
      // Lists and maps do not take part: two rows with the same hash are compared value by value anyway.
      return hash;
  }
}

}  // namespace tinderbox::diff
