// Text as numbers, bytes, URLs, and back.
#include <fmt/format.h>

#include <optional>

#include "engine/functions/function.h"
#include "engine/functions/number_format.h"
#include "engine/functions/text_case.h"
#include "engine/translate/casts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

const DataType kString(TypeKind::kString);
const DataType kBinary(TypeKind::kBinary);
const DataType kInt(TypeKind::kInteger);

Typed Hex(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  const bool bytes = value.type.kind() == TypeKind::kBinary || value.type.kind() == TypeKind::kString;
  const Typed given = bytes ? value : CoerceTo('l', value, call.scope(), call.name(), 1);
  return {Call("hex", {given.sql}), kString, value.nullable};
}

/// format_string(format, value, …)
Typed FormatString(const FunctionCall& call) {
  call.Expect(1, SIZE_MAX);
  if (call.IsLiteral(0) && call.ArgumentProto(0).literal().has_string() &&
      call.LiteralString(0).find("%0$") != std::string::npos) {
    throw Error("INVALID_PARAMETER_VALUE.ZERO_INDEX",
                "The value of parameter(s) `strfmt` in `format_string` is invalid: expects %1$, %2$ and so on, but got "
                "%0$.",
                {{"functionName", "`format_string`"}, {"parameter", "`strfmt`"}});
  }
  const Typed format = CoerceTo('s', call.Argument(0), call.scope(), call.name(), 1);
  std::vector<Sql> parts{format.sql};
  for (size_t i = 1; i < call.size(); ++i) {
    const Typed value = call.Argument(i);
    if (value.type.IsNested() || value.type.kind() == TypeKind::kBinary) {
      RefuseFeature(fmt::format("a value of the type {} in `{}`", value.type.SimpleString(), call.name()));
    }
    parts.push_back(value.type.kind() == TypeKind::kNull ? CastTo(Token("NULL"), kString) : value.sql);
  }
  return {Call("spark_format_string", parts), kString, format.nullable};
}

Typed FormatNumber(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed value = call.Argument(0);
  if (!value.type.IsNumeric() && value.type.kind() != TypeKind::kNull) call.RefuseArgument(0, "NUMERIC", value.type);
  const Typed places = call.Argument(1);
  const Sql number = CoerceTo('n', value, call.scope(), call.name(), 1).sql;
  const Sql how = places.type.kind() == TypeKind::kString ? places.sql : Coerce(places, kInt, call.scope()).sql;
  return {Call("spark_format_number", {number, how}), kString, true};
}

Typed Encode(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed text = CoerceTo('s', call.Argument(0), call.scope(), call.name(), 1);
  const Typed charset = CoerceTo('s', call.Argument(1), call.scope(), call.name(), 2);
  return {Call("spark_encode", {text.sql, charset.sql}), kBinary, true};
}

/// decode(bytes, charset), and decode(value, search, result, …[, default]).
Typed Decode(const FunctionCall& call) {
  call.Expect(2, SIZE_MAX);
  if (call.size() == 2) {
    const Typed bytes = CoerceTo('B', call.Argument(0), call.scope(), call.name(), 1);
    const Typed charset = CoerceTo('s', call.Argument(1), call.scope(), call.name(), 2);
    return {Call("spark_decode", {bytes.sql, charset.sql}), kString, true};
  }
  const bool has_default = call.size() % 2 == 0;
  const Typed value = call.Argument(0);
  std::vector<Sql> conditions;
  std::vector<Typed> results;
  for (size_t i = 1; i + 1 < call.size(); i += 2) {
    std::vector<Typed> sides{value, call.Argument(i)};
    CoerceAll(sides, call.scope(), call.name());
    conditions.push_back(Template("$1 IS NOT DISTINCT FROM $2", {sides[0].sql, sides[1].sql}));
    results.push_back(call.Argument(i + 1));
  }
  if (has_default) results.push_back(call.Argument(call.size() - 1));
  const DataType type = CoerceAll(results, call.scope(), call.name());
  std::vector<Sql> parts{Token("CASE")};
  bool nullable = !has_default;
  for (size_t i = 0; i < conditions.size(); ++i) {
    parts.push_back(Template("WHEN $1 THEN $2", {conditions[i], results[i].sql}));
  }
  for (const Typed& result : results) nullable |= result.nullable;
  if (has_default) parts.push_back(Template("ELSE $1", {results.back().sql}));
  parts.push_back(Token("END"));
  return {Template("($1)", {Join(parts, " ")}), type, nullable};
}

/// The format argument of to_binary, to_char and their like: a constant, in upper case; nullopt for NULL.
std::optional<std::string> FormatOf(const FunctionCall& call, size_t i) {
  if (call.ArgumentProto(i).has_literal() && call.ArgumentProto(i).literal().has_null()) return std::nullopt;
  return UpperOf(call.LiteralString(i));
}

Typed ToBinaryBy(const FunctionCall& call, bool lenient) {
  call.Expect(1, 2);
  const Typed text = CoerceTo('s', call.Argument(0), call.scope(), call.name(), 1);
  const auto format = call.size() > 1 ? FormatOf(call, 1) : "HEX";
  if (!format) return NullOf(kBinary);
  if (format == "HEX") return {Call(lenient ? "spark_unhex" : "spark_hex_to_binary", {text.sql}), kBinary, true};
  if (format == "UTF-8" || format == "UTF8") return {Call("encode", {text.sql}), kBinary, true};
  if (format == "BASE64") {
    return {Call(lenient ? "spark_try_base64_to_binary" : "spark_base64_to_binary", {text.sql}), kBinary,
            lenient || text.nullable};
  }
  if (lenient) return NullOf(kBinary);
  const std::string shown = call.SqlName();
  throw Error(
      "DATATYPE_MISMATCH.INVALID_ARG_VALUE",
      fmt::format("Cannot resolve \"{}\" due to data type mismatch: The fmt value must to be a case-insensitive "
                  "\"STRING\" literal of 'hex', 'utf-8', 'utf8', or 'base64', but got '{}'.",
                  shown, call.LiteralString(1)),
      {{"sqlExpr", "\"" + shown + "\""},
       {"inputName", "fmt"},
       {"requireType", "case-insensitive \"STRING\""},
       {"validValues", "'hex', 'utf-8', 'utf8', or 'base64'"},
       {"inputValue", fmt::format("'{}'", call.LiteralString(1))}});
}

Typed ToBinary(const FunctionCall& call) {
  return ToBinaryBy(call, false);
}
Typed TryToBinary(const FunctionCall& call) {
  return ToBinaryBy(call, true);
}

/// to_char(value, format): of a number by a number format, of a date or time by a date pattern, of bytes by a name.
Typed ToChar(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed value = call.Argument(0);
  if (IsDateOrTime(value.type)) {
    FunctionCall::Proto inner;
    inner.set_function_name("date_format");
    for (size_t i = 0; i < 2; ++i) *inner.add_arguments() = call.ArgumentProto(i);
    return TranslateFunction(inner, call.scope());
  }
  if (value.type.kind() == TypeKind::kBinary) {
    const std::string format = FormatOf(call, 1).value_or("");
    if (format == "BASE64") return {Call("spark_base64", {value.sql}), kString, value.nullable};
    if (format == "HEX") return {Call("hex", {value.sql}), kString, value.nullable};
    if (format == "UTF-8") return {Call("spark_decode", {value.sql, StringLiteral("UTF-8")}), kString, true};
    throw Error("INVALID_PARAMETER_VALUE.BINARY_FORMAT",
                fmt::format("The value of parameter(s) `format` in `{}` is invalid: expects one of binary formats "
                            "'base64', 'hex', 'utf-8', but got '{}'.",
                            call.name(), call.LiteralString(1)),
                {{"functionName", fmt::format("`{}`", call.name())},
                 {"parameter", "`format`"},
                 {"invalidFormat", fmt::format("'{}'", call.LiteralString(1))}});
  }
  Typed number = value;
  if (value.type.kind() == TypeKind::kNull) number = NullOf(DataType::Decimal(38, 18));
  if (value.type.kind() == TypeKind::kFloat) number = Coerce(value, DataType::Decimal(14, 7), call.scope());
  if (value.type.kind() == TypeKind::kDouble) number = Coerce(value, DataType::Decimal(30, 15), call.scope());
  if (value.type.kind() == TypeKind::kString) number = Coerce(value, DataType::Decimal(38, 18), call.scope());
  if (!number.type.IsNumeric()) call.RefuseArgument(0, "NUMERIC", value.type);
  if (!value.type.IsIntegral() && value.type.kind() != TypeKind::kDecimal) number.nullable = true;
  const auto format = FormatOf(call, 1);
  if (!format) return NullOf(kString);
  const NumberFormat checked(*format);
  return {Call("spark_to_char", {number.sql, StringLiteral(*format)}), kString, number.nullable};
}

Typed ToNumberBy(const FunctionCall& call, bool lenient) {
  call.Expect(2, 2);
  const Typed text = CoerceTo('s', call.Argument(0), call.scope(), call.name(), 1);
  const auto format = FormatOf(call, 1);
  if (!format) return NullOf(DataType::Decimal(38, 18));
  const DataType type = NumberFormat(*format).Type();
  const Sql unscaled =
      Call(lenient ? "spark_try_to_number" : "spark_to_number", {text.sql, StringLiteral(call.LiteralString(1))});
  return {FromUnscaled(unscaled, type, false), type, lenient || text.nullable};
}

Typed ToNumber(const FunctionCall& call) {
  return ToNumberBy(call, false);
}
Typed TryToNumber(const FunctionCall& call) {
  return ToNumberBy(call, true);
}

/// parse_url(url, part[, key]); the key is a piece of a regular expression.
Typed ParseUrlBy(const FunctionCall& call, const char* function) {
  call.Expect(2, 3);
  std::vector<Sql> parts;
  for (size_t i = 0; i < call.size(); ++i) {
    parts.push_back(CoerceTo('s', call.Argument(i), call.scope(), call.name(), i + 1).sql);
  }
  const Sql part = Call(function, {parts[0], parts[1]});
  if (call.size() == 2) return {part, kString, true};
  const Sql pattern = Template("('(&|^)' || $1 || '=([^&]*)')", {parts[2]});
  return {
      Template("(CASE WHEN $1 = 'QUERY' AND spark_rlike($2, $3) THEN spark_regexp_extract($2, $3, 2) ELSE NULL END)",
               {parts[1], part, pattern}),
      kString, true};
}

Typed ParseUrl(const FunctionCall& call) {
  return ParseUrlBy(call, "spark_parse_url");
}
Typed TryParseUrl(const FunctionCall& call) {
  return ParseUrlBy(call, "spark_try_parse_url");
}

/// A native function of text or binary that looks at the bytes.
Typed OfBytes(const FunctionCall& call, const char* function, const DataType& type) {
  call.Expect(1, 1);
  const Typed value = CoerceTo('x', call.Argument(0), call.scope(), call.name(), 1);
  const Sql bytes = value.type.kind() == TypeKind::kBinary ? value.sql : Call("encode", {value.sql});
  return {Call(function, {bytes}), type, true};
}

Typed IsValidUtf8(const FunctionCall& call) {
  return OfBytes(call, "spark_is_valid_utf8", DataType(TypeKind::kBoolean));
}
Typed MakeValidUtf8(const FunctionCall& call) {
  return OfBytes(call, "spark_make_valid_utf8", kString);
}
Typed ValidateUtf8(const FunctionCall& call) {
  return OfBytes(call, "spark_validate_utf8", kString);
}
Typed TryValidateUtf8(const FunctionCall& call) {
  return OfBytes(call, "spark_try_validate_utf8", kString);
}

constexpr Function kFunctions[] = {
    {"base64", "B", "string", Nulls::kAny, "spark_base64($1)"},
    {"unbase64", "s", "binary", Nulls::kAny, "spark_unbase64($1)"},
    {"unhex", "s", "binary", Nulls::kAlways, "spark_unhex($1)"},
    {"url_encode", "s", "string", Nulls::kAlways, "spark_url_encode($1)"},
    {"url_decode", "s", "string", Nulls::kAlways, "spark_url_decode($1)"},
    {"try_url_decode", "s", "string", Nulls::kAlways, "spark_try_url_decode($1)"},
};

constexpr SpecialFunction kSpecials[] = {
    {"hex", Hex},
    {"format_string", FormatString},
    {"printf", FormatString},
    {"format_number", FormatNumber},
    {"encode", Encode},
    {"decode", Decode},
    {"to_binary", ToBinary},
    {"try_to_binary", TryToBinary},
    {"to_char", ToChar},
    {"to_varchar", ToChar},
    {"to_number", ToNumber},
    {"try_to_number", TryToNumber},
    {"parse_url", ParseUrl},
    {"try_parse_url", TryParseUrl},
    {"is_valid_utf8", IsValidUtf8},
    {"make_valid_utf8", MakeValidUtf8},
    {"validate_utf8", ValidateUtf8},
    {"try_validate_utf8", TryValidateUtf8},
};

}  // namespace

FunctionGroup FormatFunctions() {
  return {FunctionKind::kScalar, kFunctions, kSpecials};
}

}  // namespace tinderbox::engine
