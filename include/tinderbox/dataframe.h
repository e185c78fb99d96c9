#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tinderbox/column.h"
#include "tinderbox/session.h"

namespace spark::connect {
class Relation;
}

namespace tinderbox {

class GroupedData;
class DataFrameWriter;

/// A lazy table: a Spark Connect plan and the session that will run it. Immutable, cheap to copy, thread-safe.
/// Methods that return a DataFrame only build the plan; Schema, Count, Collect, Batches, Persist and Write run it and
/// throw Error.
class DataFrame {
 public:
  DataFrame(Session session, std::shared_ptr<const ::spark::connect::Relation> relation);

  DataFrame Select(std::vector<Column> columns) const;
  DataFrame Filter(const Column& condition) const;
  /// Adds or replaces columns by name.
  DataFrame WithColumns(std::vector<std::pair<std::string, Column>> columns) const;
  DataFrame WithColumnsRenamed(const std::map<std::string, std::string>& old_to_new) const;
  DataFrame Drop(const std::vector<std::string>& names) const;
  DataFrame ToDf(const std::vector<std::string>& names) const;
  DataFrame Alias(std::string_view name) const;
  /// `how`: inner, cross, left_outer, right_outer, full_outer, left_semi, left_anti.
  DataFrame Join(const DataFrame& other, const Column& condition, std::string_view how) const;
  GroupedData GroupBy(std::vector<Column> columns) const;
  DataFrame Agg(std::vector<Column> aggregates) const;
  DataFrame UnionAll(const DataFrame& other) const;
  DataFrame UnionByName(const DataFrame& other, bool allow_missing_columns = false) const;
  DataFrame IntersectAll(const DataFrame& other) const;
  DataFrame Intersect(const DataFrame& other) const;
  DataFrame ExceptAll(const DataFrame& other) const;
  DataFrame Subtract(const DataFrame& other) const;
  DataFrame Distinct() const;
  DataFrame Sort(std::vector<Column> order) const;
  DataFrame Limit(int n) const;
  DataFrame Offset(int n) const;

  /// This DataFrame's column, also where a join has another of the same name (PySpark's df["x"]). The name is literal.
  Column operator[](std::string_view name) const;

  /// The analysed schema; asked of the engine once and kept.
  const StructType& Schema() const;
  int64_t Count() const;
  /// All rows in memory. For results known to be small.
  std::vector<Row> Collect() const;
  /// Streams the result; memory does not grow with it.
  std::unique_ptr<BatchReader> Batches() const;
  /// Spark's explain() text; the embedded engine shows its SQL.
  std::string Explain() const;
  /// Computes once and keeps the rows (in memory, spilling to the session's temporary folder) until the last copy of
  /// the returned DataFrame is gone.
  DataFrame Persist() const;
  DataFrameWriter Write() const;

  const Session& session() const { return session_; }
  const ::spark::connect::Relation& proto() const { return *relation_; }

 private:
  struct Analysis;
  Session session_;
  std::shared_ptr<const ::spark::connect::Relation> relation_;
  std::shared_ptr<Analysis> analysis_;
};

class GroupedData {
 public:
  GroupedData(DataFrame input, std::vector<Column> grouping)
      : input_(std::move(input)), grouping_(std::move(grouping)) {}
  /// Grouping columns first, then the aggregates.
  DataFrame Agg(std::vector<Column> aggregates) const;
  DataFrame Count() const;

 private:
  DataFrame input_;
  std::vector<Column> grouping_;
};

/// spark.read. Formats: csv, json, parquet. Options are Spark's; unknown or unsupported ones are refused by name when
/// run.
class DataFrameReader {
 public:
  explicit DataFrameReader(Session session) : session_(std::move(session)) {}
  DataFrameReader Format(std::string_view format) const;
  DataFrameReader Option(std::string_view key, std::string_view value) const;
  DataFrameReader Schema(const StructType& schema) const;
  /// Files, folders or globs; plain paths or file: URLs.
  DataFrame Load(const std::vector<std::string>& paths) const;

 private:
  Session session_;
  std::string format_ = "parquet";
  std::map<std::string, std::string> options_;
  std::shared_ptr<const StructType> schema_;
};

enum class SaveMode { kErrorIfExists, kOverwrite, kAppend, kIgnore };

/// df.write. The result is a folder in Spark's layout: part files and _SUCCESS. Written aside and renamed: a failed
/// write leaves what was there.
class DataFrameWriter {
 public:
  explicit DataFrameWriter(DataFrame input) : input_(std::move(input)) {}
  DataFrameWriter Format(std::string_view format) const;
  DataFrameWriter Mode(SaveMode mode) const;
  DataFrameWriter Option(std::string_view key, std::string_view value) const;
  DataFrameWriter PartitionBy(const std::vector<std::string>& columns) const;
  void Save(std::string_view path) const;

 private:
  DataFrame input_;
  std::string format_ = "parquet";
  SaveMode mode_ = SaveMode::kErrorIfExists;
  std::map<std::string, std::string> options_;
  std::vector<std::string> partition_by_;
};

}  // namespace tinderbox
