#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tinderbox::diff {

/// Counts how often values occur, with bounded memory and little work for a value.
///
/// As long as there are at most kExact different ones the counts are exact. After that only candidates are kept, by
/// hash: every value that makes up more than 1/(candidates+1) of all is among them (Misra and Gries), in whatever order
/// they came. A second reading then counts the candidates exactly; values are compared there, so that hashes cannot mix
/// two. Values that are less frequent than `least_share` are of no interest once there are too many different ones,
/// which nearly always makes the second reading needless.
class FrequentValues {
 public:
  static constexpr size_t kExact = 2048;
  static constexpr size_t kLongest = 200;  ///< bytes of a value that are kept, so that memory stays bounded

  FrequentValues(size_t candidates, double least_share);

  /// `bytes` tell values apart; `text()` shows one, and is only called when it is needed.
  template <typename Text>
  void Add(std::string_view bytes, int64_t times, const Text& text) {
    Count(
        bytes, times, [](const void* maker) { return (*static_cast<const Text*>(maker))(); }, &text);
  }

  /// Too many different values for exact counts.
  bool overflowed() const { return overflowed_; }
  /// A value may be frequent enough: add everything once more after BeginSecondReading.
  bool NeedsSecondReading() const;
  void BeginSecondReading();
  bool reading_again() const { return reading_again_; }

  /// Different values; REQUIRES !overflowed().
  size_t distinct() const { return entries_.size(); }
  /// The `most` most frequent values with their counts, ties by text.
  std::vector<std::pair<std::string, int64_t>> Top(size_t most) const;

 private:
  struct Entry {
    uint64_t hash;
    int64_t count;
    std::string bytes;
    std::string text;
  };
  using MakeText = std::string (*)(const void*);
  void Count(std::string_view bytes, int64_t times, MakeText make, const void* maker);
  void AddExact(uint64_t hash, std::string_view bytes, int64_t times, MakeText make, const void* maker);
  void AddCandidate(uint64_t hash, int64_t times);

  const size_t candidates_;
  const double least_share_;
  std::vector<Entry> entries_;    // exact counts; after BeginSecondReading the candidates'
  std::vector<uint32_t> places_;  // open addressing: index into entries_ plus 1, or 0
  std::vector<uint64_t> hashes_;  // candidates, and how much of each is left
  std::vector<int64_t> left_;
  int64_t total_ = 0;
  bool overflowed_ = false;
  bool reading_again_ = false;
};

}  // namespace tinderbox::diff
