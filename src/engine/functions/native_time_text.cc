// Times to text and back, by patterns.
#include <fmt/format.h>

#include <map>
#include <memory>

#include "engine/functions/datetime_pattern.h"
#include "engine/functions/native_times.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

const DateTimePattern& Compiled(std::string_view text, DateTimePattern::Use use) {
  thread_local std::map<std::pair<std::string, DateTimePattern::Use>, std::unique_ptr<DateTimePattern>> cache;
  thread_local const std::pair<const std::pair<std::string, DateTimePattern::Use>, std::unique_ptr<DateTimePattern>>*
      last = nullptr;
  if (last != nullptr && last->first.second == use && last->first.first == text) return *last->second;
  const auto key = std::make_pair(std::string(text), use);
  auto found = cache.find(key);
  if (found == cache.end()) {
    auto pattern = std::make_unique<DateTimePattern>(text, use);
    if (cache.size() >= 64) cache.clear();
    found = cache.emplace(key, std::move(pattern)).first;
  }
  last = &*found;
  return *found->second;
}

[[noreturn]] void ThrowUnparsable(const std::string& problem, std::string_view function) {
  throw Error("CANNOT_PARSE_TIMESTAMP",
              fmt::format("{}. Use `{}` to tolerate invalid input string and return NULL instead.", problem, function),
              {{"func", fmt::format("`{}`", function)}, {"message", problem}});
}

[[noreturn]] void ThrowUnparsableTime(std::string_view text, std::string_view pattern) {
  throw Error("CANNOT_PARSE_TIME",
              fmt::format("The input string '{}' cannot be parsed to a TIME value because it does not match to the "
                          "datetime format '{}'.",
                          text, pattern),
              {{"input", fmt::format("'{}'", text)}, {"format", fmt::format("'{}'", pattern)}});
}

}  // namespace

void AddTimeText(ScalarFunctions* out) {
  using Use = DateTimePattern::Use;
  constexpr TypeKind s = TypeKind::kString;
  const auto add = [&](const std::string& name, std::vector<ParameterType> parameters, TypeKind result, auto one) {
    out->push_back({.name = name,
                    .parameters = std::move(parameters),
                    .varargs = {},
                    .result = DataType(result),
                    .run = PerRow(one)});
  };
  // time, pattern, zone
  add("spark_format_timestamp", {TypeKind::kTimestamp, s, s}, s,
      [](const ScalarInput& in, size_t row, OutVector& result) {
        const TimeZone& zone = TimeZone::Find(in[2].String(row));
        const int64_t instant = in[0].Data<int64_t>()[row];
        result.SetString(row, Compiled(in[1].String(row), Use::kFormat).Format(zone.ToLocal(instant), instant, zone));
      });
  for (const bool tolerant : {false, true}) {
    const std::string prefix = tolerant ? "spark_try_parse_" : "spark_parse_";
    // text, pattern, zone, the function to name in errors
    add(prefix + "timestamp", {s, s, s, s}, TypeKind::kTimestamp,
        [tolerant](const ScalarInput& in, size_t row, OutVector& result) {
          DateTimePattern::Parsed parsed;
          std::string problem;
          if (Compiled(in[1].String(row), Use::kParse).Parse(in[0].String(row), &parsed, &problem)) {
            const TimeZone& zone = parsed.zone != nullptr ? *parsed.zone : TimeZone::Find(in[2].String(row));
            result.Data<int64_t>()[row] = zone.ToInstant(parsed.local_micros);
          } else if (tolerant) {
            result.SetNull(row);
          } else {
            ThrowUnparsable(problem, in[3].String(row));
          }
        });
    add(prefix + "local", {s, s}, TypeKind::kTimestampNtz,
        [tolerant](const ScalarInput& in, size_t row, OutVector& result) {
          DateTimePattern::Parsed parsed;
          std::string problem;
          if (Compiled(in[1].String(row), Use::kParse).Parse(in[0].String(row), &parsed, &problem)) {
            result.Data<int64_t>()[row] = parsed.local_micros;
          } else if (tolerant) {
            result.SetNull(row);
          } else {
            ThrowUnparsable(problem, "try_to_timestamp");
          }
        });
    add(prefix + "time", {s, s}, TypeKind::kTime, [tolerant](const ScalarInput& in, size_t row, OutVector& result) {
      DateTimePattern::Parsed parsed;
      std::string problem;
      if (Compiled(in[1].String(row), Use::kParse).Parse(in[0].String(row), &parsed, &problem)) {
        result.Data<int64_t>()[row] =
            parsed.local_micros - FloorDivide(parsed.local_micros, kMicrosOfDay) * kMicrosOfDay;
      } else if (tolerant) {
        result.SetNull(row);
      } else {
        ThrowUnparsableTime(in[0].String(row), in[1].String(row));
      }
    });
  }
}

}  // namespace tinderbox::engine
