#include <fmt/format.h>

#include "cluster/extras.h"
#include "cluster/hadoop.h"
#include "cluster/machine.h"
#include "cluster/provision_extras.h"

namespace tinderbox::cluster {
namespace {

constexpr int64_t kMemory = 600 * kMiB;
constexpr const char* kPrefix = "/yarn";  // of the ResourceManager's page behind the gateway

std::string NameOf(int64_t number) {
  return fmt::format("nodemanager-{}", number);
}

std::vector<PortRequest> PortsOf(const ClusterSpec& spec) {
  std::vector<PortRequest> requests = {
      {"resourcemanager", "rpc", "ports.resourcemanager", spec.port_resourcemanager, 8032},
      {"resourcemanager", "ui", "ports.resourcemanager_ui", spec.port_resourcemanager_ui, 8088}};
  for (const char* purpose : {"scheduler", "tracker", "admin"})
    requests.push_back({"resourcemanager", purpose, "", 0, 0});
  for (int64_t i = 0; i < spec.yarn_nodemanagers; ++i) {
    const std::string name = NameOf(i + 1);
    requests.push_back({name, "ui", "ports.nodemanager_ui", PortAfter(spec.port_nodemanager_ui, i), i == 0 ? 8042 : 0});
    for (const char* purpose : {"rpc", "localizer"}) requests.push_back({name, purpose, "", 0, 0});
  }
  return requests;
}

void Install(const ClusterSpec&, const std::filesystem::path& cache, const Progress& progress,
             std::map<std::string, std::string>* extras) {
  (*extras)["hadoop"] = ProvisionHadoop(cache, progress);
}

Service ResourceManager(const Ground& ground) {
  Service service = HadoopDaemon(ground, "resourcemanager", "resourcemanager",
                                 "org.apache.hadoop.yarn.server.resourcemanager.ResourceManager", {});
  service.ready = ground.Http("resourcemanager", "ui", "/ws/v1/cluster/info");
  service.ready.pointer = "/clusterInfo";
  service.ready.members = {{"state", "STARTED"}};
  service.alive = service.ready;
  service.page = ground.spec.gateway ? fmt::format("http://{}{}/cluster", ground.Address("gateway", "ui"), kPrefix)
                                     : fmt::format("http://{}/cluster", ground.Address("resourcemanager", "ui"));
  return service;
}

Service NodeManager(const Ground& ground, int64_t number) {
  const std::string name = NameOf(number);
  Service service = HadoopDaemon(ground, name, "nodemanager", "org.apache.hadoop.yarn.server.nodemanager.NodeManager",
                                 {{"yarn.nodemanager.address", ground.Address(name, "rpc")},
                                  {"yarn.nodemanager.localizer.address", ground.Address(name, "localizer")},
                                  {"yarn.nodemanager.webapp.address", ground.Address(name, "ui")},
                                  {"yarn.nodemanager.local-dirs", fmt::format("{}/scratch/{}", ground.folder, name)},
                                  {"yarn.nodemanager.log-dirs", ground.Data(name + "-logs")}});
  service.needs = {"resourcemanager"};
  service.environment = {{"JAVA_HOME", ground.installation.java_home}, {"HADOOP_CONF_DIR", HadoopConf(ground)}};
  // The ResourceManager goes on listing one that has died, so both are asked.
  service.ready.kind = ProbeKind::kCommand;
  service.ready.host = ground.spec.host;
  service.ready.port = ground.Port(name, "ui");
  service.ready.command = {ground.installation.program, "probe-nodemanager", ground.Address("resourcemanager", "ui"),
                           ground.Address(name, "ui"), fmt::format("{}", ground.Port(name, "rpc"))};
  service.ready.timeout = 20'000;
  service.alive = ground.Http(name, "ui", "/ws/v1/node/info");
  service.page = ground.spec.gateway ? fmt::format("http://{}/{}/node", ground.Address("gateway", "ui"), name)
                                     : fmt::format("http://{}/node", ground.Address(name, "ui"));
  return service;
}

std::vector<Service> Services(const Ground& ground) {
  std::vector<Service> services = {ResourceManager(ground)};
  for (int64_t i = 1; i <= ground.spec.yarn_nodemanagers; ++i) services.push_back(NodeManager(ground, i));
  return services;
}

void AddToSpark(const Ground& ground, SparkAdditions* additions) {
  additions->hadoop_conf = HadoopConf(ground);
  additions->files.merge(HadoopFiles(ground));
  additions->conf["spark.yarn.jars"] = fmt::format("local:{}/jars/*", ground.installation.spark_home);
  additions->conf["spark.yarn.stagingDir"] = ground.spec.with.contains("hdfs")
                                                 ? fmt::format("hdfs://{}/tmp/spark", ground.Address("namenode", "rpc"))
                                                 : "file://" + ground.folder + "/scratch/yarn";
  if (ground.spec.history) additions->conf["spark.yarn.historyServer.address"] = ground.Address("history", "ui");
  // Containers start with an environment of their own.
  additions->conf["spark.yarn.appMasterEnv.PYSPARK_PYTHON"] = ground.installation.python;
  additions->conf["spark.yarn.appMasterEnv.SPARK_LOCAL_IP"] = ground.spec.host;
  additions->conf["spark.executorEnv.SPARK_LOCAL_IP"] = ground.spec.host;
}

/// The pages of running applications are reached through the ResourceManager, and know their path themselves.
std::vector<Route> Routes(const Ground& ground) {
  std::vector<Route> routes = {{"resourcemanager", "ui", kPrefix, true, Rewrite::kLinks},
                               {"resourcemanager", "ui", "/proxy/application_", false, Rewrite::kLinks}};
  for (int64_t i = 1; i <= ground.spec.yarn_nodemanagers; ++i)
    routes.push_back({NameOf(i), "ui", "/" + NameOf(i), true, Rewrite::kLinks});
  return routes;
}

}  // namespace

const Extra kYarn = {"yarn",  "resourcemanager", kMemory,    nullptr, PortsOf,
                     Install, Services,          AddToSpark, nullptr, Routes};

}  // namespace tinderbox::cluster
