#pragma once

#include "engine/translate/sql.h"

namespace tinderbox::engine {

/// What stands for a value where values are ordered (<, ORDER BY, max, …): the value itself, except for arrays and
/// structs that may hold a NULL, which DuckDB orders last and Spark first.
Sql OrderKey(const Typed& value);
/// Whether OrderKey is another value.
bool HasOrderKey(const DataType& type);

}  // namespace tinderbox::engine
