#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace spark::connect {
class Expression;
class Plan;
class Relation;
}  // namespace spark::connect

namespace tinderbox::sql {

/// Values for the parameter markers of a text, `:name` and `?`. The expressions are borrowed for the call: literals, or
/// calls of array, map, struct, named_struct and casts over such.
struct Parameters {
  std::map<std::string, const ::spark::connect::Expression*> named;
  std::vector<const ::spark::connect::Expression*> positional;
};

// All parsers are pure. Errors are Spark's: PARSE_SYNTAX_ERROR and the other conditions of its parser, with the place
// as the error's query context. Nesting is bounded: too deep is FAILED_TO_PARSE_TOO_COMPLEX, never a stack overflow.
//
// Expressions and relations carry their place in common.origin.jvm_origin: indices in characters. `sql_text` is set
// only on the outermost relation or expression of what was parsed, and holds for all below it that have none of their
// own.

/// One Spark SQL expression with an optional alias: "CASE WHEN a > 1 THEN upper(b) END AS x".
::spark::connect::Expression ParseExpression(std::string_view text);

/// One statement, with any number of semicolons behind it. A query gives `root`; anything else gives `command`, whose
/// `extension` holds a tinderbox.plan.Statement.
::spark::connect::Plan ParseStatement(std::string_view text, const Parameters& parameters = {});

/// A query, as it is kept in a view.
::spark::connect::Relation ParseQuery(std::string_view text, const Parameters& parameters = {});

/// The parts of a name: "a.`b.c`.d" has three.
std::vector<std::string> ParseName(std::string_view text);

}  // namespace tinderbox::sql
