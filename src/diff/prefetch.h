#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "tinderbox/arrow.h"

namespace tinderbox::diff {

/// Reads another stream ahead on a thread of its own, a few batches deep, so that two streams are decoded at once.
/// Next is for one thread. Errors of the other stream come out of Next.
class Prefetch : public BatchReader {
 public:
  explicit Prefetch(BatchReader& reader)
      : reader_(reader), thread_([this](const std::stop_token& stop) { Run(stop); }) {}
  ~Prefetch() override {
    thread_.request_stop();
    thread_.join();
  }

  const StructType& schema() const override { return reader_.schema(); }

  bool Next(ArrowBatch* batch) override {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [this] { return !batches_.empty() || ended_; });
    if (batches_.empty()) {
      if (error_) std::rethrow_exception(error_);
      return false;
    }
    *batch = std::move(batches_.front());
    batches_.pop_front();
    lock.unlock();
    drained_.notify_one();
    return true;
  }

 private:
  static constexpr size_t kDepth = 32;

  void Run(const std::stop_token& stop) {
    std::exception_ptr error;
    try {
      for (ArrowBatch batch; !stop.stop_requested() && reader_.Next(&batch); batch = ArrowBatch()) {
        std::unique_lock lock(mutex_);
        if (!drained_.wait(lock, stop, [this] { return batches_.size() < kDepth; })) break;
        batches_.push_back(std::move(batch));
        lock.unlock();
        filled_.notify_one();
      }
    } catch (...) {
      error = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    error_ = error;
    ended_ = true;
    filled_.notify_one();
  }

  BatchReader& reader_;
  std::mutex mutex_;
  std::condition_variable_any filled_;
  std::condition_variable_any drained_;
  std::deque<ArrowBatch> batches_;
  std::exception_ptr error_;
  bool ended_ = false;
  std::jthread thread_;  // last: starts when all else is made
};

}  // namespace tinderbox::diff
