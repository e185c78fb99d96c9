#include <fmt/format.h>

#include "cluster/extras.h"
#include "cluster/hadoop.h"
#include "cluster/machine.h"
#include "cluster/provision_extras.h"

namespace tinderbox::cluster {
namespace {

constexpr int64_t kMemory = 600 * kMiB;

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
  service.page = fmt::format("http://{}/cluster", ground.Address("resourcemanager", "ui"));
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
  service.ready = ground.Http("resourcemanager", "ui", "/ws/v1/cluster/nodes?states=RUNNING");
  service.ready.pattern = fmt::format(R"("id":"[^"]*:{}")", ground.Port(name, "rpc"));
  service.alive = ground.Http(name, "ui", "/ws/v1/node/info");
  service.page = fmt::format("http://{}/node", ground.Address(name, "ui"));
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
  // Containers start with an environment of their own.
  additions->conf["spark.yarn.appMasterEnv.PYSPARK_PYTHON"] = ground.installation.python;
  additions->conf["spark.yarn.appMasterEnv.SPARK_LOCAL_IP"] = ground.spec.host;
  additions->conf["spark.executorEnv.SPARK_LOCAL_IP"] = ground.spec.host;
}

}  // namespace

const Extra kYarn = {"yarn", "resourcemanager", kMemory, nullptr, PortsOf, Install, Services, AddToSpark, nullptr};

}  // namespace tinderbox::cluster
