#include "cluster/packages.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>

#include "base/fail.h"
#include "base/mapped_file.h"
#include "cluster/folder.h"
#include "cluster/log.h"
#include "cluster/provision_tool.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view kCondition = "TINDERBOX_PREREQUISITE";
constexpr const char* kRecord = "packages.json";
constexpr const char* kLock = "requirements.txt";

std::string ReadText(const fs::path& file) {
  return std::string(base::MappedFile(file).bytes());
}

/// By which PyPI knows "Scikit_Learn[alldeps]>=1": "scikit-learn".
std::string PlainName(std::string_view requirement) {
  std::string name;
  for (const unsigned char c : requirement) {
    if (c == '-' || c == '_' || c == '.') {
      if (!name.ends_with('-')) name += '-';
    } else if (std::isalnum(c) != 0) {
      name += static_cast<char>(std::tolower(c));
    } else {
      break;
    }
  }
  return name;
}

void CheckRequirement(const std::string& text) {
  static const std::regex kForm(
      R"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(\[[A-Za-z0-9._, -]+\])?( *(===?|~=|!=|<=?|>=?) *[A-Za-z0-9.*+!_-]+ *(, *(===?|~=|!=|<=?|>=?) *[A-Za-z0-9.*+!_-]+ *)*)?)");
  if (!std::regex_match(text, kForm))
    base::Fail("TINDERBOX_USAGE",
               "\"{}\" names no package: write NAME, NAME==VERSION, \"NAME>=VERSION,<VERSION\" or NAME[EXTRA].", text);
}

bool Names(const std::vector<std::string>& requirements, std::string_view package) {
  return std::any_of(requirements.begin(), requirements.end(),
                     [&](const std::string& each) { return PlainName(each) == PlainName(package); });
}

fs::path Current(const fs::path& cluster_folder) {
  return cluster_folder / "packages" / "current";
}

/// The number of packages/N; nullopt: something else.
std::optional<int> GenerationOf(const fs::path& folder) {
  const std::string name = folder.filename();
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

/// Some process of this user has the folder on its path.
bool IsUsed(const fs::path& generation) {
  const std::string path = generation.string() + "/";
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    std::ifstream in(entry->path() / "environ", std::ios::binary);
    const std::string environment{std::istreambuf_iterator<char>(in), {}};
    if (environment.find(path) != std::string::npos) return true;
  }
  return false;
}

void RemoveUnused(const fs::path& folder, const fs::path& newest) {
  std::error_code error;
  std::vector<fs::path> old;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (GenerationOf(entry->path()) && entry->path() != newest) old.push_back(entry->path());
  }
  for (const fs::path& each : old) {
    if (!IsUsed(each)) fs::remove_all(each, error);
  }
}

void Write(const fs::path& folder, const std::string& python, const PythonPackages& packages) {
  Json record = {{"version", 1}, {"python", python}, {"wanted", packages.wanted}, {"installed", Json::array()}};
  std::string lock = "# What stands here, as pip reads it.\n";
  for (const PythonPackage& each : packages.installed) {
    record["installed"].push_back(
        {{"name", each.name}, {"version", each.version}, {"sha256", each.sha256}, {"asked", each.asked}});
    lock += fmt::format("{}=={} --hash=sha256:{}\n", each.name, each.version, each.sha256);
  }
  ReplaceFile(folder / kRecord, record.dump(2) + "\n");
  ReplaceFile(folder / kLock, lock);
}

PythonPackages Read(const fs::path& generation) {
  PythonPackages packages;
  const Json record = Json::parse(ReadText(generation / kRecord));
  record.at("wanted").get_to(packages.wanted);
  for (const Json& each : record.at("installed"))
    packages.installed.push_back({each.at("name"), each.at("version"), each.at("sha256"), each.at("asked")});
  return packages;
}

/// pip's own last word on what went wrong, in one line.
std::string ErrorOf(const fs::path& log) {
  std::ifstream in(log);
  std::string said;
  for (std::string line; std::getline(in, line);) {
    constexpr std::string_view kError = "ERROR: ";
    if (line.starts_with(kError)) said = line.substr(kError.size());
    if (line.find("No module named pip") != std::string::npos) said = "this Python has no pip";
  }
  while (said.ends_with('.')) said.pop_back();
  return said;
}

/// What pip's report of an installation says.
std::vector<PythonPackage> Installed(const fs::path& report, const std::vector<std::string>& wanted) {
  std::vector<PythonPackage> installed;
  const Json all = Json::parse(ReadText(report));
  for (const Json& each : all.at("install")) {
    PythonPackage package;
    package.name = each.at("metadata").at("name");
    package.version = each.at("metadata").at("version");
    package.sha256 = each.at("download_info").at("archive_info").at("hashes").at("sha256");
    package.asked = Names(wanted, package.name);
    installed.push_back(std::move(package));
  }
  std::sort(installed.begin(), installed.end(),
            [](const auto& a, const auto& b) { return PlainName(a.name) < PlainName(b.name); });
  return installed;
}

/// Installs `wanted` beside what is there, and then puts it in its place. What is there already and is not in
/// `changing` stays at its version, and must be the same file.
PythonPackages Change(const fs::path& cluster_folder, const std::string& python, const PythonPackages& before,
                      const std::vector<std::string>& wanted, const std::vector<std::string>& changing,
                      const Progress& progress) {
  const fs::path folder = cluster_folder / "packages";
  const fs::path work = folder / "partial";
  fs::remove_all(work);
  fs::create_directories(work / "site");
  std::string asked, pins;
  for (const std::string& each : wanted) asked += each + "\n";
  std::map<std::string, PythonPackage> kept;
  for (const PythonPackage& each : before.installed) {
    if (Names(changing, each.name)) continue;
    kept[PlainName(each.name)] = each;
    pins += fmt::format("{}=={}\n", each.name, each.version);
  }
  PythonPackages packages{wanted, {}};
  if (!wanted.empty()) {
    ReplaceFile(work / "wanted.txt", asked);
    ReplaceFile(work / "pins.txt", pins);
    const std::string what = fmt::format("Installing {} for {}", fmt::join(wanted, ", "), python);
    progress(what, -1);
    const fs::path log = work / "pip.log";
    try {
      RunTool({python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet",
               "--progress-bar=off", "--target", work / "site", "--report", work / "report.json", "--constraint",
               work / "pins.txt", "--requirement", work / "wanted.txt"},
              work, log, what, {});
    } catch (const Error& error) {
      const std::string said = ErrorOf(log);
      if (error.condition() != kCondition || said.empty()) throw;
      const char* hint = pins.empty() ? "" : " What is there keeps its version: name it as well to change that.";
      base::Fail(kCondition, "pip cannot install {}: {}. Nothing was changed.{}", fmt::join(changing, ", "), said,
                 hint);
    }
    packages.installed = Installed(work / "report.json", wanted);
    for (const PythonPackage& each : packages.installed) {
      const auto earlier = kept.find(PlainName(each.name));
      if (earlier != kept.end() && earlier->second.sha256 != each.sha256)
        base::Fail(kCondition, "{} {} is not the file that was installed before: its hash is {}, and was {}.",
                   each.name, each.version, each.sha256, earlier->second.sha256);
    }
    for (const char* file : {"wanted.txt", "pins.txt", "report.json", "pip.log"}) fs::remove(work / file);
  }
  Write(work, python, packages);
  int newest = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    newest = std::max(newest, GenerationOf(entry.path()).value_or(0));
  const fs::path generation = folder / fmt::format("{}", newest + 1);
  fs::rename(work, generation);
  const fs::path link = folder / "next";
  fs::remove(link);
  fs::create_symlink(generation.filename(), link);
  fs::rename(link, Current(cluster_folder));
  RemoveUnused(folder, generation);
  return packages;
}

/// `change` under a lock; what the disk refuses is an Error.
template <typename Body>
PythonPackages Locked(const fs::path& cluster_folder, const Body& change) {
  try {
    fs::create_directories(cluster_folder / "packages");
    const FileLock lock = FileLock::Wait(cluster_folder / "packages" / "lock");
    return change(ReadPackages(cluster_folder));
  } catch (const fs::filesystem_error& error) {
    base::Fail("TINDERBOX_WRITE_FAILED", "The packages in {} cannot be changed: {}.", cluster_folder.string(),
               error.what());
  }
}

}  // namespace

std::string PackagesFolder(const fs::path& cluster_folder) {
  return Current(cluster_folder) / "site";
}

std::string PackagesNow(const fs::path& cluster_folder) {
  std::error_code error;
  const fs::path now = fs::canonical(PackagesFolder(cluster_folder), error);
  return error ? "" : now.string();
}

PythonPackages ReadPackages(const fs::path& cluster_folder) {
  return fs::exists(Current(cluster_folder) / kRecord) ? Read(Current(cluster_folder)) : PythonPackages{};
}

PythonPackages AddPackages(const fs::path& cluster_folder, const std::string& python,
                           const std::vector<std::string>& names, const Progress& progress) {
  for (const std::string& name : names) CheckRequirement(name);
  return Locked(cluster_folder, [&](const PythonPackages& before) {
    std::vector<std::string> wanted;
    for (const std::string& each : before.wanted) {
      if (!Names(names, each)) wanted.push_back(each);
    }
    wanted.insert(wanted.end(), names.begin(), names.end());
    return Change(cluster_folder, python, before, wanted, names, progress);
  });
}

PythonPackages RemovePackages(const fs::path& cluster_folder, const std::string& python,
                              const std::vector<std::string>& names, const Progress& progress) {
  return Locked(cluster_folder, [&](const PythonPackages& before) {
    for (const std::string& name : names) {
      if (Names(before.wanted, name)) continue;
      const bool needed = std::any_of(before.installed.begin(), before.installed.end(),
                                      [&](const auto& each) { return PlainName(each.name) == PlainName(name); });
      base::Fail(
          "TINDERBOX_NO_SUCH", "The package {} {} `tinderbox pkg list` shows them.", name,
          needed ? "was not asked for: it is there because another one needs it." : "is none of this cluster's.");
    }
    std::vector<std::string> wanted;
    for (const std::string& each : before.wanted) {
      if (!Names(names, each)) wanted.push_back(each);
    }
    return Change(cluster_folder, python, before, wanted, names, progress);
  });
}

}  // namespace tinderbox::cluster
