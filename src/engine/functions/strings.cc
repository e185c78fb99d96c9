#include <string>

#include "engine/functions/function.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

const DataType kString(TypeKind::kString);
const DataType kInt(TypeKind::kInteger);

bool AnyNullable(const std::vector<Typed>& values) {
  for (const Typed& value : values) {
    if (value.nullable) return true;
  }
  return false;
}

Typed Concatenate(const FunctionCall& call) {
  std::vector<Typed> values = call.Arguments();
  if (values.empty()) return {StringLiteral(""), kString, false};
  bool arrays = false;
  bool binaries = true;
  for (const Typed& value : values) {
    arrays |= value.type.kind() == TypeKind::kArray;
    binaries &= value.type.kind() == TypeKind::kBinary;
  }
  std::vector<Sql> parts;
  if (arrays) {
    const DataType type = CoerceAll(values, call.scope(), call.name());
    std::vector<Sql> present;
    for (const Typed& value : values) {
      parts.push_back(value.sql);
      if (value.nullable) present.push_back(Template("$1 IS NULL", {value.sql}));
    }
    const Sql joined = Call("list_concat", parts);
    if (present.empty()) return {joined, type, false};
    return {Template("(CASE WHEN $1 THEN NULL ELSE $2 END)", {Join(present, " OR "), joined}), type, true};
  }
  for (size_t i = 0; i < values.size(); ++i) {
    parts.push_back(binaries ? values[i].sql : CoerceTo('s', values[i], call.scope(), call.name(), i + 1).sql);
  }
  const DataType type = binaries ? DataType(TypeKind::kBinary) : kString;
  // A constant NULL would give the whole its own type.
  return {CastTo(Join(parts, " || "), type), type, AnyNullable(values)};
}

Typed ConcatenateWithSeparator(const FunctionCall& call) {
  call.Expect(1, SIZE_MAX);
  const Typed separator = call.Argument(0, kString);
  std::vector<Sql> parts{separator.sql};
  for (size_t i = 1; i < call.size(); ++i) {
    const Typed value = call.Argument(i);
    if (value.type.kind() == TypeKind::kArray) {
      if (value.type.element().kind() != TypeKind::kString) call.RefuseArgument(i, "ARRAY<STRING>", value.type);
      parts.push_back(Call("spark_array_join", {value.sql, separator.sql}));
    } else {
      parts.push_back(CoerceTo('s', value, call.scope(), call.name(), i + 1).sql);
    }
  }
  if (parts.size() == 1)
    return {Template("(CASE WHEN $1 IS NULL THEN NULL ELSE '' END)", parts), kString, separator.nullable};
  return {Call("concat_ws", parts), kString, separator.nullable};
}

/// LIKE and ILIKE; a back-slash escapes unless another character is named.
Typed LikePattern(const FunctionCall& call, const char* plain, const char* escaped) {
  call.Expect(2, 3);
  const Typed text = CoerceTo('s', call.Argument(0), call.scope(), call.name(), 1);
  const Typed pattern = CoerceTo('s', call.Argument(1), call.scope(), call.name(), 2);
  const std::string escape = call.size() > 2 ? call.LiteralString(2) : "\\";
  const bool nullable = text.nullable || pattern.nullable;
  const auto& literal = call.ArgumentProto(1);
  const bool needs_escape = !literal.has_literal() || literal.literal().string().find(escape) != std::string::npos;
  const Sql sql = needs_escape ? Template(escaped, {text.sql, pattern.sql, StringLiteral(escape)})
                               : Template(plain, {text.sql, pattern.sql});
  return {sql, DataType(TypeKind::kBoolean), nullable};
}

Typed Like(const FunctionCall& call) {
  return LikePattern(call, "($1 LIKE $2)", "($1 LIKE $2 ESCAPE $3)");
}
Typed Ilike(const FunctionCall& call) {
  return LikePattern(call, "($1 ILIKE $2)", "($1 ILIKE $2 ESCAPE $3)");
}

Typed Length(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = CoerceTo('x', call.Argument(0), call.scope(), call.name(), 1);
  const char* sql =
      value.type.kind() == TypeKind::kBinary ? "CAST(octet_length($1) AS INTEGER)" : "CAST(length($1) AS INTEGER)";
  return {Template(sql, {value.sql}), kInt, value.nullable};
}

Typed OctetLength(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = CoerceTo('x', call.Argument(0), call.scope(), call.name(), 1);
  const char* sql =
      value.type.kind() == TypeKind::kBinary ? "CAST(octet_length($1) AS INTEGER)" : "CAST(strlen($1) AS INTEGER)";
  return {Template(sql, {value.sql}), kInt, value.nullable};
}

Typed Substring(const FunctionCall& call) {
  call.Expect(2, 3);
  const Typed text = CoerceTo('x', call.Argument(0), call.scope(), call.name(), 1);
  const Typed position = call.Argument(1, kInt);
  const Typed length = call.size() > 2 ? call.Argument(2, kInt) : Typed{IntegerLiteral(INT32_MAX), kInt, false};
  return {Call("spark_substring", {text.sql, position.sql, length.sql}), text.type,
          AnyNullable({text, position, length})};
}

/// trim(text) and trim(characters, text), as Spark orders them; btrim has the text first.
Typed TrimWith(const FunctionCall& call, const char* sql, bool text_first) {
  call.Expect(1, 2);
  const size_t at = call.size() == 2 && !text_first ? 1 : 0;
  const Typed text = CoerceTo('s', call.Argument(at), call.scope(), call.name(), at + 1);
  const Typed characters = call.size() == 2 ? CoerceTo('s', call.Argument(1 - at), call.scope(), call.name(), 2 - at)
                                            : Typed{StringLiteral(" "), kString, false};
  return {Template(sql, {text.sql, characters.sql}), kString, text.nullable || characters.nullable};
}

Typed Trim(const FunctionCall& call) {
  return TrimWith(call, "trim($1, $2)", false);
}
Typed TrimLeft(const FunctionCall& call) {
  return TrimWith(call, "ltrim($1, $2)", false);
}
Typed TrimRight(const FunctionCall& call) {
  return TrimWith(call, "rtrim($1, $2)", false);
}
Typed TrimBoth(const FunctionCall& call) {
  return TrimWith(call, "trim($1, $2)", true);
}

Typed Reverse(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  if (value.type.kind() == TypeKind::kArray) return {Call("list_reverse", {value.sql}), value.type, value.nullable};
  const Typed text = CoerceTo('s', value, call.scope(), call.name(), 1);
  return {Call("spark_reverse", {text.sql}), kString, text.nullable};
}

Typed Hex(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  const bool bytes = value.type.kind() == TypeKind::kBinary || value.type.kind() == TypeKind::kString;
  const Typed given = bytes ? value : CoerceTo('l', value, call.scope(), call.name(), 1);
  return {Call("hex", {given.sql}), kString, value.nullable};
}

Typed Sha2(const FunctionCall& call) {
  call.Expect(2, 2);
  const int64_t bits = call.LiteralInteger(1);
  if (bits != 0 && bits != 256) RefuseFeature("sha2 with another length than 256 bits");
  const Typed value = CoerceTo('B', call.Argument(0), call.scope(), call.name(), 1);
  return {Call("sha256", {value.sql}), kString, value.nullable};
}

Typed FormatNumber(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed value = CoerceTo('n', call.Argument(0), call.scope(), call.name(), 1);
  const Typed places = call.Argument(1);
  if (places.type.kind() == TypeKind::kString) RefuseFeature("format_number with a pattern");
  return {Call("spark_format_number", {value.sql, Coerce(places, kInt, call.scope()).sql}), kString, true};
}

/// encode(text, charset), decode(bytes, charset): the character set is a constant.
void ExpectUtf8(const FunctionCall& call) {
  std::string charset = call.LiteralString(1);
  for (char& c : charset) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  if (charset != "UTF-8" && charset != "UTF8") RefuseFeature("the character set " + charset + " in " + call.name());
}

Typed Encode(const FunctionCall& call) {
  call.Expect(2, 2);
  ExpectUtf8(call);
  const Typed text = CoerceTo('s', call.Argument(0), call.scope(), call.name(), 1);
  return {Call("encode", {text.sql}), DataType(TypeKind::kBinary), text.nullable};
}

Typed Decode(const FunctionCall& call) {
  if (call.size() != 2) RefuseFeature("decode with search values");
  ExpectUtf8(call);
  const Typed bytes = CoerceTo('B', call.Argument(0), call.scope(), call.name(), 1);
  return {Call("decode", {bytes.sql}), kString, bytes.nullable};
}

constexpr Function kFunctions[] = {
    {"upper", "s", "string", Nulls::kAny, "spark_upper($1)"},
    {"ucase", "s", "string", Nulls::kAny, "spark_upper($1)"},
    {"lower", "s", "string", Nulls::kAny, "spark_lower($1)"},
    {"lcase", "s", "string", Nulls::kAny, "spark_lower($1)"},
    {"initcap", "s", "string", Nulls::kAny, "spark_initcap($1)"},
    {"left", "si", "string", Nulls::kAny, "spark_substring($1, 1, greatest($2, 0))"},
    {"right", "si", "string", Nulls::kAny, "spark_right($1, $2)"},
    {"translate", "sss", "string", Nulls::kAny, "translate($1, $2, $3)"},
    {"instr", "ss", "int", Nulls::kAny, "spark_locate($2, $1, 1)"},
    {"repeat", "si", "string", Nulls::kAny, "repeat($1, $2)"},
    {"ascii", "s", "int", Nulls::kAny, "CAST(ascii($1) AS INTEGER)"},
    {"chr", "l", "string", Nulls::kAny, "spark_chr($1)"},
    {"char", "l", "string", Nulls::kAny, "spark_chr($1)"},
    {"space", "i", "string", Nulls::kAny, "repeat(' ', $1)"},
    {"base64", "B", "string", Nulls::kAny, "base64($1)"},
    {"unbase64", "s", "binary", Nulls::kAny, "from_base64($1)"},
    {"unhex", "s", "binary", Nulls::kAlways, "spark_unhex($1)"},
    {"md5", "B", "string", Nulls::kAny, "md5($1)"},
    {"sha", "B", "string", Nulls::kAny, "sha1($1)"},
    {"sha1", "B", "string", Nulls::kAny, "sha1($1)"},
    {"crc32", "B", "bigint", Nulls::kAny, "spark_crc32($1)"},
    {"levenshtein", "ss", "int", Nulls::kAny, "spark_levenshtein($1, $2)"},
    {"split_part", "ssi", "string", Nulls::kAny, "spark_split_part($1, $2, $3)"},
    {"substring_index", "ssi", "string", Nulls::kAny, "spark_substring_index($1, $2, $3)"},
    {"startswith", "ss", "boolean", Nulls::kAny, "starts_with($1, $2)"},
    {"endswith", "ss", "boolean", Nulls::kAny, "ends_with($1, $2)"},
    {"contains", "ss", "boolean", Nulls::kAny, "contains($1, $2)"},
    {"rlike", "ss", "boolean", Nulls::kAny, "spark_regexp_like($1, $2)"},
    {"regexp", "ss", "boolean", Nulls::kAny, "spark_regexp_like($1, $2)"},
    {"regexp_like", "ss", "boolean", Nulls::kAny, "spark_regexp_like($1, $2)"},
    {"regexp_count", "ss", "int", Nulls::kAny, "spark_regexp_count($1, $2)"},
    {"tb_normalize", "ss", "string", Nulls::kAny, "spark_normalize($1, $2)"},
};

/// Functions whose template depends on how many arguments there are.
Typed ByCount(const FunctionCall& call, size_t low, const std::vector<const char*>& templates, const char* letters,
              const DataType& type) {
  call.Expect(low, low + templates.size() - 1);
  std::vector<Sql> parts;
  bool nullable = false;
  for (size_t i = 0; i < call.size(); ++i) {
    const Typed value = CoerceTo(letters[i], call.Argument(i), call.scope(), call.name(), i + 1);
    parts.push_back(value.sql);
    nullable |= value.nullable;
  }
  return {Template(templates[call.size() - low], parts), type, nullable};
}

Typed Replace(const FunctionCall& call) {
  return ByCount(call, 2, {"replace($1, $2, '')", "replace($1, $2, $3)"}, "sss", kString);
}
Typed Locate(const FunctionCall& call) {
  return ByCount(call, 2, {"spark_locate($1, $2, 1)", "spark_locate($1, $2, $3)"}, "ssi", kInt);
}
Typed PadLeft(const FunctionCall& call) {
  return ByCount(call, 2, {"spark_lpad($1, $2, ' ')", "spark_lpad($1, $2, $3)"}, "sis", kString);
}
Typed PadRight(const FunctionCall& call) {
  return ByCount(call, 2, {"spark_rpad($1, $2, ' ')", "spark_rpad($1, $2, $3)"}, "sis", kString);
}
Typed Overlay(const FunctionCall& call) {
  return ByCount(call, 3, {"spark_overlay($1, $2, $3, -1)", "spark_overlay($1, $2, $3, $4)"}, "ssii", kString);
}
Typed Split(const FunctionCall& call) {
  return ByCount(call, 2, {"spark_split($1, $2, -1)", "spark_split($1, $2, $3)"}, "ssi",
                 DataType::Array(kString, false));
}
Typed RegexpExtract(const FunctionCall& call) {
  return ByCount(call, 2, {"spark_regexp_extract($1, $2, 1)", "spark_regexp_extract($1, $2, $3)"}, "ssi", kString);
}
Typed RegexpReplace(const FunctionCall& call) {
  return ByCount(call, 3, {"spark_regexp_replace($1, $2, $3, 1)", "spark_regexp_replace($1, $2, $3, $4)"}, "sssi",
                 kString);
}

constexpr SpecialFunction kSpecials[] = {
    {"concat", Concatenate},
    {"||", Concatenate},
    {"concat_ws", ConcatenateWithSeparator},
    {"like", Like},
    {"ilike", Ilike},
    {"length", Length},
    {"len", Length},
    {"char_length", Length},
    {"character_length", Length},
    {"octet_length", OctetLength},
    {"substring", Substring},
    {"substr", Substring},
    {"trim", Trim},
    {"ltrim", TrimLeft},
    {"rtrim", TrimRight},
    {"btrim", TrimBoth},
    {"reverse", Reverse},
    {"hex", Hex},
    {"sha2", Sha2},
    {"format_number", FormatNumber},
    {"encode", Encode},
    {"decode", Decode},
    {"replace", Replace},
    {"locate", Locate},
    {"position", Locate},
    {"charindex", Locate},
    {"lpad", PadLeft},
    {"rpad", PadRight},
    {"overlay", Overlay},
    {"split", Split},
    {"regexp_extract", RegexpExtract},
    {"regexp_replace", RegexpReplace},
};

}  // namespace

FunctionGroup StringFunctions() {
  return {FunctionKind::kScalar, kFunctions, kSpecials};
}

}  // namespace tinderbox::engine
