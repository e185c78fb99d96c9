#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "diff/compare.h"

namespace tinderbox::diff {

Column Number(int64_t value);

/// The rows of one side that still have to be compared. Columns: c<i> canonical, v<i> plain where needed, m malformed.
struct Rows {
  DataFrame left, right;
};

/// What is left of both sides when their equal rows have cancelled each other, kept in one table on the engine.
struct Tally {
  DataFrame kept;      ///< what the others are read from, as long as this lives
  DataFrame unpaired;  ///< groups of equal rows that the sides do not have equally often
  DataFrame repeated;  ///< as of Comparer::RepeatedKeys; REQUIRES a key
  DataFrame totals;    ///< one row: groups in unpaired; rows, repeated keys and their rows, of the left, then the right
};

/// The plans of the comparison: from the rows of both sides to the table of differences. Runs nothing, but Keyed.
class Comparer {
 public:
  Comparer(const Session& session, const OpenedSides& sides, DifferenceLayout layout, bool set_semantics)
      : session_(session), sides_(sides), layout_(std::move(layout)), set_semantics_(set_semantics) {}

  const DifferenceLayout& layout() const { return layout_; }

  /// The columns of Rows, of a side's frame.
  DataFrame Project(const DataFrame& frame, Side side, Form form) const;
  Rows ProjectAll(Form form) const;
  /// The canonical keys of both sides.
  Rows Keys() const { return {Keys(sides_.left.frame, Side::kLeft, {}), Keys(sides_.right.frame, Side::kRight, {})}; }

  /// Keys that occur more than once on a side that is not known to have unique keys, with how often: a left, b right.
  DataFrame RepeatedKeys(bool left_unique, bool right_unique) const;
  /// The table of differences by key; `repeated` are the keys of RepeatedKeys. `with_equal`: equal rows too.
  DataFrame Keyed(const Rows& rows, const std::optional<DataFrame>& repeated, bool with_equal) const;
  /// The same of whole rows.
  DataFrame Keyless(const Rows& rows, bool with_equal) const;
  /// Reads and shuffles each side once for all that has to be known of them.
  Tally Count(const Rows& rows) const;
  /// The table of differences, of groups that the sides do not have equally often.
  DataFrame OfUnpaired(const DataFrame& unpaired) const {
    return layout_.grouped() ? OneSided(unpaired) : PairUnpaired(unpaired, false);
  }
  /// How many rows each side has, in one row: a left, b right. Of rows as a set: different rows.
  DataFrame RowCounts(const Rows& rows) const;

 private:
  DataFrame Keys(const DataFrame& frame, Side side, std::vector<Column> more) const;
  std::vector<Column> KeyColumns(const std::string& prefix) const;
  /// The columns c<i>, v<i>, m of ProjectAll.
  std::vector<std::string> RowNames() const;
  DataFrame KeysOnly(const DataFrame& repeated) const;
  Column SameKey(const std::string& left_prefix, const std::string& right_prefix) const;
  /// Pairs rows by key (and by rank within it) and keeps those that differ.
  DataFrame Pair(const Rows& rows, bool ranked, bool with_equal) const;
  /// Whether the column's unparsable texts differ. The columns lm and rm hold {"column":"text",…} with names as the
  /// file has them; a quote inside a text is escaped, so that only a real name stands between unescaped quotes before a
  /// colon.
  Column OtherText(const ComparedColumn& column) const;
  /// The rows of both sides, one after the other, each a group by itself.
  DataFrame BothSides(const Rows& rows) const;
  /// Equal rows as one, with how many of them each side has (of rows as a set: 1 or 0): a left, b right. lv<i> and
  /// rv<i> show one of each side.
  DataFrame Groups(const DataFrame& both_sides) const;
  /// The columns of groups.
  std::vector<std::string> GroupNames() const;
  /// Pairs the rows of groups that one side has more often than the other, by key and by rank within it.
  DataFrame PairUnpaired(const DataFrame& unpaired, bool with_equal) const;
  /// Rows without a key as they are: each is on one side.
  DataFrame OneSided(const DataFrame& unpaired) const;
  /// Each row of `groups` as often as its column "copies" says.
  DataFrame Repeat(const DataFrame& groups) const;
  /// One side's rows of groups, numbered within their key in the order of their values.
  DataFrame Ranked(const DataFrame& groups, Side side) const;
  DataFrame FromGroups(const DataFrame& groups, RowKind kind, const Column& count) const;
  /// Groups as rows of the table of differences.
  DataFrame FromGroups(const DataFrame& groups, const Column& kind, const Column& count) const;

  const Session& session_;
  const OpenedSides& sides_;
  const DifferenceLayout layout_;
  const bool set_semantics_;
};

}  // namespace tinderbox::diff
