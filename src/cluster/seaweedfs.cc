#include "cluster/seaweedfs.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "base/fail.h"
#include "base/interrupt.h"
#include "cluster/spawn.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kTick(100);

/// "filer-grpc:21005" -> /tmp/seaweedfs-filer-grpc-21005.sock
fs::path SocketOf(const std::string& part) {
  const size_t colon = part.find(':');
  if (colon == std::string::npos) base::Fail("TINDERBOX_USAGE", "\"{}\" is not PART:PORT.", part);
  std::string name = part.substr(0, colon);
  if (name.rfind("api", 0) == 0) name.replace(0, 3, "s3");
  return fmt::format("/tmp/seaweedfs-{}-{}.sock", name, part.substr(colon + 1));
}

class Sockets {
 public:
  explicit Sockets(const std::vector<std::string>& parts) {
    for (const std::string& part : parts) files_.push_back(SocketOf(part));
    Remove();  // those of a predecessor that was killed
  }
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;
  ~Sockets() { Remove(); }

 private:
  void Remove() const {
    for (const fs::path& file : files_) {
      std::error_code ignored;
      if (fs::is_socket(file, ignored)) fs::remove(file, ignored);
    }
  }
  std::vector<fs::path> files_;
};

}  // namespace

int RunSeaweed(const std::vector<std::string>& parts, const std::vector<std::string>& command) {
  const Sockets sockets(parts);
  for (const std::string& word : command) {
    if (word.rfind("-dir=", 0) == 0) fs::create_directories(word.substr(5));
  }
  const Process process = SpawnInSession(command, OwnEnvironment(), ".", {-1, STDOUT_FILENO, STDERR_FILENO}, SIGKILL);
  int status = 0;
  while (::waitpid(process.pid, &status, WNOHANG) == 0) {
    // What it has acknowledged is in its files: there is nothing that a slower end would save.
    if (base::InterruptRequested()) ::kill(process.pid, SIGKILL);
    std::this_thread::sleep_for(kTick);
  }
  if (base::InterruptRequested()) return 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace tinderbox::cluster
