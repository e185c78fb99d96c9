#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tinderbox::cluster {

/// Bytes of "512m", "1g", "1.5GiB", "1073741824": one letter or its "b" and "ib" forms are powers of 1024, as in Spark.
std::optional<int64_t> ParseMemory(std::string_view text);
/// The shortest exact form that Spark and the JVM read: "1g", "600m", "1048577b".
std::string FormatMemory(int64_t bytes);

/// Milliseconds of "500ms", "10s", "5m" ("5min"), "1h", "7d".
std::optional<int64_t> ParseDuration(std::string_view text);
std::string FormatDuration(int64_t milliseconds);

/// The candidates most like the word, as " Did you mean a or b?", or nothing.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates);

/// "hdfs, s3" and "hdfs s3" as their parts.
std::vector<std::string> SplitList(std::string_view text);

/// The text as one word of a shell, in single quotes.
std::string ShellQuoted(std::string_view text);

}  // namespace tinderbox::cluster
