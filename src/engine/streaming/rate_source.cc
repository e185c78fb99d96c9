#include "engine/streaming/rate_source.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <map>

#include "engine/files/read.h"
#include "engine/files/write.h"
#include "engine/translate/names.h"
#include "spark/error_conditions.h"
#include "spark/proto.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

int64_t PositiveNumber(const std::string& text, const char* option) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw Error(spark::kJavaIllegalArgument, fmt::format("For input string: \"{}\"", text));
  }
  if (value <= 0) {
    throw Error(spark::kJavaIllegalArgument,
                fmt::format("Invalid value '{}'. The option '{}' must be positive", text, option));
  }
  return value;
}

}  // namespace

RateSource::RateSource(const proto::Read& read) {
  if (!read.has_data_source()) {
    throw Error("UNSUPPORTED_FEATURE.RELATION", "The embedded engine does not read tables as streams.");
  }
  const auto& source = read.data_source();
  if (!SameName(source.format(), "rate", false)) {
    if (!source.format().empty() && !SameName(source.format(), "socket", false) &&
        !SameName(source.format(), "rate-micro-batch", false)) {
      CheckFileFormat(source.format());
    }
    throw Error("UNSUPPORTED_FEATURE.DATA_SOURCE",
                fmt::format("The embedded engine does not read streams from {}; it has the source rate.",
                            source.format().empty() ? "files" : source.format()),
                {{"provider", source.format()}});
  }
  if (!source.schema().empty()) {
    throw Error("_LEGACY_ERROR_TEMP_2242", "RateStreamProvider source does not support user-specified schema.",
                {{"provider", "RateStreamProvider"}});
  }
  const std::map<std::string, std::string> options{source.options().begin(), source.options().end()};
  if (const auto rows = FindOption(options, "rowsPerSecond")) rows_per_second_ = PositiveNumber(*rows, "rowsPerSecond");
  if (const auto count = FindOption(options, "numPartitions")) {
    partitions_ = std::to_string(PositiveNumber(*count, "numPartitions"));
  }
  const std::string ramp_up = FindOption(options, "rampUpTime").value_or("0");
  if (ramp_up != "0" && ramp_up != "0s") {
    throw Error("UNSUPPORTED_FEATURE.DATA_SOURCE_OPTION",
                "The embedded engine does not support the option rampUpTime of the source rate.",
                {{"option", "rampUpTime"}});
  }
}

int64_t RateSource::FirstValue(int64_t second) const {
  const int64_t last = std::numeric_limits<int64_t>::max() / rows_per_second_;
  if (second > last) {
    throw Error("INCORRECT_END_OFFSET",
                fmt::format("Max offset with {} rowsPerSecond is {}, but it's {} now.", rows_per_second_, last, second),
                {{"rowsPerSecond", std::to_string(rows_per_second_)},
                 {"maxSeconds", std::to_string(last)},
                 {"endSeconds", std::to_string(second)}});
  }
  return second * rows_per_second_;
}

proto::Relation RateSource::Rows(int64_t first, int64_t end, int64_t start_ms) const {
  const int64_t begin = FirstValue(first);
  const int64_t stop = FirstValue(end);
  // The rows are spread evenly over the whole time.
  const double step = stop > begin ? static_cast<double>(end - first) * 1000 / static_cast<double>(stop - begin) : 0;
  return sql::ParseQuery(
      fmt::format("SELECT timestamp_millis(CAST(floor((id - {}L) * {:.17g}D + 0.5D) AS BIGINT) + {}L) AS timestamp, "
                  "id AS value FROM range({}L, {}L)",
                  begin, step, start_ms + first * 1000, begin, stop));
}

std::string RateSource::Description() const {
  return fmt::format("RateStreamV2[rowsPerSecond={}, rampUpTimeSeconds=0, numPartitions={}", rows_per_second_,
                     partitions_);
}

}  // namespace tinderbox::engine
