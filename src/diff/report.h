#pragma once

#include <string>
#include <vector>

#include "tinderbox/diff.h"

namespace tinderbox::diff {

/// What a report tells besides the comparison itself.
struct ReportHeading {
  std::string left, right;  ///< the inputs as the user named them
  std::string version;      ///< of Tinderbox
  std::string command;      ///< what was run, for the HTML page; may be empty
  std::string created;      ///< when, for the HTML page; may be empty
};

struct TextStyle {
  bool color = false;
  int width = 80;
  size_t sample = 20;  ///< rows shown at most
};

/// The summary for a terminal: a page of text that ends in a line end. `rows` are the sample, in the result's order.
/// Pure; the same text with and without colour, but that without colour nothing depends on it.
std::string RenderText(const DiffSummary& summary, const ReportHeading& heading, const std::vector<DiffRow>& rows,
                       const TextStyle& style);

/// One JSON document, as docs/diff.md describes it. Keys come in a fixed order.
std::string RenderJson(const DiffSummary& summary, const ReportHeading& heading, const std::vector<DiffRow>& rows);

/// One self-contained HTML page: no request leaves it, and no value can break out of it.
std::string RenderHtml(const DiffSummary& summary, const ReportHeading& heading, const std::vector<DiffRow>& rows);

/// The compared type of each of summary.value_columns.
std::vector<DataType> ValueTypes(const DiffSummary& summary);

/// A delta as ColumnChanges has it, with sign: "+0.25", and of dates and times "+2 h".
std::string DeltaText(const DataType& type, double delta);

}  // namespace tinderbox::diff
