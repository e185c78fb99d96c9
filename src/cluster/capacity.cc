#include "cluster/capacity.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/fail.h"

namespace tinderbox::cluster {
namespace {

struct Piece {
  const char* name;
  int64_t cores;
  int64_t memory;
};

/// Whether one worker could run the pieces together, with all that it has or with what is free.
bool Holds(const WorkerCapacity& worker, bool free, int64_t cores, int64_t memory) {
  return worker.alive && (free ? worker.cores_free : worker.cores) >= cores &&
         (free ? worker.memory_free : worker.memory) >= memory;
}

/// Whether the workers can run the driver and at least one executor beside it.
bool CanRun(const JobRequest& request, const std::vector<WorkerCapacity>& workers, bool free) {
  const auto holds = [&](const WorkerCapacity& worker, int64_t cores, int64_t memory) {
    return Holds(worker, free, cores, memory);
  };
  const bool in_cluster = request.driver_memory > 0;
  for (const WorkerCapacity& worker : workers) {
    if (!holds(worker, request.executor_cores, request.executor_memory)) continue;
    if (!in_cluster) return true;
    if (holds(worker, request.executor_cores + request.driver_cores, request.executor_memory + request.driver_memory))
      return true;
    const bool beside = std::any_of(workers.begin(), workers.end(), [&](const WorkerCapacity& other) {
      return &other != &worker && holds(other, request.driver_cores, request.driver_memory);
    });
    if (beside) return true;
  }
  return false;
}

}  // namespace

std::vector<WorkerCapacity> ParseCapacity(std::string_view master_json) {
  std::vector<WorkerCapacity> workers;
  try {
    const nlohmann::json document = nlohmann::json::parse(master_json);
    for (const nlohmann::json& worker : document.at("workers")) {
      workers.push_back({worker.at("id"), worker.at("state") == "ALIVE", worker.at("cores"), worker.at("coresfree"),
                         worker.at("memory"), worker.at("memoryfree")});
    }
  } catch (const nlohmann::json::exception& error) {
    base::Fail("TINDERBOX_STATE", "The master's answer cannot be read: {}.", error.what());
  }
  return workers;
}

Verdict Judge(const JobRequest& request, const std::vector<WorkerCapacity>& workers) {
  if (CanRun(request, workers, true)) return {};
  const auto alive = std::count_if(workers.begin(), workers.end(), [](const WorkerCapacity& w) { return w.alive; });
  if (alive == 0) return {Fit::kNever, "No worker is registered with the master: `tinderbox status` shows why."};
  if (CanRun(request, workers, false)) {
    return {
        Fit::kLater,
        "Other applications hold the cores or the memory that the job asks for: it starts when they end. `tinderbox "
        "scale` adds workers."};
  }
  int64_t cores = 0, memory = 0;
  for (const WorkerCapacity& worker : workers) {
    if (!worker.alive) continue;
    cores = std::max(cores, worker.cores);
    memory = std::max(memory, worker.memory);
  }
  const Piece pieces[] = {{"An executor", request.executor_cores, request.executor_memory},
                          {"The driver", request.driver_cores, request.driver_memory}};
  for (const Piece& piece : pieces) {
    if (piece.memory > memory) {
      return {Fit::kNever,
              fmt::format("{} asks for {} MiB, and the largest worker offers {} MiB: it could never start. Ask "
                          "for less, or give workers more (worker.memory).",
                          piece.name, piece.memory, memory)};
    }
    if (piece.memory > 0 && piece.cores > cores) {
      return {Fit::kNever,
              fmt::format("{} asks for {} cores, and the largest worker offers {}: it could never start. Ask for "
                          "fewer, or give workers more (worker.cores).",
                          piece.name, piece.cores, cores)};
    }
  }
  return {Fit::kNever,
          "The driver and an executor do not fit on the workers together: the driver would start and wait without end. "
          "Add a worker with `tinderbox scale`, or use the client deploy mode."};
}

}  // namespace tinderbox::cluster
