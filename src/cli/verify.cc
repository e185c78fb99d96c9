#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "base/interrupt.h"
#include "base/temp_dir.h"
#include "cli/child.h"
#include "cli/console.h"
#include "cli/inputs.h"
#include "cli/python_startup.h"
#include "cli/remote_flags.h"
#include "cli/verbs.h"
#include "cli/words.h"
#include "cluster/spawn.h"
#include "connect/uuid.h"
#include "diff/report.h"
#include "tinderbox/session.h"
#include "verify/report.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLastLines = 20;

struct VerifyFlags {
  RemoteFlags remote;
  std::string python = "python3";
  std::vector<std::string> keys, tolerances, ignored_columns, unordered, ignored, ignored_lines;
  bool line_order = false;
  std::string report, keep;
  bool json = false, quiet = false, verbose = false, overwrite = false;
  ResourceFlags resources;
  std::vector<std::string> words;  ///< the script and its arguments
};

verify::Allowed ToAllowed(const VerifyFlags& flags) {
  verify::Allowed out;
  out.line_order = flags.line_order;
  out.paths = flags.ignored;
  for (const std::string& text : flags.ignored_lines) {
    try {
      out.lines.emplace_back(text);
    } catch (const std::regex_error& error) {
      throw UsageError("verify", fmt::format("--ignore-line \"{}\" is no regular expression: {}.", text, error.what()));
    }
  }
  const auto names = [](const char* option, const std::vector<std::string>& lists) {
    std::vector<std::string> all;
    for (const std::string& list : lists) {
      for (std::string& name : SplitNames(option, list)) all.push_back(std::move(name));
    }
    return all;
  };
  out.rows.key = names("--key", flags.keys);
  out.rows.ignore = names("--ignore-column", flags.ignored_columns);
  out.rows.unordered = names("--unordered", flags.unordered);
  for (const std::string& text : flags.tolerances) AddTolerance(text, &out.rows.tolerance);
  if (!out.rows.tolerance.empty() && out.rows.key.empty())
    throw UsageError("verify", "--tolerance needs --key: without it rows are compared whole.");
  return out;
}

/// One side: its folders, and how its script runs.
class Side {
 public:
  Side(std::string engine, const fs::path& work, const VerifyFlags& flags) : flags_(flags) {
    run_.engine = std::move(engine);
    run_.folder = work / run_.engine / "written";
    fs::create_directories(run_.folder / "files");
    fs::create_directories(run_.folder / "tables");
  }

  const fs::path& folder() const { return run_.folder; }

  /// Runs the script so that its tables go to a database of its own and its files to a folder of its own.
  verify::Run Execute(const std::string& database, const std::vector<std::string>& program,
                      std::map<std::string, std::string> variables) {
    const std::string files = run_.folder / "files";
    variables["TINDERBOX_OUT"] = files;
    variables["TINDERBOX_STATEMENTS"] =
        nlohmann::json(std::vector<std::string>{fmt::format("CREATE DATABASE IF NOT EXISTS {} LOCATION 'file:{}'",
                                                            database, (run_.folder / "tables").string()),
                                                fmt::format("USE {}", database)})
            .dump();
    ChildOptions child;
    child.environment = Environment(variables);
    child.hint = "Name the Python to use with --python.";
    std::vector<std::string> words = program;
    for (std::string word : flags_.words) {
      for (size_t at = 0; (at = word.find("{out}", at)) != std::string::npos; at += files.size())
        word.replace(at, std::string_view("{out}").size(), files);
      words.push_back(std::move(word));
    }
    if (!flags_.quiet) WriteError(fmt::format("Running {} on {}\n", flags_.words[0], run_.engine));
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::string> errors;
    run_.exit_code = RunPiped(words, child, [&](bool is_error, const std::string& line) {
      const std::lock_guard lock(mutex_);
      if (!is_error) {
        run_.printed += line + "\n";
      } else if (flags_.verbose) {
        WriteError(fmt::format("{} | {}\n", run_.engine, line));
      } else {
        errors.push_back(line);
        if (errors.size() > kLastLines) errors.erase(errors.begin());
      }
    });
    base::ThrowIfInterrupted();
    run_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (run_.exit_code != 0 && !flags_.quiet) {
      for (const std::string& line : errors) WriteError(fmt::format("{} | {}\n", run_.engine, line));
    }
    return run_;
  }

 private:
  static std::map<std::string, std::string> Environment(const std::map<std::string, std::string>& variables) {
    std::map<std::string, std::string> out = variables;
    out.merge(cluster::OwnEnvironment());
    if (!variables.contains("MASTER")) out.erase("MASTER");
    return out;
  }

  const VerifyFlags& flags_;
  verify::Run run_;
  std::mutex mutex_;
};

verify::Run RunEmbedded(const VerifyFlags& flags, const fs::path& work, const std::string& database) {
  Side side("embedded", work, flags);
  std::vector<std::string> program = {ProgramFile(), "run",         "--python",
                                      flags.python,  "--warehouse", work / "embedded" / "warehouse"};
  if (!flags.resources.memory.empty()) program.insert(program.end(), {"--memory", flags.resources.memory});
  if (!flags.resources.temp.empty()) program.insert(program.end(), {"--temp", flags.resources.temp});
  if (flags.resources.threads > 0)
    program.insert(program.end(), {"--threads", std::to_string(flags.resources.threads)});
  program.emplace_back("--");
  return side.Execute(database, program, {});
}

verify::Run RunRemote(const VerifyFlags& flags, const fs::path& work, const std::string& database,
                      const std::string& url) {
  Side side(flags.remote.on == "cluster" ? "cluster" : "remote", work, flags);
  const StartupFolder startup({});
  std::map<std::string, std::string> variables = {
      {"SPARK_REMOTE", url}, {"SPARK_CONNECT_MODE_ENABLED", "1"}, {"PYTHONPATH", startup.PythonPath()}};
  return side.Execute(database, {flags.python}, std::move(variables));
}

void WriteReport(const VerifyFlags& flags, const verify::Heading& heading, const verify::Run& left,
                 const verify::Run& right, const verify::Comparison& comparison) {
  const fs::path folder = flags.report;
  fs::create_directories(folder);
  for (const verify::Item& item : comparison.items) {
    if (!item.summary || item.same()) continue;
    diff::ReportHeading page;
    page.left = fmt::format("{} on {}", item.name, left.engine);
    page.right = fmt::format("{} on {}", item.name, right.engine);
    page.version = heading.version;
    page.created = heading.created;
    WriteFile(folder / verify::PageName(item), diff::RenderHtml(*item.summary, page, item.sample), flags.overwrite);
  }
  WriteFile(folder / "index.html", verify::RenderHtml(heading, left, right, comparison), flags.overwrite);
}

int Verify(const VerifyFlags& flags) {
  const verify::Allowed allowed = ToAllowed(flags);
  if (::access(flags.words[0].c_str(), R_OK) != 0)
    base::FailErrno("PATH_NOT_FOUND", errno, fmt::format("Cannot read \"{}\"", flags.words[0]));
  const std::string url = RemoteUrl(flags.remote);
  const Session remote(ConnectTo(url));  // fails before anything runs when nobody is there
  const base::TempDir scratch;
  fs::path work = scratch.path();
  if (!flags.keep.empty()) {
    work = fs::absolute(flags.keep);
    if (fs::exists(work) && !fs::is_empty(work))
      base::Fail("PATH_ALREADY_EXISTS", "--keep {} is there already and not empty. Name another folder.", flags.keep);
    fs::create_directories(work);
  }
  const std::string database = "verify_" + connect::RandomHex(4);
  const verify::Run left = RunEmbedded(flags, work, database);
  const verify::Run right = RunRemote(flags, work, database, url);
  const Session session = OpenSession(flags.resources);
  const base::OnInterrupt stop([&session] { session.Interrupt(); });
  const verify::Comparison comparison = verify::Compare(session, left, right, allowed, [&](const std::string& name) {
    base::ThrowIfInterrupted();
    if (!flags.quiet) WriteError(fmt::format("Comparing {}\n", name));
  });
  // Its tables' files have been compared. With --keep they stay: their folder is not in the catalog's own place.
  if (flags.keep.empty()) remote.Sql(fmt::format("DROP DATABASE IF EXISTS {} CASCADE", database));
  verify::Heading heading;
  for (const std::string& word : flags.words) heading.script += (heading.script.empty() ? "" : " ") + word;
  heading.version = Version();
  heading.created = fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(std::time(nullptr)));
  if (!flags.report.empty()) WriteReport(flags, heading, left, right, comparison);
  const Console console = Console::Inspect();
  if (flags.json) {
    WriteOut(verify::RenderJson(heading, left, right, comparison));
  } else if (!flags.quiet) {
    std::string text = verify::RenderText(heading, left, right, comparison, console.out_terminal && !console.no_color);
    if (!flags.report.empty()) text += fmt::format("\nReport written to {}/index.html\n", flags.report);
    if (!flags.keep.empty()) text += fmt::format("What both wrote is in {}\n", flags.keep);
    WriteOut(text);
  }
  return comparison.same(left, right) ? kSame : kDifferent;
}

}  // namespace

int RunVerify(const Arguments& arguments) {
  VerifyFlags flags;
  CLI::App app(
      "Runs a PySpark script on the embedded engine and on a real Spark cluster, unchanged, and compares all that it "
      "wrote and printed: the proof that moving from one to the other changes nothing.");
  AddRemoteFlags(&app, &flags.remote);
  app.add_option("--python", flags.python, "The Python to use; default: python3")->type_name("PROGRAM")->group("Runs");
  AddRepeated(&app, "--key", &flags.keys, "Pair rows by these columns, in data sets that have them")
      ->type_name("COLUMNS")
      ->group("Differences that are meant");
  AddRepeated(&app, "--tolerance", &flags.tolerances, "As in tinderbox diff: price=0.01, 1%")
      ->type_name("TOLERANCE")
      ->group("Differences that are meant");
  AddRepeated(&app, "--ignore-column", &flags.ignored_columns, "Columns that are not compared")
      ->type_name("COLUMNS")
      ->group("Differences that are meant");
  AddRepeated(&app, "--unordered", &flags.unordered, "Array columns whose order does not matter")
      ->type_name("COLUMNS")
      ->group("Differences that are meant");
  AddRepeated(&app, "--ignore", &flags.ignored, "Outputs that are not compared: files/log*, tables/tmp_*")
      ->type_name("PATTERN")
      ->group("Differences that are meant");
  AddRepeated(&app, "--ignore-line", &flags.ignored_lines, "Printed lines that match do not count")
      ->type_name("REGEX")
      ->group("Differences that are meant");
  app.add_flag("--line-order", flags.line_order, "Printed lines may come in another order")
      ->group("Differences that are meant");
  app.add_option("--report", flags.report, "Write an HTML report into this folder")
      ->type_name("FOLDER")
      ->group("Output");
  app.add_flag("--overwrite", flags.overwrite, "Replace files of an earlier report")->group("Output");
  app.add_option("--keep", flags.keep, "Keep what both runs wrote in this new folder")
      ->type_name("FOLDER")
      ->group("Output");
  app.add_flag("--json", flags.json, "Print one JSON document")->group("Output");
  app.add_flag("-q,--quiet", flags.quiet, "Print nothing; the exit code tells")->group("Output");
  app.add_flag("-v,--verbose", flags.verbose, "Show what the script writes to standard error")->group("Output");
  AddResourceFlags(&app, &flags.resources);
  app.add_option("SCRIPT", flags.words, "The script and its arguments; {out} in one becomes each run's own folder")
      ->required();
  app.prefix_command();
  app.footer(
      "Tables go to a database of the run's own, and files to the folder that {out} and the variable TINDERBOX_OUT "
      "name;\n"
      "what the script writes elsewhere is not seen. Rows are compared whatever their order and number of files.\n"
      "\n"
      "For example:\n"
      "  tinderbox verify etl.py --input data --output {out}\n"
      "  tinderbox verify --key id --tolerance 1e-9 --report proof etl.py\n"
      "  tinderbox verify --on sc://spark.example:15002 --ignore-line 'took [0-9.]+ s' etl.py\n"
      "\n"
      "Exit code: 0 the same, 1 different, 2 one of the runs could not be made\n");
  if (!ParseFlags(&app, "verify", arguments)) return kSame;
  if (!flags.remote.given()) flags.remote.on = "cluster";
  return Verify(flags);
}

}  // namespace tinderbox::cli
