#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "cluster/config.h"
#include "cluster/folder.h"
#include "cluster/plan.h"

namespace tinderbox::cli {

/// Exit codes of the cluster verbs; 0 also when everything was so already.
enum ClusterExit : int {
  kClusterOk = 0,
  kClusterFailed = 1,
  kClusterUsage = 2,
  kClusterConfig = 3,
  kClusterPrerequisite = 4,
  kClusterPort = 5,
  kClusterUnknown = 6,
  kClusterTimeout = 7,
  kClusterCrashLoop = 8,
};
/// Runs the body of a cluster verb: what it throws is shown, and becomes the exit code of its condition.
int RunClusterVerb(const std::string& verb, const std::function<int()>& body);
/// The exit codes, for the end of a verb's help; before them the verb's own.
std::string ClusterExitHelp(const std::string& own = "");

/// Which cluster is meant: --name, or TINDERBOX_NAME, or "default".
struct ClusterName {
  std::string name;
};
void AddNameFlag(CLI::App* app, ClusterName* flags);
cluster::Directories UserDirectories();
cluster::ClusterFolder FolderOf(const ClusterName& flags);
/// Throws Error TINDERBOX_NO_SUCH with the clusters that there are.
cluster::ClusterFolder ExistingFolder(const ClusterName& flags);

/// The flags that set keys of cluster.toml.
struct ConfigFlags {
  std::string profile, file;
  std::vector<std::string> overlays, sets;
  std::string workers, worker_cores, worker_memory, with;
};
void AddConfigFlags(CLI::App* app, ConfigFlags* flags);
/// The profile that the cluster has had holds where nothing names one.
cluster::Config ReadConfig(const ConfigFlags& flags, const ClusterName& name);
/// What the cluster of that folder was brought up with last; nullopt: it never was.
std::optional<cluster::Config> KeptConfig(const cluster::ClusterFolder& folder);
/// The key `profile`: "none" without one.
std::string ProfileOf(const cluster::Config& config);

/// What [folders] says, and for the profile diffit the variables SCHEMA and DATA, which its container took.
std::map<std::string, std::string> FoldersOf(const cluster::Config& config);

/// This program's own file.
std::string ProgramFile();

/// "worker-1" of "spark-worker-1", as the seeds name it. Throws Error TINDERBOX_NO_SUCH for services of theirs that a
/// cluster does not have, saying what is there in their place.
std::string PlainServiceName(const std::string& name);
/// Services of the cluster by the names on the command line; all of them when there are none. Takes the seeds' names
/// too (spark-master). Throws Error TINDERBOX_NO_SUCH with the nearest names.
std::vector<std::string> PickServices(const cluster::Desired& desired, const std::vector<std::string>& names);

/// Waits until what is wanted runs, or has ended, and shows each service's way on standard error. Returns the exit
/// code.
struct WaitOptions {
  int64_t timeout = 0;  ///< milliseconds
  bool quiet = false;
};
int WaitUntilConverged(const cluster::ClusterFolder& folder, const WaitOptions& options);

/// Repeats a step until Ctrl-C, which is how such a verb ends: nothing is said about it. Returns the exit code.
int UntilInterrupted(const std::function<void()>& step);

/// "spark://127.0.0.1:7077" of the service master.
std::string MasterUrl(const cluster::Service& master);

/// Milliseconds of "30s", "5min". Throws Error TINDERBOX_USAGE; `option` names the culprit.
int64_t ParseTime(const std::string& option, const std::string& text);
/// "2 min", "3.4 s".
std::string ShortTime(int64_t milliseconds);

}  // namespace tinderbox::cli
