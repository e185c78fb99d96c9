#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tinderbox/dataframe.h"

namespace tinderbox {

/// One side of a diff as files.
struct DiffInput {
  std::vector<std::string> paths;              ///< files, folders, globs, file: URLs
  std::string format;                          ///< csv, json, parquet; empty: from the extension, else the content
  std::map<std::string, std::string> options;  ///< Spark's reader options; CSV header defaults to true here
  std::optional<StructType> schema;  ///< absent: from the file, the other side, or inferred from all of both files
  std::map<std::string, std::string> rename;  ///< this side's column -> name to compare under
  std::vector<std::pair<std::string, std::string>>
      map;            ///< column (new or replaced) = Spark SQL expression over this side
  std::string where;  ///< Spark SQL condition over this side, after rename and map; empty: all rows
};

/// How far two numbers or times may lie apart and still be equal. Inclusive. When several are set, any one suffices.
struct Tolerance {
  std::optional<double> absolute;
  std::optional<double> relative;      ///< |l - r| <= relative * max(|l|, |r|)
  std::optional<int64_t> time_micros;  ///< dates and timestamps
};

/// Which columns a normalisation applies to: none, all string columns ("*"), or the named ones.
using ColumnNames = std::vector<std::string>;

struct DiffOptions {
  ColumnNames key;     ///< empty: rows are compared whole, as multisets
  ColumnNames select;  ///< compare only these (and the key); empty: all
  ColumnNames ignore;
  ColumnNames unordered;                       ///< array columns whose order does not matter
  std::map<std::string, Tolerance> tolerance;  ///< by column; "*" for every column it fits. REQUIRES a key
  ColumnNames ignore_case;
  ColumnNames trim;                                      ///< leading and trailing white space does not count
  ColumnNames collapse_space;                            ///< runs of white space count as one, ends trimmed
  std::map<std::string, std::string> unicode_normalize;  ///< column or "*" -> NFC, NFD, NFKC, NFKD
  bool empty_is_null = false;                            ///< '' equals NULL
  bool set_semantics = false;                            ///< keyless: how often a row occurs does not count
  bool case_sensitive_names = false;
  size_t largest = 5;   ///< largest changes kept per column
  bool discard = true;  ///< equal rows may be recognised by their bytes first; never changes the answer
  bool remote =
      false;  ///< the session is a Spark server's: Spark reads the inputs and writes the output, by paths it sees
};

enum class ColumnStatus { kSame, kTypeChanged, kNullabilityChanged, kLeftOnly, kRightOnly, kIgnored };

struct DiffColumn {
  std::string name;
  std::string left_name, right_name;              ///< before renaming; empty when absent
  std::optional<DataType> left_type, right_type;  ///< as the sides have it
  std::optional<DataType> compared_as;            ///< absent when not compared
  ColumnStatus status = ColumnStatus::kSame;
  bool is_key = false;
};

/// One row of a difference. Changed: both sides; else one side only.
struct DiffRow {
  enum class Kind { kChanged, kLeftOnly, kRightOnly };
  Kind kind = Kind::kChanged;
  int64_t count = 1;          ///< how many such rows (keyless)
  Row left, right;            ///< values of DiffSummary::value_columns (key first), empty when absent
  std::vector<bool> changed;  ///< per value column; all false unless kChanged
};

struct LargestChange {
  Row key;
  Value left, right;
  double delta = 0;
};

struct ColumnChanges {
  std::string name;
  int64_t changed = 0;  ///< rows of kind changed in which this column differs
  int64_t null_to_value = 0;
  int64_t value_to_null = 0;
  std::optional<double> mean_delta, max_abs_delta;         ///< numeric columns; for times in seconds
  std::vector<LargestChange> largest;                      ///< by |delta|, ties by key and values
  std::vector<std::pair<std::string, int64_t>> histogram;  ///< bins of delta ("[-1, 0)") or most frequent "old -> new"
};

/// A value that many differing rows share.
struct Concentration {
  std::string column;
  std::string value;
  int64_t rows = 0;  ///< differing rows with that value
  double share = 0;  ///< of all differing rows
};

struct MalformedValue {
  std::string location;  ///< "path:line"
  std::string column;    ///< empty: the whole record
  std::string text;
};

struct SideSummary {
  int64_t rows = 0;
  int64_t only = 0;            ///< rows without a partner
  int64_t duplicate_keys = 0;  ///< keys that occur more than once
  int64_t duplicate_rows = 0;  ///< rows that have such a key
  int64_t malformed_rows = 0;
  std::vector<MalformedValue> malformed;  ///< the first 100, in file order
};

struct DiffSummary {
  std::vector<DiffColumn> columns;  ///< every column of either side, left's order first
  std::vector<std::string> key;
  std::vector<std::string> value_columns;  ///< what DiffRow's rows hold: key columns, then compared columns
  SideSummary left, right;
  int64_t equal = 0;
  int64_t changed = 0;
  std::vector<ColumnChanges> changes;  ///< compared columns with changes, most first, ties by name
  std::vector<Concentration> concentrations;
  std::vector<std::string> warnings;  ///< what a reader should know: rows dropped, schema differences, …

  bool schema_differs() const;  ///< type, nullability aside, or presence of a compared column
  bool same() const { return changed == 0 && left.only == 0 && right.only == 0 && !schema_differs(); }
  int64_t different() const { return changed + left.only + right.only; }
};

struct DiffProgress {
  std::string phase;     ///< "reading", "comparing", "writing"
  double fraction = -1;  ///< of the phase (of the stages that Spark has planned so far, when it has any), or -1
  uint64_t rows = 0;     ///< read so far, both sides
  int stages = 0;        ///< on a Spark server: of the query that runs; it may find that it needs more
  int stages_done = 0;   ///< those of them that are finished
};
using DiffProgressSink = std::function<void(const DiffProgress&)>;  ///< called from any thread, at most every 50 ms

enum class DiffLayout {
  kChanges,     ///< diff (N, C, D, I), changes (list of columns), key, `left_<col>`, `right_<col>`
  kSideBySide,  ///< key, then `<col>_left` and `<col>_right` next to each other
  kDiffit,      ///< the compared columns and diffit_ref (left, right): a row for each side
  kPatch,       ///< what `tinderbox patch` needs to make RIGHT from LEFT exactly
};

struct DiffOutput {
  std::string path;
  std::string format = "parquet";  ///< parquet, csv, json
  DiffLayout layout = DiffLayout::kChanges;
  bool overwrite = false;
  bool include_equal = false;  ///< kChanges: also the rows of kind N
};

/// The finished comparison: its summary, and its differing rows kept by the engine.
class DiffResult {
 public:
  const DiffSummary& summary() const;
  /// Differing rows in canonical order (by key, then by values; left before right), `limit` at most. Any thread count
  /// and file split gives the same order.
  std::vector<DiffRow> Rows(size_t limit) const;
  /// Streams every differing row in canonical order.
  void ForEach(const std::function<void(const DiffRow&)>& visit) const;
  /// Writes a folder in Spark's layout, aside and renamed. Byte-identical for any thread count and file split.
  void Write(const DiffOutput& output) const;

  struct State;
  explicit DiffResult(std::shared_ptr<const State> state) : state_(std::move(state)) {}

 private:
  std::shared_ptr<const State> state_;
};

/// Compares two tables. Throws Error on unusable input: no common column, unknown column names, a key of uncomparable
/// types…
DiffResult Diff(const Session& session, const DiffInput& left, const DiffInput& right, const DiffOptions& options,
                const DiffProgressSink& progress = {});

/// Applies a patch (folder written with DiffLayout::kPatch) to LEFT and writes RIGHT to `output`. Throws Error
/// TINDERBOX_PATCH_MISMATCH, writing nothing, when LEFT is not the table that the patch was made from.
void ApplyPatch(const Session& session, const DiffInput& left, const std::string& patch, const std::string& output,
                const std::string& format, bool overwrite,
                const std::map<std::string, std::string>& write_options = {});

}  // namespace tinderbox
