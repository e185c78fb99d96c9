#pragma once

#include <string>
#include <vector>

#include "engine/workspace.h"

namespace tinderbox::engine {

/// The persisted relation that a table or view is; throws TABLE_OR_VIEW_NOT_FOUND.
std::string TableCacheKey(Workspace& workspace, const std::vector<std::string>& name);
/// Marks a table or view as persisted, or no longer.
void PersistTable(Workspace& workspace, const std::vector<std::string>& name, StorageLevel level);
void UnpersistTable(Workspace& workspace, const std::vector<std::string>& name);
/// Forgets the persisted rows that come from a table's files.
void RefreshTable(Workspace& workspace, const std::vector<std::string>& name);

}  // namespace tinderbox::engine
