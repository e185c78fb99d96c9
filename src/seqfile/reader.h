#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "seqfile/header.h"

namespace tinderbox::seqfile {

/// Reads a SequenceFile from front to back, values piece by piece. Used by one thread; several readers may share a
/// file.
class Reader {
 public:
  /// Throws Error: DamagedFile, UNSUPPORTED_FEATURE.SEQUENCEFILE, FAILED_READ_FILE.
  explicit Reader(std::shared_ptr<const base::InputFile> file);

  const Header& header() const { return header_; }

  /// Reads only what begins, at a sync marker, in this part of the file, as Hadoop's splits do: all parts together give
  /// every record once. Parts that begin before the first record begin with it.
  void Limit(uint64_t begin, uint64_t end);

  /// Goes to the next record, whether the value was read or not; false at the end. Throws DamagedFile.
  bool Next();
  /// The number of a record, or its text without its length; nullopt of a NullWritable.
  const std::optional<std::string>& key() const { return key_; }
  /// Bytes of the value itself. Throws DamagedFile.
  uint64_t ValueSize();
  /// The next bytes of the value; 0 at its end, and then all that guards it was right. Throws DamagedFile.
  size_t ReadValue(char* out, size_t size);

  /// Where the record, or its block, begins.
  uint64_t record_begin() const { return record_begin_; }
  /// How far the file is read.
  uint64_t position() const { return in_.position(); }

  /// After DamagedFile: goes to where the next record can be found for certain, or at least a sync marker stands.
  /// Returns that place; the end of the file when there is none.
  uint64_t Recover();

 private:
  bool NextRecord();
  bool NextInBlock();
  bool NextBlock();
  void ReadSync();
  uint64_t FindSync(uint64_t from) const;
  std::optional<std::string> ReadKey(ByteSource* in, uint64_t length) const;
  void OpenValue();
  void FinishValue();
  FileRange Part();
  [[noreturn]] void FailDamaged(std::string_view why) const;

  std::shared_ptr<const base::InputFile> file_;
  Header header_;
  FileRange in_;
  uint64_t end_;  // no record behind the first sync marker from here on
  uint64_t record_begin_ = 0;
  std::optional<uint64_t> resume_;  // where the record or block ends, when that is known
  std::optional<std::string> key_;

  // The value: it has value_length_ bytes in the file's coding, uncompressed.
  uint64_t value_length_ = 0;
  bool known_length_ = false;  // false within a compressed record
  bool open_ = false;          // its own length was read, and left_ bytes are to come
  bool finished_ = true;
  uint64_t size_ = 0, left_ = 0;
  std::unique_ptr<ByteSource> record_value_;

  // The block.
  uint32_t block_records_ = 0;
  std::unique_ptr<ByteSource> key_lengths_, keys_, value_lengths_, values_;
  uint64_t skipped_ = 0;  // bytes of values to be passed over before the next
};

}  // namespace tinderbox::seqfile
