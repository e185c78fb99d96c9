// Intervals made of parts, and arithmetic with them.
#include <fmt/format.h>

#include <cmath>

#include "engine/functions/native_row.h"

#include "engine/functions/native_times.h"
#include "tinderbox/error.h"
#include "tinderbox/row.h"

namespace tinderbox::engine {

namespace {

constexpr int64_t kDay = 86400000000;

[[noreturn]] void ThrowIntervalOverflow() {
  throw Error("INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION",
              "Integer overflow while operating with intervals. Try devising appropriate values for the interval "
              "parameters.");
}

[[noreturn]] void ThrowOverflow() {
  throw Error("ARITHMETIC_OVERFLOW",
              "overflow. If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.",
              {{"message", "overflow"}, {"alternative", ""}, {"config", "\"spark.sql.ansi.enabled\""}});
}

[[noreturn]] void ThrowZero() {
  throw Error("INTERVAL_DIVIDED_BY_ZERO",
              "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead.");
}

bool Fits(__int128 value, __int128 low, __int128 high) {
  return value >= low && value <= high;
}

int64_t CheckedLong(__int128 value) {
  if (!Fits(value, INT64_MIN, INT64_MAX)) ThrowIntervalOverflow();
  return static_cast<int64_t>(value);
}

/// a / b, half away from zero.
__int128 DivideHalfUp(__int128 a, __int128 b) {
  const __int128 quotient = a / b;
  const __int128 rest = a % b < 0 ? -(a % b) : a % b;
  const __int128 size = b < 0 ? -b : b;
  if (rest * 2 < size) return quotient;
  return quotient + ((a < 0) == (b < 0) ? 1 : -1);
}

int64_t RoundHalfUp(double value) {
  const double rounded = std::round(value);
  if (!(std::fabs(rounded) < 9223372036854775808.0)) ThrowIntervalOverflow();
  return static_cast<int64_t>(rounded);
}

CalendarIntervalValue FromWide(__int128 months, __int128 days, __int128 micros) {
  if (!Fits(months, INT32_MIN, INT32_MAX) || !Fits(days, INT32_MIN, INT32_MAX) || !Fits(micros, INT64_MIN, INT64_MAX)) {
    ThrowIntervalOverflow();
  }
  return {static_cast<int32_t>(months), static_cast<int32_t>(days), static_cast<int64_t>(micros)};
}

/// What is less than a whole month is dropped, what is less than a whole day becomes time.
CalendarIntervalValue FromFractions(double months, double days, double micros) {
  const double whole_days = std::trunc(days);
  return FromWide(static_cast<__int128>(std::trunc(months)), static_cast<__int128>(whole_days),
                  RoundHalfUp(micros + static_cast<double>(kDay) * (days - whole_days)));
}

}  // namespace

void AddNativeIntervals(ScalarFunctions* out) {
  constexpr TypeKind i = TypeKind::kInteger;
  constexpr TypeKind l = TypeKind::kLong;
  constexpr TypeKind d = TypeKind::kDouble;
  constexpr TypeKind c = TypeKind::kCalendarInterval;
  using Interval = CalendarIntervalValue;
  const auto add = [&](const char* name, std::vector<ParameterType> parameters, TypeKind result, auto one) {
    AddPerRow(out, name, std::move(parameters), DataType(result), one);
  };
  // years, months, weeks, days, hours, minutes, microseconds, whether too much is NULL
  add("spark_make_interval", {i, i, i, i, i, i, l, TypeKind::kBoolean}, c,
      [](const ScalarInput& in, size_t row, OutVector& result) {
        __int128 part[6];
        for (size_t k = 0; k < 6; ++k) part[k] = in[k].Data<int32_t>()[row];
        const __int128 months = part[0] * 12 + part[1];
        const __int128 days = part[2] * 7 + part[3];
        const __int128 micros = (part[4] * 60 + part[5]) * 60000000 + in[6].Data<int64_t>()[row];
        if (Fits(months, INT32_MIN, INT32_MAX) && Fits(days, INT32_MIN, INT32_MAX) &&
            Fits(micros, INT64_MIN, INT64_MAX)) {
          result.Data<Interval>()[row] = FromWide(months, days, micros);
        } else if (in[7].Data<uint8_t>()[row] != 0) {
          result.SetNull(row);
        } else {
          ThrowOverflow();
        }
      });
  add("spark_make_day_time", {i, i, i, l}, l, [](const ScalarInput& in, size_t row, OutVector& result) {
    const __int128 hours = static_cast<__int128>(in[0].Data<int32_t>()[row]) * 24 + in[1].Data<int32_t>()[row];
    result.Data<int64_t>()[row] =
        CheckedLong((hours * 60 + in[2].Data<int32_t>()[row]) * 60000000 + in[3].Data<int64_t>()[row]);
  });
  add("spark_make_year_month", {i, i}, i, [](const ScalarInput& in, size_t row, OutVector& result) {
    const int64_t months = int64_t{in[0].Data<int32_t>()[row]} * 12 + in[1].Data<int32_t>()[row];
    if (!Fits(months, INT32_MIN, INT32_MAX)) ThrowIntervalOverflow();
    result.Data<int32_t>()[row] = static_cast<int32_t>(months);
  });
  add("spark_interval", {i, i, l}, c, [](const ScalarInput& in, size_t row, OutVector& result) {
    result.Data<Interval>()[row] = {in[0].Data<int32_t>()[row], in[1].Data<int32_t>()[row], in[2].Data<int64_t>()[row]};
  });
  // 0: months, 1: days, 2: microseconds
  add("spark_interval_part", {c, i}, l, [](const ScalarInput& in, size_t row, OutVector& result) {
    const Interval& value = in[0].Data<Interval>()[row];
    const int32_t part = in[1].Data<int32_t>()[row];
    result.Data<int64_t>()[row] = part == 0 ? value.months : part == 1 ? value.days : value.micros;
  });
  // a + b * sign
  add("spark_interval_add", {c, c, i}, c, [](const ScalarInput& in, size_t row, OutVector& result) {
    const Interval& a = in[0].Data<Interval>()[row];
    const Interval& b = in[1].Data<Interval>()[row];
    const __int128 sign = in[2].Data<int32_t>()[row];
    result.Data<Interval>()[row] =
        FromWide(a.months + sign * b.months, a.days + sign * b.days, a.micros + sign * b.micros);
  });
  add("spark_interval_multiply", {c, d}, c, [](const ScalarInput& in, size_t row, OutVector& result) {
    const Interval& a = in[0].Data<Interval>()[row];
    const double factor = in[1].Data<double>()[row];
    result.Data<Interval>()[row] =
        FromFractions(a.months * factor, a.days * factor, static_cast<double>(a.micros) * factor);
  });
  add("spark_interval_divide", {c, d}, c, [](const ScalarInput& in, size_t row, OutVector& result) {
    const Interval& a = in[0].Data<Interval>()[row];
    const double divisor = in[1].Data<double>()[row];
    if (divisor == 0) ThrowZero();
    result.Data<Interval>()[row] =
        FromFractions(a.months / divisor, a.days / divisor, static_cast<double>(a.micros) / divisor);
  });
  // Of months or microseconds.
  add("spark_interval_multiply", {l, l}, l, [](const ScalarInput& in, size_t row, OutVector& result) {
    result.Data<int64_t>()[row] =
        CheckedLong(static_cast<__int128>(in[0].Data<int64_t>()[row]) * in[1].Data<int64_t>()[row]);
  });
  add("spark_interval_multiply", {l, d}, l, [](const ScalarInput& in, size_t row, OutVector& result) {
    result.Data<int64_t>()[row] =
        RoundHalfUp(static_cast<double>(in[0].Data<int64_t>()[row]) * in[1].Data<double>()[row]);
  });
  add("spark_interval_divide", {l, l}, l, [](const ScalarInput& in, size_t row, OutVector& result) {
    const int64_t divisor = in[1].Data<int64_t>()[row];
    if (divisor == 0) ThrowZero();
    result.Data<int64_t>()[row] = CheckedLong(DivideHalfUp(in[0].Data<int64_t>()[row], divisor));
  });
  add("spark_interval_divide", {l, d}, l, [](const ScalarInput& in, size_t row, OutVector& result) {
    const double divisor = in[1].Data<double>()[row];
    if (divisor == 0) ThrowZero();
    result.Data<int64_t>()[row] = RoundHalfUp(static_cast<double>(in[0].Data<int64_t>()[row]) / divisor);
  });
  // Intervals of days and time, kept within their range.
  add("spark_interval_plus", {l, l, i}, l, [](const ScalarInput& in, size_t row, OutVector& result) {
    result.Data<int64_t>()[row] = CheckedLong(
        in[0].Data<int64_t>()[row] + static_cast<__int128>(in[1].Data<int64_t>()[row]) * in[2].Data<int32_t>()[row]);
  });
  add("spark_interval_months", {l}, i, [](const ScalarInput& in, size_t row, OutVector& result) {
    const int64_t months = in[0].Data<int64_t>()[row];
    if (!Fits(months, INT32_MIN, INT32_MAX)) ThrowIntervalOverflow();
    result.Data<int32_t>()[row] = static_cast<int32_t>(months);
  });
  add("spark_date_add_interval", {TypeKind::kDate, c}, TypeKind::kDate,
      [](const ScalarInput& in, size_t row, OutVector& result) {
        const Interval& value = in[1].Data<Interval>()[row];
        if (value.micros != 0) {
          throw Error("INVALID_INTERVAL_WITH_MICROSECONDS_ADDITION",
                      "Cannot add an interval to a date because its microseconds part is not 0. To resolve this, cast "
                      "the input date to a timestamp, which supports the addition of intervals with non-zero "
                      "microseconds.");
        }
        result.Data<int32_t>()[row] =
            static_cast<int32_t>(AddMonths(in[0].Data<int32_t>()[row], value.months) + value.days);
      });
  add("spark_time_add", {TypeKind::kTime, l}, TypeKind::kTime,
      [](const ScalarInput& in, size_t row, OutVector& result) {
        int64_t sum = 0;
        if (__builtin_add_overflow(in[0].Data<int64_t>()[row], in[1].Data<int64_t>()[row], &sum) || sum < 0 ||
            sum >= kDay) {
          throw Error("DATETIME_OVERFLOW", "Datetime operation overflow: add an interval to a time value.",
                      {{"operation", "add an interval to a time value"}});
        }
        result.Data<int64_t>()[row] = sum;
      });
}

}  // namespace tinderbox::engine
