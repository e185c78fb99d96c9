// SELECT with its clauses up to QUALIFY, and the grouping of rows.
#include <fmt/format.h>

#include <set>

#include "base/ascii.h"

#include "sql/grammar.h"

namespace tinderbox::sql {

namespace {

constexpr size_t kMaximumSets = 4096;

/// A list of grouping expressions, each with the text that it is recognised by.
struct GroupColumn {
  std::string text;
  proto::Expression expression;
};
using GroupSet = std::vector<GroupColumn>;

proto::Relation Over(proto::Relation input, proto::Relation out) {
  // Every kind used here has its input in a field of the same name.
  if (out.has_filter()) out.mutable_filter()->mutable_input()->Swap(&input);
  if (out.has_hint()) out.mutable_hint()->mutable_input()->Swap(&input);
  if (out.has_deduplicate()) out.mutable_deduplicate()->mutable_input()->Swap(&input);
  return out;
}

}  // namespace

/// An entry of GROUP BY: an expression is one set; ROLLUP, CUBE and GROUPING SETS are several.
struct Parser::GroupItem {
  enum class Kind { kPlain, kRollup, kCube, kSets } kind = Kind::kPlain;
  std::vector<GroupSet> elements;  ///< as written: of ROLLUP (a, (b, c)) there are two
  std::vector<GroupSet> sets;
};

/// (a, b), a or (): what stands between the commas of ROLLUP and its like.
struct Parser::GroupElement {
  GroupSet columns;
};

std::vector<proto::Relation> Parser::ParseHints() {
  std::vector<proto::Relation> out;
  while (Peek().kind == TokenKind::kHintStart) {
    ++at_;
    while (!Is("*/")) {
      const size_t first = at_;
      proto::Relation relation;
      auto* hint = relation.mutable_hint();
      hint->set_name(ParseIdentifier());
      if (Accept("(")) {
        if (!Is(")")) {
          do {
            *hint->add_parameters() = ParseUnary();
          } while (Accept(","));
        }
        Expect(")");
      }
      out.push_back(Located(std::move(relation), first));
      Accept(",");
    }
    ++at_;
  }
  return out;
}

proto::Relation Parser::ParseFromStatement() {
  proto::Relation from = ParseFrom();
  // "FROM t |> …" starts a chain of pipes.
  if (Is("|>") || AtEnd() || Is(")") || Is(";")) {
    proto::Relation out;
    out.mutable_project()->mutable_input()->Swap(&from);
    out.mutable_project()->add_expressions()->mutable_unresolved_star();
    return out;
  }
  if (Is("insert")) RefuseFeature(at_, "INSERT into several tables at once");
  if (!Is("select")) Fail();
  return ParseSelect(std::move(from));
}

proto::Relation Parser::ParseSelect(std::optional<proto::Relation> from) {
  const size_t first = at_;
  SelectScope scope;
  scope.start = at_;
  SelectScope* const outer = select_;
  select_ = &scope;
  Expect("select");
  if (Is("transform") && Is("(", 1) && Is("using", Behind(at_ + 1) - at_)) RefuseFeature(first, "SELECT TRANSFORM");
  std::vector<proto::Relation> hints = ParseHints();
  const bool word = !Is(",", 1) && !Is(".", 1) && Peek(1).kind != TokenKind::kEnd;
  const bool distinct = word && Accept("distinct");
  if (!distinct && word) Accept("all");
  std::vector<proto::Expression> list = ParseNamedList();
  if (Is("into")) RefuseFeature(at_, "SELECT INTO");

  if (!from && Is("from")) from = ParseFrom();
  const auto input = [&] {
    // One row without columns, where there is no FROM.
    proto::Relation out;
    if (from) out.Swap(&*from);
    if (!from) out.mutable_project();
    from.reset();
    return out;
  };
  while (AreWords("lateral view")) from = ParseLateralView(input());
  if (Is("where")) {
    ++at_;
    proto::Relation filter;
    *filter.mutable_filter()->mutable_condition() = ParseExpression();
    from = Located(Over(input(), std::move(filter)), first);
  }

  plan::RelationExtension extension;
  auto* aggregate = extension.mutable_sql_aggregate();
  bool grouped = AreWords("group by") && ParseGroupBy(aggregate);
  if (Accept("having")) {
    grouped = true;
    *aggregate->mutable_having() = ParseExpression();
  }
  std::optional<proto::Expression> qualify;
  size_t qualify_at = at_;
  ParseWindowClause();
  if (Is("qualify")) {
    qualify_at = at_++;
    qualify = ParseExpression();
    ParseWindowClause();
  }

  proto::Relation out;
  if (grouped) {
    if (aggregate->group_type() == proto::Aggregate::GROUP_TYPE_UNSPECIFIED)
      aggregate->set_group_type(proto::Aggregate::GROUP_TYPE_GROUPBY);
    for (proto::Expression& item : list) aggregate->add_select_list()->Swap(&item);
    *aggregate->mutable_input() = input();
    out = MakeRelation(extension);
  } else {
    for (proto::Expression& item : list) out.mutable_project()->add_expressions()->Swap(&item);
    if (from) out.mutable_project()->mutable_input()->Swap(&*from);
  }
  out = Located(std::move(out), first);
  if (qualify) {
    plan::RelationExtension filter;
    filter.mutable_qualify()->mutable_input()->Swap(&out);
    filter.mutable_qualify()->mutable_condition()->Swap(&*qualify);
    out = Located(MakeRelation(filter), qualify_at);
  }
  if (distinct) {
    proto::Relation unique;
    unique.mutable_deduplicate()->set_all_columns_as_keys(true);
    out = Located(Over(std::move(out), std::move(unique)), first);
  }
  for (auto hint = hints.rbegin(); hint != hints.rend(); ++hint) out = Over(std::move(out), std::move(*hint));
  // The WINDOW clause of an ORDER BY behind the query may use this SELECT's names no more.
  select_ = outer;
  return out;
}

Parser::GroupElement Parser::ParseGroupElement() {
  GroupElement out;
  const auto one = [&] {
    const size_t first = at_;
    proto::Expression expression = ParseExpression();
    if (expression.has_literal()) expression = Located(std::move(expression), first);
    out.columns.push_back({base::LowerCase(Text(first)), std::move(expression)});
  };
  // "(a, b)" is a list, "(a) + 1" an expression.
  const size_t next = Is("(") ? Behind(at_) - at_ : 0;
  if (!Is("(") || QueryAhead(1) ||
      !(Is(",", next) || Is(")", next) || Is("with", next) || Is("grouping", next) ||
        Peek(next).kind == TokenKind::kEnd)) {
    one();
    return out;
  }
  Expect("(");
  if (!Is(")")) {
    do {
      one();
    } while (Accept(","));
  }
  Expect(")");
  return out;
}

Parser::GroupItem Parser::ParseGroupItem() {
  const Level level(this);
  const size_t first = at_;
  GroupItem out;
  const bool rollup = Is("rollup") && Is("(", 1);
  if (rollup || (Is("cube") && Is("(", 1))) {
    out.kind = rollup ? GroupItem::Kind::kRollup : GroupItem::Kind::kCube;
    at_ += 2;
    do {
      out.elements.push_back(ParseGroupElement().columns);
    } while (Accept(","));
    Expect(")");
    const size_t count = out.elements.size();
    if (!rollup && count > 12) {
      Refuse(first, "GROUPING_SIZE_LIMIT_EXCEEDED", "Grouping sets size cannot be greater than 12.",
             {{"maxSize", "12"}});
    }
    const auto add = [&](auto&& takes) {
      GroupSet set;
      for (size_t i = 0; i < count; ++i) {
        if (takes(i)) set.insert(set.end(), out.elements[i].begin(), out.elements[i].end());
      }
      out.sets.push_back(std::move(set));
    };
    if (rollup) {
      for (size_t length = count + 1; length-- > 0;) add([&](size_t i) { return i < length; });
    } else {
      // The first column counts most: (a, b), (a), (b), ().
      for (size_t mask = size_t{1} << count; mask-- > 0;)
        add([&](size_t i) { return (mask >> (count - 1 - i) & 1) != 0; });
    }
    return out;
  }
  if (AreWords("grouping sets") && Is("(", 2)) {
    out.kind = GroupItem::Kind::kSets;
    at_ += 3;
    do {
      const bool nested = ((Is("rollup") || Is("cube")) && Is("(", 1)) || AreWords("grouping sets");
      if (nested) {
        for (GroupSet& set : ParseGroupItem().sets) out.sets.push_back(std::move(set));
      } else {
        out.sets.push_back(ParseGroupElement().columns);
      }
      if (out.sets.size() > kMaximumSets) Refuse(first, "FAILED_TO_PARSE_TOO_COMPLEX", "Too many grouping sets.");
    } while (Accept(","));
    Expect(")");
    return out;
  }
  const size_t at = at_;
  proto::Expression expression = ParseExpression();
  if (expression.has_literal()) expression = Located(std::move(expression), at);
  out.sets = {{{base::LowerCase(Text(at)), std::move(expression)}}};
  return out;
}

bool Parser::ParseGroupBy(plan::SqlAggregate* out) {
  const size_t first = at_;
  ExpectWords("group by");
  if (Is("all") && !Is("(", 1) && !Is(".", 1) && !Is(",", 1)) {
    ++at_;
    out->set_group_by_all(true);
    return true;
  }
  std::vector<GroupItem> items;
  do {
    items.push_back(ParseGroupItem());
  } while (Accept(","));
  bool plain = true;
  for (const GroupItem& item : items) plain &= item.kind == GroupItem::Kind::kPlain;
  const bool single = items.size() == 1;

  using Type = proto::Aggregate;
  std::optional<Type::GroupType> with;
  if (plain && AcceptWords("with rollup")) with = Type::GROUP_TYPE_ROLLUP;
  if (plain && AcceptWords("with cube")) with = Type::GROUP_TYPE_CUBE;
  if (plain && (with || !AreWords("grouping sets"))) {
    out->set_group_type(with.value_or(Type::GROUP_TYPE_GROUPBY));
    for (GroupItem& item : items) out->add_grouping_expressions()->Swap(&item.sets[0][0].expression);
    return true;
  }
  if (single && (items[0].kind == GroupItem::Kind::kRollup || items[0].kind == GroupItem::Kind::kCube)) {
    bool flat = true;
    for (const GroupSet& element : items[0].elements) flat &= element.size() == 1;
    if (flat) {
      out->set_group_type(items[0].kind == GroupItem::Kind::kRollup ? Type::GROUP_TYPE_ROLLUP : Type::GROUP_TYPE_CUBE);
      for (GroupSet& element : items[0].elements) out->add_grouping_expressions()->Swap(&element[0].expression);
      return true;
    }
  }
  std::set<std::string> known;
  const auto remember = [&](const GroupColumn& column) {
    if (known.insert(column.text).second) *out->add_grouping_expressions() = column.expression;
  };
  std::vector<GroupSet> product{{}};
  if (plain) {
    // GROUP BY a, b GROUPING SETS (…): the sets alone say what is grouped.
    for (const GroupItem& item : items) remember(item.sets[0][0]);
    product = ParseGroupItem().sets;
  } else {
    for (const GroupItem& item : items) {
      std::vector<GroupSet> next;
      if (product.size() * item.sets.size() > kMaximumSets)
        Refuse(first, "FAILED_TO_PARSE_TOO_COMPLEX", "Too many grouping sets.");
      for (const GroupSet& left : product) {
        for (const GroupSet& right : item.sets) {
          next.push_back(left);
          next.back().insert(next.back().end(), right.begin(), right.end());
        }
      }
      product = std::move(next);
    }
  }
  out->set_group_type(Type::GROUP_TYPE_GROUPING_SETS);
  for (const GroupSet& set : product) {
    auto* grouping = out->add_grouping_sets();
    std::set<std::string> in_set;
    for (const GroupColumn& column : set) {
      remember(column);
      if (!in_set.insert(column.text).second) continue;
      CountCopy(column.expression);
      *grouping->add_grouping_set() = column.expression;
    }
  }
  return true;
}

}  // namespace tinderbox::sql
