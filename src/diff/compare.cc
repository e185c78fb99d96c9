#include "diff/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <thread>

#include "base/temp_dir.h"
#include "csv/infer.h"
#include "diff/comparer.h"
#include "diff/discard.h"
#include "diff/files.h"
#include "tinderbox/error.h"
#include "tinderbox/functions.h"

namespace tinderbox::diff {
namespace {

namespace fn = functions;

/// Below this size a typed comparison is quicker than a pass that may save it.
constexpr uint64_t kWorthDiscarding = 4u << 20;
/// From this size on, whole passes over the input cost more than a query.
constexpr uint64_t kLarge = 64u << 20;
/// Differing rows that one task of Spark's can take without being long.
constexpr int64_t kRowsOfPartition = 250'000;

/// The two CSV inputs by position, when their bytes may be compared; nullopt otherwise.
std::optional<StructType> BytewiseSchema(const OpenedSides& sides, const DifferenceLayout& layout) {
  const OpenedSide& left = sides.left;
  const OpenedSide& right = sides.right;
  if (left.format != "csv" || right.format != "csv" || !left.untouched || !right.untouched) return std::nullopt;
  if (left.options != right.options || !left.read_schema || !right.read_schema) return std::nullopt;
  const std::vector<std::string> header = csv::ReadHeader(left.files[0].string(), left.options);
  if (header.size() != left.file_schema.fields.size()) return std::nullopt;  // partition columns, which no record holds
  for (const OpenedSide* side : {&left, &right}) {
    for (const std::filesystem::path& file : side->files) {
      if (csv::ReadHeader(file.string(), side->options) != header) return std::nullopt;
    }
  }
  const bool by_name = left.options.contains("bindByName") && left.options.at("bindByName") == "true";
  StructType out;
  for (size_t i = 0; i < header.size(); ++i) {
    const std::optional<size_t> l = by_name ? left.file_schema.Find(header[i], true) : std::optional(i);
    const std::optional<size_t> r = by_name ? right.file_schema.Find(header[i], true) : std::optional(i);
    if (!l || !r || right.file_schema.fields.size() <= *r) return std::nullopt;
    const StructField& a = left.file_schema.fields[*l];
    const StructField& b = right.file_schema.fields[*r];
    if (a.name != b.name || !a.type.SameIgnoringNullability(b.type)) return std::nullopt;
    out.fields.push_back(a);
  }
  for (const ComparedColumn& column : layout.columns) {
    if (column.left_name != column.right_name) return std::nullopt;
  }
  return out;
}

/// What is left to compare after the passes that only discard.
struct Remaining {
  Rows rows;
  std::optional<Discarded> counts;  ///< absent: nothing was discarded, nothing is known
  bool malformed_stay = false;      ///< every malformed row is among `rows`
};

class Discarding {
 public:
  Discarding(const Session& session, const OpenedSides& sides, const Comparer& comparer, ProgressReporter* progress)
      : session_(session), sides_(sides), comparer_(comparer), progress_(progress) {
    tuning_.threads = Threads(session);
  }

  Remaining Run(bool enabled, Form form) {
    if (enabled) {
      if (std::optional<Remaining> found = Bytewise(form)) return std::move(*found);
      if (TotalBytes(sides_.left.files) + TotalBytes(sides_.right.files) >= kWorthDiscarding) {
        if (std::optional<Remaining> found = Columnwise(form)) return std::move(*found);
      }
    }
    return {comparer_.ProjectAll(form), std::nullopt, false};
  }

 private:
  DiscardProgress Progress() const {
    return [progress = progress_](double fraction, uint64_t rows) { progress->Report(fraction, rows); };
  }

  std::optional<Remaining> Bytewise(Form form) {
    const DifferenceLayout& layout = comparer_.layout();
    const std::optional<StructType> schema = BytewiseSchema(sides_, layout);
    if (!schema) return std::nullopt;
    const auto side = [](const OpenedSide& s) {
      CsvDiscardSide out{{}, s.options};
      for (const std::filesystem::path& file : s.files) out.files.push_back(file.string());
      return out;
    };
    std::vector<std::string> key;
    for (size_t i = 0; i < layout.keys; ++i) key.push_back(layout.columns[i].left_name);
    folder_.emplace(TemporaryParent(session_));
    std::optional<CsvDiscard> found = DiscardEqualRecords(side(sides_.left), side(sides_.right), *schema, key,
                                                          folder_->path().string(), tuning_, Progress());
    if (!found) return std::nullopt;
    DataFrame left = Reopen(session_, sides_.left, found->left_index);
    DataFrame right = Reopen(session_, sides_.right, found->right_index);
    Remaining out{{comparer_.Project(left, Side::kLeft, form), comparer_.Project(right, Side::kRight, form)},
                  found->counts,
                  true};
    TrustUniqueKeys(&*out.counts);
    return out;
  }

  std::optional<Remaining> Columnwise(Form form) {
    const DifferenceLayout& layout = comparer_.layout();
    const Rows rows = comparer_.ProjectAll(form);
    const std::unique_ptr<BatchReader> left = rows.left.Batches();
    const std::unique_ptr<BatchReader> right = rows.right.Batches();
    std::vector<size_t> key, compared;
    for (size_t i = 0; i < layout.columns.size(); ++i) {
      if (i < layout.keys) key.push_back(i);
      compared.push_back(i);
    }
    if (layout.has_malformed) compared.push_back(left->schema().fields.size() - 1);
    const StructType left_schema = left->schema();
    const StructType right_schema = right->schema();
    std::optional<ColumnDiscard> found = DiscardEqualRows(*left, *right, key, compared, tuning_, Progress());
    if (!found) return std::nullopt;
    return Remaining{{session_.CreateDataFrame(left_schema, std::move(found->left)),
                      session_.CreateDataFrame(right_schema, std::move(found->right))},
                     found->counts,
                     false};
  }

  /// A key that is normalised before it is compared may be unique as it stands and still occur twice.
  void TrustUniqueKeys(Discarded* counts) const {
    const DifferenceLayout& layout = comparer_.layout();
    for (size_t i = 0; i < layout.keys; ++i) {
      if (LosesValue(layout.columns[i])) counts->left_keys_unique = counts->right_keys_unique = false;
    }
  }

  const Session& session_;
  const OpenedSides& sides_;
  const Comparer& comparer_;
  ProgressReporter* progress_;
  DiscardTuning tuning_;
  std::optional<base::TempDir> folder_;
};

int64_t Integer(const Value& value) {
  return value.is_null() ? 0 : value.As<int64_t>();
}

/// Counts rows and malformed rows of both sides in one query.
void CountRows(const Comparer& comparer, const Remaining& remaining, bool values_parse, Comparison* out) {
  if (remaining.counts) {
    out->left.rows = remaining.counts->left_rows;
    out->right.rows = remaining.counts->right_rows;
  }
  const bool text = comparer.layout().has_malformed;
  const bool nothing_left = remaining.counts && remaining.counts->left_rows == remaining.counts->pairs &&
                            remaining.counts->right_rows == remaining.counts->pairs;
  if (remaining.counts && (!text || (remaining.malformed_stay && nothing_left))) return;
  const auto count = [&](const DataFrame& frame, int64_t number) {
    std::vector<Column> out_columns = {Number(number).Alias("side"), fn::CountStar().Alias("rows"),
                                       (text ? fn::Count(fn::Col("m")) : Number(0)).Alias("bad")};
    // A reader tells of a value that it cannot parse only when the value is asked for.
    for (size_t i = 0; text && !values_parse && i < comparer.layout().columns.size(); ++i) {
      out_columns.push_back(fn::Count(fn::Col(fmt::format("c{}", i))).Alias(fmt::format("n{}", i)));
    }
    return frame.Agg(std::move(out_columns));
  };
  const Rows rows = remaining.malformed_stay ? remaining.rows : comparer.ProjectAll(Form::kCanonical);
  for (const Row& row : count(rows.left, 0).UnionAll(count(rows.right, 1)).Collect()) {
    SideCounts& side = Integer(row[0]) == 0 ? out->left : out->right;
    if (!remaining.counts) side.rows = Integer(row[1]);
    side.malformed_rows = Integer(row[2]);
  }
}

/// Finds the keys that occur more than once, unless it is known that there are none.
/// `large`: grouping all keys would cost more than a look at their order and hashes, which mostly settles it.
void FindRepeatedKeys(const Comparer& comparer, const Remaining& remaining, bool large, Comparison* out) {
  bool left_unique = remaining.counts && remaining.counts->left_keys_unique;
  bool right_unique = remaining.counts && remaining.counts->right_keys_unique;
  if (large && !left_unique && !right_unique) {
    const Rows keys = comparer.Keys();
    auto left = std::async(std::launch::async, [&] { return KeysAreUnique(*keys.left.Batches(), {}, {}); });
    right_unique = KeysAreUnique(*keys.right.Batches(), {}, {});
    left_unique = left.get();
  }
  if (left_unique && right_unique) return;
  const DataFrame repeated = comparer.RepeatedKeys(left_unique, right_unique).Persist();
  const auto keys = [](const char* n) { return fn::Sum(fn::When({{fn::Col(n) > Number(1), Number(1)}}, Number(0))); };
  const auto rows = [](const char* n) { return fn::Sum(fn::When({{fn::Col(n) > Number(1), fn::Col(n)}}, Number(0))); };
  const Row counts = repeated.Agg({keys("a"), rows("a"), keys("b"), rows("b")}).Collect()[0];
  out->left.duplicate_keys = Integer(counts[0]);
  out->left.duplicate_rows = Integer(counts[1]);
  out->right.duplicate_keys = Integer(counts[2]);
  out->right.duplicate_rows = Integer(counts[3]);
  if (out->left.duplicate_keys + out->right.duplicate_keys > 0) out->duplicate_keys = repeated;
}

/// Where Spark compares: one reading and one shuffle of each side, and then only what differs.
void CompareOnSpark(const Comparer& comparer, const Rows& rows, Comparison* out) {
  Tally tally = comparer.Count(rows);
  const Row totals = tally.totals.Collect()[0];
  // As many partitions as came out of the shuffle would each hold next to nothing of what differs.
  const auto partitions = static_cast<int>(1 + std::min<int64_t>(Integer(totals[0]) / kRowsOfPartition, INT16_MAX));
  size_t at = 1;
  for (SideCounts* side : {&out->left, &out->right}) {
    side->rows = Integer(totals[at++]);
    side->duplicate_keys = Integer(totals[at++]);
    side->duplicate_rows = Integer(totals[at++]);
  }
  if (out->left.duplicate_keys + out->right.duplicate_keys > 0) out->duplicate_keys = tally.repeated;
  out->differences = comparer.OfUnpaired(tally.unpaired.Coalesce(partitions)).Coalesce(partitions).Persist();
  out->kept = std::move(tally.kept);
}

}  // namespace

std::string DifferenceLayout::Canonical(Side side, size_t i) const {
  return fmt::format("{}{}", side == Side::kLeft ? "l" : "r", i);
}
std::string DifferenceLayout::Shown(Side side, size_t i) const {
  return LosesValue(columns[i]) ? fmt::format("{}v{}", side == Side::kLeft ? "l" : "r", i) : Canonical(side, i);
}
std::string DifferenceLayout::Differs(size_t i) const {
  return fmt::format("x{}", i);
}
std::string DifferenceLayout::Malformed(Side side) const {
  return side == Side::kLeft ? "lm" : "rm";
}

std::vector<std::string> DifferenceLayout::Names() const {
  std::vector<std::string> out = {kKind, kCount};
  for (size_t i = 0; i < columns.size(); ++i) {
    for (const Side side : {Side::kLeft, Side::kRight}) out.push_back(Canonical(side, i));
    if (LosesValue(columns[i])) {
      for (const Side side : {Side::kLeft, Side::kRight}) out.push_back(Shown(side, i));
    }
    if (i >= keys) out.push_back(Differs(i));
  }
  if (has_malformed) {
    for (const Side side : {Side::kLeft, Side::kRight}) out.push_back(Malformed(side));
  }
  return out;
}

Comparison Compare(const Session& session, const OpenedSides& sides, const MatchedColumns& matched,
                   const DiffOptions& options, ProgressReporter* progress) {
  DifferenceLayout layout{matched.compared, matched.keys,
                          !sides.left.malformed_column.empty() || !sides.right.malformed_column.empty()};
  const Comparer reading(session, sides, layout, options.set_semantics);
  const Form form = layout.grouped() ? Form::kGrouping : Form::kCanonical;
  if (options.remote) {
    progress->Phase("comparing");
    const Rows rows = reading.ProjectAll(form);
    Comparison out{std::move(layout), options.set_semantics, {}, {}, std::nullopt, std::nullopt, rows.left};
    CompareOnSpark(reading, rows, &out);
    return out;
  }
  Discarding discarding(session, sides, reading, progress);
  // Counting how often rows occur in either side needs all of them: without their equals, a row may look like
  // one-sided.
  const Remaining remaining = discarding.Run(options.discard && !options.set_semantics, form);
  progress->Phase("comparing");
  Comparison out{layout, options.set_semantics, {}, {}, std::nullopt, std::nullopt, remaining.rows.left};
  CountRows(reading, remaining, sides.left.values_parse && sides.right.values_parse, &out);
  // Most files have no malformed value, and then the plans get by without them.
  out.layout.has_malformed = out.left.malformed_rows + out.right.malformed_rows > 0;
  const Comparer comparer(session, sides, out.layout, options.set_semantics);
  if (options.set_semantics) {
    const Row different = comparer.RowCounts(remaining.rows).Collect()[0];
    out.left.rows = Integer(different[0]);
    out.right.rows = Integer(different[1]);
  }
  const bool large = TotalBytes(sides.left.files) + TotalBytes(sides.right.files) >= kLarge;
  if (!layout.grouped()) FindRepeatedKeys(comparer, remaining, large, &out);
  out.differences = layout.grouped() ? comparer.Keyless(remaining.rows, false)
                                     : comparer.Keyed(remaining.rows, out.duplicate_keys, false);
  // Where large inputs differ so much that nothing was discarded, keeping what differs costs more than finding it
  // again.
  if (remaining.counts || !large) out.differences = out.differences.Persist();
  return out;
}

DataFrame WithEqualRows(const Session& session, const OpenedSides& sides, const Comparison& comparison) {
  const bool grouped = comparison.layout.grouped();
  const Comparer comparer(session, sides, comparison.layout, comparison.set_semantics);
  const Rows rows = comparer.ProjectAll(grouped ? Form::kGrouping : Form::kCanonical);
  return grouped ? comparer.Keyless(rows, true) : comparer.Keyed(rows, comparison.duplicate_keys, true);
}

}  // namespace tinderbox::diff
