// Rows made of nothing else, and aliases of tables.
#include <fmt/format.h>

#include <algorithm>

#include "engine/translate/coercion.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "engine/translate/windows.h"
#include "spark/extension.h"

namespace tinderbox::engine {

TranslatedRelation RelationTranslator::Range(const proto::Range& range) {
  if (range.step() == 0) {
    throw Error("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE", "The step of a range cannot be 0.");
  }
  StructType schema{{{"id", DataType(TypeKind::kLong), false, "{}"}}};
  Sql call = Call("range", {IntegerLiteral(range.start()), IntegerLiteral(range.end()), IntegerLiteral(range.step())});
  TranslatedRelation out = Select({{Ident("range"), NewColumns(schema)[0]}}, call);
  const auto distance = static_cast<__int128>(range.end()) - range.start();
  const __int128 steps = distance / range.step();
  out.most_rows = steps < 0 ? 0 : static_cast<uint64_t>(steps) + 1;
  return out;
}

TranslatedRelation RelationTranslator::SubqueryAlias(const proto::SubqueryAlias& alias) {
  TranslatedRelation input = Translate(alias.input());
  std::vector<std::string> path(alias.qualifier().begin(), alias.qualifier().end());
  path.push_back(alias.alias());
  for (OutputColumn& column : input.columns) column.qualifiers = path;
  if (HasMetadata(input)) {
    auto make = [make = input.with_metadata->make, path] {
      TranslatedRelation full = make();
      full.columns.back().qualifiers = path;
      return full;
    };
    input.with_metadata = std::make_shared<const WithMetadata>(WithMetadata{input.sql.text(), std::move(make)});
  }
  // Below an alias only what a join merged away stays in reach, and by data frame alone.
  input.block = nullptr;
  return input;
}

TranslatedRelation RelationTranslator::ColumnAliases(const plan::ColumnAliases& aliases) {
  // The names of VALUES are its own: they decide how many columns it has.
  plan::RelationExtension extension;
  const bool values = aliases.input().has_extension() &&
                      spark::UnpackExtension(aliases.input().extension(), &extension) && extension.has_inline_table();
  TranslatedRelation input =
      values ? InlineTable(extension.inline_table(), {aliases.column_names().begin(), aliases.column_names().end()})
             : Translate(aliases.input());
  input.block = nullptr;
  if (!aliases.column_names().empty() && static_cast<size_t>(aliases.column_names_size()) != input.columns.size()) {
    RefuseArity(input.columns.size(), static_cast<size_t>(aliases.column_names_size()));
  }
  for (size_t i = 0; i < input.columns.size(); ++i) {
    OutputColumn& column = input.columns[i];
    if (!aliases.column_names().empty()) column.name = aliases.column_names(static_cast<int>(i));
    column.plan_ids.clear();
    if (!aliases.table_alias().empty()) column.qualifiers = {aliases.table_alias()};
  }
  return input;
}

TranslatedRelation RelationTranslator::InlineTable(const plan::InlineTable& table,
                                                   const std::vector<std::string>& names) {
  static const std::vector<OutputColumn> kNone;
  const Scope scope = ScopeOf(kNone);
  std::vector<std::vector<Typed>> columns;
  for (int r = 0; r < table.rows_size(); ++r) {
    const auto& row = table.rows(r);
    if (r == 0) columns.resize(names.empty() ? static_cast<size_t>(row.values_size()) : names.size());
    if (static_cast<size_t>(row.values_size()) != columns.size()) {
      throw Error("INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH",
                  fmt::format("Invalid inline table. Inline table expected {} columns but found {} columns in row {}.",
                              columns.size(), row.values_size(), r),
                  {{"expectedNumCols", std::to_string(columns.size())},
                   {"actualNumCols", std::to_string(row.values_size())},
                   {"rowIndex", std::to_string(r)}});
    }
    for (size_t c = 0; c < columns.size(); ++c) {
      columns[c].push_back(TranslateExpression(row.values(static_cast<int>(c)), scope));
    }
  }
  StructType schema;
  for (size_t c = 0; c < columns.size(); ++c) {
    bool nullable = false;
    for (const Typed& value : columns[c]) nullable = nullable || value.nullable;
    DataType type;
    try {
      // Text stands only beside text here.
      const auto is = [](TypeKind kind) { return [kind](const Typed& value) { return value.type.kind() == kind; }; };
      const auto texts = std::ranges::count_if(columns[c], is(TypeKind::kString));
      const auto nulls = std::ranges::count_if(columns[c], is(TypeKind::kNull));
      if (texts > 0 && texts + nulls < std::ssize(columns[c])) RefuseDifferent("VALUES", {});
      type = CoerceAll(columns[c], scope, "VALUES");
    } catch (const Error&) {
      const std::string name = names.empty() ? fmt::format("`col{}`", c + 1) : "`" + names[c] + "`";
      throw Error(
          "INVALID_INLINE_TABLE.INCOMPATIBLE_TYPES_IN_INLINE_TABLE",
          fmt::format("Invalid inline table. Found incompatible types in the column {} for inline table.", name),
          {{"colName", name}});
    }
    schema.fields.push_back({fmt::format("col{}", c + 1), type, nullable, "{}"});
  }
  CountRows(static_cast<uint64_t>(table.rows_size()));
  std::vector<Sql> rows;
  std::vector<Sql> ids;
  TranslatedRelation out;
  out.columns = NewColumns(schema);
  for (const OutputColumn& column : out.columns) ids.push_back(Ident(column.id));
  for (int r = 0; r < table.rows_size(); ++r) {
    std::vector<Sql> values;
    for (const auto& column : columns) values.push_back(column[static_cast<size_t>(r)].sql);
    rows.push_back(Concat({Token("("), engine::Join(values, ", "), Token(")")}));
  }
  out.sql = Concat({Token("SELECT *\nFROM (VALUES\n"), engine::Join(rows, ",\n"), Token("\n) AS t("),
                    engine::Join(ids, ", "), Token(")")});
  return out;
}

}  // namespace tinderbox::engine
