#include "cli/job_session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/fail.h"
#include "base/interrupt.h"
#include "cli/console.h"
#include "cli/end_jobs.h"
#include "cli/remote_flags.h"
#include "cli/submit.h"

namespace tinderbox::cli {
namespace {

constexpr const char* kServer = "org.apache.spark.sql.connect.service.SparkConnectServer";
constexpr std::string_view kStarted = "Spark Connect server started at: ";

PlacedJob Place(const JobCluster& where, const std::string& name, const std::string& driver_memory, JobStart* start) {
  if (where.desired.Find("resourcemanager") == nullptr)
    base::Fail("TINDERBOX_NO_SUCH", "The cluster \"{}\" has no YARN. `tinderbox up --with yarn` adds it.",
               where.folder.name());
  cluster::SubmitLine line;
  line.Add("--master", "yarn");
  line.Add("--name", name);
  if (!driver_memory.empty()) line.Add("--driver-memory", driver_memory);
  line.Add("--class", kServer);
  line.Add("--conf", "spark.connect.grpc.binding.address=" + where.master().ready.host);
  line.Add("--conf", "spark.connect.grpc.binding.port=0");
  line.application = {"spark-internal"};
  *start = PrepareJob(where, std::move(line));
  return PlaceJob(where, start, "spark-submit");
}

}  // namespace

JobSession::JobSession(const JobCluster& where, const std::string& name, const std::string& driver_memory, bool quiet,
                       const std::function<void(const cluster::JobFolder&)>& placed_call)
    : folder_("") {
  JobStart start;
  const PlacedJob placed = Place(where, name, driver_memory, &start);
  folder_ = placed.folder;
  if (!quiet) {
    for (const std::string& note : start.notes) PrintWarning(note);
    WriteError(fmt::format("{} starts on YARN; its log: tinderbox logs --app {} -f\n", placed.job.id, placed.job.id));
  }
  HandOver(start, placed, SIGTERM);
  try {
    if (placed_call) placed_call(folder_);
    address_ = WaitForAddress();
  } catch (...) {
    EndJobs({folder_});
    throw;
  }
  watch_ = std::jthread([this](const std::stop_token& stop) { Watch(stop); });
}

void JobSession::Watch(const std::stop_token& stop) const {
  constexpr std::chrono::milliseconds kEvery(500);
  std::mutex mutex;
  std::unique_lock lock(mutex);
  for (std::condition_variable_any wakes; !wakes.wait_for(lock, stop, kEvery, [&] { return stop.stop_requested(); });) {
    try {
      const cluster::Job job = folder_.Read();
      if (!cluster::HasEnded(job.state)) continue;
      PrintFailure(fmt::format("{} has ended ({}) before the work was done{}", job.id, cluster::JobStateName(job.state),
                               job.reason.empty() ? "." : ": " + job.reason),
                   "TINDERBOX_JOB", fmt::format("Its log: {}", folder_.log().string()));
      ::kill(::getpid(), SIGTERM);
      return;
    } catch (const Error&) {  // a record that cannot be read now may be later
    }
  }
}

std::string JobSession::WaitForAddress() const {
  for (;;) {
    base::ThrowIfInterrupted();
    const cluster::Job job = folder_.Read();
    if (cluster::HasEnded(job.state))
      base::Fail("TINDERBOX_JOB", "{} ended before it could work{} Its log: {}", job.id,
                 job.reason.empty() ? "." : ": " + job.reason + ".", folder_.log().string());
    std::ifstream log(folder_.log());
    for (std::string line; std::getline(log, line);) {
      const size_t found = line.find(kStarted);
      // A line that is not whole yet has no end.
      if (found != std::string::npos && !log.eof()) return line.substr(found + kStarted.size());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

Session JobSession::Open() const {
  return Session(ConnectTo("sc://" + address_));
}

JobSession::~JobSession() {
  watch_ = {};
  try {
    const bool ended = cluster::HasEnded(folder_.Read().state);
    EndJobs({folder_});
    const bool failed = !ended && std::uncaught_exceptions() > 0 && !base::InterruptRequested();
    if (!finished_ && !failed) return;
    cluster::Job job = folder_.Read();
    job.state = finished_ ? cluster::JobState::kFinished : cluster::JobState::kFailed;
    job.exit_code = finished_ ? 0 : kClusterFailed;
    job.reason = finished_ ? "" : "what it was started for failed, and said why";
    folder_.Write(job);
  } catch (const std::exception&) {  // interrupted again: who runs the job ends it when this process does
  }
}

}  // namespace tinderbox::cli
