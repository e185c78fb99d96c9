#include "engine/python/worker_pool.h"

#include <algorithm>
#include <thread>

namespace tinderbox::engine {

std::unique_ptr<Worker> WorkerPool::Lease(const WorkerOptions& options) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find_if(idle_, [&](const auto& worker) { return worker->options() == options; });
    if (found != idle_.end()) {
      std::unique_ptr<Worker> worker = std::move(*found);
      idle_.erase(found);
      return worker;
    }
  }
  return Worker::Start(options);
}

void WorkerPool::Return(std::unique_ptr<Worker> worker) {
  if (worker == nullptr) return;
  std::unique_ptr<Worker> surplus;  // ended without the mutex
  const std::lock_guard lock(mutex_);
  idle_.push_front(std::move(worker));
  if (idle_.size() > std::max(1U, std::thread::hardware_concurrency())) {
    surplus = std::move(idle_.back());
    idle_.pop_back();
  }
}

}  // namespace tinderbox::engine
