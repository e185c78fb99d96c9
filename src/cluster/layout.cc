#include "cluster/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "base/fail.h"
#include "cluster/extras.h"
#include "cluster/gateway_plugin.h"
#include "cluster/keys.h"
#include "cluster/packages.h"
#include "cluster/units.h"

namespace tinderbox::cluster {
namespace {

constexpr std::string_view kCondition = "TINDERBOX_CONFIG";

/// Memory that a JVM takes beside its heap, and what a cluster's own services hold: measured sizes, rounded up.
constexpr int64_t kBesideHeap = 200 * kMiB;
constexpr int64_t kServicesMemory = 1024 * kMiB;

/// A daemon that finds its port taken must say so, and not listen where nobody looks for it.
constexpr const char* kDaemonOptions = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dspark.port.maxRetries=0";
/// The Connect server plans queries for as long as it lives: only what runs hot is worth the optimising compiler.
constexpr const char* kConnectOptions =
    "-XX:Tier4InvocationThreshold=20000 -XX:Tier4MinInvocationThreshold=6000 -XX:Tier4CompileThreshold=40000 "
    "-XX:Tier4BackEdgeThreshold=160000";

/// A value as a file of Java properties holds it.
std::string AsProperty(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\') text += '\\';
    text += c;
  }
  return text;
}

class Builder {
 public:
  Builder(const ClusterSpec& spec, const Ports& ports, const Installation& installation, const std::string& folder)
      : spec_(spec), ports_(ports), installation_(installation), folder_(folder) {
    for (const Extra* extra : ExtrasOf(spec)) extra->add_to_spark(ground_, &additions_);
  }

  const Ground& ground() const { return ground_; }

  Service Master() const {
    Service service = Daemon("master", "master", "org.apache.spark.deploy.master.Master");
    Append(&service, {"--host", spec_.host, "--port", Port("master", "rpc"), "--webui-port", Port("master", "ui")});
    service.environment["SPARK_MASTER_OPTS"] = "-Dspark.master.rest.port=" + Port("master", "rest");
    service.ready = MasterJson();
    service.ready.members = {{"status", "ALIVE"}};
    service.alive = service.ready;
    service.page = spec_.gateway ? GatewayPage("/") : Page("master", "/");
    return service;
  }

  Service Worker(int64_t number) const {
    const std::string name = fmt::format("worker-{}", number);
    Service service = Daemon(name, "worker", "org.apache.spark.deploy.worker.Worker");
    Append(&service, {"--cores", fmt::format("{}", spec_.worker_cores), "--memory", InMebibytes(spec_.worker_memory),
                      "--host", spec_.host, "--port", Port(name, "rpc"), "--webui-port", Port(name, "ui"), "--work-dir",
                      fmt::format("{}/work/{}", folder_, name), MasterUrl()});
    service.environment["SPARK_LOCAL_DIRS"] = fmt::format("{}/scratch/{}", folder_, name);
    service.needs = {"master"};
    service.ready = MasterJson();
    service.ready.pointer = "/workers";
    service.ready.members = {{"host", spec_.host}, {"port", ports_.at(name).at("rpc")}, {"state", "ALIVE"}};
    service.alive = service.ready;
    service.drain_signal = SIGPWR;
    service.drained = Http(ports_.at(name).at("ui"), "/json/");
    service.drained.pointer = "/executors";
    service.drained.members = nlohmann::json::array();
    service.page = Page(name, "/");
    return service;
  }

  Service Connect() const {
    Service service = Common("connect", "connect");
    const auto conf = [&](const std::string& name, const std::string& value) {
      Append(&service, {"--conf", name + "=" + value});
    };
    service.command = {installation_.spark_home + "/bin/spark-submit",
                       "--class",
                       "org.apache.spark.sql.connect.service.SparkConnectServer",
                       "--name",
                       "Spark Connect",
                       "--master",
                       MasterUrl(),
                       "--driver-memory",
                       InMebibytes(spec_.connect_memory)};
    conf("spark.connect.grpc.binding.address", spec_.host);
    conf("spark.connect.grpc.binding.port", Port("connect", "rpc"));
    conf("spark.ui.port", Port("connect", "ui"));
    conf("spark.driver.defaultJavaOptions", kConnectOptions);
    // It must not keep the executors that other applications wait for.
    conf("spark.dynamicAllocation.enabled", "true");
    conf("spark.dynamicAllocation.shuffleTracking.enabled", "true");
    conf("spark.dynamicAllocation.minExecutors", "0");
    conf("spark.dynamicAllocation.executorIdleTimeout", "30s");
    for (const auto& [name, value] : spec_.spark_conf) conf(name, value);
    Append(&service, {"spark-internal"});
    service.environment["SPARK_LOCAL_DIRS"] = folder_ + "/scratch/connect";
    service.needs = {"master"};
    if (spec_.history_hdfs) service.needs.push_back("history");
    service.ready.kind = ProbeKind::kCommand;
    service.ready.command = {installation_.program, "probe-connect",
                             fmt::format("{}:{}", spec_.host, Port("connect", "rpc"))};
    service.ready.timeout = 60'000;
    service.ready.host = service.alive.host = spec_.host;
    service.ready.port = service.alive.port = ports_.at("connect").at("rpc");
    service.page = fmt::format("sc://{}:{}", spec_.host, Port("connect", "rpc"));
    return service;
  }

  Service History() const {
    Service service = Daemon("history", "history", "org.apache.spark.deploy.history.HistoryServer");
    std::string options = fmt::format("-Dspark.history.ui.port={}", Port("history", "ui"));
    if (spec_.gateway) options += " -Dspark.ui.proxyBase=/history-server";
    service.environment["SPARK_HISTORY_OPTS"] = options;
    service.ready = Http(ports_.at("history").at("ui"), "/api/v1/applications");
    service.alive = service.ready;
    if (spec_.history_hdfs) {
      // Neither it nor an application makes the folder.
      const std::vector<std::string> prepare = {installation_.program, "prepare-service",
                                                "hdfs-folder",         ground_.Address("namenode", "ui"),
                                                kHistoriesInHdfs,      "--"};
      service.command.insert(service.command.begin(), prepare.begin(), prepare.end());
      service.needs = {"namenode"};
    }
    service.page = spec_.gateway ? GatewayPage("/history-server/") : Page("history", "/");
    return service;
  }

  Service Gateway() const {
    Service service = Common("gateway", "gateway");
    const std::string routes = folder_ + "/conf/gateway.yml";
    service.command = {installation_.traefik,
                       fmt::format("--entrypoints.web.address={}:{}", spec_.host, Port("gateway", "ui")),
                       "--providers.file.filename=" + routes,
                       "--providers.file.watch=false",
                       "--ping=true",
                       "--ping.entrypoint=web",
                       "--global.checknewversion=false",
                       "--global.sendanonymoususage=false",
                       "--log.level=WARN",
                       "--log.nocolor=true"};
    service.environment.clear();
    service.archive.clear();
    service.files = {{routes, Routes()}};
    const std::vector<Route> extra = ExtraRoutes();
    if (std::any_of(extra.begin(), extra.end(),
                    [](const Route& route) { return route.rewrite != Rewrite::kNothing; })) {
      Append(&service, {fmt::format("--experimental.localplugins.{}.modulename={}", kPagesPlugin, kPagesModule)});
      service.files.merge(PagesPluginFiles(service.folder));
    }
    service.ready = Http(ports_.at("gateway").at("ui"), "/ping");
    service.alive = service.ready;
    service.page = GatewayPage("/");
    return service;
  }

 private:
  static void Append(Service* service, const std::vector<std::string>& words) {
    service->command.insert(service->command.end(), words.begin(), words.end());
  }

  std::string Port(const std::string& service, const std::string& purpose) const {
    return fmt::format("{}", ports_.at(service).at(purpose));
  }
  std::string Page(const std::string& service, std::string_view path) const {
    return fmt::format("http://{}:{}{}", spec_.host, Port(service, "ui"), path);
  }
  std::string GatewayPage(std::string_view path) const { return Page("gateway", path); }
  std::string MasterUrl() const { return fmt::format("spark://{}:{}", spec_.host, Port("master", "rpc")); }

  Probe Http(int port, const std::string& path) const {
    Probe probe;
    probe.kind = ProbeKind::kHttp;
    probe.host = spec_.host;
    probe.port = port;
    probe.path = path;
    return probe;
  }
  Probe MasterJson() const { return Http(ports_.at("master").at("ui"), "/json/"); }

  Service Common(const std::string& name, const std::string& role) const {
    Service service = PlainService(ground_, name, role);
    service.environment = {{"SPARK_HOME", installation_.spark_home}, {"JAVA_HOME", installation_.java_home},
                           {"SPARK_CONF_DIR", folder_ + "/conf"},    {"SPARK_LOG_DIR", folder_ + "/logs"},
                           {"SPARK_LOCAL_IP", spec_.host},           {"PYSPARK_PYTHON", installation_.python},
                           {"SPARK_LAUNCHER_OPTS", kQuickStart}};
    service.archive = installation_.archive;
    service.files = additions_.files;
    service.files[folder_ + "/conf/spark-defaults.conf"] = Defaults();
    service.files[folder_ + "/conf/spark-env.sh"] = Variables();
    return service;
  }

  Service Daemon(const std::string& name, const std::string& role, const std::string& java_class) const {
    Service service = Common(name, role);
    service.command = {installation_.spark_home + "/bin/spark-class", java_class};
    service.environment["SPARK_DAEMON_MEMORY"] = InMebibytes(spec_.daemon_memory);
    service.environment["SPARK_DAEMON_JAVA_OPTS"] = kDaemonOptions;
    return service;
  }

  /// spark-defaults.conf, which daemons, drivers and executors read.
  std::string Defaults() const {
    std::map<std::string, std::string> conf = {
        {"spark.master", MasterUrl()},
        {"spark.driver.host", spec_.host},
        {"spark.driver.bindAddress", spec_.host},
        {"spark.driver.memory", InMebibytes(spec_.driver_memory)},
        {"spark.executor.memory", InMebibytes(ExecutorMemory(spec_))},
        {"spark.executor.cores", fmt::format("{}", spec_.executor_cores)},
        {"spark.ui.reverseProxy", "true"},
        {"spark.eventLog.enabled", "true"},
        // Spark reads this one as a URL, the next two as paths that may have a scheme.
        {"spark.eventLog.dir", FileUrl(folder_ + "/history")},
        {"spark.history.fs.logDirectory", "file://" + folder_ + "/history"},
        {"spark.history.fs.update.interval", "5s"},
        {"spark.sql.warehouse.dir", "file://" + folder_ + "/warehouse"},
        // A master that comes back knows its workers and applications at once.
        {"spark.deploy.recoveryMode", "FILESYSTEM"},
        {"spark.deploy.recoveryDirectory", folder_ + "/recovery"},
        {"spark.worker.timeout", "30"},
        {"spark.executorEnv.PYTHONPATH", PackagesFolder(folder_)},
        {"spark.worker.cleanup.enabled", "true"},
        {"spark.worker.cleanup.appDataTtl", fmt::format("{}", spec_.work_kept / 1000)},
        {"spark.executor.logs.rolling.strategy", "size"},
        {"spark.executor.logs.rolling.maxSize", fmt::format("{}", spec_.log_size)},
        {"spark.executor.logs.rolling.maxRetainedFiles", fmt::format("{}", spec_.log_files)},
        // A worker that is drained hands on what its executors hold.
        {"spark.decommission.enabled", "true"},
        {"spark.storage.decommission.enabled", "true"},
        {"spark.storage.decommission.rddBlocks.enabled", "true"},
        {"spark.storage.decommission.shuffleBlocks.enabled", "true"},
    };
    // What a worker's page calls its master is the page behind the gateway, under whatever name people reach that.
    if (spec_.gateway) conf["spark.ui.reverseProxyUrl"] = "/";
    for (const auto& [name, value] : additions_.conf) conf[name] = value;
    for (const auto& [name, value] : spec_.spark_conf) conf[name] = value;
    std::string out;
    for (const auto& [name, value] : conf) out += fmt::format("{} {}\n", name, AsProperty(value));
    return out;
  }

  /// spark-env.sh, which Spark's scripts read. It is written without content, too: an older one must not stay.
  std::string Variables() const {
    std::string out = "# For Spark's scripts, from cluster.toml.\n";
    if (!additions_.class_path.empty())
      out += fmt::format("SPARK_DIST_CLASSPATH=\"${{SPARK_DIST_CLASSPATH:+$SPARK_DIST_CLASSPATH:}}\"{}\n",
                         ShellQuoted(fmt::format("{}", fmt::join(additions_.class_path, ":"))));
    if (!additions_.hadoop_conf.empty())
      out += fmt::format("HADOOP_CONF_DIR={0}\nYARN_CONF_DIR={0}\n", ShellQuoted(additions_.hadoop_conf));
    // Drivers keep the packages that they started with. Daemons need none, and would hand them on.
    out += fmt::format(
        "if [ -z \"${{{0}:-}}\" ] && [ -d {1} ]; then\n"
        "  PYTHONPATH=\"${{PYTHONPATH:+$PYTHONPATH:}}$(readlink -f {1})\"\nfi\n",
        kServiceVariable, ShellQuoted(PackagesFolder(folder_)));
    return out;
  }

  std::vector<Route> ExtraRoutes() const {
    std::vector<Route> routes;
    for (const Extra* extra : ExtrasOf(spec_)) {
      if (extra->routes == nullptr) continue;
      for (Route& route : extra->routes(ground_)) routes.push_back(std::move(route));
    }
    return routes;
  }

  /// Below which path of the gateway the service's own page is.
  std::string PathOf(const std::string& service) const {
    for (const Route& route : ExtraRoutes()) {
      if (route.service == service && route.stripped) return route.prefix;
    }
    return "";
  }

  /// Port -> path of the gateway. The history server's pages are below /history on both sides.
  std::map<std::string, std::string> PathsByPort() const {
    std::map<std::string, std::string> paths;
    for (const Route& route : ExtraRoutes()) {
      if (route.stripped) paths[Port(route.service, route.purpose)] = route.prefix;
    }
    if (spec_.history) paths[Port("history", "ui")] = "";
    return paths;
  }

  /// The routes of the gateway, as JSON, which is YAML too. The history server's pages redirect to paths of their own
  /// below /history.
  std::string Routes() const {
    using Json = nlohmann::json;
    const auto service = [&](const std::string& name, const std::string& purpose) {
      const std::string url = fmt::format("http://{}:{}", spec_.host, Port(name, purpose));
      return Json{{"loadBalancer", {{"servers", Json::array({{{"url", url}}})}}}};
    };
    Json http = {{"routers", {{"master", {{"rule", "PathPrefix(`/`)"}, {"service", "master"}, {"priority", 1}}}}},
                 {"services", {{"master", service("master", "ui")}}}};
    const auto below = [&](const Route& route) {
      std::string name = route.prefix.substr(1);
      std::replace(name.begin(), name.end(), '/', '-');
      http["services"][name] = service(route.service, route.purpose);
      http["routers"][name] = {
          {"rule", fmt::format("PathPrefix(`{}`)", route.prefix)}, {"service", name}, {"priority", 3}};
      if (route.stripped) {
        http["middlewares"][name] = {{"stripPrefix", {{"prefixes", Json::array({route.prefix})}}}};
        http["routers"][name]["middlewares"].push_back(name);
      }
      if (route.rewrite != Rewrite::kNothing) {
        http["middlewares"][name + "-links"]["plugin"][kPagesPlugin] = {
            {"prefix", PathOf(route.service)}, {"paths", PathsByPort()}, {"base", route.rewrite == Rewrite::kBase}};
        http["routers"][name]["middlewares"].push_back(name + "-links");
      }
    };
    if (spec_.history) {
      below({"history", "ui", "/history-server"});
      http["routers"]["history-pages"] = {
          {"rule", "PathPrefix(`/history`)"}, {"service", "history-server"}, {"priority", 2}};
    }
    for (const Route& route : ExtraRoutes()) below(route);
    return Json{{"http", http}}.dump(2) + "\n";
  }

  const ClusterSpec& spec_;
  const Ports& ports_;
  const Installation& installation_;
  const std::string& folder_;
  const Ground ground_{spec_, ports_, installation_, folder_};
  SparkAdditions additions_;
};

}  // namespace

int64_t ExecutorMemory(const ClusterSpec& spec) {
  if (spec.executor_memory != 0) return spec.executor_memory;
  const int64_t executors = std::max<int64_t>(1, spec.worker_cores / spec.executor_cores);
  return std::max(kLeastHeap, spec.worker_memory / executors / kMiB * kMiB);
}

int64_t WorkerCount(const ClusterSpec& spec, const MachineFacts& facts) {
  if (spec.worker_count != 0) return spec.worker_count;
  int64_t services = kServicesMemory + (spec.connect ? spec.connect_memory : 0);
  for (const Extra* extra : ExtrasOf(spec)) services += extra->memory;
  const int64_t one = spec.worker_memory + 2 * kBesideHeap;
  const int64_t by_memory = (facts.memory_free - services) / one;
  return std::max<int64_t>(1, std::min(facts.cores / spec.worker_cores, by_memory));
}

void CheckSpec(const ClusterSpec& spec) {
  if (spec.host.find(':') != std::string::npos || spec.host.find_first_not_of("0.") == std::string::npos)
    base::Fail(
        kCondition,
        "network.host is {}: services announce it to each other, so it has to be one IPv4 address of this machine, "
        "or a name that stands for one.",
        spec.host);
  const int64_t executor = ExecutorMemory(spec);
  if (executor > spec.worker_memory)
    base::Fail(
        kCondition,
        "executor.memory is {} and a worker offers {} (worker.memory): no worker could ever run an executor, and "
        "every job would wait without end. Give workers more or executors less.",
        FormatMemory(executor), FormatMemory(spec.worker_memory));
  if (spec.executor_cores > spec.worker_cores)
    base::Fail(kCondition,
               "executor.cores is {} and a worker offers {} (worker.cores): no worker could ever run an executor, and "
               "every job would wait without end. Give workers more or executors less.",
               spec.executor_cores, spec.worker_cores);
  if (spec.history_hdfs && (!spec.history || !spec.with.contains("hdfs")))
    base::Fail(kCondition, "history.hdfs asks for histories in HDFS, and the cluster has no {}.",
               spec.history ? "HDFS: add hdfs to `with`, or leave history.hdfs out"
                            : "history server: set history.enabled to true, or leave history.hdfs out");
  for (const SiteTable& table : kSiteTables) {
    const std::vector<std::string> readers = SplitList(table.readers);
    const auto set = spec.site_conf.find(std::string(table.name));
    if (set == spec.site_conf.end() ||
        std::ranges::any_of(readers, [&](const auto& each) { return spec.with.contains(each); }))
      continue;
    base::Fail(kCondition,
               "[{0}] (or the variables {1}*) sets {2}, and the cluster has nothing that reads it. Add one of {3} to "
               "`with`, or leave {0} out.",
               table.name, table.variables, set->second.begin()->first, fmt::join(readers, ", "));
  }
  for (const Extra* extra : ExtrasOf(spec)) {
    if (extra->check != nullptr) extra->check(spec);
  }
}

std::vector<Service> Layout(const ClusterSpec& spec, int64_t workers, const Ports& ports,
                            const Installation& installation, const std::string& folder) {
  const Builder builder(spec, ports, installation, folder);
  std::vector<Service> services = {builder.Master()};
  for (int64_t number = 1; number <= workers; ++number) services.push_back(builder.Worker(number));
  if (spec.connect && !spec.history_hdfs) services.push_back(builder.Connect());
  if (spec.history && !spec.history_hdfs) services.push_back(builder.History());
  if (spec.gateway) services.push_back(builder.Gateway());
  for (const Extra* extra : ExtrasOf(spec)) {
    for (Service& service : extra->services(builder.ground())) services.push_back(std::move(service));
  }
  if (spec.history_hdfs) services.push_back(builder.History());
  if (spec.connect && spec.history_hdfs) services.push_back(builder.Connect());
  return services;
}

}  // namespace tinderbox::cluster
