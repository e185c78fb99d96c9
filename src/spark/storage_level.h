#pragma once

#include "spark/proto.h"
#include "tinderbox/storage_level.h"

namespace tinderbox::spark {

inline void ToProto(const StorageLevel& level, proto::StorageLevel* out) {
  out->set_use_disk(level.use_disk);
  out->set_use_memory(level.use_memory);
  out->set_use_off_heap(level.use_off_heap);
  out->set_deserialized(level.deserialized);
  out->set_replication(level.replication);
}

inline StorageLevel FromProto(const proto::StorageLevel& level) {
  return {.use_disk = level.use_disk(),
          .use_memory = level.use_memory(),
          .use_off_heap = level.use_off_heap(),
          .deserialized = level.deserialized(),
          .replication = level.replication()};
}

}  // namespace tinderbox::spark
