#include <algorithm>
#include <cstring>

#include "base/ascii.h"

#include "csv/convert.h"

namespace tinderbox::csv {
namespace {

/// Spark's trimAll: white space and control characters.
std::string_view TrimAll(std::string_view text) {
  const auto drop = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; };
  while (!text.empty() && drop(text.front())) text.remove_prefix(1);
  while (!text.empty() && drop(text.back())) text.remove_suffix(1);
  return text;
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
    if (!std::all_of(text.begin(), text.end(), base::IsDigit)) return false;
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
      } else if (!base::IsDigit(c) || ++digits > 2) {
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
    if (base::IsDigit(c)) {
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

}  // namespace

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
    } else if (!base::IsDigit(text[at]) || ++digits > 7) {
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

}  // namespace tinderbox::csv
