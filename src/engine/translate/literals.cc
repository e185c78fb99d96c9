#include "engine/translate/literals.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "spark/proto_types.h"

// Older clients still put the types of nested literals into fields that the protocol calls deprecated.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace tinderbox::engine {

namespace {

using Literal = proto::Expression::Literal;

const DataType kLongType(TypeKind::kLong);

Typed Make(Sql sql, DataType type) {
  return {CastTo(sql, type), type, false};
}

Typed Floating(double value, TypeKind kind) {
  if (std::isnan(value)) return Make(StringLiteral("NaN"), DataType(kind));
  if (std::isinf(value)) return Make(StringLiteral(value < 0 ? "-Infinity" : "Infinity"), DataType(kind));
  // As text: a bare number would be a DECIMAL first. The shortest text that reads back as the same value.
  const std::string text =
      kind == TypeKind::kFloat ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
  return Make(StringLiteral(text), DataType(kind));
}

void Digits(std::string_view text, int* precision, int* scale) {
  int digits = 0;
  int fraction = 0;
  bool dot = false;
  bool leading = true;
  for (char c : text) {
    if (c == '.') {
      dot = true;
    } else if (c >= '0' && c <= '9') {
      if (dot) ++fraction;
      if (c != '0') leading = false;
      if (!leading) ++digits;
    }
  }
  *scale = fraction;
  *precision = std::max({digits, fraction, 1});
}

DataType DecimalType(const Literal::Decimal& decimal) {
  int precision = 0;
  int scale = 0;
  Digits(decimal.value(), &precision, &scale);
  // What is declared never cuts digits off.
  if (decimal.has_scale()) scale = std::max(scale, decimal.scale());
  if (decimal.has_precision()) precision = std::max(precision, decimal.precision());
  precision = std::max(precision, scale);
  if (precision > 38) RefuseFeature(fmt::format("the decimal literal {} with more than 38 digits", decimal.value()));
  return DataType::Decimal(precision, scale);
}

bool PlainDecimal(std::string_view text) {
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] >= '0' && text[i] <= '9') {
      ++digits;
    } else if (!(text[i] == '.' || ((text[i] == '-' || text[i] == '+') && i == 0))) {
      return false;
    }
  }
  return digits > 0;
}

Sql HexBlob(const std::string& bytes) {
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (unsigned char c : bytes) hex += fmt::format("{:02X}", c);
  return Call("unhex", {StringLiteral(hex)});
}

template <typename Values, typename F>
Typed Specialized(const Values& values, TypeKind kind, F make) {
  std::vector<Sql> items;
  for (const auto& value : values) items.push_back(make(value).sql);
  const DataType type = DataType::Array(DataType(kind), false);
  return Make(Call("list_value", items), type);
}

Typed SpecializedArray(const Literal::SpecializedArray& array) {
  using Kind = Literal::SpecializedArray;
  const auto integer = [](TypeKind kind) {
    return [kind](int64_t value) { return Make(IntegerLiteral(value), DataType(kind)); };
  };
  switch (array.value_type_case()) {
    case Kind::kBools:
      return Specialized(array.bools().values(), TypeKind::kBoolean, [](bool value) {
        return Typed{Token(value ? "TRUE" : "FALSE"), DataType(TypeKind::kBoolean), false};
      });
    case Kind::kInts:
      return Specialized(array.ints().values(), TypeKind::kInteger, integer(TypeKind::kInteger));
    case Kind::kLongs:
      return Specialized(array.longs().values(), TypeKind::kLong, integer(TypeKind::kLong));
    case Kind::kFloats:
      return Specialized(array.floats().values(), TypeKind::kFloat,
                         [](float value) { return Floating(value, TypeKind::kFloat); });
    case Kind::kDoubles:
      return Specialized(array.doubles().values(), TypeKind::kDouble,
                         [](double value) { return Floating(value, TypeKind::kDouble); });
    case Kind::kStrings:
      return Specialized(array.strings().values(), TypeKind::kString, [](const std::string& value) {
        return Make(StringLiteral(value), DataType(TypeKind::kString));
      });
    default:
      RefuseFeature("an array literal without values");
  }
}

/// The given type of a nested literal, which newer clients put beside it and older ones inside.
const proto::DataType* Declared(const Literal& literal) {
  return literal.has_data_type() ? &literal.data_type() : nullptr;
}

}  // namespace

DataType LiteralType(const Literal& literal) {
  switch (literal.literal_type_case()) {
    case Literal::kNull:
      return spark::FromProto(literal.null());
    case Literal::kBinary:
      return DataType(TypeKind::kBinary);
    case Literal::kBoolean:
      return DataType(TypeKind::kBoolean);
    case Literal::kByte:
      return DataType(TypeKind::kByte);
    case Literal::kShort:
      return DataType(TypeKind::kShort);
    case Literal::kInteger:
      return DataType(TypeKind::kInteger);
    case Literal::kLong:
      return DataType(TypeKind::kLong);
    case Literal::kFloat:
      return DataType(TypeKind::kFloat);
    case Literal::kDouble:
      return DataType(TypeKind::kDouble);
    case Literal::kDecimal:
      return DecimalType(literal.decimal());
    case Literal::kString:
      return DataType(TypeKind::kString);
    case Literal::kDate:
      return DataType(TypeKind::kDate);
    case Literal::kTimestamp:
      return DataType(TypeKind::kTimestamp);
    case Literal::kTimestampNtz:
      return DataType(TypeKind::kTimestampNtz);
    case Literal::kTime:
      return DataType::Time(literal.time().has_precision() ? literal.time().precision() : 6);
    // Which fields an interval has, only its declared type says.
    case Literal::kYearMonthInterval:
      return literal.has_data_type() ? spark::FromProto(literal.data_type()) : DataType(TypeKind::kYearMonthInterval);
    case Literal::kDayTimeInterval:
      return literal.has_data_type() ? spark::FromProto(literal.data_type()) : DataType(TypeKind::kDayTimeInterval);
    case Literal::kArray: {
      if (const auto* declared = Declared(literal)) return spark::FromProto(*declared);
      const auto& array = literal.array();
      DataType element;
      if (array.has_element_type()) element = spark::FromProto(array.element_type());
      if (!array.has_element_type() && !array.elements().empty()) element = LiteralType(array.elements(0));
      return DataType::Array(element, true);
    }
    case Literal::kMap: {
      if (const auto* declared = Declared(literal)) return spark::FromProto(*declared);
      const auto& map = literal.map();
      DataType key;
      DataType value;
      if (map.has_key_type()) key = spark::FromProto(map.key_type());
      if (!map.has_key_type() && !map.keys().empty()) key = LiteralType(map.keys(0));
      if (map.has_value_type()) value = spark::FromProto(map.value_type());
      if (!map.has_value_type() && !map.values().empty()) value = LiteralType(map.values(0));
      return DataType::Map(key, value, true);
    }
    case Literal::kStruct: {
      if (const auto* declared = Declared(literal)) return spark::FromProto(*declared);
      if (literal.struct_().has_struct_type()) return spark::FromProto(literal.struct_().struct_type());
      RefuseFeature("a struct literal without a type");
    }
    case Literal::kSpecializedArray:
      return SpecializedArray(literal.specialized_array()).type;
    case Literal::kCalendarInterval:
      return DataType(TypeKind::kCalendarInterval);
    default:
      RefuseFeature("a literal without a value");
  }
}

Typed TranslateLiteral(const Literal& literal) {
  return TranslateLiteral(literal, LiteralType(literal));
}

Typed TranslateLiteral(const Literal& literal, const DataType& type) {
  if (!literal.has_null() && !type.IsNested() && literal.literal_type_case() != Literal::LITERAL_TYPE_NOT_SET &&
      LiteralType(literal).kind() != type.kind()) {
    RefuseFeature("a nested literal whose value has another type than its element type");
  }
  switch (literal.literal_type_case()) {
    case Literal::kNull:
      return NullOf(type);
    case Literal::kBinary:
      return {HexBlob(literal.binary()), type, false};
    case Literal::kBoolean:
      return {Token(literal.boolean() ? "TRUE" : "FALSE"), type, false};
    case Literal::kByte:
      return Make(IntegerLiteral(literal.byte()), type);
    case Literal::kShort:
      return Make(IntegerLiteral(literal.short_()), type);
    case Literal::kInteger:
      return Make(IntegerLiteral(literal.integer()), type);
    case Literal::kLong:
      return Make(IntegerLiteral(literal.long_()), type);
    case Literal::kFloat:
      return Floating(literal.float_(), TypeKind::kFloat);
    case Literal::kDouble:
      return Floating(literal.double_(), TypeKind::kDouble);
    case Literal::kDecimal:
      if (!PlainDecimal(literal.decimal().value())) {
        RefuseFeature(fmt::format("the decimal literal '{}'", literal.decimal().value()));
      }
      return Make(StringLiteral(literal.decimal().value()), type);
    case Literal::kString:
      return {StringLiteral(literal.string()), type, false};
    case Literal::kDate:
      return {Template("(DATE '1970-01-01' + CAST($1 AS INTEGER))", {IntegerLiteral(literal.date())}), type, false};
    case Literal::kTimestamp:
      return {Template("make_timestamptz(CAST($1 AS BIGINT))", {IntegerLiteral(literal.timestamp())}), type, false};
    case Literal::kTimestampNtz:
      return {Template("make_timestamp(CAST($1 AS BIGINT))", {IntegerLiteral(literal.timestamp_ntz())}), type, false};
    case Literal::kTime:
      return {Call("spark_time_of_micros", {Make(IntegerLiteral(literal.time().nano() / 1000), kLongType).sql}), type,
              false};
    case Literal::kCalendarInterval:
      return {Call("spark_interval", {IntegerLiteral(literal.calendar_interval().months()),
                                      IntegerLiteral(literal.calendar_interval().days()),
                                      Make(IntegerLiteral(literal.calendar_interval().microseconds()), kLongType).sql}),
              type, false};
    case Literal::kYearMonthInterval:
      return Make(IntegerLiteral(literal.year_month_interval()), type);
    case Literal::kDayTimeInterval:
      return Make(IntegerLiteral(literal.day_time_interval()), type);
    case Literal::kArray: {
      std::vector<Sql> items;
      for (const auto& element : literal.array().elements()) {
        items.push_back(TranslateLiteral(element, type.element()).sql);
      }
      return Make(Call("list_value", items), type);
    }
    case Literal::kMap: {
      std::vector<Sql> keys;
      std::vector<Sql> values;
      for (const auto& key : literal.map().keys()) keys.push_back(TranslateLiteral(key, type.key()).sql);
      for (const auto& value : literal.map().values()) values.push_back(TranslateLiteral(value, type.value()).sql);
      return Make(Call("map", {Call("list_value", keys), Call("list_value", values)}), type);
    }
    case Literal::kStruct: {
      std::vector<Sql> fields;
      int i = 0;
      if (static_cast<size_t>(literal.struct_().elements_size()) != type.fields().size()) {
        RefuseFeature("a struct literal whose type has another number of fields");
      }
      for (const StructField& field : type.fields()) {
        const Typed value = TranslateLiteral(literal.struct_().elements(i++), field.type);
        fields.push_back(Template("$1 := $2", {Ident(field.name), value.sql}));
      }
      return Make(Call("struct_pack", fields), type);
    }
    case Literal::kSpecializedArray:
      return SpecializedArray(literal.specialized_array());
    default:
      RefuseFeature("a literal without a value");
  }
}

}  // namespace tinderbox::engine
