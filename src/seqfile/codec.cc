#include "seqfile/codec.h"

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/util/compression.h>
#include <strings.h>

#include <algorithm>
#include <cstring>

namespace tinderbox::seqfile {

using arrow::Compression;

/// Streams are whole streams of their format. Hadoop cuts what Snappy and LZ4 compress into chunks.
enum class Framing { kStream, kChunks };

struct Codec {
  const char* name;
  const char* java_class;
  Compression::type type;
  Framing framing;
};

namespace {

// Of two classes with one name, the first is written.
constexpr Codec kCodecs[] = {
    {"deflate", "org.apache.hadoop.io.compress.DefaultCodec", Compression::GZIP, Framing::kStream},
    {"deflate", "org.apache.hadoop.io.compress.DeflateCodec", Compression::GZIP, Framing::kStream},
    {"gzip", "org.apache.hadoop.io.compress.GzipCodec", Compression::GZIP, Framing::kStream},
    {"zstd", "org.apache.hadoop.io.compress.ZStandardCodec", Compression::ZSTD, Framing::kStream},
    {"bzip2", "org.apache.hadoop.io.compress.BZip2Codec", Compression::BZ2, Framing::kStream},
    {"snappy", "org.apache.hadoop.io.compress.SnappyCodec", Compression::SNAPPY, Framing::kChunks},
    {"lz4", "org.apache.hadoop.io.compress.Lz4Codec", Compression::LZ4, Framing::kChunks},
};

constexpr size_t kPiece = 64 << 10;
constexpr size_t kChunk = 128 << 10;              // Hadoop reads up to 256 KiB by default
constexpr uint64_t kLargestChunk = 256ULL << 20;  // of those who set Hadoop's buffers higher

[[noreturn]] void FailCodec(const Codec& codec, const arrow::Status& status) {
  base::Fail("TINDERBOX_WRITE_FAILED", "The codec {} failed: {}.", codec.name, status.message());
}

std::unique_ptr<arrow::util::Codec> MakeArrowCodec(const Codec& codec) {
  arrow::util::CodecOptions plain;
  arrow::util::GZipCodecOptions zlib;
  zlib.gzip_format =
      std::string_view(codec.name) == "gzip" ? arrow::util::GZipFormat::GZIP : arrow::util::GZipFormat::ZLIB;
  auto made = arrow::util::Codec::Create(
      codec.type, codec.type == Compression::GZIP ? static_cast<const arrow::util::CodecOptions&>(zlib) : plain);
  if (!made.ok()) FailCodec(codec, made.status());
  return std::move(made).ValueUnsafe();
}

uint8_t* Bytes(char* bytes) {
  return reinterpret_cast<uint8_t*>(bytes);
}
const uint8_t* Bytes(const char* bytes) {
  return reinterpret_cast<const uint8_t*>(bytes);
}

class StreamDecoder : public ByteSource {
 public:
  StreamDecoder(const Codec& codec, FileRange source)
      : codec_(MakeArrowCodec(codec)), source_(std::move(source)), in_(kPiece, '\0') {
    auto made = codec_->MakeDecompressor();
    if (!made.ok()) FailCodec(codec, made.status());
    state_ = std::move(made).ValueUnsafe();
  }

  size_t Read(char* out, size_t size) override {
    while (size > 0) {
      if (at_ == have_) {
        at_ = 0;
        have_ = source_.Read(in_.data(), in_.size());
      }
      if (state_->IsFinished()) {
        if (have_ == 0) return 0;
        Check(state_->Reset());  // streams may follow each other
      }
      const auto done = state_->Decompress(static_cast<int64_t>(have_ - at_), Bytes(in_.data()) + at_,
                                           static_cast<int64_t>(size), Bytes(out));
      Check(done.status());
      at_ += static_cast<size_t>(done->bytes_read);
      if (done->bytes_written > 0) return static_cast<size_t>(done->bytes_written);
      if (done->bytes_read > 0 || state_->IsFinished()) continue;
      if (have_ == 0) FailDamaged("what is compressed ends too early");
      if (at_ < have_) FailDamaged("what is compressed does not go on");
    }
    return 0;
  }

  void FailDamaged(std::string_view why) const override { source_.FailDamaged(why); }

 private:
  void Check(const arrow::Status& status) const {
    if (!status.ok()) FailDamaged(fmt::format("what is compressed cannot be read: {}", status.message()));
  }

  std::unique_ptr<arrow::util::Codec> codec_;
  FileRange source_;
  std::shared_ptr<arrow::util::Decompressor> state_;
  std::string in_;
  size_t at_ = 0, have_ = 0;
};

/// Hadoop's blocks: the length of what is compressed, then chunks, each behind its compressed length, until they hold
/// as much.
class ChunkDecoder : public ByteSource {
 public:
  ChunkDecoder(const Codec& codec, FileRange source)
      : type_(codec.type), codec_(MakeArrowCodec(codec)), source_(std::move(source)) {}

  size_t Read(char* out, size_t size) override {
    while (given_ == chunk_.size()) {
      if (!NextChunk()) return 0;
    }
    size = std::min(size, chunk_.size() - given_);
    std::memcpy(out, chunk_.data() + given_, size);
    given_ += size;
    return size;
  }

  void FailDamaged(std::string_view why) const override { source_.FailDamaged(why); }

 private:
  bool NextChunk() {
    chunk_.clear();
    given_ = 0;
    while (left_ == 0) {
      if (source_.position() == source_.end()) return false;
      left_ = Length();
    }
    const std::string compressed = source_.ReadText(Length());
    chunk_.resize(Capacity(compressed));
    const auto done = codec_->Decompress(static_cast<int64_t>(compressed.size()), Bytes(compressed.data()),
                                         static_cast<int64_t>(chunk_.size()), Bytes(chunk_.data()));
    if (!done.ok()) FailDamaged("a compressed chunk cannot be read");
    chunk_.resize(static_cast<size_t>(*done));
    if (chunk_.empty()) FailDamaged("a compressed chunk is empty");
    left_ -= chunk_.size();
    return true;
  }

  uint64_t Length() {
    const int32_t length = source_.ReadInt();
    if (length < 0) FailDamaged(fmt::format("the length {} is negative", length));
    return static_cast<uint64_t>(length);
  }

  /// Room for the chunk: never more than the block lacks, nor than its bytes can stand for.
  size_t Capacity(const std::string& compressed) const {
    const uint64_t ratio = type_ == Compression::SNAPPY ? 32 : 256;  // of a copy, at most, in the two formats
    const uint64_t room = std::min(left_, (compressed.size() + 1) * ratio);
    if (room > kLargestChunk && left_ > kLargestChunk) {
      FailDamaged(fmt::format("a compressed chunk of more than {} MiB", kLargestChunk >> 20));
    }
    return static_cast<size_t>(room);
  }

  Compression::type type_;
  std::unique_ptr<arrow::util::Codec> codec_;
  FileRange source_;
  uint64_t left_ = 0;  // of the block
  std::string chunk_;
  size_t given_ = 0;
};

class StreamEncoder : public Encoder {
 public:
  StreamEncoder(const Codec& codec, Sink sink)
      : what_(codec), codec_(MakeArrowCodec(codec)), sink_(std::move(sink)), out_(kPiece, '\0') {
    auto made = codec_->MakeCompressor();
    if (!made.ok()) FailCodec(what_, made.status());
    state_ = std::move(made).ValueUnsafe();
  }

  void Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto done = state_->Compress(static_cast<int64_t>(bytes.size()), Bytes(bytes.data()), Room(), Out());
      if (!done.ok()) FailCodec(what_, done.status());
      bytes.remove_prefix(static_cast<size_t>(done->bytes_read));
      Give(done->bytes_written, done->bytes_read == 0);
    }
  }

  void Finish() override {
    while (true) {
      const auto done = state_->End(Room(), Out());
      if (!done.ok()) FailCodec(what_, done.status());
      Give(done->bytes_written, true);
      if (!done->should_retry) return;
    }
  }

 private:
  int64_t Room() const { return static_cast<int64_t>(out_.size() - used_); }
  uint8_t* Out() { return Bytes(out_.data()) + used_; }
  void Give(int64_t written, bool now) {
    used_ += static_cast<size_t>(written);
    if (!now && used_ < out_.size()) return;
    sink_(std::string_view(out_.data(), used_));
    used_ = 0;
  }

  const Codec& what_;
  std::unique_ptr<arrow::util::Codec> codec_;
  Sink sink_;
  std::shared_ptr<arrow::util::Compressor> state_;
  std::string out_;
  size_t used_ = 0;
};

class ChunkEncoder : public Encoder {
 public:
  ChunkEncoder(const Codec& codec, Sink sink) : what_(codec), codec_(MakeArrowCodec(codec)), sink_(std::move(sink)) {}

  void Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const size_t n = std::min(bytes.size(), kChunk - pending_.size());
      pending_.append(bytes.substr(0, n));
      bytes.remove_prefix(n);
      if (pending_.size() == kChunk) WriteChunk();
    }
  }

  void Finish() override {
    if (!pending_.empty()) WriteChunk();
  }

 private:
  void WriteChunk() {
    const auto size = static_cast<int64_t>(pending_.size());
    const int64_t room = codec_->MaxCompressedLen(size, Bytes(pending_.data()));
    std::string compressed(static_cast<size_t>(room), '\0');
    const auto done = codec_->Compress(size, Bytes(pending_.data()), room, Bytes(compressed.data()));
    if (!done.ok()) FailCodec(what_, done.status());
    std::string head;
    AppendInt(&head, static_cast<int32_t>(size));
    AppendInt(&head, static_cast<int32_t>(*done));
    sink_(head);
    sink_(std::string_view(compressed).substr(0, static_cast<size_t>(*done)));
    pending_.clear();
  }

  const Codec& what_;
  std::unique_ptr<arrow::util::Codec> codec_;
  Sink sink_;
  std::string pending_;
};

}  // namespace

const Codec* FindCodec(std::string_view name) {
  const auto* found = std::find_if(std::begin(kCodecs), std::end(kCodecs), [&](const Codec& codec) {
    return std::string_view(codec.name).size() == name.size() && strncasecmp(codec.name, name.data(), name.size()) == 0;
  });
  return found == std::end(kCodecs) ? nullptr : found;
}

const Codec* FindCodecOfClass(std::string_view java_class) {
  const auto* found = std::find_if(std::begin(kCodecs), std::end(kCodecs),
                                   [&](const Codec& codec) { return codec.java_class == java_class; });
  return found == std::end(kCodecs) ? nullptr : found;
}

const char* NameOf(const Codec& codec) {
  return codec.name;
}

const char* ClassOf(const Codec& codec) {
  return codec.java_class;
}

std::vector<std::string> CodecNames() {
  std::vector<std::string> names;
  for (const Codec& codec : kCodecs) {
    if (names.empty() || names.back() != codec.name) names.emplace_back(codec.name);
  }
  return names;
}

std::unique_ptr<ByteSource> MakeDecoder(const Codec& codec, FileRange compressed) {
  if (codec.framing == Framing::kChunks) return std::make_unique<ChunkDecoder>(codec, std::move(compressed));
  return std::make_unique<StreamDecoder>(codec, std::move(compressed));
}

std::unique_ptr<Encoder> MakeEncoder(const Codec& codec, Sink sink) {
  if (codec.framing == Framing::kChunks) return std::make_unique<ChunkEncoder>(codec, std::move(sink));
  return std::make_unique<StreamEncoder>(codec, std::move(sink));
}

}  // namespace tinderbox::seqfile
