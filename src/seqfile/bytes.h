#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/fail.h"
#include "base/input_file.h"

namespace tinderbox::seqfile {

/// The bytes of a SequenceFile are not what the format says. Behind it the file may be whole again.
class DamagedFile : public Error {
 public:
  DamagedFile(const std::string& path, uint64_t offset, std::string_view why);
  /// The same without the file's name, to be listed.
  const std::string& why() const { return why_; }

 private:
  std::string why_;
};

/// Bytes that are read in order.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Returns how many bytes were read; 0 at the end only. Throws DamagedFile.
  virtual size_t Read(char* out, size_t size) = 0;
  /// Throws DamagedFile about the place that was reached.
  [[noreturn]] virtual void FailDamaged(std::string_view why) const = 0;

  /// Reads exactly `size` bytes; throws DamagedFile when there are fewer.
  void ReadAll(char* out, size_t size);
  /// The same as text; memory grows with what is there and not with what `size` claims.
  std::string ReadText(uint64_t size);
  void Skip(uint64_t size);
  /// A big-endian number.
  int32_t ReadInt();
  /// Hadoop's variable-length coding of an int. Throws DamagedFile for numbers that are none.
  int32_t ReadVInt();
  /// The same of what cannot be negative.
  uint32_t ReadLength();
};

/// A part of a file.
class FileRange : public ByteSource {
 public:
  FileRange(std::shared_ptr<const base::InputFile> file, uint64_t begin, uint64_t end);
  size_t Read(char* out, size_t size) override;
  [[noreturn]] void FailDamaged(std::string_view why) const override;
  const std::string& path() const { return file_->path(); }
  uint64_t position() const { return position_; }
  uint64_t end() const { return end_; }
  void Seek(uint64_t position) { position_ = position; }

 private:
  std::shared_ptr<const base::InputFile> file_;
  uint64_t position_;
  uint64_t end_;
  std::string buffer_;  // of the file from buffered_ on
  uint64_t buffered_ = 0;
};

void AppendInt(std::string* out, int32_t value);
void AppendVInt(std::string* out, int64_t value);

}  // namespace tinderbox::seqfile
