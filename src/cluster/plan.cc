#include "cluster/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/fail.h"
#include "cluster/archive.h"
#include "cluster/extras.h"
#include "cluster/host.h"
#include "cluster/provision_extras.h"
#include "cluster/secrets.h"
#include "cluster/tuning.h"
#include "cluster/units.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

Installation Install(const ClusterSpec& spec, const PlanInputs& inputs) {
  Installation installation;
  installation.program = inputs.program;
  installation.python = spec.python;
  installation.java_home = FindJava(spec.java_home).home;
  if (!spec.spark_home.empty()) {
    CheckSparkHome(spec.spark_home);
    installation.spark_home = fs::absolute(spec.spark_home);
  } else {
    installation.spark_home = inputs.install ? ProvisionSpark(inputs.directories.cache, inputs.progress)
                                             : SparkFolder(inputs.directories.cache);
  }
  installation.archive = ArchiveFile(inputs.directories.cache, installation.spark_home, installation.java_home);
  if (spec.gateway)
    installation.traefik = inputs.install ? ProvisionTraefik(inputs.directories.cache, inputs.progress)
                                          : TraefikProgram(inputs.directories.cache);
  for (const Extra* extra : ExtrasOf(spec))
    extra->install(spec, inputs.directories.cache, inputs.install ? inputs.progress : Progress(), &installation.extras);
  if (const auto hadoop = installation.extras.find("hadoop"); hadoop != installation.extras.end())
    installation.hadoop_names = HadoopNames(hadoop->second);
  return installation;
}

/// Ports of the services that have a process now.
Ports RunningPorts(const std::optional<State>& state) {
  Ports ports;
  if (!state) return ports;
  for (const auto& [name, service] : state->services) {
    if (service.process.pid != 0 && IdentifyProcess(service.process.pid) == service.process)
      ports[name] = service.running.ports;
  }
  return ports;
}

Ports EarlierPorts(const std::optional<Desired>& desired) {
  Ports ports;
  if (!desired) return ports;
  for (const Wanted& wanted : desired->services) ports[wanted.service.name] = wanted.service.ports;
  return ports;
}

std::set<int> PortsOfOthers(const Directories& directories, const ClusterFolder& mine) {
  std::set<int> ports;
  for (const ClusterFolder& other : ListClusters(directories)) {
    if (other.path() == mine.path()) continue;
    for (const auto& [service, purposes] : EarlierPorts(other.ReadDesired())) {
      for (const auto& [purpose, port] : purposes) ports.insert(port);
    }
  }
  return ports;
}

/// HDFS keeps blocks on a DataNode that would be lost without it.
void CheckShrinking(const ClusterSpec& spec, const std::optional<Desired>& desired) {
  const int64_t before = CountRole(desired, "datanode");
  const int64_t after = spec.with.contains("hdfs") ? spec.hdfs_datanodes : before;
  if (after < before)
    base::Fail(
        "TINDERBOX_CONFIG",
        "The cluster has {0} DataNodes, and hdfs.datanodes asks for {1}: the blocks on the others would be lost. "
        "`tinderbox scale datanode={1}` moves them first.",
        before, after);
}

/// Who keeps clusters in another folder, such as another user, cannot see our ports while nothing listens there: so
/// each folder begins elsewhere.
int FirstPort(const Directories& directories) {
  constexpr size_t kStart = 21000, kSpread = 100, kStep = 100;
  return static_cast<int>(kStart + std::hash<std::string>()(directories.state) % kSpread * kStep);
}

FileLock LockPorts(const Directories& directories) {
  std::error_code error;
  fs::create_directories(directories.state, error);
  if (error)
    base::Fail("TINDERBOX_WRITE_FAILED", "The folder {} cannot be made: {}. XDG_STATE_HOME names another place.",
               directories.state.string(), error.message());
  return FileLock::Wait(directories.state / "ports.lock");
}

}  // namespace

int64_t CountRole(const std::optional<Desired>& desired, std::string_view role) {
  if (!desired) return 0;
  return std::count_if(desired->services.begin(), desired->services.end(),
                       [&](const Wanted& wanted) { return wanted.service.role == role; });
}

Plan::Plan(const ClusterFolder& folder, const ClusterSpec& spec, const PlanInputs& inputs)
    : spec_(spec), folder_(folder.path()) {
  CheckSpec(spec);
  const bool loopback = CheckHost(spec.host);
  const Installation installation = Install(spec, inputs);  // can take minutes: others are not kept waiting
  ports_lock_.emplace(LockPorts(inputs.directories));
  const MachineFacts facts = InspectMachine();
  const std::optional<Desired> desired = folder.ReadDesired();
  const std::optional<State> state = folder.ReadState();
  if (!inputs.blocks_moved) CheckShrinking(spec, desired);
  const int64_t before = CountRole(desired, "worker");
  // An automatic number does not change with the memory that happens to be free.
  const int64_t workers = spec.worker_count == 0 && before != 0 ? before : WorkerCount(spec, facts);
  const PortWorld world{[&](int port) { return FindPortOwner(spec.host, port); },
                        PortsOfOthers(inputs.directories, folder), FirstPort(inputs.directories)};
  const Ports ports = AssignPorts(spec, workers, RunningPorts(state), EarlierPorts(desired), world);
  services_ = Layout(spec, workers, ports, installation, folder.path());
  warnings_ = MovedPorts(spec, workers, ports, world);
  if (!loopback) {
    warnings_.push_back(
        fmt::format("network.host is {}: whoever reaches it can run programs on this cluster, for Spark asks for no "
                    "password. Leave it to 127.0.0.1 unless the network is yours alone.",
                    spec.host));
  }
  for (std::string& note : TuningNotes(FactsOf(spec, workers))) warnings_.push_back(std::move(note));
  const char* password = std::getenv("MINIO_ROOT_PASSWORD");
  if (spec.with.contains("s3") && password != nullptr && std::string_view(password) == "minioadmin") {
    warnings_.push_back(
        "MINIO_ROOT_PASSWORD is minioadmin, which everybody knows and tries first. Unset it, and a password is made.");
  }
  if (const int64_t promised = workers * spec.worker_memory; before == 0 && promised > facts.memory_free) {
    warnings_.push_back(
        fmt::format("{} workers promise {} to executors, and the machine has {} free: jobs that use it all will be "
                    "killed or swap.",
                    workers, FormatMemory(promised), FormatMemory(facts.memory_free / kMiB * kMiB)));
  }
}

void Plan::Apply(const std::optional<State>& state, Desired* desired) const {
  for (const Extra* extra : ExtrasOf(spec_)) {
    if (extra->write_secrets != nullptr) extra->write_secrets(spec_, Secrets(folder_));
  }
  std::vector<Wanted> services;
  for (const Service& service : services_) {
    Wanted wanted{service, true, 0};
    if (const Wanted* before = desired->Find(service.name)) wanted.generation = before->generation;
    if (state) {
      const auto now = state->services.find(service.name);
      const bool gave_up = now != state->services.end() &&
                           (now->second.phase == Phase::kCrashLoop || now->second.phase == Phase::kFailed);
      if (gave_up) wanted.generation = now->second.generation + 1;
    }
    services.push_back(std::move(wanted));
  }
  desired->services = std::move(services);
}

Convergence Converged(const Desired& desired, const std::optional<State>& state) {
  Convergence result;
  const bool seen = state && state->desired == desired;
  bool gone = true;  // what is not wanted any more
  if (seen) {
    for (const auto& [name, service] : state->services) {
      const Wanted* wanted = desired.Find(name);
      if ((wanted == nullptr || !wanted->up) && service.process.pid != 0) {
        result.waiting.push_back(name);
        gone = false;
      }
    }
  }
  for (const Wanted& wanted : desired.services) {
    if (!wanted.up) continue;
    const std::string& name = wanted.service.name;
    const auto now = seen ? state->services.find(name) : std::map<std::string, ServiceState>::const_iterator();
    if (!seen || now == state->services.end()) {
      result.waiting.push_back(name);
      continue;
    }
    const ServiceState& service = now->second;
    const bool same = service.generation == wanted.generation && service.running == wanted.service;
    if (same && (service.phase == Phase::kCrashLoop || service.phase == Phase::kFailed)) {
      result.broken.push_back(name);
    } else if (!same || (service.phase != Phase::kReady && service.phase != Phase::kFinished)) {
      result.waiting.push_back(name);
    }
  }
  result.done = seen && gone && result.waiting.empty() && result.broken.empty();
  return result;
}

}  // namespace tinderbox::cluster
