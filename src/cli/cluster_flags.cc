#include "cli/cluster_flags.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/fail.h"
#include "base/interrupt.h"
#include "cli/console.h"
#include "cli/setting_names.h"
#include "cli/words.h"
#include "cluster/profiles.h"
#include "cluster/spawn.h"
#include "cluster/supervisor.h"
#include "cluster/units.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::pair<std::string_view, int> kCodes[] = {
    {"TINDERBOX_CONFIG", kClusterConfig},   {"TINDERBOX_PREREQUISITE", kClusterPrerequisite},
    {"TINDERBOX_PORT", kClusterPort},       {"TINDERBOX_NO_SUCH", kClusterUnknown},
    {"TINDERBOX_TIMEOUT", kClusterTimeout}, {"TINDERBOX_CRASH_LOOP", kClusterCrashLoop},
    {"TINDERBOX_USAGE", kClusterUsage},     {"PATH_NOT_FOUND", kClusterUsage},
};

/// Services of the seeds' compose files that are none of a cluster's.
struct Elsewhere {
  std::string_view name;
  std::string_view what;
};
constexpr std::string_view kDriver =
    "A driver is no service here: `tinderbox submit` runs it, and `tinderbox logs --app "
    "ID` shows what it wrote.";
constexpr Elsewhere kElsewhere[] = {
    {"minio-client", "The object store's own start makes its buckets (s3.buckets)."},
    {"app", kDriver},
    {"app-distributed", kDriver},
    {"driver", kDriver},
    {"hive-metastore", "This cluster has no Hive metastore; tables are kept in its warehouse folder."},
    {"livy", "This cluster has no Livy."},
};

/// cluster.toml and "prod" -> cluster.prod.toml.
fs::path OverlayFile(const fs::path& project, const std::string& overlay) {
  fs::path file = project;
  return file.replace_filename(fmt::format("{}.{}{}", project.stem().string(), overlay, project.extension().string()));
}

int Interruption(const std::string& verb) {
  constexpr std::string_view kChanging[] = {"up", "start", "down", "stop", "restart", "scale"};
  const bool changing = std::find(std::begin(kChanging), std::end(kChanging), verb) != std::end(kChanging);
  PrintFailure(
      changing ? "Interrupted. What the cluster was told to do goes on; `tinderbox status` shows it." : "Interrupted.",
      "");
  return kInterrupted;
}

bool Settled(cluster::Phase phase) {
  using cluster::Phase;
  return phase == Phase::kReady || phase == Phase::kFinished || phase == Phase::kCrashLoop || phase == Phase::kFailed ||
         phase == Phase::kStopped;
}

}  // namespace

int RunClusterVerb(const std::string& verb, const std::function<int()>& body) {
  try {
    return body();
  } catch (const Interrupted&) {
    return Interruption(verb);
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    if (base::InterruptRequested()) return Interruption(verb);
    PrintFailure(error.what(), error.condition(), fmt::format("Try: tinderbox {} --help", verb));
    for (const auto& [condition, code] : kCodes) {
      if (error.condition() == condition) return code;
    }
    return kClusterFailed;
  }
}

std::string ClusterExitHelp(const std::string& own) {
  return "Exit code: " + (own.empty() ? "" : own + ", or\n") +
         "0, also when everything was so already; 1 failure; 2 usage; 3 configuration; 4 something is\n"
         "missing (Java, Spark); 5 a port is taken; 6 no such cluster or service; 7 not ready in time; 8 crash loop\n";
}

void AddNameFlag(CLI::App* app, ClusterName* flags) {
  app->add_option("--name", flags->name, "Which cluster, when there are several; default: default")
      ->type_name("CLUSTER")
      ->envname("TINDERBOX_NAME")
      ->group("Cluster");
}

cluster::Directories UserDirectories() {
  return cluster::FindDirectories(cluster::OwnEnvironment());
}

cluster::ClusterFolder FolderOf(const ClusterName& flags) {
  return {UserDirectories(), flags.name.empty() ? "default" : flags.name};
}

cluster::ClusterFolder ExistingFolder(const ClusterName& flags) {
  cluster::ClusterFolder folder = FolderOf(flags);
  if (folder.Exists()) return folder;
  std::vector<std::string> names;
  for (const cluster::ClusterFolder& other : cluster::ListClusters(UserDirectories())) names.push_back(other.name());
  const std::string others =
      names.empty() ? " There is none yet: `tinderbox up` makes one."
                    : fmt::format(" There are: {}; --name or TINDERBOX_NAME picks one.", fmt::join(names, ", "));
  base::Fail("TINDERBOX_NO_SUCH", "There is no cluster \"{}\".{}{}", folder.name(), DidYouMean(folder.name(), names),
             others);
}

void AddConfigFlags(CLI::App* app, ConfigFlags* flags) {
  std::vector<std::string> profiles = cluster::ProfileNames();
  profiles.emplace_back("none");
  app->add_option("--profile", flags->profile,
                  "A set-up that ships with Tinderbox (profile), below the cluster file; `tinderbox config "
                  "profiles` lists them")
      ->check(OneOf(profiles))
      ->type_name("NAME")
      ->group("Configuration");
  app->add_option("-f,--file", flags->file, "The cluster file; default: cluster.toml of this folder, if there is one")
      ->type_name("FILE")
      ->group("Configuration");
  AddRepeated(app, "--overlay", &flags->overlays, "Read cluster.NAME.toml (or a file) over the cluster file")
      ->type_name("NAME")
      ->group("Configuration");
  AddRepeated(app, "--set", &flags->sets, "Set a key, as in --set connect.enabled=false; also spark_conf.spark.…")
      ->type_name("KEY=VALUE")
      ->group("Configuration");
  app->add_option("--with", flags->with, "Services beside Spark's own (with), as in --with hdfs,s3")
      ->type_name("NAMES")
      ->group("Configuration");
  app->add_option("--workers", flags->workers, "Number of workers (worker.count)")
      ->type_name("N")
      ->group("Configuration");
  app->add_option("--worker-cores", flags->worker_cores, "Cores of a worker (worker.cores)")
      ->type_name("N")
      ->group("Configuration");
  app->add_option("--worker-memory", flags->worker_memory, "Memory of a worker (worker.memory)")
      ->type_name("SIZE")
      ->group("Configuration");
}

std::optional<cluster::Config> KeptConfig(const cluster::ClusterFolder& folder) {
  cluster::ConfigSources sources;
  sources.project_file = folder.path() / "cluster.toml";
  if (!fs::exists(sources.project_file)) return std::nullopt;
  return cluster::ReadConfig(sources);
}

std::string ProfileOf(const cluster::Config& config) {
  return config.keys.at("profile").text;
}

std::map<std::string, std::string> FoldersOf(const cluster::Config& config) {
  std::map<std::string, std::string> folders = cluster::ToSpec(config).folders;
  if (ProfileOf(config) != "diffit") return folders;
  for (const auto& [variable, path] : {std::pair("SCHEMA", "/tmp/schema"), std::pair("DATA", "/tmp/data")}) {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0') continue;
    const fs::path folder = fs::absolute(value).lexically_normal();
    if (!fs::is_directory(folder))
      base::Fail("PATH_NOT_FOUND", "The variable {} is to be the folder that {} means, and {} is none.", variable, path,
                 folder.string());
    folders[path] = folder;
  }
  return folders;
}

cluster::Config ReadConfig(const ConfigFlags& flags, const ClusterName& name) {
  cluster::ConfigSources sources;
  if (const std::optional<cluster::Config> kept = KeptConfig(FolderOf(name))) sources.kept_profile = ProfileOf(*kept);
  sources.environment = cluster::OwnEnvironment();
  sources.user_file = UserDirectories().config / "cluster.toml";
  const fs::path project = flags.file.empty() ? "cluster.toml" : flags.file;
  const bool has_file = !flags.file.empty() || fs::exists(project);
  if (has_file) sources.project_file = project;
  const auto named = [](const std::string& profile) { return !profile.empty() && profile != "none"; };
  if (has_file || named(flags.profile) || named(sources.kept_profile))
    sources.env_file = project.parent_path() / ".env";
  for (const std::string& overlay : flags.overlays) {
    const bool is_file = overlay.find('/') != std::string::npos || fs::path(overlay).extension() == ".toml";
    sources.overlays.push_back(is_file ? cluster::Overlay{"", overlay}
                                       : cluster::Overlay{overlay, OverlayFile(project, overlay)});
  }
  for (const std::string& set : flags.sets) {
    const auto [key, value] = SplitAssignment("--set", set);
    sources.flags.push_back({key, {value, "flag --set"}});
  }
  const std::tuple<const char*, const char*, const std::string&> shortcuts[] = {
      {"--profile", "profile", flags.profile},
      {"--with", "with", flags.with},
      {"--workers", "worker.count", flags.workers},
      {"--worker-cores", "worker.cores", flags.worker_cores},
      {"--worker-memory", "worker.memory", flags.worker_memory}};
  for (const auto& [flag, key, value] : shortcuts) {
    if (!value.empty()) sources.flags.push_back({key, {value, fmt::format("flag {}", flag)}});
  }
  cluster::Config config = cluster::ReadConfig(sources);
  for (const std::string& warning : config.warnings) PrintWarning(warning);
  for (const std::string& warning : UnknownSettings(cluster::ToSpec(config).spark_conf)) PrintWarning(warning);
  return config;
}

std::string ProgramFile() {
  return fs::read_symlink("/proc/self/exe");
}

std::string PlainServiceName(const std::string& name) {
  std::string plain = name.rfind("spark-", 0) == 0 ? name.substr(6) : name;
  if (plain == "history-server") plain = "history";
  if (plain == "minio" || plain == "minio-distributed") plain = "s3";
  if (plain == "demo-database") plain = "postgres";
  for (const Elsewhere& known : kElsewhere) {
    if (known.name == plain) base::Fail("TINDERBOX_NO_SUCH", "There is no service \"{}\". {}", name, known.what);
  }
  return plain;
}

std::vector<std::string> PickServices(const cluster::Desired& desired, const std::vector<std::string>& names) {
  std::vector<std::string> all;
  for (const cluster::Wanted& wanted : desired.services) all.push_back(wanted.service.name);
  if (names.empty()) return all;
  if (all.empty())
    base::Fail("TINDERBOX_NO_SUCH", "The cluster is down and has no services. `tinderbox up` brings it up.");
  std::vector<std::string> picked;
  for (const std::string& name : names) {
    const std::string plain = PlainServiceName(name);
    const size_t before = picked.size();
    for (const cluster::Wanted& wanted : desired.services) {
      if (wanted.service.name == plain || wanted.service.role == plain) picked.push_back(wanted.service.name);
    }
    if (picked.size() == before)
      base::Fail("TINDERBOX_NO_SUCH", "There is no service \"{}\" in this cluster.{} There are: {}.", name,
                 DidYouMean(plain, all), fmt::join(all, ", "));
  }
  return picked;
}

int UntilInterrupted(const std::function<void()>& step) {
  try {
    for (;;) {
      base::ThrowIfInterrupted();
      step();
    }
  } catch (const Interrupted&) {
    return kInterrupted;
  }
}

std::string MasterUrl(const cluster::Service& master) {
  return fmt::format("spark://{}:{}", master.ready.host, master.ports.at("rpc"));
}

int64_t ParseTime(const std::string& option, const std::string& text) {
  if (const std::optional<int64_t> time = cluster::ParseDuration(text)) return *time;
  base::Fail("TINDERBOX_USAGE", "{} \"{}\" is not a time. Write for instance 30s or 5min.", option, text);
}

std::string ShortTime(int64_t milliseconds) {
  if (milliseconds < 60'000) return fmt::format("{:.1f} s", static_cast<double>(milliseconds) / 1000);
  if (milliseconds < 3'600'000) return fmt::format("{} min", milliseconds / 60'000);
  if (milliseconds < 172'800'000) return fmt::format("{} h", milliseconds / 3'600'000);
  return fmt::format("{} days", milliseconds / 86'400'000);
}

int WaitUntilConverged(const cluster::ClusterFolder& folder, const WaitOptions& options) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  std::map<std::string, std::pair<cluster::Phase, cluster::Time>> shown;
  const auto elapsed = [&] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
  };
  for (bool first = true;; first = false) {
    base::ThrowIfInterrupted();
    const cluster::Desired desired = folder.ReadDesired().value_or(cluster::Desired{});
    const std::optional<cluster::State> state = folder.ReadState();
    const cluster::Convergence convergence = cluster::Converged(desired, state);
    if (state) {
      for (const auto& [name, service] : state->services) {
        const std::pair now(service.phase, service.since);
        const auto before = shown.find(name);
        const bool news = before == shown.end() ? !first : before->second != now;
        shown[name] = now;
        if (!news || options.quiet || (!Settled(service.phase) && service.phase != cluster::Phase::kBackingOff))
          continue;
        const bool ready = service.phase == cluster::Phase::kReady;
        WriteError(fmt::format("  {:<12} {:<12} {:>8}{}\n", name, cluster::PhaseName(service.phase),
                               ShortTime(elapsed()), ready || service.reason.empty() ? "" : "  " + service.reason));
      }
    }
    if (convergence.done) return kClusterOk;
    if (convergence.waiting.empty() && !convergence.broken.empty()) {
      const std::string& name = convergence.broken[0];
      PrintFailure(fmt::format("{} does not stay up: {}. The rest of the cluster is kept.", name,
                               state->services.at(name).reason),
                   "TINDERBOX_CRASH_LOOP", fmt::format("Try: tinderbox why {}, tinderbox logs {}", name, name));
      return kClusterCrashLoop;
    }
    if (options.timeout > 0 && elapsed() > options.timeout) {
      PrintFailure(fmt::format("After {} these are still not as wanted: {}. The cluster is left as it is.",
                               ShortTime(elapsed()), fmt::join(convergence.waiting, ", ")),
                   "TINDERBOX_TIMEOUT", fmt::format("Try: tinderbox why {}", convergence.waiting[0]));
      return kClusterTimeout;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace tinderbox::cli
