#include "cli/file_watch.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/fail.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCondition = "TINDERBOX_WATCH";

/// The folders and the names in them whose files are meant: a link's own place, and that of what it leads to.
std::vector<fs::path> PlacesOf(const std::string& file) {
  std::error_code error;
  const fs::path path = fs::absolute(file);
  if (fs::is_directory(path, error)) return {path / "*"};
  std::vector<fs::path> places = {path};
  if (const fs::path target = fs::canonical(path, error); !error && target != path) places.push_back(target);
  return places;
}

}  // namespace

FileWatch::FileWatch(const std::vector<std::string>& files) : file_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (file_ < 0) base::FailErrno(kCondition, errno, "Files cannot be watched");
  for (const std::string& file : files) {
    for (const fs::path& place : PlacesOf(file)) {
      const fs::path folder = place.parent_path();
      const int watch = ::inotify_add_watch(file_, folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR);
      if (watch < 0) {
        const int error = errno;
        ::close(file_);
        base::FailErrno(kCondition, error, fmt::format("The folder {} cannot be watched", folder.string()));
      }
      patterns_[watch].push_back(place.filename());
    }
  }
}

FileWatch::~FileWatch() {
  ::close(file_);
}

std::set<std::string> FileWatch::Changed() const {
  std::set<std::string> changed;
  alignas(inotify_event) char buffer[16384];
  for (;;) {
    const ssize_t got = ::read(file_, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return changed;
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      const auto folder = patterns_.find(event->wd);
      if (folder == patterns_.end() || event->len == 0) continue;
      const std::string name = event->name;
      if (std::any_of(folder->second.begin(), folder->second.end(), [&](const std::string& pattern) {
            return pattern == name || ::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0;
          }))
        changed.insert(name);
    }
  }
}

}  // namespace tinderbox::cli
