#pragma once

#include "tinderbox/row.h"

namespace spark::connect {
class Expression_Literal;
}

namespace tinderbox::dataframe {

/// The type that PySpark's lit() gives a value: INT when an integer fits, otherwise BIGINT. Nested types follow their
/// elements.
DataType LiteralType(const Value& value);

/// Writes the value as a literal of `type`. Throws Error INVALID_TYPED_LITERAL when it does not fit.
void ToLiteral(const Value& value, const DataType& type, ::spark::connect::Expression_Literal* out);

/// The value of a literal. Throws Error UNSUPPORTED_FEATURE naming a kind that has no Value.
Value FromLiteral(const ::spark::connect::Expression_Literal& literal);

}  // namespace tinderbox::dataframe
