#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/temp_dir.h"
#include "engine/python/protocol.h"
#include "engine/python/worker_pool.h"
#include "spark/conf.h"

namespace spark::connect {
class CommonInlineUserDefinedFunction;
class CommonInlineUserDefinedTableFunction;
class Relation;
}  // namespace spark::connect

namespace tinderbox::engine {

/// What a session knows of Python: its workers, the files they import, and the functions that SQL can call by name.
/// Thread-safe.
class PythonSession {
 public:
  PythonSession();
  /// The same functions and files, with workers of its own.
  PythonSession(const PythonSession& other);
  ~PythonSession();

  const std::shared_ptr<WorkerPool>& pool() const { return pool_; }
  static WorkerOptions Options(const spark::Conf& conf);
  /// A task of workers with the session's settings and files.
  PythonTask Task(EvalType eval_type, const std::string& python_version, const spark::Conf& conf);

  /// Throws Error for what cannot be called.
  void Register(const ::spark::connect::CommonInlineUserDefinedFunction& function);
  void Register(const ::spark::connect::CommonInlineUserDefinedTableFunction& function);
  /// Puts the functions in the place of the calls that name them. Returns whether there were any.
  bool Resolve(::spark::connect::Relation* relation) const;
  bool HasFunctions() const;

  /// Keeps a Python file for workers to import: "pyfiles/a.py".
  void AddFile(const std::string& name, const std::string& data);

 private:
  struct Functions;
  std::shared_ptr<WorkerPool> pool_ = std::make_shared<WorkerPool>();
  mutable std::mutex mutex_;
  std::unique_ptr<Functions> functions_;
  std::map<std::string, std::string> files_;  ///< by name, without the kind
  std::unique_ptr<base::TempDir> folder_;     ///< where they are, once a worker needs it
};

}  // namespace tinderbox::engine
