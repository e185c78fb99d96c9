#include "base/interrupt.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "base/fail.h"
#include "base/staged_output.h"

namespace tinderbox::base {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM};
constexpr int kInterruptedExit = 130;

struct State {
  std::atomic<bool> requested{false};
  std::atomic<int> pipe_write{-1};
  int pipe_read = -1;
  struct sigaction previous[2]{};
  std::thread watcher;
  std::thread runner;

  std::mutex mutex;  // callbacks run under it, so that a destructor waits for its own
  std::map<int, std::function<void()>> callbacks;
  int next_id = 1;
};

State& Shared() {
  static auto* state = new State;  // never destroyed: a signal may come at any time
  return *state;
}

extern "C" void OnSignal(int) {
  const int saved = errno;
  const char byte = 's';
  [[maybe_unused]] const ssize_t ignored = ::write(Shared().pipe_write.load(), &byte, 1);
  errno = saved;
}

void RunCallbacks() {
  State& state = Shared();
  const std::lock_guard lock(state.mutex);
  for (const auto& [id, callback] : state.callbacks) {
    try {
      callback();
    } catch (const std::exception&) {
      // The others still have to run.
    }
  }
}

void Watch() {
  State& state = Shared();
  int signals = 0;
  char byte = 0;
  while (true) {
    const ssize_t got = ::read(state.pipe_read, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || byte == 'q') return;
    if (++signals == 1) {
      state.requested = true;
      state.runner = std::thread(RunCallbacks);  // apart, so that a slow callback cannot hold up the second signal
    } else {
      StagedOutput::RemoveAllUncommitted();
      ::_exit(kInterruptedExit);
    }
  }
}

}  // namespace

InterruptWatch::InterruptWatch() {
  State& state = Shared();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) FailErrno("INTERNAL_ERROR", errno, "No pipe can be made");
  state.requested = false;
  state.pipe_read = ends[0];
  state.pipe_write = ends[1];
  state.watcher = std::thread(Watch);
  struct sigaction action {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < std::size(kSignals); ++i) ::sigaction(kSignals[i], &action, &state.previous[i]);
}

InterruptWatch::~InterruptWatch() {
  State& state = Shared();
  for (size_t i = 0; i < std::size(kSignals); ++i) ::sigaction(kSignals[i], &state.previous[i], nullptr);
  const char quit = 'q';
  [[maybe_unused]] const ssize_t ignored = ::write(state.pipe_write, &quit, 1);
  state.watcher.join();
  if (state.runner.joinable()) state.runner.join();
  ::close(state.pipe_write.exchange(-1));
  ::close(state.pipe_read);
  state.requested = false;
}

bool InterruptRequested() {
  return Shared().requested.load(std::memory_order_relaxed);
}

void ThrowIfInterrupted() {
  if (InterruptRequested()) throw Interrupted();
}

OnInterrupt::OnInterrupt(std::function<void()> callback) {
  State& state = Shared();
  {
    const std::lock_guard lock(state.mutex);
    id_ = state.next_id++;
    if (!state.requested) {
      state.callbacks.emplace(id_, std::move(callback));
      return;
    }
  }
  callback();
}

OnInterrupt::~OnInterrupt() {
  const std::lock_guard lock(Shared().mutex);
  Shared().callbacks.erase(id_);
}

}  // namespace tinderbox::base
