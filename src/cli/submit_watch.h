#pragma once

#include <string>
#include <vector>

#include "cli/verbs.h"

namespace tinderbox::cli {

/// Runs `tinderbox submit` with these words, and runs it again whenever one of the files changes: a job that still runs
/// is ended first. An interrupt of this program ends it together with the job. Returns its exit code. Throws Error.
int RunWatched(const Arguments& words, const std::vector<std::string>& files, bool quiet);

}  // namespace tinderbox::cli
