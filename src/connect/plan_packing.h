#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connect/client.h"

namespace tinderbox::connect {

using Artifact = std::pair<std::string, std::string>;  ///< name, bytes

/// Sends artifacts in chunks. Throws Error, also when the server got them damaged.
void Upload(Client* client, const std::vector<Artifact>& artifacts);
/// Which of these artifacts the server has.
std::vector<bool> HasArtifacts(Client* client, const std::vector<std::string>& names);

/// Makes plans fit to be sent, as the session's settings say: large local relations become artifacts that the server
/// keeps, and plans that are large then are compressed. Thread-safe.
class PlanPacking {
 public:
  explicit PlanPacking(Client* client) : client_(client) {}
  void Pack(proto::Plan* plan);
  void Pack(proto::Relation* relation);
  /// The server could not read a compressed plan.
  void StopCompressing();

 private:
  struct Limits {
    uint64_t relation_bytes = 0;  ///< from this size on, a local relation is sent apart
    int64_t chunk_rows = 0;
    uint64_t chunk_bytes = 0;
    uint64_t relation_limit = 0;
    std::optional<uint64_t> compress_bytes;  ///< from this size on, plans are compressed; nothing: never
  };

  Limits GetLimits();
  void SendApart(const Limits& limits, google::protobuf::Message* message);
  void SendApart(const Limits& limits, proto::Relation* relation);

  Client* const client_;
  std::mutex mutex_;
  std::optional<Limits> limits_;
};

}  // namespace tinderbox::connect
