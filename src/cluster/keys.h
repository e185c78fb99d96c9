#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cluster/spec.h"

namespace tinderbox::cluster {

/// kChoice: one of the key's own words. kNames: a list out of OptionalServices(); as text "hdfs,s3", or "none".
enum class KeyKind { kCount, kPort, kMemory, kDuration, kFlag, kText, kChoice, kNames };
/// What follows a port that is taken when it is free, and else moved: "9090 or free".
inline constexpr std::string_view kOrFree = " or free";

/// One key of cluster.toml. The parser, the JSON Schema, the template, `config show` and the environment variables all
/// follow from the table of these.
struct Key {
  std::string_view path;  ///< "worker.memory": [worker] memory = …; without a dot: above all sections
  KeyKind kind;
  std::variant<int64_t ClusterSpec::*, bool ClusterSpec::*, std::string ClusterSpec::*,
               std::set<std::string> ClusterSpec::*>
      field;
  std::string_view standard;  ///< the default, as text; "auto" where the key may be left to Tinderbox
  int64_t least;              ///< of numbers, in bytes and milliseconds for memory and time
  int64_t most;
  std::string_view variables;  ///< environment variables of the seeds with the same meaning, separated by spaces
  std::string_view what;
  std::string_view refusal = {};  ///< why a smaller number is refused, when the reason is not plain
  std::string_view choices = {};  ///< of kChoice, separated by spaces
};

std::span<const Key> Keys();
const Key* FindKey(std::string_view path);
std::vector<std::string> KeyPaths();

/// "worker.memory" -> "TINDERBOX_WORKER_MEMORY".
std::string VariableOf(const Key& key);

/// Sets the key's field from text. Returns what is wrong with the text, as the end of a sentence that begins with it
/// (" is not a size: …"), or "".
std::string SetField(const Key& key, std::string_view text, ClusterSpec* spec);

/// What the key takes: "a size of at least 450m", "true or false".
std::string Allowed(const Key& key);

/// The tables of Hadoop's site files, the prefix of their variables, and the services of `with` that read them.
struct SiteTable {
  std::string_view name;
  std::string_view file;
  std::string_view variables;
  std::string_view readers;
};
inline constexpr SiteTable kSiteTables[] = {{"core_site", "core-site.xml", "CORE_SITE__", "hdfs yarn s3"},
                                            {"hdfs_site", "hdfs-site.xml", "HDFS_SITE__", "hdfs"},
                                            {"yarn_site", "yarn-site.xml", "YARN_SITE__", "yarn"},
                                            {"mapred_site", "mapred-site.xml", "MAPRED_SITE__", "yarn"}};

}  // namespace tinderbox::cluster
