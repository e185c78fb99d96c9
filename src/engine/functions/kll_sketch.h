#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tinderbox::engine {

/// Approximate ranks of a stream of numbers after Karnin, Lang and Liberty, written as Apache DataSketches writes them.
/// T is int64_t, double or float. Exact while there are at most `k` numbers.
template <typename T>
class KllSketch {
 public:
  explicit KllSketch(uint16_t k) : k_(k), levels_(1) {}
  /// False when the bytes are no such sketch.
  static bool Parse(std::string_view bytes, KllSketch* out);
  std::string Bytes() const;

  void Add(T item);
  void Merge(const KllSketch& other);
  uint64_t count() const { return count_; }
  uint16_t k() const { return k_; }
  /// The least item whose rank reaches the share. REQUIRES count() > 0 and a share in [0, 1].
  T Quantile(double share) const;
  /// The share of items that are at most `item`. REQUIRES count() > 0.
  double Rank(T item) const;
  /// A summary for people.
  std::string Text() const;

 private:
  size_t LevelCapacity(size_t level) const;
  size_t Capacity() const;
  size_t Retained() const;
  void Compact();
  std::vector<std::pair<T, uint64_t>> Sorted() const;

  uint16_t k_;
  uint64_t count_ = 0;
  T least_{};
  T greatest_{};
  std::vector<std::vector<T>> levels_;  ///< an item of level i stands for 2^i; sorted but for level 0
  uint64_t coin_ = 0x9E3779B97F4A7C15ULL;
};

}  // namespace tinderbox::engine
