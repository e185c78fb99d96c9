#pragma once

#include <string>
#include <string_view>

#include "engine/translate/scope.h"
#include "spark/proto_expressions.h"

namespace tinderbox::engine {

/// A literal of any kind, cast to the DuckDB type of its Spark type.
Typed TranslateLiteral(const proto::Expression::Literal& literal);
/// The same where the type is known from around it, as inside arrays, maps and structs.
Typed TranslateLiteral(const proto::Expression::Literal& literal, const DataType& type);
/// The Spark type of a literal.
DataType LiteralType(const proto::Expression::Literal& literal);

}  // namespace tinderbox::engine
