// df.na: fill, drop and replace.
#include <fmt/format.h>

#include <algorithm>

#include "engine/translate/literals.h"
#include "engine/translate/relation_translator.h"

namespace tinderbox::engine {

namespace {

bool IsFloating(const DataType& type) {
  return type.kind() == TypeKind::kFloat || type.kind() == TypeKind::kDouble;
}

/// Whether a value of type `value` is meant for columns of type `column`: numbers for numbers, text for text.
bool Fits(const DataType& value, const DataType& column) {
  return value.IsNumeric() ? column.IsNumeric() : value.kind() == column.kind();
}

}  // namespace

TranslatedRelation RelationTranslator::NaFill(const proto::NAFill& fill) {
  TranslatedRelation input = Translate(fill.input());
  const Scope scope = ScopeOf(input.columns);
  std::vector<const proto::Expression::Literal*> values(input.columns.size(), nullptr);
  for (int i = 0; i < fill.cols_size(); ++i) {
    const size_t at = FindColumn(input.columns, fill.cols(i));
    const auto& value = fill.values(fill.values_size() == 1 ? 0 : i);
    if (fill.values_size() > 1 || Fits(LiteralType(value), input.columns[at].type)) values[at] = &value;
  }
  for (size_t i = 0; i < input.columns.size() && fill.cols().empty(); ++i) {
    if (Fits(LiteralType(fill.values(0)), input.columns[i].type)) values[i] = &fill.values(0);
  }
  std::vector<SelectItem> items;
  for (size_t i = 0; i < input.columns.size(); ++i) {
    OutputColumn column = input.columns[i];
    Sql value = Ident(column.id);
    if (values[i] != nullptr) {
      const Typed wanted = TranslateCast(TranslateLiteral(*values[i]), column.type, scope, false);
      if (IsFloating(column.type)) value = Template("CASE WHEN isnan($1) THEN NULL ELSE $1 END", {value});
      value = Call("coalesce", {value, wanted.sql});
      column.nullable = wanted.nullable && column.nullable;
      column.qualifiers.clear();
      column.plan_ids.clear();
    }
    items.push_back({value, std::move(column)});
  }
  return Select(std::move(items), Derived(input.sql));
}

TranslatedRelation RelationTranslator::NaDrop(const proto::NADrop& drop) {
  TranslatedRelation input = Translate(drop.input());
  std::vector<size_t> columns;
  for (const std::string& name : drop.cols()) columns.push_back(FindColumn(input.columns, name));
  for (size_t i = 0; i < input.columns.size() && drop.cols().empty(); ++i) columns.push_back(i);
  std::vector<Sql> present;
  for (size_t i : columns) {
    const Sql value = Ident(input.columns[i].id);
    present.push_back(IsFloating(input.columns[i].type) ? Template("($1 IS NOT NULL AND NOT isnan($1))", {value})
                                                        : Template("($1 IS NOT NULL)", {value}));
  }
  if (present.empty()) return input;
  if (!drop.has_min_non_nulls() || static_cast<size_t>(std::max(0, drop.min_non_nulls())) == present.size()) {
    return SelectAll(std::move(input), Concat({Token("WHERE "), engine::Join(present, " AND ")}));
  }
  std::vector<Sql> ones;
  for (const Sql& one : present) ones.push_back(Template("CASE WHEN $1 THEN 1 ELSE 0 END", {one}));
  return SelectAll(std::move(input), Concat({Token("WHERE "), engine::Join(ones, " + "), Token(" >= "),
                                             IntegerLiteral(drop.min_non_nulls())}));
}

TranslatedRelation RelationTranslator::NaReplace(const proto::NAReplace& replace) {
  TranslatedRelation input = Translate(replace.input());
  const Scope scope = ScopeOf(input.columns);
  std::vector<bool> wanted(input.columns.size(), replace.cols().empty());
  for (const std::string& name : replace.cols()) wanted[FindColumn(input.columns, name)] = true;
  DataType source;
  for (const auto& replacement : replace.replacements()) {
    if (!replacement.old_value().has_null()) source = LiteralType(replacement.old_value());
  }
  std::vector<SelectItem> items;
  for (size_t i = 0; i < input.columns.size(); ++i) {
    OutputColumn column = input.columns[i];
    if (!wanted[i] || !Fits(source, column.type) || replace.replacements().empty()) {
      items.push_back({Ident(column.id), std::move(column)});
      continue;
    }
    const Typed value = ValueOf(column);
    std::vector<Sql> branches;
    bool nullable = column.nullable;
    for (const auto& replacement : replace.replacements()) {
      const Typed target = TranslateCast(TranslateLiteral(replacement.new_value()), column.type, scope, false);
      nullable = nullable || target.nullable;
      const Sql same = CallFunction("=", {value, TranslateLiteral(replacement.old_value())}, scope).sql;
      branches.push_back(Template("WHEN $1 THEN $2", {same, target.sql}));
    }
    column.nullable = nullable;
    column.qualifiers.clear();
    column.plan_ids.clear();
    items.push_back({Template("CASE $1 ELSE $2 END", {engine::Join(branches, " "), value.sql}), std::move(column)});
  }
  return Select(std::move(items), Derived(input.sql));
}

}  // namespace tinderbox::engine
