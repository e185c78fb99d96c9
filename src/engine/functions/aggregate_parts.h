#pragma once

// What the aggregate functions share.

#include "engine/functions/collection_parts.h"

namespace tinderbox::engine {

/// "DISTINCT " or empty.
Sql Distinct(const FunctionCall& call);
/// Throws VALUE_OUT_OF_RANGE unless `holds`.
void ExpectRange(const FunctionCall& call, const char* what, bool holds, const std::string& given, const char* range);

/// Aggregates that need all their values at once.
std::span<const SpecialFunction> SampleAggregates();

}  // namespace tinderbox::engine
