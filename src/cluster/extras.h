#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/layout.h"
#include "cluster/provision.h"
#include "cluster/secrets.h"

namespace tinderbox::cluster {

// The services that `with` adds to Spark's own. Each is a row of one table.

/// What services are described from.
struct Ground {
  const ClusterSpec& spec;
  const Ports& ports;
  const Installation& installation;
  const std::string& folder;  ///< of the cluster

  int Port(const std::string& service, const std::string& purpose) const;
  /// "127.0.0.1:8020".
  std::string Address(const std::string& service, const std::string& purpose) const;
  /// Where a service keeps what must survive it.
  std::string Data(std::string_view name) const;
  std::string Secret(std::string_view name) const;
  Probe Http(const std::string& service, const std::string& purpose, const std::string& path) const;
  const std::string& Extra(const std::string& part) const { return installation.extras.at(part); }
};

/// A service with what all have: folder, log, ports, times.
Service PlainService(const Ground& ground, const std::string& name, const std::string& role);

/// Daemons do little: a quick start matters more to them than the fastest code.
constexpr const char* kQuickStart = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1";
/// Where the histories of applications lie in HDFS, when it has them.
constexpr const char* kHistoriesInHdfs = "/tmp/spark/spark-logs";
/// The file's address, with what an address cannot hold encoded.
std::string FileUrl(std::string_view path);
/// "512m".
std::string InMebibytes(int64_t bytes);

struct PortRequest {
  std::string service;
  std::string purpose;
  std::string key;  ///< of cluster.toml; empty: cannot be pinned
  int64_t pinned = 0;
  int usual = 0;       ///< taken when it is free; 0: none
  bool asked = false;  ///< the spec asks for the usual one, if it is free
};
/// The port of the i-th service, from 0, when the first one's is that of the spec.
int64_t PortAfter(int64_t first, int64_t i);

/// What a service changes in Spark's own services and in the jobs.
struct SparkAdditions {
  std::map<std::string, std::string> conf;   ///< of spark-defaults.conf
  std::vector<std::string> class_path;       ///< of drivers and executors
  std::string hadoop_conf;                   ///< folder of Hadoop's configuration; empty: none
  std::map<std::string, std::string> files;  ///< path and content
};

/// What the gateway changes in pages, so that they work below a path: links to hosts and ports and to the root, or only
/// the base that a page names.
enum class Rewrite { kNothing, kLinks, kBase };

/// A page that stands below a path of the gateway.
struct Route {
  std::string service;
  std::string purpose;   ///< of its port
  std::string prefix;    ///< "/hdfs"
  bool stripped = true;  ///< the page does not know of the prefix
  Rewrite rewrite = Rewrite::kNothing;
};

/// A password of a service's own.
struct OwnSecret {
  const char* file = nullptr;      ///< in the folder secrets; null: it has none
  const char* variable = nullptr;  ///< that gives it
  bool at_start = false;           ///< the service takes FILE.new in its place when it starts, and not before
  std::string_view reader = {};    ///< a service of Spark's that read it at its start, beside the service itself
};

struct Extra {
  std::string_view name;                   ///< in `with`
  std::string_view main;                   ///< the service whose page is the address of all
  int64_t memory;                          ///< that its processes take: measured, rounded up
  void (*check)(const ClusterSpec& spec);  ///< null: nothing to check; throws Error TINDERBOX_CONFIG
  std::vector<PortRequest> (*ports)(const ClusterSpec& spec);
  /// Finds or installs what it runs on; null `progress`: only says where it will be.
  void (*install)(const ClusterSpec& spec, const std::filesystem::path& cache, const Progress& progress,
                  std::map<std::string, std::string>* extras);
  std::vector<Service> (*services)(const Ground& ground);
  void (*add_to_spark)(const Ground& ground, SparkAdditions* additions);
  void (*write_secrets)(const ClusterSpec& spec, const Secrets& secrets);  ///< null: it has none
  std::vector<Route> (*routes)(const Ground& ground) = nullptr;            ///< null: it has no pages
  OwnSecret secret = {};
};
std::span<const Extra* const> Extras();
/// Those that the spec asks for, in the order of the table.
std::vector<const Extra*> ExtrasOf(const ClusterSpec& spec);
/// The names that `with` takes.
std::vector<std::string> OptionalServices();

/// The roles of which a cluster can have several, beside workers, and the key of cluster.toml that says how many.
struct ScaledRole {
  std::string_view role;
  std::string_view with;
  std::string_view key;
};
std::span<const ScaledRole> ScaledRoles();

extern const Extra kHdfs;
extern const Extra kYarn;
extern const Extra kS3;
extern const Extra kPostgres;
extern const Extra kRedis;

}  // namespace tinderbox::cluster
