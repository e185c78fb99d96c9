#include "cluster/preflight.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <netdb.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

#include "base/fail.h"
#include "cluster/jar.h"
#include "cluster/probe.h"
#include "cluster/spawn.h"
#include "cluster/units.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCondition = "TINDERBOX_PREREQUISITE";
constexpr int64_t kReachTimeout = 3000;
constexpr int kPythonTimeout = 20'000;
constexpr int kLeastPython = 10;  // minor version that Spark 4.2 takes

std::string Get(const std::map<std::string, std::string>& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? "" : found->second;
}

std::vector<std::string> SplitList(const std::string& list) {
  std::vector<std::string> parts;
  std::istringstream in(list);
  for (std::string part; std::getline(in, part, ',');) {
    const size_t first = part.find_first_not_of(' ');
    if (first != std::string::npos) parts.push_back(part.substr(first, part.find_last_not_of(' ') - first + 1));
  }
  return parts;
}

/// The path on this machine that a file's name or URI means; nullopt: it lies elsewhere.
std::optional<std::string> LocalPath(std::string uri) {
  for (const std::string_view scheme : {"file://", "file:", "local://", "local:"}) {
    if (uri.starts_with(scheme)) return uri.substr(scheme.size());
  }
  const size_t colon = uri.find(':');
  if (colon != std::string::npos && uri.find('/') == colon + 1) return std::nullopt;
  return uri;
}

/// A pattern with stars fits nothing, or a plain name has no file.
bool IsMissing(const std::string& path) {
  std::error_code error;
  if (fs::exists(path, error)) return false;
  glob_t found{};
  const bool none = ::glob(path.c_str(), GLOB_BRACE, nullptr, &found) != 0;
  ::globfree(&found);
  return none;
}

void CheckFile(const std::string& what, const std::string& uri) {
  const std::optional<std::string> path = LocalPath(uri);
  if (!path) return;
  std::error_code ignored;
  if (IsMissing(*path)) {
    const fs::path absolute = fs::absolute(*path, ignored);
    base::Fail("PATH_NOT_FOUND", "{} names {}, and there is no such file ({}).", what, uri, absolute.string());
  }
  if (::access(path->c_str(), R_OK) != 0 && fs::exists(*path, ignored))
    base::Fail("PATH_NOT_FOUND", "{} names {}, which this user may not read.", what, uri);
}

/// What the settings that list files name, and which of them it is.
std::vector<std::pair<const char*, std::string>> NamedFiles(const Settings& settings) {
  std::vector<std::pair<const char*, std::string>> files;
  for (const char* setting : {"spark.jars", "spark.submit.pyFiles", "spark.files", "spark.archives"}) {
    const bool renamed = setting == std::string_view("spark.files") || setting == std::string_view("spark.archives");
    for (const std::string& file : SplitList(Get(settings, setting)))
      files.emplace_back(setting, renamed ? file.substr(0, file.find('#')) : file);
  }
  return files;
}

// Scala's version as jars and packages have it in their names, and Spark's as some do: graph_2.13-1.0.jar,
// iceberg-spark-runtime-4.0_2.13, hudi-spark4.0-bundle_2.13.
constexpr const char* kScalaInName = "_(2[.]1[0-9]|3)(?=[-.:]|$)";
constexpr const char* kSparkInName = "spark-?(?:runtime-)?([0-9]+[.][0-9]+)[-_]";

/// What stands in the brackets of the form; "" without it.
std::string PartOf(const std::string& name, const char* form) {
  std::smatch found;
  return std::regex_search(name, found, std::regex(form)) ? found[1].str() : "";
}

/// The namespace of the network that a process sees; "" when we may not look.
std::string NetworkOf(const std::string& process) {
  std::error_code error;
  return fs::read_symlink(fmt::format("/proc/{}/ns/net", process), error);
}

struct Socket {
  int file = -1;
  ~Socket() {
    if (file >= 0) ::close(file);
  }
};

/// Listens; returns the errno.
int Listen(const std::string& host, int port, Socket* listener) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* addresses = nullptr;
  if (::getaddrinfo(host.c_str(), fmt::format("{}", port).c_str(), &hints, &addresses) != 0) return EADDRNOTAVAIL;
  listener->file = ::socket(addresses->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener->file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool listens = listener->file >= 0 && ::bind(listener->file, addresses->ai_addr, addresses->ai_addrlen) == 0 &&
                       ::listen(listener->file, 8) == 0;
  const int error = listens ? 0 : errno;
  ::freeaddrinfo(addresses);
  return error;
}

int PortOf(const Socket& listener) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  char port[16] = {};
  ::getsockname(listener.file, reinterpret_cast<sockaddr*>(&address), &size);
  ::getnameinfo(reinterpret_cast<sockaddr*>(&address), size, nullptr, 0, port, sizeof port, NI_NUMERICSERV);
  return std::atoi(port);
}

/// Connects from the network of the process; why not, or nullopt. A network that may not be entered is not tested.
std::optional<std::string> Reach(const std::string& host, int port, int pid, bool own_network) {
  std::optional<std::string> wrong;
  // The network is a thread's: this program keeps its own.
  std::thread([&] {
    if (!own_network) {
      const Socket network{::open(fmt::format("/proc/{}/ns/net", pid).c_str(), O_RDONLY | O_CLOEXEC)};
      if (network.file < 0 || ::setns(network.file, CLONE_NEWNET) != 0) return;
    }
    Probe probe;
    probe.host = host;
    probe.port = port;
    probe.timeout = kReachTimeout;
    wrong = RunProbe(probe);
  }).join();
  return wrong;
}

/// What a program writes on its standard output; nullopt when it cannot be run or fails.
std::optional<std::string> OutputOf(const std::vector<std::string>& command,
                                    const std::map<std::string, std::string>& environment) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return std::nullopt;
  const Socket read{pipe[0]};
  const Socket nothing{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  Process process;
  try {
    process = SpawnInSession(command, environment, fs::current_path(), {-1, pipe[1], nothing.file}, SIGKILL);
  } catch (const Error&) {
    ::close(pipe[1]);
    return std::nullopt;
  }
  ::close(pipe[1]);
  std::string out;
  pollfd waiting{read.file, POLLIN, 0};
  char buffer[1024];
  for (;;) {
    const int ready = ::poll(&waiting, 1, kPythonTimeout);
    if (ready < 0 && errno == EINTR) continue;
    const ssize_t got = ready > 0 ? ::read(read.file, buffer, sizeof buffer) : 0;
    if (got <= 0) {
      if (ready == 0) ::kill(-process.pid, SIGKILL);
      break;
    }
    out.append(buffer, static_cast<size_t>(got));
  }
  int status = 0;
  while (::waitpid(process.pid, &status, 0) < 0 && errno == EINTR) continue;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return out;
}

/// 11 of Python 3.11.
int MinorOf(const std::string& program, const std::string& who, const std::map<std::string, std::string>& environment) {
  // Found by the path of who runs it, which need not be ours.
  const std::optional<std::string> said =
      OutputOf({"/usr/bin/env", program, "-c", "import sys; print(*sys.version_info[:2])"}, environment);
  int major = 0, minor = 0;
  if (!said || std::sscanf(said->c_str(), "%d %d", &major, &minor) != 2) {
    base::Fail(kCondition,
               "{} would run the Python \"{}\", which cannot be run there. Set PYSPARK_PYTHON (and "
               "PYSPARK_DRIVER_PYTHON, if it is set) to one that can.",
               who, program);
  }
  if (major != 3 || minor < kLeastPython)
    base::Fail(kCondition, "{} would run Python {}.{} ({}), and Spark 4.2 needs 3.{} or later. Set PYSPARK_PYTHON.",
               who, major, minor, program, kLeastPython);
  return minor;
}

}  // namespace

void CheckFiles(const SubmitLine& line, const Settings& settings) {
  if (!line.application.empty()) {
    const std::string& file = line.application[0];
    const bool inner = file.starts_with("spark-") || file.ends_with("-shell") || file == "pyspark-shell-main";
    if (!inner) CheckFile("The command line", file);
  }
  for (const auto& [setting, file] : NamedFiles(settings)) CheckFile(setting, file);
}

std::vector<std::string> LocalFiles(const SubmitLine& line, const Settings& settings) {
  std::vector<std::string> files;
  const auto add = [&files](const std::string& name) {
    if (std::optional<std::string> path = LocalPath(name)) files.push_back(std::move(*path));
  };
  if (!line.application.empty()) add(line.application[0]);
  for (const auto& [setting, file] : NamedFiles(settings)) add(file);
  return files;
}

std::vector<std::string> CheckVersions(const SubmitLine& line, const Settings& settings,
                                       const std::string& spark_home) {
  std::string scala, spark;
  std::error_code error;
  for (fs::directory_iterator entry(fs::path(spark_home) / "jars", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (!name.starts_with("spark-core_")) continue;
    scala = PartOf(name, kScalaInName);
    spark = PartOf(name, "_[0-9.]+-([0-9]+[.][0-9]+)");
  }
  std::vector<std::string> notes;
  const auto check = [&](const std::string& where, const std::string& name) {
    const std::string for_scala = PartOf(name, kScalaInName), for_spark = PartOf(name, kSparkInName);
    if (!scala.empty() && !for_scala.empty() && for_scala != scala)
      base::Fail(
          "TINDERBOX_CONFIG",
          "{} names {}, which is made for Scala {}, and this Spark has Scala {}: it would end for want of classes "
          "or methods. Take the one with _{} in its name.",
          where, name, for_scala, scala, scala);
    if (!spark.empty() && !for_spark.empty() && for_spark != spark)
      notes.push_back(
          fmt::format("{} names {}, which is made for Spark {}, and this is Spark {}: it may end for want of "
                      "classes or methods.",
                      where, name, for_spark, spark));
  };
  if (!line.application.empty() && line.application[0].ends_with(".jar"))
    check("The command line", fs::path(line.application[0]).filename());
  for (const std::string& jar : SplitList(Get(settings, "spark.jars"))) check("spark.jars", fs::path(jar).filename());
  for (const std::string& package : SplitList(Get(settings, "spark.jars.packages")))
    check("spark.jars.packages", package);
  return notes;
}

void CheckMainClass(const SubmitLine& line, const Settings& settings, const std::string& spark_home) {
  const std::string main = line.Get("--class");
  if (main.empty() || line.application.empty() || !line.application[0].ends_with(".jar")) return;
  // What is fetched from elsewhere is not there yet to be looked into.
  if (!Get(settings, "spark.jars.packages").empty()) return;
  std::vector<std::string> jars = SplitList(Get(settings, "spark.jars"));
  jars.insert(jars.begin(), line.application[0]);
  for (std::istringstream path(Get(settings, "spark.driver.extraClassPath")); path.good();) {
    std::string part;
    if (std::getline(path, part, ':') && !part.empty()) jars.push_back(part);
  }
  std::set<std::string> known;
  for (const std::string& jar : jars) {
    const std::optional<std::string> path = LocalPath(jar);
    if (!path || !fs::is_regular_file(*path) || !path->ends_with(".jar")) return;
    const std::set<std::string> classes = ClassesIn(*path);
    if (classes.empty() || classes.contains(main)) return;
    known.insert(classes.begin(), classes.end());
  }
  std::error_code error;
  for (fs::directory_iterator entry(fs::path(spark_home) / "jars", error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".jar" && ClassesIn(entry->path()).contains(main)) return;
  }
  std::vector<std::string> candidates;
  std::copy_if(known.begin(), known.end(), std::back_inserter(candidates),
               [](const std::string& name) { return name.find('$') == std::string::npos; });
  // A name without its package is the usual slip.
  const std::string last = "." + main.substr(main.rfind('.') + 1);
  std::vector<std::string> same;
  std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(same),
               [&](const std::string& name) { return name.ends_with(last); });
  const std::string hint = same.empty() ? DidYouMean(main, candidates) : fmt::format(" Did you mean {}?", same[0]);
  base::Fail("TINDERBOX_CONFIG", "There is no class {} in {}, nor in --jars, the driver's class path or Spark.{}", main,
             line.application[0], hint);
}

void CheckDriverReachable(const DriverAddress& driver, const std::map<std::string, int>& workers) {
  Socket listener;
  int error = Listen(driver.bind, driver.port, &listener);
  if (error == EADDRINUSE) {  // Spark would take the next port
    ::close(std::exchange(listener.file, -1));
    error = Listen(driver.bind, 0, &listener);
  }
  if (error != 0)
    base::Fail(
        kCondition,
        "The driver cannot listen on {} (spark.driver.bindAddress): {}. Leave the setting out, or give an address "
        "of this machine.",
        driver.bind, std::strerror(error));
  const int port = PortOf(listener);
  const std::string mine = NetworkOf("self");
  std::set<std::string> tested;
  for (const auto& [name, pid] : workers) {
    const std::string network = NetworkOf(fmt::format("{}", pid));
    if (network.empty() || !tested.insert(network).second) continue;
    std::optional<std::string> wrong = Reach(driver.host, port, pid, network == mine);
    pollfd arrived{listener.file, POLLIN, 0};
    if (!wrong && ::poll(&arrived, 1, kReachTimeout) <= 0) wrong = "another machine answers there";
    if (wrong) {
      base::Fail(kCondition,
                 "{} cannot reach the driver at {} ({}): executors would start and end again, and the job would wait "
                 "without end. Leave spark.driver.host out, or set it to an address of this machine that workers can "
                 "connect to.",
                 name, driver.host, *wrong);
    }
    const Socket ended{::accept(listener.file, nullptr, nullptr)};
  }
}

Pythons PythonsOf(const Settings& settings, const std::map<std::string, std::string>& environment) {
  const auto first = [](std::initializer_list<std::string> values) {
    for (const std::string& value : values) {
      if (!value.empty()) return value;
    }
    return std::string("python3");
  };
  const std::string setting = Get(settings, "spark.pyspark.python"), variable = Get(environment, "PYSPARK_PYTHON");
  return {first({Get(settings, "spark.pyspark.driver.python"), setting, Get(environment, "PYSPARK_DRIVER_PYTHON"),
                 variable}),
          first({setting, variable})};
}

void CheckPythons(const Pythons& pythons, const std::map<std::string, std::string>& environment,
                  const std::map<std::string, std::string>& worker_environment) {
  const int driver = MinorOf(pythons.driver, "The driver", environment);
  const int worker = MinorOf(pythons.worker, "Workers", worker_environment.empty() ? environment : worker_environment);
  if (driver != worker) {
    base::Fail(
        kCondition,
        "The driver would run Python 3.{} ({}) and workers Python 3.{} ({}): PySpark refuses to run functions of "
        "one in the other. Set PYSPARK_PYTHON={} for both.",
        driver, pythons.driver, worker, pythons.worker, pythons.driver);
  }
}

std::map<std::string, std::string> EnvironmentOf(int pid) {
  std::map<std::string, std::string> environment;
  std::ifstream in(fmt::format("/proc/{}/environ", pid), std::ios::binary);
  for (std::string variable; std::getline(in, variable, '\0');) {
    const size_t equals = variable.find('=');
    if (equals != std::string::npos) environment[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  return environment;
}

}  // namespace tinderbox::cluster
