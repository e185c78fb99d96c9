#include "engine/functions/text_case.h"

#include <utf8proc.h>

#include <algorithm>
#include <vector>

#include "base/ascii.h"
#include "base/escapes.h"
#include "engine/functions/code_points.h"
#include "engine/functions/special_casing.h"

namespace tinderbox::engine {

namespace {

bool IsAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool IsCased(uint32_t point) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(point));
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL || category == UTF8PROC_CATEGORY_LT;
}

bool IsCaseIgnorable(uint32_t point) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(point))) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return point == '\'' || point == '.' || point == ':' || point == 0xB7 || point == 0x2019;
  }
}

/// Whether the capital sigma at `i` ends a word and so becomes the final small sigma.
bool IsFinalSigma(const std::vector<uint32_t>& points, size_t i) {
  size_t before = i;
  while (before > 0 && IsCaseIgnorable(points[before - 1])) --before;
  if (before == 0 || !IsCased(points[before - 1])) return false;
  size_t after = i + 1;
  while (after < points.size() && IsCaseIgnorable(points[after])) ++after;
  return after >= points.size() || !IsCased(points[after]);
}

}  // namespace

std::string UpperOf(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  if (IsAscii(text)) {
    for (char c : text) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    return out;
  }
  for (uint32_t point : PointsOf(text)) {
    const auto* special =
        std::lower_bound(std::begin(kSpecialUpper), std::end(kSpecialUpper), point,
                         [](const SpecialUpper& entry, uint32_t value) { return entry.point < value; });
    if (special != std::end(kSpecialUpper) && special->point == point) {
      out += special->upper;
    } else {
      base::AppendUtf8(&out, static_cast<uint32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(point))));
    }
  }
  return out;
}

std::string LowerOf(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  if (IsAscii(text)) {
    return base::LowerCase(text);
  }
  const std::vector<uint32_t> points = PointsOf(text);
  for (size_t i = 0; i < points.size(); ++i) {
    if (points[i] == 0x130) {
      out += "i\xCC\x87";
    } else if (points[i] == 0x3A3) {
      base::AppendUtf8(&out, IsFinalSigma(points, i) ? 0x3C2 : 0x3C3);
    } else {
      base::AppendUtf8(&out, static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(points[i]))));
    }
  }
  return out;
}

}  // namespace tinderbox::engine
