// Fields of dates and times, and moving along the calendar.
#include "engine/functions/datetime_call.h"
#include "engine/translate/casts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "engine/translate/refusals.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

Typed Trunc(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed date = As(call, 0, 'D');
  return {Call("spark_trunc_date", {date.sql, As(call, 1, 's').sql}), kDateType, true};
}

Typed DateTrunc(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed unit = As(call, 0, 's');
  return {Call("spark_trunc_timestamp", {As(call, 1, 'T').sql, unit.sql, ZoneOf(call)}), kTimestampType, true};
}

Typed MonthsBetween(const FunctionCall& call) {
  call.Expect(2, 3);
  const Typed left = As(call, 0, 'T');
  const Typed right = As(call, 1, 'T');
  const Typed round =
      call.size() > 2 ? call.Argument(2, TypeKind::kBoolean) : Typed{Token("TRUE"), kBooleanType, false};
  return {Call("spark_months_between", {left.sql, right.sql, ZoneOf(call), round.sql}), kDoubleType,
          left.nullable || right.nullable || round.nullable};
}

struct Field {
  const char* name;
  const char* function;
};
constexpr Field kFields[] = {
    {"year", "year"},
    {"years", "year"},
    {"y", "year"},
    {"yr", "year"},
    {"yrs", "year"},
    {"yearofweek", "$isoyear"},
    {"quarter", "quarter"},
    {"qtr", "quarter"},
    {"month", "month"},
    {"mon", "month"},
    {"mons", "month"},
    {"months", "month"},
    {"week", "weekofyear"},
    {"weeks", "weekofyear"},
    {"w", "weekofyear"},
    {"day", "day"},
    {"d", "day"},
    {"days", "day"},
    {"dayofweek", "dayofweek"},
    {"dow", "dayofweek"},
    {"dayofweek_iso", "$isodow"},
    {"dow_iso", "$isodow"},
    {"doy", "dayofyear"},
    {"hour", "hour"},
    {"h", "hour"},
    {"hours", "hour"},
    {"hr", "hour"},
    {"hrs", "hour"},
    {"minute", "minute"},
    {"m", "minute"},
    {"min", "minute"},
    {"mins", "minute"},
    {"minutes", "minute"},
    {"second", "$second"},
    {"s", "$second"},
    {"sec", "$second"},
    {"seconds", "$second"},
    {"secs", "$second"},
};

/// The seconds of the minute with their fraction.
Typed SecondsWithFraction(const FunctionCall& call, size_t i) {
  const DataType type = DataType::Decimal(8, 6);
  const Typed value = call.Argument(i);
  const bool is_time = value.type.kind() == TypeKind::kTime;
  const Typed local = is_time ? value : As(call, i, 't');
  const Sql micros =
      is_time ? Template("(spark_time_micros($1) % 60000000)", {local.sql}) : Template("microsecond($1)", {local.sql});
  return {FromUnscaled(Template("CAST($1 AS DECIMAL(38,0))", {micros}), type, false), type, is_time || local.nullable};
}

[[noreturn]] void RefuseField(const FunctionCall& call, const std::string& field) {
  const std::string shown = "\"" + ExpressionName(call.ArgumentProto(1)) + "\"";
  throw Error("INVALID_EXTRACT_FIELD", "Cannot extract `" + field + "` from " + shown + ".",
              {{"field", "`" + field + "`"}, {"expr", shown}});
}

/// extract(field FROM source), date_part(field, source).
Typed Extract(const FunctionCall& call) {
  call.Expect(2, 2);
  const std::string field = call.LiteralString(0);
  const Typed value = call.Argument(1);
  if (IsInterval(value.type) || value.type == kCalendarType) {
    if (const auto part = ExtractOfInterval(field, value)) return *part;
    RefuseField(call, field);
  }
  for (const auto& [name, function] : kFields) {
    if (!SameName(name, field, false)) continue;
    const std::string_view how = function;
    if (how == "$second") return SecondsWithFraction(call, 1);
    if (value.type.kind() == TypeKind::kTime && how != "hour" && how != "minute") RefuseField(call, field);
    if (how == "$isoyear" || how == "$isodow") {
      const Typed date = As(call, 1, 'D');
      return {CastTo(Call(how == "$isodow" ? "isodow" : "isoyear", {date.sql}), kIntType), kIntType, date.nullable};
    }
    FunctionCall::Proto inner;
    inner.set_function_name(function);
    *inner.add_arguments() = call.ArgumentProto(1);
    return TranslateFunction(inner, call.scope());
  }
  RefuseField(call, field);
}

/// hour, minute and second also of a TIME.
Typed ClockField(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  const bool is_time = value.type.kind() == TypeKind::kTime;
  const Sql local = is_time ? value.sql : As(call, 0, 't').sql;
  const char* function = SameName(call.name(), "hour", false)     ? "hour"
                         : SameName(call.name(), "minute", false) ? "minute"
                                                                  : "second";
  return {CastTo(Call(function, {local}), kIntType), kIntType, is_time || As(call, 0, 't').nullable};
}

Typed MoveDays(const FunctionCall& call, const char* sql) {
  call.Expect(2, 2);
  const Typed date = As(call, 0, 'D');
  const Typed days = call.Argument(1);
  const TypeKind kind = days.type.kind();
  if (kind == TypeKind::kLong || (!days.type.IsIntegral() && kind != TypeKind::kString && kind != TypeKind::kNull)) {
    RefuseArgument(call.name(), 2, "(\"INT\" or \"SMALLINT\" or \"TINYINT\")", days.type);
  }
  const Typed whole = Coerce(days, kIntType, call.scope());
  return {Template(sql, {date.sql, whole.sql}), kDateType, date.nullable || whole.nullable};
}

Typed DateAdd(const FunctionCall& call) {
  if (call.size() == 3) return TimestampAdd(call);
  return MoveDays(call, "($1 + $2)");
}
Typed DateSub(const FunctionCall& call) {
  return MoveDays(call, "($1 - $2)");
}

Typed DateDiff(const FunctionCall& call) {
  if (call.size() == 3) return TimestampDiff(call);
  call.Expect(2, 2);
  const Typed end = As(call, 0, 'D');
  const Typed start = As(call, 1, 'D');
  return {Template("CAST($1 - $2 AS INTEGER)", {end.sql, start.sql}), kIntType, end.nullable || start.nullable};
}

Typed NextDay(const FunctionCall& call) {
  call.Expect(2, 2);
  return {Call("spark_next_day", {As(call, 0, 'D').sql, As(call, 1, 's').sql, BooleanLiteral(!call.scope().ansi)}),
          kDateType, true};
}

Typed CurrentDate(const FunctionCall& call) {
  call.Expect(0, 0);
  return {CastTo(ToLocalTime(Token("now()"), call.scope()), kDateType), kDateType, false};
}

Typed LocalTimestamp(const FunctionCall& call) {
  call.Expect(0, 0);
  return {ToLocalTime(Token("now()"), call.scope()), kNtzType, false};
}

Typed CurrentTime(const FunctionCall& call) {
  call.Expect(0, 1);
  const int64_t precision = call.size() == 0 ? 6 : call.LiteralInteger(0);
  if (precision < 0 || precision > 6) {
    throw Error("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
                "Cannot resolve \"current_time(" + std::to_string(precision) +
                    ")\" due to data type mismatch: The precision must be between [0, 6].",
                {{"exprName", "`precision`"}, {"valueRange", "[0, 6]"}, {"currentValue", std::to_string(precision)}});
  }
  const DataType type = DataType::Time(static_cast<int>(precision));
  const Typed now{CastTo(ToLocalTime(Token("now()"), call.scope()), kTimeType), kTimeType, false};
  return TranslateCast(now, type, call.scope(), false);
}

Typed CurrentTimeZone(const FunctionCall& call) {
  call.Expect(0, 0);
  return {ZoneOf(call), kStringType, false};
}

/// from_utc_timestamp shows a clock of the zone, to_utc_timestamp reads one.
Typed FromUtc(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed time = As(call, 0, 'T');
  const Typed zone = As(call, 1, 's');
  return {InUtc(Call("spark_local_time", {time.sql, zone.sql})), kTimestampType, time.nullable || zone.nullable};
}
Typed ToUtc(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed time = As(call, 0, 'T');
  const Typed zone = As(call, 1, 's');
  return {Call("spark_instant", {OutOfUtc(time.sql), zone.sql}), kTimestampType, time.nullable || zone.nullable};
}

Typed ConvertTimeZone(const FunctionCall& call) {
  call.Expect(2, 3);
  const size_t last = call.size() - 1;
  const Typed from = call.size() == 3 ? As(call, 0, 's') : Typed{ZoneOf(call), kStringType, false};
  const Typed to = As(call, last - 1, 's');
  const Typed local = call.Argument(last, kNtzType);
  return {Call("spark_local_time", {Call("spark_instant", {local.sql, from.sql}), to.sql}), kNtzType,
          from.nullable || to.nullable || local.nullable};
}

/// time_bucket(size, time[, origin])
Typed TimeBucket(const FunctionCall& call) {
  call.Expect(2, 3);
  const Typed size = call.Argument(0);
  Typed time = call.Argument(1);
  if (!IsInterval(size.type)) {
    RefuseArgument(call.name(), 1, "(\"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\")", size.type);
  }
  const proto::Expression argument =
      call.ArgumentProto(0).has_expression_string()
          ? tinderbox::sql::ParseExpression(call.ArgumentProto(0).expression_string().expression())
          : call.ArgumentProto(0);
  const proto::Expression::Literal& literal = argument.literal();
  if (!argument.has_literal()) RefuseFeature("a size of time buckets that is no constant");
  if (literal.year_month_interval() <= 0 && literal.day_time_interval() <= 0) {
    const std::string shown = "\"" + call.SqlName() + "\"";
    const std::string value = ExpressionName(argument);
    throw Error(
        "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
        "Cannot resolve " + shown + " due to data type mismatch: The `bucketSize` must be between (0, inf) " +
            "(current value = " + value + ").",
        {{"sqlExpr", shown}, {"exprName", "`bucketSize`"}, {"valueRange", "(0, inf)"}, {"currentValue", value}});
  }
  if (time.type.kind() == TypeKind::kNull) return NullOf(kTimestampType);
  if (time.type != kTimestampType && time.type != kNtzType) {
    RefuseArgument(call.name(), 2, "\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\"", time.type);
  }
  const Sql step = size.type.kind() == TypeKind::kYearMonthInterval
                       ? Template("spark_interval($1, 0, 0)", {size.sql})
                       : Template(
                             "spark_interval(0, CAST(spark_div($1, 86400000000) AS INTEGER), spark_remainder($1, "
                             "86400000000))",
                             {size.sql});
  const Typed epoch{Token("DATE '1970-01-01'"), kDateType, false};
  const Typed origin = Coerce(call.size() == 3 ? call.Argument(2) : epoch, time.type, call.scope());
  const bool nullable = time.nullable || (call.size() == 3 && origin.nullable);
  if (time.type == kTimestampType) {
    return {Call("spark_time_bucket", {step, time.sql, origin.sql, ZoneOf(call)}), time.type, nullable};
  }
  return {OutOfUtc(Call("spark_time_bucket", {step, InUtc(time.sql), InUtc(origin.sql), StringLiteral("UTC")})),
          time.type, nullable};
}

/// time_trunc(unit, time)
Typed TimeTrunc(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed time = call.Argument(1, TypeKind::kTime);
  const Sql unit = Call("spark_time_unit", {As(call, 0, 's').sql, StringLiteral("time_trunc")});
  return {Template("spark_time_of_micros(spark_time_micros($1) // $2 * $2)", {time.sql, unit}), time.type, true};
}

/// time_diff(unit, start, end)
Typed TimeDiff(const FunctionCall& call) {
  call.Expect(3, 3);
  const Sql unit = Call("spark_time_unit", {As(call, 0, 's').sql, StringLiteral("time_diff")});
  return {Template("spark_div(spark_time_micros($1) - spark_time_micros($2), $3)",
                   {call.Argument(2, TypeKind::kTime).sql, call.Argument(1, TypeKind::kTime).sql, unit}),
          kLongType, true};
}

Typed TimeToSeconds(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed time = call.Argument(0, TypeKind::kTime);
  const DataType type = DataType::Decimal(14, 6);
  const Sql micros = Template("CAST(spark_time_micros($1) AS DECIMAL(38,0))", {time.sql});
  return {FromUnscaled(micros, type, false), type, true};
}

Typed TimeFromSeconds(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed seconds = As(call, 0, 'n');
  const Sql micros = seconds.type.kind() == TypeKind::kDouble || seconds.type.kind() == TypeKind::kFloat
                         ? Template("CAST(trunc($1 * 1000000) AS BIGINT)", {seconds.sql})
                         : Template("CAST(trunc(CAST($1 AS DECIMAL(38,12)) * 1000000) AS BIGINT)", {seconds.sql});
  return {Call("spark_time_of_micros", {micros}), kTimeType, true};
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
    {"dayname", "D", "string", Nulls::kAny, "left(dayname($1), 3)"},
    {"monthname", "D", "string", Nulls::kAny, "left(monthname($1), 3)"},
    {"add_months", "Di", "date", Nulls::kAny, "spark_add_months($1, $2)"},
    {"last_day", "D", "date", Nulls::kAny, "last_day($1)"},
    {"date_from_unix_date", "i", "date", Nulls::kAny, "(DATE '1970-01-01' + $1)"},
    {"unix_date", "Y", "int", Nulls::kAny, "CAST($1 - DATE '1970-01-01' AS INTEGER)"},
    {"current_timestamp", "", "timestamp", Nulls::kNever, "now()"},
    {"now", "", "timestamp", Nulls::kNever, "now()"},
    {"time_to_millis", "H", "bigint", Nulls::kAlways, "spark_div(spark_time_micros($1), 1000)"},
    {"time_to_micros", "H", "bigint", Nulls::kAlways, "spark_time_micros($1)"},
    {"time_from_millis", "l", "time(6)", Nulls::kAlways, "spark_time_of_micros($1 * 1000)"},
    {"time_from_micros", "l", "time(6)", Nulls::kAlways, "spark_time_of_micros($1)"},
};

constexpr SpecialFunction kSpecials[] = {
    {"hour", ClockField},
    {"minute", ClockField},
    {"second", ClockField},
    {"trunc", Trunc},
    {"date_trunc", DateTrunc},
    {"months_between", MonthsBetween},
    {"extract", Extract},
    {"date_part", Extract},
    {"datepart", Extract},
    {"date_add", DateAdd},
    {"dateadd", DateAdd},
    {"date_sub", DateSub},
    {"datediff", DateDiff},
    {"date_diff", DateDiff},
    {"timestampadd", TimestampAdd},
    {"timestamp_add", TimestampAdd},
    {"timestampdiff", TimestampDiff},
    {"timestamp_diff", TimestampDiff},
    {"next_day", NextDay},
    {"current_date", CurrentDate},
    {"curdate", CurrentDate},
    {"current_time", CurrentTime},
    {"current_timezone", CurrentTimeZone},
    {"localtimestamp", LocalTimestamp},
    {"from_utc_timestamp", FromUtc},
    {"to_utc_timestamp", ToUtc},
    {"convert_timezone", ConvertTimeZone},
    {"time_bucket", TimeBucket},
    {"time_trunc", TimeTrunc},
    {"time_diff", TimeDiff},
    {"time_to_seconds", TimeToSeconds},
    {"time_from_seconds", TimeFromSeconds},
};

}  // namespace

Typed TimestampAdd(const FunctionCall& call) {
  call.Expect(3, 3);
  const Typed unit = As(call, 0, 's');
  const Typed count = call.Argument(1, kLongType);
  Typed time = call.Argument(2);
  const bool local = time.type == kNtzType;
  if (!local) time = As(call, 2, 'T');
  const bool nullable = count.nullable || time.nullable;
  if (!local) {
    return {Call("spark_timestamp_add", {unit.sql, count.sql, time.sql, ZoneOf(call)}), kTimestampType, nullable};
  }
  return {OutOfUtc(Call("spark_timestamp_add", {unit.sql, count.sql, InUtc(time.sql), StringLiteral("UTC")})), kNtzType,
          nullable};
}

Typed TimestampDiff(const FunctionCall& call) {
  call.Expect(3, 3);
  const Typed start = As(call, 1, 'T');
  const Typed end = As(call, 2, 'T');
  return {Call("spark_timestamp_diff", {As(call, 0, 's').sql, start.sql, end.sql, ZoneOf(call)}), kLongType,
          start.nullable || end.nullable};
}

FunctionGroup DateTimeFunctions() {
  return {FunctionKind::kScalar, kFunctions, kSpecials};
}

}  // namespace tinderbox::engine
