#include "diff/stores.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/escapes.h"
#include "base/fail.h"
#include "base/temp_dir.h"
#include "diff/files.h"
#include "store/settings.h"
#include "store/store.h"

namespace tinderbox::diff {
namespace {

namespace fs = std::filesystem;

/// The table as a Parquet file: the comparison reads it more than once.
std::string FetchTable(const Session& session, const std::string& url, const fs::path& folder) {
  DataFrameReader reader = session.Read().Format("jdbc");
  for (const auto& [name, value] : JdbcOptions(url)) reader = reader.Option(name, value);
  std::string path = (folder / "table.parquet").string();
  reader.Load().Write().Format("parquet").Save(path);
  return path;
}

}  // namespace

bool IsJdbc(const std::string& path) {
  return path.starts_with("jdbc:");
}

std::map<std::string, std::string> JdbcOptions(const std::string& url) {
  std::map<std::string, std::string> out;
  const size_t question = url.find('?');
  std::string address = url.substr(0, question);
  bool password = false;
  std::string kept;
  for (size_t begin = question; begin != std::string::npos && begin + 1 < url.size();) {
    const size_t end = std::min(url.find('&', begin + 1), url.size());
    const std::string pair = url.substr(begin + 1, end - begin - 1);
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::string name = pair.substr(0, equals);
    const std::string value = equals == pair.size() ? "" : base::PercentDecode(pair.substr(equals + 1));
    if (name == "table" || name == "dbtable") {
      out["dbtable"] = value;
    } else if (name == "query") {
      out["query"] = value;
    } else if (!pair.empty()) {
      password = password || name == "password";
      kept += (kept.empty() ? "?" : "&") + pair;
    }
    begin = end;
  }
  if (!out.contains("dbtable") && !out.contains("query")) {
    base::Fail("TINDERBOX_DIFF_INPUT",
               "{} does not say which table is meant. Add ?dbtable=NAME (or ?query=SELECT…, %26 for an & in it).",
               address);
  }
  out["url"] = address + kept;
  const std::string secret = store::Environment("PGPASSWORD");
  if (!password && !secret.empty()) out["password"] = secret;
  return out;
}

LocalInput FetchInput(const Session& session, const DiffInput& given) {
  LocalInput out{given, nullptr};
  const auto elsewhere = [](const std::string& path) { return IsJdbc(path) || store::ParseLocation(path); };
  if (std::ranges::none_of(given.paths, elsewhere)) return out;

  const auto folder = std::make_shared<base::TempDir>(TemporaryParent(session));
  out.copies = folder;
  const store::Settings settings = store::TakeSettings(&out.input.options, session.AllConf());
  out.input.paths.clear();
  std::vector<std::pair<std::shared_ptr<store::Store>, store::Entry>> files;
  const fs::path root = folder->path() / store::kCopiesFolder / "0";
  for (const std::string& path : given.paths) {
    if (IsJdbc(path)) {
      if (given.paths.size() > 1 || !(given.format.empty() || given.format == "jdbc"))
        base::Fail("TINDERBOX_DIFF_INPUT", "A table of a database is a side alone, and has no other format.");
      out.input.paths = {FetchTable(session, path, folder->path())};
      out.input.format = "parquet";
      return out;
    }
    const std::optional<store::Location> location = store::ParseLocation(path);
    if (!location) {
      out.input.paths.push_back(path);
      continue;
    }
    const std::shared_ptr<store::Store> from = store::Open(*location, settings);
    const std::vector<store::Entry> found = store::FindPaths(*from, location->path);
    if (found.empty()) {
      base::FailWith("PATH_NOT_FOUND", {{"path", path}},
                     "There is no file, folder or match of a pattern at {}. Check the path.", path);
    }
    for (const store::Entry& entry : found) {
      const fs::path local = store::LocalPlace(*from, entry, root);
      out.input.paths.push_back(local.string());
      if (!entry.folder) {
        files.emplace_back(from, entry);
        continue;
      }
      std::error_code ignored;
      fs::create_directories(local, ignored);
      for (store::Entry& below : from->Walk(entry.path)) {
        const fs::path relative = fs::path(below.path).lexically_relative(entry.path);
        if (std::none_of(relative.begin(), relative.end(),
                         [](const fs::path& part) { return store::IsHidden(part.string()); })) {
          files.emplace_back(from, std::move(below));
        }
      }
    }
  }
  store::Fetch(files, root);
  return out;
}

}  // namespace tinderbox::diff
