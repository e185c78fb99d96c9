#include "diff/frequent.h"

#include <algorithm>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "diff/findings.h"

namespace tinderbox::diff {

FrequentValues::FrequentValues(size_t candidates, double least_share)
    : candidates_(candidates), least_share_(least_share), places_(4 * kExact) {}

void FrequentValues::Count(std::string_view bytes, int64_t times, MakeText make, const void* maker) {
  char shortened[kLongest + sizeof(XXH128_canonical_t)];
  if (bytes.size() > kLongest) {
    XXH128_canonical_t rest;
    XXH128_canonicalFromHash(&rest, XXH3_128bits(bytes.data(), bytes.size()));
    std::memcpy(shortened, bytes.data(), kLongest);
    std::memcpy(shortened + kLongest, &rest, sizeof(rest));
    bytes = {shortened, sizeof(shortened)};
  }
  total_ += times;
  const uint64_t hash = XXH3_64bits(bytes.data(), bytes.size());
  if (reading_again_) {
    for (Entry& entry : entries_) {
      if (entry.hash != hash) continue;
      if (entry.count == 0) {
        entry.bytes = bytes;
        entry.text = make(maker).substr(0, kLongest);
      }
      if (entry.bytes == bytes) entry.count += times;
      return;
    }
  } else if (overflowed_) {
    AddCandidate(hash, times);
  } else {
    AddExact(hash, bytes, times, make, maker);
  }
}

void FrequentValues::AddExact(uint64_t hash, std::string_view bytes, int64_t times, MakeText make, const void* maker) {
  const size_t mask = places_.size() - 1;
  size_t place = hash & mask;
  for (; places_[place] != 0; place = (place + 1) & mask) {
    Entry& entry = entries_[places_[place] - 1];
    if (entry.hash == hash && entry.bytes == bytes) {
      entry.count += times;
      return;
    }
  }
  if (entries_.size() < kExact) {
    entries_.push_back({hash, times, std::string(bytes), make(maker).substr(0, kLongest)});
    places_[place] = static_cast<uint32_t>(entries_.size());
    return;
  }
  overflowed_ = true;
  for (const Entry& entry : entries_) AddCandidate(entry.hash, entry.count);
  entries_ = {};
  places_ = {};
  AddCandidate(hash, times);
}

void FrequentValues::AddCandidate(uint64_t hash, int64_t times) {
  for (size_t i = 0; i < hashes_.size(); ++i) {
    if (hashes_[i] == hash) {
      left_[i] += times;
      return;
    }
  }
  if (hashes_.size() == candidates_) {
    const int64_t take = std::min(times, *std::ranges::min_element(left_));
    times -= take;
    size_t kept = 0;
    for (size_t i = 0; i < hashes_.size(); ++i) {
      if (left_[i] == take) continue;
      hashes_[kept] = hashes_[i];
      left_[kept++] = left_[i] - take;
    }
    hashes_.resize(kept);
    left_.resize(kept);
  }
  if (times > 0) {
    hashes_.push_back(hash);
    left_.push_back(times);
  }
}

bool FrequentValues::NeedsSecondReading() const {
  if (!overflowed_ || left_.empty()) return false;
  // A value's count is at most what is left of it and what all candidates together lost.
  const double most = static_cast<double>(*std::ranges::max_element(left_)) +
                      static_cast<double>(total_) / static_cast<double>(candidates_ + 1);
  return most >= least_share_ * static_cast<double>(total_);
}

void FrequentValues::BeginSecondReading() {
  reading_again_ = true;
  total_ = 0;
  for (const uint64_t hash : hashes_) entries_.push_back({hash, 0, "", ""});
}

std::vector<std::pair<std::string, int64_t>> FrequentValues::Top(size_t most) const {
  std::vector<std::pair<std::string, int64_t>> out;
  const double least = overflowed_ ? least_share_ * static_cast<double>(total_) : 0;
  for (const Entry& entry : entries_) {
    if (entry.count > 0 && static_cast<double>(entry.count) >= least) out.emplace_back(entry.text, entry.count);
  }
  return MostFrequent(std::move(out), most);
}

}  // namespace tinderbox::diff
