#include <fmt/format.h>

#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/doctor_checks.h"
#include "cli/verbs.h"

namespace tinderbox::cli {
namespace {

/// What the configuration of this folder says; its defaults when it is not sound, which `check` complains of.
Programs ConfiguredPrograms() {
  cluster::ClusterSpec spec;
  try {
    spec = cluster::ToSpec(ReadConfig(ConfigFlags{}, ClusterName{}));
  } catch (const Error& error) {
    PrintWarning(fmt::format("The configuration is not sound, so the defaults are looked at: {}", error.what()));
    spec = cluster::ToSpec(cluster::ReadConfig(cluster::ConfigSources{}));
  }
  return {spec.java_home, spec.spark_home, spec.python, spec.host};
}

std::string Painted(Health health, bool color) {
  const std::string name = fmt::format("{:<5}", HealthName(health));
  if (!color) return name;
  return fmt::format("\x1b[{}m{}\x1b[0m", health == Health::kOk ? "32" : health == Health::kWarn ? "33" : "1;31", name);
}

int ShowDiagnoses(bool json) {
  const Console console = Console::Inspect();
  nlohmann::ordered_json out = {{"version", 1}, {"checks", nlohmann::ordered_json::array()}};
  std::string text;
  bool failed = false;
  for (const Diagnosis& diagnosis : Examine(UserDirectories(), ConfiguredPrograms())) {
    failed = failed || diagnosis.health == Health::kFail;
    out["checks"].push_back({{"check", diagnosis.what},
                             {"health", HealthName(diagnosis.health)},
                             {"detail", diagnosis.detail},
                             {"remedy", diagnosis.remedy}});
    constexpr int kColumn = 17;
    text += Painted(diagnosis.health, console.out_terminal && !console.no_color) +
            fmt::format(" {:<10} {}\n", diagnosis.what, Wrap(diagnosis.detail, console.width, kColumn));
    if (!diagnosis.remedy.empty())
      text += fmt::format("{:{}}{}\n", "", kColumn, Wrap(diagnosis.remedy, console.width, kColumn));
  }
  WriteOut(json ? out.dump() + "\n" : text);
  return failed ? kClusterPrerequisite : kClusterOk;
}

}  // namespace

int RunDoctor(const Arguments& arguments) {
  bool json = false;
  CLI::App app(
      "Looks at this machine with a cluster's eyes: Java, Python, Spark's files, cores, memory, disk, limits, ports, "
      "names, clock. Says of each what to do.");
  app.add_flag("--json", json, "As JSON")->group("Other");
  app.footer(
      "For example:\n  tinderbox doctor\n  tinderbox doctor --json | jq '.checks[] | select(.health != \"ok\")'\n\n"
      "`tinderbox check` looks at a cluster's file instead. Exit code: 0, also with warnings; 4 when something "
      "fails\n");
  if (!ParseFlags(&app, "doctor", arguments)) return kClusterOk;
  return RunClusterVerb("doctor", [&] { return ShowDiagnoses(json); });
}

}  // namespace tinderbox::cli
