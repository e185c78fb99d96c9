#pragma once

#include <cstdint>
#include <string>

namespace tinderbox::base {

/// An open file that several threads may read at once.
class InputFile {
 public:
  /// Throws Error FAILED_READ_FILE.
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }
  /// Reads exactly `size` bytes; throws Error FAILED_READ_FILE when the file has become shorter.
  void Read(uint64_t offset, char* out, size_t size) const;

 private:
  std::string path_;
  int descriptor_;
  uint64_t size_;
};

}  // namespace tinderbox::base
