#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tinderbox/types.h"

namespace tinderbox::engine {

/// An argument of java.util.Formatter.
struct FormatArgument {
  /// What kind of Java object it is: kInteger and its like, kFloat and kDouble, kBoolean; any other kind is text.
  TypeKind kind = TypeKind::kString;
  int64_t integer = 0;
  double number = 0;
  std::string text;  ///< as toString() gives it
  bool is_null = false;
};

/// String.format of Java in Locale.US, except dates (%t). Throws Error TINDERBOX_INVALID_FORMAT.
std::string JavaFormat(std::string_view format, const std::vector<FormatArgument>& arguments);

/// A pattern of java.text.DecimalFormat ("#,##0.00", "0.#%") in Locale.US. Immutable.
class DecimalPattern {
 public:
  /// Throws Error TINDERBOX_INVALID_FORMAT for a malformed pattern, UNSUPPORTED_FEATURE for exponents.
  explicit DecimalPattern(std::string_view pattern);
  /// How many digits behind the point are printed at most, once the value is multiplied by `factor()`.
  int max_fraction() const { return max_fraction_; }
  int factor() const { return factor_; }
  /// `plain` is a decimal number with at most max_fraction() digits behind its point.
  std::string Format(std::string_view plain) const;

 private:
  std::string prefix_;
  std::string suffix_;
  std::string negative_prefix_;
  std::string negative_suffix_;
  size_t min_integer_ = 0;
  int min_fraction_ = 0;
  int max_fraction_ = 0;
  size_t grouping_ = 0;
  int factor_ = 1;
};

}  // namespace tinderbox::engine
