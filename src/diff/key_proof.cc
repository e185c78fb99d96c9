#include "diff/key_proof.h"

#include <algorithm>
#include <numeric>

#include "diff/column_bits.h"

namespace tinderbox::diff {
namespace {

constexpr int64_t kAscendingRows = 1 << 16;  // ascending keys after which their hashes are no longer kept
constexpr int64_t kMaxKeyHashes = 64 << 20;  // 512 MiB of key hashes at the most

template <typename T>
bool AscendingValues(const T* values, int64_t rows, bool started, int64_t* last) {
  bool ok = !started || values[0] > *last;
  for (int64_t k = 1; k < rows; ++k) ok &= values[k] > values[k - 1];
  *last = values[rows - 1];
  return ok;
}

}  // namespace

KeyProof::KeyProof(const StructType& schema, const std::vector<size_t>& keys, uint64_t mask)
    : schema_(schema), keys_(keys), mask_(mask) {
  ascending_ = keys.size() == 1 && (schema.fields[keys[0]].type.kind() == TypeKind::kLong ||
                                    schema.fields[keys[0]].type.kind() == TypeKind::kInteger);
  // Equal keys must have equal bits: 0.0 and -0.0 do not.
  possible_ = !keys.empty() && std::ranges::none_of(keys, [&](size_t c) {
    const DataType& type = schema.fields[c].type;
    return type.kind() == TypeKind::kFloat || type.kind() == TypeKind::kDouble || type.IsNested();
  });
}

void KeyProof::Add(const ArrowBatch& batch, int64_t from, int64_t rows) {
  if (!possible_ || rows == 0) return;
  ascending_ = ascending_ && Ascending(batch, from, rows, started_, &last_);
  started_ = true;
  // An order that only breaks later left no hashes to go on with.
  if (!ascending_ && static_cast<int64_t>(hashes_.size()) != seen_) possible_ = false;
  seen_ += rows;
  if (!possible_ || seen_ > (ascending_ ? kAscendingRows : kMaxKeyHashes)) {
    possible_ = possible_ && ascending_;
    hashes_ = {};
    return;
  }
  for (int64_t k = 0; k < rows; ++k) {
    uint64_t hash = 1;
    for (size_t c : keys_)
      hash = HashValue(schema_.fields[c].type, batch.column(c), batch.array().offset + from + k, hash);
    hashes_.push_back(hash & mask_);
  }
}

bool KeyProof::Ascends(const ArrowBatch& batch, int64_t from, int64_t rows) const {
  int64_t last = last_;
  return possible_ && ascending_ && Ascending(batch, from, rows, started_, &last);
}

bool KeyProof::Unique() {
  if (!possible_ || ascending_) return possible_;
  std::sort(hashes_.begin(), hashes_.end());
  return std::adjacent_find(hashes_.begin(), hashes_.end()) == hashes_.end();
}

bool KeyProof::Ascending(const ArrowBatch& batch, int64_t from, int64_t rows, bool started, int64_t* last) const {
  const ArrowArray& column = batch.column(keys_[0]);
  if (HasNulls(column)) return false;
  const int64_t at = column.offset + batch.array().offset + from;
  if (schema_.fields[keys_[0]].type.kind() == TypeKind::kLong) {
    return AscendingValues(static_cast<const int64_t*>(column.buffers[1]) + at, rows, started, last);
  }
  return AscendingValues(static_cast<const int32_t*>(column.buffers[1]) + at, rows, started, last);
}

bool KeysAreUnique(BatchReader& keys, const DiscardTuning& tuning, const DiscardProgress& progress) {
  std::vector<size_t> all(keys.schema().fields.size());
  std::iota(all.begin(), all.end(), size_t{0});
  KeyProof proof(keys.schema(), all, HashMask(tuning));
  uint64_t rows = 0;
  for (ArrowBatch batch; proof.possible() && keys.Next(&batch); batch = ArrowBatch()) {
    proof.Add(batch, 0, batch.rows());
    rows += static_cast<uint64_t>(batch.rows());
    if (progress) progress(-1, rows);
  }
  return proof.Unique();
}

}  // namespace tinderbox::diff
