#include "diff/progress.h"

#include <algorithm>
#include <chrono>

#include "base/interrupt.h"

namespace tinderbox::diff {

ProgressReporter::ProgressReporter(const Session& session, const DiffProgressSink& sink)
    : session_(session), sink_(sink) {
  if (sink_) thread_ = std::thread([this] { Run(); });
}

ProgressReporter::~ProgressReporter() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_one();
  thread_.join();
}

void ProgressReporter::Phase(const std::string& phase) {
  const std::lock_guard lock(mutex_);
  now_.phase = phase;
  now_.fraction = -1;
  now_.stages = now_.stages_done = 0;
  reported_ = false;
}

void ProgressReporter::Report(double fraction, uint64_t rows) {
  base::ThrowIfInterrupted();
  const std::lock_guard lock(mutex_);
  reported_ = true;
  now_.fraction = fraction;
  now_.rows = std::max(now_.rows, rows);
}

void ProgressReporter::Run() {
  using namespace std::chrono_literals;
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, 100ms, [this] { return stop_; })) {
    if (now_.phase.empty()) continue;
    if (!reported_) {
      const Progress progress = session_.GetProgress();
      now_.fraction = progress.fraction;
      now_.stages = progress.stages;
      now_.stages_done = progress.stages_done;
      now_.rows = std::max(now_.rows, progress.rows);
    }
    const DiffProgress copy = now_;
    lock.unlock();
    sink_(copy);
    lock.lock();
  }
}

}  // namespace tinderbox::diff
