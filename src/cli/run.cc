#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <new>

#include "base/interrupt.h"
#include "cli/console.h"
#include "cli/error_text.h"
#include "cli/flags.h"
#include "cli/verbs.h"
#include "cli/words.h"

namespace tinderbox::cli {
namespace {

constexpr const char* kData = "Data";
constexpr const char* kEngine = "Spark without a cluster";
constexpr const char* kCluster = "A cluster";
constexpr const char* kJobs = "Jobs on a cluster";
constexpr const char* kLook = "Look into a cluster";
constexpr const char* kPrepare = "Prepare";

constexpr Verb kVerbs[] = {
    {"diff", RunDiff, kData, "Find the differences between two tables in files"},
    {"patch", RunPatch, kData, "Make the right table from the left one and a patch"},
    {"diffit", RunDiffit, kData, "The command lines of loum/diffit"},
    {"pack", RunPack, kData, "Pack many small files into one SequenceFile"},
    {"unpack", RunUnpack, kData, "Write the files of a SequenceFile into a folder"},
    {"ls", RunLs, kData, "List the files in a SequenceFile"},
    {"run", RunScript, kEngine, "Run a PySpark script on an engine of its own"},
    {"verify", RunVerify, kEngine, "Run a script on both engines and compare all it left"},
    {"sql", RunSql, kEngine, "Run SQL statements, or ask for them at a prompt"},
    {"server", RunServer, kEngine, "Serve Spark Connect: PySpark's own client runs on it"},
    {"cache", RunCache, kEngine, "Show and clear the results that are kept in Redis"},
    {"up", RunUp, kCluster, "Bring up an Apache Spark cluster on this machine"},
    {"start", RunUp, kCluster, nullptr},
    {"down", RunDown, kCluster, "Take a cluster down"},
    {"stop", RunStop, kCluster, "Stop services of a cluster"},
    {"restart", RunRestart, kCluster, "Restart services of a cluster"},
    {"scale", RunScale, kCluster, "Change the number of workers"},
    {"pkg", RunPkg, kCluster, "Give drivers and workers Python packages"},
    {"secret", RunSecret, kCluster, "List a cluster's passwords, or change them"},
    {"cleanup", RunCleanup, kCluster, "Remove what clusters leave behind"},
    {"shell", RunShell, kCluster, "Open a shell in the place of a service"},
    {"exec", RunExec, kCluster, "Run a command in the place of a service"},
    {"hdfs", RunHdfs, kCluster, "Run a command of Hadoop's own on a cluster's HDFS"},
    {"yarn", RunYarn, kCluster, "Run a command of Hadoop's own on a cluster's YARN"},
    {"submit", RunSubmit, kJobs, "Run an application on a cluster, or a script on the embedded engine"},
    {"deploy", RunSubmit, kJobs, nullptr},
    {"job", RunJobVerb, kJobs, "List the jobs, show one, end one"},
    {"repl", RunRepl, kJobs, "Open Spark's shell: pyspark, sql or scala"},
    {"run-example", RunExample, kJobs, "Run one of Spark's own examples"},
    {"pi", RunPi, kJobs, "Compute pi, to see that jobs run"},
    {"status", RunStatus, kLook, "Show the services of a cluster"},
    {"ps", RunStatus, kLook, nullptr},
    {"list", RunList, kLook, "List the clusters"},
    {"info", RunInfo, kLook, "Show addresses, folders, versions and variables"},
    {"logs", RunLogs, kLook, "Print the logs of services and applications"},
    {"events", RunEvents, kLook, "Print what happened in a cluster"},
    {"timeline", RunTimeline, kLook, "Show who waited for whom at the start"},
    {"why", RunWhy, kLook, "Explain the state of a service"},
    {"check", RunCheck, kPrepare, "Check what a cluster needs before it is started"},
    {"doctor", RunDoctor, kPrepare, "Look at this machine with a cluster's eyes"},
    {"config", RunConfig, kPrepare, "Write, show or check cluster.toml"},
    {"completion", RunCompletion, kPrepare, "Let the shell complete verbs, options and names"},
    {"version", RunVersion, kPrepare, "Print the version"},
    {"help", RunHelp, kPrepare, "Explain a verb"},
    {"complete", RunComplete, nullptr, nullptr},
    {"run-job", RunJobAlone, nullptr, nullptr},
    {"supervise", RunSupervise, nullptr, nullptr},
    {"make-archive", RunMakeArchive, nullptr, nullptr},
    {"probe-connect", RunProbeConnect, nullptr, nullptr},
    {"prepare-service", RunPrepareService, nullptr, nullptr},
    {"run-seaweedfs", RunSeaweedfs, nullptr, nullptr},
    {"probe-s3", RunProbeS3, nullptr, nullptr},
    {"probe-nodemanager", RunProbeNodeManager, nullptr, nullptr},
    {"probe-redis", RunProbeRedis, nullptr, nullptr},
};

/// The verbs under their headings; other names of a verb beside it.
std::string ShortHelp() {
  std::string out =
      "tinderbox: everything needed to strike a Spark.\n\n"
      "Usage: tinderbox VERB [options]\n";
  const char* group = nullptr;
  for (size_t i = 0; i < std::size(kVerbs); ++i) {
    const Verb& verb = kVerbs[i];
    if (verb.what == nullptr) continue;
    if (verb.group != group) out += fmt::format("\n{}\n", verb.group);
    group = verb.group;
    std::string names = verb.name;
    for (size_t next = i + 1; next < std::size(kVerbs) && kVerbs[next].group != nullptr && kVerbs[next].what == nullptr;
         ++next)
      names += fmt::format(", {}", kVerbs[next].name);
    out += fmt::format("  {:<15} {}\n", names, verb.what);
  }
  out +=
      "\nFor example:\n"
      "  tinderbox diff before.csv after.csv --key id\n"
      "  tinderbox sql \"SELECT count(*) FROM parquet.`flights.parquet`\"\n"
      "  tinderbox run etl.py\n"
      "  tinderbox up --workers 3\n"
      "\nEvery verb has its own --help.\n";
  return out;
}

/// Words of other tools, and what does the same here.
struct Elsewhere {
  std::string_view word;
  std::string_view what;
};
constexpr Elsewhere kElsewhere[] = {
    {"build", "There is nothing to build: `tinderbox up` runs Spark as it is, and jobs take their own files along."},
    {"create", "`tinderbox up` brings a cluster up."},
    {"init", "`tinderbox config init` writes a cluster.toml; `tinderbox up` needs none."},
    {"kill", "`tinderbox stop SERVICE` stops a service, `tinderbox down` the cluster."},
    {"delete", "`tinderbox down` ends a cluster, `tinderbox cleanup` removes what it left."},
    {"destroy", "`tinderbox down` ends a cluster, `tinderbox cleanup` removes what it left."},
    {"rm", "`tinderbox down` ends a cluster, `tinderbox cleanup` removes what it left."},
    {"hadoop", "`tinderbox hdfs` and `tinderbox yarn` run Hadoop's own commands."},
    {"schedule", "There is no scheduler yet; cron can run the program."},
    {"images", "There are no images: Spark runs as plain processes."},
    {"pull", "Nothing has to be pulled: `tinderbox up` installs Spark on first use."},
    {"install", "Nothing has to be installed: `tinderbox up` installs Spark on first use."},
};

std::vector<std::string> VerbNames() {
  std::vector<std::string> names;
  for (const Verb& verb : kVerbs) {
    if (verb.group != nullptr) names.emplace_back(verb.name);
  }
  return names;
}

[[noreturn]] void FailVerb(const std::string& word) {
  const auto* elsewhere = std::find_if(std::begin(kElsewhere), std::end(kElsewhere),
                                       [&](const Elsewhere& known) { return known.word == word; });
  const std::string hint =
      elsewhere == std::end(kElsewhere) ? DidYouMean(word, VerbNames()) : fmt::format(" {}", elsewhere->what);
  throw UsageError("", fmt::format("There is no verb \"{}\".{}", word, hint));
}

int Dispatch(const std::string& program, const Arguments& arguments) {
  if (std::filesystem::path(program).filename() == "diffit") return RunDiffit(arguments);
  if (arguments.empty()) {
    WriteOut(ShortHelp());
    return kSame;
  }
  const std::string& word = arguments[0];
  const Arguments rest(arguments.begin() + 1, arguments.end());
  if (word == "--help" || word == "-h") return RunHelp(rest);
  if (word == "--version") return RunVersion(rest);
  const Verb* verb = FindVerb(word);
  if (verb == nullptr) FailVerb(word);
  return verb->run(rest);
}

int Interruption() {
  PrintFailure("Interrupted; no output was written.", "");
  return kInterrupted;
}

}  // namespace

std::span<const Verb> Verbs() {
  return kVerbs;
}

const Verb* FindVerb(const std::string& name) {
  const auto* found =
      std::find_if(std::begin(kVerbs), std::end(kVerbs), [&](const Verb& verb) { return name == verb.name; });
  return found == std::end(kVerbs) ? nullptr : found;
}

int RunHelp(const Arguments& arguments) {
  if (CommandFacts* facts = AskedForFacts()) {
    facts->words = {{"VERB", Takes::kVerb, {}, false}};
    return kSame;
  }
  if (arguments.empty()) {
    WriteOut(ShortHelp());
    return kSame;
  }
  const Verb* verb = FindVerb(arguments[0]);
  if (verb == nullptr || verb->group == nullptr) FailVerb(arguments[0]);
  if (verb->run == RunHelp) {
    WriteOut("tinderbox help VERB explains a verb, as tinderbox VERB --help does.\n");
    return kSame;
  }
  return verb->run({"--help"});
}

int Run(const std::string& program, const Arguments& arguments) {
  const base::InterruptWatch watch;
  try {
    return Dispatch(program, arguments);
  } catch (const Interrupted&) {
    return Interruption();
  } catch (const UsageError& error) {
    PrintFailure(error.what(), error.condition(),
                 error.verb().empty() ? "Try: tinderbox help" : fmt::format("Try: tinderbox {} --help", error.verb()));
  } catch (const Error& error) {
    if (base::InterruptRequested()) return Interruption();
    PrintFailure(ErrorText(error), error.condition());
  } catch (const std::bad_alloc&) {
    PrintFailure(
        "There is not enough memory. Give --memory less than the machine has free, so that data go to --temp instead.",
        "TINDERBOX_OUT_OF_MEMORY");
  } catch (const std::exception& error) {
    if (base::InterruptRequested()) return Interruption();
    PrintFailure(
        fmt::format("Something unforeseen went wrong: {}. Please report it together with the command.", error.what()),
        "INTERNAL_ERROR");
  }
  return kFailed;
}

}  // namespace tinderbox::cli
