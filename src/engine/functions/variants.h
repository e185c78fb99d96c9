#pragma once

#include "engine/functions/function.h"

namespace tinderbox::engine {

/// Whether values of a type can go into a variant and out of it; maps and structs only where `objects`.
bool FitsVariant(const DataType& type, bool objects);
Sql ToVariant(const Sql& value);
/// A variant cast to a type that fits; `tolerant`: what cannot be cast is NULL.
Sql VariantTo(const Sql& variant, const DataType& type, const std::string& time_zone, bool tolerant);

}  // namespace tinderbox::engine
