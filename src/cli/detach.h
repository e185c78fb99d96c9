#pragma once

#include "cli/verbs.h"
#include "cluster/job.h"

namespace tinderbox::cli {

// A verb that works on a job of its own can be left to itself: the program runs once more, in a session of its own, and
// this one returns as soon as that has its job.

/// Runs this program with these words as such a one, shows what it says up to there, and prints the job's id. Returns
/// the exit code: 0, or that of the other when it ended before it had a job. Throws Error.
int RunDetached(const Arguments& words);

/// Whether this program is the other one.
bool IsDetached();
/// Says in it that this is the job. Everything it prints from now on goes to the job's folder, where `logs --app` finds
/// it.
void LeaveToJob(const cluster::JobFolder& folder);

}  // namespace tinderbox::cli
