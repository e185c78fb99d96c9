#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "engine/cache.h"
#include "engine/catalog/catalog.h"
#include "engine/duckdb/connection.h"
#include "engine/files/remote.h"
#include "engine/local_tables.h"
#include "engine/named_plans.h"
#include "engine/python/python_plans.h"
#include "engine/session_leaves.h"

namespace tinderbox::engine {

class Engine {
 public:
  explicit Engine(const EmbeddedOptions& options);

  Database& database() { return database_; }
  LocalTables& locals() { return *locals_; }
  Cache& cache() { return cache_; }
  Catalog& catalog() { return catalog_; }
  RemoteCopies& copies() { return copies_; }
  NamedPlans& plans() { return plans_; }
  PythonReferences& python() { return python_; }
  TempViews& global_views() { return global_views_; }
  /// Settings of the process, which sessions can read and not change.
  const std::map<std::string, std::string>& fixed_conf() const { return fixed_conf_; }
  const std::string& time_zone() const { return time_zone_; }
  uint64_t NextSession() { return ++sessions_; }

 private:
  std::map<std::string, std::string> fixed_conf_;
  std::string time_zone_;
  PythonReferences python_;
  Database database_;
  std::shared_ptr<LocalTables> locals_ = std::make_shared<LocalTables>();
  Cache cache_;
  Catalog catalog_;
  RemoteCopies copies_;
  NamedPlans plans_;
  TempViews global_views_;
  std::atomic<uint64_t> sessions_ = 0;
};

}  // namespace tinderbox::engine
