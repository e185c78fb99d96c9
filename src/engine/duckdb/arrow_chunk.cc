#include <bit>
#include <cstring>
#include <memory>

#include "engine/duckdb/arrow_arguments.h"
#include "engine/duckdb/capi.h"
#include "engine/duckdb/source.h"

namespace tinderbox::engine {

namespace {

/// What an ArrowArray made here owns. Every array of a batch shares the chunk, so a child may outlive its parent.
struct Node {
  std::shared_ptr<Chunk> chunk;
  std::vector<std::unique_ptr<uint8_t[]>> memory;
  std::vector<const void*> buffers;
  std::vector<std::unique_ptr<ArrowArray>> children;
  std::vector<ArrowArray*> child_pointers;
};

void Release(ArrowArray* array) {
  auto* node = static_cast<Node*>(array->private_data);
  for (auto& child : node->children) {
    if (child->release != nullptr) child->release(child.get());
  }
  delete node;
  array->release = nullptr;
}

/// Which elements of a vector an array takes: the first `size`, or the `size` ones listed.
struct Rows {
  size_t size;
  const uint32_t* indexes = nullptr;
  size_t operator[](size_t i) const { return indexes == nullptr ? i : indexes[i]; }
};

template <typename T>
T* Allocate(Node* node, size_t count) {
  // One element more than asked for: no buffer has the address of nothing.
  node->memory.push_back(std::make_unique_for_overwrite<uint8_t[]>((count + 1) * sizeof(T)));
  return reinterpret_cast<T*>(node->memory.back().get());
}

bool IsValid(const uint64_t* validity, size_t row) {
  return validity == nullptr || (validity[row / 64] >> (row % 64) & 1) != 0;
}

class Converter {
 public:
  explicit Converter(std::shared_ptr<Chunk> chunk) : chunk_(std::move(chunk)) {}

  ArrowArray Convert(duckdb_vector vector, const EngineType& type, Rows rows);
  ArrowArray Finish(std::unique_ptr<Node> node, size_t length, size_t null_count);
  std::unique_ptr<Node> NewNode() {
    auto node = std::make_unique<Node>();
    node->chunk = chunk_;
    return node;
  }

 private:
  size_t AddValidity(Node* node, const uint64_t* validity, Rows rows);
  template <typename T>
  void AddFixed(Node* node, const void* data, Rows rows);
  template <typename T>
  void AddDecimal(Node* node, const void* data, Rows rows);
  void AddCalendarIntervals(Node* node, const void* data, Rows rows);
  void AddBits(Node* node, const uint8_t* data, Rows rows);
  void AddStrings(Node* node, const void* data, const uint64_t* validity, Rows rows);
  void AddList(Node* node, duckdb_vector vector, const EngineType& type, const uint64_t* validity, Rows rows);
  void AddChild(Node* node, ArrowArray child) { node->children.push_back(std::make_unique<ArrowArray>(child)); }

  std::shared_ptr<Chunk> chunk_;
};

ArrowArray Converter::Finish(std::unique_ptr<Node> node, size_t length, size_t null_count) {
  for (auto& child : node->children) node->child_pointers.push_back(child.get());
  ArrowArray out{};
  out.length = static_cast<int64_t>(length);
  out.null_count = static_cast<int64_t>(null_count);
  out.n_buffers = static_cast<int64_t>(node->buffers.size());
  out.buffers = node->buffers.data();
  out.n_children = static_cast<int64_t>(node->children.size());
  out.children = node->child_pointers.data();
  out.release = Release;
  out.private_data = node.release();
  return out;
}

/// Adds the validity buffer (none when all are valid) and returns the number of NULLs.
size_t Converter::AddValidity(Node* node, const uint64_t* validity, Rows rows) {
  size_t nulls = 0;
  const uint64_t* bits = validity;
  if (validity != nullptr && rows.indexes == nullptr) {
    for (size_t word = 0; word < rows.size / 64; ++word) nulls += 64 - std::popcount(validity[word]);
    if (size_t rest = rows.size % 64; rest > 0) {
      nulls += rest - std::popcount(validity[rows.size / 64] & ((uint64_t{1} << rest) - 1));
    }
  } else if (validity != nullptr) {
    auto* picked = Allocate<uint64_t>(node, rows.size / 64 + 1);
    std::memset(picked, 0, (rows.size / 64 + 1) * 8);
    for (size_t i = 0; i < rows.size; ++i) {
      if (IsValid(validity, rows[i])) {
        picked[i / 64] |= uint64_t{1} << (i % 64);
      } else {
        ++nulls;
      }
    }
    bits = picked;
  }
  node->buffers.push_back(nulls == 0 ? nullptr : bits);
  return nulls;
}

template <typename T>
void Converter::AddFixed(Node* node, const void* data, Rows rows) {
  if (rows.indexes == nullptr) {
    node->buffers.push_back(data);
    return;
  }
  T* out = Allocate<T>(node, rows.size);
  for (size_t i = 0; i < rows.size; ++i) out[i] = static_cast<const T*>(data)[rows[i]];
  node->buffers.push_back(out);
}

template <typename T>
void Converter::AddDecimal(Node* node, const void* data, Rows rows) {
  auto* out = Allocate<__int128>(node, rows.size);
  for (size_t i = 0; i < rows.size; ++i) {
    __int128 value = static_cast<const T*>(data)[rows[i]];
    std::memcpy(&out[i], &value, sizeof value);
  }
  node->buffers.push_back(out);
}

/// DuckDB counts microseconds where Arrow counts nanoseconds.
void Converter::AddCalendarIntervals(Node* node, const void* data, Rows rows) {
  auto* out = Allocate<duckdb_interval>(node, rows.size);
  for (size_t i = 0; i < rows.size; ++i) {
    out[i] = static_cast<const duckdb_interval*>(data)[rows[i]];
    out[i].micros = static_cast<int64_t>(static_cast<uint64_t>(out[i].micros) * 1000);
  }
  node->buffers.push_back(out);
}

void Converter::AddBits(Node* node, const uint8_t* data, Rows rows) {
  auto* out = Allocate<uint8_t>(node, rows.size / 8 + 1);
  std::memset(out, 0, rows.size / 8 + 1);
  for (size_t i = 0; i < rows.size; ++i) out[i / 8] |= static_cast<uint8_t>((data[rows[i]] & 1) << (i % 8));
  node->buffers.push_back(out);
}

void Converter::AddStrings(Node* node, const void* data, const uint64_t* validity, Rows rows) {
  // The value of a NULL row is undefined, so its length must not be looked at.
  auto* strings = static_cast<duckdb_string_t*>(const_cast<void*>(data));
  auto* offsets = Allocate<int32_t>(node, rows.size + 1);
  uint64_t total = 0;
  for (size_t i = 0; i < rows.size; ++i) {
    offsets[i] = static_cast<int32_t>(total);
    if (IsValid(validity, rows[i])) total += strings[rows[i]].value.inlined.length;
    if (total > INT32_MAX) {
      throw Error("TINDERBOX_BATCH_TOO_LARGE",
                  "The texts of 2,048 rows of one column take more than 2 GiB, which no result batch can hold.");
    }
  }
  offsets[rows.size] = static_cast<int32_t>(total);
  char* bytes = Allocate<char>(node, total);
  for (size_t i = 0; i < rows.size; ++i) {
    size_t length = static_cast<size_t>(offsets[i + 1] - offsets[i]);
    if (length == 0) continue;
    const auto& value = strings[rows[i]].value;
    std::memcpy(bytes + offsets[i], length <= 12 ? value.inlined.inlined : value.pointer.ptr, length);
  }
  node->buffers.push_back(offsets);
  node->buffers.push_back(bytes);
}

void Converter::AddList(Node* node, duckdb_vector vector, const EngineType& type, const uint64_t* validity, Rows rows) {
  const auto* entries = static_cast<const duckdb_list_entry*>(duckdb_vector_get_data(vector));
  duckdb_vector child = duckdb_list_vector_get_child(vector);
  auto* offsets = Allocate<int32_t>(node, rows.size + 1);
  uint64_t total = 0;
  bool in_place = true;  // whether the lists lie behind each other in the child, without gaps
  for (size_t i = 0; i < rows.size; ++i) {
    offsets[i] = static_cast<int32_t>(total);
    if (!IsValid(validity, rows[i]) || entries[rows[i]].length == 0) continue;
    in_place = in_place && entries[rows[i]].offset == total;
    total += entries[rows[i]].length;
    if (total > INT32_MAX) {
      throw Error(
          "TINDERBOX_BATCH_TOO_LARGE",
          "The lists of 2,048 rows of one column have more than 2^31 elements, which no result batch can hold.");
    }
  }
  offsets[rows.size] = static_cast<int32_t>(total);
  std::vector<uint32_t> picked;
  if (!in_place) {
    picked.reserve(total);
    for (size_t i = 0; i < rows.size; ++i) {
      if (!IsValid(validity, rows[i])) continue;
      const duckdb_list_entry& entry = entries[rows[i]];
      for (uint64_t k = 0; k < entry.length; ++k) picked.push_back(static_cast<uint32_t>(entry.offset + k));
    }
  }
  node->buffers.push_back(offsets);
  Rows elements{total, in_place ? nullptr : picked.data()};
  if (type.name != "MAP") {
    AddChild(node, Convert(child, type.children[0], elements));
    return;
  }
  auto entry = NewNode();
  entry->buffers.push_back(nullptr);
  for (size_t k = 0; k < 2; ++k) {
    AddChild(entry.get(), Convert(duckdb_struct_vector_get_child(child, k), type.children[k], elements));
  }
  AddChild(node, Finish(std::move(entry), total, 0));
}

ArrowArray Converter::Convert(duckdb_vector vector, const EngineType& type, Rows rows) {
  auto node = NewNode();
  if (type.type.kind() == TypeKind::kNull) return Finish(std::move(node), rows.size, rows.size);
  const uint64_t* validity = duckdb_vector_get_validity(vector);
  const void* data = duckdb_vector_get_data(vector);
  size_t nulls = AddValidity(node.get(), validity, rows);
  switch (type.type.kind()) {
    case TypeKind::kNull:
      break;
    case TypeKind::kBoolean:
      AddBits(node.get(), static_cast<const uint8_t*>(data), rows);
      break;
    case TypeKind::kByte:
      AddFixed<int8_t>(node.get(), data, rows);
      break;
    case TypeKind::kShort:
      AddFixed<int16_t>(node.get(), data, rows);
      break;
    case TypeKind::kInteger:
    case TypeKind::kFloat:
    case TypeKind::kDate:
    case TypeKind::kYearMonthInterval:
      AddFixed<int32_t>(node.get(), data, rows);
      break;
    case TypeKind::kLong:
    case TypeKind::kDouble:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz:
    case TypeKind::kDayTimeInterval:
      AddFixed<int64_t>(node.get(), data, rows);
      break;
    case TypeKind::kDecimal:
      if (type.type.precision() <= 4) {
        AddDecimal<int16_t>(node.get(), data, rows);
      } else if (type.type.precision() <= 9) {
        AddDecimal<int32_t>(node.get(), data, rows);
      } else if (type.type.precision() <= 18) {
        AddDecimal<int64_t>(node.get(), data, rows);
      } else {
        struct Bytes16 {
          uint64_t parts[2];
        };
        AddFixed<Bytes16>(node.get(), data, rows);
      }
      break;
    case TypeKind::kCalendarInterval:
      AddCalendarIntervals(node.get(), data, rows);
      break;
    case TypeKind::kString:
    case TypeKind::kBinary:
      AddStrings(node.get(), data, validity, rows);
      break;
    case TypeKind::kArray:
    case TypeKind::kMap:
      AddList(node.get(), vector, type, validity, rows);
      break;
    case TypeKind::kVariant:
    case TypeKind::kStruct:
      for (size_t k = 0; k < type.children.size(); ++k) {
        AddChild(node.get(), Convert(duckdb_struct_vector_get_child(vector, k), type.children[k], rows));
      }
      break;
  }
  return Finish(std::move(node), rows.size, nulls);
}

}  // namespace

ArrowBatch ToArrow(Chunk chunk, const std::vector<EngineType>& types) {
  size_t rows = duckdb_data_chunk_get_size(chunk.get());
  auto shared = std::make_shared<Chunk>(std::move(chunk));
  Converter converter(shared);
  auto root = converter.NewNode();
  root->buffers.push_back(nullptr);
  for (size_t i = 0; i < types.size(); ++i) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(shared->get(), i);
    root->children.push_back(std::make_unique<ArrowArray>(converter.Convert(vector, types[i], {rows})));
  }
  return ArrowBatch(converter.Finish(std::move(root), rows, 0));
}

ArgumentBatch::ArgumentBatch(const ScalarInput& arguments, size_t first, const std::vector<DataType>& types) {
  Converter converter(nullptr);
  auto root = converter.NewNode();
  root->buffers.push_back(nullptr);
  for (size_t i = 0; i < types.size(); ++i) {
    auto* vector = static_cast<duckdb_vector>(arguments[first + i].handle());
    const LogicalType logical(duckdb_vector_get_column_type(vector));
    EngineType type = FromLogicalType(logical.get());
    if (!ReadTypeAs(&type, types[i])) {
      throw Error("INTERNAL_ERROR", "An argument of a native function has not the type that it should have.");
    }
    root->children.push_back(std::make_unique<ArrowArray>(converter.Convert(vector, type, {arguments.rows()})));
  }
  batch_ = ArrowBatch(converter.Finish(std::move(root), arguments.rows(), 0));
}

}  // namespace tinderbox::engine
