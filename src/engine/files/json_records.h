#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "csv/input.h"
#include "engine/files/json_options.h"

namespace tinderbox::engine {

/// One record of a block: offsets into its text, without white space around it.
struct JsonRecord {
  size_t begin = 0;
  size_t end = 0;
  uint64_t line = 0;    ///< where it starts, from 1
  bool broken = false;  ///< no JSON value whatever its text is: an array that is not closed, a comma too many
};

/// Cuts a stream of values, arrays opened at the top, into records, piece by piece. Follows quotes and brackets only;
/// whether a record is JSON is for its reader to see.
class DocumentCutter {
 public:
  explicit DocumentCutter(const JsonDialect& dialect, uint64_t first_line = 1) : dialect_(dialect), line_(first_line) {}

  /// Appends the records that are complete in `text` and returns how many bytes are done with; the next call's text
  /// starts with the rest. `final`: nothing comes after this text.
  size_t Cut(std::string_view text, bool final, std::vector<JsonRecord>* records);

 private:
  size_t ElementEnd(std::string_view text, size_t at) const;

  JsonDialect dialect_;
  uint64_t line_;
  bool in_array_ = false;
  bool after_comma_ = false;
};

/// Whole records that stand next to each other in one file.
struct JsonBlock {
  size_t file = 0;
  std::string text;
  std::vector<JsonRecord> records;
};

/// Cuts files into blocks for any number of threads. A file whose first byte, white space aside, is '[' is read as a
/// document.
class JsonBlockReader {
 public:
  JsonBlockReader(std::vector<std::string> files, const JsonOptions& options, size_t block_bytes = 1 << 20);
  ~JsonBlockReader();

  struct Reading;
  /// False at the end. Thread-safe; each thread has its own block and its own `home`, empty at first. Throws Error.
  bool Next(std::shared_ptr<Reading>* home, JsonBlock* block);
  double Fraction() const;
  size_t MaxBlocks() const;
  const std::vector<std::string>& files() const { return files_; }

 private:
  std::shared_ptr<Reading> FindWork();

  const std::vector<std::string> files_;
  const JsonOptions options_;
  const size_t block_bytes_;
  uint64_t total_bytes_ = 0;
  std::atomic<uint64_t> done_bytes_{0};

  std::mutex mutex_;
  size_t next_file_ = 0;
  size_t next_shared_ = 0;
  std::vector<std::shared_ptr<Reading>> open_;
};

}  // namespace tinderbox::engine
