#include "diff/value_order.h"

#include <algorithm>
#include <cmath>

namespace tinderbox::diff {
namespace {

template <typename T>
int Order(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

template <typename T>
int OrderFloating(T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return Order(std::isnan(a), std::isnan(b));
  return Order(a, b);
}

int OrderDecimals(const DecimalValue& a, const DecimalValue& b) {
  if (a.scale == b.scale) return Order(a.unscaled, b.unscaled);
  return Order(static_cast<long double>(a.unscaled) * std::pow(10.0L, -a.scale),
               static_cast<long double>(b.unscaled) * std::pow(10.0L, -b.scale));
}

int OrderSequences(const std::vector<Value>& a, const std::vector<Value>& b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (const int order = CompareValues(a[i], b[i])) return order;
  }
  return Order(a.size(), b.size());
}

struct Ordering {
  const Value& other;

  template <typename T>
  int operator()(const T& a) const {
    const T& b = std::get<T>(other.data);
    if constexpr (std::is_same_v<T, std::monostate>) {
      return 0;
    } else if constexpr (std::is_floating_point_v<T>) {
      return OrderFloating(a, b);
    } else if constexpr (std::is_same_v<T, DecimalValue>) {
      return OrderDecimals(a, b);
    } else if constexpr (std::is_same_v<T, BinaryValue>) {
      return Order(a.bytes, b.bytes);
    } else if constexpr (std::is_same_v<T, DateValue>) {
      return Order(a.days, b.days);
    } else if constexpr (std::is_same_v<T, YearMonthIntervalValue>) {
      return Order(a.months, b.months);
    } else if constexpr (requires { a.micros; }) {
      return Order(a.micros, b.micros);
    } else if constexpr (std::is_same_v<T, std::shared_ptr<ListValue>>) {
      return OrderSequences(a->items, b->items);
    } else if constexpr (std::is_same_v<T, std::shared_ptr<StructValue>>) {
      return OrderSequences(a->values, b->values);
    } else if constexpr (std::is_same_v<T, std::shared_ptr<MapValue>>) {
      return Order(Value(a).ToJson(), other.ToJson());
    } else {
      return Order(a, b);
    }
  }
};

}  // namespace

int CompareValues(const Value& a, const Value& b) {
  if (a.data.index() != b.data.index()) {
    if (a.is_null() || b.is_null()) return a.is_null() ? -1 : 1;
    return Order(a.data.index(), b.data.index());
  }
  return std::visit(Ordering{b}, a.data);
}

int CompareRows(const Row& a, const Row& b) {
  return OrderSequences(a.values, b.values);
}

}  // namespace tinderbox::diff
