#include "cluster/layout.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "cluster/config.h"
#include "tinderbox/error.h"

namespace tinderbox::cluster {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const Installation kInstallation = {"/opt/spark",   "/opt/java",      "python3",
                                    "/opt/traefik", "/opt/tinderbox", "/cache/archives/spark.jsa"};

ClusterSpec SpecOf(const std::vector<std::pair<std::string, std::string>>& settings) {
  ConfigSources sources;
  for (const auto& [key, value] : settings) sources.flags.push_back({key, {value, "test"}});
  return ToSpec(ReadConfig(sources));
}

PortWorld FreeWorld() {
  return {[](int) { return std::nullopt; }, {}, 21000};
}

/// The reason for which the spec is refused.
template <typename Body>
std::string Complaint(const Body& body, const std::string& condition) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), condition);
    return error.what();
  }
  return "";
}

/// The whole layout of a typical cluster, held in a file that a person can read. TINDERBOX_UPDATE=1 writes it anew.
TEST(Layout, IsAsExpected) {
  const ClusterSpec spec =
      SpecOf({{"worker.cores", "2"}, {"worker.memory", "2g"}, {"spark_conf.spark.sql.ansi.enabled", "false"}});
  const Ports ports = AssignPorts(spec, 2, {}, {}, FreeWorld());
  const std::string actual = nlohmann::json(Layout(spec, 2, ports, kInstallation, "/state/demo")).dump(1) + "\n";
  const std::string file = "src/cluster/layout_test.expected.json";
  if (std::getenv("TINDERBOX_UPDATE") != nullptr) std::ofstream(file) << actual;
  std::ostringstream expected;
  expected << std::ifstream(file).rdbuf();
  EXPECT_EQ(actual, expected.str());
}

TEST(Layout, HoldsForEveryNumberOfWorkers) {
  for (const int64_t workers : {1, 3, 16, 100}) {
    const ClusterSpec spec = SpecOf({});
    const Ports ports = AssignPorts(spec, workers, {}, {}, FreeWorld());
    const std::vector<Service> services = Layout(spec, workers, ports, kInstallation, "/state/demo");
    EXPECT_EQ(services.size(), static_cast<size_t>(workers) + 4);
    std::set<std::string> before;
    std::set<int> used;
    for (const Service& service : services) {
      for (const std::string& need : service.needs)
        EXPECT_TRUE(before.contains(need)) << service.name << " needs " << need;
      EXPECT_TRUE(before.insert(service.name).second) << service.name;
      for (const auto& [purpose, port] : service.ports) EXPECT_TRUE(used.insert(port).second) << port;
    }
  }
}

TEST(Layout, BearsFoldersOfAnyName) {
  const ClusterSpec spec = SpecOf({});
  const Ports ports = AssignPorts(spec, 1, {}, {}, FreeWorld());
  const std::vector<Service> services = Layout(spec, 1, ports, kInstallation, "/home/J\u00f6rg B\\o/100%");
  const std::string& defaults = services[0].files.at("/home/J\u00f6rg B\\o/100%/conf/spark-defaults.conf");
  EXPECT_THAT(defaults, HasSubstr("spark.eventLog.dir file:///home/J%C3%B6rg%20B%5Co/100%25/history\n"));
  EXPECT_THAT(defaults, HasSubstr("spark.deploy.recoveryDirectory /home/J\u00f6rg B\\\\o/100%/recovery\n"));
}

TEST(Layout, RefusesHostsThatServicesCannotAnnounce) {
  for (const char* host : {"::1", "0.0.0.0", "0"})
    EXPECT_THAT(Complaint([&] { CheckSpec(SpecOf({{"network.host", host}})); }, "TINDERBOX_CONFIG"), HasSubstr("IPv4"));
}

TEST(Layout, AWorkerMoreChangesNoOtherService) {
  const ClusterSpec spec = SpecOf({});
  const Ports two = AssignPorts(spec, 2, {}, {}, FreeWorld());
  const Ports three = AssignPorts(spec, 3, two, two, FreeWorld());
  const std::vector<Service> before = Layout(spec, 2, two, kInstallation, "/state/demo");
  const std::vector<Service> after = Layout(spec, 3, three, kInstallation, "/state/demo");
  for (const Service& service : before)
    EXPECT_TRUE(std::count(after.begin(), after.end(), service) == 1) << service.name;
}

TEST(Layout, SurvivesItsTextForm) {
  const ClusterSpec spec = SpecOf({});
  const std::vector<Service> services = Layout(spec, 2, AssignPorts(spec, 2, {}, {}, FreeWorld()), kInstallation, "/x");
  EXPECT_EQ(nlohmann::json::parse(nlohmann::json(services).dump()).get<std::vector<Service>>(), services);
}

TEST(Workers, FillTheMachineByCoresAndMemory) {
  const ClusterSpec spec = SpecOf({});
  EXPECT_EQ(WorkerCount(spec, {8, 64 * 1024 * kMiB}), 8);
  EXPECT_EQ(WorkerCount(spec, {8, 6 * 1024 * kMiB}), 2) << "memory is the limit";
  EXPECT_EQ(WorkerCount(spec, {1, 512 * kMiB}), 1) << "at least one";
  EXPECT_EQ(WorkerCount(SpecOf({{"worker.count", "16"}}), {2, 512 * kMiB}), 16) << "who says how many means it";
  EXPECT_EQ(WorkerCount(SpecOf({{"worker.cores", "4"}}), {8, 64 * 1024 * kMiB}), 2);
}

TEST(CheckSpec, RefusesExecutorsThatNoWorkerCanRun) {
  const auto check = [](const std::vector<std::pair<std::string, std::string>>& settings) {
    return Complaint([&] { CheckSpec(SpecOf(settings)); }, "TINDERBOX_CONFIG");
  };
  EXPECT_EQ(check({}), "");
  EXPECT_THAT(check({{"executor.memory", "2g"}}), AllOf(HasSubstr("2g"), HasSubstr("wait without end")));
  EXPECT_THAT(check({{"executor.cores", "2"}}), HasSubstr("a worker offers 1 (worker.cores)"));
  EXPECT_EQ(check({{"worker.cores", "4"}, {"worker.memory", "2g"}, {"executor.cores", "2"}}), "");
}

TEST(Ports, AreTheUsualOnesWhenTheyAreFree) {
  const Ports ports = AssignPorts(SpecOf({}), 1, {}, {}, FreeWorld());
  EXPECT_EQ(ports.at("master").at("rpc"), 7077);
  EXPECT_EQ(ports.at("connect").at("rpc"), 15002);
  EXPECT_EQ(ports.at("gateway").at("ui"), 8080);
}

TEST(Ports, StepAsideWhenSomebodyElseHasThem) {
  PortWorld world = FreeWorld();
  world.owner = [](int port) { return port == 7077 ? std::optional(PortOwner{42, "java"}) : std::nullopt; };
  world.reserved = {15002};
  const Ports ports = AssignPorts(SpecOf({}), 1, {}, {}, world);
  EXPECT_NE(ports.at("master").at("rpc"), 7077);
  EXPECT_NE(ports.at("connect").at("rpc"), 15002);
}

TEST(Ports, ThatAreWishedForAreMovedAndSaid) {
  PortWorld world = FreeWorld();
  const ClusterSpec spec = SpecOf({{"ports.master_ui", "9090 or free"}, {"ports.worker_ui", "9091 or free"}});
  Ports ports = AssignPorts(spec, 2, {}, {}, world);
  EXPECT_EQ(ports.at("master").at("ui"), 9090);
  EXPECT_EQ(ports.at("worker-1").at("ui"), 9091);
  EXPECT_EQ(ports.at("worker-2").at("ui"), 9092);
  EXPECT_THAT(MovedPorts(spec, 2, ports, world), testing::IsEmpty());
  world.owner = [](int port) { return port == 9090 ? std::optional(PortOwner{42, "nginx"}) : std::nullopt; };
  world.reserved = {9092};
  ports = AssignPorts(spec, 2, {}, {}, world);
  EXPECT_EQ(ports.at("worker-1").at("ui"), 9091);
  EXPECT_THAT(MovedPorts(spec, 2, ports, world),
              testing::ElementsAre(AllOf(HasSubstr("The port 9090 of master is taken by nginx (pid 42)"),
                                         HasSubstr(fmt::format("{} instead", ports.at("master").at("ui")))),
                                   AllOf(HasSubstr("9092 of worker-2"), HasSubstr("another Tinderbox cluster"))));
  // Free again, it is taken at the next start; what runs stays.
  world = FreeWorld();
  EXPECT_EQ(AssignPorts(spec, 2, {}, ports, world).at("master").at("ui"), 9090);
  EXPECT_EQ(AssignPorts(spec, 2, ports, ports, world), ports);
}

TEST(Ports, AreSearchedForFromThePlaceOfTheFolderOnAndThenFromTheStart) {
  PortWorld world = FreeWorld();
  world.first = 32000;
  const Ports ports = AssignPorts(SpecOf({}), 1, {}, {}, world);
  EXPECT_EQ(ports.at("master").at("ui"), 32000);
  EXPECT_EQ(ports.at("connect").at("ui"), 21000);
  world.owner = [](int) { return PortOwner{1, "all"}; };
  EXPECT_THAT(Complaint([&] { AssignPorts(SpecOf({}), 1, {}, {}, world); }, "TINDERBOX_PORT"),
              HasSubstr("No port from 21000 to 32000 is free"));
}

TEST(Ports, NameTheOwnerOfAPinnedOne) {
  PortWorld world = FreeWorld();
  world.owner = [](int port) { return port == 7077 ? std::optional(PortOwner{42, "java"}) : std::nullopt; };
  const auto pin = [&](const std::string& key, const std::string& port, int64_t workers) {
    return Complaint([&] { AssignPorts(SpecOf({{key, port}}), workers, {}, {}, world); }, "TINDERBOX_PORT");
  };
  EXPECT_THAT(pin("ports.master", "7077", 1), AllOf(HasSubstr("java (pid 42)"), HasSubstr("21000 is free")));
  EXPECT_THAT(pin("ports.worker_ui", "65535", 2), HasSubstr("65536"));
  EXPECT_EQ(pin("ports.master", "7078", 1), "");
}

TEST(Ports, OfRunningServicesStay) {
  PortWorld world = FreeWorld();
  world.owner = [](int port) {
    return port == 7077 || port == 21000 ? std::optional(PortOwner{1, "ours"}) : std::nullopt;
  };
  const Ports running = {{"master", {{"rest", 6066}, {"rpc", 7077}, {"ui", 21000}}}};
  const Ports ports = AssignPorts(SpecOf({}), 1, running, running, world);
  EXPECT_EQ(ports.at("master"), running.at("master"));
  EXPECT_EQ(AssignPorts(SpecOf({{"ports.master", "7077"}}), 1, running, running, world).at("master").at("rpc"), 7077);
}

}  // namespace
}  // namespace tinderbox::cluster
