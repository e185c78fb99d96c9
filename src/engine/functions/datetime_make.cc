// Dates, times and intervals made of their parts.
#include <array>

#include "engine/functions/datetime_call.h"
#include "engine/translate/casts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "engine/translate/refusals.h"

namespace tinderbox::engine {

namespace {

Typed MakeDate(const FunctionCall& call) {
  call.Expect(3, 3);
  std::vector<Sql> parts;
  bool nullable = !call.scope().ansi;
  for (size_t i = 0; i < 3; ++i) {
    const Typed part = call.Argument(i, kIntType);
    nullable |= part.nullable;
    parts.push_back(part.sql);
  }
  parts.push_back(BooleanLiteral(!call.scope().ansi));
  return {Call("spark_make_date", parts), kDateType, nullable};
}

struct TimestampParts {
  Sql local;
  bool nullable = false;
  std::optional<Typed> zone;
};

/// From (year, month, day, hour, minute, second[, zone]) or (date, time[, zone]).
TimestampParts PartsOf(const FunctionCall& call, bool with_zone, bool tolerant) {
  TimestampParts out;
  const size_t plain = call.size() <= 3 ? 2 : 6;
  if (call.size() <= 3) {
    call.Expect(2, with_zone ? 3 : 2);
  } else {
    call.Expect(6, with_zone ? 7 : 6);
  }
  if (plain == 2) {
    const Typed date = As(call, 0, 'D');
    const Typed time = call.Argument(1, TypeKind::kTime);
    out.local = Template("($1 + $2)", {date.sql, time.sql});
    out.nullable = date.nullable || time.nullable;
  } else {
    std::vector<Sql> parts;
    for (size_t i = 0; i < 6; ++i) {
      const Typed value = call.Argument(i, i < 5 ? kIntType : DataType::Decimal(16, 6));
      // The seconds fit unless they are out of the range of a minute anyway.
      out.nullable |= i < 5 ? value.nullable : call.Argument(i).nullable;
      parts.push_back(i < 5 ? value.sql : MicrosOfSeconds(value));
    }
    parts.push_back(BooleanLiteral(tolerant));
    out.local = Call("spark_make_timestamp", parts);
  }
  out.nullable = out.nullable || tolerant;
  if (call.size() > plain) {
    out.zone = As(call, plain, 's');
    out.nullable |= out.zone->nullable;
  }
  return out;
}

Typed MakeInstant(const FunctionCall& call, bool tolerant) {
  const TimestampParts parts = PartsOf(call, true, tolerant || !call.scope().ansi);
  return {Call("spark_instant", {parts.local, parts.zone ? parts.zone->sql : ZoneOf(call)}), kTimestampType,
          parts.nullable};
}

Typed MakeLocal(const FunctionCall& call, bool tolerant) {
  const TimestampParts parts = PartsOf(call, false, tolerant || !call.scope().ansi);
  return {parts.local, kNtzType, parts.nullable || call.size() == 2};
}

Typed MakeTimestamp(const FunctionCall& call) {
  return MakeInstant(call, false);
}
Typed TryMakeTimestamp(const FunctionCall& call) {
  return MakeInstant(call, true);
}
Typed MakeTimestampNtz(const FunctionCall& call) {
  return MakeLocal(call, false);
}
Typed TryMakeTimestampNtz(const FunctionCall& call) {
  return MakeLocal(call, true);
}

Typed MakeTime(const FunctionCall& call) {
  call.Expect(3, 3);
  return {Call("spark_make_time", {call.Argument(0, kIntType).sql, call.Argument(1, kIntType).sql,
                                   MicrosOfSeconds(call.Argument(2, DataType::Decimal(16, 6)))}),
          kTimeType, true};
}

/// The arguments of an interval: whole numbers, but the last of `most` are seconds. Missing ones are 0.
std::vector<Sql> IntervalParts(const FunctionCall& call, size_t most, bool seconds, bool* nullable) {
  call.Expect(0, most);
  std::vector<Sql> parts;
  for (size_t i = 0; i < most; ++i) {
    if (i >= call.size()) {
      parts.push_back(CastTo(IntegerLiteral(0), seconds && i + 1 == most ? kLongType : kIntType));
      continue;
    }
    *nullable |= call.Argument(i).nullable;
    const Typed part = call.Argument(i, seconds && i + 1 == most ? DataType::Decimal(18, 6) : kIntType);
    parts.push_back(seconds && i + 1 == most ? MicrosOfSeconds(part) : part.sql);
  }
  return parts;
}

Typed MakeIntervalAs(const FunctionCall& call, bool tolerant) {
  bool nullable = false;
  std::vector<Sql> parts = IntervalParts(call, 7, true, &nullable);
  tolerant = tolerant || !call.scope().ansi;
  parts.push_back(BooleanLiteral(tolerant));
  return {Call("spark_make_interval", parts), kCalendarType, nullable || tolerant};
}
Typed MakeInterval(const FunctionCall& call) {
  return MakeIntervalAs(call, false);
}
Typed TryMakeInterval(const FunctionCall& call) {
  return MakeIntervalAs(call, true);
}

Typed MakeDayTime(const FunctionCall& call) {
  bool nullable = false;
  const std::vector<Sql> parts = IntervalParts(call, 4, true, &nullable);
  return {Call("spark_make_day_time", parts), kDayTimeType, nullable};
}

Typed MakeYearMonth(const FunctionCall& call) {
  bool nullable = false;
  const std::vector<Sql> parts = IntervalParts(call, 2, false, &nullable);
  return {Call("spark_make_year_month", parts), kYearMonthType, nullable};
}

constexpr SpecialFunction kSpecials[] = {
    {"make_date", MakeDate},
    {"make_time", MakeTime},
    {"make_timestamp", MakeTimestamp},
    {"make_timestamp_ltz", MakeTimestamp},
    {"make_timestamp_ntz", MakeTimestampNtz},
    {"try_make_timestamp", TryMakeTimestamp},
    {"try_make_timestamp_ltz", TryMakeTimestamp},
    {"try_make_timestamp_ntz", TryMakeTimestampNtz},
    {"make_interval", MakeInterval},
    {"try_make_interval", TryMakeInterval},
    {"make_dt_interval", MakeDayTime},
    {"make_ym_interval", MakeYearMonth},
};

}  // namespace

std::optional<Typed> ExtractOfInterval(std::string_view field, const Typed& value) {
  const auto is = [&](std::initializer_list<const char*> names) {
    return std::any_of(names.begin(), names.end(),
                       [&](const char* name) { return SameName(name, std::string(field), false); });
  };
  const bool years = is({"year", "y", "years", "yr", "yrs"});
  const bool months = is({"month", "mon", "mons", "months"});
  const bool days = is({"day", "d", "days"});
  const bool hours = is({"hour", "h", "hours", "hr", "hrs"});
  const bool minutes = is({"minute", "m", "min", "mins", "minutes"});
  const bool seconds = is({"second", "s", "sec", "seconds", "secs"});
  const auto whole = [&](const char* sql, TypeKind kind) {
    return Typed{CastTo(Template(sql, {value.sql}), DataType(kind)), DataType(kind), value.nullable};
  };
  const auto second = [&](const char* micros) {
    const DataType type = DataType::Decimal(8, 6);
    return Typed{FromUnscaled(Template("CAST($1 AS DECIMAL(38,0))", {Template(micros, {value.sql})}), type, false),
                 type, value.nullable};
  };
  if (value.type.kind() == TypeKind::kYearMonthInterval) {
    if (years && value.type.start_field() == 0) return whole("spark_div($1, 12)", TypeKind::kInteger);
    if (months && value.type.end_field() == 1) return whole("spark_remainder($1, 12)", TypeKind::kByte);
    return std::nullopt;
  }
  if (value.type.kind() == TypeKind::kDayTimeInterval) {
    const auto has = [&](int part) { return value.type.start_field() <= part && part <= value.type.end_field(); };
    if (days && has(0)) return whole("spark_div($1, 86400000000)", TypeKind::kInteger);
    if (hours && has(1)) return whole("spark_div(spark_remainder($1, 86400000000), 3600000000)", TypeKind::kByte);
    if (minutes && has(2)) return whole("spark_div(spark_remainder($1, 3600000000), 60000000)", TypeKind::kByte);
    if (seconds && has(3)) return second("spark_remainder($1, 60000000)");
    return std::nullopt;
  }
  if (years) return whole("spark_div(spark_interval_part($1, 0), 12)", TypeKind::kInteger);
  if (months) return whole("spark_remainder(spark_interval_part($1, 0), 12)", TypeKind::kByte);
  if (days) return whole("spark_interval_part($1, 1)", TypeKind::kInteger);
  if (hours) return whole("spark_div(spark_interval_part($1, 2), 3600000000)", TypeKind::kByte);
  if (minutes) {
    return whole("spark_div(spark_remainder(spark_interval_part($1, 2), 3600000000), 60000000)", TypeKind::kByte);
  }
  if (seconds) return second("spark_remainder(spark_interval_part($1, 2), 60000000)");
  return std::nullopt;
}

FunctionGroup DateTimeMakeFunctions() {
  return {FunctionKind::kScalar, {}, kSpecials};
}

}  // namespace tinderbox::engine
