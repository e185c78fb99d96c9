#pragma once

#include <string>
#include <string_view>

#include "tinderbox/types.h"

namespace tinderbox::spark {

/// The deepest nesting of types, and of the documents that describe them, that is accepted.
inline constexpr int kMaxTypeDepth = 200;

/// "bigint": the type's simpleString, without parameters or children.
std::string_view SimpleName(TypeKind kind);
/// "long": the name in DataType.json() and printSchema(), without parameters or children.
std::string_view JsonName(TypeKind kind);
/// The same with the fields of an interval and the precision of a time: "interval day to hour", "time(3)".
std::string JsonName(const DataType& type);

/// The struct of two binaries, value and metadata, that holds a variant; no type of a user has these names of fields.
const DataType& VariantStorage();

/// `name` between back-ticks, back-ticks inside doubled.
std::string Quote(std::string_view name);
/// The name as it is when it is a plain identifier, otherwise Quote(name).
std::string QuoteIfNeeded(std::string_view name);

}  // namespace tinderbox::spark
