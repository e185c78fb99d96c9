#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tinderbox/types.h"

namespace tinderbox::engine {

/// A format of to_number and to_char: digits (0, 9), a point (., D), separators (, G), $, S, MI, PR. Immutable.
class NumberFormat {
 public:
  /// Throws Error INVALID_FORMAT.… as Spark does.
  explicit NumberFormat(std::string_view format);

  int digits() const { return before_ + after_; }
  /// Digits behind the point.
  int scale() const { return after_; }
  /// decimal(digits, scale). Throws DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION.
  DataType Type() const;
  /// The unscaled digits (as text, with a sign) of a text in the format; nullopt when it is not.
  std::optional<std::string> Parse(std::string_view text) const;
  /// `plain` is a decimal number ("-12.50"); '#' stand for the digits of one that has too many.
  std::string Format(std::string_view plain) const;

 private:
  enum class Kind { kDigits, kSeparator, kPoint, kDollar, kSign, kMinus, kOpen, kClose, kOther };
  struct Token {
    Kind kind;
    int digits = 0;      // kDigits: how many
    bool exact = false;  // kDigits: all of them must be there
    char character = 0;  // kOther
  };

  void Check() const;
  void CheckStructure() const;
  [[noreturn]] void Refuse(const char* condition, std::string_view message, std::string_view token = {}) const;
  bool TakeWhole(std::string_view text, size_t* at, size_t first, size_t last, std::string* digits) const;

  std::string format_;
  std::vector<Token> tokens_;
  int before_ = 0;
  int after_ = 0;
};

}  // namespace tinderbox::engine
