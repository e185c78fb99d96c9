// Spark's random numbers: the same stream for the same seed, one stream a partition.
#include <array>
#include <bit>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/functions/native.h"

namespace tinderbox::engine {

namespace {

/// MurmurHash3 (32 bits) of eight bytes, the highest first, as Scala has it.
uint32_t HashBytes(uint64_t bytes, uint32_t seed) {
  uint32_t hash = seed;
  for (int word = 0; word < 2; ++word) {
    const auto half = static_cast<uint32_t>(bytes >> (word == 0 ? 32 : 0));
    uint32_t k = __builtin_bswap32(half);
    k *= 0xcc9e2d51;
    k = std::rotl(k, 15);
    k *= 0x1b873593;
    hash ^= k;
    hash = std::rotl(hash, 13) * 5 + 0xe6546b64;
  }
  hash ^= 8;
  hash ^= hash >> 16;
  hash *= 0x85ebca6b;
  hash ^= hash >> 13;
  hash *= 0xc2b2ae35;
  return hash ^ (hash >> 16);
}

/// XORShiftRandom with the methods of java.util.Random.
class Random {
 public:
  explicit Random(int64_t seed) {
    const uint32_t low = HashBytes(static_cast<uint64_t>(seed), 0x3c074a61);
    const uint32_t high = HashBytes(static_cast<uint64_t>(seed), low);
    state_ = uint64_t{high} << 32 | low;
  }

  double NextDouble() {
    const uint64_t high = Next(26);
    return static_cast<double>((high << 27) + Next(27)) * 0x1.0p-53;
  }

  int32_t NextInt() { return static_cast<int32_t>(static_cast<uint32_t>(Next(32))); }

  double NextGaussian() {
    if (spare_) {
      const double out = *spare_;
      spare_.reset();
      return out;
    }
    double a = 0;
    double b = 0;
    double square = 0;
    do {
      a = 2 * NextDouble() - 1;
      b = 2 * NextDouble() - 1;
      square = a * a + b * b;
    } while (square >= 1 || square == 0);
    const double factor = std::sqrt(-2 * std::log(square) / square);
    spare_ = b * factor;
    return a * factor;
  }

 private:
  uint64_t Next(int bits) {
    uint64_t next = state_ ^ (state_ << 21);
    next ^= next >> 35;
    next ^= next << 4;
    state_ = next;
    return next & ((uint64_t{1} << bits) - 1);
  }

  uint64_t state_ = 0;
  std::optional<double> spare_;
};

struct Stream {
  std::optional<Random> random;
};

template <typename Draw>
void AddStream(ScalarFunctions* out, const char* name, Draw draw) {
  ScalarFunction function{.name = name,
                          .parameters = {TypeKind::kLong},
                          .varargs = {},
                          .result = DataType(TypeKind::kDouble),
                          .run = nullptr};
  function.is_volatile = true;
  function.new_state = []() -> std::shared_ptr<void> { return std::make_shared<Stream>(); };
  function.run_with_state = [draw](const ScalarInput& in, OutVector& result, void* state) {
    auto& stream = *static_cast<Stream*>(state);
    for (size_t row = 0; row < in.rows(); ++row) {
      if (!stream.random) stream.random.emplace(in[0].Data<int64_t>()[row]);
      result.Data<double>()[row] = draw(*stream.random);
    }
  };
  out->push_back(std::move(function));
}

/// Digits and letters.
std::string Text(Random& random, int32_t length) {
  static constexpr std::string_view kPool = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string out;
  for (int32_t i = 0; i < length; ++i) out += kPool[static_cast<size_t>(std::abs(random.NextInt() % 62))];
  return out;
}

}  // namespace

void AddNativeRandom(ScalarFunctions* out) {
  AddStream(out, "spark_rand", [](Random& random) { return random.NextDouble(); });
  AddStream(out, "spark_randn", [](Random& random) { return random.NextGaussian(); });
  ScalarFunction text{.name = "spark_randstr",
                      .parameters = {TypeKind::kInteger, TypeKind::kLong},
                      .varargs = {},
                      .result = DataType(TypeKind::kString),
                      .run = nullptr};
  text.is_volatile = true;
  text.new_state = []() -> std::shared_ptr<void> { return std::make_shared<Stream>(); };
  text.run_with_state = [](const ScalarInput& in, OutVector& result, void* state) {
    auto& stream = *static_cast<Stream*>(state);
    for (size_t row = 0; row < in.rows(); ++row) {
      if (!stream.random) stream.random.emplace(in[1].Data<int64_t>()[row]);
      result.SetString(row, Text(*stream.random, in[0].Data<int32_t>()[row]));
    }
  };
  out->push_back(std::move(text));
}

}  // namespace tinderbox::engine
