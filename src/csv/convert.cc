#include "csv/convert.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "base/fail.h"

namespace tinderbox::csv {
namespace {

bool IsDigit(char c) {
  return static_cast<unsigned char>(c - '0') < 10;
}
char LowerAscii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool EqualsLower(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) { return LowerAscii(a) == b; });
}

/// Spark's trimAll: white space and control characters.
std::string_view TrimAll(std::string_view text) {
  const auto drop = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; };
  while (!text.empty() && drop(text.front())) text.remove_prefix(1);
  while (!text.empty() && drop(text.back())) text.remove_suffix(1);
  return text;
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
  for (; at < end && IsDigit(*at); ++at) value = value * 10 + static_cast<uint64_t>(*at - '0');
  auto count = at - digits;
  int scale = 0;
  if (at < end && *at == '.') {
    const char* const fraction = ++at;
    for (; at < end && IsDigit(*at); ++at) value = value * 10 + static_cast<uint64_t>(*at - '0');
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

bool IsLeap(int64_t year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar; false when there is no such day.
bool DaysOf(int64_t year, int month, int day, int64_t* out) {
  static constexpr int16_t kBefore[2][13] = {{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365},
                                             {0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366}};
  if (month < 1 || month > 12 || day < 1) return false;
  const int16_t* before = kBefore[IsLeap(year) ? 1 : 0] + (month - 1);
  if (day > before[1] - before[0]) return false;
  // Counted from a year that begins a cycle of 400 years, so that the divisions are of positive numbers.
  constexpr int64_t kCycles = 25000;
  const auto years = static_cast<uint64_t>(year + kCycles * 400 - 1);
  const uint64_t days = years * 365 + years / 4 - years / 100 + years / 400;
  *out = static_cast<int64_t>(days) - kCycles * 146097 - 719162 + before[0] + day - 1;
  return true;
}

int TwoDigits(const char* text) {
  return (text[0] - '0') * 10 + (text[1] - '0');
}

/// Reads "dddd-dd-dd" at the begin of at least ten bytes; false when that is not there.
bool ReadDate(const char* text, int* year, int* month, int* day) {
  uint64_t bytes;
  std::memcpy(&bytes, text, 8);
  bytes ^= 0x2D30302D30303030u;  // digits become 0 to 9, and the two hyphens 0
  const uint64_t over = ((bytes & 0x7F7F7F7F7F7F7F7Fu) + 0x7F76767F76767676u) | bytes;
  const auto d0 = static_cast<unsigned char>(text[8] - '0');
  const auto d1 = static_cast<unsigned char>(text[9] - '0');
  if ((over & 0x8080808080808080u) != 0 || d0 > 9 || d1 > 9) return false;
  const auto at = [&](int i) { return static_cast<int>(bytes >> (8 * i) & 0xF); };
  *year = at(0) * 1000 + at(1) * 100 + at(2) * 10 + at(3);
  *month = at(5) * 10 + at(6);
  *day = d0 * 10 + d1;
  return true;
}

/// Reads "dd:dd:dd"; false when that is not there.
bool ReadTime(const char* text, int* hour, int* minute, int* second) {
  uint64_t bytes;
  std::memcpy(&bytes, text, 8);
  bytes ^= 0x30303A30303A3030u;
  const uint64_t over = ((bytes & 0x7F7F7F7F7F7F7F7Fu) + 0x76767F76767F7676u) | bytes;
  if ((over & 0x8080808080808080u) != 0) return false;
  const auto at = [&](int i) { return static_cast<int>(bytes >> (8 * i) & 0xF); };
  *hour = at(0) * 10 + at(1);
  *minute = at(3) * 10 + at(4);
  *second = at(6) * 10 + at(7);
  return true;
}

struct TimestampParts {
  int64_t micros = 0;  // as if in UTC
  bool has_zone = false;
  int32_t zone_seconds = 0;
};

/// An offset: ±h, ±hh, ±h:mm, ±hh:m, ±hh:mm, ±hhmm, ±hh:mm:ss, ±hhmmss.
bool ParseOffset(std::string_view text, int32_t* out) {
  if (text.size() < 2 || (text[0] != '+' && text[0] != '-')) return false;
  const bool negative = text[0] == '-';
  text.remove_prefix(1);
  int parts[3] = {0, 0, 0};
  if (text.find(':') == std::string_view::npos) {
    if (!std::all_of(text.begin(), text.end(), IsDigit)) return false;
    if (text.size() == 1) {
      parts[0] = text[0] - '0';
    } else if (text.size() == 2 || text.size() == 4 || text.size() == 6) {
      for (size_t i = 0; i < text.size(); i += 2) parts[i / 2] = TwoDigits(&text[i]);
    } else {
      return false;
    }
  } else {
    int part = 0;
    size_t digits = 0;
    for (const char c : text) {
      if (c == ':') {
        if (digits == 0 || ++part > 2) return false;
        digits = 0;
      } else if (!IsDigit(c) || ++digits > 2) {
        return false;
      } else {
        parts[part] = parts[part] * 10 + (c - '0');
      }
    }
    if (digits == 0 || (part == 2 && digits != 2)) return false;
  }
  const int32_t seconds = parts[0] * 3600 + parts[1] * 60 + parts[2];
  if (parts[1] > 59 || parts[2] > 59 || seconds > 18 * 3600) return false;
  *out = negative ? -seconds : seconds;
  return true;
}

bool ParseZone(std::string_view text, int32_t* out) {
  text = TrimAll(text);
  *out = 0;
  if (text == "Z") return true;
  for (const std::string_view name : {"UTC", "GMT", "UT"}) {
    if (text == name) return true;
    if (text.size() > name.size() && text.substr(0, name.size()) == name && ParseOffset(text.substr(name.size()), out))
      return true;
  }
  return ParseOffset(text, out);
}

bool ToMicros(int64_t days, int hour, int minute, int second, int64_t micros, int64_t* out) {
  if (hour > 23 || minute > 59 || second > 59) return false;
  const __int128 wide = static_cast<__int128>(days) * 86'400'000'000 +
                        ((hour * 60 + minute) * 60 + second) * static_cast<__int128>(1'000'000) + micros;
  *out = static_cast<int64_t>(wide);
  return *out == wide;
}

/// [+-]yyyy[yy][-[m]m[-[d]d[( |T)[h]h[:[m]m[:[s]s[.fraction]]][zone]]]]; more than six digits of the fraction are cut
/// off.
bool ParseParts(std::string_view text, TimestampParts* out) {
  int year, month, day, hour, minute, second;
  if (text.size() == 19 && (text[10] == ' ' || text[10] == 'T') && ReadDate(text.data(), &year, &month, &day) &&
      ReadTime(text.data() + 11, &hour, &minute, &second)) {
    int64_t date;
    if (hour > 23 || minute > 59 || second > 59 || !DaysOf(year, month, day, &date)) return false;
    out->micros = (date * 86400 + (hour * 60 + minute) * 60 + second) * 1'000'000;
    return true;
  }
  text = TrimAll(text);
  if (text.empty()) return false;
  int64_t parts[7] = {1, 1, 1, 0, 0, 0, 0};
  int part = 0;
  int digits = 0;
  int64_t value = 0;
  int sign = 1;
  size_t at = 0;
  if (text[0] == '-' || text[0] == '+') {
    sign = text[0] == '-' ? -1 : 1;
    at = 1;
  }
  const auto store = [&] {
    const bool good = part == 0 ? digits >= 4 && digits <= 6 : part == 6 || (digits > 0 && digits <= 2);
    if (part == 6) {
      for (int i = digits; i < 6; ++i) value *= 10;
    }
    parts[part] = value;
    value = 0;
    digits = 0;
    return good;
  };
  bool ended = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (IsDigit(c)) {
      if (part != 6 || digits < 6) value = value * 10 + (c - '0');
      if (++digits > 6 && part != 6) return false;
      continue;
    }
    const bool next = part < 2    ? c == '-'
                      : part == 2 ? c == ' ' || c == 'T'
                      : part < 5  ? c == ':'
                                  : part == 5 && c == '.';
    if (!next && part < 5) return false;
    if (!store()) return false;
    if (next) {
      ++part;
      continue;
    }
    if (!ParseZone(text.substr(at), &out->zone_seconds)) return false;
    out->has_zone = true;
    ended = true;
    break;
  }
  if (!ended && !store()) return false;
  int64_t days;
  return DaysOf(sign * parts[0], static_cast<int>(parts[1]), static_cast<int>(parts[2]), &days) &&
         ToMicros(days, static_cast<int>(parts[3]), static_cast<int>(parts[4]), static_cast<int>(parts[5]), parts[6],
                  &out->micros);
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
    if (IsDigit(c)) {
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
    if (rest.empty() || rest.size() > 10 || !std::all_of(rest.begin(), rest.end(), IsDigit)) return false;
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
    if (!IsDigit(*at)) return false;
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
  const char last = LowerAscii(text.back());
  auto format = std::chars_format::general;
  std::string_view number = text;
  const bool hex = text.size() > 2 && text[0] == '0' && LowerAscii(text[1]) == 'x';
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
      (number[0] != '.' && !(hex ? std::isxdigit(static_cast<unsigned char>(number[0])) : IsDigit(number[0])))) {
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

bool ParseDate(std::string_view text, int32_t* out) {
  int64_t days = 0;
  int year, month, day;
  if (text.size() == 10 && ReadDate(text.data(), &year, &month, &day)) {
    if (!DaysOf(year, month, day, &days)) return false;
    *out = static_cast<int32_t>(days);
    return true;
  }
  text = TrimAll(text);
  if (text.empty()) return false;
  int64_t parts[3] = {1, 1, 1};
  int part = 0;
  int digits = 0;
  int64_t value = 0;
  int sign = 1;
  size_t at = 0;
  if (text[0] == '-' || text[0] == '+') {
    sign = text[0] == '-' ? -1 : 1;
    at = 1;
  }
  const auto good = [&] { return part == 0 ? digits >= 4 && digits <= 7 : digits > 0 && digits <= 2; };
  for (; at < text.size() && text[at] != ' ' && text[at] != 'T'; ++at) {
    if (part < 2 && text[at] == '-') {
      if (!good()) return false;
      parts[part++] = value;
      value = 0;
      digits = 0;
    } else if (!IsDigit(text[at]) || ++digits > 7) {
      return false;
    } else {
      value = value * 10 + (text[at] - '0');
    }
  }
  if (!good() || (part < 2 && at < text.size())) return false;
  parts[part] = value;
  if (!DaysOf(sign * parts[0], static_cast<int>(parts[1]), static_cast<int>(parts[2]), &days)) return false;
  *out = static_cast<int32_t>(days);
  return *out == days;
}

bool ParseTimestamp(std::string_view text, int32_t zone_offset_seconds, int64_t* out) {
  TimestampParts parts;
  if (!ParseParts(text, &parts)) return false;
  const int64_t offset = int64_t{parts.has_zone ? parts.zone_seconds : zone_offset_seconds} * 1'000'000;
  return !__builtin_sub_overflow(parts.micros, offset, out);
}

bool ParseTimestampNtz(std::string_view text, int64_t* out) {
  TimestampParts parts;
  if (!ParseParts(text, &parts) || parts.has_zone) return false;
  *out = parts.micros;
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
