#include "connect/remote_session.h"

#include "connect/remote_fixture.h"

namespace tinderbox::connect {
namespace {

TEST_F(RemoteSessionTest, ReadsResults) {
  const auto session = Open();
  const auto reader = session->Execute(Range(200'000), "");
  EXPECT_EQ(reader->schema().Json(), IdSchema().Json());
  EXPECT_EQ(Sum(reader.get()), SumTo(200'000));
  EXPECT_EQ(Sum(session->Execute(Range(0), "").get()), SumTo(0));
  proto::Command command;
  command.mutable_sql_command();
  EXPECT_EQ(session->Execute(command, "").sql_command_result().relation().range().end(), 3);
  EXPECT_EQ(session->Execute(Write(), "").ByteSizeLong(), 0U);
  proto::AnalyzePlanRequest question;
  question.mutable_spark_version();
  EXPECT_EQ(session->Analyze(question).spark_version().version(), "4.2.0");
  session->SetConf("mine", "1");
  EXPECT_EQ(session->GetConf("mine"), "1");
  EXPECT_EQ(ConditionOf([&] { session->GetConf("yours"); }), "SQL_CONF_NOT_FOUND");
}

TEST_F(RemoteSessionTest, RaisesWhatTheServerRaised) {
  const auto session = Open();
  const auto check = [&](bool details) {
    try {
      session->Execute(Sql("1/0"), "");
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.condition(), "DIVIDE_BY_ZERO");
      EXPECT_STREQ(error.what(), "Division by zero.");
      EXPECT_EQ(error.params(), (Error::Params{{"config", "\"spark.sql.ansi.enabled\""}}));
      const ServerError* raised = ServerErrorOf(error);
      ASSERT_NE(raised, nullptr);
      EXPECT_EQ(raised->sql_state, "22012");
      EXPECT_EQ(raised->classes.front(), "org.apache.spark.SparkArithmeticException");
      EXPECT_EQ(raised->full_message,
                "[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012\n== SQL (line 1, position 8) ==\nselect 1/0\n"
                "       ^^^\n");
      ASSERT_EQ(error.contexts().size(), details ? 1U : 0U);
      if (details) {
        EXPECT_EQ(error.contexts()[0].fragment, "1/0");
        EXPECT_EQ(error.contexts()[0].start_index, 7);
        EXPECT_EQ(error.contexts()[0].stop_index, 9);
      }
    }
  };
  check(true);
  door_->Spoil([](const std::string& method, int) { return Fault{.lose_answer = method == "FetchErrorDetails"}; });
  check(false);
  door_->Spoil({});
  try {
    session->Execute(Sql("parse"), "");
    FAIL() << "no error";
  } catch (const ParseError& error) {
    EXPECT_STREQ(error.what(), "Syntax error at or near 'parse'.");
    ASSERT_EQ(error.contexts().size(), 1U);
    EXPECT_EQ(error.contexts()[0].summary, " (line 1, pos 0)\n\n== SQL ==\nparse\n^^^\n");
  }
  try {
    session->Execute(Sql("long"), "");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), std::string(100'000, 'x'));
    EXPECT_EQ(error.params().at("path"), std::string(5000, 'y'));
  }
}

TEST_F(RemoteSessionTest, EndsWhatIsInterrupted) {
  const auto session = Open();
  proto::Relation waiting;
  waiting.mutable_local_relation();
  const auto start = [&](const std::string& name) {
    const int before = session_id_.empty() ? 0 : here().queries.load();
    auto running =
        std::async(std::launch::async, [&, name] { return ConditionOf([&] { session->Execute(waiting, name); }); });
    while (here().queries == before) std::this_thread::sleep_for(milliseconds(5));
    return running;
  };
  auto one = start("one");
  auto two = start(NewUuid());
  auto three = start("");
  session->Interrupt("one");
  EXPECT_EQ(one.get(), "OPERATION_CANCELED");
  EXPECT_EQ(two.wait_for(milliseconds(100)), std::future_status::timeout);
  session->Interrupt("");
  EXPECT_EQ(two.get(), "OPERATION_CANCELED");
  EXPECT_EQ(three.get(), "OPERATION_CANCELED");
  // A wait between two attempts ends too, also when no interrupt reaches the server.
  RemoteOptions options = Quick();
  options.retry.initial_backoff = std::chrono::minutes(1);
  options.retry.max_backoff = std::chrono::minutes(1);
  const auto patient = Open(options);
  door_->Spoil([](const std::string&, int) { return Fault{.refuse = true}; });
  auto waits = std::async(std::launch::async, [&] { return ConditionOf([&] { patient->GetConf("mine"); }); });
  while (door_->calls("Config") == 0) std::this_thread::sleep_for(milliseconds(5));
  std::this_thread::sleep_for(milliseconds(50));
  patient->Interrupt("");
  EXPECT_EQ(waits.get(), "OPERATION_CANCELED");
}

TEST_F(RemoteSessionTest, TagsOperations) {
  const auto session = Open();
  proto::Relation waiting;
  waiting.mutable_local_relation();
  auto running = std::async(std::launch::async, [&] {
    return ConditionOf([&] { session->Execute(waiting, {"tagged", {"etl", "nightly"}}); });
  });
  while (here().queries == 0) std::this_thread::sleep_for(milliseconds(5));
  session->InterruptTag("hourly");
  const auto states = session->GetStatus({});
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].state, "RUNNING");
  session->InterruptTag("etl");
  EXPECT_EQ(running.get(), "OPERATION_CANCELED");
}

TEST_F(RemoteSessionTest, TellsProgressAndMetrics) {
  ServerOptions server;
  server.service.progress_interval = milliseconds(20);
  Start(server);
  std::promise<Progress> seen;
  std::atomic<bool> told = false;
  RemoteOptions options = Quick();
  options.on_progress = [&](const std::string& operation, const Progress& progress) {
    if (operation == "long" && !told.exchange(true)) seen.set_value(progress);
  };
  const auto session = Open(options);
  proto::Relation waiting;
  waiting.mutable_local_relation();
  auto running =
      std::async(std::launch::async, [&] { return ConditionOf([&] { session->Execute(waiting, "long"); }); });
  EXPECT_DOUBLE_EQ(seen.get_future().get().fraction, 0.25);
  EXPECT_DOUBLE_EQ(session->GetProgress("long").fraction, 0.25);
  EXPECT_EQ(session->GetProgress("long").stages, 1);
  session->Interrupt("long");
  running.get();

  const std::string id = NewUuid();
  here().observing.insert(id);
  const auto reader = session->Execute(Range(10), id);
  EXPECT_EQ(session->Observed(id).observed_metrics_size(), 0);
  Sum(reader.get());
  EXPECT_EQ(session->Observed(id).observed_metrics(0).name(), "seen");
  EXPECT_EQ(session->Observed(id).observed_metrics_size(), 0);
}

TEST_F(RemoteSessionTest, SendsArtifacts) {
  const auto session = Open();
  std::string large(1'000'000, 'x');
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 7919 >> 8);
  EXPECT_FALSE(session->HasArtifact("files/large"));
  session->AddArtifact("files/large", large);
  session->AddArtifact("files/small", "few");
  session->AddArtifact("files/empty", "");
  EXPECT_TRUE(session->HasArtifact("files/large"));
  EXPECT_EQ(here().artifacts.at("files/large"), large);
  EXPECT_EQ(here().artifacts.at("files/small"), "few");
  EXPECT_EQ(here().artifacts.at("files/empty"), "");
  // An upload that is lost on the way is made again.
  door_->Spoil(
      [](const std::string& method, int n) { return Fault{.lose_answer = method == "AddArtifacts" && n % 2 == 0}; });
  session->AddArtifact("files/again", large);
  EXPECT_EQ(here().artifacts.at("files/again"), large);
}

TEST_F(RemoteSessionTest, SendsLargeLocalRelationsApart) {
  const auto session = Open();
  std::vector<Row> rows;
  for (int64_t i = 0; i < 200'000; ++i) rows.push_back(Row{{Value(i)}});
  std::vector<ArrowBatch> batches;
  batches.push_back(spark::ToBatch(IdSchema(), rows));
  proto::Relation relation;
  auto* local = relation.mutable_limit()->mutable_input()->mutable_local_relation();
  local->set_data(spark::WriteIpcStream(IdSchema(), batches));
  local->set_schema(IdSchema().Json());
  Sum(session->Execute(relation, "").get());
  proto::ExecutePlanRequest sent;
  ASSERT_TRUE(sent.ParseFromString(door_->request("ExecutePlan")));
  const auto& apart = sent.plan().root().limit().input().chunked_cached_local_relation();
  ASSERT_EQ(apart.datahashes_size(), 20);  // of 10,000 rows each
  EXPECT_EQ(here().artifacts.at("cache/" + apart.schemahash()), IdSchema().Json());
  int64_t next = 0;
  for (const std::string& hash : apart.datahashes()) {
    const auto reader = spark::ReadIpcStream(here().artifacts.at("cache/" + hash));
    for (ArrowBatch batch; reader->Next(&batch);) {
      for (int64_t row = 0; row < batch.rows(); ++row)
        ASSERT_EQ(spark::ToValue(DataType(TypeKind::kLong), batch.column(0), row).As<int64_t>(), next++);
    }
  }
  EXPECT_EQ(next, 200'000);
  // What the server has is not sent again.
  const int uploads = door_->calls("AddArtifacts");
  Sum(session->Execute(relation, "").get());
  EXPECT_EQ(door_->calls("AddArtifacts"), uploads);
}

TEST_F(RemoteSessionTest, CompressesPlansWhenTheServerAllowsIt) {
  proto::Relation deep;
  auto* at = &deep;
  for (int i = 0; i < 1400; ++i) at = at->mutable_limit()->mutable_input();
  *at = Range(9);
  for (const char* threshold : {"1000", "1000000", "-1"}) {
    door_.reset();
    const auto session = Open();
    session->SetConf("spark.connect.session.planCompression.threshold", threshold);
    EXPECT_EQ(Sum(session->Execute(deep, "").get()).second, 9);
    proto::ExecutePlanRequest sent;
    sent.ParseFromString(door_->request("ExecutePlan"));  // the deep plan itself is too deep for this
    EXPECT_EQ(sent.plan().has_compressed_operation(), std::string(threshold) == "1000") << threshold;
  }
}

TEST_F(RemoteSessionTest, ClonesItself) {
  const auto session = Open();
  door_->Spoil(
      [](const std::string& method, int n) { return Fault{.lose_answer = method == "CloneSession" && n == 1}; });
  const auto clone = session->Clone();
  EXPECT_EQ(clone->GetConf("cloned"), "true");
  EXPECT_EQ(ConditionOf([&] { session->GetConf("cloned"); }), "SQL_CONF_NOT_FOUND");
  EXPECT_EQ(door_->calls("CloneSession"), 2);
}

TEST_F(RemoteSessionTest, LeavesNothingOnTheServer) {
  auto session = Open();
  for (int i = 0; i < 5; ++i) Sum(session->Execute(Range(100'000), "").get());
  session->Execute(Range(10'000'000), "");  // not read to its end
  for (int i = 0; i < 200; ++i) {
    bool running = false;
    for (const auto& status : session->GetStatus({})) running = running || status.state == "RUNNING";
    if (!running && session->GetStatus({}).empty()) break;
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_TRUE(session->GetStatus({}).empty());
  session.reset();
  EXPECT_EQ(door_->calls("ReleaseSession"), 1);
  const std::string id = NewUuid();
  OpenRemote(door_->url() + "/;session_id=" + id);
  EXPECT_EQ(door_->calls("ReleaseSession"), 1);  // it was not ours to end
  EXPECT_EQ(OpenRemote(door_->url() + "/;session_id=" + id)->session_id(), id);
}

TEST_F(RemoteSessionTest, NeedsTheToken) {
  ServerOptions options;
  options.service.token = "sesame";
  Start(options);
  const std::string url = "sc://127.0.0.1:" + std::to_string(server_->port());
  EXPECT_EQ(ConditionOf([&] { OpenRemote(url); }), "TINDERBOX_CONNECT_UNAUTHENTICATED");
  EXPECT_EQ(ConditionOf([&] { OpenRemote(url + "/;token=simsala"); }), "TINDERBOX_CONNECT_UNAUTHENTICATED");
  EXPECT_EQ(Sum(OpenRemote(url + "/;token=sesame")->Execute(Range(10), "").get()), SumTo(10));
}

/// A server in front of the first one: either a Proxy, or the whole service over remote sessions.
class ChainTest : public RemoteSessionTest, public testing::WithParamInterface<bool> {
 protected:
  std::unique_ptr<Server> Front() {
    ServerOptions options;
    options.port = 0;
    options.service.token = "front";
    const std::string back = "sc://127.0.0.1:" + std::to_string(server_->port()) + "/;token=back";
    if (GetParam()) return std::make_unique<Server>(options, ParseConnection(back));
    return std::make_unique<Server>(options, [back](const std::string& user, const std::string& session) {
      return OpenRemote(back + ";user_id=" + user + ";session_id=" + session);
    });
  }
};

INSTANTIATE_TEST_SUITE_P(Ways, ChainTest, testing::Bool());

TEST_P(ChainTest, PassesOnWhatComesAndGoes) {
  ServerOptions options;
  options.service.token = "back";
  Start(options);
  const auto front = Front();
  const std::string url = "sc://127.0.0.1:" + std::to_string(front->port());
  EXPECT_EQ(ConditionOf([&] { OpenRemote(url); }), "TINDERBOX_CONNECT_UNAUTHENTICATED");
  EXPECT_EQ(ConditionOf([&] { OpenRemote(url + "/;token=back"); }), "TINDERBOX_CONNECT_UNAUTHENTICATED");
  auto session = OpenRemote(url + "/;token=front;user_id=me");
  session_id_ = session->session_id();
  EXPECT_EQ(Sum(session->Execute(Range(500'000), "").get()), SumTo(500'000));
  EXPECT_EQ(here().queries, 1);
  session->Execute(Write(), "");
  EXPECT_EQ(here().commands, 1);
  session->SetConf("mine", "1");
  EXPECT_EQ(session->GetConf("mine"), "1");
  session->AddArtifact("files/some", std::string(700'000, 'z'));
  EXPECT_EQ(here().artifacts.at("files/some"), std::string(700'000, 'z'));
  try {
    session->Execute(Sql("1/0"), "");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "DIVIDE_BY_ZERO");
    const ServerError* raised = ServerErrorOf(error);
    ASSERT_NE(raised, nullptr);
    EXPECT_EQ(raised->sql_state, "22012");
    EXPECT_EQ(raised->classes.front(), "org.apache.spark.SparkArithmeticException");
    EXPECT_EQ(raised->full_message.substr(0, 50), "[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012");
    ASSERT_EQ(error.contexts().size(), 1U);
    EXPECT_EQ(error.contexts()[0].fragment, "1/0");
  }
  proto::Relation waiting;
  waiting.mutable_local_relation();
  const int before = here().queries;
  auto running =
      std::async(std::launch::async, [&] { return ConditionOf([&] { session->Execute(waiting, "long"); }); });
  while (here().queries == before) std::this_thread::sleep_for(milliseconds(5));
  session->Interrupt("long");
  EXPECT_EQ(running.get(), "OPERATION_CANCELED");
  session.reset();
}

}  // namespace
}  // namespace tinderbox::connect
