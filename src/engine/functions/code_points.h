#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// UTF-8 text as code points.

namespace tinderbox::engine {

/// Whether a byte begins a code point.
inline bool StartsPoint(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

/// Code points; a byte that is no UTF-8 is U+FFFD.
std::vector<uint32_t> PointsOf(std::string_view text);
int64_t CountPoints(std::string_view text);
/// How many bytes at the start of `bytes` (not empty) are one code point, with `valid`; else how many are one malformed
/// part, the longest beginning of a code point, as Unicode counts them.
size_t PointLength(std::string_view bytes, bool* valid);
bool IsValidUtf8(std::string_view bytes);

}  // namespace tinderbox::engine
