#pragma once

#include "tinderbox/storage_level.h"

namespace spark::connect {
class StorageLevel;
}

namespace tinderbox::spark {

void ToProto(const StorageLevel& level, ::spark::connect::StorageLevel* out);
StorageLevel FromProto(const ::spark::connect::StorageLevel& level);

}  // namespace tinderbox::spark
