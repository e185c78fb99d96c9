// Queries: common tables, set operations, ordering and limits, inline tables and pipes.
#include <fmt/format.h>

#include <optional>

#include "base/ascii.h"

#include "sql/grammar.h"

namespace tinderbox::sql {

namespace {

proto::Relation MakeSetOperation(proto::Relation left, proto::Relation right, proto::SetOperation::SetOpType type,
                                 bool all) {
  proto::Relation out;
  auto* operation = out.mutable_set_op();
  operation->mutable_left_input()->Swap(&left);
  operation->mutable_right_input()->Swap(&right);
  operation->set_set_op_type(type);
  operation->set_is_all(all);
  return out;
}

/// The value of a constant expression of integers.
std::optional<int64_t> Fold(const proto::Expression& expression) {
  if (expression.has_literal()) {
    const auto& literal = expression.literal();
    if (literal.has_integer()) return literal.integer();
    if (literal.has_long_()) return literal.long_();
    if (literal.has_short_()) return literal.short_();
    if (literal.has_byte()) return literal.byte();
    return std::nullopt;
  }
  if (expression.has_cast()) return Fold(expression.cast().expr());
  if (!expression.has_unresolved_function()) return std::nullopt;
  const auto& call = expression.unresolved_function();
  if (call.arguments_size() < 1 || call.arguments_size() > 2) return std::nullopt;
  const auto left = Fold(call.arguments(0));
  const auto right = call.arguments_size() == 2 ? Fold(call.arguments(1)) : left;
  if (!left || !right) return std::nullopt;
  int64_t value = 0;
  const bool binary = call.arguments_size() == 2;
  if (call.function_name() == "+" && binary && !__builtin_add_overflow(*left, *right, &value)) return value;
  if (call.function_name() == "-" && binary && !__builtin_sub_overflow(*left, *right, &value)) return value;
  if (call.function_name() == "*" && binary && !__builtin_mul_overflow(*left, *right, &value)) return value;
  if (call.function_name() == "+" && !binary) return left;
  if (call.function_name() == "-" && !binary && !__builtin_sub_overflow(int64_t{0}, *left, &value)) return value;
  return std::nullopt;
}

}  // namespace

proto::Relation MakeRelation(const plan::RelationExtension& extension) {
  proto::Relation out;
  out.mutable_extension()->PackFrom(extension);
  return out;
}

proto::Relation WithReferences(proto::Relation root, std::vector<proto::Relation> references) {
  if (references.empty()) return root;
  proto::Relation out;
  out.mutable_with_relations()->mutable_root()->Swap(&root);
  for (proto::Relation& reference : references) out.mutable_with_relations()->add_references()->Swap(&reference);
  return out;
}

proto::Relation Parser::ParseQuery() {
  const Level level(this);
  std::vector<proto::Relation>* const outer = subqueries_;
  SelectScope* const outer_select = select_;
  Names outer_variables;
  outer_variables.swap(lambda_variables_);
  std::vector<proto::Relation> own;
  subqueries_ = &own;
  select_ = nullptr;
  std::vector<proto::Relation> tables = ParseCommonTables();
  proto::Relation out = ParsePipes(ParseOrganization(ParseSetOperations(0)));
  subqueries_ = outer;
  select_ = outer_select;
  lambda_variables_.swap(outer_variables);
  return WithReferences(WithReferences(std::move(out), std::move(own)), std::move(tables));
}

proto::Relation Parser::ParseParenthesizedQuery() {
  Expect("(");
  proto::Relation out = ParseQuery();
  Require(")");
  return out;
}

std::vector<proto::Relation> Parser::ParseCommonTables() {
  std::vector<proto::Relation> out;
  const size_t with = at_;
  if (!Accept("with")) return out;
  const bool recursive = Is("recursive") && !Is("as", 1) && !Is("(", 1);
  if (recursive) ++at_;
  do {
    out.push_back(ParseCommonTable(recursive));
    const std::string& alias = out.back().subquery_alias().alias();
    for (size_t i = 0; i + 1 < out.size(); ++i) {
      if (base::LowerCase(out[i].subquery_alias().alias()) != base::LowerCase(alias)) continue;
      at_ = tokens_.size() - 1;  // Spark gives the place of the whole query
      Refuse(with, "DUPLICATED_CTE_NAMES", fmt::format("CTE definition can't have duplicate names: `{}`.", alias),
             {{"duplicateNames", fmt::format("`{}`", alias)}});
    }
  } while (Accept(","));
  return out;
}

proto::Relation Parser::ParseCommonTable(bool recursive) {
  const std::string name = ParseIdentifier();
  Names columns;
  if (Is("(")) columns = ParseIdentifierList();
  std::optional<int64_t> max_level;
  const size_t level = at_;
  if (AcceptWords("max recursion level")) {
    max_level = ParseCount("MAX RECURSION LEVEL");
    if (!recursive) RefuseFeature(level, "MAX RECURSION LEVEL without RECURSIVE");
  }
  Accept("as");
  const size_t open = at_;
  proto::Relation query = ParseParenthesizedQuery();
  bool names_itself = false;
  for (size_t i = open; recursive && i < at_ && !names_itself; ++i) {
    names_itself = (tokens_[i].kind == TokenKind::kIdentifier || tokens_[i].kind == TokenKind::kQuotedIdentifier) &&
                   base::LowerCase(tokens_[i].text) == base::LowerCase(name);
  }
  if (names_itself) {
    proto::Relation* root = &query;
    std::vector<proto::Relation> references;
    while (root->has_with_relations()) {
      for (const auto& reference : root->with_relations().references()) references.push_back(reference);
      root = root->mutable_with_relations()->mutable_root();
    }
    if (!root->has_set_op() || root->set_op().set_op_type() != proto::SetOperation::SET_OP_TYPE_UNION) {
      Refuse(open, "INVALID_RECURSIVE_CTE",
             "Invalid recursive definition found. Recursive queries must contain an UNION or an UNION ALL statement "
             "with 2 children. The first child needs to be the anchor term without any recursive references. Any top "
             "level inner CTE must not contain self references.");
    }
    plan::RelationExtension extension;
    auto* table = extension.mutable_recursive_table();
    table->set_name(name);
    for (const std::string& column : columns) table->add_column_names(column);
    *table->mutable_anchor() = WithReferences(std::move(*root->mutable_set_op()->mutable_left_input()), references);
    *table->mutable_recursion() = WithReferences(std::move(*root->mutable_set_op()->mutable_right_input()), references);
    table->set_distinct(!root->set_op().is_all());
    if (max_level) table->set_max_level(*max_level);
    query = MakeRelation(extension);
  } else if (!columns.empty()) {
    plan::RelationExtension extension;
    auto* aliases = extension.mutable_column_aliases();
    aliases->mutable_input()->Swap(&query);
    for (const std::string& column : columns) aliases->add_column_names(column);
    query = MakeRelation(extension);
  }
  proto::Relation out;
  out.mutable_subquery_alias()->mutable_input()->Swap(&query);
  out.mutable_subquery_alias()->set_alias(name);
  return out;
}

proto::Relation Parser::ParseSetOperations(int minimum) {
  const size_t first = at_;
  proto::Relation left = ParseQueryPrimary();
  for (int length = 0;; ++length) {
    using Set = proto::SetOperation;
    const bool intersect = Is("intersect");
    const bool one_of = intersect || Is("union") || Is("except") || Is("minus") || Is("setminus");
    if (!one_of || (minimum > 0 && !intersect)) return left;
    if (length > kMaximumChain / 4)
      Refuse(first, "FAILED_TO_PARSE_TOO_COMPLEX", "The statement was too complex to parse.");
    const auto type = intersect     ? Set::SET_OP_TYPE_INTERSECT
                      : Is("union") ? Set::SET_OP_TYPE_UNION
                                    : Set::SET_OP_TYPE_EXCEPT;
    ++at_;
    const bool all = !Accept("distinct") && Accept("all");
    proto::Relation right = intersect ? ParseQueryPrimary() : ParseSetOperations(1);
    left = Located(MakeSetOperation(std::move(left), std::move(right), type, all), first);
  }
}

proto::Relation Parser::ParseQueryPrimary() {
  const Level level(this);
  const size_t first = at_;
  if (Is("(")) return ParseParenthesizedQuery();
  if (Is("select")) return ParseSelect(std::nullopt);
  if (Is("values")) return ParseInlineTable();
  if (Is("from")) return ParseFromStatement();
  if (Is("table")) {
    ++at_;
    proto::Relation out;
    out.mutable_read()->mutable_named_table()->set_unparsed_identifier(JoinName(ParseReference()));
    return Located(std::move(out), first + 1);
  }
  if (Is("map") || Is("reduce")) RefuseFeature(first, Upper(Peek().text) + " with a script");
  Fail();
}

proto::Relation Parser::ParseOrganization(proto::Relation input) {
  const size_t first = at_;
  const auto sort = [&](bool global) {
    proto::Relation out;
    out.mutable_sort()->set_is_global(global);
    do {
      *out.mutable_sort()->add_order() = ParseSortOrder();
    } while (Accept(","));
    out.mutable_sort()->mutable_input()->Swap(&input);
    input = Located(std::move(out), first);
  };
  const auto distribute = [&](const std::vector<proto::Expression>& by) {
    proto::Relation out;
    for (const auto& expression : by) *out.mutable_repartition_by_expression()->add_partition_exprs() = expression;
    out.mutable_repartition_by_expression()->mutable_input()->Swap(&input);
    input = Located(std::move(out), first);
  };
  int clauses = 0;
  if (AcceptWords("order by")) {
    sort(true);
    ++clauses;
  }
  if (AcceptWords("cluster by")) {
    ++clauses;
    const size_t at = at_;
    distribute(ParseExpressions());
    at_ = at;
    sort(false);
  }
  if (AcceptWords("distribute by")) {
    ++clauses;
    distribute(ParseExpressions());
    if (AcceptWords("sort by")) sort(false);
  } else if (AcceptWords("sort by")) {
    ++clauses;
    sort(false);
  }
  if (clauses > 1) {
    Refuse(first, "UNSUPPORTED_FEATURE.COMBINATION_QUERY_RESULT_CLAUSES",
           "The feature is not supported: Combination of ORDER BY/SORT BY/DISTRIBUTE BY/CLUSTER BY.");
  }
  ParseWindowClause();
  return ParseLimit(std::move(input));
}

int32_t Parser::ParseCount(const char* clause) {
  const size_t first = at_;
  const proto::Expression expression = ParseExpression();
  const std::string lower = base::LowerCase(clause);
  if (expression.literal().has_string()) {
    const std::string shown = fmt::format("\"{}\"", expression.literal().string());
    Refuse(first, "INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE",
           fmt::format("The limit like expression {} is invalid. The {} expression must be integer type, but got "
                       "\"STRING\".",
                       shown, lower),
           {{"expr", shown}, {"name", lower}, {"dataType", "\"STRING\""}});
  }
  const auto value = Fold(expression);
  if (!value) {
    Refuse(first, "INVALID_LIMIT_LIKE_EXPRESSION.IS_UNFOLDABLE",
           fmt::format("The limit like expression \"{}\" is invalid. The {} expression must evaluate to a constant "
                       "value.",
                       Text(first), lower),
           {{"expr", fmt::format("\"{}\"", Text(first))}, {"name", lower}});
  }
  if (*value < 0 || *value > INT32_MAX) {
    const char* kind = *value < 0 ? "IS_NEGATIVE" : "DATA_TYPE";
    Refuse(first, std::string("INVALID_LIMIT_LIKE_EXPRESSION.") + kind,
           fmt::format("The limit like expression \"{}\" is invalid. The {} expression must be {}.", Text(first), lower,
                       *value < 0 ? fmt::format("equal to or greater than 0, but got {}", *value)
                                  : std::string("integer type, but got \"BIGINT\"")),
           {{"expr", fmt::format("\"{}\"", Text(first))},
            {"name", lower},
            {*value < 0 ? "v" : "dataType", *value < 0 ? std::to_string(*value) : "\"BIGINT\""}});
  }
  return static_cast<int32_t>(*value);
}

proto::Relation Parser::ParseLimit(proto::Relation input) {
  const size_t first = at_;
  std::optional<int32_t> limit;
  if (Accept("limit") && !Accept("all")) limit = ParseCount("LIMIT");
  if (Accept("offset")) {
    proto::Relation out;
    out.mutable_offset()->set_offset(ParseCount("OFFSET"));
    out.mutable_offset()->mutable_input()->Swap(&input);
    input = Located(std::move(out), first);
  }
  if (!limit) return input;
  proto::Relation out;
  out.mutable_limit()->set_limit(*limit);
  out.mutable_limit()->mutable_input()->Swap(&input);
  return Located(std::move(out), first);
}

proto::Relation Parser::ParsePipes(proto::Relation input) {
  for (int length = 0; Accept("|>"); ++length) {
    if (length > kMaximumChain / 4) Fail();
    input = ParsePipe(std::move(input));
  }
  return input;
}

proto::Relation Parser::ParseInlineTable() {
  const size_t first = at_;
  Expect("values");
  plan::RelationExtension extension;
  auto* table = extension.mutable_inline_table();
  do {
    proto::Expression value = ParseExpression();
    auto* row = table->add_rows();
    // A row of one column may stand without parentheses; (1, 2) and struct(1, 2) have two.
    if (value.has_unresolved_function() && base::LowerCase(value.unresolved_function().function_name()) == "struct") {
      for (auto& part : *value.mutable_unresolved_function()->mutable_arguments()) {
        if (part.has_alias()) {
          row->add_values()->Swap(part.mutable_alias()->mutable_expr());
        } else {
          row->add_values()->Swap(&part);
        }
      }
    } else {
      row->add_values()->Swap(&value);
    }
  } while (Accept(","));
  return ParseTableAlias(Located(MakeRelation(extension), first), first);
}

}  // namespace tinderbox::sql
