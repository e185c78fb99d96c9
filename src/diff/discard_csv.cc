#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <tuple>
#include <unordered_set>

#include "base/fail.h"
#include "csv/convert.h"
#include "csv/header.h"
#include "csv/record_index.h"
#include "diff/discard.h"
#include "diff/discard_csv_records.h"

// How it works. Every record of both sides is hashed, and those of the left side are checked: only a record that
// certainly reads without a complaint may be discarded (its partner on the right has the same bytes, so it reads the
// same). Records with equal hash and length become candidate pairs, each record in at most one: first in lock step,
// which pairs all rows that neither moved nor changed, then by a hash table. Each candidate pair is read again and
// compared byte by byte; only then is it dropped.

namespace tinderbox::diff {
namespace {

/// Runs `work(thread)` on `threads` threads and throws what one of them threw first.
template <typename Work>
void RunThreads(int threads, Work work) {
  std::mutex mutex;
  std::exception_ptr failure;
  const auto guarded = [&](int thread) {
    try {
      work(thread);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(guarded, t);
    guarded(0);
  }
  if (failure) std::rethrow_exception(failure);
}

constexpr uint32_t kNone = UINT32_MAX;

/// All records of one side in file order.
struct SideRecords {
  std::vector<RecordRun> runs;  // their records have moved to `records`
  std::vector<size_t> starts;   // number of the first record of each run
  std::vector<HashedRecord> records;

  void Finish() {
    std::sort(runs.begin(), runs.end(), [](const RecordRun& a, const RecordRun& b) {
      return std::tie(a.file, a.chunk) < std::tie(b.file, b.chunk);
    });
    size_t total = 0;
    for (const RecordRun& run : runs) total += run.count;
    records.reserve(total);
    for (RecordRun& run : runs) {
      starts.push_back(records.size());
      records.insert(records.end(), run.records.begin(), run.records.end());
      std::vector<HashedRecord>().swap(run.records);
    }
  }

  const RecordRun& RunOf(size_t number) const {
    return runs[static_cast<size_t>(std::upper_bound(starts.begin(), starts.end(), number) - starts.begin()) - 1];
  }

  bool KeysUnique() const {
    bool ascend = true;
    bool first = true;
    int64_t last = 0;
    for (const RecordRun& run : runs) {
      if (!run.keys_good) return false;
      if (run.count == 0) continue;
      ascend = ascend && run.keys_ascend && (first || run.first_key > last);
      last = run.last_key;
      first = false;
    }
    if (ascend) return true;
    std::vector<uint64_t> hashes;
    hashes.reserve(records.size());
    for (const RecordRun& run : runs) hashes.insert(hashes.end(), run.keys.begin(), run.keys.end());
    std::sort(hashes.begin(), hashes.end());
    return std::adjacent_find(hashes.begin(), hashes.end()) == hashes.end();
  }
};

/// Reads records of a side's files: large pieces while they stand one behind the other, else one by one.
class RecordBytes {
 public:
  explicit RecordBytes(const std::vector<std::string>& files) : files_(files) {}

  const char* Read(size_t file, uint64_t offset, uint32_t length) {
    if (open_ == nullptr || file != file_) {
      open_ = std::make_unique<csv::File>(files_[file]);
      file_ = file;
      begin_ = end_ = last_end_ = 0;
    }
    const bool follows = offset >= last_end_ && offset < last_end_ + kGap;
    last_end_ = offset + length;
    if (offset >= begin_ && offset + length <= end_) return window_.data() + (offset - begin_);
    if (last_end_ > open_->size()) {
      base::Fail("FAILED_READ_FILE.NO_HINT", "The CSV file '{}' became shorter while it was read.", files_[file]);
    }
    if (!follows) {
      if (single_.size() < length) single_.resize(length);
      open_->Read(offset, single_.data(), length);
      return single_.data();
    }
    const auto size = static_cast<size_t>(std::min(std::max<uint64_t>(kWindow, length), open_->size() - offset));
    if (window_.size() < size) window_.resize(size);
    open_->Read(offset, window_.data(), size);
    begin_ = offset;
    end_ = offset + size;
    return window_.data();
  }

 private:
  static constexpr uint64_t kWindow = 256 << 10;
  static constexpr uint64_t kGap = 64 << 10;
  const std::vector<std::string>& files_;
  std::unique_ptr<csv::File> open_;
  size_t file_ = 0;
  std::vector<char> window_, single_;
  uint64_t begin_ = 0, end_ = 0;  // of the window
  uint64_t last_end_ = 0;
};

/// Hashes of records at eight places of the side, about `wanted` of them. Where a record begins is only guessed.
std::vector<uint64_t> SampleHashes(const RecordScan& scan, uint64_t bytes_a_place) {
  constexpr uint64_t kPlaces = 8;
  std::vector<uint64_t> out;
  std::vector<std::unique_ptr<csv::File>> files;
  uint64_t total = 0;
  for (const std::string& path : *scan.files) {
    files.push_back(std::make_unique<csv::File>(path));
    total += files.back()->size();
  }
  csv::Block block(scan.options.dialect);
  RecordHasher hasher(scan);
  for (uint64_t place = 0; place < kPlaces; ++place) {
    uint64_t offset = total / kPlaces * place;
    size_t file = 0;
    while (file + 1 < files.size() && offset >= files[file]->size()) offset -= files[file++]->size();
    if (offset >= files[file]->size()) continue;
    block.size = static_cast<uint32_t>(std::min(bytes_a_place, files[file]->size() - offset));
    block.bytes.Reserve(block.size, 0);
    files[file]->Read(offset, block.bytes.data(), block.size);
    block.walker.Index(block.data(), block.size);
    const uint32_t begin = block.walker.AfterNewline(0);
    if (begin == UINT32_MAX) continue;
    block.walker.Walk(begin, block.size, false);
    for (const HashedRecord& record : hasher.Hash(block).records) out.push_back(record.hash);
  }
  return out;
}

/// False when it looks as if hardly any record stood on both sides. Equal sides in any order have about 16 records in
/// common in samples of four times the square root of their number.
bool LooksAlike(const RecordScan& left, const RecordScan& right) {
  constexpr uint64_t kSmall = 4 << 20;
  uint64_t bytes[2] = {0, 0};
  for (const std::string& path : *left.files) bytes[0] += csv::File(path).size();
  for (const std::string& path : *right.files) bytes[1] += csv::File(path).size();
  if (bytes[0] < kSmall || bytes[1] < kSmall) return true;
  RecordScan l = left;
  RecordScan r = right;
  for (RecordScan* scan : {&l, &r}) {
    scan->check = false;
    scan->key.clear();
    scan->hash_mask = ~uint64_t{0};
  }
  uint64_t place = 64 << 10;
  std::vector<uint64_t> hashes = SampleHashes(l, place);
  const double length = 8.0 * static_cast<double>(place) / static_cast<double>(std::max<size_t>(hashes.size(), 1));
  const double records = static_cast<double>(std::max(bytes[0], bytes[1])) / length;
  place = std::clamp<uint64_t>(static_cast<uint64_t>(4 * std::sqrt(records) * length / 8), place, 16 << 20);
  hashes = SampleHashes(l, place);
  const std::unordered_set<uint64_t> seen(hashes.begin(), hashes.end());
  const std::vector<uint64_t> others = SampleHashes(r, place);
  return std::any_of(others.begin(), others.end(), [&](uint64_t hash) { return seen.contains(hash); });
}

/// Pairs records that resemble each other: partner[r] is the left record of right record r, or kNone.
std::vector<uint32_t> PairByHash(const std::vector<HashedRecord>& left, const std::vector<HashedRecord>& right) {
  std::vector<uint32_t> partner(right.size(), kNone);
  std::vector<bool> taken(left.size());
  // In lock step. After a difference, whichever side has rows more is moved on when that finds the other side's row.
  constexpr size_t kLookAhead = 16;
  constexpr size_t kPatience = 64;
  size_t l = 0;
  size_t r = 0;
  size_t misses = 0;
  while (l < left.size() && r < right.size()) {
    if (left[l].Resembles(right[r])) {
      if (left[l].good()) {
        partner[r] = static_cast<uint32_t>(l);
        taken[l] = true;
      }
      ++l;
      ++r;
      misses = 0;
      continue;
    }
    bool moved = false;
    if (++misses < kPatience || misses % kPatience == 0) {
      for (size_t ahead = 1; ahead <= kLookAhead && !moved; ++ahead) {
        if (l + ahead < left.size() && left[l + ahead].Resembles(right[r])) {
          l += ahead;
          moved = true;
        } else if (r + ahead < right.size() && left[l].Resembles(right[r + ahead])) {
          r += ahead;
          moved = true;
        }
      }
    }
    if (!moved) {
      ++l;
      ++r;
    }
  }

  // What is left has moved further, or differs.
  std::vector<uint32_t> rest;
  for (size_t i = 0; i < left.size(); ++i) {
    if (!taken[i] && left[i].good()) rest.push_back(static_cast<uint32_t>(i));
  }
  const size_t missing = static_cast<size_t>(std::count(partner.begin(), partner.end(), kNone));
  if (rest.empty() || missing == 0) return partner;
  const size_t buckets = std::bit_ceil(rest.size() * 2);
  std::vector<uint32_t> heads(buckets, kNone);
  std::vector<uint32_t> next(rest.size());
  for (size_t i = rest.size(); i-- > 0;) {
    uint32_t& head = heads[left[rest[i]].hash & (buckets - 1)];
    next[i] = head;
    head = static_cast<uint32_t>(i);
  }
  for (size_t i = 0; i < right.size(); ++i) {
    if (partner[i] != kNone) continue;
    uint32_t* link = &heads[right[i].hash & (buckets - 1)];
    while (*link != kNone && !left[rest[*link]].Resembles(right[i])) link = &next[*link];
    if (*link == kNone) continue;
    partner[i] = rest[*link];
    *link = next[*link];
  }
  return partner;
}

bool Readable(const StructType& schema, const csv::CsvOptions& options) {
  try {
    for (const StructField& field : schema.fields) csv::CheckReadable(field, options);
    return true;
  } catch (const Error&) {
    return false;  // the reader will say why
  }
}

/// Whether equal bytes mean equal rows under the options of both sides, and records can be found again by their offset.
bool Comparable(const CsvDiscardSide& left, const csv::CsvOptions& left_options, const CsvDiscardSide& right,
                const csv::CsvOptions& right_options, const StructType& schema) {
  if (left.files.empty() || right.files.empty() || schema.fields.empty() || !(left_options == right_options))
    return false;
  if (left_options.mode == csv::Mode::kDropMalformed || left_options.max_chars_per_column >= 0) return false;
  if (!left_options.record_index.empty() || !Readable(schema, left_options)) return false;
  std::vector<std::string> names;
  for (const StructField& field : schema.fields) names.push_back(field.name);
  std::optional<std::vector<std::string>> header;
  for (const CsvDiscardSide* side : {&left, &right}) {
    for (const std::string& file : side->files) {
      if (!csv::IsPlain(file, left_options.encoding)) return false;
      if (!left_options.header) continue;
      std::vector<std::string> own = csv::ColumnNames(csv::ReadFirstRecord(file, left_options), left_options);
      if (own.empty()) continue;  // nothing in it
      if (left_options.bind_by_name && own != names) return false;
      if (header && own != *header) return false;
      header = std::move(own);
    }
  }
  return true;
}

}  // namespace

std::optional<CsvDiscard> DiscardEqualRecords(const CsvDiscardSide& left, const CsvDiscardSide& right,
                                              const StructType& schema, const std::vector<std::string>& key,
                                              const std::string& temp_directory, const DiscardTuning& tuning,
                                              const DiscardProgress& progress) {
  const csv::CsvOptions options = csv::ParseCsvOptions(left.options);
  if (!Comparable(left, options, right, csv::ParseCsvOptions(right.options), schema)) return std::nullopt;
  RecordScan scans[2];
  for (int s = 0; s < 2; ++s) {
    scans[s].files = s == 0 ? &left.files : &right.files;
    scans[s].options = options;
    scans[s].schema = schema;
    scans[s].check = s == 0;
    scans[s].hash_mask = tuning.hash_bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << tuning.hash_bits) - 1;
    for (const std::string& name : key) {
      const std::optional<size_t> at = schema.Find(name, true) ? schema.Find(name, true) : schema.Find(name);
      if (!at) return std::nullopt;
      scans[s].key.push_back(*at);
    }
  }
  if (!LooksAlike(scans[0], scans[1])) return std::nullopt;

  const int threads = std::max(1, tuning.threads);
  SideRecords sides[2];
  {
    std::mutex mutex;
    uint64_t rows = 0;
    std::optional<csv::BlockReader> readers[2];
    for (int s = 0; s < 2; ++s) readers[s].emplace(*scans[s].files, options, schema.fields.size());
    RunThreads(threads, [&](int) {
      try {
        csv::Block block(options.dialect);
        for (int s = 0; s < 2; ++s) {
          RecordHasher hasher(scans[s]);
          while (readers[s]->Next(&block)) {
            RecordRun run = hasher.Hash(block);
            const std::lock_guard lock(mutex);
            rows += run.count;
            sides[s].runs.push_back(std::move(run));
            if (progress) progress(0.4 * (readers[0]->Fraction() + readers[1]->Fraction()), rows);
          }
        }
      } catch (...) {
        readers[0]->Cancel();
        readers[1]->Cancel();
        throw;
      }
    });
  }
  for (SideRecords& side : sides) side.Finish();
  const std::vector<HashedRecord>& l = sides[0].records;
  const std::vector<HashedRecord>& r = sides[1].records;
  if (l.size() >= kNone || r.size() >= kNone) return std::nullopt;

  std::vector<uint32_t> partner = PairByHash(l, r);

  // Two records are dropped only when their bytes are the same.
  constexpr size_t kSlice = 8192;
  std::atomic<size_t> next_slice{0};
  std::mutex progress_mutex;
  RunThreads(threads, [&](int) {
    RecordBytes left_bytes(left.files);
    RecordBytes right_bytes(right.files);
    for (size_t begin = next_slice.fetch_add(kSlice); begin < r.size(); begin = next_slice.fetch_add(kSlice)) {
      for (size_t i = begin; i < std::min(begin + kSlice, r.size()); ++i) {
        if (partner[i] == kNone) continue;
        const HashedRecord& a = l[partner[i]];
        const char* x = left_bytes.Read(sides[0].RunOf(partner[i]).file, a.offset, a.length());
        const char* y = right_bytes.Read(sides[1].RunOf(i).file, r[i].offset, r[i].length());
        if (std::memcmp(x, y, a.length()) != 0) partner[i] = kNone;
      }
      const std::lock_guard lock(progress_mutex);
      if (progress)
        progress(0.8 + 0.2 * static_cast<double>(begin) / static_cast<double>(r.size()), l.size() + r.size());
    }
  });

  CsvDiscard out;
  out.counts.left_rows = static_cast<int64_t>(l.size());
  out.counts.right_rows = static_cast<int64_t>(r.size());
  std::vector<bool> dropped(l.size());
  uint64_t bytes = 0;
  std::vector<csv::IndexedRecord> stay[2];
  const auto keep = [&](int s, size_t number) {
    const RecordRun& run = sides[s].RunOf(number);
    const HashedRecord& record = sides[s].records[number];
    bytes += record.length();
    stay[s].push_back({record.offset, run.first_line + record.line, static_cast<uint32_t>(run.file), record.length()});
  };
  for (size_t i = 0; i < r.size() && bytes <= tuning.max_remaining_bytes; ++i) {
    if (partner[i] == kNone) {
      keep(1, i);
    } else {
      dropped[partner[i]] = true;
      ++out.counts.pairs;
    }
  }
  for (size_t i = 0; i < l.size() && bytes <= tuning.max_remaining_bytes; ++i) {
    if (!dropped[i]) keep(0, i);
  }
  constexpr int64_t kFewRows = 1000;
  const int64_t most = std::max(out.counts.left_rows, out.counts.right_rows);
  if (bytes > tuning.max_remaining_bytes || out.counts.pairs == 0) return std::nullopt;
  if (most > kFewRows && out.counts.pairs < most / 8) return std::nullopt;
  if (!key.empty()) {
    out.counts.left_keys_unique = sides[0].KeysUnique();
    out.counts.right_keys_unique = sides[1].KeysUnique();
  }
  out.left_index = temp_directory + "/left.records";
  out.right_index = temp_directory + "/right.records";
  csv::WriteRecordIndex(out.left_index, stay[0]);
  csv::WriteRecordIndex(out.right_index, stay[1]);
  return out;
}

}  // namespace tinderbox::diff
