#pragma once

#include <cstdint>

#include "tinderbox/arrow.h"
#include "tinderbox/types.h"

// Values in Arrow columns, compared and hashed by their bits.

namespace tinderbox::diff {

bool HasNulls(const ArrowArray& column);

/// Whether two values are equal to the last bit. Values that are equal in another representation (-0.0, NaN payloads)
/// only count as differing here, which is safe: the row stays and is compared exactly.
bool SameValue(const DataType& type, const ArrowArray& a, int64_t i, const ArrowArray& b, int64_t j);

/// Sets differs[k] where row i+k of `a` is not row j+k of `b`, for k in [0, n).
void MarkDiffering(const DataType& type, const ArrowArray& a, int64_t i, const ArrowArray& b, int64_t j, int64_t n,
                   uint8_t* differs);

/// Equal values have equal hashes.
uint64_t HashValue(const DataType& type, const ArrowArray& column, int64_t row, uint64_t hash);

}  // namespace tinderbox::diff
