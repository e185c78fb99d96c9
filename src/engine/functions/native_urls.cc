// parse_url, url_encode, url_decode.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/ascii.h"

#include "engine/functions/native_row.h"
#include "engine/functions/value_text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr TypeKind kString = TypeKind::kString;

bool IsAlpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
/// The parts of a URI as java.net.URI gives them, raw.
struct Uri {
  using Part = std::optional<std::string_view>;
  Part scheme, authority, user_info, host, path, query, fragment;
};

/// Whether all is letters, digits, escapes, characters beyond ASCII, or among `marks`.
bool IsLegal(std::string_view text, std::string_view marks) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (IsAlpha(c) || base::IsDigit(c) || std::string_view("_-!.~'()*").find(c) != std::string_view::npos) continue;
    if (c == '%') {
      if (text.size() - i < 3 || base::HexDigit(text[i + 1]) < 0 || base::HexDigit(text[i + 2]) < 0) return false;
      i += 2;
    } else if (static_cast<signed char>(c) >= 0 && marks.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

bool IsHostName(std::string_view host) {
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  if (host.empty()) return false;
  bool numeric = true;
  int labels = 0;
  std::string_view last;
  while (true) {
    const size_t dot = host.find('.');
    last = host.substr(0, dot);
    ++labels;
    if (last.empty() || last.front() == '-' || last.back() == '-') return false;
    int number = 0;
    for (const char c : last) {
      if (!IsAlpha(c) && !base::IsDigit(c) && c != '-') return false;
      if (base::IsDigit(c) && number < 1000) {
        number = number * 10 + (c - '0');
      } else {
        numeric = false;
      }
    }
    if (number > 255) numeric = false;
    if (dot == std::string_view::npos) break;
    host.remove_prefix(dot + 1);
  }
  return (numeric && labels == 4) || IsAlpha(last.front());
}

bool IsAddress6(std::string_view host) {
  const size_t percent = host.find('%');  // a scope
  const std::string_view address = host.substr(0, percent);
  size_t colons = 0;
  size_t digits = 0;
  for (const char c : address) {
    colons += c == ':' ? 1 : 0;
    digits = c == ':' ? 0 : digits + 1;
    if (digits > 4 && address.find('.') == std::string_view::npos) return false;
    if (c != ':' && c != '.' && base::HexDigit(c) < 0) return false;
  }
  return colons >= 2 && colons <= 8 && (colons >= 6 || address.find("::") != std::string_view::npos);
}

/// Splits an authority into user, host and port when it is a server's. False when it is no authority at all.
bool ParseAuthority(std::string_view authority, Uri* uri) {
  std::string_view rest = authority;
  Uri::Part user;
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    user = rest.substr(0, at);
    rest.remove_prefix(at + 1);
  }
  std::string_view host;
  std::string_view port;
  const bool bracket = rest.starts_with('[');
  if (bracket) {
    const size_t close = rest.find(']');
    if (close == std::string_view::npos || !IsAddress6(rest.substr(1, close - 1))) return false;
    host = rest.substr(0, close + 1);
    port = rest.substr(close + 1);
  } else {
    const size_t colon = rest.rfind(':');
    host = rest.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : rest.substr(colon);
  }
  const bool good_port = port.empty() || (port[0] == ':' && std::ranges::all_of(port.substr(1), base::IsDigit));
  const bool good_user = !user || IsLegal(*user, ";:&=+$,");
  if (good_port && good_user && (bracket || IsHostName(host))) {
    uri->user_info = user;
    uri->host = host;
    return true;
  }
  return !bracket && IsLegal(authority, "$,;:@&=+");
}

std::optional<Uri> ParseUri(std::string_view text) {
  constexpr std::string_view kAnywhere = ";/?:@&=+$,[]";
  Uri uri;
  if (const size_t hash = text.find('#'); hash != std::string_view::npos) {
    uri.fragment = text.substr(hash + 1);
    if (!IsLegal(*uri.fragment, kAnywhere)) return std::nullopt;
    text = text.substr(0, hash);
  }
  const size_t colon = text.find_first_of(":/?");
  if (colon != std::string_view::npos && text[colon] == ':') {
    const std::string_view scheme = text.substr(0, colon);
    const bool good = !scheme.empty() && IsAlpha(scheme[0]) && std::ranges::all_of(scheme, [](char c) {
      return IsAlpha(c) || base::IsDigit(c) || c == '+' || c == '-' || c == '.';
    });
    if (!good) return std::nullopt;
    uri.scheme = scheme;
    text.remove_prefix(colon + 1);
    if (text.empty()) return std::nullopt;
    if (text[0] != '/') return IsLegal(text, kAnywhere) ? std::optional(uri) : std::nullopt;
  }
  if (const size_t mark = text.find('?'); mark != std::string_view::npos) {
    uri.query = text.substr(mark + 1);
    if (!IsLegal(*uri.query, kAnywhere)) return std::nullopt;
    text = text.substr(0, mark);
  }
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const size_t end = text.find('/');
    const std::string_view authority = text.substr(0, end);
    text.remove_prefix(authority.size());
    if (authority.empty() && text.empty()) return std::nullopt;
    if (!authority.empty()) {
      uri.authority = authority;
      if (!ParseAuthority(authority, &uri)) return std::nullopt;
    }
  }
  if (!IsLegal(text, ":@&=+$,;/")) return std::nullopt;
  uri.path = text;
  return uri;
}

std::optional<std::string> PartOf(const Uri& uri, std::string_view part) {
  if (part == "FILE") {
    if (!uri.path) return std::nullopt;
    return std::string(*uri.path) + (uri.query ? "?" + std::string(*uri.query) : "");
  }
  const std::array<std::pair<std::string_view, const Uri::Part*>, 7> parts = {{{"HOST", &uri.host},
                                                                               {"PATH", &uri.path},
                                                                               {"QUERY", &uri.query},
                                                                               {"REF", &uri.fragment},
                                                                               {"PROTOCOL", &uri.scheme},
                                                                               {"AUTHORITY", &uri.authority},
                                                                               {"USERINFO", &uri.user_info}}};
  for (const auto& [name, value] : parts) {
    if (part == name) return *value ? std::optional<std::string>(**value) : std::nullopt;
  }
  return std::nullopt;
}

std::string UrlEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (IsAlpha(c) || base::IsDigit(c) || c == '.' || c == '-' || c == '*' || c == '_') {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::optional<std::string> UrlDecode(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (text.size() - i < 3 || base::HexDigit(text[i + 1]) < 0 || base::HexDigit(text[i + 2]) < 0) return std::nullopt;
    bytes += static_cast<char>(base::HexDigit(text[i + 1]) * 16 + base::HexDigit(text[i + 2]));
    i += 2;
  }
  std::string out;
  AppendValidUtf8(&out, bytes);
  return out;
}

void SetOptional(OutVector& result, size_t row, const std::optional<std::string>& value) {
  value ? result.SetString(row, *value) : result.SetNull(row);
}

}  // namespace

void AddNativeUrls(ScalarFunctions* out) {
  for (const bool strict : {true, false}) {
    AddPerRow(out, strict ? "spark_parse_url" : "spark_try_parse_url", {kString, kString}, DataType(kString),
              [=](const ScalarInput& in, size_t row, OutVector& result) {
                const std::string_view url = in[0].String(row);
                const auto uri = ParseUri(url);
                if (!uri && strict) {
                  throw Error("INVALID_URL",
                              fmt::format("The url is invalid: {}. Use `try_parse_url` to tolerate invalid URL and "
                                          "return NULL instead.",
                                          url),
                              {{"url", std::string(url)}});
                }
                SetOptional(result, row, uri ? PartOf(*uri, in[1].String(row)) : std::nullopt);
              });
    AddPerRow(out, strict ? "spark_url_decode" : "spark_try_url_decode", {kString}, DataType(kString),
              [=](const ScalarInput& in, size_t row, OutVector& result) {
                const std::string_view url = in[0].String(row);
                const auto text = UrlDecode(url);
                if (!text && strict) {
                  throw Error("CANNOT_DECODE_URL",
                              fmt::format("The provided URL cannot be decoded: {}. Please ensure that the URL is "
                                          "properly formatted and try again.",
                                          url),
                              {{"url", std::string(url)}});
                }
                SetOptional(result, row, text);
              });
  }
  AddPerRow(out, "spark_url_encode", {kString}, DataType(kString),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              result.SetString(row, UrlEncode(in[0].String(row)));
            });
}

}  // namespace tinderbox::engine
