#pragma once

#include "diff/compare.h"
#include "tinderbox/diff.h"

namespace tinderbox {

struct DiffResult::State {
  Session session;
  DiffInput left_input, right_input;
  DiffOptions options;
  diff::OpenedSides sides;
  diff::Comparison comparison;
  DiffSummary summary;
};

namespace diff {

/// The differing rows in canonical order: by key, then by values; NULL first, NaN last; changed, left only, right only.
DataFrame InOrder(const DataFrame& differences, const DifferenceLayout& layout, bool keys_repeat);

/// Refuses an output that exists (unless `overwrite`), is an input, lies inside one or holds one.
void CheckOutput(const std::string& path, bool overwrite, const std::vector<const DiffInput*>& inputs);

/// Writes the patch that turns the left input into the right one.
void WritePatch(const DiffResult::State& state, const DiffOutput& output);

}  // namespace diff
}  // namespace tinderbox
