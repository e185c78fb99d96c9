#pragma once

#include "tinderbox/row.h"

namespace tinderbox::diff {

/// Spark's ascending order of two values of one type: NULL first, NaN last, strings by bytes. Negative, zero or
/// positive.
int CompareValues(const Value& a, const Value& b);
/// Value by value; the shorter row first when it begins the longer one.
int CompareRows(const Row& a, const Row& b);

}  // namespace tinderbox::diff
