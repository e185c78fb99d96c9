#include "cluster/probe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <regex>

namespace tinderbox::cluster {
namespace {

using Clock = std::chrono::steady_clock;

class Deadline {
 public:
  explicit Deadline(int64_t milliseconds) : end_(Clock::now() + std::chrono::milliseconds(milliseconds)) {}
  int Left() const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end_ - Clock::now()).count();
    return left < 0 ? 0 : static_cast<int>(left);
  }

 private:
  Clock::time_point end_;
};

struct File {
  int number = -1;
  ~File() {
    if (number >= 0) ::close(number);
  }
};

bool WaitFor(int file, short events, const Deadline& deadline) {
  pollfd waiting{file, events, 0};
  for (;;) {
    const int ready = ::poll(&waiting, 1, deadline.Left());
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0;
  }
}

/// A connected socket, or -1 and why not.
int Connect(const std::string& host, int port, const Deadline& deadline, std::string* why) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* addresses = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), fmt::format("{}", port).c_str(), &hints, &addresses); error != 0) {
    *why = fmt::format("{}: {}", host, ::gai_strerror(error));
    return -1;
  }
  File socket;
  for (const addrinfo* address = addresses; address != nullptr; address = address->ai_next) {
    socket.number = ::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket.number < 0) continue;
    int error = 0;
    if (::connect(socket.number, address->ai_addr, address->ai_addrlen) != 0) error = errno;
    if (error == EINPROGRESS) {
      socklen_t size = sizeof error;
      error = ETIMEDOUT;
      if (WaitFor(socket.number, POLLOUT, deadline)) ::getsockopt(socket.number, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) break;
    *why = fmt::format("{}:{}: {}", host, port, std::strerror(error));
    ::close(std::exchange(socket.number, -1));
  }
  ::freeaddrinfo(addresses);
  return std::exchange(socket.number, -1);
}

std::optional<std::string> RunCommand(const Probe& probe, const std::stop_token& stop) {
  std::vector<char*> words;
  for (const std::string& word : probe.command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  for (int file = 0; file <= 2; ++file) posix_spawn_file_actions_addopen(&files, file, "/dev/null", O_RDWR, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, words[0], &files, &attributes, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fmt::format("{} cannot be run: {}", probe.command[0], std::strerror(error));
  const Deadline deadline(probe.timeout);
  const File process{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  int status = 0;
  pid_t ended = 0;
  while ((ended = ::waitpid(pid, &status, WNOHANG)) == 0 && deadline.Left() > 0 && !stop.stop_requested()) {
    pollfd waiting{process.number, POLLIN, 0};  // without a file, on an old kernel, it only sleeps
    ::poll(&waiting, 1, std::min(deadline.Left(), 50));
  }
  if (ended == 0) {
    ::kill(pid, SIGKILL);
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  }
  if (ended == 0) return "it did not answer in time";
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::nullopt;
  return "it does not answer yet";
}

bool Contains(const nlohmann::json& value, const nlohmann::json& members) {
  if (!value.is_object()) return false;
  for (const auto& [name, wanted] : members.items()) {
    const auto found = value.find(name);
    if (found == value.end() || *found != wanted) return false;
  }
  return true;
}

}  // namespace

bool Matches(const Probe& probe, std::string_view text) {
  if (!probe.pattern.empty() && !std::regex_search(text.begin(), text.end(), std::regex(probe.pattern))) return false;
  if (probe.members.is_null()) return true;
  const nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
  const nlohmann::json::json_pointer pointer(probe.pointer);
  if (document.is_discarded() || !document.contains(pointer)) return false;
  const nlohmann::json& value = document.at(pointer);
  if (probe.members.is_array()) return value.is_array() && value.empty();
  if (!value.is_array()) return Contains(value, probe.members);
  for (const nlohmann::json& element : value) {
    if (Contains(element, probe.members)) return true;
  }
  return false;
}

std::optional<HttpAnswer> HttpExchange(const std::string& host, int port, const std::string& path,
                                       const std::string& request, int64_t timeout, std::string* why) {
  const Deadline deadline(timeout);
  const File socket{Connect(host, port, deadline, why)};
  if (socket.number < 0) return std::nullopt;
  if (::send(socket.number, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    *why = fmt::format("{}:{} does not take a request", host, port);
    return std::nullopt;
  }
  std::string text;
  for (;;) {
    if (!WaitFor(socket.number, POLLIN, deadline)) {
      *why = fmt::format("http://{}:{}{} did not answer in time", host, port, path);
      return std::nullopt;
    }
    char buffer[16384];
    const ssize_t got = ::recv(socket.number, buffer, sizeof buffer, 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) break;
    text.append(buffer, static_cast<size_t>(got));
  }
  HttpAnswer answer;
  const size_t end = text.find("\r\n\r\n");
  if (std::sscanf(text.c_str(), "HTTP/%*s %d", &answer.status) != 1 || end == std::string::npos) {
    *why = fmt::format("http://{}:{}{} does not speak HTTP", host, port, path);
    return std::nullopt;
  }
  answer.body = text.substr(end + 4);
  return answer;
}

std::optional<HttpAnswer> HttpGet(const std::string& host, int port, const std::string& path, int64_t timeout,
                                  std::string* why) {
  const std::string request =
      fmt::format("GET {} HTTP/1.0\r\nHost: {}:{}\r\nAccept: */*\r\nConnection: close\r\n\r\n", path, host, port);
  return HttpExchange(host, port, path, request, timeout, why);
}

std::optional<HttpAnswer> HttpPost(const std::string& host, int port, const std::string& path, const std::string& form,
                                   int64_t timeout, std::string* why) {
  const std::string request = fmt::format(
      "POST {} HTTP/1.0\r\nHost: {}:{}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n{}",
      path, host, port, form.size(), form);
  return HttpExchange(host, port, path, request, timeout, why);
}

std::optional<std::string> PingRedis(const std::string& host, int port, const std::string& password, int64_t timeout) {
  const Deadline deadline(timeout);
  std::string why;
  const File socket{Connect(host, port, deadline, &why)};
  if (socket.number < 0) return why;
  const std::string request =
      fmt::format("*2\r\n$4\r\nAUTH\r\n${}\r\n{}\r\n*1\r\n$4\r\nPING\r\n", password.size(), password);
  if (::send(socket.number, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return fmt::format("{}:{} does not take a request", host, port);
  std::string answer;
  while (std::count(answer.begin(), answer.end(), '\n') < 2) {
    char buffer[1024];
    if (!WaitFor(socket.number, POLLIN, deadline)) return fmt::format("{}:{} did not answer in time", host, port);
    const ssize_t got = ::recv(socket.number, buffer, sizeof buffer, 0);
    if (got <= 0) return fmt::format("{}:{} broke the connection off", host, port);
    answer.append(buffer, static_cast<size_t>(got));
  }
  // While it reads its files back in, it takes the password and answers LOADING.
  if (answer == "+OK\r\n+PONG\r\n") return std::nullopt;
  return fmt::format("{}:{} answers {}", host, port, answer.substr(0, answer.find('\r', answer.find('\r') + 1)));
}

std::optional<std::string> RunProbe(const Probe& probe, const std::stop_token& stop) {
  std::string why;
  if (probe.kind == ProbeKind::kTcp || (probe.kind == ProbeKind::kCommand && probe.port != 0)) {
    const File socket{Connect(probe.host, probe.port, Deadline(probe.timeout), &why)};
    if (socket.number < 0) return why;
  }
  if (probe.kind == ProbeKind::kTcp) return std::nullopt;
  if (probe.kind == ProbeKind::kCommand) return RunCommand(probe, stop);
  const std::optional<HttpAnswer> answer = HttpGet(probe.host, probe.port, probe.path, probe.timeout, &why);
  if (!answer) return why;
  const std::string url = fmt::format("http://{}:{}{}", probe.host, probe.port, probe.path);
  if (answer->status != 200) return fmt::format("{} answers {}", url, answer->status);
  if (Matches(probe, answer->body)) return std::nullopt;
  if (probe.members.is_null()) return fmt::format("{} does not show {} yet", url, probe.pattern);
  return probe.members.is_array() ? fmt::format("{} shows work that goes on", url)
                                  : fmt::format("{} does not show {} yet", url, probe.members.dump());
}

}  // namespace tinderbox::cluster
