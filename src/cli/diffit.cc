#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/interrupt.h"
#include "cli/console.h"
#include "cli/detach.h"
#include "cli/diffit_commands.h"
#include "cli/flags.h"
#include "cli/inputs.h"
#include "cli/submit_flags.h"
#include "cli/verbs.h"
#include "cli/words.h"

namespace tinderbox::cli {
namespace {

// The sample schema that diffit brought along and lists.
constexpr const char* kDummy = "col01 INT, col02 STRING, col03 STRING";

constexpr const char* kHelp = R"text(Row-level differences with the command lines of loum/diffit, all generations.

Usage: tinderbox diffit COMMAND [options]      (or through a link named diffit)

Commands:
  row csv SCHEMA LEFT RIGHT       differing rows of CSV data
  row parquet LEFT RIGHT          differing rows of Parquet data
      -o, --output, --parquet-path DIR   write Parquet there (overwrites);
                                         default: $OUTPUT_PATH, else print
      -s, --csv-separator SEP            default: ,
      -E, --csv-header                   the first record has the names
      -J, --json-schema  -l, --left  -r, --right   instead of positionals
      -a, --add COL   -d, --drop COL     compare these; leave these out
      --range, --range-column COL  -L, --lower N  -U, --upper N
                                         only rows in this range (inclusive)
      -F, --force-range                  also when the column is text
      --on yarn                          as a job on YARN of the cluster that
                                         runs; NUM_EXECUTORS, EXECUTOR_CORES,
                                         EXECUTOR_MEMORY and DRIVER_MEMORY size it
      --detach, --no-wait                with it: print the job's id and return
      --on cluster|sc://HOST:PORT        on its Spark Connect server, or another
      --name CLUSTER                     which cluster; default: default
      --compat                           compare as sets, columns by alphabet
      --distinguish-empty                "" differs from an empty field
  analyse distinct|altered [KEY] DIR     rows whose key is on one side | both
      -k, --key COL   -O, -R left|right  -D descending  -C counts only
      -H, --hits N [20]                  and the range options
  columns diff -k COL -V VALUE DIR       left values of what differs, as JSON
  convert csv OUT -J SCHEMA -C DATA      CSV to Parquet (overwrites)
      -s  -E  -Z, --compression-type CODEC [snappy]
  schema list                            schemas that have a name

Every command: -M, --driver-memory SIZE, --threads N, --temp DIR, --quiet.
Without a command, CMD has it: CMD="row csv …" tinderbox diffit --on yarn.
-r is the right source when no right positional is given, else the range
column.

Example:
  tinderbox diffit row csv --output file:///tmp/out --csv-separator ';' \
      schema.json file:///tmp/left file:///tmp/right

Exit codes: 0 done, whether or not rows differ; 1 failed; 2 wrong usage
)text";

int RunCommand(const DiffitLine& line) {
  if (line.command == "row") return DiffitRow(line);
  if (line.command == "analyse") return DiffitAnalyse(line);
  if (line.command == "columns") return DiffitColumns(line);
  if (line.command == "convert") return DiffitConvert(line);
  return DiffitSchema(line);
}

/// What the seed's container was given in CMD, before the words of the command line when these have no command.
Arguments WithCommandVariable(const Arguments& arguments) {
  const char* command = std::getenv("CMD");
  const bool given = std::any_of(arguments.begin(), arguments.end(), [](const std::string& word) {
    return word == "-h" || word == "--help" || IsDiffitCommand(word);
  });
  if (command == nullptr || given) return arguments;
  Arguments words = SplitWords("CMD", command);
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

}  // namespace

int RunDiffit(const Arguments& arguments) {
  if (CommandFacts* facts = AskedForFacts()) {
    *facts = DiffitFacts();
    return 0;
  }
  const DiffitLine line = ParseDiffitLine(WithCommandVariable(arguments));
  if (line.Has("help") || line.command.empty()) {
    WriteOut(kHelp);
    return line.Has("help") || arguments.empty() ? 0 : 2;
  }
  try {
    if (line.Has("detach") && !IsDetached()) {
      if (line.Last("on").value_or("") != "yarn")
        throw UsageError("diffit row", "--detach leaves a job to YARN; it goes with --on yarn.");
      Arguments words = arguments;
      words.insert(words.begin(), "diffit");
      return RunDetached(words);
    }
    return RunCommand(line);
  } catch (const UsageError&) {
    throw;
  } catch (const Interrupted&) {
    throw;
  } catch (const Error& error) {
    if (base::InterruptRequested() || error.condition() == "TINDERBOX_USAGE") throw;
    PrintFailure(error.what(), error.condition());
    return 1;
  }
}

Session DiffitSession(const DiffitLine& line) {
  ResourceFlags resources;
  resources.memory = line.Last("memory").value_or("");
  resources.temp = line.Last("temp").value_or("");
  if (const auto threads = line.Last("threads"))
    resources.threads = static_cast<int>(ParseCount("--threads", *threads, 1));
  return OpenSession(resources);
}

StructType DiffitSchemaNamed(const std::string& name) {
  std::error_code error;
  if (name == "Dummy" && !std::filesystem::exists(name, error)) return StructType::FromDdl(kDummy);
  return ReadSchema(name);
}

std::map<std::string, std::string> DiffitCsvOptions(const DiffitLine& line) {
  return {{"sep", Unescape("--csv-separator", line.Last("separator").value_or(","))},
          {"header", line.Has("header") ? "true" : "false"},
          {"ignoreLeadingWhiteSpace", "true"},
          {"ignoreTrailingWhiteSpace", "true"},
          {"quote", "\""},
          {"escape", "\""},
          {"multiLine", "true"}};
}

int DiffitSchema(const DiffitLine& line) {
  if (line.words.size() != 1 || line.words[0] != "list")
    throw UsageError("diffit schema", "There is only: diffit schema list.");
  WriteOut("1. Dummy\n");
  return 0;
}

}  // namespace tinderbox::cli
