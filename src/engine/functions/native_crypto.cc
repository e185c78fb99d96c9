// sha2, aes_encrypt, aes_decrypt, through OpenSSL's libcrypto.
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>
#include <optional>

#include "engine/functions/native_row.h"
#include "engine/functions/text_case.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr TypeKind kString = TypeKind::kString;
constexpr TypeKind kBinary = TypeKind::kBinary;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string* text) {
  return reinterpret_cast<unsigned char*>(text->data());
}

std::optional<std::string> Sha2(std::string_view bytes, int32_t bits) {
  const EVP_MD* digest = bits == 224                ? EVP_sha224()
                         : bits == 256 || bits == 0 ? EVP_sha256()
                         : bits == 384              ? EVP_sha384()
                         : bits == 512              ? EVP_sha512()
                                                    : nullptr;
  if (digest == nullptr) return std::nullopt;
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), hash, &length, digest, nullptr) != 1) {
    throw Error("INTERNAL_ERROR", "libcrypto cannot compute a SHA-2 hash.");
  }
  std::string out;
  for (unsigned i = 0; i < length; ++i) out += fmt::format("{:02x}", hash[i]);
  return out;
}

enum class Mode { kGcm, kCbc, kEcb };

constexpr const char* kBoth = "`aes_encrypt`/`aes_decrypt`";
constexpr size_t kTagBytes = 16;

[[noreturn]] void ThrowCrypto(const std::string& detail) {
  throw Error(
      "INVALID_PARAMETER_VALUE.AES_CRYPTO_ERROR",
      fmt::format("The value of parameter(s) `expr`, `key` in {} is invalid: detail message: {}", kBoth, detail),
      {{"functionName", kBoth}, {"parameter", "`expr`, `key`"}, {"detailMessage", detail}});
}

Mode ModeOf(std::string_view mode, std::string_view padding) {
  const std::string upper_mode = UpperOf(mode);
  const std::string upper_padding = UpperOf(padding);
  const bool any = upper_padding == "DEFAULT";
  if (upper_mode == "GCM" && (any || upper_padding == "NONE")) return Mode::kGcm;
  if (upper_mode == "CBC" && (any || upper_padding == "PKCS")) return Mode::kCbc;
  if (upper_mode == "ECB" && (any || upper_padding == "PKCS")) return Mode::kEcb;
  throw Error(
      "UNSUPPORTED_FEATURE.AES_MODE",
      fmt::format("The feature is not supported: AES-{} with the padding {} by the {} function.", mode, padding, kBoth),
      {{"functionName", kBoth}, {"mode", std::string(mode)}, {"padding", std::string(padding)}});
}

const char* NameOf(Mode mode) {
  return mode == Mode::kGcm ? "GCM" : mode == Mode::kCbc ? "CBC" : "ECB";
}

size_t IvBytes(Mode mode) {
  return mode == Mode::kGcm ? 12 : mode == Mode::kCbc ? 16 : 0;
}

const EVP_CIPHER* CipherOf(Mode mode, size_t key_bytes) {
  switch (key_bytes) {
    case 16:
      return mode == Mode::kGcm ? EVP_aes_128_gcm() : mode == Mode::kCbc ? EVP_aes_128_cbc() : EVP_aes_128_ecb();
    case 24:
      return mode == Mode::kGcm ? EVP_aes_192_gcm() : mode == Mode::kCbc ? EVP_aes_192_cbc() : EVP_aes_192_ecb();
    case 32:
      return mode == Mode::kGcm ? EVP_aes_256_gcm() : mode == Mode::kCbc ? EVP_aes_256_cbc() : EVP_aes_256_ecb();
    default:
      throw Error("INVALID_PARAMETER_VALUE.AES_KEY_LENGTH",
                  fmt::format("The value of parameter(s) `key` in {} is invalid: expects a binary value with 16, 24 or "
                              "32 bytes, but got {} bytes.",
                              kBoth, key_bytes),
                  {{"functionName", kBoth}, {"parameter", "`key`"}, {"actualLength", std::to_string(key_bytes)}});
  }
}

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* cipher) const { EVP_CIPHER_CTX_free(cipher); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

Cipher NewCipher(bool encrypt, Mode mode, std::string_view key, std::string_view iv, std::string_view aad) {
  const EVP_CIPHER* kind = CipherOf(mode, key.size());
  Cipher cipher(EVP_CIPHER_CTX_new());
  int ignored = 0;
  if (EVP_CipherInit_ex(cipher.get(), kind, nullptr, Bytes(key), iv.empty() ? nullptr : Bytes(iv), encrypt ? 1 : 0) !=
          1 ||
      (!aad.empty() &&
       EVP_CipherUpdate(cipher.get(), nullptr, &ignored, Bytes(aad), static_cast<int>(aad.size())) != 1)) {
    ThrowCrypto("The cipher cannot be set up.");
  }
  return cipher;
}

void CheckExtras(Mode mode, std::string_view iv, std::string_view aad, const char* function) {
  const auto refuse = [&](const char* condition, const char* what) {
    throw Error(condition,
                fmt::format("The feature is not supported: `{}` with AES-{} does not support {}.", function,
                            NameOf(mode), what),
                {{"functionName", fmt::format("`{}`", function)}, {"mode", NameOf(mode)}});
  };
  if (!iv.empty() && mode == Mode::kEcb) refuse("UNSUPPORTED_FEATURE.AES_MODE_IV", "initialization vectors (IVs)");
  if (!aad.empty() && mode != Mode::kGcm) {
    refuse("UNSUPPORTED_FEATURE.AES_MODE_AAD", "additional authenticate data (AAD)");
  }
  if (!iv.empty() && iv.size() != IvBytes(mode)) {
    throw Error("INVALID_PARAMETER_VALUE.AES_IV_LENGTH",
                fmt::format("The value of parameter(s) `iv` in {} is invalid: supports 16-byte CBC IVs and 12-byte GCM "
                            "IVs, but got {} bytes for {}.",
                            kBoth, iv.size(), NameOf(mode)),
                {{"functionName", kBoth},
                 {"parameter", "`iv`"},
                 {"mode", NameOf(mode)},
                 {"actualLength", std::to_string(iv.size())}});
  }
}

/// The initialization vector, the encrypted bytes, and in GCM the tag.
std::string Encrypt(std::string_view input, std::string_view key, Mode mode, std::string_view iv,
                    std::string_view aad) {
  CipherOf(mode, key.size());
  CheckExtras(mode, iv, aad, "aes_encrypt");
  std::string out(iv);
  if (out.empty()) {
    out.resize(IvBytes(mode));
    if (!out.empty() && RAND_bytes(Bytes(&out), static_cast<int>(out.size())) != 1) {
      ThrowCrypto("No random bytes are available.");
    }
  }
  const Cipher cipher = NewCipher(true, mode, key, out, aad);
  const size_t start = out.size();
  out.resize(start + input.size() + 2 * kTagBytes);
  int length = 0;
  int last = 0;
  if (EVP_CipherUpdate(cipher.get(), Bytes(&out) + start, &length, Bytes(input), static_cast<int>(input.size())) != 1 ||
      EVP_CipherFinal_ex(cipher.get(), Bytes(&out) + start + length, &last) != 1) {
    ThrowCrypto("The value cannot be encrypted.");
  }
  size_t end = start + static_cast<size_t>(length) + static_cast<size_t>(last);
  if (mode == Mode::kGcm) {
    EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, Bytes(&out) + end);
    end += kTagBytes;
  }
  out.resize(end);
  return out;
}

std::string Decrypt(std::string_view input, std::string_view key, Mode mode, std::string_view aad) {
  CipherOf(mode, key.size());
  CheckExtras(mode, "", aad, "aes_decrypt");
  if (input.size() < IvBytes(mode)) ThrowCrypto("Invalid buffer arguments");
  const std::string_view iv = input.substr(0, IvBytes(mode));
  input.remove_prefix(iv.size());
  const Cipher cipher = NewCipher(false, mode, key, iv, aad);
  if (mode == Mode::kGcm) {
    if (input.size() < kTagBytes) ThrowCrypto("Input data too short to contain an expected tag length of 16bytes");
    std::string tag(input.substr(input.size() - kTagBytes));
    input.remove_suffix(kTagBytes);
    EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, Bytes(&tag));
  } else if (input.size() % 16 != 0) {
    ThrowCrypto("Input length must be multiple of 16 when decrypting with padded cipher");
  }
  std::string out(input.size() + 16, '\0');
  int length = 0;
  int last = 0;
  if (EVP_CipherUpdate(cipher.get(), Bytes(&out), &length, Bytes(input), static_cast<int>(input.size())) != 1 ||
      EVP_CipherFinal_ex(cipher.get(), Bytes(&out) + length, &last) != 1) {
    ThrowCrypto(mode == Mode::kGcm
                    ? "Tag mismatch!"
                    : "Given final block not properly padded. Such issues can arise if a bad key is used "
                      "during decryption.");
  }
  out.resize(static_cast<size_t>(length) + static_cast<size_t>(last));
  return out;
}

}  // namespace

void AddNativeCrypto(ScalarFunctions* out) {
  AddPerRow(out, "spark_sha2", {kBinary, TypeKind::kInteger}, DataType(kString),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              const auto hash = Sha2(in[0].String(row), in[1].Data<int32_t>()[row]);
              hash ? result.SetString(row, *hash) : result.SetNull(row);
            });
  AddPerRow(out, "spark_aes_encrypt", {kBinary, kBinary, kString, kString, kBinary, kBinary}, DataType(kBinary),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              const Mode mode = ModeOf(in[2].String(row), in[3].String(row));
              result.SetString(
                  row, Encrypt(in[0].String(row), in[1].String(row), mode, in[4].String(row), in[5].String(row)));
            });
  out->back().is_volatile = true;  // without an initialization vector a random one is taken
  for (const bool strict : {true, false}) {
    AddPerRow(out, strict ? "spark_aes_decrypt" : "spark_try_aes_decrypt",
              {kBinary, kBinary, kString, kString, kBinary}, DataType(kBinary),
              [=](const ScalarInput& in, size_t row, OutVector& result) {
                try {
                  const Mode mode = ModeOf(in[2].String(row), in[3].String(row));
                  result.SetString(row, Decrypt(in[0].String(row), in[1].String(row), mode, in[4].String(row)));
                } catch (const Error&) {
                  if (strict) throw;
                  result.SetNull(row);
                }
              });
  }
}

}  // namespace tinderbox::engine
