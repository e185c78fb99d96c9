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

/// Sees to it that the buckets are there. nullopt: they are; else why not.
std::optional<std::string> MakeBuckets(const S3Server& server, const std::vector<std::string>& buckets,
                                       int64_t timeout);

}  // namespace tinderbox::cluster
