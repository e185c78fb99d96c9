#include "cluster/s3.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <ctime>
#include <string_view>

#include "base/fail.h"
#include "cluster/digest.h"
#include "cluster/probe.h"

namespace tinderbox::cluster {
namespace {

constexpr std::string_view kRegion = "us-east-1";
constexpr std::string_view kSignedHeaders = "host;x-amz-content-sha256;x-amz-date";

std::string Hmac(std::string_view key, std::string_view text) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), hash, &size);
  return {reinterpret_cast<char*>(hash), size};
}

std::optional<HttpAnswer> Ask(const S3Server& server, const std::string& method, const std::string& path,
                              int64_t timeout, std::string* why) {
  const std::string time = fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::time(nullptr)));
  const std::string request = fmt::format(
      "{} {} HTTP/1.0\r\nHost: {}:{}\r\nx-amz-content-sha256: {}\r\nx-amz-date: {}\r\nAuthorization: {}\r\n"
      "Content-Length: 0\r\nConnection: close\r\n\r\n",
      method, path, server.host, server.port, Hex(Sha256("")), time, SignS3(server, method, path, time));
  return HttpExchange(server.host, server.port, path, request, timeout, why);
}

}  // namespace

std::string SignS3(const S3Server& server, const std::string& method, const std::string& path,
                   const std::string& time) {
  const std::string nothing = Hex(Sha256(""));
  const std::string canonical =
      fmt::format("{}\n{}\n\nhost:{}:{}\nx-amz-content-sha256:{}\nx-amz-date:{}\n\n{}\n{}", method, path, server.host,
                  server.port, nothing, time, kSignedHeaders, nothing);
  const std::string day = time.substr(0, 8);
  const std::string scope = fmt::format("{}/{}/s3/aws4_request", day, kRegion);
  const std::string text = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope, Hex(Sha256(canonical)));
  std::string key = "AWS4" + server.secret_key;
  for (const std::string_view part :
       {std::string_view(day), kRegion, std::string_view("s3"), std::string_view("aws4_request")})
    key = Hmac(key, part);
  return fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}", server.access_key, scope,
                     kSignedHeaders, Hex(Hmac(key, text)));
}

std::optional<std::string> MakeBuckets(const S3Server& server, const std::vector<std::string>& buckets,
                                       int64_t timeout) {
  std::string why;
  const std::optional<HttpAnswer> list = Ask(server, "GET", "/", timeout, &why);
  if (!list) return why;
  if (list->status != 200) return fmt::format("the list of buckets is answered by {}", list->status);
  for (const std::string& bucket : buckets) {
    if (list->body.find(fmt::format("<Name>{}</Name>", bucket)) != std::string::npos) continue;
    const std::optional<HttpAnswer> made = Ask(server, "PUT", "/" + bucket, timeout, &why);
    if (!made) return why;
    // 409: somebody else was faster.
    if (made->status != 200 && made->status != 409)
      return fmt::format("making the bucket {} is answered by {}", bucket, made->status);
    const std::optional<HttpAnswer> there = Ask(server, "HEAD", "/" + bucket, timeout, &why);
    if (!there) return why;
    if (there->status != 200)
      return fmt::format("the bucket {} was made, and asking for it is answered by {}", bucket, there->status);
  }
  return std::nullopt;
}

}  // namespace tinderbox::cluster
