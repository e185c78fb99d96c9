#pragma once

// The part of spark/proto.h that relations need.
#include "spark/connect/relations.pb.h"

namespace tinderbox {
namespace proto = ::spark::connect;
}  // namespace tinderbox
