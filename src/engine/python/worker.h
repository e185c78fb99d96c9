#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace tinderbox::engine {

/// What a Python worker is started with. Workers of equal options can stand in for each other.
struct WorkerOptions {
  std::string python;                              ///< the interpreter: a path, or a name that PATH finds
  std::map<std::string, std::string> environment;  ///< beside this process's own
  bool operator==(const WorkerOptions&) const = default;
};

/// A process that runs PySpark's worker on a socket of its own, one task at a time. Killed at destruction. Used by one
/// thread at a time.
///
/// Calls that wait run `check` now and then, which throws to give up.
class Worker {
 public:
  /// Throws Error TINDERBOX_PYTHON when the interpreter cannot be started.
  static std::unique_ptr<Worker> Start(const WorkerOptions& options);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  const WorkerOptions& options() const { return options_; }
  /// Gives the worker bytes to read. What it writes meanwhile is kept.
  void Send(std::string_view bytes, const std::function<void()>& check);
  /// Waits until the worker has written something that Take has not taken. False when it waits for bytes to read
  /// instead, or has ended.
  bool Await(const std::function<void()>& check);
  /// Takes exactly so many bytes that the worker wrote. False when it ends, or waits for input, before.
  bool Take(char* bytes, size_t count, const std::function<void()>& check);
  /// Whether the process is known to have ended, or to have closed its socket.
  bool ended() const { return ended_; }
  /// How the process ended: "exit code 3", "signal 9 (Killed)". REQUIRES ended().
  std::string HowEnded();

 private:
  Worker(WorkerOptions options, pid_t process, int socket)
      : options_(std::move(options)), process_(process), socket_(socket) {}
  void Receive();
  void Wait(short events, const std::function<void()>& check);

  WorkerOptions options_;
  pid_t process_;
  int socket_;
  bool ended_ = false;
  uint64_t sent_ = 0;
  uint64_t read_ = 0;     ///< how many bytes the worker had read when it began to wait
  std::string incoming_;  ///< frames, the last of which may be incomplete
  std::string output_;    ///< what the worker wrote; taken up to taken_
  size_t taken_ = 0;
};

}  // namespace tinderbox::engine
