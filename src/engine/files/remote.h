#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/temp_dir.h"
#include "store/store.h"

namespace tinderbox::engine {

/// What an engine has fetched from stores, in a folder of its own that goes when it does. A file that is the same when
/// it is read again is not fetched again. Thread-safe.
class RemoteCopies {
 public:
  /// A file that was fetched; removed with the last who needs it.
  struct Copy {
    Copy(std::filesystem::path where, std::filesystem::path file) : root(std::move(where)), path(std::move(file)) {}
    Copy(const Copy&) = delete;
    Copy& operator=(const Copy&) = delete;
    ~Copy();
    std::filesystem::path root, path;
  };
  using File = std::pair<std::shared_ptr<store::Store>, store::Entry>;

  /// `parent`: where temporary files go; empty: the system's folder.
  explicit RemoteCopies(std::filesystem::path parent) : parent_(std::move(parent)) {}

  std::vector<std::shared_ptr<const Copy>> Fetch(const std::vector<File>& files);

 private:
  std::filesystem::path parent_;
  std::mutex mutex_;
  std::optional<base::TempDir> folder_;  ///< made with the first copy
  uint64_t next_ = 1;
  struct Known {
    std::string version;
    std::shared_ptr<const Copy> copy;
  };
  std::map<std::string, Known> known_;  ///< by URL
};

/// The files in stores that one query reads: keeps their copies as long as it lives. Thread-safe.
class RemoteFiles {
 public:
  RemoteFiles(RemoteCopies& copies, store::Settings settings) : copies_(copies), settings_(std::move(settings)) {}

  std::shared_ptr<store::Store> Open(const store::Location& location) const { return store::Open(location, settings_); }
  std::vector<std::filesystem::path> Fetch(const std::vector<RemoteCopies::File>& files);

 private:
  RemoteCopies& copies_;
  store::Settings settings_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<const RemoteCopies::Copy>> kept_;
};

}  // namespace tinderbox::engine
