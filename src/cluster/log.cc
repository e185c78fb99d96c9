#include "cluster/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <sstream>

#include "base/json_text.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

constexpr std::streamoff kTail = 128 * 1024;

struct Cause {
  std::string_view pattern;  // in the line
  std::string_view meaning;
};

// The first that a line has decides, the last such line of the log wins.
constexpr Cause kCauses[] = {
    {"BindException", "its port is taken by another process"},
    {"Address already in use", "its port is taken by another process"},
    {"address already in use", "its port is taken by another process"},
    {"OutOfMemoryError", "it ran out of memory"},
    {"There is insufficient memory for the Java Runtime", "the machine has too little memory left for it"},
    {"Could not reserve enough space", "the machine has too little memory left for its heap"},
    {"Cannot allocate memory", "the machine has too little memory left for it"},
    {"System memory", "its heap is below Spark's minimum of 450 MiB"},
    {"No space left on device", "the disk is full"},
    {"Disk quota exceeded", "the disk quota is used up"},
    {"Read-only file system", "its folder is on a read-only file system"},
    {"All masters are unresponsive", "it could not reach the master"},
    {"UnsupportedClassVersionError", "the Java that runs it is too old"},
    {"JAVA_HOME is not set", "there is no Java"},
    {"Failed to find Spark jars directory", "the Spark installation has no jars"},
    {"Could not find or load main class", "the Spark installation lacks a class"},
    {"ClassNotFoundException", "a class is missing from its class path"},
    {"NoSuchMethodError", "jars of different versions are on its class path"},
    {"UnknownHostException", "a host name could not be resolved"},
    {"Permission denied", "it lacks a permission"},
    {"Unrecognized VM option", "the Java that runs it does not know an option"},
    {"Error occurred during initialization of VM", "its Java does not start with its options"},
    {"Too many open files", "too many files are open"},
};

bool IsComplaint(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t");
  if (first != std::string_view::npos && line.substr(first, 3) == "at ") return false;  // of a stack, below the words
  for (const std::string_view word : {"Exception", " ERROR ", "Error:", "error:", " FATAL "}) {
    if (line.find(word) != std::string_view::npos) return true;
  }
  return false;
}

std::string Trimmed(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t");
  std::string text(first == std::string_view::npos ? "" : line.substr(first));
  if (text.size() > 300) text = text.substr(0, 297) + "...";
  return base::ReplaceInvalidUtf8(text);
}

}  // namespace

std::vector<std::string> LastLines(const fs::path& log, size_t lines) {
  std::ifstream in(log, std::ios::binary | std::ios::ate);
  if (!in) return {};
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(0, size - kTail));
  std::deque<std::string> last;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(kStartLine, 0) == 0) {
      last.clear();
      continue;
    }
    last.push_back(std::move(line));
    if (last.size() > lines) last.pop_front();
  }
  return {last.begin(), last.end()};
}

std::string CauseInLines(const std::vector<std::string>& lines) {
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    for (const Cause& cause : kCauses) {
      if (line->find(cause.pattern) != std::string::npos) return fmt::format("{} ({})", cause.meaning, Trimmed(*line));
    }
  }
  const auto complaint = std::find_if(lines.rbegin(), lines.rend(), IsComplaint);
  if (complaint != lines.rend()) return Trimmed(*complaint);
  return "";
}

std::string CauseInLog(const fs::path& log) {
  return CauseInLines(LastLines(log, 400));
}

void RotateLog(const fs::path& log, int64_t size, int64_t files) {
  std::error_code error;
  const auto now = fs::file_size(log, error);
  if (error || size <= 0 || static_cast<int64_t>(now) <= size) return;
  const auto numbered = [&](int64_t number) { return fs::path(fmt::format("{}.{}", log.string(), number)); };
  fs::remove(numbered(files), error);
  for (int64_t number = files - 1; number >= 1; --number) fs::rename(numbered(number), numbered(number + 1), error);
  // Copied and emptied, because the process has the file open for appending.
  fs::copy_file(log, numbered(1), fs::copy_options::overwrite_existing, error);
  if (!error) fs::resize_file(log, 0, error);
}

}  // namespace tinderbox::cluster
