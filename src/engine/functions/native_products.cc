// Products of decimals, whose digits DuckDB's own product refuses beyond 18.
#include "engine/functions/native_products.h"

#include <fmt/format.h>

#include <cstdio>

#include "engine/duckdb/scalar_function.h"
#include "engine/functions/family.h"
#include "engine/functions/native.h"
#include "engine/functions/stored_digits.h"
#include "engine/functions/wide.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

/// Whether |a * b| has at most 38 digits, and then the product.
bool Product(__int128 a, __int128 b, __int128* product) {
  const auto narrow_a = static_cast<int64_t>(a);
  const auto narrow_b = static_cast<int64_t>(b);
  if (narrow_a == a && narrow_b == b) {
    *product = static_cast<__int128>(narrow_a) * narrow_b;
    return true;
  }
  if (__builtin_mul_overflow(a, b, product)) return false;
  const auto limit = static_cast<__int128>(PowerOfTen(38));
  return -limit < *product && *product < limit;
}

template <typename A, typename B>
void Multiply(const ScalarInput& in, OutVector& result, int scale) {
  const A* a = in[0].Data<A>();
  const B* b = in[1].Data<B>();
  __int128* out = result.Data<__int128>();
  if constexpr (sizeof(A) <= 8 && sizeof(B) <= 8) {
    // Nothing can overflow, whatever the rows of NULL arguments hold.
    for (size_t row = 0; row < in.rows(); ++row) out[row] = static_cast<__int128>(a[row]) * b[row];
  } else {
    const bool nulls = in[0].MayHaveNull() || in[1].MayHaveNull();
    for (size_t row = 0; row < in.rows(); ++row) {
      if (nulls && in.AnyNull(row)) continue;
      if (!Product(a[row], b[row], &out[row])) out[row] = MultiplyDigits(a[row], b[row], scale);  // throws
    }
  }
}

using Run = void (*)(const ScalarInput&, OutVector&, int);

template <typename A>
Run RunOf(int right) {
  return right <= 4    ? Multiply<A, int16_t>
         : right <= 9  ? Multiply<A, int32_t>
         : right <= 18 ? Multiply<A, int64_t>
                       : Multiply<A, StoredDigits>;
}

Run RunOf(int left, int right) {
  return left <= 4    ? RunOf<int16_t>(right)
         : left <= 9  ? RunOf<int32_t>(right)
         : left <= 18 ? RunOf<int64_t>(right)
                      : RunOf<StoredDigits>(right);
}

constexpr char kFamily[] = "spark_decimal_product";

ScalarFunction Member(const std::string& payload) {
  int a[2], b[2], out[2];
  if (std::sscanf(payload.c_str(), "%d,%d,%d,%d,%d,%d", &a[0], &a[1], &b[0], &b[1], &out[0], &out[1]) != 6) {
    throw Error("INTERNAL_ERROR", fmt::format("{} is called as {}.", kFamily, payload));
  }
  return {.name = {},
          .parameters = {DataType::Decimal(a[0], a[1]), DataType::Decimal(b[0], b[1])},
          .varargs = {},
          .result = DataType::Decimal(out[0], out[1]),
          .run = [run = RunOf(a[0], b[0]), scale = out[1]](const ScalarInput& in, OutVector& result) {
            run(in, result, scale);
          }};
}

}  // namespace

Sql DecimalProduct(const Sql& left, const DataType& a, const Sql& right, const DataType& b, const DataType& type) {
  const std::string payload = fmt::format("{},{},{},{},{},{}", a.precision(), a.scale(), b.precision(), b.scale(),
                                          type.precision(), type.scale());
  return Call(MemberName(kFamily, payload).c_str(), {left, right});
}

void AddNativeProducts(ScalarFunctions* out) {
  AddFamily(out, kFamily, Member);
}

}  // namespace tinderbox::engine
