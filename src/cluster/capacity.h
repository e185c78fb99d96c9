#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tinderbox::cluster {

/// A worker as the master shows it; memory in MiB.
struct WorkerCapacity {
  std::string id;
  bool alive = false;
  int64_t cores = 0, cores_free = 0;
  int64_t memory = 0, memory_free = 0;
};
/// Of the master's /json/. Throws Error TINDERBOX_STATE for another text.
std::vector<WorkerCapacity> ParseCapacity(std::string_view master_json);

/// An application that the master runs or keeps waiting.
struct ApplicationLoad {
  std::string id, name;
  int64_t cores = 0;  ///< that it holds
};
/// Of the master's /json/. Throws Error TINDERBOX_STATE for another text.
std::vector<ApplicationLoad> ParseApplications(std::string_view master_json);

/// What a job asks of the cluster before its first task can run.
struct JobRequest {
  int64_t executor_memory = 0;  ///< MiB of heap; a standalone master counts nothing else
  int64_t executor_cores = 1;
  int64_t driver_memory = 0;  ///< MiB; 0 unless the driver runs on a worker (cluster mode)
  int64_t driver_cores = 1;
  int64_t cores_max = 0;  ///< of all executors together; 0: as many as there are
  int64_t executors = 0;  ///< 0: as many as fit
};

enum class Fit {
  kNow,         ///< it starts at once
  kLater,       ///< it has to wait for running applications
  kImpossible,  ///< no worker could ever run it: Spark would wait without end and say only that resources are not
                ///< accepted
};
struct Verdict {
  Fit fit = Fit::kNow;
  std::string reason;  ///< a sentence on the cause and the remedy, unless it starts at once
};
Verdict Judge(const JobRequest& request, const std::vector<WorkerCapacity>& workers,
              const std::vector<ApplicationLoad>& applications = {});

/// How many executors of the request all living workers could run at once.
int64_t ExecutorsThatFit(const JobRequest& request, const std::vector<WorkerCapacity>& workers);

}  // namespace tinderbox::cluster
