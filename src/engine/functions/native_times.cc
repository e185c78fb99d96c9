#include "engine/functions/native_times.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/functions/datetime_pattern.h"
#include "engine/functions/native_row.h"
#include "engine/functions/time_zone.h"
#include "spark/text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

struct Civil {
  int64_t year;
  unsigned month;
  unsigned day;
};

Civil CivilOf(int64_t days) {
  Civil out{};
  spark::CivilFromDays(days, &out.year, &out.month, &out.day);
  return out;
}

std::string UpperOf(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return out;
}

/// The day that begins the unit, or nothing for a unit of another kind.
std::optional<int64_t> TruncateDay(int64_t days, const std::string& unit) {
  const Civil date = CivilOf(days);
  if (unit == "YEAR" || unit == "YYYY" || unit == "YY") return spark::DaysFromCivil(date.year, 1, 1);
  if (unit == "QUARTER") return spark::DaysFromCivil(date.year, (date.month - 1) / 3 * 3 + 1, 1);
  if (unit == "MONTH" || unit == "MM" || unit == "MON") return spark::DaysFromCivil(date.year, date.month, 1);
  if (unit == "WEEK") return days - ((days + 3) % 7 + 7) % 7;
  return std::nullopt;
}

bool IsLastDay(int64_t days) {
  return CivilOf(days + 1).day == 1;
}

/// Of two instants, by the calendar of the zone; the time of the day is what has passed since midnight.
double MonthsBetween(int64_t left, int64_t right, const TimeZone& zone, bool round_off) {
  const int64_t days1 = FloorDivide(zone.ToLocal(left), kMicrosOfDay);
  const int64_t days2 = FloorDivide(zone.ToLocal(right), kMicrosOfDay);
  const Civil a = CivilOf(days1);
  const Civil b = CivilOf(days2);
  const auto months =
      static_cast<double>((a.year - b.year) * 12 + static_cast<int64_t>(a.month) - static_cast<int64_t>(b.month));
  if (a.day == b.day || (IsLastDay(days1) && IsLastDay(days2))) return months;
  const int64_t seconds1 = FloorDivide(left - zone.ToInstant(days1 * kMicrosOfDay), kMicrosOfSecond);
  const int64_t seconds2 = FloorDivide(right - zone.ToInstant(days2 * kMicrosOfDay), kMicrosOfSecond);
  const int64_t difference = (static_cast<int64_t>(a.day) - static_cast<int64_t>(b.day)) * 86400 + seconds1 - seconds2;
  const double out = months + static_cast<double>(difference) / 2678400.0;
  return round_off ? std::round(out * 1e8) / 1e8 : out;
}

[[noreturn]] void ThrowFields(const std::string& why) {
  throw Error("DATETIME_FIELD_OUT_OF_BOUNDS.WITH_SUGGESTION",
              fmt::format("{}. If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.", why),
              {{"rangeMessage", why}, {"ansiConfig", "\"spark.sql.ansi.enabled\""}});
}

/// What is wrong with a time of the day; empty: nothing.
std::string TimeProblem(int64_t hour, int64_t minute, int64_t second) {
  if (hour < 0 || hour > 23) return ValueProblem("HourOfDay", "0 - 23", hour);
  if (minute < 0 || minute > 59) return ValueProblem("MinuteOfHour", "0 - 59", minute);
  if (second < 0 || second > 59) return ValueProblem("SecondOfMinute", "0 - 59", second);
  return "";
}

std::string SecondsText(int64_t micros) {
  std::string out;
  spark::AppendDecimal(&out, {micros, 6});
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out;
}

/// Monday is 0; nullopt for another word.
std::optional<int> WeekdayOf(std::string_view text) {
  static constexpr std::pair<std::string_view, int> kNames[] = {
      {"MO", 0},     {"MON", 0},       {"MONDAY", 0}, {"TU", 1},       {"TUE", 1},      {"TUESDAY", 1}, {"WE", 2},
      {"WED", 2},    {"WEDNESDAY", 2}, {"TH", 3},     {"THU", 3},      {"THURSDAY", 3}, {"FR", 4},      {"FRI", 4},
      {"FRIDAY", 4}, {"SA", 5},        {"SAT", 5},    {"SATURDAY", 5}, {"SU", 6},       {"SUN", 6},     {"SUNDAY", 6}};
  const std::string upper = UpperOf(text);
  for (const auto& [name, day] : kNames) {
    if (upper == name) return day;
  }
  return std::nullopt;
}

}  // namespace

int64_t AddMonths(int64_t days, int64_t months) {
  const Civil date = CivilOf(days);
  const int64_t total = date.year * 12 + static_cast<int64_t>(date.month) - 1 + months;
  const int64_t year = FloorDivide(total, 12);
  const auto month = static_cast<unsigned>(total - year * 12 + 1);
  const int64_t first = spark::DaysFromCivil(year, month, 1);
  const int64_t next = month == 12 ? spark::DaysFromCivil(year + 1, 1, 1) : spark::DaysFromCivil(year, month + 1, 1);
  return first + std::min<int64_t>(date.day, next - first) - 1;
}

std::optional<int64_t> TruncateTime(int64_t local_micros, std::string_view unit_text) {
  const std::string unit = UpperOf(unit_text);
  const auto floor = [&](int64_t step) { return FloorDivide(local_micros, step) * step; };
  if (unit == "MICROSECOND") return local_micros;
  if (unit == "MILLISECOND") return floor(1000);
  if (unit == "SECOND") return floor(kMicrosOfSecond);
  if (unit == "MINUTE") return floor(60 * kMicrosOfSecond);
  if (unit == "HOUR") return floor(3600 * kMicrosOfSecond);
  if (unit == "DAY" || unit == "DD") return floor(kMicrosOfDay);
  const auto day = TruncateDay(FloorDivide(local_micros, kMicrosOfDay), unit);
  if (!day) return std::nullopt;
  return *day * kMicrosOfDay;
}

void AddTimeParts(ScalarFunctions* out) {
  constexpr TypeKind s = TypeKind::kString;
  constexpr TypeKind i = TypeKind::kInteger;
  constexpr TypeKind l = TypeKind::kLong;
  constexpr TypeKind d = TypeKind::kDate;
  constexpr TypeKind t = TypeKind::kTimestampNtz;
  constexpr TypeKind z = TypeKind::kTimestamp;
  constexpr TypeKind b = TypeKind::kBoolean;
  const auto add = [&](const char* name, std::vector<ParameterType> parameters, TypeKind result, auto one) {
    AddPerRow(out, name, std::move(parameters), DataType(result), one);
  };
  add("spark_trunc_date", {d, s}, d, [](const ScalarInput& in, size_t row, OutVector& result) {
    const auto day = TruncateDay(in[0].Data<int32_t>()[row], UpperOf(in[1].String(row)));
    if (day) {
      result.Data<int32_t>()[row] = static_cast<int32_t>(*day);
    } else {
      result.SetNull(row);
    }
  });
  add("spark_add_months", {d, i}, d, [](const ScalarInput& in, size_t row, OutVector& result) {
    const int64_t moved = AddMonths(in[0].Data<int32_t>()[row], in[1].Data<int32_t>()[row]);
    if (moved > INT32_MAX || moved < INT32_MIN) throw Error("DATETIME_OVERFLOW", "Datetime operation overflow.");
    result.Data<int32_t>()[row] = static_cast<int32_t>(moved);
  });
  add("spark_months_between", {z, z, s, b}, TypeKind::kDouble,
      [](const ScalarInput& in, size_t row, OutVector& result) {
        result.Data<double>()[row] = MonthsBetween(in[0].Data<int64_t>()[row], in[1].Data<int64_t>()[row],
                                                   TimeZone::Find(in[2].String(row)), in[3].Data<uint8_t>()[row] != 0);
      });
  add("spark_next_day", {d, s, b}, d, [](const ScalarInput& in, size_t row, OutVector& result) {
    const auto weekday = WeekdayOf(in[1].String(row));
    if (!weekday) {
      if (in[2].Data<uint8_t>()[row] != 0) return result.SetNull(row);
      throw Error("ILLEGAL_DAY_OF_WEEK", fmt::format("Illegal input for day of week: {}.", in[1].String(row)),
                  {{"string", std::string(in[1].String(row))}});
    }
    const int32_t day = in[0].Data<int32_t>()[row];
    const int today = ((day + 3) % 7 + 7) % 7;
    result.Data<int32_t>()[row] = day + (*weekday - today + 6) % 7 + 1;
  });
  // The last argument of these says that what there is not is NULL.
  add("spark_make_date", {i, i, i, b}, d, [](const ScalarInput& in, size_t row, OutVector& result) {
    const int64_t year = in[0].Data<int32_t>()[row];
    const int64_t month = in[1].Data<int32_t>()[row];
    const int64_t day = in[2].Data<int32_t>()[row];
    const std::string problem = DateProblem(year, month, day);
    if (problem.empty()) {
      const int64_t days = spark::DaysFromCivil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
      if (days >= INT32_MIN && days <= INT32_MAX) {
        result.Data<int32_t>()[row] = static_cast<int32_t>(days);
        return;
      }
    }
    if (in[3].Data<uint8_t>()[row] != 0) return result.SetNull(row);
    ThrowFields(problem.empty() ? "integer overflow" : problem);
  });
  add("spark_make_timestamp", {i, i, i, i, i, l, b}, t, [](const ScalarInput& in, size_t row, OutVector& result) {
    int64_t parts[6];
    for (size_t k = 0; k < 5; ++k) parts[k] = in[k].Data<int32_t>()[row];
    const bool tolerant = in[6].Data<uint8_t>()[row] != 0;
    const int64_t micros = in[5].Data<int64_t>()[row];
    const int64_t second = FloorDivide(micros, kMicrosOfSecond);
    std::string problem = DateProblem(parts[0], parts[1], parts[2]);
    // A full minute of seconds belongs to the next minute, but not a part of a second more.
    const bool full = second == 60;
    if (full && micros % kMicrosOfSecond != 0) {
      if (tolerant) return result.SetNull(row);
      throw Error("INVALID_FRACTION_OF_SECOND",
                  fmt::format("Valid range for seconds is [0, 60] (inclusive), but the provided value is {}. To avoid "
                              "this error, use `try_make_timestamp`, which returns NULL on error.\nIf you do not want "
                              "to use the session default timestamp version of this function, use "
                              "`try_make_timestamp_ntz` or `try_make_timestamp_ltz`.",
                              SecondsText(micros)),
                  {{"secAndMicros", SecondsText(micros)}});
    }
    if (problem.empty()) problem = TimeProblem(parts[3], parts[4], full ? 0 : second);
    if (!problem.empty()) {
      if (tolerant) return result.SetNull(row);
      ThrowFields(problem);
    }
    const int64_t days =
        spark::DaysFromCivil(parts[0], static_cast<unsigned>(parts[1]), static_cast<unsigned>(parts[2]));
    int64_t at = 0;
    if (__builtin_mul_overflow(days, kMicrosOfDay, &at) ||
        __builtin_add_overflow(at, (parts[3] * 60 + parts[4]) * 60 * kMicrosOfSecond + micros, &at)) {
      if (tolerant) return result.SetNull(row);
      throw Error("DATETIME_OVERFLOW", "Datetime operation overflow.");
    }
    result.Data<int64_t>()[row] = at;
  });
  add("spark_make_time", {i, i, l}, TypeKind::kTime, [](const ScalarInput& in, size_t row, OutVector& result) {
    const int64_t hour = in[0].Data<int32_t>()[row];
    const int64_t minute = in[1].Data<int32_t>()[row];
    const int64_t micros = in[2].Data<int64_t>()[row];
    const std::string problem = TimeProblem(hour, minute, FloorDivide(micros, kMicrosOfSecond));
    if (!problem.empty()) {
      throw Error("DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION", problem + ".", {{"rangeMessage", problem}});
    }
    result.Data<int64_t>()[row] = (hour * 60 + minute) * 60 * kMicrosOfSecond + micros;
  });
  add("spark_time_of_micros", {l}, TypeKind::kTime, [](const ScalarInput& in, size_t row, OutVector& result) {
    const int64_t micros = in[0].Data<int64_t>()[row];
    if (micros < 0 || micros >= kMicrosOfDay) {
      const std::string problem =
          fmt::format("Invalid value for MicroOfDay (valid values 0 - 86399999999): {}", micros);
      throw Error("DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION", problem + ".", {{"rangeMessage", problem}});
    }
    result.Data<int64_t>()[row] = micros;
  });
  add("spark_time_micros", {TypeKind::kTime}, l, [](const ScalarInput& in, size_t row, OutVector& result) {
    result.Data<int64_t>()[row] = in[0].Data<int64_t>()[row];
  });
  add("spark_time_unit", {s, s}, l, [](const ScalarInput& in, size_t row, OutVector& result) {
    static constexpr std::pair<std::string_view, int64_t> kUnits[] = {{"MICROSECOND", 1},
                                                                      {"MILLISECOND", 1000},
                                                                      {"SECOND", kMicrosOfSecond},
                                                                      {"MINUTE", 60 * kMicrosOfSecond},
                                                                      {"HOUR", 3600 * kMicrosOfSecond}};
    const std::string unit = UpperOf(in[0].String(row));
    for (const auto& [name, micros] : kUnits) {
      if (unit == name) {
        result.Data<int64_t>()[row] = micros;
        return;
      }
    }
    throw Error("INVALID_PARAMETER_VALUE.TIME_UNIT",
                fmt::format("The value of parameter(s) `unit` in `{}` is invalid: expects one of the units 'HOUR', "
                            "'MINUTE', 'SECOND', 'MILLISECOND', 'MICROSECOND', but got '{}'.",
                            in[1].String(row), in[0].String(row)),
                {{"functionName", fmt::format("`{}`", in[1].String(row))},
                 {"parameter", "`unit`"},
                 {"invalidValue", fmt::format("'{}'", in[0].String(row))}});
  });
}

void AddNativeTimes(ScalarFunctions* out) {
  AddTimeParts(out);
  AddTimeText(out);
  AddTimeZones(out);
}

}  // namespace tinderbox::engine
