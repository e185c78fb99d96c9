#pragma once

#include <filesystem>
#include <vector>

namespace tinderbox::base {

/// An output that appears complete or not at all: written beside its target under a hidden name and renamed by
/// Commit(). What is not committed is removed by the destructor, and what was there before stays until the new one is
/// complete. Survives the death of the process at any moment; a power failure may lose the newest output.
class StagedOutput {
 public:
  enum class Kind { kFile, kFolder };

  /// Makes missing parent folders, and the folder to fill when `kind` is kFolder (the file is the caller's to make).
  /// Throws Error PATH_ALREADY_EXISTS when the target exists and `overwrite` is false, and TINDERBOX_WRITE_FAILED. A
  /// file never replaces a folder.
  StagedOutput(const std::filesystem::path& target, Kind kind, bool overwrite);
  StagedOutput(StagedOutput&& other) noexcept;
  StagedOutput& operator=(StagedOutput&&) = delete;
  ~StagedOutput();

  /// Where to write.
  const std::filesystem::path& path() const { return staged_; }
  const std::filesystem::path& target() const { return target_; }

  /// Puts the output into place. Throws Error PATH_ALREADY_EXISTS (somebody was faster) or TINDERBOX_WRITE_FAILED.
  void Commit();

  /// Removes every output of this process that is not committed; for a process about to exit without destructors.
  static void RemoveAllUncommitted();

 private:
  void Discard() noexcept;

  std::filesystem::path target_;
  std::filesystem::path staged_;  // empty: committed or moved from
  Kind kind_;
  bool overwrite_;
  std::vector<std::filesystem::path> made_parents_;  // innermost first
};

}  // namespace tinderbox::base
