// Functions of vectors, arrays of FLOAT: computed in single precision, eight products at a time, so that the digits are
// Spark's.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "engine/functions/native_row.h"
#include "engine/functions/nested_column.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Vector = std::vector<float>;

/// The elements of a list; nullopt when one is NULL.
std::optional<Vector> Elements(const InVector& items, InVector::Range range) {
  Vector out;
  for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
    if (items.IsNull(i)) return std::nullopt;
    out.push_back(items.Data<float>()[i]);
  }
  return out;
}

void ExpectSameSize(std::string_view function, size_t left, size_t right) {
  if (left == right) return;
  throw Error(
      "VECTOR_DIMENSION_MISMATCH",
      fmt::format("Vectors passed to `{}` must have the same dimension, but got {} and {}.", function, left, right),
      {{"functionName", fmt::format("`{}`", function)},
       {"leftDim", std::to_string(left)},
       {"rightDim", std::to_string(right)}});
}

/// The sum of term(i), eight of them added up before they go into the sum.
template <typename Term>
float Sum(size_t size, const Term& term) {
  float sum = 0;
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    float part = term(i);
    for (size_t k = 1; k < 8; ++k) part += term(i + k);
    sum += part;
  }
  for (; i < size; ++i) sum += term(i);
  return sum;
}

float Dot(const Vector& a, const Vector& b) {
  return Sum(a.size(), [&](size_t i) { return a[i] * b[i]; });
}

std::optional<float> InnerProduct(const Vector& a, const Vector& b) {
  return Dot(a, b);
}

std::optional<float> Cosine(const Vector& a, const Vector& b) {
  const auto scale = static_cast<float>(std::sqrt(static_cast<double>(Dot(a, a) * Dot(b, b))));
  if (scale == 0) return std::nullopt;
  return Dot(a, b) / scale;
}

std::optional<float> Distance(const Vector& a, const Vector& b) {
  const float squares = Sum(a.size(), [&](size_t i) { return (a[i] - b[i]) * (a[i] - b[i]); });
  return static_cast<float>(std::sqrt(static_cast<double>(squares)));
}

float Norm(const Vector& v, float degree, std::string_view function) {
  if (degree == 1) return Sum(v.size(), [&](size_t i) { return std::abs(v[i]); });
  if (degree == 2) return static_cast<float>(std::sqrt(static_cast<double>(Dot(v, v))));
  if (degree == std::numeric_limits<float>::infinity()) {
    float largest = 0;
    for (const float x : v) largest = std::max(largest, std::abs(x));
    return largest;
  }
  std::string shown = fmt::format("{}", degree);
  if (shown.find_first_of(".en") == std::string::npos) shown += ".0";
  throw Error(
      "INVALID_VECTOR_NORM_DEGREE",
      fmt::format("For the `{}` function, degree must be 1.0, 2.0, or float('inf'), but got {}.", function, shown),
      {{"functionName", fmt::format("`{}`", function)}, {"degree", shown}});
}

void Normalize(const ScalarInput& in, OutVector& result) {
  static const DataType type = DataType::Array(DataType(TypeKind::kFloat), false);
  NestedColumn column(type, result);
  const InVector items = in[0].ListChild();
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) continue;
    const auto vector = Elements(items, in[0].List(row));
    const float norm = Norm(vector.value_or(Vector()), in[1].Data<float>()[row], "vector_normalize");
    if (!vector || (norm == 0 && !vector->empty())) {
      column.SetNull(row);
      continue;
    }
    const size_t first = column.SetList(row, vector->size());
    for (size_t i = 0; i < vector->size(); ++i) column.child(0).out().Data<float>()[first + i] = (*vector)[i] / norm;
  }
  column.Finish();
}

/// The sum or the mean of a list of vectors; those that are NULL or have a NULL do not count.
void Gather(const ScalarInput& in, OutVector& result, bool mean) {
  static const DataType type = DataType::Array(DataType(TypeKind::kFloat), false);
  NestedColumn column(type, result);
  const InVector vectors = in[0].ListChild();
  const InVector items = vectors.ListChild();
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in[0].IsNull(row)) continue;
    std::optional<Vector> total;
    float count = 0;
    const auto range = in[0].List(row);
    for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
      if (vectors.IsNull(i)) continue;
      const auto vector = Elements(items, vectors.List(i));
      if (!vector) continue;
      ++count;
      if (!total) {
        total = *vector;
        continue;
      }
      ExpectSameSize(mean ? "vector_avg" : "vector_sum", total->size(), vector->size());
      for (size_t k = 0; k < vector->size(); ++k) {
        float& sum = (*total)[k];
        sum += mean ? ((*vector)[k] - sum) / count : (*vector)[k];
      }
    }
    if (!total) {
      column.SetNull(row);
      continue;
    }
    const size_t first = column.SetList(row, total->size());
    for (size_t k = 0; k < total->size(); ++k) column.child(0).out().Data<float>()[first + k] = (*total)[k];
  }
  column.Finish();
}

}  // namespace

void AddNativeVectors(ScalarFunctions* out) {
  const DataType vector = DataType::Array(DataType(TypeKind::kFloat));
  const auto pair = [&](const char* name, const char* function,
                        std::optional<float> (*of)(const Vector&, const Vector&)) {
    AddPerRow(out, name, {vector, vector}, DataType(TypeKind::kFloat),
              [of, function](const ScalarInput& in, size_t row, OutVector& result) {
                ExpectSameSize(function, in[0].List(row).length, in[1].List(row).length);
                const auto a = Elements(in[0].ListChild(), in[0].List(row));
                const auto b = Elements(in[1].ListChild(), in[1].List(row));
                const auto value = a && b ? of(*a, *b) : std::nullopt;
                if (!value) return result.SetNull(row);
                result.Data<float>()[row] = *value;
              });
  };
  pair("spark_vector_inner_product", "vector_inner_product", InnerProduct);
  pair("spark_vector_cosine", "vector_cosine_similarity", Cosine);
  pair("spark_vector_distance", "vector_l2_distance", Distance);
  AddPerRow(out, "spark_vector_norm", {vector, TypeKind::kFloat}, DataType(TypeKind::kFloat),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              const auto elements = Elements(in[0].ListChild(), in[0].List(row));
              const float norm = Norm(elements.value_or(Vector()), in[1].Data<float>()[row], "vector_norm");
              if (!elements) return result.SetNull(row);
              result.Data<float>()[row] = norm;
            });
  const DataType made = DataType::Array(DataType(TypeKind::kFloat), false);
  out->push_back({.name = "spark_vector_normalize",
                  .parameters = {vector, TypeKind::kFloat},
                  .varargs = {},
                  .result = made,
                  .run = Normalize});
  for (const bool mean : {false, true}) {
    out->push_back({.name = mean ? "spark_vector_avg" : "spark_vector_sum",
                    .parameters = {DataType::Array(vector)},
                    .varargs = {},
                    .result = made,
                    .run = [mean](const ScalarInput& in, OutVector& result) { Gather(in, result, mean); }});
  }
}

}  // namespace tinderbox::engine
