#include "cli/doctor_checks.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include "cli/child.h"
#include "cli/cluster_flags.h"
#include "cluster/layout.h"
#include "cluster/provision.h"
#include "cluster/units.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;
using cluster::kMiB;

constexpr int64_t kGiB = 1024 * kMiB;
/// Measured, rounded up: master, history server, gateway and one worker; and the Connect server with its executor.
constexpr int64_t kSmallestCluster = 2 * kGiB;
constexpr int64_t kUsualCluster = 4 * kGiB;
constexpr int64_t kLeastDisk = 2 * kGiB;  // for logs and shuffles, and for an installation of Spark
constexpr int64_t kGoodDisk = 10 * kGiB;
constexpr int64_t kGoodFiles = 4096;
constexpr int64_t kGoodProcesses = 4096;

std::string InGigabytes(int64_t bytes) {
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / static_cast<double>(kGiB));
}

/// What a check throws is what is wrong.
Diagnosis Look(const std::string& what, const std::function<Diagnosis()>& check) {
  try {
    Diagnosis diagnosis = check();
    diagnosis.what = what;
    return diagnosis;
  } catch (const Error& error) {
    return {what, Health::kFail, error.what(), ""};
  } catch (const fs::filesystem_error& error) {
    return {what, Health::kFail, error.what(), ""};
  }
}

struct Output {
  int code = kProgramMissing;
  std::vector<std::string> lines;
};
/// What a program says within ten seconds.
Output Ask(std::vector<std::string> command) {
  command.insert(command.begin(), {"timeout", "10"});
  Output output;
  try {
    output.code = RunPiped(command, {}, [&](bool is_error, const std::string& line) {
      if (!is_error) output.lines.push_back(line);
    });
  } catch (const Error&) {
    output.code = kProgramMissing;
  }
  return output;
}

Diagnosis Java(const std::string& home) {
  const cluster::Java java = cluster::FindJava(home);
  return {"", Health::kOk, java.version == 0 ? java.home : fmt::format("Java {} at {}", java.version, java.home), ""};
}

Diagnosis Spark(const cluster::Directories& directories, const Programs& programs) {
  if (!programs.spark_home.empty()) {
    cluster::CheckSparkHome(programs.spark_home);
    return {"", Health::kOk, programs.spark_home, ""};
  }
  const bool there = fs::exists(cluster::SparkFolder(directories.cache));
  const std::vector<std::string> wrong = cluster::CheckCache(directories.cache);
  if (!wrong.empty())
    return {"", Health::kFail, fmt::format("{}", fmt::join(wrong, "; ")),
            "`tinderbox cleanup --cache` removes it, and the next `tinderbox up` installs it anew."};
  return {"", Health::kOk,
          there ? fmt::format("{} in {}, whole", cluster::kSparkVersion, (directories.cache / "dist").string())
                : fmt::format("{} is installed from PyPI on first use (500 MB)", cluster::kSparkVersion),
          ""};
}

Diagnosis Python(const std::string& python) {
  const Output output = Ask({python, "-c",
                             "import sys, importlib.util as u, importlib.metadata as m\n"
                             "print('.'.join(map(str, sys.version_info[:3])))\n"
                             "print(bool(u.find_spec('pip')))\n"
                             "for name in ('pyspark', 'pyspark-client'):\n"
                             "    try: print(name, m.version(name))\n"
                             "    except m.PackageNotFoundError: pass\n"});
  if (output.code != 0 || output.lines.size() < 2)
    return {"", Health::kFail, fmt::format("{} cannot be run", python),
            "Install Python 3.10 or later (Debian: apt-get install python3), or set spark.python."};
  int major = 0, minor = 0;
  std::sscanf(output.lines[0].c_str(), "%d.%d", &major, &minor);
  std::string detail = fmt::format("{} is Python {}", python, output.lines[0]);
  if (std::pair(major, minor) < std::pair(3, 10))
    return {"", Health::kFail, detail, "PySpark 4.2 needs Python 3.10 or later: set spark.python to one."};
  std::string client;
  for (size_t i = 2; i < output.lines.size(); ++i) {
    detail += fmt::format(", {}", output.lines[i]);
    client = output.lines[i];
  }
  const std::string spark = cluster::kSparkVersion;
  if (output.lines[1] != "True")
    return {"", Health::kWarn, detail + ", without pip",
            "pip installs Spark on first use (Debian: apt-get install python3-pip); or set spark.home."};
  if (client.empty())
    return {"", Health::kOk,
            detail +
                "; without pyspark, which scripts for Spark Connect need (pip install "
                "pyspark-client)",
            ""};
  if (client.substr(client.rfind(' ') + 1).rfind(spark.substr(0, spark.rfind('.')), 0) != 0)
    return {"", Health::kWarn, detail,
            fmt::format("The cluster runs Spark {}: install the same of pyspark or pyspark-client.", spark)};
  return {"", Health::kOk, detail, ""};
}

/// The nearest folder above that exists.
fs::path Existing(fs::path folder) {
  while (!fs::exists(folder) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

Diagnosis Disk(const std::string& what, const fs::path& folder) {
  const fs::path there = Existing(folder);
  if (::access(there.c_str(), W_OK) != 0)
    return {"", Health::kFail, fmt::format("{} cannot be written", there.string()),
            "Give yourself the right to write there, or name another folder (XDG_STATE_HOME, XDG_CACHE_HOME)."};
  return JudgeSpace(what, folder, static_cast<int64_t>(fs::space(there).available));
}

/// Native libraries are unpacked to the temporary folder and run from there.
Diagnosis Temporary() {
  const fs::path folder = fs::temp_directory_path();
  Diagnosis diagnosis = Disk("temporary", folder);
  struct statvfs facts {};
  if (diagnosis.health == Health::kOk && ::statvfs(folder.c_str(), &facts) == 0 && (facts.f_flag & ST_NOEXEC) != 0)
    return {"", Health::kWarn, fmt::format("{} is mounted with noexec", folder.string()),
            "Java's native compression libraries are run from there: set spark_conf.spark.driver.defaultJavaOptions to "
            "-Djava.io.tmpdir=FOLDER, or mount it without noexec."};
  return diagnosis;
}

/// Port -> "master of default" for what our own clusters listen on.
std::map<int, std::string> OwnPorts(const cluster::Directories& directories) {
  std::map<int, std::string> ports;
  for (const cluster::ClusterFolder& folder : cluster::ListClusters(directories)) {
    const std::optional<cluster::State> state = folder.ReadState();
    if (!state) continue;
    for (const auto& [name, service] : state->services) {
      if (service.process.pid == 0 || cluster::IdentifyProcess(service.process.pid) != service.process) continue;
      for (const auto& [purpose, port] : service.running.ports)
        ports[port] = fmt::format("{} of the cluster {}", name, folder.name());
    }
  }
  return ports;
}

Diagnosis UsualPorts(const cluster::Directories& directories, const std::string& host) {
  constexpr std::pair<int, const char*> kUsual[] = {
      {7077, "master"}, {8080, "gateway"}, {15002, "connect"}, {18080, "history"}, {4040, "application"}};
  const std::map<int, std::string> own = OwnPorts(directories);
  std::vector<std::string> free, ours, taken;
  for (const auto& [port, use] : kUsual) {
    if (const auto mine = own.find(port); mine != own.end()) {
      ours.push_back(fmt::format("{} by {}", port, mine->second));
    } else if (const std::optional<cluster::PortOwner> owner = cluster::FindPortOwner(host, port)) {
      taken.push_back(
          fmt::format("{} ({}) by {}", port, use,
                      owner->pid == 0 ? "another user's process" : fmt::format("{}, pid {}", owner->name, owner->pid)));
    } else {
      free.push_back(fmt::format("{}", port));
    }
  }
  std::vector<std::string> parts;
  if (!free.empty()) parts.push_back(fmt::format("free: {}", fmt::join(free, ", ")));
  if (!ours.empty()) parts.push_back(fmt::format("held: {}", fmt::join(ours, ", ")));
  if (!taken.empty()) parts.push_back(fmt::format("taken: {}", fmt::join(taken, ", ")));
  if (taken.empty()) return {"", Health::kOk, fmt::format("{}", fmt::join(parts, "; ")), ""};
  return {"", Health::kWarn, fmt::format("{}", fmt::join(parts, "; ")),
          "A cluster takes other free ports in their place; `tinderbox info` says which."};
}

Limits ReadLimits() {
  const auto hard = [](auto resource) {
    rlimit limit{};
    if (::getrlimit(resource, &limit) != 0 || limit.rlim_max == RLIM_INFINITY) return int64_t{-1};
    return static_cast<int64_t>(limit.rlim_max);
  };
  // Java raises the soft limit of open files to the hard one by itself.
  return {hard(RLIMIT_NOFILE), hard(RLIMIT_NPROC), hard(RLIMIT_AS)};
}

using Addresses = std::vector<std::string>;
/// The addresses of a name, and how long the answer took in milliseconds.
std::pair<Addresses, int64_t> Resolve(const std::string& name) {
  const auto begin = std::chrono::steady_clock::now();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  Addresses addresses;
  if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) == 0) {
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
      char text[NI_MAXHOST];
      if (::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
        addresses.emplace_back(text);
    }
    ::freeaddrinfo(found);
  }
  const auto took = std::chrono::steady_clock::now() - begin;
  return {addresses, std::chrono::duration_cast<std::chrono::milliseconds>(took).count()};
}

Diagnosis HostName() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  const auto [addresses, took] = Resolve(name);
  if (addresses.empty())
    return {"", Health::kWarn, fmt::format("\"{}\" does not resolve", name),
            fmt::format("Services use network.host and start all the same, but every Java program is slower: add "
                        "\"127.0.1.1 {}\" to /etc/hosts.",
                        name)};
  const std::string detail =
      fmt::format("{} is {}", name, fmt::join(std::set(addresses.begin(), addresses.end()), ", "));
  if (took > 1000)
    return {"", Health::kWarn, fmt::format("{}; it took {} ms to find out", detail, took),
            fmt::format("Every Java program waits for that: add \"127.0.1.1 {}\" to /etc/hosts.", name)};
  return {"", Health::kOk, detail, ""};
}

/// A connection to the address that services bind, and what localhost means.
Diagnosis Loopback(const std::string& host) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1) {
    socklen_t size = sizeof address;
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    const bool works = ::bind(listener, plain, size) == 0 && ::listen(listener, 1) == 0 &&
                       ::getsockname(listener, plain, &size) == 0 && ::connect(client, plain, size) == 0;
    const int error = errno;
    ::close(listener);
    ::close(client);
    if (!works)
      return {"", Health::kFail, fmt::format("a connection to {} failed: {}", host, std::strerror(error)),
              "Services talk to each other over this address: bring the interface up (ip link set lo up), or set "
              "network.host to an address of this machine."};
  }
  const Addresses local = Resolve("localhost").first;
  for (const std::string& one : local) {
    if (one != "::1" && one.rfind("127.", 0) != 0)
      return {"", Health::kWarn, fmt::format("localhost is {}, another machine", one), "Correct /etc/hosts."};
  }
  if (local.empty())
    return {"", Health::kWarn, "localhost does not resolve", "Add \"127.0.0.1 localhost\" to /etc/hosts."};
  return {"", Health::kOk, fmt::format("{} answers", host), ""};
}

Diagnosis Clock() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  char text[64];
  std::strftime(text, sizeof text, "%F %T %Z", &parts);
  constexpr int kYearOfThisProgram = 2026;
  if (parts.tm_year + 1900 < kYearOfThisProgram)
    return {"", Health::kFail, text, "The clock is wrong: downloads are refused and logs are out of order. Set it."};
  timex clock{};
  const bool synchronised = ::adjtimex(&clock) != TIME_ERROR;
  return {"", Health::kOk, fmt::format("{}{}", text, synchronised ? "" : ", not synchronised"), ""};
}

Diagnosis Docker() {
  const Output output = Ask({"docker", "version", "--format", "{{.Server.Version}}"});
  if (output.code == kProgramMissing) return {"", Health::kOk, "not there, and not needed", ""};
  if (output.code != 0 || output.lines.empty()) return {"", Health::kOk, "there, without a daemon; not needed", ""};
  return {"", Health::kOk, fmt::format("{}; not needed", output.lines[0]), ""};
}

Diagnosis Memory() {
  const cluster::MachineFacts facts = cluster::InspectMachine();
  cluster::ClusterSpec usual = cluster::ToSpec(cluster::ReadConfig(cluster::ConfigSources{}));
  return JudgeMemory(facts, cluster::WorkerCount(usual, facts));
}

Diagnosis Cores() {
  const cluster::MachineFacts facts = cluster::InspectMachine();
  std::ifstream group("/sys/fs/cgroup/cpu.max");
  double quota = 0, period = 0;
  if (group >> quota >> period && period > 0 && quota / period + 0.01 < static_cast<double>(facts.cores))
    return {"", Health::kWarn, fmt::format("{}, of which the control group allows {:.1f}", facts.cores, quota / period),
            fmt::format("Set worker.count to {}, so that workers do not wait for each other.",
                        std::max(1, static_cast<int>(quota / period)))};
  return {"", Health::kOk, fmt::format("{}", facts.cores), ""};
}

}  // namespace

std::string_view HealthName(Health health) {
  return health == Health::kOk ? "ok" : health == Health::kWarn ? "warn" : "fail";
}

Diagnosis JudgeMemory(const cluster::MachineFacts& facts, int64_t workers) {
  std::string detail = fmt::format("{} of {} free", InGigabytes(facts.memory_free), InGigabytes(facts.memory_total));
  if (facts.memory_limit != 0) detail += fmt::format(", the control group allows {}", InGigabytes(facts.memory_limit));
  detail += fmt::format("; room for {} {} of the usual size", workers, workers == 1 ? "worker" : "workers");
  const bool limited = facts.memory_limit != 0;
  const char* more = limited ? "Give the container more memory" : "End other programs";
  if (facts.memory_free < kSmallestCluster)
    return {"memory", Health::kFail, detail, fmt::format("Even the smallest cluster needs 2 GiB. {}.", more)};
  if (facts.memory_free < kUsualCluster)
    return {"memory", Health::kWarn, detail,
            fmt::format("The usual cluster with Spark Connect wants 4 GiB. {}, or start with `tinderbox up --workers 1 "
                        "--set connect.enabled=false`.",
                        more)};
  return {"memory", Health::kOk, detail, ""};
}

Diagnosis JudgeSpace(const std::string& what, const std::string& folder, int64_t available) {
  const std::string detail = fmt::format("{} free for {}", InGigabytes(available), folder);
  if (available < kLeastDisk)
    return {what, Health::kFail, detail,
            fmt::format("{} are needed. Make room; `tinderbox cleanup --all --dry-run` names what clusters have left.",
                        InGigabytes(kLeastDisk))};
  if (available < kGoodDisk)
    return {what, Health::kWarn, detail, "Shuffles and logs of large jobs take more than 10 GiB."};
  return {what, Health::kOk, detail, ""};
}

Diagnosis JudgeLimits(const Limits& limits) {
  const auto show = [](int64_t limit) { return limit < 0 ? std::string("unlimited") : fmt::format("{}", limit); };
  const std::string detail = fmt::format("open files {}, processes {}", show(limits.files), show(limits.processes));
  if (limits.address_space >= 0)
    return {"limits", Health::kFail, fmt::format("{}, address space {}", detail, InGigabytes(limits.address_space)),
            "Java reserves far more addresses than it uses memory: ulimit -v unlimited."};
  if (limits.files >= 0 && limits.files < kGoodFiles)
    return {"limits", Health::kWarn, detail, fmt::format("Shuffles open many files: ulimit -Hn {}.", 16 * kGoodFiles)};
  if (limits.processes >= 0 && limits.processes < kGoodProcesses)
    return {"limits", Health::kWarn, detail,
            fmt::format("Every worker and executor has about a hundred threads: ulimit -Hu {}.", 8 * kGoodProcesses)};
  return {"limits", Health::kOk, detail, ""};
}

std::vector<Diagnosis> Examine(const cluster::Directories& directories, const Programs& programs) {
  return {
      Look("java", [&] { return Java(programs.java_home); }),
      Look("python", [&] { return Python(programs.python); }),
      Look("spark", [&] { return Spark(directories, programs); }),
      Look("cores", Cores),
      Look("memory", Memory),
      Look("disk", [&] { return Disk("disk", directories.state); }),
      Look("cache", [&] { return Disk("cache", directories.cache); }),
      Look("temporary", Temporary),
      Look("limits", [] { return JudgeLimits(ReadLimits()); }),
      Look("ports", [&] { return UsualPorts(directories, programs.host); }),
      Look("host name", HostName),
      Look("loopback", [&] { return Loopback(programs.host); }),
      Look("clock", Clock),
      Look("docker", Docker),
  };
}

}  // namespace tinderbox::cli
