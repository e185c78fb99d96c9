#include "cache/inputs.h"

#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <vector>

#include "store/store.h"
#include "tinderbox/error.h"

namespace tinderbox::cache {
namespace {

namespace fs = std::filesystem;

/// The path of a local file's URL, or of no URL; nullopt for another scheme.
std::optional<std::string> LocalPath(const std::string& path) {
  std::string_view rest = path;
  if (rest.starts_with("file:/")) {
    rest.remove_prefix(5);
    if (rest.starts_with("//")) {
      const size_t slash = rest.find('/', 2);
      if (slash == std::string_view::npos) return std::nullopt;
      rest.remove_prefix(slash);
    }
    return std::string(rest);
  }
  return HasScheme(path) ? std::nullopt : std::optional(path);
}

bool AddFile(const std::string& path, std::string* out) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return false;
  if (S_ISREG(about.st_mode)) {
    *out += fmt::format("{}\t{}\t{}.{:09}\n", path, about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
    return true;
  }
  if (!S_ISDIR(about.st_mode)) return false;  // a pipe is read once
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error))
    names.push_back(entry->path());
  if (error) return false;
  std::ranges::sort(names);
  *out += path + "/\n";
  return std::ranges::all_of(names, [&](const std::string& name) { return AddFile(name, out); });
}

std::vector<std::string> Glob(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) == 0) return {path};
  std::vector<std::string> out;
  for (const std::string& pattern : store::ExpandBraces(path)) {
    glob_t found{};
    if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0)
      out.insert(out.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
    ::globfree(&found);
  }
  std::ranges::sort(out);
  return out;
}

std::optional<std::string> StoreInput(const PlanFacts::Files& files, const store::Location& location,
                                      const std::map<std::string, std::string>& settings) {
  try {
    const auto find = [&settings](const std::string& key) -> std::optional<std::string> {
      const auto found = settings.find(key);
      return found == settings.end() ? std::nullopt : std::optional(found->second);
    };
    store::Settings::Names given;
    for (const auto& [name, value] : files.options) {
      if (store::IsHadoopOption(name)) given[name] = value;
    }
    const auto store = store::Open(location, store::Settings(given, find));
    std::vector<std::string> lines;
    const auto add = [&](const store::Entry& entry) {
      lines.push_back(
          fmt::format("{}\t{}\t{}\t{}\n", store->Url(entry.path), entry.size, entry.modified_ms, entry.version));
    };
    for (const store::Entry& entry : store::FindPaths(*store, location.path)) {
      if (!entry.folder) {
        add(entry);
        continue;
      }
      for (const store::Entry& below : store->Walk(entry.path)) add(below);
    }
    if (lines.empty()) return std::nullopt;
    std::ranges::sort(lines);
    std::string out;
    for (const std::string& line : lines) out += line;
    return out;
  } catch (const Interrupted&) {
    throw;
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// What is not to be seen from here.
std::string Unseen(const std::string& path, const Place& place) {
  return fmt::format("{}\t{}\n", place.server, path);
}

}  // namespace

bool HasScheme(const std::string& path) {
  const size_t colon = path.find(":/");
  return colon != std::string::npos && path.find('/') == colon + 1;
}

std::string RootOf(const std::string& url) {
  if (url.starts_with("file:")) return "file:";
  const size_t host = url.find("://");
  return host == std::string::npos ? "" : url.substr(0, url.find('/', host + 3));
}

std::optional<std::string> LocalInput(const std::string& path) {
  std::string out;
  const auto local = LocalPath(path);
  if (!local || !AddFile(fs::path(*local).lexically_normal(), &out)) return std::nullopt;
  return out;
}

std::optional<std::string> InputsText(const std::set<PlanFacts::Files>& files, const Place& place,
                                      const std::map<std::string, std::string>& settings) {
  const bool here = place.server.empty();
  std::string out;
  for (PlanFacts::Files each : files) {
    if (!here && !HasScheme(each.path)) {
      // The server's current folder is its own.
      if (!each.path.starts_with('/')) return std::nullopt;
      if (place.root.empty()) {
        out += Unseen(each.path, place);
        continue;
      }
      each.path = place.root + each.path;
    }
    if (const auto location = store::ParseLocation(each.path)) {
      const auto seen = StoreInput(each, *location, settings);
      if (!seen && here) return std::nullopt;
      out += seen.value_or(Unseen(each.path, place));
      continue;
    }
    const auto local = LocalPath(each.path);
    if (!local) {
      if (here) return std::nullopt;
      out += Unseen(each.path, place);  // the server may know the scheme, or its own default
      continue;
    }
    std::string seen;
    bool whole = place.files_here;
    if (whole) {
      const std::vector<std::string> found = Glob(fs::absolute(*local).lexically_normal());
      whole =
          !found.empty() && std::ranges::all_of(found, [&](const std::string& path) { return AddFile(path, &seen); });
    }
    if (!whole && here) return std::nullopt;
    out += whole ? seen : Unseen(each.path, place);
  }
  return out;
}

}  // namespace tinderbox::cache
