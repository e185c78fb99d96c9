#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tinderbox::base {

/// Appends a code point, at most U+10FFFF, as UTF-8. One of a surrogate becomes three bytes, as it stands.
void AppendUtf8(std::string* out, uint32_t point);

/// "%41" is "A"; a percent sign that two digits do not follow stands for itself.
std::string PercentDecode(std::string_view text);

}  // namespace tinderbox::base
