#pragma once

#include <memory>
#include <vector>

#include "engine/duckdb/scalar_function.h"
#include "engine/python/python_query.h"

namespace tinderbox::engine {

/// The families of native functions that call Python. Their first argument is the number of a PythonCall, and their
/// payload the JSON of its result type. The other arguments are what the function gets,
inline constexpr char kPythonFunction[] = "spark_python";  ///< row by row;
/// or one array of structs, the rows of a group;
inline constexpr char kPythonAggregate[] = "spark_python_aggregate";
/// and for a table function the result is an array of the rows that each row leads to.
inline constexpr char kPythonTable[] = "spark_python_table";

/// A struct without fields, which the engine has not: such values, of functions that are called for what they do, are
/// void to it.
inline bool HasNoFields(const DataType& type) {
  return type.kind() == TypeKind::kStruct && type.fields().empty();
}

std::vector<ScalarFunction> PythonCallFunctions(const std::shared_ptr<Numbered<PythonCall>>& calls);

/// The type of a column that a worker answered. Throws Error ARROW_TYPE_MISMATCH unless it is the one declared.
void ExpectAnswer(const std::string& function, const DataType& declared, const DataType& answered);

}  // namespace tinderbox::engine
