#include "engine/local_source.h"

#include <algorithm>
#include <cstring>

#include "spark/type_names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

bool IsNull(const ArrowArray& array, int64_t row) {
  if (array.n_buffers == 0) return true;  // the null type has no buffers
  const auto* bits = static_cast<const uint8_t*>(array.buffers[0]);
  int64_t at = array.offset + row;
  return bits != nullptr && (bits[at / 8] >> (at % 8) & 1) == 0;
}

template <typename T>
const T* Values(const ArrowArray& array) {
  return static_cast<const T*>(array.buffers[1]) + array.offset;
}

/// Copies rows [begin, begin + count) to the vector's rows from `target` on.
class Copier {
 public:
  void Copy(const DataType& type, const ArrowArray& from, int64_t begin, int64_t count, OutVector* to, size_t target);

 private:
  template <typename T>
  void Fixed(const ArrowArray& from, int64_t begin, int64_t count, OutVector* to, size_t target) {
    std::memcpy(to->Data<T>() + target, Values<T>(from) + begin, static_cast<size_t>(count) * sizeof(T));
  }
  template <typename T>
  void Decimal(const ArrowArray& from, int64_t begin, int64_t count, OutVector* to, size_t target) {
    const auto* bytes = static_cast<const char*>(from.buffers[1]) + (from.offset + begin) * 16;
    for (int64_t i = 0; i < count; ++i) {
      __int128 value;
      std::memcpy(&value, bytes + i * 16, 16);
      to->Data<T>()[target + static_cast<size_t>(i)] = static_cast<T>(value);
    }
  }
  void Lists(const DataType& type, const ArrowArray& from, int64_t begin, int64_t count, OutVector* to, size_t target);
};

void Copier::Lists(const DataType& type, const ArrowArray& from, int64_t begin, int64_t count, OutVector* to,
                   size_t target) {
  const int32_t* offsets = Values<int32_t>(from) + begin;
  // Lists of one vector share one child, which earlier copies may have filled already.
  uint64_t filled = to->ListSize();
  to->ReserveList(filled + static_cast<uint64_t>(offsets[count] - offsets[0]));
  to->SetListSize(filled + static_cast<uint64_t>(offsets[count] - offsets[0]));
  for (int64_t i = 0; i < count; ++i) {
    to->SetList(target + static_cast<size_t>(i), filled + static_cast<uint64_t>(offsets[i] - offsets[0]),
                static_cast<uint64_t>(offsets[i + 1] - offsets[i]));
  }
  OutVector child = to->ListChild();
  int64_t elements = offsets[count] - offsets[0];
  if (elements == 0) return;
  if (type.kind() == TypeKind::kArray) {
    Copy(type.element(), *from.children[0], offsets[0], elements, &child, filled);
    return;
  }
  const ArrowArray& entries = *from.children[0];
  OutVector key = child.StructChild(0), value = child.StructChild(1);
  Copy(type.key(), *entries.children[0], entries.offset + offsets[0], elements, &key, filled);
  Copy(type.value(), *entries.children[1], entries.offset + offsets[0], elements, &value, filled);
}

void Copier::Copy(const DataType& type, const ArrowArray& from, int64_t begin, int64_t count, OutVector* to,
                  size_t target) {
  switch (type.kind()) {
    case TypeKind::kNull:
      break;
    case TypeKind::kBoolean: {
      const auto* bits = static_cast<const uint8_t*>(from.buffers[1]);
      for (int64_t i = 0; i < count; ++i) {
        int64_t at = from.offset + begin + i;
        to->Data<uint8_t>()[target + static_cast<size_t>(i)] = bits[at / 8] >> (at % 8) & 1;
      }
      break;
    }
    case TypeKind::kByte:
      Fixed<int8_t>(from, begin, count, to, target);
      break;
    case TypeKind::kShort:
      Fixed<int16_t>(from, begin, count, to, target);
      break;
    case TypeKind::kInteger:
    case TypeKind::kFloat:
    case TypeKind::kDate:
    case TypeKind::kYearMonthInterval:
      Fixed<int32_t>(from, begin, count, to, target);
      break;
    case TypeKind::kLong:
    case TypeKind::kDouble:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz:
    case TypeKind::kDayTimeInterval:
      Fixed<int64_t>(from, begin, count, to, target);
      break;
    case TypeKind::kCalendarInterval: {
      struct Parts {
        int32_t months;
        int32_t days;
        int64_t fraction;
      };
      const auto* values = Values<Parts>(from) + begin;
      for (int64_t i = 0; i < count; ++i) {
        Parts parts = values[i];
        parts.fraction /= 1000;
        to->Data<Parts>()[target + static_cast<size_t>(i)] = parts;
      }
      break;
    }
    case TypeKind::kDecimal:
      if (type.precision() <= 4) {
        Decimal<int16_t>(from, begin, count, to, target);
      } else if (type.precision() <= 9) {
        Decimal<int32_t>(from, begin, count, to, target);
      } else if (type.precision() <= 18) {
        Decimal<int64_t>(from, begin, count, to, target);
      } else {
        Decimal<__int128>(from, begin, count, to, target);
      }
      break;
    case TypeKind::kString:
    case TypeKind::kBinary: {
      const int32_t* offsets = Values<int32_t>(from) + begin;
      const char* bytes = static_cast<const char*>(from.buffers[2]);
      for (int64_t i = 0; i < count; ++i) {
        if (IsNull(from, begin + i)) continue;
        size_t length = static_cast<size_t>(offsets[i + 1] - offsets[i]);
        to->SetString(target + static_cast<size_t>(i), length == 0 ? "" : std::string_view(bytes + offsets[i], length));
      }
      break;
    }
    case TypeKind::kArray:
    case TypeKind::kMap:
      Lists(type, from, begin, count, to, target);
      break;
    case TypeKind::kVariant:
      return Copy(spark::VariantStorage(), from, begin, count, to, target);
    case TypeKind::kStruct:
      for (size_t k = 0; k < type.fields().size(); ++k) {
        OutVector child = to->StructChild(k);
        Copy(type.fields()[k].type, *from.children[k], from.offset + begin, count, &child, target);
      }
      break;
  }
  for (int64_t i = 0; i < count; ++i) {
    if (IsNull(from, begin + i)) to->SetNull(target + static_cast<size_t>(i));
  }
}

class LocalPart : public ScanPart {
 public:
  LocalPart(std::shared_ptr<const LocalSource> source, std::vector<size_t> projected)
      : source_(std::move(source)), projected_(std::move(projected)) {}

  size_t Fill(std::vector<OutVector>& columns) override {
    const auto& batches = source_->batches();
    while (batch_ < batches.size() && row_ >= batches[batch_].rows()) {
      ++batch_;
      row_ = 0;
    }
    if (batch_ == batches.size()) return 0;
    const ArrowBatch& batch = batches[batch_];
    int64_t count = std::min<int64_t>(kChunkRows, batch.rows() - row_);
    for (size_t i = 0; i < columns.size(); ++i) {
      size_t column = projected_[i];
      Copier().Copy(source_->Columns()[column].type, batch.column(column), batch.array().offset + row_, count,
                    &columns[i], 0);
    }
    row_ += count;
    return static_cast<size_t>(count);
  }

 private:
  std::shared_ptr<const LocalSource> source_;
  std::vector<size_t> projected_;
  size_t batch_ = 0;
  int64_t row_ = 0;
};

/// One part, so that the rows keep their order.
class LocalScan : public Scan {
 public:
  LocalScan(std::shared_ptr<const LocalSource> source, std::vector<size_t> projected)
      : source_(std::move(source)), projected_(std::move(projected)) {}
  std::unique_ptr<ScanPart> NewPart() override { return std::make_unique<LocalPart>(source_, projected_); }
  size_t MaxParts() const override { return 1; }

 private:
  std::shared_ptr<const LocalSource> source_;
  std::vector<size_t> projected_;
};

}  // namespace

void CopyRows(const DataType& type, const ArrowArray& column, int64_t first, int64_t count, OutVector* to,
              size_t target) {
  Copier().Copy(type, column, first, count, to, target);
}

LocalSource::LocalSource(StructType schema, std::vector<ArrowBatch> batches)
    : schema_(std::move(schema)), batches_(std::move(batches)) {
  for (const ArrowBatch& batch : batches_) rows_ += static_cast<uint64_t>(batch.rows());
}

std::unique_ptr<Scan> LocalSource::Open(std::vector<size_t> projected) {
  return std::make_unique<LocalScan>(shared_from_this(), std::move(projected));
}

}  // namespace tinderbox::engine
