#include "engine/functions/time_zone.h"

#include <fmt/format.h>
#include <chrono>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "engine/duckdb/connection.h"
#include "engine/functions/text_values.h"
#include "engine/translate/sql.h"
#include "spark/ipc.h"
#include "spark/text.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

/// The three letters that Java knows as other names of zones.
constexpr std::pair<std::string_view, std::string_view> kShortNames[] = {
    {"ACT", "Australia/Darwin"},
    {"AET", "Australia/Sydney"},
    {"AGT", "America/Argentina/Buenos_Aires"},
    {"ART", "Africa/Cairo"},
    {"AST", "America/Anchorage"},
    {"BET", "America/Sao_Paulo"},
    {"BST", "Asia/Dhaka"},
    {"CAT", "Africa/Harare"},
    {"CNT", "America/St_Johns"},
    {"CST", "America/Chicago"},
    {"CTT", "Asia/Shanghai"},
    {"EAT", "Africa/Addis_Ababa"},
    {"ECT", "Europe/Paris"},
    {"EST", "-05:00"},
    {"HST", "-10:00"},
    {"IET", "America/Indiana/Indianapolis"},
    {"IST", "Asia/Kolkata"},
    {"JST", "Asia/Tokyo"},
    {"MIT", "Pacific/Apia"},
    {"MST", "-07:00"},
    {"NET", "Asia/Yerevan"},
    {"NST", "Pacific/Auckland"},
    {"PLT", "Asia/Karachi"},
    {"PNT", "America/Phoenix"},
    {"PRT", "America/Puerto_Rico"},
    {"PST", "America/Los_Angeles"},
    {"SST", "Pacific/Guadalcanal"},
    {"VST", "Asia/Ho_Chi_Minh"},
};

struct ZoneNames {
  const char* short_standard;
  const char* short_summer;
  const char* standard;
  const char* summer;
};
constexpr ZoneNames kCentralEurope = {"CET", "CEST", "Central European Standard Time", "Central European Summer Time"};
constexpr ZoneNames kEasternEurope = {"EET", "EEST", "Eastern European Standard Time", "Eastern European Summer Time"};
constexpr ZoneNames kWesternEurope = {"WET", "WEST", "Western European Standard Time", "Western European Summer Time"};
constexpr ZoneNames kPacific = {"PST", "PDT", "Pacific Standard Time", "Pacific Daylight Time"};
constexpr ZoneNames kMountain = {"MST", "MDT", "Mountain Standard Time", "Mountain Daylight Time"};
constexpr ZoneNames kCentral = {"CST", "CDT", "Central Standard Time", "Central Daylight Time"};
constexpr ZoneNames kEastern = {"EST", "EDT", "Eastern Standard Time", "Eastern Daylight Time"};
constexpr ZoneNames kUtc = {"UTC", "UTC", "Coordinated Universal Time", "Coordinated Universal Time"};
constexpr ZoneNames kGmt = {"GMT", "GMT", "Greenwich Mean Time", "Greenwich Mean Time"};
constexpr ZoneNames kLondon = {"GMT", "BST", "Greenwich Mean Time", "British Summer Time"};
constexpr ZoneNames kJapan = {"JST", "JDT", "Japan Standard Time", "Japan Daylight Time"};
constexpr ZoneNames kKorea = {"KST", "KDT", "Korean Standard Time", "Korean Daylight Time"};
constexpr ZoneNames kChina = {"CST", "CDT", "China Standard Time", "China Daylight Time"};
constexpr ZoneNames kIndia = {"IST", "IST", "India Standard Time", "India Standard Time"};

const ZoneNames* NamesOf(std::string_view id) {
  static const std::map<std::string_view, const ZoneNames*> kNames = {
      {"UTC", &kUtc},
      {"Etc/UTC", &kUtc},
      {"GMT", &kGmt},
      {"CET", &kCentralEurope},
      {"EET", &kEasternEurope},
      {"WET", &kWesternEurope},
      {"Europe/London", &kLondon},
      {"Europe/Lisbon", &kWesternEurope},
      {"Europe/Berlin", &kCentralEurope},
      {"Europe/Paris", &kCentralEurope},
      {"Europe/Madrid", &kCentralEurope},
      {"Europe/Rome", &kCentralEurope},
      {"Europe/Vienna", &kCentralEurope},
      {"Europe/Zurich", &kCentralEurope},
      {"Europe/Amsterdam", &kCentralEurope},
      {"Europe/Brussels", &kCentralEurope},
      {"Europe/Copenhagen", &kCentralEurope},
      {"Europe/Oslo", &kCentralEurope},
      {"Europe/Stockholm", &kCentralEurope},
      {"Europe/Warsaw", &kCentralEurope},
      {"Europe/Prague", &kCentralEurope},
      {"Europe/Budapest", &kCentralEurope},
      {"Europe/Athens", &kEasternEurope},
      {"Europe/Helsinki", &kEasternEurope},
      {"Europe/Kiev", &kEasternEurope},
      {"Europe/Bucharest", &kEasternEurope},
      {"America/Los_Angeles", &kPacific},
      {"US/Pacific", &kPacific},
      {"America/Denver", &kMountain},
      {"America/Phoenix", &kMountain},
      {"US/Mountain", &kMountain},
      {"America/Chicago", &kCentral},
      {"US/Central", &kCentral},
      {"America/New_York", &kEastern},
      {"America/Toronto", &kEastern},
      {"US/Eastern", &kEastern},
      {"Asia/Tokyo", &kJapan},
      {"Asia/Seoul", &kKorea},
      {"Asia/Shanghai", &kChina},
      {"Asia/Kolkata", &kIndia},
  };
  const auto found = kNames.find(id);
  return found == kNames.end() ? nullptr : found->second;
}

int64_t FloorDivide(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

/// After this year zones follow rules that depend only on what kind of year it is.
constexpr int64_t kLastYear = 2099;

bool IsLeap(int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/// A year that has the days of `year` on the same weekdays and that the table of changes covers.
int64_t SimilarYear(int64_t year) {
  const auto weekday = [](int64_t y) { return ((spark::DaysFromCivil(y, 1, 1) % 7) + 7) % 7; };
  int64_t similar = 2060;
  while (IsLeap(similar) != IsLeap(year) || weekday(similar) != weekday(year)) ++similar;
  return similar;
}

/// Reads DuckDB's own copy of the zones. It has no interface to them but SQL.
std::vector<std::vector<int64_t>> Ask(const std::string& query, size_t columns) {
  DatabaseOptions options;
  options.memory_bytes = uint64_t{256} << 20;
  Database database(options);
  const auto stream = OpenStream(database.Connect(), query);
  std::vector<std::vector<int64_t>> rows;
  ArrowBatch batch;
  while (stream->Next(&batch)) {
    for (int64_t row = 0; row < static_cast<int64_t>(batch.rows()); ++row) {
      std::vector<int64_t> values;
      for (size_t c = 0; c < columns; ++c) {
        values.push_back(tinderbox::spark::ToValue(DataType(TypeKind::kLong), batch.column(c), row).As<int64_t>());
      }
      rows.push_back(std::move(values));
    }
  }
  return rows;
}

bool IsRegion(const std::string& name) {
  if (name.empty() || name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-") !=
                          std::string::npos) {
    return false;
  }
  static const std::set<std::string> kKnown = [] {
    DatabaseOptions options;
    options.memory_bytes = uint64_t{64} << 20;
    Database database(options);
    const auto stream = OpenStream(database.Connect(), "SELECT name FROM pg_timezone_names()");
    std::set<std::string> out;
    ArrowBatch batch;
    while (stream->Next(&batch)) {
      for (int64_t row = 0; row < static_cast<int64_t>(batch.rows()); ++row) {
        out.insert(tinderbox::spark::ToValue(DataType(TypeKind::kString), batch.column(0), row).As<std::string>());
      }
    }
    return out;
  }();
  // Names of three letters are ICU's own, but for these.
  static const std::set<std::string_view> kPlain = {"CET", "EET", "MET", "WET", "UTC", "UCT", "GMT", "ROK", "PRC"};
  if (name.size() <= 3 && kPlain.count(name) == 0) return false;
  return kKnown.count(name) > 0;
}

std::string OffsetId(int32_t offset) {
  if (offset == 0) return "Z";
  const int32_t size = std::abs(offset);
  std::string out = fmt::format("{}{:02}:{:02}", offset < 0 ? '-' : '+', size / 3600, size / 60 % 60);
  if (size % 60 != 0) out += fmt::format(":{:02}", size % 60);
  return out;
}

}  // namespace

TimeZone ReadZone(const std::string& id) {
  // Each day's offset, then each second of the days in which it changes, by way of pieces of five minutes.
  static constexpr char kQuery[] =
      "WITH d AS (SELECT t, {0} AS o FROM (SELECT unnest(range({1}, {2}, 86400)) AS t)), "
      "days AS (SELECT t - 86400 AS b FROM (SELECT t, o, lag(o) OVER (ORDER BY t) AS p FROM d) WHERE o <> p), "
      "f AS (SELECT b, t, {0} AS o FROM (SELECT b, b + 300 * i AS t FROM days, range(0, 289) AS r(i))), "
      "pieces AS (SELECT t - 300 AS b FROM (SELECT t, o, lag(o) OVER (PARTITION BY b ORDER BY t) AS p FROM f) WHERE o "
      "<> p), "
      "s AS (SELECT b, t, {0} AS o FROM (SELECT b, b + i AS t FROM pieces, range(0, 301) AS r(i))) "
      "SELECT t, p, o FROM (SELECT t, o, lag(o) OVER (PARTITION BY b ORDER BY t) AS p FROM s) WHERE o <> p "
      "UNION ALL SELECT t, {0}, {0} FROM (SELECT CAST({1} AS BIGINT) AS t) ORDER BY 1";
  const std::string offset =
      fmt::format("(epoch_us(timezone({}, make_timestamptz(t * 1000000))) // 1000000 - t)", StringLiteral(id).text());
  const int64_t begin = spark::DaysFromCivil(1840, 1, 1) * 86400;
  const int64_t end = spark::DaysFromCivil(kLastYear + 2, 1, 1) * 86400;
  TimeZone zone(id, 0);
  bool first = true;
  for (const auto& row : Ask(fmt::format(kQuery, offset, begin, end), 3)) {
    if (first) {
      zone.first_offset_ = static_cast<int32_t>(row[2]);
    } else {
      zone.changes_.push_back({row[0], static_cast<int32_t>(row[1]), static_cast<int32_t>(row[2])});
    }
    first = false;
  }
  return zone;
}

int32_t TimeZone::OffsetAtSecond(int64_t second) const {
  const auto after = std::upper_bound(changes_.begin(), changes_.end(), second,
                                      [](int64_t at, const Change& change) { return at < change.second; });
  return after == changes_.begin() ? first_offset_ : std::prev(after)->offset;
}

int32_t TimeZone::OffsetAt(int64_t instant_micros) const {
  if (changes_.empty()) return first_offset_;
  int64_t second = FloorDivide(instant_micros, 1000000);
  int64_t year = 0;
  unsigned month = 0;
  unsigned day = 0;
  spark::CivilFromDays(FloorDivide(second, 86400), &year, &month, &day);
  if (year > kLastYear) {
    second += (spark::DaysFromCivil(SimilarYear(year), 1, 1) - spark::DaysFromCivil(year, 1, 1)) * 86400;
  }
  return OffsetAtSecond(second);
}

int64_t TimeZone::ToInstant(int64_t local_micros) const {
  if (changes_.empty()) return local_micros - first_offset_ * int64_t{1000000};
  // The offset before any change nearby: right unless the change has happened by then, and it is what both an overlap
  // and a gap want.
  const int64_t day = 86400 * int64_t{1000000};
  const int32_t before = OffsetAt(local_micros - day);
  const int32_t after = OffsetAt(local_micros + day);
  const int64_t early = local_micros - before * int64_t{1000000};
  if (before == after || OffsetAt(early) == before) return early;
  const int64_t late = local_micros - after * int64_t{1000000};
  return OffsetAt(late) == after ? late : early;
}

std::string TimeZone::Name(int64_t instant_micros, bool full) const {
  if (changes_.empty() && NamesOf(id_) == nullptr) return id_ == "Z" ? "Z" : id_;
  const ZoneNames* names = NamesOf(id_);
  if (names == nullptr) return "";
  int64_t year = 0;
  unsigned month = 0;
  unsigned day = 0;
  spark::CivilFromDays(FloorDivide(instant_micros, int64_t{86400} * 1000000), &year, &month, &day);
  const auto at = [&](unsigned in_month) {
    return OffsetAt(spark::DaysFromCivil(year, in_month, 1) * int64_t{86400} * 1000000);
  };
  const bool summer = OffsetAt(instant_micros) > std::min(at(1), at(7));
  if (full) return summer ? names->summer : names->standard;
  return summer ? names->short_summer : names->short_standard;
}

const TimeZone* TimeZone::TryFind(std::string_view name) {
  thread_local std::string last_name;
  thread_local const TimeZone* last = nullptr;
  if (last != nullptr && last_name == name) return last;
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<TimeZone>, std::less<>> zones;
  const std::lock_guard lock(mutex);
  auto found = zones.find(name);
  if (found == zones.end()) {
    std::string id(name);
    for (const auto& [alias, meant] : kShortNames) {
      if (id == alias) id = std::string(meant);
    }
    std::unique_ptr<TimeZone> zone;
    if (id == "UTC" || id == "GMT" || id == "UT" || id == "Etc/UTC") {
      zone = std::make_unique<TimeZone>(id, 0);
    } else if (const auto offset = ParseZoneOffset(id)) {
      // "UTC+1" keeps its prefix.
      const bool prefixed = id.starts_with("UT") || id.starts_with("GMT");
      const std::string shown = OffsetId(*offset);
      const std::string prefix = id.substr(0, id.find_first_of("+-"));
      zone = std::make_unique<TimeZone>(prefixed ? prefix + (*offset == 0 ? "" : shown) : shown, *offset);
    } else if (IsRegion(id)) {
      zone = std::make_unique<TimeZone>(ReadZone(id));
    } else {
      return nullptr;
    }
    if (zones.size() > 2000) return nullptr;
    found = zones.emplace(std::string(name), std::move(zone)).first;
  }
  last_name = std::string(name);
  last = found->second.get();
  return last;
}

const TimeZone& TimeZone::Find(std::string_view name) {
  const TimeZone* zone = TryFind(name);
  if (zone == nullptr) {
    throw Error("INVALID_TIMEZONE",
                fmt::format("The timezone: {} is invalid. The timezone must be either a region-based zone ID or a zone "
                            "offset. Region IDs must have the form 'area/city', such as 'America/Los_Angeles'. Zone "
                            "offsets must be in the format '(+|-)HH', '(+|-)HH:mm’ or '(+|-)HH:mm:ss', e.g '-08' , "
                            "'+01:00' or '-13:33:33', and must be in the range from -18:00 to +18:00. 'Z' and 'UTC' "
                            "are accepted as synonyms for '+00:00'.",
                            name),
                {{"timeZone", std::string(name)}});
  }
  return *zone;
}

namespace {

/// "10:20", "T10:20:30.5Z" as a time of the first day of 1970; nullopt for a text with a date.
std::optional<ParsedTimestamp> ParseClock(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\r\f\v";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return std::nullopt;
  text.remove_prefix(first);
  const bool marked = text[0] == 'T';
  if (marked) text.remove_prefix(1);
  const size_t digits = text.find_first_not_of("0123456789");
  const bool clock =
      !text.empty() && digits != 0 && (marked || (digits != std::string_view::npos && text[digits] == ':'));
  if (!clock) return std::nullopt;
  return ParseTimestamp("1970-01-01 " + std::string(text));
}

}  // namespace

std::optional<int64_t> ParseInstant(std::string_view text, std::string_view session_zone) {
  auto parsed = ParseTimestamp(text);
  const bool today = !parsed;
  if (today) parsed = ParseClock(text);
  if (!parsed) return std::nullopt;
  const TimeZone* zone = nullptr;
  if (!parsed->zone_seconds) {
    zone = parsed->region.empty() ? &TimeZone::Find(session_zone) : TimeZone::TryFind(parsed->region);
    if (zone == nullptr) return std::nullopt;
  }
  const int64_t offset = parsed->zone_seconds.value_or(0) * int64_t{1000000};
  if (today) {
    constexpr int64_t kDay = 86400000000;
    const int64_t now =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    const int64_t local = zone == nullptr ? now + offset : zone->ToLocal(now);
    parsed->local_micros += local / kDay * kDay;
  }
  return zone == nullptr ? parsed->local_micros - offset : zone->ToInstant(parsed->local_micros);
}

}  // namespace tinderbox::engine
