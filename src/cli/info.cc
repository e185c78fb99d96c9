#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "base/fail.h"
#include "cli/child.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/service_shell.h"
#include "cli/verbs.h"
#include "cli/words.h"
#include "cluster/machine.h"
#include "cluster/plan.h"
#include "cluster/supervisor.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

struct InfoFlags {
  ClusterName cluster;
  bool urls = false, env = false, json = false;
};

using Facts = std::vector<std::pair<std::string, std::string>>;

struct Info {
  std::string name, profile, state;
  Facts endpoints;  ///< for programs
  Facts pages;      ///< for people
  Facts folders;
  Facts versions;
  Facts connect;  ///< variables for PySpark's client
  Facts submit;   ///< variables for Spark's own programs
};

/// The version in the name of a jar: jars/spark-core_2.13-4.2.0.jar -> "4.2.0".
std::string JarVersion(const fs::path& spark_home, const std::string& prefix) {
  std::error_code error;
  for (fs::directory_iterator entry(spark_home / "jars", error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().stem();
    if (name.rfind(prefix, 0) == 0 && name.size() > prefix.size() && std::isdigit(name[prefix.size()]) != 0)
      return name.substr(prefix.size());
  }
  return "";
}

/// The version that a program tells of itself, or "".
std::string ToldVersion(const std::string& program, const std::string& word) {
  static const std::regex version("[0-9]+([.][0-9]+)+");
  std::string told;
  try {
    RunPiped({program, word}, {}, [&](bool is_error, const std::string& line) {
      std::smatch found;
      if (!is_error && told.empty() && std::regex_search(line, found, version)) told = found[0];
    });
  } catch (const Error&) {
    return "";
  }
  return told;
}

/// What a service beside Spark's runs: its name and version, as installed.
std::optional<std::pair<std::string, std::string>> ProgramOf(const cluster::Service& service) {
  // Some are prepared by this program, and follow two dashes.
  const auto dashes = std::find(service.command.begin(), service.command.end(), "--");
  const std::string& program = service.command.end() - dashes > 1 ? *(dashes + 1) : service.command.front();
  if (service.role == "gateway") return std::pair("traefik", ToldVersion(program, "version"));
  if (service.role == "postgres") return std::pair("postgresql", ToldVersion(program, "--version"));
  if (service.role == "redis") return std::pair("redis", ToldVersion(program, "--version"));
  if (service.role != "s3") return std::nullopt;
  if (fs::path(program).filename() != "minio") return std::pair("seaweedfs", ToldVersion(program, "version"));
  // Compiled from its source it knows none; its folder is named by that.
  const std::string folder = fs::path(program).parent_path().filename();
  return std::pair("minio", folder.substr(folder.find('-') + 1));
}

Facts VersionsOf(const cluster::Service& master) {
  Facts versions = {{"tinderbox", Version()}};
  const auto add = [&](const char* what, const std::string& version) {
    if (!version.empty()) versions.emplace_back(what, version);
  };
  const auto variable = [&](const char* name) {
    const auto found = master.environment.find(name);
    return found == master.environment.end() ? std::string() : found->second;
  };
  const fs::path spark = variable("SPARK_HOME");
  add("spark", JarVersion(spark, "spark-core_2.13-"));
  add("scala", JarVersion(spark, "scala-library-"));
  add("hadoop", JarVersion(spark, "hadoop-client-api-"));
  std::ifstream release(fs::path(variable("JAVA_HOME")) / "release");
  for (std::string line; std::getline(release, line);) {
    constexpr std::string_view kBegin = "JAVA_VERSION=\"";
    if (line.rfind(kBegin, 0) == 0) add("java", line.substr(kBegin.size(), line.rfind('"') - kBegin.size()));
  }
  return versions;
}

std::string StateOf(const cluster::ClusterFolder& folder, const cluster::Desired& desired) {
  const auto up = std::count_if(desired.services.begin(), desired.services.end(), [](const auto& w) { return w.up; });
  if (up == 0) return "down";
  if (!cluster::IsSupervised(folder)) return "not supervised";
  return cluster::Converged(desired, folder.ReadState()).done ? "ready" : "changing";
}

Info InfoOf(const cluster::ClusterFolder& folder) {
  const cluster::Desired desired = folder.ReadDesired().value_or(cluster::Desired{});
  Info info{folder.name(), "none", StateOf(folder, desired), {}, {}, {}, {}, {}, {}};
  if (const std::optional<cluster::Config> kept = KeptConfig(folder)) info.profile = ProfileOf(*kept);
  Facts programs;
  for (const cluster::Wanted& wanted : desired.services) {
    const cluster::Service& service = wanted.service;
    if (const auto program = ProgramOf(service); program && !program->second.empty()) programs.push_back(*program);
    if (service.role == "connect") {
      info.endpoints.emplace_back("connect", service.page);
      info.connect = {{"SPARK_REMOTE", service.page}};
    } else if (service.ports.contains("ui") && service.page.starts_with("http")) {
      info.pages.emplace_back(service.name, service.page);
    } else if (!service.page.empty()) {
      info.endpoints.emplace_back(service.name, service.page);
      for (const char* purpose : {"ui", "console"}) {
        if (service.ports.contains(purpose))
          info.pages.emplace_back(service.name,
                                  fmt::format("http://{}:{}/", service.ready.host, service.ports.at(purpose)));
      }
    }
    if (service.role != "master") continue;
    info.endpoints.emplace_back("master", MasterUrl(service));
    const std::map<std::string, std::string> environment = ServiceEnvironment(desired, service, folder.name());
    for (const char* name : {"SPARK_HOME", "JAVA_HOME", "SPARK_CONF_DIR", "SPARK_LOCAL_IP", "PYSPARK_PYTHON"}) {
      if (environment.contains(name)) info.submit.emplace_back(name, environment.at(name));
    }
    info.versions = VersionsOf(service);
  }
  if (const fs::path hadoop = folder.path() / "conf" / "hadoop"; !info.submit.empty() && fs::exists(hadoop)) {
    // By it the embedded engine reaches the cluster's HDFS and S3, too.
    for (Facts* facts : {&info.connect, &info.submit}) {
      if (!facts->empty()) facts->emplace_back("HADOOP_CONF_DIR", hadoop);
    }
  }
  if (info.versions.empty()) info.versions = {{"tinderbox", Version()}};
  info.versions.insert(info.versions.end(), programs.begin(), programs.end());
  info.folders.emplace_back("cluster", folder.path());
  constexpr std::pair<const char*, const char*> kFolders[] = {
      {"configuration", "conf"}, {"logs", "logs"}, {"workers", "work"}, {"history", "history"},
      {"tables", "warehouse"},   {"jobs", "jobs"}, {"data", "data"},    {"passwords", "secrets"}};
  for (const auto& [what, part] : kFolders) {
    if (fs::exists(folder.path() / part)) info.folders.emplace_back(what, folder.path() / part);
  }
  info.folders.emplace_back("downloads", UserDirectories().cache / "dist");
  return info;
}

std::string Lines(const std::string& heading, const Facts& facts) {
  if (facts.empty()) return "";
  std::string out = heading + "\n";
  for (const auto& [name, value] : facts) out += fmt::format("  {:<14} {}\n", name, value);
  return out;
}

std::string Exports(const Facts& variables) {
  std::string out;
  for (const auto& [name, value] : variables) out += fmt::format("export {}={}\n", name, ShellWord(value));
  return out;
}

/// For eval: with Spark Connect its client's variable, else those of Spark's programs. Spark refuses to have both.
std::string EnvText(const Info& info) {
  if (info.submit.empty())
    base::Fail("TINDERBOX_NO_SUCH", "The cluster {} is down and has no addresses. `tinderbox up` brings it up.",
               info.name);
  return info.connect.empty() ? Exports(info.submit) : Exports(info.connect);
}

std::string Text(const Info& info) {
  std::string out = fmt::format("{}: {}\n", info.name, info.state);
  if (info.profile != "none") out += fmt::format("profile: {}\n", info.profile);
  out += Lines("\nFor programs", info.endpoints) + Lines("\nPages", info.pages) + Lines("\nFolders", info.folders) +
         Lines("\nVersions", info.versions);
  if (!info.connect.empty())
    out += "\nFor scripts with PySpark's client (eval \"$(tinderbox info --env)\"):\n" + Exports(info.connect);
  if (!info.submit.empty()) out += "\nFor spark-submit and pyspark (or: tinderbox shell):\n" + Exports(info.submit);
  return out;
}

nlohmann::ordered_json ToJson(const Info& info) {
  nlohmann::ordered_json out = {
      {"version", 1}, {"cluster", info.name}, {"profile", info.profile}, {"state", info.state}};
  const std::pair<const char*, const Facts&> parts[] = {{"endpoints", info.endpoints}, {"pages", info.pages},
                                                        {"folders", info.folders},     {"versions", info.versions},
                                                        {"connect", info.connect},     {"submit", info.submit}};
  for (const auto& [part, facts] : parts) {
    out[part] = nlohmann::ordered_json::object();
    for (const auto& [name, value] : facts) out[part][name] = value;
  }
  return out;
}

int ShowInfo(const InfoFlags& flags) {
  const Info info = InfoOf(ExistingFolder(flags.cluster));
  if (flags.json) {
    WriteOut(ToJson(info).dump() + "\n");
  } else if (flags.env) {
    WriteOut(EnvText(info));
  } else if (flags.urls) {
    std::string out;
    for (const Facts& facts : {info.endpoints, info.pages}) {
      for (const auto& [name, value] : facts) out += fmt::format("{}\t{}\n", name, value);
    }
    WriteOut(out);
  } else {
    WriteOut(Text(info));
  }
  return kClusterOk;
}

}  // namespace

int RunInfo(const Arguments& arguments) {
  InfoFlags flags;
  CLI::App app(
      "Shows where a cluster is reached and where it keeps what: addresses for programs, pages, folders, versions, and "
      "the variables to export.");
  AddNameFlag(&app, &flags.cluster);
  app.add_flag("--urls", flags.urls, "Only the addresses, one a line: name, tab, address")->group("Output");
  app.add_flag("--env", flags.env, "Only export lines, to be read by a shell")->group("Output");
  app.add_flag("--json", flags.json, "As JSON")->group("Output");
  app.footer(
      "For example:\n"
      "  tinderbox info\n"
      "  eval \"$(tinderbox info --env)\"; python script.py\n\n" +
      ClusterExitHelp());
  if (!ParseFlags(&app, "info", arguments)) return kClusterOk;
  if (flags.urls + flags.env + flags.json > 1) throw UsageError("info", "Give one of --urls, --env and --json.");
  return RunClusterVerb("info", [&] { return ShowInfo(flags); });
}

}  // namespace tinderbox::cli
