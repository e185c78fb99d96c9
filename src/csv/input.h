#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/input_file.h"
#include "csv/options.h"

namespace tinderbox::csv {

using File = base::InputFile;

/// Bytes that can only be read in order.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Returns how many bytes were read; 0 at the end.
  virtual size_t Read(char* out, size_t size) = 0;
};

/// Whether the bytes of the file are the text itself: not compressed (told by the extensions .gz, .zst) and UTF-8.
bool IsPlain(const std::string& path, Encoding encoding);

/// The text of a file as UTF-8: decompressed by its extension, transcoded. Throws Error FAILED_READ_FILE for damaged
/// data and UNSUPPORTED_FEATURE.CSV_COMPRESSION for extensions of other compressions.
std::unique_ptr<ByteStream> OpenText(const std::string& path, Encoding encoding);

}  // namespace tinderbox::csv
