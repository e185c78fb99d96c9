#pragma once

#include <optional>
#include <string>
#include <vector>

#include "diff/canonical.h"
#include "diff/input.h"
#include "diff/progress.h"
#include "diff/schema.h"

namespace tinderbox::diff {

/// What a row of the table of differences is.
enum class RowKind { kChanged = 0, kLeftOnly = 1, kRightOnly = 2, kEqual = 3 };

/// How the table of differences is laid out. Value column i (key columns first) stands in l<i> and r<i> in its
/// canonical form, NULL on a side the row does not have; where that form loses the value, in lv<i> and rv<i> as it was
/// (plain form); x<i> (i not a key) says whether it differs in a changed row. lm and rm hold what could not be parsed,
/// as JSON.
struct DifferenceLayout {
  std::vector<ComparedColumn> columns;
  size_t keys = 0;
  bool has_malformed = false;

  static constexpr const char* kKind = "kind";
  static constexpr const char* kCount = "n";
  bool grouped() const { return keys == 0; }
  std::string Canonical(Side side, size_t i) const;
  /// The column that shows value i of a side in plain form.
  std::string Shown(Side side, size_t i) const;
  std::string Differs(size_t i) const;
  std::string Malformed(Side side) const;
  /// All columns, in the table's order.
  std::vector<std::string> Names() const;
};

struct SideCounts {
  int64_t rows = 0;
  int64_t duplicate_keys = 0;
  int64_t duplicate_rows = 0;
  int64_t malformed_rows = 0;
};

/// Everything that the comparison of two opened sides found.
struct Comparison {
  DifferenceLayout layout;
  bool set_semantics = false;  ///< rows are different rows, however often they occur
  SideCounts left, right;
  std::optional<DataFrame> duplicate_keys;  ///< kept; absent when no key occurs twice
  std::optional<DataFrame> kept;            ///< what duplicate_keys is read from, where that is kept
  DataFrame differences;                    ///< kept, or computed anew each time where it is too large to keep
};

/// Compares the sides.
Comparison Compare(const Session& session, const OpenedSides& sides, const MatchedColumns& matched,
                   const DiffOptions& options, ProgressReporter* progress);

/// The table of differences with the equal rows too, not computed yet.
DataFrame WithEqualRows(const Session& session, const OpenedSides& sides, const Comparison& comparison);

}  // namespace tinderbox::diff
