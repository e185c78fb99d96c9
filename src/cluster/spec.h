#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace tinderbox::cluster {

constexpr int64_t kMiB = 1024 * 1024;
/// The least heap with which Spark starts a driver or an executor.
constexpr int64_t kLeastHeap = 450 * kMiB;

/// What a cluster is to be: every key of cluster.toml resolved. Memory is in bytes, times are in milliseconds. The
/// number 0 stands for "auto" where the table of keys allows it; a negative port for one that is taken when it is free.
struct ClusterSpec {
  std::string profile;
  std::string spark_home;
  std::string java_home;
  std::string python;
  std::string host;
  int64_t worker_count = 0;
  int64_t worker_cores = 0;
  int64_t worker_memory = 0;
  int64_t executor_cores = 0;
  int64_t executor_memory = 0;
  int64_t driver_memory = 0;
  int64_t daemon_memory = 0;
  bool connect = false;
  bool history = false;
  bool history_hdfs = false;
  bool gateway = false;
  int64_t connect_memory = 0;
  int64_t port_master = 0;
  int64_t port_master_ui = 0;
  int64_t port_worker_ui = 0;
  int64_t port_connect = 0;
  int64_t port_history = 0;
  int64_t port_gateway = 0;
  std::set<std::string> with;
  int64_t hdfs_datanodes = 0;
  int64_t hdfs_replication = 0;
  int64_t port_namenode = 0;
  int64_t port_namenode_ui = 0;
  std::string s3_store;
  std::string s3_buckets;
  int64_t port_s3 = 0;
  int64_t port_s3_console = 0;
  std::string postgres_user;
  std::string postgres_database;
  int64_t port_postgres = 0;
  int64_t port_redis = 0;
  int64_t yarn_nodemanagers = 0;
  int64_t yarn_cores = 0;
  int64_t yarn_memory = 0;
  int64_t port_resourcemanager = 0;
  int64_t port_resourcemanager_ui = 0;
  int64_t port_nodemanager_ui = 0;
  /// "hdfs_site" -> property -> value. A property may stand as in an environment variable: DFS_REPLICATION.
  std::map<std::string, std::map<std::string, std::string>> site_conf;
  int64_t start_timeout = 0;
  int64_t stop_grace = 0;
  int64_t drain_timeout = 0;
  int64_t work_kept = 0;
  int64_t log_size = 0;
  int64_t log_files = 0;
  std::map<std::string, std::string> spark_conf;
  /// Path on a job's command line -> the folder of this machine that is meant.
  std::map<std::string, std::string> folders;
};

}  // namespace tinderbox::cluster
