#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spark/proto.h"
#include "sql/lexer.h"

namespace tinderbox::sql {

/// Deeper nesting is an error.
inline constexpr int kMaximumDepth = 1000;

/// Parses Spark SQL expressions from a token stream, by operator precedence. Other parsers drive it through the same
/// stream.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view source) : source_(source), tokens_(Tokenize(source)) {}

  /// expression [AS] [alias]
  proto::Expression ParseNamed();
  proto::Expression ParseExpression() { return ParseBinary(0); }
  proto::Expression::SortOrder ParseSortOrder();

  const Token& Peek(size_t ahead = 0) const;
  bool AtEnd() const { return Peek().kind == TokenKind::kEnd; }
  /// Whether the next token is this keyword (letter case aside) or operator.
  bool Is(std::string_view text, size_t ahead = 0) const;
  bool Accept(std::string_view text);
  void Expect(std::string_view text);
  [[noreturn]] void Fail(std::string_view hint = "") const;
  std::string ParseIdentifier();

 private:
  /// Bounds the nesting of what is being parsed.
  struct Level {
    explicit Level(ExpressionParser* parser);
    ~Level() { --parser_->depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    ExpressionParser* parser_;
  };
  proto::Expression ParseBinary(int minimum);
  proto::Expression ParsePrefix();
  proto::Expression ParsePostfix(proto::Expression value);
  proto::Expression ParsePrimary();
  proto::Expression ParseParenthesis();
  proto::Expression ParseWord();
  proto::Expression ParseSpecialCall(const std::string& word, bool* handled);
  proto::Expression ParseCall(const std::string& name);
  proto::Expression ParseColumn();
  proto::Expression ParseCase();
  proto::Expression ParseCast(bool is_try);
  proto::Expression ParseInterval();
  proto::Expression ParseLambda(std::vector<std::string> parameters);
  proto::Expression ParsePredicate(proto::Expression value, bool* matched);
  proto::Expression ParseLike(proto::Expression value, const std::string& function);
  proto::Expression ParseOver(proto::Expression function);
  proto::Expression ParseNumber(bool negative);
  std::string ParseType();
  void ParseFrame(proto::Expression::Window* window);
  void ParseBoundary(proto::Expression::Window::WindowFrame::FrameBoundary* boundary);
  bool IsLambdaVariable(std::string_view name) const;
  bool LambdaAhead() const;

  std::string source_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  std::vector<std::string> lambda_variables_;
};

proto::Expression MakeCall(std::string_view function, std::vector<proto::Expression> arguments);
proto::Expression MakeString(std::string_view text);
/// The parts as one attribute name, quoted where they need it.
std::string JoinName(const std::vector<std::string>& parts);

}  // namespace tinderbox::sql
