#include <fmt/format.h>

#include <algorithm>

#include "base/fail.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/verbs.h"
#include "cluster/supervisor.h"

namespace tinderbox::cli {
namespace {

struct RestartFlags {
  ClusterName cluster;
  std::vector<std::string> services;
  std::string timeout = "5min";
  bool rolling = false, quiet = false, dry_run = false;
};

int Restart(const RestartFlags& flags) {
  const cluster::ClusterFolder folder = ExistingFolder(flags.cluster);
  const WaitOptions wait{ParseTime("--timeout", flags.timeout), flags.quiet};
  const std::vector<std::string> names =
      PickServices(folder.ReadDesired().value_or(cluster::Desired{}), flags.services);
  if (names.empty())
    base::Fail("TINDERBOX_NO_SUCH", "The cluster is down and has no services. `tinderbox up` brings it up.");
  if (flags.dry_run) {
    WriteOut(fmt::format("{}\n", fmt::join(names, "\n")));
    return kClusterOk;
  }
  const auto restart = [&](const std::vector<std::string>& some) {
    cluster::Change(folder, ProgramFile(), [&](cluster::Desired* desired) {
      for (cluster::Wanted& wanted : desired->services) {
        if (std::find(some.begin(), some.end(), wanted.service.name) == some.end()) continue;
        wanted.up = true;
        ++wanted.generation;
      }
    });
    return WaitUntilConverged(folder, wait);
  };
  if (!flags.rolling) return restart(names);
  for (const std::string& name : names) {
    if (const int code = restart({name}); code != kClusterOk) return code;
  }
  return kClusterOk;
}

}  // namespace

int RunRestart(const Arguments& arguments) {
  RestartFlags flags;
  CLI::App app("Restarts services and waits until they are ready.");
  app.add_option("SERVICE", flags.services, "Restart only these (worker: every worker); default: all");
  AddNameFlag(&app, &flags.cluster);
  app.add_flag("--rolling", flags.rolling, "One after the other, each when the one before is ready")->group("Other");
  app.add_flag("--dry-run", flags.dry_run, "Only name the services that would be restarted")->group("Other");
  app.add_option("--timeout", flags.timeout, "How long to wait until they are ready; default: 5min")
      ->type_name("TIME")
      ->group("Other");
  app.add_flag("-q,--quiet", flags.quiet, "Show no progress")->group("Other");
  app.footer("For example:\n  tinderbox restart worker --rolling\n\n" + ClusterExitHelp());
  if (!ParseFlags(&app, "restart", arguments)) return kClusterOk;
  return RunClusterVerb("restart", [&] { return Restart(flags); });
}

}  // namespace tinderbox::cli
