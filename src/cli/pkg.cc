#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/verbs.h"
#include "cluster/packages.h"

namespace tinderbox::cli {
namespace {

struct PkgFlags {
  ClusterName cluster;
  std::string what;
  std::vector<std::string> names;
  bool json = false;
};

void Show(const cluster::PythonPackages& packages, bool json) {
  if (json) {
    nlohmann::ordered_json out = {
        {"version", 1}, {"wanted", packages.wanted}, {"packages", nlohmann::ordered_json::array()}};
    for (const cluster::PythonPackage& each : packages.installed)
      out["packages"].push_back(
          {{"name", each.name}, {"version", each.version}, {"sha256", each.sha256}, {"asked", each.asked}});
    WriteOut(out.dump() + "\n");
    return;
  }
  if (packages.installed.empty()) {
    WriteOut("No packages beside those of the Python itself.\n");
    return;
  }
  std::string text = fmt::format("{:<24} {:<14} {}\n", "PACKAGE", "VERSION", "WHY");
  for (const cluster::PythonPackage& each : packages.installed)
    text += fmt::format("{:<24} {:<14} {}\n", each.name, each.version, each.asked ? "asked for" : "needed by others");
  WriteOut(text);
}

/// The Python that the cluster's drivers and workers run.
std::string PythonOf(const cluster::Desired& desired, const std::string& name) {
  const cluster::Wanted* master = desired.Find("master");
  if (master == nullptr)
    base::Fail("TINDERBOX_NO_SUCH", "The cluster {} was never brought up. `tinderbox up` does that.", name);
  return master->service.environment.at("PYSPARK_PYTHON");
}

int Do(const PkgFlags& flags) {
  const cluster::ClusterFolder folder = ExistingFolder(flags.cluster);
  if (flags.what == "list") {
    if (!flags.names.empty()) throw UsageError("pkg", "list takes no names.");
    Show(cluster::ReadPackages(folder.path()), flags.json);
    return kClusterOk;
  }
  if (flags.names.empty())
    throw UsageError("pkg", fmt::format("Which package? For example: tinderbox pkg {} numpy", flags.what));
  const cluster::Desired desired = folder.ReadDesired().value_or(cluster::Desired{});
  const auto progress = [](const std::string& what, double) { WriteError(what + "\n"); };
  const auto change = flags.what == "add" ? cluster::AddPackages : cluster::RemovePackages;
  const cluster::PythonPackages packages =
      change(folder.path(), PythonOf(desired, folder.name()), flags.names, progress);
  WriteError("Applications that start from now on see this; those that run keep what they have.\n");
  const cluster::Wanted* connect = desired.Find("connect");
  if (connect != nullptr && connect->up)
    WriteError("The Spark Connect server is such an application: `tinderbox restart connect` starts it anew.\n");
  Show(packages, flags.json);
  return kClusterOk;
}

}  // namespace

int RunPkg(const Arguments& arguments) {
  PkgFlags flags;
  CLI::App app(
      "Gives every driver and every worker of a cluster the same Python packages, from PyPI through pip. They stay "
      "over "
      "restarts and scaling.");
  app.add_option("WHAT", flags.what, "add, list or remove")->check(OneOf({"add", "list", "remove"}))->required();
  app.add_option("NAME", flags.names, "numpy, numpy==2.1.0, \"pandas>=2,<3\"");
  AddNameFlag(&app, &flags.cluster);
  app.add_flag("--json", flags.json, "As JSON")->group("Other");
  app.footer(
      "For example:\n  tinderbox pkg add numpy pandas==2.3.3\n  tinderbox pkg list\n  tinderbox pkg remove pandas\n\n" +
      ClusterExitHelp());
  if (!ParseFlags(&app, "pkg", arguments)) return kClusterOk;
  return RunClusterVerb("pkg", [&] { return Do(flags); });
}

}  // namespace tinderbox::cli
