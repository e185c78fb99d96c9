#include "cli/detach.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "base/fail.h"
#include "base/interrupt.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cluster/spawn.h"

namespace tinderbox::cli {
namespace {

constexpr std::string_view kCondition = "TINDERBOX_SPAWN";
constexpr const char* kVariable = "TINDERBOX_DETACHED";
constexpr int kStep = 100;  // milliseconds between looks at an interrupt

/// What is written until a line is whole, or nobody can write any more.
std::string ReadLine(int file) {
  std::string line;
  for (;;) {
    base::ThrowIfInterrupted();
    pollfd ready{file, POLLIN, 0};
    if (::poll(&ready, 1, kStep) <= 0) continue;
    char letter = 0;
    const ssize_t got = ::read(file, &letter, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || letter == '\n') return line;
    line += letter;
  }
}

int ExitCodeOf(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void Redirect(int stream, const std::filesystem::path& file) {
  const int log = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (log < 0 || ::dup2(log, stream) < 0)
    base::FailErrno(kCondition, errno, fmt::format("The log {} cannot be written", file.string()));
  ::close(log);
}

}  // namespace

int RunDetached(const Arguments& words) {
  std::vector<std::string> command = {ProgramFile()};
  command.insert(command.end(), words.begin(), words.end());
  std::map<std::string, std::string> environment = cluster::OwnEnvironment();
  environment[kVariable] = "1";
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) base::FailErrno(kCondition, errno, "A pipe cannot be made");
  const cluster::Process process =
      cluster::SpawnInSession(command, environment, std::filesystem::current_path(), {-1, pipe[1], STDERR_FILENO});
  ::close(pipe[1]);
  std::string id;
  try {
    id = ReadLine(pipe[0]);
  } catch (const Interrupted&) {
    ::kill(process.pid, SIGTERM);
    ExitCodeOf(process.pid);
    throw;
  }
  ::close(pipe[0]);
  if (id.empty()) return ExitCodeOf(process.pid);
  WriteOut(id + "\n");
  return 0;
}

bool IsDetached() {
  return std::getenv(kVariable) != nullptr;
}

void LeaveToJob(const cluster::JobFolder& folder) {
  WriteOut(folder.id() + "\n");
  Redirect(STDOUT_FILENO, folder.path() / "stdout.log");
  Redirect(STDERR_FILENO, folder.path() / "stderr.log");
}

}  // namespace tinderbox::cli
