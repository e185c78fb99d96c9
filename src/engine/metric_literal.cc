#include "engine/metric_literal.h"

#include <fmt/format.h>

#include "spark/proto.h"
#include "spark/proto_types.h"
#include "spark/text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

void ToLiteral(const Value& value, const DataType& type, proto::Expression::Literal* out) {
  if (value.is_null()) {
    spark::ToProto(type, out->mutable_null());
    return;
  }
  switch (type.kind()) {
    case TypeKind::kBoolean:
      out->set_boolean(value.As<bool>());
      return;
    case TypeKind::kByte:
      out->set_byte(static_cast<int32_t>(value.As<int64_t>()));
      return;
    case TypeKind::kShort:
      out->set_short_(static_cast<int32_t>(value.As<int64_t>()));
      return;
    case TypeKind::kInteger:
      out->set_integer(static_cast<int32_t>(value.As<int64_t>()));
      return;
    case TypeKind::kLong:
      out->set_long_(value.As<int64_t>());
      return;
    case TypeKind::kFloat:
      out->set_float_(value.As<float>());
      return;
    case TypeKind::kDouble:
      out->set_double_(value.As<double>());
      return;
    case TypeKind::kDecimal: {
      std::string text;
      spark::AppendDecimal(&text, value.As<DecimalValue>());
      out->mutable_decimal()->set_value(text);
      out->mutable_decimal()->set_precision(type.precision());
      out->mutable_decimal()->set_scale(type.scale());
      return;
    }
    case TypeKind::kString:
      out->set_string(value.As<std::string>());
      return;
    case TypeKind::kBinary:
      out->set_binary(value.As<BinaryValue>().bytes);
      return;
    case TypeKind::kDate:
      out->set_date(value.As<DateValue>().days);
      return;
    case TypeKind::kTimestamp:
      out->set_timestamp(value.As<TimestampValue>().micros);
      return;
    case TypeKind::kTimestampNtz:
      out->set_timestamp_ntz(value.As<TimestampNtzValue>().micros);
      return;
    case TypeKind::kYearMonthInterval:
      out->set_year_month_interval(value.As<YearMonthIntervalValue>().months);
      return;
    case TypeKind::kDayTimeInterval:
      out->set_day_time_interval(value.As<DayTimeIntervalValue>().micros);
      return;
    case TypeKind::kArray: {
      auto& array = *out->mutable_array();
      for (const Value& item : value.As<std::shared_ptr<ListValue>>()->items) {
        ToLiteral(item, type.element(), array.add_elements());
      }
      spark::ToProto(type.element(), out->mutable_data_type()->mutable_array()->mutable_element_type());
      out->mutable_data_type()->mutable_array()->set_contains_null(type.contains_null());
      return;
    }
    case TypeKind::kStruct: {
      const auto& fields = *value.As<std::shared_ptr<StructValue>>();
      for (size_t i = 0; i < type.fields().size(); ++i) {
        ToLiteral(fields.values[i], type.fields()[i].type, out->mutable_struct_()->add_elements());
      }
      spark::ToProto(type, out->mutable_data_type());
      return;
    }
    default:
      throw Error("UNSUPPORTED_FEATURE.OBSERVED_METRIC",
                  fmt::format("The embedded engine cannot report an observed metric of type {}.", type.SimpleString()));
  }
}

}  // namespace tinderbox::engine
