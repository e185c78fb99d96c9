#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tinderbox/types.h"

namespace tinderbox::engine {

class RemoteFiles;

/// One data file of an input.
struct InputFile {
  std::filesystem::path path;  ///< of a file in a store: its copy, which RemoteFiles keeps
  uint64_t size = 0;
  /// One text for each InputFiles::partitions; nullopt is NULL (__HIVE_DEFAULT_PARTITION__). URL escapes are decoded.
  std::vector<std::optional<std::string>> partition_values;
};

/// The data files of a read, in a fixed order (the given paths in their order; within a folder by name, byte-wise).
struct InputFiles {
  std::vector<InputFile> files;
  /// Hive partition columns (dt=2024-01-01/…) with Spark's inferred types; empty when there are none.
  std::vector<StructField> partitions;
};

/// Which of the files that are found are read.
struct ListOptions {
  bool recursive = false;                  ///< recursiveFileLookup: folders are no partitions
  std::string name_glob;                   ///< pathGlobFilter; empty: all
  std::optional<int64_t> modified_before;  ///< seconds since the epoch
  std::optional<int64_t> modified_after;
  std::string base;                     ///< basePath: folders below it are partitions even when they were named
  std::shared_ptr<RemoteFiles> remote;  ///< where files of stores come from; absent: there are local ones alone
};

/// Finds the files behind files, folders (all levels; names that start with '_' or '.' are left out, as in Spark),
/// globs
/// ("*", "?", "[ab]", "{a,b}"), file: URLs and URLs of stores, whose files are fetched. An empty folder gives no files.
/// Throws Error: PATH_NOT_FOUND; CONFLICTING_PARTITION_COLUMN_NAMES; UNSUPPORTED_FEATURE.FILE_SYSTEM for another URL
/// scheme; TINDERBOX_STORE.
InputFiles ListInput(const std::vector<std::string>& paths, const ListOptions& options = {});

/// A local path of a plain path or file: URL (escapes decoded). Throws UNSUPPORTED_FEATURE.FILE_SYSTEM for another
/// scheme.
std::filesystem::path LocalPath(std::string_view path_or_url);

}  // namespace tinderbox::engine
