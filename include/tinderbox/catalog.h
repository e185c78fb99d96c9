#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tinderbox/dataframe.h"

namespace tinderbox {

struct CatalogInfo {
  std::string name;
  std::optional<std::string> description;
};
struct DatabaseInfo {
  std::string name;
  std::optional<std::string> catalog;
  std::optional<std::string> description;
  std::string location_uri;
};
/// A table or view.
struct TableInfo {
  std::string name;
  std::optional<std::string> catalog;
  std::vector<std::string> name_space;  ///< of the table in its catalog: the database
  std::optional<std::string> description;
  std::string table_type;  ///< MANAGED, EXTERNAL, VIEW, TEMPORARY
  bool is_temporary = false;
};
struct FunctionInfo {
  std::string name;
  std::optional<std::string> catalog;
  std::vector<std::string> name_space;
  std::optional<std::string> description;
  std::optional<std::string> class_name;
  bool is_temporary = false;
};
struct ColumnInfo {
  std::string name;
  std::optional<std::string> description;
  std::string data_type;  ///< "bigint"
  bool nullable = true;
  bool is_partition = false;
  bool is_bucket = false;
  bool is_cluster = false;
};

/// What the session's SQL can name. Every method asks the engine and throws Error. Thread-safe.
/// Source: pyspark.sql.Catalog.
class Catalog {
 public:
  explicit Catalog(Session session) : session_(std::move(session)) {}

  std::string CurrentCatalog() const;
  void SetCurrentCatalog(std::string_view name) const;
  /// Patterns are Spark's: * any text, | or.
  std::vector<CatalogInfo> ListCatalogs(const std::optional<std::string>& pattern = {}) const;

  std::string CurrentDatabase() const;
  void SetCurrentDatabase(std::string_view name) const;
  std::vector<DatabaseInfo> ListDatabases(const std::optional<std::string>& pattern = {}) const;
  DatabaseInfo GetDatabase(std::string_view name) const;
  bool DatabaseExists(std::string_view name) const;
  void CreateDatabase(std::string_view name, bool if_not_exists = false,
                      const std::map<std::string, std::string>& properties = {}) const;
  void DropDatabase(std::string_view name, bool if_exists = false, bool cascade = false) const;

  std::vector<TableInfo> ListTables(const std::optional<std::string>& database = {},
                                    const std::optional<std::string>& pattern = {}) const;
  std::vector<TableInfo> ListViews(const std::optional<std::string>& database = {},
                                   const std::optional<std::string>& pattern = {}) const;
  TableInfo GetTable(std::string_view name) const;
  bool TableExists(std::string_view name, const std::optional<std::string>& database = {}) const;
  std::vector<ColumnInfo> ListColumns(std::string_view table, const std::optional<std::string>& database = {}) const;
  /// As they are in the paths: "year=2024/month=1".
  std::vector<std::string> ListPartitions(std::string_view table) const;
  std::map<std::string, std::string> TableProperties(std::string_view table) const;
  /// The CREATE TABLE statement that would make it.
  std::string CreateTableString(std::string_view table, bool as_serde = false) const;
  /// A table of the files at `path`, or an empty one of `schema` in the warehouse.
  DataFrame CreateTable(std::string_view name, const std::optional<std::string>& path = {},
                        const std::optional<std::string>& source = {}, const std::optional<StructType>& schema = {},
                        const std::optional<std::string>& description = {},
                        const std::map<std::string, std::string>& options = {}) const;
  void DropTable(std::string_view name, bool if_exists = false, bool purge = false) const;
  void DropView(std::string_view name, bool if_exists = false) const;
  /// Whether there was one.
  bool DropTempView(std::string_view name) const;
  bool DropGlobalTempView(std::string_view name) const;
  void TruncateTable(std::string_view name) const;
  void AnalyzeTable(std::string_view name, bool no_scan = false) const;
  /// Takes in the partitions that are in the table's folder.
  void RecoverPartitions(std::string_view table) const;

  std::vector<FunctionInfo> ListFunctions(const std::optional<std::string>& database = {},
                                          const std::optional<std::string>& pattern = {}) const;
  FunctionInfo GetFunction(std::string_view name) const;
  bool FunctionExists(std::string_view name, const std::optional<std::string>& database = {}) const;

  void CacheTable(std::string_view name, const std::optional<StorageLevel>& level = {}) const;
  void UncacheTable(std::string_view name) const;
  bool IsCached(std::string_view name) const;
  void ClearCache() const;
  /// Forgets what is known of the table's files.
  void RefreshTable(std::string_view name) const;
  void RefreshByPath(std::string_view path) const;

 private:
  template <typename Fill>
  DataFrame Ask(Fill&& fill) const;
  template <typename Fill>
  std::vector<Row> Rows(Fill&& fill) const;

  Session session_;
};

}  // namespace tinderbox
