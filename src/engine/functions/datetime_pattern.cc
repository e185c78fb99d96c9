#include "engine/functions/datetime_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/functions/text_values.h"
#include "spark/text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                       "Friday", "Saturday", "Sunday"};
constexpr std::string_view kNumeric = "yuMLdDHhkKmsQq";
constexpr std::string_view kZones = "XxZVzO";

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  return std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(a) == lower(b);
  });
}

/// The index of the name at the front of `text`; -1 when there is none.
template <size_t N>
int NameAt(std::string_view text, const std::array<std::string_view, N>& names, bool full, size_t* length) {
  for (size_t i = 0; i < N; ++i) {
    const std::string_view name = full ? names[i] : names[i].substr(0, 3);
    if (StartsWithIgnoringCase(text, name)) {
      *length = name.size();
      return static_cast<int>(i);
    }
  }
  return -1;
}

int64_t FloorDivide(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

}  // namespace

struct DateTimePattern::Fields {
  std::optional<int64_t> year, month, day, day_of_year, hour, hour_half, minute, second, nanos_as_micros, weekday;
  std::optional<bool> afternoon;
  std::optional<int32_t> zone;
};

DateTimePattern::DateTimePattern(std::string_view pattern) {
  const auto refuse = [&](std::string_view why) {
    throw Error("INVALID_DATETIME_PATTERN", fmt::format("Unrecognized datetime pattern: {} ({}).", pattern, why),
                {{"pattern", std::string(pattern)}});
  };
  int nested = 0;
  for (size_t i = 0; i < pattern.size();) {
    const char c = pattern[i];
    if (IsLetter(c)) {
      size_t end = i;
      while (end < pattern.size() && pattern[end] == c) ++end;
      const int count = static_cast<int>(end - i);
      if (std::string_view("YWwecFn").find(c) != std::string_view::npos ||
          std::string_view("ABNpgj").find(c) != std::string_view::npos) {
        refuse(fmt::format("the letter {} is not allowed", c));
      }
      if (kNumeric.find(c) == std::string_view::npos && kZones.find(c) == std::string_view::npos &&
          std::string_view("SaEG").find(c) == std::string_view::npos) {
        refuse(fmt::format("the letter {} means nothing", c));
      }
      if (c == 'G')
        throw Error("UNSUPPORTED_FEATURE", "The embedded engine does not support eras (G) in datetime patterns.");
      const int most = c == 'y' || c == 'u'                                       ? 6
                       : c == 'S'                                                 ? 9
                       : c == 'M' || c == 'L' || c == 'E' || c == 'Q' || c == 'q' ? 4
                       : c == 'D'                                                 ? 3
                       : c == 'a'                                                 ? 1
                       : kZones.find(c) != std::string_view::npos                 ? 5
                                                                                  : 2;
      if (count > most) refuse(fmt::format("too many letters {}", c));
      if ((c == 'Q' || c == 'q') && count > 2)
        throw Error("UNSUPPORTED_FEATURE", "The embedded engine does not support quarter names in datetime patterns.");
      has_zone_ |= kZones.find(c) != std::string_view::npos;
      items_.push_back({c, count, ""});
      i = end;
    } else if (c == '\'') {
      std::string literal;
      size_t at = i + 1;
      for (;; ++at) {
        if (at >= pattern.size()) refuse("a quote has no end");
        if (pattern[at] == '\'') {
          if (at + 1 >= pattern.size() || pattern[at + 1] != '\'') break;
          ++at;
        }
        literal += pattern[at];
      }
      items_.push_back({0, 0, literal.empty() ? "'" : literal});
      i = at + 1;
    } else if (c == '[' || c == ']') {
      nested += c == '[' ? 1 : -1;
      if (nested < 0) refuse("a ']' without '['");
      items_.push_back({c, 0, ""});
      ++i;
    } else if (c == '{' || c == '}' || c == '#') {
      refuse(fmt::format("the character {} is reserved", c));
    } else {
      items_.push_back({0, 0, std::string(1, c)});
      ++i;
    }
  }
  for (; nested > 0; --nested) items_.push_back({']', 0, ""});
}

std::string DateTimePattern::Format(int64_t local_micros) const {
  const int64_t days = FloorDivide(local_micros, 86400000000);
  const int64_t rest = local_micros - days * 86400000000;
  int64_t year = 0;
  unsigned month = 0;
  unsigned day = 0;
  spark::CivilFromDays(days, &year, &month, &day);
  const int64_t hour = rest / 3600000000;
  std::string out;
  const auto number = [&](int64_t value, int width) { out += fmt::format("{:0{}}", value, width); };
  const auto weekday = static_cast<size_t>(((days + 3) % 7 + 7) % 7);
  for (const Item& item : items_) {
    switch (item.letter) {
      case 0:
        out += item.literal;
        break;
      case 'y':
      case 'u':
        if (item.count == 2) {
          number((year % 100 + 100) % 100, 2);
        } else {
          if (year < 0) out += '-';
          if (item.count >= 4 && year > 9999) out += '+';
          number(year < 0 ? -year : year, item.count == 1 ? 1 : item.count);
        }
        break;
      case 'M':
      case 'L':
        if (item.count >= 3) {
          out += item.count == 3 ? kMonths[month - 1].substr(0, 3) : kMonths[month - 1];
        } else {
          number(month, item.count);
        }
        break;
      case 'd':
        number(day, item.count);
        break;
      case 'D':
        number(days - spark::DaysFromCivil(year, 1, 1) + 1, item.count);
        break;
      case 'Q':
      case 'q':
        number((month + 2) / 3, item.count);
        break;
      case 'E':
        out += item.count == 4 ? kWeekdays[weekday] : kWeekdays[weekday].substr(0, 3);
        break;
      case 'H':
        number(hour, item.count);
        break;
      case 'k':
        number(hour == 0 ? 24 : hour, item.count);
        break;
      case 'K':
        number(hour % 12, item.count);
        break;
      case 'h':
        number(hour % 12 == 0 ? 12 : hour % 12, item.count);
        break;
      case 'm':
        number(rest / 60000000 % 60, item.count);
        break;
      case 's':
        number(rest / 1000000 % 60, item.count);
        break;
      case 'S':
        out += fmt::format("{:09}", rest % 1000000 * 1000).substr(0, static_cast<size_t>(item.count));
        break;
      case 'a':
        out += hour < 12 ? "AM" : "PM";
        break;
      case 'X':
        out += "Z";
        break;
      case 'x':
        out += item.count == 1 ? "+00" : item.count % 2 == 0 ? "+0000" : "+00:00";
        break;
      case 'Z':
        out += item.count <= 3 ? "+0000" : item.count == 4 ? "GMT" : "Z";
        break;
      case 'V':
      case 'z':
        out += "UTC";
        break;
      case 'O':
        out += "GMT";
        break;
      default:
        break;
    }
  }
  return out;
}

int DateTimePattern::FixedWidthAfter(size_t index) const {
  int width = 0;
  for (size_t i = index + 1; i < items_.size(); ++i) {
    const Item& item = items_[i];
    if (item.letter == 0 || kNumeric.find(item.letter) == std::string_view::npos || item.count != 2) break;
    width += item.count;
  }
  return width;
}

bool DateTimePattern::ParseNumber(std::string_view text, size_t* at, size_t index, int64_t* value) const {
  const Item& item = items_[index];
  const bool year = item.letter == 'y' || item.letter == 'u';
  const bool fixed = item.count == 2;
  size_t i = *at;
  bool plus = false;
  bool minus = false;
  if (year && !fixed && i < text.size() && (text[i] == '+' || text[i] == '-')) {
    plus = text[i] == '+';
    minus = text[i] == '-';
    ++i;
  }
  int digits = 0;
  while (i + static_cast<size_t>(digits) < text.size() && IsDigit(text[i + static_cast<size_t>(digits)])) ++digits;
  const int least = item.letter == 'D' && item.count == 1 ? 1 : item.count;
  int take = fixed ? 2 : std::min(digits, item.letter == 'D' && item.count == 3 ? 3 : 18);
  if (!fixed) {
    const int reserved = FixedWidthAfter(index);
    if (reserved > 0) take = std::max(least, std::min(take, digits - reserved));
  }
  if (take < least || take > digits || take == 0) return false;
  // More digits than the pattern has are a year only with its sign.
  if (year && item.count >= 4 && !minus && (plus ? take <= item.count : take > item.count)) return false;
  if (plus && item.count < 4) return false;
  *value = 0;
  for (int k = 0; k < take; ++k) *value = *value * 10 + (text[i + static_cast<size_t>(k)] - '0');
  if (minus) *value = -*value;
  *at = i + static_cast<size_t>(take);
  return true;
}

bool DateTimePattern::ParseItems(std::string_view text, size_t* at, size_t first, size_t last, Fields* fields) const {
  const auto set = [](std::optional<int64_t>* field, int64_t value, int64_t low, int64_t high) {
    if (value < low || value > high || (*field && **field != value)) return false;
    *field = value;
    return true;
  };
  for (size_t i = first; i < last; ++i) {
    const Item& item = items_[i];
    if (item.letter == '[') {
      size_t close = i;
      int nested = 0;
      do {
        nested += items_[close].letter == '[' ? 1 : items_[close].letter == ']' ? -1 : 0;
        ++close;
      } while (nested > 0);
      Fields attempt = *fields;
      size_t position = *at;
      if (ParseItems(text, &position, i + 1, close - 1, &attempt)) {
        *fields = attempt;
        *at = position;
      }
      i = close - 1;
      continue;
    }
    if (item.letter == ']') continue;
    if (item.letter == 0) {
      if (!StartsWithIgnoringCase(text.substr(std::min(*at, text.size())), item.literal)) return false;
      *at += item.literal.size();
      continue;
    }
    const std::string_view rest = text.substr(std::min(*at, text.size()));
    size_t length = 0;
    if ((item.letter == 'M' || item.letter == 'L') && item.count >= 3) {
      const int month = NameAt(rest, kMonths, item.count == 4, &length);
      if (month < 0 || !set(&fields->month, month + 1, 1, 12)) return false;
      *at += length;
      continue;
    }
    if (item.letter == 'E') {
      const int weekday = NameAt(rest, kWeekdays, item.count == 4, &length);
      if (weekday < 0 || !set(&fields->weekday, weekday, 0, 6)) return false;
      *at += length;
      continue;
    }
    if (item.letter == 'a') {
      const bool am = StartsWithIgnoringCase(rest, "AM");
      if (!am && !StartsWithIgnoringCase(rest, "PM")) return false;
      fields->afternoon = !am;
      *at += 2;
      continue;
    }
    if (item.letter == 'S') {
      size_t digits = 0;
      int64_t micros = 0;
      while (digits < rest.size() && digits < static_cast<size_t>(item.count) && IsDigit(rest[digits])) {
        if (digits < 6) micros = micros * 10 + (rest[digits] - '0');
        ++digits;
      }
      if (digits == 0) return false;
      for (size_t k = digits; k < 6; ++k) micros *= 10;
      fields->nanos_as_micros = micros;
      *at += digits;
      continue;
    }
    if (kZones.find(item.letter) != std::string_view::npos) {
      while (length < rest.size() && (IsLetter(rest[length]) || IsDigit(rest[length]) || rest[length] == '+' ||
                                      rest[length] == '-' || rest[length] == ':'))
        ++length;
      const auto offset = ParseZoneOffset(rest.substr(0, length));
      if (!offset) return false;
      fields->zone = *offset;
      *at += length;
      continue;
    }
    int64_t value = 0;
    if (!ParseNumber(text, at, i, &value)) return false;
    bool valid = true;
    switch (item.letter) {
      case 'y':
      case 'u':
        if (item.count == 2) value += 2000;
        valid = set(&fields->year, value, item.letter == 'y' ? 1 : -999999, 999999);
        break;
      case 'M':
      case 'L':
        valid = set(&fields->month, value, 1, 12);
        break;
      case 'd':
        valid = set(&fields->day, value, 1, 31);
        break;
      case 'D':
        valid = set(&fields->day_of_year, value, 1, 366);
        break;
      case 'Q':
      case 'q':
        valid = value >= 1 && value <= 4;
        break;
      case 'H':
        valid = set(&fields->hour, value, 0, 23);
        break;
      case 'k':
        valid = set(&fields->hour, value == 24 ? 0 : value, 0, 23) && value != 0;
        break;
      case 'K':
        valid = set(&fields->hour_half, value, 0, 11);
        break;
      case 'h':
        valid = value >= 1 && set(&fields->hour_half, value == 12 ? 0 : value, 0, 11);
        break;
      case 'm':
        valid = set(&fields->minute, value, 0, 59);
        break;
      case 's':
        valid = set(&fields->second, value, 0, 59);
        break;
      default:
        break;
    }
    if (!valid) return false;
  }
  return true;
}

std::optional<DateTimePattern::Parsed> DateTimePattern::Parse(std::string_view text) const {
  Fields fields;
  size_t at = 0;
  if (!ParseItems(text, &at, 0, items_.size(), &fields) || at != text.size()) return std::nullopt;
  const int64_t year = fields.year.value_or(1970);
  int64_t days = 0;
  if (fields.day_of_year && !fields.month && !fields.day) {
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (*fields.day_of_year == 366 && !leap) return std::nullopt;
    days = spark::DaysFromCivil(year, 1, 1) + *fields.day_of_year - 1;
  } else {
    const auto date = ParseDate(fmt::format("{}{:04}-{:02}-{:02}", year < 0 ? "-" : "", std::abs(year),
                                            fields.month.value_or(1), fields.day.value_or(1)));
    if (!date) return std::nullopt;
    days = *date;
    if (fields.day_of_year && days - spark::DaysFromCivil(year, 1, 1) + 1 != *fields.day_of_year) return std::nullopt;
  }
  if (fields.weekday && ((days + 3) % 7 + 7) % 7 != *fields.weekday) return std::nullopt;
  int64_t hour = fields.hour.value_or(fields.hour_half.value_or(0) +
                                      (fields.afternoon.value_or(false) && fields.hour_half ? 12 : 0));
  if (fields.hour && fields.afternoon && (*fields.hour >= 12) != *fields.afternoon) return std::nullopt;
  Parsed out;
  out.zone_seconds = fields.zone;
  out.local_micros = ((days * 24 + hour) * 60 + fields.minute.value_or(0)) * 60000000 +
                     fields.second.value_or(0) * 1000000 + fields.nanos_as_micros.value_or(0);
  return out;
}

}  // namespace tinderbox::engine
