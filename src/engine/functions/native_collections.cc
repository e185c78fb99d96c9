#include <fmt/format.h>

#include "engine/functions/native.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

/// array[i], 0-based, as a 1-based index.
int64_t ArrayIndex(int64_t index, int64_t size) {
  if (index < 0 || index >= size) {
    throw Error(
        "INVALID_ARRAY_INDEX",
        fmt::format(
            "The index {} is out of bounds. The array has {} elements. Use the SQL function `get()` to tolerate "
            "accessing element at invalid index and return NULL instead.",
            index, size),
        {{"indexValue", std::to_string(index)}, {"arraySize", std::to_string(size)}});
  }
  return index + 1;
}

int64_t ElementIndex(int64_t index, int64_t size) {
  if (index == 0)
    throw Error("INVALID_INDEX_OF_ZERO",
                "The index 0 is invalid. An index shall be either < 0 or > 0 (the first element has index 1).");
  if (index > size || index < -size) {
    throw Error(
        "INVALID_ARRAY_INDEX_IN_ELEMENT_AT",
        fmt::format(
            "The index {} is out of bounds. The array has {} elements. Use `try_element_at` to tolerate accessing "
            "element at invalid index and return NULL instead.",
            index, size),
        {{"indexValue", std::to_string(index)}, {"arraySize", std::to_string(size)}});
  }
  return index;
}

/// Joins a list's texts; NULLs are `replacement`, or left out when there is none.
void Join(const ScalarInput& in, OutVector& result) {
  const InVector items = in[0].ListChild();
  std::string text;
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) continue;
    text.clear();
    bool first = true;
    const auto range = in[0].List(row);
    for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
      if (items.IsNull(i) && in.size() < 3) continue;
      if (!first) text += in[1].String(row);
      text += items.IsNull(i) ? in[2].String(row) : items.String(i);
      first = false;
    }
    result.SetString(row, text);
  }
}

/// exists (`decisive` true) and forall (false) over a list of booleans.
void Quantify(const ScalarInput& in, OutVector& result, bool decisive) {
  const InVector items = in[0].ListChild();
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) continue;
    bool found = false;
    bool unknown = false;
    const auto range = in[0].List(row);
    for (uint64_t i = range.offset; i < range.offset + range.length && !found; ++i) {
      if (items.IsNull(i)) {
        unknown = true;
      } else {
        found = (items.Data<uint8_t>()[i] != 0) == decisive;
      }
    }
    if (!found && unknown) {
      result.SetNull(row);
    } else {
      result.Data<uint8_t>()[row] = found == decisive ? 1 : 0;
    }
  }
}

}  // namespace

void AddNativeCollections(ScalarFunctions* out) {
  constexpr TypeKind l = TypeKind::kLong;
  constexpr TypeKind s = TypeKind::kString;
  const auto index = [&](const char* name, int64_t (*f)(int64_t, int64_t)) {
    out->push_back({.name = name,
                    .parameters = {l, l},
                    .varargs = {},
                    .result = DataType(l),
                    .run = PerRow([f](const ScalarInput& in, size_t row, OutVector& result) {
                      result.Data<int64_t>()[row] = f(in[0].Data<int64_t>()[row], in[1].Data<int64_t>()[row]);
                    })});
  };
  index("spark_array_index", ArrayIndex);
  index("spark_element_index", ElementIndex);
  out->push_back({.name = "spark_try_element_index",
                  .parameters = {l, l},
                  .varargs = {},
                  .result = DataType(l),
                  .run = PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
                    const int64_t at = in[0].Data<int64_t>()[row];
                    const int64_t size = in[1].Data<int64_t>()[row];
                    if (at != 0 && (at > size || at < -size)) {
                      result.SetNull(row);
                    } else {
                      result.Data<int64_t>()[row] = ElementIndex(at, size);
                    }
                  })});
  const DataType texts = DataType::Array(DataType(s));
  out->push_back(
      {.name = "spark_array_join", .parameters = {texts, s}, .varargs = {}, .result = DataType(s), .run = Join});
  out->push_back(
      {.name = "spark_array_join", .parameters = {texts, s, s}, .varargs = {}, .result = DataType(s), .run = Join});
  const DataType bytes(TypeKind::kBinary);
  out->push_back({.name = "spark_array_join",
                  .parameters = {DataType::Array(bytes), bytes},
                  .varargs = {},
                  .result = bytes,
                  .run = Join});
  const DataType truths = DataType::Array(DataType(TypeKind::kBoolean));
  for (const bool decisive : {true, false}) {
    out->push_back({.name = decisive ? "spark_exists" : "spark_for_all",
                    .parameters = {truths},
                    .varargs = {},
                    .result = DataType(TypeKind::kBoolean),
                    .run = [decisive](const ScalarInput& in, OutVector& result) { Quantify(in, result, decisive); }});
  }
}

}  // namespace tinderbox::engine
