#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "csv/options.h"

namespace tinderbox::csv {

/// An open file that several threads may read at once.
class File {
 public:
  /// Throws Error FAILED_READ_FILE.
  explicit File(const std::string& path);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }
  /// Reads exactly `size` bytes; throws Error FAILED_READ_FILE when the file has become shorter.
  void Read(uint64_t offset, char* out, size_t size) const;

 private:
  std::string path_;
  int descriptor_;
  uint64_t size_;
};

/// Bytes that can only be read in order.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Returns how many bytes were read; 0 at the end.
  virtual size_t Read(char* out, size_t size) = 0;
};

/// Whether the bytes of the file are the text itself: not compressed (told by the extensions .gz, .zst) and UTF-8.
bool IsPlain(const std::string& path, Encoding encoding);

/// The text of a file as UTF-8: decompressed by its extension, transcoded. Throws Error FAILED_READ_FILE for damaged
/// data and UNSUPPORTED_FEATURE.CSV_COMPRESSION for extensions of other compressions.
std::unique_ptr<ByteStream> OpenText(const std::string& path, Encoding encoding);

}  // namespace tinderbox::csv
