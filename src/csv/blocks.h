#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "csv/input.h"
#include "csv/records.h"

namespace tinderbox::csv {

struct BlockTuning {
  size_t block_bytes = 1 << 20;
  Simd simd = BestSimd();
};

/// Whole records that stand next to each other in one file, without its header. Its memory is used again for the next
/// block.
struct Block {
  explicit Block(const Dialect& dialect, Simd simd = BestSimd()) : walker(dialect, simd) {}

  size_t file = 0;          ///< number in the reader's list
  uint64_t offset = 0;      ///< of data()[0] in the text of the file
  uint64_t first_line = 0;  ///< a record stands at line first_line + Record::line
  size_t first_record = 0;  ///< walker.records()[first_record, walker.record_count()) are the block's
  RecordWalker walker;
  Buffer<char> bytes;
  uint32_t size = 0;
  size_t chunk = 0;  ///< number within the file; blocks of a file are in this order

  const char* data() const { return bytes.data(); }
  size_t record_count() const { return walker.record_count() - first_record; }
  const Record& record(size_t i) const { return walker.records()[first_record + i]; }
  const Field* fields(const Record& record) const { return walker.fields() + record.first_field; }
  std::string_view text(const Record& record) const { return {data() + record.begin, record.end - record.begin}; }
};

/// Cuts files into blocks for any number of threads. Plain files are cut at multiples of block_bytes: each thread
/// guesses where the first record of its piece begins, and does the work again in the rare case that the thread before
/// it, which knows, says otherwise; so the result never depends on the guess. Other files are read in order, several
/// files at once.
class BlockReader {
 public:
  /// `expected_fields`: fields of a good record, which makes the guesses good; 0: unknown.
  BlockReader(std::vector<std::string> files, const CsvOptions& options, size_t expected_fields,
              BlockTuning tuning = {});
  ~BlockReader();
  /// False at the end. Thread-safe; each thread has its own block. Throws Error.
  bool Next(Block* block);
  /// Ends the reading for all threads: Next returns false.
  void Cancel();
  double Fraction() const;
  /// An upper estimate of the number of blocks.
  size_t MaxBlocks() const;
  const std::vector<std::string>& files() const { return files_; }

 private:
  struct Plain;
  struct Stream;
  bool NextOfPlain(Plain* plain, size_t chunk, Block* block);
  bool NextOfStream(Stream* stream, Block* block);

  const std::vector<std::string> files_;
  const CsvOptions options_;
  const size_t expected_fields_;
  const BlockTuning tuning_;
  std::vector<uint64_t> sizes_;
  uint64_t total_bytes_ = 0;
  std::atomic<uint64_t> done_bytes_{0};

  std::mutex mutex_;
  std::condition_variable changed_;
  bool cancelled_ = false;
  size_t next_file_ = 0;
  std::shared_ptr<Plain> plain_;                  // whose pieces are being given out
  std::vector<std::shared_ptr<Stream>> streams_;  // open ones
};

}  // namespace tinderbox::csv
