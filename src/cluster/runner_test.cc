// What touches the machine: processes, ports, probes, logs, files.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "base/temp_dir.h"
#include "cluster/folder.h"
#include "cluster/host.h"
#include "cluster/log.h"
#include "cluster/machine.h"
#include "cluster/probe.h"
#include "cluster/spawn.h"
#include "cluster/supervisor.h"
#include "tinderbox/error.h"

namespace tinderbox::cluster {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string Read(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Waits up to 20 seconds.
template <typename Condition>
bool Eventually(const Condition& condition) {
  for (int i = 0; i < 400; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

/// Answers every request with this text; -1 bytes of sense when it is empty.
class Listener {
 public:
  explicit Listener(std::string answer) : answer_(std::move(answer)), socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] {
      for (int client; (client = ::accept(socket_, nullptr, nullptr)) >= 0; ::close(client)) {
        char buffer[1024];
        if (::recv(client, buffer, sizeof buffer, 0) > 0) ::send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      }
    });
  }
  ~Listener() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  int port() const { return port_; }

 private:
  const std::string answer_;
  const int socket_;
  int port_ = 0;
  std::jthread thread_;
};

Probe HttpProbe(int port) {
  Probe probe;
  probe.kind = ProbeKind::kHttp;
  probe.host = "127.0.0.1";
  probe.port = port;
  probe.path = "/json/";
  return probe;
}

TEST(Probe, LooksIntoTheAnswer) {
  Probe probe;
  probe.pointer = "/workers";
  probe.members = {{"port", 7078}, {"state", "ALIVE"}};
  EXPECT_TRUE(Matches(probe, R"({"workers": [{"port": 1}, {"port": 7078, "state": "ALIVE", "cores": 1}]})"));
  EXPECT_FALSE(Matches(probe, R"({"workers": [{"port": 7078, "state": "DEAD"}, {"port": 1, "state": "ALIVE"}]})"));
  EXPECT_FALSE(Matches(probe, R"({"workers": []})"));
  EXPECT_FALSE(Matches(probe, "not JSON"));
  EXPECT_FALSE(Matches(probe, "[]"));
  probe.members = nlohmann::json::array();
  EXPECT_TRUE(Matches(probe, R"({"workers": []})"));
  EXPECT_FALSE(Matches(probe, R"({"workers": [1]})"));
  EXPECT_FALSE(Matches(probe, R"({})"));
}

TEST(Probe, AsksOverHttp) {
  const Listener good("HTTP/1.1 200 OK\r\n\r\n{\"status\": \"ALIVE\"}");
  const Listener bad("HTTP/1.1 503 Busy\r\n\r\n");
  const Listener nonsense("hello");
  Probe probe = HttpProbe(good.port());
  EXPECT_EQ(RunProbe(probe), std::nullopt);
  probe.members = {{"status", "ALIVE"}};
  EXPECT_EQ(RunProbe(probe), std::nullopt);
  probe.members = {{"status", "STANDBY"}};
  EXPECT_THAT(RunProbe(probe).value_or(""), HasSubstr("does not show"));
  EXPECT_THAT(RunProbe(HttpProbe(bad.port())).value_or(""), HasSubstr("answers 503"));
  EXPECT_THAT(RunProbe(HttpProbe(nonsense.port())).value_or(""), HasSubstr("does not speak HTTP"));
}

TEST(Probe, EndsACommandWhenItIsAskedTo) {
  Probe probe;
  probe.kind = ProbeKind::kCommand;
  probe.command = {"/bin/sleep", "100"};
  probe.timeout = 100'000;
  std::optional<std::string> wrong;
  const auto begin = std::chrono::steady_clock::now();
  {
    const std::jthread asking([&](const std::stop_token& stop) { wrong = RunProbe(probe, stop); });
  }
  EXPECT_NE(wrong, std::nullopt);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(50));
}

TEST(Folder, IsFoundWithoutAHome) {
  EXPECT_EQ(FindDirectories({{"HOME", "/h"}}).state, "/h/.local/state/tinderbox");
  EXPECT_TRUE(FindDirectories({}).state.is_absolute()) << "from the list of users";
  EXPECT_TRUE(FindDirectories({{"HOME", ""}}).cache.is_absolute());
  EXPECT_EQ(FindDirectories({{"HOME", "/h"}, {"XDG_STATE_HOME", "here"}}).state, "/h/.local/state/tinderbox")
      << "a relative folder counts as none";
}

TEST(Folder, KeepsSpaceToBeTakenDownWithoutAny) {
  const base::TempDir temporary;
  const ClusterFolder folder(temporary.path() / "demo");
  folder.Make();
  EXPECT_GE(std::filesystem::file_size(folder.path() / "reserve"), 65536U);
}

TEST(Host, MustBeAnAddressOfThisMachine) {
  EXPECT_TRUE(CheckHost("127.0.0.1"));
  EXPECT_TRUE(CheckHost("localhost"));
  EXPECT_THROW(CheckHost("192.0.2.1"), Error) << "an address for documents, which nobody has";
  EXPECT_THROW(CheckHost("no such host"), Error);
}

TEST(Probe, GivesUpInTime) {
  const int silent = ::socket(AF_INET, SOCK_STREAM, 0);  // listens and never accepts
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(silent, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(silent, 1), 0);
  ::getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size);
  Probe probe = HttpProbe(ntohs(address.sin_port));
  probe.timeout = 200;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(RunProbe(probe).value_or(""), HasSubstr("in time"));
  Probe command;
  command.kind = ProbeKind::kCommand;
  command.command = {"/bin/sleep", "30"};
  command.timeout = 200;
  EXPECT_THAT(RunProbe(command).value_or(""), HasSubstr("in time"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  ::close(silent);
  EXPECT_THAT(RunProbe(probe).value_or(""), HasSubstr("refused"));
  command.command = {"/bin/false"};
  EXPECT_NE(RunProbe(command), std::nullopt);
  command.command = {"/bin/true"};
  EXPECT_EQ(RunProbe(command), std::nullopt);
  command.host = probe.host;
  command.port = probe.port;
  EXPECT_THAT(RunProbe(command).value_or(""), HasSubstr("refused")) << "not run before the port listens";
  command.port = 0;
  command.command = {"/nowhere/at/all"};
  EXPECT_THAT(RunProbe(command).value_or(""), HasSubstr("cannot be run"));
}

TEST(Machine, NamesWhoHoldsAPort) {
  auto listener = std::make_optional<Listener>("");
  const int port = listener->port();
  const std::optional<PortOwner> owner = FindPortOwner("127.0.0.1", port);
  ASSERT_TRUE(owner.has_value());
  EXPECT_EQ(owner->pid, ::getpid());
  EXPECT_THAT(owner->name, HasSubstr("cluster_test"));
  listener.reset();
  EXPECT_FALSE(FindPortOwner("127.0.0.1", port).has_value());
}

TEST(Machine, RefusesAJavaThatIsNoneOrTooOld) {
  const base::TempDir folder;
  EXPECT_THROW(FindJava(folder.path()), Error);
  std::filesystem::create_directories(folder.path() / "bin");
  std::ofstream(folder.path() / "bin/java") << "#!/bin/sh\n";
  std::filesystem::permissions(folder.path() / "bin/java", std::filesystem::perms::owner_all);
  std::ofstream(folder.path() / "release") << "JAVA_VERSION=\"1.8.0_392\"\n";
  try {
    FindJava(folder.path());
    FAIL() << "Java 8 was taken";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("is Java 8"));
  }
  std::ofstream(folder.path() / "release") << "JAVA_VERSION=\"21.0.1\"\n";
  EXPECT_EQ(FindJava(folder.path()).version, 21);
}

TEST(Log, FindsTheCause) {
  EXPECT_THAT(CauseInLines({"26/11/21 INFO Utils: x", "java.net.BindException: Address already in use"}),
              HasSubstr("port is taken"));
  EXPECT_THAT(CauseInLines({"java.lang.OutOfMemoryError: Java heap space", "at x.y"}), HasSubstr("out of memory"));
  EXPECT_EQ(CauseInLines({"a", "26/11/21 ERROR Master: something odd", "b"}), "26/11/21 ERROR Master: something odd");
  EXPECT_EQ(CauseInLines({"all is well"}), "");
  EXPECT_EQ(CauseInLines({"java.io.IOException: gone", "\tat a.b.newConnectException0(Errors.java:166)"}),
            "java.io.IOException: gone");
}

TEST(Log, LooksAtTheLastStartOnly) {
  const base::TempDir folder;
  const auto log = folder.path() / "x.log";
  std::ofstream(log) << "java.lang.OutOfMemoryError\ntinderbox: starting x\none\ntwo\nthree\n";
  EXPECT_THAT(LastLines(log, 2), ElementsAre("two", "three"));
  EXPECT_EQ(CauseInLog(log), "");
}

TEST(Log, RotatesAndKeepsSome) {
  const base::TempDir folder;
  const auto log = folder.path() / "x.log";
  for (const char* text : {"first", "second", "third", "fourth"}) {
    std::ofstream(log, std::ios::app) << text;
    RotateLog(log, 3, 2);
  }
  EXPECT_EQ(std::filesystem::file_size(log), 0U);
  EXPECT_EQ(Read(log.string() + ".1"), "fourth");
  EXPECT_EQ(Read(log.string() + ".2"), "third");
  EXPECT_FALSE(std::filesystem::exists(log.string() + ".3"));
}

TEST(Folder, RefusesNamesThatLeaveIt) {
  const base::TempDir folder;
  const Directories directories{folder.path(), folder.path(), folder.path()};
  for (const char* name : {"", "..", "a/b", "a b", "-x", "ü"})
    EXPECT_THROW(ClusterFolder(directories, name), Error) << name;
  EXPECT_FALSE(ClusterFolder(directories, "a-1").Exists());
}

/// A real supervisor on a thread of this test, with shells for services.
class SupervisorTest : public testing::Test {
 protected:
  SupervisorTest() : folder_(temporary_.path() / "cluster") { folder_.Make(); }
  ~SupervisorTest() override {
    Want([](Desired* desired) { desired->services.clear(); });
    if (thread_.joinable()) thread_.join();
    KillMarked("test-mark");
  }

  Service Shell(const std::string& name, const std::string& script) {
    Service service;
    service.name = name;
    service.command = {"/bin/sh", "-c", script};
    service.folder = temporary_.path();
    service.log = folder_.path() / "logs" / (name + ".log");
    service.ready.kind = ProbeKind::kCommand;
    service.ready.command = {"/bin/true"};
    service.alive = service.ready;
    service.start_timeout = 20'000;
    service.stop_grace = 300;
    return service;
  }
  void Want(const std::function<void(Desired*)>& change) {
    Desired desired = folder_.ReadDesired().value_or(Desired{"test-mark", {}});
    change(&desired);
    folder_.WriteDesired(desired);
  }
  void Start() {
    thread_ = std::thread([this] { Supervise(folder_); });
  }
  ServiceState Get(const std::string& name) {
    const std::optional<State> state = folder_.ReadState();
    return state && state->services.contains(name) ? state->services.at(name) : ServiceState{};
  }
  bool WaitFor(const std::string& name, Phase phase) {
    return Eventually([&] { return Get(name).phase == phase; });
  }

  base::TempDir temporary_;
  ClusterFolder folder_;
  std::thread thread_;
};

TEST_F(SupervisorTest, StartsRestartsAndEnds) {
  Want([&](Desired* desired) {
    desired->services = {{Shell("a", "exec sleep 1000")}, {Shell("b", "exec sleep 1000")}};
  });
  Start();
  ASSERT_TRUE(WaitFor("a", Phase::kReady));
  ASSERT_TRUE(WaitFor("b", Phase::kReady));
  const Process first = Get("a").process;
  ::kill(first.pid, SIGKILL);
  EXPECT_TRUE(Eventually([&] { return Get("a").phase == Phase::kReady && Get("a").process != first; }));
  EXPECT_THAT(Get("a").reason, HasSubstr("killed by SIGKILL"));
  Want([](Desired* desired) { desired->services.clear(); });
  thread_.join();
  EXPECT_TRUE(FindMarked("test-mark").empty());
}

TEST_F(SupervisorTest, KillsWhatIgnoresTermAndWhatItLeaves) {
  Want([&](Desired* desired) {
    desired->services = {
        {Shell("stubborn", "trap '' TERM; (trap '' TERM; setsid sleep 1000) & while true; do sleep 1; done")}};
  });
  Start();
  ASSERT_TRUE(WaitFor("stubborn", Phase::kReady));
  ASSERT_TRUE(Eventually([] { return FindMarked("test-mark").size() >= 3; }));
  Want([](Desired* desired) { desired->services[0].up = false; });
  EXPECT_TRUE(Eventually([] { return FindMarked("test-mark").empty(); }));
}

TEST_F(SupervisorTest, GivesUpOnACrashLoopAndSaysWhy) {
  Want([&](Desired* desired) {
    Service service = Shell("crash", "echo 'java.net.BindException: Address already in use'; exit 3");
    service.ready.command = {"/bin/false"};
    desired->services = {{service}, {Shell("good", "exec sleep 1000")}};
  });
  Start();
  ASSERT_TRUE(WaitFor("crash", Phase::kCrashLoop));
  EXPECT_THAT(Get("crash").reason, AllOf(HasSubstr("exit code 3"), HasSubstr("port is taken")));
  EXPECT_EQ(Get("crash").exits.size(), kCrashExits);
  EXPECT_EQ(Get("good").phase, Phase::kReady) << "the rest is kept up";
}

TEST_F(SupervisorTest, ReportsAProgramThatCannotBeRun) {
  Want([&](Desired* desired) {
    Service service = Shell("none", "");
    service.command = {"/nowhere/at/all"};
    service.restart = Restart::kNever;
    desired->services = {{service}};
  });
  Start();
  ASSERT_TRUE(WaitFor("none", Phase::kFailed));
  EXPECT_THAT(Get("none").reason, HasSubstr("/nowhere/at/all cannot be run"));
}

TEST_F(SupervisorTest, IsTakenOverWhenItWasKilled) {
  Want([&](Desired* desired) { desired->services = {{Shell("a", "exec sleep 1000")}}; });
  const pid_t supervisor = ::fork();
  if (supervisor == 0) {
    Supervise(folder_);
    ::_exit(0);
  }
  ASSERT_TRUE(WaitFor("a", Phase::kReady));
  const Process process = Get("a").process;
  ::kill(supervisor, SIGKILL);
  ::waitpid(supervisor, nullptr, 0);
  EXPECT_EQ(IdentifyProcess(process.pid), process) << "it lives on";
  Start();
  ASSERT_TRUE(WaitFor("a", Phase::kReady));
  EXPECT_EQ(Get("a").process, process) << "and is not started again";
  // It is no child of the new supervisor, and its end is seen all the same.
  ::kill(process.pid, SIGKILL);
  EXPECT_TRUE(Eventually([&] { return Get("a").phase == Phase::kReady && Get("a").process != process; }));
}

}  // namespace
}  // namespace tinderbox::cluster
