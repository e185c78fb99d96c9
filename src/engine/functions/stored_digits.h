#pragma once

#include <cstdint>

namespace tinderbox::engine {

/// The digits of a wide decimal as DuckDB stores them: two words that lie wherever a word may. The processor would be
/// right to refuse an __int128 there, which has to lie at a multiple of 16 bytes.
struct StoredDigits {
  uint64_t low;
  int64_t high;
  operator __int128() const { return static_cast<__int128>(high) << 64 | low; }
};

}  // namespace tinderbox::engine
