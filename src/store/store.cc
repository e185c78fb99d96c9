#include "store/store.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/fail.h"
#include "store/http.h"
#include "store/s3.h"
#include "store/webhdfs.h"

namespace tinderbox::store {
namespace {

bool IsPattern(const std::string& path) {
  return path.find_first_of("*?[{") != std::string::npos;
}

std::string BaseName(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string Join(const std::string& folder, const std::string& name) {
  return folder == "/" ? folder + name : folder + "/" + name;
}

void SortByPath(std::vector<Entry>* entries) {
  std::ranges::sort(*entries, {}, &Entry::path);
  const auto same =
      std::unique(entries->begin(), entries->end(), [](const Entry& a, const Entry& b) { return a.path == b.path; });
  entries->erase(same, entries->end());
}

/// What the parts of a pattern from `at` on name below a folder.
void Match(Store& store, const std::string& folder, const std::vector<std::string>& parts, size_t at,
           std::vector<Entry>* out) {
  size_t plain = at;
  std::string path = folder;
  while (plain < parts.size() && !IsPattern(parts[plain])) path = Join(path, parts[plain++]);
  if (plain == parts.size()) {
    if (auto entry = store.Stat(path)) out->push_back(*entry);
    return;
  }
  if (plain > at || path == "/") {
    const auto entry = path == "/" ? Entry{"/", true, 0, 0, ""} : store.Stat(path).value_or(Entry{});
    if (!entry.folder) return;
  }
  for (const Entry& entry : store.List(path)) {
    const std::string name = BaseName(entry.path);
    if (IsHidden(name) || ::fnmatch(parts[plain].c_str(), name.c_str(), FNM_PERIOD) != 0) continue;
    if (plain + 1 == parts.size()) {
      out->push_back(entry);
    } else if (entry.folder) {
      Match(store, entry.path, parts, plain + 1, out);
    }
  }
}

}  // namespace

std::vector<Entry> Store::Walk(const std::string& folder) {
  std::vector<Entry> out;
  for (Entry& entry : List(folder)) {
    if (!entry.folder) {
      out.push_back(std::move(entry));
      continue;
    }
    std::vector<Entry> below = Walk(entry.path);
    std::ranges::move(below, std::back_inserter(out));
  }
  return out;
}

void Store::Read(const Entry& entry, uint64_t offset, uint64_t size,
                 const std::function<void(std::string_view)>& sink) {
  uint64_t done = 0;
  const auto take = [&](std::string_view piece) {
    if (piece.size() > size - done) {
      base::Fail("TINDERBOX_STORE", "{} was answered with more bytes than were asked for.", Url(entry.path));
    }
    sink(piece);
    done += piece.size();
  };
  std::string why;
  int failed = 0;  // tries in a row that brought nothing
  while (done < size) {
    if (failed == kTries) {
      base::Fail("TINDERBOX_STORE", "{} cannot be read behind byte {} of {}, tried {} times: {}.", Url(entry.path),
                 offset + done, entry.size, kTries, why);
    }
    if (failed > 0) WaitToRetry(failed);
    const uint64_t before = done;
    why = TryRead(entry, offset + done, size - done, take);
    if (why.empty() && done < size) why = "the answer ended too early";
    failed = done > before ? 1 : failed + 1;
  }
}

std::optional<Location> ParseLocation(std::string_view text) {
  const size_t colon = text.find(":/");
  if (colon == std::string_view::npos) return std::nullopt;
  Location out;
  out.scheme = base::LowerCase(std::string(text.substr(0, colon)));
  static constexpr std::string_view kSchemes[] = {"hdfs", "webhdfs", "swebhdfs", "s3a", "s3"};
  if (std::ranges::find(kSchemes, out.scheme) == std::end(kSchemes)) return std::nullopt;
  std::string_view rest = text.substr(colon + 1);
  if (rest.starts_with("//")) {
    const size_t slash = std::min(rest.find('/', 2), rest.size());
    out.authority = rest.substr(2, slash - 2);
    rest.remove_prefix(slash);
  }
  for (const char c : rest) {
    if (c != '/' || !out.path.ends_with('/')) out.path += c;
  }
  if (out.path.size() > 1 && out.path.ends_with('/')) out.path.pop_back();
  if (out.path.empty()) out.path = "/";
  return out;
}

std::shared_ptr<Store> Open(const Location& location, const Settings& settings) {
  if (location.scheme.starts_with("s3")) return OpenS3(location, settings);
  return OpenWebHdfs(location, settings);
}

std::vector<Entry> FindPaths(Store& store, const std::string& pattern) {
  std::vector<Entry> out;
  if (pattern == "/") return {{"/", true, 0, 0, ""}};
  // A file may well be called "a[1].csv".
  if (auto entry = store.Stat(pattern)) return {*entry};
  if (!IsPattern(pattern)) return {};
  for (const std::string& one : ExpandBraces(pattern)) {
    std::vector<std::string> parts;
    for (size_t begin = 1; begin <= one.size();) {
      const size_t end = std::min(one.find('/', begin), one.size());
      parts.push_back(one.substr(begin, end - begin));
      begin = end + 1;
    }
    Match(store, "/", parts, 0, &out);
  }
  SortByPath(&out);
  return out;
}

std::vector<std::string> ExpandBraces(const std::string& pattern) {
  size_t open = std::string::npos, comma_depth = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '{') {
      open = i;
      break;
    }
  }
  if (open == std::string::npos) return {pattern};
  std::vector<std::string> choices(1);
  for (size_t i = open + 1; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '{') ++comma_depth;
    if (c == '}' && comma_depth == 0) {
      std::vector<std::string> out;
      for (const std::string& choice : choices) {
        for (std::string& rest : ExpandBraces(pattern.substr(0, open) + choice + pattern.substr(i + 1))) {
          out.push_back(std::move(rest));
        }
      }
      return out;
    }
    if (c == '}') --comma_depth;
    if (c == ',' && comma_depth == 0) {
      choices.emplace_back();
    } else {
      choices.back() += c;
    }
  }
  return {pattern};
}

bool IsHidden(const std::string& name) {
  // Spark keeps folders of partition columns whose name starts with '_', and leaves unfinished copies out.
  if (name.starts_with("_") && name.find('=') != std::string::npos) return false;
  return name.starts_with("_") || name.starts_with(".") || name.ends_with("._COPYING_");
}

}  // namespace tinderbox::store
