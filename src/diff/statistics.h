#pragma once

#include <cstdint>
#include <vector>

#include "diff/compare.h"

namespace tinderbox::diff {

/// What the differing rows have in common.
struct Statistics {
  int64_t changed = 0;
  int64_t left_only = 0;
  int64_t right_only = 0;
  std::vector<ColumnChanges> changes;         ///< columns with changes, most first, ties by name
  std::vector<Concentration> concentrations;  ///< the largest shares first
};

/// Reads the table of differences once (and a second time when a column has very many different values). `largest`: how
/// many largest changes are kept per column. The result does not depend on the order of the rows.
Statistics SummariseByReading(const Comparison& comparison, size_t largest);

/// The same numbers from three queries, whatever the size of the table and the number of its columns: only counts and
/// the values that are shown leave the engine.
Statistics SummariseOnSpark(const Comparison& comparison, size_t largest);

}  // namespace tinderbox::diff
