#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/job.h"
#include "cluster/job_launch.h"
#include "cluster/job_progress.h"

namespace tinderbox::cluster {

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
