#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/translate/relations.h"

namespace tinderbox::engine {

/// A relation with all that its meaning depends on: what a temporary view stands for. Immutable.
struct NamedPlan {
  std::string id;  ///< unique in the engine; what CachedRemoteRelation calls it
  std::shared_ptr<const ::spark::connect::Relation> plan;
  TranslateOptions options;  ///< the settings it was made under
  std::string database;      ///< where names without a database are looked up
  std::string text;          ///< the SQL text; empty when it was made of a DataFrame
  std::string comment;
  std::map<std::string, std::string> properties;
  std::vector<std::shared_ptr<const void>> uses;  ///< the plans and rows that `plan` refers to by id
};

/// The named plans that something still refers to. Thread-safe.
class NamedPlans {
 public:
  /// Gives the plan its id.
  std::shared_ptr<const NamedPlan> Add(NamedPlan plan);
  /// nullptr when there is none.
  std::shared_ptr<const NamedPlan> Find(const std::string& id);

 private:
  std::mutex mutex_;
  uint64_t next_ = 1;
  std::map<std::string, std::weak_ptr<const NamedPlan>> plans_;
};

/// Temporary views by name, letter case aside. Thread-safe.
class TempViews {
 public:
  TempViews() = default;
  TempViews(const TempViews& other);

  /// False when there is one of that name and it shall not be replaced.
  bool Set(const std::string& name, std::shared_ptr<const NamedPlan> view, bool replace);
  std::shared_ptr<const NamedPlan> Find(const std::string& name) const;
  /// False when there is none.
  bool Drop(const std::string& name);
  /// The names, in order.
  std::vector<std::string> Names() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const NamedPlan>> views_;
};

}  // namespace tinderbox::engine
