#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tinderbox::sql {

enum class TokenKind {
  kIdentifier,  ///< also every keyword
  kQuotedIdentifier,
  kString,  ///< decoded
  kNumber,  ///< with its suffix, as written
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  ///< what it means: an identifier without back-ticks, a string without escapes
  size_t begin = 0;  ///< byte offsets into the source
  size_t end = 0;
};

/// Splits Spark SQL text into tokens; the last is kEnd. Comments (-- and /* */, which nest) are skipped. Throws Error
/// PARSE_SYNTAX_ERROR.
std::vector<Token> Tokenize(std::string_view source);

/// Throws Error PARSE_SYNTAX_ERROR for the place `offset`, with line, column and the text near it.
[[noreturn]] void FailSyntax(std::string_view source, size_t offset, std::string_view near, std::string_view hint);

}  // namespace tinderbox::sql
