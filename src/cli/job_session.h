#pragma once

#include <functional>
#include <string>
#include <thread>

#include "cli/job_start.h"
#include "tinderbox/session.h"

namespace tinderbox::cli {

/// A Spark Connect server of its own for one piece of work, as a job on the cluster's YARN: it asks for the executors
/// that NUM_EXECUTORS, EXECUTOR_CORES and EXECUTOR_MEMORY say, is in `job list`, and ends with this object, or with
/// this process.
class JobSession {
 public:
  /// Returns when the server listens. Throws Error: the cluster has no YARN, or the job ended, with its reason.
  /// `driver_memory`: empty is the cluster's own.
  /// `placed` is called once the job runs by itself, and before its server listens.
  JobSession(const JobCluster& where, const std::string& name, const std::string& driver_memory, bool quiet,
             const std::function<void(const cluster::JobFolder&)>& placed = {});
  JobSession(const JobSession&) = delete;
  ~JobSession();

  Session Open() const;
  /// The work is done: the job will end as finished, otherwise as failed or killed. It ends with this object, for a
  /// session that is still open has to say good-bye to its server.
  void Finish() { finished_ = true; }

 private:
  std::string WaitForAddress() const;
  /// Interrupts this program when the job ends by itself: its server would be asked again and again.
  void Watch(const std::stop_token& stop) const;
  cluster::JobFolder folder_;
  std::string address_;
  bool finished_ = false;
  std::jthread watch_;
};

}  // namespace tinderbox::cli
