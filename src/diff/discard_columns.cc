#include <algorithm>
#include <cstring>
#include <numeric>
#include <unordered_map>

#include "diff/discard.h"
#include "diff/prefetch.h"
#include "spark/batch_builder.h"

// How it works. Both streams are read side by side and compared column by column, as arrays. Rows that are equal at the
// same place are dropped; a row that differs stays, on both sides. Where rows were inserted or deleted on one side,
// nothing matches any more: a run of differing rows makes the pass look for the nearest place at which both sides agree
// again, by row hashes within a window, and go on from there. What the hashes propose is always compared value by
// value.

namespace tinderbox::diff {
namespace {

using ::tinderbox::spark::BatchBuilder;
using ::tinderbox::spark::FixedWidth;
using ::tinderbox::spark::IsNull;

constexpr int64_t kRunBeforeResync = 16;   // differing rows in a row that make an insertion likelier than changes
constexpr int64_t kMostSkipped = 1 << 16;  // rows without partner in a row after which keys no longer lead
constexpr int64_t kFirstWindowRows = 64;   // how far an insertion is looked across at first,
constexpr int64_t kWindowRows = 8192;      // and at last
constexpr int64_t kSearchPerRow = 4;  // rows hashed for each row read after which a pass that mostly searches gives up
constexpr int64_t kFirstSlice = 64;   // rows compared at once after a search; doubles while they agree
constexpr int64_t kLargestSlice = 1 << 16;
constexpr int64_t kSampleRows = 1 << 16;  // rows after which a pass that drops too little gives up
constexpr double kLeastDropped = 0.3;
constexpr int64_t kBatchRows = 1 << 16;      // rows of a batch that stays
constexpr int64_t kAscendingRows = 1 << 16;  // ascending keys after which their hashes are no longer kept
constexpr int64_t kMaxKeyHashes = 64 << 20;  // 512 MiB of key hashes at the most

const uint8_t* Bits(const ArrowArray& column, int buffer) {
  return static_cast<const uint8_t*>(column.buffers[buffer]);
}
bool Bit(const uint8_t* bits, int64_t at) {
  return (bits[at / 8] >> (at % 8) & 1) != 0;
}
bool HasNulls(const ArrowArray& column) {
  return column.null_count != 0 && column.n_buffers > 0 && column.buffers[0] != nullptr;
}
const int32_t* Offsets(const ArrowArray& column) {
  return static_cast<const int32_t*>(column.buffers[1]) + column.offset;
}

// Equal to the last bit. Values that are equal in another representation (-0.0, NaN payloads) only count as differing
// here, which is safe: the row stays and is compared exactly.
bool SameValue(const DataType& type, const ArrowArray& a, int64_t i, const ArrowArray& b, int64_t j) {
  if (type.kind() == TypeKind::kNull) return true;
  const bool null_a = IsNull(a, i);
  if (null_a != IsNull(b, j)) return false;
  if (null_a) return true;
  if (const int width = FixedWidth(type.kind()); width > 0) {
    return std::memcmp(static_cast<const char*>(a.buffers[1]) + (a.offset + i) * width,
                       static_cast<const char*>(b.buffers[1]) + (b.offset + j) * width,
                       static_cast<size_t>(width)) == 0;
  }
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return Bit(Bits(a, 1), a.offset + i) == Bit(Bits(b, 1), b.offset + j);
    case TypeKind::kString:
    case TypeKind::kBinary: {
      const int32_t* x = Offsets(a) + i;
      const int32_t* y = Offsets(b) + j;
      const int32_t length = x[1] - x[0];
      return length == y[1] - y[0] && (length == 0 || std::memcmp(static_cast<const char*>(a.buffers[2]) + x[0],
                                                                  static_cast<const char*>(b.buffers[2]) + y[0],
                                                                  static_cast<size_t>(length)) == 0);
    }
    case TypeKind::kArray:
    case TypeKind::kMap: {
      const int32_t* x = Offsets(a) + i;
      const int32_t* y = Offsets(b) + j;
      if (x[1] - x[0] != y[1] - y[0]) return false;
      for (int32_t k = 0; k < x[1] - x[0]; ++k) {
        if (type.kind() == TypeKind::kArray) {
          if (!SameValue(type.element(), *a.children[0], x[0] + k, *b.children[0], y[0] + k)) return false;
        } else {
          const ArrowArray& entries_a = *a.children[0];
          const ArrowArray& entries_b = *b.children[0];
          const int64_t at_a = entries_a.offset + x[0] + k;
          const int64_t at_b = entries_b.offset + y[0] + k;
          if (!SameValue(type.key(), *entries_a.children[0], at_a, *entries_b.children[0], at_b)) return false;
          if (!SameValue(type.value(), *entries_a.children[1], at_a, *entries_b.children[1], at_b)) return false;
        }
      }
      return true;
    }
    case TypeKind::kStruct:
      for (size_t k = 0; k < type.fields().size(); ++k) {
        if (!SameValue(type.fields()[k].type, *a.children[k], a.offset + i, *b.children[k], b.offset + j)) return false;
      }
      return true;
    default:
      return false;
  }
}

#ifdef __clang__  // which only fuzzes, and has no clones of templates
#define TINDERBOX_CLONE_AVX2
#else
#define TINDERBOX_CLONE_AVX2 __attribute__((target_clones("avx2", "default")))
#endif

template <typename T>
TINDERBOX_CLONE_AVX2 void MarkFixed(const T* a, const T* b, int64_t n, uint8_t* differs) {
  for (int64_t i = 0; i < n; ++i) differs[i] = static_cast<uint8_t>(differs[i] | (a[i] != b[i] ? 1 : 0));
}

// Sets differs[k] where row i+k of `a` is not row j+k of `b`, for k in [0, n).
void MarkDiffering(const DataType& type, const ArrowArray& a, int64_t i, const ArrowArray& b, int64_t j, int64_t n,
                   uint8_t* differs) {
  const int width = FixedWidth(type.kind());
  if (width > 0 && !HasNulls(a) && !HasNulls(b)) {
    const char* x = static_cast<const char*>(a.buffers[1]) + (a.offset + i) * width;
    const char* y = static_cast<const char*>(b.buffers[1]) + (b.offset + j) * width;
    if (std::memcmp(x, y, static_cast<size_t>(n * width)) == 0) return;
    switch (width) {
      case 1:
        return MarkFixed(reinterpret_cast<const uint8_t*>(x), reinterpret_cast<const uint8_t*>(y), n, differs);
      case 2:
        return MarkFixed(reinterpret_cast<const uint16_t*>(x), reinterpret_cast<const uint16_t*>(y), n, differs);
      case 4:
        return MarkFixed(reinterpret_cast<const uint32_t*>(x), reinterpret_cast<const uint32_t*>(y), n, differs);
      case 8:
        return MarkFixed(reinterpret_cast<const uint64_t*>(x), reinterpret_cast<const uint64_t*>(y), n, differs);
      default:
        break;
    }
  }
  for (int64_t k = 0; k < n; ++k) {
    if (differs[k] == 0 && !SameValue(type, a, i + k, b, j + k)) differs[k] = 1;
  }
}

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
  return hash ^ (hash >> 32);
}

uint64_t HashBytes(uint64_t hash, const char* bytes, size_t length) {
  hash = Mix(hash, length);
  while (length >= 8) {
    uint64_t word;
    std::memcpy(&word, bytes, 8);
    hash = Mix(hash, word);
    bytes += 8;
    length -= 8;
  }
  uint64_t tail = 0;
  std::memcpy(&tail, bytes, length);
  return Mix(hash, tail);
}

uint64_t HashValue(const DataType& type, const ArrowArray& column, int64_t row, uint64_t hash) {
  if (type.kind() == TypeKind::kNull || IsNull(column, row)) return Mix(hash, 0x6E756C6C);
  if (const int width = FixedWidth(type.kind()); width > 0) {
    return HashBytes(hash, static_cast<const char*>(column.buffers[1]) + (column.offset + row) * width,
                     static_cast<size_t>(width));
  }
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return Mix(hash, Bit(Bits(column, 1), column.offset + row) ? 2 : 1);
    case TypeKind::kString:
    case TypeKind::kBinary: {
      const int32_t* offsets = Offsets(column) + row;
      return HashBytes(hash, static_cast<const char*>(column.buffers[2]) + offsets[0],
                       static_cast<size_t>(offsets[1] - offsets[0]));
    }
    case TypeKind::kStruct:
      for (size_t k = 0; k < type.fields().size(); ++k) {
        hash = HashValue(type.fields()[k].type, *column.children[k], column.offset + row, hash);
      }
      return hash;
    default:
      // Lists and maps do not take part: two rows with the same hash are compared value by value anyway.
      return hash;
  }
}

// One stream with the batches that are still needed: the front is where the comparison stands.
class Cursor {
 public:
  Cursor(BatchReader& reader, const std::vector<size_t>& compared)
      : reader_(reader), compared_(compared), builder_(reader.schema()) {}

  // Makes at least one row available, or returns false at the end.
  bool Fill() { return Buffer(1) > 0; }

  // Buffers until `rows` are available or the stream ends; returns how many there are.
  int64_t Buffer(int64_t rows) {
    while (available_ < rows && !ended_) {
      ArrowBatch batch;
      if (!reader_.Next(&batch)) {
        ended_ = true;
        break;
      }
      available_ += batch.rows();
      read_ += batch.rows();
      batches_.push_back(std::move(batch));
    }
    return available_;
  }

  const ArrowBatch& front() const { return batches_[front_]; }
  int64_t front_row() const { return row_; }
  int64_t front_rows() const { return front().rows() - row_; }
  int64_t read() const { return read_; }

  // Rows leave the window: kept when they stay in the result.
  void Skip(int64_t rows, bool keep) {
    while (rows > 0) {
      const int64_t here = std::min(rows, front_rows());
      if (keep) {
        for (int64_t k = 0; k < here; ++k) Keep(row_ + k);
      }
      row_ += here;
      available_ -= here;
      rows -= here;
      if (front_rows() == 0) {
        batches_[front_] = ArrowBatch();
        row_ = 0;
        if (++front_ == 64) {
          batches_.erase(batches_.begin(), batches_.begin() + static_cast<std::ptrdiff_t>(front_));
          front_ = 0;
        }
      }
    }
  }

  void Keep(int64_t row_in_front) {
    builder_.Append(front(), row_in_front);
    if (builder_.rows() == kBatchRows) Flush();
  }

  void Flush() {
    if (builder_.rows() == 0) return;
    kept_bytes_ += builder_.bytes();
    kept_.push_back(builder_.Finish());
  }

  uint64_t kept_bytes() const { return kept_bytes_ + builder_.bytes(); }
  std::vector<ArrowBatch> TakeKept() {
    Flush();
    return std::move(kept_);
  }

  // Hashes of the compared columns of the next rows of the window.
  std::vector<uint64_t> Hashes(int64_t rows, uint64_t mask) const {
    std::vector<uint64_t> hashes;
    hashes.reserve(static_cast<size_t>(rows));
    const auto& fields = reader_.schema().fields;
    size_t at = front_;
    int64_t row = row_;
    while (static_cast<int64_t>(hashes.size()) < rows) {
      const ArrowBatch& batch = batches_[at];
      for (; row < batch.rows() && static_cast<int64_t>(hashes.size()) < rows; ++row) {
        uint64_t hash = 0;
        for (size_t c : compared_) hash = HashValue(fields[c].type, batch.column(c), batch.array().offset + row, hash);
        hashes.push_back(hash & mask);
      }
      ++at;
      row = 0;
    }
    return hashes;
  }

 private:
  BatchReader& reader_;
  const std::vector<size_t>& compared_;
  BatchBuilder builder_;
  std::vector<ArrowBatch> kept_;
  uint64_t kept_bytes_ = 0;
  std::vector<ArrowBatch> batches_;  // [front_, end) are in use
  size_t front_ = 0;
  int64_t row_ = 0;        // first unused row of the front batch
  int64_t available_ = 0;  // rows from there on
  int64_t read_ = 0;
  bool ended_ = false;
};

// Whether the keys of one side are all different: proven by a strictly ascending order, else by distinct hashes.
class KeyProof {
 public:
  KeyProof(const StructType& schema, const std::vector<size_t>& keys, uint64_t mask)
      : schema_(schema), keys_(keys), mask_(mask) {
    ascending_ = keys.size() == 1 && (schema.fields[keys[0]].type.kind() == TypeKind::kLong ||
                                      schema.fields[keys[0]].type.kind() == TypeKind::kInteger);
    // Equal keys must have equal bits: 0.0 and -0.0 do not.
    possible_ = !keys.empty() && std::ranges::none_of(keys, [&](size_t c) {
      const DataType& type = schema.fields[c].type;
      return type.kind() == TypeKind::kFloat || type.kind() == TypeKind::kDouble || type.IsNested();
    });
  }

  void Add(const ArrowBatch& batch, int64_t from, int64_t rows) {
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

  /// The rows added so far, and these n with them, have one integral key, without NULLs, in strictly ascending order.
  bool Ascends(const ArrowBatch& batch, int64_t from, int64_t rows) const {
    int64_t last = last_;
    return possible_ && ascending_ && Ascending(batch, from, rows, started_, &last);
  }
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

  bool Unique() {
    if (!possible_ || ascending_) return possible_;
    std::sort(hashes_.begin(), hashes_.end());
    return std::adjacent_find(hashes_.begin(), hashes_.end()) == hashes_.end();
  }

 private:
  template <typename T>
  static bool Ascending(const T* values, int64_t rows, bool started, int64_t* last) {
    bool ok = !started || values[0] > *last;
    for (int64_t k = 1; k < rows; ++k) ok &= values[k] > values[k - 1];
    *last = values[rows - 1];
    return ok;
  }

  bool Ascending(const ArrowBatch& batch, int64_t from, int64_t rows, bool started, int64_t* last) const {
    const ArrowArray& column = batch.column(keys_[0]);
    if (HasNulls(column)) return false;
    const int64_t at = column.offset + batch.array().offset + from;
    if (schema_.fields[keys_[0]].type.kind() == TypeKind::kLong) {
      return Ascending(static_cast<const int64_t*>(column.buffers[1]) + at, rows, started, last);
    }
    return Ascending(static_cast<const int32_t*>(column.buffers[1]) + at, rows, started, last);
  }

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

// The pair (rows to skip left, rows to skip right) after which both windows agree, with the smallest sum.
std::optional<std::pair<int64_t, int64_t>> FindAgreement(const std::vector<uint64_t>& left,
                                                         const std::vector<uint64_t>& right) {
  std::unordered_map<uint64_t, int64_t> first_right;
  first_right.reserve(right.size());
  for (size_t j = 0; j < right.size(); ++j) first_right.try_emplace(right[j], static_cast<int64_t>(j));
  std::optional<std::pair<int64_t, int64_t>> best;
  for (size_t i = 0; i < left.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    if (best && at >= best->first + best->second) break;
    const auto found = first_right.find(left[i]);
    if (found == first_right.end() || (at == 0 && found->second == 0)) continue;
    if (!best || at + found->second < best->first + best->second) best = {at, found->second};
  }
  return best;
}

class ColumnPass {
 public:
  ColumnPass(BatchReader& left, BatchReader& right, const std::vector<size_t>& keys,
             const std::vector<size_t>& compared, const DiscardTuning& tuning, const DiscardProgress& progress)
      : fields_(left.schema().fields),
        compared_(compared),
        tuning_(tuning),
        progress_(progress),
        mask_(tuning.hash_bits >= 64 ? ~0ull : (1ull << tuning.hash_bits) - 1),
        left_(left, compared),
        right_(right, compared),
        left_keys_(left.schema(), keys, mask_),
        right_keys_(right.schema(), keys, mask_) {}

  std::optional<ColumnDiscard> Run() {
    while (left_.Fill() && right_.Fill()) {
      CompareFronts();
      if (GivesUp()) return std::nullopt;
    }
    Drain(left_, left_keys_);
    Drain(right_, right_keys_);
    if (left_.kept_bytes() + right_.kept_bytes() > tuning_.max_remaining_bytes) return std::nullopt;
    ColumnDiscard out;
    out.counts.left_rows = left_.read();
    out.counts.right_rows = right_.read();
    out.counts.pairs = pairs_;
    out.counts.left_keys_unique = left_keys_.Unique();
    out.counts.right_keys_unique = right_keys_.Unique();
    out.left = left_.TakeKept();
    out.right = right_.TakeKept();
    return out;
  }

 private:
  void CompareFronts() {
    const int64_t n = std::min({left_.front_rows(), right_.front_rows(), slice_});
    const ArrowBatch& a = left_.front();
    const ArrowBatch& b = right_.front();
    const int64_t i = left_.front_row();
    const int64_t j = right_.front_row();
    differs_.assign(static_cast<size_t>(n), 0);
    for (size_t c : compared_) {
      MarkDiffering(fields_[c].type, a.column(c), a.array().offset + i, b.column(c), b.array().offset + j, n,
                    differs_.data());
    }
    int64_t done = 0;  // rows of this slice that are decided
    int64_t run = 0;
    for (int64_t k = 0; k < n; ++k) {
      run = differs_[static_cast<size_t>(k)] != 0 ? run + 1 : 0;
      if (run == kRunBeforeResync) {
        done = k + 1 - run;
        break;
      }
    }
    bool lost = run == kRunBeforeResync;
    if (!lost) done = n;
    by_key_ = by_key_ && left_keys_.Ascends(a, i, n) && right_keys_.Ascends(b, j, n);
    if (by_key_) {
      // Keys in ascending order say at once where a row was inserted.
      const int64_t first_other = FirstOtherKey(a, i, b, j, n);
      lost = first_other < n;
      done = first_other;
    }
    left_keys_.Add(a, i, done);
    right_keys_.Add(b, j, done);
    for (int64_t k = 0; k < done; ++k) {
      if (differs_[static_cast<size_t>(k)] == 0) {
        ++pairs_;
      } else {
        left_.Keep(i + k);
        right_.Keep(j + k);
      }
    }
    left_.Skip(done, false);
    right_.Skip(done, false);
    slice_ = lost ? kFirstSlice : std::min(2 * slice_, kLargestSlice);
    if (lost && by_key_) {
      MergeKeys();
    } else if (lost) {
      Resync();
    }
    Report();
  }

  // The first of n rows at which the keys differ; n when none does. Only rows that differ can have other keys.
  int64_t FirstOtherKey(const ArrowBatch& a, int64_t i, const ArrowBatch& b, int64_t j, int64_t n) const {
    for (int64_t k = 0; k < n; ++k) {
      if (differs_[static_cast<size_t>(k)] != 0 && left_keys_.Key(a, i + k) != right_keys_.Key(b, j + k)) return k;
    }
    return n;
  }

  // Rows with the smaller key have no partner; they stay until both sides stand at the same key.
  void MergeKeys() {
    // A key out of order would have the other side skipped to its end: look at what is there, and stop in time.
    by_key_ = (!left_.Fill() || left_keys_.Ascends(left_.front(), left_.front_row(), left_.front_rows())) &&
              (!right_.Fill() || right_keys_.Ascends(right_.front(), right_.front_row(), right_.front_rows()));
    if (!by_key_) return Resync();
    for (int64_t skipped = 0; left_.Fill() && right_.Fill(); ++skipped) {
      by_key_ = left_keys_.Ascends(left_.front(), left_.front_row(), 1) &&
                right_keys_.Ascends(right_.front(), right_.front_row(), 1) && skipped < kMostSkipped;
      if (!by_key_) return;
      const int64_t l = left_keys_.Key(left_.front(), left_.front_row());
      const int64_t r = right_keys_.Key(right_.front(), right_.front_row());
      if (l == r) return;
      if (l < r) {
        KeepRows(left_, left_keys_, 1);
      } else {
        KeepRows(right_, right_keys_, 1);
      }
    }
  }

  // Looks for the next place at which both sides agree, nearby first; without one, the whole window stays.
  void Resync() {
    std::optional<std::pair<int64_t, int64_t>> agreement;
    int64_t rows_left = 0;
    int64_t rows_right = 0;
    for (int64_t window = kFirstWindowRows;; window *= 8) {
      window = std::min(window, kWindowRows);
      rows_left = std::min(left_.Buffer(window), window);
      rows_right = std::min(right_.Buffer(window), window);
      agreement = FindAgreement(left_.Hashes(rows_left, mask_), right_.Hashes(rows_right, mask_));
      searched_ += rows_left + rows_right;
      if (agreement || window == kWindowRows) break;
    }
    // Hashes may lie: at least one row leaves each step, so that the pass ends.
    const int64_t skip_left = agreement ? agreement->first : rows_left;
    const int64_t skip_right = agreement ? agreement->second : rows_right;
    KeepRows(left_, left_keys_, skip_left);
    KeepRows(right_, right_keys_, skip_right);
  }

  static void KeepRows(Cursor& cursor, KeyProof& keys, int64_t rows) {
    while (rows > 0) {
      const int64_t here = std::min(rows, cursor.front_rows());
      keys.Add(cursor.front(), cursor.front_row(), here);
      cursor.Skip(here, true);
      rows -= here;
    }
  }

  void Drain(Cursor& cursor, KeyProof& keys) {
    while (cursor.Fill()) {
      KeepRows(cursor, keys, cursor.front_rows());
      Report();
      if (cursor.kept_bytes() > tuning_.max_remaining_bytes) return;
    }
  }

  bool GivesUp() {
    const int64_t seen = std::min(left_.read(), right_.read());
    if (searched_ > kSampleRows + kSearchPerRow * (left_.read() + right_.read())) return true;
    if (left_.kept_bytes() + right_.kept_bytes() > tuning_.max_remaining_bytes) return true;
    return seen >= kSampleRows && static_cast<double>(pairs_) < kLeastDropped * static_cast<double>(seen);
  }

  void Report() {
    if (progress_) progress_(-1, static_cast<uint64_t>(left_.read() + right_.read()));
  }

  const std::vector<StructField>& fields_;
  const std::vector<size_t>& compared_;
  const DiscardTuning& tuning_;
  const DiscardProgress& progress_;
  uint64_t mask_;
  Cursor left_;
  Cursor right_;
  KeyProof left_keys_;
  KeyProof right_keys_;
  std::vector<uint8_t> differs_;
  bool by_key_ = true;  // both sides' keys ascend, so that they say which rows belong together
  int64_t slice_ = kLargestSlice;
  int64_t searched_ = 0;  // rows hashed
  int64_t pairs_ = 0;
};

}  // namespace

bool KeysAreUnique(BatchReader& keys, const DiscardTuning& tuning, const DiscardProgress& progress) {
  std::vector<size_t> all(keys.schema().fields.size());
  std::iota(all.begin(), all.end(), size_t{0});
  KeyProof proof(keys.schema(), all, tuning.hash_bits >= 64 ? ~0ull : (1ull << tuning.hash_bits) - 1);
  uint64_t rows = 0;
  for (ArrowBatch batch; proof.possible() && keys.Next(&batch); batch = ArrowBatch()) {
    proof.Add(batch, 0, batch.rows());
    rows += static_cast<uint64_t>(batch.rows());
    if (progress) progress(-1, rows);
  }
  return proof.Unique();
}

std::optional<ColumnDiscard> DiscardEqualRows(BatchReader& left, BatchReader& right,
                                              const std::vector<size_t>& key_columns,
                                              const std::vector<size_t>& compared, const DiscardTuning& tuning,
                                              const DiscardProgress& progress) {
  Prefetch ahead_left(left);
  Prefetch ahead_right(right);
  return ColumnPass(ahead_left, ahead_right, key_columns, compared, tuning, progress).Run();
}

}  // namespace tinderbox::diff
