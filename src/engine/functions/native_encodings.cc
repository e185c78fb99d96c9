// Text as bytes and back: character sets, base 64, base 16.
#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/escapes.h"

#include "engine/functions/code_points.h"
#include "engine/functions/native_row.h"
#include "engine/functions/value_text.h"
#include "spark/error_conditions.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr TypeKind kString = TypeKind::kString;
constexpr TypeKind kBinary = TypeKind::kBinary;

enum class Charset { kAscii, kLatin1, kUtf8, kUtf16, kUtf16Be, kUtf16Le, kUtf32 };

std::string UpperAscii(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return out;
}

Charset CharsetNamed(std::string_view name, const char* function) {
  static constexpr std::array<std::pair<std::string_view, Charset>, 7> kCharsets = {{{"US-ASCII", Charset::kAscii},
                                                                                     {"ISO-8859-1", Charset::kLatin1},
                                                                                     {"UTF-8", Charset::kUtf8},
                                                                                     {"UTF-16", Charset::kUtf16},
                                                                                     {"UTF-16BE", Charset::kUtf16Be},
                                                                                     {"UTF-16LE", Charset::kUtf16Le},
                                                                                     {"UTF-32", Charset::kUtf32}}};
  const std::string upper = UpperAscii(name);
  for (const auto& [known, charset] : kCharsets) {
    if (upper == known) return charset;
  }
  constexpr const char* kKnown = "iso-8859-1, us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8";
  throw Error("INVALID_PARAMETER_VALUE.CHARSET",
              fmt::format("The value of parameter(s) `charset` in `{}` is invalid: expects one of the {}, but got {}.",
                          function, kKnown, name),
              {{"functionName", fmt::format("`{}`", function)},
               {"parameter", "`charset`"},
               {"charset", std::string(name)},
               {"charsets", kKnown}});
}

[[noreturn]] void ThrowMalformed(std::string_view charset, const char* function) {
  throw Error("MALFORMED_CHARACTER_CODING",
              fmt::format("Invalid value found when performing `{}` with {}", function, charset),
              {{"function", fmt::format("`{}`", function)}, {"charset", std::string(charset)}});
}

void AppendUnit(std::string* out, uint32_t unit, int bytes, bool little) {
  for (int i = 0; i < bytes; ++i) *out += static_cast<char>(unit >> 8 * (little ? i : bytes - 1 - i));
}

std::string Encode(std::string_view text, std::string_view name) {
  const Charset charset = CharsetNamed(name, "encode");
  if (charset == Charset::kUtf8) return std::string(text);
  std::string out;
  const bool little = charset == Charset::kUtf16Le;
  if (charset == Charset::kUtf16 && !text.empty()) out = "\xFE\xFF";
  for (const uint32_t point : PointsOf(text)) {
    switch (charset) {
      case Charset::kAscii:
      case Charset::kLatin1:
        if (point >= (charset == Charset::kAscii ? 0x80U : 0x100U)) ThrowMalformed(name, "encode");
        out += static_cast<char>(point);
        break;
      case Charset::kUtf32:
        AppendUnit(&out, point, 4, false);
        break;
      default:
        if (point < 0x10000) {
          AppendUnit(&out, point, 2, little);
        } else {
          AppendUnit(&out, 0xD800 + ((point - 0x10000) >> 10), 2, little);
          AppendUnit(&out, 0xDC00 + ((point - 0x10000) & 0x3FF), 2, little);
        }
    }
  }
  return out;
}

std::string DecodeUtf16(std::string_view bytes, Charset charset, std::string_view name) {
  bool little = charset == Charset::kUtf16Le;
  if (charset == Charset::kUtf16 && (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF"))) {
    little = bytes[0] == '\xFF';
    bytes.remove_prefix(2);
  }
  if (bytes.size() % 2 != 0) ThrowMalformed(name, "decode");
  const auto unit = [&](size_t i) {
    const auto first = static_cast<unsigned char>(bytes[i]);
    const auto second = static_cast<unsigned char>(bytes[i + 1]);
    return little ? static_cast<uint32_t>(second << 8 | first) : static_cast<uint32_t>(first << 8 | second);
  };
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    uint32_t point = unit(i);
    if (point >= 0xD800 && point < 0xE000) {
      if (point >= 0xDC00 || i + 2 >= bytes.size()) ThrowMalformed(name, "decode");
      const uint32_t low = unit(i + 2);
      if (low < 0xDC00 || low >= 0xE000) ThrowMalformed(name, "decode");
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
      i += 2;
    }
    base::AppendUtf8(&out, point);
  }
  return out;
}

std::string DecodeUtf32(std::string_view bytes, std::string_view name) {
  bool little = false;
  if (bytes.starts_with(std::string_view("\xFF\xFE\0\0", 4)) ||
      bytes.starts_with(std::string_view("\0\0\xFE\xFF", 4))) {
    little = bytes[0] == '\xFF';
    bytes.remove_prefix(4);
  }
  if (bytes.size() % 4 != 0) ThrowMalformed(name, "decode");
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 4) {
    uint32_t point = 0;
    for (size_t k = 0; k < 4; ++k) point = point << 8 | static_cast<unsigned char>(bytes[i + (little ? 3 - k : k)]);
    if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) ThrowMalformed(name, "decode");
    base::AppendUtf8(&out, point);
  }
  return out;
}

std::string Decode(std::string_view bytes, std::string_view name) {
  const Charset charset = CharsetNamed(name, "decode");
  switch (charset) {
    case Charset::kUtf8:
      if (!IsValidUtf8(bytes)) ThrowMalformed(name, "decode");
      return std::string(bytes);
    case Charset::kAscii:
    case Charset::kLatin1: {
      std::string out;
      for (const char c : bytes) {
        if (charset == Charset::kAscii && !(c >= 0)) ThrowMalformed(name, "decode");
        base::AppendUtf8(&out, static_cast<unsigned char>(c));
      }
      return out;
    }
    case Charset::kUtf32:
      return DecodeUtf32(bytes, name);
    default:
      return DecodeUtf16(bytes, charset, name);
  }
}

constexpr std::string_view kDigits64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int Digit64(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// Java's MIME encoder: lines of 76 characters, parted by CR LF.
std::string EncodeBase64(std::string_view bytes) {
  std::string out;
  size_t column = 0;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    if (column == 76) {
      out += "\r\n";
      column = 0;
    }
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? kDigits64[group >> (18 - 6 * k) & 63] : '=';
    column += 4;
  }
  return out;
}

/// Java's MIME decoder: whatever is no digit is passed over. nullopt when the end does not fit.
std::optional<std::string> DecodeBase64(std::string_view text) {
  std::string out;
  uint32_t group = 0;
  int digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '=') {
      // Two digits need a second '=', three are complete; before that an '=' has no place.
      if (digits < 2) return std::nullopt;
      size_t next = i + 1;
      while (next < text.size() && text[next] != '=' && Digit64(text[next]) < 0) ++next;
      if (digits == 2) {
        if (next >= text.size() || text[next] != '=') return std::nullopt;
        ++next;
      }
      while (next < text.size() && text[next] != '=' && Digit64(text[next]) < 0) ++next;
      if (next < text.size()) return std::nullopt;
      break;
    }
    const int digit = Digit64(text[i]);
    if (digit < 0) continue;
    group = group << 6 | static_cast<uint32_t>(digit);
    if (++digits == 4) {
      for (const int shift : {16, 8, 0}) out += static_cast<char>(group >> shift);
      group = 0;
      digits = 0;
    }
  }
  if (digits == 1) return std::nullopt;
  if (digits >= 2) out += static_cast<char>(group >> (digits == 2 ? 4 : 10));
  if (digits == 3) out += static_cast<char>(group >> 2);
  return out;
}

/// What to_binary takes for base 64: groups of four digits, the last one padded, and white space between them.
bool IsStrictBase64(std::string_view text) {
  size_t digits = 0;
  size_t padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v') continue;
    if (c == '=') {
      ++padding;
    } else if (padding > 0 || Digit64(c) < 0) {
      return false;
    } else {
      ++digits;
    }
  }
  if (padding > 0) return padding <= 2 && (digits + padding) % 4 == 0;
  return digits % 4 != 1;
}

std::optional<std::string> DecodeHex(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
  };
  std::string digits = text.size() % 2 == 1 ? "0" : "";
  digits += text;
  std::string bytes;
  for (size_t at = 0; at < digits.size(); at += 2) {
    const int high = digit(digits[at]);
    const int low = digit(digits[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

[[noreturn]] void ThrowNotBinary(std::string_view text, const char* format) {
  throw Error(
      "CONVERSION_INVALID_INPUT",
      fmt::format("The value '{}' ('{}') cannot be converted to \"BINARY\" because it is malformed. Correct the "
                  "value as per the syntax, or change its format. Use `try_to_binary` to tolerate malformed "
                  "input and return NULL instead.",
                  text, format),
      {{"str", fmt::format("'{}'", text)},
       {"fmt", fmt::format("'{}'", format)},
       {"targetType", "\"BINARY\""},
       {"suggestion", "`try_to_binary`"}});
}

}  // namespace

void AddNativeEncodings(ScalarFunctions* out) {
  AddPerRow(out, "spark_encode", {kString, kString}, DataType(kBinary),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              result.SetString(row, Encode(in[0].String(row), in[1].String(row)));
            });
  AddPerRow(out, "spark_decode", {kBinary, kString}, DataType(kString),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              result.SetString(row, Decode(in[0].String(row), in[1].String(row)));
            });
  AddPerRow(out, "spark_base64", {kBinary}, DataType(kString),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              result.SetString(row, EncodeBase64(in[0].String(row)));
            });
  AddPerRow(out, "spark_unbase64", {kString}, DataType(kBinary),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              const auto bytes = DecodeBase64(in[0].String(row));
              if (!bytes) throw Error(spark::kJavaIllegalArgument, "The text is not in base64.");
              result.SetString(row, *bytes);
            });
  AddPerRow(out, "spark_base64_to_binary", {kString}, DataType(kBinary),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              const std::string_view text = in[0].String(row);
              const auto bytes = IsStrictBase64(text) ? DecodeBase64(text) : std::nullopt;
              if (!bytes) ThrowNotBinary(text, "BASE64");
              result.SetString(row, *bytes);
            });
  AddPerRow(out, "spark_try_base64_to_binary", {kString}, DataType(kBinary),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              const std::string_view text = in[0].String(row);
              const auto bytes = IsStrictBase64(text) ? DecodeBase64(text) : std::nullopt;
              bytes ? result.SetString(row, *bytes) : result.SetNull(row);
            });
  AddPerRow(out, "spark_unhex", {kString}, DataType(kBinary), [](const ScalarInput& in, size_t row, OutVector& result) {
    const auto bytes = DecodeHex(in[0].String(row));
    bytes ? result.SetString(row, *bytes) : result.SetNull(row);
  });
  AddPerRow(out, "spark_hex_to_binary", {kString}, DataType(kBinary),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              const auto bytes = DecodeHex(in[0].String(row));
              if (!bytes) ThrowNotBinary(in[0].String(row), "HEX");
              result.SetString(row, *bytes);
            });
}

}  // namespace tinderbox::engine
