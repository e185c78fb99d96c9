#include "connect/plan_packing.h"

#include <fmt/format.h>
#include <google/protobuf/message.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/digest.h"
#include "spark/ipc.h"

namespace tinderbox::connect {
namespace {

constexpr size_t kChunkBytes = 256 << 10;
// So much of a local relation is held beside the relation itself while it is sent.
constexpr size_t kUploadBytes = 64 << 20;
// Below this size nothing is worth a question about the settings.
constexpr size_t kSmallPlan = 4 << 10;
constexpr int kUploadAttempts = 3;

void FillChunk(std::string_view bytes, proto::AddArtifactsRequest::ArtifactChunk* out) {
  out->set_data(bytes.data(), bytes.size());
  out->set_crc(static_cast<int64_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size())));
}

/// Writes the artifacts to an open upload; false when the server does not take any more.
bool WriteArtifacts(Client* client, const std::vector<Artifact>& artifacts,
                    grpc::ClientWriter<proto::AddArtifactsRequest>* writer) {
  const auto fresh = [&] {
    proto::AddArtifactsRequest request;
    client->Identify(&request);
    return request;
  };
  proto::AddArtifactsRequest batch = fresh();
  size_t batched = 0;
  const auto flush = [&] {
    if (batch.batch().artifacts_size() == 0) return true;
    const bool taken = writer->Write(batch);
    batch = fresh();
    batched = 0;
    return taken;
  };
  for (const auto& [name, bytes] : artifacts) {
    if (bytes.size() <= kChunkBytes) {
      if (batched + bytes.size() > kChunkBytes && !flush()) return false;
      auto* artifact = batch.mutable_batch()->add_artifacts();
      artifact->set_name(name);
      FillChunk(bytes, artifact->mutable_data());
      batched += bytes.size();
      continue;
    }
    if (!flush()) return false;
    for (size_t at = 0; at < bytes.size(); at += kChunkBytes) {
      const std::string_view chunk = std::string_view(bytes).substr(at, kChunkBytes);
      proto::AddArtifactsRequest request = fresh();
      if (at == 0) {
        auto* begin = request.mutable_begin_chunk();
        begin->set_name(name);
        begin->set_total_bytes(static_cast<int64_t>(bytes.size()));
        begin->set_num_chunks(static_cast<int64_t>((bytes.size() + kChunkBytes - 1) / kChunkBytes));
        FillChunk(chunk, begin->mutable_initial_chunk());
      } else {
        FillChunk(chunk, request.mutable_chunk());
      }
      if (!writer->Write(request)) return false;
    }
  }
  return flush();
}

/// `rows` rows of a batch from `start` on, valid as long as the batch.
ArrowBatch Slice(const ArrowBatch& batch, int64_t start, int64_t rows) {
  ArrowArray array = batch.array();
  array.offset += start;
  array.length = rows;
  array.null_count = array.n_buffers > 0 && array.buffers[0] != nullptr ? -1 : 0;
  array.release = [](ArrowArray* released) { released->release = nullptr; };
  return ArrowBatch(array);
}

/// Sends the rows of a local relation as artifacts of bounded size.
class RelationUpload {
 public:
  RelationUpload(Client* client, uint64_t limit) : client_(client), limit_(limit) {}

  std::string Add(std::string bytes) {
    total_ += bytes.size();
    if (total_ > limit_) {
      throw Error(
          "LOCAL_RELATION_SIZE_LIMIT_EXCEEDED",
          fmt::format("The local relation is larger than {} bytes, more than the server takes "
                      "(spark.sql.session.localRelationSizeLimit). Write it to a file that the server can read.",
                      limit_),
          {{"actualSize", std::to_string(total_)}, {"sizeLimit", std::to_string(limit_)}});
    }
    std::string hash = base::Hex(base::Sha256(bytes));
    waiting_bytes_ += bytes.size();
    waiting_.try_emplace("cache/" + hash, std::move(bytes));
    if (waiting_bytes_ >= kUploadBytes) Flush();
    return hash;
  }

  void Flush() {
    std::vector<std::string> names;
    for (const auto& [name, bytes] : waiting_) names.push_back(name);
    if (names.empty()) return;
    const std::vector<bool> known = HasArtifacts(client_, names);
    std::vector<Artifact> missing;
    for (size_t i = 0; i < names.size(); ++i) {
      if (!known[i]) missing.emplace_back(names[i], std::move(waiting_[names[i]]));
    }
    if (!missing.empty()) Upload(client_, missing);
    waiting_.clear();
    waiting_bytes_ = 0;
  }

 private:
  Client* const client_;
  const uint64_t limit_;
  std::map<std::string, std::string> waiting_;
  uint64_t waiting_bytes_ = 0;
  uint64_t total_ = 0;
};

}  // namespace

void Upload(Client* client, const std::vector<Artifact>& artifacts) {
  for (int attempt = 1;; ++attempt) {
    proto::AddArtifactsResponse response;
    client->Attempt([&](grpc::ClientContext* call) {
      response.Clear();
      const auto writer = client->stub().AddArtifacts(call, &response);
      if (WriteArtifacts(client, artifacts, writer.get())) writer->WritesDone();
      return writer->Finish();
    });
    client->Check(response);
    const auto damaged =
        std::ranges::find_if(response.artifacts(), [](const auto& a) { return !a.is_crc_successful(); });
    if (damaged == response.artifacts().end()) return;
    if (attempt == kUploadAttempts) {
      throw Error("TINDERBOX_CONNECT_FAILED", fmt::format("The artifact {} reached the server {} damaged, {} times.",
                                                          damaged->name(), client->connection().url(), attempt));
    }
  }
}

std::vector<bool> HasArtifacts(Client* client, const std::vector<std::string>& names) {
  proto::ArtifactStatusesRequest request;
  for (const std::string& name : names) request.add_names(name);
  const auto response = client->Call<proto::ArtifactStatusesRequest, proto::ArtifactStatusesResponse>(
      &Client::Stub::ArtifactStatus, request);
  std::vector<bool> out;
  for (const std::string& name : names) {
    const auto found = response.statuses().find(name);
    out.push_back(found != response.statuses().end() && found->second.exists());
  }
  return out;
}

PlanPacking::Limits PlanPacking::GetLimits() {
  const std::lock_guard lock(mutex_);
  if (limits_) return *limits_;
  // With the defaults of Spark 4.2, for servers that do not know them.
  constexpr std::pair<const char*, const char*> kKeys[] = {
      {"spark.sql.session.localRelationCacheThreshold", "1048576"},
      {"spark.sql.session.localRelationChunkSizeRows", "10000"},
      {"spark.sql.session.localRelationChunkSizeBytes", "16777216"},
      {"spark.sql.session.localRelationSizeLimit", "3221225472"},
      {"spark.connect.session.planCompression.threshold", "-1"},
      {"spark.connect.session.planCompression.defaultAlgorithm", "NONE"},
  };
  proto::ConfigRequest request;
  // With a default of ours beside it, a server would not tell its own.
  for (const auto& [key, value] : kKeys) request.mutable_operation()->mutable_get_option()->add_keys(key);
  const auto response = client_->Call<proto::ConfigRequest, proto::ConfigResponse>(&Client::Stub::Config, request);
  std::map<std::string, std::string> values;
  for (const auto& [key, value] : kKeys) values[key] = value;
  for (const auto& pair : response.pairs()) {
    if (pair.has_value()) values[pair.key()] = pair.value();
  }
  const auto number = [&](size_t i) {
    const std::string& text = values[kKeys[i].first];
    int64_t out = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    if (read.ec != std::errc())
      std::from_chars(kKeys[i].second, kKeys[i].second + std::string_view(kKeys[i].second).size(), out);
    return out;
  };
  Limits out;
  out.relation_bytes = static_cast<uint64_t>(std::max<int64_t>(0, number(0)));
  out.chunk_rows = std::max<int64_t>(1, number(1));
  out.chunk_bytes = static_cast<uint64_t>(std::max<int64_t>(1, number(2)));
  out.relation_limit = static_cast<uint64_t>(std::max<int64_t>(0, number(3)));
  if (number(4) >= 0 && values[kKeys[5].first] == "ZSTD") out.compress_bytes = static_cast<uint64_t>(number(4));
  limits_ = out;
  return out;
}

void PlanPacking::StopCompressing() {
  const std::lock_guard lock(mutex_);
  if (limits_) limits_->compress_bytes.reset();
}

void PlanPacking::Pack(proto::Relation* relation) {
  if (relation->ByteSizeLong() > kSmallPlan) SendApart(GetLimits(), static_cast<google::protobuf::Message*>(relation));
}

void PlanPacking::Pack(proto::Plan* plan) {
  if (plan->ByteSizeLong() <= kSmallPlan) return;
  const Limits limits = GetLimits();
  SendApart(limits, static_cast<google::protobuf::Message*>(plan));
  if (!limits.compress_bytes || plan->ByteSizeLong() <= *limits.compress_bytes) return;
  const bool query = plan->has_root();
  if (!query && !plan->has_command()) return;
  const std::string bytes = query ? plan->root().SerializeAsString() : plan->command().SerializeAsString();
  std::string packed(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size = ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), ZSTD_CLEVEL_DEFAULT);
  if (ZSTD_isError(size) != 0 || size >= bytes.size()) return;
  packed.resize(size);
  auto* operation = plan->mutable_compressed_operation();
  operation->set_data(std::move(packed));
  operation->set_op_type(query ? proto::Plan::CompressedOperation::OP_TYPE_RELATION
                               : proto::Plan::CompressedOperation::OP_TYPE_COMMAND);
  operation->set_compression_codec(proto::COMPRESSION_CODEC_ZSTD);
}

void PlanPacking::SendApart(const Limits& limits, google::protobuf::Message* message) {
  if (message->GetDescriptor() == proto::Relation::descriptor()) {
    auto* relation = static_cast<proto::Relation*>(message);
    if (relation->has_local_relation()) {
      if (relation->local_relation().data().size() > limits.relation_bytes) SendApart(limits, relation);
      return;
    }
  }
  const auto* reflection = message->GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
    if (!field->is_repeated()) {
      SendApart(limits, reflection->MutableMessage(message, field));
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(*message, field); ++i)
      SendApart(limits, reflection->MutableRepeatedMessage(message, field, i));
  }
}

void PlanPacking::SendApart(const Limits& limits, proto::Relation* relation) {
  const proto::LocalRelation local = std::move(*relation->mutable_local_relation());
  auto* apart = relation->mutable_chunked_cached_local_relation();
  RelationUpload upload(client_, limits.relation_limit);
  if (local.has_schema()) apart->set_schemahash(upload.Add(local.schema()));
  const auto reader = spark::ReadIpcStream(local.data());
  std::vector<ArrowBatch> batches;
  int64_t rows = 0;
  for (ArrowBatch batch; reader->Next(&batch); rows += batches.back().rows()) batches.push_back(std::move(batch));
  // A chunk holds so many rows as fit into it on average.
  const uint64_t row_bytes = local.data().size() / static_cast<uint64_t>(std::max<int64_t>(1, rows)) + 1;
  const int64_t most = std::clamp<int64_t>(static_cast<int64_t>(limits.chunk_bytes / row_bytes), 1, limits.chunk_rows);
  std::vector<ArrowBatch> chunk;
  int64_t chunk_rows = 0;
  const auto flush = [&] {
    apart->add_datahashes(upload.Add(spark::WriteIpcStream(reader->schema(), chunk)));
    chunk.clear();
    chunk_rows = 0;
  };
  for (const ArrowBatch& batch : batches) {
    for (int64_t start = 0; start < batch.rows();) {
      const int64_t taken = std::min(most - chunk_rows, batch.rows() - start);
      chunk.push_back(Slice(batch, start, taken));
      start += taken;
      chunk_rows += taken;
      if (chunk_rows == most) flush();
    }
  }
  if (chunk_rows > 0 || apart->datahashes().empty()) flush();
  upload.Flush();
}

}  // namespace tinderbox::connect
