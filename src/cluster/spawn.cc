#include "cluster/spawn.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "base/fail.h"
#include "cluster/archive.h"
#include "cluster/folder.h"
#include "cluster/log.h"
#include "cluster/machine.h"
#include "cluster/secrets.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCondition = "TINDERBOX_SPAWN";

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// Between fork and exec: only calls that are allowed there.
[[noreturn]] void RunChild(char** words, char** variables, const char* folder, const Streams& streams, int death_signal,
                           pid_t parent, int report) {
  ::setsid();
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGQUIT, SIGCHLD}) ::signal(signal, SIG_DFL);
  const int in = streams.in >= 0 ? streams.in : ::open("/dev/null", O_RDONLY);
  int error = 0;
  if (death_signal != 0) ::prctl(PR_SET_PDEATHSIG, death_signal);
  if (death_signal != 0 && ::getppid() != parent) ::_exit(127);  // it died before we asked to be told
  if (::chdir(folder) != 0 || ::dup2(in, 0) < 0 || ::dup2(streams.out, 1) < 0 || ::dup2(streams.err, 2) < 0) {
    error = errno;
  } else {
    ::execvpe(words[0], words, variables);
    error = errno;
  }
  [[maybe_unused]] const ssize_t told = ::write(report, &error, sizeof error);
  ::_exit(127);
}

}  // namespace

ProcessHandle::ProcessHandle(const Process& process) : process_(process) {
  file_ = static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0));
  // Checked after opening: from here on the number cannot be given to another process without our noticing.
  if (file_ >= 0 && IdentifyProcess(process.pid) != process) ::close(std::exchange(file_, -1));
}

ProcessHandle::~ProcessHandle() {
  if (file_ >= 0) ::close(file_);
}

void ProcessHandle::Signal(int signal) const {
  if (file_ >= 0) {
    ::syscall(SYS_pidfd_send_signal, file_, signal, nullptr, 0);
  } else if (process_.pid > 0 && IdentifyProcess(process_.pid) == process_) {
    ::kill(process_.pid, signal);
  }
}

Process SpawnInSession(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment,
                       const std::string& folder, const Streams& streams, int death_signal) {
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  const std::vector<char*> words = Pointers(command);
  const std::vector<char*> values = Pointers(variables);
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) base::FailErrno(kCondition, errno, "a pipe cannot be made");
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  const int fork_error = errno;
  if (pid == 0) {
    RunChild(const_cast<char**>(words.data()), const_cast<char**>(values.data()), folder.c_str(), streams, death_signal,
             parent, report[1]);
  }
  ::close(report[1]);
  int exec_error = 0;
  if (pid > 0) {
    while (::read(report[0], &exec_error, sizeof exec_error) < 0 && errno == EINTR) continue;
  }
  ::close(report[0]);
  if (pid < 0) base::FailErrno(kCondition, fork_error, "no process can be started");
  if (exec_error != 0) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
    base::FailErrno(kCondition, exec_error, fmt::format("{} cannot be run", command[0]));
  }
  // It may have ended already; then its number stays taken until it is waited for.
  return IdentifyProcess(pid).value_or(Process{pid, 0});
}

Process SpawnDetached(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment,
                      const std::string& folder, const std::string& log, int death_signal) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) base::Fail(kCondition, "its folder {} cannot be made: {}", folder, error.message());
  fs::create_directories(fs::path(log).parent_path(), error);
  const int out = ::open(log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (out < 0) base::FailErrno(kCondition, errno, fmt::format("its log {} cannot be written", log));
  try {
    const Process process = SpawnInSession(command, environment, folder, {-1, out, out}, death_signal);
    ::close(out);
    return process;
  } catch (const Error&) {
    ::close(out);
    throw;
  }
}

std::map<std::string, std::string> OwnEnvironment() {
  std::map<std::string, std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos) environment[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  return environment;
}

std::map<std::string, std::string> PlainEnvironment() {
  std::map<std::string, std::string> environment = OwnEnvironment();
  std::erase_if(environment, [](const auto& variable) {
    const std::string& name = variable.first;
    return name.starts_with("SPARK_") || name.starts_with("PYSPARK_") || name.starts_with("TINDERBOX_");
  });
  return environment;
}

std::map<std::string, std::string> LastingEnvironment() {
  std::map<std::string, std::string> environment = PlainEnvironment();
  for (const std::string_view name : kPasswordVariables) environment.erase(std::string(name));
  return environment;
}

Process SpawnService(const Service& wanted, const std::string& cluster) {
  const Service service = WithArchive(wanted);
  for (const auto& [path, content] : service.files) {
    std::error_code error;
    fs::create_directories(fs::path(path).parent_path(), error);
    ReplaceFile(path, content);
  }
  std::map<std::string, std::string> environment = LastingEnvironment();
  for (const auto& [name, value] : service.environment) environment[name] = value;
  environment[kClusterVariable] = cluster;
  environment[kServiceVariable] = service.name;
  const int log = ::open(service.log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (log >= 0) {
    const std::string line = fmt::format("{}{}\n", kStartLine, service.name);
    [[maybe_unused]] const ssize_t written = ::write(log, line.data(), line.size());
    ::close(log);
  }
  return SpawnDetached(service.command, environment, service.folder, service.log);
}

}  // namespace tinderbox::cluster
