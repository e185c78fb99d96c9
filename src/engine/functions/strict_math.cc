#include "engine/functions/strict_math.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace tinderbox::engine {

namespace {

uint32_t HighWord(double x) {
  return static_cast<uint32_t>(std::bit_cast<uint64_t>(x) >> 32);
}

/// The number whose upper 32 bits are `word`, the others zero.
double OfHighWord(uint32_t word) {
  return std::bit_cast<double>(static_cast<uint64_t>(word) << 32);
}

constexpr double kLn2High = 6.93147180369123816490e-01;
constexpr double kLn2Low = 1.90821492927058770002e-10;

}  // namespace

double StrictLog(double x) {
  if (!(x > 0) || std::isinf(x)) return std::log(x);
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent) * 2;  // in [1, 2)
  --exponent;
  // Brought to about [sqrt(1/2), sqrt(2)); the border is one of the upper 20 bits of the mantissa.
  const int64_t top = static_cast<int64_t>(HighWord(mantissa) & 0xfffffU);
  if (((top + 0x95f64) & 0x100000) != 0) {
    mantissa /= 2;
    ++exponent;
  }
  const double k = exponent;
  const double f = mantissa - 1;
  if (std::fabs(f) < 0x1p-20) {
    if (f == 0) return exponent == 0 ? 0 : k * kLn2High + k * kLn2Low;
    const double r = f * f * (0.5 - 0.33333333333333333 * f);
    return exponent == 0 ? f - r : k * kLn2High - ((r - k * kLn2Low) - f);
  }
  const double s = f / (2 + f);
  const double z = s * s;
  const double w = z * z;
  const double even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const double odd =
      z * (6.666666666666735130e-01 +
           w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  const double r = even + odd;
  // Near the middle of the range half the square is taken apart.
  if (((top - 0x6147a) | (0x6b851 - top)) > 0) {
    const double half = 0.5 * f * f;
    if (exponent == 0) return f - (half - s * (half + r));
    return k * kLn2High - ((half - (s * (half + r) + k * kLn2Low)) - f);
  }
  if (exponent == 0) return f - s * (f - r);
  return k * kLn2High - ((s * (f - r) - k * kLn2Low) - f);
}

double StrictLog10(double x) {
  if (!(x > 0) || std::isinf(x)) return std::log10(x);
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent) * 2;
  --exponent;
  if (exponent < 0) {
    mantissa /= 2;
    ++exponent;
  }
  const double k = exponent;
  const double low = k * 3.69423907715893078616e-13 + 4.34294481903251816668e-01 * StrictLog(mantissa);
  return low + k * 3.01029995663611771306e-01;
}

double StrictCubeRoot(double x) {
  if (!std::isfinite(x) || x == 0) return x;
  const double size = std::fabs(x);
  // A first guess from a third of the exponent.
  double t = 0;
  if (size < 0x1p-1022) {
    t = OfHighWord(HighWord(size * 0x1p54) / 3 + 696219795);
  } else {
    t = OfHighWord(HighWord(size) / 3 + 715094163);
  }
  const double square = t * t / size;
  const double sum = 19.0 / 35.0 + square * t;
  t *= 5.0 / 14.0 + (45.0 / 28.0) / (sum + 99.0 / 70.0 + (-864.0 / 1225.0) / sum);
  // Rounded up to 20 bits, then one step of Newton's iteration.
  t = OfHighWord(HighWord(t) + 1);
  const double ratio = size / (t * t);
  t += t * ((ratio - t) / (t + t + ratio));
  return std::copysign(t, x);
}

double StrictHypot(double x, double y) {
  if (!std::isfinite(x) || !std::isfinite(y)) return std::hypot(x, y);
  double a = std::max(std::fabs(x), std::fabs(y));
  double b = std::min(std::fabs(x), std::fabs(y));
  if (b == 0 || a > b * 0x1p60) return a + b;
  int scale = 0;
  if (a > 0x1p500) scale = 600;
  if (b < 0x1p-500) scale = -600;
  a = std::ldexp(a, -scale);
  b = std::ldexp(b, -scale);
  double w = a - b;
  if (w > b) {
    const double high = OfHighWord(HighWord(a));
    const double low = a - high;
    w = std::sqrt(high * high - (b * -b - low * (a + high)));
  } else {
    const double twice = a + a;
    const double b_high = OfHighWord(HighWord(b));
    const double b_low = b - b_high;
    const double a_high = OfHighWord(HighWord(a) + 0x00100000);
    const double a_low = twice - a_high;
    w = std::sqrt(a_high * b_high - (w * -w - (a_high * b_low + a_low * b)));
  }
  return std::ldexp(w, scale);
}

}  // namespace tinderbox::engine
