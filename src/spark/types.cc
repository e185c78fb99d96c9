#include "tinderbox/types.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/fail.h"
#include "base/json_text.h"
#include "spark/type_names.h"

namespace tinderbox {
namespace {

using base::AppendJsonString;

std::shared_ptr<const std::vector<StructField>> Share(std::vector<StructField> fields) {
  return std::make_shared<const std::vector<StructField>>(std::move(fields));
}

const DataType& NullTypeInstance() {
  static const DataType type;
  return type;
}

void AppendTypeJson(std::string* out, const DataType& type);

void AppendFieldsJson(std::string* out, const std::vector<StructField>& fields) {
  *out += R"({"type":"struct","fields":[)";
  bool first = true;
  for (const StructField& field : fields) {
    if (!first) *out += ',';
    first = false;
    *out += R"({"name":)";
    AppendJsonString(out, field.name);
    *out += R"(,"type":)";
    AppendTypeJson(out, field.type);
    *out += field.nullable ? R"(,"nullable":true,"metadata":)" : R"(,"nullable":false,"metadata":)";
    *out += field.metadata_json.empty() ? "{}" : field.metadata_json;
    *out += '}';
  }
  *out += "]}";
}

void AppendTypeJson(std::string* out, const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kArray:
      *out += R"({"type":"array","elementType":)";
      AppendTypeJson(out, type.element());
      *out += type.contains_null() ? R"(,"containsNull":true})" : R"(,"containsNull":false})";
      return;
    case TypeKind::kMap:
      *out += R"({"type":"map","keyType":)";
      AppendTypeJson(out, type.key());
      *out += R"(,"valueType":)";
      AppendTypeJson(out, type.value());
      *out += type.contains_null() ? R"(,"valueContainsNull":true})" : R"(,"valueContainsNull":false})";
      return;
    case TypeKind::kStruct:
      AppendFieldsJson(out, type.fields());
      return;
    case TypeKind::kDecimal:
      *out += fmt::format("\"decimal({},{})\"", type.precision(), type.scale());
      return;
    default:
      *out += '"';
      *out += spark::JsonName(type);
      *out += '"';
  }
}

std::string MapJoin(const std::vector<StructField>& fields, std::string_view separator,
                    std::string (*format)(const StructField&)) {
  std::string out;
  for (const StructField& field : fields) {
    if (!out.empty()) out += separator;
    out += format(field);
  }
  return out;
}

void AppendTree(std::string* out, const std::string& prefix, const std::vector<StructField>& fields);

std::string TreeName(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kArray:
      return "array";
    case TypeKind::kMap:
      return "map";
    case TypeKind::kStruct:
      return "struct";
    case TypeKind::kDecimal:
      return fmt::format("decimal({},{})", type.precision(), type.scale());
    default:
      return spark::JsonName(type);
  }
}

const char* TrueFalse(bool value) {
  return value ? "true" : "false";
}

void AppendTreeChildren(std::string* out, const std::string& prefix, const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kStruct:
      AppendTree(out, prefix, type.fields());
      return;
    case TypeKind::kArray:
      *out += fmt::format("{}-- element: {} (containsNull = {})\n", prefix, TreeName(type.element()),
                          TrueFalse(type.contains_null()));
      AppendTreeChildren(out, prefix + "    |", type.element());
      return;
    case TypeKind::kMap:
      *out += fmt::format("{}-- key: {}\n", prefix, TreeName(type.key()));
      AppendTreeChildren(out, prefix + "    |", type.key());
      *out += fmt::format("{}-- value: {} (valueContainsNull = {})\n", prefix, TreeName(type.value()),
                          TrueFalse(type.contains_null()));
      AppendTreeChildren(out, prefix + "    |", type.value());
      return;
    default:
      return;
  }
}

void AppendTree(std::string* out, const std::string& prefix, const std::vector<StructField>& fields) {
  for (const StructField& field : fields) {
    *out += fmt::format("{}-- {}: {} (nullable = {})\n", prefix, field.name, TreeName(field.type),
                        TrueFalse(field.nullable));
    AppendTreeChildren(out, prefix + "    |", field.type);
  }
}

}  // namespace

DataType DataType::Decimal(int precision, int scale) {
  if (precision < 1 || precision > 38) {
    base::FailWith("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
                   {{"precision", std::to_string(precision)}, {"maxPrecision", "38"}},
                   "Decimal precision {} is not between 1 and 38.", precision);
  }
  if (scale < 0 || scale > precision) {
    base::Fail("INVALID_DECIMAL_SCALE", "Decimal scale {} is not between 0 and the precision, {}.", scale, precision);
  }
  DataType type(TypeKind::kDecimal);
  type.precision_ = precision;
  type.scale_ = scale;
  return type;
}

DataType DataType::Time(int precision) {
  DataType type(TypeKind::kTime);
  type.precision_ = precision - 6;
  return type;
}

DataType DataType::YearMonthInterval(int start_field, int end_field) {
  DataType type(TypeKind::kYearMonthInterval);
  type.precision_ = start_field;
  type.scale_ = end_field - 1;
  return type;
}

DataType DataType::DayTimeInterval(int start_field, int end_field) {
  DataType type(TypeKind::kDayTimeInterval);
  type.precision_ = start_field;
  type.scale_ = end_field - 3;
  return type;
}

DataType DataType::Array(DataType element, bool contains_null) {
  DataType type(TypeKind::kArray);
  type.contains_null_ = contains_null;
  type.children_ = Share({StructField{"element", std::move(element), contains_null}});
  return type;
}

DataType DataType::Map(DataType key, DataType value, bool value_contains_null) {
  DataType type(TypeKind::kMap);
  type.contains_null_ = value_contains_null;
  type.children_ =
      Share({StructField{"key", std::move(key), false}, StructField{"value", std::move(value), value_contains_null}});
  return type;
}

DataType DataType::Struct(std::vector<StructField> fields) {
  DataType type(TypeKind::kStruct);
  type.children_ = Share(std::move(fields));
  return type;
}

const DataType& DataType::element() const {
  return children_ ? children_->front().type : NullTypeInstance();
}
const DataType& DataType::key() const {
  return children_ ? children_->front().type : NullTypeInstance();
}
const DataType& DataType::value() const {
  return children_ ? children_->back().type : NullTypeInstance();
}
const std::vector<StructField>& DataType::fields() const {
  static const std::vector<StructField> none;
  return children_ ? *children_ : none;
}

bool DataType::IsIntegral() const {
  return kind_ == TypeKind::kByte || kind_ == TypeKind::kShort || kind_ == TypeKind::kInteger ||
         kind_ == TypeKind::kLong;
}

bool DataType::IsNumeric() const {
  return IsIntegral() || kind_ == TypeKind::kFloat || kind_ == TypeKind::kDouble || kind_ == TypeKind::kDecimal;
}

std::string DataType::SimpleString() const {
  switch (kind_) {
    case TypeKind::kArray:
      return fmt::format("array<{}>", element().SimpleString());
    case TypeKind::kMap:
      return fmt::format("map<{},{}>", key().SimpleString(), value().SimpleString());
    case TypeKind::kStruct:
      return "struct<" +
             MapJoin(fields(), ",",
                     [](const StructField& f) { return fmt::format("{}:{}", f.name, f.type.SimpleString()); }) +
             ">";
    case TypeKind::kDecimal:
      return fmt::format("decimal({},{})", precision_, scale_);
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong:
      return std::string(spark::SimpleName(kind_));
    default:
      return spark::JsonName(*this);
  }
}

std::string DataType::Sql() const {
  switch (kind_) {
    case TypeKind::kArray:
      return fmt::format("ARRAY<{}>", element().Sql());
    case TypeKind::kMap:
      return fmt::format("MAP<{}, {}>", key().Sql(), value().Sql());
    case TypeKind::kStruct:
      return "STRUCT<" +
             MapJoin(fields(), ", ",
                     [](const StructField& f) {
                       return fmt::format("{}: {}{}", spark::QuoteIfNeeded(f.name), f.type.Sql(),
                                          f.nullable ? "" : " NOT NULL");
                     }) +
             ">";
    default: {
      std::string name = SimpleString();
      std::transform(name.begin(), name.end(), name.begin(),
                     [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
      return name;
    }
  }
}

std::string DataType::Json() const {
  std::string out;
  AppendTypeJson(&out, *this);
  return out;
}

bool DataType::operator==(const DataType& other) const {
  if (kind_ != other.kind_ || precision_ != other.precision_ || scale_ != other.scale_) return false;
  if (!IsNested()) return true;
  if (contains_null_ != other.contains_null_) return false;
  return children_ == other.children_ || fields() == other.fields();
}

bool DataType::SameIgnoringNullability(const DataType& other) const {
  if (kind_ != other.kind_ || precision_ != other.precision_ || scale_ != other.scale_) return false;
  return children_ == other.children_ ||
         std::equal(fields().begin(), fields().end(), other.fields().begin(), other.fields().end(),
                    [](const StructField& a, const StructField& b) {
                      return a.name == b.name && a.type.SameIgnoringNullability(b.type);
                    });
}

std::optional<size_t> StructType::Find(std::string_view name, bool case_sensitive) const {
  std::optional<size_t> found;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (case_sensitive ? fields[i].name == name : base::EqualIgnoringCase(fields[i].name, name)) {
      if (found) return std::nullopt;
      found = i;
    }
  }
  return found;
}

std::string StructType::Json() const {
  std::string out;
  AppendFieldsJson(&out, fields);
  return out;
}

std::string StructType::TreeString() const {
  std::string out = "root\n";
  AppendTree(&out, " |", fields);
  return out;
}

namespace spark {

std::string_view SimpleName(TypeKind kind) {
  switch (kind) {
    case TypeKind::kByte:
      return "tinyint";
    case TypeKind::kShort:
      return "smallint";
    case TypeKind::kInteger:
      return "int";
    case TypeKind::kLong:
      return "bigint";
    default:
      return JsonName(kind);
  }
}

std::string_view JsonName(TypeKind kind) {
  switch (kind) {
    case TypeKind::kNull:
      return "void";
    case TypeKind::kBoolean:
      return "boolean";
    case TypeKind::kByte:
      return "byte";
    case TypeKind::kShort:
      return "short";
    case TypeKind::kInteger:
      return "integer";
    case TypeKind::kLong:
      return "long";
    case TypeKind::kFloat:
      return "float";
    case TypeKind::kDouble:
      return "double";
    case TypeKind::kDecimal:
      return "decimal";
    case TypeKind::kString:
      return "string";
    case TypeKind::kBinary:
      return "binary";
    case TypeKind::kDate:
      return "date";
    case TypeKind::kTime:
      return "time(6)";
    case TypeKind::kTimestamp:
      return "timestamp";
    case TypeKind::kTimestampNtz:
      return "timestamp_ntz";
    case TypeKind::kYearMonthInterval:
      return "interval year to month";
    case TypeKind::kDayTimeInterval:
      return "interval day to second";
    case TypeKind::kCalendarInterval:
      return "interval";
    case TypeKind::kVariant:
      return "variant";
    case TypeKind::kArray:
      return "array";
    case TypeKind::kMap:
      return "map";
    case TypeKind::kStruct:
      return "struct";
  }
  return "void";
}

std::string JsonName(const DataType& type) {
  static constexpr const char* kYearMonth[] = {"year", "month"};
  static constexpr const char* kDayTime[] = {"day", "hour", "minute", "second"};
  const auto interval = [&](const char* const* fields) {
    const char* start = fields[type.start_field()];
    const char* end = fields[type.end_field()];
    return start == end ? fmt::format("interval {}", start) : fmt::format("interval {} to {}", start, end);
  };
  switch (type.kind()) {
    case TypeKind::kTime:
      return fmt::format("time({})", type.precision());
    case TypeKind::kYearMonthInterval:
      return interval(kYearMonth);
    case TypeKind::kDayTimeInterval:
      return interval(kDayTime);
    default:
      return std::string(JsonName(type.kind()));
  }
}

const DataType& VariantStorage() {
  static const DataType type = DataType::Struct({{"variant value", DataType(TypeKind::kBinary), false, "{}"},
                                                 {"variant metadata", DataType(TypeKind::kBinary), false, "{}"}});
  return type;
}

std::string QuoteIfNeeded(std::string_view name) {
  bool digits_only = true;
  bool plain = !name.empty();
  for (const char c : name) {
    const bool digit = c >= '0' && c <= '9';
    const bool word = digit || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    plain = plain && word;
    digits_only = digits_only && digit;
  }
  return plain && !digits_only ? std::string(name) : Quote(name);
}

std::string Quote(std::string_view name) {
  std::string out = "`";
  for (const char c : name) {
    if (c == '`') out += '`';
    out += c;
  }
  return out + "`";
}

}  // namespace spark
}  // namespace tinderbox
