#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace spark::connect {
class Relation;
class WriteStreamOperationStart;
}  // namespace spark::connect

namespace tinderbox::engine {

class Workspace;

/// Where the rows of a streaming query go, one batch after the other.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  /// Runs `rows` as part of `operation`; all of them arrive, or none. Returns how many, or -1 where nobody counts.
  virtual int64_t Add(int64_t batch, const ::spark::connect::Relation& rows, const std::string& operation) = 0;
  /// As Spark names it in the progress of a query.
  virtual std::string Description() const = 0;
  /// What the sink keeps survives the process, so that the query needs a checkpoint.
  virtual bool durable() const { return false; }
  /// Whether a query that goes on from a checkpoint finds the rows of before.
  virtual bool recovers() const { return true; }
};

/// Throws Error for formats, options and modes that no sink has.
std::unique_ptr<StreamSink> MakeSink(Workspace& workspace, const ::spark::connect::WriteStreamOperationStart& start,
                                     const ::spark::connect::Relation& rows, const std::string& output_mode);

}  // namespace tinderbox::engine
