#include "engine/functions/interval_text.h"

#include <charconv>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "engine/functions/text_values.h"
#include "spark/type_names.h"

namespace tinderbox::engine {

namespace {

bool TakeSign(std::string_view* text, int64_t* sign) {
  if (text->empty() || (text->front() != '-' && text->front() != '+')) return false;
  if (text->front() == '-') *sign = -*sign;
  text->remove_prefix(1);
  return true;
}

/// Takes digits off the front.
std::optional<int64_t> TakeNumber(std::string_view* text, size_t most_digits) {
  size_t digits = 0;
  while (digits < text->size() && (*text)[digits] >= '0' && (*text)[digits] <= '9') ++digits;
  if (digits == 0 || digits > most_digits) return std::nullopt;
  int64_t value = 0;
  const auto [end, failure] = std::from_chars(text->data(), text->data() + digits, value);
  if (failure != std::errc()) return std::nullopt;
  text->remove_prefix(digits);
  return value;
}

/// Takes ".5" off the front as microseconds, of at most nine digits.
std::optional<int64_t> TakeFraction(std::string_view* text) {
  if (text->empty() || text->front() != '.') return 0;
  text->remove_prefix(1);
  size_t digits = 0;
  int64_t micros = 0;
  while (digits < text->size() && (*text)[digits] >= '0' && (*text)[digits] <= '9') {
    if (digits < 6) micros = micros * 10 + ((*text)[digits] - '0');
    ++digits;
  }
  if (digits > 9) return std::nullopt;
  text->remove_prefix(digits);
  for (; digits < 6; ++digits) micros *= 10;
  return micros;
}

struct Unit {
  std::string_view name;
  int64_t months;
  int64_t days;
  int64_t micros;
};
constexpr Unit kUnits[] = {
    {"year", 12, 0, 0},        {"month", 1, 0, 0},          {"week", 0, 7, 0},
    {"day", 0, 1, 0},          {"hour", 0, 0, 3600000000},  {"minute", 0, 0, 60000000},
    {"second", 0, 0, 1000000}, {"millisecond", 0, 0, 1000}, {"microsecond", 0, 0, 1},
};

const Unit* UnitOf(std::string_view word) {
  for (const Unit& unit : kUnits) {
    if (word == unit.name ||
        (word.size() == unit.name.size() + 1 && word.back() == 's' && word.starts_with(unit.name))) {
      return &unit;
    }
  }
  return nullptr;
}

}  // namespace

std::optional<int64_t> ParseInterval(std::string_view text, const DataType& type) {
  const std::string lower = base::LowerCase(TrimAll(text));
  std::string_view rest = lower;
  int64_t sign = 1;
  if (rest.starts_with("interval")) {
    // INTERVAL '…' FIELDS: the fields must be those of the type.
    rest = TrimAll(rest.substr(8));
    TakeSign(&rest, &sign);
    rest = TrimAll(rest);
    const size_t close = rest.rfind('\'');
    if (rest.empty() || rest.front() != '\'' || close == 0) return std::nullopt;
    const std::string fields(TrimAll(rest.substr(close + 1)));
    if ("interval " + fields != spark::JsonName(type)) return std::nullopt;
    rest = rest.substr(1, close - 1);
  }
  TakeSign(&rest, &sign);
  const bool months = type.kind() == TypeKind::kYearMonthInterval;
  static constexpr int64_t kMonths[] = {12, 1};
  static constexpr int64_t kMicros[] = {86400000000, 3600000000, 60000000, 1000000};
  static constexpr int64_t kMost[] = {0, 23, 59, 59};
  __int128 total = 0;
  for (int field = type.start_field(); field <= type.end_field(); ++field) {
    const bool first = field == type.start_field();
    if (!first) {
      const char separator = months ? '-' : field == 1 ? ' ' : ':';
      if (rest.empty() || rest.front() != separator) return std::nullopt;
      rest.remove_prefix(1);
    }
    const auto value = TakeNumber(&rest, first ? 18 : 2);
    if (!value || (!first && *value > (months ? 11 : kMost[field]))) return std::nullopt;
    total += static_cast<__int128>(*value) * (months ? kMonths[field] : kMicros[field]);
    if (!months && field == 3) {
      const auto fraction = TakeFraction(&rest);
      if (!fraction) return std::nullopt;
      total += *fraction;
    }
  }
  total *= sign;
  const __int128 low = months ? INT32_MIN : INT64_MIN;
  const __int128 high = months ? INT32_MAX : INT64_MAX;
  if (!rest.empty() || total < low || total > high) return std::nullopt;
  return static_cast<int64_t>(total);
}

std::optional<CalendarIntervalValue> ParseCalendarInterval(std::string_view text) {
  const std::string lower = base::LowerCase(TrimAll(text));
  std::string_view rest = lower;
  if (rest.starts_with("interval")) {
    rest.remove_prefix(8);
    if (rest.empty() || rest.front() != ' ') return std::nullopt;
  }
  __int128 months = 0;
  __int128 days = 0;
  __int128 micros = 0;
  bool any = false;
  for (rest = TrimAll(rest); !rest.empty(); rest = TrimAll(rest)) {
    int64_t sign = 1;
    if (TakeSign(&rest, &sign)) rest = TrimAll(rest);
    const bool bare = !rest.empty() && rest.front() == '.';
    const auto value = bare ? std::optional<int64_t>(0) : TakeNumber(&rest, 18);
    if (!value) return std::nullopt;
    const bool with_fraction = !rest.empty() && rest.front() == '.';
    const auto fraction = TakeFraction(&rest);
    if (!fraction || rest.empty() || (rest.front() != ' ' && rest.front() != '\t')) return std::nullopt;
    rest = TrimAll(rest);
    const std::string_view word = rest.substr(0, rest.find_first_of(" \t"));
    const Unit* unit = UnitOf(word);
    if (unit == nullptr || (with_fraction && unit->micros != 1000000)) return std::nullopt;
    rest.remove_prefix(word.size());
    months += static_cast<__int128>(*value) * unit->months * sign;
    days += static_cast<__int128>(*value) * unit->days * sign;
    micros += (static_cast<__int128>(*value) * unit->micros + (with_fraction ? *fraction : 0)) * sign;
    any = true;
  }
  if (!any || months > INT32_MAX || months < INT32_MIN || days > INT32_MAX || days < INT32_MIN || micros > INT64_MAX ||
      micros < INT64_MIN) {
    return std::nullopt;
  }
  return CalendarIntervalValue{static_cast<int32_t>(months), static_cast<int32_t>(days), static_cast<int64_t>(micros)};
}

}  // namespace tinderbox::engine
