#pragma once

#include "engine/functions/function.h"

namespace tinderbox::engine {

std::span<const SpecialFunction> SketchAggregates();
/// What is asked of sketches, and how they are merged.
std::span<const SpecialFunction> SketchFunctions();

}  // namespace tinderbox::engine
