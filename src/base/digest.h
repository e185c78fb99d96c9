#pragma once

#include <string>
#include <string_view>

namespace tinderbox::base {

/// Lower-case hexadecimal digits, two a byte.
std::string Hex(std::string_view bytes);

/// Digests as bytes. Throw Error TINDERBOX_PREREQUISITE when the system's cryptography refuses them.
std::string Sha256(std::string_view bytes);
std::string Md5(std::string_view bytes);
std::string HmacSha256(std::string_view key, std::string_view bytes);

}  // namespace tinderbox::base
