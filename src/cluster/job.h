#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/folder.h"
#include "cluster/step.h"

namespace tinderbox::cluster {

enum class JobState {
  kStarting,
  kRunning,
  kFinished,
  kFailed,
  kKilled,
  kLost,  ///< who watched it is gone without having said how it ended
};
std::string_view JobStateName(JobState state);
bool HasEnded(JobState state);

/// What is kept of a job: plain data, written by the one process that runs it.
struct Job {
  std::string id;  ///< "job-3"
  std::string name;
  std::string mode = "client";  ///< or "cluster"
  JobState state = JobState::kStarting;
  std::string reason;  ///< why it ended badly, as far as the log tells
  Time submitted = 0;
  Time ended = 0;  ///< 0: it runs
  std::optional<int> exit_code;
  std::string application;           ///< "app-…" once Spark has told it
  std::string driver;                ///< "driver-…" in cluster mode
  Process runner;                    ///< who runs it; TERM ends it in good order
  std::map<std::string, int> ports;  ///< of the driver: "driver", "blocks", "ui"
  std::vector<std::string> command;  ///< of spark-submit, secrets hidden
};
void to_json(nlohmann::json& out, const Job& job);
void from_json(const nlohmann::json& in, Job& job);

/// The folder of one job: job.json, and driver.log with all that the job wrote.
class JobFolder {
 public:
  explicit JobFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::string id() const { return path_.filename(); }
  std::filesystem::path log() const { return path_ / "driver.log"; }
  /// One that is not said to have ended, and whose runner is gone, is lost. Throws Error TINDERBOX_STATE.
  Job Read() const;
  void Write(const Job& job) const;

 private:
  std::filesystem::path path_;
};

/// Makes the folder of the next job.
JobFolder MakeJob(const ClusterFolder& cluster);
/// Every job that is kept, oldest first.
std::vector<JobFolder> ListJobs(const ClusterFolder& cluster);
/// By "job-3", "3", the id of its application or that of its driver.
std::optional<JobFolder> FindJob(const ClusterFolder& cluster, const std::string& id);
/// Removes what is kept of jobs that ended before `before`.
void RemoveOldJobs(const ClusterFolder& cluster, Time before);

/// Ports for the driver, free now and of no living job and no service of any cluster; writes them into the job's record
/// while others wait. Throws Error TINDERBOX_PORT.
void AssignJobPorts(const Directories& directories, const std::string& host, const JobFolder& folder, Job* job);

}  // namespace tinderbox::cluster
