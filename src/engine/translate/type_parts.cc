#include "engine/translate/type_parts.h"

#include <algorithm>

namespace tinderbox::engine {

bool Holds(const DataType& type, TypeKind kind) {
  if (type.kind() == kind) return true;
  switch (type.kind()) {
    case TypeKind::kArray:
      return Holds(type.element(), kind);
    case TypeKind::kMap:
      return Holds(type.key(), kind) || Holds(type.value(), kind);
    case TypeKind::kStruct:
      return std::ranges::any_of(type.fields(), [&](const StructField& field) { return Holds(field.type, kind); });
    default:
      return false;
  }
}

}  // namespace tinderbox::engine
