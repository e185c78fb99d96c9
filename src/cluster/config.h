#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/spec.h"

namespace tinderbox::cluster {

/// A value as text, and who said so: "default", "flag --workers", "variable SPARK_WORKER_CORES", "cluster.toml:3".
struct Setting {
  std::string text;
  std::string origin;
};

/// Every key with its value and origin, Spark's own settings from the table [spark_conf], and Hadoop's from
/// [core_site], [hdfs_site], [yarn_site] and [mapred_site].
struct Config {
  std::map<std::string, Setting> keys;
  std::map<std::string, Setting> spark_conf;
  std::map<std::string, Setting> site_conf;  ///< "hdfs_site.dfs.replication", "hdfs_site.DFS_REPLICATION"
  std::map<std::string, Setting> folders;    ///< "/opt/spark-data" -> a folder of this machine
  std::vector<std::string> warnings;         ///< variables that were set for us and have no use here, a sentence each
};

/// A file over the project's, or over its profile.
struct Overlay {
  std::string name;  ///< "prod"; empty: a file that was named as such
  /// Must exist, unless the profile has an overlay of that name, over which it is read.
  std::filesystem::path file;
};

/// Where values may come from; later beats earlier: defaults, user file, profile and its overlays, project file,
/// overlays in their order, variables of the seeds (SPARK_WORKER_CORES, also as SPARK_ENV__SPARK_WORKER_CORES),
/// TINDERBOX_ variables, flags. Variables are those of the .env file and, before them, of the environment. Which
/// profile it is, any of them may say.
struct ConfigSources {
  std::string kept_profile;            ///< what the cluster was last; empty: none
  std::filesystem::path user_file;     ///< read when it exists
  std::filesystem::path project_file;  ///< empty: none; else it must exist
  std::vector<Overlay> overlays;
  std::filesystem::path env_file;  ///< read when it exists
  std::map<std::string, std::string> environment;
  std::vector<std::pair<std::string, Setting>> flags;  ///< key path (or spark_conf.NAME, folders.PATH), value
};

/// Throws Error TINDERBOX_CONFIG, which names file, line and key, what is allowed, and the nearest known key.
Config ReadConfig(const ConfigSources& sources);
ClusterSpec ToSpec(const Config& config);

/// What a TOML document sets: the path of the key, its value as text, the line.
struct TomlValue {
  std::string path;
  std::string text;
  std::string type;  ///< "integer", "boolean", "string"; "list" of texts, joined by commas
  int line = 0;
};
/// Tables flattened; [spark_conf] and [folders] keep their keys whole: "spark_conf.spark.sql.ansi.enabled".
/// `name` stands in the messages. Throws Error TINDERBOX_CONFIG.
std::vector<TomlValue> ParseToml(std::string_view text, const std::string& name);

/// What the key "profile" says when there is none.
inline constexpr std::string_view kNoProfile = "none";

/// The resolved configuration as cluster.toml; with `origins` each value has a comment that says where it is from.
std::string ConfigToml(const Config& config, bool origins);
/// {"worker.count": {"value": "auto", "origin": "default"}, …} with Spark's settings under spark_conf.
std::string ConfigJson(const Config& config);
/// JSON Schema (2020-12) of cluster.toml.
std::string ConfigSchema();
/// A cluster.toml with every key as a comment at its default.
std::string ConfigTemplate();

}  // namespace tinderbox::cluster
