#include "cli/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <thread>
#include <utility>

#include "base/fail.h"
#include "base/interrupt.h"

namespace tinderbox::cli {
namespace {

constexpr std::string_view kCondition = "TINDERBOX_PROGRAM";
constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr int kSignalled = 128;  // what shells add to the signal that ended a program

volatile sig_atomic_t child = 0;
volatile sig_atomic_t early = 0;  // a signal that came before the program's process was known

extern "C" void Forward(int signal, siginfo_t* info, void*) {
  // What the terminal sends goes to the program as well, without our help.
  if (info->si_code != SI_USER) return;
  if (child > 0)
    ::kill(static_cast<pid_t>(child), signal);
  else
    early = signal;
}

/// While one lives, signals go to the program that runs and not to this one.
class ForwardSignals {
 public:
  ForwardSignals() {
    early = 0;
    struct sigaction action {};
    action.sa_sigaction = Forward;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < std::size(kSignals); ++i) ::sigaction(kSignals[i], &action, &previous_[i]);
  }
  ForwardSignals(const ForwardSignals&) = delete;
  ForwardSignals& operator=(const ForwardSignals&) = delete;
  ~ForwardSignals() {
    for (size_t i = 0; i < std::size(kSignals); ++i) ::sigaction(kSignals[i], &previous_[i], nullptr);
    child = 0;
  }

 private:
  struct sigaction previous_[std::size(kSignals)]{};
};

/// posix_spawnp searches the path of this program; what is meant is that of the child.
std::string OnPath(const std::string& word, const ChildOptions& options) {
  if (word.find('/') != std::string::npos || !options.environment) return word;
  const auto path = options.environment->find("PATH");
  std::istringstream folders(path == options.environment->end() ? "/usr/bin:/bin" : path->second);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string file = fmt::format("{}/{}", folder, word);
    if (!folder.empty() && ::access(file.c_str(), X_OK) == 0) return file;
  }
  base::Fail(kCondition, "There is no program \"{}\".{}{}", word, options.hint.empty() ? "" : " ", options.hint);
}

/// Where the program reads and writes; -1: as this one does.
struct Files {
  int in = -1, out = -1, err = -1;
};

pid_t Spawn(const std::vector<std::string>& words, const ChildOptions& options, const Files& ends = {}) {
  const std::string program = OnPath(words[0], options);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::vector<std::string> variables;
  std::vector<char*> environment;
  if (options.environment) {
    for (const auto& [name, value] : *options.environment) variables.push_back(fmt::format("{}={}", name, value));
    for (const std::string& variable : variables) environment.push_back(const_cast<char*>(variable.c_str()));
    environment.push_back(nullptr);
  }
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  if (!options.folder.empty()) ::posix_spawn_file_actions_addchdir_np(&files, options.folder.c_str());
  const std::pair<int, int> moved[] = {{ends.in, STDIN_FILENO}, {ends.out, STDOUT_FILENO}, {ends.err, STDERR_FILENO}};
  for (const auto& [from, to] : moved) {
    if (from >= 0) ::posix_spawn_file_actions_adddup2(&files, from, to);
  }
  if (options.quiet) {
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, program.c_str(), &files, nullptr, arguments.data(),
                                    options.environment ? environment.data() : environ);
  ::posix_spawn_file_actions_destroy(&files);
  if (failed == ENOENT)
    base::Fail(kCondition, "There is no program \"{}\".{}{}", words[0], options.hint.empty() ? "" : " ", options.hint);
  if (failed != 0) base::FailErrno(kCondition, failed, fmt::format("Cannot start {}", words[0]));
  return pid;
}

int Wait(pid_t pid, const std::string& name) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) base::FailErrno(kCondition, errno, fmt::format("Cannot wait for {}", name));
  }
  return WIFSIGNALED(status) ? kSignalled + WTERMSIG(status) : WEXITSTATUS(status);
}

/// Reads whole lines until the writer is gone; the last one may lack its end.
void ReadLines(int file, const std::function<void(const std::string&)>& line) {
  std::string open;
  char buffer[8192];
  for (ssize_t got = 0; (got = ::read(file, buffer, sizeof buffer)) != 0;) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    open.append(buffer, static_cast<size_t>(got));
    size_t begin = 0;
    for (size_t end = 0; (end = open.find('\n', begin)) != std::string::npos; begin = end + 1)
      line(open.substr(begin, end - begin));
    open.erase(0, begin);
  }
  if (!open.empty()) line(open);
}

/// A pipe whose ends are closed at destruction.
struct Pipe {
  Pipe() {
    if (::pipe2(ends, O_CLOEXEC) != 0) base::FailErrno(kCondition, errno, "A pipe cannot be made");
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    ::close(ends[0]);
    CloseWriter();
  }
  void CloseWriter() {
    if (ends[1] >= 0) ::close(std::exchange(ends[1], -1));
  }
  int ends[2] = {-1, -1};
};

}  // namespace

int RunPiped(const std::vector<std::string>& words, const ChildOptions& options,
             const std::function<void(bool is_error, const std::string& line)>& line) {
  Pipe out, err;
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  pid_t pid = 0;
  try {
    pid = Spawn(words, options, {nothing, out.ends[1], err.ends[1]});
  } catch (const Error&) {
    ::close(nothing);
    throw;
  }
  ::close(nothing);
  out.CloseWriter();
  err.CloseWriter();
  {
    const base::OnInterrupt stop([pid] { ::kill(pid, SIGTERM); });
    const std::jthread errors([&] { ReadLines(err.ends[0], [&](const std::string& text) { line(true, text); }); });
    ReadLines(out.ends[0], [&](const std::string& text) { line(false, text); });
    // Its number stays its own until it is waited for, so that no other process is signalled.
    siginfo_t ended;
    while (::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT) < 0 && errno == EINTR) continue;
  }
  return Wait(pid, words[0]);
}

int RunChild(const std::vector<std::string>& words, const ChildOptions& options) {
  if (options.quiet) return Wait(Spawn(words, options), words[0]);
  const ForwardSignals forward;
  const pid_t pid = Spawn(words, options);
  child = pid;
  if (early != 0) ::kill(pid, early);
  return Wait(pid, words[0]);
}

}  // namespace tinderbox::cli
