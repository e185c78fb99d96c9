#include "dataframe/literal.h"

#include <algorithm>
#include <limits>

#include "base/fail.h"
#include "spark/proto.h"
#include "spark/proto_types.h"
#include "spark/text.h"

namespace tinderbox::dataframe {
namespace {

[[noreturn]] void DoesNotFit(const Value& value, const DataType& type) {
  base::Fail("INVALID_TYPED_LITERAL", "The value {} cannot be a literal of type {}.", value.ToJson(), type.Sql());
}

template <typename T>
const T& Get(const Value& value, const DataType& type) {
  const T* held = std::get_if<T>(&value.data);
  if (held == nullptr) DoesNotFit(value, type);
  return *held;
}

template <typename T>
T Integral(const Value& value, const DataType& type) {
  const int64_t number = Get<int64_t>(value, type);
  if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) DoesNotFit(value, type);
  return static_cast<T>(number);
}

double Real(const Value& value, const DataType& type) {
  if (const auto* number = std::get_if<int64_t>(&value.data)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<float>(&value.data)) return *number;
  return Get<double>(value, type);
}

int DigitCount(__int128 value) {
  int digits = 1;
  while ((value /= 10) != 0) ++digits;
  return digits;
}

DecimalValue Decimal(const Value& value, const DataType& type) {
  DecimalValue decimal;
  if (const auto* number = std::get_if<int64_t>(&value.data)) {
    decimal.unscaled = *number;
  } else {
    decimal = Get<DecimalValue>(value, type);
  }
  for (; decimal.scale < type.scale(); ++decimal.scale) {
    if (__builtin_mul_overflow(decimal.unscaled, static_cast<__int128>(10), &decimal.unscaled)) DoesNotFit(value, type);
  }
  for (; decimal.scale > type.scale(); --decimal.scale) {
    if (decimal.unscaled % 10 != 0) DoesNotFit(value, type);
    decimal.unscaled /= 10;
  }
  if (DigitCount(decimal.unscaled) > type.precision()) DoesNotFit(value, type);
  return decimal;
}

/// The type of several values together: that of the first which is not NULL; BIGINT when some integers need it.
DataType CommonLiteralType(const std::vector<const Value*>& values) {
  DataType common;
  for (const Value* value : values) {
    const DataType type = LiteralType(*value);
    if (common.kind() == TypeKind::kNull || (common.kind() == TypeKind::kInteger && type.kind() == TypeKind::kLong)) {
      common = type;
    } else if (common.kind() == TypeKind::kDecimal && type.kind() == TypeKind::kDecimal) {
      const int scale = std::max(common.scale(), type.scale());
      const int whole = std::max(common.precision() - common.scale(), type.precision() - type.scale());
      common = DataType::Decimal(std::min(38, whole + scale), scale);
    }
  }
  return common;
}

}  // namespace

DataType LiteralType(const Value& value) {
  return std::visit(
      [](const auto& v) -> DataType {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return DataType();
        } else if constexpr (std::is_same_v<T, bool>) {
          return DataType(TypeKind::kBoolean);
        } else if constexpr (std::is_same_v<T, int64_t>) {
          const bool small = v >= std::numeric_limits<int32_t>::min() && v <= std::numeric_limits<int32_t>::max();
          return DataType(small ? TypeKind::kInteger : TypeKind::kLong);
        } else if constexpr (std::is_same_v<T, float>) {
          return DataType(TypeKind::kFloat);
        } else if constexpr (std::is_same_v<T, double>) {
          return DataType(TypeKind::kDouble);
        } else if constexpr (std::is_same_v<T, DecimalValue>) {
          return DataType::Decimal(std::max(DigitCount(v.unscaled), v.scale), v.scale);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return DataType(TypeKind::kString);
        } else if constexpr (std::is_same_v<T, BinaryValue>) {
          return DataType(TypeKind::kBinary);
        } else if constexpr (std::is_same_v<T, DateValue>) {
          return DataType(TypeKind::kDate);
        } else if constexpr (std::is_same_v<T, TimeValue>) {
          return DataType(TypeKind::kTime);
        } else if constexpr (std::is_same_v<T, TimestampValue>) {
          return DataType(TypeKind::kTimestamp);
        } else if constexpr (std::is_same_v<T, TimestampNtzValue>) {
          return DataType(TypeKind::kTimestampNtz);
        } else if constexpr (std::is_same_v<T, YearMonthIntervalValue>) {
          return DataType(TypeKind::kYearMonthInterval);
        } else if constexpr (std::is_same_v<T, DayTimeIntervalValue>) {
          return DataType(TypeKind::kDayTimeInterval);
        } else if constexpr (std::is_same_v<T, CalendarIntervalValue>) {
          return DataType(TypeKind::kCalendarInterval);
        } else if constexpr (std::is_same_v<T, std::shared_ptr<ListValue>>) {
          std::vector<const Value*> items;
          for (const Value& item : v->items) items.push_back(&item);
          return DataType::Array(CommonLiteralType(items));
        } else if constexpr (std::is_same_v<T, std::shared_ptr<MapValue>>) {
          std::vector<const Value*> keys;
          std::vector<const Value*> values;
          for (const auto& [key, item] : v->entries) {
            keys.push_back(&key);
            values.push_back(&item);
          }
          return DataType::Map(CommonLiteralType(keys), CommonLiteralType(values));
        } else {
          std::vector<StructField> fields;
          for (size_t i = 0; i < v->values.size(); ++i) {
            fields.push_back({v->names.at(i), LiteralType(v->values[i]), true, "{}"});
          }
          return DataType::Struct(std::move(fields));
        }
      },
      value.data);
}

void ToLiteral(const Value& value, const DataType& type, ::spark::connect::Expression_Literal* out) {
  if (value.is_null()) {
    spark::ToProto(type, out->mutable_null());
    return;
  }
  switch (type.kind()) {
    case TypeKind::kNull:
    case TypeKind::kVariant:  // no literal of the protocol holds one
      DoesNotFit(value, type);
    case TypeKind::kBoolean:
      out->set_boolean(Get<bool>(value, type));
      return;
    case TypeKind::kByte:
      out->set_byte(Integral<int8_t>(value, type));
      return;
    case TypeKind::kShort:
      out->set_short_(Integral<int16_t>(value, type));
      return;
    case TypeKind::kInteger:
      out->set_integer(Integral<int32_t>(value, type));
      return;
    case TypeKind::kLong:
      out->set_long_(Integral<int64_t>(value, type));
      return;
    case TypeKind::kFloat:
      out->set_float_(static_cast<float>(Real(value, type)));
      return;
    case TypeKind::kDouble:
      out->set_double_(Real(value, type));
      return;
    case TypeKind::kDecimal: {
      spark::AppendDecimal(out->mutable_decimal()->mutable_value(), Decimal(value, type));
      out->mutable_decimal()->set_precision(type.precision());
      out->mutable_decimal()->set_scale(type.scale());
      return;
    }
    case TypeKind::kString:
      out->set_string(Get<std::string>(value, type));
      return;
    case TypeKind::kBinary:
      out->set_binary(Get<BinaryValue>(value, type).bytes);
      return;
    case TypeKind::kDate:
      out->set_date(Get<DateValue>(value, type).days);
      return;
    case TypeKind::kTime:
      out->mutable_time()->set_nano(Get<TimeValue>(value, type).micros * 1000);
      out->mutable_time()->set_precision(6);
      return;
    case TypeKind::kTimestamp:
      out->set_timestamp(Get<TimestampValue>(value, type).micros);
      return;
    case TypeKind::kTimestampNtz:
      out->set_timestamp_ntz(Get<TimestampNtzValue>(value, type).micros);
      return;
    case TypeKind::kYearMonthInterval:
      out->set_year_month_interval(Get<YearMonthIntervalValue>(value, type).months);
      return;
    case TypeKind::kDayTimeInterval:
      out->set_day_time_interval(Get<DayTimeIntervalValue>(value, type).micros);
      return;
    case TypeKind::kCalendarInterval: {
      const auto& held = Get<CalendarIntervalValue>(value, type);
      out->mutable_calendar_interval()->set_months(held.months);
      out->mutable_calendar_interval()->set_days(held.days);
      out->mutable_calendar_interval()->set_microseconds(held.micros);
      return;
    }
    case TypeKind::kArray: {
      auto* array = out->mutable_array();
      // Deprecated in the protocol, but what PySpark still sends and what every Spark server reads.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
      spark::ToProto(type.element(), array->mutable_element_type());
#pragma GCC diagnostic pop
      for (const Value& item : Get<std::shared_ptr<ListValue>>(value, type)->items) {
        ToLiteral(item, type.element(), array->add_elements());
      }
      return;
    }
    case TypeKind::kMap: {
      auto* map = out->mutable_map();
      spark::ToProto(type, out->mutable_data_type());
      for (const auto& [key, item] : Get<std::shared_ptr<MapValue>>(value, type)->entries) {
        ToLiteral(key, type.key(), map->add_keys());
        ToLiteral(item, type.value(), map->add_values());
      }
      return;
    }
    case TypeKind::kStruct: {
      auto* made = out->mutable_struct_();
      spark::ToProto(type, out->mutable_data_type());
      const auto& held = *Get<std::shared_ptr<StructValue>>(value, type);
      if (held.values.size() != type.fields().size()) DoesNotFit(value, type);
      for (size_t i = 0; i < held.values.size(); ++i) {
        ToLiteral(held.values[i], type.fields()[i].type, made->add_elements());
      }
      return;
    }
  }
}

}  // namespace tinderbox::dataframe
