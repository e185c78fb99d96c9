#include "csv/convert.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "base/ascii.h"
#include "base/fail.h"

namespace tinderbox::csv {
namespace {

bool EqualsLower(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) { return base::LowerCase(a) == b; });
}

/// Eight digits at once; false when one of the eight bytes is none.
bool EightDigits(const char* text, uint64_t* out) {
  uint64_t bytes;
  std::memcpy(&bytes, text, 8);
  const uint64_t high = bytes & 0xF0F0F0F0F0F0F0F0u;
  if (high != 0x3030303030303030u || ((bytes + 0x0606060606060606u) & 0xF0F0F0F0F0F0F0F0u) != high) return false;
  bytes -= 0x3030303030303030u;
  bytes = bytes * 10 + (bytes >> 8);
  *out = (((bytes & 0x000000FF000000FFu) * 0x000F424000000064u) +
          (((bytes >> 16) & 0x000000FF000000FFu) * 0x0000271000000001u)) >>
         32;
  return true;
}

constexpr double kPower10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                               1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr float kPower10Float[] = {1e0f, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f, 1e8f, 1e9f, 1e10f};

/// A plain decimal number whose digits fit 64 bits: value = mantissa * 10^exponent. False: something else, or too long.
bool PlainNumber(std::string_view text, bool* negative, uint64_t* mantissa, int* exponent) {
  const char* at = text.data();
  const char* const end = at + text.size();
  *negative = false;
  if (at < end && (*at == '-' || *at == '+')) *negative = *at++ == '-';
  uint64_t value = 0;
  const char* const digits = at;
  for (; at < end && base::IsDigit(*at); ++at) value = value * 10 + static_cast<uint64_t>(*at - '0');
  auto count = at - digits;
  int scale = 0;
  if (at < end && *at == '.') {
    const char* const fraction = ++at;
    for (; at < end && base::IsDigit(*at); ++at) value = value * 10 + static_cast<uint64_t>(*at - '0');
    scale = static_cast<int>(std::min<ptrdiff_t>(at - fraction, 1000));
    count += at - fraction;
  }
  if (at != end || count == 0 || count > 19) return false;
  *mantissa = value;
  *exponent = -scale;
  return true;
}

bool FastFloating(uint64_t mantissa, int exponent, double* out) {
  if (mantissa > (uint64_t{1} << 53) || exponent < -22) return false;
  *out = static_cast<double>(mantissa) / kPower10[-exponent];
  return true;
}

bool FastFloating(uint64_t mantissa, int exponent, float* out) {
  if (mantissa > (uint64_t{1} << 24) || exponent < -10) return false;
  *out = static_cast<float>(mantissa) / kPower10Float[-exponent];
  return true;
}

/// A number taken apart: its significant digits, and the power of ten of the last one.
struct DecimalDigits {
  bool negative = false;
  std::string digits;  // without leading zeros
  size_t all_digits = 0;
  int64_t exponent = 0;
};

bool ParseDigits(std::string_view text, DecimalDigits* out) {
  size_t at = 0;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    out->negative = text[0] == '-';
    at = 1;
  }
  bool point = false;
  int64_t scale = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (base::IsDigit(c)) {
      ++out->all_digits;
      if (point) ++scale;
      if (c != '0' || !out->digits.empty()) out->digits.push_back(c);
    } else if (c == '.' && !point) {
      point = true;
    } else if (c != ',') {  // Spark drops all commas for the US locale
      break;
    }
  }
  if (out->all_digits == 0) return false;
  int64_t exponent = 0;
  if (at < text.size()) {
    if (text[at] != 'e' && text[at] != 'E') return false;
    std::string_view rest = text.substr(at + 1);
    bool negative = false;
    if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
      negative = rest[0] == '-';
      rest.remove_prefix(1);
    }
    if (rest.empty() || rest.size() > 10 || !std::all_of(rest.begin(), rest.end(), base::IsDigit)) return false;
    for (const char c : rest) exponent = exponent * 10 + (c - '0');
    if (exponent > std::numeric_limits<int32_t>::max()) return false;
    if (negative) exponent = -exponent;
  }
  out->exponent = exponent - scale;
  return true;
}

__int128 Power10(int exponent) {
  __int128 out = 1;
  for (int i = 0; i < exponent; ++i) out *= 10;
  return out;
}

constexpr uint64_t kPower10Int[] = {1,
                                    10,
                                    100,
                                    1000,
                                    10000,
                                    100000,
                                    1000000,
                                    10000000,
                                    100000000,
                                    1000000000,
                                    10000000000,
                                    100000000000,
                                    1000000000000,
                                    10000000000000,
                                    100000000000000,
                                    1000000000000000,
                                    10000000000000000,
                                    100000000000000000,
                                    1000000000000000000};

}  // namespace

bool ParseBoolean(std::string_view text, uint8_t* out) {
  if (EqualsLower(text, "true")) {
    *out = 1;
    return true;
  }
  *out = 0;
  return EqualsLower(text, "false");
}

template <typename T>
bool ParseInteger(std::string_view text, T* out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  bool negative = false;
  if (at < end && (*at == '-' || *at == '+')) negative = *at++ == '-';
  if (at == end) return false;
  while (at < end && *at == '0' && end - at > 18) ++at;
  if (end - at > 19) return false;
  uint64_t value = 0;
  uint64_t eight;
  while (end - at >= 8 && EightDigits(at, &eight)) {
    value = value * 100000000 + eight;
    at += 8;
  }
  for (; at < end; ++at) {
    if (!base::IsDigit(*at)) return false;
    value = value * 10 + static_cast<uint64_t>(*at - '0');
  }
  const uint64_t most = static_cast<uint64_t>(std::numeric_limits<T>::max()) + (negative ? 1 : 0);
  if (value > most) return false;
  *out = static_cast<T>(negative ? 0 - value : value);
  return true;
}
template bool ParseInteger(std::string_view, int8_t*);
template bool ParseInteger(std::string_view, int16_t*);
template bool ParseInteger(std::string_view, int32_t*);
template bool ParseInteger(std::string_view, int64_t*);

template <typename T>
bool ParseFloating(std::string_view text, const CsvOptions& options, T* out) {
  bool negative;
  uint64_t mantissa;
  int exponent;
  if (PlainNumber(text, &negative, &mantissa, &exponent) && FastFloating(mantissa, exponent, out)) {
    if (negative) *out = -*out;
    return true;
  }
  if (text == options.nan_value) {
    *out = std::numeric_limits<T>::quiet_NaN();
    return true;
  }
  if (text == options.positive_inf || text == options.negative_inf) {
    *out = text == options.positive_inf ? std::numeric_limits<T>::infinity() : -std::numeric_limits<T>::infinity();
    return true;
  }
  const auto is_space = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return false;
  T value = 0;
  if (text == "NaN" || text == "Infinity") {
    value = text == "NaN" ? std::numeric_limits<T>::quiet_NaN() : std::numeric_limits<T>::infinity();
    *out = negative ? -value : value;
    return true;
  }
  const char last = base::LowerCase(text.back());
  auto format = std::chars_format::general;
  std::string_view number = text;
  const bool hex = text.size() > 2 && text[0] == '0' && base::LowerCase(text[1]) == 'x';
  if (hex) {
    if (text.find_first_of("pP") == std::string_view::npos) return false;
    number.remove_prefix(2);
    format = std::chars_format::hex;
    if (last == 'f' || last == 'd') number.remove_suffix(1);
  } else if (last == 'f' || last == 'd') {
    number.remove_suffix(1);
  }
  // from_chars also knows "inf" and "nan", which Java does not.
  if (number.empty() ||
      (number[0] != '.' && !(hex ? std::isxdigit(static_cast<unsigned char>(number[0])) : base::IsDigit(number[0])))) {
    return false;
  }
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value, format);
  if (end != number.data() + number.size() || error == std::errc::invalid_argument) return false;
  if (error == std::errc::result_out_of_range) {
    const std::string copy((hex ? "0x" : "") + std::string(number));
    if constexpr (std::is_same_v<T, float>) {
      value = std::strtof(copy.c_str(), nullptr);
    } else {
      value = std::strtod(copy.c_str(), nullptr);
    }
  }
  *out = negative ? -value : value;
  return true;
}
template bool ParseFloating(std::string_view, const CsvOptions&, float*);
template bool ParseFloating(std::string_view, const CsvOptions&, double*);

bool ParseDecimal(std::string_view text, int precision, int scale, __int128* out) {
  bool negative;
  uint64_t mantissa;
  int exponent;
  if (text.size() <= 18 && PlainNumber(text, &negative, &mantissa, &exponent) && scale + exponent >= 0 &&
      scale + exponent <= 18) {
    const __int128 value = static_cast<__int128>(mantissa) * kPower10Int[scale + exponent];
    if (precision <= 18 ? value >= static_cast<__int128>(kPower10Int[precision]) : value >= Power10(precision))
      return false;
    *out = negative ? -value : value;
    return true;
  }
  DecimalDigits number;
  if (!ParseDigits(text, &number)) return false;
  const auto count = static_cast<int64_t>(number.digits.size());
  const int64_t keep = count + number.exponent + scale;  // digits of the result
  __int128 value = 0;
  if (count > 0 && keep > 38) return false;
  for (int64_t i = 0; i < keep && count > 0; ++i) {
    value = value * 10 + (i < count ? number.digits[static_cast<size_t>(i)] - '0' : 0);
  }
  if (keep >= 0 && keep < count && number.digits[static_cast<size_t>(keep)] >= '5') ++value;
  if (value >= Power10(precision)) return false;
  *out = number.negative ? -value : value;
  return true;
}

bool DecimalShape(std::string_view text, int* precision, int* scale) {
  DecimalDigits number;
  if (!ParseDigits(text, &number)) return false;
  const int64_t exponent = std::clamp<int64_t>(number.exponent, -1000000, 1000000);
  *scale = static_cast<int>(-exponent);
  *precision = static_cast<int>(std::max<size_t>(number.digits.size(), 1));
  return true;
}

bool Converts(std::string_view text, const DataType& type, const CsvOptions& options) {
  uint8_t u8;
  int8_t i8;
  int16_t i16;
  int32_t i32;
  int64_t i64;
  __int128 i128;
  float f32;
  double f64;
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return ParseBoolean(text, &u8);
    case TypeKind::kByte:
      return ParseInteger(text, &i8);
    case TypeKind::kShort:
      return ParseInteger(text, &i16);
    case TypeKind::kInteger:
      return ParseInteger(text, &i32);
    case TypeKind::kLong:
      return ParseInteger(text, &i64);
    case TypeKind::kFloat:
      return ParseFloating(text, options, &f32);
    case TypeKind::kDouble:
      return ParseFloating(text, options, &f64);
    case TypeKind::kDecimal:
      return ParseDecimal(text, type.precision(), type.scale(), &i128);
    case TypeKind::kDate:
      return ParseDate(text, &i32);
    case TypeKind::kTimestamp:
      return ParseTimestamp(text, options.zone_offset_seconds, &i64);
    case TypeKind::kTimestampNtz:
      return ParseTimestampNtz(text, &i64);
    default:
      return true;
  }
}

void CheckReadable(const StructField& field, const CsvOptions& options) {
  if (field.type.kind() == TypeKind::kTimestamp && !options.unknown_zone.empty()) {
    base::FailWith(
        "UNSUPPORTED_FEATURE.CSV_OPTION", {{"option", "timeZone"}, {"value", options.unknown_zone}},
        "The CSV reader cannot read the timestamps of the column '{}' in the time zone '{}'. Set the CSV option "
        "'timeZone' to UTC or an offset such as +02:00, or read the column as timestamp_ntz or string.",
        field.name, options.unknown_zone);
  }
  switch (field.type.kind()) {
    case TypeKind::kBoolean:
    case TypeKind::kByte:
    case TypeKind::kShort:
    case TypeKind::kInteger:
    case TypeKind::kLong:
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kDecimal:
    case TypeKind::kString:
    case TypeKind::kBinary:
    case TypeKind::kDate:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampNtz:
      return;
    default:
      break;
  }
  base::FailWith("UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE",
                 {{"format", "CSV"}, {"columnName", field.name}, {"columnType", field.type.Sql()}},
                 "The CSV reader cannot make the type {} of the column '{}'. Read it as a string and convert it.",
                 field.type.Sql(), field.name);
}

}  // namespace tinderbox::csv
