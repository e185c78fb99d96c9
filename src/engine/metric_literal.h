#pragma once

#include "tinderbox/row.h"

namespace spark::connect {
class Expression_Literal;
}

namespace tinderbox::engine {

/// An observed metric as the protocol sends it. Throws UNSUPPORTED_FEATURE for a type that it has no literal for.
void ToLiteral(const Value& value, const DataType& type, ::spark::connect::Expression_Literal* out);

}  // namespace tinderbox::engine
