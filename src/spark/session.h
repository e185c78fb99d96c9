#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "tinderbox/arrow.h"
#include "tinderbox/session.h"

namespace spark::connect {
class AnalyzePlanRequest;
class AnalyzePlanResponse;
class Command;
class ConfigRequest_Operation;
class ConfigResponse;
class ExecutePlanResponse;
class Relation;
}  // namespace spark::connect

namespace tinderbox::spark {

/// What a call runs as.
struct Operation {
  /// For Interrupt, GetProgress and Observed; callers make it unique. An operation without one can only be reached
  /// together with all others.
  std::string id;
  /// For InterruptTag; only operations with an id have any.
  std::set<std::string> tags;

  Operation(const char* name) : id(name) {}                      // NOLINT: an id is an operation without tags
  Operation(std::string name, std::set<std::string> marks = {})  // NOLINT
      : id(std::move(name)), tags(std::move(marks)) {}
};

/// The waist of Tinderbox: a plan goes in, Arrow batches come out. Everything above (DataFrame API, diff, Spark Connect
/// server) knows only this interface. Thread-safe: calls may run at once.
class Session {
 public:
  virtual ~Session() = default;

  /// Runs a query. Batches stream; the reader may outlive this call but not the session.
  virtual std::unique_ptr<BatchReader> Execute(const ::spark::connect::Relation& relation,
                                               const Operation& operation) = 0;
  /// Runs a command to its end. Either all of its effect is there, or none. What it answers besides is in the field
  /// the protocol has for it (sql_command_result, checkpoint_command_result, …); unset when it answers nothing. A SQL
  /// query is not run: it comes back as a relation.
  virtual ::spark::connect::ExecutePlanResponse Execute(const ::spark::connect::Command& command,
                                                        const Operation& operation) = 0;
  /// The metrics that an operation observed (observed_metrics), once, after its reader was read to its end.
  virtual ::spark::connect::ExecutePlanResponse Observed(const std::string& operation) = 0;

  /// Any question about a plan that does not run it: schema, explanation, tree, input files, semantic hash, …; and
  /// persisting, which does. The ids of the request are not looked at.
  virtual ::spark::connect::AnalyzePlanResponse Analyze(const ::spark::connect::AnalyzePlanRequest& request) = 0;
  /// Reads and changes settings.
  virtual ::spark::connect::ConfigResponse Config(const ::spark::connect::ConfigRequest_Operation& operation) = 0;

  /// Keeps bytes that plans refer to by name: "cache/<SHA-256>" for local relations. Thread-safe.
  virtual void AddArtifact(const std::string& name, std::string data) = 0;
  virtual bool HasArtifact(const std::string& name) = 0;

  /// A session of its own that starts with this one's settings, temporary views and artifacts.
  virtual std::shared_ptr<Session> Clone() = 0;

  /// Ends that operation, or all when it is empty, with Interrupted.
  virtual void Interrupt(const std::string& operation) = 0;
  /// Ends the operations that have the tag, on a server those of other clients of the session, too.
  virtual void InterruptTag(const std::string& tag) = 0;
  virtual Progress GetProgress(const std::string& operation) = 0;

  // The same calls for those who name no operation, in terms of the above.

  std::unique_ptr<BatchReader> Execute(const ::spark::connect::Relation& relation) { return Execute(relation, ""); }
  void Execute(const ::spark::connect::Command& command);
  StructType Schema(const ::spark::connect::Relation& relation);
  std::string Explain(const ::spark::connect::Relation& relation);
  /// Runs the query once and keeps its rows; Execute of an equal relation then reads them.
  void Persist(const ::spark::connect::Relation& relation);
  void Unpersist(const ::spark::connect::Relation& relation);
  void SetConf(const std::string& key, const std::string& value);
  /// Throws Error SQL_CONF_NOT_FOUND.
  std::string GetConf(const std::string& key);
};

}  // namespace tinderbox::spark
