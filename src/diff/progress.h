#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "tinderbox/diff.h"

namespace tinderbox::diff {

/// Tells a sink at most every 50 ms what runs right now, from a thread of its own. Without a sink it does nothing.
class ProgressReporter {
 public:
  ProgressReporter(const Session& session, const DiffProgressSink& sink);
  ~ProgressReporter();
  ProgressReporter(const ProgressReporter&) = delete;
  ProgressReporter& operator=(const ProgressReporter&) = delete;

  /// Names what begins now. Until Report is called, fraction and rows are the session's.
  void Phase(const std::string& phase);
  /// Overrides what the session says, for work that is done outside of it. Throws Interrupted after Ctrl-C.
  void Report(double fraction, uint64_t rows);

 private:
  void Run();

  const Session session_;
  const DiffProgressSink sink_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  bool reported_ = false;
  DiffProgress now_;
  std::thread thread_;
};

}  // namespace tinderbox::diff
