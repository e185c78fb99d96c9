#pragma once

#include <vector>

#include "engine/duckdb/scalar_function.h"
#include "tinderbox/arrow.h"

namespace tinderbox::engine {

/// The arguments of a native function from `first` on as a batch. Valid during the call alone.
class ArgumentBatch {
 public:
  /// Throws Error INTERNAL_ERROR when the arguments are not of these types.
  ArgumentBatch(const ScalarInput& arguments, size_t first, const std::vector<DataType>& types);
  const ArrowBatch& get() const { return batch_; }

 private:
  ArrowBatch batch_;
};

}  // namespace tinderbox::engine
