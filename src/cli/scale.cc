#include <fmt/format.h>

#include <algorithm>

#include "base/fail.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/verbs.h"
#include "cli/words.h"
#include "cluster/decommission.h"
#include "cluster/extras.h"
#include "cluster/supervisor.h"

namespace tinderbox::cli {
namespace {

struct ScaleFlags {
  ClusterName cluster;
  std::string what;
  std::string timeout = "5min";
  bool force = false, quiet = false, dry_run = false;
};

/// A role that can be scaled, how many of it are wanted, and the key of cluster.toml that says so.
struct Scaling {
  std::string role = "worker";
  std::string key = "worker.count";
  int64_t count = 0;
};

/// What "5", "worker=5" or "datanode=2" asks for.
Scaling ParseScaling(const ScaleFlags& flags, const cluster::Config& config) {
  Scaling scaling;
  std::string number = flags.what;
  if (flags.what.find('=') != std::string::npos) std::tie(scaling.role, number) = SplitAssignment("scale", flags.what);
  if (scaling.role == "spark-worker") scaling.role = "worker";
  if (scaling.role != "worker") {
    const std::span<const cluster::ScaledRole> roles = cluster::ScaledRoles();
    const auto found =
        std::find_if(roles.begin(), roles.end(), [&](const auto& role) { return role.role == scaling.role; });
    const std::set<std::string> with = cluster::ToSpec(config).with;
    if (found == roles.end()) {
      for (const char* single : {"master", "connect", "history", "gateway", "namenode", "resourcemanager", "s3",
                                 "postgres", "redis", "conductor"}) {
        if (scaling.role == single)
          base::Fail("TINDERBOX_USAGE",
                     "There is exactly one {} in a cluster; workers are scaled (scale worker=5), DataNodes and "
                     "NodeManagers.",
                     scaling.role);
      }
      base::Fail("TINDERBOX_NO_SUCH", "There is no kind of service \"{}\" to scale. Write scale worker=5.",
                 scaling.role);
    }
    if (!with.contains(std::string(found->with)))
      base::Fail("TINDERBOX_NO_SUCH", "The cluster has no {}: it is not in `with`. `tinderbox up --with {}` adds it.",
                 found->with, found->with);
    scaling.key = found->key;
  }
  scaling.count = ParseCount(fmt::format("scale {}=", scaling.role), number, scaling.role == "worker" ? 0 : 1);
  if (scaling.count == 0 && !flags.force)
    base::Fail(
        "TINDERBOX_USAGE",
        "Without a worker every job waits for ever, so a cluster keeps one. Give --force if that is what you want, or "
        "`tinderbox stop worker`.");
  return scaling;
}

int Scale(const ScaleFlags& flags) {
  const cluster::ClusterFolder folder = ExistingFolder(flags.cluster);
  const int64_t timeout = ParseTime("--timeout", flags.timeout);
  cluster::ConfigSources sources;
  sources.project_file = folder.path() / "cluster.toml";
  cluster::Config config = cluster::ReadConfig(sources);
  const Scaling scaling = ParseScaling(flags, config);
  if (scaling.count == 0) {
    // The configuration has no form for a cluster without workers: they are stopped.
    cluster::Change(folder, ProgramFile(), [](cluster::Desired* desired) {
      for (cluster::Wanted& wanted : desired->services) wanted.up = wanted.up && wanted.service.role != "worker";
    });
    return WaitUntilConverged(folder, {timeout, flags.quiet});
  }
  sources.flags = {{scaling.key, {fmt::format("{}", scaling.count), "scale"}}};
  config = cluster::ReadConfig(sources);
  const cluster::ClusterSpec spec = cluster::ToSpec(config);
  cluster::CheckSpec(spec);
  const bool moves = scaling.role == "datanode" && !flags.dry_run &&
                     cluster::CountRole(folder.ReadDesired(), "datanode") > scaling.count;
  if (moves) {
    if (!flags.quiet) WriteError("Moving the blocks of the DataNodes that go\n");
    cluster::EmptyDataNodes(folder, scaling.count, timeout);
  }
  {
    cluster::PlanInputs inputs{UserDirectories(), ProgramFile(), [](const auto&, double) {}};
    inputs.blocks_moved = moves || flags.dry_run;
    const cluster::Plan plan(folder, spec, inputs);
    if (flags.dry_run) {
      WriteOut(nlohmann::json(plan.services()).dump(2) + "\n");
      return kClusterOk;
    }
    const std::optional<cluster::State> state = folder.ReadState();
    cluster::Change(folder, ProgramFile(), [&](cluster::Desired* desired) { plan.Apply(state, desired); });
    cluster::ReplaceFile(folder.path() / "cluster.toml", cluster::ConfigToml(config, false));
  }
  const int code = WaitUntilConverged(folder, {timeout, flags.quiet});
  if (moves) cluster::AcceptDataNodes(folder);
  return code;
}

}  // namespace

int RunScale(const Arguments& arguments) {
  ScaleFlags flags;
  CLI::App app(
      "Changes the number of workers of a running cluster, or of its DataNodes or NodeManagers. Workers that go finish "
      "their work first, and hand on what their executors hold; DataNodes hand on their blocks.");
  app.add_option("WORKERS", flags.what, "worker=5, or just 5; datanode=2, nodemanager=2")->required();
  AddNameFlag(&app, &flags.cluster);
  app.add_flag("--force", flags.force, "Allow 0 workers")->group("Other");
  app.add_flag("--dry-run", flags.dry_run, "Print the services as JSON and change nothing")->group("Other");
  app.add_option("--timeout", flags.timeout, "How long to wait until they are ready; default: 5min")
      ->type_name("TIME")
      ->group("Other");
  app.add_flag("-q,--quiet", flags.quiet, "Show no progress")->group("Other");
  app.footer("For example:\n  tinderbox scale worker=5\n  tinderbox scale datanode=3\n\n" + ClusterExitHelp());
  if (!ParseFlags(&app, "scale", arguments)) return kClusterOk;
  return RunClusterVerb("scale", [&] { return Scale(flags); });
}

}  // namespace tinderbox::cli
