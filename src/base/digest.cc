#include "base/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/fail.h"

namespace tinderbox::base {
namespace {

[[noreturn]] void FailDigest(const char* name) {
  Fail("TINDERBOX_PREREQUISITE", "The system's cryptography refuses {}, by which files and requests are checked.",
       name);
}

std::string Digest(std::string_view bytes, const EVP_MD* kind, const char* name) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), hash, &size, kind, nullptr) != 1) FailDigest(name);
  return {reinterpret_cast<char*>(hash), size};
}

}  // namespace

std::string Hex(std::string_view bytes) {
  std::string out;
  for (const unsigned char byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

std::string Sha256(std::string_view bytes) {
  return Digest(bytes, EVP_sha256(), "SHA-256");
}

std::string Md5(std::string_view bytes) {
  return Digest(bytes, EVP_md5(), "MD5");
}

std::string HmacSha256(std::string_view key, std::string_view bytes) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
           bytes.size(), hash, &size) == nullptr)
    FailDigest("SHA-256");
  return {reinterpret_cast<char*>(hash), size};
}

}  // namespace tinderbox::base
