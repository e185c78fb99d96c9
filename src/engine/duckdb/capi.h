#pragma once

// DuckDB's C interface with owning handles. Included by the .cc files of this folder only.
#include <duckdb.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/duckdb/encode_error.h"
#include "engine/duckdb/types.h"
#include "tinderbox/arrow.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

class PlacedSql;

/// Owns one object of the C interface; move-only.
template <typename T, void (*Destroy)(T*)>
class Handle {
 public:
  Handle() = default;
  explicit Handle(T value) : value_(value) {}
  Handle(Handle&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Handle() {
    if (value_ != nullptr) Destroy(&value_);
  }
  T get() const { return value_; }
  T* address() { return &value_; }

 private:
  T value_ = nullptr;
};

using LogicalType = Handle<duckdb_logical_type, duckdb_destroy_logical_type>;
using Chunk = Handle<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using Prepared = Handle<duckdb_prepared_statement, duckdb_destroy_prepare>;

/// Text that the library allocated.
inline std::string Take(char* text) {
  std::string out = text == nullptr ? "" : text;
  duckdb_free(text);
  return out;
}

/// DuckDB's type for a Spark type.
LogicalType ToLogicalType(const DataType& type);
EngineType FromLogicalType(duckdb_logical_type type);

/// Throws the Error that a failed call means: one of our own that passed through DuckDB, Interrupted, or a mapped one.
/// `sql`: the statement that failed, which knows the places of what can fail in it; null: unknown.
[[noreturn]] void ThrowEngineError(duckdb_error_type type, const std::string& message, const PlacedSql* sql = nullptr);

/// Turns a result chunk into a batch. Fixed-width columns keep pointing into the chunk, which the batch owns from then
/// on.
ArrowBatch ToArrow(Chunk chunk, const std::vector<EngineType>& types);

}  // namespace tinderbox::engine
