#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "seqfile/bytes.h"

namespace tinderbox::seqfile {

/// How one stream of bytes is compressed: one of a fixed table.
struct Codec;

/// By our name ("deflate"), in any letter case; null when there is none.
const Codec* FindCodec(std::string_view name);
/// By Hadoop's class name; null when we cannot read it.
const Codec* FindCodecOfClass(std::string_view java_class);
const char* NameOf(const Codec& codec);
const char* ClassOf(const Codec& codec);
/// Each name once.
std::vector<std::string> CodecNames();

/// The bytes behind a compressed part of a file. Ends after the last one, its checksum included, was seen to be right.
std::unique_ptr<ByteSource> MakeDecoder(const Codec& codec, FileRange compressed);

using Sink = std::function<void(std::string_view)>;

/// One compressed stream.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual void Write(std::string_view bytes) = 0;
  /// Writes what is still held back. Nothing may follow.
  virtual void Finish() = 0;
};
std::unique_ptr<Encoder> MakeEncoder(const Codec& codec, Sink sink);

}  // namespace tinderbox::seqfile
