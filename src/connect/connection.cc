#include "connect/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "base/escapes.h"
#include "connect/server.h"
#include "connect/uuid.h"
#include "tinderbox/error.h"

namespace tinderbox::connect {
namespace {

constexpr std::string_view kScheme = "sc://";
constexpr size_t kMaxUserAgent = 2048;

[[noreturn]] void Refuse(const std::string& detail) {
  throw Error("INVALID_CONNECT_URL",
              fmt::format("The address of the Spark Connect server is not valid: {} It looks like "
                          "sc://HOST:15002/;use_ssl=true;token=TOKEN.",
                          detail),
              {{"detail", detail}});
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

size_t PercentEncodedSize(std::string_view text) {
  size_t out = 0;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("_.-~/").find(c) != std::string_view::npos;
    out += plain ? 1 : 3;
  }
  return out;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

/// gRPC sends only these, and ends the program that gives it others.
void CheckHeader(const std::string& name, const std::string& value) {
  const bool name_ok = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
  });
  if (!name_ok || name.starts_with("grpc-"))
    Refuse(fmt::format("The parameter \"{}\" cannot be sent as a header.", name));
  if (!std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; }))
    Refuse(fmt::format("The value of \"{}\" has characters that a header cannot have.", name));
}

void ParseAuthority(std::string_view authority, Connection* out) {
  if (authority.find('@') != std::string_view::npos)
    Refuse("A user before the host is not supported; the user is the parameter user_id.");
  std::string_view port;
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    if (end == std::string_view::npos) Refuse("The bracket of the IPv6 address is not closed.");
    out->host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) Refuse(fmt::format("\"{}\" is no port.", port));
  } else {
    const size_t colon = authority.find(':');
    out->host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon);
  }
  if (out->host.empty()) Refuse("The host is missing.");
  if (port.size() <= 1) return;
  port.remove_prefix(1);
  const auto read = std::from_chars(port.data(), port.data() + port.size(), out->port);
  if (read.ec != std::errc() || read.ptr != port.data() + port.size() || out->port < 1 || out->port > 65535)
    Refuse(fmt::format("The port \"{}\" is no number from 1 to 65535; parameters begin with \"/;\".",
                       port.substr(0, port.find(';'))));
}

void SetParameter(const std::string& key, const std::string& value, std::optional<std::string>* agent,
                  Connection* out) {
  if (key == "use_ssl") {
    const std::string wanted = Lower(value);
    if (wanted != "true" && wanted != "false") Refuse("use_ssl is true or false.");
    out->use_ssl = wanted == "true";
  } else if (key == "token") {
    out->token = value;
  } else if (key == "user_id") {
    out->user_id = value;
  } else if (key == "user_agent") {
    *agent = value;
  } else if (key == "session_id") {
    if (!IsUuid(value)) Refuse("session_id must be a UUID, 00112233-4455-6677-8899-aabbccddeeff.");
    out->session_id = value;
  } else {
    const std::string name = Lower(key);
    CheckHeader(name, value);
    std::erase_if(out->headers, [&](const auto& header) { return header.first == name; });
    out->headers.emplace_back(name, value);
  }
}

}  // namespace

bool Connection::tls() const {
  return use_ssl || (!token.empty() && !IsLoopback(host));
}

std::string Connection::target() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

std::string Connection::url() const {
  return std::string(kScheme) + target();
}

Connection ParseConnection(const std::string& url) {
  if (!url.starts_with(kScheme)) Refuse("It must begin with sc://.");
  if (url.find_first_of("?#") != std::string::npos) Refuse("\"?\" and \"#\" must be written as %3F and %23.");
  const std::string_view rest = std::string_view(url).substr(kScheme.size());
  const size_t slash = rest.find('/');
  Connection out;
  ParseAuthority(rest.substr(0, slash), &out);
  std::string_view path = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  if (!path.empty() && !path.starts_with(';'))
    Refuse(
        fmt::format("The path \"/{}\" must be empty; parameters begin with \"/;\".", path.substr(0, path.find(';'))));
  std::optional<std::string> agent;
  while (!path.empty()) {
    path.remove_prefix(1);
    const size_t end = std::min(path.find(';'), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(end);
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0 || part.find('=', equals + 1) != std::string_view::npos) {
      // The part may be a secret: only its name is shown.
      Refuse(fmt::format("The parameter \"{}\" is not of the form name=value; \"=\" in a value is written as %3D.",
                         part.substr(0, equals)));
    }
    SetParameter(std::string(part.substr(0, equals)), base::PercentDecode(part.substr(equals + 1)), &agent, &out);
  }
  if (out.token.empty()) out.token = Environment("SPARK_CONNECT_AUTHENTICATE_TOKEN");
  if (!std::ranges::all_of(out.token, [](char c) { return c > ' ' && c <= '~'; }))
    Refuse("The token has characters that a header cannot have.");
  if (out.user_id.empty()) out.user_id = Environment("SPARK_USER");
  if (out.user_id.empty()) out.user_id = Environment("USER");
  if (!agent) agent = Environment("SPARK_CONNECT_USER_AGENT");
  if (agent->empty()) agent = "tinderbox";
  if (PercentEncodedSize(*agent) > kMaxUserAgent)
    Refuse(fmt::format("user_agent is longer than {} characters.", kMaxUserAgent));
  out.user_agent = *agent + " spark/4.2.0 os/linux tinderbox/" TINDERBOX_VERSION;
  return out;
}

}  // namespace tinderbox::connect
