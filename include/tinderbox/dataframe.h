#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tinderbox/column.h"
#include "tinderbox/session.h"
#include "tinderbox/storage_level.h"

namespace spark::connect {
class Relation;
}

namespace tinderbox {

class DataFrameNaFunctions;
class DataFrameStatFunctions;
class DataFrameWriter;
class DataFrameWriterV2;
class GroupedData;
class MergeIntoWriter;

/// How much explain() tells.
enum class ExplainMode { kSimple, kExtended, kCodegen, kCost, kFormatted };

/// Aggregates that are computed while a DataFrame runs: `df.Observe(seen, {functions::Count("*").Alias("rows")})`, run
/// an action, then `seen.Get()`. Copies are the same observation. Thread-safe. Source: pyspark.sql.Observation.
class Observation {
 public:
  /// A name of its own when it is empty.
  explicit Observation(std::string_view name = "");
  const std::string& name() const;
  /// The metrics by name; waits for nobody.
  /// @throws Error TINDERBOX_NOT_OBSERVED when no action of the observed DataFrame has ended yet.
  std::map<std::string, Value> Get() const;

  struct State;
  const std::shared_ptr<State>& state() const { return state_; }

 private:
  std::shared_ptr<State> state_;
};

/// A lazy table: a Spark Connect plan and the session that will run it. Immutable, cheap to copy, thread-safe.
///
/// Methods that return a DataFrame, a Column or a GroupedData only build the plan. Those marked "Runs" run it, or ask
/// the engine about it, and throw Error: unknown columns, wrong types and errors of values appear there, with Spark's
/// error conditions. Names of columns are those of functions::Col unless said otherwise. Source: pyspark.sql.DataFrame.
class DataFrame {
 public:
  DataFrame(Session session, std::shared_ptr<const ::spark::connect::Relation> relation,
            std::shared_ptr<const dataframe::Dependencies> dependencies = nullptr);

  /// @name Columns
  /// @{
  /// These columns, in this order.
  DataFrame Select(const ColumnList& columns) const;
  /// These Spark SQL expressions: `SelectExpr({"id", "id * 2 AS twice"})`.
  DataFrame SelectExpr(const std::vector<std::string>& expressions) const;
  /// Adds or replaces one column.
  DataFrame WithColumn(std::string_view name, const Column& column) const;
  /// Adds or replaces columns by name, all from the columns as they are now.
  DataFrame WithColumns(const std::vector<std::pair<std::string, Column>>& columns) const;
  DataFrame WithColumnRenamed(std::string_view old_name, std::string_view new_name) const;
  /// Names that are not there are left out silently, as in Spark.
  DataFrame WithColumnsRenamed(const std::map<std::string, std::string>& old_to_new) const;
  /// A column's metadata, a JSON object.
  DataFrame WithMetadata(std::string_view name, std::string_view metadata_json) const;
  /// Without these columns; names (taken literally) that are not there are left out silently.
  DataFrame Drop(const ColumnList& columns) const;
  /// All columns under new names, one for each.
  DataFrame ToDf(const std::vector<std::string>& names) const;
  /// Columns reordered, cast and renamed to that schema, by name.
  DataFrame To(const StructType& schema) const;
  /// Turns columns into rows: one row for each of `values` (all but `ids` when empty).
  DataFrame Unpivot(const ColumnList& ids, const ColumnList& values, std::string_view variable_name,
                    std::string_view value_name) const;
  /// Rows become columns; the values of `index` (the first column when absent) name them.
  DataFrame Transpose(const ColumnOrName& index = {}) const;
  /// Adds a bigint column that counts the rows from 0 in their order.
  DataFrame ZipWithIndex(std::string_view name = "index") const;
  /// @}

  /// @name Rows
  /// @{
  DataFrame Filter(const Column& condition) const;
  /// A condition in Spark SQL.
  DataFrame Filter(std::string_view sql) const;
  DataFrame Where(const Column& condition) const { return Filter(condition); }
  DataFrame Where(std::string_view sql) const { return Filter(sql); }
  DataFrame Distinct() const;
  /// One row of each group that is equal in these columns; all columns when there are none.
  DataFrame DropDuplicates(const std::vector<std::string>& names = {}) const;
  /// Ordered by these; a plain column is upwards with nulls first.
  DataFrame Sort(const ColumnList& order) const;
  DataFrame OrderBy(const ColumnList& order) const { return Sort(order); }
  DataFrame SortWithinPartitions(const ColumnList& order) const;
  DataFrame Limit(int n) const;
  DataFrame Offset(int n) const;
  /// About this share of the rows (above 1 only with replacement); which ones follows from the seed, else from chance.
  DataFrame Sample(double fraction, bool with_replacement = false, std::optional<int64_t> seed = {}) const;
  /// As many parts as there are weights; each row is in exactly one.
  /// @throws Error INVALID_PARAMETER_VALUE when a weight is negative or all are 0.
  std::vector<DataFrame> RandomSplit(const std::vector<double>& weights, std::optional<int64_t> seed = {}) const;
  /// @}

  /// @name Joins and sets
  /// @{
  /// `how` is inner, cross, left_outer (left), right_outer (right), full_outer (full, outer), left_semi (semi) or
  /// left_anti (anti); with or without underscores.
  /// @throws Error UNSUPPORTED_JOIN_TYPE
  DataFrame Join(const DataFrame& other, const Column& condition, std::string_view how = "inner") const;
  /// Joins where these columns are equal on both sides; the result has each of them once.
  DataFrame Join(const DataFrame& other, const std::vector<std::string>& names, std::string_view how = "inner") const;
  DataFrame CrossJoin(const DataFrame& other) const;
  /// `other` may use columns of this DataFrame (Column::Outer). Inner, cross and left_outer.
  DataFrame LateralJoin(const DataFrame& other, const std::optional<Column>& condition = {},
                        std::string_view how = "inner") const;
  /// For each row the `count` rows of the other side that rank best; `mode` is exact or approx, `direction` "distance"
  /// (smallest first) or "similarity" (largest first).
  DataFrame NearestByJoin(const DataFrame& other, const Column& ranking, int count, std::string_view mode,
                          std::string_view direction, std::string_view how = "inner") const;
  /// By position, duplicates kept.
  DataFrame Union(const DataFrame& other) const { return UnionAll(other); }
  DataFrame UnionAll(const DataFrame& other) const;
  DataFrame UnionByName(const DataFrame& other, bool allow_missing_columns = false) const;
  DataFrame Intersect(const DataFrame& other) const;
  DataFrame IntersectAll(const DataFrame& other) const;
  DataFrame Subtract(const DataFrame& other) const;
  DataFrame ExceptAll(const DataFrame& other) const;
  /// @}

  /// @name Groups
  /// @{
  GroupedData GroupBy(const ColumnList& columns) const;
  GroupedData Rollup(const ColumnList& columns) const;
  GroupedData Cube(const ColumnList& columns) const;
  /// The result has `columns`; each set says which of them a pass groups by.
  GroupedData GroupingSets(const std::vector<ColumnList>& sets, const ColumnList& columns) const;
  /// Over all rows: one row.
  DataFrame Agg(const ColumnList& aggregates) const;
  DataFrame Describe(const std::vector<std::string>& names = {}) const;
  /// count, mean, stddev, min, max, approximate percentiles ("25%"), count_distinct, …
  DataFrame Summary(const std::vector<std::string>& statistics = {}) const;
  DataFrameNaFunctions Na() const;
  DataFrameStatFunctions Stat() const;
  /// @}

  /// @name Planning
  /// @{
  /// A name for the columns: after `Alias("t")`, functions::Col("t.x").
  DataFrame Alias(std::string_view name) const;
  /// "broadcast", "merge", "shuffle_hash", …
  DataFrame Hint(std::string_view name, const std::vector<ColumnOrValue>& parameters = {}) const;
  DataFrame Coalesce(int partitions) const;
  DataFrame Repartition(int partitions) const;
  DataFrame Repartition(int partitions, const ColumnList& columns) const;
  DataFrame Repartition(const ColumnList& columns) const;
  DataFrame RepartitionByRange(int partitions, const ColumnList& columns) const;
  DataFrame RepartitionByRange(const ColumnList& columns) const;
  /// The column says in which partition its row goes.
  DataFrame RepartitionById(int partitions, const ColumnOrName& id) const;
  /// Computes these aggregates whenever the rows pass.
  DataFrame Observe(const Observation& observation, const ColumnList& metrics) const;
  /// f(*this), to chain functions of your own.
  template <typename F>
  auto Transform(F&& f) const {
    return std::forward<F>(f)(*this);
  }
  /// @}

  /// @name Columns that refer to this DataFrame
  /// @{
  /// This DataFrame's column, also where a join has another of the same name (PySpark's df["x"]). The name is literal.
  Column operator[](std::string_view name) const;
  /// Every column whose name matches Java's regular expression in back-ticks: "`a.*`".
  Column ColRegex(std::string_view pattern) const;
  Column MetadataColumn(std::string_view name) const;
  /// The one value of this DataFrame of one column and at most one row, inside another's expression.
  Column Scalar() const;
  /// Whether this DataFrame has rows, inside another's condition.
  Column Exists() const;
  /// @}

  /// @name What is known of it
  /// @{
  /// Runs. The analysed schema; asked of the engine once and kept.
  const StructType& Schema() const;
  std::vector<std::string> Columns() const;                         ///< Runs.
  std::vector<std::pair<std::string, std::string>> Dtypes() const;  ///< Runs. Names and types ("bigint").
  /// Runs. printSchema()'s text; `level` is how deep nested types are shown.
  std::string TreeString(std::optional<int> level = {}) const;
  void PrintSchema(std::optional<int> level = {}) const;  ///< Runs. TreeString on standard output.
  /// Runs. Spark's explain() text; the embedded engine shows its SQL.
  std::string Explain(ExplainMode mode = ExplainMode::kSimple) const;
  std::vector<std::string> InputFiles() const;       ///< Runs.
  bool IsLocal() const;                              ///< Runs.
  bool IsStreaming() const;                          ///< Runs.
  bool SameSemantics(const DataFrame& other) const;  ///< Runs.
  int32_t SemanticHash() const;                      ///< Runs.
  tinderbox::StorageLevel StorageLevel() const;      ///< Runs.
  /// @}

  /// @name Results
  /// @{
  int64_t Count() const;  ///< Runs.
  bool IsEmpty() const;   ///< Runs.
  /// Runs. All rows in memory. For results known to be small.
  std::vector<Row> Collect() const;
  /// Runs. All rows as tuples, or as one value when T is none: `Collect<std::tuple<int64_t, std::string>>()`. A column
  /// that can be NULL needs std::optional. Defined in tinderbox/typed.h.
  /// @throws Error TINDERBOX_ROW_TYPE when the columns do not fit T.
  template <typename T>
  std::vector<T> Collect() const;
  std::optional<Row> First() const;    ///< Runs.
  std::vector<Row> Head(int n) const;  ///< Runs. The first n rows.
  std::vector<Row> Take(int n) const { return Head(n); }
  std::vector<Row> Tail(int n) const;  ///< Runs. The last n rows.
  /// Runs. Streams the result; memory does not grow with it.
  std::unique_ptr<BatchReader> Batches() const;
  /// Runs. The result as an Arrow C stream, batch by batch and without a copy; the caller releases it. It may outlive
  /// this DataFrame.
  void ToArrow(ArrowArrayStream* out) const;
  /// Runs. The first n rows as show() prints them; texts longer than `truncate` are cut (0: none).
  std::string ShowString(int n = 20, int truncate = 20, bool vertical = false) const;
  void Show(int n = 20, int truncate = 20, bool vertical = false) const;  ///< Runs. On standard output.
  DataFrameWriter Write() const;
  /// A table that is written through Spark's second writer.
  DataFrameWriterV2 WriteTo(std::string_view table) const;
  /// MERGE INTO table USING this ON condition.
  MergeIntoWriter MergeInto(std::string_view table, const Column& condition) const;
  /// Runs. A name for this DataFrame in SQL, for this session.
  /// @throws Error TEMP_TABLE_OR_VIEW_ALREADY_EXISTS unless `replace`.
  void CreateTempView(std::string_view name) const;
  void CreateOrReplaceTempView(std::string_view name) const;
  /// As above for every session of the engine; the name in SQL is global_temp.name.
  void CreateGlobalTempView(std::string_view name) const;
  void CreateOrReplaceGlobalTempView(std::string_view name) const;
  /// @}

  /// @name Keeping rows
  /// @{
  /// Runs. Computes once and keeps the rows until Unpersist, or until the last copy of the returned DataFrame is gone.
  DataFrame Persist(const tinderbox::StorageLevel& level = {}) const;
  DataFrame Cache() const { return Persist(); }
  /// Runs.
  DataFrame Unpersist(bool blocking = false) const;
  /// Runs. The rows as they are now, written where spark.checkpoint.dir says; kept as long as a DataFrame made from the
  /// returned one.
  DataFrame Checkpoint(bool eager = true) const;
  /// Runs. As Checkpoint, kept by the engine itself.
  DataFrame LocalCheckpoint(bool eager = true, const std::optional<tinderbox::StorageLevel>& level = {}) const;
  /// @}

  const Session& session() const { return session_; }
  const ::spark::connect::Relation& proto() const { return *relation_; }
  /// What the plan needs beside itself; null when nothing.
  const std::shared_ptr<const dataframe::Dependencies>& dependencies() const { return dependencies_; }

 private:
  struct Analysis;
  Session session_;
  std::shared_ptr<const ::spark::connect::Relation> relation_;
  std::shared_ptr<const dataframe::Dependencies> dependencies_;
  std::shared_ptr<Analysis> analysis_;
};

/// Rows by group. Immutable, thread-safe. Source: pyspark.sql.GroupedData.
class GroupedData {
 public:
  enum class Kind { kGroupBy, kRollup, kCube, kGroupingSets, kPivot };
  GroupedData(DataFrame input, Kind kind, ColumnList grouping, std::vector<ColumnList> sets = {})
      : input_(std::move(input)), kind_(kind), grouping_(std::move(grouping)), sets_(std::move(sets)) {}

  /// Grouping columns first, then the aggregates.
  DataFrame Agg(const ColumnList& aggregates) const;
  /// Rows of each group, in a bigint column "count".
  DataFrame Count() const;
  /// Of these columns, or of all numeric ones (which asks for the schema).
  DataFrame Sum(const std::vector<std::string>& names = {}) const { return Each("sum", names); }
  DataFrame Avg(const std::vector<std::string>& names = {}) const { return Each("avg", names); }
  DataFrame Mean(const std::vector<std::string>& names = {}) const { return Avg(names); }
  DataFrame Min(const std::vector<std::string>& names = {}) const { return Each("min", names); }
  DataFrame Max(const std::vector<std::string>& names = {}) const { return Each("max", names); }
  /// One column for each value of the column (the sorted values that occur when none are given).
  /// @throws Error UNSUPPORTED_OPERATION after rollup, cube, grouping sets or another pivot.
  GroupedData Pivot(std::string_view name, const std::vector<ColumnOrValue>& values = {}) const;

 private:
  DataFrame Each(std::string_view function, const std::vector<std::string>& names) const;

  DataFrame input_;
  Kind kind_;
  ColumnList grouping_;
  std::vector<ColumnList> sets_;
  std::optional<Column> pivot_;
  std::vector<ColumnOrValue> pivot_values_;
};

/// df.na: missing values. Source: pyspark.sql.DataFrameNaFunctions.
class DataFrameNaFunctions {
 public:
  explicit DataFrameNaFunctions(DataFrame input) : input_(std::move(input)) {}
  /// Without rows that have a NULL or NaN in any (how "any") or in all (how "all") of the columns, all when none are
  /// named.
  /// @throws Error INVALID_PARAMETER_VALUE for another `how`.
  DataFrame Drop(std::string_view how = "any", const std::vector<std::string>& names = {}) const;
  /// Keeps rows with at least `min_non_nulls` other values.
  DataFrame Drop(int min_non_nulls, const std::vector<std::string>& names = {}) const;
  /// NULL becomes the value in the columns of its type, all when none are named.
  DataFrame Fill(const ColumnOrValue& value, const std::vector<std::string>& names = {}) const;
  /// As above, with a value for each column.
  DataFrame Fill(const std::map<std::string, ColumnOrValue>& values) const;
  /// Old values become new ones in the columns of their type, all when none are named. Value() is NULL.
  DataFrame Replace(const std::vector<std::pair<ColumnOrValue, ColumnOrValue>>& replacements,
                    const std::vector<std::string>& names = {}) const;

 private:
  DataFrame input_;
};

/// df.stat: statistics. Source: pyspark.sql.DataFrameStatFunctions.
class DataFrameStatFunctions {
 public:
  explicit DataFrameStatFunctions(DataFrame input) : input_(std::move(input)) {}
  /// Runs. For each column the values at these shares (0 to 1) of its order, up to the relative error (0: exact).
  std::vector<std::vector<double>> ApproxQuantile(const std::vector<std::string>& names,
                                                  const std::vector<double>& probabilities,
                                                  double relative_error) const;
  double Corr(std::string_view a, std::string_view b) const;  ///< Runs. Pearson's, -1 to 1.
  double Cov(std::string_view a, std::string_view b) const;   ///< Runs. Of the sample.
  /// How often each pair of values occurs; one row for each value of `a`, one column for each of `b`.
  DataFrame Crosstab(std::string_view a, std::string_view b) const;
  /// Values that occur in at least this share of the rows, perhaps others too.
  DataFrame FreqItems(const std::vector<std::string>& names, double support = 0.01) const;
  /// A share of the rows for each value of the column; 0 for values not listed.
  DataFrame SampleBy(const ColumnOrName& column, const std::vector<std::pair<ColumnOrValue, double>>& fractions,
                     std::optional<int64_t> seed = {}) const;

 private:
  DataFrame input_;
};

namespace functions {
/// Marks the smaller side of a join, to be sent whole to where the other is. Source: pyspark.sql.functions.broadcast.
DataFrame Broadcast(const DataFrame& frame);
}  // namespace functions

}  // namespace tinderbox

#include "tinderbox/read_write.h"
#include "tinderbox/typed.h"
