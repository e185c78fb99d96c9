#include "connect/remote_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "connect/client.h"
#include "connect/errors.h"
#include "connect/plan_packing.h"
#include "connect/response_stream.h"
#include "connect/uuid.h"
#include "spark/ipc.h"
#include "spark/proto_types.h"

namespace tinderbox::connect {
namespace {

// Of operations that ran, so many have metrics that nobody has asked for yet.
constexpr size_t kKeptObservations = 1000;

/// What one session's operations tell besides their rows. Thread-safe.
class Sidelights {
 public:
  explicit Sidelights(const RemoteOptions& options) : options_(options) {}

  void Read(const std::string& name, const proto::ExecutePlanResponse& response) {
    if (response.has_execution_progress()) Show(name, response.execution_progress());
    if (response.observed_metrics_size() == 0 || name.empty()) return;
    const std::lock_guard lock(mutex_);
    if (observed_.size() >= kKeptObservations) observed_.erase(observed_.begin());
    *observed_[name].mutable_observed_metrics() = response.observed_metrics();
  }

  proto::ExecutePlanResponse Observed(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = observed_.find(name);
    if (found == observed_.end()) return {};
    proto::ExecutePlanResponse out = std::move(found->second);
    observed_.erase(found);
    return out;
  }

  Progress Get(const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (!name.empty()) {
      const auto found = progress_.find(name);
      return found == progress_.end() ? Progress{} : found->second;
    }
    return latest_;
  }

  void Forget(const std::string& name) {
    const std::lock_guard lock(mutex_);
    progress_.erase(name);
    latest_ = {};
  }

 private:
  void Show(const std::string& name, const proto::ExecutePlanResponse::ExecutionProgress& message) {
    int64_t tasks = 0;
    int64_t done = 0;
    Progress now;
    for (const auto& stage : message.stages()) {
      tasks += stage.num_tasks();
      done += stage.num_completed_tasks();
      now.bytes += static_cast<uint64_t>(stage.input_bytes_read());
      now.stages_done += stage.done() ? 1 : 0;
    }
    now.stages = message.stages_size();
    if (tasks > 0) now.fraction = static_cast<double>(done) / static_cast<double>(tasks);
    {
      const std::lock_guard lock(mutex_);
      progress_[name] = latest_ = now;
    }
    if (options_.on_progress) options_.on_progress(name, now);
  }

  const RemoteOptions& options_;
  std::mutex mutex_;
  std::map<std::string, proto::ExecutePlanResponse> observed_;
  std::map<std::string, Progress> progress_;
  Progress latest_;
};

[[noreturn]] void FailResult(const std::string& why) {
  throw Error("TINDERBOX_CONNECT_FAILED", fmt::format("The server's result is damaged: {}.", why));
}

/// A result on its way from the server.
class RemoteReader : public BatchReader {
 public:
  RemoteReader(std::unique_ptr<ResponseStream> stream, std::shared_ptr<Sidelights> sidelights, std::string name)
      : stream_(std::move(stream)), sidelights_(std::move(sidelights)), name_(std::move(name)) {
    while (!schema_ && Read()) {
    }
    if (!schema_) FailResult("it has no schema");
  }
  ~RemoteReader() override { sidelights_->Forget(name_); }

  const StructType& schema() const override { return *schema_; }

  bool Next(ArrowBatch* batch) override {
    while (true) {
      if (current_ != nullptr) {
        if (current_->Next(batch)) {
          rows_ += batch->rows();
          return true;
        }
        current_.reset();
        if (rows_ != wanted_) FailResult(fmt::format("{} rows came instead of {}", rows_, wanted_));
      }
      if (!Read()) return false;
    }
  }

 private:
  /// Takes one response; false at the end.
  bool Read() {
    proto::ExecutePlanResponse response;
    if (!stream_->Next(&response)) return false;
    sidelights_->Read(name_, response);
    if (response.has_schema() && !schema_) {
      const DataType type = spark::FromProto(response.schema());
      if (type.kind() != TypeKind::kStruct) FailResult("its schema is no struct");
      schema_ = StructType{type.fields()};
    }
    if (response.has_arrow_batch()) AddChunk(response.mutable_arrow_batch());
    return true;
  }

  void AddChunk(proto::ExecutePlanResponse::ArrowBatch* batch) {
    if (batch->chunk_index() != chunks_)
      FailResult(fmt::format("the piece {} of a batch came instead of {}", batch->chunk_index(), chunks_));
    if (chunks_ == 0 && batch->has_start_offset() && batch->start_offset() != wanted_)
      FailResult(fmt::format("a batch begins at row {} instead of {}", batch->start_offset(), wanted_));
    if (++chunks_ == 1) {
      bytes_ = std::move(*batch->mutable_data());
    } else {
      bytes_ += batch->data();
    }
    if (batch->num_chunks_in_batch() > chunks_) return;
    chunks_ = 0;
    wanted_ += batch->row_count();
    current_ = schema_ ? spark::ReadIpcStream(bytes_, *schema_) : spark::ReadIpcStream(bytes_);
    if (!schema_) schema_ = current_->schema();
    bytes_ = {};
  }

  const std::unique_ptr<ResponseStream> stream_;
  const std::shared_ptr<Sidelights> sidelights_;
  const std::string name_;
  std::optional<StructType> schema_;
  std::unique_ptr<BatchReader> current_;
  std::string bytes_;   ///< of a batch whose pieces are coming
  int64_t chunks_ = 0;  ///< of it, so far
  int64_t rows_ = 0;    ///< given out
  int64_t wanted_ = 0;  ///< announced
};

class Remote : public RemoteSession {
 public:
  using spark::Session::Execute;

  /// `owned`: the session ends with this object.
  Remote(std::shared_ptr<Client> client, bool owned) : client_(std::move(client)), owned_(owned) {}

  ~Remote() override {
    if (!owned_) return;
    proto::ReleaseSessionRequest request;
    client_->Identify(&request);
    proto::ReleaseSessionResponse response;
    grpc::ClientContext call;
    AddHeaders(client_->connection(), &call);
    call.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
    // A server that is not there has no session either.
    client_->stub().ReleaseSession(&call, request, &response);
  }

  /// Asks for the server's version, which makes the session and tells its id there.
  void Open() {
    proto::AnalyzePlanRequest request;
    request.mutable_spark_version();
    client_->Identify(&request);
    proto::AnalyzePlanResponse response;
    const auto within = client_->options().connect_timeout;
    client_->Attempt([&](grpc::ClientContext* call) { return client_->stub().AnalyzePlan(call, request, &response); },
                     within.count() == 0 ? std::nullopt : std::optional(within));
    client_->Check(response);
  }

  std::unique_ptr<BatchReader> Execute(const proto::Relation& relation, const spark::Operation& operation) override {
    proto::ExecutePlanRequest request;
    *request.mutable_plan()->mutable_root() = relation;
    return Guard([&] {
      return std::make_unique<RemoteReader>(Start(std::move(request), operation), sidelights_, operation.id);
    });
  }

  proto::ExecutePlanResponse Execute(const proto::Command& command, const spark::Operation& operation) override {
    if (command.has_streaming_query_listener_bus_command()) {
      throw Error("UNSUPPORTED_FEATURE.COMMAND",
                  "Events of streaming queries come without end; a remote session gives only commands that end.",
                  {{"command", "streaming_query_listener_bus_command"}});
    }
    proto::ExecutePlanRequest request;
    *request.mutable_plan()->mutable_command() = command;
    return Guard([&] {
      const auto stream = Start(std::move(request), operation);
      proto::ExecutePlanResponse out;
      for (proto::ExecutePlanResponse response; stream->Next(&response);) {
        sidelights_->Read(operation.id, response);
        response.clear_observed_metrics();
        if (!response.has_execution_progress() && !response.has_result_complete()) out.MergeFrom(response);
      }
      sidelights_->Forget(operation.id);
      for (auto* id : {out.mutable_session_id(), out.mutable_server_side_session_id(), out.mutable_operation_id(),
                       out.mutable_response_id()}) {
        id->clear();
      }
      return out;
    });
  }

  proto::ExecutePlanResponse Observed(const std::string& operation) override {
    return sidelights_->Observed(operation);
  }

  proto::AnalyzePlanResponse Analyze(const proto::AnalyzePlanRequest& wanted) override {
    proto::AnalyzePlanRequest request = wanted;
    const auto pack = [&](auto* question) { packing_.Pack(question->mutable_plan()); };
    switch (request.analyze_case()) {
      case proto::AnalyzePlanRequest::kSchema:
        pack(request.mutable_schema());
        break;
      case proto::AnalyzePlanRequest::kExplain:
        pack(request.mutable_explain());
        break;
      case proto::AnalyzePlanRequest::kTreeString:
        pack(request.mutable_tree_string());
        break;
      case proto::AnalyzePlanRequest::kIsLocal:
        pack(request.mutable_is_local());
        break;
      case proto::AnalyzePlanRequest::kIsStreaming:
        pack(request.mutable_is_streaming());
        break;
      case proto::AnalyzePlanRequest::kInputFiles:
        pack(request.mutable_input_files());
        break;
      case proto::AnalyzePlanRequest::kSemanticHash:
        pack(request.mutable_semantic_hash());
        break;
      case proto::AnalyzePlanRequest::kSameSemantics:
        packing_.Pack(request.mutable_same_semantics()->mutable_target_plan());
        packing_.Pack(request.mutable_same_semantics()->mutable_other_plan());
        break;
      case proto::AnalyzePlanRequest::kPersist:
        packing_.Pack(request.mutable_persist()->mutable_relation());
        break;
      case proto::AnalyzePlanRequest::kUnpersist:
        packing_.Pack(request.mutable_unpersist()->mutable_relation());
        break;
      case proto::AnalyzePlanRequest::kGetStorageLevel:
        packing_.Pack(request.mutable_get_storage_level()->mutable_relation());
        break;
      default:  // the other questions are not about a plan
        break;
    }
    return Guard([&] {
      return WithoutIds(
          client_->Call<proto::AnalyzePlanRequest, proto::AnalyzePlanResponse>(&Client::Stub::AnalyzePlan, request));
    });
  }

  proto::ConfigResponse Config(const proto::ConfigRequest::Operation& operation) override {
    proto::ConfigRequest request;
    *request.mutable_operation() = operation;
    return WithoutIds(client_->Call<proto::ConfigRequest, proto::ConfigResponse>(&Client::Stub::Config, request));
  }

  void AddArtifact(const std::string& name, std::string data) override {
    std::vector<Artifact> artifacts;
    artifacts.emplace_back(name, std::move(data));
    Upload(client_.get(), artifacts);
  }
  bool HasArtifact(const std::string& name) override { return HasArtifacts(client_.get(), {name})[0]; }

  std::shared_ptr<spark::Session> Clone() override {
    Connection connection = client_->connection();
    connection.session_id = NewUuid();
    proto::CloneSessionRequest request;
    client_->Identify(&request);
    request.set_new_session_id(connection.session_id);
    proto::CloneSessionResponse response;
    bool lost = false;
    client_->Attempt([&](grpc::ClientContext* call) {
      grpc::Status status = client_->stub().CloneSession(call, request, &response);
      // The id is ours alone: when it is taken, an attempt whose answer was lost had made the clone.
      if (lost && status.error_message().find("TARGET_SESSION_ID_ALREADY_EXISTS") != std::string::npos)
        return grpc::Status::OK;
      lost = !status.ok();
      return status;
    });
    auto clone = std::make_shared<Remote>(
        std::make_shared<Client>(std::move(connection), client_->options(), client_->channel()), true);
    clone->Open();
    return clone;
  }

  void Interrupt(const std::string& operation) override { client_->Interrupt(operation); }
  void InterruptTag(const std::string& tag) override { client_->InterruptTag(tag); }
  Progress GetProgress(const std::string& operation) override { return sidelights_->Get(operation); }

  std::vector<Status> GetStatus(const std::vector<std::string>& operations) override {
    proto::GetStatusRequest request;
    request.mutable_operation_status();
    for (const std::string& id : operations) request.mutable_operation_status()->add_operation_ids(id);
    const auto response =
        client_->Call<proto::GetStatusRequest, proto::GetStatusResponse>(&Client::Stub::GetStatus, request);
    std::vector<Status> out;
    for (const auto& status : response.operation_statuses()) {
      constexpr std::string_view kPrefix = "OPERATION_STATE_";
      const std::string state = proto::GetStatusResponse::OperationStatus::OperationState_Name(status.state());
      out.push_back({status.operation_id(), state.starts_with(kPrefix) ? state.substr(kPrefix.size()) : "UNKNOWN"});
    }
    return out;
  }

  const std::string& session_id() const override { return client_->session_id(); }

 private:
  template <typename Response>
  static Response WithoutIds(Response response) {
    response.clear_session_id();
    response.clear_server_side_session_id();
    return response;
  }

  std::unique_ptr<ResponseStream> Start(proto::ExecutePlanRequest request, const spark::Operation& operation) {
    packing_.Pack(request.mutable_plan());
    for (const std::string& tag : operation.tags) request.add_tags(tag);
    return std::make_unique<ResponseStream>(client_, std::move(request), operation.id);
  }

  /// A server that does not understand compressed plans gets them as they are from then on.
  template <typename Body>
  auto Guard(const Body& body) -> decltype(body()) {
    try {
      return body();
    } catch (const Error& error) {
      if (error.condition() == "CONNECT_INVALID_PLAN.CANNOT_PARSE") packing_.StopCompressing();
      throw;
    }
  }

  const std::shared_ptr<Client> client_;
  const bool owned_;
  const std::shared_ptr<Sidelights> sidelights_ = std::make_shared<Sidelights>(client_->options());
  PlanPacking packing_{client_.get()};
};

}  // namespace

std::shared_ptr<RemoteSession> OpenRemote(const std::string& url, const RemoteOptions& options) {
  const Connection connection = ParseConnection(url);
  const auto channel = OpenChannel(connection, options);
  auto session =
      std::make_shared<Remote>(std::make_shared<Client>(connection, options, channel), connection.session_id.empty());
  session->Open();
  return session;
}

}  // namespace tinderbox::connect

namespace tinderbox {

Session Session::Connect(const std::string& url) {
  return Session(connect::OpenRemote(url));
}

}  // namespace tinderbox
