// spark_order_key: bytes that compare as Spark orders the values they stand for.
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <type_traits>

#include "engine/functions/native.h"
#include "engine/functions/value_text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

/// The bytes of an unsigned number, the highest first.
template <typename Unsigned>
void AppendBytes(std::string* out, Unsigned value) {
  for (size_t shift = sizeof value * 8; shift > 0; shift -= 8) out->push_back(static_cast<char>(value >> (shift - 8)));
}

template <typename Signed>
void AppendSigned(std::string* out, Signed value) {
  using Unsigned = std::make_unsigned_t<Signed>;
  AppendBytes(out, static_cast<Unsigned>(static_cast<Unsigned>(value) ^ Unsigned{1} << (sizeof value * 8 - 1)));
}

/// NaN above everything, -0.0 as 0.0.
template <typename Bits, typename Real>
void AppendReal(std::string* out, Real value) {
  constexpr Bits kSign = Bits{1} << (sizeof(Bits) * 8 - 1);
  if (std::isnan(value)) return AppendBytes(out, static_cast<Bits>(~Bits{0}));
  const Bits bits = value == 0 ? Bits{0} : std::bit_cast<Bits>(value);
  AppendBytes(out, static_cast<Bits>((bits & kSign) != 0 ? ~bits : bits | kSign));
}

/// Bytes with an end below every byte that may follow.
void AppendText(std::string* out, std::string_view text) {
  for (const char c : text) {
    if (c == '\0' || c == '\1') out->push_back('\1');
    out->push_back(c);
  }
  out->push_back('\0');
}

void AppendKey(std::string* out, const DataType& type, const InVector& column, size_t row) {
  if (column.IsNull(row)) return out->push_back('\0');
  out->push_back('\1');
  switch (type.kind()) {
    case TypeKind::kNull:
      return;
    case TypeKind::kBoolean:
      return AppendBytes(out, column.Data<uint8_t>()[row]);
    case TypeKind::kByte:
      return AppendSigned(out, column.Data<int8_t>()[row]);
    case TypeKind::kShort:
      return AppendSigned(out, column.Data<int16_t>()[row]);
    case TypeKind::kInteger:
    case TypeKind::kDate:
    case TypeKind::kYearMonthInterval:
      return AppendSigned(out, column.Data<int32_t>()[row]);
    case TypeKind::kLong:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz:
    case TypeKind::kDayTimeInterval:
      return AppendSigned(out, column.Data<int64_t>()[row]);
    case TypeKind::kFloat:
      return AppendReal<uint32_t>(out, column.Data<float>()[row]);
    case TypeKind::kDouble:
      return AppendReal<uint64_t>(out, column.Data<double>()[row]);
    case TypeKind::kDecimal: {
      const __int128 digits = DecimalDigits(type, column, row);
      AppendSigned(out, static_cast<int64_t>(digits >> 64));
      return AppendBytes(out, static_cast<uint64_t>(digits));
    }
    case TypeKind::kString:
    case TypeKind::kBinary:
      return AppendText(out, column.String(row));
    case TypeKind::kArray: {
      const InVector items = column.ListChild();
      const auto range = column.List(row);
      for (uint64_t i = 0; i < range.length; ++i) {
        out->push_back('\1');
        AppendKey(out, type.element(), items, range.offset + i);
      }
      return out->push_back('\0');
    }
    case TypeKind::kStruct:
      for (size_t i = 0; i < type.fields().size(); ++i) {
        AppendKey(out, type.fields()[i].type, column.StructChild(i), row);
      }
      return;
    default:
      throw Error("INTERNAL_ERROR", fmt::format("Values of the type {} have no order.", type.SimpleString()));
  }
}

}  // namespace

void AddNativeOrder(ScalarFunctions* out) {
  out->push_back({.name = "spark_order_key",
                  .parameters = {ParameterType::Any()},
                  .varargs = {},
                  .result = DataType(TypeKind::kBinary),
                  .run = [](const ScalarInput& in, OutVector& result) {
                    const DataType type = in[0].Type();
                    std::string key;
                    for (size_t row = 0; row < in.rows(); ++row) {
                      if (in.AnyNull(row)) continue;
                      key.clear();
                      AppendKey(&key, type, in[0], row);
                      result.SetString(row, key);
                    }
                  }});
}

}  // namespace tinderbox::engine
