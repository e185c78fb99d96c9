#include "engine/functions/code_points.h"

#include <utf8proc.h>

#include <algorithm>

namespace tinderbox::engine {

size_t PointLength(std::string_view bytes, bool* valid) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char first = byte(0);
  *valid = true;
  if (first < 0x80) return 1;
  size_t length = 0;
  unsigned char low = 0x80;  // the range of the second byte
  unsigned char high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  }
  *valid = false;
  if (length == 0) return 1;
  for (size_t i = 1; i < length; ++i) {
    if (i >= bytes.size() || byte(i) < low || byte(i) > high) return i;
    low = 0x80;
    high = 0xBF;
  }
  *valid = true;
  return length;
}

bool IsValidUtf8(std::string_view bytes) {
  bool valid = true;
  while (valid && !bytes.empty()) bytes.remove_prefix(PointLength(bytes, &valid));
  return valid;
}

std::vector<uint32_t> PointsOf(std::string_view text) {
  std::vector<uint32_t> out;
  out.reserve(text.size());
  const auto* data = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (size_t i = 0; i < text.size();) {
    utf8proc_int32_t point = 0;
    const auto length = utf8proc_iterate(data + i, static_cast<utf8proc_ssize_t>(text.size() - i), &point);
    out.push_back(length > 0 ? static_cast<uint32_t>(point) : 0xFFFD);
    i += length > 0 ? static_cast<size_t>(length) : 1;
  }
  return out;
}

int64_t CountPoints(std::string_view text) {
  return std::ranges::count_if(text, StartsPoint);
}

}  // namespace tinderbox::engine
