#pragma once

#include <string_view>

namespace tinderbox::diff {

/// The style sheet and the script of the HTML report. The script reads the element #data and draws the table of rows.
extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;

}  // namespace tinderbox::diff
