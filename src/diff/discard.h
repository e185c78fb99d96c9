#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tinderbox/dataframe.h"
#include "tinderbox/diff.h"

// Passes that remove rows which are certainly equal on both sides before the exact, typed comparison. They never decide
// that rows differ, and a removed pair has been compared byte by byte, so hashes and their collisions cannot change an
// answer. When a pass cannot be sure of anything, it gives up and the exact comparison sees all rows.

namespace tinderbox::diff {

struct Discarded {
  int64_t left_rows = 0;  ///< rows of each side, before
  int64_t right_rows = 0;
  int64_t pairs = 0;              ///< rows removed from each side
  bool left_keys_unique = false;  ///< proven: no key occurs twice on that side; false: not known
  bool right_keys_unique = false;
};

/// Reports progress (fraction, rows of both sides so far); throws Interrupted to stop.
using DiscardProgress = std::function<void(double fraction, uint64_t rows)>;

/// Test hook: keep only the low `bits` of every hash; 64 is normal.
struct DiscardTuning {
  int hash_bits = 64;
  uint64_t max_remaining_bytes = 256u << 20;  ///< give up when the rows that stay would take more memory
  int threads = 2;
};

// --- columns -------------------------------------------------------------------------------------------------------

struct ColumnDiscard {
  Discarded counts;
  std::vector<ArrowBatch> left, right;  ///< the rows that stay
};

/// Reads two streams of one schema in lock step and drops equal rows that stand at (nearly) the same place.
/// `key_columns`: indexes of the key, empty when keyless. `compared`: columns that decide equality; the others ride
/// along. Returns nullopt when too little would be dropped.
std::optional<ColumnDiscard> DiscardEqualRows(BatchReader& left, BatchReader& right,
                                              const std::vector<size_t>& key_columns,
                                              const std::vector<size_t>& compared, const DiscardTuning& tuning,
                                              const DiscardProgress& progress);

/// True when no key occurs twice among the rows of `keys` (all columns of the stream), proven by their order or by
/// distinct hashes; false when it is not known.
bool KeysAreUnique(BatchReader& keys, const DiscardTuning& tuning, const DiscardProgress& progress);

// --- CSV bytes -----------------------------------------------------------------------------------------------------

struct CsvDiscardSide {
  std::vector<std::string> files;              ///< in reading order
  std::map<std::string, std::string> options;  ///< as for the CSV reader
};

struct CsvDiscard {
  Discarded counts;
  /// Path of a record index for each side, to be passed to the CSV reader as the option "recordIndex": it then reads
  /// only the records that stay. Owned by the caller's temporary folder.
  std::string left_index, right_index;
};

/// Pairs byte-equal, certainly well-formed records of two CSV inputs of the same dialect and the same columns in the
/// same order. `schema` names and types the columns by position, `key` are names in it. Files are read once, in
/// parallel; memory does not grow with their size but with the number of records (about 24 bytes each). Returns nullopt
/// when the dialects do not allow it (other separators, quotes not RFC 4180, compressed, not UTF-8, …).
std::optional<CsvDiscard> DiscardEqualRecords(const CsvDiscardSide& left, const CsvDiscardSide& right,
                                              const StructType& schema, const std::vector<std::string>& key,
                                              const std::string& temp_directory, const DiscardTuning& tuning,
                                              const DiscardProgress& progress);

}  // namespace tinderbox::diff
