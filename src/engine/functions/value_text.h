#pragma once

#include <string>

#include "engine/duckdb/scalar_function.h"

namespace tinderbox::engine {

/// CAST(cell AS STRING) of row `row`, which is not NULL.
void AppendCellText(std::string* out, const DataType& type, const InVector& column, size_t row);
/// The unscaled digits of a decimal of any width.
__int128 DecimalDigits(const DataType& type, const InVector& column, size_t row);
/// Bytes as UTF-8, each malformed part replaced by U+FFFD.
void AppendValidUtf8(std::string* out, std::string_view bytes);

}  // namespace tinderbox::engine
