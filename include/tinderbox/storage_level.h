#pragma once

namespace tinderbox {

/// Where persisted rows are kept. The embedded engine keeps them in its memory and spills to disk by itself what
/// `use_disk` allows; what must stay in memory is given up when it grows too much, and computed again. It ignores the
/// other members, but tells them again. Source: pyspark.StorageLevel.
struct StorageLevel {
  bool use_disk = true;
  bool use_memory = true;
  bool use_off_heap = false;
  bool deserialized = true;
  int replication = 1;
  bool operator==(const StorageLevel&) const = default;
};

}  // namespace tinderbox
