#pragma once

#include <string>

#include "cli/job_start.h"
#include "cli/submit_flags.h"

namespace tinderbox::cli {

/// Runs a job that has been prepared, as the flags say: followed to its end, or left to itself. `folder`: where it
/// runs,
/// "" is here. Returns the exit code of the program.
int RunPrepared(const JobCluster& where, JobStart start, const SubmitFlags& flags, const std::string& folder = "");

/// Gives a job that has been placed to a process of its own, and returns when that has it. The process is sent
/// `death_signal` (0: none) when this thread ends. Throws Error TINDERBOX_SPAWN.
void HandOver(const JobStart& start, const PlacedJob& placed, int death_signal = 0);

/// How a job ended, or stands, as JSON.
nlohmann::ordered_json JobResult(const cluster::ClusterFolder& folder, const cluster::JobFolder& job_folder,
                                 const cluster::Job& job);

}  // namespace tinderbox::cli
