#include "cluster/config.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/inputs.h"
#include "cli/verbs.h"
#include "cluster/layout.h"
#include "cluster/profiles.h"

namespace tinderbox::cli {
namespace {

struct ConfigVerbFlags {
  ClusterName cluster;
  ConfigFlags config;
  std::string what;
  bool origin = false, json = false, force = false;
};

void ShowProfiles(bool json) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::string text;
  for (const std::string& name : cluster::ProfileNames()) {
    const std::string summary = cluster::ProfileSummary(*cluster::FindProfileText(name));
    list.push_back({{"name", name}, {"summary", summary}});
    text += fmt::format("{:<16} {}\n", name, summary);
  }
  WriteOut(json ? nlohmann::ordered_json{{"version", 1}, {"profiles", list}}.dump() + "\n" : text);
}

/// The profile as a project's file, its overlays beside it.
void WriteProfile(const std::string& profile, const std::filesystem::path& file, bool force) {
  for (const cluster::ProfileText& one : cluster::ProfileTexts()) {
    const bool itself = one.name == profile;
    if (!itself && !one.name.starts_with(profile + ".")) continue;
    const std::filesystem::path name =
        itself ? file.filename()
               : std::filesystem::path(fmt::format("{}{}{}", file.stem().string(), one.name.substr(profile.size()),
                                                   file.extension().string()));
    WriteFile(file.parent_path() / name, std::string(one.text), force);
    WriteError(fmt::format("Wrote {}\n", (file.parent_path() / name).string()));
  }
}

int Config(const ConfigVerbFlags& flags) {
  if (flags.what == "profiles") {
    ShowProfiles(flags.json);
    return kClusterOk;
  }
  if (flags.what == "schema") {
    WriteOut(cluster::ConfigSchema());
    return kClusterOk;
  }
  if (flags.what == "init") {
    const std::string file = flags.config.file.empty() ? "cluster.toml" : flags.config.file;
    if (!flags.config.profile.empty() && flags.config.profile != "none") {
      WriteProfile(flags.config.profile, file, flags.force);
      return kClusterOk;
    }
    WriteFile(file, cluster::ConfigTemplate(), flags.force);
    WriteError(fmt::format("Wrote {}\n", file));
    return kClusterOk;
  }
  const cluster::Config config = ReadConfig(flags.config, flags.cluster);
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
      "About cluster.toml. init: writes one with every key as a comment, or a profile; show: prints what is in force; "
      "validate: checks it; schema: prints its JSON Schema; profiles: lists the set-ups that ship with Tinderbox.");
  app.add_option("WHAT", flags.what, "init, show, validate, schema or profiles")
      ->required()
      ->check(OneOf({"init", "show", "validate", "schema", "profiles"}));
  AddNameFlag(&app, &flags.cluster);
  AddConfigFlags(&app, &flags.config);
  app.add_flag("--origin", flags.origin, "Say where each value comes from (show)")->group("Other");
  app.add_flag("--json", flags.json, "As JSON, with origins (show, profiles)")->group("Other");
  app.add_flag("--force", flags.force, "Replace the file that is there (init)")->group("Other");
  app.footer(
      "For example:\n"
      "  tinderbox config init\n"
      "  tinderbox config init --profile cluster-spark\n"
      "  tinderbox config show --origin --overlay prod\n\n"
      "Later beats earlier: defaults, ~/.config/tinderbox/cluster.toml, the profile, cluster.toml, overlays, "
      "variables\n"
      "such as SPARK_WORKER_CORES, variables such as TINDERBOX_WORKER_CORES, flags. Variables may also stand in the "
      "file\n"
      ".env beside cluster.toml.\n\n" +
      ClusterExitHelp());
  if (!ParseFlags(&app, "config", arguments)) return kClusterOk;
  return RunClusterVerb("config", [&] { return Config(flags); });
}

}  // namespace tinderbox::cli
