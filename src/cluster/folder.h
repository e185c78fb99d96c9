#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/service.h"
#include "cluster/step.h"

namespace tinderbox::cluster {

/// The program's folders by the XDG rules; TINDERBOX_CACHE names the cache itself.
struct Directories {
  std::filesystem::path config;
  std::filesystem::path state;
  std::filesystem::path cache;
};
Directories FindDirectories(const std::map<std::string, std::string>& environment);

/// Held until destruction; a process that dies gives it back.
class FileLock {
 public:
  FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~FileLock();

  static FileLock Wait(const std::filesystem::path& file);
  static std::optional<FileLock> Try(const std::filesystem::path& file);

 private:
  explicit FileLock(int file) : file_(file) {}
  int file_;
};

/// Writes beside the file and renames: a reader sees the old content or the new one. Throws Error
/// TINDERBOX_WRITE_FAILED.
void ReplaceFile(const std::filesystem::path& file, std::string_view content);

/// One line of a cluster's history.
struct HistoryLine {
  Time time = 0;
  std::string service;
  std::string what;  ///< a PhaseName
  std::string detail;
};

/// The folder of one cluster: what is wanted (desired.json, written by commands), what is (state.json, written by the
/// supervisor), what happened (events.ndjson), configuration, logs and work folders.
class ClusterFolder {
 public:
  /// Throws Error TINDERBOX_USAGE when the name is not of letters, digits and dashes.
  ClusterFolder(const Directories& directories, const std::string& name);
  explicit ClusterFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::string name() const { return path_.filename(); }
  bool Exists() const;
  /// Makes it and what stands in it, of this user alone.
  void Make() const;

  std::optional<Desired> ReadDesired() const;
  void WriteDesired(const Desired& desired) const;
  std::optional<State> ReadState() const;
  void WriteState(const State& state) const;

  void AddHistory(const HistoryLine& line) const;
  std::vector<HistoryLine> ReadHistory() const;

  /// Only who holds it may write desired.json.
  FileLock LockCommands() const;
  /// Held by the supervisor for its life; nullopt: there is one.
  std::optional<FileLock> TryLockSupervisor() const;

 private:
  std::filesystem::path path_;
};

/// Every cluster that has a folder, by name.
std::vector<ClusterFolder> ListClusters(const Directories& directories);

}  // namespace tinderbox::cluster
