#pragma once

#include <memory>

namespace spark::connect {
class Read;
class Relation;
}  // namespace spark::connect

namespace tinderbox::engine {

class Workspace;

/// How often this thread has translated the reading of a stream.
int StreamReads();

/// What streams are for the plans that this thread translates while it lives: the rows of one batch. Without one, a
/// stream has a schema and cannot be run.
class StreamScope {
 public:
  /// Without rows: counts the streams that a plan reads.
  explicit StreamScope(std::shared_ptr<const ::spark::connect::Relation> rows = nullptr);
  ~StreamScope();
  StreamScope(const StreamScope&) = delete;
  StreamScope& operator=(const StreamScope&) = delete;

  /// How often a plan that was translated since then reads a stream.
  int reads() const { return StreamReads() - before_; }

 private:
  friend std::shared_ptr<const ::spark::connect::Relation> StreamRows(const ::spark::connect::Read& read,
                                                                      bool executes);
  StreamScope* outer_;
  std::shared_ptr<const ::spark::connect::Relation> rows_;
  int before_;
};

/// The rows that a streaming read stands for here; none where nothing is to run. Throws Error for a source that is not
/// known, and as ThrowIsStreaming() where rows are needed and there is no batch.
std::shared_ptr<const ::spark::connect::Relation> StreamRows(const ::spark::connect::Read& read, bool executes);

bool IsStreaming(Workspace& workspace, const ::spark::connect::Relation& relation);

/// Spark's refusal of a stream where all rows are needed.
[[noreturn]] void ThrowIsStreaming();

}  // namespace tinderbox::engine
