#include "cluster/job.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <random>
#include <set>

#include "base/fail.h"
#include "cluster/machine.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

/// Behind the range of the services' ports, before the one from which Linux takes those of outgoing connections.
constexpr int kFirstPort = 32001;
constexpr int kLastPort = 32767;

constexpr std::string_view kStates[] = {"starting", "running", "finished", "failed", "killed", "lost"};

std::optional<int64_t> NumberOf(std::string_view id) {
  if (id.starts_with("job-")) id.remove_prefix(4);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (id.empty() || error != std::errc() || end != id.data() + id.size()) return std::nullopt;
  return number;
}

/// Ports of services, which may be stopped, and of jobs that live.
std::set<int> PortsInUse(const Directories& directories) {
  std::set<int> ports;
  for (const ClusterFolder& cluster : ListClusters(directories)) {
    if (const std::optional<Desired> desired = cluster.ReadDesired()) {
      for (const Wanted& wanted : desired->services) {
        for (const auto& [purpose, port] : wanted.service.ports) ports.insert(port);
      }
    }
    for (const JobFolder& folder : ListJobs(cluster)) {
      const Job job = folder.Read();
      if (HasEnded(job.state)) continue;
      for (const auto& [purpose, port] : job.ports) ports.insert(port);
    }
  }
  return ports;
}

}  // namespace

std::string_view JobStateName(JobState state) {
  return kStates[static_cast<size_t>(state)];
}

bool HasEnded(JobState state) {
  return state != JobState::kStarting && state != JobState::kRunning;
}

void to_json(nlohmann::json& out, const Job& job) {
  out = {{"version", 1},
         {"id", job.id},
         {"name", job.name},
         {"mode", job.mode},
         {"state", JobStateName(job.state)},
         {"reason", job.reason},
         {"submitted", job.submitted},
         {"ended", job.ended},
         {"exit_code", nullptr},
         {"application", job.application},
         {"driver", job.driver},
         {"runner", {{"pid", job.runner.pid}, {"start", job.runner.start}}},
         {"ports", job.ports},
         {"command", job.command}};
  if (job.exit_code) out["exit_code"] = *job.exit_code;
}

void from_json(const nlohmann::json& in, Job& job) {
  in.at("id").get_to(job.id);
  in.at("name").get_to(job.name);
  in.at("mode").get_to(job.mode);
  const auto* const state = std::find(std::begin(kStates), std::end(kStates), in.at("state").get<std::string>());
  job.state = state == std::end(kStates) ? JobState::kLost : static_cast<JobState>(state - std::begin(kStates));
  in.at("reason").get_to(job.reason);
  in.at("submitted").get_to(job.submitted);
  in.at("ended").get_to(job.ended);
  if (!in.at("exit_code").is_null()) job.exit_code = in.at("exit_code").get<int>();
  in.at("application").get_to(job.application);
  in.at("driver").get_to(job.driver);
  in.at("runner").at("pid").get_to(job.runner.pid);
  in.at("runner").at("start").get_to(job.runner.start);
  in.at("ports").get_to(job.ports);
  in.at("command").get_to(job.command);
}

Job JobFolder::Read() const {
  std::ifstream in(path_ / "job.json", std::ios::binary);
  Job job;
  try {
    job = nlohmann::json::parse(in).get<Job>();
  } catch (const nlohmann::json::exception& error) {
    base::Fail("TINDERBOX_STATE", "{} is not what this version of Tinderbox writes ({}).",
               (path_ / "job.json").string(), error.what());
  }
  if (!HasEnded(job.state) && IdentifyProcess(job.runner.pid) != job.runner) {
    job.state = JobState::kLost;
    job.reason = "the process that ran it was killed, so that its end is not known";
  }
  return job;
}

void JobFolder::Write(const Job& job) const {
  ReplaceFile(path_ / "job.json",
              nlohmann::json(job).dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

std::vector<JobFolder> ListJobs(const ClusterFolder& cluster) {
  std::vector<std::pair<int64_t, JobFolder>> found;
  std::error_code error;
  for (fs::directory_iterator entry(cluster.path() / "jobs", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::optional<int64_t> number = NumberOf(entry->path().filename().string());
    std::error_code gone;
    if (number && fs::exists(entry->path() / "job.json", gone)) found.emplace_back(*number, JobFolder(entry->path()));
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<JobFolder> jobs;
  for (auto& [number, folder] : found) jobs.push_back(std::move(folder));
  return jobs;
}

JobFolder MakeJob(const ClusterFolder& cluster) {
  const fs::path jobs = cluster.path() / "jobs";
  std::error_code error;
  fs::create_directories(jobs, error);
  if (error) base::Fail("TINDERBOX_WRITE_FAILED", "The folder {} cannot be made: {}.", jobs.string(), error.message());
  int64_t number = 1;
  for (fs::directory_iterator entry(jobs, error), end; !error && entry != end; entry.increment(error))
    number = std::max(number, NumberOf(entry->path().filename().string()).value_or(0) + 1);
  // Somebody else may take the number at the same time: making the folder decides.
  for (;; ++number) {
    const fs::path path = jobs / fmt::format("job-{}", number);
    if (fs::create_directory(path, error)) return JobFolder(path);
    if (error)
      base::Fail("TINDERBOX_WRITE_FAILED", "The folder {} cannot be made: {}.", path.string(), error.message());
  }
}

std::optional<JobFolder> FindJob(const ClusterFolder& cluster, const std::string& id) {
  if (id.empty()) return std::nullopt;
  const std::optional<int64_t> number = NumberOf(id);
  std::optional<JobFolder> found;
  for (const JobFolder& folder : ListJobs(cluster)) {
    if (number && NumberOf(folder.id()) == number) return folder;
    const Job job = number ? Job{} : folder.Read();
    if (job.application == id || job.driver == id) found = folder;
  }
  return found;
}

void RemoveOldJobs(const ClusterFolder& cluster, Time before) {
  for (const JobFolder& folder : ListJobs(cluster)) {
    const Job job = folder.Read();
    const Time end = job.ended == 0 ? job.submitted : job.ended;
    std::error_code failed;
    if (HasEnded(job.state) && end < before) fs::remove_all(folder.path(), failed);
  }
}

void AssignJobPorts(const Directories& directories, const std::string& host, const JobFolder& folder, Job* job) {
  const FileLock lock = FileLock::Wait(directories.state / "ports.lock");
  const std::set<int> taken = PortsInUse(directories);
  // From anywhere in the range, because other users of this machine look for free ports, too, and do not ask us.
  constexpr int kPorts = kLastPort - kFirstPort + 1;
  const int begin = static_cast<int>(std::random_device()() % kPorts);
  int tried = 0;
  for (const char* purpose : {"driver", "blocks", "ui"}) {
    int port = 0;
    do {
      if (tried == kPorts)
        base::Fail("TINDERBOX_PORT", "No port from {} to {} is free for the job's driver.", kFirstPort, kLastPort);
      port = kFirstPort + (begin + tried++) % kPorts;
    } while (taken.contains(port) || FindPortOwner(host, port));
    job->ports[purpose] = port;
  }
  folder.Write(*job);
}

}  // namespace tinderbox::cluster
