#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "seqfile/header.h"

namespace tinderbox::seqfile {

/// The longest value: what fits into an array of Java.
inline constexpr uint64_t kMaxValue = INT32_MAX - 8;

/// A new file that is written once from front to back and may be changed behind.
class OutputFile {
 public:
  /// Throws Error TINDERBOX_WRITE_FAILED, as all of it; also when the file exists.
  explicit OutputFile(std::string path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  uint64_t position() const { return written_ + buffer_.size(); }
  void Write(std::string_view bytes);
  void Replace(uint64_t position, std::string_view bytes);
  /// Writes everything out and closes.
  void Close();

 private:
  void Flush();
  void WriteAt(uint64_t position, std::string_view bytes);

  std::string path_;
  int descriptor_;
  uint64_t written_ = 0;
  std::string buffer_;
};

/// Gives the next bytes of a value, at most `size`; 0 at its end.
using ReadBytes = std::function<size_t(char* out, size_t size)>;

/// Writes a SequenceFile of Text keys and BytesWritable values. Holds no more than a block of about 1 MB, whatever the
/// values' size.
class Writer {
 public:
  /// `header` needs no sync marker and no size.
  Writer(const std::string& path, Header header);

  /// REQUIRES: key is UTF-8, `size` is at most kMaxValue, and `read` gives exactly so many bytes.
  /// Throws Error for a value that compression makes too large for the format.
  void Append(std::string_view key, uint64_t size, const ReadBytes& read);
  /// Puts another text of the same length into the metadata. REQUIRES: the name is there.
  void ReplaceMetadata(std::string_view name, std::string_view text);
  /// Ends the file and returns its size. Without it the file is not complete.
  uint64_t Finish();

 private:
  void AppendRecord(std::string_view key, uint64_t size, const ReadBytes& read);
  void AppendToBlock(std::string_view key, uint64_t size, const ReadBytes& read);
  void FlushBlock(const std::function<void(Encoder*)>& write_values);
  void WriteSync();

  Header header_;
  OutputFile out_;
  uint64_t last_sync_ = 0;
  // The block so far.
  int32_t records_ = 0;
  std::string key_lengths_, keys_, value_lengths_, values_;
};

}  // namespace tinderbox::seqfile
