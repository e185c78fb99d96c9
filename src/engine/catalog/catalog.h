#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tinderbox/types.h"

namespace tinderbox::engine {

inline constexpr char kCatalogName[] = "spark_catalog";
inline constexpr char kDefaultDatabase[] = "default";
inline constexpr char kGlobalTempDatabase[] = "global_temp";

struct CatalogDatabase {
  std::string name;
  std::string comment;
  std::filesystem::path location;
  std::map<std::string, std::string> properties;
  std::string owner;
};

/// A table or a view of the catalogue.
struct CatalogTable {
  enum class Kind { kManaged, kExternal, kView };
  std::string database;
  std::string name;
  Kind kind = Kind::kManaged;
  std::string provider;  ///< "parquet"; empty for a view
  StructType schema;     ///< the partition columns last
  std::vector<std::string> partition_columns;
  std::filesystem::path location;              ///< the folder of the data; empty for a view
  std::map<std::string, std::string> options;  ///< of its files
  std::map<std::string, std::string> properties;
  std::string comment;
  std::string owner;
  int64_t created_millis = 0;
  int bucket_count = 0;  ///< as it was asked for; the rows are not in buckets, which changes no result
  std::vector<std::string> bucket_columns;
  std::vector<std::string> sort_columns;
  // Of a view: its text, and the settings and the database its names were resolved with.
  std::string view_text;
  std::string view_database;
  std::vector<std::string> view_columns;  ///< of its query, before they were named anew
  std::map<std::string, std::string> view_conf;

  /// The columns that are in the files.
  StructType DataSchema() const;
  StructType PartitionSchema() const;
};

/// The databases and tables of a warehouse: a folder on disk with one small file for each, so that they outlive the
/// process and are shared by those that use the folder at the same time. The folder is made when something is first
/// written. All names are letters, digits and "_", and compared without letter case. Thread-safe.
class Catalog {
 public:
  explicit Catalog(std::filesystem::path warehouse);

  const std::filesystem::path& warehouse() const { return warehouse_; }

  /// By name.
  std::vector<CatalogDatabase> Databases() const;
  std::optional<CatalogDatabase> FindDatabase(const std::string& name) const;
  /// Throws Error SCHEMA_NOT_FOUND.
  CatalogDatabase GetDatabase(const std::string& name) const;
  /// Throws Error SCHEMA_ALREADY_EXISTS.
  void CreateDatabase(CatalogDatabase database);
  void ReplaceDatabase(const CatalogDatabase& database);
  /// Throws Error SCHEMA_NOT_FOUND, SCHEMA_NOT_EMPTY without `cascade`.
  void DropDatabase(const std::string& name, bool cascade);

  /// By name.
  std::vector<CatalogTable> Tables(const std::string& database) const;
  std::optional<CatalogTable> FindTable(const std::string& database, const std::string& name) const;
  /// Throws Error TABLE_OR_VIEW_ALREADY_EXISTS, also when another process was faster.
  void CreateTable(const CatalogTable& table);
  void ReplaceTable(const CatalogTable& table);
  /// Forgets the table; the files of a managed one are deleted.
  void DropTable(const CatalogTable& table);
  void RenameTable(const CatalogTable& table, const std::string& name);

  /// Where a managed table keeps its files.
  std::filesystem::path DefaultLocation(const std::string& database, const std::string& table) const;

 private:
  std::filesystem::path DatabaseFile(const std::string& name) const;
  std::filesystem::path TableFile(const std::string& database, const std::string& name) const;

  std::filesystem::path warehouse_;
  std::filesystem::path entries_;  ///< the folder of the small files
  mutable std::mutex mutex_;       ///< held while files change
};

/// Throws Error INVALID_SCHEMA_OR_RELATION_NAME for a name that the catalogue cannot hold.
void CheckObjectName(const std::string& name);

}  // namespace tinderbox::engine
