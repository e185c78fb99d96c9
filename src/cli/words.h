#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tinderbox/diff.h"

namespace tinderbox::cli {

/// The candidates most like `word`, best first, at most `limit`; none that differs in more than a third of its letters.
std::vector<std::string> Nearest(std::string_view word, const std::vector<std::string>& candidates, size_t limit = 3);

/// " Did you mean a or b?" or nothing.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates);

/// "a,b" -> a, b. Double quotes or back-ticks keep a comma in a name; doubled inside they stand for themselves.
/// Throws Error TINDERBOX_USAGE for an empty name or an open quote; `option` names the culprit.
std::vector<std::string> SplitNames(std::string_view option, std::string_view list);

/// "name=value" at the last '=' (`last`) or the first. Throws TINDERBOX_USAGE when one side is missing.
std::pair<std::string, std::string> SplitAssignment(std::string_view option, std::string_view text, bool last = false);

/// The word as a shell reads it: in single quotes unless it is plain.
std::string ShellWord(const std::string& word);

/// \t \n \r \\ \0 \xHH \uHHHH, and the words tab, space, comma, semicolon, pipe. Throws TINDERBOX_USAGE.
std::string Unescape(std::string_view option, std::string_view text);

/// "500MB", "2g", "512MiB", "1048576". Spark's and Java's one-letter suffixes are powers of 1024; KB, MB, GB, TB of
/// 1000.
uint64_t ParseBytes(std::string_view option, std::string_view text);

/// A whole number of at least `least`. Throws TINDERBOX_USAGE.
int64_t ParseCount(std::string_view option, std::string_view text, int64_t least);

/// Adds "col=0.01", "col=1%", "col=5s" or the same without a column (for "*") to what is there.
void AddTolerance(std::string_view text, std::map<std::string, Tolerance>* tolerances);

/// "100" rows or "0.5%" of all rows.
struct Allowance {
  std::optional<int64_t> rows;
  std::optional<double> percent;
};
Allowance ParseAllowance(std::string_view text);

/// Whether the difference is more than is allowed.
bool Exceeds(const Allowance& allowance, const DiffSummary& summary);

}  // namespace tinderbox::cli
