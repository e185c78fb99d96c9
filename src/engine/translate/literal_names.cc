#include <fmt/format.h>

#include "engine/functions/time_zone.h"
#include "engine/translate/expression_names.h"
#include "engine/translate/literals.h"
#include "spark/text.h"

namespace tinderbox::engine {
namespace {

std::string DateText(int64_t days) {
  std::string out;
  spark::AppendDate(&out, days);
  return out;
}

std::string TimestampText(int64_t micros) {
  std::string out;
  spark::AppendTimestamp(&out, micros);
  return out;
}

std::string FloatText(float value) {
  std::string out;
  spark::AppendFloat(&out, value);
  return out;
}

std::string DoubleText(double value) {
  std::string out;
  spark::AppendDouble(&out, value);
  return out;
}

/// A decimal as Java shows it: without a sign of zero, and scientific when it is small.
std::string DecimalText(const std::string& value) {
  const bool zero = value.find_first_of("123456789") == std::string::npos;
  std::string text = zero && value.starts_with('-') ? value.substr(1) : value;
  const size_t point = text.find('.');
  const size_t first = text.find_first_of("123456789");
  if (zero || point == std::string::npos || first == std::string::npos || first < point || first - point <= 6)
    return text;
  const std::string sign = text.starts_with('-') ? "-" : "";
  const std::string digits = text.substr(first);
  return fmt::format("{}{}{}E-{}", sign, digits.substr(0, 1), digits.size() > 1 ? "." + digits.substr(1) : "",
                     first - point);
}

}  // namespace

std::string InstantText(int64_t micros, const std::string& time_zone) {
  return TimestampText(TimeZone::Find(time_zone).ToLocal(micros));
}

std::string LiteralName(const proto::Expression::Literal& literal, const std::string& time_zone) {
  using Literal = proto::Expression::Literal;
  switch (literal.literal_type_case()) {
    case Literal::kNull:
      return "NULL";
    case Literal::kBoolean:
      return literal.boolean() ? "true" : "false";
    case Literal::kByte:
      return std::to_string(literal.byte());
    case Literal::kShort:
      return std::to_string(literal.short_());
    case Literal::kInteger:
      return std::to_string(literal.integer());
    case Literal::kLong:
      return std::to_string(literal.long_());
    case Literal::kFloat:
      return FloatText(literal.float_());
    case Literal::kDouble:
      return DoubleText(literal.double_());
    case Literal::kDecimal:
      return DecimalText(literal.decimal().value());
    case Literal::kString:
      return literal.string();
    case Literal::kDate:
      return fmt::format("DATE '{}'", DateText(literal.date()));
    case Literal::kTimestamp:
      return fmt::format("TIMESTAMP '{}'", InstantText(literal.timestamp(), time_zone));
    case Literal::kTimestampNtz:
      return fmt::format("TIMESTAMP_NTZ '{}'", TimestampText(literal.timestamp_ntz()));
    case Literal::kBinary: {
      std::string out = "X'";
      for (unsigned char c : literal.binary()) out += fmt::format("{:02X}", c);
      return out + "'";
    }
    case Literal::kTime: {
      std::string out = "TIME '";
      spark::AppendTime(&out, literal.time().nano() / 1000);
      return out + "'";
    }
    case Literal::kYearMonthInterval: {
      std::string out;
      spark::AppendYearMonthInterval(&out, literal.year_month_interval(), LiteralType(literal));
      return out;
    }
    case Literal::kDayTimeInterval: {
      std::string out;
      spark::AppendDayTimeInterval(&out, literal.day_time_interval(), LiteralType(literal));
      return out;
    }
    case Literal::kCalendarInterval: {
      const auto& interval = literal.calendar_interval();
      std::string out = "INTERVAL '";
      spark::AppendCalendarInterval(&out, {interval.months(), interval.days(), interval.microseconds()});
      return out + "'";
    }
    default:
      return "literal";
  }
}

}  // namespace tinderbox::engine
