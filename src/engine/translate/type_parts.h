#pragma once

#include "tinderbox/types.h"

namespace tinderbox::engine {

/// Whether a type or a type within it is of the kind.
bool Holds(const DataType& type, TypeKind kind);

}  // namespace tinderbox::engine
