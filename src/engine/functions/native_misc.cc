#include <bit>

#include "engine/functions/native_row.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

void AddNativeMisc(ScalarFunctions* out) {
  // Fails with the message; volatile, so that it fails only when it is evaluated, not when a query is planned.
  AddForAllRows(out, "spark_raise_error", {TypeKind::kString}, DataType(TypeKind::kInteger),
                [](const ScalarInput& in, size_t row, OutVector&) {
                  const std::string message(in[0].IsNull(row) ? "null" : in[0].String(row));
                  throw Error("USER_RAISED_EXCEPTION", message, {{"errorMessage", message}});
                });
  out->back().is_volatile = true;
  AddPerRow(out, "spark_bitmap_count", {TypeKind::kBinary}, DataType(TypeKind::kLong),
            [](const ScalarInput& in, size_t row, OutVector& result) {
              int64_t count = 0;
              for (const char c : in[0].String(row)) count += std::popcount(static_cast<unsigned char>(c));
              result.Data<int64_t>()[row] = count;
            });
}

}  // namespace tinderbox::engine
