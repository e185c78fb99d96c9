#include "cluster/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "cluster/extras.h"
#include "cluster/units.h"

namespace tinderbox::cluster {
namespace {

constexpr int64_t kGiB = 1024 * kMiB;
constexpr int64_t kTiB = 1024 * kGiB;
constexpr int64_t kDay = 86'400'000;
constexpr std::string_view kHeapReason = "Spark starts no driver and no executor with less than 450 MiB of heap";

using Spec = ClusterSpec;
constexpr Key kKeys[] = {
    {"with", KeyKind::kNames, &Spec::with, "none", 0, 0, "", "Services beside Spark's own"},
    {"profile", KeyKind::kText, &Spec::profile, "none", 0, 0, "",
     "The set-up whose settings hold where nothing else does; `tinderbox config profiles` lists them"},
    {"spark.home", KeyKind::kText, &Spec::spark_home, "auto", 0, 0, "SPARK_HOME",
     "Folder of an Apache Spark to use; auto: Spark 4.2.0 from PyPI, installed on first use"},
    {"spark.java_home", KeyKind::kText, &Spec::java_home, "auto", 0, 0, "JAVA_HOME",
     "Folder of the Java (17 or later) that runs Spark; auto: that of `java` on the path"},
    {"spark.python", KeyKind::kText, &Spec::python, "python3", 0, 0, "PYSPARK_PYTHON",
     "The Python that drivers and executors run"},
    {"network.host", KeyKind::kText, &Spec::host, "127.0.0.1", 0, 0, "SPARK_LOCAL_IP SPARK_MASTER_HOST",
     "Address that every service binds and announces"},
    {"worker.count", KeyKind::kCount, &Spec::worker_count, "auto", 1, 500, "NUM_OF_WORKERS SPARK_WORKER_INSTANCES",
     "Number of workers; auto: as many as cores and free memory bear"},
    {"worker.cores", KeyKind::kCount, &Spec::worker_cores, "1", 1, 1024, "SPARK_WORKER_CORES",
     "Cores each worker offers"},
    {"worker.memory", KeyKind::kMemory, &Spec::worker_memory, "1g", kLeastHeap, 64 * kTiB, "SPARK_WORKER_MEMORY",
     "Memory each worker offers to executors", kHeapReason},
    {"worker.work_kept", KeyKind::kDuration, &Spec::work_kept, "7d", 60'000, 3650 * kDay, "",
     "How long a worker keeps the folders of finished applications"},
    {"executor.cores", KeyKind::kCount, &Spec::executor_cores, "1", 1, 1024, "SPARK_EXECUTOR_CORES EXECUTOR_CORES",
     "Cores of an executor, unless the job says otherwise"},
    {"executor.memory", KeyKind::kMemory, &Spec::executor_memory, "auto", kLeastHeap, 64 * kTiB,
     "SPARK_EXECUTOR_MEMORY EXECUTOR_MEMORY",
     "Heap of an executor, unless the job says otherwise; auto: its share of a worker's memory", kHeapReason},
    {"driver.memory", KeyKind::kMemory, &Spec::driver_memory, "1g", kLeastHeap, 64 * kTiB,
     "SPARK_DRIVER_MEMORY DRIVER_MEMORY", "Heap of a driver, unless the job says otherwise", kHeapReason},
    {"daemon.memory", KeyKind::kMemory, &Spec::daemon_memory, "512m", 128 * kMiB, 64 * kTiB, "SPARK_DAEMON_MEMORY",
     "Largest heap of the master, of each worker process and of the history server",
     "Spark's daemons need 128 MiB of heap"},
    {"connect.enabled", KeyKind::kFlag, &Spec::connect, "true", 0, 0, "", "Run a Spark Connect server"},
    {"connect.memory", KeyKind::kMemory, &Spec::connect_memory, "1g", kLeastHeap, 64 * kTiB, "",
     "Heap of the Spark Connect server", kHeapReason},
    {"history.enabled", KeyKind::kFlag, &Spec::history, "true", 0, 0, "", "Run a history server"},
    {"history.hdfs", KeyKind::kFlag, &Spec::history_hdfs, "false", 0, 0, "",
     "Keep what the history server shows in HDFS, and not in the cluster's folder"},
    {"hdfs.datanodes", KeyKind::kCount, &Spec::hdfs_datanodes, "1", 1, 100, "", "Number of DataNodes"},
    {"hdfs.replication", KeyKind::kCount, &Spec::hdfs_replication, "1", 1, 100, "",
     "Copies of each block of a file in HDFS, unless who writes it says otherwise"},
    {"s3.store",
     KeyKind::kChoice,
     &Spec::s3_store,
     "minio",
     0,
     0,
     "",
     "The object store: minio, compiled once (some minutes), or seaweedfs, the quick one",
     {},
     "minio seaweedfs"},
    {"s3.buckets", KeyKind::kText, &Spec::s3_buckets, "spark-data,spark-output", 0, 0, "",
     "Buckets that the object store has from the start"},
    {"postgres.user", KeyKind::kText, &Spec::postgres_user, "spark", 0, 0, "POSTGRES_USER",
     "User of PostgreSQL, who owns the database"},
    {"postgres.database", KeyKind::kText, &Spec::postgres_database, "spark", 0, 0, "POSTGRES_DB",
     "Database of PostgreSQL that is there from the start"},
    {"yarn.nodemanagers", KeyKind::kCount, &Spec::yarn_nodemanagers, "1", 1, 100, "", "Number of NodeManagers"},
    {"yarn.cores", KeyKind::kCount, &Spec::yarn_cores, "2", 1, 1024, "", "Cores each NodeManager offers"},
    {"yarn.memory", KeyKind::kMemory, &Spec::yarn_memory, "4g", 1024 * kMiB, 64 * kTiB, "",
     "Memory each NodeManager offers to containers"},
    {"gateway.enabled", KeyKind::kFlag, &Spec::gateway, "true", 0, 0, "",
     "Run the gateway: every web page behind one port"},
    {"ports.master", KeyKind::kPort, &Spec::port_master, "auto", 1, 65535, "SPARK_MASTER_PORT",
     "Port of the master; auto: 7077, or a free one when that is taken"},
    {"ports.master_ui", KeyKind::kPort, &Spec::port_master_ui, "auto", 1, 65535, "SPARK_MASTER_WEBUI_PORT",
     "Port of the master's web page; auto: a free one"},
    {"ports.worker_ui", KeyKind::kPort, &Spec::port_worker_ui, "auto", 1, 65535, "SPARK_WORKER_WEBUI_PORT",
     "Port of the first worker's web page, the others follow; auto: free ones"},
    {"ports.connect", KeyKind::kPort, &Spec::port_connect, "auto", 1, 65535, "",
     "Port of the Spark Connect server; auto: 15002, or a free one when that is taken"},
    {"ports.history", KeyKind::kPort, &Spec::port_history, "auto", 1, 65535, "",
     "Port of the history server; auto: 18080, or a free one when that is taken"},
    {"ports.gateway", KeyKind::kPort, &Spec::port_gateway, "auto", 1, 65535, "",
     "Port of the gateway; auto: 8080, or a free one when that is taken"},
    {"ports.namenode", KeyKind::kPort, &Spec::port_namenode, "auto", 1, 65535, "",
     "Port of the NameNode, as in hdfs://127.0.0.1:8020; auto: 8020, or a free one when that is taken"},
    {"ports.namenode_ui", KeyKind::kPort, &Spec::port_namenode_ui, "auto", 1, 65535, "",
     "Port of the NameNode's page and of WebHDFS; auto: 9870, or a free one when that is taken"},
    {"ports.s3", KeyKind::kPort, &Spec::port_s3, "auto", 1, 65535, "",
     "Port of the object store; auto: 9000, or a free one when that is taken"},
    {"ports.s3_console", KeyKind::kPort, &Spec::port_s3_console, "auto", 1, 65535, "",
     "Port of MinIO's console; auto: 9001, or a free one when that is taken"},
    {"ports.postgres", KeyKind::kPort, &Spec::port_postgres, "auto", 1, 65535, "",
     "Port of PostgreSQL; auto: 5432, or a free one when that is taken"},
    {"ports.redis", KeyKind::kPort, &Spec::port_redis, "auto", 1, 65535, "",
     "Port of Redis; auto: 6379, or a free one when that is taken"},
    {"ports.resourcemanager", KeyKind::kPort, &Spec::port_resourcemanager, "auto", 1, 65535, "",
     "Port of the ResourceManager; auto: 8032, or a free one when that is taken"},
    {"ports.resourcemanager_ui", KeyKind::kPort, &Spec::port_resourcemanager_ui, "auto", 1, 65535, "",
     "Port of the ResourceManager's page; auto: 8088, or a free one when that is taken"},
    {"ports.nodemanager_ui", KeyKind::kPort, &Spec::port_nodemanager_ui, "auto", 1, 65535, "",
     "Port of the first NodeManager's page, the others follow; auto: 8042 for the first, and free ones"},
    {"timeout.start", KeyKind::kDuration, &Spec::start_timeout, "3min", 1000, kDay, "",
     "How long a service may take until it is ready"},
    {"timeout.stop", KeyKind::kDuration, &Spec::stop_grace, "10s", 0, kDay, "",
     "How long a service may take to end before it is killed"},
    {"timeout.drain", KeyKind::kDuration, &Spec::drain_timeout, "60s", 0, kDay, "",
     "How long a worker that is to go may finish its work"},
    {"log.size", KeyKind::kMemory, &Spec::log_size, "10m", 64 * 1024, kTiB, "",
     "Size at which the log of a service is rotated"},
    {"log.files", KeyKind::kCount, &Spec::log_files, "3", 1, 1000, "SPARK_LOG_MAX_FILES", "Rotated logs that are kept"},
};

std::optional<int64_t> ParseNumber(const Key& key, std::string_view text) {
  if (key.kind == KeyKind::kMemory) return ParseMemory(text);
  if (key.kind == KeyKind::kDuration) return ParseDuration(text);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string Show(const Key& key, int64_t number) {
  if (key.kind == KeyKind::kMemory) return FormatMemory(number);
  if (key.kind == KeyKind::kDuration) return FormatDuration(number);
  return fmt::format("{}", number);
}

}  // namespace

std::span<const Key> Keys() {
  return kKeys;
}

const Key* FindKey(std::string_view path) {
  const auto* found =
      std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& key) { return key.path == path; });
  return found == std::end(kKeys) ? nullptr : found;
}

std::vector<std::string> KeyPaths() {
  std::vector<std::string> paths;
  for (const Key& key : kKeys) paths.emplace_back(key.path);
  return paths;
}

std::string VariableOf(const Key& key) {
  std::string name = "TINDERBOX_";
  for (const char c : key.path) name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::string Allowed(const Key& key) {
  const std::string automatic = key.standard == "auto" ? "auto, or " : "";
  switch (key.kind) {
    case KeyKind::kFlag:
      return "true or false";
    case KeyKind::kText:
      return automatic + "a text";
    case KeyKind::kChoice:
      return fmt::format("one of {}", fmt::join(SplitList(key.choices), ", "));
    case KeyKind::kNames:
      return fmt::format("a list out of {}", fmt::join(OptionalServices(), ", "));
    case KeyKind::kMemory:
      return fmt::format("{}a size of at least {}, such as \"1g\"", automatic, FormatMemory(key.least));
    case KeyKind::kDuration:
      return fmt::format("a time of at least {}, such as \"30s\"", FormatDuration(key.least));
    case KeyKind::kPort:
      return fmt::format("auto, a whole number from {} to {}, or \"{}{}\" for one that may be taken", key.least,
                         key.most, 8080, kOrFree);
    case KeyKind::kCount:
      break;
  }
  return fmt::format("{}a whole number from {} to {}", automatic, key.least, key.most);
}

std::string SetField(const Key& key, std::string_view text, ClusterSpec* spec) {
  const bool automatic = text == "auto" && key.standard == "auto";
  const bool or_free = key.kind == KeyKind::kPort && text.ends_with(kOrFree);
  const std::string_view digits = or_free ? text.substr(0, text.size() - kOrFree.size()) : text;
  if (key.kind == KeyKind::kText) {
    spec->*std::get<std::string ClusterSpec::*>(key.field) = automatic ? "" : std::string(text);
    return text.empty() ? fmt::format("is empty: {} takes {}", key.path, Allowed(key)) : "";
  }
  if (key.kind == KeyKind::kChoice) {
    const std::vector<std::string> choices = SplitList(key.choices);
    if (std::find(choices.begin(), choices.end(), text) == choices.end())
      return fmt::format("is not allowed: {} takes {}", key.path, Allowed(key));
    spec->*std::get<std::string ClusterSpec::*>(key.field) = text;
    return "";
  }
  if (key.kind == KeyKind::kNames) {
    const std::vector<std::string> known = OptionalServices();
    std::set<std::string> names;
    for (const std::string& name : SplitList(text == "none" ? "" : text)) {
      if (std::find(known.begin(), known.end(), name) == known.end())
        return fmt::format("is not allowed: there is no service {}; {} takes {}", name, key.path, Allowed(key));
      names.insert(name);
    }
    spec->*std::get<std::set<std::string> ClusterSpec::*>(key.field) = std::move(names);
    return "";
  }
  if (key.kind == KeyKind::kFlag) {
    if (text != "true" && text != "false") return fmt::format("is not allowed: {} takes {}", key.path, Allowed(key));
    spec->*std::get<bool ClusterSpec::*>(key.field) = text == "true";
    return "";
  }
  const std::optional<int64_t> number = automatic ? std::optional<int64_t>(0) : ParseNumber(key, digits);
  if (!number) return fmt::format("is not allowed: {} takes {}", key.path, Allowed(key));
  if (!automatic && *number < key.least) {
    const std::string why = key.refusal.empty() ? "" : fmt::format(" ({})", key.refusal);
    return fmt::format("is too little: {} must be at least {}{}", key.path, Show(key, key.least), why);
  }
  if (*number > key.most) return fmt::format("is too much: {} may be at most {}", key.path, Show(key, key.most));
  spec->*std::get<int64_t ClusterSpec::*>(key.field) = or_free ? -*number : *number;
  return "";
}

}  // namespace tinderbox::cluster
