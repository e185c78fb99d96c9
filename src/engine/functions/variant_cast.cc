#include "engine/functions/variant_cast.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <optional>

#include "engine/functions/native_times.h"
#include "engine/functions/text_values.h"
#include "engine/functions/value_text.h"
#include "spark/text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr __int128 kMicros = 1000000;

bool IsNumber(VariantKind kind) {
  return kind == VariantKind::kLong || kind == VariantKind::kFloat || kind == VariantKind::kDouble ||
         kind == VariantKind::kDecimal;
}

__int128 PowerOfTen(int exponent) {
  __int128 out = 1;
  for (int i = 0; i < exponent; ++i) out *= 10;
  return out;
}

/// The value as a whole number, cut off towards zero; nullopt when it has none.
std::optional<__int128> WholeOf(const VariantView& variant) {
  switch (variant.kind()) {
    case VariantKind::kBoolean:
      return variant.Boolean() ? 1 : 0;
    case VariantKind::kLong:
      return variant.Long();
    case VariantKind::kDecimal: {
      const VariantView::Decimal value = variant.ShortDecimal();
      return value.digits / PowerOfTen(value.scale);
    }
    case VariantKind::kFloat:
    case VariantKind::kDouble: {
      const double value =
          variant.kind() == VariantKind::kFloat ? static_cast<double>(variant.Float()) : variant.Double();
      if (!(std::abs(value) < 1e19)) return std::nullopt;
      return static_cast<__int128>(value);
    }
    case VariantKind::kTimestamp:
      return FloorDivide(variant.Long(), kMicrosOfSecond);
    default:
      return std::nullopt;
  }
}

/// The instant that a number of seconds means.
std::optional<int64_t> InstantOf(const VariantView& variant) {
  __int128 micros = 0;
  if (variant.kind() == VariantKind::kLong) {
    micros = kMicros * variant.Long();
  } else if (variant.kind() == VariantKind::kDecimal) {
    const VariantView::Decimal value = variant.ShortDecimal();
    const __int128 unit = PowerOfTen(value.scale);
    const __int128 whole = value.digits / unit;
    if (whole > PowerOfTen(20) || whole < -PowerOfTen(20)) return std::nullopt;
    const __int128 rest = value.digits % unit;
    micros =
        whole * kMicros + (value.scale > 6 ? rest / PowerOfTen(value.scale - 6) : rest * PowerOfTen(6 - value.scale));
  } else {
    const double seconds =
        variant.kind() == VariantKind::kFloat ? static_cast<double>(variant.Float()) : variant.Double();
    const double exact = seconds * 1e6;
    if (!(std::abs(exact) < 9223372036854775808.0)) return std::nullopt;
    return static_cast<int64_t>(exact);
  }
  if (micros > std::numeric_limits<int64_t>::max() || micros < std::numeric_limits<int64_t>::min()) return std::nullopt;
  return static_cast<int64_t>(micros);
}

template <typename T>
bool Put(NestedColumn& column, size_t row, const std::optional<T>& value) {
  if (!value) return false;
  column.out().Data<T>()[row] = *value;
  return true;
}

}  // namespace

/// CAST(value AS STRING) of what is no container.
std::string VariantCast::Text(const VariantView& variant) const {
  std::string out;
  switch (variant.kind()) {
    case VariantKind::kString:
      return std::string(variant.Bytes());
    case VariantKind::kBinary:
      AppendValidUtf8(&out, variant.Bytes());
      return out;
    case VariantKind::kFloat:
      spark::AppendFloat(&out, variant.Float());
      return out;
    case VariantKind::kDouble:
      spark::AppendDouble(&out, variant.Double());
      return out;
    case VariantKind::kDate:
      spark::AppendDate(&out, variant.Long());
      return out;
    case VariantKind::kTimestamp:
      spark::AppendTimestamp(&out, zone_->ToLocal(variant.Long()));
      return out;
    case VariantKind::kTimestampNtz:
      spark::AppendTimestamp(&out, variant.Long());
      return out;
    case VariantKind::kUuid:
      AppendUuid(&out, variant.Bytes());
      return out;
    default:
      AppendVariantJson(&out, variant, *zone_);
      return out;
  }
}

bool VariantCast::WriteScalar(const VariantView& variant, NestedColumn& column, size_t row) const {
  const DataType& type = column.type();
  const VariantKind from = variant.kind();
  if (type.kind() == TypeKind::kString) {
    column.out().SetString(row, Text(variant));
    return true;
  }
  if (from == VariantKind::kObject || from == VariantKind::kArray || from == VariantKind::kUuid) return false;
  const bool text = from == VariantKind::kString;
  const std::string_view bytes = text ? variant.Bytes() : std::string_view();
  const bool arithmetic = IsNumber(from) || from == VariantKind::kBoolean || from == VariantKind::kTimestamp;
  const auto integer = [&]<typename T>(T) {
    using Limits = std::numeric_limits<T>;
    if (text) {
      const auto value = ParseInteger(bytes, Limits::min(), Limits::max());
      return value && Put(column, row, std::optional(static_cast<T>(*value)));
    }
    const auto value = WholeOf(variant);
    return value && *value >= Limits::min() && *value <= Limits::max() &&
           Put(column, row, std::optional(static_cast<T>(*value)));
  };
  /// The decimal text of what is a number.
  const auto number = [&] {
    if (from == VariantKind::kBoolean) return std::string(variant.Boolean() ? "1" : "0");
    if (from != VariantKind::kTimestamp) return Text(variant);
    std::string out;
    spark::AppendDecimal(&out, {variant.Long(), 6});
    return out;
  };
  switch (type.kind()) {
    case TypeKind::kByte:
      return integer(int8_t{});
    case TypeKind::kShort:
      return integer(int16_t{});
    case TypeKind::kInteger:
      return integer(int32_t{});
    case TypeKind::kLong:
      return integer(int64_t{});
    case TypeKind::kFloat:
      if (text) return Put(column, row, ParseFloat(bytes));
      return arithmetic && Put(column, row, ParseFloat(number()));
    case TypeKind::kDouble:
      if (text) return Put(column, row, ParseDouble(bytes));
      if (from == VariantKind::kFloat) return Put(column, row, std::optional(static_cast<double>(variant.Float())));
      return arithmetic && Put(column, row, ParseDouble(number()));
    case TypeKind::kDecimal: {
      if (!text && !arithmetic) return false;
      __int128 digits = 0;
      if (ParseDecimal(text ? std::string(bytes) : number(), type.precision(), type.scale(), &digits) !=
          DecimalStatus::kOk) {
        return false;
      }
      WriteDecimal(type, column.out(), row, digits);
      return true;
    }
    case TypeKind::kBoolean: {
      std::optional<bool> value;
      if (text) value = ParseBoolean(bytes);
      if (from == VariantKind::kBoolean) value = variant.Boolean();
      if (from == VariantKind::kLong) value = variant.Long() != 0;
      if (from == VariantKind::kDecimal) value = variant.ShortDecimal().digits != 0;
      if (from == VariantKind::kFloat) value = variant.Float() != 0;
      if (from == VariantKind::kDouble) value = variant.Double() != 0;
      return value && Put(column, row, std::optional<uint8_t>(*value ? 1 : 0));
    }
    case TypeKind::kBinary:
      if (!text && from != VariantKind::kBinary) return false;
      column.out().SetString(row, variant.Bytes());
      return true;
    case TypeKind::kDate: {
      std::optional<int32_t> days;
      if (text) days = ParseDate(bytes);
      const bool instant = from == VariantKind::kTimestamp;
      if (from == VariantKind::kDate) days = static_cast<int32_t>(variant.Long());
      if (instant || from == VariantKind::kTimestampNtz) {
        days =
            static_cast<int32_t>(FloorDivide(instant ? zone_->ToLocal(variant.Long()) : variant.Long(), kMicrosOfDay));
      }
      return Put(column, row, days);
    }
    case TypeKind::kTimestamp: {
      std::optional<int64_t> micros;
      if (text) micros = ParseInstant(bytes, zone_name_);
      if (IsNumber(from)) micros = InstantOf(variant);
      if (from == VariantKind::kTimestamp) micros = variant.Long();
      if (from == VariantKind::kTimestampNtz) micros = zone_->ToInstant(variant.Long());
      if (from == VariantKind::kDate) micros = zone_->ToInstant(variant.Long() * kMicrosOfDay);
      return Put(column, row, micros);
    }
    case TypeKind::kTimestampNtz: {
      std::optional<int64_t> micros;
      if (text) {
        const auto parsed = ParseTimestamp(bytes);
        if (parsed) micros = parsed->local_micros;
      }
      if (from == VariantKind::kTimestamp) micros = zone_->ToLocal(variant.Long());
      if (from == VariantKind::kTimestampNtz) micros = variant.Long();
      if (from == VariantKind::kDate) micros = variant.Long() * kMicrosOfDay;
      return Put(column, row, micros);
    }
    case TypeKind::kTime:
      return text && Put(column, row, ParseTime(bytes));
    default:
      return false;
  }
}

bool VariantCast::WriteNested(const VariantView& variant, NestedColumn& column, size_t row) const {
  const bool array = column.type().kind() == TypeKind::kArray;
  if (variant.kind() != (array ? VariantKind::kArray : VariantKind::kObject)) return false;
  const size_t size = variant.size();
  if (array) {
    const size_t first = column.SetList(row, size);
    for (size_t i = 0; i < size; ++i) Write(variant.Child(i), column.child(0), first + i);
    return true;
  }
  if (column.type().kind() == TypeKind::kMap) {
    const size_t first = column.SetList(row, size);
    for (size_t i = 0; i < size; ++i) {
      column.child(0).out().SetString(first + i, variant.Key(i));
      Write(variant.Child(i), column.child(1), first + i);
    }
    return true;
  }
  for (size_t i = 0; i < column.child_count(); ++i) {
    const auto field = variant.Field(column.type().fields()[i].name);
    if (field) {
      Write(*field, column.child(i), row);
    } else {
      column.child(i).SetNull(row);
    }
  }
  return true;
}

void VariantCast::Write(const VariantView& variant, NestedColumn& column, size_t row) const {
  const DataType& type = column.type();
  if (type.kind() == TypeKind::kVariant) {
    VariantBuilder copy;
    copy.Copy(variant);
    return WriteVariant(copy, column.out(), row);
  }
  if (variant.kind() == VariantKind::kNull) return column.SetNull(row);
  if (type.IsNested() ? WriteNested(variant, column, row) : WriteScalar(variant, column, row)) return;
  if (!tolerant_) {
    std::string json;
    AppendVariantJson(&json, variant, *zone_);
    const std::string wanted = "\"" + type.Sql() + "\"";
    throw Error("INVALID_VARIANT_CAST",
                fmt::format("The variant value `{}` cannot be cast into `{}`. Please use `try_variant_get` instead.",
                            json, wanted),
                {{"value", json}, {"dataType", wanted}});
  }
  column.SetNull(row);
}

void AppendCellToVariant(const DataType& type, const InVector& column, size_t row, VariantBuilder* out) {
  if (type.kind() == TypeKind::kNull || column.IsNull(row)) return out->Null();
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return out->Boolean(column.Data<uint8_t>()[row] != 0);
    case TypeKind::kByte:
      return out->Long(column.Data<int8_t>()[row]);
    case TypeKind::kShort:
      return out->Long(column.Data<int16_t>()[row]);
    case TypeKind::kInteger:
      return out->Long(column.Data<int32_t>()[row]);
    case TypeKind::kLong:
      return out->Long(column.Data<int64_t>()[row]);
    case TypeKind::kFloat:
      return out->Float(column.Data<float>()[row]);
    case TypeKind::kDouble:
      return out->Double(column.Data<double>()[row]);
    case TypeKind::kDecimal:
      return out->Decimal(DecimalDigits(type, column, row), type.scale());
    case TypeKind::kString:
      return out->String(column.String(row));
    case TypeKind::kBinary:
      return out->Binary(column.String(row));
    case TypeKind::kDate:
      return out->Date(column.Data<int32_t>()[row]);
    case TypeKind::kTimestamp:
      return out->Timestamp(column.Data<int64_t>()[row]);
    case TypeKind::kTimestampNtz:
      return out->TimestampNtz(column.Data<int64_t>()[row]);
    case TypeKind::kVariant:
      return out->Copy(VariantAt(column, row));
    case TypeKind::kArray: {
      const InVector items = column.ListChild();
      const auto range = column.List(row);
      const size_t start = out->position();
      std::vector<size_t> starts;
      for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
        starts.push_back(out->position());
        AppendCellToVariant(type.element(), items, i, out);
      }
      return out->CloseArray(start, starts);
    }
    case TypeKind::kMap: {
      const InVector entries = column.ListChild();
      const InVector keys = entries.StructChild(0);
      const InVector values = entries.StructChild(1);
      const auto range = column.List(row);
      const size_t start = out->position();
      std::vector<VariantBuilder::Field> fields;
      for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
        fields.push_back(out->StartField(keys.String(i)));
        AppendCellToVariant(type.value(), values, i, out);
      }
      out->CloseObject(start, std::move(fields));
      return;
    }
    case TypeKind::kStruct: {
      const size_t start = out->position();
      std::vector<VariantBuilder::Field> fields;
      for (size_t i = 0; i < type.fields().size(); ++i) {
        fields.push_back(out->StartField(type.fields()[i].name));
        AppendCellToVariant(type.fields()[i].type, column.StructChild(i), row, out);
      }
      if (!out->CloseObject(start, std::move(fields))) {
        throw Error("VARIANT_DUPLICATE_KEY", "Failed to build variant because of a duplicate object key.");
      }
      return;
    }
    default:
      throw Error("INTERNAL_ERROR", "A value of a type that a variant cannot hold.");
  }
}

void WriteVariant(const VariantBuilder& built, OutVector& out, size_t row) {
  out.StructChild(0).SetString(row, built.value());
  out.StructChild(1).SetString(row, built.Metadata());
}

VariantView VariantAt(const InVector& column, size_t row) {
  return {column.StructChild(0).String(row), column.StructChild(1).String(row)};
}

}  // namespace tinderbox::engine
