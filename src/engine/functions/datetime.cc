#include <string>

#include "engine/functions/function.h"
#include "engine/translate/casts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "engine/translate/refusals.h"

namespace tinderbox::engine {

namespace {

const DataType kTimestamp(TypeKind::kTimestamp);
const DataType kNtz(TypeKind::kTimestampNtz);
const DataType kDate(TypeKind::kDate);
const DataType kString(TypeKind::kString);
const DataType kLong(TypeKind::kLong);
const DataType kInt(TypeKind::kInteger);

Typed Text(const FunctionCall& call, size_t i) {
  return CoerceTo('s', call.Argument(i), call.scope(), call.name(), i + 1);
}

/// Text read with a pattern, as an instant or as a wall-clock time.
Typed ParseWith(const FunctionCall& call, const Typed& text, const Typed& pattern, bool instant, bool tolerant) {
  const Sql local = Call(tolerant ? "spark_try_parse_timestamp" : "spark_parse_timestamp", {text.sql, pattern.sql});
  const bool nullable = text.nullable || pattern.nullable || tolerant;
  if (!instant) return {local, kNtz, nullable};
  const bool utc = ToLocalTime(Sql(), call.scope()).text() == ToLocalTime(Sql(), Scope{}).text();
  if (!utc) {
    // A zone in the text would win over the session's, which takes a second look at it.
    const std::string letters = call.IsLiteral(1) ? call.LiteralString(1) : "X";
    if (letters.find_first_of("XxZVzO") != std::string::npos)
      RefuseFeature("zone letters in a pattern outside the session time zone UTC");
  }
  return {FromLocalTime(local, call.scope()), kTimestamp, nullable};
}

Typed ToTimestampAs(const FunctionCall& call, bool instant, bool tolerant) {
  call.Expect(1, 2);
  const DataType to = instant ? kTimestamp : kNtz;
  const Typed value = call.Argument(0);
  if (call.size() == 1) return TranslateCast(value, to, call.scope(), tolerant);
  if (IsDateOrTime(value.type)) return Coerce(value, to, call.scope());
  return ParseWith(call, CoerceTo('s', value, call.scope(), call.name(), 1), Text(call, 1), instant, tolerant);
}

Typed ToTimestamp(const FunctionCall& call) {
  return ToTimestampAs(call, true, false);
}
Typed ToTimestampNtz(const FunctionCall& call) {
  return ToTimestampAs(call, false, false);
}
Typed TryToTimestamp(const FunctionCall& call) {
  return ToTimestampAs(call, true, true);
}

Typed ToDateAs(const FunctionCall& call, bool tolerant) {
  call.Expect(1, 2);
  const Typed value = call.Argument(0);
  if (call.size() == 1 || IsDateOrTime(value.type)) return TranslateCast(value, kDate, call.scope(), tolerant);
  return Coerce(ParseWith(call, CoerceTo('s', value, call.scope(), call.name(), 1), Text(call, 1), true, tolerant),
                kDate, call.scope());
}

Typed ToDate(const FunctionCall& call) {
  return ToDateAs(call, false);
}
Typed TryToDate(const FunctionCall& call) {
  return ToDateAs(call, true);
}

Typed UnixTimestamp(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed value = call.Argument(0);
  Typed instant = value;
  if (value.type.kind() == TypeKind::kString) {
    const Typed pattern = call.size() > 1 ? Text(call, 1) : Typed{StringLiteral("yyyy-MM-dd HH:mm:ss"), kString, false};
    instant = ParseWith(call, value, pattern, true, false);
  }
  instant = CoerceTo('T', instant, call.scope(), call.name(), 1);
  return Coerce(instant, kLong, call.scope());
}

Sql FormatLocal(const FunctionCall& call, const Typed& value, const Sql& pattern) {
  return Call("spark_format_timestamp", {CoerceTo('t', value, call.scope(), call.name(), 1).sql, pattern});
}

void ExpectNoZone(const FunctionCall& call, size_t i) {
  const bool utc = ToLocalTime(Sql(), call.scope()).text() == ToLocalTime(Sql(), Scope{}).text();
  if (utc) return;
  if (call.IsLiteral(i) && call.LiteralString(i).find_first_of("XxZVzO") == std::string::npos) return;
  RefuseFeature("zone letters in a pattern outside the session time zone UTC");
}

Typed DateFormat(const FunctionCall& call) {
  call.Expect(2, 2);
  ExpectNoZone(call, 1);
  const Typed value = call.Argument(0);
  const Typed pattern = Text(call, 1);
  return {FormatLocal(call, value, pattern.sql), kString, value.nullable || pattern.nullable};
}

Typed FromUnixTime(const FunctionCall& call) {
  call.Expect(1, 2);
  if (call.size() > 1) ExpectNoZone(call, 1);
  const Typed seconds = call.Argument(0, kLong);
  const Typed pattern = call.size() > 1 ? Text(call, 1) : Typed{StringLiteral("yyyy-MM-dd HH:mm:ss"), kString, false};
  return {FormatLocal(call, Coerce(seconds, kTimestamp, call.scope()), pattern.sql), kString,
          seconds.nullable || pattern.nullable};
}

Typed Trunc(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed date = CoerceTo('D', call.Argument(0), call.scope(), call.name(), 1);
  return {Call("spark_trunc_date", {date.sql, Text(call, 1).sql}), kDate, true};
}

Typed DateTrunc(const FunctionCall& call) {
  call.Expect(2, 2);
  Typed value = call.Argument(1);
  if (value.type.kind() != TypeKind::kTimestampNtz) value = CoerceTo('T', value, call.scope(), call.name(), 2);
  const Typed local = CoerceTo('t', value, call.scope(), call.name(), 2);
  const Sql cut = Call("spark_trunc_timestamp", {local.sql, Text(call, 0).sql});
  return {value.type == kNtz ? cut : FromLocalTime(cut, call.scope()), value.type, true};
}

Typed MonthsBetween(const FunctionCall& call) {
  call.Expect(2, 3);
  const Typed left = CoerceTo('t', call.Argument(0), call.scope(), call.name(), 1);
  const Typed right = CoerceTo('t', call.Argument(1), call.scope(), call.name(), 2);
  const Typed round = call.size() > 2 ? call.Argument(2, TypeKind::kBoolean)
                                      : Typed{Token("TRUE"), DataType(TypeKind::kBoolean), false};
  return {Call("spark_months_between", {left.sql, right.sql, round.sql}), DataType(TypeKind::kDouble),
          left.nullable || right.nullable || round.nullable};
}

Typed MakeTimestampAs(const FunctionCall& call, bool instant) {
  call.Expect(6, 6);
  std::vector<Sql> parts;
  bool nullable = false;
  for (size_t i = 0; i < 6; ++i) {
    const Typed value = call.Argument(i, i < 5 ? kInt : DataType::Decimal(16, 6));
    nullable |= value.nullable;
    parts.push_back(i < 5 ? value.sql : Template("CAST($1 * 1000000 AS BIGINT)", {value.sql}));
  }
  const Sql local = Call("spark_make_timestamp", parts);
  return {instant ? FromLocalTime(local, call.scope()) : local, instant ? kTimestamp : kNtz, nullable};
}

Typed MakeTimestamp(const FunctionCall& call) {
  return MakeTimestampAs(call, true);
}
Typed MakeTimestampNtz(const FunctionCall& call) {
  return MakeTimestampAs(call, false);
}

/// extract(field FROM source), date_part(field, source).
Typed Extract(const FunctionCall& call) {
  call.Expect(2, 2);
  const std::string field = call.LiteralString(0);
  static constexpr std::pair<const char*, const char*> kFields[] = {
      {"year", "year"},
      {"years", "year"},
      {"y", "year"},
      {"quarter", "quarter"},
      {"qtr", "quarter"},
      {"month", "month"},
      {"mon", "month"},
      {"months", "month"},
      {"week", "weekofyear"},
      {"weeks", "weekofyear"},
      {"w", "weekofyear"},
      {"day", "day"},
      {"d", "day"},
      {"days", "day"},
      {"dayofweek", "dayofweek"},
      {"dow", "dayofweek"},
      {"dayofweek_iso", "weekday"},
      {"dow_iso", "weekday"},
      {"doy", "dayofyear"},
      {"hour", "hour"},
      {"h", "hour"},
      {"hours", "hour"},
      {"minute", "minute"},
      {"m", "minute"},
      {"min", "minute"},
      {"minutes", "minute"},
  };
  for (const auto& [name, function] : kFields) {
    if (!SameName(name, field, false)) continue;
    FunctionCall::Proto inner;
    inner.set_function_name(function);
    *inner.add_arguments() = call.ArgumentProto(1);
    const Typed value = TranslateFunction(inner, call.scope(), Sql());
    const bool iso = std::string_view(name).ends_with("_iso");
    return {iso ? Template("($1 + CAST(1 AS INTEGER))", {value.sql}) : value.sql, value.type, value.nullable};
  }
  if (SameName(field, "second", false) || SameName(field, "seconds", false) || SameName(field, "s", false) ||
      SameName(field, "sec", false)) {
    const Typed local = CoerceTo('t', call.Argument(1), call.scope(), call.name(), 2);
    const DataType type = DataType::Decimal(8, 6);
    return {FromUnscaled(Template("CAST(microsecond($1) AS DECIMAL(38,0))", {local.sql}), type, false), type,
            local.nullable};
  }
  RefuseFeature("the field " + field + " in extract");
}

Typed DateDiff(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed end = CoerceTo('D', call.Argument(0), call.scope(), call.name(), 1);
  const Typed start = CoerceTo('D', call.Argument(1), call.scope(), call.name(), 2);
  return {Template("CAST($1 - $2 AS INTEGER)", {end.sql, start.sql}), kInt, end.nullable || start.nullable};
}

constexpr Function kFunctions[] = {
    {"year", "D", "int", Nulls::kAny, "CAST(year($1) AS INTEGER)"},
    {"quarter", "D", "int", Nulls::kAny, "CAST(quarter($1) AS INTEGER)"},
    {"month", "D", "int", Nulls::kAny, "CAST(month($1) AS INTEGER)"},
    {"day", "D", "int", Nulls::kAny, "CAST(day($1) AS INTEGER)"},
    {"dayofmonth", "D", "int", Nulls::kAny, "CAST(day($1) AS INTEGER)"},
    {"dayofweek", "D", "int", Nulls::kAny, "CAST(dayofweek($1) + 1 AS INTEGER)"},
    {"weekday", "D", "int", Nulls::kAny, "CAST(isodow($1) - 1 AS INTEGER)"},
    {"dayofyear", "D", "int", Nulls::kAny, "CAST(dayofyear($1) AS INTEGER)"},
    {"weekofyear", "D", "int", Nulls::kAny, "CAST(weekofyear($1) AS INTEGER)"},
    {"hour", "t", "int", Nulls::kAny, "CAST(hour($1) AS INTEGER)"},
    {"minute", "t", "int", Nulls::kAny, "CAST(minute($1) AS INTEGER)"},
    {"second", "t", "int", Nulls::kAny, "CAST(second($1) AS INTEGER)"},
    {"date_add", "Di", "date", Nulls::kAny, "($1 + $2)"},
    {"dateadd", "Di", "date", Nulls::kAny, "($1 + $2)"},
    {"date_sub", "Di", "date", Nulls::kAny, "($1 - $2)"},
    {"add_months", "Di", "date", Nulls::kAny, "CAST($1 + to_months($2) AS DATE)"},
    {"last_day", "D", "date", Nulls::kAny, "last_day($1)"},
    {"make_date", "iii", "date", Nulls::kAny, "spark_make_date($1, $2, $3)"},
    {"date_from_unix_date", "i", "date", Nulls::kAny, "(DATE '1970-01-01' + $1)"},
    {"unix_date", "D", "int", Nulls::kAny, "CAST($1 - DATE '1970-01-01' AS INTEGER)"},
    {"timestamp_millis", "l", "timestamp", Nulls::kAny, "make_timestamptz($1 * CAST(1000 AS BIGINT))"},
    {"timestamp_micros", "l", "timestamp", Nulls::kAny, "make_timestamptz($1)"},
    {"unix_micros", "T", "bigint", Nulls::kAny, "epoch_us($1)"},
    {"unix_millis", "T", "bigint", Nulls::kAny, "spark_floor_divide(epoch_us($1), 1000)"},
    {"unix_seconds", "T", "bigint", Nulls::kAny, "spark_floor_divide(epoch_us($1), 1000000)"},
    {"current_timestamp", "", "timestamp", Nulls::kNever, "now()"},
    {"now", "", "timestamp", Nulls::kNever, "now()"},
};

Typed TimestampSeconds(const FunctionCall& call) {
  call.Expect(1, 1);
  return Coerce(CoerceTo('n', call.Argument(0), call.scope(), call.name(), 1), kTimestamp, call.scope());
}

Typed CurrentDate(const FunctionCall& call) {
  call.Expect(0, 0);
  return {CastTo(ToLocalTime(Token("now()"), call.scope()), kDate), kDate, false};
}

constexpr SpecialFunction kSpecials[] = {
    {"to_timestamp", ToTimestamp},
    {"to_timestamp_ltz", ToTimestamp},
    {"to_timestamp_ntz", ToTimestampNtz},
    {"try_to_timestamp", TryToTimestamp},
    {"to_date", ToDate},
    {"try_to_date", TryToDate},
    {"unix_timestamp", UnixTimestamp},
    {"to_unix_timestamp", UnixTimestamp},
    {"date_format", DateFormat},
    {"from_unixtime", FromUnixTime},
    {"trunc", Trunc},
    {"date_trunc", DateTrunc},
    {"months_between", MonthsBetween},
    {"make_timestamp", MakeTimestamp},
    {"make_timestamp_ntz", MakeTimestampNtz},
    {"extract", Extract},
    {"date_part", Extract},
    {"datepart", Extract},
    {"datediff", DateDiff},
    {"date_diff", DateDiff},
    {"timestamp_seconds", TimestampSeconds},
    {"current_date", CurrentDate},
    {"curdate", CurrentDate},
};

}  // namespace

FunctionGroup DateTimeFunctions() {
  return {FunctionKind::kScalar, kFunctions, kSpecials};
}

}  // namespace tinderbox::engine
