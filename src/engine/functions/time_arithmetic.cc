// Dates, times and intervals as operands of + - * /.
#include <algorithm>

#include "engine/functions/arithmetic.h"
#include "engine/functions/datetime_call.h"
#include "engine/translate/casts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"

namespace tinderbox::engine {

namespace {

bool IsText(const DataType& type) {
  return type.kind() == TypeKind::kString;
}
bool IsAnyInterval(const DataType& type) {
  return IsInterval(type) || type == kCalendarType;
}

Sql AsLong(const Sql& value) {
  return CastTo(value, kLongType);
}

/// Any interval as one of months, days and microseconds, times `sign`.
Sql ToCalendar(const Typed& interval, int sign) {
  const Sql factor = IntegerLiteral(sign);
  if (interval.type.kind() == TypeKind::kYearMonthInterval) {
    return Template("spark_interval(CAST($1 * $2 AS INTEGER), 0, 0)", {interval.sql, factor});
  }
  if (interval.type.kind() == TypeKind::kDayTimeInterval) {
    return Template(
        "spark_interval(0, CAST(spark_div($1, 86400000000) * $2 AS INTEGER), spark_remainder($1, 86400000000) * $2)",
        {interval.sql, factor});
  }
  return sign > 0 ? interval.sql : Template("spark_interval_add(spark_interval(0, 0, 0), $1, -1)", {interval.sql});
}

Typed AddIntervals(const Typed& left, const Typed& right, int sign) {
  const bool nullable = left.nullable || right.nullable;
  const Sql factor = IntegerLiteral(sign);
  if (left.type == kCalendarType) {
    return {Call("spark_interval_add", {left.sql, right.sql, factor}), left.type, nullable};
  }
  const DataType type = *LeastCommonType(left.type, right.type);
  const Sql sum = Call("spark_interval_plus", {AsLong(left.sql), AsLong(right.sql), factor});
  return {type.kind() == TypeKind::kYearMonthInterval ? Call("spark_interval_months", {sum}) : sum, type, nullable};
}

/// A timestamp of either kind moved along the calendar.
Typed MoveTimestamp(const FunctionCall& call, const Typed& time, const Typed& interval, int sign) {
  const bool nullable = time.nullable || interval.nullable;
  const Sql by = ToCalendar(interval, sign);
  if (time.type == kNtzType) {
    return {OutOfUtc(Call("spark_move", {InUtc(time.sql), by, StringLiteral("UTC")})), kNtzType, nullable};
  }
  return {Call("spark_move", {time.sql, by, ZoneOf(call)}), kTimestampType, nullable};
}

Typed MoveDate(const FunctionCall& call, const Typed& date, const Typed& interval, int sign) {
  const bool nullable = date.nullable || interval.nullable;
  if (interval.type.kind() == TypeKind::kYearMonthInterval) {
    return {Template("spark_add_months($1, CAST($2 * $3 AS INTEGER))", {date.sql, interval.sql, IntegerLiteral(sign)}),
            kDateType, nullable};
  }
  if (interval.type == kCalendarType) {
    return {Call("spark_date_add_interval", {date.sql, ToCalendar(interval, sign)}), kDateType, nullable};
  }
  // Only an interval whose type has nothing below days leaves a date a date.
  if (interval.type.end_field() == 0) {
    return {Template("($1 + CAST(spark_div($2, 86400000000) * $3 AS INTEGER))",
                     {date.sql, interval.sql, IntegerLiteral(sign)}),
            kDateType, nullable};
  }
  return MoveTimestamp(call, TranslateCast(date, kTimestampType, call.scope(), false), interval, sign);
}

Typed MoveByInterval(const FunctionCall& call, const Typed& start, const Typed& interval, int sign) {
  switch (start.type.kind()) {
    case TypeKind::kDate:
      return MoveDate(call, start, interval, sign);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz:
      return MoveTimestamp(call, start, interval, sign);
    case TypeKind::kTime:
      if (interval.type.kind() != TypeKind::kDayTimeInterval) RefuseOperands(call, start.type, interval.type);
      return {Template("spark_time_add($1, $2 * $3)", {start.sql, interval.sql, IntegerLiteral(sign)}),
              DataType(TypeKind::kTime), true};
    case TypeKind::kString: {
      const Typed time = TranslateCast(start, kTimestampType, call.scope(), false);
      return TranslateCast(MoveTimestamp(call, time, interval, sign), kStringType, call.scope(), false);
    }
    case TypeKind::kNull:
      return NullOf(kTimestampType);
    default:
      RefuseOperands(call, start.type, interval.type);
  }
}

/// The time between two points.
Typed Difference(const FunctionCall& call, const Typed& left, const Typed& right) {
  const Scope& scope = call.scope();
  const auto is = [&](TypeKind kind) { return left.type.kind() == kind || right.type.kind() == kind; };
  const auto to = [&](const Typed& value, const DataType& type) { return TranslateCast(value, type, scope, false); };
  if (is(TypeKind::kTime)) {
    const DataType type = DataType::DayTimeInterval(1, 3);
    const DataType time(TypeKind::kTime);
    return {Template("(spark_time_micros($1) - spark_time_micros($2))",
                     {Coerce(left, time, scope).sql, Coerce(right, time, scope).sql}),
            type, true};
  }
  if (!is(TypeKind::kTimestamp) && !is(TypeKind::kTimestampNtz)) {
    const Typed a = to(left, kDateType);
    const Typed b = to(right, kDateType);
    return {Template("(CAST($1 - $2 AS BIGINT) * CAST(86400000000 AS BIGINT))", {a.sql, b.sql}),
            DataType::DayTimeInterval(0, 0), a.nullable || b.nullable};
  }
  const DataType common = is(TypeKind::kTimestamp) ? kTimestampType : kNtzType;
  const Typed a = to(left, common);
  const Typed b = to(right, common);
  const auto local = [&](const Typed& value) { return common == kNtzType ? value.sql : ToLocalTime(value.sql, scope); };
  return {Template("(epoch_us($1) - epoch_us($2))", {local(a), local(b)}), kDayTimeType, a.nullable || b.nullable};
}

}  // namespace

std::optional<Typed> MoveTime(const FunctionCall& call, const Typed& left, const Typed& right, bool subtract) {
  const int sign = subtract ? -1 : 1;
  const auto is_point = [](const DataType& type) { return IsDateOrTime(type) || type.kind() == TypeKind::kTime; };
  if (IsAnyInterval(left.type) && IsAnyInterval(right.type)) {
    if (left.type.kind() != right.type.kind()) RefuseOperands(call, left.type, right.type);
    return AddIntervals(left, right, sign);
  }
  if (IsAnyInterval(right.type)) return MoveByInterval(call, left, right, sign);
  if (IsAnyInterval(left.type)) {
    if (subtract) RefuseOperands(call, left.type, right.type);
    return MoveByInterval(call, right, left, sign);
  }
  if (!is_point(left.type) && !is_point(right.type)) return std::nullopt;
  if (subtract && (is_point(left.type) || IsText(left.type)) && (is_point(right.type) || IsText(right.type))) {
    return Difference(call, left, right);
  }
  const bool swapped = right.type == kDateType && !subtract && left.type != kDateType;
  const Typed& date = swapped ? right : left;
  const Typed& days = swapped ? left : right;
  if (date.type != kDateType) RefuseOperands(call, left.type, right.type);
  if (days.type.kind() == TypeKind::kLong || (!days.type.IsIntegral() && days.type.kind() != TypeKind::kNull)) {
    RefuseArgument(subtract ? "date_sub" : "date_add", 2, "(\"INT\" or \"SMALLINT\" or \"TINYINT\")", days.type);
  }
  return Typed{Template(subtract ? "($1 - $2)" : "($1 + $2)", {date.sql, Coerce(days, kIntType, call.scope()).sql}),
               kDateType, date.nullable || days.nullable};
}

std::optional<Typed> ScaleInterval(const FunctionCall& call, const Typed& left, const Typed& right, bool divide) {
  const bool swapped = !IsAnyInterval(left.type) && IsAnyInterval(right.type);
  if (!IsAnyInterval(left.type) && !swapped) return std::nullopt;
  if (swapped && divide) RefuseOperands(call, left.type, right.type);
  const Typed& interval = swapped ? right : left;
  const Typed& factor = swapped ? left : right;
  if (!factor.type.IsNumeric() && factor.type.kind() != TypeKind::kString && factor.type.kind() != TypeKind::kNull) {
    RefuseOperands(call, left.type, right.type);
  }
  const char* function = divide ? "spark_interval_divide" : "spark_interval_multiply";
  const bool calendar = interval.type == kCalendarType;
  const bool whole = factor.type.IsIntegral() && !calendar;
  const Typed number = Coerce(factor, whole ? kLongType : kDoubleType, call.scope());
  const bool nullable = interval.nullable || number.nullable;
  if (calendar) return Typed{Call(function, {interval.sql, number.sql}), kCalendarType, true};
  const Sql result = Call(function, {AsLong(interval.sql), number.sql});
  if (interval.type.kind() == TypeKind::kDayTimeInterval) return Typed{result, kDayTimeType, nullable};
  return Typed{Call("spark_interval_months", {result}), kYearMonthType, nullable};
}

}  // namespace tinderbox::engine
