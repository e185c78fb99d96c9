#pragma once

#include <string>
#include <vector>

#include "engine/workspace.h"

namespace tinderbox::plan {
class Statement;
}

namespace tinderbox::engine {

/// Runs a SQL statement that is no query; its rows are what Spark answers.
Rows RunStatement(Workspace& workspace, const plan::Statement& statement, const std::string& operation);

/// The only part of a database's name. Throws REQUIRES_SINGLE_PART_NAMESPACE.
std::string SinglePartName(const std::vector<std::string>& name);
/// Throws CATALOG_NOT_FOUND for another catalogue than the one there is.
void SetCatalog(const std::string& name);
/// "MEMORY_ONLY" and its like.
StorageLevel ParseStorageLevel(const std::string& name);

}  // namespace tinderbox::engine
