#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/verbs.h"
#include "cli/words.h"
#include "cluster/extras.h"
#include "cluster/rotate.h"
#include "cluster/supervisor.h"

namespace tinderbox::cli {
namespace {

struct SecretFlags {
  ClusterName cluster;
  std::string what, timeout = "5min";
  std::vector<std::string> names;
  bool json = false, quiet = false;
};

/// The services of the cluster that have a password; those of these names, or all.
std::vector<const cluster::Extra*> Pick(const cluster::ClusterSpec& spec, const std::vector<std::string>& names) {
  std::vector<const cluster::Extra*> all = cluster::ExtrasOf(spec);
  std::erase_if(all, [](const cluster::Extra* extra) { return extra->secret.file == nullptr; });
  if (names.empty()) return all;
  std::vector<std::string> known;
  for (const cluster::Extra* extra : all) known.emplace_back(extra->name);
  std::vector<const cluster::Extra*> picked;
  for (const std::string& name : names) {
    const std::string plain = PlainServiceName(name);
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const cluster::Extra* extra) { return extra->name == plain; });
    if (found == all.end())
      base::Fail(
          "TINDERBOX_NO_SUCH", "The cluster has no service \"{}\" with a password.{} {}", name,
          DidYouMean(plain, known),
          known.empty() ? "None of its services has one." : fmt::format("There are: {}.", fmt::join(known, ", ")));
    if (std::find(picked.begin(), picked.end(), *found) == picked.end()) picked.push_back(*found);
  }
  return picked;
}

/// Where the password stands, since when, and whether another one waits for the service's start.
void Show(const cluster::ClusterFolder& folder, const std::vector<const cluster::Extra*>& extras, bool json) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::string text = fmt::format("{:<10} {:<20} {}\n", "SERVICE", "SINCE", "FILE");
  for (const cluster::Extra* extra : extras) {
    const std::string file = folder.path() / "secrets" / extra->secret.file;
    struct stat facts {};
    if (::stat(file.c_str(), &facts) != 0) continue;
    struct stat next {};
    const bool waits = ::stat((file + ".new").c_str(), &next) == 0;
    list.push_back({{"service", extra->name},
                    {"file", file},
                    {"since", static_cast<int64_t>(facts.st_mtime) * 1000},
                    {"waits_for_start", waits}});
    text += fmt::format("{:<10} {:%Y-%m-%d %H:%M:%S}  {}{}\n", extra->name, fmt::localtime(facts.st_mtime), file,
                        waits ? " (a new one waits for the next start)" : "");
  }
  WriteOut(json ? nlohmann::ordered_json{{"version", 1}, {"secrets", list}}.dump() + "\n" : text);
}

int Rotate(const cluster::ClusterFolder& folder, const cluster::ClusterSpec& spec,
           const std::vector<const cluster::Extra*>& extras, const SecretFlags& flags) {
  if (extras.empty()) base::Fail("TINDERBOX_NO_SUCH", "None of the cluster's services has a password.");
  const int64_t timeout = ParseTime("--timeout", flags.timeout);
  std::vector<std::string> restarted;
  cluster::Change(folder, ProgramFile(), [&](cluster::Desired* desired) {
    for (const cluster::Extra* extra : extras) {
      cluster::RotateSecret(*extra, spec, cluster::Secrets(folder.path()));
      for (const std::string_view name : {extra->main, extra->secret.reader}) {
        for (cluster::Wanted& wanted : desired->services) {
          if (wanted.service.name != name || !wanted.up) continue;
          ++wanted.generation;
          restarted.push_back(wanted.service.name);
        }
      }
    }
  });
  if (restarted.empty()) {
    if (!flags.quiet) WriteError("The services do not run: they have their new passwords when they start.\n");
    return kClusterOk;
  }
  if (!flags.quiet)
    WriteError(fmt::format("Restarting {}. Jobs that run keep the old passwords, which are of no use any more.\n",
                           fmt::join(restarted, ", ")));
  return WaitUntilConverged(folder, {timeout, flags.quiet});
}

int Do(const SecretFlags& flags) {
  const cluster::ClusterFolder folder = ExistingFolder(flags.cluster);
  const std::optional<cluster::Config> config = KeptConfig(folder);
  if (!config)
    base::Fail("TINDERBOX_NO_SUCH", "The cluster \"{}\" was never brought up, and has no passwords.", folder.name());
  const cluster::ClusterSpec spec = cluster::ToSpec(*config);
  const std::vector<const cluster::Extra*> extras = Pick(spec, flags.names);
  if (flags.what == "rotate") {
    if (const int code = Rotate(folder, spec, extras, flags); code != kClusterOk || !flags.json) return code;
  }
  Show(folder, extras, flags.json);
  return kClusterOk;
}

}  // namespace

int RunSecret(const Arguments& arguments) {
  SecretFlags flags;
  CLI::App app(
      "About the passwords of the object store, PostgreSQL and Redis. list: where they stand, and since when, but "
      "never "
      "what they are; rotate: makes new ones, restarts what uses them, and the old ones are of no use any more.");
  app.add_option("WHAT", flags.what, "list or rotate")->check(OneOf({"list", "rotate"}))->required();
  app.add_option("NAME", flags.names, "s3, postgres or redis; default: all that the cluster has");
  AddNameFlag(&app, &flags.cluster);
  app.add_option("--timeout", flags.timeout, "How long to wait until they are ready; default: 5min")
      ->type_name("TIME")
      ->group("Other");
  app.add_flag("--json", flags.json, "As JSON")->group("Other");
  app.add_flag("-q,--quiet", flags.quiet, "Show no progress")->group("Other");
  app.footer(
      "MINIO_ROOT_PASSWORD, POSTGRES_PASSWORD and REDIS_PASSWORD give the new one, else it is made at random.\n\n"
      "For example:\n  tinderbox secret list\n  tinderbox secret rotate\n  tinderbox secret rotate postgres\n\n" +
      ClusterExitHelp());
  if (!ParseFlags(&app, "secret", arguments)) return kClusterOk;
  return RunClusterVerb("secret", [&] { return Do(flags); });
}

}  // namespace tinderbox::cli
