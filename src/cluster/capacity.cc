#include "cluster/capacity.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/fail.h"

namespace tinderbox::cluster {
namespace {

struct Piece {
  const char* name;
  const char* flag;
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

/// The elements of one of the lists in the master's answer.
template <typename T, typename Read>
std::vector<T> ParseMaster(std::string_view master_json, const char* list, const Read& read) {
  std::vector<T> elements;
  try {
    const nlohmann::json document = nlohmann::json::parse(master_json);
    for (const nlohmann::json& element : document.at(list)) elements.push_back(read(element));
  } catch (const nlohmann::json::exception& error) {
    base::Fail("TINDERBOX_STATE", "The master's answer cannot be read: {}.", error.what());
  }
  return elements;
}

}  // namespace

std::vector<WorkerCapacity> ParseCapacity(std::string_view master_json) {
  return ParseMaster<WorkerCapacity>(master_json, "workers", [](const nlohmann::json& worker) {
    return WorkerCapacity{worker.at("id"),        worker.at("state") == "ALIVE", worker.at("cores"),
                          worker.at("coresfree"), worker.at("memory"),           worker.at("memoryfree")};
  });
}

std::vector<ApplicationLoad> ParseApplications(std::string_view master_json) {
  return ParseMaster<ApplicationLoad>(master_json, "activeapps", [](const nlohmann::json& application) {
    return ApplicationLoad{application.at("id"), application.at("name"), application.at("cores")};
  });
}

int64_t ExecutorsThatFit(const JobRequest& request, const std::vector<WorkerCapacity>& workers) {
  int64_t fit = 0;
  for (const WorkerCapacity& worker : workers) {
    if (!worker.alive) continue;
    fit += std::min(worker.cores / std::max<int64_t>(1, request.executor_cores),
                    worker.memory / std::max<int64_t>(1, request.executor_memory));
  }
  return fit;
}

Verdict Judge(const JobRequest& request, const std::vector<WorkerCapacity>& workers,
              const std::vector<ApplicationLoad>& applications) {
  if (request.cores_max > 0 && request.cores_max < request.executor_cores) {
    return {Fit::kImpossible,
            fmt::format("Each executor takes {} cores, and all together may take {}: not one could start. Raise "
                        "--total-executor-cores to {} or more, or lower --executor-cores to {}.",
                        request.executor_cores, request.cores_max, request.executor_cores, request.cores_max)};
  }
  if (CanRun(request, workers, true)) return {};
  const auto alive = std::count_if(workers.begin(), workers.end(), [](const WorkerCapacity& w) { return w.alive; });
  if (alive == 0) return {Fit::kImpossible, "No worker is registered with the master: `tinderbox status` shows why."};
  if (CanRun(request, workers, false)) {
    std::string holders;
    for (const ApplicationLoad& application : applications) {
      if (application.cores == 0) continue;
      holders += fmt::format("{}{} ({}) holds {} {}", holders.empty() ? " Now " : ", ", application.name,
                             application.id, application.cores, application.cores == 1 ? "core" : "cores");
    }
    return {Fit::kLater, fmt::format("Other applications hold the cores or the memory that the job asks for: it starts "
                                     "when they end.{} `tinderbox scale` adds workers.",
                                     holders.empty() ? "" : holders + ".")};
  }
  int64_t cores = 0, memory = 0;
  for (const WorkerCapacity& worker : workers) {
    if (!worker.alive) continue;
    cores = std::max(cores, worker.cores);
    memory = std::max(memory, worker.memory);
  }
  const Piece pieces[] = {{"An executor", "--executor", request.executor_cores, request.executor_memory},
                          {"The driver", "--driver", request.driver_cores, request.driver_memory}};
  for (const Piece& piece : pieces) {
    if (piece.memory > memory) {
      return {Fit::kImpossible,
              fmt::format("{} asks for {} MiB, and the largest worker offers {} MiB: it could never start. "
                          "Ask for {}-memory {}m or less, or give workers more (worker.memory).",
                          piece.name, piece.memory, memory, piece.flag, memory)};
    }
    if (piece.memory > 0 && piece.cores > cores) {
      return {Fit::kImpossible,
              fmt::format("{} asks for {} cores, and the largest worker offers {}: it could never start. "
                          "Ask for {}-cores {} or fewer, or give workers more (worker.cores).",
                          piece.name, piece.cores, cores, piece.flag, cores)};
    }
  }
  if (request.driver_memory == 0) {
    return {Fit::kImpossible,
            fmt::format("An executor asks for {} cores and {} MiB, and no worker offers both at once: it "
                        "could never start. Ask for less of one, or give workers more.",
                        request.executor_cores, request.executor_memory)};
  }
  return {Fit::kImpossible,
          "The driver and an executor do not fit on the workers together: the driver would start and wait without end. "
          "Add a worker with `tinderbox scale`, or use the client deploy mode."};
}

}  // namespace tinderbox::cluster
