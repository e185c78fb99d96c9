#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/job.h"
#include "cluster/job_progress.h"

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

/// Who looks on. `progress` and `news` are called on a thread of their own; none may throw.
struct JobView {
  std::function<void(std::string_view bytes)> out;      ///< the job's standard output, as it comes
  std::function<void(std::string_view line)> complain;  ///< a line of its standard error
  std::function<void(const Job&, const std::optional<JobProgress>&)> progress;
  std::function<void(const std::string& sentence)> news;
  int input = -1;                ///< the job's standard input; -1: none
  bool dies_with_viewer = true;  ///< the job must not outlive this process
};

/// Runs the job to its end, follows its driver into the cluster in cluster mode, keeps its output and its record. The
/// first INT, TERM or HUP stops the job in good order, the second at once. What it throws (Error) stands in the record,
/// too.
Job RunJob(const JobFolder& folder, Job job, const JobLaunch& launch,
           const std::map<std::string, std::string>& environment, const JobView& view);

/// Ends a driver of cluster mode through the master's page. Returns why not, or "".
std::string KillDriver(const std::string& host, int master_ui, const std::string& driver);

}  // namespace tinderbox::cluster
