#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/functions/native.h"
#include "engine/functions/time_zone.h"

namespace tinderbox::engine {

inline constexpr int64_t kMicrosOfSecond = 1000000;
inline constexpr int64_t kMicrosOfDay = 86400 * kMicrosOfSecond;

inline int64_t FloorDivide(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

/// Moves a day by months; the day of the month stays, or becomes the last one.
int64_t AddMonths(int64_t days, int64_t months);
/// The beginning of the unit that a wall-clock time lies in; nullopt for an unknown unit.
std::optional<int64_t> TruncateTime(int64_t local_micros, std::string_view unit);

/// The parts of AddNativeTimes.
void AddTimeParts(ScalarFunctions* out);
void AddTimeText(ScalarFunctions* out);
void AddTimeZones(ScalarFunctions* out);

}  // namespace tinderbox::engine
