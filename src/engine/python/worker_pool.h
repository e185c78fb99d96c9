#pragma once

#include <list>
#include <memory>
#include <mutex>

#include "engine/python/worker.h"

namespace tinderbox::engine {

/// The idle Python workers of a session, which end with it. Thread-safe.
class WorkerPool {
 public:
  /// An idle worker of these options, or a new one.
  std::unique_ptr<Worker> Lease(const WorkerOptions& options);
  void Return(std::unique_ptr<Worker> worker);

 private:
  std::mutex mutex_;
  std::list<std::unique_ptr<Worker>> idle_;
};

}  // namespace tinderbox::engine
