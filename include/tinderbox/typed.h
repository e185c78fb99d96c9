#pragma once

#include <chrono>
#include <concepts>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "tinderbox/dataframe.h"
#include "tinderbox/error.h"

/// Rows as C++ types, for DataFrame::Collect<T> and Session::CreateDataFrame.
///
/// | C++ | Spark |
/// |---|---|
/// | bool | BOOLEAN |
/// | int8_t, int16_t, int32_t, int64_t | TINYINT, SMALLINT, INT, BIGINT |
/// | float, double | FLOAT, DOUBLE |
/// | DecimalValue | DECIMAL (made as DECIMAL(38,18)) |
/// | std::string, BinaryValue | STRING, BINARY |
/// | std::chrono::sys_days, DateValue | DATE |
/// | std::chrono::sys_time<std::chrono::microseconds>, TimestampValue | TIMESTAMP |
/// | std::chrono::local_time<std::chrono::microseconds>, TimestampNtzValue | TIMESTAMP_NTZ |
/// | std::chrono::microseconds, DayTimeIntervalValue | INTERVAL DAY TO SECOND |
/// | YearMonthIntervalValue, TimeValue, CalendarIntervalValue | the types of the same names |
/// | std::vector<T>, std::map<K, V>, std::tuple<T...> | ARRAY, MAP, STRUCT |
/// | std::optional<T> | T that can be NULL |
/// | Value (reading only) | any |
///
/// Reading widens: an integer column of any width reads into a wider C++ integer, FLOAT into double.
namespace tinderbox::typed {

[[noreturn]] void WrongType(const std::string& wanted, const Value& found);
[[noreturn]] void WrongWidth(size_t wanted, size_t found);

template <typename T>
struct Cell;

/// A C++ type that a Value holds as it is.
template <typename T, TypeKind kKind>
struct PlainCell {
  static DataType Type() { return DataType(kKind); }
  static Value To(T value) { return Value(std::move(value)); }
  static T From(const Value& value) {
    const T* held = std::get_if<T>(&value.data);
    if (held == nullptr) WrongType(Type().Sql(), value);
    return *held;
  }
};
template <>
struct Cell<bool> : PlainCell<bool, TypeKind::kBoolean> {};
template <>
struct Cell<float> : PlainCell<float, TypeKind::kFloat> {};
template <>
struct Cell<std::string> : PlainCell<std::string, TypeKind::kString> {};
template <>
struct Cell<BinaryValue> : PlainCell<BinaryValue, TypeKind::kBinary> {};
template <>
struct Cell<DateValue> : PlainCell<DateValue, TypeKind::kDate> {};
template <>
struct Cell<TimeValue> : PlainCell<TimeValue, TypeKind::kTime> {};
template <>
struct Cell<TimestampValue> : PlainCell<TimestampValue, TypeKind::kTimestamp> {};
template <>
struct Cell<TimestampNtzValue> : PlainCell<TimestampNtzValue, TypeKind::kTimestampNtz> {};
template <>
struct Cell<YearMonthIntervalValue> : PlainCell<YearMonthIntervalValue, TypeKind::kYearMonthInterval> {};
template <>
struct Cell<DayTimeIntervalValue> : PlainCell<DayTimeIntervalValue, TypeKind::kDayTimeInterval> {};
template <>
struct Cell<CalendarIntervalValue> : PlainCell<CalendarIntervalValue, TypeKind::kCalendarInterval> {};
template <>
struct Cell<DecimalValue> : PlainCell<DecimalValue, TypeKind::kDecimal> {
  static DataType Type() { return DataType::Decimal(38, 18); }
};

template <std::signed_integral T>
struct Cell<T> {
  static DataType Type() {
    return DataType(sizeof(T) == 1   ? TypeKind::kByte
                    : sizeof(T) == 2 ? TypeKind::kShort
                    : sizeof(T) == 4 ? TypeKind::kInteger
                                     : TypeKind::kLong);
  }
  static Value To(T value) { return Value(static_cast<int64_t>(value)); }
  static T From(const Value& value) {
    const int64_t* held = std::get_if<int64_t>(&value.data);
    if (held == nullptr || !std::in_range<T>(*held)) WrongType(Type().Sql(), value);
    return static_cast<T>(*held);
  }
};
template <>
struct Cell<double> {
  static DataType Type() { return DataType(TypeKind::kDouble); }
  static Value To(double value) { return Value(value); }
  static double From(const Value& value) {
    if (const float* held = std::get_if<float>(&value.data)) return *held;
    return PlainCell<double, TypeKind::kDouble>::From(value);
  }
};
template <>
struct Cell<Value> {
  static Value From(const Value& value) { return value; }
};

/// A type of std::chrono over the one that a Value holds.
template <typename T, typename Held, auto kMember>
struct TimeCell {
  static DataType Type() { return Cell<Held>::Type(); }
  static Value To(T value) {
    Held held;
    if constexpr (requires { value.time_since_epoch(); }) {
      held.*kMember = value.time_since_epoch().count();
    } else {
      held.*kMember = value.count();
    }
    return Value(held);
  }
  static T From(const Value& value) {
    const auto count = Cell<Held>::From(value).*kMember;
    if constexpr (requires { typename T::clock; }) {
      return T(typename T::duration(count));
    } else {
      return T(count);
    }
  }
};
template <>
struct Cell<std::chrono::sys_days> : TimeCell<std::chrono::sys_days, DateValue, &DateValue::days> {};
template <>
struct Cell<std::chrono::sys_time<std::chrono::microseconds>>
    : TimeCell<std::chrono::sys_time<std::chrono::microseconds>, TimestampValue, &TimestampValue::micros> {};
template <>
struct Cell<std::chrono::local_time<std::chrono::microseconds>>
    : TimeCell<std::chrono::local_time<std::chrono::microseconds>, TimestampNtzValue, &TimestampNtzValue::micros> {};
template <>
struct Cell<std::chrono::microseconds>
    : TimeCell<std::chrono::microseconds, DayTimeIntervalValue, &DayTimeIntervalValue::micros> {};

template <typename T>
inline constexpr bool kCanBeNull = false;
template <typename T>
inline constexpr bool kCanBeNull<std::optional<T>> = true;

template <typename T>
struct Cell<std::optional<T>> {
  static DataType Type() { return Cell<T>::Type(); }
  static Value To(std::optional<T> value) { return value ? Cell<T>::To(std::move(*value)) : Value(); }
  static std::optional<T> From(const Value& value) {
    if (value.is_null()) return std::nullopt;
    return Cell<T>::From(value);
  }
};
template <typename T>
struct Cell<std::vector<T>> {
  static DataType Type() { return DataType::Array(Cell<T>::Type(), kCanBeNull<T>); }
  static Value To(const std::vector<T>& values) {
    auto list = std::make_shared<ListValue>();
    for (const T& value : values) list->items.push_back(Cell<T>::To(value));
    return Value(std::move(list));
  }
  static std::vector<T> From(const Value& value) {
    const auto* list = std::get_if<std::shared_ptr<ListValue>>(&value.data);
    if (list == nullptr) WrongType("ARRAY", value);
    std::vector<T> out;
    for (const Value& item : (*list)->items) out.push_back(Cell<T>::From(item));
    return out;
  }
};
template <typename K, typename V>
struct Cell<std::map<K, V>> {
  static DataType Type() { return DataType::Map(Cell<K>::Type(), Cell<V>::Type(), kCanBeNull<V>); }
  static Value To(const std::map<K, V>& values) {
    auto map = std::make_shared<MapValue>();
    for (const auto& [key, value] : values) map->entries.emplace_back(Cell<K>::To(key), Cell<V>::To(value));
    return Value(std::move(map));
  }
  static std::map<K, V> From(const Value& value) {
    const auto* map = std::get_if<std::shared_ptr<MapValue>>(&value.data);
    if (map == nullptr) WrongType("MAP", value);
    std::map<K, V> out;
    for (const auto& [key, item] : (*map)->entries) out.emplace(Cell<K>::From(key), Cell<V>::From(item));
    return out;
  }
};
/// A struct whose fields are named _1, _2, … when it is made here.
template <typename... Ts>
struct Cell<std::tuple<Ts...>> {
  static DataType Type() {
    std::vector<StructField> fields;
    ((fields.push_back({"_" + std::to_string(fields.size() + 1), Cell<Ts>::Type(), kCanBeNull<Ts>, "{}"})), ...);
    return DataType::Struct(std::move(fields));
  }
  static Value To(const std::tuple<Ts...>& value) {
    auto made = std::make_shared<StructValue>();
    const DataType type = Type();
    for (const StructField& field : type.fields()) made->names.push_back(field.name);
    made->values = Values(value);
    return Value(std::move(made));
  }
  static std::tuple<Ts...> From(const Value& value) {
    const auto* held = std::get_if<std::shared_ptr<StructValue>>(&value.data);
    if (held == nullptr) WrongType("STRUCT", value);
    return From((*held)->values);
  }
  static std::vector<Value> Values(const std::tuple<Ts...>& row) {
    return std::apply([](const Ts&... cell) { return std::vector<Value>{Cell<Ts>::To(cell)...}; }, row);
  }
  static std::tuple<Ts...> From(const std::vector<Value>& values) {
    if (values.size() != sizeof...(Ts)) WrongWidth(sizeof...(Ts), values.size());
    return FromEach(values, std::index_sequence_for<Ts...>());
  }

 private:
  template <size_t... kI>
  static std::tuple<Ts...> FromEach(const std::vector<Value>& values, std::index_sequence<kI...>) {
    return std::tuple<Ts...>{Cell<Ts>::From(values[kI])...};
  }
};

template <typename T>
inline constexpr bool kIsTuple = false;
template <typename... Ts>
inline constexpr bool kIsTuple<std::tuple<Ts...>> = true;

template <typename T>
concept Readable = requires(const Value& value) {
  { Cell<T>::From(value) } -> std::same_as<T>;
};

}  // namespace tinderbox::typed

namespace tinderbox {

template <typename T>
std::vector<T> DataFrame::Collect() const {
  static_assert(typed::Readable<T>, "tinderbox/typed.h lists the C++ types that rows can be read into");
  std::vector<T> out;
  for (const Row& row : Collect()) {
    if constexpr (typed::kIsTuple<T>) {
      out.push_back(typed::Cell<T>::From(row.values));
    } else {
      if (row.size() != 1) typed::WrongWidth(1, row.size());
      out.push_back(typed::Cell<T>::From(row[0]));
    }
  }
  return out;
}

template <typename First, typename... Rest>
DataFrame Session::Sql(std::string_view text, const First& first, const Rest&... rest) const {
  return SqlByPosition(text, {ColumnOrValue(first), ColumnOrValue(rest)...});
}

template <typename... Columns>
DataFrame Session::CreateDataFrame(const std::vector<std::string>& names,
                                   const std::vector<std::tuple<Columns...>>& rows) const {
  if (names.size() != sizeof...(Columns)) typed::WrongWidth(sizeof...(Columns), names.size());
  StructType schema{typed::Cell<std::tuple<Columns...>>::Type().fields()};
  for (size_t i = 0; i < names.size(); ++i) schema.fields[i].name = names[i];
  std::vector<Row> out;
  out.reserve(rows.size());
  for (const auto& row : rows) out.push_back(Row{typed::Cell<std::tuple<Columns...>>::Values(row)});
  return CreateDataFrame(schema, out);
}

}  // namespace tinderbox
