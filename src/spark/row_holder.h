#pragma once

#include <memory>
#include <vector>

#include "tinderbox/arrow.h"

namespace spark::connect {
class Relation;
}  // namespace spark::connect

namespace tinderbox::spark {

/// What a Session can do besides when it runs in this process: take rows as they lie in memory.
class RowHolder {
 public:
  virtual ~RowHolder() = default;
  /// Makes the batches a table, without copying them; `plan` reads it. The table lives as long as the result, and as
  /// temporary views, checkpoints and running queries of the plan. Thread-safe.
  /// Throws Error TINDERBOX_BAD_ARROW_STREAM when they have not the layout of the schema.
  virtual std::shared_ptr<const void> Hold(const StructType& schema, std::vector<ArrowBatch> batches,
                                           ::spark::connect::Relation* plan) = 0;
};

/// Throws Error TINDERBOX_BAD_ARROW_STREAM when offsets or UTF-8 in a batch cannot be followed.
void CheckBatches(const StructType& schema, const std::vector<ArrowBatch>& batches);

}  // namespace tinderbox::spark
