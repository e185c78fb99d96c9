#include "cluster/extras.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "cluster/config.h"
#include "tinderbox/error.h"

namespace tinderbox::cluster {
namespace {

using testing::HasSubstr;
using testing::Not;
using Settings = std::vector<std::pair<std::string, std::string>>;

const Installation kInstallation = {
    "/opt/spark",
    "/opt/java",
    "python3",
    "/opt/traefik",
    "/opt/tinderbox",
    "/cache/archives/spark.jsa",
    {{"hadoop", "/cache/hadoop"},
     {"s3", "/cache/store"},
     {"s3a", "/cache/s3a"},
     {"postgres", "/usr/lib/postgresql/15/bin"},
     {"postgres-driver", "/cache/it's the driver"},
     {"redis", "/usr/bin/redis-server"}},
    {{"dfs.blocksize", "dfs.blocksize"}, {"yarn.log.aggregation.enable", "yarn.log-aggregation-enable"}}};

ClusterSpec SpecOf(const Settings& settings) {
  ConfigSources sources;
  for (const auto& [key, value] : settings) sources.flags.push_back({key, {value, "test"}});
  return ToSpec(ReadConfig(sources));
}

std::vector<Service> LayoutOf(const ClusterSpec& spec) {
  const Ports ports = AssignPorts(spec, 1, {}, {}, {[](int) { return std::nullopt; }, {}, 21000});
  return Layout(spec, 1, ports, kInstallation, "/state/demo");
}

std::string Complaint(const Settings& settings) {
  try {
    CheckSpec(SpecOf(settings));
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "TINDERBOX_CONFIG");
    return error.what();
  }
  return "";
}

const Service& Find(const std::vector<Service>& services, const std::string& name) {
  return *std::find_if(services.begin(), services.end(), [&](const Service& each) { return each.name == name; });
}

constexpr const char* kAll = "hdfs,yarn,s3,postgres,redis";

TEST(Extras, LetYarnLookAtTheMachineWhenAsked) {
  const auto file = [](const Settings& settings) {
    const std::vector<Service> services = LayoutOf(SpecOf(settings));
    return Find(services, "nodemanager-1").files.at("/state/demo/conf/hadoop/yarn-site.xml");
  };
  const std::pair<std::string, std::string> with = {"with", "yarn"};
  const std::pair<std::string, std::string> detect = {
      "yarn_site.yarn.nodemanager.resource.detect-hardware-capabilities", "true"};
  EXPECT_THAT(file({with}), HasSubstr("resource.memory-mb"));
  EXPECT_THAT(file({with, detect}), Not(HasSubstr("resource.memory-mb")));
  EXPECT_THAT(file({with, detect, {"yarn_site.yarn.nodemanager.resource.memory-mb", "5000"}}),
              HasSubstr("resource.memory-mb</name><value>5000<"));
}

TEST(Extras, AddServicesWithPortsOfTheirOwn) {
  const std::vector<Service> services =
      LayoutOf(SpecOf({{"with", kAll}, {"hdfs.datanodes", "2"}, {"yarn.nodemanagers", "2"}}));
  std::vector<std::string> names;
  std::multiset<int> ports;
  for (const Service& service : services) {
    names.push_back(service.name);
    for (const auto& [purpose, port] : service.ports) ports.insert(port);
    for (const std::string& need : service.needs)
      EXPECT_THAT(names, testing::Contains(need)) << service.name << " comes before what it needs";
    for (const std::string& word : service.command) EXPECT_THAT(word, Not(HasSubstr("0.0.0.0"))) << service.name;
  }
  EXPECT_EQ(std::set<int>(ports.begin(), ports.end()).size(), ports.size());
  EXPECT_THAT(names, testing::ElementsAre("master", "worker-1", "connect", "history", "gateway", "namenode",
                                          "datanode-1", "datanode-2", "resourcemanager", "nodemanager-1",
                                          "nodemanager-2", "s3", "postgres", "redis"));
  EXPECT_EQ(Find(services, "namenode").page, "hdfs://127.0.0.1:8020");
}

TEST(Extras, HistoriesLieInHdfsWhenAsked) {
  const std::vector<Service> services = LayoutOf(SpecOf({{"with", "hdfs"}, {"history.hdfs", "true"}}));
  std::vector<std::string> names;
  for (const Service& service : services) {
    names.push_back(service.name);
    for (const std::string& need : service.needs)
      EXPECT_THAT(names, testing::Contains(need)) << service.name << " comes before what it needs";
  }
  EXPECT_THAT(Find(services, "history").needs, testing::ElementsAre("namenode"));
  EXPECT_THAT(Find(services, "connect").needs, testing::ElementsAre("master", "history"));
  const std::string defaults = Find(services, "worker-1").files.at("/state/demo/conf/spark-defaults.conf");
  for (const char* name : {"spark.eventLog.dir", "spark.history.fs.logDirectory"})
    EXPECT_THAT(defaults, HasSubstr(std::string(name) + " hdfs://127.0.0.1:8020/tmp/spark/spark-logs\n"));
  EXPECT_THAT(Complaint({{"history.hdfs", "true"}}), HasSubstr("add hdfs to `with`"));
  EXPECT_THAT(Complaint({{"with", "hdfs"}, {"history.hdfs", "true"}, {"history.enabled", "false"}}),
              HasSubstr("set history.enabled to true"));
}

TEST(Extras, TellSparkWhereTheyAre) {
  const Service worker = Find(LayoutOf(SpecOf({{"with", kAll}})), "worker-1");
  const std::string& variables = worker.files.at("/state/demo/conf/spark-env.sh");
  EXPECT_THAT(variables, HasSubstr("'/cache/s3a/lib/*:/cache/it'\\''s the driver/lib/*'"));
  EXPECT_THAT(variables, HasSubstr("HADOOP_CONF_DIR='/state/demo/conf/hadoop'"));
  EXPECT_THAT(worker.files.at("/state/demo/conf/spark-defaults.conf"),
              HasSubstr("spark.hadoop.fs.defaultFS file:///\n"));
  EXPECT_THAT(worker.files.at("/state/demo/conf/hadoop/core-site.xml"),
              HasSubstr("<xi:include href=\"/state/demo/secrets/s3a.xml\"/>"));
  const Service plain = Find(LayoutOf(SpecOf({})), "worker-1");
  EXPECT_THAT(plain.files.at("/state/demo/conf/spark-env.sh"), Not(HasSubstr("CLASSPATH")));
  EXPECT_FALSE(plain.files.contains("/state/demo/conf/hadoop/core-site.xml"));
}

TEST(Extras, TakeHadoopsPropertiesByTheirNamesAndAsVariables) {
  const Service namenode = Find(LayoutOf(SpecOf({{"with", "hdfs,yarn"},
                                                 {"hdfs_site.dfs.blocksize", "1<2&3"},
                                                 {"core_site.MY_OWN", "x"},
                                                 {"yarn_site.YARN_LOG_AGGREGATION_ENABLE", "false"}})),
                                "namenode");
  const auto property = [](const std::string& name, const std::string& value) {
    return HasSubstr("<name>" + name + "</name><value>" + value + "</value>");
  };
  EXPECT_THAT(namenode.files.at("/state/demo/conf/hadoop/hdfs-site.xml"), property("dfs.blocksize", "1&lt;2&amp;3"));
  EXPECT_THAT(namenode.files.at("/state/demo/conf/hadoop/core-site.xml"), property("my.own", "x"));
  EXPECT_THAT(namenode.files.at("/state/demo/conf/hadoop/yarn-site.xml"),
              property("yarn.log-aggregation-enable", "false"));
}

TEST(Extras, RunTheObjectStoreThatIsAskedFor) {
  const std::vector<Service> services = LayoutOf(SpecOf({{"with", "s3"}}));
  const Service& minio = Find(services, "s3");
  EXPECT_THAT(minio.ports, testing::UnorderedElementsAre(testing::Pair("api", 9000), testing::Pair("console", 9001)));
  EXPECT_THAT(minio.command, testing::IsSupersetOf({"/cache/store", "server", "/state/demo/data/minio"}));
  EXPECT_EQ(minio.environment.at("MINIO_ROOT_PASSWORD_FILE"), "/state/demo/secrets/s3-secret-key");
  EXPECT_EQ(minio.alive.path, "/minio/health/live");
  EXPECT_THAT(minio.ready.command, testing::IsSupersetOf({"/minio/health/ready", "spark-data", "spark-output"}));
  const std::string routes = Find(services, "gateway").files.at("/state/demo/conf/gateway.yml");
  EXPECT_THAT(routes, testing::AllOf(HasSubstr("PathPrefix(`/minio`)"), HasSubstr("http://127.0.0.1:9001")));
  const std::vector<Service> quick = LayoutOf(SpecOf({{"with", "s3"}, {"s3.store", "seaweedfs"}}));
  EXPECT_THAT(Find(quick, "s3").command,
              testing::IsSupersetOf({"run-seaweedfs", "/cache/store", "-dir=/state/demo/data/s3"}));
  EXPECT_THAT(Find(quick, "gateway").files.at("/state/demo/conf/gateway.yml"), Not(HasSubstr("minio")));
  EXPECT_THROW(SpecOf({{"s3.store", "ceph"}}), Error);
}

TEST(Extras, LeadYarnsPagesThroughTheGateway) {
  const Service gateway = Find(LayoutOf(SpecOf({{"with", "yarn"}, {"yarn.nodemanagers", "2"}})), "gateway");
  const nlohmann::json http = nlohmann::json::parse(gateway.files.at("/state/demo/conf/gateway.yml")).at("http");
  EXPECT_EQ(http["routers"]["proxy-application_"]["rule"], "PathPrefix(`/proxy/application_`)");
  EXPECT_EQ(http["routers"]["nodemanager-2"]["middlewares"], nlohmann::json({"nodemanager-2", "nodemanager-2-links"}));
  const nlohmann::json& links = http["middlewares"]["yarn-links"]["plugin"]["pages"];
  EXPECT_EQ(links["prefix"], "/yarn");
  EXPECT_EQ(links["paths"]["8088"], "/yarn");
  EXPECT_EQ(links["paths"]["8042"], "/nodemanager-1");
  EXPECT_EQ(http["middlewares"]["proxy-application_-links"]["plugin"]["pages"]["prefix"], "/yarn");
  EXPECT_TRUE(gateway.files.contains("/state/demo/work/gateway/plugins-local/src/tinderbox.local/pages/pages.go"));
  EXPECT_EQ(Find(LayoutOf(SpecOf({{"with", "hdfs"}})), "gateway").files.size(), 1U) << "no plugin where none is needed";
}

TEST(Extras, RefuseWhatCannotWork) {
  EXPECT_EQ(Complaint({{"with", kAll}}), "");
  EXPECT_THAT(Complaint({{"with", "hdfs"}, {"hdfs.replication", "2"}}),
              HasSubstr("no block could have all its copies"));
  EXPECT_EQ(Complaint({{"hdfs.replication", "2"}}), "") << "without HDFS it says nothing";
  EXPECT_THAT(Complaint({{"with", "s3"}, {"s3.buckets", "spark-data,My_Bucket"}}), HasSubstr("\"My_Bucket\""));
  EXPECT_THAT(Complaint({{"with", "postgres"}, {"postgres.user", "pg_me"}}), HasSubstr("begin with pg_"));
  EXPECT_THAT(Complaint({{"with", "postgres"}, {"postgres.database", "a;b"}}), HasSubstr("postgres.database"));
  EXPECT_THAT(Complaint({{"with", "s3"}, {"hdfs_site.dfs.blocksize", "1m"}}), HasSubstr("nothing that reads it"));
}

}  // namespace
}  // namespace tinderbox::cluster
