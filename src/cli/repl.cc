#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/fail.h"
#include "cli/child.h"
#include "cli/console.h"
#include "cli/job_start.h"
#include "cli/submit_flags.h"
#include "cli/verbs.h"
#include "cli/words.h"
#include "cluster/machine.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

struct Shell {
  std::string_view name;
  const char* program;
  const char* jar;  ///< what it lives in, to be found in Spark's jars
  bool python;
};
constexpr Shell kShells[] = {{"pyspark", "pyspark", "spark-core_", true},
                             {"sql", "spark-sql", "spark-hive-thriftserver_", false},
                             {"scala", "spark-shell", "spark-repl_", false}};

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct ReplFlags {
  std::string cluster, shell;
};

/// What spark-sql takes beside spark-submit's flags.
OtherFlags SqlFlags() {
  return {{"-e", "-f", "-i", "-d", "--define", "--database", "--hiveconf", "--hivevar"}, {"-S", "--silent"}, {}};
}

void CheckShell(const Shell& shell, const std::string& spark_home) {
  bool found = false;
  std::error_code error;
  for (fs::directory_iterator entry(fs::path(spark_home) / "jars", error), end; !error && entry != end;
       entry.increment(error))
    found = found || entry->path().filename().string().starts_with(shell.jar);
  if (!found || !fs::exists(fs::path(spark_home) / "bin" / shell.program))
    base::Fail("TINDERBOX_PREREQUISITE",
               "The Spark at {} has no {} (no {}…jar). Give a whole Apache Spark as spark.home.", spark_home,
               shell.program, shell.jar);
}

/// Spark's shells keep their tables in a data base that only one of them can open. The first shell of a cluster has the
/// cluster's, others one of their own.
class Tables {
 public:
  Tables(const cluster::ClusterFolder& folder, const fs::path& job)
      : lock_(cluster::FileLock::Try(folder.path() / "metastore.lock")),
        folder_(lock_ ? folder.path() / "metastore" : job / "metastore") {}

  bool shared() const { return lock_.has_value(); }
  std::vector<std::string> Words(const cluster::Settings& settings) const {
    const auto given = settings.find("spark.driver.extraJavaOptions");
    const std::string options = given == settings.end() ? "" : given->second + " ";
    return {"--conf",
            fmt::format("spark.hadoop.javax.jdo.option.ConnectionURL=jdbc:derby:;databaseName={};create=true",
                        folder_.string()),
            "--driver-java-options", fmt::format("{}-Dderby.stream.error.file={}.log", options, folder_.string())};
  }

 private:
  std::optional<cluster::FileLock> lock_;
  fs::path folder_;
};

int Repl(const ReplFlags& flags, const Shell& shell, cluster::SubmitLine line, const std::vector<std::string>& others) {
  const JobCluster where = FindJobCluster(flags.cluster);
  CheckShell(shell, where.spark_home());
  std::vector<std::string> rest = std::move(line.application);
  if (shell.name != "sql" && !rest.empty())
    base::Fail("TINDERBOX_USAGE", "A shell takes no file; `tinderbox submit {}` runs one.", rest[0]);
  rest.insert(rest.begin(), others.begin(), others.end());
  line.application = {shell.python ? "pyspark-shell" : "spark-shell"};
  JobStart start = PrepareJob(where, std::move(line));
  if (start.in_cluster) base::Fail("TINDERBOX_USAGE", "A shell's driver runs here: it has no cluster deploy mode.");
  for (const std::string& note : start.notes) PrintWarning(note);
  start.line.application = rest;
  if (!start.settings.contains("spark.app.name")) start.settings["spark.app.name"] = fmt::format("repl {}", shell.name);
  PlacedJob placed = PlaceJob(where, &start, shell.program);
  const Tables tables(where.folder, placed.folder.path());
  if (!tables.shared())
    PrintWarning("Another shell has the cluster's tables open: tables that this one makes are its own.");
  // Before what the user gave: of two settings of one name the last counts.
  const std::vector<std::string> words = tables.Words(start.settings);
  placed.launch.command.insert(placed.launch.command.begin() + 1, words.begin(), words.end());
  ChildOptions child;
  child.environment = start.environment;
  (*child.environment)[cluster::kClusterVariable] = placed.launch.mark;
  // Without it, Python reads a program from a pipe as one of its own, which knows no session.
  if (shell.python && ::isatty(STDIN_FILENO) != 1) child.environment->try_emplace("PYSPARK_DRIVER_PYTHON_OPTS", "-i");
  placed.job.state = cluster::JobState::kRunning;
  placed.folder.Write(placed.job);
  const int code = RunChild(placed.launch.command, child);
  placed.job.state = code == 0 ? cluster::JobState::kFinished : cluster::JobState::kFailed;
  placed.job.exit_code = code;
  placed.job.ended = Now();
  placed.folder.Write(placed.job);
  std::error_code ignored;
  if (!placed.launch.scratch.empty()) fs::remove_all(placed.launch.scratch, ignored);
  return code;
}

}  // namespace

int RunRepl(const Arguments& arguments) {
  ReplFlags flags;
  std::vector<std::string> unused, names;
  for (const Shell& shell : kShells) names.emplace_back(shell.name);
  CLI::App app("Opens one of Spark's own shells on a cluster: pyspark, sql or scala.");
  app.add_option("SHELL", flags.shell, "pyspark, sql or scala")->check(OneOf(names));
  AddClusterFlag(&app, &flags.cluster);
  AddSparkFlags(&app, &unused);
  app.footer(
      "sql takes spark-sql's flags, too: -e STATEMENT, -f FILE, -i FILE, --database NAME, -S and the like.\n"
      "\n"
      "For example:\n"
      "  tinderbox repl pyspark\n"
      "  tinderbox repl sql -e 'SELECT count(*) FROM range(1000)'\n"
      "  tinderbox repl scala --executor-memory 2g < program.scala\n"
      "\n"
      "Exit code: the shell's own; before it opens as of submit\n");
  const bool named = !arguments.empty() && !arguments[0].starts_with("-");
  const auto* const shell = std::find_if(std::begin(kShells), std::end(kShells),
                                         [&](const Shell& each) { return named && each.name == arguments[0]; });
  const Arguments rest(arguments.begin() + (named ? 1 : 0), arguments.end());
  OtherFlags others = SqlFlags();
  const bool sql = shell != std::end(kShells) && shell->name == "sql";
  std::optional<cluster::SubmitLine> line = ParseJobLine(&app, "repl", rest, sql ? &others : nullptr);
  if (!line) return kClusterOk;
  if (shell == std::end(kShells)) {
    throw UsageError("repl", named ? fmt::format("There is no shell \"{}\".{} There are: {}.", arguments[0],
                                                 DidYouMean(arguments[0], names), fmt::join(names, ", "))
                                   : fmt::format("Which shell? There are: {}.", fmt::join(names, ", ")));
  }
  return RunClusterVerb("repl", [&] { return Repl(flags, *shell, std::move(*line), others.words); });
}

}  // namespace tinderbox::cli
