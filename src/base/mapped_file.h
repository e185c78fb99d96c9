#pragma once

#include <filesystem>
#include <string_view>

namespace tinderbox::base {

/// A whole file as read-only memory, paged in as it is read; the kernel is told that reading goes from front to back.
/// The file must not shrink meanwhile. Thread-safe.
class MappedFile {
 public:
  MappedFile() = default;
  /// Throws Error PATH_NOT_FOUND or FAILED_READ_FILE.NO_HINT (a folder, a pipe, no permission, …).
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::string_view bytes() const { return {data_, size_}; }

 private:
  const char* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace tinderbox::base
