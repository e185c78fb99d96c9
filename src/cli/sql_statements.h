#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tinderbox::cli {

/// SQL text cut at its semicolons, those in strings, names and comments apart.
struct SqlStatements {
  std::vector<std::string> complete;  ///< without their semicolons; empty ones are left out
  std::string rest;  ///< behind the last semicolon, without the space around; "" when nothing but comments is left
};
SqlStatements SplitStatements(std::string_view text);

}  // namespace tinderbox::cli
