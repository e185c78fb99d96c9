#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tinderbox::diff {

/// Counts how often texts occur, with bounded memory. As long as there are few different ones the counts are exact.
/// After that it keeps candidates only: every text that makes up more than 1/kKept of all is among them (Misra and
/// Gries), in whatever order they came, and Recount makes their counts exact in a second reading.
class FrequentTexts {
 public:
  static constexpr size_t kKept = 2048;
  static constexpr size_t kLongest = 200;  ///< longer texts are cut, so that memory stays bounded

  void Add(std::string_view text, int64_t times) {
    if (text.size() > kLongest) text = text.substr(0, kLongest);
    total_ += times;
    const auto found = counts_.find(text);
    if (found != counts_.end()) {
      found->second += times;
      return;
    }
    if (recounting_) return;
    if (counts_.size() < kKept) {
      counts_.emplace(std::string(text), times);
      return;
    }
    overflowed_ = true;
    int64_t take = times;
    for (const auto& [key, count] : counts_) take = std::min(take, count);
    for (auto entry = counts_.begin(); entry != counts_.end();) {
      entry->second -= take;
      entry = entry->second == 0 ? counts_.erase(entry) : std::next(entry);
    }
    if (times > take) counts_.emplace(std::string(text), times - take);
  }

  /// Whether counts are only estimates until the texts are added once more after Recount.
  bool overflowed() const { return overflowed_; }
  void Recount() {
    recounting_ = true;
    total_ = 0;
    for (auto& [text, count] : counts_) count = 0;
  }

  int64_t total() const { return total_; }
  size_t distinct() const { return counts_.size(); }

  /// The `most` most frequent texts with their counts, ties by text. Of many different texts, only those that are
  /// certain to be found in any order of reading.
  std::vector<std::pair<std::string, int64_t>> Top(size_t most) const {
    std::vector<std::pair<std::string, int64_t>> out;
    const int64_t certain = overflowed_ ? total_ / static_cast<int64_t>(kKept) : 0;
    for (const auto& [text, count] : counts_) {
      if (count > certain) out.emplace_back(text, count);
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    if (out.size() > most) out.resize(most);
    return out;
  }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, int64_t, Hash, std::equal_to<>> counts_;
  int64_t total_ = 0;
  bool overflowed_ = false;
  bool recounting_ = false;
};

}  // namespace tinderbox::diff
