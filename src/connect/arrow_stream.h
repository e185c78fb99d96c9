#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tinderbox/arrow.h"

namespace tinderbox::connect {

/// One Arrow IPC stream of one record batch.
struct IpcBatch {
  int64_t rows = 0;
  std::string bytes;
};

/// How large the batches become. A batch holds at least one row, whatever its size.
struct BatchSize {
  int64_t rows = 65'536;
  int64_t bytes = 4 << 20;
};

/// Reads a result and gathers the engine's small batches into batches worth a message. Not thread-safe.
class ArrowStream {
 public:
  /// `time_zone` names TIMESTAMP columns' zone.
  ArrowStream(BatchReader* reader, const std::string& time_zone, BatchSize size = {});
  ~ArrowStream();
  /// The next batch, or false at the end. The first one always comes: without rows when there are none.
  bool Next(IpcBatch* batch);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tinderbox::connect
