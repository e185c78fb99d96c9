#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tinderbox/types.h"

namespace tinderbox {

struct Value;

/// unscaled * 10^-scale.
struct DecimalValue {
  __int128 unscaled = 0;
  int scale = 0;
  bool operator==(const DecimalValue&) const = default;
};
struct DateValue {
  int32_t days = 0;  ///< since 1970-01-01, proleptic Gregorian
  bool operator==(const DateValue&) const = default;
};
struct TimeValue {
  int64_t micros = 0;  ///< since midnight
  bool operator==(const TimeValue&) const = default;
};
struct TimestampValue {
  int64_t micros = 0;  ///< since the epoch, UTC
  bool operator==(const TimestampValue&) const = default;
};
struct TimestampNtzValue {
  int64_t micros = 0;
  bool operator==(const TimestampNtzValue&) const = default;
};
struct YearMonthIntervalValue {
  int32_t months = 0;
  bool operator==(const YearMonthIntervalValue&) const = default;
};
struct DayTimeIntervalValue {
  int64_t micros = 0;
  bool operator==(const DayTimeIntervalValue&) const = default;
};
struct CalendarIntervalValue {
  int32_t months = 0;
  int32_t days = 0;
  int64_t micros = 0;
  bool operator==(const CalendarIntervalValue&) const = default;
};
struct BinaryValue {
  std::string bytes;
  bool operator==(const BinaryValue&) const = default;
};
struct ListValue {
  std::vector<Value> items;
  bool operator==(const ListValue&) const;
};
struct MapValue {
  std::vector<std::pair<Value, Value>> entries;  ///< in stored order
  bool operator==(const MapValue&) const;
};
struct StructValue {
  std::vector<std::string> names;
  std::vector<Value> values;
  bool operator==(const StructValue&) const;
};

/// One cell of a collected row. std::monostate is NULL. Integral types of every width arrive as int64_t, FLOAT as
/// float.
struct Value {
  using Storage = std::variant<std::monostate, bool, int64_t, float, double, DecimalValue, std::string, BinaryValue,
                               DateValue, TimeValue, TimestampValue, TimestampNtzValue, YearMonthIntervalValue,
                               DayTimeIntervalValue, CalendarIntervalValue, std::shared_ptr<ListValue>,
                               std::shared_ptr<MapValue>, std::shared_ptr<StructValue>>;
  Storage data;

  Value() = default;
  template <typename T>
  requires std::constructible_from<Storage, T> Value(T value)
      : data(std::move(value)) {}  // NOLINT: a cell is made from what it holds

  bool is_null() const { return std::holds_alternative<std::monostate>(data); }
  /// Throws std::bad_variant_access when the cell holds another type.
  template <typename T>
  const T& As() const {
    return std::get<T>(data);
  }
  /// Deep equality; NaN equals NaN, -0.0 equals 0.0, as Spark compares.
  bool operator==(const Value&) const;
  /// Spark's CAST(x AS STRING): doubles as Java prints them, "NULL" for null, instants in UTC.
  std::string ToString() const;
  /// As Spark's to_json writes the value: 1, "text", {"a":1}, null; NaN as "NaN".
  std::string ToJson() const;
};

struct Row {
  std::vector<Value> values;
  const Value& operator[](size_t i) const { return values[i]; }
  size_t size() const { return values.size(); }
  bool operator==(const Row&) const = default;
};

}  // namespace tinderbox
