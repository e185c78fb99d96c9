#pragma once

#include <vector>

#include "engine/duckdb/aggregate_function.h"
#include "engine/duckdb/scalar_function.h"

namespace tinderbox::engine {

/// Every native function that translated SQL may call. The engine registers them with each database.
std::vector<ScalarFunction> NativeFunctions();

/// Every native aggregate function, likewise.
std::vector<AggregateFunction> NativeAggregates();

using ScalarFunctions = std::vector<ScalarFunction>;
void AddNativeCasts(ScalarFunctions* out);
void AddNativeNumbers(ScalarFunctions* out);
void AddNativeStrings(ScalarFunctions* out);
void AddNativeText(ScalarFunctions* out);
void AddNativeEncodings(ScalarFunctions* out);
void AddNativeFormats(ScalarFunctions* out);
void AddNativeUrls(ScalarFunctions* out);
void AddNativeCrypto(ScalarFunctions* out);
void AddNativeJson(ScalarFunctions* out);
void AddNativeMisc(ScalarFunctions* out);
void AddNativePatterns(ScalarFunctions* out);
void AddNativeTimes(ScalarFunctions* out);
void AddNativeShow(ScalarFunctions* out);
void AddNativeIntervals(ScalarFunctions* out);
void AddNativeRandom(ScalarFunctions* out);
void AddNativeHashes(ScalarFunctions* out);
void AddNativeCollections(ScalarFunctions* out);
void AddNativeArrays(ScalarFunctions* out);
void AddNativeOrder(ScalarFunctions* out);
void AddNativeSamples(ScalarFunctions* out);
void AddNativeSketches(ScalarFunctions* out);
void AddNativeVariant(ScalarFunctions* out);
void AddNativeXml(ScalarFunctions* out);
void AddNativeVectors(ScalarFunctions* out);

}  // namespace tinderbox::engine
