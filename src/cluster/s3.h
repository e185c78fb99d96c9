#pragma once

#include <optional>
#include <string>
#include <vector>

namespace tinderbox::cluster {

/// An S3 server and who asks it.
struct S3Server {
  std::string host;
  int port = 0;
  std::string access_key;
  std::string secret_key;
};

/// The Authorization header of a request without a body (AWS Signature Version 4); `time` is "20260101T000000Z".
std::string SignS3(const S3Server& server, const std::string& method, const std::string& path, const std::string& time);

/// Sees to it that the buckets are there. nullopt: they are; else why not.
std::optional<std::string> MakeBuckets(const S3Server& server, const std::vector<std::string>& buckets,
                                       int64_t timeout);

}  // namespace tinderbox::cluster
