// The operators of pipe syntax, |>, each of which takes the table before it.
#include <fmt/format.h>

#include "sql/grammar.h"

namespace tinderbox::sql {

proto::Relation Parser::ParsePipe(proto::Relation input) {
  const size_t first = at_;
  proto::Relation out;
  if (Is("select")) return ParseSelect(std::move(input));
  if (Accept("where")) {
    *out.mutable_filter()->mutable_condition() = ParseExpression();
    out.mutable_filter()->mutable_input()->Swap(&input);
  } else if (Is("order") || Is("sort") || Is("cluster") || Is("distribute") || Is("limit") || Is("offset")) {
    return ParseOrganization(std::move(input));
  } else if (Accept("extend")) {
    out.mutable_project()->add_expressions()->mutable_unresolved_star();
    for (proto::Expression& item : ParseNamedList()) out.mutable_project()->add_expressions()->Swap(&item);
    out.mutable_project()->mutable_input()->Swap(&input);
  } else if (Accept("set")) {
    do {
      auto* alias = out.mutable_with_columns()->add_aliases();
      alias->add_name(ParseIdentifier());
      if (!Accept("==")) Expect("=");
      *alias->mutable_expr() = ParseExpression();
    } while (Accept(","));
    out.mutable_with_columns()->mutable_input()->Swap(&input);
  } else if (Accept("drop")) {
    do {
      out.mutable_drop()->add_column_names(ParseIdentifier());
    } while (Accept(","));
    out.mutable_drop()->mutable_input()->Swap(&input);
  } else if (Accept("as")) {
    out.mutable_subquery_alias()->set_alias(ParseIdentifier());
    out.mutable_subquery_alias()->mutable_input()->Swap(&input);
  } else if (Accept("aggregate")) {
    plan::RelationExtension extension;
    auto* aggregate = extension.mutable_sql_aggregate();
    std::vector<proto::Expression> list;
    if (!AreWords("group by")) list = ParseNamedList();
    aggregate->set_group_type(proto::Aggregate::GROUP_TYPE_GROUPBY);
    if (AcceptWords("group by")) {
      // The output starts with what is grouped by.
      for (proto::Expression& key : ParseNamedList()) {
        *aggregate->add_select_list() = key;
        *aggregate->add_grouping_expressions() = key.has_alias() ? key.alias().expr() : key;
      }
    }
    for (proto::Expression& item : list) aggregate->add_select_list()->Swap(&item);
    aggregate->mutable_input()->Swap(&input);
    out = MakeRelation(extension);
  } else if (Is("union") || Is("intersect") || Is("except") || Is("minus")) {
    using Set = proto::SetOperation;
    auto* operation = out.mutable_set_op();
    operation->set_set_op_type(Is("union")       ? Set::SET_OP_TYPE_UNION
                               : Is("intersect") ? Set::SET_OP_TYPE_INTERSECT
                                                 : Set::SET_OP_TYPE_EXCEPT);
    ++at_;
    operation->set_is_all(!Accept("distinct") && Accept("all"));
    *operation->mutable_right_input() = ParseQueryPrimary();
    operation->mutable_left_input()->Swap(&input);
  } else if (Is("pivot")) {
    return ParsePivot(std::move(input));
  } else if (Is("unpivot")) {
    return ParseUnpivot(std::move(input));
  } else if (Is("tablesample")) {
    return ParseSample(std::move(input));
  } else if (AreWords("lateral view")) {
    return ParseLateralView(std::move(input));
  } else {
    bool matched = false;
    out = ParseJoin(std::move(input), &matched);
    if (!matched) Fail();
    return out;
  }
  return Located(std::move(out), first);
}

}  // namespace tinderbox::sql
