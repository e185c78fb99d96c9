#include "diff/files.h"

#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <thread>

#include "base/escapes.h"
#include "base/fail.h"
#include "tinderbox/error.h"

namespace tinderbox::diff {
namespace {

namespace fs = std::filesystem;

bool IsHidden(const fs::path& path) {
  const std::string name = path.filename().string();
  return !name.empty() && (name[0] == '_' || name[0] == '.');
}

void AddFolder(const fs::path& folder, std::vector<fs::path>* out) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    // A partition folder may be named after a column that starts with an underscore (_part=1).
    const bool partition = it->is_directory() && it->path().filename().string().find('=') != std::string::npos;
    if (!IsHidden(it->path()) || (partition && it->path().filename().string()[0] == '_')) entries.push_back(it->path());
  }
  if (error) base::FailErrno("FAILED_READ_FILE", error.value(), fmt::format("Cannot list {}", folder.string()));
  std::sort(entries.begin(), entries.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  for (const fs::path& entry : entries) {
    if (fs::is_directory(entry)) {
      AddFolder(entry, out);
    } else {
      out->push_back(entry);
    }
  }
}

void AddPath(const fs::path& path, std::vector<fs::path>* out) {
  if (fs::is_directory(path)) {
    AddFolder(path, out);
  } else {
    out->push_back(path);
  }
}

}  // namespace

fs::path LocalPath(std::string_view text) {
  const size_t colon = text.find(':');
  const bool has_scheme = colon != std::string_view::npos && colon > 1 &&
                          std::all_of(text.begin(), text.begin() + colon,
                                      [](unsigned char c) { return std::isalnum(c) || c == '+' || c == '-'; }) &&
                          text.substr(colon + 1).starts_with('/');
  if (!has_scheme) return fs::path(text);
  if (text.substr(0, colon) != "file") {
    base::Fail(
        "UNSUPPORTED_FEATURE.FILE_SYSTEM",
        "Cannot open {}: only local files are read here. Copy the data to this machine, or run on a Spark cluster.",
        text);
  }
  std::string_view rest = text.substr(colon + 1);
  if (rest.starts_with("//")) rest = rest.substr(std::min(rest.find('/', 2), rest.size()));
  return fs::path(base::PercentDecode(rest));
}

std::vector<fs::path> DataFiles(const std::vector<std::string>& paths) {
  std::vector<fs::path> out;
  for (const std::string& text : paths) {
    const fs::path path = LocalPath(text);
    if (fs::exists(path)) {
      AddPath(path, &out);
      continue;
    }
    glob_t found{};
    const int status = ::glob(path.c_str(), GLOB_BRACE, nullptr, &found);
    std::vector<fs::path> matches;
    if (status == 0) matches.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
    if (matches.empty()) {
      base::FailWith("PATH_NOT_FOUND", {{"path", text}},
                     "There is no file, folder or match of a pattern at {}. Check the path.", text);
    }
    std::sort(matches.begin(), matches.end(),
              [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
    for (const fs::path& match : matches) AddPath(match, &out);
  }
  return out;
}

uint64_t TotalBytes(const std::vector<fs::path>& files) {
  uint64_t total = 0;
  for (const fs::path& file : files) {
    std::error_code error;
    const uintmax_t size = fs::file_size(file, error);
    if (!error) total += size;
  }
  return total;
}

bool IsWithin(const fs::path& inner, const fs::path& outer) {
  std::error_code error;
  const fs::path i = fs::weakly_canonical(fs::absolute(inner), error);
  const fs::path o = fs::weakly_canonical(fs::absolute(outer), error);
  auto [at_outer, at_inner] = std::mismatch(o.begin(), o.end(), i.begin(), i.end());
  return at_outer == o.end() || (at_outer->empty() && std::next(at_outer) == o.end());
}

namespace {

/// A setting of the session; empty when it has none of that name.
std::string Setting(const Session& session, const std::string& key) {
  try {
    return session.GetConf(key);
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

int Threads(const Session& session) {
  const std::string text = Setting(session, "spark.default.parallelism");
  int threads = 0;
  std::from_chars(text.data(), text.data() + text.size(), threads);
  return std::max(1, threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency()));
}

std::filesystem::path TemporaryParent(const Session& session) {
  const std::string folder = Setting(session, "spark.local.dir");
  return folder.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path(folder);
}

}  // namespace tinderbox::diff
