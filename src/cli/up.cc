#include <fmt/format.h>

#include <algorithm>

#include "base/fail.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/verbs.h"
#include "cluster/archive.h"
#include "cluster/extras.h"
#include "cluster/machine.h"
#include "cluster/spawn.h"
#include "cluster/supervisor.h"
#include "cluster/units.h"

namespace tinderbox::cli {
namespace {

struct UpFlags {
  ClusterName cluster;
  ConfigFlags config;
  std::vector<std::string> services;
  std::string timeout = "5min";
  bool dry_run = false, no_wait = false, json = false, quiet = false;
};

void AddFlags(CLI::App* app, UpFlags* flags) {
  app->add_option("SERVICE", flags->services, "Start only these services of a cluster that is there; default: all");
  AddNameFlag(app, &flags->cluster);
  AddConfigFlags(app, &flags->config);
  app->add_flag("--dry-run", flags->dry_run, "Print the services as JSON, and start and install nothing")
      ->group("Other");
  app->add_flag("--no-wait", flags->no_wait, "Return at once instead of when everything is ready")->group("Other");
  app->add_option("--timeout", flags->timeout, "How long to wait until everything is ready; default: 5min")
      ->type_name("TIME")
      ->group("Other");
  app->add_flag("--json", flags->json, "Print the addresses as JSON")->group("Other");
  app->add_flag("-q,--quiet", flags->quiet, "Show no progress")->group("Other");
  app->footer(
      "For example:\n"
      "  tinderbox up\n"
      "  tinderbox up --workers 3 --set connect.enabled=false\n"
      "  tinderbox up --with hdfs,s3\n"
      "  tinderbox up --profile cluster-spark\n"
      "  tinderbox up --name test -f cluster.toml --overlay prod\n"
      "\n"
      "Run it again to bring a running cluster to a changed file. `tinderbox config init` writes a file.\n" +
      ClusterExitHelp());
}

cluster::Progress ShowProgress(bool quiet) {
  if (quiet) return [](const std::string&, double) {};
  const bool terminal = Console::Inspect().err_terminal;
  return [terminal, last = std::string(), tenth = -1](const std::string& what, double share) mutable {
    const int now = share < 0 ? 10 : static_cast<int>(share * 10);
    if (what == last && (now == tenth || !terminal)) return;
    last = what;
    tenth = now;
    WriteError(share < 0 || !terminal ? what + "\n" : fmt::format("{}: {} %\n", what, now * 10));
  };
}

void ShowAddresses(const cluster::Desired& desired, const std::string& name, bool json) {
  const auto find = [&](std::string_view service) -> const cluster::Service* {
    const cluster::Wanted* wanted = desired.Find(std::string(service));
    return wanted == nullptr || !wanted->up ? nullptr : &wanted->service;
  };
  std::vector<std::pair<std::string, std::string>> addresses;
  if (const cluster::Service* master = find("master")) {
    addresses.emplace_back("spark", MasterUrl(*master));
    addresses.emplace_back("pages", master->page);
  }
  if (const cluster::Service* connect = find("connect")) addresses.emplace_back("connect", connect->page);
  if (const cluster::Service* history = find("history")) addresses.emplace_back("history", history->page);
  for (const cluster::Extra* extra : cluster::Extras()) {
    if (const cluster::Service* main = find(extra->main)) addresses.emplace_back(extra->name, main->page);
  }
  if (json) {
    nlohmann::ordered_json out = {{"version", 1}, {"cluster", name}};
    for (const auto& [what, address] : addresses) out[what] = address;
    WriteOut(out.dump() + "\n");
    return;
  }
  std::string out;
  for (const auto& [what, address] : addresses) out += fmt::format("{:<8} {}\n", what, address);
  WriteOut(out);
}

/// The next start is to be quicker. It bears the cluster's mark, and goes with it.
void StartMakingArchive(const cluster::ClusterFolder& folder) {
  const cluster::Desired desired = folder.ReadDesired().value_or(cluster::Desired{});
  if (!cluster::LacksArchive(desired)) return;
  std::map<std::string, std::string> environment = cluster::LastingEnvironment();
  environment[cluster::kClusterVariable] = desired.cluster;
  cluster::SpawnDetached({ProgramFile(), "make-archive", folder.path()}, environment, folder.path(),
                         folder.path() / "logs" / "archive.log");
}

int StartSome(const UpFlags& flags, const cluster::ClusterFolder& folder) {
  cluster::Change(folder, ProgramFile(), [&](cluster::Desired* desired) {
    const std::vector<std::string> names = PickServices(*desired, flags.services);
    for (cluster::Wanted& wanted : desired->services) {
      if (std::find(names.begin(), names.end(), wanted.service.name) != names.end()) wanted.up = true;
    }
  });
  return flags.no_wait ? kClusterOk : WaitUntilConverged(folder, {ParseTime("--timeout", flags.timeout), flags.quiet});
}

/// The services of another profile would take the place of those that run.
void CheckProfile(const cluster::ClusterFolder& folder, const cluster::Config& config) {
  const std::optional<cluster::Desired> desired = folder.ReadDesired();
  const bool runs = desired && std::any_of(desired->services.begin(), desired->services.end(),
                                           [](const cluster::Wanted& wanted) { return wanted.up; });
  if (!runs) return;
  const std::optional<cluster::Config> kept = KeptConfig(folder);
  const std::string before = kept ? ProfileOf(*kept) : "none", now = ProfileOf(config);
  if (before == now) return;
  base::Fail("TINDERBOX_CONFIG",
             "The cluster \"{}\" runs {}, and a running cluster keeps to its profile. `tinderbox down` ends it first "
             "(its data stay), or `tinderbox up --profile {} --name {}` brings up another one beside it.",
             folder.name(), before == "none" ? "without a profile" : "with the profile " + before, now,
             now == "none" ? "other" : now);
}

int Up(const UpFlags& flags) {
  if (!flags.services.empty()) return StartSome(flags, ExistingFolder(flags.cluster));
  const cluster::ClusterFolder folder = FolderOf(flags.cluster);
  const cluster::Config config = ReadConfig(flags.config, flags.cluster);
  CheckProfile(folder, config);
  const int64_t timeout = ParseTime("--timeout", flags.timeout);
  {
    const cluster::Plan plan(folder, cluster::ToSpec(config),
                             {UserDirectories(), ProgramFile(), ShowProgress(flags.quiet), !flags.dry_run});
    if (flags.dry_run) {
      WriteOut(nlohmann::json(plan.services()).dump(2) + "\n");
      return kClusterOk;
    }
    for (const std::string& warning : plan.warnings()) PrintWarning(warning);
    const cluster::Setting& profile = config.keys.at("profile");
    if (profile.text != "none" && !flags.quiet)
      WriteError(fmt::format("Profile {} ({})\n", profile.text, profile.origin));
    const std::optional<cluster::State> state = folder.ReadState();
    cluster::Change(folder, ProgramFile(), [&](cluster::Desired* desired) { plan.Apply(state, desired); });
    cluster::ReplaceFile(folder.path() / "cluster.toml", cluster::ConfigToml(config, false));
  }
  if (!flags.no_wait) {
    if (const int code = WaitUntilConverged(folder, {timeout, flags.quiet}); code != kClusterOk) return code;
  }
  if (!flags.no_wait) StartMakingArchive(folder);
  ShowAddresses(folder.ReadDesired().value_or(cluster::Desired{}), folder.name(), flags.json);
  return kClusterOk;
}

}  // namespace

int RunUp(const Arguments& arguments) {
  UpFlags flags;
  CLI::App app(
      "Brings up an Apache Spark cluster on this machine: master, workers, Spark Connect, history server and a gateway "
      "to "
      "all their pages; supervised, and ready when this returns.");
  AddFlags(&app, &flags);
  if (!ParseFlags(&app, "up", arguments)) return kClusterOk;
  return RunClusterVerb("up", [&] { return Up(flags); });
}

}  // namespace tinderbox::cli
