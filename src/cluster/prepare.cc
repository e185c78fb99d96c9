#include "cluster/prepare.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fail.h"
#include "base/interrupt.h"

namespace tinderbox::cluster {
namespace {

constexpr std::string_view kCondition = "TINDERBOX_PREPARE";

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

void Become(const std::vector<std::string>& command) {
  base::ThrowIfInterrupted();
  const std::vector<char*> words = Pointers(command);
  ::execvp(words[0], words.data());
  base::FailErrno(kCondition, errno, command[0] + " cannot be run");
}

void RunStep(const std::vector<std::string>& command, const std::string& what, const std::string& input) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) base::FailErrno(kCondition, errno, "A pipe cannot be made");
  [[maybe_unused]] const ssize_t written = ::write(pipe[1], input.data(), input.size());
  ::close(pipe[1]);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, pipe[0], STDIN_FILENO);
  const std::vector<char*> words = Pointers(command);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, words[0], &files, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::close(pipe[0]);
  if (error != 0) base::FailErrno(kCondition, error, what + " failed: " + command[0] + " cannot be run");
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  base::ThrowIfInterrupted();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    base::Fail(kCondition, "{} failed; the lines above say why.", what);
}

}  // namespace tinderbox::cluster
