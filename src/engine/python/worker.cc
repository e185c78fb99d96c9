#include "engine/python/worker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>
#include <vector>

#include "base/fail.h"
#include "engine/python/worker_script.h"

namespace tinderbox::engine {

namespace {

constexpr char kCondition[] = "TINDERBOX_PYTHON";
constexpr int kWorkerSocket = 3;  // as the script has it
constexpr int kCheckMilliseconds = 50;
constexpr size_t kFrameHeader = 12;

/// What makes a client of its process, and must not make one of a worker.
constexpr std::array<std::string_view, 5> kClientVariables = {
    "SPARK_REMOTE", "SPARK_LOCAL_REMOTE", "SPARK_CONNECT_AUTHENTICATE_TOKEN", "SPARK_CONNECT_MODE_ENABLED", "MASTER"};

std::vector<std::string> Environment(const WorkerOptions& options) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    bool keep = !options.environment.contains(std::string(name));
    for (const std::string_view client : kClientVariables) keep = keep && name != client;
    if (keep) out.emplace_back(text);
  }
  for (const auto& [name, value] : options.environment) out.push_back(name + "=" + value);
  return out;
}

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

uint64_t BigEndian(const char* bytes, size_t count) {
  uint64_t out = 0;
  for (size_t i = 0; i < count; ++i) out = out << 8 | static_cast<unsigned char>(bytes[i]);
  return out;
}

}  // namespace

std::unique_ptr<Worker> Worker::Start(const WorkerOptions& options) {
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
    base::FailErrno(kCondition, errno, "Cannot make a socket for a Python worker");
  }
  // The child's end must not be where the script expects it already: dup2 onto itself would keep close-on-exec.
  if (sockets[1] == kWorkerSocket) {
    const int moved = ::fcntl(sockets[1], F_DUPFD_CLOEXEC, kWorkerSocket + 1);
    ::close(sockets[1]);
    sockets[1] = moved;
  }
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, sockets[1], kWorkerSocket);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  // A group of its own: what a terminal sends to stop this program is not the worker's business.
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t signals;
  ::sigemptyset(&signals);
  ::posix_spawnattr_setsigmask(&attributes, &signals);
  ::sigaddset(&signals, SIGPIPE);
  ::sigaddset(&signals, SIGINT);
  ::posix_spawnattr_setsigdefault(&attributes, &signals);
  const std::vector<std::string> words = {options.python, "-c", kWorkerScript};
  const std::vector<std::string> environment = Environment(options);
  pid_t process = 0;
  const int failed = ::posix_spawnp(&process, options.python.c_str(), &files, &attributes, Pointers(words).data(),
                                    Pointers(environment).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  ::close(sockets[1]);
  if (failed != 0) {
    ::close(sockets[0]);
    base::Fail(kCondition,
               "The Python \"{}\" that is to run Python functions cannot be started: {}. Name another one with the "
               "environment variable PYSPARK_PYTHON or the setting spark.sql.execution.pyspark.python.",
               options.python, ::strerror(failed));
  }
  return std::unique_ptr<Worker>(new Worker(options, process, sockets[0]));
}

Worker::~Worker() {
  ::close(socket_);
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::string Worker::HowEnded() {
  int status = 0;
  pid_t ended = 0;
  // The socket closes a moment before the process is gone.
  for (int tries = 0; process_ > 0 && ended == 0 && tries < 100; ++tries) {
    ended = ::waitpid(process_, &status, WNOHANG);
    if (ended == 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (ended != process_ || ended <= 0) return "it closed its connection";
  process_ = 0;
  if (WIFSIGNALED(status)) return fmt::format("signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

void Worker::Wait(short events, const std::function<void()>& check) {
  check();
  struct pollfd one {
    socket_, events, 0
  };
  ::poll(&one, 1, kCheckMilliseconds);
}

/// Takes in what has come, without waiting for it.
void Worker::Receive() {
  char bytes[1 << 16];
  while (true) {
    const ssize_t count = ::recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) ended_ = true;
    if (count <= 0) break;
    incoming_.append(bytes, static_cast<size_t>(count));
    if (static_cast<size_t>(count) < sizeof bytes) break;
  }
  size_t at = 0;
  while (incoming_.size() - at >= kFrameHeader) {
    const size_t length = BigEndian(incoming_.data() + at, 4);
    if (incoming_.size() - at - kFrameHeader < length) break;
    const uint64_t read = BigEndian(incoming_.data() + at + 4, 8);
    if (read != UINT64_MAX) read_ = read;
    output_.append(incoming_, at + kFrameHeader, length);
    at += kFrameHeader + length;
  }
  incoming_.erase(0, at);
}

void Worker::Send(std::string_view bytes, const std::function<void()>& check) {
  while (!bytes.empty() && !ended_) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      sent_ += static_cast<uint64_t>(count);
      bytes.remove_prefix(static_cast<size_t>(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      Wait(POLLIN | POLLOUT, check);
      Receive();
    } else if (errno != EINTR) {
      return;  // it has ended; Await takes in why
    }
  }
}

bool Worker::Await(const std::function<void()>& check) {
  while (taken_ == output_.size()) {
    output_.clear();
    taken_ = 0;
    Receive();
    if (!output_.empty()) return true;
    if (ended_ || (read_ == sent_ && sent_ > 0)) return false;
    Wait(POLLIN, check);
  }
  return true;
}

bool Worker::Take(char* bytes, size_t count, const std::function<void()>& check) {
  while (count > 0) {
    if (!Await(check)) return false;
    const size_t some = std::min(count, output_.size() - taken_);
    output_.copy(bytes, some, taken_);
    bytes += some;
    count -= some;
    taken_ += some;
  }
  return true;
}

}  // namespace tinderbox::engine
