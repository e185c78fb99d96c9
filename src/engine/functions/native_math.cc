#include "engine/functions/native_math.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>

#include "engine/functions/native_row.h"
#include "engine/functions/strict_math.h"
#include "engine/functions/text_values.h"
#include "engine/functions/value_text.h"
#include "engine/functions/wide.h"
#include "spark/text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr double kPi = 3.14159265358979323846;

/// A function, and the bound at or below which Spark gives NULL.
struct RealFunction {
  std::string_view name;
  double (*compute)(double);
  double null_up_to = -std::numeric_limits<double>::infinity();
  bool bounded = false;
};

double Sign(double x) {
  return std::isnan(x) || x == 0 ? x : x < 0 ? -1.0 : 1.0;
}
double Degrees(double x) {
  return x * (180.0 / kPi);
}
double Radians(double x) {
  return x * (kPi / 180.0);
}
double Cotangent(double x) {
  return 1 / std::tan(x);
}
double Secant(double x) {
  return 1 / std::cos(x);
}
double Cosecant(double x) {
  return 1 / std::sin(x);
}
double Rint(double x) {
  return std::nearbyint(x);
}
// Spark computes with Java's StrictMath, whose results differ from the C library's in the last digit here and there.
// These follow the same steps as it does.

constexpr double kLn2 = 6.93147180559945286227e-01;

double Exponential(double x) {
  if (std::isnan(x) || std::isinf(x)) return x > 0 ? x : std::isnan(x) ? x : 0;
  if (x > 7.09782712893383973096e+02) return std::numeric_limits<double>::infinity();
  if (x < -7.45133219101941108420e+02) return 0;
  constexpr double kHigh = 6.93147180369123816490e-01;
  constexpr double kLow = 1.90821492927058770002e-10;
  const double size = std::fabs(x);
  double high = 0;
  double low = 0;
  int k = 0;
  if (size > 0.5 * kLn2) {
    k = size < 1.5 * kLn2 ? (x < 0 ? -1 : 1) : static_cast<int>(1.44269504088896338700e+00 * x + (x < 0 ? -0.5 : 0.5));
    high = x - k * kHigh;
    low = k * kLow;
    x = high - low;
  } else if (size < 0x1p-28) {
    return 1 + x;
  }
  const double t = x * x;
  const double c =
      x -
      t * (1.66666666666666019037e-01 +
           t * (-2.77777777770155933842e-03 +
                t * (6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
  if (k == 0) return 1 - ((x * c) / (c - 2) - x);
  return std::ldexp(1 - ((low - (x * c) / (2 - c)) - high), k);
}
double HyperbolicCosine(double x) {
  const double size = std::fabs(x);
  if (!(size < 709)) return std::cosh(x);
  if (size < 0.5 * kLn2) {
    const double t = std::expm1(size);
    return 1 + (t * t) / (2 * (1 + t));
  }
  const double t = Exponential(size);
  return size < 22 ? 0.5 * t + 0.5 / t : 0.5 * t;
}
double HyperbolicSine(double x) {
  const double size = std::fabs(x);
  if (!(size < 709) || size < 0x1p-28) return std::sinh(x);
  const double half = x < 0 ? -0.5 : 0.5;
  if (size >= 22) return half * Exponential(size);
  const double t = std::expm1(size);
  return size < 1 ? half * (2 * t - t * t / (t + 1)) : half * (t + t / (t + 1));
}
double HyperbolicTangent(double x) {
  const double size = std::fabs(x);
  if (!(size < 22)) return std::tanh(x);
  if (size < 0x1p-55) return x;
  double out = 0;
  if (size >= 1) {
    out = 1 - 2 / (std::expm1(2 * size) + 2);
  } else {
    const double t = std::expm1(-2 * size);
    out = -t / (t + 2);
  }
  return std::copysign(out, x);
}
double AreaHyperbolicCosine(double x) {
  if (x > 0x1p28) return StrictLog(x) + kLn2;
  if (x > 2) return StrictLog(2 * x - 1 / (x + std::sqrt(x * x - 1)));
  const double t = x - 1;
  return std::log1p(t + std::sqrt(2 * t + t * t));
}
double AreaHyperbolicSine(double x) {
  const double size = std::fabs(x);
  if (!std::isfinite(x) || size < 0x1p-28) return x;
  const double square = x * x;
  const double out = size > 0x1p28 ? StrictLog(size) + kLn2
                     : size > 2    ? StrictLog(2 * size + 1 / (std::sqrt(square + 1) + size))
                                   : std::log1p(size + square / (1 + std::sqrt(1 + square)));
  return std::copysign(out, x);
}
double AreaHyperbolicTangent(double x) {
  return 0.5 * (std::log1p(x) - std::log1p(-x));
}
double Log2(double x) {
  return StrictLog(x) / kLn2;
}

const RealFunction kReal[] = {
    {"sqrt", std::sqrt},
    {"cbrt", StrictCubeRoot},
    {"exp", Exponential},
    {"expm1", std::expm1},
    {"ln", StrictLog, 0, true},
    {"log10", StrictLog10, 0, true},
    {"log2", Log2, 0, true},
    {"log1p", std::log1p, -1, true},
    {"sin", std::sin},
    {"cos", std::cos},
    {"tan", std::tan},
    {"cot", Cotangent},
    {"sec", Secant},
    {"csc", Cosecant},
    {"asin", std::asin},
    {"acos", std::acos},
    {"atan", std::atan},
    {"sinh", HyperbolicSine},
    {"cosh", HyperbolicCosine},
    {"tanh", HyperbolicTangent},
    {"asinh", AreaHyperbolicSine},
    {"acosh", AreaHyperbolicCosine},
    {"atanh", AreaHyperbolicTangent},
    {"degrees", Degrees},
    {"radians", Radians},
    {"signum", Sign},
    {"sign", Sign},
    {"rint", Rint},
};

[[noreturn]] void ThrowWideSum(__int128 digits, int scale) {
  std::string shown;
  spark::AppendDecimal(&shown, {digits, scale});
  throw Error("NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION",
              fmt::format("{} cannot be represented as Decimal(38, {}). If necessary set \"spark.sql.ansi.enabled\" to "
                          "\"false\" to bypass this error, and return NULL instead.",
                          shown, scale),
              {{"value", shown},
               {"precision", "38"},
               {"scale", std::to_string(scale)},
               {"config", "\"spark.sql.ansi.enabled\""}});
}

/// The decimal digits of the shortest text of `value`, rounded at 10^-scale.
double RoundDouble(double value, int scale, bool half_even) {
  if (!std::isfinite(value)) return value;
  char buffer[32];
  const std::string text(buffer, std::to_chars(buffer, std::end(buffer), value, std::chars_format::scientific).ptr);
  const size_t e = text.find('e');
  const int exponent = std::stoi(text.substr(e + 1));
  const bool negative = text[0] == '-';
  std::string digits;
  for (char c : text.substr(0, e)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  // value = 0.digits * 10^(exponent + 1); digits before the rounding place:
  const int keep = exponent + 1 + scale;
  if (keep >= static_cast<int>(digits.size())) return value + 0.0;  // there is no -0.0 among decimals
  if (keep < 0) return 0.0;
  const char next = digits[static_cast<size_t>(keep)];
  const bool more = digits.find_first_not_of('0', static_cast<size_t>(keep) + 1) != std::string::npos;
  const bool odd = keep > 0 && (digits[static_cast<size_t>(keep) - 1] - '0') % 2 == 1;
  const bool up = next > '5' || (next == '5' && (!half_even || more || odd));
  std::string kept = "0" + digits.substr(0, static_cast<size_t>(keep));
  if (up) {
    size_t i = kept.size() - 1;
    while (kept[i] == '9') kept[i--] = '0';
    ++kept[i];
  }
  const auto rounded = ParseDouble(fmt::format("{}{}e{}", negative ? "-" : "", kept, -scale));
  return rounded.value_or(value) + 0.0;
}

enum class Rounding { kHalfUp, kHalfEven, kFloor, kCeiling };

/// Rounds whole digits at 10^places; half up means away from zero.
__int128 RoundWhole(__int128 digits, int places, Rounding rounding) {
  if (places > 38) {
    const bool away = (rounding == Rounding::kFloor && digits < 0) || (rounding == Rounding::kCeiling && digits > 0);
    if (away) throw Error("ARITHMETIC_OVERFLOW", "Rounding overflow: no decimal holds the result.");
    return 0;
  }
  const auto unit = static_cast<__int128>(PowerOfTen(places));
  __int128 quotient = digits / unit;
  const __int128 rest = digits % unit < 0 ? -(digits % unit) : digits % unit;
  bool away = false;
  switch (rounding) {
    case Rounding::kHalfUp:
      away = rest >= unit - rest;
      break;
    case Rounding::kHalfEven:
      away = rest > unit - rest || (rest == unit - rest && quotient % 2 != 0);
      break;
    case Rounding::kFloor:
      away = rest != 0 && digits < 0;
      break;
    case Rounding::kCeiling:
      away = rest != 0 && digits > 0;
      break;
  }
  if (unit == 1) away = false;
  if (away) quotient += digits < 0 ? -1 : 1;
  return quotient * unit;
}

/// Digits of one base as digits of another. The number is one of 64 bits, without sign unless `to` is negative.
std::optional<std::string> ConvertBase(std::string_view text, int from, int to, bool lenient) {
  const int base = std::abs(to);
  if (from < 2 || from > 36 || base < 2 || base > 36) return std::nullopt;
  text = text.substr(std::min(text.find_first_not_of(' '), text.size()));
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.empty()) return std::nullopt;
  bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  uint64_t value = 0;
  bool overflow = false;
  for (const char c : text) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'z' ? c - 'a' + 10
                      : c >= 'A' && c <= 'Z' ? c - 'A' + 10
                                             : 99;
    if (digit >= from) break;
    if (overflow || __builtin_mul_overflow(value, static_cast<uint64_t>(from), &value) ||
        __builtin_add_overflow(value, static_cast<uint64_t>(digit), &value)) {
      overflow = true;
    }
  }
  if (overflow) {
    if (!lenient) {
      throw Error(
          "ARITHMETIC_OVERFLOW",
          "Overflow in function conv(). If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass "
          "this error.",
          {{"message", "Overflow in function conv()"}, {"alternative", ""}, {"config", "\"spark.sql.ansi.enabled\""}});
    }
    value = UINT64_MAX;
  }
  if (negative && to > 0) {
    value = static_cast<int64_t>(value) < 0 ? UINT64_MAX : 0 - value;
    negative = false;
  }
  if (to < 0 && static_cast<int64_t>(value) < 0) {
    value = 0 - value;
    negative = true;
  }
  std::string out;
  do {
    out.insert(out.begin(), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[value % static_cast<uint64_t>(base)]);
    value /= static_cast<uint64_t>(base);
  } while (value != 0);
  return (negative ? "-" : "") + out;
}

int64_t ToLong(double value) {
  if (std::isnan(value)) return 0;
  if (value >= 9223372036854775808.0) return INT64_MAX;
  if (value < -9223372036854775808.0) return INT64_MIN;
  return static_cast<int64_t>(value);
}

template <typename T, typename U>
T Shift(T value, int32_t by, int32_t kind) {
  const int bits = by & (static_cast<int>(sizeof(T)) * 8 - 1);
  if (kind == 0) return static_cast<T>(static_cast<U>(value) << bits);
  return kind == 1 ? value >> bits : static_cast<T>(static_cast<U>(value) >> bits);
}

}  // namespace

int64_t RealFunctionIndex(std::string_view name) {
  for (size_t i = 0; i < std::size(kReal); ++i) {
    if (kReal[i].name.size() == name.size() && std::equal(name.begin(), name.end(), kReal[i].name.begin(),
                                                          [](char a, char b) { return (a | 0x20) == (b | 0x20); })) {
      return static_cast<int64_t>(i);
    }
  }
  throw std::logic_error("not a function of one real variable");
}

void AddNativeMath(ScalarFunctions* out) {
  constexpr TypeKind d = TypeKind::kDouble;
  constexpr TypeKind i = TypeKind::kInteger;
  constexpr TypeKind l = TypeKind::kLong;
  constexpr TypeKind b = TypeKind::kBoolean;
  const auto add = [&](const char* name, std::vector<ParameterType> parameters, DataType result, auto one) {
    AddPerRow(out, name, std::move(parameters), std::move(result), one);
  };
  add("spark_real", {i, d}, DataType(d), [](const ScalarInput& in, size_t row, OutVector& result) {
    const RealFunction& function = kReal[in[0].Data<int32_t>()[row]];
    const double x = in[1].Data<double>()[row];
    if (function.bounded && x <= function.null_up_to) {
      result.SetNull(row);
    } else {
      result.Data<double>()[row] = function.compute(x);
    }
  });
  add("spark_log", {d, d}, DataType(d), [](const ScalarInput& in, size_t row, OutVector& result) {
    const double base = in[0].Data<double>()[row];
    const double x = in[1].Data<double>()[row];
    if (base <= 0 || x <= 0) {
      result.SetNull(row);
    } else {
      result.Data<double>()[row] = StrictLog(x) / StrictLog(base);
    }
  });
  const auto binary = [&](const char* name, double (*f)(double, double)) {
    add(name, {d, d}, DataType(d), [f](const ScalarInput& in, size_t row, OutVector& result) {
      result.Data<double>()[row] = f(in[0].Data<double>()[row], in[1].Data<double>()[row]);
    });
  };
  // Java's pow is not C's where the base is 1 or -1 and the other NaN or infinite.
  binary("spark_pow", [](double x, double y) {
    if (y == 0) return 1.0;
    if (std::isnan(y) || (std::fabs(x) == 1 && std::isinf(y))) return std::numeric_limits<double>::quiet_NaN();
    return std::pow(x, y);
  });
  binary("spark_atan2", [](double y, double x) { return std::atan2(y + 0.0, x + 0.0); });
  binary("spark_hypot", StrictHypot);
  add("spark_floor", {d}, DataType(l), [](const ScalarInput& in, size_t row, OutVector& result) {
    result.Data<int64_t>()[row] = ToLong(std::floor(in[0].Data<double>()[row]));
  });
  add("spark_ceil", {d}, DataType(l), [](const ScalarInput& in, size_t row, OutVector& result) {
    result.Data<int64_t>()[row] = ToLong(std::ceil(in[0].Data<double>()[row]));
  });
  add("spark_round", {d, i, b}, DataType(d), [](const ScalarInput& in, size_t row, OutVector& result) {
    result.Data<double>()[row] =
        RoundDouble(in[0].Data<double>()[row], in[1].Data<int32_t>()[row], in[2].Data<uint8_t>()[row] != 0);
  });
  // number, scale, half even, bits of its type, whether what does not fit wraps around
  add("spark_round", {l, i, b, i, b}, DataType(l), [](const ScalarInput& in, size_t row, OutVector& result) {
    const __int128 rounded = RoundWhole(in[0].Data<int64_t>()[row], -in[1].Data<int32_t>()[row],
                                        in[2].Data<uint8_t>()[row] != 0 ? Rounding::kHalfEven : Rounding::kHalfUp);
    const int bits = in[3].Data<int32_t>()[row];
    const __int128 high = (static_cast<__int128>(1) << (bits - 1)) - 1;
    if (rounded > high || rounded < -high - 1) {
      if (in[4].Data<uint8_t>()[row] == 0) {
        throw Error("ARITHMETIC_OVERFLOW",
                    "Overflow. If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.",
                    {{"message", "Overflow"}, {"alternative", ""}, {"config", "\"spark.sql.ansi.enabled\""}});
      }
      const auto shifted = static_cast<uint64_t>(rounded) << (64 - bits);
      result.Data<int64_t>()[row] = static_cast<int64_t>(shifted) >> (64 - bits);
      return;
    }
    result.Data<int64_t>()[row] = static_cast<int64_t>(rounded);
  });
  // The digits at the scale, or at 0 for a negative one.
  // A sum of decimals as its unscaled digits; fails when they are more than 38.
  out->push_back({.name = "spark_sum_digits",
                  .parameters = {ParameterType::Any()},
                  .varargs = {},
                  .result = DataType::Decimal(38, 0),
                  .run = [](const ScalarInput& in, OutVector& result) {
                    const DataType type = in[0].Type();
                    const auto limit = static_cast<__int128>(PowerOfTen(38));
                    for (size_t row = 0; row < in.rows(); ++row) {
                      if (in.AnyNull(row)) continue;
                      const __int128 digits = DecimalDigits(type, in[0], row);
                      if (digits >= limit || digits <= -limit) ThrowWideSum(digits, type.scale());
                      result.Data<__int128>()[row] = digits;
                    }
                  }});
  out->push_back({.name = "spark_round_decimal",
                  .parameters = {ParameterType::Any(), i, i},
                  .varargs = {},
                  .result = DataType::Decimal(38, 0),
                  .run = [](const ScalarInput& in, OutVector& result) {
                    const DataType type = in[0].Type();
                    for (size_t row = 0; row < in.rows(); ++row) {
                      if (in.AnyNull(row)) continue;
                      const int scale = in[1].Data<int32_t>()[row];
                      const __int128 digits = DecimalDigits(type, in[0], row);
                      if (scale >= type.scale()) {
                        result.Data<__int128>()[row] = digits;
                        continue;
                      }
                      const __int128 rounded =
                          RoundWhole(digits, type.scale() - scale, static_cast<Rounding>(in[2].Data<int32_t>()[row]));
                      const int kept = std::max(scale, 0);
                      result.Data<__int128>()[row] = rounded / static_cast<__int128>(PowerOfTen(type.scale() - kept));
                    }
                  }});
  add("spark_bit_get", {l, i, i}, DataType(TypeKind::kByte), [](const ScalarInput& in, size_t row, OutVector& result) {
    const int32_t position = in[1].Data<int32_t>()[row];
    const int32_t bits = in[2].Data<int32_t>()[row];
    if (position < 0 || position >= bits) {
      throw Error(
          "INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE",
          fmt::format("The value of parameter(s) `pos` in `bit_get` is invalid: expects an integer value in [0, "
                      "{}), but got {}.",
                      bits, position),
          {{"functionName", "`bit_get`"},
           {"parameter", "`pos`"},
           {"upper", std::to_string(bits)},
           {"invalidValue", std::to_string(position)}});
    }
    result.Data<int8_t>()[row] = static_cast<int8_t>(in[0].Data<int64_t>()[row] >> position & 1);
  });
  add("spark_width_bucket", {d, d, d, l}, DataType(l), [](const ScalarInput& in, size_t row, OutVector& result) {
    const double value = in[0].Data<double>()[row];
    const double low = in[1].Data<double>()[row];
    const double high = in[2].Data<double>()[row];
    const int64_t buckets = in[3].Data<int64_t>()[row];
    if (buckets <= 0 || buckets == INT64_MAX || std::isnan(value) || !std::isfinite(low) || !std::isfinite(high) ||
        low == high) {
      return result.SetNull(row);
    }
    const double lower = std::min(low, high);
    const double upper = std::max(low, high);
    const bool rising = low < high;
    int64_t bucket = 0;
    if (rising ? value < lower : value > upper) {
      bucket = 0;
    } else if (rising ? value >= upper : value <= lower) {
      bucket = buckets + 1;
    } else {
      const double distance = rising ? value - lower : upper - value;
      bucket = static_cast<int64_t>(static_cast<double>(buckets) * distance / (upper - lower)) + 1;
    }
    result.Data<int64_t>()[row] = bucket;
  });
  // text, from base, to base, whether what is too large is cut to the largest number
  add("spark_conv", {TypeKind::kString, i, i, b}, DataType(TypeKind::kString),
      [](const ScalarInput& in, size_t row, OutVector& result) {
        const auto converted = ConvertBase(in[0].String(row), in[1].Data<int32_t>()[row], in[2].Data<int32_t>()[row],
                                           in[3].Data<uint8_t>()[row] != 0);
        if (converted) {
          result.SetString(row, *converted);
        } else {
          result.SetNull(row);
        }
      });
  add("spark_factorial", {i}, DataType(l), [](const ScalarInput& in, size_t row, OutVector& result) {
    const int32_t n = in[0].Data<int32_t>()[row];
    if (n < 0 || n > 20) {
      result.SetNull(row);
      return;
    }
    int64_t product = 1;
    for (int32_t factor = 2; factor <= n; ++factor) product *= factor;
    result.Data<int64_t>()[row] = product;
  });
  add("spark_shift", {i, i, i}, DataType(i), [](const ScalarInput& in, size_t row, OutVector& result) {
    result.Data<int32_t>()[row] =
        Shift<int32_t, uint32_t>(in[0].Data<int32_t>()[row], in[1].Data<int32_t>()[row], in[2].Data<int32_t>()[row]);
  });
  add("spark_shift", {l, i, i}, DataType(l), [](const ScalarInput& in, size_t row, OutVector& result) {
    result.Data<int64_t>()[row] =
        Shift<int64_t, uint64_t>(in[0].Data<int64_t>()[row], in[1].Data<int32_t>()[row], in[2].Data<int32_t>()[row]);
  });
}

}  // namespace tinderbox::engine
