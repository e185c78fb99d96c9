#include "base/fail.h"
#include "dataframe/literal.h"
#include "spark/proto.h"
#include "spark/proto_types.h"
#include "spark/text.h"

namespace tinderbox::dataframe {
namespace {

using Literal = proto::Expression::Literal;

DecimalValue ParseDecimal(const std::string& text) {
  DecimalValue out;
  bool fraction = false;
  for (const char c : text) {
    if (c == '.') fraction = true;
    if (c < '0' || c > '9') continue;
    out.unscaled = out.unscaled * 10 + (c - '0');
    out.scale += fraction ? 1 : 0;
  }
  if (text.starts_with('-')) out.unscaled = -out.unscaled;
  return out;
}

Value FromStruct(const Literal& literal) {
  auto made = std::make_shared<StructValue>();
  // Servers of different versions put the type in one of two places.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  const auto& type = literal.has_data_type() ? literal.data_type() : literal.struct_().struct_type();
#pragma GCC diagnostic pop
  for (int i = 0; i < literal.struct_().elements_size(); ++i) {
    made->names.push_back(i < type.struct_().fields_size() ? type.struct_().fields(i).name()
                                                           : "_" + std::to_string(i + 1));
    made->values.push_back(FromLiteral(literal.struct_().elements(i)));
  }
  return Value(std::move(made));
}

}  // namespace

Value FromLiteral(const Literal& literal) {
  switch (literal.literal_type_case()) {
    case Literal::kNull:
    case Literal::LITERAL_TYPE_NOT_SET:
      return Value();
    case Literal::kBinary:
      return Value(BinaryValue{literal.binary()});
    case Literal::kBoolean:
      return Value(literal.boolean());
    case Literal::kByte:
      return Value(static_cast<int64_t>(literal.byte()));
    case Literal::kShort:
      return Value(static_cast<int64_t>(literal.short_()));
    case Literal::kInteger:
      return Value(static_cast<int64_t>(literal.integer()));
    case Literal::kLong:
      return Value(static_cast<int64_t>(literal.long_()));
    case Literal::kFloat:
      return Value(literal.float_());
    case Literal::kDouble:
      return Value(literal.double_());
    case Literal::kDecimal:
      return Value(ParseDecimal(literal.decimal().value()));
    case Literal::kString:
      return Value(literal.string());
    case Literal::kDate:
      return Value(DateValue{literal.date()});
    case Literal::kTime:
      return Value(TimeValue{literal.time().nano() / 1000});
    case Literal::kTimestamp:
      return Value(TimestampValue{literal.timestamp()});
    case Literal::kTimestampNtz:
      return Value(TimestampNtzValue{literal.timestamp_ntz()});
    case Literal::kCalendarInterval:
      return Value(CalendarIntervalValue{literal.calendar_interval().months(), literal.calendar_interval().days(),
                                         literal.calendar_interval().microseconds()});
    case Literal::kYearMonthInterval:
      return Value(YearMonthIntervalValue{literal.year_month_interval()});
    case Literal::kDayTimeInterval:
      return Value(DayTimeIntervalValue{literal.day_time_interval()});
    case Literal::kArray: {
      auto list = std::make_shared<ListValue>();
      for (const Literal& item : literal.array().elements()) list->items.push_back(FromLiteral(item));
      return Value(std::move(list));
    }
    case Literal::kMap: {
      auto map = std::make_shared<MapValue>();
      for (int i = 0; i < literal.map().keys_size(); ++i) {
        map->entries.emplace_back(FromLiteral(literal.map().keys(i)), FromLiteral(literal.map().values(i)));
      }
      return Value(std::move(map));
    }
    case Literal::kStruct:
      return FromStruct(literal);
    default:
      base::Fail("UNSUPPORTED_FEATURE.OBSERVED_METRIC",
                 "The engine reports an observed metric as a literal of kind {}, "
                 "which is not known here.",
                 static_cast<int>(literal.literal_type_case()));
  }
}

}  // namespace tinderbox::dataframe
