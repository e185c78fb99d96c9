#pragma once

#include <cstdint>
#include <string>

#include "tinderbox/row.h"

// How Spark prints values. All functions append to `out`, so that writers of many rows need no temporary strings.

namespace tinderbox::spark {

/// Java's Double.toString and Float.toString: the shortest decimal that reads back as the same number, plain between
/// 1e-3 and 1e7, otherwise in scientific form; "NaN", "Infinity", "-Infinity".
void AppendDouble(std::string* out, double value);
void AppendFloat(std::string* out, float value);
/// All digits, never scientific: "-0.001".
void AppendDecimal(std::string* out, const DecimalValue& value);
/// Java's BigDecimal.toString, which is what Spark writes into JSON: scientific below 1E-6.
void AppendDecimalScientific(std::string* out, const DecimalValue& value);
/// "2020-01-31"; "+10000-01-01" and "-0001-01-01" outside 0 to 9999.
void AppendDate(std::string* out, int64_t days);
/// "12:30:00.5": the fraction without trailing zeros.
void AppendTime(std::string* out, int64_t micros);
/// "2020-01-31 12:30:00.5", in UTC.
void AppendTimestamp(std::string* out, int64_t micros);
/// The form of Spark's CSV and JSON writers: "2020-01-31T12:30:00.500", then "Z" when `zoned`. Microseconds are cut
/// off.
void AppendTimestampMillis(std::string* out, int64_t micros, bool zoned);
/// "INTERVAL '1-2' YEAR TO MONTH"
void AppendYearMonthInterval(std::string* out, int32_t months);
/// With the fields of its type: "INTERVAL '14' MONTH".
void AppendYearMonthInterval(std::string* out, int32_t months, const DataType& type);
/// "INTERVAL '1 02:03:04.5' DAY TO SECOND"
void AppendDayTimeInterval(std::string* out, int64_t micros);
/// With the fields of its type: "INTERVAL '26' HOUR".
void AppendDayTimeInterval(std::string* out, int64_t micros, const DataType& type);
/// "1 years 2 months -3 days 4.5 seconds"; "0 seconds" when it is empty.
void AppendCalendarInterval(std::string* out, const CalendarIntervalValue& value);
void AppendBase64(std::string* out, std::string_view bytes);

/// CAST(value AS STRING); NULL is "null" inside arrays, maps and structs, and `null` at the top.
void AppendText(std::string* out, const Value& value, std::string_view null = "NULL");

/// to_json. `ignore_null_fields`: struct fields that are NULL are left out, Spark's default.
void AppendJson(std::string* out, const Value& value, bool ignore_null_fields = true);

/// Days since 1970-01-01 of a proleptic Gregorian date, and back.
int64_t DaysFromCivil(int64_t year, unsigned month, unsigned day);
void CivilFromDays(int64_t days, int64_t* year, unsigned* month, unsigned* day);

}  // namespace tinderbox::spark
