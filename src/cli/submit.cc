#include "cli/submit.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/fail.h"
#include "base/interrupt.h"
#include "cli/child.h"
#include "cli/console.h"
#include "cli/job_display.h"
#include "cli/run_script.h"
#include "cli/setting_names.h"
#include "cli/submit_watch.h"
#include "cli/verbs.h"
#include "cli/words.h"
#include "cluster/machine.h"
#include "cluster/preflight.h"
#include "cluster/probe.h"
#include "cluster/spawn.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLaunchFile = "launch.json";
constexpr std::chrono::seconds kHandOver(20);

constexpr const char* kFooter =
    "The application and its own arguments follow the options:\n"
    "  tinderbox submit [options] FILE [ARGUMENT...]\n"
    "What is not given here is as cluster.toml has it. NUM_EXECUTORS, EXECUTOR_CORES, EXECUTOR_MEMORY and\n"
    "DRIVER_MEMORY stand for the flags of their names when these are not given, CMD for the arguments.\n"
    "\n"
    "For example:\n"
    "  tinderbox submit etl.py --date 2026-11-21\n"
    "  tinderbox submit --executor-memory 2g --class org.example.Main --deploy-mode cluster app.jar\n"
    "  tinderbox submit --no-wait etl.py && tinderbox job list\n"
    "  tinderbox submit --on embedded etl.py\n"
    "  tinderbox submit --watch --py-files helpers.py etl.py\n"
    "\n"
    "Exit code: the job's own; in cluster mode 10 when the driver fails, on YARN 1; 128 and the signal's number when\n"
    "a signal ended it. Before it starts: 2 usage, a file that is missing; 3 it asks for what no worker has; 4\n"
    "Python, driver address, cluster down; 6 no such cluster\n";

double Seconds(const cluster::Job& job) {
  return job.ended == 0 ? 0 : static_cast<double>(job.ended - job.submitted) / 1000;
}

int ExitOf(const cluster::Job& job) {
  return job.state == cluster::JobState::kLost ? kClusterFailed : job.exit_code.value_or(kClusterFailed);
}

void ShowEnd(const cluster::JobFolder& folder, const cluster::Job& job, bool quiet) {
  const std::string state(cluster::JobStateName(job.state));
  if (job.state == cluster::JobState::kFinished || job.state == cluster::JobState::kKilled) {
    if (!quiet) WriteError(fmt::format("{} {} after {:.1f} s {}\n", job.id, state, Seconds(job), job.application));
    return;
  }
  PrintFailure(fmt::format("{} {}, exit code {}{}", job.id, state, ExitOf(job),
                           job.reason.empty() ? "." : fmt::format(": {}", job.reason)),
               "TINDERBOX_JOB", fmt::format("Its log: {}", folder.log().string()));
}

/// Gives the job to a process of its own, which goes on when this one ends.
int LeaveAlone(const JobCluster& where, const JobStart& start, const PlacedJob& placed, const SubmitFlags& flags) {
  HandOver(start, placed);
  const cluster::Job job = placed.folder.Read();
  WriteOut(flags.json ? JobResult(where.folder, placed.folder, job).dump() + "\n" : job.id + "\n");
  if (!flags.quiet && !flags.json)
    WriteError(fmt::format("It runs by itself: tinderbox job show {}, tinderbox logs --app {} -f\n", job.id, job.id));
  return kClusterOk;
}

void RefuseOn(bool given, const char* flag) {
  if (given)
    base::Fail("TINDERBOX_USAGE", "{} is for jobs on a cluster; on the embedded engine the script just runs.", flag);
}

/// The script on the engine, with what of spark-submit's flags has a meaning there.
int SubmitEmbedded(const cluster::SubmitLine& line, const SubmitFlags& flags) {
  using cluster::OnEmbedded;
  RefuseOn(flags.no_wait, "--no-wait");
  RefuseOn(flags.json, "--json");
  RefuseOn(flags.dry_run, "--dry-run");
  RefuseOn(flags.driver_log, "--driver-log");
  if (!cluster::IsPython(line))
    base::Fail("TINDERBOX_USAGE", "The embedded engine runs Python programs; {} is none. --on cluster runs it.",
               line.application[0]);
  std::vector<std::string> unused;
  for (const auto& [flag, value] : line.options) {
    if (flag->embedded == OnEmbedded::kRefused)
      base::Fail("TINDERBOX_USAGE", "The embedded engine cannot give the program what {} asks for. --on cluster can.",
                 flag->name);
    if (flag->embedded == OnEmbedded::kUnused) unused.emplace_back(flag->name);
  }
  if (!unused.empty() && !flags.quiet)
    PrintWarning(fmt::format("Of no use on the embedded engine: {}.", fmt::join(unused, ", ")));
  EngineScript script;
  script.settings = cluster::EffectiveSettings(line, {});
  cluster::CheckFiles(line, script.settings);
  script.python = cluster::PythonsOf(script.settings, cluster::EnvironmentOf(::getpid())).driver;
  if (!flags.quiet) {
    for (const std::string& unknown : UnknownSettings(script.settings)) PrintWarning(unknown);
  }
  for (const auto& [flag, value] : line.options) {
    if (flag->name == "--py-files") script.modules = SplitNames("--py-files", value);
    if (flag->embedded == OnEmbedded::kUnused) script.settings.erase(std::string(flag->setting));
  }
  for (const char* name : {"spark.master", "spark.remote", "spark.submit.deployMode", "spark.submit.pyFiles"})
    script.settings.erase(name);
  script.words = line.application;
  return RunOnEngine(script);
}

/// The flags that ask spark-submit for something else than a job.
int AskSpark(const JobCluster& where, const cluster::SubmitLine& line) {
  const std::string master = line.Get("--master");
  const cluster::Service& service = where.master();
  const std::string driver = line.Has("--kill") ? line.Get("--kill") : line.Get("--status");
  const bool own = !driver.empty() && (master.empty() || master == MasterUrl(service));
  if (!own) {
    std::vector<std::string> words = cluster::ToWords(line);
    words.insert(words.begin(), where.spark_home() + "/bin/spark-submit");
    ChildOptions options;
    options.environment = cluster::EnvironmentOf(::getpid());
    for (const char* name : {"SPARK_HOME", "JAVA_HOME"}) (*options.environment)[name] = service.environment.at(name);
    return RunChild(words, options);
  }
  // spark-submit would ask the master's REST server, which is another port and off.
  std::string why;
  const auto answer = cluster::HttpGet(service.ready.host, service.ports.at("ui"), "/json/", 10'000, &why);
  if (!answer) base::Fail("TINDERBOX_PREREQUISITE", "The master does not answer: {}.", why);
  const std::string state = cluster::ParseDriverState(answer->body, driver);
  if (state.empty()) base::Fail("TINDERBOX_NO_SUCH", "The master knows no driver \"{}\".", driver);
  if (line.Has("--status")) {
    WriteOut(fmt::format("{} {}\n", driver, state));
    return kClusterOk;
  }
  if (const std::string wrong = cluster::KillDriver(service.ready.host, service.ports.at("ui"), driver); !wrong.empty())
    base::Fail("TINDERBOX_JOB", "The driver {} cannot be killed: {}.", driver, wrong);
  WriteOut(fmt::format("{} is asked to end\n", driver));
  return kClusterOk;
}

/// CMD stands for the arguments, or for file and arguments.
void AddCommandVariable(cluster::SubmitLine* line) {
  const char* command = std::getenv("CMD");
  if (command == nullptr || line->application.size() > 1) return;
  const std::vector<std::string> words = SplitWords("CMD", command);
  line->application.insert(line->application.end(), words.begin(), words.end());
}

int Submit(cluster::SubmitLine line, const SubmitFlags& flags) {
  const bool asks = line.Has("--kill") || line.Has("--status") || line.Has("--version") || line.Has("--usage-error");
  if (asks && flags.on == "cluster") return AskSpark(FindJobCluster(flags.cluster), line);
  AddCommandVariable(&line);
  if (line.application.empty())
    throw UsageError("submit", "Which application shall run? tinderbox submit [options] FILE [ARGUMENT...]");
  if (flags.on == "embedded") return SubmitEmbedded(line, flags);
  const JobCluster where = FindJobCluster(flags.cluster);
  return RunPrepared(where, PrepareJob(where, std::move(line)), flags);
}

/// Runs the same command line without --watch, again and again.
int Watch(const Arguments& arguments, cluster::SubmitLine line, const SubmitFlags& flags) {
  if (flags.no_wait || flags.dry_run)
    base::Fail("TINDERBOX_USAGE", "--watch runs the job here until Ctrl-C; {} does not go with it.",
               flags.no_wait ? "--no-wait" : "--dry-run");
  Arguments words = arguments;
  const auto application = words.end() - static_cast<std::ptrdiff_t>(line.application.size());
  words.erase(std::find(words.begin(), application, "--watch"));
  AddCommandVariable(&line);
  if (line.application.empty())
    throw UsageError("submit", "Which application shall run? tinderbox submit --watch [options] FILE [ARGUMENT...]");
  if (flags.on == "cluster") MapFolders(FindJobCluster(flags.cluster).folder, &line);
  return RunWatched(words, cluster::LocalFiles(line, cluster::EffectiveSettings(line, {})), flags.quiet);
}

}  // namespace

void HandOver(const JobStart& start, const PlacedJob& placed, int death_signal) {
  cluster::ReplaceFile(placed.folder.path() / kLaunchFile, nlohmann::json(placed.launch).dump());
  const cluster::Process runner =
      cluster::SpawnDetached({ProgramFile(), "run-job", placed.folder.path()}, start.environment, placed.folder.path(),
                             placed.folder.path() / "runner.log", death_signal);
  // Until it has written itself into the record, the job would seem lost.
  const auto end = std::chrono::steady_clock::now() + kHandOver;
  while (placed.folder.Read().runner != runner) {
    if (std::chrono::steady_clock::now() > end || !cluster::IdentifyProcess(runner.pid))
      base::Fail("TINDERBOX_SPAWN", "The job could not be handed over; {} may tell why.",
                 (placed.folder.path() / "runner.log").string());
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

nlohmann::ordered_json JobResult(const cluster::ClusterFolder& folder, const cluster::JobFolder& job_folder,
                                 const cluster::Job& job) {
  nlohmann::ordered_json out = {{"version", 1},
                                {"id", job.id},
                                {"name", job.name},
                                {"cluster", folder.name()},
                                {"mode", job.mode},
                                {"state", cluster::JobStateName(job.state)},
                                {"application", job.application},
                                {"driver", job.driver},
                                {"exit_code", nullptr},
                                {"reason", job.reason},
                                {"submitted", job.submitted},
                                {"ended", nullptr},
                                {"duration", nullptr}};
  if (cluster::HasEnded(job.state) && job.exit_code) out["exit_code"] = *job.exit_code;
  if (job.ended != 0) {
    out["ended"] = job.ended;
    out["duration"] = Seconds(job);
  }
  out["logs"] = {{"driver", job_folder.log().string()}, {"executors", ExecutorLogs(folder, job)}};
  out["command"] = job.command;
  return out;
}

int RunPrepared(const JobCluster& where, JobStart start, const SubmitFlags& flags, const std::string& folder) {
  if (!flags.quiet) {
    for (const std::string& note : start.notes) PrintWarning(note);
  }
  if (flags.dry_run) {
    std::vector<std::string> words = cluster::HideSecrets(cluster::ToWords(start.line));
    words.insert(words.begin(), where.spark_home() + "/bin/spark-submit");
    WriteOut(JoinWords(words) + "\n");
    return kClusterOk;
  }
  base::ThrowIfInterrupted();
  PlacedJob placed = PlaceJob(where, &start, "spark-submit");
  if (!folder.empty()) placed.launch.folder = folder;
  if (flags.no_wait) return LeaveAlone(where, start, placed, flags);
  ::signal(SIGPIPE, SIG_IGN);
  if (base::InterruptRequested()) {
    placed.job.state = cluster::JobState::kKilled;
    placed.folder.Write(placed.job);
    throw Interrupted();
  }
  JobDisplay display({flags.quiet, flags.driver_log, flags.json});
  const cluster::Job job = cluster::RunJob(placed.folder, placed.job, placed.launch, start.environment, display.View());
  display.Finish();
  if (flags.json) WriteOut(JobResult(where.folder, placed.folder, job).dump() + "\n");
  ShowEnd(placed.folder, job, flags.quiet);
  return ExitOf(job);
}

int RunSubmit(const Arguments& arguments) {
  SubmitFlags flags;
  std::vector<std::string> unused;
  CLI::App app(
      "Runs an application on a cluster: takes every flag of spark-submit, looks first whether the job can start, "
      "shows "
      "how far it is, keeps its logs, and returns its exit code.");
  AddSubmitFlags(&app, &flags);
  app.add_flag("--watch", flags.watch, "Run it again whenever FILE, or one that it names, changes, until Ctrl-C")
      ->group("Other");
  AddSparkFlags(&app, &unused);
  app.footer(kFooter);
  std::optional<cluster::SubmitLine> line = ParseJobLine(&app, "submit", arguments);
  if (!line) return kClusterOk;
  return RunClusterVerb("submit", [&] {
    return flags.watch ? Watch(arguments, std::move(*line), flags) : Submit(std::move(*line), flags);
  });
}

/// The process that a job left to itself is watched by.
int RunJobAlone(const Arguments& arguments) {
  if (arguments.size() != 1) throw UsageError("run-job", "run-job takes the folder of a job.");
  const cluster::JobFolder folder(arguments[0]);
  std::ifstream in(folder.path() / kLaunchFile, std::ios::binary);
  const auto launch = nlohmann::json::parse(in).get<cluster::JobLaunch>();
  std::error_code ignored;
  fs::remove(folder.path() / kLaunchFile, ignored);
  cluster::Job job = folder.Read();
  job.state = cluster::JobState::kStarting;
  job.reason.clear();
  job.runner = cluster::IdentifyProcess(::getpid()).value_or(cluster::Process{});
  folder.Write(job);
  cluster::JobView view;
  view.out = view.complain = [](std::string_view) {};
  view.progress = [](const auto&, const auto&) {};
  view.news = [](const std::string&) {};
  view.dies_with_viewer = false;
  cluster::RunJob(folder, job, launch, cluster::EnvironmentOf(::getpid()), view);
  return kClusterOk;
}

}  // namespace tinderbox::cli
