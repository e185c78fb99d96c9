#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/python/protocol.h"
#include "engine/python/python_run.h"
#include "engine/python/worker_pool.h"

namespace tinderbox::engine {

/// The Python side of one query: where its functions run. Thread-safe.
class PythonQuery {
 public:
  /// `check` is run while a function is waited for, and throws to give up. `time_zone` is the session's.
  PythonQuery(std::shared_ptr<WorkerPool> pool, WorkerOptions options, std::string time_zone,
              std::function<void()> check)
      : pool_(std::move(pool)),
        options_(std::move(options)),
        time_zone_(std::move(time_zone)),
        check_(std::move(check)) {}

  const std::string& time_zone() const { return time_zone_; }
  std::unique_ptr<PythonRun> Start(std::string_view task) {
    return std::make_unique<PythonRun>(pool_->Lease(options_), task, check_);
  }
  /// Ends a run whose answer is not wanted any more, and keeps its worker where that is possible.
  void End(std::unique_ptr<PythonRun> run, std::string_view end);
  /// Gives back the worker of a run that is done.
  void Return(std::unique_ptr<PythonRun> run) { pool_->Return(run->Release()); }

  /// A place of the query where one thread at a time calls a function: it keeps its run from batch to batch. A place
  /// with little to do gives its worker to another one, so that many functions over few rows need few processes.
  class Place {
   public:
    explicit Place(std::shared_ptr<PythonQuery> query);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();
    /// The run to go on with, or a new one of `task`; `fresh` says which.
    PythonRun& Begin(std::string_view task, bool* fresh);
    /// The run waits for the next batch. `end` makes the end of its input, should another place take the worker.
    void Pause(std::function<std::string()> end);
    /// The run is done; the next one may have its worker.
    void Reuse();

   private:
    friend class PythonQuery;
    std::shared_ptr<PythonQuery> query_;
    std::list<Place*>::iterator position_;
    std::unique_ptr<PythonRun> run_;
    std::function<std::string()> end_;
    bool busy_ = false;
    int taken_ = 0;  ///< how often it took a worker away from another place
  };

 private:
  /// A worker that an idle place has; nullptr when there is none.
  std::unique_ptr<PythonRun> TakeIdle(const Place& asking, std::function<std::string()>* end);

  std::shared_ptr<WorkerPool> pool_;
  WorkerOptions options_;
  std::string time_zone_;
  std::function<void()> check_;
  std::mutex mutex_;
  std::list<Place*> places_;
};

/// A call of a Python function that SQL makes by its number.
struct PythonCall {
  std::string name;
  EvalType eval_type;
  std::string task;  ///< what the worker is told first
  StructType input;  ///< the columns that the function gets
  DataType result;
  size_t batch_rows = 0;  ///< the most rows of one batch
  std::shared_ptr<PythonQuery> query;
};

/// Things that running queries refer to by number. Thread-safe.
template <typename T>
class Numbered {
 public:
  /// The number under which `thing` is found as long as the caller keeps it.
  int64_t Add(const std::shared_ptr<const T>& thing) {
    const std::lock_guard lock(mutex_);
    std::erase_if(things_, [](const auto& old) { return old.second.expired(); });
    things_[++last_] = thing;
    return last_;
  }
  std::shared_ptr<const T> Find(int64_t number) {
    const std::lock_guard lock(mutex_);
    const auto found = things_.find(number);
    return found == things_.end() ? nullptr : found->second.lock();
  }

 private:
  std::mutex mutex_;
  int64_t last_ = 0;
  std::map<int64_t, std::weak_ptr<const T>> things_;
};

}  // namespace tinderbox::engine
