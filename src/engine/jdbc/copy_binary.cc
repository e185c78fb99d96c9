#include "engine/jdbc/copy_binary.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "base/fail.h"

namespace tinderbox::engine {
namespace {

struct Known {
  uint32_t oid;
  CopyForm form;
  TypeKind kind;
};
constexpr Known kKnown[] = {{16, CopyForm::kBool, TypeKind::kBoolean},
                            {17, CopyForm::kBytes, TypeKind::kBinary},
                            {19, CopyForm::kText, TypeKind::kString},  // name
                            {20, CopyForm::kInt8, TypeKind::kLong},
                            {21, CopyForm::kInt2, TypeKind::kShort},
                            {23, CopyForm::kInt4, TypeKind::kInteger},
                            {25, CopyForm::kText, TypeKind::kString},  // text
                            {26, CopyForm::kOid, TypeKind::kDecimal},
                            {700, CopyForm::kFloat4, TypeKind::kFloat},
                            {701, CopyForm::kFloat8, TypeKind::kDouble},
                            {1042, CopyForm::kText, TypeKind::kString},  // char(n), with its blanks
                            {1043, CopyForm::kText, TypeKind::kString},  // varchar
                            {1082, CopyForm::kDate, TypeKind::kDate},
                            {1083, CopyForm::kTime, TypeKind::kTimestampNtz},
                            {1114, CopyForm::kTimestamp, TypeKind::kTimestampNtz},
                            {1184, CopyForm::kTimestamp, TypeKind::kTimestamp},
                            {1266, CopyForm::kTimeTz, TypeKind::kTimestamp},
                            {1700, CopyForm::kNumeric, TypeKind::kDecimal}};

__int128 PowerOfTen(int exponent) {
  __int128 out = 1;
  for (int i = 0; i < exponent; ++i) out *= 10;
  return out;
}

/// numeric's digits to base 10000, as an unscaled decimal; rounded half up, as Spark does.
__int128 Unscaled(CopyBytes bytes, const DataType& type) {
  const int digits = bytes.Get<int16_t>();
  const int weight = bytes.Get<int16_t>();
  const auto sign = static_cast<uint16_t>(bytes.Get<int16_t>());
  bytes.Get<int16_t>();
  const auto fail = [&](const char* what) {
    base::Fail("NUMERIC_OUT_OF_SUPPORTED_RANGE",
               "A value of type numeric {} {}. Cast the column in PostgreSQL, in the option query.", what, type.Sql());
  };
  if (sign == 0xC000) fail("is NaN, which is no");
  if (sign == 0xD000 || sign == 0xF000) fail("is infinite, which is no");
  const __int128 most = PowerOfTen(type.precision());
  __int128 out = 0;
  int next = 0;  // the decimal digit behind the last one that is kept
  for (int i = 0; i < digits; ++i) {
    const int digit = bytes.Get<int16_t>();
    // The digit's last place is 10^(4 * (weight - i)); what is wanted ends at 10^-scale.
    const int shift = 4 * (weight - i) + type.scale();
    if (shift >= 0) {
      if (digit != 0 && shift > 38) fail("does not fit into");
      if (digit == 0) continue;
      // digit * 10^shift must stay below 10^38.
      if (digit > (most - 1) / PowerOfTen(shift)) fail("does not fit into");
      out += digit * PowerOfTen(shift);
    } else if (shift > -4) {
      const int kept = static_cast<int>(PowerOfTen(-shift));
      out += digit / kept;
      next = digit % kept / (kept / 10);
    } else if (shift == -4) {
      next = digit / 1000;
    }
  }
  if (next >= 5) ++out;
  if (out >= most) fail("does not fit into");
  return sign == 0x4000 ? -out : out;
}

constexpr int64_t kDays1970To2000 = 10957;
constexpr int64_t kMicrosOfDay = 86'400'000'000;
// What Spark makes of infinity: the first and the last instant that it shows.
constexpr int64_t kFirstMicros = -62'135'596'800'000'000, kLastMicros = 253'402'300'799'999'999;

void Set(const Reading& reading, CopyBytes value, OutVector* out, size_t row) {
  switch (reading.form) {
    case CopyForm::kBool:
      out->Data<uint8_t>()[row] = value.Get<int8_t>() != 0;
      return;
    case CopyForm::kInt2:
      out->Data<int16_t>()[row] = value.Get<int16_t>();
      return;
    case CopyForm::kInt4:
      out->Data<int32_t>()[row] = value.Get<int32_t>();
      return;
    case CopyForm::kInt8:
      out->Data<int64_t>()[row] = value.Get<int64_t>();
      return;
    case CopyForm::kOid:
      out->Data<__int128>()[row] = static_cast<uint32_t>(value.Get<int32_t>());
      return;
    case CopyForm::kFloat4:
      out->Data<float>()[row] = std::bit_cast<float>(value.Get<int32_t>());
      return;
    case CopyForm::kFloat8:
      out->Data<double>()[row] = std::bit_cast<double>(value.Get<int64_t>());
      return;
    case CopyForm::kDate: {
      const int32_t days = value.Get<int32_t>();
      out->Data<int32_t>()[row] =
          days == std::numeric_limits<int32_t>::max()   ? static_cast<int32_t>(kLastMicros / kMicrosOfDay)
          : days == std::numeric_limits<int32_t>::min() ? static_cast<int32_t>(kFirstMicros / kMicrosOfDay)
                                                        : static_cast<int32_t>(days + kDays1970To2000);
      return;
    }
    case CopyForm::kTimestamp: {
      const int64_t micros = value.Get<int64_t>();
      out->Data<int64_t>()[row] = micros == std::numeric_limits<int64_t>::max() ? kLastMicros
                                  : micros == std::numeric_limits<int64_t>::min()
                                      ? kFirstMicros
                                      : micros + kDays1970To2000 * kMicrosOfDay;
      return;
    }
    case CopyForm::kTime:
    case CopyForm::kTimeTz: {
      // A time of day is one of 1970-01-01, in whole milliseconds, as the driver gives it to Spark.
      int64_t micros = value.Get<int64_t>() / 1000 * 1000;
      if (reading.form == CopyForm::kTimeTz) micros += value.Get<int32_t>() * int64_t{1'000'000};
      out->Data<int64_t>()[row] = micros;
      return;
    }
    case CopyForm::kNumeric: {
      const __int128 unscaled = Unscaled(value, reading.element);
      const int precision = reading.element.precision();
      if (precision <= 4) {
        out->Data<int16_t>()[row] = static_cast<int16_t>(unscaled);
      } else if (precision <= 9) {
        out->Data<int32_t>()[row] = static_cast<int32_t>(unscaled);
      } else if (precision <= 18) {
        out->Data<int64_t>()[row] = static_cast<int64_t>(unscaled);
      } else {
        out->Data<__int128>()[row] = unscaled;
      }
      return;
    }
    case CopyForm::kBytes:
    case CopyForm::kText:
      out->SetString(row, value.Take(value.size()));
      return;
  }
}

/// The elements of one level of an array, and below it.
void SetElements(const Reading& reading, const std::vector<int32_t>& sizes, size_t level, CopyBytes* bytes,
                 OutVector* list, size_t row) {
  const auto size = static_cast<uint64_t>(level < sizes.size() ? sizes[level] : 0);
  const uint64_t begin = list->ListSize();
  list->ReserveList(begin + size);
  list->SetListSize(begin + size);
  list->SetList(row, begin, size);
  OutVector child = list->ListChild();
  for (uint64_t i = 0; i < size; ++i) {
    if (level + 1 < sizes.size()) {
      SetElements(reading, sizes, level + 1, bytes, &child, begin + i);
      continue;
    }
    const int32_t length = bytes->Get<int32_t>();
    if (length < 0) {
      child.SetNull(begin + i);
    } else {
      Set(reading, CopyBytes(bytes->Take(static_cast<size_t>(length))), &child, begin + i);
    }
  }
}

void SetArray(const Reading& reading, CopyBytes bytes, OutVector* out, size_t row) {
  const int32_t dimensions = bytes.Get<int32_t>();
  bytes.Get<int32_t>();
  bytes.Get<int32_t>();
  std::vector<int32_t> sizes;
  for (int32_t i = 0; i < dimensions; ++i) {
    sizes.push_back(bytes.Get<int32_t>());
    bytes.Get<int32_t>();  // the lower bound
  }
  if (!sizes.empty() && dimensions != reading.dimensions) {
    base::Fail(
        "TINDERBOX_JDBC",
        "The column {} holds an array of {} dimensions, but is declared with {}. Declare it so, or cast it to text "
        "in the option query.",
        reading.select, dimensions, reading.dimensions);
  }
  SetElements(reading, sizes, 0, &bytes, out, row);
}

}  // namespace

Reading ReadingOf(const PostgresColumn& column) {
  const auto known = std::ranges::find(kKnown, column.type, &Known::oid);
  Reading out{QuotePostgres(column.name), CopyForm::kText, DataType(TypeKind::kString), column.dimensions};
  if (column.type == 1560 && column.dimensions == 0) {  // bit(n)
    const bool one = column.modifier == 1;
    out.form = one ? CopyForm::kBool : CopyForm::kBytes;
    out.element = DataType(one ? TypeKind::kBoolean : TypeKind::kBinary);
    out.select += one ? "::int::boolean" : "::text";
    return out;
  }
  if (known == std::end(kKnown)) {
    // Whatever it is, its text is what Spark shows.
    out.select += column.dimensions > 0 ? "::text[]" : "::text";
    return out;
  }
  out.form = known->form;
  if (known->form == CopyForm::kOid) {
    out.element = DataType::Decimal(20, 0);
    return out;
  }
  if (known->form != CopyForm::kNumeric) {
    out.element = DataType(known->kind);
    return out;
  }
  int precision = 38, scale = 18;
  if (column.modifier >= 4) {
    const int packed = column.modifier - 4;
    precision = packed >> 16 & 0xffff;
    scale = packed & 0x7ff;
    if (scale > 1023) scale -= 2048;
    if (scale < 0) {  // numeric(5,-2) holds seven digits
      precision -= scale;
      scale = 0;
    }
    // As Spark bounds a precision that it has not.
    if (precision > 38) {
      scale = std::max(0, scale - (precision - 38));
      precision = 38;
    }
  }
  out.element = DataType::Decimal(precision, scale);
  return out;
}

void CopyBytes::Cut() {
  base::Fail("TINDERBOX_JDBC", "What PostgreSQL sent cannot be read: a value ends before its time.");
}

std::string_view CopyBytes::Take(size_t size) {
  if (bytes_.size() < size) Cut();
  const std::string_view out = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return out;
}

void SetValue(const Reading& reading, CopyBytes value, OutVector* out, size_t row) {
  if (reading.dimensions > 0) {
    SetArray(reading, value, out, row);
  } else {
    Set(reading, value, out, row);
  }
}

}  // namespace tinderbox::engine
