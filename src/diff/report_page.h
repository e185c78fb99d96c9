#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "diff/report.h"

namespace tinderbox::diff {

/// The style sheet and the script of the HTML report. The script reads the element #data and draws the table of rows.
extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;

/// Text for the inside of an element or a quoted attribute.
std::string EscapeHtml(std::string_view text);

/// The element #data: the rows as JSON that cannot leave its script element.
std::string PageData(const DiffSummary& summary, const std::vector<DiffRow>& rows);

}  // namespace tinderbox::diff
