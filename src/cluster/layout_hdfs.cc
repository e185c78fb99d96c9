#include <fmt/format.h>

#include "base/fail.h"
#include "cluster/extras.h"
#include "cluster/hadoop.h"
#include "cluster/provision_extras.h"

namespace tinderbox::cluster {
namespace {

constexpr int64_t kDaemonMemory = 250 * kMiB;

std::string NameOf(int64_t number) {
  return fmt::format("datanode-{}", number);
}

void Check(const ClusterSpec& spec) {
  if (spec.hdfs_replication > spec.hdfs_datanodes)
    base::Fail(
        "TINDERBOX_CONFIG",
        "hdfs.replication is {} and there are {} DataNodes (hdfs.datanodes): no block could have all its copies. "
        "Give HDFS more DataNodes or fewer copies.",
        spec.hdfs_replication, spec.hdfs_datanodes);
}

std::vector<PortRequest> PortsOf(const ClusterSpec& spec) {
  std::vector<PortRequest> requests = {{"namenode", "rpc", "ports.namenode", spec.port_namenode, 8020},
                                       {"namenode", "ui", "ports.namenode_ui", spec.port_namenode_ui, 9870}};
  for (int64_t i = 1; i <= spec.hdfs_datanodes; ++i) {
    for (const char* purpose : {"data", "rpc", "ui"}) requests.push_back({NameOf(i), purpose, "", 0, 0});
  }
  return requests;
}

void Install(const ClusterSpec&, const std::filesystem::path& cache, const Progress& progress,
             std::map<std::string, std::string>* extras) {
  (*extras)["hadoop"] = ProvisionHadoop(cache, progress);
}

Service NameNode(const Ground& ground) {
  Service service = HadoopDaemon(ground, "namenode", "namenode", "org.apache.hadoop.hdfs.server.namenode.NameNode", {});
  const std::vector<std::string> prepare = {ground.installation.program, "prepare-service", "namenode", ground.Data(""),
                                            "--"};
  service.command.insert(service.command.begin(), prepare.begin(), prepare.end());
  // Its pages are looked for on the class path.
  const std::string pages = ground.folder + "/conf/hadoop-daemons/webapps/hdfs/index.html";
  service.files[pages] = NameNodePage();
  service.files[ExcludeFile(ground.folder)] = "";
  service.ready = ground.Http("namenode", "ui", "/jmx?get=Hadoop:service=NameNode,name=NameNodeInfo::Safemode");
  service.ready.pointer = "/beans";
  service.ready.members = {{"Safemode", ""}};
  service.alive = ground.Http("namenode", "ui", "/jmx?get=java.lang:type=Runtime::Uptime");
  service.page = "hdfs://" + ground.Address("namenode", "rpc");
  return service;
}

Service DataNode(const Ground& ground, int64_t number) {
  const std::string name = NameOf(number);
  Service service = HadoopDaemon(ground, name, "datanode", "org.apache.hadoop.hdfs.server.datanode.DataNode",
                                 {{"dfs.datanode.data.dir", FileUrl(ground.Data(name))},
                                  {"dfs.datanode.address", ground.Address(name, "data")},
                                  {"dfs.datanode.ipc.address", ground.Address(name, "rpc")},
                                  {"dfs.datanode.http.address", ground.Address(name, "ui")}});
  service.files[ground.folder + "/conf/hadoop-daemons/webapps/datanode/index.html"] = DataNodePage();
  // The NameNode leaves its safe mode only with them, so they do not wait for it. Asked itself, for the NameNode goes
  // on listing one that has died. Registered is not enough: the NameNode knows of no space before the first heartbeat,
  // the seconds since whose answer are a large number until then.
  service.ready = ground.Http(name, "ui", "/jmx?get=Hadoop:service=DataNode,name=DataNodeInfo::BPServiceActorInfo");
  service.ready.pattern = R"(LastHeartbeatResponseTime\\":\\"[0-9]\\")";
  service.alive = ground.Http(name, "ui", "/jmx?get=java.lang:type=Runtime::Uptime");
  service.page = fmt::format("http://{}/", ground.Address(name, "ui"));
  return service;
}

std::vector<Service> Services(const Ground& ground) {
  std::vector<Service> services = {NameNode(ground)};
  for (int64_t i = 1; i <= ground.spec.hdfs_datanodes; ++i) services.push_back(DataNode(ground, i));
  return services;
}

void AddToSpark(const Ground& ground, SparkAdditions* additions) {
  additions->hadoop_conf = HadoopConf(ground);
  additions->files.merge(HadoopFiles(ground));
  // A path without a scheme stays one of this machine.
  additions->conf["spark.hadoop.fs.defaultFS"] = "file:///";
  if (!ground.spec.history_hdfs) return;
  const std::string histories = fmt::format("hdfs://{}{}", ground.Address("namenode", "rpc"), kHistoriesInHdfs);
  for (const char* name : {"spark.eventLog.dir", "spark.history.fs.logDirectory"}) additions->conf[name] = histories;
}

/// Its page is /hdfs/index.html, to which the NameNode itself leads nobody who asks for the folder alone.
std::vector<Route> Routes(const Ground&) {
  return {{"namenode", "ui", "/hdfs"}};
}

}  // namespace

const Extra kHdfs = {"hdfs",  "namenode", 2 * kDaemonMemory, Check,   PortsOf,
                     Install, Services,   AddToSpark,        nullptr, Routes};

}  // namespace tinderbox::cluster
