#include "cluster/machine.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <sstream>

#include "base/fail.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

std::string ReadText(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

template <typename Number = int64_t>
std::optional<Number> ReadNumber(const fs::path& file) {
  const std::string text = ReadText(file);
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  return number;
}

/// Bytes of a line of /proc/meminfo, such as "MemTotal".
int64_t MemoryInfo(const std::string& name) {
  std::istringstream lines(ReadText("/proc/meminfo"));
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(name + ":", 0) == 0) return std::strtoll(line.c_str() + name.size() + 1, nullptr, 10) * 1024;
  }
  return std::numeric_limits<int64_t>::max();
}

struct GroupMemory {
  int64_t free = std::numeric_limits<int64_t>::max();
  int64_t limit = std::numeric_limits<int64_t>::max();
};

/// What the control group of this process and those above it allow.
GroupMemory InspectGroup() {
  GroupMemory least;
  std::istringstream lines(ReadText("/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const bool v2 = line.rfind("0::", 0) == 0;
    const size_t memory = line.find(":memory:");
    if (!v2 && memory == std::string::npos) continue;
    const fs::path top = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    std::string below = line.substr(v2 ? 3 : memory + 8);
    for (;; below.resize(below.rfind('/'))) {
      const fs::path group = top.string() + below;
      const auto limit = ReadNumber<int64_t>(group / (v2 ? "memory.max" : "memory.limit_in_bytes"));
      const auto used = ReadNumber<int64_t>(group / (v2 ? "memory.current" : "memory.usage_in_bytes"));
      if (limit) least.limit = std::min(least.limit, *limit);
      if (limit && used) least.free = std::min(least.free, std::max<int64_t>(0, *limit - *used));
      if (below.empty() || below.rfind('/') == std::string::npos) break;
    }
  }
  return least;
}

/// Calls `visit` with each living process' folder in /proc, while it returns true.
void EachProcess(const std::function<bool(const fs::path&, int)>& visit) {
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    int pid = 0;
    const auto [stop, wrong] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (wrong != std::errc() || stop != name.data() + name.size()) continue;
    if (!visit(entry->path(), pid)) return;
  }
}

struct Stat {
  char state = 'Z';
  int session = 0;
  uint64_t start = 0;
};

std::optional<Stat> ReadStat(int pid) {
  const std::string text = ReadText(fmt::format("/proc/{}/stat", pid));
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 2));
  Stat stat;
  std::string skipped;
  fields >> stat.state >> skipped >> skipped >> stat.session;  // fields 3 to 6
  for (int i = 7; i < 22; ++i) fields >> skipped;
  fields >> stat.start;
  return stat;
}

/// The inode of the socket that listens on the port; 0: none.
uint64_t ListeningInode(const std::string& host, int port) {
  in_addr wanted{};
  const bool v4 = ::inet_pton(AF_INET, host.c_str(), &wanted) == 1;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::istringstream lines(ReadText(table));
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      char address[64] = {};
      unsigned listening_port = 0, state = 0;
      unsigned long long inode = 0;
      if (std::sscanf(line.c_str(), " %*d: %63[0-9A-F]:%x %*s %x %*s %*s %*s %*s %*s %llu", address, &listening_port,
                      &state, &inode) != 4)
        continue;
      if (state != 0x0A || listening_port != static_cast<unsigned>(port)) continue;
      const std::string text = address;
      const bool any = text.find_first_not_of('0') == std::string::npos;
      // The last four bytes are the IPv4 address, also of one mapped into IPv6.
      const bool same = v4 && text.substr(text.size() - 8) == fmt::format("{:08X}", wanted.s_addr);
      if (any || same || !v4) return inode;
    }
  }
  return 0;
}

/// Whether the port cannot be bound, which also sees listeners of other network namespaces' tables and fresh ones.
bool CannotBind(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return false;
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool taken =
      ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno == EADDRINUSE;
  ::close(socket);
  return taken;
}

std::string JavaOfPath() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::error_code error;
    const fs::path java = fs::canonical(fs::path(folder) / "java", error);
    if (error || ::access(java.c_str(), X_OK) != 0) continue;
    // Tools that switch between versions put a script of their own there.
    const fs::path home = java.parent_path().parent_path();
    if (fs::exists(home / "release", error) || fs::exists(home / "lib/modules", error)) return home;
  }
  return "";
}

}  // namespace

MachineFacts InspectMachine() {
  MachineFacts facts;
  cpu_set_t cores;
  if (::sched_getaffinity(0, sizeof cores, &cores) == 0) facts.cores = CPU_COUNT(&cores);
  const GroupMemory group = InspectGroup();
  facts.memory_free = std::min(MemoryInfo("MemAvailable"), group.free);
  facts.memory_total = MemoryInfo("MemTotal");
  if (group.limit < facts.memory_total) facts.memory_limit = group.limit;
  return facts;
}

std::optional<PortOwner> FindPortOwner(const std::string& host, int port) {
  const uint64_t inode = ListeningInode(host, port);
  if (inode == 0) return CannotBind(host, port) ? std::optional(PortOwner{}) : std::nullopt;
  const std::string link = fmt::format("socket:[{}]", inode);
  PortOwner owner;
  EachProcess([&](const fs::path& process, int pid) {
    std::error_code error;
    for (fs::directory_iterator file(process / "fd", error), end; !error && file != end; file.increment(error)) {
      std::error_code unreadable;
      if (fs::read_symlink(file->path(), unreadable) == link) {
        owner.pid = pid;
        owner.name = ReadText(process / "comm");
        if (!owner.name.empty()) owner.name.pop_back();
        return false;
      }
    }
    return true;
  });
  return owner;
}

std::optional<Process> IdentifyProcess(int pid) {
  const std::optional<Stat> stat = ReadStat(pid);
  if (!stat || stat->state == 'Z' || stat->state == 'X') return std::nullopt;
  return Process{pid, stat->start};
}

std::vector<MarkedProcess> FindMarked(const std::string& cluster) {
  std::vector<MarkedProcess> marked;
  const std::string mark = fmt::format("{}={}", kClusterVariable, cluster);
  const std::string service = fmt::format("{}=", kServiceVariable);
  EachProcess([&](const fs::path& folder, int pid) {
    std::istringstream environment(ReadText(folder / "environ"));
    MarkedProcess found;
    bool ours = false;
    for (std::string variable; std::getline(environment, variable, '\0');) {
      ours = ours || variable == mark;
      if (variable.rfind(service, 0) == 0) found.service = variable.substr(service.size());
    }
    const std::optional<Stat> stat = ours ? ReadStat(pid) : std::nullopt;
    if (!stat || stat->state == 'Z' || stat->state == 'X') return true;
    found.process = {pid, stat->start};
    found.leads = stat->session == pid;
    marked.push_back(found);
    return true;
  });
  return marked;
}

Java FindJava(const std::string& home) {
  constexpr std::string_view kCondition = "TINDERBOX_PREREQUISITE";
  Java java{home.empty() ? JavaOfPath() : home};
  if (java.home.empty())
    base::Fail(kCondition,
               "Spark runs on Java 17 or later, and there is none on the path. Install one (Debian: apt-get install "
               "openjdk-17-jre-headless), or give its folder as spark.java_home.");
  if (::access((java.home + "/bin/java").c_str(), X_OK) != 0)
    base::Fail(kCondition, "There is no Java at {}: {}/bin/java cannot be run. Correct spark.java_home or JAVA_HOME.",
               java.home, java.home);
  std::istringstream lines(ReadText(fs::path(java.home) / "release"));
  for (std::string line; std::getline(lines, line);) {
    int first = 0, second = 0;
    const int read = std::sscanf(line.c_str(), "JAVA_VERSION=\"%d.%d", &first, &second);
    if (read >= 1) java.version = read == 2 && first == 1 ? second : first;
  }
  // A folder without a release file is taken as it is: Spark itself will say more.
  if (java.version != 0 && java.version < 17)
    base::Fail(kCondition,
               "Spark 4 needs Java 17 or later; the one at {} is Java {}. Set spark.java_home to a newer one.",
               java.home, java.version);
  return java;
}

}  // namespace tinderbox::cluster
