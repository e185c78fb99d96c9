#pragma once

#include <string>
#include <vector>

#include "tinderbox/types.h"

namespace tinderbox::engine {

/// A DuckDB type and the Spark type it is read as (as Spark reads the same Parquet type).
struct EngineType {
  DataType type;
  std::string name;  ///< DuckDB's: "UTINYINT", "TIMESTAMP_NS", "LIST"
  /// False when a cast to TypeName(type) is needed to get the layout of `type`.
  bool exact = true;
  bool nanoseconds = false;  ///< TIMESTAMP_NS here or within
  /// No Spark type can hold its values (UNION, BIT, VARIANT, …); `type` is null.
  bool unsupported = false;
  std::vector<EngineType> children;  ///< list: element; map: key, value; struct: its fields
};

/// Makes `engine` be read as that type; false when it is not what DuckDB computes. What is void, DuckDB computes as
/// INTEGER.
bool ReadTypeAs(EngineType* engine, const DataType& type);

/// The number of values that are not nested within one value of the type.
inline size_t CountLeaves(const EngineType& type) {
  if (type.children.empty()) return 1;
  size_t leaves = 0;
  for (const EngineType& child : type.children) leaves += CountLeaves(child);
  return leaves;
}

}  // namespace tinderbox::engine
