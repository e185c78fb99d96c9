// The operands of expressions: names, parentheses and the forms that start with a word of their own.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"

#include "sql/grammar.h"

namespace tinderbox::sql {

namespace {

/// Names that are calls without parentheses. A column called so hides them; "user" often is one, so it stays a name.
constexpr std::array kCurrent = {"current_date", "current_timestamp", "current_time", "current_user", "session_user"};
constexpr const char* kLiteralTypes =
    "\"DATE\", \"TIMESTAMP_NTZ\", \"TIMESTAMP_LTZ\", \"TIMESTAMP\", \"INTERVAL\", \"X\", \"TIME\"";
/// "CASE 'a' WHEN …" and the like: the word is no type.
bool CanPrecedeString(const std::string& word) {
  return word == "case" || word == "interval" || word == "not" || word == "in";
}
constexpr size_t kMaximumCopies = 16 << 20;

}  // namespace

void Parser::CountCopy(const proto::Expression& copied) {
  copied_bytes_ += copied.ByteSizeLong();
  if (copied_bytes_ > kMaximumCopies) {
    throw ParseError(
        "FAILED_TO_PARSE_TOO_COMPLEX",
        "The statement, including potential SQL functions and referenced views, was too complex to parse. To "
        "mitigate this error divide the statement into multiple, less complex chunks.");
  }
}

std::optional<std::string> Parser::FindLambdaVariable(std::string_view name) const {
  const std::string lower = base::LowerCase(name);
  for (auto i = lambda_variables_.rbegin(); i != lambda_variables_.rend(); ++i) {
    if (base::LowerCase(*i) == lower) return *i;
  }
  return std::nullopt;
}

proto::Expression Parser::ParsePrimary() {
  const Token& token = Peek();
  switch (token.kind) {
    case TokenKind::kNumber:
      return ParseNumber(false);
    case TokenKind::kString:
      return MakeString(ParseString());
    case TokenKind::kQuotedIdentifier:
    case TokenKind::kIdentifier:
      return ParseWord();
    case TokenKind::kOperator:
      if (token.text == "(") return ParseParenthesis();
      if (token.text == "*") return ParseStar({});
      if (token.text == ":" || token.text == "?") return ParseParameter();
      break;
    case TokenKind::kHintStart:
    case TokenKind::kEnd:
      break;
  }
  Fail();
}

proto::Expression Parser::ParseParenthesis() {
  const size_t first = at_;
  if (Is("->", Behind(at_) - at_)) return Located(ParseLambda(ParseIdentifierList()), first);
  if (QueryAhead(1))
    return Located(MakeSubquery(ParseParenthesizedQuery(), proto::SubqueryExpression::SUBQUERY_TYPE_SCALAR), first);
  Expect("(");
  std::vector<proto::Expression> items = ParseNamedList();
  if (items.size() == 1 && items[0].has_alias()) Fail();
  Expect(")");
  if (items.size() > 1) {
    proto::Expression row = MakeCall("struct", std::move(items));
    row.mutable_unresolved_function()->set_is_internal(true);  // it has another name than a call of struct
    return Located(std::move(row), first);
  }
  return std::move(items[0]);
}

proto::Expression Parser::ParseLambda(Names parameters) {
  Expect("->");
  proto::Expression out;
  auto* lambda = out.mutable_lambda_function();
  for (const std::string& parameter : parameters) {
    lambda->add_arguments()->add_name_parts(parameter);
    lambda_variables_.push_back(parameter);
  }
  *lambda->mutable_function() = ParseExpression();
  lambda_variables_.resize(lambda_variables_.size() - parameters.size());
  return out;
}

proto::Expression Parser::ParseWord() {
  const size_t first = at_;
  const Token& token = Peek();
  if (Is("->", 1)) return Located(ParseLambda({ParseIdentifier()}), first);
  if (token.kind == TokenKind::kIdentifier) {
    const std::string word = base::LowerCase(token.text);
    if (Peek(1).kind == TokenKind::kString && TypedLiteralAhead()) return ParseTypedLiteral();
    // A word before a string is a literal's type.
    if (Peek(1).kind == TokenKind::kString && !CanPrecedeString(word)) {
      const std::string type = fmt::format("\"{}\"", Upper(word));
      at_ += 2;
      Refuse(first, "UNSUPPORTED_TYPED_LITERAL",
             fmt::format("Literals of the type {} are not supported. Supported types are {}.", type, kLiteralTypes),
             {{"unsupportedType", type}, {"supportedTypes", kLiteralTypes}});
    }
    if (word == "interval" && (Peek(1).kind == TokenKind::kString || Peek(1).kind == TokenKind::kNumber ||
                               ((Is("-", 1) || Is("+", 1)) && (Peek(2).kind == TokenKind::kString ||
                                                               (Peek(2).kind == TokenKind::kNumber && IsName(3)))))) {
      return ParseInterval();
    }
    if (!Is(".", 1) && !Is("(", 1)) {
      proto::Expression out;
      if (word == "null") {
        ++at_;
        out.mutable_literal()->mutable_null()->mutable_null();
        return out;
      }
      if (word == "true" || word == "false") {
        ++at_;
        out.mutable_literal()->set_boolean(word == "true");
        return out;
      }
      if (std::ranges::find(kCurrent, word) != kCurrent.end()) {
        ++at_;
        return Located(MakeCall(word, {}), first);
      }
    }
    // "case" may be a column; a CASE expression goes on with an expression.
    if (word == "case" && !Is(",", 1) && !Is(")", 1) && !Is(".", 1) && Peek(1).kind != TokenKind::kEnd)
      return ParseCase();
    if (Is("(", 1)) {
      proto::Expression special;
      if (ParseSpecialCall(word, &special)) return Located(std::move(special), first);
      at_ = first;
    }
  }
  return ParseColumn();
}

proto::Expression Parser::ParseColumn() {
  const size_t first = at_;
  Names parts{ParseIdentifier()};
  while (Is(".")) {
    if (Is("*", 1)) {
      ++at_;
      return Located(ParseStar(parts), first);
    }
    if (!IsName(1)) break;
    ++at_;
    parts.push_back(ParseIdentifier());
  }
  if (Is("(")) return ParseCall(parts, first);
  proto::Expression out;
  if (const auto variable = FindLambdaVariable(parts[0])) {
    parts[0] = *variable;
    for (const std::string& part : parts) out.mutable_unresolved_named_lambda_variable()->add_name_parts(part);
  } else {
    out.mutable_unresolved_attribute()->set_unparsed_identifier(JoinName(parts));
  }
  return Located(std::move(out), first);
}

proto::Expression Parser::ParseStar(const Names& target) {
  const size_t first = at_;
  Expect("*");
  const std::string prefix = target.empty() ? "" : JoinName(target) + ".*";
  proto::Expression out;
  if (Is("except") && Is("(", 1) && !QueryAhead(2)) {
    at_ += 2;
    plan::ExpressionExtension extension;
    extension.mutable_star_except()->set_target(prefix);
    do {
      extension.mutable_star_except()->add_columns(JoinName(ParseMultipart()));
    } while (Accept(","));
    Require(")");
    out = MakeExtension(extension);
  } else {
    auto* star = out.mutable_unresolved_star();
    if (!target.empty()) star->set_unparsed_target(prefix);
  }
  return Located(std::move(out), first);
}

proto::Expression Parser::ParseCase() {
  const size_t first = at_;
  Expect("case");
  std::vector<proto::Expression> arguments;
  proto::Expression subject;
  const bool simple = !Is("when");
  if (simple) subject = ParseExpression();
  if (!Is("when")) Fail();
  while (Accept("when")) {
    const size_t branch = at_;
    proto::Expression condition = ParseExpression();
    if (simple) {
      CountCopy(subject);
      condition = Located(MakeCall("==", {subject, std::move(condition)}), branch);
    }
    Expect("then");
    arguments.push_back(std::move(condition));
    arguments.push_back(ParseExpression());
  }
  if (Accept("else")) arguments.push_back(ParseExpression());
  Expect("end");
  return Located(MakeCall("when", std::move(arguments)), first);
}

proto::Expression Parser::ParseCast(bool is_try) {
  at_ += 2;
  proto::Expression out;
  auto* cast = out.mutable_cast();
  *cast->mutable_expr() = ParseExpression();
  Expect("as");
  cast->set_type_str(ParseType());
  Require(")");
  if (is_try) cast->set_eval_mode(proto::Expression::Cast::EVAL_MODE_TRY);
  return out;
}

proto::Expression Parser::ParseParameter() {
  const size_t first = at_;
  const proto::Expression* value = nullptr;
  std::string name;
  if (Accept("?")) {
    const size_t index = closing_[first];
    if (index < parameters_.positional.size()) value = parameters_.positional[index];
    name = fmt::format("_{}", tokens_[first].first);
  } else {
    Expect(":");
    name = ParseIdentifier();
    const auto found = parameters_.named.find(name);
    if (found != parameters_.named.end()) value = found->second;
  }
  if (value == nullptr) {
    Refuse(first, "UNBOUND_SQL_PARAMETER",
           fmt::format("Found the unbound parameter: {}. Please, fix `args` and provide a mapping of the parameter to "
                       "either a SQL literal or collection constructor functions such as `map()`, `array()`, "
                       "`struct()`.",
                       name),
           {{"name", name}});
  }
  CountCopy(*value);
  return *value;
}

std::string Parser::ConstantText(const proto::Expression& expression, size_t first) const {
  if (expression.has_literal() && expression.literal().has_string()) return expression.literal().string();
  if (expression.has_unresolved_function() &&
      base::LowerCase(expression.unresolved_function().function_name()) == "concat") {
    std::string out;
    for (const auto& part : expression.unresolved_function().arguments()) out += ConstantText(part, first);
    return out;
  }
  const std::string text = Text(first + 2);
  Refuse(first, "NOT_A_CONSTANT_STRING.NOT_CONSTANT",
         fmt::format("The expression {} used for the routine or clause IDENTIFIER must be a constant STRING which is "
                     "NOT NULL. To be considered constant the expression must not depend on any columns, contain a "
                     "subquery, or invoke a non deterministic function such as rand().",
                     text),
         {{"expr", text}, {"name", "IDENTIFIER"}});
}

}  // namespace tinderbox::sql
