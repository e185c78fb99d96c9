#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace spark::connect {
class StreamingQueryCommand;
class StreamingQueryCommandResult;
class StreamingQueryManagerCommand;
class StreamingQueryManagerCommandResult;
class WriteStreamOperationStart;
class WriteStreamOperationStartResult;
}  // namespace spark::connect

namespace tinderbox::engine {

class StreamQuery;
class Workspace;

/// The streaming queries of one session, and what is asked about them. All end with it. Thread-safe.
class StreamQueries {
 public:
  /// `workspace` must outlive it.
  explicit StreamQueries(Workspace& workspace);
  ~StreamQueries();

  ::spark::connect::WriteStreamOperationStartResult Start(const ::spark::connect::WriteStreamOperationStart& start);
  /// Commands that wait end with Interrupted when `operation` is interrupted.
  ::spark::connect::StreamingQueryCommandResult Ask(const ::spark::connect::StreamingQueryCommand& command,
                                                    const std::string& operation);
  ::spark::connect::StreamingQueryManagerCommandResult Ask(
      const ::spark::connect::StreamingQueryManagerCommand& command, const std::string& operation);

 private:
  using QueryPointer = std::shared_ptr<StreamQuery>;
  struct Entry {
    QueryPointer query;
    bool forgotten = false;  ///< ended before resetTerminated()
  };
  /// An active one that fits; nullptr when there is none.
  QueryPointer FindActive(const std::function<bool(const StreamQuery&)>& fits) const;
  QueryPointer Get(const std::string& id, const std::string& run_id) const;
  /// Whether a query has ended that is not forgotten. Throws STREAM_FAILED when it failed.
  bool AnyEnded() const;

  Workspace& workspace_;
  std::mutex starting_;  ///< taken before mutex_
  mutable std::mutex mutex_;
  std::vector<Entry> queries_;  ///< in the order of their starts, the last ended ones among them
};

}  // namespace tinderbox::engine
