#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/inputs.h"
#include "cli/remote_flags.h"
#include "cli/verbs.h"
#include "cli/words.h"

namespace tinderbox::cli {

/// Everything that `tinderbox diff` was asked to do, checked as far as that is possible without reading data.
struct DiffPlan {
  std::string left_path, right_path;
  DiffInput left, right;
  DiffOptions options;
  std::optional<DiffOutput> output;
  std::string report;  ///< HTML file; empty: none
  bool overwrite = false;
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  std::optional<bool> color;  ///< --color, --no-color; absent: on a terminal
  size_t limit = 20;
  size_t report_rows = 2000;
  std::optional<Allowance> allowance;
  ResourceFlags resources;
  RemoteFlags remote;
};

/// nullopt: help was asked for and printed. Throws UsageError and Error.
std::optional<DiffPlan> ParseDiff(const Arguments& arguments);

}  // namespace tinderbox::cli
