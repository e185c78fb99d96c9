#pragma once

#include <optional>

#include "engine/translate/scope.h"

namespace tinderbox::engine {

/// Spark's decimal type of an integral type: byte (3,0), short (5,0), int (10,0), long (20,0). REQUIRES IsIntegral.
DataType DecimalOf(const DataType& integral);
/// decimal(p, s) cut to 38 digits as Spark cuts the results of arithmetic: at least six fraction digits stay.
DataType AdjustedDecimal(int precision, int scale);
/// decimal(p, s) cut to 38 digits from the fraction first.
DataType BoundedDecimal(int precision, int scale);
/// Spark's ANSI least common type; nullopt when there is none.
std::optional<DataType> LeastCommonType(const DataType& a, const DataType& b, bool ansi = true);
/// What two types meet in when their values are compared: without ANSI rules a text becomes what the other side is.
std::optional<DataType> ComparedType(const DataType& a, const DataType& b, bool ansi);
/// The implicit cast to a common type. A no-op when the types agree; safe widening where they do not.
Typed Coerce(const Typed& value, const DataType& to, const Scope& scope);
/// Coerces all to their least common type. `operation` names it in the error.
DataType CoerceAll(std::vector<Typed>& values, const Scope& scope, std::string_view operation);
/// The same for values that are compared with each other.
DataType CoerceCompared(std::vector<Typed>& values, const Scope& scope, std::string_view operation);

bool IsDateOrTime(const DataType& type);
bool IsInterval(const DataType& type);
/// Whether values of the type can be sorted and compared: no map is in it.
bool HasOrder(const DataType& type);
Typed NullOf(const DataType& type);

}  // namespace tinderbox::engine
