#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Spark's reading of text as values: what CAST(string AS …) accepts.

namespace tinderbox::engine {

/// Without white space and control characters at both ends.
std::string_view TrimAll(std::string_view text);
std::optional<bool> ParseBoolean(std::string_view text);
/// A whole number in [low, high].
std::optional<int64_t> ParseInteger(std::string_view text, int64_t low, int64_t high);
std::optional<double> ParseDouble(std::string_view text);
std::optional<float> ParseFloat(std::string_view text);

enum class DecimalStatus { kOk, kMalformed, kOutOfRange };
/// Rounds half up to `scale`; out of range when more than `precision` digits are left.
DecimalStatus ParseDecimal(std::string_view text, int precision, int scale, __int128* unscaled);

/// Days since 1970-01-01 of "2024", "2024-1", "2024-01-31", also with anything after a space or a T.
std::optional<int32_t> ParseDate(std::string_view text);

struct ParsedTimestamp {
  int64_t local_micros = 0;             ///< wall-clock time
  std::optional<int32_t> zone_seconds;  ///< the offset the text names
  std::string region;                   ///< a zone named by region, which this does not resolve
};
std::optional<ParsedTimestamp> ParseTimestamp(std::string_view text);
/// Microseconds of the day of "10:20:30.5", "T1:2", "10:20 PM".
std::optional<int64_t> ParseTime(std::string_view text);
/// The offset of "Z", "UTC", "+2", "+02:00", "GMT-3", …; nullopt for a region.
std::optional<int32_t> ParseZoneOffset(std::string_view zone);

}  // namespace tinderbox::engine
