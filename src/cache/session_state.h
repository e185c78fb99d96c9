#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "cache/inspect.h"

namespace spark::connect {
class Catalog;
class Command;
class Relation;
}  // namespace spark::connect

namespace tinderbox::cache {

/// A temporary view as it was made.
struct View {
  PlanFacts facts;              ///< a refusal when it is not known what it stands for
  std::set<std::string> names;  ///< of the tables and views that its plan itself reads
  std::string definition;       ///< its plan's key and the settings it was made under
  std::string inputs;           ///< InputsText when it was made
};

/// What a session has done to itself that changes what its plans mean. Thread-safe.
class SessionState {
 public:
  SessionState() = default;
  SessionState(const SessionState& other);

  /// What a command does to the session.
  struct Effect {
    bool changes = false;                                    ///< how plans are answered
    bool persists = false;                                   ///< rows are computed once and read again
    bool unknown = false;                                    ///< nothing that follows can be keyed
    std::optional<std::string> makes;                        ///< a temporary view of that name…
    std::shared_ptr<const ::spark::connect::Relation> view;  ///< …which stands for this; nullptr: nobody knows
    std::optional<std::string> function;                     ///< is registered
    std::optional<std::string> loses;                        ///< the view of that name is another one, or none
  };
  static Effect EffectOf(const ::spark::connect::Command& command);
  static Effect EffectOf(const ::spark::connect::Catalog& catalog);

  void Apply(const Effect& effect, const std::optional<View>& view);
  /// Two equal numbers say that nothing changed between them.
  uint64_t changes() const { return changes_; }
  void Change() { ++changes_; }

  /// Adds to the facts of a plan those of the views it reads, whose definitions `views` gets, and refuses what this
  /// session changed. A view that was made by a text finds the views of today, one of a data frame those of its time:
  /// both are in it.
  void Resolve(PlanFacts* facts, std::map<std::string, View>* views) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, View> views_;  ///< by name in lower case
  std::set<std::string> functions_;    ///< those registered, in lower case
  bool unknown_ = false;
  std::atomic<uint64_t> changes_ = 0;
};

}  // namespace tinderbox::cache
