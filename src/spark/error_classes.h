#pragma once

#include <string_view>
#include <vector>

#include "tinderbox/error.h"

namespace tinderbox::spark {

/// How Spark's Java API raises an error; clients choose their own exception by it.
struct ErrorClass {
  /// The Java classes, most derived first, java.lang.Object last.
  std::vector<std::string_view> hierarchy;
  /// Parse errors begin on a line of their own and show the place behind the SQLSTATE.
  bool is_parse = false;
  /// Errors found before anything runs name the place in their own line.
  bool is_analysis = false;
};

/// Of an error that another server raised: what that server said.
ErrorClass ClassOf(const Error& error);
std::string_view SqlStateOf(const Error& error);

/// The message as Spark shows it: "[CONDITION] text SQLSTATE: 22012", then the place in the query.
std::string FullMessage(const Error& error);
/// The place as it stands below a message: "== SQL (line 1, position 8) ==…" or "== DataFrame ==…"; "" when unknown.
std::string Summary(const QueryContext& context);

}  // namespace tinderbox::spark
