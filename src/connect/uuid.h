#pragma once

#include <string>
#include <string_view>

namespace tinderbox::connect {

/// A random UUID (version 4).
std::string NewUuid();
/// True for the text form 00112233-4455-6677-8899-aabbccddeeff.
bool IsUuid(std::string_view text);

/// `bytes` random bytes of the operating system, in hexadecimal digits.
std::string RandomHex(size_t bytes);

}  // namespace tinderbox::connect
