#include "engine/functions/text_values.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/ascii.h"
#include "spark/text.h"

namespace tinderbox::engine {

namespace {

/// Whether Java's parseDouble takes the text: digits with a point and an exponent, then perhaps a type letter.
bool IsJavaNumber(std::string_view text, std::string_view* number) {
  size_t i = 0;
  size_t digits = 0;
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
  for (; i < text.size() && base::IsDigit(text[i]); ++i) ++digits;
  if (i < text.size() && text[i] == '.') {
    ++i;
    for (; i < text.size() && base::IsDigit(text[i]); ++i) ++digits;
  }
  if (digits == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    const size_t start = i;
    while (i < text.size() && base::IsDigit(text[i])) ++i;
    if (i == start) return false;
  }
  *number = text.substr(0, i);
  if (i < text.size() && std::string_view("fFdD").find(text[i]) != std::string_view::npos) ++i;
  return i == text.size();
}

template <typename T>
std::optional<T> ParseFloating(std::string_view text) {
  text = TrimAll(text);
  std::string_view number;
  if (IsJavaNumber(text, &number)) {
    if (number.front() == '+') number.remove_prefix(1);
    T value{};
    const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (failure == std::errc::result_out_of_range) {
      const std::string copy(number);
      if constexpr (std::is_same_v<T, float>) return std::strtof(copy.c_str(), nullptr);
      return std::strtod(copy.c_str(), nullptr);
    }
    return value;
  }
  const std::string lower = base::LowerCase(text);
  if (lower == "nan") return std::numeric_limits<T>::quiet_NaN();
  if (lower == "inf" || lower == "+inf" || lower == "infinity" || lower == "+infinity")
    return std::numeric_limits<T>::infinity();
  if (lower == "-inf" || lower == "-infinity") return -std::numeric_limits<T>::infinity();
  return std::nullopt;
}

std::optional<int32_t> MakeDate(int64_t year, int64_t month, int64_t day) {
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return std::nullopt;
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (day > kDays[static_cast<size_t>(month - 1)] + (month == 2 && leap ? 1 : 0)) return std::nullopt;
  const int64_t days = spark::DaysFromCivil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  if (days < INT32_MIN || days > INT32_MAX) return std::nullopt;
  return static_cast<int32_t>(days);
}

}  // namespace

std::string_view TrimAll(std::string_view text) {
  const auto blank = [](char c) { return (c >= 0 && c <= 0x20) || c == 0x7F; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<bool> ParseBoolean(std::string_view text) {
  const std::string lower = base::LowerCase(TrimAll(text));
  for (const char* yes : {"t", "true", "y", "yes", "1"}) {
    if (lower == yes) return true;
  }
  for (const char* no : {"f", "false", "n", "no", "0"}) {
    if (lower == no) return false;
  }
  return std::nullopt;
}

std::optional<int64_t> ParseInteger(std::string_view text, int64_t low, int64_t high) {
  text = TrimAll(text);
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return std::nullopt;
  }
  int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < low || value > high) return std::nullopt;
  return value;
}

std::optional<double> ParseDouble(std::string_view text) {
  return ParseFloating<double>(text);
}
std::optional<float> ParseFloat(std::string_view text) {
  return ParseFloating<float>(text);
}

DecimalStatus ParseDecimal(std::string_view text, int precision, int scale, __int128* unscaled) {
  text = TrimAll(text);
  std::string_view number;
  if (!IsJavaNumber(text, &number) || number.size() != text.size()) return DecimalStatus::kMalformed;
  bool negative = false;
  std::string digits;
  int64_t exponent = 0;
  bool fraction = false;
  for (size_t i = 0; i < number.size(); ++i) {
    const char c = number[i];
    if (c == '-') negative = true;
    if (c == '.') fraction = true;
    if (base::IsDigit(c)) {
      if (fraction) --exponent;
      if (c != '0' || !digits.empty()) digits += c;
    }
    if (c == 'e' || c == 'E') {
      int64_t power = 0;
      std::string_view rest = number.substr(i + 1);
      if (rest.front() == '+') rest.remove_prefix(1);
      const auto [end, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), power);
      if (failure != std::errc() || power > 1000000000 || power < -1000000000) return DecimalStatus::kMalformed;
      exponent += power;
      break;
    }
  }
  *unscaled = 0;
  if (digits.empty()) return DecimalStatus::kOk;
  // The value is digits * 10^exponent; wanted are the digits of value * 10^scale.
  const int64_t shift = exponent + scale;
  if (static_cast<int64_t>(digits.size()) + shift > precision + 1) return DecimalStatus::kOutOfRange;
  bool round_up = false;
  if (shift < 0) {
    const int64_t keep = static_cast<int64_t>(digits.size()) + shift;
    if (keep < 0) return DecimalStatus::kOk;
    round_up = digits[static_cast<size_t>(keep)] >= '5';
    digits.resize(static_cast<size_t>(keep));
  } else {
    digits.append(static_cast<size_t>(shift), '0');
  }
  unsigned __int128 value = 0;
  if (digits.size() > 38) return DecimalStatus::kOutOfRange;
  for (char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
  if (round_up) ++value;
  unsigned __int128 limit = 1;
  for (int i = 0; i < precision; ++i) limit *= 10;
  if (value >= limit) return DecimalStatus::kOutOfRange;
  *unscaled = negative ? -static_cast<__int128>(value) : static_cast<__int128>(value);
  return DecimalStatus::kOk;
}

std::optional<int32_t> ParseDate(std::string_view text) {
  text = TrimAll(text);
  if (text.empty()) return std::nullopt;
  std::array<int64_t, 3> segments = {1, 1, 1};
  size_t segment = 0;
  size_t digits = 0;
  int64_t value = 0;
  int64_t sign = 1;
  size_t i = 0;
  const auto valid = [&] { return segment == 0 ? digits >= 4 && digits <= 7 : digits > 0 && digits <= 2; };
  if (text[0] == '-' || text[0] == '+') {
    sign = text[0] == '-' ? -1 : 1;
    ++i;
  }
  for (; i < text.size() && text[i] != ' ' && text[i] != 'T'; ++i) {
    if (segment < 2 && text[i] == '-') {
      if (!valid()) return std::nullopt;
      segments[segment++] = value;
      value = 0;
      digits = 0;
    } else if (base::IsDigit(text[i]) && digits < 8) {
      value = value * 10 + (text[i] - '0');
      ++digits;
    } else {
      return std::nullopt;
    }
  }
  if (!valid() || (segment < 2 && i < text.size())) return std::nullopt;
  segments[segment] = value;
  return MakeDate(sign * segments[0], segments[1], segments[2]);
}

std::optional<int32_t> ParseZoneOffset(std::string_view zone) {
  zone = TrimAll(zone);
  if (zone == "Z") return 0;
  for (std::string_view prefix : {"UTC", "GMT", "UT"}) {
    if (zone == prefix) return 0;
    if (zone.starts_with(prefix) && zone.size() > prefix.size() &&
        (zone[prefix.size()] == '+' || zone[prefix.size()] == '-')) {
      zone.remove_prefix(prefix.size());
      break;
    }
  }
  if (zone.size() < 2 || (zone[0] != '+' && zone[0] != '-')) return std::nullopt;
  const int sign = zone[0] == '-' ? -1 : 1;
  zone.remove_prefix(1);
  std::array<int, 3> parts = {0, 0, 0};
  if (zone.find(':') == std::string_view::npos) {
    if (!std::ranges::all_of(zone, base::IsDigit) || zone.size() == 3 || zone.size() == 5 || zone.size() > 6)
      return std::nullopt;
    const std::string padded = zone.size() == 1 ? "0" + std::string(zone) : std::string(zone);
    for (size_t i = 0; i * 2 < padded.size(); ++i) parts[i] = (padded[i * 2] - '0') * 10 + (padded[i * 2 + 1] - '0');
  } else {
    size_t part = 0;
    size_t digits = 0;
    for (char c : zone) {
      if (c == ':') {
        if (digits == 0 || ++part > 2) return std::nullopt;
        digits = 0;
      } else if (base::IsDigit(c) && ++digits <= 2) {
        parts[part] = parts[part] * 10 + (c - '0');
      } else {
        return std::nullopt;
      }
    }
    if (digits == 0) return std::nullopt;
  }
  if (parts[0] > 18 || parts[1] > 59 || parts[2] > 59) return std::nullopt;
  const int seconds = parts[0] * 3600 + parts[1] * 60 + parts[2];
  if (seconds > 18 * 3600) return std::nullopt;
  return sign * seconds;
}

std::optional<int64_t> ParseTime(std::string_view text) {
  text = TrimAll(text);
  int64_t half = -1;
  if (text.size() > 2) {
    const std::string end = base::LowerCase(text.substr(text.size() - 2));
    if (end == "am" || end == "pm") {
      half = end == "am" ? 0 : 12;
      text = TrimAll(text.substr(0, text.size() - 2));
    }
  }
  if (!text.empty() && text.front() == 'T') text.remove_prefix(1);
  std::array<int64_t, 3> parts = {0, 0, 0};
  size_t part = 0;
  size_t digits = 0;
  size_t i = 0;
  for (; i < text.size() && text[i] != '.'; ++i) {
    if (base::IsDigit(text[i]) && digits < 2) {
      parts[part] = parts[part] * 10 + (text[i] - '0');
      ++digits;
    } else if (text[i] == ':' && digits > 0 && part < 2) {
      ++part;
      digits = 0;
    } else {
      return std::nullopt;
    }
  }
  if (digits == 0 || part == 0) return std::nullopt;
  int64_t micros = 0;
  if (i < text.size()) {
    if (part != 2) return std::nullopt;
    size_t places = 0;
    for (++i; i < text.size(); ++i) {
      if (!base::IsDigit(text[i])) return std::nullopt;
      if (places < 6) micros = micros * 10 + (text[i] - '0');
      ++places;
    }
    for (; places < 6; ++places) micros *= 10;
  }
  if (half >= 0) {
    if (parts[0] < 1 || parts[0] > 12) return std::nullopt;
    parts[0] = parts[0] % 12 + half;
  }
  if (parts[0] > 23 || parts[1] > 59 || parts[2] > 59) return std::nullopt;
  return ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000000 + micros;
}

std::optional<ParsedTimestamp> ParseTimestamp(std::string_view text) {
  text = TrimAll(text);
  if (text.empty()) return std::nullopt;
  std::array<int64_t, 9> segments = {1, 1, 1, 0, 0, 0, 0, 0, 0};
  size_t segment = 0;
  size_t digits = 0;
  size_t fraction_digits = 0;
  int64_t value = 0;
  int64_t sign = 1;
  std::string_view zone;
  size_t i = 0;
  if (text[0] == '-' || text[0] == '+') {
    sign = text[0] == '-' ? -1 : 1;
    ++i;
  }
  const auto valid = [&] {
    if (segment == 6) return true;
    if (segment == 0) return digits >= 4 && digits <= 6;
    return digits > 0 && digits <= 2;
  };
  const auto store = [&] {
    if (!valid()) return false;
    segments[segment++] = value;
    value = 0;
    digits = 0;
    return true;
  };
  bool done = false;
  for (; i < text.size() && !done; ++i) {
    const char c = text[i];
    if (base::IsDigit(c)) {
      if (segment == 6) ++fraction_digits;
      if (segment != 6 || digits < 6) value = value * 10 + (c - '0');
      if (++digits > 6 && segment != 6) return std::nullopt;
    } else if (segment < 2) {
      if (c != '-' || !store()) return std::nullopt;
    } else if (segment == 2) {
      if ((c != ' ' && c != 'T') || !store()) return std::nullopt;
    } else if (segment == 3 || segment == 4) {
      if (c != ':' || !store()) return std::nullopt;
    } else {
      const bool point = c == '.' && segment == 5;
      if (!store()) return std::nullopt;
      if (!point) {
        zone = text.substr(i);
        done = true;
      }
    }
  }
  if (!done) {
    if (!valid()) return std::nullopt;
    segments[segment] = value;
  }
  for (; fraction_digits < 6; ++fraction_digits) segments[6] *= 10;
  const auto days = MakeDate(sign * segments[0], segments[1], segments[2]);
  if (!days || segments[3] > 23 || segments[4] > 59 || segments[5] > 59) return std::nullopt;
  ParsedTimestamp out;
  const __int128 micros =
      (((static_cast<__int128>(*days) * 24 + segments[3]) * 60 + segments[4]) * 60 + segments[5]) * 1000000 +
      segments[6];
  if (micros > INT64_MAX || micros < INT64_MIN) return std::nullopt;
  out.local_micros = static_cast<int64_t>(micros);
  zone = TrimAll(zone);
  if (!zone.empty()) {
    out.zone_seconds = ParseZoneOffset(zone);
    if (!out.zone_seconds) {
      // What cannot be a region's name makes the text malformed.
      const bool name = std::ranges::all_of(zone, [](char c) {
        return base::IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' || c == '_' ||
               c == '-' || c == '+';
      });
      if (!name || base::IsDigit(zone[0]) || zone[0] == '+' || zone[0] == '-') return std::nullopt;
      out.region = std::string(zone);
    }
  }
  return out;
}

}  // namespace tinderbox::engine
