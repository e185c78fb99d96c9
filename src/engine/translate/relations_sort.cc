// Filters and sorts, which may reach below the SELECT list they stand on.
#include <fmt/format.h>

#include <algorithm>

#include "engine/translate/coercion.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "engine/translate/windows.h"
#include "spark/extension.h"

namespace tinderbox::engine {

TranslatedRelation RelationTranslator::Filter(const proto::Relation& input, const proto::Expression& condition) {
  const uint64_t isolation = HasSubquery(condition) ? ++isolated_ : 0;
  isolation_ = isolation;
  return Filter(Translate(input), condition, isolation);
}

TranslatedRelation RelationTranslator::Filter(TranslatedRelation input, const proto::Expression& condition,
                                              uint64_t isolation) {
  const auto translate = [&](const Scope& scope) {
    Typed value = TranslateExpression(condition, scope);
    if (value.type.kind() == TypeKind::kNull) value.sql = CastTo(value.sql, DataType(TypeKind::kBoolean));
    if (value.type.kind() != TypeKind::kBoolean && value.type.kind() != TypeKind::kNull) {
      const std::string shown = "\"" + ExpressionName(condition) + "\"";
      throw Error(
          "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN",
          fmt::format("Cannot resolve {0} due to data type mismatch: Filter expression {0} of type \"{1}\" is not "
                      "a boolean.",
                      shown, value.type.Sql()),
          {{"sqlExpr", shown}, {"filter", shown}, {"type", "\"" + value.type.Sql() + "\""}});
    }
    return value.sql;
  };
  if (HasAggregate(condition) || (input.block != nullptr && input.block->kind == Block::Kind::kAggregate)) {
    if (auto filtered = FilterGroups(input, condition, translate)) return std::move(*filtered);
  }
  if (HasWindow(condition)) {
    throw Error("WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE",
                "It is not allowed to use window functions inside WHERE clause.", {{"clauseName", "WHERE"}});
  }
  if (HasAggregate(condition)) {
    const std::string shown = "\"" + ExpressionName(condition) + "\"";
    throw Error(
        "INVALID_WHERE_CONDITION",
        fmt::format("The WHERE condition {} contains invalid expressions: aggregate functions. Rewrite the query "
                    "to avoid window functions, aggregate functions, and generator functions in the WHERE clause.",
                    shown),
        {{"condition", shown}, {"expressionList", "aggregate functions"}});
  }
  std::vector<OutputColumn> columns = input.columns;
  bool isolated = isolation != 0 && std::ranges::all_of(columns, [&](const OutputColumn& column) {
                    return column.id.starts_with(IsolatedPrefix(isolation));
                  });
  if (isolated) {
    for (OutputColumn& column : columns) column.id.erase(0, IsolatedPrefix(isolation).size());
  } else {
    isolated = Isolate(&input, HasSubquery(condition));
  }
  const bool joined = input.block != nullptr && !input.block->shown.empty();
  TranslatedRelation extended = input;
  const Sql where = Resolving(&extended, true, translate);
  const Sql rest = Concat({Token("WHERE "), where});
  if (isolated || extended.sql.text() != input.sql.text()) {
    std::vector<SelectItem> items;
    for (size_t i = 0; i < columns.size(); ++i) items.push_back({Ident(input.columns[i].id), columns[i]});
    const bool same = joined && extended.sql.text() == input.sql.text();
    TranslatedRelation out = Select(std::move(items), same ? input.block->from : Derived(extended.sql), rest);
    if (!isolated && HasMetadata(extended)) {
      auto make = [make = extended.with_metadata->make, rest] { return SelectAll(make(), rest); };
      out.with_metadata = std::make_shared<const WithMetadata>(WithMetadata{out.sql.text(), std::move(make)});
    }
    return out;
  }
  TranslatedRelation out = joined ? Select(input.block->items, input.block->from, rest) : SelectAll(input, rest);
  out.columns = input.columns;
  if (input.block != nullptr) {
    Block block;
    block.kind = Block::Kind::kFilter;
    block.rest = rest;
    block.input = std::move(input);
    out.block = std::make_shared<const Block>(std::move(block));
  }
  return out;
}

TranslatedRelation RelationTranslator::Qualify(const plan::Qualify& qualify) {
  // The condition is computed beside the SELECT list, whose names it may use, and dropped behind the filter.
  const std::string name = "qualify condition";
  const auto add = [&](proto::Expression* item) {
    *item->mutable_alias()->mutable_expr() = qualify.condition();
    item->mutable_alias()->add_name(name);
  };
  proto::Relation listed = qualify.input();
  plan::RelationExtension extension;
  if (listed.has_project()) {
    add(listed.mutable_project()->add_expressions());
  } else if (listed.has_extension() && spark::UnpackExtension(listed.extension(), &extension) &&
             extension.has_sql_aggregate()) {
    add(extension.mutable_sql_aggregate()->add_select_list());
    listed.mutable_extension()->PackFrom(extension);
  } else {
    RefuseFeature("QUALIFY without a SELECT list");
  }
  TranslatedRelation input = Translate(listed);
  // What the filter must not see through to: a condition of the input, computed over fewer rows.
  input.block = nullptr;
  TranslatedRelation filtered = Filter(std::move(input), AttributeExpression(name));
  std::vector<SelectItem> items;
  for (const OutputColumn& column : filtered.columns) items.push_back({Ident(column.id), column});
  items.pop_back();
  return Select(std::move(items), Derived(filtered.sql));
}

Sql RelationTranslator::SortKey(const proto::Expression::SortOrder& order, const Scope& scope) const {
  return TranslateSortOrder(order, scope);
}

TranslatedRelation RelationTranslator::Sort(const proto::Sort& sort) {
  TranslatedRelation input = Translate(sort.input());
  // ORDER BY ALL
  if (sort.order_size() == 1 && sort.order(0).child().has_unresolved_attribute()) {
    const auto& attribute = sort.order(0).child().unresolved_attribute();
    if (!attribute.has_plan_id() && SameName(attribute.unparsed_identifier(), "all", false) &&
        FindAll(input.columns, "all").empty()) {
      proto::Sort all;
      for (size_t i = 0; i < input.columns.size(); ++i) {
        *all.add_order() = sort.order(0);
        all.mutable_order(static_cast<int>(i))
            ->mutable_child()
            ->mutable_literal()
            ->set_integer(static_cast<int>(i) + 1);
      }
      return SortBy(std::move(input), all);
    }
  }
  return SortBy(std::move(input), sort);
}

TranslatedRelation RelationTranslator::SortBy(TranslatedRelation input, const proto::Sort& sort) {
  const std::vector<OutputColumn> columns = input.columns;
  proto::Sort order = sort;
  std::vector<Sql> keys;
  bool has_subquery = false;
  std::map<int, size_t> ordinals;
  for (int i = 0; i < sort.order_size(); ++i) {
    has_subquery = has_subquery || HasSubquery(sort.order(i).child());
    const proto::Expression& child = sort.order(i).child();
    if (!options_.order_by_ordinal || !child.has_literal() || !child.literal().has_integer()) continue;
    const int position = child.literal().integer();
    if (position < 1 || static_cast<size_t>(position) > input.columns.size()) {
      CheckAt(child.common().origin(), [&] {
        throw Error("ORDER_BY_POS_OUT_OF_RANGE",
                    fmt::format("ORDER BY position {} is not in select list (valid range is [1, {}]).", position,
                                input.columns.size()),
                    {{"index", std::to_string(position)}, {"size", std::to_string(input.columns.size())}});
      });
    }
    ordinals[i] = static_cast<size_t>(position) - 1;
  }
  const bool isolated = Isolate(&input, has_subquery);
  TranslatedRelation extended = input;
  std::vector<OutputColumn> extra;
  const auto translate = [&](const Scope& scope) {
    std::vector<Sql> out;
    for (int i = 0; i < order.order_size(); ++i) {
      const auto ordinal = ordinals.find(i);
      if (ordinal == ordinals.end()) {
        // DuckDB would take a number as the position of a column; as a value it orders nothing.
        if (!order.order(i).child().has_literal()) out.push_back(SortKey(order.order(i), scope));
        continue;
      }
      proto::Expression::SortOrder by = order.order(i);
      by.mutable_child()->mutable_unresolved_named_lambda_variable()->add_name_parts("ordinal");
      Scope bound = scope;
      bound.lambdas.push_back({"ordinal", ValueOf(input.columns[ordinal->second])});
      out.push_back(SortKey(by, bound));
    }
    return out;
  };
  if (auto sorted = OrderGroups(&extended, &order)) extra = std::move(*sorted);
  if (!extra.empty()) {
    Scope scope = ScopeOf(input.columns);
    scope.hidden = &extra;
    keys = translate(scope);
  } else {
    keys = Resolving(&extended, true, translate);
  }
  if (keys.empty()) return input;
  const Sql rest = Concat({Token("ORDER BY "), engine::Join(keys, ", ")});
  if (isolated || extended.sql.text() != input.sql.text()) {
    std::vector<SelectItem> items;
    for (size_t i = 0; i < columns.size(); ++i) items.push_back({Ident(input.columns[i].id), columns[i]});
    // DuckDB prefers the names of the SELECT list to those of its input, so the order stands below a renaming.
    if (isolated) {
      TranslatedRelation sorted = SelectAll(extended, rest);
      return Select(std::move(items), Derived(sorted.sql));
    }
    return Select(std::move(items), Derived(extended.sql), rest);
  }
  return SelectAll(std::move(input), rest);
}

}  // namespace tinderbox::engine
