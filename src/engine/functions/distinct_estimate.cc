#include "engine/functions/distinct_estimate.h"

#include <bit>
#include <cmath>

namespace tinderbox::engine {

namespace {

/// The raw estimate that `count` distinct values give on average.
double ExpectedRaw(double count, double registers, double alpha) {
  // A register's largest run is at most k with probability exp(-load / 2^k).
  const double load = count / registers;
  double sum = std::exp(-load);
  double below = sum;
  for (int k = 1; k < 64; ++k) {
    const double at_most = std::exp(-load * std::ldexp(1.0, -k));
    sum += std::ldexp(at_most - below, -k);
    below = at_most;
  }
  return alpha * registers / sum;
}

// Below these, by the logarithm of the registers' number from 4 on, counting empty registers is the better estimate.
constexpr double kThresholds[] = {10, 20, 40, 80, 220, 400, 900, 1800, 3100, 6500, 15500, 20000, 50000, 120000, 350000};

}  // namespace

int64_t EstimateDistinct(std::span<const uint8_t> registers) {
  const auto number = static_cast<double>(registers.size());
  const auto precision = static_cast<size_t>(std::countr_zero(registers.size()));
  const double alpha = precision == 4   ? 0.673
                       : precision == 5 ? 0.697
                       : precision == 6 ? 0.709
                                        : 0.7213 / (1.0 + 1.079 / number);
  double inverse = 0;
  double empty = 0;
  for (const uint8_t run : registers) {
    inverse += std::ldexp(1.0, -run);
    if (run == 0) empty += 1;
  }
  if (empty > 0) {
    const double linear = number * std::log(number / empty);
    if (precision - 4 >= std::size(kThresholds) || linear <= kThresholds[precision - 4]) return std::llround(linear);
  }
  double raw = alpha * number * number / inverse;
  if (raw < 5 * number) {
    // Small raw estimates are too high; the count whose average they are is not.
    double low = 0;
    double high = raw;
    for (int i = 0; i < 60; ++i) {
      const double middle = (low + high) / 2;
      (ExpectedRaw(middle, number, alpha) < raw ? low : high) = middle;
    }
    raw = low;
  }
  return std::llround(raw);
}

}  // namespace tinderbox::engine
