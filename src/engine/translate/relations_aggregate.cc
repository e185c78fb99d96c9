#include <fmt/format.h>

#include <algorithm>

#include "engine/translate/coercion.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "engine/translate/windows.h"

namespace tinderbox::engine {

namespace {

using AggregateProto = proto::Aggregate;

const proto::Expression& WithoutAlias(const proto::Expression& expression) {
  return expression.has_alias() ? WithoutAlias(expression.alias().expr()) : expression;
}

void RefuseAggregateKey(const proto::Expression& key) {
  if (!HasAggregate(key)) return;
  throw Error("GROUP_BY_AGGREGATE",
              fmt::format("Aggregate functions are not allowed in GROUP BY, but found {}.", ExpressionName(key)),
              {{"sqlExpr", ExpressionName(key)}});
}

void RequireComparableKeys(const std::vector<OutputColumn>& keys) {
  for (const OutputColumn& key : keys) {
    if (HasOrder(key.type)) continue;
    const std::string shown = "\"" + key.name + "\"";
    throw Error(
        "GROUP_EXPRESSION_TYPE_IS_NOT_ORDERABLE",
        fmt::format("The expression {} cannot be used as a grouping expression because its data type \"{}\" is not "
                    "an orderable data type.",
                    shown, key.type.Sql()),
        {{"sqlExpr", shown}, {"dataType", "\"" + key.type.Sql() + "\""}});
  }
}

/// Whether some grouping set has not this key.
bool LeavesOut(const GroupRequest& request, const proto::Expression& key) {
  if (request.type != AggregateProto::GROUP_TYPE_GROUPING_SETS) return true;
  const std::string wanted = key.SerializeAsString();
  return std::ranges::any_of(request.sets, [&](const auto& set) {
    return std::ranges::none_of(set, [&](const proto::Expression* one) { return one->SerializeAsString() == wanted; });
  });
}

/// What stands behind GROUP BY, given the SQL of the keys.
Sql GroupClause(const GroupRequest& request, const std::vector<Sql>& keys, const std::vector<std::vector<Sql>>& sets) {
  const Sql list = engine::Join(keys, ", ");
  switch (request.type) {
    case AggregateProto::GROUP_TYPE_ROLLUP:
      return Template("GROUP BY ROLLUP ($1)", {list});
    case AggregateProto::GROUP_TYPE_CUBE:
      return Template("GROUP BY CUBE ($1)", {list});
    case AggregateProto::GROUP_TYPE_GROUPING_SETS: {
      std::vector<Sql> parts;
      for (const auto& set : sets) parts.push_back(Concat({Token("("), engine::Join(set, ", "), Token(")")}));
      return Template("GROUP BY GROUPING SETS ($1)", {engine::Join(parts, ", ")});
    }
    default:
      return Template("GROUP BY $1", {list});
  }
}

}  // namespace

TranslatedRelation RelationTranslator::Group(TranslatedRelation input, const GroupRequest& request) {
  static const Expressions kNoKeys;
  const Expressions& keys = request.keys == nullptr ? kNoKeys : *request.keys;
  bool any = false;
  bool has_subquery = request.has_subquery;
  for (const proto::Expression& key : keys) {
    RefuseAggregateKey(key);
    has_subquery = has_subquery || HasSubquery(key);
  }
  for (const proto::Expression* expression : request.list) {
    any = any || HasAggregate(*expression);
    has_subquery = has_subquery || HasSubquery(*expression);
  }
  const bool python = any && HasPythonAggregate(request.list);
  input = WithTimeWindow(std::move(input), keys);
  Isolate(&input, has_subquery);
  Block block;
  block.kind = Block::Kind::kAggregate;
  const bool sets = request.type != AggregateProto::GROUP_TYPE_GROUPBY;
  block.rest = Resolving(&input, false, [&](Scope scope) {
    block.items.clear();
    block.grouping = {};
    block.grouping.sets = sets;
    std::vector<OutputColumn> compared;
    std::vector<Sql> texts;
    // Keys that are constants: DuckDB takes a plain number as a position, and one key that never changes is as good.
    const auto add_key = [&](const proto::Expression& key) {
      Typed value = TranslateExpression(WithoutAlias(key), scope);
      compared.push_back(NewColumn(ExpressionName(key), value.type, value.nullable));
      if (WithoutAlias(key).has_literal()) value.sql = Template("coalesce($1, $1)", {value.sql});
      texts.push_back(value.sql);
      return value;
    };
    for (const proto::Expression& key : keys) {
      Typed value = add_key(key);
      value.nullable = value.nullable || (sets && LeavesOut(request, key));
      block.grouping.keys.push_back(value);
    }
    RequireComparableKeys(compared);
    std::vector<std::vector<Sql>> set_texts;
    for (const auto& set : request.sets) {
      std::vector<Sql> parts;
      for (const proto::Expression* key : set) {
        const Sql sql = TranslateExpression(WithoutAlias(*key), scope).sql;
        const auto known = std::ranges::find_if(texts, [&](const Sql& text) { return IsSame(text, sql); });
        if (known == texts.end()) {
          throw Error("GROUPING_COLUMN_MISMATCH",
                      fmt::format("Column of grouping ({}) can't be found in grouping columns.", ExpressionName(*key)));
        }
        parts.push_back(*known);
      }
      set_texts.push_back(std::move(parts));
    }
    scope.grouping = &block.grouping;
    UniqueIds ids;
    for (const proto::Expression* expression : request.list) {
      AddItems(*expression, scope, &ids, &block.items);
      if (!expression->has_alias() || !options_.lateral_aliases) continue;
      const SelectItem& item = block.items.back();
      scope.aliases.push_back({item.column.name, {item.value, item.column.type, item.column.nullable}});
    }
    // A Python aggregate of no rows at all has no row, unlike every other one.
    if (python && texts.empty() && set_texts.empty()) return Token("HAVING count(*) > 0");
    return texts.empty() && set_texts.empty() ? Sql() : GroupClause(request, texts, set_texts);
  });
  if (keys.empty() && request.sets.empty() && !any) {
    // A global aggregate has one row, whatever its expressions are; they are constants here.
    return Select(std::move(block.items), Token("(SELECT 1)"));
  }
  block.from = Derived(input.sql);
  if (request.type == AggregateProto::GROUP_TYPE_GROUPBY && !keys.empty() && KeepsOrder(input)) {
    block.from = NumberRows(block.from, "row number", {});
    block.order = Template("ORDER BY min($1)", {Ident("row number")});
  } else if (request.type != AggregateProto::GROUP_TYPE_GROUPBY) {
    rows_ = kManyRows;
  }
  block.inputs = std::move(input.columns);
  return SelectBlock(std::move(block));
}

TranslatedRelation RelationTranslator::Aggregate(const AggregateProto& aggregate) {
  GroupRequest request;
  request.type = aggregate.group_type();
  switch (aggregate.group_type()) {
    case AggregateProto::GROUP_TYPE_PIVOT:
      return Pivot(aggregate);
    case AggregateProto::GROUP_TYPE_GROUPBY:
    case AggregateProto::GROUP_TYPE_ROLLUP:
    case AggregateProto::GROUP_TYPE_CUBE:
    case AggregateProto::GROUP_TYPE_GROUPING_SETS:
      break;
    default:
      RefuseFeature("an Aggregate without a kind of grouping");
  }
  TranslatedRelation input = Translate(aggregate.input());
  // A star as a key stands for all columns.
  Expressions keys;
  for (const proto::Expression& key : aggregate.grouping_expressions()) {
    if (!key.has_unresolved_star()) {
      *keys.Add() = key;
      continue;
    }
    for (const OutputColumn& column : input.columns) *keys.Add() = AttributeExpression(column.name);
  }
  request.keys = &keys;
  if (request.type != AggregateProto::GROUP_TYPE_GROUPING_SETS && keys.empty()) {
    request.type = AggregateProto::GROUP_TYPE_GROUPBY;
  }
  for (const proto::Expression& key : keys) {
    if (options_.retain_group_columns) request.list.push_back(&key);
  }
  for (const auto& set : aggregate.grouping_sets()) {
    auto& out = request.sets.emplace_back();
    for (const proto::Expression& key : set.grouping_set()) out.push_back(&key);
  }
  for (const proto::Expression& expression : aggregate.aggregate_expressions()) request.list.push_back(&expression);
  return Group(std::move(input), request);
}

TranslatedRelation RelationTranslator::SqlAggregate(const plan::SqlAggregate& aggregate) {
  TranslatedRelation input = Translate(aggregate.input());
  GroupRequest request;
  request.type = aggregate.group_type() == AggregateProto::GROUP_TYPE_UNSPECIFIED ? AggregateProto::GROUP_TYPE_GROUPBY
                                                                                  : aggregate.group_type();
  for (const proto::Expression& expression : aggregate.select_list()) request.list.push_back(&expression);
  Expressions keys;
  const auto expect_position = [&](const proto::Expression& key) {
    if (options_.group_by_ordinal && key.has_literal() && key.literal().has_integer()) {
      const int position = key.literal().integer();
      if (position < 1 || position > aggregate.select_list_size()) {
        throw Error("GROUP_BY_POS_OUT_OF_RANGE",
                    fmt::format("GROUP BY position {} is not in select list (valid range is [1, {}]).", position,
                                aggregate.select_list_size()),
                    {{"index", std::to_string(position)}, {"size", std::to_string(aggregate.select_list_size())}});
      }
      const proto::Expression& meant = aggregate.select_list(position - 1);
      if (HasAggregate(meant)) {
        throw Error("GROUP_BY_POS_AGGREGATE",
                    fmt::format("GROUP BY {} refers to an expression {} that contains an aggregate function. Aggregate "
                                "functions are not allowed in GROUP BY.",
                                position, ExpressionName(meant)),
                    {{"index", std::to_string(position)}, {"aggExpr", ExpressionName(meant)}});
      }
    }
  };
  const auto resolve = [&](const proto::Expression& key) -> proto::Expression {
    CheckAt(key.common().origin(), [&] { expect_position(key); });
    if (options_.group_by_ordinal && key.has_literal() && key.literal().has_integer()) {
      return WithoutAlias(aggregate.select_list(key.literal().integer() - 1));
    }
    // An alias of the SELECT list, where the input has no such column.
    if (options_.group_by_aliases && key.has_unresolved_attribute()) {
      const std::string& name = key.unresolved_attribute().unparsed_identifier();
      const std::vector<std::string> path = ParseAttributeName(name);
      if (path.size() == 1 && FindAll(input.columns, path[0]).empty()) {
        for (const proto::Expression& expression : aggregate.select_list()) {
          if (expression.has_alias() && expression.alias().name_size() == 1 &&
              Same(expression.alias().name(0), path[0])) {
            return WithoutAlias(expression);
          }
        }
      }
    }
    return key;
  };
  if (aggregate.group_by_all()) {
    for (const proto::Expression& expression : aggregate.select_list()) {
      if (HasAggregate(expression)) continue;
      if (expression.has_unresolved_star()) {
        for (const OutputColumn& column : input.columns) *keys.Add() = AttributeExpression(column.name);
      } else {
        *keys.Add() = WithoutAlias(expression);
      }
    }
  }
  for (const proto::Expression& key : aggregate.grouping_expressions()) *keys.Add() = resolve(key);
  request.keys = &keys;
  request.has_subquery = aggregate.has_having() && HasSubquery(aggregate.having());
  Expressions set_keys;
  for (const auto& set : aggregate.grouping_sets()) {
    for (const proto::Expression& key : set.grouping_set()) *set_keys.Add() = resolve(key);
  }
  int next = 0;
  for (const auto& set : aggregate.grouping_sets()) {
    auto& out = request.sets.emplace_back();
    for (int i = 0; i < set.grouping_set_size(); ++i) out.push_back(&set_keys[next++]);
  }
  TranslatedRelation out = Group(std::move(input), request);
  return aggregate.has_having() ? Filter(std::move(out), aggregate.having()) : out;
}

std::optional<TranslatedRelation> RelationTranslator::FilterGroups(const TranslatedRelation& input,
                                                                   const proto::Expression& condition,
                                                                   const std::function<Sql(const Scope&)>& translate) {
  if (input.block == nullptr || input.block->kind != Block::Kind::kAggregate) return std::nullopt;
  Block block = *input.block;
  Scope scope = ScopeOf(block.inputs);
  scope.grouping = &block.grouping;
  // The names of the SELECT list come after those of the grouped rows.
  for (size_t i = 0; i < block.items.size(); ++i) {
    scope.aliases.push_back(
        {input.columns[i].name, {block.items[i].value, input.columns[i].type, input.columns[i].nullable}});
  }
  if (!HasAggregate(condition)) {
    // What the output names is meant where it does for all of the condition.
    try {
      translate(ScopeOf(input.columns));
      return std::nullopt;
    } catch (const Error&) {
      // Only the grouped rows have what it means, or it is wrong there as well.
    }
  }
  const Sql having = Concat({Token("HAVING "), translate(scope)});
  block.rest = block.rest.empty() ? having : Concat({block.rest, Token("\n"), having});
  for (size_t i = 0; i < block.items.size(); ++i) block.items[i].column = input.columns[i];
  return SelectBlock(std::move(block));
}

std::optional<std::vector<OutputColumn>> RelationTranslator::OrderGroups(TranslatedRelation* input, proto::Sort* sort) {
  // Through filters of the groups.
  if (input->block == nullptr || input->block->kind != Block::Kind::kAggregate) return std::nullopt;
  Block block = *input->block;
  Scope scope = ScopeOf(block.inputs);
  scope.grouping = &block.grouping;
  for (size_t i = 0; i < block.items.size(); ++i) {
    scope.aliases.push_back(
        {input->columns[i].name, {block.items[i].value, input->columns[i].type, input->columns[i].nullable}});
    block.items[i].column = input->columns[i];
  }
  std::vector<OutputColumn> extra;
  UniqueIds ids;
  for (const SelectItem& item : block.items) ids.Make(item.column.id);
  for (auto& order : *sort->mutable_order()) {
    const proto::Expression& child = order.child();
    if (child.has_literal()) continue;
    if (!HasAggregate(child)) {
      try {
        TranslateExpression(child, ScopeOf(input->columns));
        continue;
      } catch (const Error&) {
        // Only the grouped rows have what it means, or it is wrong there as well.
      }
    }
    const Typed value = TranslateExpression(child, scope);
    OutputColumn column = NewColumn(fmt::format("sort key {}", extra.size()), value.type, value.nullable);
    column.id = ids.Make(column.name);
    block.items.push_back({value.sql, column});
    extra.push_back(column);
    *order.mutable_child() = AttributeExpression(column.name);
  }
  if (extra.empty()) return std::nullopt;
  input->sql = Select(block.items, block.from, block.rest).sql;
  return extra;
}

}  // namespace tinderbox::engine
