#include <fmt/format.h>

#include <filesystem>

#include "base/fail.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/verbs.h"
#include "cluster/machine.h"
#include "cluster/units.h"

namespace tinderbox::cli {
namespace {

struct CheckFlags {
  ClusterName cluster;
  ConfigFlags config;
  bool json = false;
};

struct Finding {
  std::string what;
  std::string said;
  int code = kClusterOk;
  bool advice = false;
};

/// What one check says; what it throws is its finding.
Finding Find(const std::string& what, const std::function<std::string()>& check) {
  Finding finding{what, "", kClusterOk, false};
  try {
    finding.said = check();
  } catch (const Error& error) {
    finding.said = error.what();
    finding.code = error.condition() == "TINDERBOX_PORT"     ? kClusterPort
                   : error.condition() == "TINDERBOX_CONFIG" ? kClusterConfig
                                                             : kClusterPrerequisite;
  }
  return finding;
}

std::vector<Finding> CheckAll(const CheckFlags& flags) {
  const cluster::ClusterFolder folder = FolderOf(flags.cluster);
  const cluster::Directories directories = UserDirectories();
  cluster::ClusterSpec spec;
  std::vector<Finding> findings;
  findings.push_back(Find("configuration", [&] {
    spec = cluster::ToSpec(ReadConfig(flags.config, flags.cluster));
    cluster::CheckSpec(spec);
    return std::string("is sound");
  }));
  if (findings.back().code != kClusterOk) return findings;
  findings.push_back(Find("Java", [&] {
    const cluster::Java java = cluster::FindJava(spec.java_home);
    return fmt::format("Java {} at {}", java.version, java.home);
  }));
  findings.push_back(Find("Spark", [&] {
    if (!spec.spark_home.empty()) {
      cluster::CheckSparkHome(spec.spark_home);
      return spec.spark_home;
    }
    const std::filesystem::path home = cluster::SparkFolder(directories.cache);
    return std::filesystem::exists(home)
               ? home.string()
               : fmt::format("{} will be installed from PyPI (450 MB)", cluster::kSparkVersion);
  }));
  findings.push_back(Find("memory", [&] {
    const cluster::MachineFacts facts = cluster::InspectMachine();
    const int64_t workers = cluster::WorkerCount(spec, facts);
    const int64_t needed = workers * spec.worker_memory;
    const std::string text = fmt::format("{} free, {} workers of {}",
                                         cluster::FormatMemory(facts.memory_free / cluster::kMiB * cluster::kMiB),
                                         workers, cluster::FormatMemory(spec.worker_memory));
    if (needed > facts.memory_free)
      base::Fail("TINDERBOX_PREREQUISITE", "{}: more than there is. Set worker.count or worker.memory lower.", text);
    return text;
  }));
  findings.push_back(Find("disk", [&] {
    std::filesystem::path there = folder.path();
    while (!std::filesystem::exists(there)) there = there.parent_path();
    const auto space = std::filesystem::space(there);
    constexpr uintmax_t kLeast = 2'000'000'000;
    if (space.available < kLeast)
      base::Fail("TINDERBOX_PREREQUISITE", "{} has {} MB left; logs, shuffles and Spark itself need 2 GB.",
                 there.string(), space.available / 1'000'000);
    return fmt::format("{} GB free at {}", space.available / 1'000'000'000, there.string());
  }));
  std::vector<std::string> warnings;
  findings.push_back(Find("ports", [&] {
    const cluster::Plan plan(folder, spec, {directories, ProgramFile(), [](const auto&, double) {}, false});
    warnings = plan.warnings();
    std::vector<std::string> ports;
    for (const cluster::Service& service : plan.services()) {
      for (const auto& [purpose, port] : service.ports)
        ports.push_back(fmt::format("{} {} {}", service.name, purpose, port));
    }
    return fmt::format("{}", fmt::join(ports, ", "));
  }));
  for (const std::string& warning : warnings) findings.push_back({"advice", warning, kClusterOk, true});
  return findings;
}

int Check(const CheckFlags& flags) {
  int code = kClusterOk;
  nlohmann::ordered_json json = {{"version", 1}, {"checks", nlohmann::ordered_json::array()}};
  std::string text;
  for (const Finding& finding : CheckAll(flags)) {
    if (code == kClusterOk) code = finding.code;
    const bool good = finding.code == kClusterOk;
    json["checks"].push_back({{"check", finding.what}, {"ok", good}, {"detail", finding.said}});
    text += fmt::format("{:<5} {:<14} {}\n",
                        finding.advice ? "note"
                        : good         ? "ok"
                                       : "FAIL",
                        finding.what, finding.said);
  }
  WriteOut(flags.json ? json.dump() + "\n" : text);
  return code;
}

}  // namespace

int RunCheck(const Arguments& arguments) {
  CheckFlags flags;
  CLI::App app(
      "Checks, before anything is started, what a cluster needs: configuration, Java, Spark, memory, disk, ports.");
  AddNameFlag(&app, &flags.cluster);
  AddConfigFlags(&app, &flags.config);
  app.add_flag("--json", flags.json, "As JSON")->group("Other");
  app.footer(
      "For example:\n  tinderbox check\n  tinderbox check --workers 8 --worker-memory 4g\n\n"
      "`tinderbox doctor` looks at the machine instead.\n" +
      ClusterExitHelp());
  if (!ParseFlags(&app, "check", arguments)) return kClusterOk;
  return RunClusterVerb("check", [&] { return Check(flags); });
}

}  // namespace tinderbox::cli
