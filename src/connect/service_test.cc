#include <grpcpp/generic/generic_stub.h>
#include <zlib.h>

#include <future>
#include <nlohmann/json.hpp>

#include "connect/server_fixture.h"

namespace tinderbox::connect {
namespace {

class ServiceTest : public ServerTest {
 protected:
  Answers Sql(const std::string& query) const {
    auto request = Query(0);
    request.mutable_plan()->mutable_root()->mutable_sql()->set_query(query);
    return Run(request);
  }

  static proto::AddArtifactsRequest::ArtifactChunk Chunk(const std::string& data) {
    proto::AddArtifactsRequest::ArtifactChunk chunk;
    chunk.set_data(data);
    chunk.set_crc(static_cast<int64_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size())));
    return chunk;
  }
  grpc::Status Upload(const std::vector<proto::AddArtifactsRequest>& messages, proto::AddArtifactsResponse* response) {
    grpc::ClientContext call;
    const auto writer = stub_->AddArtifacts(&call, response);
    for (const auto& message : messages) {
      if (!writer->Write(message)) break;
    }
    writer->WritesDone();
    return writer->Finish();
  }
};

TEST_F(ServiceTest, KeepsTheServerSideIdOfASession) {
  Start();
  auto request = Make<proto::ConfigRequest>();
  request.mutable_operation()->mutable_get_all();
  proto::ConfigResponse first;
  proto::ConfigResponse second;
  ASSERT_TRUE(Call(&Stub::Config, request, &first).ok());
  request.set_client_observed_server_side_session_id(first.server_side_session_id());
  ASSERT_TRUE(Call(&Stub::Config, request, &second).ok());
  EXPECT_EQ(first.server_side_session_id(), second.server_side_session_id());
  EXPECT_EQ(first.session_id(), session_id_);
  request.set_client_observed_server_side_session_id(NewUuid());
  EXPECT_EQ(Condition(Call(&Stub::Config, request, &second)), "INVALID_HANDLE.SESSION_CHANGED");
  request.set_session_id("mine");
  EXPECT_EQ(Condition(Call(&Stub::Config, request, &second)), "INVALID_HANDLE.FORMAT");
}

TEST_F(ServiceTest, KeepsSessionsOfUsersApart) {
  Start();
  auto request = Make<proto::ConfigRequest>();
  auto* pair = request.mutable_operation()->mutable_set()->add_pairs();
  pair->set_key("mine");
  pair->set_value("1");
  proto::ConfigResponse response;
  ASSERT_TRUE(Call(&Stub::Config, request, &response).ok());
  request.mutable_operation()->mutable_get()->add_keys("mine");
  ASSERT_TRUE(Call(&Stub::Config, request, &response).ok());
  EXPECT_EQ(response.pairs(0).value(), "1");
  request.mutable_user_context()->set_user_id("you");
  EXPECT_EQ(Condition(Call(&Stub::Config, request, &response)), "SQL_CONF_NOT_FOUND");
}

TEST_F(ServiceTest, RemembersClosedSessions) {
  Start();
  ASSERT_EQ(SparkVersion(), "4.2.0");
  auto release = Make<proto::ReleaseSessionRequest>();
  proto::ReleaseSessionResponse released;
  release.set_allow_reconnect(true);
  ASSERT_TRUE(Call(&Stub::ReleaseSession, release, &released).ok());
  EXPECT_FALSE(released.server_side_session_id().empty());
  EXPECT_EQ(SparkVersion(), "4.2.0");
  release.set_allow_reconnect(false);
  ASSERT_TRUE(Call(&Stub::ReleaseSession, release, &released).ok());
  EXPECT_EQ(Condition(Run(Query(1)).status), "INVALID_HANDLE.SESSION_CLOSED");
  EXPECT_EQ(Condition(Reattach(Query(1)).status), "INVALID_HANDLE.SESSION_CLOSED");
  EXPECT_TRUE(Call(&Stub::ReleaseSession, release, &released).ok());
}

TEST_F(ServiceTest, EndsRunningOperationsWithTheirSession) {
  Start();
  const auto request = Waiting();
  auto running = std::async(std::launch::async, [&] { return Run(request); });
  AwaitOperation(request.operation_id());
  proto::ReleaseSessionResponse released;
  ASSERT_TRUE(Call(&Stub::ReleaseSession, Make<proto::ReleaseSessionRequest>(), &released).ok());
  EXPECT_EQ(Condition(running.get().status), "INVALID_CURSOR.DISCONNECTED");
}

TEST_F(ServiceTest, InterruptsWhatASessionLeftUntilItEnds) {
  Start();
  const auto request = Waiting();
  auto running = std::async(std::launch::async, [&] { return Run(request); });
  AwaitOperation(request.operation_id());
  std::weak_ptr<FakeSession> fake;
  {
    const std::lock_guard lock(mutex_);
    const std::shared_ptr<FakeSession> taken = std::exchange(fakes_[session_id_], nullptr);
    ASSERT_NE(taken, nullptr);
    taken->lost_interrupts = 3;
    fake = taken;
  }
  proto::ReleaseSessionResponse released;
  ASSERT_TRUE(Call(&Stub::ReleaseSession, Make<proto::ReleaseSessionRequest>(), &released).ok());
  EXPECT_EQ(Condition(running.get().status), "INVALID_CURSOR.DISCONNECTED");
  // The operation holds its session.
  for (int i = 0; i < 500 && !fake.expired(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_TRUE(fake.expired());
}

TEST_F(ServiceTest, EndsWhenOperationsOfReleasedSessionsStillRun) {
  Start();
  const auto request = Waiting();
  auto running = std::async(std::launch::async, [&] { return Run(request); });
  AwaitOperation(request.operation_id());
  fake(session_id_).lost_interrupts = 20;
  proto::ReleaseSessionResponse released;
  ASSERT_TRUE(Call(&Stub::ReleaseSession, Make<proto::ReleaseSessionRequest>(), &released).ok());
  running.get();
  server_.reset();  // would wait for ever
}

TEST_F(ServiceTest, EndsIdleSessions) {
  ServerOptions options;
  options.service.timeouts.session = std::chrono::milliseconds(100);
  Start(options);
  ASSERT_EQ(SparkVersion(), "4.2.0");
  std::string condition;
  for (int i = 0; i < 100 && condition.empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    condition = Condition(Reattach(Query(1)).status);
    if (condition == "INVALID_HANDLE.OPERATION_NOT_FOUND") condition.clear();
  }
  EXPECT_EQ(condition, "INVALID_HANDLE.SESSION_CLOSED");
}

TEST_F(ServiceTest, ClonesSessions) {
  Start();
  auto request = Make<proto::CloneSessionRequest>();
  proto::CloneSessionResponse response;
  EXPECT_EQ(Condition(Call(&Stub::CloneSession, request, &response)), "INVALID_HANDLE.SESSION_NOT_FOUND");
  ASSERT_EQ(SparkVersion(), "4.2.0");
  const std::string wanted = NewUuid();
  request.set_new_session_id(wanted);
  ASSERT_TRUE(Call(&Stub::CloneSession, request, &response).ok());
  EXPECT_EQ(response.new_session_id(), wanted);
  EXPECT_NE(response.new_server_side_session_id(), response.server_side_session_id());
  EXPECT_EQ(Condition(Call(&Stub::CloneSession, request, &response)),
            "INVALID_CLONE_SESSION_REQUEST.TARGET_SESSION_ID_ALREADY_EXISTS");
  request.set_new_session_id("x");
  EXPECT_EQ(Condition(Call(&Stub::CloneSession, request, &response)),
            "INVALID_CLONE_SESSION_REQUEST.TARGET_SESSION_ID_FORMAT");
  session_id_ = wanted;
  auto get = Make<proto::ConfigRequest>();
  get.mutable_operation()->mutable_get()->add_keys("cloned");
  proto::ConfigResponse conf;
  ASSERT_TRUE(Call(&Stub::Config, get, &conf).ok());
  EXPECT_EQ(conf.pairs(0).value(), "true");
}

TEST_F(ServiceTest, SendsErrorsAsSparkDoes) {
  Start();
  const grpc::Status status = Sql("divide").status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(status.error_message(),
            "[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012\n"
            "== SQL (line 1, position 8) ==\nselect 1/0\n       ^^^\n");
  const auto info = Info(status);
  EXPECT_EQ(info.domain(), "org.apache.spark");
  EXPECT_EQ(info.reason(), "org.apache.spark.SparkArithmeticException");
  EXPECT_EQ(info.metadata().at("sqlState"), "22012");
  EXPECT_EQ(
      nlohmann::json::parse(info.metadata().at("classes")),
      nlohmann::json({"org.apache.spark.SparkArithmeticException", "java.lang.ArithmeticException",
                      "java.lang.RuntimeException", "java.lang.Exception", "java.lang.Throwable", "java.lang.Object"}));
  EXPECT_EQ(info.metadata().at("messageParameters"), R"({"config":"\"spark.sql.ansi.enabled\""})");

  auto request = Make<proto::FetchErrorDetailsRequest>();
  request.set_error_id(info.metadata().at("errorId"));
  proto::FetchErrorDetailsResponse details;
  ASSERT_TRUE(Call(&Stub::FetchErrorDetails, request, &details).ok());
  ASSERT_EQ(details.errors_size(), 1);
  EXPECT_EQ(details.root_error_idx(), 0);
  EXPECT_EQ(details.errors(0).message(), status.error_message());
  const auto& throwable = details.errors(0).spark_throwable();
  EXPECT_EQ(throwable.error_class(), "DIVIDE_BY_ZERO");
  ASSERT_EQ(throwable.query_contexts_size(), 1);
  EXPECT_EQ(throwable.query_contexts(0).fragment(), "1/0");
  EXPECT_EQ(throwable.query_contexts(0).start_index(), 7);
  // Once.
  proto::FetchErrorDetailsResponse again;
  ASSERT_TRUE(Call(&Stub::FetchErrorDetails, request, &again).ok());
  EXPECT_EQ(again.errors_size(), 0);
}

TEST_F(ServiceTest, ShowsThePlaceOfAParseErrorBehindItsState) {
  Start();
  const grpc::Status status = Sql("parse").status;
  EXPECT_EQ(
      status.error_message(),
      "\n[PARSE_SYNTAX_ERROR] Syntax error at or near 'parse'. SQLSTATE: 42601 (line 1, pos 0)\n\n== SQL ==\nparse\n"
      "^^^\n");
  EXPECT_EQ(Info(status).reason(), "org.apache.spark.sql.catalyst.parser.ParseException");
}

TEST_F(ServiceTest, FitsLongErrorsIntoTheHeaders) {
  Start();
  const grpc::Status status = Sql("long").status;
  EXPECT_EQ(Condition(status), "PATH_NOT_FOUND");
  EXPECT_LT(status.error_details().size(), 6000U);
  auto request = Make<proto::FetchErrorDetailsRequest>();
  request.set_error_id(Info(status).metadata().at("errorId"));
  proto::FetchErrorDetailsResponse details;
  ASSERT_TRUE(Call(&Stub::FetchErrorDetails, request, &details).ok());
  EXPECT_GT(details.errors(0).message().size(), 100'000U);
  EXPECT_EQ(details.errors(0).spark_throwable().message_parameters().at("path").size(), 5000U);
}

TEST_F(ServiceTest, CallsUnknownExceptionsInternal) {
  Start();
  EXPECT_EQ(Condition(Sql("crash").status), "INTERNAL_ERROR");
  EXPECT_EQ(SparkVersion(), "4.2.0");
}

TEST_F(ServiceTest, StoresArtifactsInOneAndInManyPieces) {
  Start();
  auto batch = Make<proto::AddArtifactsRequest>();
  for (const std::string name : {"cache/a", "cache/b"}) {
    auto* artifact = batch.mutable_batch()->add_artifacts();
    artifact->set_name(name);
    *artifact->mutable_data() = Chunk("content of " + name);
  }
  auto begin = Make<proto::AddArtifactsRequest>();
  begin.mutable_begin_chunk()->set_name("cache/c");
  begin.mutable_begin_chunk()->set_total_bytes(6);
  begin.mutable_begin_chunk()->set_num_chunks(2);
  *begin.mutable_begin_chunk()->mutable_initial_chunk() = Chunk("abc");
  auto rest = Make<proto::AddArtifactsRequest>();
  *rest.mutable_chunk() = Chunk("def");
  proto::AddArtifactsResponse response;
  ASSERT_TRUE(Upload({batch, begin, rest}, &response).ok());
  ASSERT_EQ(response.artifacts_size(), 3);
  EXPECT_TRUE(response.artifacts(2).is_crc_successful());
  EXPECT_EQ(fake(session_id_).artifacts.at("cache/c"), "abcdef");
  auto question = Make<proto::ArtifactStatusesRequest>();
  question.add_names("cache/a");
  question.add_names("cache/x");
  proto::ArtifactStatusesResponse statuses;
  ASSERT_TRUE(Call(&Stub::ArtifactStatus, question, &statuses).ok());
  EXPECT_TRUE(statuses.statuses().at("cache/a").exists());
  EXPECT_FALSE(statuses.statuses().at("cache/x").exists());
}

TEST_F(ServiceTest, KeepsNoDamagedArtifact) {
  Start();
  auto batch = Make<proto::AddArtifactsRequest>();
  auto* artifact = batch.mutable_batch()->add_artifacts();
  artifact->set_name("cache/bad");
  *artifact->mutable_data() = Chunk("content");
  artifact->mutable_data()->set_crc(1);
  proto::AddArtifactsResponse response;
  ASSERT_TRUE(Upload({batch}, &response).ok());
  EXPECT_FALSE(response.artifacts(0).is_crc_successful());
  EXPECT_FALSE(fake(session_id_).HasArtifact("cache/bad"));

  auto begin = Make<proto::AddArtifactsRequest>();
  begin.mutable_begin_chunk()->set_name("cache/short");
  begin.mutable_begin_chunk()->set_total_bytes(6);
  begin.mutable_begin_chunk()->set_num_chunks(2);
  *begin.mutable_begin_chunk()->mutable_initial_chunk() = Chunk("abc");
  EXPECT_FALSE(Upload({begin}, &response).ok());
  auto chunk = Make<proto::AddArtifactsRequest>();
  *chunk.mutable_chunk() = Chunk("defghi");
  EXPECT_FALSE(Upload({begin, chunk}, &response).ok());
  EXPECT_FALSE(Upload({chunk}, &response).ok());
  EXPECT_FALSE(Upload({begin, begin}, &response).ok());
  EXPECT_FALSE(Upload({}, &response).ok());
  EXPECT_FALSE(fake(session_id_).HasArtifact("cache/short"));
}

TEST_F(ServiceTest, TellsTheStateOfOperations) {
  Start();
  using Status = proto::GetStatusResponse::OperationStatus;
  const auto done = Query(1);
  ASSERT_TRUE(Run(done).status.ok());
  const auto waiting = Waiting();
  auto running = std::async(std::launch::async, [&] { return Run(waiting); });
  AwaitOperation(waiting.operation_id());
  auto request = Make<proto::GetStatusRequest>();
  for (const auto& id : {done.operation_id(), waiting.operation_id(), NewUuid()})
    request.mutable_operation_status()->add_operation_ids(id);
  proto::GetStatusResponse response;
  ASSERT_TRUE(Call(&Stub::GetStatus, request, &response).ok());
  EXPECT_EQ(response.operation_statuses(0).state(), Status::OPERATION_STATE_SUCCEEDED);
  EXPECT_EQ(response.operation_statuses(1).state(), Status::OPERATION_STATE_RUNNING);
  EXPECT_EQ(response.operation_statuses(2).state(), Status::OPERATION_STATE_UNKNOWN);
  request.mutable_operation_status()->clear_operation_ids();
  response.Clear();
  ASSERT_TRUE(Call(&Stub::GetStatus, request, &response).ok());
  EXPECT_EQ(response.operation_statuses_size(), 2);
  proto::ReleaseSessionResponse released;
  ASSERT_TRUE(Call(&Stub::ReleaseSession, Make<proto::ReleaseSessionRequest>(), &released).ok());
}

TEST_F(ServiceTest, WantsItsToken) {
  ServerOptions options;
  options.service.token = "s3cret";
  Start(options);
  const auto version = [&](const std::string& header) {
    grpc::ClientContext call;
    if (!header.empty()) call.AddMetadata("authorization", header);
    auto request = Make<proto::AnalyzePlanRequest>();
    request.mutable_spark_version();
    proto::AnalyzePlanResponse response;
    return stub_->AnalyzePlan(&call, request, &response).error_code();
  };
  EXPECT_EQ(version(""), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(version("Bearer s3cre"), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(version("Bearer s3cretx"), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(version("s3cret"), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(version("Bearer s3cret"), grpc::StatusCode::OK);
  EXPECT_EQ(Run(Query(1)).status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(ServiceTest, StaysOnThisMachineWithoutTokenAndTls) {
  ServerOptions options;
  options.port = 0;
  options.host = "0.0.0.0";
  const SessionFactory none = [](const std::string&, const std::string&) { return nullptr; };
  EXPECT_THROW(Server(options, none), Error);
  options.service.token = "s3cret";
  EXPECT_THROW(Server(options, none), Error);
  EXPECT_TRUE(IsLoopback("127.8.0.1"));
  EXPECT_TRUE(IsLoopback("::1"));
  EXPECT_TRUE(IsLoopback("localhost"));
  EXPECT_FALSE(IsLoopback("::"));
  EXPECT_FALSE(IsLoopback("128.0.0.1"));
  EXPECT_FALSE(IsLoopback("localhost.example"));
}

TEST_F(ServiceTest, RefusesAPortInUse) {
  Start();
  ServerOptions options;
  options.port = server_->port();
  EXPECT_THROW(Server(options, [](const std::string&, const std::string&) { return nullptr; }), Error);
}

TEST_F(ServiceTest, SurvivesBytesThatAreNoMessages) {
  Start();
  const auto channel =
      grpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()), grpc::InsecureChannelCredentials());
  for (const char* method :
       {"ExecutePlan", "AnalyzePlan", "Config", "AddArtifacts", "ArtifactStatus", "Interrupt", "ReattachExecute",
        "ReleaseExecute", "ReleaseSession", "FetchErrorDetails", "CloneSession", "GetStatus"}) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext call;
    grpc::CompletionQueue queue;
    const grpc::Slice slice("\xff\xff\xff garbage");
    const grpc::ByteBuffer bytes(&slice, 1);
    const auto unary =
        stub.PrepareUnaryCall(&call, std::string("/spark.connect.SparkConnectService/") + method, bytes, &queue);
    unary->StartCall();
    grpc::ByteBuffer answer;
    grpc::Status status;
    unary->Finish(&answer, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    ASSERT_TRUE(queue.Next(&tag, &ok));
    EXPECT_EQ(Condition(status), "CONNECT_INVALID_PLAN.CANNOT_PARSE") << method << ": " << status.error_message();
  }
}

}  // namespace
}  // namespace tinderbox::connect
