#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tinderbox::engine {

/// A pattern of Java's DateTimeFormatter ("yyyy-MM-dd HH:mm:ss.SSS"), as Spark uses them: English, strict, letter case
/// of parsed text ignored. Immutable.
class DateTimePattern {
 public:
  /// Throws Error INVALID_DATETIME_PATTERN or UNSUPPORTED_FEATURE for letters that are not translated.
  explicit DateTimePattern(std::string_view pattern);

  /// Prints a wall-clock time; zone letters print UTC.
  std::string Format(int64_t local_micros) const;

  struct Parsed {
    int64_t local_micros = 0;
    std::optional<int32_t> zone_seconds;
  };
  /// Reads a text, all of it. Fields that are missing are those of 1970-01-01 00:00:00.
  std::optional<Parsed> Parse(std::string_view text) const;
  bool has_zone() const { return has_zone_; }

 private:
  struct Item {
    char letter = 0;  ///< 0: literal text; '[' and ']': an optional part
    int count = 0;
    std::string literal;
  };
  struct Fields;
  bool ParseItems(std::string_view text, size_t* at, size_t first, size_t last, Fields* fields) const;
  bool ParseNumber(std::string_view text, size_t* at, size_t index, int64_t* value) const;
  /// Digits of the fixed-width numbers that directly follow item `index`.
  int FixedWidthAfter(size_t index) const;

  std::vector<Item> items_;
  bool has_zone_ = false;
};

}  // namespace tinderbox::engine
