#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "csv/blocks.h"
#include "csv/options.h"
#include "diff/discard.h"

namespace tinderbox::diff {

/// One record of a side: enough to find it again, and to tell most different records apart.
struct HashedRecord {
  uint64_t hash;
  uint64_t offset;
  static constexpr uint32_t kBad = 1u << 31;  ///< not certainly well-formed

  uint32_t length_and_flag;
  uint32_t line;  ///< from the begin of its run
  uint32_t length() const { return length_and_flag & ~kBad; }
  bool good() const { return (length_and_flag & kBad) == 0; }
  /// May have the same bytes.
  bool Resembles(const HashedRecord& other) const { return hash == other.hash && length() == other.length(); }
};

/// Records next to each other in one file.
struct RecordRun {
  size_t file = 0;
  size_t chunk = 0;
  uint64_t first_line = 0;
  size_t count = 0;
  std::vector<HashedRecord> records;
  std::vector<uint64_t> keys;  ///< hash of the key's value, by record; empty when it was not asked for
  bool keys_good = true;       ///< every key has a value that its hash stands for
  bool keys_ascend = false;    ///< the key is one integer, and strictly ascends
  int64_t first_key = 0, last_key = 0;
};

/// What is wanted of a side.
struct RecordScan {
  const std::vector<std::string>* files;
  csv::CsvOptions options;
  StructType schema;        ///< by position
  std::vector<size_t> key;  ///< positions
  bool check = false;       ///< mark records that are not certainly well-formed
  uint64_t hash_mask = ~uint64_t{0};
};

/// Hashes the records of a block and, as asked, checks them.
class RecordHasher {
 public:
  explicit RecordHasher(const RecordScan& scan) : scan_(scan), fields_(scan.options) {}
  RecordRun Hash(const csv::Block& block);

 private:
  bool IsGood(const csv::Block& block, const csv::Record& record, bool valid_utf8);
  /// False: the key has no hash that is the same exactly for equal values.
  bool HashKey(const csv::Block& block, const csv::Record& record, uint64_t* hash, std::optional<int64_t>* integer);

  const RecordScan& scan_;
  csv::FieldReader fields_;
};

}  // namespace tinderbox::diff
