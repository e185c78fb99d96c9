// Functions about the session, the query, and values as such.
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "engine/functions/function.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

const DataType kString(TypeKind::kString);
const DataType kVoid;

/// An expression of Spark's type VOID that fails with a text when it is evaluated.
Sql Fail(const Sql& message) {
  return Template("(CASE WHEN spark_raise_error($1) IS NULL THEN NULL END)", {message});
}

Typed RaiseError(const FunctionCall& call) {
  call.Expect(1, 1);
  return {Fail(CoerceTo('s', call.Argument(0), call.scope(), call.name(), 1).sql), kVoid, true};
}

Typed AssertTrue(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed condition = CoerceTo('b', call.Argument(0), call.scope(), call.name(), 1);
  const Sql message = call.size() > 1
                          ? CoerceTo('s', call.Argument(1), call.scope(), call.name(), 2).sql
                          : StringLiteral(fmt::format("'{}' is not true!", ExpressionName(call.ArgumentProto(0))));
  return {Template("(CASE WHEN $1 THEN NULL ELSE $2 END)", {condition.sql, Fail(message)}), kVoid, true};
}

Typed TypeOf(const FunctionCall& call) {
  call.Expect(1, 1);
  return {StringLiteral(call.Argument(0).type.SimpleString()), kString, false};
}

Typed CurrentDatabase(const FunctionCall& call) {
  call.Expect(0, 0);
  return {StringLiteral(call.scope().database), kString, false};
}

/// The user whom this process belongs to, as Spark's server tells it to all sessions.
Typed CurrentUser(const FunctionCall& call) {
  call.Expect(0, 0);
  const char* named = std::getenv("SPARK_USER");
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (named == nullptr && getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr) {
    named = found->pw_name;
  }
  return {StringLiteral(named == nullptr ? std::to_string(geteuid()) : named), kString, false};
}

/// aes_encrypt(value, key[, mode[, padding[, iv[, aad]]]]); decryption takes no initialization vector.
Typed Aes(const FunctionCall& call, const char* function, std::string_view letters) {
  call.Expect(2, letters.size());
  std::vector<Sql> parts;
  for (size_t i = 0; i < letters.size(); ++i) {
    if (i < call.size()) {
      parts.push_back(CoerceTo(letters[i], call.Argument(i), call.scope(), call.name(), i + 1).sql);
    } else {
      parts.push_back(letters[i] == 'B' ? Token("''::BLOB") : StringLiteral(i == 2 ? "GCM" : "DEFAULT"));
    }
  }
  return {Call(function, parts), DataType(TypeKind::kBinary), true};
}

Typed AesEncrypt(const FunctionCall& call) {
  return Aes(call, "spark_aes_encrypt", "BBssBB");
}
Typed AesDecrypt(const FunctionCall& call) {
  return Aes(call, "spark_aes_decrypt", "BBssB");
}
Typed TryAesDecrypt(const FunctionCall& call) {
  return Aes(call, "spark_try_aes_decrypt", "BBssB");
}

/// A field of the files' column; nullopt for rows that come from no files.
std::optional<Typed> FileField(const FunctionCall& call, const char* field) {
  call.Expect(0, 0);
  if (!call.scope().has_metadata) return std::nullopt;
  Scope plain = call.scope();
  plain.grouping = nullptr;
  return ResolveAttribute(fmt::format("_metadata.{}", field), -1, plain);
}
Typed InputFileName(const FunctionCall& call) {
  const auto path = FileField(call, "file_path");
  if (!path) return {Token("\'\'"), DataType(TypeKind::kString), false};
  return {Template("('file://' || substr($1, 6))", {path->sql}), DataType(TypeKind::kString), false};
}
Typed InputFileBlockStart(const FunctionCall& call) {
  const auto start = FileField(call, "file_block_start");
  return start ? *start : Typed{Token("CAST(-1 AS BIGINT)"), DataType(TypeKind::kLong), false};
}
Typed InputFileBlockLength(const FunctionCall& call) {
  const auto length = FileField(call, "file_block_length");
  return length ? *length : Typed{Token("CAST(-1 AS BIGINT)"), DataType(TypeKind::kLong), false};
}

constexpr Function kFunctions[] = {
    {"md5", "B", "string", Nulls::kAny, "md5($1)"},
    {"sha", "B", "string", Nulls::kAny, "sha1($1)"},
    {"sha1", "B", "string", Nulls::kAny, "sha1($1)"},
    {"sha2", "Bi", "string", Nulls::kAlways, "spark_sha2($1, $2)"},
    {"crc32", "B", "bigint", Nulls::kAny, "spark_crc32($1)"},
    {"current_catalog", "", "string", Nulls::kNever, "'spark_catalog'"},
    {"version", "", "string", Nulls::kNever, "'4.2.0 tinderbox'"},
    {"uuid", "", "string", Nulls::kNever, "CAST(uuid() AS VARCHAR)"},
    {"spark_partition_id", "", "int", Nulls::kNever, "CAST(0 AS INTEGER)"},
    {"distributed_sequence_id", "?b", "bigint", Nulls::kNever, "(row_number() OVER () - 1)"},
    {"monotonically_increasing_id", "", "bigint", Nulls::kNever, "(row_number() OVER () - 1)"},
    {"bitmap_bit_position", "l", "bigint", Nulls::kAny,
     "(CASE WHEN $1 > 0 THEN ($1 - 1) % 32768 ELSE -$1 % 32768 END)"},
    {"bitmap_bucket_number", "l", "bigint", Nulls::kAny,
     "(CASE WHEN $1 > 0 THEN 1 + ($1 - 1) // 32768 ELSE -(-$1 // 32768) END)"},
    {"bitmap_count", "X", "bigint", Nulls::kAny, "spark_bitmap_count($1)"},
};

constexpr SpecialFunction kSpecials[] = {
    {"current_database", CurrentDatabase},
    {"current_schema", CurrentDatabase},
    {"current_user", CurrentUser},
    {"session_user", CurrentUser},
    {"user", CurrentUser},
    {"raise_error", RaiseError},
    {"assert_true", AssertTrue},
    {"typeof", TypeOf},
    {"aes_encrypt", AesEncrypt},
    {"aes_decrypt", AesDecrypt},
    {"try_aes_decrypt", TryAesDecrypt},
    {"input_file_name", InputFileName},
    {"input_file_block_start", InputFileBlockStart},
    {"input_file_block_length", InputFileBlockLength},
};

}  // namespace

FunctionGroup MiscFunctions() {
  return {FunctionKind::kScalar, kFunctions, kSpecials};
}

}  // namespace tinderbox::engine
