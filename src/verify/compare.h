#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "tinderbox/diff.h"

namespace tinderbox::verify {

/// What one run of a script left.
struct Run {
  std::string engine;  ///< for people: "embedded", "cluster"
  int exit_code = 0;
  double seconds = 0;
  std::string printed;           ///< its standard output
  std::filesystem::path folder;  ///< what it wrote: files/… and tables/…
};

/// Differences that are meant.
struct Allowed {
  bool line_order = false;         ///< printed lines may come in another order
  std::vector<std::regex> lines;   ///< printed lines in which one of these matches do not count
  std::vector<std::string> paths;  ///< shell patterns of what is not compared: "files/log*", "tables/tmp_*"
  /// How rows are compared. The key counts for the data sets that have all its columns; others are compared whole. What
  /// is said of other columns counts where they are; one that is nowhere is warned of.
  DiffOptions rows;
};

enum class ItemKind {
  kRows,   ///< a data set whose rows were compared with their types
  kLines,  ///< a data set of text lines, in any order
  kFile,   ///< a single file, byte by byte
};

/// A data set or file that at least one run wrote.
struct Item {
  std::string name;  ///< "tables/orders", "files/report.txt"
  ItemKind kind = ItemKind::kFile;
  std::string difference;              ///< in words; empty: none
  std::optional<DiffSummary> summary;  ///< of kRows
  std::vector<DiffRow> sample;         ///< of kRows: the first differing rows
  int64_t left_rows = 0, right_rows = 0;

  bool same() const { return difference.empty(); }
};

/// The first place where the printed lines part.
struct PrintedDifference {
  size_t line = 0;                       ///< of the compared lines, from 1
  std::vector<std::string> left, right;  ///< what stands there until both go on alike; the first 20 lines of each
};

struct Comparison {
  std::vector<Item> items;  ///< by name
  std::optional<PrintedDifference> printed;
  size_t printed_lines = 0;           ///< that were compared
  std::vector<std::string> warnings;  ///< what a reader should know

  bool same(const Run& left, const Run& right) const;
};

/// Compares all that two runs left. `session` reads the data sets; `progress` hears the name of each item before it is
/// compared. Throws Error for files that cannot be read.
Comparison Compare(const Session& session, const Run& left, const Run& right, const Allowed& allowed,
                   const std::function<void(const std::string& name)>& progress = {});

}  // namespace tinderbox::verify
