#include "engine/translate/casts_intervals.h"

#include "engine/translate/casts.h"

namespace tinderbox::engine {

namespace {

/// Of the last field: months, or microseconds.
int64_t UnitOf(const DataType& interval) {
  static constexpr int64_t kMonths[] = {12, 1};
  static constexpr int64_t kMicros[] = {86400000000, 3600000000, 60000000, 1000000};
  return interval.kind() == TypeKind::kYearMonthInterval ? kMonths[interval.end_field()]
                                                         : kMicros[interval.end_field()];
}

std::vector<Sql> WithFields(const Sql& value, const DataType& type) {
  return {value, IntegerLiteral(type.start_field()), IntegerLiteral(type.end_field())};
}

Sql Cast(const Sql& value, const DataType& to, bool tolerant) {
  return tolerant ? Template("TRY_CAST($1 AS $2)", {value, TypeName(to)}) : CastTo(value, to);
}

}  // namespace

Sql IntervalToText(const Typed& interval) {
  return Call(
      interval.type.kind() == TypeKind::kYearMonthInterval ? "spark_year_month_to_string" : "spark_day_time_to_string",
      WithFields(interval.sql, interval.type));
}

Sql IntervalFromText(const Sql& text, const DataType& to, bool tolerant) {
  const bool months = to.kind() == TypeKind::kYearMonthInterval;
  const char* strict = months ? "spark_string_to_year_month" : "spark_string_to_day_time";
  const char* lenient = months ? "spark_try_string_to_year_month" : "spark_try_string_to_day_time";
  return Call(tolerant ? lenient : strict, WithFields(text, to));
}

Sql IntervalToNumber(const Typed& interval, const DataType& to, bool tolerant) {
  const int64_t unit = UnitOf(interval.type);
  const Sql count = CastTo(interval.sql, DataType(TypeKind::kLong));
  if (to.IsIntegral() || interval.type.kind() == TypeKind::kYearMonthInterval || interval.type.end_field() != 3) {
    return Cast(Template("spark_div($1, $2)", {count, IntegerLiteral(unit)}), to, tolerant);
  }
  const Sql seconds = FromUnscaled(CastTo(count, DataType::Decimal(38, 0)), DataType::Decimal(38, 6), false);
  return Cast(seconds, to, tolerant);
}

Sql IntervalFromNumber(const Typed& number, const DataType& to, bool tolerant) {
  const DataType stored(to.kind() == TypeKind::kYearMonthInterval ? TypeKind::kInteger : TypeKind::kLong);
  const Sql unit = IntegerLiteral(UnitOf(to));
  if (number.type.IsIntegral()) {
    return Cast(Template("(CAST($1 AS HUGEINT) * $2)", {number.sql, unit}), stored, tolerant);
  }
  return Cast(
      Template("round($1 * CAST($2 AS DECIMAL(12,0)), 0)",
               {CastTo(number.sql, DataType::Decimal(26, number.type.scale() < 6 ? number.type.scale() : 6)), unit}),
      stored, tolerant);
}

Sql NarrowInterval(const Typed& interval, const DataType& to) {
  if (to.end_field() >= interval.type.end_field()) return interval.sql;
  const DataType stored(to.kind() == TypeKind::kYearMonthInterval ? TypeKind::kInteger : TypeKind::kLong);
  return CastTo(Template("(spark_div($1, $2) * $2)",
                         {CastTo(interval.sql, DataType(TypeKind::kLong)), IntegerLiteral(UnitOf(to))}),
                stored);
}

}  // namespace tinderbox::engine
