#include "engine/session_leaves.h"

#include <fmt/format.h>

#include "engine/files/read.h"
#include "engine/plan_key.h"
#include "engine/translate/relation_translator.h"
#include "spark/ipc.h"
#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

std::string LocalTables::Add(const std::shared_ptr<LocalSource>& table) {
  std::lock_guard lock(mutex_);
  std::erase_if(tables_, [](const auto& entry) { return entry.second.expired(); });
  std::string name = std::to_string(next_++);
  tables_[name] = table;
  return name;
}

std::shared_ptr<Source> LocalTables::Find(std::string_view name) {
  std::lock_guard lock(mutex_);
  auto found = tables_.find(name);
  std::shared_ptr<Source> table = found == tables_.end() ? nullptr : found->second.lock();
  if (table == nullptr) throw Error("INTERNAL_ERROR", fmt::format("There is no local table {}.", name));
  return table;
}

void PersistedTables::Add(const std::string& key, Table table) {
  std::lock_guard lock(mutex_);
  tables_[key] = std::move(table);
}

std::optional<PersistedTables::Table> PersistedTables::Release(const std::string& key) {
  std::lock_guard lock(mutex_);
  auto found = tables_.find(key);
  if (found == tables_.end()) return std::nullopt;
  Table table = std::move(found->second);
  tables_.erase(found);
  return table;
}

std::optional<PersistedTables::Table> PersistedTables::Find(const std::string& key) {
  std::lock_guard lock(mutex_);
  auto found = tables_.find(key);
  if (found == tables_.end()) return std::nullopt;
  return found->second;
}

bool PersistedTables::HasKind(int relation_kind) {
  std::lock_guard lock(mutex_);
  for (const auto& [key, table] : tables_) {
    if (table.relation_kind == relation_kind) return true;
  }
  return false;
}

std::string PersistedTables::NewName() {
  std::lock_guard lock(mutex_);
  return fmt::format("persisted_{}", next_++);
}

TranslatedRelation SessionLeaves::Read(const proto::Read& read) {
  if (!read.has_data_source() || read.is_streaming()) {
    throw Error("UNSUPPORTED_FEATURE.RELATION",
                read.is_streaming() ? "The embedded engine does not support streaming reads."
                                    : "The embedded engine has no catalog of tables yet. Read files by their path.");
  }
  const auto& source = read.data_source();
  FileRead request;
  request.format = source.format();
  request.options.insert(source.options().begin(), source.options().end());
  request.paths.assign(source.paths().begin(), source.paths().end());
  if (!source.schema().empty()) {
    request.schema =
        source.schema().starts_with("{") ? StructType::FromJson(source.schema()) : StructType::FromDdl(source.schema());
  }
  request.time_zone = time_zone_;
  FileTable table = ReadFiles(request, database_);
  paths_.insert(paths_.end(), table.paths.begin(), table.paths.end());
  return std::move(table.relation);
}

TranslatedRelation SessionLeaves::Local(const proto::LocalRelation& local) {
  StructType schema;
  if (!local.schema().empty()) {
    schema =
        local.schema().starts_with("{") ? StructType::FromJson(local.schema()) : StructType::FromDdl(local.schema());
  }
  StructType data_schema = schema;
  std::vector<ArrowBatch> batches;
  if (local.has_data()) {
    auto reader = spark::ReadIpcStream(local.data());
    data_schema = reader->schema();
    for (ArrowBatch batch; reader->Next(&batch);) batches.push_back(std::move(batch));
  }
  if (local.schema().empty()) schema = data_schema;
  if (schema.fields.size() != data_schema.fields.size()) {
    throw Error("NUM_COLUMNS_MISMATCH", fmt::format("A local table has {} columns, but its schema names {}.",
                                                    data_schema.fields.size(), schema.fields.size()));
  }
  std::vector<OutputColumn> columns = NewColumns(schema);
  auto table = std::make_shared<LocalSource>(data_schema, std::move(batches));
  std::vector<SelectItem> items;
  for (size_t i = 0; i < columns.size(); ++i) {
    Sql value = Ident(fmt::format("c{}", i));
    if (!columns[i].type.SameIgnoringNullability(data_schema.fields[i].type)) value = CastTo(value, columns[i].type);
    items.push_back({value, columns[i]});
  }
  Sql call = Call(kLocalTableFunction, {StringLiteral(locals_.Add(table))});
  alive_.push_back(std::move(table));
  return Select(std::move(items), call);
}

std::optional<Sql> SessionLeaves::Persisted(const proto::Relation& relation, const std::vector<OutputColumn>& columns) {
  if (!persisted_.HasKind(relation.rel_type_case())) return std::nullopt;
  auto table = persisted_.Find(PlanKey(relation));
  if (!table || table->columns != columns.size()) return std::nullopt;
  std::vector<SelectItem> items;
  for (size_t i = 0; i < columns.size(); ++i) items.push_back({Ident(fmt::format("c{}", i)), columns[i]});
  return Select(std::move(items), Ident(table->name)).sql;
}

}  // namespace tinderbox::engine
