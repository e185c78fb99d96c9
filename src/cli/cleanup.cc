#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "base/fail.h"
#include "base/process.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/verbs.h"
#include "cluster/machine.h"
#include "cluster/supervisor.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

struct CleanupFlags {
  ClusterName cluster;
  bool all = false, logs = false, work = false, cache = false;
  bool force = false, yes = false, dry_run = false, json = false;
};

/// Something that goes.
struct Loss {
  std::string cluster;  ///< empty: of no cluster
  std::string what;
  fs::path path;
  int64_t bytes = 0;
};

/// The parts of a cluster's folder, and what a person loses with each.
struct Part {
  const char* name;
  const char* what;
  enum { kState, kLogs, kWork } kind;
};
constexpr Part kParts[] = {
    {"warehouse", "tables that jobs have saved", Part::kState},
    {"history", "histories of applications", Part::kState},
    {"jobs", "records and logs of jobs", Part::kLogs},
    {"logs", "logs of services", Part::kLogs},
    {"events.ndjson", "events", Part::kLogs},
    {"work", "work folders of workers, with logs of executors", Part::kWork},
    {"scratch", "scratch files", Part::kWork},
    {"recovery", "what the master remembers", Part::kState},
    {"conf", "generated configuration", Part::kState},
};

int64_t BytesOf(const fs::path& path) {
  std::error_code error;
  if (fs::is_symlink(path, error)) return 0;
  if (fs::is_regular_file(path, error)) return static_cast<int64_t>(fs::file_size(path, error));
  int64_t bytes = 0;
  for (fs::recursive_directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    if (!entry->is_symlink(gone) && entry->is_regular_file(gone)) bytes += static_cast<int64_t>(entry->file_size(gone));
  }
  return bytes;
}

std::string ShortSize(int64_t bytes) {
  constexpr std::pair<double, const char*> kUnits[] = {{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}};
  for (const auto& [factor, unit] : kUnits) {
    if (static_cast<double>(bytes) >= factor)
      return fmt::format("{:.1f} {}", static_cast<double>(bytes) / factor, unit);
  }
  return fmt::format("{} bytes", bytes);
}

bool Runs(const cluster::ClusterFolder& folder) {
  if (cluster::IsSupervised(folder)) return true;
  const std::optional<cluster::Desired> desired = folder.ReadDesired();
  return desired && !desired->cluster.empty() && !cluster::FindMarked(desired->cluster).empty();
}

bool PartsOnly(const CleanupFlags& flags) {
  return flags.logs || flags.work;
}

std::vector<cluster::ClusterFolder> ClustersOf(const CleanupFlags& flags) {
  const cluster::Directories directories = UserDirectories();
  if (flags.all) return cluster::ListClusters(directories);
  if (flags.cache && !PartsOnly(flags)) return {};
  if (flags.cluster.name.empty() && !FolderOf(flags.cluster).Exists()) return {};
  return {ExistingFolder(flags.cluster)};
}

std::vector<Loss> LossesOf(const cluster::ClusterFolder& folder, const CleanupFlags& flags) {
  std::vector<Loss> losses;
  int64_t named = 0;
  for (const Part& part : kParts) {
    const fs::path path = folder.path() / part.name;
    const bool asked =
        !PartsOnly(flags) || (part.kind == Part::kLogs && flags.logs) || (part.kind == Part::kWork && flags.work);
    if (!asked || !fs::exists(fs::symlink_status(path))) continue;
    losses.push_back({folder.name(), part.what, path, BytesOf(path)});
    named += losses.back().bytes;
  }
  if (!PartsOnly(flags))
    losses.push_back({folder.name(), "the cluster itself and all else in its folder", folder.path(),
                      std::max<int64_t>(0, BytesOf(folder.path()) - named)});
  return losses;
}

/// What clusters have put into the cache; what is removed while one runs from it would break that one.
std::vector<Loss> DownloadsOf(const std::vector<cluster::ClusterFolder>& clusters) {
  const fs::path cache = UserDirectories().cache;
  constexpr std::pair<const char*, const char*> kFolders[] = {{"dist", "download"},
                                                              {"archives", "prepared classes, for a quick start"}};
  std::vector<Loss> losses;
  for (const auto& [name, what] : kFolders) {
    std::error_code error;
    for (fs::directory_iterator entry(cache / name, error), end; !error && entry != end; entry.increment(error)) {
      if (entry->path().extension() != ".lock") losses.push_back({"", what, entry->path(), BytesOf(entry->path())});
    }
  }
  for (const cluster::ClusterFolder& folder : clusters) {
    if (Runs(folder) && !losses.empty())
      base::Fail("TINDERBOX_USAGE",
                 "The cluster {} runs from the downloads in {}. Take it down first: tinderbox down "
                 "--name {}.",
                 folder.name(), cache.string(), folder.name());
  }
  return losses;
}

std::string Describe(const std::vector<Loss>& losses) {
  std::string out, cluster = "\n";
  int64_t bytes = 0;
  for (const Loss& loss : losses) {
    if (loss.cluster != cluster)
      out += loss.cluster.empty() ? "Downloads:\n" : fmt::format("Cluster {}:\n", loss.cluster);
    cluster = loss.cluster;
    out += fmt::format("  {:>10}  {}: {}\n", ShortSize(loss.bytes), loss.what, loss.path.string());
    bytes += loss.bytes;
  }
  return out + fmt::format("  {:>10}  together\n", ShortSize(bytes));
}

/// Removes what the folder of a cluster holds of the losses. Nobody starts the cluster meanwhile.
void Remove(const cluster::ClusterFolder& folder, const std::vector<Loss>& losses, bool whole) {
  std::error_code error;
  {
    const cluster::FileLock commands = folder.LockCommands();
    if (Runs(folder))
      base::Fail("TINDERBOX_FAILED", "Somebody has started the cluster {} meanwhile; it is kept.", folder.name());
    for (const Loss& loss : losses) {
      if (loss.cluster != folder.name() || loss.path == folder.path()) continue;
      fs::remove_all(loss.path, error);
      if (error) base::Fail("TINDERBOX_WRITE_FAILED", "{} cannot be removed: {}.", loss.path.string(), error.message());
    }
    if (whole) fs::remove_all(folder.path(), error);
  }
  if (error) base::Fail("TINDERBOX_WRITE_FAILED", "{} cannot be removed: {}.", folder.path().string(), error.message());
  if (!whole) folder.Make();
}

int Cleanup(const CleanupFlags& flags) {
  const std::vector<cluster::ClusterFolder> clusters = ClustersOf(flags);
  std::vector<std::string> running;
  std::vector<Loss> losses;
  for (const cluster::ClusterFolder& folder : clusters) {
    if (Runs(folder)) running.push_back(folder.name());
    for (Loss& loss : LossesOf(folder, flags)) losses.push_back(std::move(loss));
  }
  if (!running.empty() && !flags.force && !flags.dry_run)
    base::Fail("TINDERBOX_USAGE",
               "The cluster {} runs. `tinderbox down --name {}` ends it; or give --force, which does that first.",
               fmt::join(running, ", "), running[0]);
  if (flags.cache) {
    // One that goes down with --force does not count.
    std::vector<cluster::ClusterFolder> others;
    for (cluster::ClusterFolder& folder : cluster::ListClusters(UserDirectories())) {
      const bool goes = flags.force && std::find(running.begin(), running.end(), folder.name()) != running.end();
      if (!goes) others.push_back(std::move(folder));
    }
    for (Loss& loss : DownloadsOf(others)) losses.push_back(std::move(loss));
  }
  nlohmann::ordered_json json = {
      {"version", 1}, {"removed", !flags.dry_run}, {"what", nlohmann::ordered_json::array()}};
  for (const Loss& loss : losses)
    json["what"].push_back(
        {{"cluster", loss.cluster}, {"what", loss.what}, {"path", loss.path.string()}, {"bytes", loss.bytes}});
  if (losses.empty() || flags.dry_run) {
    const std::string text = losses.empty() ? "There is nothing to remove.\n" : Describe(losses);
    WriteOut(flags.json ? json.dump() + "\n" : text);
    return kClusterOk;
  }
  if (!flags.yes) {
    if (!base::IsTerminal(STDIN_FILENO) || !base::IsTerminal(STDERR_FILENO))
      base::Fail("TINDERBOX_USAGE",
                 "There is no terminal to ask on. Give --yes to remove, or --dry-run to see what would go.");
    WriteError(Describe(losses));
    if (!running.empty()) WriteError(fmt::format("Goes down first: {}\n", fmt::join(running, ", ")));
    if (!Confirmed("Remove all this? It cannot be taken back.")) {
      WriteError("Nothing was removed.\n");
      return kClusterFailed;
    }
  }
  for (const std::string& name : running) {
    if (const int code = RunDown({"--name", name, "--quiet"}); code != kClusterOk) return code;
  }
  if (!clusters.empty()) {
    // `up` and `scale` hold it while they plan and write.
    const cluster::FileLock planning = cluster::FileLock::Wait(UserDirectories().state / "ports.lock");
    for (const cluster::ClusterFolder& folder : clusters) Remove(folder, losses, !PartsOnly(flags));
  }
  for (const Loss& loss : losses) {
    if (!loss.cluster.empty()) continue;
    std::error_code error;
    fs::remove_all(loss.path, error);
    if (error) base::Fail("TINDERBOX_WRITE_FAILED", "{} cannot be removed: {}.", loss.path.string(), error.message());
  }
  WriteOut(flags.json ? json.dump() + "\n" : "Removed:\n" + Describe(losses));
  return kClusterOk;
}

}  // namespace

int RunCleanup(const Arguments& arguments) {
  CleanupFlags flags;
  CLI::App app(
      "Removes what clusters leave behind: everything of a cluster that is down, or parts of it, or the downloads. "
      "Names what will be lost, with sizes, and asks.");
  AddNameFlag(&app, &flags.cluster);
  app.add_flag("--all", flags.all, "Of every cluster")->group("Cluster");
  app.add_flag("--logs", flags.logs, "Only logs of services and jobs, and the events")->group("What goes");
  app.add_flag("--work", flags.work, "Only the work folders of workers and scratch files")->group("What goes");
  app.add_flag("--cache", flags.cache,
               "The downloaded Spark and gateway, and what was made of them; of clusters only with --all, --logs or "
               "--work beside it")
      ->group("What goes");
  app.add_flag("--force", flags.force, "Take a cluster that runs down first")->group("Other");
  app.add_flag("-y,--yes", flags.yes, "Do not ask")->group("Other");
  app.add_flag("--dry-run", flags.dry_run, "Only name what would go")->group("Other");
  app.add_flag("--json", flags.json, "As JSON; with --yes or --dry-run")->group("Other");
  app.footer(
      "For example:\n"
      "  tinderbox cleanup --dry-run\n"
      "  tinderbox cleanup --all --work --yes\n"
      "  tinderbox cleanup --all --cache\n\n" +
      ClusterExitHelp());
  if (!ParseFlags(&app, "cleanup", arguments)) return kClusterOk;
  if (flags.json && !flags.yes && !flags.dry_run) throw UsageError("cleanup", "--json needs --yes or --dry-run.");
  return RunClusterVerb("cleanup", [&] { return Cleanup(flags); });
}

}  // namespace tinderbox::cli
