#include "engine/local_tables.h"

#include <fmt/format.h>

#include "base/random_name.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

std::string LocalTables::Add(const std::shared_ptr<Source>& table) {
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

std::string LocalTables::AddHeld(const std::shared_ptr<LocalSource>& rows) {
  const std::string name = std::string(kHeld) + base::RandomName(24);
  std::lock_guard lock(mutex_);
  std::erase_if(held_, [](const auto& entry) { return entry.second.expired(); });
  held_[name] = rows;
  return name;
}

std::shared_ptr<LocalSource> LocalTables::FindHeld(const std::string& name) {
  std::lock_guard lock(mutex_);
  const auto found = held_.find(name);
  std::shared_ptr<LocalSource> rows = found == held_.end() ? nullptr : found->second.lock();
  if (rows == nullptr) {
    throw Error("CONNECT_INVALID_PLAN", fmt::format("The rows that the plan reads ({}) are no longer held.", name));
  }
  return rows;
}

}  // namespace tinderbox::engine
