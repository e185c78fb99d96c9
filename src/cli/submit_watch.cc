#include "cli/submit_watch.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>

#include "base/interrupt.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/file_watch.h"
#include "cluster/spawn.h"

namespace tinderbox::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kStep = 50;                      // milliseconds between looks at signals and at the job
constexpr int kQuiet = 200;                    // an editor may write a file more than once
constexpr std::chrono::seconds kPatience(30);  // until a job that does not end is killed

/// A job in a session of its own: what the terminal sends comes to this program alone.
class WatchedJob {
 public:
  explicit WatchedJob(const Arguments& words) {
    std::vector<std::string> command = {ProgramFile(), "submit"};
    command.insert(command.end(), words.begin(), words.end());
    const int input = ::isatty(STDIN_FILENO) == 1 ? -1 : STDIN_FILENO;
    process_ = cluster::SpawnInSession(command, cluster::OwnEnvironment(), std::filesystem::current_path(),
                                       {input, STDOUT_FILENO, STDERR_FILENO}, SIGTERM);
  }
  WatchedJob(const WatchedJob&) = delete;
  WatchedJob& operator=(const WatchedJob&) = delete;
  ~WatchedJob() { End(SIGTERM); }

  /// The exit code, as shells have it; nullopt while it runs.
  std::optional<int> Code() {
    int status = 0;
    if (!code_ && ::waitpid(process_.pid, &status, WNOHANG) == process_.pid)
      code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return code_;
  }
  void End(int signal) {
    if (Code()) return;
    ::kill(process_.pid, signal);
    for (const auto end = Clock::now() + kPatience; !Code();) {
      if (Clock::now() > end) ::kill(-process_.pid, SIGKILL);
      ::poll(nullptr, 0, kStep);
    }
  }

 private:
  cluster::Process process_;
  std::optional<int> code_;
};

/// Waits a moment; the names of files that changed, once there are no more of them.
std::set<std::string> ChangeOf(const FileWatch& watch) {
  pollfd ready{watch.file(), POLLIN, 0};
  std::set<std::string> changed;
  for (int wait = kStep; ::poll(&ready, 1, wait) > 0;) {
    changed.merge(watch.Changed());
    if (!changed.empty()) wait = kQuiet;
  }
  return changed;
}

}  // namespace

int RunWatched(const Arguments& words, const std::vector<std::string>& files, bool quiet) {
  const FileWatch watch(files);
  const auto say = [&](const std::string& text) {
    if (!quiet) WriteError(text + "\n");
  };
  for (;;) {
    WatchedJob job(words);
    bool told = false;
    std::set<std::string> changed;
    while (changed.empty()) {
      if (base::InterruptRequested()) {
        job.End(SIGINT);
        return kInterrupted;
      }
      if (const std::optional<int> code = job.Code(); code && !told) {
        told = true;
        say(fmt::format("The job has ended, exit code {}. It starts again when a file of it changes; Ctrl-C ends this.",
                        *code));
      }
      changed = ChangeOf(watch);
    }
    say(fmt::format("{} changed: the job {}.", fmt::join(changed, ", "),
                    job.Code() ? "starts again" : "ends and starts again"));
    job.End(SIGTERM);
  }
}

}  // namespace tinderbox::cli
