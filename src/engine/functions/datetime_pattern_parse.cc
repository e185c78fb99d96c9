#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"

#include "engine/functions/datetime_pattern.h"
#include "engine/functions/datetime_words.h"
#include "engine/functions/text_values.h"
#include "spark/text.h"

namespace tinderbox::engine {

namespace {

constexpr std::string_view kNumeric = "yMLdDHhkKms";

bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
           return base::LowerCase(a) == base::LowerCase(b);
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

/// The length of an offset that X, x or Z read; 0 for none.
size_t OffsetLength(std::string_view text, char letter, int count) {
  if ((letter == 'X' || (letter == 'Z' && count == 5)) && text.starts_with('Z')) return 1;
  const bool colons = count == 3 || count == 5;
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return 0;
  const auto two = [&](size_t at) {
    return at + 1 < text.size() && base::IsDigit(text[at]) && base::IsDigit(text[at + 1]);
  };
  if (!two(1)) return 0;
  size_t at = 3;
  const auto more = [&] {
    if (colons ? at < text.size() && text[at] == ':' && two(at + 1) : two(at)) {
      at += colons ? 3 : 2;
      return true;
    }
    return false;
  };
  const bool minutes = more();
  if (!minutes && !(count == 1 && letter != 'Z')) return 0;
  if (minutes && (count == 4 || count == 5) && letter != 'Z') more();
  return at;
}

/// The names that parsing knows for what a zone has in summer.
std::string_view WithoutSummer(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"PDT", "America/Los_Angeles"}, {"MDT", "America/Denver"},   {"CDT", "America/Chicago"},
      {"EDT", "America/New_York"},    {"EST", "America/New_York"}, {"MST", "America/Denver"},
      {"CEST", "Europe/Paris"},       {"EEST", "Europe/Bucharest"}};
  for (const auto& [known, region] : kNames) {
    if (name == known) return region;
  }
  return name;
}

}  // namespace

struct DateTimePattern::Fields {
  std::optional<int64_t> era, year, month, day, day_of_year, hour, clock_hour, hour_half, clock_hour_half, half, minute,
      second, micros;
  const TimeZone* zone = nullptr;
};

std::string ValueProblem(std::string_view field, std::string_view range, int64_t value) {
  return fmt::format("Invalid value for {} (valid values {}): {}", field, range, value);
}

std::string DateProblem(int64_t year, int64_t month, int64_t day) {
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < -999999999 || year > 999999999) return ValueProblem("Year", "-999999999 - 999999999", year);
  if (month < 1 || month > 12) return ValueProblem("MonthOfYear", "1 - 12", month);
  if (day < 1 || day > 31) return ValueProblem("DayOfMonth", "1 - 28/31", day);
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (day <= kDays[static_cast<size_t>(month - 1)] + (month == 2 && leap ? 1 : 0)) return "";
  if (day == 29) return fmt::format("Invalid date 'February 29' as '{}' is not a leap year", year);
  std::string name(kMonths[static_cast<size_t>(month - 1)]);
  for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return fmt::format("Invalid date '{} {}'", name, day);
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
  const bool year = item.letter == 'y';
  const bool fixed = item.count == 2 && item.letter != 'D';
  size_t i = *at;
  bool plus = false;
  bool minus = false;
  if (year && !fixed && i < text.size() && (text[i] == '+' || text[i] == '-')) {
    plus = text[i] == '+';
    minus = text[i] == '-';
    ++i;
  }
  int digits = 0;
  while (i + static_cast<size_t>(digits) < text.size() && base::IsDigit(text[i + static_cast<size_t>(digits)]))
    ++digits;
  const int least = item.count;
  int take = fixed ? 2 : std::min(digits, item.letter == 'D' ? 3 : 18);
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

bool DateTimePattern::ParseItem(std::string_view text, size_t* at, size_t index, Fields* fields) const {
  const auto set = [](std::optional<int64_t>* field, int64_t value) {
    if (*field && **field != value) return false;
    *field = value;
    return true;
  };
  const Item& item = items_[index];
  const std::string_view rest = text.substr(std::min(*at, text.size()));
  size_t length = 0;
  const auto advance = [&](bool done) {
    if (done) *at += length;
    return done;
  };
  switch (item.letter) {
    case 0:
      length = item.literal.size();
      return advance(StartsWithIgnoringCase(rest, item.literal));
    case 'G':
      for (int64_t era = 0; era < 2; ++era) {
        const std::string_view name = kEras[item.count == 4 ? 1 : 0][static_cast<size_t>(era)];
        length = name.size();
        if (StartsWithIgnoringCase(rest, name)) return advance(set(&fields->era, era));
      }
      return false;
    case 'a':
      length = 2;
      if (StartsWithIgnoringCase(rest, "AM")) return advance(set(&fields->half, 0));
      if (StartsWithIgnoringCase(rest, "PM")) return advance(set(&fields->half, 1));
      return false;
    case 'S': {
      int64_t micros = 0;
      while (length < rest.size() && length < static_cast<size_t>(item.count) && base::IsDigit(rest[length])) {
        if (length < 6) micros = micros * 10 + (rest[length] - '0');
        ++length;
      }
      for (size_t k = length; k < 6; ++k) micros *= 10;
      return advance(length > 0 && set(&fields->micros, micros));
    }
    case 'X':
    case 'x':
    case 'Z':
      if (!(item.letter == 'Z' && item.count == 4)) {
        length = OffsetLength(rest, item.letter, item.count);
        if (length == 0) return false;
        fields->zone = TimeZone::TryFind(rest.substr(0, length));
        return advance(fields->zone != nullptr);
      }
      [[fallthrough]];
    case 'V':
    case 'z':
    case 'O': {
      while (length < rest.size() && (std::isalnum(static_cast<unsigned char>(rest[length])) != 0 ||
                                      std::string_view("+-:/_").find(rest[length]) != std::string_view::npos)) {
        ++length;
      }
      if ((item.letter == 'O' || item.letter == 'Z') && !rest.starts_with("GMT")) return false;
      for (; length > 0; --length) {
        const std::string_view name = rest.substr(0, length);
        fields->zone = TimeZone::TryFind(item.letter == 'z' ? WithoutSummer(name) : name);
        if (fields->zone != nullptr) return advance(true);
      }
      return false;
    }
    default:
      break;
  }
  if ((item.letter == 'M' || item.letter == 'L') && item.count >= 3) {
    const int month = NameAt(rest, kMonths, item.count == 4, &length);
    return advance(month >= 0 && set(&fields->month, month + 1));
  }
  int64_t value = 0;
  size_t end = *at;
  if (!ParseNumber(text, &end, index, &value)) return false;
  if (item.letter == 'y' && item.count == 2) value += 2000;
  std::optional<int64_t>* field = nullptr;
  switch (item.letter) {
    case 'y':
      field = &fields->year;
      break;
    case 'M':
    case 'L':
      field = &fields->month;
      break;
    case 'd':
      field = &fields->day;
      break;
    case 'D':
      field = &fields->day_of_year;
      break;
    case 'H':
      field = &fields->hour;
      break;
    case 'k':
      field = &fields->clock_hour;
      break;
    case 'K':
      field = &fields->hour_half;
      break;
    case 'h':
      field = &fields->clock_hour_half;
      break;
    case 'm':
      field = &fields->minute;
      break;
    default:
      field = &fields->second;
      break;
  }
  if (!set(field, value)) return false;
  *at = end;
  return true;
}

/// On failure `at` is where the part begins that could not be read.
bool DateTimePattern::ParseItems(std::string_view text, size_t* at, size_t first, size_t last, Fields* fields) const {
  for (size_t i = first; i < last; ++i) {
    if (items_[i].letter == '[') {
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
    } else if (items_[i].letter != ']' && !ParseItem(text, at, i, fields)) {
      return false;
    }
  }
  return true;
}

bool DateTimePattern::Parse(std::string_view text, Parsed* parsed, std::string* problem) const {
  Fields fields;
  size_t at = 0;
  const auto fail = [&](const std::string& why) {
    *problem = fmt::format("Text '{}' could not be parsed{}", text, why);
    return false;
  };
  if (!ParseItems(text, &at, 0, items_.size(), &fields)) return fail(fmt::format(" at index {}", at));
  if (at != text.size()) return fail(fmt::format(", unparsed text found at index {}", at));
  // What is wrong with a value that stands alone, Java finds while it puts values together.
  struct Range {
    const std::optional<int64_t>* field;
    const char* name;
    const char* range;
    int64_t low;
    int64_t high;
  };
  const Range ranges[] = {
      {&fields.year, "YearOfEra", "1 - 999999999/1000000000", 1, 999999999},
      {&fields.clock_hour, "ClockHourOfDay", "1 - 24", 1, 24},
      {&fields.hour_half, "HourOfAmPm", "0 - 11", 0, 11},
      {&fields.clock_hour_half, "ClockHourOfAmPm", "1 - 12", 1, 12},
      {&fields.hour, "HourOfDay", "0 - 23", 0, 23},
      {&fields.minute, "MinuteOfHour", "0 - 59", 0, 59},
      {&fields.second, "SecondOfMinute", "0 - 59", 0, 59},
  };
  for (const Range& range : ranges) {
    if (*range.field && (**range.field < range.low || **range.field > range.high)) {
      return fail(": " + ValueProblem(range.name, range.range, **range.field));
    }
  }
  int64_t year = fields.year.value_or(1970);
  if (fields.era.value_or(1) == 0) year = 1 - year;
  int64_t days = 0;
  if (fields.day_of_year && !fields.month && !fields.day) {
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (*fields.day_of_year < 1 || *fields.day_of_year > 366) {
      return fail(": " + ValueProblem("DayOfYear", "1 - 365/366", *fields.day_of_year));
    }
    if (*fields.day_of_year == 366 && !leap) {
      return fail(fmt::format(": Invalid date 'DayOfYear 366' as '{}' is not a leap year", year));
    }
    days = spark::DaysFromCivil(year, 1, 1) + *fields.day_of_year - 1;
  } else {
    const std::string wrong = DateProblem(year, fields.month.value_or(1), fields.day.value_or(1));
    if (!wrong.empty()) {
      // Of an incomplete date Spark looks at the values itself.
      if (fields.year && fields.month && fields.day) return fail(": " + wrong);
      *problem = wrong;
      return false;
    }
    days = spark::DaysFromCivil(year, static_cast<unsigned>(fields.month.value_or(1)),
                                static_cast<unsigned>(fields.day.value_or(1)));
    if (fields.day_of_year && days - spark::DaysFromCivil(year, 1, 1) + 1 != *fields.day_of_year) {
      return fail(fmt::format(": Conflict found: Field DayOfYear {} differs from DayOfYear {} derived from the date",
                              days - spark::DaysFromCivil(year, 1, 1) + 1, *fields.day_of_year));
    }
  }
  int64_t hour = fields.half.value_or(0) * 12;
  if (fields.hour_half) hour += *fields.hour_half;
  if (fields.clock_hour_half) hour += *fields.clock_hour_half % 12;
  if (fields.clock_hour) hour = *fields.clock_hour % 24;
  if (fields.hour) hour = *fields.hour;
  if ((fields.hour || fields.clock_hour) && fields.half && (hour >= 12) != (*fields.half == 1)) {
    return fail(fmt::format(": Conflict found: Field AmPmOfDay {} differs from AmPmOfDay {} derived from {:02}:00",
                            hour / 12, *fields.half, hour));
  }
  parsed->zone = fields.zone;
  parsed->local_micros = ((days * 24 + hour) * 60 + fields.minute.value_or(0)) * 60000000 +
                         fields.second.value_or(0) * 1000000 + fields.micros.value_or(0);
  return true;
}

}  // namespace tinderbox::engine
