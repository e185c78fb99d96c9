#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "diff/statistics.h"

namespace tinderbox::diff {

// What both ways of gathering statistics, reading the rows and asking Spark, have in common: the rules.

constexpr size_t kMostChanges = 10;         ///< most frequent changes listed
constexpr size_t kMostOfAColumn = 2;        ///< values of one column that may be concentrations
constexpr double kLeastShare = 0.1;         ///< of the differing rows, that makes a value a concentration
constexpr double kLeastChangeShare = 0.03;  ///< of a column's changes, once there are too many different ones to count
constexpr int64_t kFewRows = 10;            ///< too few to speak of a concentration

/// Whether changes of the column have a size: numbers and times.
bool HasDelta(const ComparedColumn& column);
/// Whether the column's values are counted.
bool CountsValues(const ComparedColumn& column);

using Counts = std::vector<std::pair<std::string, int64_t>>;
/// The `most` most frequent, ties by text.
Counts MostFrequent(Counts counts, size_t most);

/// Bins of one power of ten each, by sign: the width fits any range and needs no first look at it. In the order of
/// their numbers: negative ones, kZero, positive ones, kNotANumber.
class DeltaBins {
 public:
  static constexpr int kZero = 0;
  static constexpr int kNotANumber = 1000;
  static constexpr int kInfinite = 309;  ///< the exponent of infinity
  /// The bin of positive numbers from 10^exponent to less than 10^(exponent+1); that of negative ones is -Bin.
  static constexpr int Bin(int exponent) { return 1 + kShift + exponent; }

  void Add(double delta);
  void Add(int bin, int64_t count) { bins_[bin] += count; }
  Counts List() const;

 private:
  static constexpr int kShift = 400;
  std::map<int, int64_t> bins_;
};

/// A sum that does not depend on the order of its terms beyond the last digits: compensated (Neumaier).
class Total {
 public:
  void Add(double x);
  double Get() const;

 private:
  double sum_ = 0;
  double rest_ = 0;
};

/// What was found about one compared column.
struct ColumnFindings {
  ColumnChanges changes;  ///< without mean_delta, max_abs_delta and histogram
  DeltaBins bins;
  Total total;
  int64_t deltas = 0;
  double max_abs = 0;
  Counts pairs;                    ///< the most frequent changes, where they have no size
  Counts values;                   ///< the most frequent values of rows that do not differ in the column
  std::optional<size_t> distinct;  ///< of these values; absent: too many to count
};

/// The statistics of `columns`, in the layout's order. `counts` has changed, left_only and right_only.
Statistics Assemble(Statistics counts, std::vector<ColumnFindings> columns, const DifferenceLayout& layout);

}  // namespace tinderbox::diff
