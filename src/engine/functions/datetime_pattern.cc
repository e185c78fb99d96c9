#include "engine/functions/datetime_pattern.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/functions/datetime_words.h"
#include "spark/text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

constexpr std::string_view kLetters = "GyuYDMLdQqwWEecFaBhKkHmsSAnNVzOXxZpgj";

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Whether the formatter of Spark 2 (java.text.SimpleDateFormat) took the pattern.
bool OldFormatterTakes(std::string_view pattern) {
  bool quoted = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\'') {
      quoted = !quoted;
    } else if (!quoted && IsLetter(c)) {
      if (std::string_view("GyYMLwWDdFEuaHkKhmsSzZX").find(c) == std::string_view::npos) return false;
      if (c == 'X' && pattern.substr(i).starts_with("XXXX")) return false;
    }
  }
  return !quoted;
}

struct Refusal {
  const char* condition;
  std::string why;
  Error::Params params;
};

constexpr char kDocs[] = "https://spark.apache.org/docs/latest";

Refusal IllegalCharacter(std::string_view pattern, char c) {
  return {"INVALID_DATETIME_PATTERN.ILLEGAL_CHARACTER",
          fmt::format("Unrecognized datetime pattern: {0}. Illegal pattern character found in datetime pattern: {1}. "
                      "Please provide legal character.",
                      pattern, c),
          {{"c", std::string(1, c)}, {"pattern", std::string(pattern)}}};
}

Refusal TooLong(std::string_view pattern) {
  return {"INVALID_DATETIME_PATTERN.LENGTH",
          fmt::format("Unrecognized datetime pattern: {0}. Too many letters in datetime pattern: {0}. Please reduce "
                      "pattern length.",
                      pattern),
          {{"pattern", std::string(pattern)}}};
}

Refusal WeekBased(char c) {
  return {
      "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_WEEK_BASED_PATTERN",
      fmt::format("You may get a different result due to the upgrading to Spark >= 3.0:\nAll week-based patterns "
                  "are unsupported since Spark 3.0, detected week-based character: {}.\nPlease use the SQL function "
                  "EXTRACT instead.",
                  c),
      {{"c", std::string(1, c)}}};
}

std::string Quoted(std::string_view pattern) {
  std::string out = "'";
  for (char c : pattern) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

Refusal Unknown(std::string_view pattern) {
  const std::string quoted = Quoted(pattern);
  return {"INVALID_DATETIME_PATTERN.WITH_SUGGESTION",
          fmt::format("Unrecognized datetime pattern: {}. You can form a valid datetime pattern with the guide from "
                      "'{}/sql-ref-datetime-pattern.html'.",
                      quoted, kDocs),
          {{"docroot", kDocs}, {"pattern", quoted}}};
}

[[noreturn]] void Refuse(std::string_view pattern, const Refusal& refusal) {
  if (!OldFormatterTakes(pattern)) throw Error(refusal.condition, refusal.why, refusal.params);
  const std::string quoted = Quoted(pattern);
  throw Error(
      "INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION",
      fmt::format(
          "You may get a different result due to the upgrading to Spark >= 3.0:\nFail to recognize {} pattern "
          "in the DateTimeFormatter.\n1) You can set \"spark.sql.legacy.timeParserPolicy\" to \"LEGACY\" to "
          "restore the behavior before Spark 3.0.\n2) You can form a valid datetime pattern with the guide from "
          "'{}/sql-ref-datetime-pattern.html'.",
          quoted, kDocs),
      {{"config", "\"spark.sql.legacy.timeParserPolicy\""}, {"docroot", kDocs}, {"pattern", quoted}});
}

int64_t FloorDivide(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

/// How often a letter may stand in a row.
bool CountIsAllowed(char c, int count) {
  switch (c) {
    case 'y':
      return count <= 6;
    case 'S':
      return count <= 9;
    case 'G':
    case 'M':
    case 'L':
    case 'E':
    case 'Q':
    case 'q':
    case 'z':
      return count <= 4;
    case 'D':
      return count <= 3;
    case 'a':
    case 'F':
      return count == 1;
    case 'V':
      return count == 2;
    case 'O':
      return count == 1 || count == 4;
    case 'X':
    case 'x':
    case 'Z':
      return count <= 5;
    default:
      return count <= 2;
  }
}

/// What X, x, Z and O print of an offset.
std::string OffsetText(char letter, int count, int32_t offset) {
  const int32_t size = std::abs(offset);
  const char sign = offset < 0 ? '-' : '+';
  const int hours = size / 3600;
  const int minutes = size / 60 % 60;
  const int seconds = size % 60;
  const auto colons = [&](bool with_seconds) {
    std::string out = fmt::format("{}{:02}:{:02}", sign, hours, minutes);
    if (with_seconds && seconds != 0) out += fmt::format(":{:02}", seconds);
    return out;
  };
  if (letter == 'O' || (letter == 'Z' && count == 4)) {
    if (offset == 0) return "GMT";
    if (count == 4) return "GMT" + colons(true);
    std::string out = fmt::format("GMT{}{}", sign, hours);
    if (minutes != 0 || seconds != 0) out += fmt::format(":{:02}", minutes);
    if (seconds != 0) out += fmt::format(":{:02}", seconds);
    return out;
  }
  if (letter == 'Z')
    return count == 5 ? (offset == 0 ? "Z" : colons(true)) : fmt::format("{}{:02}{:02}", sign, hours, minutes);
  if (letter == 'X' && offset == 0) return "Z";
  switch (count) {
    case 1:
      return minutes == 0 ? fmt::format("{}{:02}", sign, hours) : fmt::format("{}{:02}{:02}", sign, hours, minutes);
    case 2:
      return fmt::format("{}{:02}{:02}", sign, hours, minutes);
    case 3:
      return colons(false);
    case 4:
      return fmt::format("{}{:02}{:02}", sign, hours, minutes) + (seconds != 0 ? fmt::format("{:02}", seconds) : "");
    default:
      return colons(true);
  }
}

}  // namespace

DateTimePattern::DateTimePattern(std::string_view pattern, Use use) {
  Compile(pattern);
  CheckForUse(pattern, use);
}

void DateTimePattern::Compile(std::string_view pattern) {
  const auto unknown = [&] { Refuse(pattern, Unknown(pattern)); };
  int nested = 0;
  for (size_t i = 0; i < pattern.size();) {
    const char c = pattern[i];
    if (IsLetter(c)) {
      size_t end = i;
      while (end < pattern.size() && pattern[end] == c) ++end;
      if (kLetters.find(c) == std::string_view::npos) unknown();
      items_.push_back({c, static_cast<int>(end - i), ""});
      i = end;
    } else if (c == '\'') {
      std::string literal;
      size_t at = i + 1;
      for (;; ++at) {
        if (at >= pattern.size()) unknown();
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
      if (nested < 0) unknown();
      items_.push_back({c, 0, ""});
      ++i;
    } else if (c == '{' || c == '}' || c == '#') {
      unknown();
    } else {
      items_.push_back({0, 0, std::string(1, c)});
      ++i;
    }
  }
  for (; nested > 0; --nested) items_.push_back({']', 0, ""});
}

void DateTimePattern::CheckForUse(std::string_view pattern, Use use) const {
  const auto is_one_of = [](char c, std::string_view letters) { return letters.find(c) != std::string_view::npos; };
  for (const Item& item : items_) {
    if (!IsLetter(item.letter)) continue;
    if (is_one_of(item.letter, "YWwuec")) Refuse(pattern, WeekBased(item.letter));
    if (is_one_of(item.letter, "ABnNp") || (use == Use::kParse && is_one_of(item.letter, "EFqQ"))) {
      Refuse(pattern, IllegalCharacter(pattern, item.letter));
    }
    if ((is_one_of(item.letter, "GMLEQq") && item.count >= 5) || (item.letter == 'y' && item.count > 6)) {
      Refuse(pattern, TooLong(pattern));
    }
    if (is_one_of(item.letter, "gj") || !CountIsAllowed(item.letter, item.count)) Refuse(pattern, Unknown(pattern));
  }
}

std::string DateTimePattern::Format(int64_t local_micros, int64_t instant_micros, const TimeZone& zone) const {
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
      case 'G':
        out += kEras[item.count == 4 ? 1 : 0][year > 0 ? 1 : 0];
        break;
      case 'y': {
        const int64_t of_era = year > 0 ? year : 1 - year;
        if (item.count == 2) {
          number(of_era % 100, 2);
        } else {
          const std::string digits = std::to_string(of_era);
          if (item.count >= 4 && digits.size() > static_cast<size_t>(item.count)) out += '+';
          number(of_era, item.count);
        }
        break;
      }
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
      case 'F':
        number((day - 1) % 7 + 1, 1);
        break;
      case 'Q':
      case 'q': {
        const unsigned quarter = (month + 2) / 3;
        if (item.count <= 2) {
          number(quarter, item.count);
        } else {
          out += item.count == 3 ? fmt::format("Q{}", quarter) : fmt::format("{} quarter", kOrdinals[quarter - 1]);
        }
        break;
      }
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
      case 'V':
        out += zone.id();
        break;
      case 'z': {
        const std::string name = zone.Name(instant_micros, item.count == 4);
        if (name.empty()) {
          throw Error("UNSUPPORTED_FEATURE",
                      fmt::format("The embedded engine has no name of the time zone {} to print for the letter z of a "
                                  "datetime pattern; use VV or XXX.",
                                  zone.id()));
        }
        out += name;
        break;
      }
      case 'O':
      case 'X':
      case 'x':
      case 'Z':
        out += OffsetText(item.letter, item.count, zone.OffsetAt(instant_micros));
        break;
      default:
        break;
    }
  }
  return out;
}

}  // namespace tinderbox::engine
