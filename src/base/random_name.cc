#include "base/random_name.h"

#include <random>
#include <string_view>

namespace tinderbox::base {

std::string RandomName(size_t length) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device device;
  std::uniform_int_distribution<size_t> letter(0, kLetters.size() - 1);
  std::string out;
  while (out.size() < length) out += kLetters[letter(device)];
  return out;
}

}  // namespace tinderbox::base
