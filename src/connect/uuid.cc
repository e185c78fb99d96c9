#include "connect/uuid.h"

#include <sys/random.h>

#include <cerrno>
#include <vector>

#include "base/fail.h"

namespace tinderbox::connect {
namespace {

constexpr size_t kUuidLength = 36;

bool IsDash(size_t at) {
  return at == 8 || at == 13 || at == 18 || at == 23;
}

}  // namespace

std::string RandomHex(size_t bytes) {
  std::vector<unsigned char> random(bytes);
  for (size_t got = 0; got < bytes;) {
    const ssize_t more = ::getrandom(random.data() + got, bytes - got, 0);
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) base::FailErrno("INTERNAL_ERROR", errno, "The operating system gives no random bytes");
    got += static_cast<size_t>(more);
  }
  std::string out;
  for (const unsigned char byte : random) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

std::string NewUuid() {
  std::string out = RandomHex(kUuidLength / 2 - 2);
  for (size_t at = 8; at <= 23; at += 5) out.insert(at, 1, '-');
  out[14] = '4';                                                                                   // the version
  out[19] = "89ab"[static_cast<size_t>(out[19] <= '9' ? out[19] - '0' : out[19] - 'a' + 10) & 3];  // the variant
  return out;
}

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidLength) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (IsDash(i) ? c != '-' : !hex) return false;
  }
  return true;
}

}  // namespace tinderbox::connect
