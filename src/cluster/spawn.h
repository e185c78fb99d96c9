#pragma once

#include <map>
#include <string>

#include "cluster/service.h"
#include "cluster/step.h"

namespace tinderbox::cluster {

/// A file descriptor of a process, by which it is signalled and watched without mistaking another one for it. Where the
/// kernel has none (before Linux 5.3, some sandboxes) there is nothing to watch, and signals go by number.
class ProcessHandle {
 public:
  ProcessHandle() = default;
  /// Invalid when there is no such process any more.
  explicit ProcessHandle(const Process& process);
  ProcessHandle(ProcessHandle&& other) noexcept : process_(other.process_), file_(std::exchange(other.file_, -1)) {}
  ProcessHandle& operator=(ProcessHandle&& other) noexcept {
    std::swap(process_, other.process_);
    std::swap(file_, other.file_);
    return *this;
  }
  ~ProcessHandle();

  int file() const { return file_; }
  void Signal(int signal) const;

 private:
  Process process_;
  int file_ = -1;
};

/// What a program has as standard input (-1: nothing to read), output and error.
struct Streams {
  int in = -1;
  int out = -1;
  int err = -1;
};
/// Starts a program in a session of its own; it is sent `death_signal` (0: none) when the thread that started it ends.
/// The environment is given whole. Throws Error TINDERBOX_SPAWN.
Process SpawnInSession(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment,
                       const std::string& folder, const Streams& streams, int death_signal = 0);

/// The same, input from nowhere, output appended to `log`.
Process SpawnDetached(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment,
                      const std::string& folder, const std::string& log, int death_signal = 0);

/// The environment of this process.
std::map<std::string, std::string> OwnEnvironment();
/// That without what would change Spark behind our back (SPARK_*, PYSPARK_*, the seeds').
std::map<std::string, std::string> PlainEnvironment();
/// And without passwords: for what lives longer than the command that was given them.
std::map<std::string, std::string> LastingEnvironment();

/// Writes the service's files and starts it with the marks of its cluster. Throws Error.
Process SpawnService(const Service& wanted, const std::string& cluster);

}  // namespace tinderbox::cluster
