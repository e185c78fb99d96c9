// Instants and wall-clock times, and what moves along the calendar of a zone.
#include <fmt/format.h>

#include "engine/functions/native_row.h"

#include "engine/functions/native_times.h"
#include "spark/text.h"
#include "tinderbox/error.h"
#include "tinderbox/row.h"

namespace tinderbox::engine {

namespace {

[[noreturn]] void ThrowOverflow() {
  throw Error("DATETIME_OVERFLOW", "Datetime operation overflow.", {{"operation", "adding an interval to a time"}});
}

/// The instant of a wall-clock time, with the offset it had before where that is still possible.
int64_t Resolve(const TimeZone& zone, int64_t local, int32_t offset) {
  const int64_t kept = local - offset * kMicrosOfSecond;
  return zone.OffsetAt(kept) == offset ? kept : zone.ToInstant(local);
}

/// Months, then days, along the calendar; then the rest along the clock.
int64_t Move(int64_t instant, int64_t months, int64_t days, int64_t micros, const TimeZone& zone) {
  const auto shift = [&](auto change) {
    const int32_t offset = zone.OffsetAt(instant);
    const int64_t local = instant + offset * kMicrosOfSecond;
    const int64_t day = FloorDivide(local, kMicrosOfDay);
    int64_t moved = 0;
    if (__builtin_mul_overflow(change(day), kMicrosOfDay, &moved) ||
        __builtin_add_overflow(moved, local - day * kMicrosOfDay, &moved)) {
      ThrowOverflow();
    }
    instant = Resolve(zone, moved, offset);
  };
  if (months != 0) shift([&](int64_t day) { return AddMonths(day, months); });
  if (days != 0) shift([&](int64_t day) { return day + days; });
  if (__builtin_add_overflow(instant, micros, &instant)) ThrowOverflow();
  return instant;
}

struct Unit {
  std::string_view name;
  int64_t months;
  int64_t days;
  int64_t micros;
};
constexpr Unit kUnits[] = {
    {"MICROSECOND", 0, 0, 1},
    {"MILLISECOND", 0, 0, 1000},
    {"SECOND", 0, 0, kMicrosOfSecond},
    {"MINUTE", 0, 0, 60 * kMicrosOfSecond},
    {"HOUR", 0, 0, 3600 * kMicrosOfSecond},
    {"DAY", 0, 1, 0},
    {"DAYOFYEAR", 0, 1, 0},
    {"WEEK", 0, 7, 0},
    {"MONTH", 1, 0, 0},
    {"QUARTER", 3, 0, 0},
    {"YEAR", 12, 0, 0},
};

const Unit& UnitOf(std::string_view text, const char* function) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  for (const Unit& unit : kUnits) {
    if (unit.name == upper) return unit;
  }
  throw Error("INVALID_PARAMETER_VALUE.DATETIME_UNIT",
              fmt::format("The value of parameter(s) `unit` in `{}` is invalid: expects one of the units without "
                          "quotes YEAR, QUARTER, MONTH, WEEK, DAY, DAYOFYEAR, HOUR, MINUTE, SECOND, MILLISECOND, "
                          "MICROSECOND, but got the string literal '{}'.",
                          function, text),
              {{"functionName", fmt::format("`{}`", function)},
               {"parameter", "`unit`"},
               {"invalidValue", fmt::format("'{}'", text)}});
}

/// Whole units from one wall-clock time to another.
int64_t Between(const Unit& unit, int64_t start, int64_t end) {
  if (unit.months == 0) return (end - start) / (unit.micros != 0 ? unit.micros : unit.days * kMicrosOfDay);
  const auto of_day = [](int64_t local) { return local - FloorDivide(local, kMicrosOfDay) * kMicrosOfDay; };
  const auto position = [&](int64_t local, int64_t* rest) {
    int64_t year = 0;
    unsigned month = 0;
    unsigned day = 0;
    spark::CivilFromDays(FloorDivide(local, kMicrosOfDay), &year, &month, &day);
    *rest = static_cast<int64_t>(day) * kMicrosOfDay + of_day(local);
    return year * 12 + static_cast<int64_t>(month);
  };
  int64_t rest_start = 0;
  int64_t rest_end = 0;
  int64_t months = position(end, &rest_end) - position(start, &rest_start);
  if (months > 0 && rest_end < rest_start) --months;
  if (months < 0 && rest_end > rest_start) ++months;
  return months / unit.months;
}

/// The last origin + n * size that is not after `time`. Days and months are those of the zone's calendar.
int64_t Bucket(const CalendarIntervalValue& size, int64_t time, int64_t origin, const TimeZone& zone) {
  const auto begin = [&](int64_t n) { return Move(origin, size.months * n, size.days * n, size.micros * n, zone); };
  const int64_t estimate = size.months * int64_t{2629746} * kMicrosOfSecond + size.days * kMicrosOfDay + size.micros;
  int64_t n = FloorDivide(time - origin, estimate);
  while (begin(n) > time) --n;
  while (begin(n + 1) <= time) ++n;
  return begin(n);
}

}  // namespace

void AddTimeZones(ScalarFunctions* out) {
  constexpr TypeKind s = TypeKind::kString;
  constexpr TypeKind l = TypeKind::kLong;
  constexpr TypeKind t = TypeKind::kTimestamp;
  constexpr TypeKind n = TypeKind::kTimestampNtz;
  const auto add = [&](const char* name, std::vector<ParameterType> parameters, TypeKind result, auto one) {
    AddPerRow(out, name, std::move(parameters), DataType(result), one);
  };
  add("spark_local_time", {t, s}, n, [](const ScalarInput& in, size_t row, OutVector& result) {
    result.Data<int64_t>()[row] = TimeZone::Find(in[1].String(row)).ToLocal(in[0].Data<int64_t>()[row]);
  });
  add("spark_instant", {n, s}, t, [](const ScalarInput& in, size_t row, OutVector& result) {
    result.Data<int64_t>()[row] = TimeZone::Find(in[1].String(row)).ToInstant(in[0].Data<int64_t>()[row]);
  });
  add("spark_trunc_timestamp", {t, s, s}, t, [](const ScalarInput& in, size_t row, OutVector& result) {
    const TimeZone& zone = TimeZone::Find(in[2].String(row));
    const int64_t instant = in[0].Data<int64_t>()[row];
    const int32_t offset = zone.OffsetAt(instant);
    const auto cut = TruncateTime(instant + offset * kMicrosOfSecond, in[1].String(row));
    if (cut) {
      result.Data<int64_t>()[row] = Resolve(zone, *cut, offset);
    } else {
      result.SetNull(row);
    }
  });
  // time, interval, zone
  add("spark_move", {t, TypeKind::kCalendarInterval, s}, t, [](const ScalarInput& in, size_t row, OutVector& result) {
    const auto& interval = in[1].Data<CalendarIntervalValue>()[row];
    result.Data<int64_t>()[row] = Move(in[0].Data<int64_t>()[row], interval.months, interval.days, interval.micros,
                                       TimeZone::Find(in[2].String(row)));
  });
  // unit, count, time, zone
  add("spark_timestamp_add", {s, l, t, s}, t, [](const ScalarInput& in, size_t row, OutVector& result) {
    const Unit& unit = UnitOf(in[0].String(row), "TIMESTAMPADD");
    const int64_t count = in[1].Data<int64_t>()[row];
    int64_t months = 0;
    int64_t days = 0;
    int64_t micros = 0;
    if (__builtin_mul_overflow(unit.months, count, &months) || __builtin_mul_overflow(unit.days, count, &days) ||
        __builtin_mul_overflow(unit.micros, count, &micros)) {
      ThrowOverflow();
    }
    result.Data<int64_t>()[row] =
        Move(in[2].Data<int64_t>()[row], months, days, micros, TimeZone::Find(in[3].String(row)));
  });
  // months, days and microseconds of a bucket, time, origin, zone
  add("spark_time_bucket", {TypeKind::kCalendarInterval, t, t, s}, t,
      [](const ScalarInput& in, size_t row, OutVector& result) {
        const auto& size = in[0].Data<CalendarIntervalValue>()[row];
        const TimeZone& zone = TimeZone::Find(in[3].String(row));
        result.Data<int64_t>()[row] = Bucket(size, in[1].Data<int64_t>()[row], in[2].Data<int64_t>()[row], zone);
      });
  // unit, start, end, zone
  add("spark_timestamp_diff", {s, t, t, s}, l, [](const ScalarInput& in, size_t row, OutVector& result) {
    const Unit& unit = UnitOf(in[0].String(row), "TIMESTAMPDIFF");
    const TimeZone& zone = TimeZone::Find(in[3].String(row));
    const int64_t start = in[1].Data<int64_t>()[row];
    const int64_t end = in[2].Data<int64_t>()[row];
    result.Data<int64_t>()[row] = Between(unit, zone.ToLocal(start), zone.ToLocal(end));
  });
}

}  // namespace tinderbox::engine
