#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tinderbox/dataframe.h"

namespace tinderbox {

/// Options by name, as Spark's documentation of each format lists them. Unknown or unsupported ones are refused by name
/// when the plan is run.
using Options = std::map<std::string, std::string>;

/// spark.read. The embedded engine reads csv, json, parquet, text and xml. Immutable; each setter returns a changed
/// copy. Paths are files, folders or globs, plain or as URLs. Source: pyspark.sql.DataFrameReader.
class DataFrameReader {
 public:
  explicit DataFrameReader(Session session) : session_(std::move(session)) {}
  DataFrameReader Format(std::string_view format) const;
  DataFrameReader Option(std::string_view key, std::string_view value) const;
  DataFrameReader Options(const tinderbox::Options& options) const;
  DataFrameReader Schema(const StructType& schema) const;
  /// The schema as DDL: "a INT, b STRING".
  DataFrameReader Schema(std::string_view ddl) const;
  DataFrame Load(const std::vector<std::string>& paths = {}) const;
  DataFrame Csv(const std::vector<std::string>& paths) const { return Format("csv").Load(paths); }
  DataFrame Json(const std::vector<std::string>& paths) const { return Format("json").Load(paths); }
  DataFrame Parquet(const std::vector<std::string>& paths) const { return Format("parquet").Load(paths); }
  DataFrame Orc(const std::vector<std::string>& paths) const { return Format("orc").Load(paths); }
  DataFrame Text(const std::vector<std::string>& paths) const { return Format("text").Load(paths); }
  DataFrame Xml(const std::vector<std::string>& paths) const { return Format("xml").Load(paths); }
  /// Each row's text (the only column, a STRING) as one JSON document.
  DataFrame Json(const DataFrame& texts) const;
  /// Each row's text as one line of CSV.
  DataFrame Csv(const DataFrame& texts) const;
  /// Each row's text as one XML document.
  DataFrame Xml(const DataFrame& texts) const;
  DataFrame Table(std::string_view name) const;

 private:
  DataFrame Parse(const DataFrame& texts, int format) const;

  Session session_;
  std::optional<std::string> format_;
  tinderbox::Options options_;
  std::optional<std::string> schema_;
};

enum class SaveMode { kErrorIfExists, kOverwrite, kAppend, kIgnore };

/// df.write. A file result is a folder in Spark's layout: part files and _SUCCESS; the embedded engine writes it aside
/// and renames it, so that a failed write leaves what was there. Immutable; each setter returns a changed copy. Source:
/// pyspark.sql.DataFrameWriter.
class DataFrameWriter {
 public:
  explicit DataFrameWriter(DataFrame input) : input_(std::move(input)) {}
  DataFrameWriter Format(std::string_view format) const;
  DataFrameWriter Mode(SaveMode mode) const;
  /// "append", "overwrite", "ignore", "error" or "errorifexists".
  /// @throws Error INVALID_SAVE_MODE
  DataFrameWriter Mode(std::string_view mode) const;
  DataFrameWriter Option(std::string_view key, std::string_view value) const;
  DataFrameWriter Options(const tinderbox::Options& options) const;
  DataFrameWriter PartitionBy(const std::vector<std::string>& columns) const;
  DataFrameWriter BucketBy(int buckets, const std::vector<std::string>& columns) const;
  DataFrameWriter SortBy(const std::vector<std::string>& columns) const;
  DataFrameWriter ClusterBy(const std::vector<std::string>& columns) const;
  /// Runs.
  void Save(std::string_view path) const;
  /// Runs. For formats that have no path.
  void Save() const;
  void Csv(std::string_view path) const { Format("csv").Save(path); }
  void Json(std::string_view path) const { Format("json").Save(path); }
  void Parquet(std::string_view path) const { Format("parquet").Save(path); }
  void Orc(std::string_view path) const { Format("orc").Save(path); }
  void Text(std::string_view path) const { Format("text").Save(path); }
  void Xml(std::string_view path) const { Format("xml").Save(path); }
  /// Runs. Makes, appends to or replaces a table, as Mode says; columns go by name.
  void SaveAsTable(std::string_view table) const;
  /// Runs. Into a table that is there; columns go by position.
  void InsertInto(std::string_view table, bool overwrite = false) const;

 private:
  template <typename Target>
  void Run(const std::optional<SaveMode>& mode, Target&& target) const;

  DataFrame input_;
  std::optional<std::string> format_;
  std::optional<SaveMode> mode_;
  tinderbox::Options options_;
  std::vector<std::string> partition_by_;
  std::vector<std::string> sort_by_;
  std::vector<std::string> cluster_by_;
  std::vector<std::string> bucket_by_;
  int buckets_ = 0;
};

/// df.writeTo(table): says what is meant instead of a mode. Immutable; each setter returns a changed copy. Every other
/// method runs. Source: pyspark.sql.DataFrameWriterV2.
class DataFrameWriterV2 {
 public:
  DataFrameWriterV2(DataFrame input, std::string_view table) : input_(std::move(input)), table_(table) {}
  DataFrameWriterV2 Using(std::string_view provider) const;
  DataFrameWriterV2 Option(std::string_view key, std::string_view value) const;
  DataFrameWriterV2 Options(const tinderbox::Options& options) const;
  DataFrameWriterV2 TableProperty(std::string_view key, std::string_view value) const;
  /// Columns, or functions::Years, Months, Days, Hours and Bucket of them.
  DataFrameWriterV2 PartitionedBy(const ColumnList& columns) const;
  DataFrameWriterV2 ClusterBy(const std::vector<std::string>& columns) const;
  void Create() const;
  void Replace() const;
  void CreateOrReplace() const;
  void Append() const;
  /// Replaces the rows that fulfil the condition.
  void Overwrite(const Column& condition) const;
  void OverwritePartitions() const;

 private:
  void Run(int mode, const std::optional<Column>& condition = {}) const;

  DataFrame input_;
  std::string table_;
  std::optional<std::string> provider_;
  tinderbox::Options options_;
  tinderbox::Options properties_;
  ColumnList partitioned_by_;
  std::vector<std::string> cluster_by_;
};

/// MERGE INTO: what becomes of rows that match and of those that do not; of several actions the first whose condition
/// holds. Immutable; each setter returns a changed copy. Source: pyspark.sql.MergeIntoWriter.
class MergeIntoWriter {
 public:
  using Assignments = std::vector<std::pair<std::string, Column>>;  ///< target column, value

  MergeIntoWriter(DataFrame source, std::string_view table, Column condition)
      : source_(std::move(source)), table_(table), condition_(std::move(condition)) {}
  MergeIntoWriter WhenMatchedUpdateAll(const std::optional<Column>& condition = {}) const;
  MergeIntoWriter WhenMatchedUpdate(const Assignments& assignments, const std::optional<Column>& condition = {}) const;
  MergeIntoWriter WhenMatchedDelete(const std::optional<Column>& condition = {}) const;
  MergeIntoWriter WhenNotMatchedInsertAll(const std::optional<Column>& condition = {}) const;
  MergeIntoWriter WhenNotMatchedInsert(const Assignments& assignments,
                                       const std::optional<Column>& condition = {}) const;
  MergeIntoWriter WhenNotMatchedBySourceUpdateAll(const std::optional<Column>& condition = {}) const;
  MergeIntoWriter WhenNotMatchedBySourceUpdate(const Assignments& assignments,
                                               const std::optional<Column>& condition = {}) const;
  MergeIntoWriter WhenNotMatchedBySourceDelete(const std::optional<Column>& condition = {}) const;
  MergeIntoWriter WithSchemaEvolution() const;
  /// Runs.
  void Merge() const;

 private:
  enum class Rows { kMatched, kNotMatched, kNotMatchedBySource };
  struct Action {
    Rows rows;
    int type;
    std::optional<Column> condition;
    Assignments assignments;
  };
  MergeIntoWriter With(Action action) const;

  DataFrame source_;
  std::string table_;
  Column condition_;
  std::vector<Action> actions_;
  bool schema_evolution_ = false;
};

}  // namespace tinderbox
