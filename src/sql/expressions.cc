// Operators, predicates and aliases, in Spark's order of precedence.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"

#include "sql/grammar.h"

namespace tinderbox::sql {

namespace {

struct BinaryOperator {
  std::string_view symbol;
  const char* function;
  int power;
};

constexpr BinaryOperator kBinaryOperators[] = {
    {"=", "==", 1},  {"==", "==", 1},     {"<=>", "<=>", 1}, {"<>", "!=", 1}, {"!=", "!=", 1},   {"<", "<", 1},
    {"<=", "<=", 1}, {"!<", ">=", 1},     {"!>", "<=", 1},   {">", ">", 1},   {">=", ">=", 1},   {"|", "|", 2},
    {"^", "^", 3},   {"&", "&", 4},       {"<<", "<<", 5},   {">>", ">>", 5}, {">>>", ">>>", 5}, {"+", "+", 6},
    {"-", "-", 6},   {"||", "concat", 6}, {"*", "*", 7},     {"/", "/", 7},   {"%", "%", 7},     {"div", "div", 7},
};
constexpr int kUnary = 7;

/// Words with which the grammar goes on behind an expression or a table: an alias without AS is none of them, unless
/// what follows the word says so.
constexpr std::array kContinuations = {"from",    "where",      "group",  "having",  "order",    "sort",
                                       "cluster", "distribute", "window", "qualify", "limit",    "offset",
                                       "union",   "intersect",  "except", "minus",   "setminus", "lateral",
                                       "on",      "when",       "then",   "else",    "end",      "using"};
constexpr std::array kTableContinuations = {"join",   "inner",       "cross",   "left",  "right",   "full",
                                            "semi",   "anti",        "natural", "pivot", "unpivot", "select",
                                            "insert", "tablesample", "set",     "values"};
constexpr std::array kSetOperators = {"union", "intersect", "except", "minus", "setminus"};

bool Among(const auto& words, const std::string& lower) {
  return std::ranges::any_of(words, [&](const char* word) { return lower == word; });
}

/// and(and(a, b), and(c, d)): a chain of any length in a tree of little depth.
proto::Expression Balance(const char* function, std::vector<proto::Expression>* items, size_t begin, size_t end) {
  if (end - begin == 1) return std::move((*items)[begin]);
  const size_t middle = begin + (end - begin + 1) / 2;
  std::vector<proto::Expression> sides(2);
  sides[0] = Balance(function, items, begin, middle);
  sides[1] = Balance(function, items, middle, end);
  return MakeCall(function, std::move(sides));
}

}  // namespace

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

proto::Expression MakeExtension(const plan::ExpressionExtension& extension) {
  proto::Expression out;
  out.mutable_extension()->PackFrom(extension);
  return out;
}

proto::Expression Parser::ParseExpression() {
  const Level level(this);
  const size_t first = at_;
  std::vector<proto::Expression> items;
  items.push_back(ParseAnd());
  while (Accept("or")) items.push_back(ParseAnd());
  if (items.size() == 1) return std::move(items[0]);
  return Located(Balance("or", &items, 0, items.size()), first);
}

proto::Expression Parser::ParseAnd() {
  const size_t first = at_;
  std::vector<proto::Expression> items;
  items.push_back(ParseNot());
  while (Accept("and")) items.push_back(ParseNot());
  if (items.size() == 1) return std::move(items[0]);
  return Located(Balance("and", &items, 0, items.size()), first);
}

proto::Expression Parser::ParseNot() {
  const size_t first = at_;
  const bool is_word = Is("not") && !Is(".", 1) && !Is(",", 1) && !Is(")", 1) && Peek(1).kind != TokenKind::kEnd;
  if (!is_word && !Is("!")) return ParsePredicated();
  const Level level(this);
  ++at_;
  return Located(MakeCall("not", {ParseNot()}), first);
}

proto::Expression Parser::ParsePredicated() {
  const size_t first = at_;
  if (Is("exists") && Is("(", 1) && QueryAhead(2)) {
    ++at_;
    return Located(MakeSubquery(ParseParenthesizedQuery(), proto::SubqueryExpression::SUBQUERY_TYPE_EXISTS), first);
  }
  return ParsePredicate(ParseValue());
}

proto::Expression Parser::ParsePredicate(proto::Expression value) {
  const size_t first = at_;
  const bool negated = Accept("not") || Accept("!");
  const auto finish = [&](proto::Expression predicate, bool inverse) {
    if (!inverse) return Located(std::move(predicate), first);
    return Located(MakeCall("not", {Located(std::move(predicate), first)}), first);
  };
  if (Accept("between")) {
    proto::Expression low = ParseValue();
    Require("and");
    proto::Expression high = ParseValue();
    return finish(MakeCall("between", {std::move(value), std::move(low), std::move(high)}), negated);
  }
  if (Is("in") && Is("(", 1)) {
    ++at_;
    if (QueryAhead(1)) {
      // (a, b) IN (SELECT …) compares both.
      std::vector<proto::Expression> values;
      if (value.has_unresolved_function() && value.unresolved_function().function_name() == "struct") {
        for (auto& part : *value.mutable_unresolved_function()->mutable_arguments()) values.push_back(std::move(part));
      } else {
        values.push_back(std::move(value));
      }
      proto::Relation query = ParseParenthesizedQuery();
      return finish(MakeSubquery(std::move(query), proto::SubqueryExpression::SUBQUERY_TYPE_IN, std::move(values)),
                    negated);
    }
    ++at_;
    if (Accept(")")) {
      Refuse(first, "INVALID_SQL_SYNTAX.EMPTY_IN_PREDICATE",
             "Invalid SQL syntax: IN predicate requires at least one value. Empty IN clauses like 'IN ()' are not "
             "allowed. Consider using 'WHERE FALSE' if you need an always-false condition, or provide at least one "
             "value in the IN list.");
    }
    std::vector<proto::Expression> arguments = ParseExpressions();
    arguments.insert(arguments.begin(), std::move(value));
    Expect(")");
    return finish(MakeCall("in", std::move(arguments)), negated);
  }
  if (Accept("like")) return finish(ParseLike(std::move(value), "like", negated), false);
  if (Accept("ilike")) return finish(ParseLike(std::move(value), "ilike", negated), false);
  if (Accept("rlike") || Accept("regexp")) return finish(MakeCall("rlike", {std::move(value), ParseValue()}), negated);
  if (negated) Fail();
  if (!Accept("is")) return value;
  const bool is_not = Accept("not") || Accept("!");
  if (Accept("null")) return finish(MakeCall(is_not ? "isnotnull" : "isnull", {std::move(value)}), false);
  if (Accept("unknown")) return finish(MakeCall(is_not ? "isnotnull" : "isnull", {std::move(value)}), false);
  if (Is("true") || Is("false")) {
    proto::Expression constant;
    constant.mutable_literal()->set_boolean(Is("true"));
    ++at_;
    return finish(MakeCall("<=>", {std::move(value), std::move(constant)}), is_not);
  }
  ExpectWords("distinct from");
  return finish(MakeCall("<=>", {std::move(value), ParseValue()}), !is_not);
}

proto::Expression Parser::ParseLike(proto::Expression value, const std::string& function, bool negated) {
  const bool any = (Is("any") || Is("some")) && Is("(", 1);
  if (any || (Is("all") && Is("(", 1))) {
    const size_t first = at_;
    at_ += 2;
    if (Is(")")) {
      ++at_;
      Refuse(first, "_LEGACY_ERROR_TEMP_0064", "Expected something between '(' and ')'.",
             {{"msg", "Expected something between '(' and ')'"}});
    }
    plan::ExpressionExtension extension;
    auto* like = extension.mutable_like();
    for (proto::Expression& pattern : ParseExpressions()) like->add_patterns()->Swap(&pattern);
    Expect(")");
    like->mutable_value()->Swap(&value);
    like->set_all(!any);
    like->set_negated(negated);
    like->set_ignore_case(function == "ilike");
    return MakeExtension(extension);
  }
  std::vector<proto::Expression> arguments{std::move(value), ParseValue()};
  if (Accept("escape")) arguments.push_back(MakeString(ParseString()));
  proto::Expression out = MakeCall(function, std::move(arguments));
  return negated ? MakeCall("not", {std::move(out)}) : out;
}

proto::Expression Parser::ParseValue(int minimum) {
  const size_t first = at_;
  proto::Expression left = ParseUnary();
  for (int length = 0;; ++length) {
    if (length > kMaximumChain) {
      Refuse(first, "FAILED_TO_PARSE_TOO_COMPLEX",
             fmt::format("The statement was too complex to parse: an expression has more than {} operators in a row. "
                         "To mitigate this error divide the statement into multiple, less complex chunks.",
                         kMaximumChain));
    }
    const auto* found = std::ranges::find_if(kBinaryOperators, [&](const BinaryOperator& op) { return Is(op.symbol); });
    if (found == std::end(kBinaryOperators) || found->power <= minimum) return left;
    ++at_;
    std::vector<proto::Expression> sides(2);
    sides[0].Swap(&left);
    sides[1] = ParseValue(found->power);
    left = Located(MakeCall(found->function, std::move(sides)), first);
  }
}

proto::Expression Parser::ParseUnary() {
  const size_t first = at_;
  if (Is("-") && Peek(1).kind == TokenKind::kNumber) {
    ++at_;
    return ParsePostfix(ParseNumber(true), first);
  }
  const char* function = Is("-") ? "-" : Is("+") ? "+" : Is("~") ? "~" : nullptr;
  if (function == nullptr) return ParsePostfix(ParsePrimary(), first);
  const Level level(this);
  ++at_;
  return Located(MakeCall(function, {ParseValue(kUnary)}), first);
}

proto::Expression Parser::ParsePostfix(proto::Expression value, size_t first) {
  for (int length = 0;; ++length) {
    if (length > kMaximumDepth) Refuse(first, "FAILED_TO_PARSE_TOO_COMPLEX", "The statement was too complex to parse.");
    proto::Expression out;
    if (Accept("[")) {
      auto* extract = out.mutable_unresolved_extract_value();
      *extract->mutable_extraction() = ParseValue();
      extract->mutable_child()->Swap(&value);
      Require("]");
    } else if (Is(".") && IsName(1)) {
      ++at_;
      auto* extract = out.mutable_unresolved_extract_value();
      *extract->mutable_extraction() = MakeString(ParseIdentifier());
      extract->mutable_child()->Swap(&value);
    } else if (Is(":") && (IsName(1) || Is("[", 1))) {
      out = MakeCall("tb_variant_field", {std::move(value), MakeString(ParseVariantPath())});
    } else if (Accept("::")) {
      auto* cast = out.mutable_cast();
      cast->set_type_str(ParseType());
      cast->mutable_expr()->Swap(&value);
    } else if (Accept("collate")) {
      std::vector<proto::Expression> arguments(2);
      arguments[0].Swap(&value);
      arguments[1] = MakeString(JoinName(ParseMultipart()));
      out = MakeCall("collate", std::move(arguments));
    } else {
      return value;
    }
    value = Located(std::move(out), first);
  }
}

std::string Parser::ParseVariantPath() {
  Expect(":");
  std::string path = "$";
  const auto name = [&](const std::string& key) {
    path += key.find('\'') == std::string::npos ? "['" + key + "']" : "[\"" + key + "\"]";
  };
  if (IsName()) name(ParseIdentifier());
  while (true) {
    if (Is(".") && IsName(1)) {
      ++at_;
      name(ParseIdentifier());
    } else if (Is("[") && Peek(1).kind == TokenKind::kNumber && Is("]", 2)) {
      path += "[" + std::string(Peek(1).text) + "]";
      at_ += 3;
    } else if (Is("[") && Peek(1).kind == TokenKind::kString && Is("]", 2)) {
      ++at_;
      name(ParseString());
      Require("]");
    } else {
      return path;
    }
  }
}

bool Parser::AliasAhead(bool of_table) const {
  if (Peek().kind == TokenKind::kQuotedIdentifier) return true;
  if (Peek().kind != TokenKind::kIdentifier) return false;
  const std::string word = base::LowerCase(Peek().text);
  if (!Among(kContinuations, word) && !(of_table && Among(kTableContinuations, word))) return true;
  if (of_table && (Among(kSetOperators, word) || Among(kTableContinuations, word) || word == "on" || word == "using" ||
                   word == "lateral")) {
    return false;
  }
  // "SELECT 1 limit": nothing follows that the clause could be made of.
  return Is(",", 1) || Is(")", 1) || Is(";", 1) || Peek(1).kind == TokenKind::kEnd ||
         (!of_table && Is("from", 1) && !Among(kSetOperators, word));
}

bool Parser::QueryStartsAt(size_t index) const {
  if (index >= tokens_.size()) return false;
  const auto is = [&](std::string_view word, size_t i) { return tokens_[std::min(i, tokens_.size() - 1)].Is(word); };
  if (is("select", index) || is("with", index)) return !is(",", index + 1) && !is(")", index + 1);
  if (is("values", index) || is("table", index) || is("from", index)) {
    const Token& next = tokens_[std::min(index + 1, tokens_.size() - 1)];
    return next.IsName() || next.kind == TokenKind::kNumber || next.kind == TokenKind::kString ||
           (next.Is("(") && !is("table", index));
  }
  if (!is("(", index) || !query_inside_[index]) return false;
  // "((SELECT 1) UNION …)" and "((SELECT 1))" have queries inside, "((SELECT 1) + 1)" has not.
  static constexpr std::array kBehind = {")",     "union",  "intersect", "except",  "minus",      "setminus", "order",
                                         "limit", "offset", "sort",      "cluster", "distribute", "|>",       ";"};
  const size_t next = closing_[index] + 1;
  return next >= tokens_.size() || tokens_[next].kind == TokenKind::kEnd ||
         std::ranges::any_of(kBehind, [&](const char* word) { return is(word, next); });
}

proto::Expression Parser::MakeSubquery(proto::Relation plan, proto::SubqueryExpression::SubqueryType type,
                                       std::vector<proto::Expression> values) {
  proto::SubqueryExpression subquery;
  subquery.set_subquery_type(type);
  for (proto::Expression& value : values) subquery.add_in_subquery_values()->Swap(&value);
  if (subqueries_ == nullptr) {
    plan::ExpressionExtension extension;
    extension.mutable_inline_subquery()->mutable_subquery()->Swap(&subquery);
    extension.mutable_inline_subquery()->mutable_plan()->Swap(&plan);
    return MakeExtension(extension);
  }
  const int64_t id = next_plan_id_++;
  plan.mutable_common()->set_plan_id(id);
  subquery.set_plan_id(id);
  subqueries_->push_back(std::move(plan));
  proto::Expression out;
  out.mutable_subquery_expression()->Swap(&subquery);
  return out;
}

proto::Expression Parser::ParseNamed() {
  proto::Expression value = ParseExpression();
  const bool as = Accept("as");
  Names names;
  if (Is("(") && as) {
    names = ParseIdentifierList();
  } else if (as || AliasAhead(false)) {
    names.push_back(ParseIdentifier());
  }
  if (names.empty()) return value;
  proto::Expression out;
  out.mutable_alias()->mutable_expr()->Swap(&value);
  for (const std::string& name : names) out.mutable_alias()->add_name(name);
  return out;
}

std::vector<proto::Expression> Parser::ParseNamedList() {
  std::vector<proto::Expression> out;
  do {
    out.push_back(ParseNamed());
  } while (Accept(","));
  return out;
}

std::vector<proto::Expression> Parser::ParseExpressions() {
  std::vector<proto::Expression> out;
  do {
    out.push_back(ParseExpression());
  } while (Accept(","));
  return out;
}

proto::Expression::SortOrder Parser::ParseSortOrder() {
  using Order = proto::Expression::SortOrder;
  Order out;
  const size_t start = at_;
  *out.mutable_child() = ParseExpression();
  // A position in the SELECT list.
  if (out.child().has_literal()) *out.mutable_child() = Located(out.child(), start);
  const bool descending = !Accept("asc") && Accept("desc");
  out.set_direction(descending ? Order::SORT_DIRECTION_DESCENDING : Order::SORT_DIRECTION_ASCENDING);
  out.set_null_ordering(descending ? Order::SORT_NULLS_LAST : Order::SORT_NULLS_FIRST);
  if (Accept("nulls")) {
    const bool first = Accept("first");
    if (!first) Expect("last");
    out.set_null_ordering(first ? Order::SORT_NULLS_FIRST : Order::SORT_NULLS_LAST);
  }
  return out;
}

template <typename Repeated>
void Parser::ParseSortOrders(Repeated* out) {
  do {
    *out->Add() = ParseSortOrder();
  } while (Accept(","));
}

template void Parser::ParseSortOrders(google::protobuf::RepeatedPtrField<proto::Expression::SortOrder>*);

}  // namespace tinderbox::sql
