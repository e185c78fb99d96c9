#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tinderbox/tinderbox.h"

namespace tinderbox::api_test {

/// One thing that the API does, and its answer as text: the same on every engine.
struct Case {
  std::string name;
  std::function<std::string(const Session&, const std::string& folder)> run;
};

/// The schema and the rows of a DataFrame as text, in its order or sorted.
std::string Print(const DataFrame& frame);
std::string PrintSorted(const DataFrame& frame);
std::string Print(const std::vector<Row>& rows);
/// "condition" of the Error that `step` throws; fails when it throws none.
std::string ErrorOf(const std::function<void()>& step);

/// A few rows of a shop, for most cases.
DataFrame Sales(const Session& session);

// The cases, by topic; one file each.
std::vector<Case> ColumnCases();
std::vector<Case> RowCases();
std::vector<Case> GroupCases();
std::vector<Case> JoinCases();
std::vector<Case> FunctionCases();
std::vector<Case> FileCases();
std::vector<Case> TableCases();
std::vector<Case> SessionCases();
std::vector<Case> TypedCases();

}  // namespace tinderbox::api_test
