#include "cli/job_start.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/fail.h"
#include "cli/setting_names.h"
#include "cluster/archive.h"
#include "cluster/host.h"
#include "cluster/machine.h"
#include "cluster/mounts.h"
#include "cluster/packages.h"
#include "cluster/preflight.h"
#include "cluster/probe.h"
#include "cluster/tuning.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;
using cluster::Settings;
using cluster::SubmitLine;

constexpr int64_t kMasterTimeout = 10'000;
constexpr std::string_view kConfig = "TINDERBOX_CONFIG";

/// Variables with which the seeds' images started their jobs, and the flags that they stand for here.
constexpr std::pair<const char*, const char*> kVariables[] = {{"NUM_EXECUTORS", "--num-executors"},
                                                              {"EXECUTOR_CORES", "--executor-cores"},
                                                              {"EXECUTOR_MEMORY", "--executor-memory"},
                                                              {"DRIVER_MEMORY", "--driver-memory"}};

/// What would lead Spark elsewhere than to this cluster.
constexpr const char* kMisleading[] = {
    "MASTER", "SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED", "SPARK_CONNECT_MODE", "SPARK_API_MODE", "SPARK_ENV_LOADED"};

std::string Get(const std::map<std::string, std::string>& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? "" : found->second;
}

std::string ReadText(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A flag of spark-submit that a variable stands for, unless the command line sets it in any way.
void AddVariables(SubmitLine* line) {
  const Settings given = cluster::EffectiveSettings(*line, {});
  for (const auto& [variable, flag] : kVariables) {
    const char* value = std::getenv(variable);
    const std::string setting(cluster::FindSparkFlag(flag)->setting);
    if (value != nullptr && *value != '\0' && !given.contains(setting)) line->Add(flag, value);
  }
}

std::map<std::string, std::string> JobEnvironment(const JobCluster& where, bool conf) {
  std::map<std::string, std::string> environment = cluster::EnvironmentOf(::getpid());
  std::erase_if(environment, [](const auto& variable) { return variable.first.starts_with("TINDERBOX_"); });
  for (const char* name : kMisleading) environment.erase(name);
  const std::map<std::string, std::string>& service = where.master().environment;
  for (const char* name : {"SPARK_HOME", "JAVA_HOME"}) environment[name] = service.at(name);
  if (conf) {
    environment["SPARK_CONF_DIR"] = where.conf();
    environment["SPARK_LOCAL_IP"] = Get(service, "SPARK_LOCAL_IP");
  }
  for (const char* name : {"PYSPARK_PYTHON", "SPARK_LAUNCHER_OPTS"}) environment.try_emplace(name, Get(service, name));
  return environment;
}

/// Names of living workers and their processes.
std::map<std::string, int> WorkerProcesses(const JobCluster& where) {
  std::map<std::string, int> workers;
  if (!where.state) return workers;
  for (const auto& [name, service] : where.state->services) {
    if (service.running.role == "worker" && service.process.pid != 0) workers[name] = service.process.pid;
  }
  return workers;
}

/// On a standalone master Spark takes no notice of --num-executors.
void MakeExecutorsIntoCores(JobStart* start) {
  const cluster::JobRequest& request = start->request;
  if (request.executors == 0 || request.cores_max != 0) return;
  const int64_t cores = request.executors * request.executor_cores;
  start->line.Add("--total-executor-cores", fmt::format("{}", cores));
  start->request.cores_max = cores;
}

void CheckCapacity(const JobCluster& where, JobStart* start, cluster::TuningFacts* facts) {
  const cluster::Service& master = where.master();
  std::string why;
  const auto answer = cluster::HttpGet(master.ready.host, master.ports.at("ui"), "/json/", kMasterTimeout, &why);
  if (!answer)
    base::Fail(
        "TINDERBOX_PREREQUISITE",
        "The master of the cluster \"{}\" does not answer: {}. `tinderbox status` shows what runs, `tinderbox up` "
        "starts it.",
        where.folder.name(), why);
  const std::vector<cluster::WorkerCapacity> workers = cluster::ParseCapacity(answer->body);
  const cluster::Verdict verdict = cluster::Judge(start->request, workers, cluster::ParseApplications(answer->body));
  if (verdict.fit == cluster::Fit::kImpossible) base::Fail(kConfig, "{}", verdict.reason);
  if (verdict.fit == cluster::Fit::kLater) start->notes.push_back(verdict.reason);
  for (const cluster::WorkerCapacity& worker : workers) {
    if (!worker.alive) continue;
    facts->cores += worker.cores;
    facts->worker_cores = worker.cores;
  }
  const int64_t fit = cluster::ExecutorsThatFit(start->request, workers);
  if (start->request.executors > fit) {
    start->notes.push_back(
        fmt::format("The job asks for {} executors, and the workers can hold {}: it runs with those. "
                    "`tinderbox scale` adds workers.",
                    start->request.executors, fit));
  }
}

void CheckOwn(const JobCluster& where, JobStart* start, cluster::TuningFacts* facts) {
  const SubmitLine& line = start->line;
  if (start->in_cluster && cluster::IsPython(line))
    base::Fail(kConfig,
               "Spark's standalone master runs no Python program in cluster mode. Leave out --deploy-mode cluster: in "
               "client mode the driver runs here and its executors on the cluster.");
  start->request = cluster::RequestOf(start->settings);
  MakeExecutorsIntoCores(start);
  CheckCapacity(where, start, facts);
  const std::map<std::string, int> workers = WorkerProcesses(where);
  if (!start->in_cluster) {
    const std::string host = Get(start->settings, "spark.driver.host");
    const std::string bind = Get(start->settings, "spark.driver.bindAddress");
    const std::string& standard = where.master().ready.host;
    cluster::DriverAddress address{bind.empty() ? (host.empty() ? standard : host) : bind,
                                   host.empty() ? standard : host, 0};
    if (const std::string port = Get(start->settings, "spark.driver.port"); !port.empty())
      address.port = static_cast<int>(std::strtol(port.c_str(), nullptr, 10));
    cluster::CheckDriverReachable(address, workers);
  }
  if (cluster::IsPython(line)) {
    const auto worker =
        workers.empty() ? std::map<std::string, std::string>() : cluster::EnvironmentOf(workers.begin()->second);
    cluster::CheckPythons(cluster::PythonsOf(start->settings, start->environment), start->environment, worker);
  }
}

/// spark://spark-master:7077, as the compose files of the seeds have it; where that is a machine, it is meant.
bool IsSeedMaster(const std::string& master) {
  for (const std::string host : {"spark-master", "master"}) {
    if (master.starts_with("spark://" + host + ":")) return !cluster::IsHostKnown(host);
  }
  return false;
}

/// What could be better, and what is not known. Nothing of it keeps the job from running.
void AddAdvice(const JobCluster& where, const cluster::TuningFacts& facts, JobStart* start) {
  const std::optional<cluster::Config> config = KeptConfig(where.folder);
  Settings own = start->settings;
  // Those of cluster.toml were told when the cluster was brought up.
  if (config)
    std::erase_if(own, [&](const auto& setting) {
      const auto kept = config->spark_conf.find(setting.first);
      return kept != config->spark_conf.end() && kept->second.text == setting.second;
    });
  for (std::vector<std::string> notes :
       {UnknownSettings(own), cluster::TuningNotes(facts), cluster::SmallFilesNotes(start->line.application)})
    start->notes.insert(start->notes.end(), notes.begin(), notes.end());
}

/// The master's address as the cluster has it.
std::string NumericHost(std::string master) {
  constexpr std::string_view kHere = "spark://localhost:";
  return master.starts_with(kHere) ? master.replace(0, kHere.size(), "spark://127.0.0.1:") : master;
}

std::string NameOf(const JobStart& start) {
  if (const std::string name = Get(start.settings, "spark.app.name"); !name.empty()) return name;
  return start.line.application.empty() ? "" : fs::path(start.line.application[0]).filename().string();
}

void RemoveOld(const cluster::ClusterFolder& folder, int64_t now) {
  if (const std::optional<cluster::Config> config = KeptConfig(folder))
    cluster::RemoveOldJobs(folder, now - cluster::ToSpec(*config).work_kept);
}

}  // namespace

const cluster::Service& JobCluster::master() const {
  return desired.Find("master")->service;
}

JobCluster FindJobCluster(const std::string& name) {
  cluster::ClusterFolder folder = ExistingFolder({name});
  JobCluster where{folder, folder.ReadDesired().value_or(cluster::Desired{}), folder.ReadState()};
  const cluster::Wanted* master = where.desired.Find("master");
  if (master == nullptr || !master->up)
    base::Fail("TINDERBOX_PREREQUISITE", "The cluster \"{}\" is down. `tinderbox up{}` brings it up.", folder.name(),
               folder.name() == "default" ? "" : " --name " + folder.name());
  return where;
}

void MapFolders(const cluster::ClusterFolder& folder, SubmitLine* line) {
  const std::optional<cluster::Config> config = KeptConfig(folder);
  if (!config) return;
  const std::map<std::string, std::string> folders = FoldersOf(*config);
  for (auto& [flag, value] : line->options) value = cluster::MapPaths(value, folders);
  for (std::string& word : line->application) word = cluster::MapPaths(word, folders);
}

JobStart PrepareJob(const JobCluster& where, SubmitLine line) {
  JobStart start;
  AddVariables(&line);
  MapFolders(where.folder, &line);
  start.line = std::move(line);
  const std::string mine = MasterUrl(where.master());
  for (auto& [flag, value] : start.line.options) {
    if (flag->name == "--master" && IsSeedMaster(value)) value = mine;
  }
  const Settings given = cluster::EffectiveSettings(start.line, {});
  const std::string asked = Get(given, "spark.master");
  const bool remote = !Get(given, "spark.remote").empty();
  start.own = !remote && (asked.empty() || NumericHost(asked) == mine);
  const bool yarn = asked == "yarn" && where.desired.Find("resourcemanager") != nullptr;
  start.here = asked.starts_with("local") || yarn;
  start.environment = JobEnvironment(where, start.own || start.here);
  if (start.own && asked.empty()) start.line.Add("--master", mine);
  if (!start.own && !start.here) {
    start.settings = given;
  } else {
    // The cluster's addresses and histories hold under a file of the user's, too.
    if (start.line.Has("--properties-file") && !start.line.Has("--load-spark-defaults"))
      start.line.Add("--load-spark-defaults");
    start.settings = cluster::EffectiveSettings(
        start.line, cluster::ParseProperties(ReadText(where.conf() + "/spark-defaults.conf")));
  }
  start.in_cluster = cluster::InClusterMode(start.settings);
  cluster::CheckFiles(start.line, start.settings);
  start.notes = cluster::CheckVersions(start.line, start.settings, where.spark_home());
  cluster::CheckMainClass(start.line, start.settings, where.spark_home());
  cluster::TuningFacts facts;
  if (start.own) CheckOwn(where, &start, &facts);
  if (yarn) start.request = cluster::RequestOf(start.settings);
  facts.settings = start.settings;
  facts.request = start.request;
  AddAdvice(where, facts, &start);
  return start;
}

PlacedJob PlaceJob(const JobCluster& where, JobStart* start, const std::string& program) {
  using std::chrono::system_clock;
  const int64_t now =
      std::chrono::duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count();
  RemoveOld(where.folder, now);
  PlacedJob placed{cluster::MakeJob(where.folder), {}, {}};
  cluster::Job& job = placed.job;
  job.id = placed.folder.id();
  job.name = NameOf(*start);
  job.mode = start->in_cluster ? "cluster" : "client";
  job.submitted = now;
  job.runner = cluster::IdentifyProcess(::getpid()).value_or(cluster::Process{});
  const cluster::Service& master = where.master();
  placed.folder.Write(job);
  SubmitLine ports;
  // A driver in a container of YARN's takes what ports it finds.
  if (start->own || (start->here && !start->in_cluster)) {
    cluster::AssignJobPorts(UserDirectories(), master.ready.host, placed.folder, &job);
    constexpr std::pair<const char*, const char*> kPorts[] = {
        {"driver", "spark.driver.port"}, {"blocks", "spark.driver.blockManager.port"}, {"ui", "spark.ui.port"}};
    for (const auto& [purpose, setting] : kPorts) {
      const std::string asked = Get(start->settings, setting);
      // On a worker Spark's wrapper around the driver takes spark.driver.port, too: there the system gives ports.
      if (start->in_cluster && purpose != std::string_view("ui")) continue;
      if (asked.empty()) {
        ports.Add("--conf", fmt::format("{}={}", setting, job.ports.at(purpose)));
      } else {
        job.ports[purpose] = static_cast<int>(std::strtol(asked.c_str(), nullptr, 10));
      }
    }
    if (Get(start->settings, "spark.ui.enabled") == "false") job.ports["ui"] = 0;
    // With a class path or options of its own a driver starts as Spark itself does.
    const std::map<std::string, std::string> archive = cluster::DriverArchiveConf(master);
    if (std::none_of(archive.begin(), archive.end(),
                     [&](const auto& setting) { return !Get(start->settings, setting.first).empty(); })) {
      for (const auto& [setting, value] : archive) ports.Add("--conf", setting + "=" + value);
    }
  }
  // What the job starts with it keeps, also when packages are added meanwhile.
  constexpr const char* kPackages = "spark.executorEnv.PYTHONPATH";
  const std::string packages = cluster::PackagesNow(where.folder.path());
  if (!packages.empty() && Get(start->settings, kPackages) == cluster::PackagesFolder(where.folder.path()))
    ports.Add("--conf", fmt::format("{}={}", kPackages, packages));
  start->line.options.insert(start->line.options.begin(), ports.options.begin(), ports.options.end());
  cluster::JobLaunch& launch = placed.launch;
  launch.command = {where.spark_home() + "/bin/" + program};
  const std::vector<std::string> words = cluster::ToWords(start->line);
  launch.command.insert(launch.command.end(), words.begin(), words.end());
  launch.folder = fs::current_path();
  launch.work = where.folder.path() / "work";
  launch.host = master.ready.host;
  launch.master_ui = start->own ? master.ports.at("ui") : 0;
  launch.driver_ui = job.ports.contains("ui") ? job.ports.at("ui") : 0;
  launch.request = start->request;
  launch.log_size = master.log_size;
  launch.log_files = master.log_files;
  launch.mark = where.desired.cluster;
  if (!start->in_cluster && !start->environment.contains("SPARK_LOCAL_DIRS")) {
    launch.scratch = where.folder.path() / "scratch" / job.id;
    start->environment["SPARK_LOCAL_DIRS"] = launch.scratch;
  }
  job.command = cluster::HideSecrets(launch.command);
  placed.folder.Write(job);
  return placed;
}

std::vector<std::string> ExecutorLogs(const cluster::ClusterFolder& folder, const cluster::Job& job) {
  std::vector<std::string> logs;
  std::error_code error;
  for (fs::directory_iterator worker(folder.path() / "work", error), end; !error && worker != end;
       worker.increment(error)) {
    for (const std::string& id : {job.application, job.driver}) {
      std::error_code none;
      if (!id.empty() && fs::is_directory(worker->path() / id, none)) logs.push_back(worker->path() / id);
    }
  }
  std::sort(logs.begin(), logs.end());
  return logs;
}

}  // namespace tinderbox::cli
