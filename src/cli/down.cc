#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/fail.h"
#include "base/interrupt.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/end_jobs.h"
#include "cli/verbs.h"
#include "cluster/machine.h"
#include "cluster/supervisor.h"

namespace tinderbox::cli {
namespace {

struct StopFlags {
  ClusterName cluster;
  std::vector<std::string> services;
  std::string timeout = "2min";
  bool quiet = false, dry_run = false;
};

void AddFlags(CLI::App* app, StopFlags* flags, const std::string& verb) {
  if (verb == "stop") app->add_option("SERVICE", flags->services, "Stop only these; default: all");
  AddNameFlag(app, &flags->cluster);
  app->add_option("--timeout", flags->timeout, "How long to wait until everything has ended; default: 2min")
      ->type_name("TIME")
      ->group("Other");
  app->add_flag("--dry-run", flags->dry_run, "Only name the services that would be stopped")->group("Other");
  app->add_flag("-q,--quiet", flags->quiet, "Show no progress")->group("Other");
  app->footer(verb == "down"
                  ? "For example:\n  tinderbox down\n  tinderbox down --name test\n\n"
                    "Logs and the histories of applications stay in the cluster's folder; `tinderbox cleanup` removes "
                    "them.\n" +
                        ClusterExitHelp()
                  : "For example:\n  tinderbox stop worker-2\n\n`tinderbox up` starts again what was stopped.\n" +
                        ClusterExitHelp());
}

/// Waits until the supervisor has left, which it does when nothing runs any more.
int WaitUntilGone(const cluster::ClusterFolder& folder, const std::string& mark, int64_t timeout) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout);
  while (cluster::IsSupervised(folder) || !cluster::FindMarked(mark).empty()) {
    base::ThrowIfInterrupted();
    if (std::chrono::steady_clock::now() > end)
      base::Fail("TINDERBOX_TIMEOUT", "The cluster is still ending. `tinderbox status` shows what is left.");
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
  const cluster::FileLock supervisor_ended = folder.LockCommands();
  return kClusterOk;
}

int Stop(const StopFlags& flags, bool down) {
  const cluster::ClusterFolder folder = ExistingFolder(flags.cluster);
  const int64_t timeout = ParseTime("--timeout", flags.timeout);
  if (flags.dry_run) {
    const cluster::Desired desired = folder.ReadDesired().value_or(cluster::Desired{});
    for (const std::string& name : PickServices(desired, flags.services)) {
      if (desired.Find(name)->up) WriteOut(name + "\n");
    }
    return kClusterOk;
  }
  // While the master is there, jobs can say good-bye to it.
  if (down || flags.services.empty()) EndJobs(cluster::ListJobs(folder));
  bool any_left = false;
  std::string mark;
  cluster::Change(folder, ProgramFile(), [&](cluster::Desired* desired) {
    const std::vector<std::string> names = PickServices(*desired, flags.services);
    for (cluster::Wanted& wanted : desired->services) {
      if (std::find(names.begin(), names.end(), wanted.service.name) != names.end()) wanted.up = false;
      any_left = any_left || wanted.up;
    }
    if (down) desired->services.clear();
    mark = desired->cluster;
  });
  if (any_left) return WaitUntilConverged(folder, {timeout, flags.quiet});
  const int code = WaitUntilGone(folder, mark, timeout);
  cluster::KillMarked(mark);
  if (!flags.quiet) WriteError(fmt::format("{}: nothing runs any more\n", folder.name()));
  return code;
}

}  // namespace

int RunDown(const Arguments& arguments) {
  StopFlags flags;
  CLI::App app("Takes a cluster down: ends every process of it and touches nothing else.");
  AddFlags(&app, &flags, "down");
  if (!ParseFlags(&app, "down", arguments)) return kClusterOk;
  return RunClusterVerb("down", [&] { return Stop(flags, true); });
}

int RunStop(const Arguments& arguments) {
  StopFlags flags;
  CLI::App app("Stops services and keeps what the cluster is: its services, ports and workers.");
  AddFlags(&app, &flags, "stop");
  if (!ParseFlags(&app, "stop", arguments)) return kClusterOk;
  return RunClusterVerb("stop", [&] { return Stop(flags, false); });
}

}  // namespace tinderbox::cli
