#pragma once

#include "engine/functions/native.h"
#include "engine/translate/sql.h"

namespace tinderbox::engine {

/// a * b. Throws Spark's error of overflow, which shows the product at `scale`, when that has more than 38 digits.
__int128 MultiplyDigits(__int128 a, __int128 b, int scale);

/// left * right with all digits, as `type`, whose scale is the sum of the sides' and whose precision is above 18. Fails
/// with Spark's overflow error when the product has more than 38 digits. The sides must have exactly these types.
Sql DecimalProduct(const Sql& left, const DataType& a, const Sql& right, const DataType& b, const DataType& type);

void AddNativeProducts(ScalarFunctions* out);

}  // namespace tinderbox::engine
