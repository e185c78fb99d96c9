#pragma once

#include <string_view>

namespace spark::connect {
class Expression;
}

namespace tinderbox::sql {

/// Parses one Spark SQL expression ("CASE WHEN a > 1 THEN upper(b) END AS x"). Throws Error PARSE_SYNTAX_ERROR with
/// line, column and the text near it. Depth is bounded: deeper than 1,000 levels is an error, not a stack overflow.
/// Pure.
::spark::connect::Expression ParseExpression(std::string_view text);

}  // namespace tinderbox::sql
