#include "spark/storage_level.h"

#include "spark/proto.h"

namespace tinderbox::spark {

void ToProto(const StorageLevel& level, proto::StorageLevel* out) {
  out->set_use_disk(level.use_disk);
  out->set_use_memory(level.use_memory);
  out->set_use_off_heap(level.use_off_heap);
  out->set_deserialized(level.deserialized);
  out->set_replication(level.replication);
}

StorageLevel FromProto(const proto::StorageLevel& level) {
  return {.use_disk = level.use_disk(),
          .use_memory = level.use_memory(),
          .use_off_heap = level.use_off_heap(),
          .deserialized = level.deserialized(),
          .replication = level.replication()};
}

}  // namespace tinderbox::spark
