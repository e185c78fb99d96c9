#include "csv/input.h"

#include <iconv.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/fail.h"

namespace tinderbox::csv {
namespace {

constexpr size_t kPiece = 256 << 10;
constexpr const char* kReadFailed = "FAILED_READ_FILE.NO_HINT";

bool EndsWith(std::string_view path, std::string_view end) {
  return path.size() >= end.size() && path.substr(path.size() - end.size()) == end;
}

class RawStream : public ByteStream {
 public:
  explicit RawStream(const std::string& path) : file_(path) {}
  size_t Read(char* out, size_t size) override {
    const auto n = static_cast<size_t>(std::min<uint64_t>(size, file_.size() - offset_));
    file_.Read(offset_, out, n);
    offset_ += n;
    return n;
  }

 private:
  File file_;
  uint64_t offset_ = 0;
};

class GzipStream : public ByteStream {
 public:
  explicit GzipStream(const std::string& path) : path_(path), source_(path), in_(kPiece) {
    if (inflateInit2(&state_, 15 + 16) != Z_OK) base::Fail(kReadFailed, "Cannot start to decompress '{}'.", path);
  }
  ~GzipStream() override { inflateEnd(&state_); }

  size_t Read(char* out, size_t size) override {
    state_.next_out = reinterpret_cast<Bytef*>(out);
    state_.avail_out = static_cast<uInt>(size);
    while (state_.avail_out == size) {
      if (state_.avail_in == 0) {
        state_.next_in = reinterpret_cast<Bytef*>(in_.data());
        state_.avail_in = static_cast<uInt>(source_.Read(in_.data(), in_.size()));
        if (state_.avail_in == 0) {
          if (!at_member_end_) base::Fail(kReadFailed, "The gzip file '{}' ends too early; it is not complete.", path_);
          return 0;
        }
      }
      if (at_member_end_) {  // members may follow each other, as after `cat a.gz b.gz`
        inflateReset(&state_);
        at_member_end_ = false;
      }
      const int result = inflate(&state_, Z_NO_FLUSH);
      if (result == Z_STREAM_END) {
        at_member_end_ = true;
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        base::Fail(kReadFailed, "The gzip file '{}' is damaged: {}.", path_, state_.msg ? state_.msg : "bad data");
      }
    }
    return size - state_.avail_out;
  }

 private:
  std::string path_;
  RawStream source_;
  std::vector<char> in_;
  z_stream state_{};
  bool at_member_end_ = true;
};

class ZstdStream : public ByteStream {
 public:
  explicit ZstdStream(const std::string& path) : path_(path), source_(path), in_(kPiece), state_(ZSTD_createDStream()) {
    if (state_ == nullptr) base::Fail(kReadFailed, "Cannot start to decompress '{}'.", path);
  }
  ~ZstdStream() override { ZSTD_freeDStream(state_); }

  size_t Read(char* out, size_t size) override {
    ZSTD_outBuffer to{out, size, 0};
    while (to.pos == 0) {
      if (from_.pos == from_.size) {
        from_ = {in_.data(), source_.Read(in_.data(), in_.size()), 0};
        if (from_.size == 0) {
          if (pending_ != 0) base::Fail(kReadFailed, "The zstd file '{}' ends too early; it is not complete.", path_);
          return 0;
        }
      }
      pending_ = ZSTD_decompressStream(state_, &to, &from_);
      if (ZSTD_isError(pending_)) {
        base::Fail(kReadFailed, "The zstd file '{}' is damaged: {}.", path_, ZSTD_getErrorName(pending_));
      }
    }
    return to.pos;
  }

 private:
  std::string path_;
  RawStream source_;
  std::vector<char> in_;
  ZSTD_DStream* state_;
  ZSTD_inBuffer from_{nullptr, 0, 0};
  size_t pending_ = 0;
};

class TranscodedStream : public ByteStream {
 public:
  TranscodedStream(const std::string& path, std::unique_ptr<ByteStream> source, Encoding encoding)
      : path_(path), source_(std::move(source)), encoding_(encoding), in_(kPiece) {}
  ~TranscodedStream() override {
    if (converter_ != nullptr) iconv_close(converter_);
  }

  size_t Read(char* out, size_t size) override {
    // Through a buffer of our own: the caller's may be too small for one character.
    if (given_ == made_.size()) Fill();
    const size_t n = std::min(size, made_.size() - given_);
    std::memcpy(out, made_.data() + given_, n);
    given_ += n;
    return n;
  }

 private:
  /// Converts what comes next into made_, which stays empty at the end only.
  void Fill() {
    given_ = 0;
    do {
      if (!ended_ && have_ < kPiece / 2) {
        const size_t n = source_->Read(in_.data() + have_, in_.size() - have_);
        ended_ = n == 0;
        have_ += n;
        if (!ended_ && have_ < 4) continue;
      }
      if (converter_ == nullptr) Open();
      made_.resize(have_ * 3 + 16);
      char* from = in_.data();
      char* to = made_.data();
      size_t from_left = have_;
      size_t to_left = made_.size() - 3;
      const size_t result = iconv(converter_, &from, &from_left, &to, &to_left);
      const int error = errno;
      std::memmove(in_.data(), from, from_left);
      have_ = from_left;
      if (result == static_cast<size_t>(-1) && (error == EILSEQ || (error == EINVAL && ended_))) Replace(&to);
      made_.resize(static_cast<size_t>(to - made_.data()));
    } while (made_.empty() && (have_ > 0 || !ended_));
  }

  /// U+FFFD for a unit that stands for nothing, as Java decodes.
  void Replace(char** to) {
    std::memcpy(*to, "\xEF\xBF\xBD", 3);
    *to += 3;
    const size_t unit = encoding_ == Encoding::kLatin1 || encoding_ == Encoding::kWindows1252 ? 1 : 2;
    const size_t skip = std::min(unit, have_);
    std::memmove(in_.data(), in_.data() + skip, have_ - skip);
    have_ -= skip;
  }

  void Open() {
    const char* name = "ISO-8859-1";
    const auto starts = [&](std::string_view mark) { return have_ >= 2 && std::string_view(in_.data(), 2) == mark; };
    switch (encoding_) {
      case Encoding::kWindows1252:
        name = "WINDOWS-1252";
        break;
      case Encoding::kUtf16Le:
        name = "UTF-16LE";
        break;
      case Encoding::kUtf16Be:
        name = "UTF-16BE";
        break;
      case Encoding::kUtf16:
        name = starts("\xFF\xFE") ? "UTF-16LE" : "UTF-16BE";
        break;  // Java: big-endian without a mark
      default:
        break;
    }
    converter_ = iconv_open("UTF-8", name);
    if (converter_ == reinterpret_cast<iconv_t>(-1)) {
      converter_ = nullptr;
      base::Fail("UNSUPPORTED_FEATURE.CSV_OPTION", "This system cannot read the encoding {} of '{}'.", name, path_);
    }
  }

  std::string path_;
  std::unique_ptr<ByteStream> source_;
  Encoding encoding_;
  std::vector<char> in_;
  size_t have_ = 0;
  bool ended_ = false;
  std::string made_;  // of which given_ bytes are read
  size_t given_ = 0;
  iconv_t converter_ = nullptr;
};

}  // namespace

bool IsPlain(const std::string& path, Encoding encoding) {
  return encoding == Encoding::kUtf8 && !EndsWith(path, ".gz") && !EndsWith(path, ".zst") && !EndsWith(path, ".bz2") &&
         !EndsWith(path, ".lz4") && !EndsWith(path, ".snappy") && !EndsWith(path, ".deflate");
}

std::unique_ptr<ByteStream> OpenText(const std::string& path, Encoding encoding) {
  for (const std::string_view other : {".bz2", ".lz4", ".snappy", ".deflate"}) {
    if (EndsWith(path, other)) {
      base::Fail("UNSUPPORTED_FEATURE.CSV_COMPRESSION",
                 "The compression of '{}' is not supported. Decompress the file, or compress it with gzip or zstd.",
                 path);
    }
  }
  std::unique_ptr<ByteStream> stream;
  if (EndsWith(path, ".gz")) {
    stream = std::make_unique<GzipStream>(path);
  } else if (EndsWith(path, ".zst")) {
    stream = std::make_unique<ZstdStream>(path);
  } else {
    stream = std::make_unique<RawStream>(path);
  }
  if (encoding != Encoding::kUtf8) stream = std::make_unique<TranscodedStream>(path, std::move(stream), encoding);
  return stream;
}

}  // namespace tinderbox::csv
