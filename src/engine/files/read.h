#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/duckdb/connection.h"
#include "engine/files/paths.h"
#include "engine/translate/scope.h"
#include "tinderbox/types.h"

namespace tinderbox::engine {

/// spark.read.format(…).options(…).schema(…).load(paths)
struct FileRead {
  std::string format;
  std::map<std::string, std::string> options;  ///< as given; Spark's option names ignore letter case
  std::optional<StructType> schema;
  std::vector<std::string> paths;
  std::shared_ptr<RemoteFiles> remote{};  ///< as in ListOptions
  std::string time_zone;
  bool case_sensitive = false;
  bool metadata = false;  ///< with the column _metadata at the end
};

struct FileTable {
  TranslatedRelation relation;
  std::vector<std::string> paths;  ///< every file that will be read
};

/// Finds the files and makes the SELECT that reads them. Throws Error: UNSUPPORTED_DATA_SOURCE…, PATH_NOT_FOUND,
/// UNABLE_TO_INFER_SCHEMA, and what a format says of an option it does not know.
FileTable ReadFiles(const FileRead& request, Database& database);

/// The options that say which files are read. Throws Error for a bad value.
ListOptions ListOptionsOf(const FileRead& request);

/// The column _metadata, without and with the numbers of rows.
OutputColumn MetadataColumn(bool row_index);
/// Its value for the rows of a file, without their number.
Sql MetadataValue(const InputFile& file);

/// The value of an option whose name ignores letter case.
std::optional<std::string> FindOption(const std::map<std::string, std::string>& options, std::string_view name);

}  // namespace tinderbox::engine
