#include "spark/proto_types.h"

#include "base/fail.h"
#include "spark/proto.h"
#include "spark/type_names.h"

namespace tinderbox::spark {
namespace {

[[noreturn]] void Unsupported(std::string_view name) {
  base::FailWith("UNSUPPORTED_DATATYPE", {{"typeName", std::string(name)}}, "The data type {} is not supported.", name);
}

DataType FromProtoAt(const proto::DataType& type, int depth) {
  if (depth > kMaxTypeDepth) {
    base::Fail("UNSUPPORTED_DATATYPE", "A data type is nested deeper than {} levels.", kMaxTypeDepth);
  }
  using Kind = proto::DataType::KindCase;
  switch (type.kind_case()) {
    case Kind::kNull:
      return DataType();
    case Kind::kBoolean:
      return DataType(TypeKind::kBoolean);
    case Kind::kByte:
      return DataType(TypeKind::kByte);
    case Kind::kShort:
      return DataType(TypeKind::kShort);
    case Kind::kInteger:
      return DataType(TypeKind::kInteger);
    case Kind::kLong:
      return DataType(TypeKind::kLong);
    case Kind::kFloat:
      return DataType(TypeKind::kFloat);
    case Kind::kDouble:
      return DataType(TypeKind::kDouble);
    case Kind::kDecimal:
      return DataType::Decimal(type.decimal().has_precision() ? type.decimal().precision() : 10,
                               type.decimal().has_scale() ? type.decimal().scale() : 0);
    case Kind::kString:
      if (!type.string().collation().empty() && type.string().collation() != "UTF8_BINARY") {
        Unsupported("STRING COLLATE " + type.string().collation());
      }
      return DataType(TypeKind::kString);
    case Kind::kBinary:
      return DataType(TypeKind::kBinary);
    case Kind::kDate:
      return DataType(TypeKind::kDate);
    case Kind::kTime:
      if (type.time().has_precision() && (type.time().precision() < 0 || type.time().precision() > 6)) {
        Unsupported(fmt::format("TIME({})", type.time().precision()));
      }
      return DataType::Time(type.time().has_precision() ? type.time().precision() : 6);
    case Kind::kTimestamp:
      return DataType(TypeKind::kTimestamp);
    case Kind::kTimestampNtz:
      return DataType(TypeKind::kTimestampNtz);
    case Kind::kYearMonthInterval: {
      const auto& interval = type.year_month_interval();
      const int start = interval.has_start_field() ? interval.start_field() : 0;
      const int end = interval.has_end_field() ? interval.end_field() : interval.has_start_field() ? start : 1;
      if (start < 0 || start > end || end > 1) Unsupported("INTERVAL with unknown fields");
      return DataType::YearMonthInterval(start, end);
    }
    case Kind::kDayTimeInterval: {
      const auto& interval = type.day_time_interval();
      const int start = interval.has_start_field() ? interval.start_field() : 0;
      const int end = interval.has_end_field() ? interval.end_field() : interval.has_start_field() ? start : 3;
      if (start < 0 || start > end || end > 3) Unsupported("INTERVAL with unknown fields");
      return DataType::DayTimeInterval(start, end);
    }
    case Kind::kArray:
      return DataType::Array(FromProtoAt(type.array().element_type(), depth + 1), type.array().contains_null());
    case Kind::kMap:
      return DataType::Map(FromProtoAt(type.map().key_type(), depth + 1),
                           FromProtoAt(type.map().value_type(), depth + 1), type.map().value_contains_null());
    case Kind::kStruct: {
      std::vector<StructField> fields;
      for (const auto& field : type.struct_().fields()) {
        fields.push_back({field.name(), FromProtoAt(field.data_type(), depth + 1), field.nullable(),
                          field.metadata().empty() ? "{}" : field.metadata()});
      }
      return DataType::Struct(std::move(fields));
    }
    case Kind::kUnparsed:
      return DataType::FromDdl(type.unparsed().data_type_string());
    case Kind::kChar:
    case Kind::kVarChar:
      // Text of a bounded length is text: the bound is the business of who writes it.
      return DataType(TypeKind::kString);
    case Kind::kCalendarInterval:
      return DataType(TypeKind::kCalendarInterval);
    case Kind::kVariant:
      return DataType(TypeKind::kVariant);
    case Kind::kGeometry:
      Unsupported("GEOMETRY");
    case Kind::kGeography:
      Unsupported("GEOGRAPHY");
    case Kind::kUdt:
      Unsupported("a user-defined type");
    case Kind::KIND_NOT_SET:
      break;
  }
  Unsupported("(not set)");
}

}  // namespace

void ToProto(const DataType& type, ::spark::connect::DataType* out) {
  switch (type.kind()) {
    case TypeKind::kNull:
      out->mutable_null();
      return;
    case TypeKind::kBoolean:
      out->mutable_boolean();
      return;
    case TypeKind::kByte:
      out->mutable_byte();
      return;
    case TypeKind::kShort:
      out->mutable_short_();
      return;
    case TypeKind::kInteger:
      out->mutable_integer();
      return;
    case TypeKind::kLong:
      out->mutable_long_();
      return;
    case TypeKind::kFloat:
      out->mutable_float_();
      return;
    case TypeKind::kDouble:
      out->mutable_double_();
      return;
    case TypeKind::kDecimal:
      out->mutable_decimal()->set_precision(type.precision());
      out->mutable_decimal()->set_scale(type.scale());
      return;
    case TypeKind::kString:
      out->mutable_string();
      return;
    case TypeKind::kBinary:
      out->mutable_binary();
      return;
    case TypeKind::kDate:
      out->mutable_date();
      return;
    case TypeKind::kTime:
      out->mutable_time()->set_precision(type.precision());
      return;
    case TypeKind::kTimestamp:
      out->mutable_timestamp();
      return;
    case TypeKind::kTimestampNtz:
      out->mutable_timestamp_ntz();
      return;
    case TypeKind::kYearMonthInterval:
      out->mutable_year_month_interval()->set_start_field(type.start_field());
      out->mutable_year_month_interval()->set_end_field(type.end_field());
      return;
    case TypeKind::kDayTimeInterval:
      out->mutable_day_time_interval()->set_start_field(type.start_field());
      out->mutable_day_time_interval()->set_end_field(type.end_field());
      return;
    case TypeKind::kCalendarInterval:
      out->mutable_calendar_interval();
      return;
    case TypeKind::kVariant:
      out->mutable_variant();
      return;
    case TypeKind::kArray:
      ToProto(type.element(), out->mutable_array()->mutable_element_type());
      out->mutable_array()->set_contains_null(type.contains_null());
      return;
    case TypeKind::kMap:
      ToProto(type.key(), out->mutable_map()->mutable_key_type());
      ToProto(type.value(), out->mutable_map()->mutable_value_type());
      out->mutable_map()->set_value_contains_null(type.contains_null());
      return;
    case TypeKind::kStruct:
      out->mutable_struct_();
      for (const StructField& field : type.fields()) {
        auto* added = out->mutable_struct_()->add_fields();
        added->set_name(field.name);
        ToProto(field.type, added->mutable_data_type());
        added->set_nullable(field.nullable);
        if (field.metadata_json != "{}" && !field.metadata_json.empty()) added->set_metadata(field.metadata_json);
      }
      return;
  }
}

DataType FromProto(const ::spark::connect::DataType& type) {
  return FromProtoAt(type, 0);
}

}  // namespace tinderbox::spark
