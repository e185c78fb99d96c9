#pragma once

#include <filesystem>

namespace tinderbox::base {

/// A folder of this process alone (mode 0700), removed with all it holds at destruction. Folders that processes left
/// behind which died without destructors are removed when the next one is made beside them: a lock inside tells the
/// living.
class TempDir {
 public:
  /// Makes the folder under `parent` (made too when missing; empty: the system's temporary folder). Throws Error
  /// TINDERBOX_TEMP_DIRECTORY.
  explicit TempDir(std::filesystem::path parent = {});
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&&) = delete;
  ~TempDir();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace tinderbox::base
