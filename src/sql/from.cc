// FROM: tables, sub-queries, table functions, joins, and what may stand behind them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "sql/grammar.h"

namespace tinderbox::sql {

namespace {

struct JoinWords {
  std::string_view words;
  proto::Join::JoinType type;
};

constexpr JoinWords kJoins[] = {
    {"join", proto::Join::JOIN_TYPE_INNER},
    {"inner join", proto::Join::JOIN_TYPE_INNER},
    {"cross join", proto::Join::JOIN_TYPE_CROSS},
    {"left join", proto::Join::JOIN_TYPE_LEFT_OUTER},
    {"left outer join", proto::Join::JOIN_TYPE_LEFT_OUTER},
    {"right join", proto::Join::JOIN_TYPE_RIGHT_OUTER},
    {"right outer join", proto::Join::JOIN_TYPE_RIGHT_OUTER},
    {"full join", proto::Join::JOIN_TYPE_FULL_OUTER},
    {"full outer join", proto::Join::JOIN_TYPE_FULL_OUTER},
    {"left semi join", proto::Join::JOIN_TYPE_LEFT_SEMI},
    {"semi join", proto::Join::JOIN_TYPE_LEFT_SEMI},
    {"left anti join", proto::Join::JOIN_TYPE_LEFT_ANTI},
    {"anti join", proto::Join::JOIN_TYPE_LEFT_ANTI},
};

/// The relation that has one row and no columns.
proto::Relation OneRow() {
  proto::Relation out;
  out.mutable_project();
  return out;
}

proto::Relation MakeLateral(proto::Relation left, proto::Relation right, proto::Join::JoinType type) {
  proto::Relation out;
  out.mutable_lateral_join()->mutable_left()->Swap(&left);
  out.mutable_lateral_join()->mutable_right()->Swap(&right);
  out.mutable_lateral_join()->set_join_type(type);
  return out;
}

}  // namespace

proto::Relation Parser::ParseFrom() {
  const size_t first = at_;
  Expect("from");
  proto::Relation out = ParseRelation(std::nullopt);
  for (int length = 0; Accept(","); ++length) {
    if (length > kMaximumDepth) Refuse(first, "FAILED_TO_PARSE_TOO_COMPLEX", "The statement was too complex to parse.");
    out = ParseRelation(std::move(out));
  }
  while (AreWords("lateral view")) out = ParseLateralView(std::move(out));
  if (Is("pivot") && Is("(", 1)) out = ParsePivot(std::move(out));
  if (Is("unpivot")) out = ParseUnpivot(std::move(out));
  return out;
}

proto::Relation Parser::ParseRelation(std::optional<proto::Relation> left) {
  const Level level(this);
  const size_t first = at_;
  const bool lateral = Is("lateral") && !Is("view", 1);
  if (lateral) ++at_;
  proto::Relation out = ParseRelationPrimary();
  if (lateral) {
    out = MakeLateral(left ? std::move(*left) : OneRow(), std::move(out), proto::Join::JOIN_TYPE_INNER);
    left.reset();
  }
  for (int length = 0;; ++length) {
    if (length > kMaximumDepth) Refuse(first, "FAILED_TO_PARSE_TOO_COMPLEX", "The statement was too complex to parse.");
    bool matched = false;
    out = ParseJoin(std::move(out), &matched);
    if (matched) continue;
    if (Is("pivot") && Is("(", 1)) {
      out = ParsePivot(std::move(out));
    } else if (Is("unpivot")) {
      out = ParseUnpivot(std::move(out));
    } else {
      break;
    }
  }
  if (!left) return out;
  proto::Relation join;
  join.mutable_join()->mutable_left()->Swap(&*left);
  join.mutable_join()->mutable_right()->Swap(&out);
  join.mutable_join()->set_join_type(proto::Join::JOIN_TYPE_CROSS);
  return Located(std::move(join), first);
}

proto::Relation Parser::ParseJoin(proto::Relation left, bool* matched) {
  const size_t first = at_;
  *matched = false;
  const bool natural = Accept("natural");
  const auto* found = std::ranges::find_if(kJoins, [&](const JoinWords& join) { return AreWords(join.words); });
  if (found == std::end(kJoins)) {
    // Half a join: "t LEFT u".
    static constexpr std::array kStarts = {"inner",     "cross", "left outer", "right outer", "full outer", "left semi",
                                           "left anti", "left",  "right",      "full",        "semi",       "anti"};
    for (const char* words : kStarts) {
      if (AcceptWords(words)) Require("join");
    }
    if (natural) Require("join");
    return left;
  }
  *matched = true;
  AcceptWords(found->words);
  const bool lateral = Is("lateral") && !Is("view", 1);
  if (lateral) ++at_;
  proto::Relation right = ParseRelationPrimary();
  if (natural) {
    if (lateral) RefuseFeature(first, "NATURAL JOIN with a LATERAL relation");
    plan::RelationExtension extension;
    auto* join = extension.mutable_natural_join()->mutable_join();
    join->mutable_left()->Swap(&left);
    join->mutable_right()->Swap(&right);
    join->set_join_type(found->type);
    return Located(MakeRelation(extension), first);
  }
  if (lateral) {
    proto::Relation out = MakeLateral(std::move(left), std::move(right), found->type);
    if (Accept("on")) *out.mutable_lateral_join()->mutable_join_condition() = ParseExpression();
    if (Is("using")) {
      Refuse(first, "UNSUPPORTED_FEATURE.LATERAL_JOIN_USING",
             "The feature is not supported: JOIN USING with LATERAL correlation.");
    }
    return Located(std::move(out), first);
  }
  proto::Relation out;
  auto* join = out.mutable_join();
  join->mutable_left()->Swap(&left);
  join->mutable_right()->Swap(&right);
  join->set_join_type(found->type);
  if (Accept("on")) {
    *join->mutable_join_condition() = ParseExpression();
    // CROSS JOIN … ON … is an inner join.
    if (join->join_type() == proto::Join::JOIN_TYPE_CROSS) join->set_join_type(proto::Join::JOIN_TYPE_INNER);
  } else if (Accept("using")) {
    for (std::string& column : ParseIdentifierList()) join->add_using_columns(std::move(column));
  } else if (join->join_type() == proto::Join::JOIN_TYPE_INNER) {
    join->set_join_type(proto::Join::JOIN_TYPE_CROSS);
  }
  return Located(std::move(out), first);
}

proto::Relation Parser::ParseRelationPrimary() {
  const Level level(this);
  const size_t first = at_;
  if (Is("(")) {
    proto::Relation out;
    if (QueryAhead(1)) {
      out = ParseParenthesizedQuery();
    } else {
      Expect("(");
      out = ParseRelation(std::nullopt);
      Expect(")");
    }
    return ParseTableAlias(ParseSample(std::move(out)), first);
  }
  if (Is("values") && !Is(".", 1) && QueryAhead(0)) return ParseInlineTable();
  if (!IsName()) Fail();
  const Names name = ParseReference();
  if (Is("(")) return ParseTableFunction(name, first);
  proto::Relation out;
  auto* table = out.mutable_read()->mutable_named_table();
  table->set_unparsed_identifier(JoinName(name));
  out = Located(std::move(out), first);
  const size_t time = at_;
  if (AreWords("version as of") || AreWords("timestamp as of") || AreWords("for version") ||
      AreWords("for timestamp") || AreWords("for system_version") || AreWords("for system_time") ||
      AreWords("system_version as of") || AreWords("system_time as of")) {
    ++at_;
    Refuse(time, "UNSUPPORTED_FEATURE.TIME_TRAVEL",
           fmt::format("The feature is not supported: Time travel on the relation: {}.", JoinName(name)),
           {{"relationId", JoinName(name)}});
  }
  if (Is("with") && Is("(", 1)) {
    ++at_;
    ParseProperties(out.mutable_read()->mutable_named_table()->mutable_options());
  }
  return ParseTableAlias(ParseSample(std::move(out)), first);
}

proto::Relation Parser::ParseTableFunction(const Names& name, size_t first) {
  proto::Relation out;
  auto* function = out.mutable_unresolved_table_valued_function();
  function->set_function_name(name.size() == 1 ? name[0] : JoinName(name));
  Expect("(");
  if (!Accept(")")) {
    do {
      const size_t named = IsName() && Is("=>", 1) ? 2 : 0;
      if (Is("table", named) && (Is("(", named + 1) || IsName(named + 1)))
        RefuseFeature(at_, "a table as the argument of a function");
      *function->add_arguments() = ParseArgument(false);
    } while (Accept(","));
    Expect(")");
  }
  return ParseTableAlias(Located(std::move(out), first), first);
}

proto::Relation Parser::ParseSample(proto::Relation input) {
  const size_t first = at_;
  if (!Is("tablesample") || !Is("(", 1)) return input;
  at_ += 2;
  const auto number = [&](size_t at) {
    double value = 0;
    const std::string& text = tokens_[at].text;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (tokens_[at].kind != TokenKind::kNumber || failure != std::errc() || end != text.data() + text.size())
      FailSyntax(source_, tokens_[at]);
    return value;
  };
  proto::Relation out;
  double fraction = 0;
  if (Accept("bucket")) {
    const double bucket = number(at_++);
    ExpectWords("out of");
    const double buckets = number(at_++);
    if (Is("on")) RefuseFeature(first, "TABLESAMPLE (BUCKET x OUT OF y ON column)");
    fraction = bucket / buckets;
  } else if (Is("percent", 1) || (Is("-") && Is("percent", 2))) {
    const bool negative = Accept("-");
    fraction = number(at_++) / 100 * (negative ? -1 : 1);
    ++at_;
  } else if (Is(")")) {
    ++at_;
    Refuse(first, "_LEGACY_ERROR_TEMP_0014", "TABLESAMPLE does not accept empty inputs.");
  } else {
    const int32_t rows = ParseCount("TABLESAMPLE");
    const std::string bytes = Text(first + 2);
    if (!Accept("rows")) {
      Expect(")");
      Refuse(
          first, "_LEGACY_ERROR_TEMP_0016",
          fmt::format("{} is not a valid byte length literal, expected syntax: DIGIT+ ('B' | 'K' | 'M' | 'G').", bytes),
          {{"bytesStr", bytes}});
    }
    Expect(")");
    if (Accept("repeatable")) {
      Expect("(");
      number(at_++);
      Expect(")");
    }
    out.mutable_limit()->set_limit(rows);
    out.mutable_limit()->mutable_input()->Swap(&input);
    return Located(std::move(out), first);
  }
  Expect(")");
  auto* sample = out.mutable_sample();
  if (Accept("repeatable")) {
    Expect("(");
    sample->set_seed(static_cast<int64_t>(number(at_++)));
    Expect(")");
  }
  if (!(fraction >= 0 && fraction <= 1)) {
    Refuse(first, "_LEGACY_ERROR_TEMP_0064",
           fmt::format("Sampling fraction ({}) must be on interval [0, 1].", fraction));
  }
  sample->set_lower_bound(0);
  sample->set_upper_bound(fraction);
  sample->set_with_replacement(false);
  sample->mutable_input()->Swap(&input);
  return Located(std::move(out), first);
}

proto::Relation Parser::ParseTableAlias(proto::Relation input, size_t first) {
  const bool as = Accept("as");
  if (!as && !AliasAhead(true)) return input;
  const std::string alias = ParseIdentifier();
  if (!Is("(")) {
    proto::Relation out;
    out.mutable_subquery_alias()->mutable_input()->Swap(&input);
    out.mutable_subquery_alias()->set_alias(alias);
    return Located(std::move(out), first);
  }
  plan::RelationExtension extension;
  auto* aliases = extension.mutable_column_aliases();
  aliases->mutable_input()->Swap(&input);
  aliases->set_table_alias(alias);
  for (std::string& column : ParseIdentifierList()) aliases->add_column_names(std::move(column));
  return Located(MakeRelation(extension), first);
}

proto::Relation Parser::ParseLateralView(proto::Relation input) {
  const size_t first = at_;
  ExpectWords("lateral view");
  plan::RelationExtension extension;
  auto* view = extension.mutable_lateral_view();
  view->mutable_input()->Swap(&input);
  view->set_outer(Is("outer") && !Is("(", 1) && Accept("outer"));
  const size_t function = at_;
  const Names name = ParseMultipart();
  if (!Is("(")) Require("(");
  *view->mutable_generator() = ParseCall(name, function);
  view->set_table_alias(ParseIdentifier());
  const bool as = Accept("as");
  if (as || (IsName() && AliasAhead(true) && !AreWords("lateral view"))) {
    do {
      view->add_column_aliases(ParseIdentifier());
    } while (Accept(","));
  }
  return Located(MakeRelation(extension), first);
}

proto::Relation Parser::ParsePivot(proto::Relation input) {
  const size_t first = at_;
  Expect("pivot");
  Expect("(");
  plan::RelationExtension extension;
  auto* pivot = extension.mutable_pivot();
  pivot->mutable_input()->Swap(&input);
  do {
    proto::Expression aggregate = ParseExpression();
    if (Accept("as") || (AliasAhead(false) && !Is("for"))) {
      proto::Expression named;
      named.mutable_alias()->mutable_expr()->Swap(&aggregate);
      named.mutable_alias()->add_name(ParseIdentifier());
      aggregate.Swap(&named);
    }
    pivot->add_aggregates()->Swap(&aggregate);
  } while (Accept(","));
  Expect("for");
  Names columns;
  if (Is("(")) {
    columns = ParseIdentifierList();
  } else {
    columns.push_back(ParseIdentifier());
  }
  for (const std::string& column : columns)
    pivot->add_columns()->mutable_unresolved_attribute()->set_unparsed_identifier(JoinName({column}));
  Expect("in");
  Require("(");
  do {
    auto* value = pivot->add_values();
    proto::Expression expression = ParseExpression();
    if (Accept("as") || AliasAhead(false)) value->set_alias(ParseIdentifier());
    if (columns.size() > 1 && expression.has_unresolved_function() &&
        expression.unresolved_function().function_name() == "struct") {
      for (auto& part : *expression.mutable_unresolved_function()->mutable_arguments()) value->add_parts()->Swap(&part);
    } else {
      value->add_parts()->Swap(&expression);
    }
  } while (Accept(","));
  Expect(")");
  Expect(")");
  return ParseTableAlias(Located(MakeRelation(extension), first), first);
}

proto::Relation Parser::ParseUnpivot(proto::Relation input) {
  const size_t first = at_;
  Expect("unpivot");
  plan::RelationExtension extension;
  auto* unpivot = extension.mutable_unpivot();
  unpivot->mutable_input()->Swap(&input);
  unpivot->set_include_nulls(AcceptWords("include nulls"));
  if (!unpivot->include_nulls()) AcceptWords("exclude nulls");
  Expect("(");
  const bool several = Is("(");
  if (several) {
    for (std::string& name : ParseIdentifierList()) unpivot->add_value_names(std::move(name));
  } else {
    unpivot->add_value_names(ParseIdentifier());
  }
  Expect("for");
  unpivot->set_variable_name(ParseIdentifier());
  Expect("in");
  Expect("(");
  const auto column = [&](plan::SqlUnpivot::Group* group) {
    const size_t at = at_;
    proto::Expression attribute;
    attribute.mutable_unresolved_attribute()->set_unparsed_identifier(JoinName(ParseMultipart()));
    *group->add_columns() = Located(std::move(attribute), at);
  };
  do {
    auto* group = unpivot->add_groups();
    if (several) {
      Expect("(");
      do {
        column(group);
      } while (Accept(","));
      Expect(")");
    } else {
      column(group);
    }
    if (Accept("as") || AliasAhead(false)) group->set_alias(ParseIdentifier());
  } while (Accept(","));
  Expect(")");
  Expect(")");
  return ParseTableAlias(Located(MakeRelation(extension), first), first);
}

}  // namespace tinderbox::sql
