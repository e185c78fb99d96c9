// The SELECT that every operation is made of: its columns' ids, the text, and the way to its files' metadata.

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "engine/translate/relation_translator.h"

namespace tinderbox::engine {

std::string UniqueIds::Make(std::string_view name) {
  std::string base = name.empty() ? "_" : std::string(name);
  std::ranges::replace(base, '\0', '_');
  std::string id = base;
  for (int n = 2; !taken_.insert(base::LowerCase(id)).second; ++n) id = fmt::format("{}_{}", base, n);
  return id;
}

bool UniqueIds::Has(std::string_view name) const {
  return taken_.contains(base::LowerCase(name));
}

OutputColumn NewColumn(std::string name, DataType type, bool nullable) {
  OutputColumn out;
  out.id = name;
  out.name = std::move(name);
  out.type = std::move(type);
  out.nullable = nullable;
  return out;
}

std::vector<OutputColumn> NewColumns(const StructType& schema) {
  UniqueIds ids;
  std::vector<OutputColumn> columns;
  for (const StructField& field : schema.fields) {
    columns.push_back(NewColumn(field.name, field.type, field.nullable));
    columns.back().id = ids.Make(field.name);
    columns.back().metadata_json = field.metadata_json;
  }
  return columns;
}

StructType ToSchema(const std::vector<OutputColumn>& columns) {
  StructType schema;
  for (const OutputColumn& column : columns) {
    schema.fields.push_back({column.name, column.type, column.nullable, column.metadata_json});
  }
  return schema;
}

Sql Derived(const Sql& sql) {
  return Concat({Token("(\n"), sql, Token("\n)")});
}

std::string IsolatedPrefix(uint64_t isolation) {
  return fmt::format("outer {}.", isolation);
}

Typed ValueOf(const OutputColumn& column) {
  return {Ident(column.id), column.type, column.nullable};
}

namespace {

Sql SelectText(const std::vector<SelectItem>& items, const Sql& from, const Sql& rest) {
  std::vector<Sql> list;
  for (const SelectItem& item : items) {
    Sql id = Ident(item.column.id);
    list.push_back(item.value.text() == id.text() ? id : Concat({item.value, Token(" AS "), id}));
  }
  // DuckDB has no table without columns: what only counts rows has one that nothing can name.
  if (list.empty()) list.push_back(Token("1 AS \"no column\""));
  const Sql out = Concat({Token("SELECT "), engine::Join(list, ", "), Token("\nFROM "), from});
  return rest.empty() ? out : Concat({out, Token("\n"), rest});
}

}  // namespace

TranslatedRelation Select(std::vector<SelectItem> items, const Sql& from, const Sql& rest) {
  TranslatedRelation out;
  out.sql = SelectText(items, from, rest);
  for (SelectItem& item : items) out.columns.push_back(std::move(item.column));
  return out;
}

namespace {

/// What stands behind a block's FROM clause.
Sql Behind(const Block& block) {
  if (block.rest.empty() || block.order.empty()) return block.rest.empty() ? block.order : block.rest;
  return Concat({block.rest, Token("\n"), block.order});
}

}  // namespace

TranslatedRelation SelectBlock(Block block) {
  TranslatedRelation out;
  out.sql = SelectText(block.items, block.from, Behind(block));
  for (const SelectItem& item : block.items) out.columns.push_back(item.column);
  out.block = std::make_shared<Block>(std::move(block));
  return out;
}

TranslatedRelation SelectAll(TranslatedRelation input, const Sql& rest) {
  const bool metadata = HasMetadata(input);
  input.sql = Concat({Token("SELECT *\nFROM "), Derived(input.sql), Token("\n"), rest});
  input.block = nullptr;
  if (metadata) {
    auto make = [make = input.with_metadata->make, rest] { return SelectAll(make(), rest); };
    input.with_metadata = std::make_shared<const WithMetadata>(WithMetadata{input.sql.text(), std::move(make)});
  }
  return input;
}

bool HasMetadata(const TranslatedRelation& relation) {
  return relation.with_metadata != nullptr && relation.with_metadata->of == relation.sql.text();
}

void PassMetadata(const TranslatedRelation& input, std::vector<SelectItem> items, TranslatedRelation* out) {
  if (!HasMetadata(input)) return;
  auto make = [make = input.with_metadata->make, items = std::move(items)] {
    const TranslatedRelation full = make();
    std::vector<SelectItem> all = items;
    UniqueIds ids;
    for (const SelectItem& item : all) ids.Make(item.column.id);
    all.push_back({Ident(full.columns.back().id), full.columns.back()});
    all.back().column.id = ids.Make("_metadata");
    return Select(std::move(all), Derived(full.sql));
  };
  out->with_metadata = std::make_shared<const WithMetadata>(WithMetadata{out->sql.text(), std::move(make)});
}

std::vector<OutputColumn> RelationTranslator::Uncover(TranslatedRelation* input, bool below, bool metadata) {
  if (metadata) {
    const TranslatedRelation full = input->with_metadata->make();
    input->sql = full.sql;
    input->with_metadata =
        std::make_shared<const WithMetadata>(WithMetadata{full.sql.text(), input->with_metadata->make});
    return {full.columns.back()};
  }
  if (input->block == nullptr) return {};
  const std::shared_ptr<const Block> held = input->block;
  const Block& block = *held;
  if (block.kind == Block::Kind::kFilter) {
    TranslatedRelation inner = block.input;
    std::vector<OutputColumn> hidden = Uncover(&inner, below, false);
    if (hidden.empty()) return hidden;
    input->sql = SelectAll(std::move(inner), block.rest).sql;
    input->block = nullptr;
    return hidden;
  }
  if (block.kind == Block::Kind::kAggregate || (block.kind == Block::Kind::kSelect && !below)) return {};
  UniqueIds ids;
  for (const SelectItem& item : block.items) ids.Make(item.column.id);
  std::vector<SelectItem> items = block.items;
  std::vector<OutputColumn> hidden;
  for (const OutputColumn& column : block.inputs) {
    SelectItem item{Ident(column.id), column};
    item.column.id = ids.Make("hidden " + column.id);
    hidden.push_back(item.column);
    items.push_back(std::move(item));
  }
  if (hidden.empty()) return hidden;
  input->sql = Select(std::move(items), block.from, Behind(block)).sql;
  input->block = nullptr;
  return hidden;
}

}  // namespace tinderbox::engine
