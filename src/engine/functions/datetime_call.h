#pragma once

#include "engine/functions/function.h"

// What the tables of date and time functions share.

namespace tinderbox::engine {

inline const DataType kTimestampType(TypeKind::kTimestamp);
inline const DataType kNtzType(TypeKind::kTimestampNtz);
inline const DataType kDateType(TypeKind::kDate);
inline const DataType kTimeType(TypeKind::kTime);
inline const DataType kStringType(TypeKind::kString);
inline const DataType kLongType(TypeKind::kLong);
inline const DataType kIntType(TypeKind::kInteger);
inline const DataType kDoubleType(TypeKind::kDouble);
inline const DataType kBooleanType(TypeKind::kBoolean);
inline const DataType kDayTimeType(TypeKind::kDayTimeInterval);
inline const DataType kYearMonthType(TypeKind::kYearMonthInterval);
inline const DataType kCalendarType(TypeKind::kCalendarInterval);

/// Argument i as what a parameter letter of a function table says.
inline Typed As(const FunctionCall& call, size_t i, char letter) {
  return CoerceTo(letter, call.Argument(i), call.scope(), call.name(), i + 1);
}

inline Sql ZoneOf(const FunctionCall& call) {
  return StringLiteral(call.scope().time_zone);
}

inline Sql BooleanLiteral(bool value) {
  return Token(value ? "TRUE" : "FALSE");
}

/// A wall-clock time taken as one in UTC, and back: for functions of instants.
inline Sql InUtc(const Sql& local) {
  return Template("make_timestamptz(epoch_us($1))", {local});
}
inline Sql OutOfUtc(const Sql& instant) {
  return Template("make_timestamp(epoch_us($1))", {instant});
}

/// Microseconds of seconds given as any number.
inline Sql MicrosOfSeconds(const Typed& decimal) {
  return Template("CAST($1 * 1000000 AS BIGINT)", {decimal.sql});
}

/// timestampadd, timestampdiff: also what dateadd and datediff of three arguments mean.
Typed TimestampAdd(const FunctionCall& call);
Typed TimestampDiff(const FunctionCall& call);
/// extract from intervals; nullopt when the value is none or has no such field.
std::optional<Typed> ExtractOfInterval(std::string_view field, const Typed& value);

}  // namespace tinderbox::engine
