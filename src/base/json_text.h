#pragma once

#include <string>
#include <string_view>

namespace tinderbox::base {

/// Appends `text` as a JSON string, quotes included, with the escapes that Jackson (and so Spark) writes: \" \\ \b \f
/// \n \r \t and \u00XX with upper-case digits for other control characters. Everything else is copied byte for byte.
void AppendJsonString(std::string* out, std::string_view text);
std::string JsonString(std::string_view text);

/// True when the bytes are UTF-8 as RFC 3629 defines it (no overlong forms, no surrogates).
bool IsUtf8(std::string_view bytes);

/// The text with every byte that is not part of valid UTF-8 replaced by U+FFFD; for messages.
std::string ReplaceInvalidUtf8(std::string_view bytes);

}  // namespace tinderbox::base
