#include "engine/functions/native_math.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>

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
/// Java has no functions for these; Spark computes them so.
double AreaHyperbolicCosine(double x) {
  return std::log(x + std::sqrt(x * x - 1.0));
}
double AreaHyperbolicSine(double x) {
  return x == -std::numeric_limits<double>::infinity()
             ? x
             : std::copysign(std::log(std::fabs(x) + std::sqrt(x * x + 1.0)), x);
}
double AreaHyperbolicTangent(double x) {
  return 0.5 * (std::log1p(x) - std::log1p(-x));
}
double Log2(double x) {
  return std::log(x) / std::log(2.0);
}

const RealFunction kReal[] = {
    {"sqrt", std::sqrt},
    {"cbrt", std::cbrt},
    {"exp", std::exp},
    {"expm1", std::expm1},
    {"ln", std::log, 0, true},
    {"log10", std::log10, 0, true},
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
    {"sinh", std::sinh},
    {"cosh", std::cosh},
    {"tanh", std::tanh},
    {"asinh", AreaHyperbolicSine},
    {"acosh", AreaHyperbolicCosine},
    {"atanh", AreaHyperbolicTangent},
    {"degrees", Degrees},
    {"radians", Radians},
    {"signum", Sign},
    {"sign", Sign},
    {"rint", Rint},
};

/// The decimal digits of the shortest text of `value`, rounded at 10^-scale.
double RoundDouble(double value, int scale, bool half_even) {
  if (!std::isfinite(value)) return value;
  std::string text = fmt::format("{:e}", value);
  const size_t e = text.find('e');
  const int exponent = std::stoi(text.substr(e + 1));
  const bool negative = text[0] == '-';
  std::string digits;
  for (char c : text.substr(0, e)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  // value = 0.digits * 10^(exponent + 1); digits before the rounding place:
  const int keep = exponent + 1 + scale;
  if (keep >= static_cast<int>(digits.size())) return value;
  if (keep < 0) return negative ? -0.0 : 0.0;
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
  return rounded.value_or(value);
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
    out->push_back({.name = name,
                    .parameters = std::move(parameters),
                    .varargs = {},
                    .result = std::move(result),
                    .run = PerRow(one)});
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
      result.Data<double>()[row] = std::log(x) / std::log(base);
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
  binary("spark_hypot", [](double x, double y) { return std::hypot(x, y); });
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
