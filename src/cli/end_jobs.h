#pragma once

#include <vector>

#include "cluster/job.h"

namespace tinderbox::cli {

/// Ends those of the jobs that run, in good order, and waits until they have ended. false: some take too long.
bool EndJobs(const std::vector<cluster::JobFolder>& jobs);

}  // namespace tinderbox::cli
