#include <fmt/format.h>

#include <cmath>
#include <map>
#include <memory>

#include "engine/functions/datetime_pattern.h"
#include "engine/functions/native.h"
#include "engine/functions/text_values.h"
#include "spark/text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr int64_t kDay = 86400000000;

const DateTimePattern& Compiled(std::string_view text) {
  thread_local std::map<std::string, std::unique_ptr<DateTimePattern>, std::less<>> cache;
  const auto found = cache.find(text);
  if (found != cache.end()) return *found->second;
  auto pattern = std::make_unique<DateTimePattern>(text);
  if (cache.size() >= 64) cache.clear();
  return *cache.emplace(std::string(text), std::move(pattern)).first->second;
}

int64_t FloorDivide(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

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

std::optional<int64_t> TruncateTime(int64_t micros, const std::string& unit) {
  const auto floor = [&](int64_t step) { return FloorDivide(micros, step) * step; };
  if (unit == "MICROSECOND") return micros;
  if (unit == "MILLISECOND") return floor(1000);
  if (unit == "SECOND") return floor(1000000);
  if (unit == "MINUTE") return floor(60000000);
  if (unit == "HOUR") return floor(3600000000);
  if (unit == "DAY" || unit == "DD") return floor(kDay);
  const auto day = TruncateDay(FloorDivide(micros, kDay), unit);
  if (!day) return std::nullopt;
  return *day * kDay;
}

bool IsLastDay(int64_t days) {
  return CivilOf(days + 1).day == 1;
}

double MonthsBetween(int64_t left, int64_t right, bool round_off) {
  const int64_t days1 = FloorDivide(left, kDay);
  const int64_t days2 = FloorDivide(right, kDay);
  const Civil a = CivilOf(days1);
  const Civil b = CivilOf(days2);
  const auto months =
      static_cast<double>((a.year - b.year) * 12 + static_cast<int64_t>(a.month) - static_cast<int64_t>(b.month));
  if (a.day == b.day || (IsLastDay(days1) && IsLastDay(days2))) return months;
  const int64_t seconds1 = (left - days1 * kDay) / 1000000;
  const int64_t seconds2 = (right - days2 * kDay) / 1000000;
  const int64_t difference = (static_cast<int64_t>(a.day) - static_cast<int64_t>(b.day)) * 86400 + seconds1 - seconds2;
  const double out = months + static_cast<double>(difference) / 2678400.0;
  return round_off ? std::round(out * 1e8) / 1e8 : out;
}

[[noreturn]] void ThrowFields(std::string_view what) {
  throw Error("DATETIME_FIELD_OUT_OF_BOUNDS", fmt::format("{} is not a valid date or time.", what),
              {{"rangeMessage", std::string(what)}});
}

int32_t MakeDate(int32_t year, int32_t month, int32_t day) {
  const auto date =
      ParseDate(fmt::format("{}{:04}-{}-{}", year < 0 ? "-" : "", std::abs(static_cast<int64_t>(year)), month, day));
  if (!date) ThrowFields(fmt::format("The year {}, month {}, day {}", year, month, day));
  return *date;
}

[[noreturn]] void ThrowUnparsable(std::string_view text, std::string_view pattern) {
  throw Error(
      "CANNOT_PARSE_TIMESTAMP",
      fmt::format("Text '{}' could not be parsed with the pattern '{}'. Use `try_to_timestamp` to tolerate invalid "
                  "input and return NULL instead.",
                  text, pattern),
      {{"func", "`try_to_timestamp`"}, {"message", fmt::format("Text '{}' could not be parsed", text)}});
}

}  // namespace

void AddNativeTimes(ScalarFunctions* out) {
  constexpr TypeKind s = TypeKind::kString;
  constexpr TypeKind i = TypeKind::kInteger;
  constexpr TypeKind l = TypeKind::kLong;
  constexpr TypeKind t = TypeKind::kTimestampNtz;
  const auto add = [&](const char* name, std::vector<ParameterType> parameters, TypeKind result, auto one) {
    out->push_back({.name = name,
                    .parameters = std::move(parameters),
                    .varargs = {},
                    .result = DataType(result),
                    .run = PerRow(one)});
  };
  add("spark_format_timestamp", {t, s}, s, [](const ScalarInput& in, size_t row, OutVector& result) {
    result.SetString(row, Compiled(in[1].String(row)).Format(in[0].Data<int64_t>()[row]));
  });
  for (const bool tolerant : {false, true}) {
    add(tolerant ? "spark_try_parse_timestamp" : "spark_parse_timestamp", {s, s}, t,
        [tolerant](const ScalarInput& in, size_t row, OutVector& result) {
          const auto parsed = Compiled(in[1].String(row)).Parse(in[0].String(row));
          if (parsed) {
            result.Data<int64_t>()[row] = parsed->local_micros - parsed->zone_seconds.value_or(0) * int64_t{1000000};
          } else if (tolerant) {
            result.SetNull(row);
          } else {
            ThrowUnparsable(in[0].String(row), in[1].String(row));
          }
        });
  }
  add("spark_trunc_date", {TypeKind::kDate, s}, TypeKind::kDate,
      [](const ScalarInput& in, size_t row, OutVector& result) {
        const auto day = TruncateDay(in[0].Data<int32_t>()[row], UpperOf(in[1].String(row)));
        if (day) {
          result.Data<int32_t>()[row] = static_cast<int32_t>(*day);
        } else {
          result.SetNull(row);
        }
      });
  add("spark_trunc_timestamp", {t, s}, t, [](const ScalarInput& in, size_t row, OutVector& result) {
    const auto time = TruncateTime(in[0].Data<int64_t>()[row], UpperOf(in[1].String(row)));
    if (time) {
      result.Data<int64_t>()[row] = *time;
    } else {
      result.SetNull(row);
    }
  });
  add("spark_months_between", {t, t, TypeKind::kBoolean}, TypeKind::kDouble,
      [](const ScalarInput& in, size_t row, OutVector& result) {
        result.Data<double>()[row] =
            MonthsBetween(in[0].Data<int64_t>()[row], in[1].Data<int64_t>()[row], in[2].Data<uint8_t>()[row] != 0);
      });
  add("spark_make_date", {i, i, i}, TypeKind::kDate, [](const ScalarInput& in, size_t row, OutVector& result) {
    result.Data<int32_t>()[row] =
        MakeDate(in[0].Data<int32_t>()[row], in[1].Data<int32_t>()[row], in[2].Data<int32_t>()[row]);
  });
  add("spark_make_timestamp", {i, i, i, i, i, l}, t, [](const ScalarInput& in, size_t row, OutVector& result) {
    const int64_t days = MakeDate(in[0].Data<int32_t>()[row], in[1].Data<int32_t>()[row], in[2].Data<int32_t>()[row]);
    const int64_t hour = in[3].Data<int32_t>()[row];
    const int64_t minute = in[4].Data<int32_t>()[row];
    const int64_t micros = in[5].Data<int64_t>()[row];
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || micros < 0 || micros > 60000000) {
      ThrowFields(fmt::format("The time {}:{} and {} microseconds", hour, minute, micros));
    }
    result.Data<int64_t>()[row] = days * kDay + hour * 3600000000 + minute * 60000000 + micros;
  });
}

}  // namespace tinderbox::engine
