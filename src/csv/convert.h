#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "csv/options.h"
#include "tinderbox/types.h"

// Text to value as Spark's CSV reader does it with its default formats. All return false when the text is not such a
// value.

namespace tinderbox::csv {

bool ParseBoolean(std::string_view text, uint8_t* out);
/// Java's Integer.parseInt and the like: no white space, one sign, leading zeros are fine. T: int8_t to int64_t.
template <typename T>
bool ParseInteger(std::string_view text, T* out);
/// Java's parseDouble or parseFloat, and the three words of the options. T: float, double.
template <typename T>
bool ParseFloating(std::string_view text, const CsvOptions& options, T* out);
/// Rounds half up to `scale`; false when the result has more than `precision` digits. The value is unscaled.
bool ParseDecimal(std::string_view text, int precision, int scale, __int128* out);
/// Days since 1970-01-01.
bool ParseDate(std::string_view text, int32_t* out);
/// Microseconds since 1970-01-01 UTC; without a zone the time stands in one that is `zone_offset_seconds` ahead of UTC.
/// Zones are Z, UTC, GMT, UT and offsets.
bool ParseTimestamp(std::string_view text, int32_t zone_offset_seconds, int64_t* out);
/// The same without a zone, which is not allowed here.
bool ParseTimestampNtz(std::string_view text, int64_t* out);
/// Digits before and behind the point of a decimal number as Java's BigDecimal has them; false when it is none.
bool DecimalShape(std::string_view text, int* precision, int* scale);

/// Whether the text, which is not null, is a value of the type. REQUIRES: CheckReadable. Any text is a string or
/// binary.
bool Converts(std::string_view text, const DataType& type, const CsvOptions& options);

/// Throws Error UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE for a type that the CSV reader does not make.
void CheckReadable(const StructField& field, const CsvOptions& options);

}  // namespace tinderbox::csv
