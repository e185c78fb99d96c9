#pragma once

#include <string>
#include <vector>

#include "diff/schema.h"
#include "tinderbox/dataframe.h"

namespace tinderbox::diff {

enum class Side { kLeft, kRight };

/// How values of a pair of types are brought to one form.
enum class Form {
  kPlain,      ///< of the common type, struct fields paired by name, maps as lists of entries sorted by key
  kCanonical,  ///< plain, then normalised: two values are equal exactly when their canonical forms are
  kGrouping,   ///< canonical, and equal values are also the same bytes: -0.0 becomes 0.0
};

/// `value`, which `side` has, in the given form.
Column ToForm(const Column& value, const DataType& left, const DataType& right, Side side,
              const Normalization& normalization, Form form);

/// The type ToForm gives.
DataType FormType(const DataType& left, const DataType& right, Side side, Form form);

/// True when the canonical form cannot show the value as it was, so that the plain form has to be kept beside it.
bool LosesValue(const ComparedColumn& column);

/// The plain type with its maps as maps again.
DataType DisplayType(const DataType& left, const DataType& right, Side side);

/// From the plain form, whose maps are lists of entries, to `display`.
Column RestoreMaps(const Column& plain, const DataType& display);
/// The same for a value in memory.
Value RestoreMaps(const Value& plain, const DataType& display);

bool ContainsMap(const DataType& type);
/// Whether the pair is compared by tb_exact_equal, which only our engine has.
bool NeedsExactDecimal(const DataType& left, const DataType& right);

/// Whether two canonical values are equal, within the column's tolerance if it has one.
Column EqualWithin(const Column& left, const Column& right, const ComparedColumn& column);

}  // namespace tinderbox::diff
