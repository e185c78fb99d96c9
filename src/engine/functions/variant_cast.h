#pragma once

#include <string>

#include "engine/functions/nested_column.h"
#include "engine/functions/variant.h"

namespace tinderbox::engine {

/// Casts variants to a type as CAST, variant_get and try_variant_get do. Immutable.
class VariantCast {
 public:
  /// `tolerant`: what cannot be cast is NULL, else INVALID_VARIANT_CAST.
  VariantCast(bool tolerant, const std::string& zone)
      : tolerant_(tolerant), zone_name_(zone), zone_(&TimeZone::Find(zone)) {}

  void Write(const VariantView& variant, NestedColumn& column, size_t row) const;

 private:
  bool WriteScalar(const VariantView& variant, NestedColumn& column, size_t row) const;
  bool WriteNested(const VariantView& variant, NestedColumn& column, size_t row) const;
  std::string Text(const VariantView& variant) const;

  bool tolerant_;
  std::string zone_name_;
  const TimeZone* zone_;
};

/// Appends a cell, of any type that a variant can hold, as CAST(… AS VARIANT) and to_variant_object do.
void AppendCellToVariant(const DataType& type, const InVector& column, size_t row, VariantBuilder* out);
/// Writes a variant into a column of that type.
void WriteVariant(const VariantBuilder& built, OutVector& out, size_t row);
/// The variant in a row that is not NULL.
VariantView VariantAt(const InVector& column, size_t row);

}  // namespace tinderbox::engine
