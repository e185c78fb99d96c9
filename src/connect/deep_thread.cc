#include "connect/deep_thread.h"

#include <pthread.h>

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>

#include "base/fail.h"

namespace tinderbox::connect {
namespace {

// Address space only: pages come as they are touched.
constexpr size_t kStackBytes = size_t{256} << 20;

std::mutex started_mutex;
std::condition_variable started_ended;
int started = 0;

void* Call(void* argument) {
  const std::unique_ptr<std::function<void()>> work(static_cast<std::function<void()>*>(argument));
  (*work)();
  return nullptr;
}

pthread_t Create(std::function<void()> work, int detach_state) {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStackBytes);
  ::pthread_attr_setdetachstate(&attributes, detach_state);
  auto argument = std::make_unique<std::function<void()>>(std::move(work));
  pthread_t thread{};
  const int failed = ::pthread_create(&thread, &attributes, Call, argument.get());
  ::pthread_attr_destroy(&attributes);
  if (failed != 0) base::FailErrno("INTERNAL_ERROR", failed, "No thread can be started for the plan");
  argument.release();
  return thread;
}

}  // namespace

void RunDeep(const std::function<void()>& work) {
  std::exception_ptr error;
  const pthread_t thread = Create(
      [&] {
        try {
          work();
        } catch (...) {
          error = std::current_exception();
        }
      },
      PTHREAD_CREATE_JOINABLE);
  ::pthread_join(thread, nullptr);
  if (error) std::rethrow_exception(error);
}

void StartDeep(std::function<void()> work) {
  const auto count = [](int change) {
    const std::lock_guard lock(started_mutex);
    started += change;
    started_ended.notify_all();
  };
  count(1);
  try {
    Create(
        [count, work = std::move(work)]() mutable {
          work();
          work = nullptr;
          count(-1);
        },
        PTHREAD_CREATE_DETACHED);
  } catch (...) {
    count(-1);
    throw;
  }
}

void AwaitDeep() {
  std::unique_lock lock(started_mutex);
  started_ended.wait(lock, [] { return started == 0; });
}

}  // namespace tinderbox::connect
