#include "store/sign.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "store/http.h"

namespace tinderbox::store {
std::string QueryText(const std::map<std::string, std::string>& query) {
  std::string out;
  for (const auto& [name, value] : query)
    out += fmt::format("{}{}={}", out.empty() ? "" : "&", UrlEncode(name, false), UrlEncode(value, false));
  return out;
}

std::vector<std::string> SignedHeaders(const S3Request& request, const Credentials& credentials,
                                       const std::string& region, const std::string& time) {
  std::vector<std::string> out;
  for (const auto& [name, value] : request.headers) out.push_back(fmt::format("{}: {}", name, value));
  if (credentials.access_key.empty()) return out;
  const std::string digest = base::Hex(base::Sha256(request.body));
  std::map<std::string, std::string> headers = request.headers;
  headers["x-amz-content-sha256"] = digest;
  headers["x-amz-date"] = time;
  if (!credentials.session_token.empty()) headers["x-amz-security-token"] = credentials.session_token;
  out.clear();
  for (const auto& [name, value] : headers) out.push_back(fmt::format("{}: {}", name, value));
  headers["host"] = request.host;
  std::string lines, names;
  for (const auto& [name, value] : headers) {
    lines += fmt::format("{}:{}\n", name, value);
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string canonical = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, UrlEncode(request.path, true),
                                            QueryText(request.query), lines, names, digest);
  const std::string day = time.substr(0, 8);
  const std::string scope = fmt::format("{}/{}/s3/aws4_request", day, region);
  const std::string text = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope, base::Hex(base::Sha256(canonical)));
  std::string key = "AWS4" + credentials.secret_key;
  for (const std::string_view part :
       {std::string_view(day), std::string_view(region), std::string_view("s3"), std::string_view("aws4_request")}) {
    key = base::HmacSha256(key, part);
  }
  out.push_back(fmt::format("Authorization: AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                            credentials.access_key, scope, names, base::Hex(base::HmacSha256(key, text))));
  return out;
}

}  // namespace tinderbox::store
