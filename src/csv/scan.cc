#include "csv/scan.h"

#include <immintrin.h>

#include <bit>
#include <cstring>
#include <string_view>

#include "base/json_text.h"

namespace tinderbox::csv {
namespace {

/// Appends base + the position of every set bit. Writes in groups of eight, also past the last bit: the count decides.
inline __attribute__((always_inline)) size_t Flatten(uint64_t mask, uint32_t base, uint32_t* out) {
  const auto count = static_cast<size_t>(__builtin_popcountll(mask));
  for (size_t done = 0; done < count; done += 8) {
    for (size_t i = 0; i < 8; ++i) {
      out[done + i] = base + static_cast<uint32_t>(__builtin_ctzll(mask | (uint64_t{1} << 63)));
      mask &= mask - 1;
    }
  }
  return count;
}

size_t IndexScalar(const char* data, size_t size, uint32_t base, const SpecialBytes& specials, uint32_t* out) {
  size_t count = 0;
  for (size_t i = 0; i < size; ++i) {
    if (specials.is_special[static_cast<unsigned char>(data[i])]) out[count++] = base + static_cast<uint32_t>(i);
  }
  return count;
}

size_t IndexSse2(const char* data, size_t size, uint32_t base, const SpecialBytes& specials, uint32_t* out) {
  __m128i wanted[5];
  for (int k = 0; k < 5; ++k) wanted[k] = _mm_set1_epi8(specials.bytes[static_cast<size_t>(k)]);
  size_t count = 0;
  size_t i = 0;
  for (; i + 64 <= size; i += 64) {
    uint64_t mask = 0;
    for (int part = 0; part < 4; ++part) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + i + 16 * part));
      __m128i hit = _mm_cmpeq_epi8(bytes, wanted[0]);
      for (int k = 1; k < 5; ++k) hit = _mm_or_si128(hit, _mm_cmpeq_epi8(bytes, wanted[k]));
      mask |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(hit))) << (16 * part);
    }
    count += Flatten(mask, base + static_cast<uint32_t>(i), out + count);
  }
  return count + IndexScalar(data + i, size - i, base + static_cast<uint32_t>(i), specials, out + count);
}

__attribute__((target("avx2,bmi,bmi2,popcnt"))) size_t IndexAvx2(const char* data, size_t size, uint32_t base,
                                                                 const SpecialBytes& specials, uint32_t* out) {
  __m256i wanted[5];
  for (int k = 0; k < 5; ++k) wanted[k] = _mm256_set1_epi8(specials.bytes[static_cast<size_t>(k)]);
  size_t count = 0;
  size_t i = 0;
  for (; i + 64 <= size; i += 64) {
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + i));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + i + 32));
    __m256i hit_low = _mm256_cmpeq_epi8(low, wanted[0]);
    __m256i hit_high = _mm256_cmpeq_epi8(high, wanted[0]);
    for (int k = 1; k < 5; ++k) {
      hit_low = _mm256_or_si256(hit_low, _mm256_cmpeq_epi8(low, wanted[k]));
      hit_high = _mm256_or_si256(hit_high, _mm256_cmpeq_epi8(high, wanted[k]));
    }
    uint64_t mask = static_cast<uint32_t>(_mm256_movemask_epi8(hit_low)) |
                    static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(hit_high))) << 32;
    const auto bits = static_cast<size_t>(__builtin_popcountll(mask));
    const uint32_t start = base + static_cast<uint32_t>(i);
    uint32_t* to = out + count;
    for (size_t done = 0; done < bits; done += 8) {
      for (size_t b = 0; b < 8; ++b) {
        to[done + b] = start + static_cast<uint32_t>(_tzcnt_u64(mask));
        mask = _blsr_u64(mask);
      }
    }
    count += bits;
  }
  return count + IndexScalar(data + i, size - i, base + static_cast<uint32_t>(i), specials, out + count);
}

}  // namespace

SpecialBytes::SpecialBytes(const Dialect& dialect) {
  size_t n = 0;
  const auto add = [&](char c) {
    if (is_special[static_cast<unsigned char>(c)]) return;
    is_special[static_cast<unsigned char>(c)] = true;
    bytes[n++] = c;
  };
  add(dialect.separator[0]);
  if (dialect.line_separator.empty()) {
    add('\n');
    add('\r');
  } else {
    add(dialect.line_separator[0]);
  }
  if (dialect.has_quote) {
    add(dialect.quote);
    if (dialect.has_escape) add(dialect.escape);
  }
  for (; n < bytes.size(); ++n) bytes[n] = bytes[0];
}

Simd BestSimd() {
  static const Simd best = [] {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") ? Simd::kAvx2 : Simd::kSse2;
  }();
  return best;
}

size_t IndexSpecials(const char* data, size_t size, uint32_t base, const SpecialBytes& specials, Simd simd,
                     uint32_t* out) {
  switch (simd) {
    case Simd::kAvx2:
      return IndexAvx2(data, size, base, specials, out);
    case Simd::kSse2:
      return IndexSse2(data, size, base, specials, out);
    case Simd::kScalar:
      break;
  }
  return IndexScalar(data, size, base, specials, out);
}

bool IsAscii(const char* data, size_t size) {
  size_t i = 0;
  __m128i any = _mm_setzero_si128();
  for (; i + 64 <= size; i += 64) {
    const auto* at = reinterpret_cast<const __m128i*>(data + i);
    any = _mm_or_si128(any, _mm_or_si128(_mm_or_si128(_mm_loadu_si128(at), _mm_loadu_si128(at + 1)),
                                         _mm_or_si128(_mm_loadu_si128(at + 2), _mm_loadu_si128(at + 3))));
  }
  unsigned char rest = 0;
  for (; i < size; ++i) rest = static_cast<unsigned char>(rest | static_cast<unsigned char>(data[i]));
  return _mm_movemask_epi8(any) == 0 && rest < 0x80;
}

bool IsValidUtf8(const char* data, size_t size) {
  size_t i = 0;
  while (i < size) {
    if (i + 16 <= size) {
      const int high = _mm_movemask_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(data + i)));
      if (high == 0) {
        i += 16;
        continue;
      }
      i += static_cast<size_t>(std::countr_zero(static_cast<unsigned>(high)));
    } else if (static_cast<unsigned char>(data[i]) < 0x80) {
      ++i;
      continue;
    }
    const auto lead = static_cast<unsigned char>(data[i]);
    const size_t length = lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (i + length > size || !base::IsUtf8({data + i, length})) return false;
    i += length;
  }
  return true;
}

}  // namespace tinderbox::csv
