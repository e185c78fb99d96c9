#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "engine/functions/native.h"
#include "engine/functions/native_products.h"
#include "engine/functions/value_text.h"
#include "engine/functions/wide.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr char kBypass[] = "If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.";
constexpr char kConfig[] = "\"spark.sql.ansi.enabled\"";

[[noreturn]] void ThrowDivideByZero() {
  throw Error("DIVIDE_BY_ZERO",
              fmt::format("Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead. {}",
                          kBypass),
              {{"config", kConfig}});
}

[[noreturn]] void ThrowRemainderByZero() {
  throw Error(
      "REMAINDER_BY_ZERO",
      fmt::format("Remainder by zero. Use `try_mod` to tolerate divisor being 0 and return NULL instead. {}", kBypass),
      {{"config", kConfig}});
}

[[noreturn]] void ThrowOverflow(std::string_view what, std::string_view instead) {
  const std::string alternative =
      instead.empty() ? "" : fmt::format(" Use '{}' to tolerate overflow and return NULL instead.", instead);
  throw Error("ARITHMETIC_OVERFLOW", fmt::format("{}.{} {}", what, alternative, kBypass),
              {{"message", std::string(what)}, {"alternative", alternative}, {"config", kConfig}});
}

[[noreturn]] void ThrowDecimalOverflow(int scale, const std::string& value) {
  throw Error("NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION",
              fmt::format("{} cannot be represented as Decimal(38, {}). {}", value, scale, kBypass),
              {{"value", value}, {"precision", "38"}, {"scale", std::to_string(scale)}, {"config", kConfig}});
}

/// All digits of a number that is too wide for a decimal.
std::string WideText(Wide magnitude, bool negative, int scale) {
  std::string digits;
  while (magnitude.high != 0 || magnitude.low != 0) {
    Unsigned128 digit = 0;
    magnitude = Divide(magnitude, 10, &digit);
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(digit)));
  }
  if (scale > 0) {
    if (digits.size() <= static_cast<size_t>(scale))
      digits.insert(0, static_cast<size_t>(scale) + 1 - digits.size(), '0');
    digits.insert(digits.size() - static_cast<size_t>(scale), ".");
  }
  return (negative ? "-" : "") + digits;
}

// A decimal operand.
struct Decimal {
  __int128 digits;
  int scale;
};

Unsigned128 Magnitude(__int128 value) {
  return value < 0 ? -static_cast<Unsigned128>(value) : static_cast<Unsigned128>(value);
}

__int128 Signed(const Wide& magnitude, bool negative, int scale) {
  if (magnitude.high != 0 || magnitude.low >= PowerOfTen(38)) {
    ThrowDecimalOverflow(scale, WideText(magnitude, negative, scale));
  }
  return negative ? -static_cast<__int128>(magnitude.low) : static_cast<__int128>(magnitude.low);
}

/// magnitude * 10^-from at scale `to`, half up.
Wide Rescale(const Wide& magnitude, int from, int to) {
  if (to >= from) {
    const auto out = TimesPowerOfTen(magnitude, to - from);
    if (!out) ThrowDecimalOverflow(to, "The result");
    return *out;
  }
  Wide value = magnitude;
  int shift = from - to;
  // All digits but the last go first; what they leave behind only matters as "not exactly half", which half up ignores.
  while (shift > 38) {
    Unsigned128 ignored = 0;
    value = Divide(value, PowerOfTen(38), &ignored);
    shift -= 38;
  }
  Unsigned128 remainder = 0;
  const Unsigned128 divisor = PowerOfTen(shift);
  Wide out = Divide(value, divisor, &remainder);
  if (remainder >= divisor - remainder) out = Add(out, {0, 1});
  return out;
}

__int128 AddDecimals(const Decimal& a, const Decimal& b, int scale) {
  const int common = std::max(a.scale, b.scale);
  const Wide x = *TimesPowerOfTen({0, Magnitude(a.digits)}, common - a.scale);
  const Wide y = *TimesPowerOfTen({0, Magnitude(b.digits)}, common - b.scale);
  const bool negative_x = a.digits < 0;
  const bool negative_y = b.digits < 0;
  if (negative_x == negative_y) return Signed(Rescale(Add(x, y), common, scale), negative_x, scale);
  const bool swap = Less(x, y);
  const Wide difference = swap ? Subtract(y, x) : Subtract(x, y);
  return Signed(Rescale(difference, common, scale), swap ? negative_y : negative_x, scale);
}

__int128 SubtractDecimals(const Decimal& a, const Decimal& b, int scale) {
  return AddDecimals(a, {-b.digits, b.scale}, scale);
}

__int128 MultiplyDecimals(const Decimal& a, const Decimal& b, int scale) {
  const Wide product = Multiply(Magnitude(a.digits), Magnitude(b.digits));
  return Signed(Rescale(product, a.scale + b.scale, scale), (a.digits < 0) != (b.digits < 0), scale);
}

__int128 DivideDecimals(const Decimal& a, const Decimal& b, int scale) {
  if (b.digits == 0) ThrowDivideByZero();
  const bool negative = (a.digits < 0) != (b.digits < 0);
  const int exponent = b.scale - a.scale + scale;
  Wide dividend{0, Magnitude(a.digits)};
  Wide divisor{0, Magnitude(b.digits)};
  auto& scaled = exponent >= 0 ? dividend : divisor;
  const auto shifted = TimesPowerOfTen(scaled, std::abs(exponent));
  if (!shifted) ThrowDecimalOverflow(scale, "The result");
  scaled = *shifted;
  // A divisor beyond 128 bits is more than twice any dividend: the quotient rounds to zero.
  if (divisor.high != 0) return 0;
  Unsigned128 remainder = 0;
  Wide quotient = Divide(dividend, divisor.low, &remainder);
  if (remainder >= divisor.low - remainder) quotient = Add(quotient, {0, 1});
  return Signed(quotient, negative, scale);
}

/// The whole part of a / b.
__int128 DivDecimals(const Decimal& a, const Decimal& b) {
  if (b.digits == 0) ThrowDivideByZero();
  const int common = std::max(a.scale, b.scale);
  const Wide x = *TimesPowerOfTen({0, Magnitude(a.digits)}, common - a.scale);
  const Wide y = *TimesPowerOfTen({0, Magnitude(b.digits)}, common - b.scale);
  if (Less(x, y)) return 0;
  // y <= x, and whichever was not scaled is below 10^38; a wide y therefore means a wide x of fewer than 38 more
  // digits.
  Wide rest = x;
  Unsigned128 quotient = 0;
  if (y.high == 0) {
    Unsigned128 ignored = 0;
    const Wide out = Divide(x, y.low, &ignored);
    return Signed(out, (a.digits < 0) != (b.digits < 0), 0);
  }
  while (!Less(rest, y)) {
    rest = Subtract(rest, y);
    ++quotient;
  }
  return (a.digits < 0) != (b.digits < 0) ? -static_cast<__int128>(quotient) : static_cast<__int128>(quotient);
}

/// a - b * trunc(a / b) at the larger of the two scales, then rounded to `scale`.
__int128 RemainderDecimals(const Decimal& a, const Decimal& b, int scale) {
  if (b.digits == 0) ThrowRemainderByZero();
  const int common = std::max(a.scale, b.scale);
  const Wide x = *TimesPowerOfTen({0, Magnitude(a.digits)}, common - a.scale);
  const Wide y = *TimesPowerOfTen({0, Magnitude(b.digits)}, common - b.scale);
  Wide rest = x;
  if (y.high == 0) {
    Unsigned128 remainder = 0;
    Divide(x, y.low, &remainder);
    rest = {0, remainder};
  } else {
    while (!Less(rest, y)) rest = Subtract(rest, y);
  }
  return Signed(Rescale(rest, common, scale), a.digits < 0, scale);
}

__int128 PmodDecimals(const Decimal& a, const Decimal& b, int scale) {
  const int common = std::max(a.scale, b.scale);
  const __int128 rest = RemainderDecimals(a, b, common);
  if (rest >= 0) return Signed(Rescale({0, Magnitude(rest)}, common, scale), false, scale);
  const __int128 sum = AddDecimals({rest, common}, b, common);
  return RemainderDecimals({sum, common}, b, scale);
}

/// Runs `compute`, or with `tolerant` makes the row NULL where it fails.
template <typename F>
void Attempt(bool tolerant, OutVector& result, size_t row, F compute) {
  if (!tolerant) return compute();
  try {
    compute();
  } catch (const Error&) {
    result.SetNull(row);
  }
}

/// spark_decimal_NAME(a, b, scale), and spark_try_decimal_NAME, which gives NULL where that fails.
template <typename F>
void AddDecimalFunction(ScalarFunctions* out, const std::string& name, F compute) {
  for (const bool tolerant : {false, true}) {
    out->push_back({.name = (tolerant ? "spark_try_decimal_" : "spark_decimal_") + name,
                    .parameters = {ParameterType::Any(), ParameterType::Any(), TypeKind::kInteger},
                    .varargs = {},
                    .result = DataType::Decimal(38, 0),
                    .run = [compute, tolerant](const ScalarInput& in, OutVector& result) {
                      const DataType left = in[0].Type();
                      const DataType right = in[1].Type();
                      for (size_t row = 0; row < in.rows(); ++row) {
                        if (in.AnyNull(row)) continue;
                        Attempt(tolerant, result, row, [&] {
                          result.Data<__int128>()[row] =
                              compute({DecimalDigits(left, in[0], row), left.scale()},
                                      {DecimalDigits(right, in[1], row), right.scale()}, in[2].Data<int32_t>()[row]);
                        });
                      }
                    }});
  }
}

/// spark_NAME and spark_try_NAME.
template <typename T, typename F>
void AddBinary(ScalarFunctions* out, const std::string& name, TypeKind kind, F compute) {
  for (const bool tolerant : {false, true}) {
    out->push_back({.name = (tolerant ? "spark_try_" : "spark_") + name,
                    .parameters = {kind, kind},
                    .varargs = {},
                    .result = DataType(kind),
                    .run = PerRow([compute, tolerant](const ScalarInput& in, size_t row, OutVector& result) {
                      Attempt(tolerant, result, row,
                              [&] { result.Data<T>()[row] = compute(in[0].Data<T>()[row], in[1].Data<T>()[row]); });
                    })});
  }
}

/// Integral + - *: spark_NAME fails on overflow, spark_wrap_NAME keeps the low bits, spark_try_NAME gives NULL.
template <typename T>
void AddWholeArithmetic(ScalarFunctions* out, TypeKind kind) {
  const auto add = [&](const std::string& name, auto compute) {
    for (const bool tolerant : {false, true}) {
      out->push_back({.name = (tolerant ? "spark_try_" : "spark_wrap_") + name,
                      .parameters = {kind, kind},
                      .varargs = {},
                      .result = DataType(kind),
                      .run = PerRow([compute, tolerant](const ScalarInput& in, size_t row, OutVector& result) {
                        T value = 0;
                        if (compute(in[0].Data<T>()[row], in[1].Data<T>()[row], &value) && tolerant) {
                          result.SetNull(row);
                        } else {
                          result.Data<T>()[row] = value;
                        }
                      })});
    }
  };
  const auto add_strict = [&](const std::string& name, auto compute) {
    out->push_back({.name = "spark_" + name,
                    .parameters = {kind, kind},
                    .varargs = {},
                    .result = DataType(kind),
                    .run = [compute, name](const ScalarInput& in, OutVector& result) {
                      const T* left = in[0].Data<T>();
                      const T* right = in[1].Data<T>();
                      T* values = result.Data<T>();
                      bool overflow = false;
                      for (size_t row = 0; row < in.rows(); ++row)
                        overflow |= compute(left[row], right[row], values + row);
                      if (!overflow) return;
                      // What stands behind a NULL does not count.
                      for (size_t row = 0; row < in.rows(); ++row) {
                        if (in.AnyNull(row) || !compute(left[row], right[row], values + row)) continue;
                        ThrowOverflow("overflow", "try_" + name);
                      }
                    }});
  };
  const auto add_all = [&](const std::string& name, auto compute) {
    add(name, compute);
    if (sizeof(T) >= sizeof(int32_t)) add_strict(name, compute);
  };
  add_all("add", [](T a, T b, T* sum) { return __builtin_add_overflow(a, b, sum); });
  add_all("subtract", [](T a, T b, T* difference) { return __builtin_sub_overflow(a, b, difference); });
  add_all("multiply", [](T a, T b, T* product) { return __builtin_mul_overflow(a, b, product); });
  out->push_back({.name = "spark_wrap_abs",
                  .parameters = {kind},
                  .varargs = {},
                  .result = DataType(kind),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    const T value = in[0].Data<T>()[row];
                    T negated = 0;
                    (void)__builtin_sub_overflow(T{0}, value, &negated);
                    result.Data<T>()[row] = value < 0 ? negated : value;
                  })});
}

int64_t DivLong(int64_t a, int64_t b) {
  if (b == 0) ThrowDivideByZero();
  if (b == -1 && a == INT64_MIN) ThrowOverflow("Overflow in integral divide", "try_divide");
  return a / b;
}

int64_t RemainderLong(int64_t a, int64_t b) {
  if (b == 0) ThrowRemainderByZero();
  return b == -1 ? 0 : a % b;
}

int64_t PmodLong(int64_t a, int64_t b) {
  const int64_t rest = RemainderLong(a, b);
  return rest < 0 ? static_cast<int64_t>((static_cast<__int128>(rest) + b) % b) : rest;
}

int64_t FloorDivide(int64_t a, int64_t b) {
  const int64_t quotient = DivLong(a, b);
  return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient;
}

double DivideDouble(double a, double b) {
  if (b == 0) ThrowDivideByZero();
  return a / b;
}

double RemainderDouble(double a, double b) {
  if (b == 0) ThrowRemainderByZero();
  return std::fmod(a, b);
}

double PmodDouble(double a, double b) {
  const double rest = RemainderDouble(a, b);
  return rest < 0 ? std::fmod(rest + b, b) : rest;
}

/// digits * 10^-scale == number, without rounding either.
bool ExactlyEqual(__int128 digits, int scale, double number) {
  if (!std::isfinite(number)) return false;
  if (number == 0 || digits == 0) return number == 0 && digits == 0;
  if ((number < 0) != (digits < 0)) return false;
  int exponent = 0;
  const double fraction = std::frexp(std::fabs(number), &exponent);
  auto mantissa = static_cast<uint64_t>(std::ldexp(fraction, 53));
  exponent -= 53;
  const int zeros = __builtin_ctzll(mantissa);
  mantissa >>= zeros;
  exponent += zeros;
  // Equal means digits * 2^-exponent = mantissa * 2^scale * 5^scale, whose odd parts and powers of two must each agree.
  Unsigned128 odd = Magnitude(digits);
  int twos = 0;
  while ((odd & 1) == 0) {
    odd >>= 1;
    ++twos;
  }
  if (twos - exponent != scale) return false;
  Unsigned128 fives = 1;
  for (int i = 0; i < scale; ++i) fives *= 5;
  return Multiply(mantissa, fives) == Wide{0, odd};
}

}  // namespace

__int128 MultiplyDigits(__int128 a, __int128 b, int scale) {
  return Signed(Multiply(Magnitude(a), Magnitude(b)), (a < 0) != (b < 0), scale);
}

void AddNativeNumbers(ScalarFunctions* out) {
  AddWholeArithmetic<int8_t>(out, TypeKind::kByte);
  AddWholeArithmetic<int16_t>(out, TypeKind::kShort);
  AddWholeArithmetic<int32_t>(out, TypeKind::kInteger);
  AddWholeArithmetic<int64_t>(out, TypeKind::kLong);
  AddBinary<double>(out, "divide", TypeKind::kDouble, DivideDouble);
  AddBinary<double>(out, "remainder", TypeKind::kDouble, RemainderDouble);
  AddBinary<double>(out, "pmod", TypeKind::kDouble, PmodDouble);
  AddBinary<int64_t>(out, "remainder", TypeKind::kLong, RemainderLong);
  AddBinary<int64_t>(out, "pmod", TypeKind::kLong, PmodLong);
  AddBinary<int64_t>(out, "div", TypeKind::kLong, DivLong);
  AddBinary<int64_t>(out, "floor_divide", TypeKind::kLong, FloorDivide);
  AddDecimalFunction(out, "add", AddDecimals);
  AddDecimalFunction(out, "subtract", SubtractDecimals);
  AddDecimalFunction(out, "multiply", MultiplyDecimals);
  AddDecimalFunction(out, "divide", DivideDecimals);
  AddDecimalFunction(out, "remainder", RemainderDecimals);
  AddDecimalFunction(out, "pmod", PmodDecimals);
  AddDecimalFunction(out, "div", [](const Decimal& a, const Decimal& b, int) { return DivDecimals(a, b); });
  out->push_back({.name = "spark_exact_equal",
                  .parameters = {ParameterType::Any(), TypeKind::kDouble},
                  .varargs = {},
                  .result = DataType(TypeKind::kBoolean),
                  .run = [](const ScalarInput& in, OutVector& result) {
                    const DataType type = in[0].Type();
                    for (size_t row = 0; row < in.rows(); ++row) {
                      if (in.AnyNull(row)) continue;
                      __int128 digits = 0;
                      switch (type.kind()) {
                        case TypeKind::kByte:
                          digits = in[0].Data<int8_t>()[row];  // NOLINT(bugprone-signed-char-misuse): a TINYINT
                          break;
                        case TypeKind::kShort:
                          digits = in[0].Data<int16_t>()[row];
                          break;
                        case TypeKind::kInteger:
                          digits = in[0].Data<int32_t>()[row];
                          break;
                        case TypeKind::kLong:
                          digits = in[0].Data<int64_t>()[row];
                          break;
                        default:
                          digits = DecimalDigits(type, in[0], row);
                      }
                      result.Data<uint8_t>()[row] =
                          ExactlyEqual(digits, type.scale(), in[1].Data<double>()[row]) ? 1 : 0;
                    }
                  }});
}

}  // namespace tinderbox::engine
