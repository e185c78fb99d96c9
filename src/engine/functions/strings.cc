#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "engine/functions/code_points.h"
#include "engine/functions/function.h"
#include "engine/functions/text_case.h"
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

bool IsNullLiteral(const FunctionCall& call, size_t i) {
  return call.ArgumentProto(i).has_literal() && call.ArgumentProto(i).literal().has_null();
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

/// A function of one text or binary, with a template for either.
Typed OfTextOrBytes(const FunctionCall& call, const char* text_sql, const char* bytes_sql) {
  call.Expect(1, 1);
  const Typed value = CoerceTo('x', call.Argument(0), call.scope(), call.name(), 1);
  return {Template(value.type.kind() == TypeKind::kBinary ? bytes_sql : text_sql, {value.sql}), kInt, value.nullable};
}

Typed Length(const FunctionCall& call) {
  return OfTextOrBytes(call, "CAST(length($1) AS INTEGER)", "CAST(octet_length($1) AS INTEGER)");
}
Typed OctetLength(const FunctionCall& call) {
  return OfTextOrBytes(call, "CAST(strlen($1) AS INTEGER)", "CAST(octet_length($1) AS INTEGER)");
}
Typed BitLength(const FunctionCall& call) {
  return OfTextOrBytes(call, "CAST(strlen($1) * 8 AS INTEGER)", "CAST(octet_length($1) * 8 AS INTEGER)");
}

/// startswith, endswith, contains: of two texts, or of two binaries.
Typed Holds(const FunctionCall& call, const char* text_function, const char* bytes_function) {
  call.Expect(2, 2);
  const Typed whole = call.Argument(0);
  const Typed part = call.Argument(1);
  if (whole.type.kind() == TypeKind::kBinary && part.type.kind() == TypeKind::kBinary) {
    return {Call(bytes_function, {whole.sql, part.sql}), DataType(TypeKind::kBoolean), true};
  }
  const Typed text = CoerceTo('s', whole, call.scope(), call.name(), 1);
  const Typed text_part = CoerceTo('s', part, call.scope(), call.name(), 2);
  return {Call(text_function, {text.sql, text_part.sql}), DataType(TypeKind::kBoolean),
          text.nullable || text_part.nullable};
}

Typed StartsWith(const FunctionCall& call) {
  return Holds(call, "starts_with", "spark_starts_with_bytes");
}
Typed EndsWith(const FunctionCall& call) {
  return Holds(call, "ends_with", "spark_ends_with_bytes");
}
Typed Contains(const FunctionCall& call) {
  return Holds(call, "contains", "spark_contains_bytes");
}

/// elt(n, value, …): all binary, or all as text.
Typed Elt(const FunctionCall& call) {
  call.Expect(2, SIZE_MAX);
  const Typed index = CoerceTo('i', call.Argument(0), call.scope(), call.name(), 1);
  std::vector<Typed> values = call.Arguments();
  values.erase(values.begin());
  const bool bytes =
      std::ranges::all_of(values, [](const Typed& value) { return value.type.kind() == TypeKind::kBinary; });
  std::vector<Sql> branches;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!bytes) values[i] = CoerceTo('s', values[i], call.scope(), call.name(), i + 2);
    branches.push_back(Template("WHEN $1 THEN $2", {IntegerLiteral(static_cast<int64_t>(i) + 1), values[i].sql}));
  }
  const Sql size = IntegerLiteral(static_cast<int64_t>(values.size()));
  const Sql chosen =
      call.scope().ansi ? Template("spark_elt_index($1, CAST($2 AS INTEGER))", {index.sql, size}) : index.sql;
  return {Template("(CASE $1 $2 ELSE NULL END)", {chosen, Join(branches, " ")}), values[0].type, true};
}

/// mask(text, upper, lower, digit, other); the replacements are constants of one character, or NULL.
Typed Mask(const FunctionCall& call) {
  call.Expect(1, 5);
  static constexpr const char* kDefaults[] = {"X", "x", "n"};
  static constexpr const char* kNames[] = {"upperChar", "lowerChar", "digitChar", "otherChar"};
  const Typed text = CoerceTo('s', call.Argument(0), call.scope(), call.name(), 1);
  std::vector<Sql> parts{text.sql};
  for (size_t i = 1; i < 5; ++i) {
    if (i >= call.size()) {
      parts.push_back(i < 4 ? StringLiteral(kDefaults[i - 1]) : CastTo(Token("NULL"), kString));
      continue;
    }
    if (!IsNullLiteral(call, i) && CountPoints(call.LiteralString(i)) != 1) {
      throw Error("DATATYPE_MISMATCH.INPUT_SIZE_NOT_ONE",
                  fmt::format("Cannot resolve \"{}\" due to data type mismatch: Length of {} should be 1.",
                              call.SqlName(), kNames[i - 1]),
                  {{"sqlExpr", "\"" + call.SqlName() + "\""}, {"exprName", kNames[i - 1]}});
    }
    parts.push_back(CoerceTo('s', call.Argument(i), call.scope(), call.name(), i + 1).sql);
  }
  return {Call("spark_mask", parts), kString, true};
}

Typed Collation(const FunctionCall& call) {
  call.Expect(1, 1);
  CoerceTo('s', call.Argument(0), call.scope(), call.name(), 1);
  return {StringLiteral("SYSTEM.BUILTIN.UTF8_BINARY"), kString, false};
}

/// collate(text, collation): there is one collation, that of bytes.
Typed Collate(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed text = CoerceTo('s', call.Argument(0), call.scope(), call.name(), 1);
  const std::string name = call.LiteralString(1);
  if (UpperOf(name) != "UTF8_BINARY" && UpperOf(name) != "SYSTEM.BUILTIN.UTF8_BINARY") {
    RefuseFeature("the collation " + name);
  }
  return text;
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
Typed TrimWith(const FunctionCall& call, const char* function, bool text_first) {
  call.Expect(1, 2);
  const size_t at = call.size() == 2 && !text_first ? 1 : 0;
  const Typed text = CoerceTo('s', call.Argument(at), call.scope(), call.name(), at + 1);
  const Typed characters = call.size() == 2 ? CoerceTo('s', call.Argument(1 - at), call.scope(), call.name(), 2 - at)
                                            : Typed{StringLiteral(" "), kString, false};
  return {Call(function, {text.sql, characters.sql}), kString, text.nullable || characters.nullable};
}

Typed Trim(const FunctionCall& call) {
  return TrimWith(call, "trim", false);
}
Typed TrimLeft(const FunctionCall& call) {
  return TrimWith(call, "ltrim", false);
}
Typed TrimRight(const FunctionCall& call) {
  return TrimWith(call, "rtrim", false);
}
Typed TrimBoth(const FunctionCall& call) {
  return TrimWith(call, "trim", true);
}

Typed Reverse(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  if (value.type.kind() == TypeKind::kArray) return {Call("list_reverse", {value.sql}), value.type, value.nullable};
  const Typed text = CoerceTo('x', value, call.scope(), call.name(), 1);
  return {Call("spark_reverse", {text.sql}), text.type, text.nullable};
}

constexpr Function kFunctions[] = {
    {"upper", "s", "string", Nulls::kAny, "spark_upper($1)"},
    {"ucase", "s", "string", Nulls::kAny, "spark_upper($1)"},
    {"lower", "s", "string", Nulls::kAny, "spark_lower($1)"},
    {"lcase", "s", "string", Nulls::kAny, "spark_lower($1)"},
    {"initcap", "s", "string", Nulls::kAny, "spark_initcap($1)"},
    {"left", "xi", "$1", Nulls::kAny, "spark_substring($1, 1, greatest($2, 0))"},
    {"right", "si", "string", Nulls::kAlways, "spark_right($1, $2)"},
    {"find_in_set", "ss", "int", Nulls::kAny, "spark_find_in_set($1, $2)"},
    {"luhn_check", "s", "boolean", Nulls::kAlways, "spark_luhn_check($1)"},
    {"soundex", "s", "string", Nulls::kAny, "spark_soundex($1)"},
    {"quote", "s", "string", Nulls::kAlways, "spark_quote($1)"},
    {"regexp_substr", "ss", "string", Nulls::kAlways, "spark_regexp_substr($1, $2)"},
    {"translate", "sss", "string", Nulls::kAny, "translate($1, $2, $3)"},
    {"instr", "ss", "int", Nulls::kAny, "spark_locate($2, $1, 1)"},
    {"repeat", "si", "string", Nulls::kAny, "repeat($1, $2)"},
    {"ascii", "s", "int", Nulls::kAny, "CAST(ascii($1) AS INTEGER)"},
    {"chr", "l", "string", Nulls::kAny, "spark_chr($1)"},
    {"char", "l", "string", Nulls::kAny, "spark_chr($1)"},
    {"space", "i", "string", Nulls::kAny, "repeat(' ', $1)"},
    {"split_part", "ssi", "string", Nulls::kAlways, "spark_split_part($1, $2, $3)"},
    {"substring_index", "ssi", "string", Nulls::kAny, "spark_substring_index($1, $2, $3)"},
    {"rlike", "ss", "boolean", Nulls::kAny, "spark_rlike($1, $2)"},
    {"regexp", "ss", "boolean", Nulls::kAny, "spark_rlike($1, $2)"},
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
  Typed out = ByCount(call, 2, {"spark_locate($1, $2, 1)", "spark_locate($1, $2, COALESCE($3, 0))"}, "ssi", kInt);
  out.nullable = call.Argument(0).nullable || call.Argument(1).nullable;
  return out;
}
/// lpad and rpad: of a text, or of binaries, which zero bytes fill.
Typed PadWith(const FunctionCall& call, const char* text_function, const char* bytes_function) {
  call.Expect(2, 3);
  std::vector<Typed> values{call.Argument(0), CoerceTo('i', call.Argument(1), call.scope(), call.name(), 2)};
  const bool binary = values[0].type.kind() == TypeKind::kBinary;
  if (call.size() > 2) values.push_back(call.Argument(2));
  const bool bytes = binary && (call.size() < 3 || values[2].type.kind() == TypeKind::kBinary);
  if (!bytes) {
    values[0] = CoerceTo('s', values[0], call.scope(), call.name(), 1);
    if (call.size() > 2) values[2] = CoerceTo('s', values[2], call.scope(), call.name(), 3);
  }
  if (call.size() < 3) {
    values.push_back({bytes ? Token("'\\x00'::BLOB") : StringLiteral(" "), values[0].type, false});
  }
  return {Call(bytes ? bytes_function : text_function, {values[0].sql, values[1].sql, values[2].sql}), values[0].type,
          AnyNullable(values)};
}

Typed PadLeft(const FunctionCall& call) {
  return PadWith(call, "spark_lpad", "spark_lpad_bytes");
}
Typed PadRight(const FunctionCall& call) {
  return PadWith(call, "spark_rpad", "spark_rpad_bytes");
}
Typed Overlay(const FunctionCall& call) {
  call.Expect(3, 4);
  if (call.Argument(0).type.kind() == TypeKind::kBinary && call.Argument(1).type.kind() == TypeKind::kBinary) {
    return ByCount(call, 3, {"spark_overlay_bytes($1, $2, $3, -1)", "spark_overlay_bytes($1, $2, $3, $4)"}, "BBii",
                   DataType(TypeKind::kBinary));
  }
  return ByCount(call, 3, {"spark_overlay($1, $2, $3, -1)", "spark_overlay($1, $2, $3, $4)"}, "ssii", kString);
}
Typed Levenshtein(const FunctionCall& call) {
  return ByCount(call, 2, {"spark_levenshtein($1, $2, 2147483647)", "spark_levenshtein($1, $2, $3)"}, "ssi", kInt);
}
Typed RegexpExtractAll(const FunctionCall& call) {
  return ByCount(call, 2, {"spark_regexp_extract_all($1, $2, 1)", "spark_regexp_extract_all($1, $2, $3)"}, "ssi",
                 DataType::Array(kString, true));
}
Typed RegexpInstr(const FunctionCall& call) {
  return ByCount(call, 2, {"spark_regexp_instr($1, $2, 0)", "spark_regexp_instr($1, $2, $3)"}, "ssi", kInt);
}
/// sentences(text[, language[, country]]): parted by the rules of English whatever is named.
Typed Sentences(const FunctionCall& call) {
  call.Expect(1, 3);
  const Typed text = CoerceTo('s', call.Argument(0), call.scope(), call.name(), 1);
  for (size_t i = 1; i < call.size(); ++i) {
    const std::string name = call.LiteralString(i);
    if (name != "" && name != (i == 1 ? "en" : "US")) RefuseFeature("sentences of another language than English");
  }
  return {Call("spark_sentences", {text.sql}), DataType::Array(DataType::Array(kString, false), false), true};
}
Typed Split(const FunctionCall& call) {
  return ByCount(call, 2, {"spark_split($1, $2, -1)", "spark_split($1, $2, $3)"}, "ssi",
                 DataType::Array(kString, false));
}
Typed RegexpExtract(const FunctionCall& call) {
  return ByCount(call, 2, {"spark_regexp_extract($1, $2, 1)", "spark_regexp_extract($1, $2, $3)"}, "ssi", kString);
}
Typed RegexpReplace(const FunctionCall& call) {
  call.Expect(3, 4);
  if (call.size() == 4 && call.IsLiteral(3) && !IsNullLiteral(call, 3) && call.LiteralInteger(3) < 1) {
    const std::string shown = call.SqlName();
    const int64_t position = call.LiteralInteger(3);
    throw Error("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
                fmt::format("Cannot resolve \"{}\" due to data type mismatch: The position must be between (0, "
                            "2147483647] (current value = {}).",
                            shown, position),
                {{"sqlExpr", "\"" + shown + "\""},
                 {"exprName", "position"},
                 {"valueRange", "(0, 2147483647]"},
                 {"currentValue", std::to_string(position)}});
  }
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
    {"bit_length", BitLength},
    {"startswith", StartsWith},
    {"endswith", EndsWith},
    {"contains", Contains},
    {"elt", Elt},
    {"mask", Mask},
    {"collation", Collation},
    {"collate", Collate},
    {"levenshtein", Levenshtein},
    {"regexp_extract_all", RegexpExtractAll},
    {"regexp_instr", RegexpInstr},
    {"sentences", Sentences},
    {"substring", Substring},
    {"substr", Substring},
    {"trim", Trim},
    {"ltrim", TrimLeft},
    {"rtrim", TrimRight},
    {"btrim", TrimBoth},
    {"reverse", Reverse},
    {"replace", Replace},
    {"locate", Locate},
    {"position", Locate},
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
