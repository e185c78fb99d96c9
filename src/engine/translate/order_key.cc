#include "engine/translate/order_key.h"

#include <algorithm>

namespace tinderbox::engine {

bool HasOrderKey(const DataType& type) {
  if (type.kind() == TypeKind::kArray) return type.contains_null() || HasOrderKey(type.element());
  if (type.kind() != TypeKind::kStruct) return false;
  return std::ranges::any_of(type.fields(),
                             [](const StructField& field) { return field.nullable || HasOrderKey(field.type); });
}

Sql OrderKey(const Typed& value) {
  return HasOrderKey(value.type) ? Call("spark_order_key", {value.sql}) : value.sql;
}

}  // namespace tinderbox::engine
