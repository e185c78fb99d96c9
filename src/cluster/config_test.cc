#include "cluster/config.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cluster/config_fixture.h"
#include "cluster/keys.h"
#include "cluster/layout.h"
#include "cluster/profiles.h"
#include "cluster/units.h"
#include "tinderbox/error.h"

namespace tinderbox::cluster {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(Units, ReadSizesAsSparkDoes) {
  EXPECT_EQ(ParseMemory("1g"), 1024 * kMiB);
  EXPECT_EQ(ParseMemory("512M"), 512 * kMiB);
  EXPECT_EQ(ParseMemory("1.5GiB"), 1536 * kMiB);
  EXPECT_EQ(ParseMemory("1024"), 1024);
  for (const char* wrong : {"", "g", "1x", "-1g", "1 g", "nan", "inf", "1e300g"})
    EXPECT_EQ(ParseMemory(wrong), std::nullopt) << wrong;
  EXPECT_EQ(FormatMemory(1024 * kMiB), "1g");
  EXPECT_EQ(FormatMemory(1536 * kMiB), "1536m");
  EXPECT_EQ(FormatMemory(1025), "1025b");
  EXPECT_EQ(ParseDuration("1.5s"), 1500);
  EXPECT_EQ(ParseDuration("2min"), 120'000);
  EXPECT_EQ(ParseDuration("10"), std::nullopt);
  EXPECT_EQ(FormatDuration(90'000), "90s");
}

TEST_F(ConfigTest, DefaultsNeedNoFile) {
  const ClusterSpec spec = ToSpec(ReadConfig(sources_));
  EXPECT_EQ(spec.worker_count, 0);
  EXPECT_EQ(spec.worker_cores, 1);
  EXPECT_EQ(spec.worker_memory, 1024 * kMiB);
  EXPECT_EQ(spec.host, "127.0.0.1");
  EXPECT_TRUE(spec.connect && spec.history && spec.gateway);
}

TEST_F(ConfigTest, EveryDefaultIsAllowed) {
  for (const Key& key : Keys()) {
    ClusterSpec spec;
    EXPECT_EQ(SetField(key, key.standard, &spec), "") << key.path;
  }
}

TEST_F(ConfigTest, LaterSourcesWin) {
  sources_.user_file =
      Write("user.toml", "[worker]\ncount = 1\ncores = 1\nmemory = \"1g\"\n[driver]\nmemory = \"600m\"\n");
  const auto count = [&] { return ToSpec(ReadConfig(sources_)).worker_count; };
  EXPECT_EQ(count(), 1);
  sources_.project_file = Write("cluster.toml", "[worker]\ncount = 2\n");
  EXPECT_EQ(count(), 2);
  sources_.overlays = {{"a", Write("cluster.a.toml", "worker.count = 3")},
                       {"", Write("cluster.b.toml", "worker.count = 4")}};
  EXPECT_EQ(count(), 4);
  sources_.environment["NUM_OF_WORKERS"] = "5";
  EXPECT_EQ(count(), 5);
  sources_.environment["TINDERBOX_WORKER_COUNT"] = "6";
  EXPECT_EQ(count(), 6);
  sources_.flags = {{"worker.count", {"7", "flag --workers"}}};
  EXPECT_EQ(count(), 7);
  EXPECT_EQ(ToSpec(ReadConfig(sources_)).driver_memory, 600 * kMiB) << "what nobody overrides stays";
}

TEST_F(ConfigTest, KnowsWhereEachValueIsFrom) {
  sources_.project_file = Write("cluster.toml", "\n[worker]\nmemory = \"2g\"\n");
  sources_.environment["SPARK_WORKER_CORES"] = "3";
  const Config config = ReadConfig(sources_);
  EXPECT_EQ(config.keys.at("worker.memory").origin, "cluster.toml:3");
  EXPECT_EQ(config.keys.at("worker.cores").origin, "variable SPARK_WORKER_CORES");
  EXPECT_EQ(config.keys.at("driver.memory").origin, "default");
  EXPECT_THAT(ConfigToml(config, true),
              AllOf(HasSubstr("memory = \"2g\""), HasSubstr("# variable SPARK_WORKER_CORES")));
}

TEST_F(ConfigTest, WhatItWritesItReads) {
  sources_.environment = {{"SPARK_WORKER_MEMORY", "3g"}, {"TINDERBOX_CONNECT_ENABLED", "false"}};
  sources_.flags = {{"spark_conf.spark.sql.ansi.enabled", {"a \"quoted\" value", "flag"}}};
  const Config before = ReadConfig(sources_);
  ConfigSources again;
  again.project_file = Write("written.toml", ConfigToml(before, true));
  const Config after = ReadConfig(again);
  for (const auto& [key, setting] : before.keys) EXPECT_EQ(after.keys.at(key).text, setting.text) << key;
  EXPECT_EQ(after.spark_conf.at("spark.sql.ansi.enabled").text, "a \"quoted\" value");
}

TEST_F(ConfigTest, NamesFileLineKeyAndWhatIsAllowed) {
  EXPECT_THAT(Complaint("[worker]\ncuont = 3\n"),
              AllOf(HasSubstr("cluster.toml:2:"), HasSubstr("Did you mean worker.count?")));
  EXPECT_THAT(Complaint("worker.count = \"many\""), AllOf(HasSubstr("cluster.toml:1:"), HasSubstr("from 1 to 500")));
  EXPECT_THAT(Complaint("worker.count = 0"), HasSubstr("at least 1"));
  EXPECT_THAT(Complaint("worker.count = 501"), HasSubstr("at most 500"));
  EXPECT_THAT(Complaint("connect.enabled = \"yes\""), HasSubstr("true or false"));
  EXPECT_THAT(Complaint("worker.memory = 1024"), HasSubstr("such as \"1g\""));
  EXPECT_THAT(Complaint("worker = [1, 2]"), HasSubstr("cluster.toml:1: worker is a list"));
  EXPECT_THAT(Complaint("[worker\ncount = 1"), AllOf(HasSubstr("cluster.toml:1"), HasSubstr("not TOML")));
  EXPECT_THAT(Complaint("[spark_conf]\nansi = \"true\""), HasSubstr("names begin with spark."));
}

TEST_F(ConfigTest, TakesServicesAsAList) {
  const auto with = [&](const std::string& text) {
    sources_.project_file = Write("cluster.toml", text);
    return ToSpec(ReadConfig(sources_)).with;
  };
  EXPECT_TRUE(with("").empty());
  EXPECT_TRUE(with("with = []").empty());
  EXPECT_THAT(with("with = [\"hdfs\"]"), testing::ElementsAre("hdfs"));
  sources_.environment["TINDERBOX_WITH"] = " hdfs , hdfs";
  EXPECT_THAT(with("with = []"), testing::ElementsAre("hdfs"));
  sources_.flags = {{"with", {"none", "flag --with"}}};
  EXPECT_TRUE(with("with = [\"hdfs\"]").empty());
  EXPECT_THAT(ConfigToml(ReadConfig(sources_), false), testing::StartsWith("with = []\n"));
  sources_ = {};
  EXPECT_THAT(Complaint("with = [\"hdfs\", \"kafka\"]"),
              AllOf(HasSubstr("cluster.toml:1:"), HasSubstr("no service kafka"), HasSubstr("hdfs")));
  EXPECT_THAT(Complaint("with = \"hdfs\""), HasSubstr("takes a list"));
  EXPECT_THAT(Complaint("with = [1]"), HasSubstr("with is a list"));
  EXPECT_THAT(Complaint("worker.count = [\"1\"]"), HasSubstr("worker.count is a list here"));
}

TEST_F(ConfigTest, AProfileIsALayerBelowTheProject) {
  sources_.user_file = Write("user.toml", "[worker]\nmemory = \"2g\"\n[daemon]\nmemory = \"600m\"\n");
  sources_.project_file = Write("cluster.toml", "profile = \"cluster-spark\"\n[worker]\ncores = 2\n");
  Config config = ReadConfig(sources_);
  EXPECT_EQ(config.keys.at("profile").origin, "cluster.toml:1");
  EXPECT_THAT(config.keys.at("worker.memory").origin, testing::StartsWith("profile cluster-spark:"));
  EXPECT_EQ(config.keys.at("worker.cores").text, "2");
  EXPECT_EQ(config.keys.at("daemon.memory").text, "600m");
  ClusterSpec spec = ToSpec(config);
  EXPECT_THAT(spec.with, testing::ElementsAre("postgres"));
  EXPECT_EQ(spec.port_master_ui, -9090) << "a wish, no demand";
  EXPECT_EQ(spec.folders.at("/opt/spark-apps"), std::filesystem::current_path() / "apps");
  // What the cluster was counts least, a flag most.
  sources_.kept_profile = "diffit";
  EXPECT_EQ(ReadConfig(sources_).keys.at("profile").text, "cluster-spark");
  sources_.project_file.clear();
  config = ReadConfig(sources_);
  EXPECT_THAT(ToSpec(config).with, testing::ElementsAre("hdfs", "yarn"));
  EXPECT_THAT(config.keys.at("profile").origin, HasSubstr("the cluster"));
  sources_.flags = {{"profile", {"none", "flag --profile"}}};
  EXPECT_TRUE(ToSpec(ReadConfig(sources_)).with.empty());
  sources_.flags = {{"profile", {"sparkplugg", "flag --profile"}}};
  EXPECT_THAT(Complaint(), AllOf(HasSubstr("flag --profile"), HasSubstr("Did you mean sparkplug?")));
}

TEST_F(ConfigTest, EveryProfileIsSoundAndReadsAsItIsWritten) {
  for (const std::string& name : ProfileNames()) {
    sources_ = {};
    sources_.flags = {{"profile", {name, "flag --profile"}}};
    const Config config = ReadConfig(sources_);
    EXPECT_NO_THROW(CheckSpec(ToSpec(config))) << name;
    EXPECT_GT(ProfileSummary(*FindProfileText(name)).size(), 20u);
    sources_ = {};
    sources_.project_file = Write("kept.toml", ConfigToml(config, false));
    const Config kept = ReadConfig(sources_);
    for (const auto& [key, setting] : config.keys) EXPECT_EQ(kept.keys.at(key).text, setting.text) << name << key;
    EXPECT_EQ(ToSpec(kept).folders, ToSpec(config).folders) << name;
    EXPECT_EQ(ToSpec(kept).spark_conf, ToSpec(config).spark_conf) << name;
  }
}

TEST_F(ConfigTest, AProfileMayHaveOverlays) {
  sources_.flags = {{"profile", {"pyspark-minio", "flag --profile"}}};
  sources_.overlays = {{"prod", folder_.path() / "cluster.prod.toml"}};
  EXPECT_EQ(ToSpec(ReadConfig(sources_)).worker_memory, 4096 * kMiB);
  EXPECT_NO_THROW(CheckSpec(ToSpec(ReadConfig(sources_))));
  Write("cluster.prod.toml", "[worker]\nmemory = \"5g\"\n");
  const ClusterSpec spec = ToSpec(ReadConfig(sources_));
  EXPECT_EQ(spec.worker_memory, 5120 * kMiB) << "the project's own file is read over it";
  EXPECT_EQ(spec.worker_cores, 2);
  sources_.overlays = {{"staging", folder_.path() / "cluster.staging.toml"}};
  EXPECT_THAT(Complaint(), HasSubstr("cluster.staging.toml"));
}

TEST_F(ConfigTest, TakesFoldersFromThePlaceOfTheFile) {
  sources_.project_file = Write("cluster.toml", "[folders]\n\"/opt/spark.data\" = \"data\"\n\"/x\" = \"/y/./z\"\n");
  const ClusterSpec spec = ToSpec(ReadConfig(sources_));
  EXPECT_EQ(spec.folders.at("/opt/spark.data"), folder_.path() / "data");
  EXPECT_EQ(spec.folders.at("/x"), "/y/z");
  EXPECT_THAT(Complaint("[folders]\ndata = \"data\""), HasSubstr("takes paths"));
}

TEST_F(ConfigTest, RefusesHeapsThatSparkWouldRefuse) {
  // The seeds' executor of 256 MB and driver of 128 MB.
  EXPECT_THAT(Complaint("executor.memory = \"256m\""), AllOf(HasSubstr("at least 450m"), HasSubstr("450 MiB of heap")));
  EXPECT_THAT(Complaint("driver.memory = \"128m\""), HasSubstr("at least 450m"));
  EXPECT_EQ(Complaint("driver.memory = \"450m\""), "");
  sources_.project_file.clear();
  sources_.environment["SPARK_EXECUTOR_MEMORY"] = "256m";
  EXPECT_THAT(Complaint(), HasSubstr("The variable SPARK_EXECUTOR_MEMORY"));
}

TEST_F(ConfigTest, MissesAFileThatIsAskedFor) {
  sources_.overlays = {{"prod", folder_.path() / "cluster.prod.toml"}};
  EXPECT_THAT(Complaint(), AllOf(HasSubstr("cluster.prod.toml"), HasSubstr("no such file")));
}

TEST_F(ConfigTest, SchemaAndTemplateFollowTheTable) {
  const nlohmann::json schema = nlohmann::json::parse(ConfigSchema());
  EXPECT_EQ(schema.at("properties").at("with").at("type"), "array");
  for (const Key& key : Keys()) {
    const size_t dot = key.path.find('.');
    if (dot == std::string_view::npos) continue;
    const nlohmann::json& section = schema.at("properties").at(std::string(key.path.substr(0, dot)));
    EXPECT_TRUE(section.at("properties").contains(std::string(key.path.substr(dot + 1)))) << key.path;
  }
  EXPECT_EQ(Complaint(ConfigTemplate()), "");
  std::string uncommented = ConfigTemplate();
  for (size_t at = 0; (at = uncommented.find("\n# ", at)) != std::string::npos;) {
    const size_t end = uncommented.find('\n', at + 1);
    if (uncommented.substr(at, end - at).find(" = ") != std::string::npos) uncommented.erase(at + 1, 2);
    at += 1;
  }
  EXPECT_EQ(Complaint(uncommented), "") << uncommented;
}

}  // namespace
}  // namespace tinderbox::cluster
