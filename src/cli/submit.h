#pragma once

#include <string>

#include "cli/job_start.h"
#include "cli/submit_flags.h"

namespace tinderbox::cli {

/// Runs a job that has been prepared, as the flags say: followed to its end, or left to itself. `folder`: where it
/// runs,
/// "" is here. Returns the exit code of the program.
int RunPrepared(const JobCluster& where, JobStart start, const SubmitFlags& flags, const std::string& folder = "");

/// How a job ended, or stands, as JSON.
nlohmann::ordered_json JobResult(const cluster::ClusterFolder& folder, const cluster::JobFolder& job_folder,
                                 const cluster::Job& job);

}  // namespace tinderbox::cli
