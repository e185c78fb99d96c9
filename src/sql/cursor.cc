// Tokens, names, places and errors.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json_text.h"
#include "spark/sql_context.h"
#include "sql/grammar.h"
#include "tinderbox/error.h"

namespace tinderbox::sql {

namespace {

constexpr std::string_view kIdentifierRules =
    "Unquoted identifiers can only contain ASCII letters ('a' - 'z', 'A' - 'Z'), digits ('0' - '9'), and underbar "
    "('_').\nUnquoted identifiers must also not start with a digit.\nDifferent data sources and meta stores may impose "
    "additional restrictions on valid identifiers.";

std::string_view NextWord(std::string_view* words) {
  const size_t space = words->find(' ');
  const std::string_view word = words->substr(0, space);
  words->remove_prefix(space == std::string_view::npos ? words->size() : space + 1);
  return word;
}

}  // namespace

std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return out;
}

std::string JoinName(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += '.';
    const bool plain = !part.empty() && std::ranges::all_of(part, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
             static_cast<unsigned char>(c) >= 0x80;
    });
    if (plain) {
      out += part;
      continue;
    }
    out += '`';
    for (char c : part) {
      if (c == '`') out += c;
      out += c;
    }
    out += '`';
  }
  return out;
}

Parser::Parser(std::string_view source, const Parameters& parameters)
    : source_(base::ReplaceInvalidUtf8(source)),
      parameters_(parameters),
      tokens_(Tokenize(source_)),
      closing_(tokens_.size(), tokens_.size() - 1) {
  std::vector<size_t> open;
  size_t markers = 0;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].kind != TokenKind::kOperator) continue;
    if (tokens_[i].text == "?") closing_[i] = markers++;
    if (tokens_[i].text == "(") open.push_back(i);
    if (tokens_[i].text == ")" && !open.empty()) {
      closing_[open.back()] = i;
      open.pop_back();
    }
  }
  // From the innermost out: what a parenthesis holds depends on those in it.
  query_inside_.resize(tokens_.size());
  for (size_t i = tokens_.size() - 1; i-- > 0;) {
    if (tokens_[i].Is("(")) query_inside_[i] = QueryStartsAt(i + 1);
  }
}

Parser::Level::Level(Parser* parser) : parser_(parser) {
  if (parser_->depth_ >= kMaximumDepth) {
    throw ParseError(
        "FAILED_TO_PARSE_TOO_COMPLEX",
        fmt::format("The statement, including potential SQL functions and referenced views, was too complex to "
                    "parse: it is nested deeper than {} levels. To mitigate this error divide the statement "
                    "into multiple, less complex chunks.",
                    kMaximumDepth));
  }
  ++parser_->depth_;
}

bool Parser::AreWords(std::string_view words) const {
  for (size_t i = 0; !words.empty(); ++i) {
    if (!Is(NextWord(&words), i)) return false;
  }
  return true;
}

bool Parser::Accept(std::string_view text) {
  if (!Is(text)) return false;
  ++at_;
  return true;
}

bool Parser::AcceptWords(std::string_view words) {
  if (!AreWords(words)) return false;
  at_ += static_cast<size_t>(std::ranges::count(words, ' ')) + 1;
  return true;
}

void Parser::Expect(std::string_view text) {
  if (!Accept(text)) Fail();
}

void Parser::Require(std::string_view text) {
  if (!Accept(text)) FailSyntax(source_, Peek(), fmt::format(": missing '{}'", Upper(text)));
}

void Parser::ExpectWords(std::string_view words) {
  while (!words.empty()) Expect(NextWord(&words));
}

void Parser::Fail() const {
  FailSyntax(source_, Peek());
}

void Parser::ExpectEnd() {
  if (AtEnd()) return;
  // As Spark's parser recovers: one token too many is named so, as is anything behind a semicolon.
  const bool extra = Peek(1).kind == TokenKind::kEnd || Is(";", 1) || (at_ > 0 && tokens_[at_ - 1].Is(";"));
  if (!extra) Fail();
  FailSyntax(source_, Peek(), fmt::format(": extra input '{}'", Text(at_, at_ + 1)));
}

void Parser::Refuse(size_t first, std::string_view condition, const std::string& message, Error::Params params) const {
  const size_t last = std::max(at_, first + 1);
  const std::vector<QueryContext> contexts{spark::MakeSqlContext(
      source_, tokens_[std::min(first, tokens_.size() - 1)].first, tokens_[std::min(last, tokens_.size()) - 1].last)};
  const bool unplaced = condition == "MISSING_WINDOW_SPECIFICATION" || condition == "UNSUPPORTED_FEATURE.TIME_TRAVEL";
  // What Spark finds only when it analyses the plan.
  static constexpr std::array<std::string_view, 8> kAnalysis = {"DATATYPE_MISMATCH",
                                                                "GROUPING_SIZE_LIMIT_EXCEEDED",
                                                                "INVALID_LIMIT_LIKE",
                                                                "INVALID_RECURSIVE_CTE",
                                                                "MISSING_WINDOW_SPECIFICATION",
                                                                "UNBOUND_SQL_PARAMETER",
                                                                "UNSUPPORTED_FEATURE.TABLE_OPERATION",
                                                                "UNSUPPORTED_FEATURE.TIME_TRAVEL"};
  if (std::ranges::any_of(kAnalysis, [&](std::string_view start) { return condition.starts_with(start); }))
    throw Error(condition, message, std::move(params), unplaced ? std::vector<QueryContext>() : contexts);
  throw ParseError(condition, message, std::move(params), contexts);
}

void Parser::RefuseFeature(size_t first, std::string_view feature) const {
  Refuse(first, "UNSUPPORTED_FEATURE", fmt::format("The feature is not supported: {}.", feature),
         {{"feature", std::string(feature)}});
}

std::string Parser::Text(size_t first, size_t last) const {
  first = std::min(first, tokens_.size() - 1);
  last = std::min(last, tokens_.size());
  if (last <= first) return {};
  return source_.substr(tokens_[first].begin, tokens_[last - 1].end - tokens_[first].begin);
}

std::string Parser::ParseIdentifier() {
  if (!IsName()) Fail();
  const Token& token = Peek();
  if (token.kind == TokenKind::kIdentifier) {
    const bool ascii = std::ranges::none_of(token.text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    if (!ascii) {
      FailAt(source_, token, "INVALID_IDENTIFIER",
             fmt::format("The unquoted identifier {0} is invalid and must be back quoted as: `{0}`.\n{1}", token.text,
                         kIdentifierRules),
             {{"ident", token.text}});
    }
  }
  ++at_;
  return token.text;
}

Parser::Names Parser::ParseIdentifierList() {
  Expect("(");
  Names out;
  do {
    out.push_back(ParseIdentifier());
  } while (Accept(","));
  Expect(")");
  return out;
}

Parser::Names Parser::ParseMultipart() {
  Names out{ParseIdentifier()};
  while (Is(".") && IsName(1)) {
    ++at_;
    out.push_back(ParseIdentifier());
  }
  return out;
}

Parser::Names Parser::ParseReference() {
  if (!Is("identifier") || !Is("(", 1)) {
    const size_t start = at_;
    Names name = ParseMultipart();
    if (!Is("-") || !IsName(1)) return name;
    const Token& minus = Peek();
    while (Is("-") && IsName(1)) at_ += 2;
    const std::string text = Text(start);
    FailAt(source_, minus, "INVALID_IDENTIFIER",
           fmt::format("The unquoted identifier {0} is invalid and must be back quoted as: `{0}`.\n{1}", text,
                       kIdentifierRules),
           {{"ident", text}});
  }
  const size_t first = at_;
  at_ += 2;
  const proto::Expression value = ParseExpression();
  const std::string text = ConstantText(value, first);
  Expect(")");
  Names out = sql::ParseName(text);
  while (Is(".") && IsName(1)) {
    ++at_;
    out.push_back(ParseIdentifier());
  }
  return out;
}

std::string Parser::ParseString() {
  if (Peek().kind != TokenKind::kString) Fail();
  std::string out;
  for (; Peek().kind == TokenKind::kString; ++at_) out += Peek().text;
  return out;
}

proto::JvmOrigin Parser::MakeOrigin(size_t first, size_t last) const {
  proto::JvmOrigin out;
  const Token& token = tokens_[std::min(first, tokens_.size() - 1)];
  out.set_line(token.line);
  out.set_start_position(token.column);
  out.set_start_index(token.first);
  out.set_stop_index(tokens_[std::clamp(last, first + 1, tokens_.size()) - 1].last);
  return out;
}

proto::Expression Parser::Located(proto::Expression expression, size_t first) const {
  *expression.mutable_common()->mutable_origin()->mutable_jvm_origin() = MakeOrigin(first, at_);
  return expression;
}

proto::Relation Parser::Located(proto::Relation relation, size_t first) const {
  *relation.mutable_common()->mutable_origin()->mutable_jvm_origin() = MakeOrigin(first, at_);
  return relation;
}

template <typename Message>
void Parser::SetText(Message* message) const {
  auto* origin = message->mutable_common()->mutable_origin()->mutable_jvm_origin();
  if (!origin->has_start_index()) *origin = MakeOrigin(0, tokens_.size() - 1);
  origin->set_sql_text(source_);
}

template void Parser::SetText(proto::Relation*) const;
template void Parser::SetText(proto::Expression*) const;

proto::Expression Parser::ParseWholeExpression() {
  proto::Expression out = ParseNamed();
  ExpectEnd();
  SetText(&out);
  return out;
}

proto::Relation Parser::ParseWholeQuery() {
  proto::Relation out = ParseQuery();
  while (Accept(";")) {
  }
  ExpectEnd();
  SetText(&out);
  return out;
}

proto::Plan Parser::ParseWholeStatement() {
  if (AtEnd()) Fail();
  proto::Plan out;
  plan::Statement statement;
  if (QueryStatementAhead()) {
    *out.mutable_root() = ParseQuery();
    SetText(out.mutable_root());
  } else {
    if (!ParseStatement(&statement)) Fail();
    out.mutable_command()->mutable_extension()->PackFrom(statement);
  }
  while (Accept(";")) {
  }
  ExpectEnd();
  return out;
}

std::vector<std::string> Parser::ParseWholeName() {
  std::vector<std::string> out = ParseMultipart();
  ExpectEnd();
  return out;
}

proto::Expression ParseExpression(std::string_view text) {
  const Parameters none;
  return Parser(text, none).ParseWholeExpression();
}

proto::Plan ParseStatement(std::string_view text, const Parameters& parameters) {
  return Parser(text, parameters).ParseWholeStatement();
}

proto::Relation ParseQuery(std::string_view text, const Parameters& parameters) {
  return Parser(text, parameters).ParseWholeQuery();
}

std::vector<std::string> ParseName(std::string_view text) {
  const Parameters none;
  return Parser(text, none).ParseWholeName();
}

}  // namespace tinderbox::sql
