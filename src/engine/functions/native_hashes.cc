// Spark's hash (Murmur3, 32 bits) and xxhash64, which fold values into a seed of 42. NULL leaves the seed as it is.
#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "engine/functions/native.h"
#include "engine/functions/value_text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

template <typename T>
T Load(const char* data) {
  T value;
  std::memcpy(&value, data, sizeof value);
  return value;
}

struct Murmur3 {
  using Hash = uint32_t;
  static uint32_t Rotate(uint32_t x, int bits) { return x << bits | x >> (32 - bits); }
  static uint32_t MixKey(uint32_t k) { return Rotate(k * 0xcc9e2d51U, 15) * 0x1b873593U; }
  static uint32_t Mix(uint32_t h, uint32_t k) { return Rotate(h ^ MixKey(k), 13) * 5 + 0xe6546b64U; }
  static uint32_t Finish(uint32_t h, uint32_t length) {
    h ^= length;
    h = (h ^ h >> 16) * 0x85ebca6bU;
    h = (h ^ h >> 13) * 0xc2b2ae35U;
    return h ^ h >> 16;
  }
  static uint32_t Int(uint32_t value, uint32_t seed) { return Finish(Mix(seed, value), 4); }
  static uint32_t Long(uint64_t value, uint32_t seed) {
    return Finish(Mix(Mix(seed, static_cast<uint32_t>(value)), static_cast<uint32_t>(value >> 32)), 8);
  }
  static uint32_t Bytes(std::string_view bytes, uint32_t seed) {
    size_t i = 0;
    for (; i + 4 <= bytes.size(); i += 4) seed = Mix(seed, Load<uint32_t>(bytes.data() + i));
    // Unlike the original, Spark mixes each byte left over as an int of its own, with its sign.
    for (; i < bytes.size(); ++i)
      seed = Mix(seed, static_cast<uint32_t>(static_cast<int32_t>(static_cast<signed char>(bytes[i]))));
    return Finish(seed, static_cast<uint32_t>(bytes.size()));
  }
};

struct XxHash64 {
  using Hash = uint64_t;
  static constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87ULL;
  static constexpr uint64_t kPrime2 = 0xC2B2AE3D27D4EB4FULL;
  static constexpr uint64_t kPrime3 = 0x165667B19E3779F9ULL;
  static constexpr uint64_t kPrime4 = 0x85EBCA77C2B2AE63ULL;
  static constexpr uint64_t kPrime5 = 0x27D4EB2F165667C5ULL;
  static uint64_t Rotate(uint64_t x, int bits) { return x << bits | x >> (64 - bits); }
  static uint64_t Finish(uint64_t h) {
    h = (h ^ h >> 33) * kPrime2;
    h = (h ^ h >> 29) * kPrime3;
    return h ^ h >> 32;
  }
  static uint64_t MixInt(uint64_t h, uint32_t value) { return Rotate(h ^ value * kPrime1, 23) * kPrime2 + kPrime3; }
  static uint64_t MixLong(uint64_t h, uint64_t value) {
    return Rotate(h ^ Rotate(value * kPrime2, 31) * kPrime1, 27) * kPrime1 + kPrime4;
  }
  static uint64_t Int(uint32_t value, uint64_t seed) { return Finish(MixInt(seed + kPrime5 + 4, value)); }
  static uint64_t Long(uint64_t value, uint64_t seed) { return Finish(MixLong(seed + kPrime5 + 8, value)); }
  static uint64_t Bytes(std::string_view bytes, uint64_t seed) {
    size_t i = 0;
    uint64_t hash = 0;
    if (bytes.size() >= 32) {
      uint64_t lanes[4] = {seed + kPrime1 + kPrime2, seed + kPrime2, seed, seed - kPrime1};
      for (; i + 32 <= bytes.size(); i += 32) {
        for (size_t lane = 0; lane < 4; ++lane) {
          lanes[lane] = Rotate(lanes[lane] + Load<uint64_t>(bytes.data() + i + lane * 8) * kPrime2, 31) * kPrime1;
        }
      }
      hash = Rotate(lanes[0], 1) + Rotate(lanes[1], 7) + Rotate(lanes[2], 12) + Rotate(lanes[3], 18);
      for (const uint64_t lane : lanes) hash = (hash ^ Rotate(lane * kPrime2, 31) * kPrime1) * kPrime1 + kPrime4;
    } else {
      hash = seed + kPrime5;
    }
    hash += bytes.size();
    for (; i + 8 <= bytes.size(); i += 8) hash = MixLong(hash, Load<uint64_t>(bytes.data() + i));
    if (i + 4 <= bytes.size()) {
      hash = MixInt(hash, Load<uint32_t>(bytes.data() + i));
      i += 4;
    }
    for (; i < bytes.size(); ++i) hash = Rotate(hash ^ static_cast<unsigned char>(bytes[i]) * kPrime5, 11) * kPrime1;
    return Finish(hash);
  }
};

/// The bytes of Java's BigInteger.toByteArray: big-endian two's complement, as few as possible.
std::string BigIntegerBytes(__int128 value) {
  std::string out;
  for (int shift = 120; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  size_t skip = 0;
  while (skip + 1 < out.size() &&
         ((out[skip] == 0 && (out[skip + 1] & 0x80) == 0) || (out[skip] == '\xFF' && (out[skip + 1] & 0x80) != 0)))
    ++skip;
  return out.substr(skip);
}

template <typename Algorithm>
typename Algorithm::Hash HashCell(const DataType& type, const InVector& column, size_t row,
                                  typename Algorithm::Hash seed) {
  if (column.IsNull(row)) return seed;
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return Algorithm::Int(column.Data<uint8_t>()[row] != 0 ? 1 : 0, seed);
    case TypeKind::kByte:
      return Algorithm::Int(static_cast<uint32_t>(static_cast<int32_t>(column.Data<int8_t>()[row])), seed);
    case TypeKind::kShort:
      return Algorithm::Int(static_cast<uint32_t>(static_cast<int32_t>(column.Data<int16_t>()[row])), seed);
    case TypeKind::kInteger:
    case TypeKind::kDate:
      return Algorithm::Int(static_cast<uint32_t>(column.Data<int32_t>()[row]), seed);
    case TypeKind::kLong:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz:
      return Algorithm::Long(static_cast<uint64_t>(column.Data<int64_t>()[row]), seed);
    case TypeKind::kTime:  // nanoseconds inside Spark
      return Algorithm::Long(static_cast<uint64_t>(column.Data<int64_t>()[row]) * 1000, seed);
    case TypeKind::kFloat: {
      const float value = column.Data<float>()[row];
      uint32_t bits = std::isnan(value) ? 0x7fc00000U : 0;
      if (!std::isnan(value) && value != 0) std::memcpy(&bits, &value, sizeof bits);
      return Algorithm::Int(bits, seed);
    }
    case TypeKind::kDouble: {
      const double value = column.Data<double>()[row];
      uint64_t bits = std::isnan(value) ? 0x7ff8000000000000ULL : 0;
      if (!std::isnan(value) && value != 0) std::memcpy(&bits, &value, sizeof bits);
      return Algorithm::Long(bits, seed);
    }
    case TypeKind::kDecimal: {
      const __int128 digits = DecimalDigits(type, column, row);
      if (type.precision() <= 18) return Algorithm::Long(static_cast<uint64_t>(digits), seed);
      return Algorithm::Bytes(BigIntegerBytes(digits), seed);
    }
    case TypeKind::kString:
    case TypeKind::kBinary:
      return Algorithm::Bytes(column.String(row), seed);
    case TypeKind::kArray: {
      const InVector items = column.ListChild();
      const auto range = column.List(row);
      for (uint64_t i = 0; i < range.length; ++i)
        seed = HashCell<Algorithm>(type.element(), items, range.offset + i, seed);
      return seed;
    }
    case TypeKind::kStruct:
      for (size_t i = 0; i < type.fields().size(); ++i)
        seed = HashCell<Algorithm>(type.fields()[i].type, column.StructChild(i), row, seed);
      return seed;
    default:
      throw Error("UNSUPPORTED_FEATURE",
                  fmt::format("The embedded engine cannot hash the type {}.", type.SimpleString()));
  }
}

template <typename Algorithm>
void AddHash(ScalarFunctions* out, const char* name, TypeKind result_kind) {
  ScalarFunction function;
  function.name = name;
  function.varargs = {ParameterType::Any()};
  function.result = DataType(result_kind);
  function.handles_null = true;
  function.run = [](const ScalarInput& in, OutVector& result) {
    using Hash = typename Algorithm::Hash;
    auto* hashes = result.Data<Hash>();
    for (size_t row = 0; row < in.rows(); ++row) hashes[row] = 42;
    for (size_t argument = 0; argument < in.size(); ++argument) {
      const DataType type = in[argument].Type();
      for (size_t row = 0; row < in.rows(); ++row)
        hashes[row] = HashCell<Algorithm>(type, in[argument], row, hashes[row]);
    }
  };
  out->push_back(std::move(function));
}

}  // namespace

void AddNativeHashes(ScalarFunctions* out) {
  AddHash<Murmur3>(out, "spark_hash", TypeKind::kInteger);
  AddHash<XxHash64>(out, "spark_xxhash64", TypeKind::kLong);
}

}  // namespace tinderbox::engine
