#pragma once

#include <vector>

#include "engine/duckdb/scalar_function.h"

namespace tinderbox::engine {

/// Every native function that translated SQL may call. The engine registers them with each database.
std::vector<ScalarFunction> NativeFunctions();

using ScalarFunctions = std::vector<ScalarFunction>;
void AddNativeCasts(ScalarFunctions* out);
void AddNativeNumbers(ScalarFunctions* out);
void AddNativeStrings(ScalarFunctions* out);
void AddNativePatterns(ScalarFunctions* out);
void AddNativeTimes(ScalarFunctions* out);
void AddNativeHashes(ScalarFunctions* out);
void AddNativeCollections(ScalarFunctions* out);

}  // namespace tinderbox::engine
