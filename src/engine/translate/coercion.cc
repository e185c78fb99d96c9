#include "engine/translate/coercion.h"

#include <algorithm>
#include <array>

#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

int NumericRank(TypeKind kind) {
  switch (kind) {
    case TypeKind::kByte:
      return 0;
    case TypeKind::kShort:
      return 1;
    case TypeKind::kInteger:
      return 2;
    case TypeKind::kLong:
      return 3;
    case TypeKind::kFloat:
      return 4;
    default:
      return 5;
  }
}

DataType WiderDecimal(const DataType& a, const DataType& b) {
  const int scale = std::max(a.scale(), b.scale());
  const int integral = std::max(a.precision() - a.scale(), b.precision() - b.scale());
  return BoundedDecimal(integral + scale, scale);
}

std::optional<DataType> CommonNumeric(const DataType& a, const DataType& b, bool ansi) {
  const bool decimal_a = a.kind() == TypeKind::kDecimal;
  const bool decimal_b = b.kind() == TypeKind::kDecimal;
  if (decimal_a && decimal_b) return WiderDecimal(a, b);
  if (decimal_a || decimal_b) {
    const DataType& other = decimal_a ? b : a;
    if (!other.IsIntegral()) return DataType(TypeKind::kDouble);
    return WiderDecimal(decimal_a ? a : b, DecimalOf(other));
  }
  const DataType& wider = NumericRank(a.kind()) >= NumericRank(b.kind()) ? a : b;
  // An integral type and FLOAT meet in DOUBLE, so that no digit of the integer is lost.
  if (wider.kind() == TypeKind::kFloat && ansi) return DataType(TypeKind::kDouble);
  return wider;
}

std::optional<DataType> CommonWithString(const DataType& other, bool ansi) {
  // Without ANSI rules everything can become text.
  if (!ansi) {
    if (other.IsNested() || other.kind() == TypeKind::kBinary) return std::nullopt;
    return DataType(TypeKind::kString);
  }
  if (other.IsIntegral()) return DataType(TypeKind::kLong);
  if (other.IsNumeric()) return DataType(TypeKind::kDouble);
  if (other.IsNested() || IsInterval(other) || other.kind() == TypeKind::kVariant) return std::nullopt;
  return other;
}

std::optional<DataType> CommonNested(const DataType& a, const DataType& b, bool ansi) {
  if (a.kind() == TypeKind::kArray) {
    const auto element = LeastCommonType(a.element(), b.element(), ansi);
    if (!element) return std::nullopt;
    return DataType::Array(*element, a.contains_null() || b.contains_null());
  }
  if (a.kind() == TypeKind::kMap) {
    const auto key = LeastCommonType(a.key(), b.key(), ansi);
    const auto value = LeastCommonType(a.value(), b.value(), ansi);
    if (!key || !value) return std::nullopt;
    return DataType::Map(*key, *value, a.contains_null() || b.contains_null());
  }
  if (a.fields().size() != b.fields().size()) return std::nullopt;
  std::vector<StructField> fields;
  for (size_t i = 0; i < a.fields().size(); ++i) {
    const auto type = LeastCommonType(a.fields()[i].type, b.fields()[i].type, ansi);
    if (!type) return std::nullopt;
    fields.push_back({a.fields()[i].name, *type, a.fields()[i].nullable || b.fields()[i].nullable});
  }
  return DataType::Struct(std::move(fields));
}

}  // namespace

bool IsDateOrTime(const DataType& type) {
  return type.kind() == TypeKind::kDate || type.kind() == TypeKind::kTimestamp ||
         type.kind() == TypeKind::kTimestampNtz;
}

bool IsInterval(const DataType& type) {
  return type.kind() == TypeKind::kYearMonthInterval || type.kind() == TypeKind::kDayTimeInterval;
}

bool HasOrder(const DataType& type) {
  if (type.kind() == TypeKind::kMap || type.kind() == TypeKind::kCalendarInterval ||
      type.kind() == TypeKind::kVariant) {
    return false;
  }
  if (type.kind() == TypeKind::kArray) return HasOrder(type.element());
  if (type.kind() != TypeKind::kStruct) return true;
  return std::ranges::all_of(type.fields(), [](const StructField& field) { return HasOrder(field.type); });
}

DataType DecimalOf(const DataType& integral) {
  switch (integral.kind()) {
    case TypeKind::kByte:
      return DataType::Decimal(3, 0);
    case TypeKind::kShort:
      return DataType::Decimal(5, 0);
    case TypeKind::kInteger:
      return DataType::Decimal(10, 0);
    default:
      return DataType::Decimal(20, 0);
  }
}

DataType AdjustedDecimal(int precision, int scale) {
  if (precision <= 38) return DataType::Decimal(precision, scale);
  return DataType::Decimal(38, std::max(38 - (precision - scale), std::min(scale, 6)));
}

DataType BoundedDecimal(int precision, int scale) {
  if (precision <= 38) return DataType::Decimal(precision, scale);
  return DataType::Decimal(38, std::max(0, scale - (precision - 38)));
}

std::optional<DataType> LeastCommonType(const DataType& a, const DataType& b, bool ansi) {
  if (a == b) return a;
  if (a.kind() == TypeKind::kNull) return b;
  if (b.kind() == TypeKind::kNull) return a;
  if (a.IsNumeric() && b.IsNumeric()) return CommonNumeric(a, b, ansi);
  if (a.kind() == b.kind()) {
    if (a.IsNested()) return CommonNested(a, b, ansi);
    const int first = std::min(a.start_field(), b.start_field());
    if (a.kind() == TypeKind::kYearMonthInterval) {
      return DataType::YearMonthInterval(first, std::max(a.end_field(), b.end_field()));
    }
    if (a.kind() == TypeKind::kDayTimeInterval) {
      return DataType::DayTimeInterval(first, std::max(a.end_field(), b.end_field()));
    }
    if (a.kind() == TypeKind::kTime) return DataType::Time(std::max(a.precision(), b.precision()));
    return a;
  }
  if (a.kind() == TypeKind::kString) return CommonWithString(b, ansi);
  if (b.kind() == TypeKind::kString) return CommonWithString(a, ansi);
  if (IsDateOrTime(a) && IsDateOrTime(b)) {
    const auto either = [&](TypeKind kind) { return a.kind() == kind || b.kind() == kind; };
    return DataType(either(TypeKind::kTimestamp) ? TypeKind::kTimestamp : TypeKind::kTimestampNtz);
  }
  return std::nullopt;
}

DataType CommonType(const DataType& a, const DataType& b) {
  const auto type = LeastCommonType(a, b);
  if (!type) RefuseTypes("common type", a, b);
  return *type;
}

Typed NullOf(const DataType& type) {
  return {CastTo(Token("NULL"), type), type, true};
}

Typed Coerce(const Typed& value, const DataType& to, const Scope& scope) {
  if (value.type == to) return value;
  return TranslateCast(value, to, scope, false);
}

std::optional<DataType> ComparedType(const DataType& a, const DataType& b, bool ansi) {
  if (!ansi && (a.kind() == TypeKind::kString) != (b.kind() == TypeKind::kString)) {
    const DataType& other = a.kind() == TypeKind::kString ? b : a;
    if (!other.IsNested() && other.kind() != TypeKind::kNull) return other;
  }
  return LeastCommonType(a, b, ansi);
}

DataType CoerceCompared(std::vector<Typed>& values, const Scope& scope, std::string_view operation) {
  if (scope.ansi || values.size() != 2) return CoerceAll(values, scope, operation);
  const auto type = ComparedType(values[0].type, values[1].type, false);
  if (!type) RefuseTypes(operation, values[0].type, values[1].type);
  for (Typed& value : values) value = Coerce(value, *type, scope);
  return *type;
}

DataType CoerceAll(std::vector<Typed>& values, const Scope& scope, std::string_view operation) {
  DataType type;
  for (const Typed& value : values) {
    const auto wider = LeastCommonType(type, value.type, scope.ansi);
    if (!wider) {
      static constexpr std::array<std::string_view, 11> kBinary = {
          "=", "==", "!=", "<>", "<", "<=", ">", ">=", "<=>", "between", "nullif"};
      if (std::ranges::find(kBinary, operation) != kBinary.end()) RefuseTypes(operation, type, value.type);
      std::vector<DataType> types;
      for (const Typed& given : values) types.push_back(given.type);
      RefuseDifferent(operation, types);
    }
    type = *wider;
  }
  for (Typed& value : values) value = Coerce(value, type, scope);
  return type;
}

}  // namespace tinderbox::engine
