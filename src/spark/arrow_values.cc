#include <arrow/array/builder_base.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/builder.h>
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cstring>
#include <limits>

#include "base/fail.h"
#include "base/json_text.h"
#include "spark/arrow_types.h"
#include "spark/batch_builder.h"
#include "spark/ipc.h"
#include "spark/type_names.h"

namespace tinderbox::spark {
namespace {

template <typename T>
T Fixed(const ArrowArray& column, int64_t at) {
  T out;
  std::memcpy(&out, static_cast<const char*>(column.buffers[1]) + at * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return out;
}

std::string Bytes(const ArrowArray& column, int64_t at) {
  const auto start = Fixed<int32_t>(column, at);
  const auto end = Fixed<int32_t>(column, at + 1);
  return end == start ? std::string() : std::string(static_cast<const char*>(column.buffers[2]) + start, end - start);
}

/// Writes values into Arrow's builders; `place` names the column in errors.
class Appender {
 public:
  explicit Appender(const std::string& place) : place_(place) {}

  void Append(const StructField& field, const Value& value, arrow::ArrayBuilder* builder) const {
    if (value.is_null()) {
      if (!field.nullable) {
        base::Fail("NOT_NULL_ASSERT_VIOLATION", "The column {} may not be NULL but a row has NULL there.", place_);
      }
      CheckArrow(builder->AppendNull());
      return;
    }
    Append(field.type, value, builder);
  }

 private:
  [[noreturn]] void DoesNotFit(const DataType& type, const Value& value) const {
    base::Fail("CAST_INVALID_INPUT", "The value {} does not fit the column {} of type {}.", value.ToJson(), place_,
               type.Sql());
  }

  template <typename T>
  const T& Get(const DataType& type, const Value& value) const {
    const T* held = std::get_if<T>(&value.data);
    if (held == nullptr) DoesNotFit(type, value);
    return *held;
  }

  template <typename Builder, typename T>
  void AppendIntegral(const DataType& type, const Value& value, arrow::ArrayBuilder* builder) const {
    const int64_t number = Get<int64_t>(type, value);
    if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) DoesNotFit(type, value);
    CheckArrow(static_cast<Builder*>(builder)->Append(static_cast<T>(number)));
  }

  void AppendDecimal(const DataType& type, const Value& value, arrow::ArrayBuilder* builder) const {
    DecimalValue decimal = Get<DecimalValue>(type, value);
    for (; decimal.scale < type.scale(); ++decimal.scale) {
      if (__builtin_mul_overflow(decimal.unscaled, static_cast<__int128>(10), &decimal.unscaled)) {
        DoesNotFit(type, value);
      }
    }
    for (; decimal.scale > type.scale(); --decimal.scale) {
      if (decimal.unscaled % 10 != 0) DoesNotFit(type, value);
      decimal.unscaled /= 10;
    }
    const arrow::Decimal128 out(static_cast<int64_t>(decimal.unscaled >> 64), static_cast<uint64_t>(decimal.unscaled));
    if (!out.FitsInPrecision(type.precision())) DoesNotFit(type, value);
    CheckArrow(static_cast<arrow::Decimal128Builder*>(builder)->Append(out));
  }

  void Append(const DataType& type, const Value& value, arrow::ArrayBuilder* builder) const {
    switch (type.kind()) {
      case TypeKind::kNull:
        DoesNotFit(type, value);
      case TypeKind::kBoolean:
        CheckArrow(static_cast<arrow::BooleanBuilder*>(builder)->Append(Get<bool>(type, value)));
        return;
      case TypeKind::kByte:
        return AppendIntegral<arrow::Int8Builder, int8_t>(type, value, builder);
      case TypeKind::kShort:
        return AppendIntegral<arrow::Int16Builder, int16_t>(type, value, builder);
      case TypeKind::kInteger:
        return AppendIntegral<arrow::Int32Builder, int32_t>(type, value, builder);
      case TypeKind::kLong:
        return AppendIntegral<arrow::Int64Builder, int64_t>(type, value, builder);
      case TypeKind::kFloat:
        CheckArrow(static_cast<arrow::FloatBuilder*>(builder)->Append(Get<float>(type, value)));
        return;
      case TypeKind::kDouble:
        CheckArrow(static_cast<arrow::DoubleBuilder*>(builder)->Append(Get<double>(type, value)));
        return;
      case TypeKind::kDecimal:
        return AppendDecimal(type, value, builder);
      case TypeKind::kString: {
        const auto& text = Get<std::string>(type, value);
        if (!base::IsUtf8(text)) {
          base::Fail("INVALID_UTF8_STRING", "The column {} has a text that is not UTF-8: \"{}\".", place_,
                     base::ReplaceInvalidUtf8(text));
        }
        CheckArrow(static_cast<arrow::StringBuilder*>(builder)->Append(text));
        return;
      }
      case TypeKind::kBinary:
        CheckArrow(static_cast<arrow::BinaryBuilder*>(builder)->Append(Get<BinaryValue>(type, value).bytes));
        return;
      case TypeKind::kDate:
        CheckArrow(static_cast<arrow::Date32Builder*>(builder)->Append(Get<DateValue>(type, value).days));
        return;
      case TypeKind::kTime:
        CheckArrow(static_cast<arrow::Time64Builder*>(builder)->Append(Get<TimeValue>(type, value).micros));
        return;
      case TypeKind::kTimestamp:
        CheckArrow(static_cast<arrow::TimestampBuilder*>(builder)->Append(Get<TimestampValue>(type, value).micros));
        return;
      case TypeKind::kTimestampNtz:
        CheckArrow(static_cast<arrow::TimestampBuilder*>(builder)->Append(Get<TimestampNtzValue>(type, value).micros));
        return;
      case TypeKind::kYearMonthInterval:
        CheckArrow(static_cast<arrow::MonthIntervalBuilder*>(builder)->Append(
            Get<YearMonthIntervalValue>(type, value).months));
        return;
      case TypeKind::kDayTimeInterval:
        CheckArrow(
            static_cast<arrow::DurationBuilder*>(builder)->Append(Get<DayTimeIntervalValue>(type, value).micros));
        return;
      case TypeKind::kCalendarInterval: {
        const auto& held = Get<CalendarIntervalValue>(type, value);
        CheckArrow(static_cast<arrow::MonthDayNanoIntervalBuilder*>(builder)->Append(
            {held.months, held.days, held.micros * 1000}));
        return;
      }
      case TypeKind::kVariant:
        return Append(VariantStorage(), value, builder);
      case TypeKind::kArray: {
        auto* list = static_cast<arrow::ListBuilder*>(builder);
        const auto& held = *Get<std::shared_ptr<ListValue>>(type, value);
        CheckArrow(list->Append());
        const StructField element{"element", type.element(), type.contains_null()};
        for (const Value& item : held.items) Append(element, item, list->value_builder());
        return;
      }
      case TypeKind::kMap: {
        auto* map = static_cast<arrow::MapBuilder*>(builder);
        const auto& held = *Get<std::shared_ptr<MapValue>>(type, value);
        CheckArrow(map->Append());
        const StructField key{"key", type.key(), false};
        const StructField item{"value", type.value(), type.contains_null()};
        for (const auto& entry : held.entries) {
          Append(key, entry.first, map->key_builder());
          Append(item, entry.second, map->item_builder());
        }
        return;
      }
      case TypeKind::kStruct: {
        auto* made = static_cast<arrow::StructBuilder*>(builder);
        const auto& held = *Get<std::shared_ptr<StructValue>>(type, value);
        if (held.values.size() != type.fields().size()) DoesNotFit(type, value);
        CheckArrow(made->Append());
        for (size_t i = 0; i < held.values.size(); ++i) {
          Append(type.fields()[i], held.values[i], made->field_builder(static_cast<int>(i)));
        }
        return;
      }
    }
  }

  const std::string& place_;
};

}  // namespace

Value ToValue(const DataType& type, const ArrowArray& column, int64_t row) {
  if (type.kind() == TypeKind::kNull || IsNull(column, row)) return {};
  const int64_t at = column.offset + row;
  switch (type.kind()) {
    case TypeKind::kNull:
      return {};
    case TypeKind::kBoolean:
      return (static_cast<const uint8_t*>(column.buffers[1])[at / 8] >> (at % 8) & 1) != 0;
    case TypeKind::kByte:
      return int64_t{Fixed<int8_t>(column, at)};
    case TypeKind::kShort:
      return int64_t{Fixed<int16_t>(column, at)};
    case TypeKind::kInteger:
      return int64_t{Fixed<int32_t>(column, at)};
    case TypeKind::kLong:
      return Fixed<int64_t>(column, at);
    case TypeKind::kFloat:
      return Fixed<float>(column, at);
    case TypeKind::kDouble:
      return Fixed<double>(column, at);
    case TypeKind::kDecimal:
      return DecimalValue{Fixed<__int128>(column, at), type.scale()};
    case TypeKind::kString:
      return Bytes(column, at);
    case TypeKind::kBinary:
      return BinaryValue{Bytes(column, at)};
    case TypeKind::kDate:
      return DateValue{Fixed<int32_t>(column, at)};
    case TypeKind::kTime:
      return TimeValue{Fixed<int64_t>(column, at)};
    case TypeKind::kTimestamp:
      return TimestampValue{Fixed<int64_t>(column, at)};
    case TypeKind::kTimestampNtz:
      return TimestampNtzValue{Fixed<int64_t>(column, at)};
    case TypeKind::kYearMonthInterval:
      return YearMonthIntervalValue{Fixed<int32_t>(column, at)};
    case TypeKind::kDayTimeInterval:
      return DayTimeIntervalValue{Fixed<int64_t>(column, at)};
    case TypeKind::kCalendarInterval: {
      const auto held = Fixed<arrow::MonthDayNanoIntervalType::MonthDayNanos>(column, at);
      return CalendarIntervalValue{held.months, held.days, held.nanoseconds / 1000};
    }
    case TypeKind::kVariant:
      return ToValue(VariantStorage(), column, row);
    case TypeKind::kArray: {
      auto list = std::make_shared<ListValue>();
      const auto end = Fixed<int32_t>(column, at + 1);
      for (auto i = Fixed<int32_t>(column, at); i < end; ++i) {
        list->items.push_back(ToValue(type.element(), *column.children[0], i));
      }
      return list;
    }
    case TypeKind::kMap: {
      auto map = std::make_shared<MapValue>();
      const ArrowArray& entries = *column.children[0];
      const auto end = Fixed<int32_t>(column, at + 1);
      for (auto i = Fixed<int32_t>(column, at); i < end; ++i) {
        map->entries.emplace_back(ToValue(type.key(), *entries.children[0], entries.offset + i),
                                  ToValue(type.value(), *entries.children[1], entries.offset + i));
      }
      return map;
    }
    case TypeKind::kStruct: {
      auto out = std::make_shared<StructValue>();
      for (size_t i = 0; i < type.fields().size(); ++i) {
        out->names.push_back(type.fields()[i].name);
        out->values.push_back(ToValue(type.fields()[i].type, *column.children[i], at));
      }
      return out;
    }
  }
  return {};
}

ArrowBatch ToBatch(const StructType& schema, const std::vector<Row>& rows) {
  const auto arrow_schema = ToArrowSchema(schema, "UTC");
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const Row& row : rows) {
    if (row.size() != schema.fields.size()) {
      base::Fail("INVALID_SCHEMA", "A row has {} values but the schema has {} columns.", row.size(),
                 schema.fields.size());
    }
  }
  for (size_t c = 0; c < schema.fields.size(); ++c) {
    std::unique_ptr<arrow::ArrayBuilder> builder;
    CheckArrow(
        arrow::MakeBuilder(arrow::default_memory_pool(), arrow_schema->field(static_cast<int>(c))->type(), &builder));
    const Appender appender(schema.fields[c].name);
    for (const Row& row : rows) appender.Append(schema.fields[c], row[c], builder.get());
    std::shared_ptr<arrow::Array> column;
    CheckArrow(builder->Finish(&column));
    columns.push_back(std::move(column));
  }
  ArrowArray out{};
  CheckArrow(arrow::ExportRecordBatch(
      *arrow::RecordBatch::Make(arrow_schema, static_cast<int64_t>(rows.size()), columns), &out));
  return ArrowBatch(out);
}

}  // namespace tinderbox::spark
