#pragma once

#include "tinderbox/types.h"

namespace spark::connect {
class DataType;
}

namespace tinderbox::spark {

void ToProto(const DataType& type, ::spark::connect::DataType* out);
/// Throws Error UNSUPPORTED_DATATYPE naming a type that Tinderbox has not (geometries, user-defined types,
/// …).
DataType FromProto(const ::spark::connect::DataType& type);

}  // namespace tinderbox::spark
