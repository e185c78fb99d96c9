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

struct Verb {
  const char* name;
  int (*run)(const Arguments&);
  const char* what;  // null: another name, or not for people
};

constexpr Verb kVerbs[] = {
    {"diff", RunDiff, "Find the differences between two tables in files"},
    {"patch", RunPatch, "Make the right table from the left one and a patch"},
    {"run", RunScript, "Run a PySpark script on an engine of its own"},
    {"sql", RunSql, "Run SQL statements, or ask for them at a prompt"},
    {"server", RunServer, "Serve Spark Connect: PySpark's own client runs on it"},
    {"up", RunUp, "Bring up an Apache Spark cluster on this machine"},
    {"start", RunUp, nullptr},
    {"down", RunDown, "Take a cluster down"},
    {"stop", RunStop, "Stop services of a cluster"},
    {"restart", RunRestart, "Restart services of a cluster"},
    {"scale", RunScale, "Change the number of workers"},
    {"status", RunStatus, "Show the services of a cluster"},
    {"ps", RunStatus, nullptr},
    {"list", RunList, "List the clusters"},
    {"logs", RunLogs, "Print the logs of services and applications"},
    {"events", RunEvents, "Print what happened in a cluster"},
    {"timeline", RunTimeline, "Show who waited for whom at the start"},
    {"why", RunWhy, "Explain the state of a service"},
    {"check", RunCheck, "Check what a cluster needs before it is started"},
    {"config", RunConfig, "Write, show or check cluster.toml"},
    {"supervise", RunSupervise, nullptr},
    {"probe-connect", RunProbeConnect, nullptr},
    {"diffit", RunDiffit, "The command lines of loum/diffit"},
    {"version", RunVersion, "Print the version"},
    {"help", RunHelp, "Explain a verb"},
};

std::string ShortHelp() {
  std::string out =
      "tinderbox: everything needed to strike a Spark.\n\n"
      "Usage: tinderbox VERB [options]\n\n";
  for (const Verb& verb : kVerbs) {
    if (verb.what != nullptr) out += fmt::format("  {:<9} {}\n", verb.name, verb.what);
  }
  out +=
      "\nFor example:\n"
      "  tinderbox diff before.csv after.csv --key id\n"
      "  tinderbox diff old/ new/ --key id --report changes.html\n"
      "  tinderbox sql \"SELECT count(*) FROM parquet.`flights.parquet`\"\n"
      "  tinderbox run etl.py\n"
      "\nEvery verb has its own --help.\n";
  return out;
}

const Verb* FindVerb(const std::string& name) {
  const auto* found =
      std::find_if(std::begin(kVerbs), std::end(kVerbs), [&](const Verb& verb) { return name == verb.name; });
  return found == std::end(kVerbs) ? nullptr : found;
}

std::vector<std::string> VerbNames() {
  std::vector<std::string> names;
  for (const Verb& verb : kVerbs) names.emplace_back(verb.name);
  return names;
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
  if (verb == nullptr)
    throw UsageError("", fmt::format("There is no verb \"{}\".{}", word, DidYouMean(word, VerbNames())));
  return verb->run(rest);
}

int Interruption() {
  PrintFailure("Interrupted; no output was written.", "");
  return kInterrupted;
}

}  // namespace

int RunHelp(const Arguments& arguments) {
  if (arguments.empty()) {
    WriteOut(ShortHelp());
    return kSame;
  }
  const Verb* verb = FindVerb(arguments[0]);
  if (verb == nullptr)
    throw UsageError("",
                     fmt::format("There is no verb \"{}\".{}", arguments[0], DidYouMean(arguments[0], VerbNames())));
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
