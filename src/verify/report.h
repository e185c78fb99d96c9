#pragma once

#include <string>

#include "verify/compare.h"

namespace tinderbox::verify {

/// What a report tells besides the comparison itself.
struct Heading {
  std::string script;   ///< and its arguments
  std::string version;  ///< of Tinderbox
  std::string created;  ///< when
};

/// A page of text for a terminal, which ends in a line end.
std::string RenderText(const Heading& heading, const Run& left, const Run& right, const Comparison& comparison,
                       bool color);

/// One JSON document; keys come in a fixed order.
std::string RenderJson(const Heading& heading, const Run& left, const Run& right, const Comparison& comparison);

/// One self-contained HTML page. A data set that differs links to the page PageName of it, which diff::RenderHtml
/// makes.
std::string RenderHtml(const Heading& heading, const Run& left, const Run& right, const Comparison& comparison);

/// "tables-orders.html".
std::string PageName(const Item& item);

}  // namespace tinderbox::verify
