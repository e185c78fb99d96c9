#include "cluster/config.h"

#include <fmt/format.h>

#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/inputs.h"
#include "cli/verbs.h"
#include "cluster/layout.h"

namespace tinderbox::cli {
namespace {

struct ConfigVerbFlags {
  ConfigFlags config;
  std::string what;
  bool origin = false, json = false, force = false;
};

int Config(const ConfigVerbFlags& flags) {
  if (flags.what == "schema") {
    WriteOut(cluster::ConfigSchema());
    return kClusterOk;
  }
  if (flags.what == "init") {
    const std::string file = flags.config.file.empty() ? "cluster.toml" : flags.config.file;
    WriteFile(file, cluster::ConfigTemplate(), flags.force);
    WriteError(fmt::format("Wrote {}\n", file));
    return kClusterOk;
  }
  const cluster::Config config = ReadConfig(flags.config);
  cluster::CheckSpec(cluster::ToSpec(config));
  if (flags.what == "validate") WriteError("The configuration is sound.\n");
  if (flags.what == "show")
    WriteOut(flags.json ? cluster::ConfigJson(config) : cluster::ConfigToml(config, flags.origin));
  return kClusterOk;
}

}  // namespace

int RunConfig(const Arguments& arguments) {
  ConfigVerbFlags flags;
  CLI::App app(
      "About cluster.toml. init: writes one with every key as a comment; show: prints what is in force; validate: "
      "checks it; "
      "schema: prints its JSON Schema.");
  Choices(app.add_option("WHAT", flags.what, "init, show, validate or schema")->required(),
          {"init", "show", "validate", "schema"});
  AddConfigFlags(&app, &flags.config);
  app.add_flag("--origin", flags.origin, "Say where each value comes from (show)")->group("Other");
  app.add_flag("--json", flags.json, "As JSON, with origins (show)")->group("Other");
  app.add_flag("--force", flags.force, "Replace the file that is there (init)")->group("Other");
  app.footer(
      "For example:\n"
      "  tinderbox config init\n"
      "  tinderbox config show --origin --overlay prod\n\n"
      "Later beats earlier: defaults, ~/.config/tinderbox/cluster.toml, cluster.toml, overlays, variables such as\n"
      "SPARK_WORKER_CORES, variables such as TINDERBOX_WORKER_CORES, flags. Variables may also stand in the file .env\n"
      "beside cluster.toml.\n\n" +
      ClusterExitHelp());
  if (!ParseFlags(&app, "config", arguments)) return kClusterOk;
  return RunClusterVerb("config", [&] { return Config(flags); });
}

}  // namespace tinderbox::cli
