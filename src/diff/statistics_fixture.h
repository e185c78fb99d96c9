#pragma once

#include <fmt/format.h>

#include <string>

#include "tinderbox/diff.h"

namespace tinderbox::diff {

/// All that a summary says of columns and values, to the last digit.
inline std::string StatisticsText(const DiffSummary& summary) {
  std::string out;
  const auto value = [](const Value& v) { return v.is_null() ? "NULL" : "'" + v.ToString() + "'"; };
  for (const ColumnChanges& c : summary.changes) {
    out += fmt::format("{}: {} changed, {} gained, {} lost, mean {}, most {}\n", c.name, c.changed, c.null_to_value,
                       c.value_to_null, c.mean_delta ? fmt::format("{}", *c.mean_delta) : "-",
                       c.max_abs_delta ? fmt::format("{}", *c.max_abs_delta) : "-");
    for (const LargestChange& l : c.largest) {
      out += "  ";
      for (const Value& key : l.key.values) out += value(key) + " ";
      out += fmt::format("{} -> {}: {}\n", value(l.left), value(l.right), l.delta);
    }
    for (const auto& [bin, count] : c.histogram) out += fmt::format("  {} x {}\n", count, bin);
  }
  for (const Concentration& c : summary.concentrations) {
    out += fmt::format("{} = {}: {} rows, {}\n", c.column, c.value, c.rows, c.share);
  }
  return out;
}

}  // namespace tinderbox::diff
