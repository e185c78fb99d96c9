#pragma once

#include <memory>
#include <optional>
#include <string>

#include "spark/ipc.h"
#include "tinderbox/arrow.h"

namespace tinderbox::cache {

/// A result being put into the form in which it is kept: its schema, and its rows as a compressed Arrow stream. Not
/// thread-safe.
class ResultWriter {
 public:
  ResultWriter(const StructType& schema, uint64_t limit);
  /// False once there is more than the limit.
  bool Add(const ArrowBatch& batch);
  /// nullopt: it is larger than the limit.
  std::optional<std::string> Finish();

 private:
  std::string schema_;
  uint64_t limit_;
  std::unique_ptr<spark::IpcWriter> writer_;  ///< nullptr once it is too large
  std::string bytes_;
};

/// A reader of what a ResultWriter made; nullptr for bytes that are damaged or of another version of the form.
std::unique_ptr<BatchReader> ReadResult(const std::string& bytes);

}  // namespace tinderbox::cache
