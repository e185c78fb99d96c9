#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "engine/duckdb/connection.h"
#include "engine/session_leaves.h"

namespace tinderbox::engine {

class Engine {
 public:
  explicit Engine(const EmbeddedOptions& options);

  Database& database() { return database_; }
  LocalTables& locals() { return *locals_; }
  PersistedTables& persisted() { return persisted_; }
  /// Settings of the process, which sessions can read and not change.
  const std::map<std::string, std::string>& fixed_conf() const { return fixed_conf_; }
  const std::string& time_zone() const { return time_zone_; }
  uint64_t NextSession() { return ++sessions_; }

 private:
  std::map<std::string, std::string> fixed_conf_;
  std::string time_zone_;
  Database database_;
  std::shared_ptr<LocalTables> locals_ = std::make_shared<LocalTables>();
  PersistedTables persisted_;
  std::atomic<uint64_t> sessions_ = 0;
};

}  // namespace tinderbox::engine
