#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "csv/options.h"

namespace tinderbox::csv {

/// The bytes at which a record or field can end, or a quoted part can begin or end. At most five.
struct SpecialBytes {
  explicit SpecialBytes(const Dialect& dialect);
  std::array<char, 5> bytes{};  ///< unused places repeat the first
  std::array<bool, 256> is_special{};
};

enum class Simd { kScalar, kSse2, kAvx2 };
/// The best that this processor has.
Simd BestSimd();

/// Writes the positions of all special bytes of data[0, size), each plus `base`, to `out` and returns their number.
/// REQUIRES: `out` has room for size + 64 entries.
size_t IndexSpecials(const char* data, size_t size, uint32_t base, const SpecialBytes& specials, Simd simd,
                     uint32_t* out);

/// Whether all bytes are below 0x80.
bool IsAscii(const char* data, size_t size);
/// As base::IsUtf8, with a fast path for ASCII.
bool IsValidUtf8(const char* data, size_t size);

}  // namespace tinderbox::csv
