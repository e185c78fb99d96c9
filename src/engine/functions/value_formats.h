#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/functions/datetime_pattern.h"
#include "engine/functions/time_zone.h"

namespace tinderbox::engine {

/// How from_json, to_json and their like write dates and times, by Spark's options dateFormat, timestampFormat,
/// timestampNTZFormat and timeZone. Immutable.
class ValueFormats {
 public:
  /// Takes its options out of `options`, whose names are in lower case. Throws as DateTimePattern and TimeZone do.
  ValueFormats(std::map<std::string, std::string>* options, const std::string& session_zone, DateTimePattern::Use use);

  /// nullopt when the text is not in the format.
  std::optional<int32_t> ParseDate(std::string_view text) const;
  std::optional<int64_t> ParseTimestamp(std::string_view text) const;
  std::optional<int64_t> ParseTimestampNtz(std::string_view text) const;
  void AppendDate(std::string* out, int32_t days) const;
  void AppendTimestamp(std::string* out, int64_t micros) const;
  void AppendTimestampNtz(std::string* out, int64_t micros) const;
  const TimeZone& zone() const { return *zone_; }

 private:
  const TimeZone* zone_;
  std::optional<DateTimePattern> date_;
  std::optional<DateTimePattern> timestamp_;
  std::optional<DateTimePattern> timestamp_ntz_;
};

/// Options of a function that remain when all that are known were taken: refuses the first by name.
void RefuseOptions(const std::map<std::string, std::string>& options, std::string_view function);

}  // namespace tinderbox::engine
