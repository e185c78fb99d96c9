// Dates and times from text and to text, and from numbers and to numbers.
#include "engine/functions/datetime_call.h"
#include "engine/functions/time_zone.h"
#include "engine/translate/casts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

/// Text read with a pattern, as an instant or as a wall-clock time. `instead` is the function that an error proposes.
Typed ParseWith(const FunctionCall& call, const Typed& text, const Typed& pattern, bool instant, bool tolerant,
                const char* instead = "try_to_timestamp") {
  tolerant = tolerant || !call.scope().ansi;
  const bool nullable = text.nullable || pattern.nullable || tolerant;
  if (!instant) {
    return {Call(tolerant ? "spark_try_parse_local" : "spark_parse_local", {text.sql, pattern.sql}), kNtzType,
            nullable};
  }
  return {Call(tolerant ? "spark_try_parse_timestamp" : "spark_parse_timestamp",
               {text.sql, pattern.sql, ZoneOf(call), StringLiteral(instead)}),
          kTimestampType, nullable};
}

Typed ToTimestampAs(const FunctionCall& call, bool instant, bool tolerant) {
  call.Expect(1, 2);
  const DataType to = instant ? kTimestampType : kNtzType;
  const Typed value = call.Argument(0);
  if (call.size() == 1) return TranslateCast(value, to, call.scope(), tolerant);
  if (IsDateOrTime(value.type)) return TranslateCast(value, to, call.scope(), tolerant);
  return ParseWith(call, As(call, 0, 's'), As(call, 1, 's'), instant, tolerant);
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
  if (call.size() == 1 || IsDateOrTime(value.type)) return TranslateCast(value, kDateType, call.scope(), tolerant);
  return Coerce(ParseWith(call, As(call, 0, 's'), As(call, 1, 's'), true, tolerant, "try_to_date"), kDateType,
                call.scope());
}

Typed ToDate(const FunctionCall& call) {
  return ToDateAs(call, false);
}
Typed TryToDate(const FunctionCall& call) {
  return ToDateAs(call, true);
}

Typed ToTimeAs(const FunctionCall& call, bool tolerant) {
  call.Expect(1, 2);
  const Typed text = As(call, 0, 's');
  if (call.size() == 1) {
    return {Call(tolerant ? "spark_try_string_to_time" : "spark_text_to_time", {text.sql}), kTimeType, true};
  }
  return {Call(tolerant ? "spark_try_parse_time" : "spark_parse_time", {text.sql, As(call, 1, 's').sql}), kTimeType,
          true};
}
Typed ToTime(const FunctionCall& call) {
  return ToTimeAs(call, false);
}
Typed TryToTime(const FunctionCall& call) {
  return ToTimeAs(call, true);
}

Typed UnixTimestamp(const FunctionCall& call) {
  call.Expect(SameName(call.name(), "unix_timestamp", false) ? 0 : 1, 2);
  if (call.size() == 0) return {Token("(epoch_us(now()) // 1000000)"), kLongType, false};
  Typed instant = call.Argument(0);
  if (instant.type.kind() == TypeKind::kString) {
    const Typed pattern =
        call.size() > 1 ? As(call, 1, 's') : Typed{StringLiteral("yyyy-MM-dd HH:mm:ss"), kStringType, false};
    instant = ParseWith(call, instant, pattern, true, false);
  }
  instant = CoerceTo('T', instant, call.scope(), call.name(), 1);
  return {Template("spark_div(epoch_us($1), 1000000)", {instant.sql}), kLongType, instant.nullable};
}

Typed DateFormat(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed time = As(call, 0, 'T');
  const Typed pattern = As(call, 1, 's');
  return {Call("spark_format_timestamp", {time.sql, pattern.sql, ZoneOf(call)}), kStringType,
          time.nullable || pattern.nullable};
}

Typed FromUnixTime(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed seconds = call.Argument(0, kLongType);
  const Typed pattern =
      call.size() > 1 ? As(call, 1, 's') : Typed{StringLiteral("yyyy-MM-dd HH:mm:ss"), kStringType, false};
  const Sql time = Template("make_timestamptz($1 * CAST(1000000 AS BIGINT))", {seconds.sql});
  return {Call("spark_format_timestamp", {time, pattern.sql, ZoneOf(call)}), kStringType, true};
}

Typed TimestampSeconds(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed seconds = As(call, 0, 'n');
  // Unlike a cast, no number is not an error.
  const bool floating = seconds.type.kind() == TypeKind::kFloat || seconds.type.kind() == TypeKind::kDouble;
  return TranslateCast(seconds, kTimestampType, call.scope(), floating);
}

/// TIMESTAMP '…' of SQL.
Typed TimestampLiteral(const FunctionCall& call) {
  call.Expect(1, 1);
  const std::string text = call.LiteralString(0);
  const auto instant = ParseInstant(text, call.scope().time_zone);
  if (!instant) {
    throw Error("INVALID_TYPED_LITERAL", "The value of the typed literal \"TIMESTAMP\" is invalid: '" + text + "'.",
                {{"valueType", "\"TIMESTAMP\""}, {"value", "'" + text + "'"}});
  }
  return {Template("make_timestamptz(CAST($1 AS BIGINT))", {IntegerLiteral(*instant)}), kTimestampType, false};
}

constexpr Function kFunctions[] = {
    {"timestamp_millis", "I", "timestamp", Nulls::kAny, "make_timestamptz(CAST($1 AS BIGINT) * CAST(1000 AS BIGINT))"},
    {"timestamp_micros", "I", "timestamp", Nulls::kAny, "make_timestamptz(CAST($1 AS BIGINT))"},
    {"unix_micros", "U", "bigint", Nulls::kAny, "epoch_us($1)"},
    {"unix_millis", "U", "bigint", Nulls::kAny, "spark_floor_divide(epoch_us($1), 1000)"},
    {"unix_seconds", "U", "bigint", Nulls::kAny, "spark_floor_divide(epoch_us($1), 1000000)"},
};

constexpr SpecialFunction kSpecials[] = {
    {"tb_timestamp_literal", TimestampLiteral},
    {"to_timestamp", ToTimestamp},
    {"to_timestamp_ltz", ToTimestamp},
    {"to_timestamp_ntz", ToTimestampNtz},
    {"try_to_timestamp", TryToTimestamp},
    {"to_date", ToDate},
    {"try_to_date", TryToDate},
    {"to_time", ToTime},
    {"try_to_time", TryToTime},
    {"unix_timestamp", UnixTimestamp},
    {"to_unix_timestamp", UnixTimestamp},
    {"date_format", DateFormat},
    {"from_unixtime", FromUnixTime},
    {"timestamp_seconds", TimestampSeconds},
};

}  // namespace

FunctionGroup DateTimeTextFunctions() {
  return {FunctionKind::kScalar, kFunctions, kSpecials};
}

}  // namespace tinderbox::engine
