#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/cache.h"
#include "engine/engine.h"
#include "engine/local_source.h"
#include "engine/named_plans.h"
#include "engine/python/python_session.h"
#include "engine/sql_text.h"
#include "engine/translate/session_objects.h"
#include "spark/conf.h"

namespace spark::connect {
class Relation;
class Plan;
class SQL;
}  // namespace spark::connect

namespace tinderbox::engine {

/// A translated query and what its SQL refers to, which must live as long as it runs.
struct Query {
  TranslatedRelation relation;
  std::vector<std::shared_ptr<const void>> keep;
  std::vector<std::string> paths;                                    ///< the files that it reads
  std::vector<std::pair<std::string, TranslatedRelation>> observed;  ///< metrics by name
};

/// Rows in memory: what statements and operations of the catalogue answer.
struct Rows {
  StructType schema;
  std::vector<Row> rows;
};

/// What one session of an engine is made of, and how plans are translated in it. Thread-safe.
class Workspace {
 public:
  explicit Workspace(std::shared_ptr<Engine> engine);
  /// A session that starts with the state of the other one.
  Workspace(const Workspace& other);

  Engine& engine() { return *engine_; }
  const std::shared_ptr<Engine>& shared_engine() const { return engine_; }
  Catalog& catalog() { return engine_->catalog(); }
  spark::Conf& conf() { return conf_; }
  PythonSession& python() { return python_; }
  TempViews& views() { return views_; }
  SessionObjects<Variable>& variables() { return variables_; }
  SessionObjects<SqlFunction>& functions() { return functions_; }
  TranslateOptions Options() const;

  /// The database that names without one are looked up in.
  std::string Database() const;
  void SetDatabase(const std::string& database);

  /// What the connections of an operation are marked with; those of all operations when it is empty.
  std::string Tag(const std::string& operation) const;
  Lease Connect(const std::string& operation);

  enum class Purpose { kAnalysis, kExecution };
  /// For execution, persisted relations that the query needs are computed first.
  Query Translate(const ::spark::connect::Relation& relation, Purpose purpose, const std::string& operation = "");
  StructType Schema(const ::spark::connect::Relation& relation);
  std::unique_ptr<BatchReader> Run(const ::spark::connect::Relation& relation, const std::string& operation);

  /// Remembers what a query that is about to run observes.
  void Observe(const Query& query, const std::string& operation);
  struct Metrics {
    std::string name;
    StructType schema;
    Row values;
  };
  /// Computes the metrics that an operation observed, once.
  std::vector<Metrics> TakeObserved(const std::string& operation);

  /// The key of a relation in the engine's cache.
  std::string CacheKey(const ::spark::connect::Relation& relation);
  std::string CacheKey(const NamedPlan& plan);
  /// The relation as it is now: temporary views and SQL text in it are replaced by what they stand for.
  std::shared_ptr<const NamedPlan> Freeze(const ::spark::connect::Relation& relation);
  /// A temporary or global temporary view; nullptr when the name is none.
  std::shared_ptr<const NamedPlan> FindTempView(const std::vector<std::string>& name);

  /// Throws Error when the text is no query.
  ::spark::connect::Relation ParseSql(const ::spark::connect::SQL& sql);

  void AddArtifact(const std::string& name, std::string data);
  /// nullptr when there is none.
  std::shared_ptr<const std::string> FindArtifact(const std::string& name);

  /// Whether this very relation, plan id and all, had its effect already.
  bool HasRun(const ::spark::connect::Relation& relation);
  void SetRun(const ::spark::connect::Relation& relation);

  /// Keeps a checkpoint under a new id.
  std::string Checkpoint(const ::spark::connect::Relation& relation, bool eager, const std::string& operation);
  void RemoveCheckpoint(const std::string& id);
  struct CheckpointRows;
  std::shared_ptr<CheckpointRows> FindCheckpoint(const std::string& id);

 private:
  std::shared_ptr<Engine> engine_;
  uint64_t number_;
  spark::Conf conf_;
  PythonSession python_;
  TempViews views_;
  SessionObjects<Variable> variables_;
  SessionObjects<SqlFunction> functions_;
  mutable std::mutex mutex_;
  std::string database_ = "default";
  std::map<std::string, std::shared_ptr<const std::string>> artifacts_;
  std::map<std::string, std::shared_ptr<CheckpointRows>> checkpoints_;
  uint64_t next_checkpoint_ = 1;
  std::set<std::string> run_;              ///< relations that had an effect
  std::map<std::string, Query> observed_;  ///< queries with metrics, by operation
};

/// A checkpoint: a plan until its rows are there, the rows from then on.
struct Workspace::CheckpointRows {
  std::mutex filling;
  std::shared_ptr<const NamedPlan> plan;
  std::shared_ptr<const StoredRows> rows;
  std::vector<OutputColumn> columns;  ///< set with the rows
};

TranslateOptions OptionsOf(const spark::Conf& conf);
/// "`a`.`b`", as Spark's messages show a name.
std::string QuoteName(const std::vector<std::string>& parts);

}  // namespace tinderbox::engine
