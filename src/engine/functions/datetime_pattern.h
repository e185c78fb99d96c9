#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/functions/time_zone.h"

namespace tinderbox::engine {

/// A pattern of Java's DateTimeFormatter ("yyyy-MM-dd HH:mm:ss.SSS"), as Spark uses them: English, strict, letter case
/// of parsed text ignored. Immutable.
class DateTimePattern {
 public:
  enum class Use { kFormat, kParse };
  /// Throws Error INVALID_DATETIME_PATTERN.… or INCONSISTENT_BEHAVIOR_CROSS_VERSION.… as Spark does for what it does
  /// not take for that use.
  DateTimePattern(std::string_view pattern, Use use);

  /// Prints a wall-clock time of a zone; `zone` is asked about the instant only when there are zone letters.
  std::string Format(int64_t local_micros, int64_t instant_micros, const TimeZone& zone) const;

  struct Parsed {
    int64_t local_micros = 0;
    const TimeZone* zone = nullptr;  ///< what the text names
  };
  /// Reads a text, all of it. Fields that are missing are those of 1970-01-01 00:00:00. On failure says in `problem`
  /// why, in Java's words.
  bool Parse(std::string_view text, Parsed* parsed, std::string* problem) const;

 private:
  struct Item {
    char letter = 0;  ///< 0: literal text; '[' and ']': an optional part
    int count = 0;
    std::string literal;
  };
  struct Fields;
  void Compile(std::string_view pattern);
  void CheckForUse(std::string_view pattern, Use use) const;
  bool ParseItems(std::string_view text, size_t* at, size_t first, size_t last, Fields* fields) const;
  bool ParseItem(std::string_view text, size_t* at, size_t index, Fields* fields) const;
  bool ParseNumber(std::string_view text, size_t* at, size_t index, int64_t* value) const;
  /// Digits of the fixed-width numbers that directly follow item `index`.
  int FixedWidthAfter(size_t index) const;

  std::vector<Item> items_;
};

/// "Invalid date 'FEBRUARY 30'" and its like: what java.time says of a date that there is not; empty for a valid one.
std::string DateProblem(int64_t year, int64_t month, int64_t day);
/// "Invalid value for HourOfDay (valid values 0 - 23): 24"
std::string ValueProblem(std::string_view field, std::string_view range, int64_t value);

}  // namespace tinderbox::engine
