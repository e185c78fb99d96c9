#include "engine/functions/kll_sketch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/functions/sketch_bytes.h"
#include "spark/text.h"

namespace tinderbox::engine {

namespace {

constexpr size_t kLeastLevel = 8;
constexpr uint8_t kFamily = 15;
constexpr uint8_t kEmptyFlag = 1;
constexpr uint8_t kSingleFlag = 4;

template <typename T>
std::string Number(T value) {
  std::string out;
  if constexpr (std::is_same_v<T, int64_t>) {
    out = std::to_string(value);
  } else if constexpr (std::is_same_v<T, double>) {
    spark::AppendDouble(&out, value);
  } else {
    spark::AppendFloat(&out, value);
  }
  return out;
}

}  // namespace

template <typename T>
size_t KllSketch<T>::LevelCapacity(size_t level) const {
  const double depth = static_cast<double>(levels_.size() - 1 - level);
  return std::max(kLeastLevel, static_cast<size_t>(std::round(k_ * std::pow(2.0 / 3.0, depth))));
}

template <typename T>
size_t KllSketch<T>::Capacity() const {
  size_t sum = 0;
  for (size_t i = 0; i < levels_.size(); ++i) sum += LevelCapacity(i);
  return sum;
}

template <typename T>
size_t KllSketch<T>::Retained() const {
  size_t sum = 0;
  for (const auto& level : levels_) sum += level.size();
  return sum;
}

template <typename T>
void KllSketch<T>::Compact() {
  size_t level = 0;
  while (levels_[level].size() < LevelCapacity(level)) ++level;
  if (level + 1 == levels_.size()) levels_.emplace_back();
  std::vector<T>& items = levels_[level];
  std::vector<T> left;
  if (items.size() % 2 != 0) {
    left.push_back(items.back());
    items.pop_back();
  }
  std::sort(items.begin(), items.end());
  // Either the even or the odd half goes up.
  coin_ ^= coin_ << 13;
  coin_ ^= coin_ >> 7;
  coin_ ^= coin_ << 17;
  std::vector<T> half;
  for (size_t i = coin_ & 1; i < items.size(); i += 2) half.push_back(items[i]);
  std::vector<T>& above = levels_[level + 1];
  const auto middle = static_cast<std::ptrdiff_t>(above.size());
  above.insert(above.end(), half.begin(), half.end());
  std::inplace_merge(above.begin(), above.begin() + middle, above.end());
  items = std::move(left);
}

template <typename T>
void KllSketch<T>::Add(T item) {
  if (std::isnan(static_cast<double>(item))) return;
  if (Retained() >= Capacity()) Compact();
  levels_[0].push_back(item);
  least_ = count_ == 0 ? item : std::min(least_, item);
  greatest_ = count_ == 0 ? item : std::max(greatest_, item);
  ++count_;
}

template <typename T>
void KllSketch<T>::Merge(const KllSketch& other) {
  if (other.count_ == 0) return;
  least_ = count_ == 0 ? other.least_ : std::min(least_, other.least_);
  greatest_ = count_ == 0 ? other.greatest_ : std::max(greatest_, other.greatest_);
  count_ += other.count_;
  levels_.resize(std::max(levels_.size(), other.levels_.size()));
  for (size_t i = 0; i < other.levels_.size(); ++i) {
    levels_[i].insert(levels_[i].end(), other.levels_[i].begin(), other.levels_[i].end());
    if (i > 0) std::sort(levels_[i].begin(), levels_[i].end());
  }
  while (Retained() > Capacity()) Compact();
}

template <typename T>
std::vector<std::pair<T, uint64_t>> KllSketch<T>::Sorted() const {
  std::vector<std::pair<T, uint64_t>> out;
  for (size_t i = 0; i < levels_.size(); ++i) {
    for (const T item : levels_[i]) out.emplace_back(item, uint64_t{1} << i);
  }
  std::sort(out.begin(), out.end());
  return out;
}

template <typename T>
T KllSketch<T>::Quantile(double share) const {
  const auto rank = static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_)));
  if (share == 0) return least_;
  if (share == 1) return greatest_;
  uint64_t below = 0;
  for (const auto& [item, weight] : Sorted()) {
    below += weight;
    if (below >= rank) return item;
  }
  return greatest_;
}

template <typename T>
double KllSketch<T>::Rank(T item) const {
  uint64_t below = 0;
  for (const auto& [other, weight] : Sorted()) {
    if (other <= item) below += weight;
  }
  return static_cast<double>(below) / static_cast<double>(count_);
}

template <typename T>
std::string KllSketch<T>::Bytes() const {
  std::string out;
  const bool short_form = count_ <= 1;
  StoreNumber(&out, static_cast<uint8_t>(short_form ? 2 : 5));
  StoreNumber(&out, static_cast<uint8_t>(count_ == 1 ? 2 : 1));
  StoreNumber(&out, kFamily);
  StoreNumber(&out, static_cast<uint8_t>(count_ == 0 ? kEmptyFlag : count_ == 1 ? kSingleFlag : 0));
  StoreNumber(&out, k_);
  StoreNumber(&out, static_cast<uint8_t>(kLeastLevel));
  StoreNumber(&out, uint8_t{0});
  if (count_ == 1) StoreNumber(&out, levels_[0][0]);
  if (short_form) return out;
  StoreNumber(&out, count_);
  StoreNumber(&out, k_);
  StoreNumber(&out, static_cast<uint8_t>(levels_.size()));
  StoreNumber(&out, uint8_t{0});
  uint32_t at = static_cast<uint32_t>(Capacity() - Retained());
  for (const auto& level : levels_) {
    StoreNumber(&out, at);
    at += static_cast<uint32_t>(level.size());
  }
  StoreNumber(&out, least_);
  StoreNumber(&out, greatest_);
  for (const auto& level : levels_) {
    for (const T item : level) StoreNumber(&out, item);
  }
  return out;
}

template <typename T>
bool KllSketch<T>::Parse(std::string_view bytes, KllSketch* out) {
  if (bytes.size() < 8 || LoadNumber<uint8_t>(bytes, 2) != kFamily || LoadNumber<uint8_t>(bytes, 6) != kLeastLevel)
    return false;
  const auto k = LoadNumber<uint16_t>(bytes, 4);
  if (k < kLeastLevel) return false;
  *out = KllSketch(k);
  const uint8_t flags = LoadNumber<uint8_t>(bytes, 3);
  if ((flags & kEmptyFlag) != 0) return bytes.size() == 8;
  if ((flags & kSingleFlag) != 0) {
    if (bytes.size() != 8 + sizeof(T)) return false;
    out->Add(LoadNumber<T>(bytes, 8));
    return true;
  }
  if (bytes.size() < 20) return false;
  out->count_ = LoadNumber<uint64_t>(bytes, 8);
  const size_t levels = LoadNumber<uint8_t>(bytes, 18);
  size_t at = 20 + 4 * levels;
  if (levels == 0 || levels > 60 || bytes.size() < at + 2 * sizeof(T)) return false;
  out->levels_.resize(levels);
  out->least_ = LoadNumber<T>(bytes, at);
  out->greatest_ = LoadNumber<T>(bytes, at + sizeof(T));
  at += 2 * sizeof(T);
  const size_t items = (bytes.size() - at) / sizeof(T);
  const uint32_t first = LoadNumber<uint32_t>(bytes, 20);
  uint64_t weight = 0;
  for (size_t level = 0; level < levels; ++level) {
    const uint64_t begin = LoadNumber<uint32_t>(bytes, 20 + 4 * level) - uint64_t{first};
    const uint64_t end = level + 1 < levels ? LoadNumber<uint32_t>(bytes, 24 + 4 * level) - uint64_t{first} : items;
    if (begin > end || end > items) return false;
    for (uint64_t i = begin; i < end; ++i) out->levels_[level].push_back(LoadNumber<T>(bytes, at + i * sizeof(T)));
    weight += (end - begin) << level;
  }
  return weight == out->count_;
}

template <typename T>
std::string KllSketch<T>::Text() const {
  const char* type = std::is_same_v<T, int64_t> ? "Longs" : std::is_same_v<T, double> ? "Doubles" : "Floats";
  const auto yes = [](bool b) { return b ? "true" : "false"; };
  const auto percent = [](double share) { return fmt::format("{:.3f}%", share * 100); };
  const size_t fixed = 20 + 4 * (levels_.size() + 1) + 2 * sizeof(T);
  return fmt::format(
      "\n### KllKll{}Sketch Summary:\n"
      "   K                      : {}\n"
      "   Dynamic min K          : {}\n"
      "   M                      : {}\n"
      "   N                      : {}\n"
      "   Epsilon                : {}\n"
      "   Epsilon PMF            : {}\n"
      "   Empty                  : {}\n"
      "   Estimation Mode        : {}\n"
      "   Levels                 : {}\n"
      "   Level 0 Sorted         : false\n"
      "   Capacity Items         : {}\n"
      "   Retained Items         : {}\n"
      "   Free Space             : {}\n"
      "   ReadOnly               : false\n"
      "   Updatable Storage Bytes: {}\n"
      "   Compact Storage Bytes  : {}\n"
      "   Min Item               : {}\n"
      "   Max Item               : {}\n"
      "### End sketch summary\n",
      type, k_, k_, kLeastLevel, count_, percent(2.296 / std::pow(k_, 0.9723)), percent(2.446 / std::pow(k_, 0.9433)),
      yes(count_ == 0), yes(levels_.size() > 1), levels_.size(), Capacity(), Retained(), Capacity() - Retained(),
      fixed + Capacity() * sizeof(T), Bytes().size(), count_ == 0 ? "NaN" : Number(least_),
      count_ == 0 ? "NaN" : Number(greatest_));
}

template class KllSketch<int64_t>;
template class KllSketch<double>;
template class KllSketch<float>;

}  // namespace tinderbox::engine
