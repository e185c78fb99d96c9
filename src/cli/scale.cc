#include <fmt/format.h>

#include "base/fail.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/verbs.h"
#include "cli/words.h"
#include "cluster/supervisor.h"

namespace tinderbox::cli {
namespace {

struct ScaleFlags {
  ClusterName cluster;
  std::string what;
  std::string timeout = "5min";
  bool force = false, quiet = false, dry_run = false;
};

/// The number of workers that "5" or "worker=5" asks for.
int64_t WantedWorkers(const ScaleFlags& flags) {
  std::string role = "worker";
  std::string number = flags.what;
  if (flags.what.find('=') != std::string::npos) std::tie(role, number) = SplitAssignment("scale", flags.what);
  if (role == "spark-worker") role = "worker";
  if (role != "worker") {
    const bool known = role == "master" || role == "connect" || role == "history" || role == "gateway";
    if (known)
      base::Fail("TINDERBOX_USAGE", "There is exactly one {} in a cluster; only workers are scaled: scale worker=5.",
                 role);
    base::Fail("TINDERBOX_NO_SUCH", "There is no kind of service \"{}\" to scale. Write scale worker=5.", role);
  }
  const int64_t workers = ParseCount("scale worker=", number, 0);
  if (workers == 0 && !flags.force)
    base::Fail(
        "TINDERBOX_USAGE",
        "Without a worker every job waits for ever, so a cluster keeps one. Give --force if that is what you want, or "
        "`tinderbox stop worker`.");
  return workers;
}

int Scale(const ScaleFlags& flags) {
  const int64_t workers = WantedWorkers(flags);
  const cluster::ClusterFolder folder = ExistingFolder(flags.cluster);
  const int64_t timeout = ParseTime("--timeout", flags.timeout);
  cluster::ConfigSources sources;
  sources.project_file = folder.path() / "cluster.toml";
  cluster::Config config = cluster::ReadConfig(sources);
  if (workers == 0) {
    // The configuration has no form for a cluster without workers: they are stopped.
    cluster::Change(folder, ProgramFile(), [](cluster::Desired* desired) {
      for (cluster::Wanted& wanted : desired->services) wanted.up = wanted.up && wanted.service.role != "worker";
    });
    return WaitUntilConverged(folder, {timeout, flags.quiet});
  }
  sources.flags = {{"worker.count", {fmt::format("{}", workers), "scale"}}};
  config = cluster::ReadConfig(sources);
  {
    const cluster::Plan plan(folder, cluster::ToSpec(config),
                             {UserDirectories(), ProgramFile(), [](const auto&, double) {}});
    if (flags.dry_run) {
      WriteOut(nlohmann::json(plan.services()).dump(2) + "\n");
      return kClusterOk;
    }
    const std::optional<cluster::State> state = folder.ReadState();
    cluster::Change(folder, ProgramFile(), [&](cluster::Desired* desired) { plan.Apply(state, desired); });
    cluster::ReplaceFile(folder.path() / "cluster.toml", cluster::ConfigToml(config, false));
  }
  return WaitUntilConverged(folder, {timeout, flags.quiet});
}

}  // namespace

int RunScale(const Arguments& arguments) {
  ScaleFlags flags;
  CLI::App app(
      "Changes the number of workers of a running cluster. Those that go finish their work first, and hand on what "
      "their "
      "executors hold.");
  app.add_option("WORKERS", flags.what, "worker=5, or just 5")->required();
  AddNameFlag(&app, &flags.cluster);
  app.add_flag("--force", flags.force, "Allow 0 workers")->group("Other");
  app.add_flag("--dry-run", flags.dry_run, "Print the services as JSON and change nothing")->group("Other");
  app.add_option("--timeout", flags.timeout, "How long to wait until they are ready; default: 5min")
      ->type_name("TIME")
      ->group("Other");
  app.add_flag("-q,--quiet", flags.quiet, "Show no progress")->group("Other");
  app.footer("For example:\n  tinderbox scale worker=5\n\n" + ClusterExitHelp());
  if (!ParseFlags(&app, "scale", arguments)) return kClusterOk;
  return RunClusterVerb("scale", [&] { return Scale(flags); });
}

}  // namespace tinderbox::cli
