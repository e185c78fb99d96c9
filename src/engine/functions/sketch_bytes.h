#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace tinderbox::engine {

// Numbers in the binary forms of Apache DataSketches: little-endian, as this machine has them.

/// The number at the offset, which must be there whole.
template <typename T>
T LoadNumber(std::string_view bytes, size_t at) {
  T out{};
  std::memcpy(&out, bytes.data() + at, sizeof out);
  return out;
}

template <typename T>
void StoreNumber(std::string* out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out->append(bytes, sizeof value);
}

}  // namespace tinderbox::engine
