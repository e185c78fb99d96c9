#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/python/worker.h"
#include "tinderbox/arrow.h"

namespace tinderbox::engine {

/// One task of a worker: what its functions read and answer. Used by one thread at a time.
class PythonRun {
 public:
  /// Sends `task` to the worker. `check` is run while it waits, and throws to give up.
  PythonRun(std::unique_ptr<Worker> worker, std::string_view task, std::function<void()> check);

  void SetCheck(std::function<void()> check) { check_ = std::move(check); }
  void Send(std::string_view bytes) { worker_->Send(bytes, check_); }
  /// Sends the end of the input.
  void Finish(std::string_view end);
  bool finished() const { return finished_; }

  enum class Step {
    kBatch,       ///< `batch` holds more of the answer
    kNeedsInput,  ///< there is no answer without more input
    kDone,
  };
  /// The next of what the worker answers. Throws Error PYTHON_EXCEPTION, or one that says how the worker ended.
  Step Next(ArrowBatch* batch);
  /// The columns of the last batch.
  const StructType& schema() const { return reader_->schema(); }
  /// The worker when it can run another task; nullptr when not. REQUIRES a step kDone.
  std::unique_ptr<Worker> Release();

 private:
  void Take(char* bytes, size_t count);
  int32_t ReadNumber();
  std::string ReadText();
  void ReadEnd();
  [[noreturn]] void ThrowEnded();

  std::unique_ptr<Worker> worker_;
  std::function<void()> check_;
  std::unique_ptr<BatchReader> reader_;
  bool in_stream_ = false;
  bool finished_ = false;
  bool done_ = false;
  bool reusable_ = false;
};

}  // namespace tinderbox::engine
