#include "sql/intervals.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "base/ascii.h"

namespace tinderbox::sql {

namespace {

struct Unit {
  std::string_view name;
  int months;
  int64_t micros;
  int field;  ///< of the interval type that the unit belongs to
};

constexpr int64_t kSecond = 1000000;
constexpr Unit kUnits[] = {
    {"year", 12, 0, 0},
    {"month", 1, 0, 1},
    {"week", 0, 604800 * kSecond, 0},
    {"day", 0, 86400 * kSecond, 0},
    {"hour", 0, 3600 * kSecond, 1},
    {"minute", 0, 60 * kSecond, 2},
    {"second", 0, kSecond, 3},
    {"millisecond", 0, 1000, 3},
    {"microsecond", 0, 1, 3},
};

const Unit* FindUnit(std::string_view word) {
  const std::string lower = base::LowerCase(word);
  for (const Unit& unit : kUnits) {
    if (lower == unit.name ||
        (lower.size() == unit.name.size() + 1 && lower.starts_with(unit.name) && lower.back() == 's'))
      return &unit;
  }
  return nullptr;
}

std::optional<int64_t> Whole(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  int64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "1.5" seconds in microseconds: at most nine fraction digits, cut to six.
std::optional<int64_t> SecondsOf(std::string_view text) {
  const size_t dot = text.find('.');
  std::string_view head = text.substr(0, dot);
  const bool negative = !head.empty() && head[0] == '-';
  if (!head.empty() && (head[0] == '-' || head[0] == '+')) head.remove_prefix(1);
  const auto whole = head.empty() && dot != std::string_view::npos ? std::optional<int64_t>(0) : Whole(head);
  if (!whole || *whole < 0) return std::nullopt;
  int64_t fraction = 0;
  if (dot != std::string_view::npos) {
    std::string digits(text.substr(dot + 1));
    if (digits.empty() || digits.size() > 9 || digits.find_first_not_of("0123456789") != std::string::npos)
      return std::nullopt;
    digits.resize(6, '0');
    fraction = *Whole(digits);
  }
  int64_t micros = 0;
  if (__builtin_mul_overflow(*whole, kSecond, &micros) || __builtin_add_overflow(micros, fraction, &micros))
    return std::nullopt;
  return negative ? -micros : micros;
}

}  // namespace

bool IsIntervalUnit(std::string_view word) {
  return FindUnit(word) != nullptr;
}

bool ParseIntervalWords(std::string_view text, std::vector<IntervalPart>* parts) {
  std::vector<std::string> words;
  std::string word;
  for (char c : std::string(text) + " ") {
    if (c != ' ' && c != '\t' && c != '\n') {
      word += c;
    } else if (!word.empty()) {
      words.push_back(word);
      word.clear();
    }
  }
  if (!words.empty() && FindUnit(words[0]) == nullptr && (words[0] == "interval" || words[0] == "INTERVAL"))
    words.erase(words.begin());
  if (words.empty() || words.size() % 2 != 0) return false;
  for (size_t i = 0; i < words.size(); i += 2) {
    if (FindUnit(words[i + 1]) == nullptr) return false;
    parts->push_back({words[i], words[i + 1]});
  }
  return true;
}

bool MakeInterval(const std::vector<IntervalPart>& parts, proto::Expression::Literal* out, bool* mixed) {
  int64_t months = 0;
  int64_t micros = 0;
  bool has_months = false;
  bool has_time = false;
  for (const IntervalPart& part : parts) {
    const Unit* unit = FindUnit(part.unit);
    if (unit == nullptr) return false;
    const bool seconds = unit->micros == kSecond;
    const auto value = seconds ? SecondsOf(part.value) : Whole(part.value);
    if (!value) return false;
    int64_t product = 0;
    if (unit->months > 0) {
      has_months = true;
      if (__builtin_mul_overflow(*value, static_cast<int64_t>(unit->months), &product) ||
          __builtin_add_overflow(months, product, &months)) {
        return false;
      }
    } else {
      has_time = true;
      if (__builtin_mul_overflow(*value, seconds ? 1 : unit->micros, &product) ||
          __builtin_add_overflow(micros, product, &micros)) {
        return false;
      }
    }
  }
  if (mixed != nullptr) *mixed = has_months && has_time;
  if (has_months == has_time || months > INT32_MAX || months < INT32_MIN) return false;
  // The type names the largest and the smallest unit: INTERVAL DAY added to a date gives a date.
  int start = 3;
  int end = 0;
  for (const IntervalPart& part : parts) {
    const Unit* unit = FindUnit(part.unit);
    start = std::min(start, unit->field);
    end = std::max(end, unit->field);
  }
  if (has_months) {
    out->set_year_month_interval(static_cast<int32_t>(months));
    out->mutable_data_type()->mutable_year_month_interval()->set_start_field(start);
    out->mutable_data_type()->mutable_year_month_interval()->set_end_field(end);
  } else {
    out->set_day_time_interval(micros);
    out->mutable_data_type()->mutable_day_time_interval()->set_start_field(start);
    out->mutable_data_type()->mutable_day_time_interval()->set_end_field(end);
  }
  return true;
}

bool ParseIntervalRange(std::string_view text, std::string_view from, std::string_view to,
                        proto::Expression::Literal* out) {
  static constexpr std::array<std::string_view, 4> kTime = {"day", "hour", "minute", "second"};
  const Unit* first = FindUnit(from);
  const Unit* last = FindUnit(to);
  if (first == nullptr || last == nullptr) return false;
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  std::vector<IntervalPart> parts;
  const std::string sign = negative ? "-" : "";
  if (first->name == "year" && last->name == "month") {
    const size_t dash = text.find('-');
    if (dash == std::string_view::npos) return false;
    const auto month = Whole(text.substr(dash + 1));
    if (!month || *month < 0 || *month > 11) return false;
    parts = {{sign + std::string(text.substr(0, dash)), "year"}, {sign + std::string(text.substr(dash + 1)), "month"}};
    return MakeInterval(parts, out);
  }
  size_t begin = 4;
  size_t end = 4;
  for (size_t i = 0; i < kTime.size(); ++i) {
    if (first->name == kTime[i]) begin = i;
    if (last->name == kTime[i]) end = i;
  }
  if (begin >= end || end == 4) return false;
  for (size_t i = begin; i <= end; ++i) {
    const size_t stop = i == end ? text.size() : text.find(i == 0 ? ' ' : ':');
    if (stop == std::string_view::npos) return false;
    const std::string_view field = text.substr(0, stop);
    if (field.empty() || field[0] == '-' || field[0] == '+') return false;
    if (i > begin) {
      const auto value = Whole(field.substr(0, field.find('.')));
      if (!value || *value > (kTime[i] == "hour" ? 23 : 59)) return false;
    }
    parts.push_back({sign + std::string(field), std::string(kTime[i])});
    text.remove_prefix(i == end ? stop : stop + 1);
  }
  return MakeInterval(parts, out);
}

}  // namespace tinderbox::sql
