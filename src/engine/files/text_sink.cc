#include "engine/files/text_sink.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "base/fail.h"

namespace tinderbox::engine {
namespace {

class FileSink : public TextSink {
 public:
  explicit FileSink(const std::filesystem::path& file) : path_(file.string()) {
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file_ < 0) Failed(errno);
  }
  ~FileSink() override {
    if (file_ >= 0) ::close(file_);
  }
  void Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = ::write(file_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) Failed(errno);
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  void Finish() override {
    if (::close(std::exchange(file_, -1)) != 0) Failed(errno);
  }

 private:
  [[noreturn]] void Failed(int code) const {
    base::FailErrno("TINDERBOX_WRITE_FAILED", code, fmt::format("The file {} cannot be written", path_));
  }
  std::string path_;
  int file_ = -1;
};

constexpr size_t kPiece = 256 << 10;

class GzipSink : public TextSink {
 public:
  explicit GzipSink(const std::filesystem::path& file) : file_(file), out_(kPiece) {
    constexpr int kGzipWindow = 15 + 16;
    if (deflateInit2(&state_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
      base::Fail("TINDERBOX_WRITE_FAILED", "Compression for the file {} cannot be started.", file.string());
    }
  }
  ~GzipSink() override { deflateEnd(&state_); }
  void Write(std::string_view bytes) override {
    state_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    state_.avail_in = static_cast<uInt>(bytes.size());
    Drain(Z_NO_FLUSH);
  }
  void Finish() override {
    state_.avail_in = 0;
    Drain(Z_FINISH);
    file_.Finish();
  }

 private:
  void Drain(int flush) {
    do {
      state_.next_out = reinterpret_cast<Bytef*>(out_.data());
      state_.avail_out = static_cast<uInt>(out_.size());
      deflate(&state_, flush);
      file_.Write({out_.data(), out_.size() - state_.avail_out});
    } while (state_.avail_out == 0);
  }
  FileSink file_;
  std::vector<char> out_;
  z_stream state_{};
};

class ZstdSink : public TextSink {
 public:
  explicit ZstdSink(const std::filesystem::path& file) : file_(file), out_(kPiece), state_(ZSTD_createCStream()) {}
  ~ZstdSink() override { ZSTD_freeCStream(state_); }
  void Write(std::string_view bytes) override { Drain(bytes, ZSTD_e_continue); }
  void Finish() override {
    Drain({}, ZSTD_e_end);
    file_.Finish();
  }

 private:
  void Drain(std::string_view bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    size_t left = 0;
    do {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      left = ZSTD_compressStream2(state_, &out, &in, directive);
      if (ZSTD_isError(left)) base::Fail("TINDERBOX_WRITE_FAILED", "Compression failed: {}.", ZSTD_getErrorName(left));
      file_.Write({out_.data(), out.pos});
    } while (directive == ZSTD_e_end ? left != 0 : in.pos < in.size);
  }
  FileSink file_;
  std::vector<char> out_;
  ZSTD_CStream* state_;
};

}  // namespace

std::unique_ptr<TextSink> OpenTextSink(const std::filesystem::path& file, TextCompression compression) {
  switch (compression) {
    case TextCompression::kNone:
      return std::make_unique<FileSink>(file);
    case TextCompression::kGzip:
      return std::make_unique<GzipSink>(file);
    case TextCompression::kZstd:
      return std::make_unique<ZstdSink>(file);
  }
  return nullptr;
}

}  // namespace tinderbox::engine
