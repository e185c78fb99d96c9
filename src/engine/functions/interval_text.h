#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tinderbox/row.h"
#include "tinderbox/types.h"

// Spark's reading of text as intervals.

namespace tinderbox::engine {

/// Months or microseconds of "1-2", "-3 04:05:06.7", "INTERVAL '1-2' YEAR TO MONTH", by the fields of `type`, an
/// interval of years and months or of days and time.
std::optional<int64_t> ParseInterval(std::string_view text, const DataType& type);
/// "1 year -2 days 3.5 seconds", also behind the word INTERVAL.
std::optional<CalendarIntervalValue> ParseCalendarInterval(std::string_view text);

}  // namespace tinderbox::engine
