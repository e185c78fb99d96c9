#include "engine/statements/cache_tables.h"

#include "engine/session_leaves.h"
#include "engine/statements/tables.h"
#include "spark/proto.h"

namespace tinderbox::engine {

namespace {

proto::Relation ReadNamed(const std::vector<std::string>& name) {
  proto::Relation out;
  out.mutable_read()->mutable_named_table()->set_unparsed_identifier(QuoteName(name));
  return out;
}

/// The relation that is looked for in the cache: a temporary view is what it stands for.
int KindOf(Workspace& workspace, const std::vector<std::string>& name) {
  const auto view = workspace.FindTempView(name);
  return (view == nullptr ? ReadNamed(name) : *view->plan).rel_type_case();
}

}  // namespace

std::string TableCacheKey(Workspace& workspace, const std::vector<std::string>& name) {
  if (const auto view = workspace.FindTempView(name)) return workspace.CacheKey(*view);
  GetTable(workspace, name);
  return workspace.CacheKey(ReadNamed(name));
}

void PersistTable(Workspace& workspace, const std::vector<std::string>& name, StorageLevel level) {
  workspace.engine().cache().Add(TableCacheKey(workspace, name), KindOf(workspace, name), level);
}

void UnpersistTable(Workspace& workspace, const std::vector<std::string>& name) {
  workspace.engine().cache().Remove(TableCacheKey(workspace, name));
}

void RefreshTable(Workspace& workspace, const std::vector<std::string>& name) {
  if (workspace.FindTempView(name) != nullptr) return;
  const CatalogTable table = GetTable(workspace, name);
  if (!table.location.empty()) workspace.engine().cache().Refresh(table.location.string());
}

}  // namespace tinderbox::engine
