#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/duckdb/source.h"
#include "tinderbox/types.h"

namespace tinderbox::engine {

/// One flat argument column of a chunk. Values are stored as OutVector says. Valid during one call of a scalar
/// function.
class InVector {
 public:
  explicit InVector(void* vector);  // a duckdb_vector
  bool IsNull(size_t row) const { return validity_ != nullptr && (validity_[row / 64] >> (row % 64) & 1) == 0; }
  /// Whether the column may hold a NULL at all.
  bool MayHaveNull() const { return validity_ != nullptr; }
  template <typename T>
  const T* Data() const {
    return static_cast<const T*>(data_);
  }
  /// STRING and BINARY; undefined for a NULL row.
  std::string_view String(size_t row) const {
    struct Stored {
      uint32_t length;
      char prefix[4];
      const char* pointer;
    };
    const Stored& stored = Data<Stored>()[row];
    return {stored.length <= 12 ? stored.prefix : stored.pointer, stored.length};
  }
  InVector StructChild(size_t field) const;
  /// ARRAY and MAP (whose child is a struct key, value).
  InVector ListChild() const;
  struct Range {
    uint64_t offset;
    uint64_t length;
  };
  /// The entries of list `row` within ListChild().
  Range List(size_t row) const { return Data<Range>()[row]; }
  /// The DuckDB type of the column as a Spark type; for arguments declared Any.
  DataType Type() const;
  /// The duckdb_vector.
  void* handle() const { return vector_; }

 private:
  void* vector_;
  const void* data_;
  const uint64_t* validity_;
};

/// The arguments of one call, row by row.
class ScalarInput {
 public:
  ScalarInput(std::vector<InVector> arguments, size_t rows) : arguments_(std::move(arguments)), rows_(rows) {}
  size_t rows() const { return rows_; }
  size_t size() const { return arguments_.size(); }
  const InVector& operator[](size_t argument) const { return arguments_[argument]; }
  bool AnyNull(size_t row) const {
    for (const InVector& argument : arguments_) {
      if (argument.IsNull(row)) return true;
    }
    return false;
  }

 private:
  std::vector<InVector> arguments_;
  size_t rows_;
};

/// A parameter's type: one type, or anything.
struct ParameterType {
  ParameterType(DataType t) : type(std::move(t)) {}  // NOLINT: a type is a parameter type
  ParameterType(TypeKind kind) : type(kind) {}       // NOLINT
  static ParameterType Any() {
    ParameterType out{DataType()};
    out.any = true;
    return out;
  }
  DataType type;
  bool any = false;
};

/// A native vectorised function that DuckDB can call. Several of one name are overloads, told apart by parameters.
struct ScalarFunction {
  std::string name;  ///< by convention "spark_…", so that it never hides a function of DuckDB
  std::vector<ParameterType> parameters;
  std::vector<ParameterType> varargs;  ///< at most one: the type of any number of further arguments
  DataType result;
  /// Fills result[0, rows). Called from several threads at once. Throws Error, which reaches the caller of the query
  /// with its condition and parameters.
  std::function<void(const ScalarInput& arguments, OutVector& result)> run;
  /// False: rows with a NULL argument become NULL by themselves, and `run` must not look at them (skip by AnyNull, or
  /// use PerRow). True: `run` sees NULLs and decides.
  bool handles_null = false;
  /// True when equal arguments may give another result.
  bool is_volatile = false;
  /// For a function whose results depend on the rows before: makes the state of one thread of one execution, which
  /// `run_with_state` gets instead of `run`, chunk after chunk in the order of the rows.
  std::function<std::shared_ptr<void>()> new_state = nullptr;
  std::function<void(const ScalarInput& arguments, OutVector& result, void* state)> run_with_state = nullptr;
  /// For a family of functions, whose types depend on what each is told: makes the one for `payload`, which is called
  /// by MemberName(name, payload). Everything else but the name is left out then.
  std::function<ScalarFunction(const std::string& payload)> member = nullptr;
};

/// Between the name of a family and the payload of a member in a function's name.
inline constexpr std::string_view kMemberMark = "_x";
/// The name under which SQL calls the member of a family.
std::string MemberName(std::string_view family, std::string_view payload);
/// The payload that stands in a name behind kMemberMark.
std::string MemberPayload(std::string_view digits);

/// A `run` that calls `one(arguments, row, result)` for each row without a NULL argument.
template <typename F>
std::function<void(const ScalarInput&, OutVector&)> PerRow(F one) {
  return [one](const ScalarInput& arguments, OutVector& result) {
    for (size_t row = 0; row < arguments.rows(); ++row) {
      if (!arguments.AnyNull(row)) one(arguments, row, result);
    }
  };
}

}  // namespace tinderbox::engine
