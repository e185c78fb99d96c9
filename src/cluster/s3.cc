#include "cluster/s3.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "cluster/probe.h"
#include "store/sign.h"

namespace tinderbox::cluster {
namespace {

constexpr const char* kRegion = "us-east-1";

std::optional<HttpAnswer> Ask(const S3Server& server, const std::string& method, const std::string& path,
                              int64_t timeout, std::string* why) {
  const std::string time = fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::time(nullptr)));
  const std::string host = fmt::format("{}:{}", server.host, server.port);
  std::string request =
      fmt::format("{} {} HTTP/1.0\r\nHost: {}\r\nContent-Length: 0\r\nConnection: close\r\n", method, path, host);
  for (const std::string& header : store::SignedHeaders({method, host, path, {}, {}, {}},
                                                        {server.access_key, server.secret_key, ""}, kRegion, time))
    request += header + "\r\n";
  request += "\r\n";
  return HttpExchange(server.host, server.port, path, request, timeout, why);
}

}  // namespace

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
