#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "tinderbox/arrow.h"
#include "tinderbox/row.h"

namespace tinderbox {

namespace spark {
class Session;
}
class Catalog;
class ColumnList;
class ColumnOrValue;
class DataFrame;
class DataFrameReader;

/// How the embedded engine may use this machine.
struct EmbeddedOptions {
  uint64_t memory_bytes = 0;             ///< 0: 60 % of the machine's (or cgroup's) memory
  int threads = 0;                       ///< 0: all cores this process may run on
  std::filesystem::path temp_directory;  ///< spill files; empty: the system's temporary folder. A private folder inside
                                         ///< is removed at the end
  std::string time_zone = "UTC";
  std::filesystem::path warehouse;  ///< the folder of tables, made on first use; empty: ./spark-warehouse
};

/// What runs a query right now; for progress displays.
struct Progress {
  double fraction = -1;  ///< 0 to 1, or -1 when unknown
  uint64_t rows = 0;     ///< rows read so far by running queries
  uint64_t bytes = 0;    ///< bytes read so far, where the engine counts them
  int stages = 0;        ///< stages of the plan, where the engine has stages
  int stages_done = 0;   ///< those of them that are finished
};

/// An engine that runs Spark plans: the embedded one, or any Spark Connect server. The same program runs on both.
///
/// Cheap to copy; copies are the same session. Thread-safe. Source: pyspark.sql.SparkSession.
class Session {
 public:
  explicit Session(std::shared_ptr<spark::Session> session) : session_(std::move(session)) {}

  /// Opens the embedded engine in this process.
  /// @throws Error when a limit cannot be honoured.
  static Session Embedded(const EmbeddedOptions& options = {});
  /// Connects to a Spark Connect server, Apache Spark's or `tinderbox server`.
  /// @param url "sc://host:port/;token=…;use_ssl=true", as PySpark's SparkSession.builder.remote() takes it.
  /// @throws Error when the text is no such address or nothing answers there.
  static Session Connect(const std::string& url);

  /// Reads files and tables.
  DataFrameReader Read() const;
  /// Tables, views, functions and databases.
  tinderbox::Catalog Catalog() const;
  /// A table or view by its name.
  DataFrame Table(std::string_view name) const;
  /// Runs a statement at once; a query is run when its rows are asked for.
  /// @throws ParseError, Error
  DataFrame Sql(std::string_view text) const;
  /// With named parameters, `:name` in the text: `Sql("SELECT :a + :b", {{"a", 1}, {"b", 2.5}})`.
  DataFrame Sql(std::string_view text, const std::map<std::string, ColumnOrValue>& parameters) const;
  /// With positional parameters, `?` in the text: `Sql("SELECT ? + ?", 1, 2.5)`.
  template <typename First, typename... Rest>
  DataFrame Sql(std::string_view text, const First& first, const Rest&... rest) const;
  /// The same with parameters that are counted at run time.
  DataFrame SqlByPosition(std::string_view text, const std::vector<ColumnOrValue>& parameters) const;
  /// The rows of a table-valued function: "explode", "range", "sql_keywords", …
  DataFrame TableFunction(std::string_view name, const ColumnList& arguments) const;
  DataFrame TableFunction(std::string_view name) const;
  /// Rows 0 to `end`, exclusive, in one bigint column "id".
  DataFrame Range(int64_t end) const;
  /// Rows `start` to `end`, exclusive, in one bigint column "id".
  DataFrame Range(int64_t start, int64_t end, int64_t step = 1) const;

  /// A DataFrame of rows held here. They travel with each query.
  /// @throws Error when a value does not fit its type.
  DataFrame CreateDataFrame(const StructType& schema, const std::vector<Row>& rows) const;
  /// Takes ownership of the batches (each of the given schema's layout, see ArrowBatch).
  DataFrame CreateDataFrame(const StructType& schema, std::vector<ArrowBatch> batches) const;
  /// Reads an Arrow C stream to its end and releases it.
  /// @throws Error UNSUPPORTED_ARROWTYPE naming a column whose type Spark has not.
  DataFrame CreateDataFrame(ArrowArrayStream* stream) const;
  /// From typed rows: a tuple a row, one member a column. Schema and nullability follow from the C++ types (see
  /// tinderbox/typed.h, which defines this).
  template <typename... Columns>
  DataFrame CreateDataFrame(const std::vector<std::string>& names,
                            const std::vector<std::tuple<Columns...>>& rows) const;

  /// Sets a setting of this session.
  void SetConf(const std::string& key, const std::string& value) const;
  /// The value of a setting.
  /// @throws Error SQL_CONF_NOT_FOUND
  std::string GetConf(const std::string& key) const;
  /// The value of a setting, `fallback` when it has none.
  std::string GetConf(const std::string& key, const std::string& fallback) const;
  /// Gives a setting its default again.
  void UnsetConf(const std::string& key) const;
  /// Every setting whose name begins with `prefix`.
  std::map<std::string, std::string> AllConf(const std::string& prefix = "") const;
  /// Whether this session can change that setting.
  bool IsConfModifiable(const std::string& key) const;

  /// The version of Spark that the engine is, or speaks: "4.2.0".
  std::string Version() const;
  /// A session of its own with this one's settings and temporary views.
  Session Clone() const;
  /// Ends every running call of this session with Interrupted. Safe to call from any thread.
  void Interrupt() const;
  /// Actions that this thread starts from now on have this tag, on Spark also in its pages.
  /// @throws Error INVALID_PARAMETER_VALUE.TAG for an empty one and one with a comma
  void AddTag(std::string_view tag) const;
  void RemoveTag(std::string_view tag) const;
  /// The tags of this thread's next action.
  std::set<std::string> Tags() const;
  void ClearTags() const;
  /// Ends the running actions that have the tag with Interrupted; of a session that several clients share on a server,
  /// those of the others, too. Safe to call from any thread.
  void InterruptTag(std::string_view tag) const;
  Progress GetProgress() const;

  /// What runs plans; for layers that build plans of their own.
  const std::shared_ptr<spark::Session>& waist() const { return session_; }

 private:
  std::shared_ptr<spark::Session> session_;
};

}  // namespace tinderbox
