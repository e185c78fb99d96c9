#include "engine/duckdb/capi.h"
#include "engine/duckdb/scalar_function.h"
#include "engine/duckdb/source.h"

namespace tinderbox::engine {

namespace {
duckdb_vector Raw(void* vector) {
  return static_cast<duckdb_vector>(vector);
}
}  // namespace

OutVector::OutVector(void* vector) : vector_(vector), data_(duckdb_vector_get_data(Raw(vector))) {
  LogicalType type(duckdb_vector_get_column_type(Raw(vector)));
  if (duckdb_get_type_id(type.get()) == DUCKDB_TYPE_STRUCT) struct_fields_ = duckdb_struct_type_child_count(type.get());
}

void OutVector::SetNull(size_t row) {
  if (validity_ == nullptr) {
    duckdb_vector_ensure_validity_writable(Raw(vector_));
    validity_ = duckdb_vector_get_validity(Raw(vector_));
  }
  validity_[row / 64] &= ~(uint64_t{1} << (row % 64));
  // Readers of a field look at the field's own mask only.
  for (size_t field = 0; field < struct_fields_; ++field) StructChild(field).SetNull(row);
}

void OutVector::SetString(size_t row, std::string_view bytes) {
  duckdb_vector_assign_string_element_len(Raw(vector_), row, bytes.data(), bytes.size());
}

void OutVector::SetCheckedString(size_t row, std::string_view bytes) {
  duckdb_unsafe_vector_assign_string_element_len(Raw(vector_), row, bytes.data(), bytes.size());
}

OutVector OutVector::StructChild(size_t field) {
  return OutVector(duckdb_struct_vector_get_child(Raw(vector_), field));
}

OutVector OutVector::ListChild() {
  return OutVector(duckdb_list_vector_get_child(Raw(vector_)));
}

void OutVector::SetList(size_t row, uint64_t offset, uint64_t length) {
  Data<duckdb_list_entry>()[row] = {offset, length};
}

void OutVector::ReserveList(uint64_t size) {
  duckdb_list_vector_reserve(Raw(vector_), size);
}

uint64_t OutVector::ListSize() const {
  return duckdb_list_vector_get_size(Raw(vector_));
}

void OutVector::SetListSize(uint64_t size) {
  duckdb_list_vector_set_size(Raw(vector_), size);
}

InVector::InVector(void* vector)
    : vector_(vector), data_(duckdb_vector_get_data(Raw(vector))), validity_(duckdb_vector_get_validity(Raw(vector))) {}

InVector InVector::StructChild(size_t field) const {
  return InVector(duckdb_struct_vector_get_child(Raw(vector_), field));
}

InVector InVector::ListChild() const {
  return InVector(duckdb_list_vector_get_child(Raw(vector_)));
}

DataType InVector::Type() const {
  return FromLogicalType(LogicalType(duckdb_vector_get_column_type(Raw(vector_))).get()).type;
}

}  // namespace tinderbox::engine
