#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/duckdb/connection.h"
#include "engine/translate/scope.h"

namespace tinderbox::store {
class Store;
}

namespace tinderbox::engine {

/// What becomes of a folder that is there.
enum class SaveMode {
  kErrorIfExists,
  kIgnore,
  kAppend,
  kOverwrite,
  kOverwritePartitions,  ///< only the partitions that get rows are replaced
};

struct FileWrite {
  std::string format;
  std::map<std::string, std::string> options;
  std::filesystem::path target;           ///< in the store, when there is one
  std::shared_ptr<store::Store> store{};  ///< absent: the target is a local folder
  std::filesystem::path scratch{};        ///< where files wait for a store; empty: the system's temporary folder
  SaveMode mode = SaveMode::kErrorIfExists;
  std::vector<std::string> partition_columns;
  std::vector<std::string> sort_columns;  ///< within each file
  /// With kOverwrite: only the folders of this partition are replaced. The first of the partition columns, by name.
  std::vector<std::pair<std::string, std::optional<std::string>>> overwritten_partition;
  bool case_sensitive = false;
  std::string time_zone = "UTC";  ///< in which instants name folders
};

/// Writes the rows of `input` in Spark's folder layout, beside the target, and moves them there when they are complete;
/// what was there before stays when anything fails. `reads`: the files that `input` reads, none of which may be
/// overwritten. Throws Spark's errors for formats, options, columns and paths.
void WriteFiles(const FileWrite& write, const TranslatedRelation& input, const std::vector<std::string>& reads,
                const Lease& lease);

/// Sets the target, a path or URL, of a store by the settings among the options and in `conf`.
void SetTarget(const std::string& path, const std::map<std::string, std::string>& conf, FileWrite* write);

/// The target as messages name it and as the cache knows it: an absolute path, or a URL.
std::string TargetName(const FileWrite& write);

/// Throws Error for a format that cannot be written or read, as Spark does for the ones it does not know.
void CheckFileFormat(const std::string& format);

/// A partition's value as a folder name: "p=1", with Hive's escapes.
std::string PartitionFolder(const std::string& column, const std::optional<std::string>& value);

}  // namespace tinderbox::engine
