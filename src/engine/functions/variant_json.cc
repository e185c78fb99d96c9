// Variants to and from JSON, and the types of variants.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "engine/files/json_cursor.h"
#include "engine/functions/json_text.h"
#include "engine/functions/variant.h"
#include "engine/translate/coercion.h"
#include "spark/text.h"
#include "spark/type_names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr JsonDialect kStrict{.single_quotes = false, .non_numeric_numbers = false};

/// The digits of a number without exponent; false when it has one, or more than 38 digits.
bool DecimalOf(std::string_view number, __int128* digits, int* scale) {
  *digits = 0;
  *scale = 0;
  bool behind_point = false;
  int count = 0;
  for (const char c : number) {
    if (c == '-') continue;
    if (c == '.') {
      behind_point = true;
      continue;
    }
    if (c < '0' || c > '9') return false;
    if (count > 0 || c != '0') ++count;
    if (behind_point) ++*scale;
    if (count > 38 || *scale > 38) return false;
    *digits = *digits * 10 + (c - '0');
  }
  if (number.starts_with('-')) *digits = -*digits;
  return true;
}

void AppendNumber(std::string_view number, VariantBuilder* out) {
  int64_t whole = 0;
  const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), whole);
  if (failure == std::errc() && end == number.data() + number.size()) return out->Long(whole);
  __int128 digits = 0;
  int scale = 0;
  if (DecimalOf(number, &digits, &scale)) return out->Decimal(digits, scale);
  out->Double(std::strtod(std::string(number).c_str(), nullptr));
}

/// REQUIRES: a value that a JsonCursor gave.
bool AppendValue(std::string_view raw, VariantBuilder* out) {
  std::string scratch;
  std::string_view text;
  switch (raw[0]) {
    case '{': {
      const size_t start = out->position();
      std::vector<VariantBuilder::Field> fields;
      bool good = true;
      JsonCursor(raw, kStrict).TakeContainer([&](std::string_view key, std::string_view value) {
        std::string key_scratch;
        std::string_view name;
        if (!good || !Unescape(key, &key_scratch, &name)) {
          good = false;
          return;
        }
        fields.push_back(out->StartField(name));
        good = AppendValue(value, out);
      });
      return good && out->CloseObject(start, std::move(fields));
    }
    case '[': {
      const size_t start = out->position();
      std::vector<size_t> starts;
      bool good = true;
      JsonCursor(raw, kStrict).TakeContainer([&](std::string_view, std::string_view value) {
        starts.push_back(out->position());
        good = good && AppendValue(value, out);
      });
      out->CloseArray(start, starts);
      return good;
    }
    case '"':
      if (!Unescape(raw, &scratch, &text)) return false;
      out->String(text);
      return true;
    case 't':
    case 'f':
      out->Boolean(raw[0] == 't');
      return true;
    case 'n':
      out->Null();
      return true;
    default:
      AppendNumber(raw, out);
      return true;
  }
}

void AppendZoned(std::string* out, int64_t micros, const TimeZone& zone) {
  spark::AppendTimestamp(out, zone.ToLocal(micros));
  const int minutes = zone.OffsetAt(micros) / 60;
  *out += fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', std::abs(minutes) / 60, std::abs(minutes) % 60);
}

void AppendJson(std::string* out, const VariantView& variant, const TimeZone& zone, int depth) {
  if (depth > kMaxJsonDepth) {
    throw Error("MALFORMED_VARIANT", "Variant binary is malformed. Please check the data source is valid.");
  }
  const auto quoted = [&](const auto& append) {
    *out += '"';
    append();
    *out += '"';
  };
  switch (variant.kind()) {
    case VariantKind::kNull:
      *out += "null";
      return;
    case VariantKind::kBoolean:
      *out += variant.Boolean() ? "true" : "false";
      return;
    case VariantKind::kLong:
      *out += std::to_string(variant.Long());
      return;
    case VariantKind::kFloat: {
      const float value = variant.Float();
      return std::isfinite(value) ? spark::AppendFloat(out, value) : quoted([&] { spark::AppendFloat(out, value); });
    }
    case VariantKind::kDouble: {
      const double value = variant.Double();
      return std::isfinite(value) ? spark::AppendDouble(out, value) : quoted([&] { spark::AppendDouble(out, value); });
    }
    case VariantKind::kDecimal: {
      const VariantView::Decimal value = variant.ShortDecimal();
      return spark::AppendDecimal(out, {value.digits, value.scale});
    }
    case VariantKind::kString:
      return AppendJsonString(out, variant.Bytes());
    case VariantKind::kBinary:
      return quoted([&] { spark::AppendBase64(out, variant.Bytes()); });
    case VariantKind::kDate:
      return quoted([&] { spark::AppendDate(out, variant.Long()); });
    case VariantKind::kTimestamp:
      return quoted([&] { AppendZoned(out, variant.Long(), zone); });
    case VariantKind::kTimestampNtz:
      return quoted([&] { spark::AppendTimestamp(out, variant.Long()); });
    case VariantKind::kUuid:
      return quoted([&] { AppendUuid(out, variant.Bytes()); });
    case VariantKind::kObject:
      *out += '{';
      for (size_t i = 0; i < variant.size(); ++i) {
        if (i > 0) *out += ',';
        AppendJsonString(out, variant.Key(i));
        *out += ':';
        AppendJson(out, variant.Child(i), zone, depth + 1);
      }
      *out += '}';
      return;
    case VariantKind::kArray:
      *out += '[';
      for (size_t i = 0; i < variant.size(); ++i) {
        if (i > 0) *out += ',';
        AppendJson(out, variant.Child(i), zone, depth + 1);
      }
      *out += ']';
      return;
  }
}

bool IsValid(const VariantView& variant, int depth) {
  if (depth > kMaxJsonDepth) return false;
  switch (variant.kind()) {
    case VariantKind::kObject:
      for (size_t i = 0; i < variant.size(); ++i) {
        variant.Key(i);
        if (!IsValid(variant.Child(i), depth + 1)) return false;
      }
      return true;
    case VariantKind::kArray:
      for (size_t i = 0; i < variant.size(); ++i) {
        if (!IsValid(variant.Child(i), depth + 1)) return false;
      }
      return true;
    case VariantKind::kString:
    case VariantKind::kBinary:
    case VariantKind::kUuid:
      variant.Bytes();
      return true;
    case VariantKind::kFloat:
      variant.Float();
      return true;
    case VariantKind::kDouble:
      variant.Double();
      return true;
    case VariantKind::kDecimal:
      variant.StoredDecimal();
      return true;
    case VariantKind::kNull:
    case VariantKind::kBoolean:
      return true;
    default:
      variant.Long();
      return true;
  }
}

DataType SchemaAt(const VariantView& variant, int depth) {
  if (depth > kMaxJsonDepth) return DataType(TypeKind::kVariant);
  switch (variant.kind()) {
    case VariantKind::kNull:
      return DataType();
    case VariantKind::kBoolean:
      return DataType(TypeKind::kBoolean);
    case VariantKind::kLong:
      return DataType(TypeKind::kLong);
    case VariantKind::kFloat:
      return DataType(TypeKind::kFloat);
    case VariantKind::kDouble:
      return DataType(TypeKind::kDouble);
    case VariantKind::kDecimal: {
      const VariantView::Decimal value = variant.ShortDecimal();
      std::string digits;
      spark::AppendDecimal(&digits, {value.digits < 0 ? -value.digits : value.digits, 0});
      return DataType::Decimal(std::max(static_cast<int>(digits.size()), value.scale), value.scale);
    }
    case VariantKind::kString:
    case VariantKind::kUuid:
      return DataType(TypeKind::kString);
    case VariantKind::kBinary:
      return DataType(TypeKind::kBinary);
    case VariantKind::kDate:
      return DataType(TypeKind::kDate);
    case VariantKind::kTimestamp:
      return DataType(TypeKind::kTimestamp);
    case VariantKind::kTimestampNtz:
      return DataType(TypeKind::kTimestampNtz);
    case VariantKind::kObject: {
      std::vector<StructField> fields;
      for (size_t i = 0; i < variant.size(); ++i) {
        fields.push_back({std::string(variant.Key(i)), SchemaAt(variant.Child(i), depth + 1), true, "{}"});
      }
      return DataType::Struct(std::move(fields));
    }
    case VariantKind::kArray: {
      DataType element;
      for (size_t i = 0; i < variant.size(); ++i) {
        element = MergedVariantSchema(element, SchemaAt(variant.Child(i), depth + 1));
      }
      return DataType::Array(std::move(element));
    }
  }
  return DataType(TypeKind::kVariant);
}

}  // namespace

bool AppendJsonToVariant(std::string_view json, VariantBuilder* out) {
  JsonCursor cursor(json, kStrict);
  cursor.SkipSpace();
  std::string_view raw;
  if (cursor.AtEnd() || !cursor.TakeValue(&raw)) return false;
  // A number or a word must end where it ends.
  const char next = cursor.Peek();
  const bool bare = raw[0] != '{' && raw[0] != '[' && raw[0] != '"';
  if (bare && !cursor.AtEnd() && next != ' ' && next != '\t' && next != '\r' && next != '\n') return false;
  return AppendValue(raw, out);
}

void AppendUuid(std::string* out, std::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out += '-';
    *out += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  }
}

void AppendVariantJson(std::string* out, const VariantView& variant, const TimeZone& zone) {
  AppendJson(out, variant, zone, 0);
}

DataType VariantSchema(const VariantView& variant) {
  return SchemaAt(variant, 0);
}

DataType MergedVariantSchema(const DataType& a, const DataType& b) {
  if (a == b || b.kind() == TypeKind::kNull) return a;
  if (a.kind() == TypeKind::kNull) return b;
  const DataType variant(TypeKind::kVariant);
  if (a.kind() == TypeKind::kArray && b.kind() == TypeKind::kArray) {
    return DataType::Array(MergedVariantSchema(a.element(), b.element()));
  }
  if (a.kind() == TypeKind::kStruct && b.kind() == TypeKind::kStruct) {
    std::vector<StructField> fields = a.fields();
    for (const StructField& field : b.fields()) {
      const auto same = std::ranges::find(fields, field.name, &StructField::name);
      if (same == fields.end()) {
        fields.push_back(field);
      } else {
        same->type = MergedVariantSchema(same->type, field.type);
      }
    }
    std::ranges::sort(fields, {}, &StructField::name);
    return DataType::Struct(std::move(fields));
  }
  if (a.IsNumeric() && b.IsNumeric()) {
    const bool decimal = a.kind() == TypeKind::kDecimal || b.kind() == TypeKind::kDecimal;
    if (!decimal) return LeastCommonType(a, b).value_or(variant);
    const auto wide = [](const DataType& type) {
      return type.kind() == TypeKind::kLong ? DataType::Decimal(20, 0) : type;
    };
    const DataType x = wide(a);
    const DataType y = wide(b);
    if (x.kind() != TypeKind::kDecimal || y.kind() != TypeKind::kDecimal) return DataType(TypeKind::kDouble);
    const int scale = std::max(x.scale(), y.scale());
    const int whole = std::max(x.precision() - x.scale(), y.precision() - y.scale());
    return whole + scale > 38 ? DataType(TypeKind::kDouble) : DataType::Decimal(whole + scale, scale);
  }
  if (IsDateOrTime(a) && IsDateOrTime(b)) return LeastCommonType(a, b).value_or(variant);
  return variant;
}

std::string VariantSchemaText(const DataType& type) {
  if (type.kind() == TypeKind::kArray) return fmt::format("ARRAY<{}>", VariantSchemaText(type.element()));
  if (type.kind() != TypeKind::kStruct) return type.Sql();
  std::string fields;
  for (const StructField& field : type.fields()) {
    if (!fields.empty()) fields += ", ";
    fields += fmt::format("{}: {}", spark::QuoteIfNeeded(field.name), VariantSchemaText(field.type));
  }
  return fmt::format("OBJECT<{}>", fields);
}

bool IsValidVariant(std::string_view value, std::string_view metadata) {
  try {
    return IsValid(VariantView(value, metadata), 0);
  } catch (const Error&) {
    return false;
  }
}

}  // namespace tinderbox::engine
