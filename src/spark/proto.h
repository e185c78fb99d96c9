#pragma once

// Spark Connect's generated messages under a name that does not collide with tinderbox::spark. Expensive to compile:
// include it in .cc files only.
#include "spark/connect/base.pb.h"

namespace tinderbox {
namespace proto = ::spark::connect;
}  // namespace tinderbox
