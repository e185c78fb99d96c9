#pragma once

#include <memory>
#include <string>

#include "tinderbox/arrow.h"
#include "tinderbox/session.h"

namespace spark::connect {
class Plan;
class Relation;
class Command;
}  // namespace spark::connect

namespace tinderbox::spark {

/// The waist of Tinderbox: a plan goes in, Arrow batches come out. Everything above (DataFrame API, diff, Spark Connect
/// server) knows only this interface. Thread-safe: calls may run at once.
class Session {
 public:
  virtual ~Session() = default;

  /// Runs a query. Batches stream; the reader may outlive this call but not the session.
  virtual std::unique_ptr<BatchReader> Execute(const ::spark::connect::Relation& relation) = 0;
  /// Runs a command (write) to its end. Either all of its effect is there, or none.
  virtual void Execute(const ::spark::connect::Command& command) = 0;
  /// The schema the query would have, without running it.
  virtual StructType Schema(const ::spark::connect::Relation& relation) = 0;
  /// How the query would run, as text.
  virtual std::string Explain(const ::spark::connect::Relation& relation) = 0;
  /// Runs the query once and keeps its rows; Execute of an equal relation then reads them. Counted: as many Unpersist
  /// as Persist calls end it.
  virtual void Persist(const ::spark::connect::Relation& relation) = 0;
  virtual void Unpersist(const ::spark::connect::Relation& relation) = 0;

  virtual void SetConf(const std::string& key, const std::string& value) = 0;
  virtual std::string GetConf(const std::string& key) = 0;
  virtual void Interrupt() = 0;
  virtual Progress GetProgress() = 0;
};

}  // namespace tinderbox::spark
