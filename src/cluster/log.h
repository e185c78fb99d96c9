#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tinderbox::cluster {

/// The line that the supervisor writes before each start of a service: what follows is of that start.
constexpr std::string_view kStartLine = "tinderbox: starting ";

/// The last lines of a log, of its last start only.
std::vector<std::string> LastLines(const std::filesystem::path& log, size_t lines);

/// What the log of a service that ended says about the cause, as the end of a sentence; "" when it says nothing.
std::string CauseInLog(const std::filesystem::path& log);
/// The same of the lines themselves.
std::string CauseInLines(const std::vector<std::string>& lines);

/// Copies a log that is larger than `size` aside and empties it; keeps `files` older ones: x.log.1 is the newest.
/// The service goes on writing into the same file.
void RotateLog(const std::filesystem::path& log, int64_t size, int64_t files);

}  // namespace tinderbox::cluster
