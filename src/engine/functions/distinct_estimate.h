#pragma once

#include <cstdint>
#include <span>

namespace tinderbox::engine {

/// How many distinct values the registers of HyperLogLog++ have seen. REQUIRES a power of two of them, at least 16:
/// each holds the longest run of zeros plus one, 0 when it saw none.
int64_t EstimateDistinct(std::span<const uint8_t> registers);

}  // namespace tinderbox::engine
