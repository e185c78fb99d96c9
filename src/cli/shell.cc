#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/fail.h"
#include "base/process.h"
#include "cli/child.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/service_shell.h"
#include "cli/verbs.h"

namespace tinderbox::cli {
namespace {

struct ShellFlags {
  ClusterName cluster;
  std::string service;
  bool all = false;
};

/// What a command is run with to be in the place of the service.
ChildOptions InPlaceOf(const cluster::ClusterFolder& folder, const cluster::Desired& desired,
                       const cluster::Service& service) {
  ChildOptions options;
  options.environment = ServiceEnvironment(desired, service, folder.name());
  options.folder = service.folder;
  std::error_code error;
  std::filesystem::create_directories(service.folder, error);
  if (error) base::Fail("TINDERBOX_WRITE_FAILED", "{} cannot be made: {}.", service.folder, error.message());
  return options;
}

std::vector<const cluster::Service*> Picked(const cluster::Desired& desired, const std::string& name) {
  std::vector<const cluster::Service*> services;
  const std::vector<std::string> names = name.empty() ? std::vector<std::string>() : std::vector{name};
  for (const std::string& picked : PickServices(desired, names)) services.push_back(&desired.Find(picked)->service);
  if (services.empty())
    base::Fail("TINDERBOX_NO_SUCH", "The cluster is down and has no services. `tinderbox up` brings it up.");
  return services;
}

int Shell(const ShellFlags& flags) {
  const cluster::ClusterFolder folder = ExistingFolder(flags.cluster);
  const cluster::Desired desired = folder.ReadDesired().value_or(cluster::Desired{});
  const cluster::Service& service = *Picked(desired, flags.service.empty() ? "master" : flags.service).front();
  ChildOptions options = InPlaceOf(folder, desired, service);
  options.hint = "The variable SHELL names it.";
  const char* own = std::getenv("SHELL");
  const std::string shell = own == nullptr || *own == '\0' ? "/bin/sh" : own;
  if (base::IsTerminal(STDIN_FILENO)) {
    const bool connect = options.environment->contains("SPARK_REMOTE");
    WriteError(fmt::format("{} of {}, in {}\n{}; exit leaves.\n", service.name, folder.name(), service.folder,
                           connect ? "Programs with PySpark's client run on " + options.environment->at("SPARK_REMOTE")
                                   : "spark-submit and pyspark run on " + options.environment->at("MASTER")));
  }
  return RunChild({shell}, options);
}

/// The same command for each service at the same time, every line with the service's name before it. Returns the exit
/// code of the first service, in the order of the list, for which it is not 0.
int RunForAll(const cluster::ClusterFolder& folder, const cluster::Desired& desired,
              const std::vector<const cluster::Service*>& services, const Arguments& command) {
  size_t width = 0;
  for (const cluster::Service* service : services) width = std::max(width, service->name.size());
  std::vector<int> codes(services.size(), 0);
  std::mutex writing;
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < services.size(); ++i) {
      const cluster::Service& service = *services[i];
      threads.emplace_back([&, i, options = InPlaceOf(folder, desired, service)] {
        const auto show = [&](bool is_error, const std::string& line) {
          const std::lock_guard lock(writing);
          const std::string text = fmt::format("{:<{}} | {}\n", service.name, width, line);
          is_error ? WriteError(text) : WriteOut(text);
        };
        try {
          codes[i] = RunPiped(command, options, show);
        } catch (const Error& error) {
          show(true, error.what());
          codes[i] = kProgramMissing;
        }
      });
    }
  }
  const auto failed = std::find_if(codes.begin(), codes.end(), [](int code) { return code != 0; });
  return failed == codes.end() ? kClusterOk : *failed;
}

int Exec(const ShellFlags& flags, const Arguments& command) {
  const cluster::ClusterFolder folder = ExistingFolder(flags.cluster);
  const cluster::Desired desired = folder.ReadDesired().value_or(cluster::Desired{});
  const std::vector<const cluster::Service*> services = Picked(desired, flags.service);
  if (flags.all || services.size() > 1) return RunForAll(folder, desired, services, command);
  try {
    return RunChild(command, InPlaceOf(folder, desired, *services.front()));
  } catch (const Error& error) {
    if (error.condition() != "TINDERBOX_PROGRAM") throw;
    PrintFailure(error.what(), error.condition());
    return kProgramMissing;
  }
}

/// Where the command begins in "[options] SERVICE [--] COMMAND…", or with --all in "[options] [--] COMMAND…".
size_t FindCommand(const Arguments& arguments) {
  size_t at = 0;
  for (bool service = false; at < arguments.size() && arguments[at] != "--"; ++at) {
    const std::string& word = arguments[at];
    const bool option = word.size() > 1 && word[0] == '-';
    if (!option && service) break;
    service = service || !option || word == "--all";
    if (word == "--name") ++at;
  }
  return std::min(at, arguments.size());
}

}  // namespace

int RunShell(const Arguments& arguments) {
  ShellFlags flags;
  CLI::App app(
      "Opens your shell in the place of a service: its folder, SPARK_HOME, SPARK_CONF_DIR, MASTER, and Spark's "
      "programs "
      "on the path. For connect it is that of a client, with SPARK_REMOTE.");
  app.add_option("SERVICE", flags.service, "The service; default: master");
  AddNameFlag(&app, &flags.cluster);
  app.footer(
      "For example:\n  tinderbox shell\n  tinderbox shell worker-1\n  echo 'spark-submit job.py' | tinderbox shell\n\n"
      "The shell is that of the variable SHELL.\n" +
      ClusterExitHelp("the shell's"));
  if (!ParseFlags(&app, "shell", arguments)) return kClusterOk;
  return RunClusterVerb("shell", [&] { return Shell(flags); });
}

int RunExec(const Arguments& arguments) {
  ShellFlags flags;
  CLI::App app(
      "Runs a command in the place of a service: its folder and environment, as `tinderbox shell` has them. For "
      "several "
      "services it runs at the same time, and each line begins with the service's name.");
  std::string ignored;
  app.add_option("SERVICE", flags.service, "The service (worker: every worker)");
  app.add_option("COMMAND", ignored, "The command and its arguments, after -- when one begins with a dash");
  AddNameFlag(&app, &flags.cluster);
  app.add_flag("--all", flags.all, "For every service; there is no SERVICE then")->group("Other");
  app.footer(
      "For example:\n"
      "  tinderbox exec master -- spark-submit --version\n"
      "  tinderbox exec worker -- du -sh .\n"
      "  tinderbox exec --all -- sh -c 'echo $SPARK_LOCAL_DIRS'\n\n" +
      ClusterExitHelp("the command's (the first one that is not 0), 127 when there is no such program"));
  const auto middle = arguments.begin() + static_cast<std::ptrdiff_t>(FindCommand(arguments));
  if (!ParseFlags(&app, "exec", Arguments(arguments.begin(), middle))) return kClusterOk;
  Arguments command(middle, arguments.end());
  if (!command.empty() && command.front() == "--") command.erase(command.begin());
  if (flags.all && !flags.service.empty()) throw UsageError("exec", "Give a SERVICE or --all, not both.");
  if (!flags.all && flags.service.empty())
    throw UsageError("exec", "Which service? tinderbox exec SERVICE -- COMMAND, or --all for every one.");
  if (command.empty()) throw UsageError("exec", "Which command? tinderbox exec SERVICE -- COMMAND.");
  return RunClusterVerb("exec", [&] { return Exec(flags, command); });
}

}  // namespace tinderbox::cli
