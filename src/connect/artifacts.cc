#include "connect/artifacts.h"

#include <fmt/format.h>
#include <zlib.h>

#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::connect {
namespace {

[[noreturn]] void Refuse(const std::string& why) {
  throw Error("INVALID_PARAMETER_VALUE.ARTIFACT", fmt::format("The artifacts cannot be added: {}.", why));
}

bool Intact(const proto::AddArtifactsRequest::ArtifactChunk& chunk) {
  const auto* data = reinterpret_cast<const Bytef*>(chunk.data().data());
  return chunk.crc() == static_cast<int64_t>(::crc32_z(0, data, chunk.data().size()));
}

}  // namespace

void ArtifactUpload::Begin(const std::string& name, int64_t chunks, int64_t bytes) {
  if (!name_.empty()) Refuse(fmt::format("\"{}\" begins before \"{}\" is complete", name, name_));
  if (name.empty()) Refuse("one has no name");
  if (chunks < 1 || bytes < 0) Refuse(fmt::format("\"{}\" has {} chunks of {} bytes", name, chunks, bytes));
  name_ = name;
  data_.clear();
  chunks_left_ = chunks;
  total_bytes_ = bytes;
  intact_ = true;
}

void ArtifactUpload::AddChunk(const proto::AddArtifactsRequest::ArtifactChunk& chunk) {
  if (name_.empty()) Refuse("a chunk belongs to no artifact");
  intact_ = intact_ && Intact(chunk);
  if (static_cast<int64_t>(data_.size() + chunk.data().size()) > total_bytes_)
    Refuse(fmt::format("\"{}\" is longer than the {} bytes it announced", name_, total_bytes_));
  data_ += chunk.data();
  if (--chunks_left_ > 0) return;
  if (intact_ && static_cast<int64_t>(data_.size()) != total_bytes_)
    Refuse(fmt::format("\"{}\" has {} bytes instead of {}", name_, data_.size(), total_bytes_));
  if (intact_) session_->AddArtifact(name_, std::move(data_));
  done_[name_] = intact_;
  name_.clear();
  data_ = {};
}

void ArtifactUpload::Add(const proto::AddArtifactsRequest& request) {
  switch (request.payload_case()) {
    case proto::AddArtifactsRequest::kBatch:
      for (const auto& artifact : request.batch().artifacts()) {
        Begin(artifact.name(), 1, static_cast<int64_t>(artifact.data().data().size()));
        AddChunk(artifact.data());
      }
      break;
    case proto::AddArtifactsRequest::kBeginChunk: {
      const auto& begin = request.begin_chunk();
      Begin(begin.name(), begin.num_chunks(), begin.total_bytes());
      AddChunk(begin.initial_chunk());
      break;
    }
    case proto::AddArtifactsRequest::kChunk:
      AddChunk(request.chunk());
      break;
    case proto::AddArtifactsRequest::PAYLOAD_NOT_SET:
      Refuse("a message of the upload holds nothing");
  }
}

void ArtifactUpload::Finish(proto::AddArtifactsResponse* response) {
  if (!name_.empty()) Refuse(fmt::format("\"{}\" is not complete", name_));
  for (const auto& [name, intact] : done_) {
    auto* summary = response->add_artifacts();
    summary->set_name(name);
    summary->set_is_crc_successful(intact);
  }
}

}  // namespace tinderbox::connect
