#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/named_plans.h"
#include "engine/streaming/rate_source.h"
#include "engine/streaming/stream_log.h"
#include "engine/streaming/stream_sink.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

/// When a streaming query looks for new rows.
struct StreamTrigger {
  enum class Kind {
    kInterval,      ///< again and again; without an interval whenever there are new rows
    kOnce,          ///< one batch
    kAvailableNow,  ///< until all is done that was there at the start
  };
  Kind kind = Kind::kInterval;
  int64_t interval_ms = 0;
};

struct StreamSpec {
  std::string name;  ///< empty: none
  std::string run_id;
  std::shared_ptr<const NamedPlan> plan;
  RateSource source;
  StreamLog log;
  std::unique_ptr<StreamSink> sink;
  StreamTrigger trigger;
};

/// A query over a stream: a thread that runs the plan over the new rows at each trigger, and hands them to a sink. A
/// batch that fails ends it. Thread-safe.
class StreamQuery {
 public:
  /// Starts it. `workspace` must outlive it.
  StreamQuery(Workspace& workspace, StreamSpec spec);
  /// Stops it.
  ~StreamQuery();
  StreamQuery(const StreamQuery&) = delete;
  StreamQuery& operator=(const StreamQuery&) = delete;

  const std::string& id() const { return spec_.log.id(); }
  const std::string& run_id() const { return spec_.run_id; }
  const std::string& name() const { return spec_.name; }
  const std::shared_ptr<const NamedPlan>& plan() const { return spec_.plan; }
  const std::string& started() const { return started_; }

  /// Returns when its thread has ended; a batch that runs is given up.
  void Stop();

  struct Status {
    std::string message;
    bool has_data = false;
    bool in_trigger = false;
    bool active = true;
  };
  Status status() const;
  bool active() const { return status().active; }
  /// JSON of the last batches, as Spark reports them.
  std::vector<std::string> Progress() const;
  /// What ended it; nullptr when nothing did.
  std::shared_ptr<const Error> error() const;
  /// Throws STREAM_FAILED when an error ended it.
  void ThrowIfFailed() const;

  /// Waits until it has ended, at most for `timeout`; false when it goes on. Calls `check` now and then. Throws as
  /// ThrowIfFailed().
  bool Await(std::optional<std::chrono::milliseconds> timeout, const std::function<void()>& check) const;
  /// Waits until all rows that are there now are in the sink, or the query has ended.
  void ProcessAvailable(const std::function<void()>& check) const;

 private:
  bool WaitFor(const std::function<bool()>& done, std::optional<std::chrono::milliseconds> timeout,
               const std::function<void()>& check) const;
  void Run();
  /// Runs a batch if there are new rows; false when there are none.
  bool RunTrigger();
  void RunBatch(StreamLog::Batch batch, int64_t first);
  int64_t Available() const;
  int64_t NextTrigger() const;
  void SetStatus(Status status);
  std::string Operation() const { return "stream/" + spec_.run_id; }

  Workspace& workspace_;
  StreamSpec spec_;  // the log and the sink belong to the thread
  const std::string started_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Status status_;
  bool stopping_ = false;
  int64_t done_end_ = -1;  ///< offset up to which the sink has all rows; -1: no batch yet
  int64_t last_trigger_ms_ = 0;
  std::deque<std::string> progress_;
  std::shared_ptr<const Error> error_;
  std::mutex joining_;
  bool joined_ = false;
  pthread_t thread_{};
};

/// Milliseconds since the epoch.
int64_t NowMs();

}  // namespace tinderbox::engine
