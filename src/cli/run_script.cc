#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <future>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/fail.h"
#include "cli/child.h"
#include "cli/console.h"
#include "cli/python_startup.h"
#include "cli/run_script.h"
#include "cli/verbs.h"
#include "connect/connection.h"
#include "connect/uuid.h"

namespace tinderbox::cli {
namespace {

constexpr size_t kTokenBytes = 32;
constexpr const char* kPythonHint = "Name the Python to use with --python.";

void CheckPython(const std::string& python) {
  ChildOptions options;
  options.quiet = true;
  options.hint = kPythonHint;
  const int missing =
      RunChild({python, "-c",
                "import importlib.util as u, sys\n"
                "sys.exit(any(u.find_spec(m) is None for m in ('pyspark', 'grpc', 'pandas', 'pyarrow')))"},
               options);
  if (missing != 0) {
    base::Fail("TINDERBOX_PYTHON",
               "PySpark's client is not installed for {}. Install it: {} -m pip install pyspark-client 'pandas<3'",
               python, python);
  }
}

/// The place of the script among the arguments: behind our own options, each of which takes a value.
size_t FindScript(const Arguments& arguments) {
  size_t at = 0;
  while (at < arguments.size() && arguments[at].starts_with("-")) {
    const std::string& word = arguments[at];
    if (word == "--") return at + 1;
    at += word == "-h" || word == "--help" || word.find('=') != std::string::npos ? 1 : 2;
  }
  return at;
}

}  // namespace

int RunOnEngine(const EngineScript& script) {
  const std::string& file = script.words[0];
  if (::access(file.c_str(), R_OK) != 0)
    base::FailErrno("PATH_NOT_FOUND", errno, fmt::format("Cannot read \"{}\"", file));

  auto checked = std::async(std::launch::async, [&] { CheckPython(script.python); });
  connect::ServerOptions options;
  options.port = 0;
  options.service.token = connect::RandomHex(kTokenBytes);
  const std::string upstream = script.remote.given() ? RemoteUrl(script.remote) : "";
  const auto cache = OpenCache(script.cache, script.remote.cluster, upstream);
  const StartingEngine engine = script.remote.given() ? StartingEngine() : StartEngine(script.engine);
  std::optional<connect::Server> server;
  if (!script.remote.given()) {
    server.emplace(options, WithCache(MakeSessions(engine), cache));
    engine.get();
  } else if (cache != nullptr) {
    server.emplace(options, WithCache(RemoteSessions(upstream), cache));
  } else {
    server.emplace(options, connect::ParseConnection(upstream));
  }
  checked.get();

  // The engine runs the script's Python functions, which its own interpreter has pickled.
  ::setenv("PYSPARK_PYTHON", script.python.c_str(), 1);
  // PySpark's client sends a token without TLS to this name alone.
  ::setenv("SPARK_REMOTE", fmt::format("sc://localhost:{}", server->port()).c_str(), 1);
  ::setenv("SPARK_CONNECT_AUTHENTICATE_TOKEN", options.service.token.c_str(), 1);
  ::setenv("SPARK_CONNECT_MODE_ENABLED", "1", 1);
  ::unsetenv("MASTER");  // with it PySpark refuses SPARK_REMOTE
  if (!script.settings.empty()) ::setenv("TINDERBOX_SETTINGS", nlohmann::json(script.settings).dump().c_str(), 1);
  const StartupFolder startup(script.modules);
  ::setenv("PYTHONPATH", startup.PythonPath().c_str(), 1);
  std::vector<std::string> words = {script.python};
  words.insert(words.end(), script.words.begin(), script.words.end());
  ChildOptions child;
  child.hint = kPythonHint;
  return RunChild(words, child);
}

int RunScript(const Arguments& arguments) {
  EngineScript script;
  CLI::App app(
      "Runs a PySpark script on an engine of its own, in place of python. SparkSession.builder.getOrCreate() finds the "
      "engine; nothing has to be changed in the script, and no JVM is needed. With --on it runs on a cluster.");
  app.add_option("--python", script.python, "The Python to use; default: python3")
      ->type_name("PROGRAM")
      ->group("Script");
  AddRemoteFlags(&app, &script.remote);
  AddEngineFlags(&app, &script.engine);
  AddCacheFlags(&app, &script.cache);
  app.footer(
      "The script and its own arguments follow the options: tinderbox run [options] SCRIPT [ARGUMENT...]\n"
      "A master that the script names itself, as in .master(\"local[*]\"), gives way to the engine.\n"
      "\n"
      "For example:\n"
      "  tinderbox run etl.py --date 2026-11-21\n"
      "  tinderbox run --memory 4GiB --python .venv/bin/python etl.py\n"
      "  tinderbox run --on cluster --cache 1h report.py\n"
      "\n"
      "Exit code: the script's, 128 and the signal's number when a signal ended it, or 2 when it could not start\n");
  const size_t at = std::min(FindScript(arguments), arguments.size());
  const auto middle = arguments.begin() + static_cast<std::ptrdiff_t>(at);
  Arguments own(arguments.begin(), middle);
  if (!own.empty() && own.back() == "--") own.pop_back();
  if (!ParseFlags(&app, "run", own)) return kSame;
  if (middle == arguments.end()) throw UsageError("run", "Which script shall run? tinderbox run SCRIPT [ARGUMENT...]");
  script.words.assign(middle, arguments.end());
  if (script.remote.given()) RefuseEngine(script.engine);
  return RunOnEngine(script);
}

}  // namespace tinderbox::cli
