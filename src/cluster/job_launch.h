#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cluster/capacity.h"

namespace tinderbox::cluster {

/// How a job is run.
struct JobLaunch {
  std::vector<std::string> command;  ///< spark-submit and its words
  std::string folder;                ///< where it runs
  std::string work;                  ///< folder of the workers' folders
  std::string scratch;               ///< removed at the end; empty: none
  std::string mark;                  ///< of the cluster, for the environment of the job's processes
  std::string host;                  ///< of the master and the driver
  int master_ui = 0;                 ///< 0: the master is none of ours
  int driver_ui = 0;                 ///< 0: the driver shows no page that we know of
  JobRequest request;
  int64_t log_size = 0;
  int64_t log_files = 0;
};
void to_json(nlohmann::json& out, const JobLaunch& launch);
void from_json(const nlohmann::json& in, JobLaunch& launch);

}  // namespace tinderbox::cluster
