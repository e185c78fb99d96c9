#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

namespace tinderbox::engine {

enum class TextCompression { kNone, kGzip, kZstd };

/// A file being written, compressed on the way. Throws Error TINDERBOX_WRITE_FAILED naming the file.
class TextSink {
 public:
  virtual ~TextSink() = default;
  virtual void Write(std::string_view bytes) = 0;
  /// Writes what is left and closes; without it the file is not complete.
  virtual void Finish() = 0;
};

std::unique_ptr<TextSink> OpenTextSink(const std::filesystem::path& file, TextCompression compression);

}  // namespace tinderbox::engine
