#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "diff/column_bits.h"
#include "diff/discard.h"
#include "diff/key_proof.h"
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

constexpr int64_t kRunBeforeResync = 16;   // differing rows in a row that make an insertion likelier than changes
constexpr int64_t kMostSkipped = 1 << 16;  // rows without partner in a row after which keys no longer lead
constexpr int64_t kFirstWindowRows = 64;   // how far an insertion is looked across at first,
constexpr int64_t kWindowRows = 8192;      // and at last
constexpr int64_t kSearchPerRow = 4;  // rows hashed for each row read after which a pass that mostly searches gives up
constexpr int64_t kFirstSlice = 64;   // rows compared at once after a search; doubles while they agree
constexpr int64_t kLargestSlice = 1 << 16;
constexpr int64_t kSampleRows = 1 << 16;  // rows after which a pass that drops too little gives up
constexpr double kLeastDropped = 0.3;
constexpr int64_t kBatchRows = 1 << 16;  // rows of a batch that stays

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
        mask_(HashMask(tuning)),
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

std::optional<ColumnDiscard> DiscardEqualRows(BatchReader& left, BatchReader& right,
                                              const std::vector<size_t>& key_columns,
                                              const std::vector<size_t>& compared, const DiscardTuning& tuning,
                                              const DiscardProgress& progress) {
  Prefetch ahead_left(left);
  Prefetch ahead_right(right);
  return ColumnPass(ahead_left, ahead_right, key_columns, compared, tuning, progress).Run();
}

}  // namespace tinderbox::diff
