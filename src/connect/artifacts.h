#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "spark/session.h"

namespace spark::connect {
class AddArtifactsRequest;
class AddArtifactsRequest_ArtifactChunk;
class AddArtifactsResponse;
}  // namespace spark::connect

namespace tinderbox::connect {

/// Puts the artifacts of one upload together, in the order its messages come. Not thread-safe.
class ArtifactUpload {
 public:
  explicit ArtifactUpload(spark::Session* session) : session_(session) {}
  /// Throws Error CONNECT_INVALID_ARTIFACT… for a message that does not follow the one before it.
  void Add(const ::spark::connect::AddArtifactsRequest& request);
  /// Checks that nothing is missing and says what was stored: artifacts whose check sum was wrong were not.
  void Finish(::spark::connect::AddArtifactsResponse* response);

 private:
  void Begin(const std::string& name, int64_t chunks, int64_t bytes);
  void AddChunk(const ::spark::connect::AddArtifactsRequest_ArtifactChunk& chunk);

  spark::Session* const session_;
  std::string name_;  ///< of the artifact being put together; empty between two
  std::string data_;
  int64_t chunks_left_ = 0;
  int64_t total_bytes_ = 0;
  bool intact_ = true;
  std::map<std::string, bool> done_;
};

}  // namespace tinderbox::connect
