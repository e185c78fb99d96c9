#pragma once

#include <cstdint>
#include <string>

#include "tinderbox/types.h"

namespace spark::connect {
class Read;
class Relation;
}  // namespace spark::connect

namespace tinderbox::engine {

/// The source `rate`: so many rows a second since it was started, counted from 0. Its offset is a number of seconds.
class RateSource {
 public:
  /// Throws Error for any other streaming source, and for options that are not a rate's.
  explicit RateSource(const ::spark::connect::Read& read);

  /// The rows of the seconds [first, end) after `start_ms`, milliseconds since the epoch.
  ::spark::connect::Relation Rows(int64_t first, int64_t end, int64_t start_ms) const;
  int64_t Count(int64_t first, int64_t end) const { return (end - first) * rows_per_second_; }
  /// As Spark names it in the progress of a query.
  std::string Description() const;

 private:
  /// Throws INCORRECT_END_OFFSET when there are more rows than numbers.
  int64_t FirstValue(int64_t second) const;

  int64_t rows_per_second_ = 1;
  std::string partitions_ = "default";
};

}  // namespace tinderbox::engine
