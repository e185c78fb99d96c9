#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace tinderbox::base {

// Letters and digits of ASCII alone, whatever the locale is: keywords, names of options, and Spark's identifiers.

constexpr bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

/// The value of a hexadecimal digit; -1 for another character.
constexpr int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr char LowerCase(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = LowerCase(c);
  return out;
}

inline bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, {}, [](char c) { return LowerCase(c); }, [](char c) { return LowerCase(c); });
}

}  // namespace tinderbox::base
