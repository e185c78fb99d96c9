#include "seqfile/writer.h"

#include <fcntl.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace tinderbox::seqfile {
namespace {

constexpr size_t kBuffer = 256 << 10;
constexpr uint64_t kSyncInterval = 100 << 10;  // as Hadoop's
constexpr size_t kBlock = 1'000'000;           // as Hadoop's
// A VInt that is always five bytes long, however small: its place can be taken before it is known.
constexpr char kFiveBytes = -116;

std::string LengthBytes(uint64_t size) {
  std::string out;
  AppendInt(&out, static_cast<int32_t>(size));
  return out;
}

void CopyValue(uint64_t size, const ReadBytes& read, const Sink& sink) {
  sink(LengthBytes(size));
  std::string piece(static_cast<size_t>(std::min<uint64_t>(size, kBuffer)), '\0');
  for (uint64_t left = size; left > 0;) {
    const size_t n = read(piece.data(), static_cast<size_t>(std::min<uint64_t>(left, piece.size())));
    if (n == 0) base::Fail("INTERNAL_ERROR", "A value is {} bytes shorter than was said.", left);
    sink(std::string_view(piece).substr(0, n));
    left -= n;
  }
}

void CheckLength(uint64_t length) {
  if (length <= INT32_MAX) return;
  base::Fail("UNSUPPORTED_FEATURE.SEQUENCEFILE",
             "A record of {} bytes is more than the 2 GB that a SequenceFile can hold in one.", length);
}

}  // namespace

OutputFile::OutputFile(std::string path)
    : path_(std::move(path)), descriptor_(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) base::FailErrno("TINDERBOX_WRITE_FAILED", errno, fmt::format("Cannot make the file {}", path_));
  buffer_.reserve(kBuffer);
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

void OutputFile::Write(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > kBuffer) Flush();
  if (bytes.size() >= kBuffer) {
    WriteAt(written_, bytes);
    written_ += bytes.size();
  } else {
    buffer_.append(bytes);
  }
}

void OutputFile::Replace(uint64_t position, std::string_view bytes) {
  if (position >= written_) {
    buffer_.replace(static_cast<size_t>(position - written_), bytes.size(), bytes);
    return;
  }
  Flush();
  WriteAt(position, bytes);
}

void OutputFile::Close() {
  Flush();
  const int result = close(descriptor_);
  descriptor_ = -1;
  if (result != 0) base::FailErrno("TINDERBOX_WRITE_FAILED", errno, fmt::format("Cannot write the file {}", path_));
}

void OutputFile::Flush() {
  WriteAt(written_, buffer_);
  written_ += buffer_.size();
  buffer_.clear();
}

void OutputFile::WriteAt(uint64_t position, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(position));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) base::FailErrno("TINDERBOX_WRITE_FAILED", errno, fmt::format("Cannot write the file {}", path_));
    position += static_cast<uint64_t>(n);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

Writer::Writer(const std::string& path, Header header) : header_(std::move(header)), out_(path) {
  header_.sync.resize(kSyncSize);
  // Random, so that no file that is packed can hold it.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(header_.sync.data()), kSyncSize) != 1) {
    base::Fail("TINDERBOX_WRITE_FAILED", "The system gives no random bytes for the sync marker of {}.", path);
  }
  out_.Write(header_.ToBytes());
  last_sync_ = out_.position();
}

void Writer::Append(std::string_view key, uint64_t size, const ReadBytes& read) {
  if (header_.compression == Compression::kBlock) {
    AppendToBlock(key, size, read);
  } else {
    AppendRecord(key, size, read);
  }
}

void Writer::AppendRecord(std::string_view key, uint64_t size, const ReadBytes& read) {
  if (out_.position() >= last_sync_ + kSyncInterval) WriteSync();
  std::string head;
  AppendVInt(&head, static_cast<int64_t>(key.size()));
  const uint64_t key_size = head.size() + key.size();
  const uint64_t begin = out_.position();
  const bool compressed = header_.codec != nullptr;
  if (!compressed) CheckLength(key_size + 4 + size);
  out_.Write(LengthBytes(compressed ? 0 : key_size + 4 + size));
  out_.Write(LengthBytes(key_size));
  out_.Write(head);
  out_.Write(key);
  const Sink sink = [this](std::string_view bytes) { out_.Write(bytes); };
  if (!compressed) return CopyValue(size, read, sink);
  const auto encoder = MakeEncoder(*header_.codec, sink);
  CopyValue(size, read, [&](std::string_view bytes) { encoder->Write(bytes); });
  encoder->Finish();
  const uint64_t length = out_.position() - begin - 8;
  CheckLength(length);
  out_.Replace(begin, LengthBytes(length));
}

void Writer::AppendToBlock(std::string_view key, uint64_t size, const ReadBytes& read) {
  const auto flush = [this] { FlushBlock([this](Encoder* encoder) { encoder->Write(values_); }); };
  const bool alone = size >= kBlock;  // goes through without being held
  if (alone) flush();
  std::string head;
  AppendVInt(&head, static_cast<int64_t>(key.size()));
  AppendVInt(&key_lengths_, static_cast<int64_t>(head.size() + key.size()));
  keys_ += head;
  keys_ += key;
  AppendVInt(&value_lengths_, static_cast<int64_t>(4 + size));
  ++records_;
  if (alone) {
    FlushBlock(
        [&](Encoder* encoder) { CopyValue(size, read, [&](std::string_view bytes) { encoder->Write(bytes); }); });
  } else {
    CopyValue(size, read, [this](std::string_view bytes) { values_ += bytes; });
    if (keys_.size() + values_.size() >= kBlock) flush();
  }
}

void Writer::FlushBlock(const std::function<void(Encoder*)>& write_values) {
  if (records_ == 0) return;
  WriteSync();
  std::string count;
  AppendVInt(&count, records_);
  out_.Write(count);
  const auto part = [this](const std::function<void(Encoder*)>& write) {
    const uint64_t begin = out_.position();
    out_.Write(std::string(1, kFiveBytes) + LengthBytes(0));
    const auto encoder = MakeEncoder(*header_.codec, [this](std::string_view bytes) { out_.Write(bytes); });
    write(encoder.get());
    encoder->Finish();
    const uint64_t length = out_.position() - begin - 5;
    CheckLength(length);
    out_.Replace(begin + 1, LengthBytes(length));
  };
  for (std::string* text : {&key_lengths_, &keys_, &value_lengths_}) {
    part([&](Encoder* encoder) { encoder->Write(*text); });
    text->clear();
  }
  part(write_values);
  values_.clear();
  records_ = 0;
}

void Writer::WriteSync() {
  out_.Write(LengthBytes(static_cast<uint32_t>(kSyncEscape)));
  out_.Write(header_.sync);
  last_sync_ = out_.position();
}

void Writer::ReplaceMetadata(std::string_view name, std::string_view text) {
  // Found by writing the head again: nothing in it has another length.
  const auto found = std::find_if(header_.metadata.begin(), header_.metadata.end(),
                                  [&](const auto& pair) { return pair.first == name; });
  if (found == header_.metadata.end() || found->second.size() != text.size()) {
    base::Fail("INTERNAL_ERROR", "The metadata {} would move the records.", name);
  }
  found->second = text;
  out_.Replace(0, header_.ToBytes());
}

uint64_t Writer::Finish() {
  if (header_.compression == Compression::kBlock) {
    FlushBlock([this](Encoder* encoder) { encoder->Write(values_); });
  }
  const uint64_t size = out_.position();
  out_.Close();
  return size;
}

}  // namespace tinderbox::seqfile
