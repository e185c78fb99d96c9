#include "sql/expression_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tinderbox/error.h"

namespace tinderbox::sql {

namespace {

bool SameWord(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
           return lower(x) == lower(y);
         });
}

struct BinaryOperator {
  std::string_view symbol;
  const char* function;
  int power;
};

constexpr int kOr = 1;
constexpr int kAnd = 2;
constexpr int kNot = 3;
constexpr int kPredicate = 4;
constexpr int kComparison = 5;
constexpr int kUnary = 12;

constexpr BinaryOperator kBinaryOperators[] = {
    {"or", "or", kOr},
    {"and", "and", kAnd},
    {"=", "==", kComparison},
    {"==", "==", kComparison},
    {"<=>", "<=>", kComparison},
    {"<>", "!=", kComparison},
    {"!=", "!=", kComparison},
    {"<", "<", kComparison},
    {"<=", "<=", kComparison},
    {">", ">", kComparison},
    {">=", ">=", kComparison},
    {"|", "|", 6},
    {"^", "^", 7},
    {"&", "&", 8},
    {"<<", "shiftleft", 9},
    {">>", "shiftright", 9},
    {">>>", "shiftrightunsigned", 9},
    {"+", "+", 10},
    {"-", "-", 10},
    {"||", "concat", 10},
    {"*", "*", 11},
    {"/", "/", 11},
    {"%", "%", 11},
    {"div", "div", 11},
};

/// Words that end an expression: they cannot be an alias without AS.
bool IsReserved(const Token& token) {
  static constexpr std::array kWords = {"from",      "where",  "group",   "having", "order", "limit", "union",
                                        "intersect", "except", "then",    "when",   "else",  "end",   "on",
                                        "join",      "and",    "or",      "as",     "asc",   "desc",  "nulls",
                                        "over",      "filter", "between", "in",     "like",  "is",    "not"};
  return token.kind != TokenKind::kQuotedIdentifier &&
         std::ranges::any_of(kWords, [&](const char* word) { return SameWord(token.text, word); });
}

}  // namespace

ExpressionParser::Level::Level(ExpressionParser* parser) : parser_(parser) {
  if (parser_->depth_ >= kMaximumDepth)
    parser_->Fail(fmt::format("the expression is nested deeper than {} levels", kMaximumDepth));
  ++parser_->depth_;
}

proto::Expression MakeCall(std::string_view function, std::vector<proto::Expression> arguments) {
  proto::Expression out;
  auto* call = out.mutable_unresolved_function();
  call->set_function_name(std::string(function));
  for (auto& argument : arguments) call->add_arguments()->Swap(&argument);
  return out;
}

proto::Expression MakeString(std::string_view text) {
  proto::Expression out;
  out.mutable_literal()->set_string(std::string(text));
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

const Token& ExpressionParser::Peek(size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

bool ExpressionParser::Is(std::string_view text, size_t ahead) const {
  const Token& token = Peek(ahead);
  if (token.kind == TokenKind::kOperator) return token.text == text;
  return token.kind == TokenKind::kIdentifier && SameWord(token.text, text);
}

bool ExpressionParser::Accept(std::string_view text) {
  if (!Is(text)) return false;
  ++at_;
  return true;
}

void ExpressionParser::Expect(std::string_view text) {
  if (!Accept(text)) Fail(fmt::format("expected '{}'", text));
}

void ExpressionParser::Fail(std::string_view hint) const {
  FailSyntax(source_, Peek().begin, Peek().text, hint);
}

std::string ExpressionParser::ParseIdentifier() {
  const Token& token = Peek();
  if (token.kind != TokenKind::kIdentifier && token.kind != TokenKind::kQuotedIdentifier) Fail("expected a name");
  ++at_;
  return token.text;
}

proto::Expression ExpressionParser::ParseNamed() {
  proto::Expression value = ParseExpression();
  const bool as = Accept("as");
  std::vector<std::string> names;
  if (as && Accept("(")) {
    do {
      names.push_back(ParseIdentifier());
    } while (Accept(","));
    Expect(")");
  } else if (as || ((Peek().kind == TokenKind::kIdentifier || Peek().kind == TokenKind::kQuotedIdentifier) &&
                    !IsReserved(Peek()))) {
    names.push_back(ParseIdentifier());
  }
  if (names.empty()) return value;
  proto::Expression out;
  out.mutable_alias()->mutable_expr()->Swap(&value);
  for (const std::string& name : names) out.mutable_alias()->add_name(name);
  return out;
}

proto::Expression::SortOrder ExpressionParser::ParseSortOrder() {
  using Order = proto::Expression::SortOrder;
  Order out;
  *out.mutable_child() = ParseExpression();
  const bool descending = !Accept("asc") && Accept("desc");
  out.set_direction(descending ? Order::SORT_DIRECTION_DESCENDING : Order::SORT_DIRECTION_ASCENDING);
  out.set_null_ordering(descending ? Order::SORT_NULLS_LAST : Order::SORT_NULLS_FIRST);
  if (Accept("nulls")) {
    if (Accept("first")) {
      out.set_null_ordering(Order::SORT_NULLS_FIRST);
    } else {
      Expect("last");
      out.set_null_ordering(Order::SORT_NULLS_LAST);
    }
  }
  return out;
}

proto::Expression ExpressionParser::ParseBinary(int minimum) {
  const Level level(this);
  proto::Expression left = ParsePrefix();
  for (int length = 0;; ++length) {
    if (length > kMaximumDepth) Fail(fmt::format("the expression is nested deeper than {} levels", kMaximumDepth));
    if (minimum < kPredicate) {
      bool matched = false;
      left = ParsePredicate(std::move(left), &matched);
      if (matched) continue;
    }
    const auto* found = std::ranges::find_if(kBinaryOperators, [&](const BinaryOperator& op) { return Is(op.symbol); });
    if (found == std::end(kBinaryOperators) || found->power <= minimum) return left;
    ++at_;
    proto::Expression right = ParseBinary(found->power);
    std::vector<proto::Expression> sides(2);
    sides[0].Swap(&left);
    sides[1].Swap(&right);
    left = MakeCall(found->function, std::move(sides));
  }
}

proto::Expression ExpressionParser::ParsePrefix() {
  const Level level(this);
  const auto unary = [&](const char* function, int power) {
    std::vector<proto::Expression> operand(1);
    operand[0] = ParseBinary(power);
    return MakeCall(function, std::move(operand));
  };
  if (Accept("not") || Accept("!")) return unary("not", kNot);
  if (Is("-") && Peek(1).kind == TokenKind::kNumber) {
    ++at_;
    return ParsePostfix(ParseNumber(true));
  }
  if (Accept("-")) return unary("negative", kUnary - 1);
  if (Accept("+")) return unary("positive", kUnary - 1);
  if (Accept("~")) return unary("~", kUnary - 1);
  return ParsePostfix(ParsePrimary());
}

proto::Expression ExpressionParser::ParsePostfix(proto::Expression value) {
  for (int length = 0;; ++length) {
    if (length > kMaximumDepth) Fail(fmt::format("the expression is nested deeper than {} levels", kMaximumDepth));
    proto::Expression out;
    if (Accept("[")) {
      auto* extract = out.mutable_unresolved_extract_value();
      *extract->mutable_extraction() = ParseExpression();
      extract->mutable_child()->Swap(&value);
      Expect("]");
    } else if (Accept(".")) {
      auto* extract = out.mutable_unresolved_extract_value();
      *extract->mutable_extraction() = MakeString(ParseIdentifier());
      extract->mutable_child()->Swap(&value);
    } else if (Accept("::")) {
      auto* cast = out.mutable_cast();
      cast->set_type_str(ParseType());
      cast->mutable_expr()->Swap(&value);
    } else {
      return value;
    }
    value.Swap(&out);
  }
}

proto::Expression ExpressionParser::ParsePredicate(proto::Expression value, bool* matched) {
  *matched = true;
  const size_t start = at_;
  const bool negated = Accept("not");
  const auto negate = [&](proto::Expression expression) {
    if (!negated) return expression;
    std::vector<proto::Expression> operand(1);
    operand[0].Swap(&expression);
    return MakeCall("not", std::move(operand));
  };
  if (Accept("between")) {
    proto::Expression low = ParseBinary(kPredicate);
    Expect("and");
    proto::Expression high = ParseBinary(kPredicate);
    return negate(MakeCall("and", {MakeCall(">=", {value, std::move(low)}), MakeCall("<=", {value, std::move(high)})}));
  }
  if (Accept("in")) {
    Expect("(");
    if (Is("select") || Is("with") || Is("values")) {
      throw Error("UNSUPPORTED_FEATURE", "The embedded engine does not support IN with a subquery.");
    }
    std::vector<proto::Expression> arguments{std::move(value)};
    do {
      arguments.push_back(ParseExpression());
    } while (Accept(","));
    Expect(")");
    return negate(MakeCall("in", std::move(arguments)));
  }
  for (const char* word : {"like", "ilike"}) {
    if (Accept(word)) return negate(ParseLike(std::move(value), word));
  }
  if (Accept("rlike") || Accept("regexp"))
    return negate(MakeCall("rlike", {std::move(value), ParseBinary(kPredicate)}));
  if (!negated && Accept("is")) {
    const bool is_not = Accept("not");
    const auto wrap = [&](proto::Expression expression) {
      return is_not ? MakeCall("not", {std::move(expression)}) : expression;
    };
    if (Accept("null") || Accept("unknown")) return MakeCall(is_not ? "isnotnull" : "isnull", {std::move(value)});
    if (Is("true") || Is("false")) {
      proto::Expression constant;
      constant.mutable_literal()->set_boolean(Is("true"));
      ++at_;
      return wrap(MakeCall("<=>", {std::move(value), std::move(constant)}));
    }
    Expect("distinct");
    Expect("from");
    proto::Expression equal = MakeCall("<=>", {std::move(value), ParseBinary(kPredicate)});
    return is_not ? equal : MakeCall("not", {std::move(equal)});
  }
  at_ = start;
  *matched = false;
  return value;
}

proto::Expression ExpressionParser::ParseLike(proto::Expression value, const std::string& function) {
  const auto quantified = [&](const char* combine, bool inverse) {
    Expect("(");
    proto::Expression all;
    bool first = true;
    do {
      proto::Expression one = MakeCall(function, {value, ParseExpression()});
      if (inverse) one = MakeCall("not", {std::move(one)});
      all = first ? std::move(one) : MakeCall(combine, {std::move(all), std::move(one)});
      first = false;
    } while (Accept(","));
    Expect(")");
    return all;
  };
  if (Accept("any") || Accept("some")) return quantified("or", false);
  if (Accept("all")) return quantified("and", false);
  std::vector<proto::Expression> arguments{std::move(value), ParseBinary(kPredicate)};
  if (Accept("escape")) {
    if (Peek().kind != TokenKind::kString) Fail("expected the escape character as a string");
    arguments.push_back(MakeString(Peek().text));
    ++at_;
  }
  return MakeCall(function, std::move(arguments));
}

}  // namespace tinderbox::sql
