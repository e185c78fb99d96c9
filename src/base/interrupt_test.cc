#include "base/interrupt.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "base/staged_output.h"
#include "base/temp_dir.h"
#include "tinderbox/error.h"

namespace tinderbox::base {
namespace {

bool WaitFor(const std::function<bool()>& condition) {
  for (int i = 0; i < 1000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return condition();
}

TEST(Interrupt, TheFirstSignalSetsTheFlagAndRunsTheCallbacks) {
  for (const int signal : {SIGINT, SIGTERM}) {
    std::atomic<int> runs{0};
    const InterruptWatch watch;
    EXPECT_FALSE(InterruptRequested());
    ThrowIfInterrupted();
    {
      const OnInterrupt gone([&] { runs += 100; });
    }
    const OnInterrupt bad([] { throw Error("X", "a callback that fails must not stop the others"); });
    const OnInterrupt one([&] { ++runs; });
    ::kill(::getpid(), signal);
    EXPECT_TRUE(WaitFor([&] { return runs == 1; }));
    EXPECT_TRUE(InterruptRequested());
    EXPECT_THROW(ThrowIfInterrupted(), Interrupted);
    const OnInterrupt late([&] { runs += 10; });
    EXPECT_EQ(runs, 11);
  }
}

TEST(Interrupt, TheSecondSignalExitsAtOnceAndLeavesNoPartialOutput) {
  const TempDir folder;
  const pid_t child = ::fork();
  if (child == 0) {
    const InterruptWatch watch;
    StagedOutput output(folder.path() / "out", StagedOutput::Kind::kFolder, false);
    std::ofstream(output.path() / "part") << "half";
    const OnInterrupt stuck([] { std::this_thread::sleep_for(std::chrono::hours(1)); });
    ::kill(::getpid(), SIGINT);
    WaitFor([] { return InterruptRequested(); });
    ::kill(::getpid(), SIGINT);
    std::this_thread::sleep_for(std::chrono::seconds(20));
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 130);
  size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder.path())) ++entries;
  EXPECT_EQ(entries, 1u);  // the lock
}

}  // namespace
}  // namespace tinderbox::base
