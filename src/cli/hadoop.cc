#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/fail.h"
#include "cli/child.h"
#include "cli/cluster_flags.h"
#include "cli/verbs.h"
#include "cluster/hadoop.h"

namespace tinderbox::cli {
namespace {

/// A command of Hadoop's scripts of this name, and the class behind it.
struct HadoopCommand {
  const char* name;
  const char* java_class;
  bool named = false;  ///< the class wants the command's name as its first word
};
constexpr HadoopCommand kHdfs[] = {
    {"dfs", "org.apache.hadoop.fs.FsShell"},
    {"dfsadmin", "org.apache.hadoop.hdfs.tools.DFSAdmin"},
    {"fsck", "org.apache.hadoop.hdfs.tools.DFSck"},
    {"getconf", "org.apache.hadoop.hdfs.tools.GetConf"},
    {"balancer", "org.apache.hadoop.hdfs.server.balancer.Balancer"},
};
constexpr HadoopCommand kYarn[] = {
    {"application", "org.apache.hadoop.yarn.client.cli.ApplicationCLI", true},
    {"applicationattempt", "org.apache.hadoop.yarn.client.cli.ApplicationCLI", true},
    {"container", "org.apache.hadoop.yarn.client.cli.ApplicationCLI", true},
    {"logs", "org.apache.hadoop.yarn.client.cli.LogsCLI"},
    {"node", "org.apache.hadoop.yarn.client.cli.NodeCLI"},
    {"queue", "org.apache.hadoop.yarn.client.cli.QueueCLI"},
    {"top", "org.apache.hadoop.yarn.client.cli.TopCLI"},
    {"rmadmin", "org.apache.hadoop.yarn.client.cli.RMAdminCLI"},
};

/// A program of Hadoop's, run on the class path and with the configuration of a daemon of the cluster.
struct HadoopProgram {
  const char* verb;
  const char* about;
  const char* examples;
  const char* daemon;  ///< a service that every cluster with it has
  std::span<const HadoopCommand> commands;
};

int RunClient(const HadoopProgram& program, const ClusterName& name, const HadoopCommand& command,
              std::span<const std::string> words) {
  const cluster::ClusterFolder folder = ExistingFolder(name);
  const cluster::Desired desired = folder.ReadDesired().value_or(cluster::Desired{});
  const auto* daemon = desired.Find(program.daemon);
  if (daemon == nullptr) {
    base::Fail("TINDERBOX_NO_SUCH", "The cluster {} has no {} now. `tinderbox up --with {}` brings one up.",
               folder.name(), program.daemon, program.verb);
  }
  std::vector<std::string> line = cluster::HadoopClient(daemon->service, command.java_class);
  if (command.named) line.emplace_back(command.name);
  line.insert(line.end(), words.begin(), words.end());
  return RunChild(line, {});
}

int RunHadoop(const HadoopProgram& program, const Arguments& arguments) {
  ClusterName name;
  std::string word;
  std::vector<std::string> names;
  for (const HadoopCommand& command : program.commands) names.emplace_back(command.name);
  CLI::App app(program.about);
  app.add_option("COMMAND", word, fmt::format("{}; the words after it are its own", fmt::join(names, ", ")))
      ->check(OneOf(names))
      ->required();
  AddNameFlag(&app, &name);
  app.footer(fmt::format("For example:\n{}\n{}", program.examples, ClusterExitHelp("the command's")));
  auto own = arguments.begin();  // what is before the command, and it
  while (own != arguments.end() && own->starts_with('-')) own += *own == "--name" && own + 1 != arguments.end() ? 2 : 1;
  if (own != arguments.end()) ++own;
  if (!ParseFlags(&app, program.verb, Arguments(arguments.begin(), own))) return kClusterOk;
  const auto command =
      std::ranges::find_if(program.commands, [&](const HadoopCommand& each) { return each.name == word; });
  return RunClusterVerb(program.verb,
                        [&] { return RunClient(program, name, *command, std::span(own, arguments.end())); });
}

}  // namespace

int RunHdfs(const Arguments& arguments) {
  return RunHadoop({"hdfs", "Runs one of Hadoop's own commands on the HDFS of a cluster, as its script hdfs does.",
                    "  tinderbox hdfs dfs -put data.csv /\n"
                    "  tinderbox hdfs dfs -ls -R /\n"
                    "  tinderbox hdfs dfsadmin -report\n"
                    "  tinderbox hdfs fsck /\n",
                    "namenode", kHdfs},
                   arguments);
}

int RunYarn(const Arguments& arguments) {
  return RunHadoop({"yarn", "Runs one of Hadoop's own commands on the YARN of a cluster, as its script yarn does.",
                    "  tinderbox yarn application -list -appStates ALL\n"
                    "  tinderbox yarn logs -applicationId application_1700000000000_0001\n"
                    "  tinderbox yarn node -list -all\n",
                    "resourcemanager", kYarn},
                   arguments);
}

}  // namespace tinderbox::cli
