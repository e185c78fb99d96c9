#pragma once

#include <cstdint>
#include <optional>

// Whole numbers of 256 bits, as far as exact decimals need them.

namespace tinderbox::engine {

using Unsigned128 = unsigned __int128;

struct Wide {
  Unsigned128 high = 0;
  Unsigned128 low = 0;
  friend bool operator==(const Wide&, const Wide&) = default;
};

inline Wide Multiply(Unsigned128 a, Unsigned128 b) {
  const Unsigned128 mask = ~uint64_t{0};
  const Unsigned128 a0 = a & mask, a1 = a >> 64, b0 = b & mask, b1 = b >> 64;
  const Unsigned128 p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0, p11 = a1 * b1;
  const Unsigned128 middle = (p00 >> 64) + (p01 & mask) + (p10 & mask);
  return {p11 + (p01 >> 64) + (p10 >> 64) + (middle >> 64), (middle << 64) | (p00 & mask)};
}

inline bool Less(const Wide& a, const Wide& b) {
  return a.high != b.high ? a.high < b.high : a.low < b.low;
}

inline Wide Add(const Wide& a, const Wide& b) {
  Wide out{a.high + b.high, a.low + b.low};
  if (out.low < a.low) ++out.high;
  return out;
}

inline Wide Subtract(const Wide& a, const Wide& b) {
  Wide out{a.high - b.high, a.low - b.low};
  if (a.low < b.low) --out.high;
  return out;
}

/// Quotient and remainder. REQUIRES divisor > 0.
inline Wide Divide(const Wide& value, Unsigned128 divisor, Unsigned128* remainder) {
  if (value.high == 0) {
    *remainder = value.low % divisor;
    return {0, value.low / divisor};
  }
  Wide quotient;
  Unsigned128 rest = 0;
  for (int bit = 255; bit >= 0; --bit) {
    const bool carry = (rest >> 127) != 0;
    const Unsigned128 next = bit >= 128 ? value.high >> (bit - 128) & 1 : value.low >> bit & 1;
    rest = rest << 1 | next;
    if (carry || rest >= divisor) {
      rest -= divisor;
      if (bit >= 128) {
        quotient.high |= Unsigned128{1} << (bit - 128);
      } else {
        quotient.low |= Unsigned128{1} << bit;
      }
    }
  }
  *remainder = rest;
  return quotient;
}

/// 10^exponent. REQUIRES 0 <= exponent <= 38.
inline Unsigned128 PowerOfTen(int exponent) {
  Unsigned128 out = 1;
  for (int i = 0; i < exponent; ++i) out *= 10;
  return out;
}

/// value * 10^exponent; nullopt beyond 256 bits.
inline std::optional<Wide> TimesPowerOfTen(Wide value, int exponent) {
  while (exponent > 0) {
    const int step = exponent > 38 ? 38 : exponent;
    const Unsigned128 power = PowerOfTen(step);
    const Wide low = Multiply(value.low, power);
    const Wide high = Multiply(value.high, power);
    if (high.high != 0) return std::nullopt;
    const Wide sum = Add(low, {high.low, 0});
    if (sum.high < low.high) return std::nullopt;
    value = sum;
    exponent -= step;
  }
  return value;
}

}  // namespace tinderbox::engine
