#pragma once

// The part of spark/proto.h that expressions need: less than half as expensive to compile.
#include "spark/connect/expressions.pb.h"

namespace tinderbox {
namespace proto = ::spark::connect;
}  // namespace tinderbox
