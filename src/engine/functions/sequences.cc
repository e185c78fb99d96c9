// sequence: of whole numbers, dates and timestamps.
#include <fmt/format.h>

#include "engine/functions/collection_parts.h"
#include "engine/translate/casts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

bool Instantlike(const DataType& type) {
  return type.kind() == TypeKind::kTimestamp || type.kind() == TypeKind::kTimestampNtz;
}

/// Of whole numbers (and of times as microseconds, of dates as days): start, stop, step, all bigint.
Sql Numbers(const Sql& start, const Sql& stop, const Sql& step) {
  return Bind({start, stop, step},
              "list_transform(range(0, spark_sequence_length($1, $2, $3)), lambda i: $1 + i * $3)");
}

Sql Long(const Typed& value, const Scope& scope) {
  return Coerce(value, kLongType, scope).sql;
}

/// Times every so many months. The last month is kept when its day and time are not past the stop.
Sql Months(const Sql& start, const Sql& stop, const Sql& months) {
  return Bind(
      {start, stop, months},
      "list_filter(list_transform(range(0, spark_sequence_months(date_diff('month', $1, $2), $1 = $2, $1 < $2, $3)), "
      "lambda i: $1 + to_months(CAST(i * $3 AS INTEGER))), lambda t: CASE WHEN $3 < 0 THEN t >= $2 ELSE t <= $2 "
      "END)");
}

Typed OfDates(const FunctionCall& call, const Typed& start, const Typed& stop) {
  const Scope& scope = call.scope();
  const DataType date(TypeKind::kDate);
  const auto days = [&](const Typed& value) {
    return Template("CAST(datediff('day', DATE '1970-01-01', $1) AS BIGINT)", {Coerce(value, date, scope).sql});
  };
  Sql step = Bind({days(start), days(stop)}, "CASE WHEN $1 <= $2 THEN CAST(1 AS BIGINT) ELSE CAST(-1 AS BIGINT) END");
  bool nullable = start.nullable || stop.nullable;
  if (call.size() == 3) {
    const Typed given = call.Argument(2);
    nullable |= given.nullable;
    if (given.type.kind() == TypeKind::kYearMonthInterval) {
      const auto local = [&](const Typed& value) { return CastTo(value.sql, DataType(TypeKind::kTimestampNtz)); };
      return {Template("list_transform($1, lambda t: CAST(t AS DATE))",
                       {Months(local(start), local(stop), Long({given.sql, kLongType, true}, scope))}),
              DataType::Array(date, false), nullable};
    }
    if (given.type.kind() != TypeKind::kDayTimeInterval) call.RefuseArgument(2, "INTERVAL", given.type);
    step = Call("spark_sequence_days", {given.sql});
  }
  return {Template("list_transform($1, lambda d: DATE '1970-01-01' + CAST(d AS INTEGER))",
                   {Numbers(days(start), days(stop), step)}),
          DataType::Array(date, false), nullable};
}

/// Instants every so many days on the clocks of the session's zone, whose days differ in length, and microseconds.
Sql Days(const Sql& start, const Sql& stop, const Sql& step, const Scope& scope) {
  return Bind(
      {start, stop, step, StringLiteral(scope.time_zone)},
      "list_filter(list_transform(range(0, spark_sequence_length(epoch_us($1), epoch_us($2), $3) + 1), lambda i: "
      "spark_move($1, spark_interval(0, CAST(i * spark_div($3, 86400000000) AS INTEGER), i * "
      "spark_remainder($3, 86400000000)), $4)), lambda t: CASE WHEN $3 < 0 THEN t >= $2 ELSE t <= $2 END)");
}

Typed OfTimes(const FunctionCall& call, const Typed& start, const Typed& stop, const DataType& type) {
  const Scope& scope = call.scope();
  const bool zoned = type.kind() == TypeKind::kTimestamp;
  const Sql from = Coerce(start, type, scope).sql;
  const Sql to = Coerce(stop, type, scope).sql;
  const auto micros = [](const Sql& value) { return Call("epoch_us", {value}); };
  Sql step = Bind({micros(from), micros(to)}, "CASE WHEN $1 <= $2 THEN 86400000000 ELSE -86400000000 END");
  bool nullable = start.nullable || stop.nullable;
  if (call.size() == 3) {
    const Typed given = call.Argument(2);
    nullable |= given.nullable;
    if (given.type.kind() == TypeKind::kYearMonthInterval) {
      const auto local = [&](const Sql& value) { return zoned ? ToLocalTime(value, scope) : value; };
      const Sql times = Months(local(from), local(to), Long({given.sql, kLongType, true}, scope));
      if (!zoned) return {times, DataType::Array(type, false), nullable};
      return {Template("list_transform($1, lambda t: $2)", {times, FromLocalTime(Token("t"), scope)}),
              DataType::Array(type, false), nullable};
    }
    if (given.type.kind() != TypeKind::kDayTimeInterval) call.RefuseArgument(2, "INTERVAL", given.type);
    step = given.sql;
    if (zoned && scope.time_zone != "UTC") {
      return {Days(from, to, step, scope), DataType::Array(type, false), nullable};
    }
  }
  return {Template(zoned ? "list_transform($1, lambda t: make_timestamptz(t))"
                         : "list_transform($1, lambda t: make_timestamp(t))",
                   {Numbers(micros(from), micros(to), step)}),
          DataType::Array(type, false), nullable};
}

Typed Sequence(const FunctionCall& call) {
  call.Expect(2, 3);
  const Scope& scope = call.scope();
  Typed start = call.Argument(0);
  Typed stop = call.Argument(1);
  if (Instantlike(start.type) || Instantlike(stop.type)) {
    const bool zoned = start.type.kind() == TypeKind::kTimestamp || stop.type.kind() == TypeKind::kTimestamp;
    return OfTimes(call, start, stop, DataType(zoned ? TypeKind::kTimestamp : TypeKind::kTimestampNtz));
  }
  if (start.type.kind() == TypeKind::kDate || stop.type.kind() == TypeKind::kDate) return OfDates(call, start, stop);
  std::vector<Typed> numbers = {start, stop};
  if (call.size() == 3) numbers.push_back(call.Argument(2));
  DataType type;
  bool nullable = false;
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (!numbers[i].type.IsIntegral() && numbers[i].type.kind() != TypeKind::kNull) {
      call.RefuseArgument(i, "integral, date or timestamp", numbers[i].type);
    }
    type = CommonType(type, numbers[i].type);
    nullable |= numbers[i].nullable;
  }
  if (type.kind() == TypeKind::kNull) call.RefuseArgument(0, "integral, date or timestamp", type);
  const Sql from = Long(numbers[0], scope);
  const Sql to = Long(numbers[1], scope);
  const Sql step = numbers.size() == 3
                       ? Long(numbers[2], scope)
                       : Bind({from, to}, "CASE WHEN $1 <= $2 THEN CAST(1 AS BIGINT) ELSE CAST(-1 AS BIGINT) END");
  return {CastTo(Numbers(from, to, step), DataType::Array(type)), DataType::Array(type, false), nullable};
}

constexpr SpecialFunction kSpecials[] = {{"sequence", Sequence}};

}  // namespace

std::span<const SpecialFunction> SequenceFunctions() {
  return kSpecials;
}

}  // namespace tinderbox::engine
