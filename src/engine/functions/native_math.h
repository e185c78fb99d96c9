#pragma once

#include <cstdint>
#include <string_view>

#include "engine/functions/native.h"

namespace tinderbox::engine {

/// The number by which spark_real knows a function of one real variable. REQUIRES a name of its table.
int64_t RealFunctionIndex(std::string_view name);
void AddNativeMath(ScalarFunctions* out);

}  // namespace tinderbox::engine
