#include "engine/translate/sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "base/ascii.h"
#include "engine/places.h"
#include "spark/type_names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

std::string Doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (char c : text) {
    out += c;
    if (c == quote) out += c;
  }
  return out + quote;
}

}  // namespace

Sql Ident(std::string_view name) {
  if (name.find('\0') != std::string_view::npos) {
    throw Error("UNSUPPORTED_FEATURE.NUL_IN_NAME",
                "A column or field name contains the NUL character, which the engine cannot express. Rename it.");
  }
  return Sql(Doubled(name, '"'));
}

Sql StringLiteral(std::string_view text) {
  if (text.find('\0') == std::string_view::npos) return Sql(Doubled(text, '\''));
  std::string out = "(";
  size_t begin = 0;
  while (true) {
    size_t end = text.find('\0', begin);
    out += Doubled(text.substr(begin, end == std::string_view::npos ? end : end - begin), '\'');
    if (end == std::string_view::npos) break;
    out += " || chr(0) || ";
    begin = end + 1;
  }
  return Sql(out + ")");
}

Sql IntegerLiteral(long long value) {
  // The lowest bigint has no literal of its own: its digits alone are already too large.
  if (value == INT64_MIN) return Sql("(-9223372036854775807 - 1)");
  return Sql(value < 0 ? fmt::format("({})", value) : std::to_string(value));
}

Sql Token(const char* literal) {
  return Sql(literal);
}

Sql Concat(std::initializer_list<Sql> parts) {
  std::string out;
  for (const Sql& part : parts) out += part.text();
  return Sql(std::move(out));
}

Sql Join(const std::vector<Sql>& parts, const char* separator_literal) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator_literal;
    out += parts[i].text();
  }
  return Sql(std::move(out));
}

Sql Call(const char* function, const std::vector<Sql>& arguments) {
  return Concat({Sql(function + PlaceMarkOf(function)), Token("("), Join(arguments, ", "), Token(")")});
}

bool IsSame(const Sql& a, const Sql& b) {
  return SameButForPlaces(a.text(), b.text());
}

Sql CastTo(const Sql& value, const DataType& type) {
  return Concat({Token("CAST("), value, Token(" AS "), TypeName(type), Token(")")});
}

Sql PlacedCast(const Sql& value, const DataType& type) {
  return Concat({Sql(PlaceMark()), CastTo(value, type)});
}

Sql TypeName(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kNull:
      return Token("\"NULL\"");
    case TypeKind::kBoolean:
      return Token("BOOLEAN");
    case TypeKind::kByte:
      return Token("TINYINT");
    case TypeKind::kShort:
      return Token("SMALLINT");
    case TypeKind::kInteger:
    case TypeKind::kYearMonthInterval:
      return Token("INTEGER");
    case TypeKind::kLong:
    case TypeKind::kDayTimeInterval:
      return Token("BIGINT");
    case TypeKind::kFloat:
      return Token("FLOAT");
    case TypeKind::kDouble:
      return Token("DOUBLE");
    case TypeKind::kDecimal:
      return Concat(
          {Token("DECIMAL("), IntegerLiteral(type.precision()), Token(","), IntegerLiteral(type.scale()), Token(")")});
    case TypeKind::kString:
      return Token("VARCHAR");
    case TypeKind::kBinary:
      return Token("BLOB");
    case TypeKind::kDate:
      return Token("DATE");
    case TypeKind::kTime:
      return Token("TIME");
    case TypeKind::kCalendarInterval:
      return Token("INTERVAL");
    case TypeKind::kTimestamp:
      return Token("TIMESTAMP WITH TIME ZONE");
    case TypeKind::kTimestampNtz:
      return Token("TIMESTAMP");
    case TypeKind::kVariant:
      return TypeName(spark::VariantStorage());
    case TypeKind::kArray:
      return Concat({TypeName(type.element()), Token("[]")});
    case TypeKind::kMap:
      return Concat({Token("MAP("), TypeName(type.key()), Token(", "), TypeName(type.value()), Token(")")});
    case TypeKind::kStruct: {
      if (type.fields().empty()) {
        throw Error("UNSUPPORTED_DATATYPE", "The embedded engine has no struct without fields.");
      }
      std::vector<Sql> fields;
      std::set<std::string> seen;
      for (const StructField& field : type.fields()) {
        if (!seen.insert(base::LowerCase(field.name)).second) {
          throw Error("UNSUPPORTED_DATATYPE",
                      fmt::format("A struct has two fields named \"{}\" (letter case aside), which the embedded engine "
                                  "cannot keep apart. Rename one of them.",
                                  field.name));
        }
        fields.push_back(Concat({Ident(field.name), Token(" "), TypeName(field.type)}));
      }
      return Concat({Token("STRUCT("), Join(fields, ", "), Token(")")});
    }
  }
  throw Error("INTERNAL_ERROR", "A data type has no name in the engine.");
}

}  // namespace tinderbox::engine
