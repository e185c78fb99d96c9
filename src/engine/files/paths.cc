#include "engine/files/paths.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cstring>
#include <map>

#include "engine/files/remote.h"
#include "store/store.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNullPartition = "__HIVE_DEFAULT_PARTITION__";

std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size()) {
      auto [end, failure] = std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
      if (failure == std::errc() && end == text.data() + i + 3) {
        out += static_cast<char>(value);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

using store::ExpandBraces;
using store::IsHidden;

[[noreturn]] void ThrowNotFound(const std::string& shown) {
  throw Error("PATH_NOT_FOUND", fmt::format("Path does not exist: {}.", shown), {{"path", shown}});
}

std::string Shown(const fs::path& path) {
  return "file:" + fs::absolute(path).lexically_normal().string();
}

using Pairs = std::vector<std::pair<std::string, std::optional<std::string>>>;

struct Found {
  InputFile file;
  Pairs pairs;
  std::shared_ptr<store::Store> store{};  ///< where it lies, when it has to be fetched
  store::Entry entry{};
};

/// "dt=2024-01-01" as a pair; false when the name is no such folder.
bool ParsePair(const std::string& name, Pairs* pairs) {
  size_t equals = name.find('=');
  if (equals == std::string::npos || equals == 0) return false;
  std::string value = Unescape(std::string_view(name).substr(equals + 1));
  if (value.empty()) return false;
  pairs->emplace_back(Unescape(std::string_view(name).substr(0, equals)),
                      value == kNullPartition ? std::nullopt : std::optional(value));
  return true;
}

void Walk(const fs::path& folder, const Pairs& pairs, std::vector<Found>* out) {
  std::vector<fs::directory_entry> entries;
  std::error_code failure;
  for (fs::directory_iterator it(folder, failure), end; it != end && !failure; it.increment(failure))
    entries.push_back(*it);
  if (failure) {
    throw Error("FAILED_READ_FILE.NO_HINT",
                fmt::format("The folder {} cannot be read: {}.", folder.string(), failure.message()));
  }
  std::ranges::sort(entries, {}, [](const fs::directory_entry& entry) { return entry.path().filename().string(); });
  for (const fs::directory_entry& entry : entries) {
    std::string name = entry.path().filename().string();
    if (IsHidden(name)) continue;
    if (entry.is_directory()) {
      Pairs below = pairs;
      ParsePair(name, &below);
      Walk(entry.path(), below, out);
    } else if (entry.is_regular_file()) {
      out->push_back({{entry.path(), entry.file_size(), {}}, pairs});
    }
  }
}

bool HasGlob(const std::string& path) {
  return path.find_first_of("*?[{") != std::string::npos;
}

/// The partitions that the folders from `base` down to `path` name.
Pairs PairsBelow(const fs::path& base, const fs::path& path) {
  Pairs out;
  for (const fs::path& part : fs::absolute(path).lexically_normal().lexically_relative(base)) {
    ParsePair(part.string(), &out);
  }
  return out;
}

int64_t ModificationTime(const fs::path& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_mtime : 0;
}

bool Wanted(const Found& found, const ListOptions& options) {
  const fs::path path = found.store != nullptr ? fs::path(found.entry.path) : found.file.path;
  if (!options.name_glob.empty()) {
    const std::string name = path.filename().string();
    const std::vector<std::string> globs = ExpandBraces(options.name_glob);
    if (std::ranges::none_of(globs,
                             [&](const std::string& glob) { return fnmatch(glob.c_str(), name.c_str(), 0) == 0; }))
      return false;
  }
  if (!options.modified_before && !options.modified_after) return true;
  const int64_t time = found.store != nullptr ? found.entry.modified_ms / 1000 : ModificationTime(path);
  return (!options.modified_before || time < *options.modified_before) &&
         (!options.modified_after || time > *options.modified_after);
}

void Add(const fs::path& path, const ListOptions& options, std::vector<Found>* out) {
  std::error_code ignored;
  const Pairs above = options.base.empty() ? Pairs{} : PairsBelow(options.base, path);
  if (fs::is_directory(path, ignored)) {
    Walk(path, above, out);
  } else if (fs::exists(path, ignored)) {
    // A pipe or device has no size, but can be read.
    uint64_t size = fs::is_regular_file(path, ignored) ? fs::file_size(path, ignored) : 0;
    out->push_back({{path, size, {}}, above});
  } else {
    ThrowNotFound(Shown(path));
  }
}

/// Adds the files of what a path or pattern in a store names.
void AddRemote(const std::string& url, const store::Location& location, const ListOptions& options,
               std::vector<Found>* out) {
  const std::shared_ptr<store::Store> from = options.remote->Open(location);
  const std::vector<store::Entry> roots = store::FindPaths(*from, location.path);
  if (roots.empty()) ThrowNotFound(url);
  const std::optional<store::Location> base = store::ParseLocation(options.base);
  const bool below = base && base->scheme == location.scheme && base->authority == location.authority;
  const auto add = [&](const store::Entry& entry, const fs::path& above) {
    const fs::path relative = fs::path(entry.path).lexically_relative(above);
    Found found{{{}, entry.size, {}}, {}, from, entry};
    for (const fs::path& part : relative.parent_path()) {
      if (IsHidden(part.string())) return;
      ParsePair(part.string(), &found.pairs);
    }
    out->push_back(std::move(found));
  };
  for (const store::Entry& root : roots) {
    if (!root.folder) {
      add(root, below ? fs::path(base->path) : fs::path(root.path).parent_path());
      continue;
    }
    std::vector<store::Entry> files = from->Walk(root.path);
    std::ranges::sort(files, {}, &store::Entry::path);
    for (const store::Entry& file : files) {
      if (!IsHidden(fs::path(file.path).filename().string())) add(file, below ? base->path : root.path);
    }
  }
}

/// Fetches what lies elsewhere.
void FetchRemote(const ListOptions& options, std::vector<Found>* found) {
  std::vector<std::pair<std::shared_ptr<store::Store>, store::Entry>> files;
  for (const Found& one : *found) {
    if (one.store != nullptr) files.emplace_back(one.store, one.entry);
  }
  if (files.empty()) return;
  const std::vector<fs::path> paths = options.remote->Fetch(files);
  size_t next = 0;
  for (Found& one : *found) {
    if (one.store != nullptr) one.file.path = paths[next++];
  }
}

std::vector<fs::path> Glob(const std::string& pattern) {
  std::vector<fs::path> out;
  for (const std::string& one : ExpandBraces(pattern)) {
    glob_t found{};
    int result = glob(one.c_str(), GLOB_ERR, nullptr, &found);
    for (size_t i = 0; result == 0 && i < found.gl_pathc; ++i) {
      fs::path path = found.gl_pathv[i];
      if (!IsHidden(path.filename().string())) out.push_back(std::move(path));
    }
    globfree(&found);
    if (result != 0 && result != GLOB_NOMATCH) {
      throw Error("FAILED_READ_FILE.NO_HINT",
                  fmt::format("The pattern {} cannot be searched: {}.", one, std::strerror(errno)));
    }
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool IsInteger(std::string_view text, int64_t* value) {
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return failure == std::errc() && end == text.data() + text.size();
}

bool IsDouble(const std::string& text) {
  if (text.find_first_not_of("0123456789+-.eE") != std::string::npos) return false;
  double value = 0;
  auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc() && end == text.data() + text.size();
}

bool IsDigits(std::string_view text, size_t low, size_t high) {
  return text.size() >= low && text.size() <= high &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c); });
}

/// yyyy-MM-dd of a day that exists.
bool IsDate(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  if (!IsDigits(text.substr(0, 4), 4, 4) || !IsDigits(text.substr(5, 2), 2, 2) || !IsDigits(text.substr(8), 2, 2))
    return false;
  auto number = [&](size_t begin, size_t length) {
    int value = 0;
    std::from_chars(text.data() + begin, text.data() + begin + length, value);
    return value;
  };
  using namespace std::chrono;
  return year_month_day(year(number(0, 4)), month(static_cast<unsigned>(number(5, 2))),
                        day(static_cast<unsigned>(number(8, 2))))
      .ok();
}

/// yyyy-MM-dd HH:mm:ss[.fraction]
bool IsTimestamp(std::string_view text) {
  if (text.size() < 19 || !IsDate(text.substr(0, 10)) || text[10] != ' ' || text[13] != ':' || text[16] != ':')
    return false;
  int64_t hour = 0, minute = 0, second = 0;
  if (!IsInteger(text.substr(11, 2), &hour) || !IsInteger(text.substr(14, 2), &minute) ||
      !IsInteger(text.substr(17, 2), &second)) {
    return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  return text.size() == 19 || (text[19] == '.' && IsDigits(text.substr(20), 1, 6));
}

TypeKind InferKind(const std::string& text) {
  int64_t value = 0;
  if (IsInteger(text, &value)) return value >= INT32_MIN && value <= INT32_MAX ? TypeKind::kInteger : TypeKind::kLong;
  if (IsDouble(text)) return TypeKind::kDouble;
  if (IsDate(text)) return TypeKind::kDate;
  if (IsTimestamp(text)) return TypeKind::kTimestamp;
  return TypeKind::kString;
}

/// The type that holds values of both, as Spark merges the types of a partition column.
TypeKind Merge(TypeKind a, TypeKind b) {
  if (a == b) return a;
  auto rank = [](TypeKind kind) {
    switch (kind) {
      case TypeKind::kInteger:
        return 1;
      case TypeKind::kLong:
        return 2;
      case TypeKind::kDouble:
        return 3;
      default:
        return 0;
    }
  };
  if (rank(a) > 0 && rank(b) > 0) return rank(a) > rank(b) ? a : b;
  bool both_times =
      (a == TypeKind::kDate || a == TypeKind::kTimestamp) && (b == TypeKind::kDate || b == TypeKind::kTimestamp);
  return both_times ? TypeKind::kTimestamp : TypeKind::kString;
}

}  // namespace

fs::path LocalPath(std::string_view path_or_url) {
  size_t colon = path_or_url.find(':');
  size_t slash = path_or_url.find('/');
  if (colon == std::string_view::npos || colon == 0 || (slash != std::string_view::npos && slash < colon)) {
    return fs::path(path_or_url);
  }
  std::string_view scheme = path_or_url.substr(0, colon);
  bool is_scheme = colon > 1 && std::ranges::all_of(scheme, [](unsigned char c) {
                     return std::isalnum(c) || c == '+' || c == '-' || c == '.';
                   });
  if (!is_scheme || slash != colon + 1) return fs::path(path_or_url);  // a file name with a colon in it
  if (scheme != "file") {
    throw Error(
        "UNSUPPORTED_FEATURE.FILE_SYSTEM",
        fmt::format("{} names no local file, and nothing else can be used here (files are read and written at hdfs://, "
                    "webhdfs:// and s3a:// too, tables lie on this machine).",
                    path_or_url),
        {{"scheme", std::string(scheme)}});
  }
  std::string_view rest = path_or_url.substr(colon + 1);
  if (rest.starts_with("//")) {
    size_t path = rest.find('/', 2);
    std::string_view host = rest.substr(2, path == std::string_view::npos ? path : path - 2);
    if (!host.empty() && host != "localhost") {
      throw Error("UNSUPPORTED_FEATURE.FILE_SYSTEM",
                  fmt::format("{} names the host {}; only files of this machine can be read.", path_or_url, host));
    }
    rest = path == std::string_view::npos ? "/" : rest.substr(path);
  }
  return fs::path(Unescape(rest));
}

InputFiles ListInput(const std::vector<std::string>& paths, const ListOptions& given_options) {
  ListOptions options = given_options;
  if (!options.base.empty() && !(options.remote && store::ParseLocation(options.base)))
    options.base = fs::absolute(LocalPath(options.base)).lexically_normal().string();
  std::vector<Found> found;
  for (const std::string& given : paths) {
    const std::optional<store::Location> location = options.remote ? store::ParseLocation(given) : std::nullopt;
    if (location) {
      AddRemote(given, *location, options, &found);
      continue;
    }
    fs::path path = LocalPath(given);
    std::error_code ignored;
    // A file may well be called "a[1].csv".
    if (!HasGlob(path.string()) || fs::exists(path, ignored)) {
      Add(path, options, &found);
      continue;
    }
    std::vector<fs::path> matches = Glob(path.string());
    if (matches.empty()) ThrowNotFound(Shown(path));
    for (const fs::path& match : matches) Add(match, options, &found);
  }

  std::erase_if(found, [&](const Found& one) { return !Wanted(one, options); });
  FetchRemote(options, &found);
  if (options.recursive) {
    for (Found& one : found) one.pairs.clear();
  }

  InputFiles out;
  std::vector<std::string> names;
  if (!found.empty()) {
    for (const auto& [name, value] : found[0].pairs) names.push_back(name);
  }
  std::vector<std::optional<TypeKind>> kinds(names.size());
  for (Found& one : found) {
    std::vector<std::string> own;
    for (const auto& [name, value] : one.pairs) own.push_back(name);
    if (own != names) {
      throw Error(
          "CONFLICTING_PARTITION_COLUMN_NAMES",
          fmt::format("The folders of one table must have the same partition columns, but {} has ({}) and {} has "
                      "({}). Read them one by one.",
                      found[0].file.path.string(), fmt::join(names, ", "), one.file.path.string(),
                      fmt::join(own, ", ")));
    }
    for (size_t i = 0; i < names.size(); ++i) {
      const auto& value = one.pairs[i].second;
      if (value) kinds[i] = kinds[i] ? Merge(*kinds[i], InferKind(*value)) : InferKind(*value);
      one.file.partition_values.push_back(value);
    }
    out.files.push_back(std::move(one.file));
  }
  for (size_t i = 0; i < names.size(); ++i)
    out.partitions.push_back({names[i], DataType(kinds[i].value_or(TypeKind::kString))});
  return out;
}

}  // namespace tinderbox::engine
