#pragma once

#include <cstddef>
#include <map>
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
  kHintStart,  ///< "/*+"; the tokens of the hint follow, then the operator "*/"
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  ///< what it means: an identifier without back-ticks, a string without escapes
  size_t begin = 0;  ///< byte offsets into the source
  size_t end = 0;
  int first = 0;  ///< the same in characters: the first and the last one
  int last = -1;
  int line = 1;    ///< from 1
  int column = 0;  ///< in characters, from 0

  /// Whether it is this keyword, written here in lower case, or operator.
  bool Is(std::string_view word) const;
  bool IsName() const { return kind == TokenKind::kIdentifier || kind == TokenKind::kQuotedIdentifier; }
};

/// Splits Spark SQL text into tokens; the last is kEnd. Comments (-- and /* */, which nest) are skipped. Throws Error
/// PARSE_SYNTAX_ERROR, UNCLOSED_BRACKETED_COMMENT.
std::vector<Token> Tokenize(std::string_view source);

/// Throws PARSE_SYNTAX_ERROR at a token. `hint` is Spark's, as ": extra input 'x'", or empty.
[[noreturn]] void FailSyntax(std::string_view source, const Token& token, std::string_view hint = "");

/// Throws another condition of the parser, for the place of a token, as a syntax error shows its own:
/// "(line 1, pos 7)" and the text with a mark below.
[[noreturn]] void FailAt(std::string_view source, const Token& token, std::string_view condition,
                         const std::string& message, std::map<std::string, std::string> params);

}  // namespace tinderbox::sql
