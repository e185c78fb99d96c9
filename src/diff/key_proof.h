#pragma once

#include <cstdint>
#include <vector>

#include "diff/discard.h"

namespace tinderbox::diff {

/// The hashes that count: all bits, or the low ones of the test hook.
inline uint64_t HashMask(const DiscardTuning& tuning) {
  return tuning.hash_bits >= 64 ? ~0ull : (1ull << tuning.hash_bits) - 1;
}

/// Whether the keys of one side are all different: proven by a strictly ascending order, else by distinct hashes.
class KeyProof {
 public:
  /// `schema` and `keys` must outlive it.
  KeyProof(const StructType& schema, const std::vector<size_t>& keys, uint64_t mask);

  void Add(const ArrowBatch& batch, int64_t from, int64_t rows);
  /// The rows added so far, and these n with them, have one integral key, without NULLs, in strictly ascending order.
  bool Ascends(const ArrowBatch& batch, int64_t from, int64_t rows) const;
  bool possible() const { return possible_; }
  /// The key of a row. REQUIRES Ascends.
  int64_t Key(const ArrowBatch& batch, int64_t row) const {
    const ArrowArray& column = batch.column(keys_[0]);
    const int64_t at = column.offset + batch.array().offset + row;
    if (schema_.fields[keys_[0]].type.kind() == TypeKind::kLong) {
      return static_cast<const int64_t*>(column.buffers[1])[at];
    }
    return static_cast<const int32_t*>(column.buffers[1])[at];
  }
  /// Call it last.
  bool Unique();

 private:
  bool Ascending(const ArrowBatch& batch, int64_t from, int64_t rows, bool started, int64_t* last) const;

  const StructType& schema_;
  const std::vector<size_t>& keys_;
  uint64_t mask_;
  bool possible_ = true;
  bool ascending_ = false;
  bool started_ = false;
  int64_t last_ = 0;
  int64_t seen_ = 0;
  std::vector<uint64_t> hashes_;
};

}  // namespace tinderbox::diff
