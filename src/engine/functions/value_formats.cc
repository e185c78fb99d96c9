#include "engine/functions/value_formats.h"

#include <fmt/format.h>

#include "engine/functions/native_times.h"
#include "engine/functions/text_values.h"
#include "engine/translate/refusals.h"
#include "spark/text.h"

namespace tinderbox::engine {

namespace {

std::optional<std::string> Take(std::map<std::string, std::string>* options, const char* name) {
  auto node = options->extract(name);
  if (node.empty()) return std::nullopt;
  return node.mapped();
}

}  // namespace

ValueFormats::ValueFormats(std::map<std::string, std::string>* options, const std::string& session_zone,
                           DateTimePattern::Use use) {
  zone_ = &TimeZone::Find(Take(options, "timezone").value_or(session_zone));
  const bool writes = use == DateTimePattern::Use::kFormat;
  const auto pattern = [&](const char* name, const char* when_writing) {
    auto text = Take(options, name);
    if (!text && writes && when_writing != nullptr) text = when_writing;
    return text ? std::optional<DateTimePattern>(std::in_place, *text, use) : std::nullopt;
  };
  date_ = pattern("dateformat", nullptr);
  timestamp_ = pattern("timestampformat", "yyyy-MM-dd'T'HH:mm:ss[.SSS][XXX]");
  timestamp_ntz_ = pattern("timestampntzformat", "yyyy-MM-dd'T'HH:mm:ss[.SSS]");
}

std::optional<int32_t> ValueFormats::ParseDate(std::string_view text) const {
  if (!date_) return engine::ParseDate(text);
  DateTimePattern::Parsed parsed;
  std::string problem;
  if (!date_->Parse(text, &parsed, &problem)) return std::nullopt;
  return static_cast<int32_t>(FloorDivide(parsed.local_micros, kMicrosOfDay));
}

std::optional<int64_t> ValueFormats::ParseTimestamp(std::string_view text) const {
  if (timestamp_) {
    DateTimePattern::Parsed parsed;
    std::string problem;
    if (!timestamp_->Parse(text, &parsed, &problem)) return std::nullopt;
    return (parsed.zone == nullptr ? zone_ : parsed.zone)->ToInstant(parsed.local_micros);
  }
  const auto parsed = engine::ParseTimestamp(text);
  if (!parsed) return std::nullopt;
  if (parsed->zone_seconds) return parsed->local_micros - *parsed->zone_seconds * kMicrosOfSecond;
  const TimeZone* zone = parsed->region.empty() ? zone_ : TimeZone::TryFind(parsed->region);
  return zone == nullptr ? std::nullopt : std::optional(zone->ToInstant(parsed->local_micros));
}

std::optional<int64_t> ValueFormats::ParseTimestampNtz(std::string_view text) const {
  if (timestamp_ntz_) {
    DateTimePattern::Parsed parsed;
    std::string problem;
    if (!timestamp_ntz_->Parse(text, &parsed, &problem) || parsed.zone != nullptr) return std::nullopt;
    return parsed.local_micros;
  }
  const auto parsed = engine::ParseTimestamp(text);
  if (!parsed || parsed->zone_seconds || !parsed->region.empty()) return std::nullopt;
  return parsed->local_micros;
}

void ValueFormats::AppendDate(std::string* out, int32_t days) const {
  if (!date_) return spark::AppendDate(out, days);
  const int64_t local = days * kMicrosOfDay;
  out->append(date_->Format(local, local, TimeZone::Find("UTC")));
}

void ValueFormats::AppendTimestamp(std::string* out, int64_t micros) const {
  out->append(timestamp_->Format(zone_->ToLocal(micros), micros, *zone_));
}

void ValueFormats::AppendTimestampNtz(std::string* out, int64_t micros) const {
  out->append(timestamp_ntz_->Format(micros, micros, TimeZone::Find("UTC")));
}

void RefuseOptions(const std::map<std::string, std::string>& options, std::string_view function) {
  if (!options.empty()) RefuseFeature(fmt::format("the option {} of `{}`", options.begin()->first, function));
}

}  // namespace tinderbox::engine
