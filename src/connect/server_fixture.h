#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "connect/server.h"
#include "connect/uuid.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "spark/conf.h"
#include "spark/connect/base.grpc.pb.h"
#include "spark/ipc.h"
#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::connect {

inline StructType IdSchema() {
  return StructType{{StructField{"id", DataType(TypeKind::kLong), false}}};
}

/// Counts from start to end in small batches, and ends when its operation is interrupted.
class CountingReader : public BatchReader {
 public:
  CountingReader(int64_t start, int64_t end, std::function<bool()> stopped, std::atomic<int64_t>* made)
      : next_(start), end_(end), stopped_(std::move(stopped)), made_(made) {}
  const StructType& schema() const override { return schema_; }
  bool Next(ArrowBatch* batch) override {
    if (stopped_()) throw Interrupted();
    if (next_ >= end_) return false;
    std::vector<Row> rows;
    for (; next_ < end_ && rows.size() < 2048; ++next_) rows.push_back(Row{{Value(next_)}});
    *made_ += static_cast<int64_t>(rows.size());
    *batch = spark::ToBatch(schema_, rows);
    return true;
  }

 private:
  StructType schema_ = IdSchema();
  int64_t next_;
  int64_t end_;
  std::function<bool()> stopped_;
  std::atomic<int64_t>* made_;
};

/// A session that understands ranges, waits when asked for a local relation, and fails on SQL.
class FakeSession : public spark::Session {
 public:
  using spark::Session::Execute;

  std::unique_ptr<BatchReader> Execute(const proto::Relation& relation, const spark::Operation& operation) override {
    ++queries;
    if (relation.has_sql()) Fail(relation.sql().query());
    if (relation.has_local_relation()) WaitForInterrupt(operation.id);
    int64_t end = relation.range().end();
    // A chain of limits ends at the range.
    for (const proto::Relation* at = &relation; at->has_limit(); at = &at->limit().input()) {
      end = at->limit().input().range().end();
    }
    return std::make_unique<CountingReader>(
        relation.range().start(), end, [this, id = operation.id] { return Stopped(id); }, &made);
  }

  proto::ExecutePlanResponse Execute(const proto::Command& command, const spark::Operation&) override {
    proto::ExecutePlanResponse response;
    ++commands;
    if (command.has_sql_command())
      response.mutable_sql_command_result()->mutable_relation()->mutable_range()->set_end(3);
    return response;
  }

  proto::ExecutePlanResponse Observed(const std::string& operation) override {
    proto::ExecutePlanResponse response;
    const std::lock_guard lock(mutex_);
    if (observing.contains(operation)) response.add_observed_metrics()->set_name("seen");
    return response;
  }

  proto::AnalyzePlanResponse Analyze(const proto::AnalyzePlanRequest& request) override {
    proto::AnalyzePlanResponse response;
    if (request.has_spark_version()) {
      response.mutable_spark_version()->set_version("4.2.0");
    } else {
      int depth = 0;
      for (const auto* at = &request.schema().plan().root(); at->has_limit(); at = &at->limit().input()) ++depth;
      response.mutable_tree_string()->set_tree_string(std::to_string(depth));
    }
    return response;
  }

  proto::ConfigResponse Config(const proto::ConfigRequest::Operation& operation) override {
    return conf_.Answer(operation);
  }

  void AddArtifact(const std::string& name, std::string data) override {
    const std::lock_guard lock(mutex_);
    artifacts[name] = std::move(data);
  }
  bool HasArtifact(const std::string& name) override {
    const std::lock_guard lock(mutex_);
    return artifacts.contains(name);
  }

  std::shared_ptr<spark::Session> Clone() override {
    auto clone = std::make_shared<FakeSession>();
    clone->conf_.Set("cloned", "true");
    return clone;
  }

  void InterruptTag(const std::string&) override {}  // the service knows the tags of its operations
  void Interrupt(const std::string& operation) override {
    if (lost_interrupts > 0 && lost_interrupts-- > 0) return;
    const std::lock_guard lock(mutex_);
    stopped_.insert(operation);
    changed_.notify_all();
  }
  Progress GetProgress(const std::string&) override { return {0.25, 10}; }

  std::atomic<int64_t> made = 0;         ///< rows, so far
  std::atomic<int> queries = 0;          ///< that were started
  std::atomic<int> commands = 0;         ///< the same
  std::atomic<int> lost_interrupts = 0;  ///< how many interrupts come too early to end anything
  std::map<std::string, std::string> artifacts;
  std::set<std::string> observing;

 private:
  bool Stopped(const std::string& operation) {
    const std::lock_guard lock(mutex_);
    return stopped_.contains(operation);
  }
  void WaitForInterrupt(const std::string& operation) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopped_.contains(operation); });
    throw Interrupted();
  }
  [[noreturn]] static void Fail(const std::string& query) {
    if (query == "parse") {
      QueryContext place;
      place.summary = " (line 1, pos 0)\n\n== SQL ==\nparse\n^^^\n";
      throw Error("PARSE_SYNTAX_ERROR", "Syntax error at or near 'parse'.", {{"error", "'parse'"}, {"hint", ""}},
                  {place});
    }
    if (query == "crash") throw std::runtime_error("out of order");
    if (query == "long") throw Error("PATH_NOT_FOUND", std::string(100'000, 'x'), {{"path", std::string(5000, 'y')}});
    QueryContext place;
    place.start_index = 7;
    place.stop_index = 9;
    place.fragment = "1/0";
    place.summary = "== SQL (line 1, position 8) ==\nselect 1/0\n       ^^^\n";
    throw Error("DIVIDE_BY_ZERO", "Division by zero.", {{"config", "\"spark.sql.ansi.enabled\""}}, {place});
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> stopped_;
  spark::Conf conf_;
};

/// A server over fake sessions on a free port, and a client of it.
class ServerTest : public testing::Test {
 protected:
  using Stub = proto::SparkConnectService::Stub;

  void Start(ServerOptions options = {}) {
    options.port = 0;
    server_ = std::make_unique<Server>(options, [this](const std::string&, const std::string& session_id) {
      auto session = std::make_shared<FakeSession>();
      const std::lock_guard lock(mutex_);
      fakes_[session_id] = session;
      return session;
    });
    stub_ = Connect(grpc::InsecureChannelCredentials());
  }

  std::unique_ptr<Stub> Connect(const std::shared_ptr<grpc::ChannelCredentials>& credentials) const {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetMaxSendMessageSize(-1);
    return proto::SparkConnectService::NewStub(
        grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_->port()), credentials, arguments));
  }

  FakeSession& fake(const std::string& session_id) {
    const std::lock_guard lock(mutex_);
    return *fakes_.at(session_id);
  }

  template <typename Request>
  Request Make() const {
    Request request;
    request.set_session_id(session_id_);
    request.mutable_user_context()->set_user_id("me");
    return request;
  }

  proto::ExecutePlanRequest Query(int64_t rows, bool reattachable = true) const {
    auto request = Make<proto::ExecutePlanRequest>();
    request.set_operation_id(NewUuid());
    request.mutable_plan()->mutable_root()->mutable_range()->set_end(rows);
    request.add_request_options()->mutable_reattach_options()->set_reattachable(reattachable);
    return request;
  }
  /// Runs until it is interrupted.
  proto::ExecutePlanRequest Waiting() const {
    auto request = Query(0);
    request.mutable_plan()->mutable_root()->mutable_local_relation();
    return request;
  }

  struct Answers {
    std::vector<proto::ExecutePlanResponse> responses;
    grpc::Status status;
    int64_t rows = 0;
  };

  static Answers ReadAll(grpc::ClientReader<proto::ExecutePlanResponse>* reader) {
    Answers out;
    for (proto::ExecutePlanResponse response; reader->Read(&response);) {
      if (response.has_arrow_batch() && response.arrow_batch().chunk_index() == 0)
        out.rows += response.arrow_batch().row_count();
      out.responses.push_back(response);
    }
    out.status = reader->Finish();
    return out;
  }
  Answers Run(const proto::ExecutePlanRequest& request) const {
    grpc::ClientContext call;
    return ReadAll(stub_->ExecutePlan(&call, request).get());
  }
  Answers Reattach(const proto::ExecutePlanRequest& request, const std::string& last = "") const {
    auto again = Make<proto::ReattachExecuteRequest>();
    again.set_operation_id(request.operation_id());
    if (!last.empty()) again.set_last_response_id(last);
    grpc::ClientContext call;
    return ReadAll(stub_->ReattachExecute(&call, again).get());
  }

  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response) const {
    grpc::ClientContext call;
    return (stub_.get()->*method)(&call, request, response);
  }

  std::string SparkVersion() const {
    auto request = Make<proto::AnalyzePlanRequest>();
    request.mutable_spark_version();
    proto::AnalyzePlanResponse response;
    return Call(&Stub::AnalyzePlan, request, &response).ok() ? response.spark_version().version() : "";
  }

  static google::rpc::ErrorInfo Info(const grpc::Status& status) {
    google::rpc::Status whole;
    google::rpc::ErrorInfo info;
    if (whole.ParseFromString(status.error_details()) && whole.details_size() == 1) whole.details(0).UnpackTo(&info);
    return info;
  }
  static std::string Condition(const grpc::Status& status) {
    const google::rpc::ErrorInfo info = Info(status);
    const auto found = info.metadata().find("errorClass");
    return found == info.metadata().end() ? "" : found->second;
  }

  /// Waits until the operation is known to the server.
  void AwaitOperation(const std::string& id) const {
    for (int i = 0; i < 500; ++i) {
      auto request = Make<proto::GetStatusRequest>();
      request.mutable_operation_status()->add_operation_ids(id);
      proto::GetStatusResponse response;
      if (Call(&Stub::GetStatus, request, &response).ok() &&
          response.operation_statuses(0).state() !=
              proto::GetStatusResponse::OperationStatus::OPERATION_STATE_UNKNOWN) {
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL() << "the operation does not start";
  }

  std::string session_id_ = NewUuid();
  std::unique_ptr<Server> server_;
  std::unique_ptr<Stub> stub_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<FakeSession>> fakes_;
};

}  // namespace tinderbox::connect
