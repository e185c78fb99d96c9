#include <fmt/format.h>

#include <signal.h>

#include <chrono>
#include <thread>

#include "base/fail.h"
#include "base/interrupt.h"
#include "cli/console.h"
#include "cli/end_jobs.h"
#include "cli/submit.h"
#include "cli/verbs.h"
#include "cluster/spawn.h"

namespace tinderbox::cli {
namespace {

struct JobFlags {
  ClusterName cluster;
  std::string what;
  std::vector<std::string> ids;
  bool json = false;
};

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::vector<cluster::JobFolder> Pick(const cluster::ClusterFolder& folder, const std::vector<std::string>& ids) {
  std::vector<cluster::JobFolder> picked;
  for (const std::string& id : ids) {
    if (std::optional<cluster::JobFolder> found = cluster::FindJob(folder, id)) {
      picked.push_back(std::move(*found));
    } else {
      base::Fail("TINDERBOX_NO_SUCH", "There is no job \"{}\" in the cluster \"{}\". `tinderbox job list` shows them.",
                 id, folder.name());
    }
  }
  return picked;
}

int List(const cluster::ClusterFolder& folder, bool json) {
  nlohmann::ordered_json out = {{"version", 1}, {"jobs", nlohmann::ordered_json::array()}};
  std::string text =
      fmt::format("{:<8} {:<9} {:>5} {:>8}  {:<25} {}\n", "JOB", "STATE", "EXIT", "FOR", "APPLICATION", "NAME");
  for (const cluster::JobFolder& each : cluster::ListJobs(folder)) {
    const cluster::Job job = each.Read();
    out["jobs"].push_back(JobResult(folder, each, job));
    text += fmt::format("{:<8} {:<9} {:>5} {:>8}  {:<25} {}\n", job.id, cluster::JobStateName(job.state),
                        job.exit_code ? fmt::format("{}", *job.exit_code) : "",
                        ShortTime((job.ended == 0 ? Now() : job.ended) - job.submitted), job.application, job.name);
  }
  WriteOut(json ? out.dump() + "\n" : text);
  return kClusterOk;
}

int Show(const cluster::ClusterFolder& folder, const std::vector<std::string>& ids, bool json) {
  for (const cluster::JobFolder& each : Pick(folder, ids)) {
    const nlohmann::ordered_json result = JobResult(folder, each, each.Read());
    if (json) {
      WriteOut(result.dump() + "\n");
      continue;
    }
    std::string text;
    for (const auto& [name, value] : result.items()) {
      if (name == "version" || value.is_null() || value == "") continue;
      std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
      if (name == "command") shown = JoinWords(value.get<std::vector<std::string>>());
      if (name == "submitted" || name == "ended") shown = ShortTime(Now() - value.get<int64_t>()) + " ago";
      if (name == "duration") shown = ShortTime(static_cast<int64_t>(value.get<double>() * 1000));
      if (name == "logs") {
        shown = value["driver"].get<std::string>();
        for (const auto& executor : value["executors"]) shown += "\n             " + executor.get<std::string>();
      }
      text += fmt::format("{:<12} {}\n", name, shown);
    }
    WriteOut(text);
  }
  return kClusterOk;
}

int Kill(const cluster::ClusterFolder& folder, const std::vector<std::string>& ids) {
  int code = kClusterOk;
  for (const cluster::JobFolder& each : Pick(folder, ids)) {
    const cluster::Job job = each.Read();
    if (job.state == cluster::JobState::kLost && !job.driver.empty()) {
      const cluster::Service master = FindJobCluster(folder.name()).master();
      const std::string wrong = cluster::KillDriver(master.ready.host, master.ports.at("ui"), job.driver);
      if (!wrong.empty()) base::Fail("TINDERBOX_JOB", "The driver {} cannot be killed: {}.", job.driver, wrong);
      WriteError(fmt::format("{} is asked to end\n", job.driver));
    } else if (cluster::HasEnded(job.state)) {
      WriteError(fmt::format("{} has ended already: {}\n", job.id, cluster::JobStateName(job.state)));
    } else if (EndJobs({each})) {
      WriteError(fmt::format("{} killed\n", job.id));
    } else {
      PrintFailure(fmt::format("{} has not ended yet.", job.id), "TINDERBOX_TIMEOUT",
                   "Try: tinderbox job show " + job.id);
      code = kClusterTimeout;
    }
  }
  return code;
}

int Do(const JobFlags& flags) {
  const cluster::ClusterFolder folder = ExistingFolder(flags.cluster);
  if (flags.what == "list") return List(folder, flags.json);
  if (flags.ids.empty())
    throw UsageError("job",
                     fmt::format("Which job? tinderbox job {} ID; `tinderbox job list` shows them.", flags.what));
  return flags.what == "show" ? Show(folder, flags.ids, flags.json) : Kill(folder, flags.ids);
}

}  // namespace

bool EndJobs(const std::vector<cluster::JobFolder>& jobs) {
  constexpr std::chrono::seconds kPatience(30);
  for (const cluster::JobFolder& folder : jobs) {
    const cluster::Job job = folder.Read();
    if (!cluster::HasEnded(job.state)) cluster::ProcessHandle(job.runner).Signal(SIGTERM);
  }
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (const cluster::JobFolder& folder : jobs) {
    while (!cluster::HasEnded(folder.Read().state)) {
      base::ThrowIfInterrupted();
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  return true;
}

int RunJobVerb(const Arguments& arguments) {
  JobFlags flags;
  CLI::App app("Lists the jobs of a cluster, shows how one stands and where its logs are, or ends it.");
  app.add_option("WHAT", flags.what, "list, show or kill")->check(OneOf({"list", "show", "kill"}))->required();
  app.add_option("ID", flags.ids, "job-3 or 3, or the id of its application or driver");
  AddNameFlag(&app, &flags.cluster);
  app.add_flag("--json", flags.json, "As JSON")->group("Other");
  app.footer("For example:\n  tinderbox job list\n  tinderbox job show 3 --json\n  tinderbox job kill job-3\n\n" +
             ClusterExitHelp());
  if (!ParseFlags(&app, "job", arguments)) return kClusterOk;
  return RunClusterVerb("job", [&] { return Do(flags); });
}

}  // namespace tinderbox::cli
