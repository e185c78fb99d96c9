#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "engine/local_source.h"

namespace tinderbox::engine {

/// What the hash of a CachedLocalRelation begins with that is a table of LocalTables::AddHeld.
inline constexpr std::string_view kHeld = "held/";

/// Tables in memory and of databases that running queries read, by the name their SQL has for them. Thread-safe.
class LocalTables {
 public:
  /// Gives the table a name, under which it is found as long as the caller keeps it.
  std::string Add(const std::shared_ptr<Source>& table);
  std::shared_ptr<Source> Find(std::string_view name);
  /// The same for rows that plans name: no other session can guess their names.
  std::string AddHeld(const std::shared_ptr<LocalSource>& rows);
  /// Throws Error CONNECT_INVALID_PLAN when they are gone.
  std::shared_ptr<LocalSource> FindHeld(const std::string& name);

 private:
  std::mutex mutex_;
  uint64_t next_ = 1;
  std::map<std::string, std::weak_ptr<Source>, std::less<>> tables_;
  std::map<std::string, std::weak_ptr<LocalSource>> held_;
};

}  // namespace tinderbox::engine
