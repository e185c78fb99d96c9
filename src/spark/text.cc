#include "spark/text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstring>

#include "base/json_text.h"

namespace tinderbox::spark {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

template <typename Float>
void AppendJavaNumber(std::string* out, Float value) {
  if (std::isnan(value)) {
    *out += "NaN";
    return;
  }
  if (std::signbit(value)) *out += '-';
  value = std::fabs(value);
  if (std::isinf(value)) {
    *out += "Infinity";
    return;
  }
  if (value == 0) {
    *out += "0.0";
    return;
  }
  char buffer[64];
  auto result = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  if (buffer[1] != '.') {
    // Java asks for the best of two digits where one would do: 4.9E-324, not 5.0E-324.
    result = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific, 1);
  }
  const char* mark = static_cast<const char*>(std::memchr(buffer, 'e', static_cast<size_t>(result.ptr - buffer)));
  int exponent = 0;
  const char* exponent_start = mark[1] == '+' ? mark + 2 : mark + 1;
  std::from_chars(exponent_start, result.ptr, exponent);
  char digits[64];
  size_t count = 0;
  for (const char* p = buffer; p != mark; ++p) {
    if (*p != '.') digits[count++] = *p;
  }
  while (count > 1 && digits[count - 1] == '0') --count;

  if (value >= Float(1e-3) && value < Float(1e7)) {
    if (exponent < 0) {
      *out += "0.";
      out->append(static_cast<size_t>(-exponent - 1), '0');
      out->append(digits, count);
    } else {
      const size_t whole = static_cast<size_t>(exponent) + 1;
      if (count <= whole) {
        out->append(digits, count);
        out->append(whole - count, '0');
        *out += ".0";
      } else {
        out->append(digits, whole);
        *out += '.';
        out->append(digits + whole, count - whole);
      }
    }
    return;
  }
  *out += digits[0];
  *out += '.';
  if (count == 1) {
    *out += '0';
  } else {
    out->append(digits + 1, count - 1);
  }
  *out += 'E';
  *out += fmt::format_int(exponent).c_str();
}

/// The decimal digits of |value|, and whether it is negative.
std::string Digits(__int128 value, bool* negative) {
  *negative = value < 0;
  unsigned __int128 rest = *negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  char buffer[48];
  size_t at = sizeof buffer;
  do {
    buffer[--at] = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  return std::string(buffer + at, sizeof buffer - at);
}

void AppendPadded(std::string* out, int64_t value, int width) {
  char buffer[24];
  int at = sizeof buffer;
  do {
    buffer[--at] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  for (int n = static_cast<int>(sizeof buffer) - at; n < width; ++n) *out += '0';
  out->append(buffer + at, sizeof buffer - static_cast<size_t>(at));
}

/// ".5" for 500,000 microseconds; nothing for 0.
void AppendFraction(std::string* out, int64_t micros) {
  if (micros == 0) return;
  int width = 6;
  while (micros % 10 == 0) {
    micros /= 10;
    --width;
  }
  *out += '.';
  AppendPadded(out, micros, width);
}

void AppendClock(std::string* out, int64_t seconds) {
  AppendPadded(out, seconds / 3600, 2);
  *out += ':';
  AppendPadded(out, seconds / 60 % 60, 2);
  *out += ':';
  AppendPadded(out, seconds % 60, 2);
}

int64_t FloorDiv(int64_t a, int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

/// Appends the parts of a value that an array, map or struct of Spark's cast shows.
void AppendInner(std::string* out, const Value& value) {
  AppendText(out, value, "null");
}

}  // namespace

// The calendar algorithms work on eras of 400 years that start on 1 March, so that the leap day is the last of its
// year.
int64_t DaysFromCivil(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = FloorDiv(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (static_cast<int64_t>(month) + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

void CivilFromDays(int64_t days, int64_t* year, unsigned* month, unsigned* day) {
  days += 719468;
  const int64_t era = FloorDiv(days, 146097);
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  *day = static_cast<unsigned>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  *month = static_cast<unsigned>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  *year = year_of_era + era * 400 + (*month <= 2 ? 1 : 0);
}

void AppendDouble(std::string* out, double value) {
  AppendJavaNumber(out, value);
}
void AppendFloat(std::string* out, float value) {
  AppendJavaNumber(out, value);
}

void AppendDecimal(std::string* out, const DecimalValue& value) {
  bool negative = false;
  std::string digits = Digits(value.unscaled, &negative);
  if (negative) *out += '-';
  const auto scale = static_cast<size_t>(value.scale);
  if (scale == 0) {
    *out += digits;
    return;
  }
  if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
  out->append(digits, 0, digits.size() - scale);
  *out += '.';
  out->append(digits, digits.size() - scale);
}

void AppendDecimalScientific(std::string* out, const DecimalValue& value) {
  bool negative = false;
  const std::string digits = Digits(value.unscaled, &negative);
  const int exponent = static_cast<int>(digits.size()) - 1 - value.scale;
  if (exponent >= -6) {
    AppendDecimal(out, value);
    return;
  }
  if (negative) *out += '-';
  *out += digits[0];
  if (digits.size() > 1) {
    *out += '.';
    out->append(digits, 1);
  }
  *out += 'E';
  *out += fmt::format_int(exponent).c_str();
}

void AppendDate(std::string* out, int64_t days) {
  int64_t year = 0;
  unsigned month = 0;
  unsigned day = 0;
  CivilFromDays(days, &year, &month, &day);
  if (year < 0) {
    *out += '-';
    year = -year;
  } else if (year > 9999) {
    *out += '+';
  }
  AppendPadded(out, year, 4);
  *out += '-';
  AppendPadded(out, month, 2);
  *out += '-';
  AppendPadded(out, day, 2);
}

void AppendTime(std::string* out, int64_t micros) {
  AppendClock(out, micros / kMicrosPerSecond);
  AppendFraction(out, micros % kMicrosPerSecond);
}

namespace {

/// Microseconds since midnight, also where the midnight itself is outside the range of int64.
int64_t OfDay(int64_t micros) {
  const int64_t rest = micros % kMicrosPerDay;
  return rest < 0 ? rest + kMicrosPerDay : rest;
}

}  // namespace

void AppendTimestamp(std::string* out, int64_t micros) {
  const int64_t days = FloorDiv(micros, kMicrosPerDay);
  AppendDate(out, days);
  *out += ' ';
  AppendTime(out, OfDay(micros));
}

void AppendTimestampMillis(std::string* out, int64_t micros, bool zoned) {
  const int64_t days = FloorDiv(micros, kMicrosPerDay);
  AppendDate(out, days);
  *out += 'T';
  const int64_t of_day = OfDay(micros);
  AppendClock(out, of_day / kMicrosPerSecond);
  *out += '.';
  AppendPadded(out, of_day % kMicrosPerSecond / 1000, 3);
  if (zoned) *out += 'Z';
}

void AppendYearMonthInterval(std::string* out, int32_t months) {
  const int64_t absolute = std::abs(static_cast<int64_t>(months));
  *out += fmt::format("INTERVAL '{}{}-{}' YEAR TO MONTH", months < 0 ? "-" : "", absolute / 12, absolute % 12);
}

void AppendDayTimeInterval(std::string* out, int64_t micros) {
  const uint64_t absolute = micros < 0 ? 0 - static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  *out += "INTERVAL '";
  if (micros < 0) *out += '-';
  *out += std::to_string(absolute / kMicrosPerDay);
  *out += ' ';
  AppendTime(out, static_cast<int64_t>(absolute % kMicrosPerDay));
  *out += "' DAY TO SECOND";
}

void AppendYearMonthInterval(std::string* out, int32_t months, const DataType& type) {
  if (type.start_field() != type.end_field()) return AppendYearMonthInterval(out, months);
  const bool years = type.start_field() == 0;
  *out += fmt::format("INTERVAL '{}' {}", years ? months / 12 : months, years ? "YEAR" : "MONTH");
}

void AppendDayTimeInterval(std::string* out, int64_t micros, const DataType& type) {
  static constexpr const char* kFields[] = {"DAY", "HOUR", "MINUTE", "SECOND"};
  static constexpr int64_t kUnits[] = {kMicrosPerDay, 3600 * kMicrosPerSecond, 60 * kMicrosPerSecond, kMicrosPerSecond};
  const int first = type.start_field();
  const int last = type.end_field();
  uint64_t rest = micros < 0 ? 0 - static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  *out += "INTERVAL '";
  if (micros < 0) *out += '-';
  for (int field = first; field <= last; ++field) {
    const auto unit = static_cast<uint64_t>(kUnits[field]);
    const uint64_t count = rest / unit;
    rest %= unit;
    if (field > first) *out += field == 1 ? ' ' : ':';
    *out += field == 0 ? std::to_string(count) : fmt::format("{:02}", count);
  }
  if (last == 3 && rest != 0) {
    std::string fraction = fmt::format(".{:06}", rest);
    while (fraction.back() == '0') fraction.pop_back();
    *out += fraction;
  }
  *out += fmt::format("' {}", kFields[first]);
  if (last != first) *out += fmt::format(" TO {}", kFields[last]);
}

void AppendCalendarInterval(std::string* out, const CalendarIntervalValue& value) {
  const size_t begin = out->size();
  const auto part = [&](int64_t count, const char* unit) {
    if (count != 0) *out += fmt::format("{}{} {}", out->size() > begin ? " " : "", count, unit);
  };
  part(value.months / 12, "years");
  part(value.months % 12, "months");
  part(value.days, "days");
  part(value.micros / (3600 * kMicrosPerSecond), "hours");
  part(value.micros / (60 * kMicrosPerSecond) % 60, "minutes");
  const int64_t seconds = value.micros % (60 * kMicrosPerSecond);
  if (seconds != 0) {
    const int64_t absolute = std::abs(seconds);
    *out += fmt::format("{}{}{}", out->size() > begin ? " " : "", seconds < 0 ? "-" : "", absolute / kMicrosPerSecond);
    if (absolute % kMicrosPerSecond != 0) {
      std::string fraction = fmt::format(".{:06}", absolute % kMicrosPerSecond);
      while (fraction.back() == '0') fraction.pop_back();
      *out += fraction;
    }
    *out += " seconds";
  }
  if (out->size() == begin) *out += "0 seconds";
}

void AppendBase64(std::string* out, std::string_view bytes) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t n = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) group = group << 8 | (j < n ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (size_t j = 0; j < 4; ++j) *out += j <= n ? kAlphabet[group >> (18 - 6 * j) & 63] : '=';
  }
}

void AppendText(std::string* out, const Value& value, std::string_view null) {
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          *out += null;
        } else if constexpr (std::is_same_v<T, bool>) {
          *out += v ? "true" : "false";
        } else if constexpr (std::is_same_v<T, int64_t>) {
          *out += fmt::format_int(v).c_str();
        } else if constexpr (std::is_same_v<T, float>) {
          AppendFloat(out, v);
        } else if constexpr (std::is_same_v<T, double>) {
          AppendDouble(out, v);
        } else if constexpr (std::is_same_v<T, DecimalValue>) {
          AppendDecimal(out, v);
        } else if constexpr (std::is_same_v<T, std::string>) {
          *out += v;
        } else if constexpr (std::is_same_v<T, BinaryValue>) {
          *out += v.bytes;
        } else if constexpr (std::is_same_v<T, DateValue>) {
          AppendDate(out, v.days);
        } else if constexpr (std::is_same_v<T, TimeValue>) {
          AppendTime(out, v.micros);
        } else if constexpr (std::is_same_v<T, TimestampValue> || std::is_same_v<T, TimestampNtzValue>) {
          AppendTimestamp(out, v.micros);
        } else if constexpr (std::is_same_v<T, YearMonthIntervalValue>) {
          AppendYearMonthInterval(out, v.months);
        } else if constexpr (std::is_same_v<T, DayTimeIntervalValue>) {
          AppendDayTimeInterval(out, v.micros);
        } else if constexpr (std::is_same_v<T, CalendarIntervalValue>) {
          AppendCalendarInterval(out, v);
        } else if constexpr (std::is_same_v<T, std::shared_ptr<ListValue>>) {
          *out += '[';
          for (size_t i = 0; i < v->items.size(); ++i) {
            if (i > 0) *out += ", ";
            AppendInner(out, v->items[i]);
          }
          *out += ']';
        } else if constexpr (std::is_same_v<T, std::shared_ptr<MapValue>>) {
          *out += '{';
          for (size_t i = 0; i < v->entries.size(); ++i) {
            if (i > 0) *out += ", ";
            AppendInner(out, v->entries[i].first);
            *out += " -> ";
            AppendInner(out, v->entries[i].second);
          }
          *out += '}';
        } else {
          *out += '{';
          for (size_t i = 0; i < v->values.size(); ++i) {
            if (i > 0) *out += ", ";
            AppendInner(out, v->values[i]);
          }
          *out += '}';
        }
      },
      value.data);
}

void AppendJson(std::string* out, const Value& value, bool ignore_null_fields) {
  const auto quoted_when_not_finite = [&](double v, auto append) {
    if (std::isfinite(v)) {
      append();
      return;
    }
    *out += '"';
    append();
    *out += '"';
  };
  const auto quoted = [&](auto append) {
    *out += '"';
    append();
    *out += '"';
  };
  std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          *out += "null";
        } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, int64_t>) {
          AppendText(out, value);
        } else if constexpr (std::is_same_v<T, float>) {
          quoted_when_not_finite(v, [&] { AppendFloat(out, v); });
        } else if constexpr (std::is_same_v<T, double>) {
          quoted_when_not_finite(v, [&] { AppendDouble(out, v); });
        } else if constexpr (std::is_same_v<T, DecimalValue>) {
          AppendDecimalScientific(out, v);
        } else if constexpr (std::is_same_v<T, std::string>) {
          base::AppendJsonString(out, v);
        } else if constexpr (std::is_same_v<T, BinaryValue>) {
          quoted([&] { AppendBase64(out, v.bytes); });
        } else if constexpr (std::is_same_v<T, TimestampValue>) {
          quoted([&] { AppendTimestampMillis(out, v.micros, true); });
        } else if constexpr (std::is_same_v<T, TimestampNtzValue>) {
          quoted([&] { AppendTimestampMillis(out, v.micros, false); });
        } else if constexpr (std::is_same_v<T, std::shared_ptr<ListValue>>) {
          *out += '[';
          for (size_t i = 0; i < v->items.size(); ++i) {
            if (i > 0) *out += ',';
            AppendJson(out, v->items[i], ignore_null_fields);
          }
          *out += ']';
        } else if constexpr (std::is_same_v<T, std::shared_ptr<MapValue>>) {
          *out += '{';
          for (size_t i = 0; i < v->entries.size(); ++i) {
            if (i > 0) *out += ',';
            base::AppendJsonString(out, v->entries[i].first.ToString());
            *out += ':';
            AppendJson(out, v->entries[i].second, ignore_null_fields);
          }
          *out += '}';
        } else if constexpr (std::is_same_v<T, std::shared_ptr<StructValue>>) {
          *out += '{';
          bool first = true;
          for (size_t i = 0; i < v->values.size(); ++i) {
            if (ignore_null_fields && v->values[i].is_null()) continue;
            if (!first) *out += ',';
            first = false;
            base::AppendJsonString(out, v->names[i]);
            *out += ':';
            AppendJson(out, v->values[i], ignore_null_fields);
          }
          *out += '}';
        } else {
          quoted([&] { AppendText(out, value); });
        }
      },
      value.data);
}

}  // namespace tinderbox::spark
