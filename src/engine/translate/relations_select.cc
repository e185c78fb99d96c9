// SELECT lists: stars, names and what they pass on.
#include <fmt/format.h>

#include <algorithm>

#include "engine/translate/coercion.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "engine/translate/windows.h"
#include "spark/extension.h"
#include "sql/parser.h"

namespace tinderbox::engine {

namespace {

const OutputColumn* PassedColumn(const Sql& value, const std::vector<OutputColumn>& columns) {
  for (const OutputColumn& column : columns) {
    if (Ident(column.id).text() == value.text()) return &column;
  }
  return nullptr;
}

bool IsSubquery(const proto::Expression& expression) {
  if (expression.has_subquery_expression()) return true;
  plan::ExpressionExtension extension;
  return expression.has_extension() && spark::UnpackExtension(expression.extension(), &extension) &&
         extension.has_inline_subquery();
}

/// "scalarsubquery(a)": Spark names a sub-query after the outer columns that it uses.
std::string SubqueryName(const proto::Expression& expression, const Sql& value,
                         const std::vector<OutputColumn>& columns) {
  proto::SubqueryExpression subquery = expression.subquery_expression();
  plan::ExpressionExtension extension;
  if (expression.has_extension() && spark::UnpackExtension(expression.extension(), &extension)) {
    subquery = extension.inline_subquery().subquery();
  }
  std::map<size_t, std::string> used;
  for (const OutputColumn& column : columns) {
    const size_t at = value.text().find(Ident(column.id).text());
    if (at != std::string::npos) used[at] = column.name;
  }
  std::string names;
  for (const auto& [at, name] : used) names += (names.empty() ? "" : ", ") + name;
  if (subquery.subquery_type() == proto::SubqueryExpression::SUBQUERY_TYPE_IN) {
    std::string left;
    for (const auto& one : subquery.in_subquery_values()) left += (left.empty() ? "" : ", ") + ExpressionName(one);
    if (subquery.in_subquery_values_size() > 1) left = "named_struct(" + left + ")";
    return fmt::format("({} IN (listquery()))", left);
  }
  const bool exists = subquery.subquery_type() == proto::SubqueryExpression::SUBQUERY_TYPE_EXISTS;
  return fmt::format("{}({})", exists ? "exists" : "scalarsubquery", names);
}

std::string QuotedName(std::string_view name) {
  std::string out = "`";
  for (char c : name) {
    if (c == '`') out += c;
    out += c;
  }
  return out + "`";
}

}  // namespace

void RelationTranslator::AddStar(const proto::Expression::UnresolvedStar& star, const Scope& scope, UniqueIds* ids,
                                 std::vector<SelectItem>* items) {
  const std::vector<OutputColumn>& input = *scope.columns;
  auto add = [&](const OutputColumn& column) {
    SelectItem item{Ident(column.id), column};
    item.column.id = ids->Make(column.name);
    items->push_back(std::move(item));
  };
  size_t before = items->size();
  if (star.has_plan_id()) {
    for (const OutputColumn& column : input) {
      if (column.plan_ids.contains(star.plan_id())) add(column);
    }
  } else if (!star.has_unparsed_target()) {
    for (const OutputColumn& column : input) add(column);
    if (input.empty()) return;
  } else {
    std::string target = star.unparsed_target();
    if (target.ends_with(".*")) target.resize(target.size() - 2);
    const std::vector<std::string> path = ParseAttributeName(target);
    for (const OutputColumn& column : input) {
      if (path.size() > column.qualifiers.size()) continue;
      bool same = true;
      for (size_t i = 0; i < path.size(); ++i) {
        same = same && Same(column.qualifiers[column.qualifiers.size() - path.size() + i], path[i]);
      }
      if (same) add(column);
    }
    if (items->size() > before) return;
    // Not a table: the fields of a struct.
    std::optional<Typed> value;
    try {
      value = ResolveAttribute(target, -1, scope);
    } catch (const Error&) {
      // Nothing of that name: refused below.
    }
    if (value && value->type.kind() == TypeKind::kStruct) {
      for (const StructField& field : value->type.fields()) {
        OutputColumn column = NewColumn(field.name, field.type, value->nullable || field.nullable);
        column.id = ids->Make(field.name);
        items->push_back({Call("struct_extract", {value->sql, StringLiteral(field.name)}), std::move(column)});
      }
    }
  }
  if (items->size() == before) {
    std::string columns;
    for (const OutputColumn& column : input) columns += (columns.empty() ? "`" : ", `") + column.name + "`";
    const std::string target = "`" + star.unparsed_target().substr(0, star.unparsed_target().rfind(".*")) + "`";
    throw Error(
        "CANNOT_RESOLVE_STAR_EXPAND",
        fmt::format("Cannot resolve {}.* given input columns {}. Please check that the specified table or struct "
                    "exists and is accessible in the input columns.",
                    target, columns),
        {{"targetString", target}, {"columns", columns}});
  }
}

void RelationTranslator::AddItems(const proto::Expression& expression, const Scope& scope, UniqueIds* ids,
                                  std::vector<SelectItem>* items) {
  if (expression.has_expression_string()) {
    AddItems(sql::ParseExpression(expression.expression_string().expression()), scope, ids, items);
    return;
  }
  if (expression.has_unresolved_star()) {
    const size_t before = items->size();
    CheckAt(expression.common().origin(), [&] { AddStar(expression.unresolved_star(), scope, ids, items); });
    if (scope.grouping == nullptr) return;
    // Each column must be a key; asking for it by name says so when it is not.
    for (size_t i = before; i < items->size(); ++i) {
      Scope one = scope;
      std::vector<OutputColumn> columns;
      for (const OutputColumn& column : *scope.columns) {
        if (Ident(column.id).text() == (*items)[i].value.text()) columns.push_back(column);
      }
      one.columns = &columns;
      if (columns.size() == 1) ResolveAttribute(QuotedName(columns[0].name), -1, one);
    }
    return;
  }
  if (expression.has_unresolved_regex()) {
    for (size_t i : MatchingColumns(expression.unresolved_regex(), *scope.columns)) {
      const OutputColumn& column = (*scope.columns)[i];
      items->push_back({Ident(column.id), column});
      items->back().column.id = ids->Make(column.name);
    }
    return;
  }
  if (expression.has_extension()) {
    plan::ExpressionExtension extension;
    if (spark::UnpackExtension(expression.extension(), &extension) && extension.has_star_except()) {
      proto::Expression::UnresolvedStar star;
      if (!extension.star_except().target().empty()) star.set_unparsed_target(extension.star_except().target());
      std::vector<SelectItem> all;
      UniqueIds own;
      AddStar(star, scope, &own, &all);
      for (const std::string& name : extension.star_except().columns()) {
        std::vector<OutputColumn> columns;
        for (const SelectItem& item : all) columns.push_back(item.column);
        CheckAt(expression.common().origin(),
                [&] { all.erase(all.begin() + static_cast<std::ptrdiff_t>(FindColumn(columns, name))); });
      }
      for (SelectItem& item : all) {
        item.column.id = ids->Make(item.column.name);
        items->push_back(std::move(item));
      }
      return;
    }
  }
  Typed value = TranslateExpression(expression, scope);
  SelectItem item{value.sql, {}};
  if (expression.has_alias()) {
    if (expression.alias().name_size() != 1) {
      const std::string shown = "\"" + ExpressionName(expression.alias().expr()) + "\"";
      std::string names;
      for (const std::string& name : expression.alias().name()) names += (names.empty() ? "" : ", ") + name;
      CheckAt(expression.common().origin(), [&] {
        throw Error("MULTI_ALIAS_WITHOUT_GENERATOR",
                    fmt::format("Multi part aliasing ({}) is not supported with {} as it is not a generator function.",
                                names, shown),
                    {{"names", names}, {"expr", shown}});
      });
    }
    item.column.name = expression.alias().name(0);
    if (expression.alias().has_metadata()) {
      item.column.metadata_json = expression.alias().metadata();
    } else if (const OutputColumn* column = PassedColumn(value.sql, *scope.columns)) {
      item.column.metadata_json = column->metadata_json;
    }
  } else {
    item.column.name = IsSubquery(expression) ? SubqueryName(expression, value.sql, *scope.columns)
                                              : ExpressionName(expression, scope);
    // A cast of nothing but a column bears the column's name.
    if (expression.has_cast() && expression.cast().expr().has_unresolved_attribute()) {
      const Typed child = TranslateExpression(expression.cast().expr(), scope);
      if (const OutputColumn* column = PassedColumn(child.sql, *scope.columns)) item.column.name = column->name;
    }
    // A column that passes unchanged stays reachable as before.
    if (const OutputColumn* column = PassedColumn(value.sql, *scope.columns)) item.column = *column;
    if (scope.hidden != nullptr) {
      if (const OutputColumn* column = PassedColumn(value.sql, *scope.hidden)) item.column = *column;
    }
    // A column bears its name as it was written.
    if (expression.has_unresolved_attribute()) {
      const auto path = ParseAttributeName(expression.unresolved_attribute().unparsed_identifier());
      if (Same(item.column.name, path.back())) item.column.name = path.back();
    }
    // CAST(a AS …) keeps the name of the column.
    if (expression.has_cast() && expression.cast().expr().has_unresolved_attribute()) {
      const Typed inner = TranslateExpression(expression.cast().expr(), scope);
      const std::vector<std::string> path =
          ParseAttributeName(expression.cast().expr().unresolved_attribute().unparsed_identifier());
      if (PassedColumn(inner.sql, *scope.columns) != nullptr) item.column.name = path.back();
    }
  }
  item.column.id = ids->Make(item.column.name);
  item.column.type = value.type;
  item.column.nullable = value.nullable;
  items->push_back(std::move(item));
}

TranslatedRelation RelationTranslator::Project(const proto::Project& project) {
  TranslatedRelation input;
  if (project.has_input()) {
    input = Translate(project.input());
  } else {
    input.sql = Token("SELECT 1 AS \"one\"");
  }
  // A star would show the column that holds the window.
  if (std::ranges::none_of(project.expressions(), [](const auto& e) { return e.has_unresolved_star(); })) {
    input = WithTimeWindow(std::move(input), project.expressions());
  }
  if (std::ranges::any_of(project.expressions(), [](const auto& e) { return HasGenerator(e); })) {
    return Generate(std::move(input), project.expressions());
  }
  if (std::ranges::any_of(project.expressions(), [](const auto& e) { return HasAggregate(e); })) {
    GroupRequest request;
    for (const proto::Expression& expression : project.expressions()) request.list.push_back(&expression);
    return Group(std::move(input), request);
  }
  Isolate(&input, std::ranges::any_of(project.expressions(), [](const auto& e) { return HasSubquery(e); }));
  Block block;
  block.items = Resolving(&input, false, [&](Scope scope) {
    UniqueIds ids;
    std::vector<SelectItem> items;
    for (const proto::Expression& expression : project.expressions()) {
      AddItems(expression, scope, &ids, &items);
      if (!expression.has_alias() || !options_.lateral_aliases) continue;
      const SelectItem& item = items.back();
      scope.aliases.push_back({item.column.name, {item.value, item.column.type, item.column.nullable}});
    }
    return items;
  });
  block.from = Derived(input.sql);
  std::vector<const proto::Expression*> list;
  for (const proto::Expression& expression : project.expressions()) list.push_back(&expression);
  OrderByWindows(list, input, &block);
  block.inputs = input.columns;
  std::vector<SelectItem> items = HasMetadata(input) ? block.items : std::vector<SelectItem>();
  TranslatedRelation out = SelectBlock(std::move(block));
  PassMetadata(input, std::move(items), &out);
  return out;
}

}  // namespace tinderbox::engine
