#include "seqfile/bytes.h"

#include <algorithm>
#include <cstring>

namespace tinderbox::seqfile {
namespace {

constexpr size_t kBuffer = 4096;  // heads of records are small, and what is between them is often skipped
constexpr size_t kPiece = 256 << 10;

}  // namespace

DamagedFile::DamagedFile(const std::string& path, uint64_t offset, std::string_view why)
    : Error("FAILED_READ_FILE.NO_HINT",
            fmt::format("The SequenceFile {} is damaged at byte {}: {}.", path, offset, why),
            {{"path", "file://" + path}}),
      why_(fmt::format("byte {}: {}", offset, why)) {}

void ByteSource::ReadAll(char* out, size_t size) {
  while (size > 0) {
    const size_t n = Read(out, size);
    if (n == 0) FailDamaged("it ends too early");
    out += n;
    size -= n;
  }
}

std::string ByteSource::ReadText(uint64_t size) {
  std::string out;
  while (out.size() < size) {
    const size_t before = out.size();
    const size_t n = static_cast<size_t>(std::min<uint64_t>(size - before, std::max(kPiece, before)));
    out.resize(before + n);
    ReadAll(out.data() + before, n);
  }
  return out;
}

void ByteSource::Skip(uint64_t size) {
  std::string piece(static_cast<size_t>(std::min<uint64_t>(size, kPiece)), '\0');
  while (size > 0) {
    const size_t n = static_cast<size_t>(std::min<uint64_t>(size, piece.size()));
    ReadAll(piece.data(), n);
    size -= n;
  }
}

int32_t ByteSource::ReadInt() {
  unsigned char bytes[4];
  ReadAll(reinterpret_cast<char*>(bytes), 4);
  return static_cast<int32_t>(uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3]);
}

int32_t ByteSource::ReadVInt() {
  signed char first = 0;
  ReadAll(reinterpret_cast<char*>(&first), 1);
  if (first >= -112) return first;
  // The first byte holds the sign and the number of bytes that follow.
  const bool negative = first < -120;
  const int count = negative ? -120 - first : -112 - first;
  unsigned char bytes[8];
  ReadAll(reinterpret_cast<char*>(bytes), static_cast<size_t>(count));
  uint64_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 8 | bytes[i];
  const auto number = static_cast<int64_t>(negative ? ~value : value);
  if (number < INT32_MIN || number > INT32_MAX) FailDamaged(fmt::format("the number {} is too large", number));
  return static_cast<int32_t>(number);
}

uint32_t ByteSource::ReadLength() {
  const int32_t length = ReadVInt();
  if (length < 0) FailDamaged(fmt::format("the length {} is negative", length));
  return static_cast<uint32_t>(length);
}

FileRange::FileRange(std::shared_ptr<const base::InputFile> file, uint64_t begin, uint64_t end)
    : file_(std::move(file)), position_(begin), end_(end) {}

size_t FileRange::Read(char* out, size_t size) {
  if (position_ >= end_) return 0;
  size = static_cast<size_t>(std::min<uint64_t>(size, end_ - position_));
  const bool inside = position_ >= buffered_ && position_ < buffered_ + buffer_.size();
  if (!inside && size >= kBuffer) {
    file_->Read(position_, out, size);
  } else {
    if (!inside) {
      buffer_.resize(static_cast<size_t>(std::min<uint64_t>(kBuffer, end_ - position_)));
      file_->Read(position_, buffer_.data(), buffer_.size());
      buffered_ = position_;
    }
    const auto from = static_cast<size_t>(position_ - buffered_);
    size = std::min(size, buffer_.size() - from);
    std::memcpy(out, buffer_.data() + from, size);
  }
  position_ += size;
  return size;
}

void FileRange::FailDamaged(std::string_view why) const {
  throw DamagedFile(file_->path(), position_, why);
}

void AppendInt(std::string* out, int32_t value) {
  const auto bits = static_cast<uint32_t>(value);
  for (int shift = 24; shift >= 0; shift -= 8) *out += static_cast<char>(bits >> shift & 0xff);
}

void AppendVInt(std::string* out, int64_t value) {
  if (value >= -112 && value <= 127) {
    *out += static_cast<char>(value);
    return;
  }
  const auto bits = static_cast<uint64_t>(value < 0 ? ~value : value);
  int count = 8;
  while (count > 1 && bits >> (8 * (count - 1)) == 0) --count;
  *out += static_cast<char>((value < 0 ? -120 : -112) - count);
  for (int i = count - 1; i >= 0; --i) *out += static_cast<char>(bits >> (8 * i) & 0xff);
}

}  // namespace tinderbox::seqfile
