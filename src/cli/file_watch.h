#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace tinderbox::cli {

/// Tells when files are written, or replaced as editors do it: by another one of the same name. Their folders are
/// watched, so a file may be missing for a while. A folder among them means each file that lies in it.
class FileWatch {
 public:
  /// Names may have the stars of a shell. Throws Error TINDERBOX_WATCH when a folder is not there or cannot be watched.
  explicit FileWatch(const std::vector<std::string>& files);
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;
  ~FileWatch();

  /// Can be read when there may be a change.
  int file() const { return file_; }
  /// The names of the files that have changed since the last call; does not wait.
  std::set<std::string> Changed() const;

 private:
  int file_ = -1;
  std::map<int, std::vector<std::string>> patterns_;  ///< of names in each folder that is watched
};

}  // namespace tinderbox::cli
