#include "engine/functions/value_order.h"

#include <algorithm>
#include <cmath>
#include <compare>

#include "engine/functions/value_text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

template <typename T>
int Three(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

template <typename T>
int ThreeReal(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return Three(std::isnan(a) ? 1 : 0, std::isnan(b) ? 1 : 0);
  return Three(a, b);
}

}  // namespace

ValueOrder::ValueOrder(const DataType& type, InVector left, InVector right) : type_(type), left_(left), right_(right) {
  if (type.kind() == TypeKind::kArray) {
    children_.emplace_back(type.element(), left.ListChild(), right.ListChild());
  } else if (type.kind() == TypeKind::kMap) {
    children_.emplace_back(DataType::Struct({{"key", type.key()}, {"value", type.value()}}), left.ListChild(),
                           right.ListChild());
  } else if (type.kind() == TypeKind::kStruct) {
    for (size_t i = 0; i < type.fields().size(); ++i) {
      children_.emplace_back(type.fields()[i].type, left.StructChild(i), right.StructChild(i));
    }
  }
}

int ValueOrder::Compare(size_t left, size_t right) const {
  const bool left_null = left_.IsNull(left);
  const bool right_null = right_.IsNull(right);
  if (left_null || right_null) return Three(left_null ? 0 : 1, right_null ? 0 : 1);
  const auto integers = [&]<typename T>(T) { return Three(left_.Data<T>()[left], right_.Data<T>()[right]); };
  switch (type_.kind()) {
    case TypeKind::kNull:
      return 0;
    case TypeKind::kBoolean:
      return integers(uint8_t{});
    case TypeKind::kByte:
      return integers(int8_t{});
    case TypeKind::kShort:
      return integers(int16_t{});
    case TypeKind::kInteger:
    case TypeKind::kDate:
    case TypeKind::kYearMonthInterval:
      return integers(int32_t{});
    case TypeKind::kLong:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz:
    case TypeKind::kDayTimeInterval:
      return integers(int64_t{});
    case TypeKind::kFloat:
      return ThreeReal(left_.Data<float>()[left], right_.Data<float>()[right]);
    case TypeKind::kDouble:
      return ThreeReal(left_.Data<double>()[left], right_.Data<double>()[right]);
    case TypeKind::kDecimal:
      return Three(DecimalDigits(type_, left_, left), DecimalDigits(type_, right_, right));
    case TypeKind::kString:
    case TypeKind::kBinary:
      return Three(left_.String(left).compare(right_.String(right)), 0);
    case TypeKind::kArray:
    case TypeKind::kMap: {
      const auto a = left_.List(left);
      const auto b = right_.List(right);
      for (uint64_t i = 0; i < std::min(a.length, b.length); ++i) {
        const int order = children_[0].Compare(a.offset + i, b.offset + i);
        if (order != 0) return order;
      }
      return Three(a.length, b.length);
    }
    case TypeKind::kVariant:
      break;
    case TypeKind::kCalendarInterval: {
      struct Interval {
        int32_t months;
        int32_t days;
        int64_t micros;
        auto operator<=>(const Interval&) const = default;
      };
      return integers(Interval{});
    }
    case TypeKind::kStruct:
      for (const ValueOrder& field : children_) {
        const int order = field.Compare(left, right);
        if (order != 0) return order;
      }
      return 0;
  }
  throw Error("INTERNAL_ERROR", "A data type has no order.");
}

void SortRows(const ValueOrder& order, std::vector<uint64_t>* rows) {
  std::stable_sort(rows->begin(), rows->end(), [&](uint64_t a, uint64_t b) { return order.Compare(a, b) < 0; });
}

}  // namespace tinderbox::engine
