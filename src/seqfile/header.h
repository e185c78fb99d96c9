#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "seqfile/codec.h"

namespace tinderbox::seqfile {

inline constexpr size_t kSyncSize = 16;
inline constexpr int32_t kSyncEscape = -1;  ///< stands where the length of a record would, before a sync marker

enum class Compression { kNone, kRecord, kBlock };
const char* NameOf(Compression compression);

/// What a key or value is in a file. Of other classes only Java knows how they are written.
enum class Writable { kText, kBytes, kNull, kInt, kLong };
const char* ClassOf(Writable writable);

/// The head of a SequenceFile, version 6.
struct Header {
  Writable key = Writable::kText;
  Writable value = Writable::kBytes;
  Compression compression = Compression::kNone;
  const Codec* codec = nullptr;  ///< null exactly when there is no compression
  std::vector<std::pair<std::string, std::string>> metadata;
  std::string sync;   ///< kSyncSize random bytes
  uint64_t size = 0;  ///< of the head itself

  /// Throws Error: DamagedFile, or UNSUPPORTED_FEATURE.SEQUENCEFILE for versions, classes and codecs we do not know.
  static Header Read(FileRange* in);
  /// As bytes; sets `size`.
  std::string ToBytes();
  /// Null when there is none of that name.
  const std::string* FindMetadata(std::string_view name) const;
};

}  // namespace tinderbox::seqfile
