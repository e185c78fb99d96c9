// The client against networks and servers that fail.
#include <signal.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "connect/remote_fixture.h"

namespace tinderbox::connect {
namespace {

TEST_F(RemoteSessionTest, GoesOnWhenTheStreamIsCutEveryFewMessages) {
  for (const int every : {0, 1, 2, 3}) {
    const auto session = Open();
    door_->Spoil([every](const std::string& method, int n) {
      // A stream that never brings anything would not get on.
      const bool stream = method == "ExecutePlan" || method == "ReattachExecute";
      return stream && (every > 0 || n % 3 != 0) ? Fault{.cut_after = every} : Fault{};
    });
    EXPECT_EQ(Sum(session->Execute(Range(1'000'000), "").get()), SumTo(1'000'000)) << every;
    EXPECT_EQ(here().queries, 1);
    EXPECT_EQ(here().made, 1'000'000);
    door_->Spoil({});
  }
  EXPECT_GT(door_->calls("ReattachExecute"), 20);
}

TEST_F(RemoteSessionTest, GoesOnOverASlowNetwork) {
  const auto session = Open();
  door_->Spoil([](const std::string&, int) { return Fault{.delay = milliseconds(30)}; });
  EXPECT_EQ(Sum(session->Execute(Range(500'000), "").get()), SumTo(500'000));
  EXPECT_EQ(here().queries, 1);
}

TEST_F(RemoteSessionTest, StopsWaitingWhenTheProcessIsToldToEnd) {
  RemoteOptions options = Quick();
  options.retry = RetryPolicy();
  std::atomic<int> waits = 0;
  options.on_wait = [&](const std::string& failure, milliseconds) {
    EXPECT_NE(failure, "");
    ++waits;
  };
  const auto session = Open(options);
  door_->Spoil([](const std::string&, int) { return Fault{.refuse = true}; });
  const base::InterruptWatch watch;
  auto running =
      std::async(std::launch::async, [&] { return ConditionOf([&] { Sum(session->Execute(Range(10), "").get()); }); });
  while (waits < 3) std::this_thread::sleep_for(milliseconds(5));
  ::kill(::getpid(), SIGTERM);
  EXPECT_EQ(running.get(), "OPERATION_CANCELED");
  // What is still wanted on the way out does not begin to wait anew.
  EXPECT_EQ(ConditionOf([&] { session->GetConf("spark.sql.ansi.enabled"); }), "OPERATION_CANCELED");
}

TEST_F(RemoteSessionTest, FollowsAStreamThatIsHeldOpenTooLong) {
  ServerOptions server;
  server.service.progress_interval = milliseconds(20);
  Start(server);
  RemoteOptions options = Quick();
  options.stream_limit = milliseconds(150);
  const auto session = Open(options);
  proto::Relation waiting;
  waiting.mutable_local_relation();
  auto running =
      std::async(std::launch::async, [&] { return ConditionOf([&] { session->Execute(waiting, "long"); }); });
  while (door_->calls("ReattachExecute") < 3) std::this_thread::sleep_for(milliseconds(10));
  session->Interrupt("long");
  EXPECT_EQ(running.get(), "OPERATION_CANCELED");
  EXPECT_EQ(here().queries, 1);
}

TEST_F(RemoteSessionTest, RunsACommandOnceWhateverIsLost) {
  // The request does not arrive; its answer is lost; both, in turn.
  const FaultyDoor::Plan plans[] = {
      [](const std::string& method, int n) { return Fault{.refuse = method == "ExecutePlan" && n <= 2}; },
      [](const std::string& method, int n) { return Fault{.lose_answer = method == "ExecutePlan" && n == 1}; },
      [](const std::string& method, int n) {
        return Fault{.refuse = method == "ReattachExecute" && n % 2 == 1, .lose_answer = method == "ExecutePlan"};
      },
      [](const std::string& method, int n) {
        return Fault{.refuse = method == "ExecutePlan" && n == 1, .lose_answer = method == "ReattachExecute" && n == 1};
      },
  };
  for (const auto& plan : plans) {
    door_.reset();
    const auto session = Open();
    door_->Spoil(plan);
    session->Execute(Write(), "");
    EXPECT_EQ(here().commands, 1);
  }
}

TEST_F(RemoteSessionTest, DoesNotRunACommandAgainOnAServerThatWasStartedAnew) {
  const auto session = Open();
  std::atomic<int> before = -1;
  // The server has run the command and dies before it says so.
  door_->Spoil([&](const std::string& method, int n) {
    return method == "ExecutePlan" && n == 1 ? Fault{.lose_answer = true}
                                             : Fault{.refuse = method == "ReattachExecute" && before < 0};
  });
  auto running = std::async(std::launch::async, [&] { return ConditionOf([&] { session->Execute(Write(), ""); }); });
  while (door_->calls("ReattachExecute") == 0) std::this_thread::sleep_for(milliseconds(5));
  before = here().commands.load();
  EXPECT_EQ(before, 1);
  Restart();
  EXPECT_EQ(running.get(), "INVALID_HANDLE.SESSION_CHANGED");
  EXPECT_EQ(here().commands, 0);  // of the new server
  // The session is over, and says so without asking.
  const int calls = door_->calls("Config");
  EXPECT_EQ(ConditionOf([&] { session->GetConf("mine"); }), "INVALID_HANDLE.SESSION_CHANGED");
  EXPECT_EQ(door_->calls("Config"), calls);
}

TEST_F(RemoteSessionTest, SaysWhenAServerDiesInTheMiddleOfAResult) {
  const auto session = Open();
  const auto reader = session->Execute(Range(5'000'000), "");
  ArrowBatch batch;
  ASSERT_TRUE(reader->Next(&batch));
  Restart();
  EXPECT_EQ(ConditionOf([&] { Sum(reader.get()); }), "RESPONSE_ALREADY_RECEIVED");
}

TEST_F(RemoteSessionTest, WaitsForAServerThatIsJustStarting) {
  Start();
  door_ = std::make_unique<FaultyDoor>(server_->port());
  const int port = door_->port();
  door_.reset();
  auto opening = std::async(std::launch::async, [&] { return OpenRemote("sc://127.0.0.1:" + std::to_string(port)); });
  std::this_thread::sleep_for(milliseconds(700));
  door_ = std::make_unique<FaultyDoor>(server_->port(), port);
  EXPECT_EQ(Sum(opening.get()->Execute(Range(10), "").get()), SumTo(10));
}

TEST_F(RemoteSessionTest, SaysWhenNobodyAnswers) {
  RemoteOptions options = Quick();
  options.connect_timeout = milliseconds(700);
  const auto begin = std::chrono::steady_clock::now();
  try {
    OpenRemote("sc://127.0.0.1:1", options);
    FAIL() << "somebody answers";
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "TINDERBOX_CONNECT_UNAVAILABLE");
    EXPECT_NE(std::string(error.what()).find("sc://127.0.0.1:1"), std::string::npos);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(5000));
}

TEST_F(RemoteSessionTest, GivesUpAfterThePolicysAttempts) {
  RemoteOptions options;
  std::vector<int64_t> waits;
  options.retry.max_retries = 4;
  options.retry.random = [] { return 1.0; };
  options.retry.sleep = [&](milliseconds wait) { waits.push_back(wait.count()); };
  const auto session = Open(options);
  door_->Spoil([](const std::string&, int) { return Fault{.refuse = true}; });
  EXPECT_EQ(ConditionOf([&] { session->GetConf("mine"); }), "TINDERBOX_CONNECT_UNAVAILABLE");
  const std::vector<int64_t> expected = {50, 200, 800, 3700};
  EXPECT_EQ(waits, expected);
  waits.clear();
  EXPECT_EQ(ConditionOf([&] { session->Execute(Range(1), ""); }), "TINDERBOX_CONNECT_UNAVAILABLE");
  EXPECT_EQ(waits, expected);
  EXPECT_EQ(here().queries, 0);
}

}  // namespace
}  // namespace tinderbox::connect
