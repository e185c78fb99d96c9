#pragma once

#include <functional>

namespace tinderbox::base {

/// While one lives, SIGINT and SIGTERM end the program in good order: the first sets InterruptRequested() and runs the
/// OnInterrupt callbacks on a thread of their own; the second removes uncommitted outputs and exits with 130 at once.
/// REQUIRES: at most one in the process at a time.
class InterruptWatch {
 public:
  InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;
  ~InterruptWatch();
};

/// True after the first signal, while the watch lives. Thread-safe, costs one load.
bool InterruptRequested();
/// Throws Interrupted after the first signal.
void ThrowIfInterrupted();

/// Runs `callback` when the process is interrupted, or at once when it already was. After the destructor returns the
/// callback neither runs nor will run.
class OnInterrupt {
 public:
  explicit OnInterrupt(std::function<void()> callback);
  OnInterrupt(const OnInterrupt&) = delete;
  OnInterrupt& operator=(const OnInterrupt&) = delete;
  ~OnInterrupt();

 private:
  int id_ = 0;
};

}  // namespace tinderbox::base
