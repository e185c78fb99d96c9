#include "engine/limits.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <string>

namespace tinderbox::engine {

namespace {

namespace fs = std::filesystem;

std::string ReadText(const fs::path& path) {
  std::ifstream in(path);
  std::string out(std::istreambuf_iterator<char>(in), {});
  return out;
}

/// The number a text begins with; nullopt for "max" and for what is no number.
std::optional<int64_t> Number(std::string_view text) {
  int64_t value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc()) return std::nullopt;
  return value;
}

/// Calls `visit` with every folder from this process's cgroup up to the top of the hierarchy. `controller` is a v1
/// name; empty for v2.
void VisitCgroups(const fs::path& root, const std::string& controller,
                  const std::function<void(const fs::path&)>& visit) {
  std::istringstream lines(ReadText(root / "proc/self/cgroup"));
  std::string own = "/";
  for (std::string line; std::getline(lines, line);) {
    size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    bool match =
        controller.empty() ? controllers == ",," : controllers.find("," + controller + ",") != std::string::npos;
    if (match) own = line.substr(second + 1);
  }
  fs::path top = root / "sys/fs/cgroup" / controller;
  // A container often sees its own cgroup as the top, while the path names it from outside.
  for (fs::path path = fs::path(own).relative_path();; path = path.parent_path()) {
    visit(top / path);
    if (path.empty()) break;
  }
}

}  // namespace

uint64_t AvailableMemory(const fs::path& root) {
  uint64_t memory = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  auto lower = [&](const fs::path& file) {
    auto limit = Number(ReadText(file));
    if (limit && *limit > 0) memory = std::min(memory, static_cast<uint64_t>(*limit));
  };
  VisitCgroups(root, "", [&](const fs::path& folder) { lower(folder / "memory.max"); });
  VisitCgroups(root, "memory", [&](const fs::path& folder) { lower(folder / "memory.limit_in_bytes"); });
  return memory;
}

int AvailableCores(const fs::path& root) {
  cpu_set_t set;
  CPU_ZERO(&set);
  int cores =
      sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  auto lower = [&](std::optional<int64_t> quota, std::optional<int64_t> period) {
    if (!quota || !period || *quota <= 0 || *period <= 0) return;
    cores = std::min(cores, static_cast<int>(std::ceil(static_cast<double>(*quota) / static_cast<double>(*period))));
  };
  VisitCgroups(root, "", [&](const fs::path& folder) {
    std::string text = ReadText(folder / "cpu.max");
    size_t space = text.find(' ');
    if (space != std::string::npos) lower(Number(text), Number(std::string_view(text).substr(space + 1)));
  });
  VisitCgroups(root, "cpu", [&](const fs::path& folder) {
    lower(Number(ReadText(folder / "cpu.cfs_quota_us")), Number(ReadText(folder / "cpu.cfs_period_us")));
  });
  return std::max(1, cores);
}

uint64_t EngineShare(uint64_t process_limit) {
  constexpr uint64_t kMiB = 1 << 20;
  uint64_t reserved = 96 * kMiB;
  uint64_t rest = process_limit > reserved ? process_limit - reserved : 0;
  return std::max(rest / 10 * 8, 48 * kMiB);
}

}  // namespace tinderbox::engine
