#include "engine/functions/key_sketch.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <vector>

#include "engine/functions/sketch_bytes.h"

namespace tinderbox::engine {

namespace {

constexpr uint16_t kSeedHash = 0x93CC;  // of the seed that everybody uses
constexpr uint64_t kSeed = 9001;
constexpr uint8_t kEmptyFlag = 4;

double Merge(SketchMode mode, double a, double b) {
  switch (mode) {
    case SketchMode::kSum:
      return a + b;
    case SketchMode::kMin:
      return std::min(a, b);
    case SketchMode::kMax:
      return std::max(a, b);
    case SketchMode::kAlwaysOne:
      return 1;
  }
  return a;
}

/// What changes nothing when it is merged.
double Neutral(SketchMode mode, bool integer) {
  switch (mode) {
    case SketchMode::kMin:
      return integer ? std::numeric_limits<int32_t>::max() : std::numeric_limits<double>::infinity();
    case SketchMode::kMax:
      return integer ? std::numeric_limits<int32_t>::min() : -std::numeric_limits<double>::infinity();
    case SketchMode::kAlwaysOne:
      return 1;
    case SketchMode::kSum:
      return 0;
  }
  return 0;
}

/// Numbers of `width` bits one after another, the highest bit first.
class BitWriter {
 public:
  explicit BitWriter(std::string* out) : out_(out) {}
  void Write(uint64_t value, int width) {
    for (int bit = width - 1; bit >= 0; --bit) {
      if (free_ == 0) {
        out_->push_back('\0');
        free_ = 8;
      }
      --free_;
      if ((value >> bit & 1) != 0) out_->back() = static_cast<char>(out_->back() | (1 << free_));
    }
  }

 private:
  std::string* out_;
  int free_ = 0;
};

class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}
  bool Read(int width, uint64_t* out) {
    if (at_ + static_cast<size_t>(width) > bytes_.size() * 8) return false;
    uint64_t value = 0;
    for (int i = 0; i < width; ++i, ++at_) {
      value = value << 1 | (static_cast<unsigned char>(bytes_[at_ / 8]) >> (7 - at_ % 8) & 1);
    }
    *out = value;
    return true;
  }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
};

uint64_t Finish(uint64_t h) {
  h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
  h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ULL;
  return h ^ h >> 33;
}

}  // namespace

uint64_t SketchHash(std::string_view bytes) {
  // The upper half of MurmurHash3 x64 128.
  constexpr uint64_t c1 = 0x87c37b91114253d5ULL;
  constexpr uint64_t c2 = 0x4cf5ad432745937fULL;
  const auto mix1 = [](uint64_t k) { return std::rotl(k * c1, 31) * c2; };
  const auto mix2 = [](uint64_t k) { return std::rotl(k * c2, 33) * c1; };
  uint64_t h1 = kSeed;
  uint64_t h2 = kSeed;
  size_t at = 0;
  for (; at + 16 <= bytes.size(); at += 16) {
    h1 = (std::rotl(h1 ^ mix1(LoadNumber<uint64_t>(bytes, at)), 27) + h2) * 5 + 0x52dce729;
    h2 = (std::rotl(h2 ^ mix2(LoadNumber<uint64_t>(bytes, at + 8)), 31) + h1) * 5 + 0x38495ab5;
  }
  uint64_t tail[2] = {0, 0};
  std::memcpy(tail, bytes.data() + at, bytes.size() - at);
  if (bytes.size() - at > 8) h2 ^= mix2(tail[1]);
  if (bytes.size() - at > 0) h1 ^= mix1(tail[0]);
  h1 ^= bytes.size();
  h2 ^= bytes.size();
  h1 += h2;
  h2 += h1;
  h1 = Finish(h1);
  h2 = Finish(h2);
  return (h1 + h2) >> 1;
}

void KeySketch::Cut(size_t keep) {
  if (values_.size() <= keep) return;
  const auto first_out = std::next(values_.begin(), static_cast<std::ptrdiff_t>(keep));
  theta_ = first_out->first;
  values_.erase(first_out, values_.end());
}

void KeySketch::Add(uint64_t hash, double value, int log_size) {
  empty_ = false;
  if (hash == 0 || hash >= theta_) return;
  if (mode_ == SketchMode::kAlwaysOne) value = 1;
  const auto [entry, is_new] = values_.emplace(hash, value);
  if (!is_new) entry->second = Merge(mode_, entry->second, value);
  // The hash table holds twice as many and is cut when it is nearly full.
  const size_t full = (size_t{1} << log_size) * 2 * 15 / 16;
  if (values_.size() > full) Cut(size_t{1} << log_size);
}

void KeySketch::Trim(int log_size) {
  Cut(size_t{1} << log_size);
}

void KeySketch::Unite(const KeySketch& other) {
  empty_ = empty_ && other.empty_;
  theta_ = std::min(theta_, other.theta_);
  for (const auto& [hash, value] : other.values_) {
    const auto [entry, is_new] = values_.emplace(hash, value);
    if (!is_new) entry->second = Merge(mode_, entry->second, value);
  }
  values_.erase(values_.lower_bound(theta_), values_.end());
}

void KeySketch::Intersect(const KeySketch& other) {
  empty_ = empty_ || other.empty_;
  theta_ = std::min(theta_, other.theta_);
  std::map<uint64_t, double> common;
  for (const auto& [hash, value] : values_) {
    const auto found = other.values_.find(hash);
    if (found != other.values_.end() && hash < theta_) common.emplace(hash, Merge(mode_, value, found->second));
  }
  values_ = std::move(common);
}

void KeySketch::Subtract(const KeySketch& other) {
  theta_ = std::min(theta_, other.theta_);
  std::erase_if(values_,
                [&](const auto& entry) { return entry.first >= theta_ || other.values_.contains(entry.first); });
}

double KeySketch::Summary(SketchMode mode) const {
  double out = 0;
  bool first = true;
  for (const auto& [hash, value] : values_) {
    if (mode == SketchMode::kAlwaysOne) {
      out += 1;
    } else {
      out = first ? value : Merge(mode, out, value);
    }
    first = false;
  }
  return out;
}

std::string KeySketch::Bytes() const {
  const bool exact = theta_ == kWhole;
  const bool tuple = kind_ != Kind::kTheta;
  const size_t count = values_.size();
  std::string out;
  const bool none = count == 0 && exact;
  const bool single = count == 1 && exact;
  if (!tuple && !none && !single && count > 0) {
    // Differences of sorted hashes, as few bits each as hold them all.
    uint64_t all = 0;
    uint64_t last = 0;
    for (const auto& [hash, value] : values_) {
      all |= hash - last;
      last = hash;
    }
    const int width = 64 - std::countl_zero(all);
    int count_bytes = 1;
    while (count >> (8 * count_bytes) != 0) ++count_bytes;
    StoreNumber(&out, static_cast<uint8_t>(exact ? 1 : 2));
    StoreNumber(&out, uint8_t{4});
    StoreNumber(&out, uint8_t{3});
    StoreNumber(&out, static_cast<uint8_t>(width));
    StoreNumber(&out, static_cast<uint8_t>(count_bytes));
    StoreNumber(&out, uint8_t{0x1A});
    StoreNumber(&out, kSeedHash);
    if (!exact) StoreNumber(&out, theta_);
    for (int i = 0; i < count_bytes; ++i) StoreNumber(&out, static_cast<uint8_t>(count >> (8 * i)));
    BitWriter bits(&out);
    last = 0;
    for (const auto& [hash, value] : values_) {
      bits.Write(hash - last, width);
      last = hash;
    }
    return out;
  }
  const int longs = none || single ? 1 : exact ? 2 : 3;
  StoreNumber(&out, static_cast<uint8_t>(longs));
  StoreNumber(&out, uint8_t{3});
  StoreNumber(&out, static_cast<uint8_t>(tuple ? 9 : 3));
  StoreNumber(&out, static_cast<uint8_t>(tuple ? 1 : 0));
  StoreNumber(&out, uint8_t{0});
  const uint8_t kept_flags = tuple ? 0x0A : 0x1A;
  StoreNumber(&out, static_cast<uint8_t>(none     ? (tuple ? 0x0A | kEmptyFlag : 0x1A | kEmptyFlag)
                                         : single ? (tuple ? 0x0A : 0x1A | 0x20)
                                                  : kept_flags));
  StoreNumber(&out, static_cast<uint16_t>(none && !tuple ? 0 : kSeedHash));
  if (longs > 1) {
    StoreNumber(&out, static_cast<uint32_t>(count));
    StoreNumber(&out, uint32_t{0});
  }
  if (longs > 2) StoreNumber(&out, theta_);
  for (const auto& [hash, value] : values_) {
    StoreNumber(&out, hash);
    if (kind_ == Kind::kDouble) StoreNumber(&out, value);
    if (kind_ == Kind::kInteger) StoreNumber(&out, static_cast<int32_t>(static_cast<int64_t>(value)));
    if (tuple) StoreNumber(&out, static_cast<uint8_t>(mode_));
  }
  return out;
}

bool KeySketch::Parse(std::string_view bytes, Kind kind, SketchMode mode, KeySketch* out) {
  *out = KeySketch(kind, mode);
  if (bytes.size() < 8) return false;
  const int longs = LoadNumber<uint8_t>(bytes, 0);
  const int version = LoadNumber<uint8_t>(bytes, 1);
  const int family = LoadNumber<uint8_t>(bytes, 2);
  const bool tuple = family == 9;
  if ((tuple && kind == Kind::kTheta) || (!tuple && family != 3) || longs < 1 || longs > 3) return false;
  out->empty_ = (LoadNumber<uint8_t>(bytes, 5) & kEmptyFlag) != 0;
  if (out->empty_) return true;
  const double neutral = Neutral(mode, kind == Kind::kInteger);
  if (version == 4 && !tuple) {
    const int width = LoadNumber<uint8_t>(bytes, 3);
    const size_t count_bytes = LoadNumber<uint8_t>(bytes, 4);
    size_t at = 8;
    if (longs > 1) {
      if (bytes.size() < 16) return false;
      out->theta_ = LoadNumber<uint64_t>(bytes, 8);
      at = 16;
    }
    if (width < 1 || width > 63 || count_bytes > 4 || bytes.size() < at + count_bytes) return false;
    uint64_t count = 0;
    for (size_t i = 0; i < count_bytes; ++i)
      count |= static_cast<uint64_t>(LoadNumber<uint8_t>(bytes, at + i)) << (8 * i);
    BitReader bits(bytes.substr(at + count_bytes));
    uint64_t hash = 0;
    for (uint64_t i = 0; i < count; ++i) {
      uint64_t difference = 0;
      if (!bits.Read(width, &difference)) return false;
      hash += difference;
      out->values_.emplace(hash, neutral);
    }
    return true;
  }
  if (version != 3) return false;
  size_t at = 8;
  uint64_t count = 1;
  if (longs > 1) {
    if (bytes.size() < 16) return false;
    count = LoadNumber<uint32_t>(bytes, 8);
    at = 16;
  }
  if (longs > 2) {
    if (bytes.size() < 24) return false;
    out->theta_ = LoadNumber<uint64_t>(bytes, 16);
    at = 24;
  }
  const size_t value_size = !tuple ? 0 : kind == Kind::kDouble ? 9 : 5;
  if (bytes.size() != at + count * (8 + value_size)) return false;
  for (uint64_t i = 0; i < count; ++i, at += 8 + value_size) {
    double value = neutral;
    if (value_size == 9) value = LoadNumber<double>(bytes, at + 8);
    if (value_size == 5) value = LoadNumber<int32_t>(bytes, at + 8);
    out->values_.emplace(LoadNumber<uint64_t>(bytes, at), value);
  }
  return true;
}

}  // namespace tinderbox::engine
