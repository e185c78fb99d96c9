#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tinderbox/diff.h"

namespace tinderbox::diff {

/// How the strings (and arrays) of one column are brought to one form before they are compared.
struct Normalization {
  bool ignore_case = false;
  bool trim = false;
  bool collapse_space = false;
  bool empty_is_null = false;
  bool unordered = false;
  std::string unicode;  ///< NFC, NFD, NFKC, NFKD or empty

  bool ChangesStrings() const { return ignore_case || trim || collapse_space || empty_is_null || !unicode.empty(); }
};

/// A column that both sides have and that decides whether rows are equal.
struct ComparedColumn {
  std::string name;
  std::string left_name, right_name;  ///< as the opened sides call it (after renaming)
  DataType left_type, right_type;
  DataType type;  ///< what both are shown as; for an exact comparison of double with others: double
  Normalization normalization;
  std::optional<Tolerance> tolerance;
};

struct MatchedColumns {
  std::vector<DiffColumn> columns;       ///< every column of either side
  std::vector<ComparedColumn> compared;  ///< the key first, in the order it was given
  size_t keys = 0;
  std::vector<std::string> warnings;
};

/// One side as it was opened, and how its columns were called before renaming.
struct SideColumns {
  StructType schema;
  StructType reported;  ///< types the side has alone, by position of `schema`
  std::vector<std::string> original_names;
};

/// Pairs columns by name and decides how each pair is compared. Throws Error TINDERBOX_DIFF_COLUMNS (unknown, ambiguous
/// or no common names) and TINDERBOX_DIFF_TYPES (a key that cannot be compared without being told how; another such
/// column is a schema difference).
MatchedColumns MatchColumns(const SideColumns& left, const SideColumns& right, const DiffOptions& options);

/// The type that holds the values of both, or nullopt. Widening only: nothing is parsed, rounded or cut. Double against
/// bigint or decimal gives double, see ExactAgainstDouble.
std::optional<DataType> CommonType(const DataType& left, const DataType& right);

/// True when one is a floating-point number and the other a bigint or decimal, whose values a double may not hold:
/// these are compared by their exact mathematical values.
bool ExactAgainstDouble(const DataType& a, const DataType& b);

/// The name folded as names are compared: as it is, or in lower case.
std::string FoldName(const std::string& name, bool case_sensitive);

}  // namespace tinderbox::diff
