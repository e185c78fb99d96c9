#include "cluster/job_runner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <fstream>
#include <functional>
#include <mutex>
#include <thread>

#include "base/fail.h"
#include "base/json_text.h"
#include "cluster/log.h"
#include "cluster/machine.h"
#include "cluster/probe.h"
#include "cluster/spawn.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
constexpr int kJobFailed = 10;  // a driver on a worker tells whether it failed, and no code
constexpr milliseconds kPatience(10'000);
constexpr milliseconds kMasterAway(60'000);
constexpr milliseconds kFollowEvery(400);
constexpr milliseconds kDiagnoseEvery(5'000);
constexpr int64_t kHttpTimeout = 3000;
constexpr size_t kLinesKept = 400;

volatile sig_atomic_t signals_seen = 0;
volatile sig_atomic_t last_signal = 0;

extern "C" void CountSignal(int signal) {
  last_signal = signal;
  signals_seen = signals_seen + 1;
}

/// While one lives, signals are counted and do nothing else.
class SignalsCounted {
 public:
  SignalsCounted() {
    signals_seen = 0;
    struct sigaction action {};
    action.sa_handler = CountSignal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < std::size(kSignals); ++i) ::sigaction(kSignals[i], &action, &previous_[i]);
  }
  SignalsCounted(const SignalsCounted&) = delete;
  SignalsCounted& operator=(const SignalsCounted&) = delete;
  ~SignalsCounted() {
    for (size_t i = 0; i < std::size(kSignals); ++i) ::sigaction(kSignals[i], &previous_[i], nullptr);
  }

 private:
  struct sigaction previous_[std::size(kSignals)]{};
};

Time Now() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Cuts bytes into lines.
class Lines {
 public:
  template <typename Visit>
  void Add(std::string_view bytes, const Visit& visit) {
    rest_ += bytes;
    size_t begin = 0;
    for (size_t end = 0; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1)
      visit(std::string_view(rest_).substr(begin, end - begin));
    rest_.erase(0, begin);
  }
  template <typename Visit>
  void Finish(const Visit& visit) {
    if (!rest_.empty()) visit(std::string_view(rest_));
    rest_.clear();
  }

 private:
  std::string rest_;
};

class Run {
 public:
  Run(const JobFolder& folder, Job job, const JobLaunch& launch, const JobView& view)
      : folder_(folder), launch_(launch), view_(view), job_(std::move(job)) {
    log_ = ::open(folder.log().c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (log_ < 0)
      base::FailErrno("TINDERBOX_WRITE_FAILED", errno, "The log " + folder.log().string() + " cannot be written");
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() { ::close(log_); }

  Job ToItsEnd(const std::map<std::string, std::string>& environment) {
    const SignalsCounted counted;
    const int code = RunSubmit(environment);
    const std::string driver = Known().driver;
    if (code == 0 && !driver.empty() && job_.mode == "cluster") return FollowDriver(driver);
    if (code == 0 && job_.mode == "cluster" && launch_.master_ui != 0)
      return End(JobState::kLost, code, "spark-submit did not say under which id the driver runs");
    if (stopping_) return End(JobState::kKilled, 128 + stop_signal_, "");
    return code == 0 ? End(JobState::kFinished, 0, "") : End(JobState::kFailed, code, Cause());
  }

  /// What cannot be run.
  void Fail(const std::string& reason) { End(JobState::kFailed, 1, reason); }

 private:
  /// Runs spark-submit, and with it the driver in client mode. Returns its exit code.
  int RunSubmit(const std::map<std::string, std::string>& environment) {
    int out[2], err[2];
    if (::pipe2(out, O_CLOEXEC) != 0) base::FailErrno("TINDERBOX_SPAWN", errno, "a pipe cannot be made");
    if (::pipe2(err, O_CLOEXEC) != 0) base::FailErrno("TINDERBOX_SPAWN", errno, "a pipe cannot be made");
    child_ = SpawnInSession(launch_.command, environment, launch_.folder, {view_.input, out[1], err[1]},
                            view_.dies_with_viewer ? SIGTERM : 0);
    ::close(out[1]);
    ::close(err[1]);
    const std::jthread follower([this](const std::stop_token& stop) { Follow(stop); });
    pollfd files[] = {{out[0], POLLIN, 0}, {err[0], POLLIN, 0}};
    int status = 0;
    bool ended = false;
    while (!ended) {
      ::poll(files, 2, 100);
      // Asked before reading: what it wrote last is then there to be read.
      ended = ::waitpid(child_.pid, &status, WNOHANG) == child_.pid;
      Pump(&files[0], ended, [this](std::string_view bytes) { Out(bytes); });
      Pump(&files[1], ended, [this](std::string_view bytes) { Err(bytes); });
      AnswerSignals([this](int signal) { ::kill(-child_.pid, signal); });
    }
    EndGroup();
    std::error_code ignored;
    if (!launch_.scratch.empty()) fs::remove_all(launch_.scratch, ignored);
    for (const pollfd& file : files) {
      if (file.fd >= 0) ::close(file.fd);
    }
    FinishLines();
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  /// Reads what is there: one piece, or all of it when the writer has ended.
  template <typename Visit>
  static void Pump(pollfd* file, bool all, const Visit& visit) {
    do {
      pollfd now{file->fd, POLLIN, 0};
      if (file->fd < 0 || ::poll(&now, 1, 0) <= 0) return;
      char buffer[16384];
      const ssize_t got = ::read(file->fd, buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        ::close(std::exchange(file->fd, -1));
        return;
      }
      visit(std::string_view(buffer, static_cast<size_t>(got)));
    } while (all);
  }

  void Keep(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(log_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;  // a full disk must not end the job
      bytes.remove_prefix(static_cast<size_t>(written));
      unrotated_ += written;
    }
    if (launch_.log_size > 0 && unrotated_ > launch_.log_size) {
      RotateLog(folder_.log(), launch_.log_size, launch_.log_files);
      unrotated_ = 0;
    }
  }

  void KeepLine(std::string_view line) {
    last_lines_.emplace_back(line);
    if (last_lines_.size() > kLinesKept) last_lines_.pop_front();
  }

  void Out(std::string_view bytes) {
    Keep(bytes);
    view_.out(bytes);
    out_lines_.Add(bytes, [this](std::string_view line) { KeepLine(line); });
  }

  void Err(std::string_view bytes) {
    Keep(bytes);
    err_lines_.Add(bytes, [this](std::string_view line) { ErrLine(line); });
  }

  void FinishLines() {
    out_lines_.Finish([this](std::string_view line) { KeepLine(line); });
    err_lines_.Finish([this](std::string_view line) { ErrLine(line); });
  }

  void ErrLine(std::string_view line) {
    KeepLine(line);
    const std::string application = line.find("app ID") == std::string_view::npos ? "" : FindId("app", line);
    const std::string driver = line.find("submitted as") == std::string_view::npos ? "" : FindId("driver", line);
    if (!application.empty() || !driver.empty()) {
      Learn([&](Job* job) {
        if (!application.empty()) job->application = application;
        if (!driver.empty()) job->driver = driver;
      });
    }
    if (line.find("Initial job has not accepted any resources") != std::string_view::npos) starved_ = true;
    view_.complain(line);
  }

  /// Changes the record when there is something to change.
  template <typename Change>
  void Learn(const Change& change) {
    const std::lock_guard lock(mutex_);
    const nlohmann::json before = job_;
    change(&job_);
    if (!job_.application.empty() && job_.state == JobState::kStarting) job_.state = JobState::kRunning;
    if (nlohmann::json(job_) == before) return;
    try {
      folder_.Write(job_);
    } catch (const Error&) {
      // A full disk must not end the job.
    }
  }

  Job Known() const {
    const std::lock_guard lock(mutex_);
    return job_;
  }

  std::string Cause() const { return base::ReplaceInvalidUtf8(CauseInLines({last_lines_.begin(), last_lines_.end()})); }

  Job End(JobState state, int code, const std::string& reason) {
    Learn([&](Job* job) {
      job->state = state;
      job->exit_code = code;
      job->reason = reason;
      job->ended = Now();
    });
    return Known();
  }

  /// The first signal asks, the second ends; so does time.
  template <typename Send>
  void AnswerSignals(const Send& send) {
    const auto now = Clock::now();
    if (signals_seen > answered_) {
      answered_ = signals_seen;
      if (!stopping_) {
        stop_signal_ = last_signal;
        view_.news("Stopping the job; once more to end it at once.");
      }
      Escalate(stopping_ ? SIGKILL : SIGINT, send);
    } else if (stopping_ && now > next_step_) {
      Escalate(next_signal_, send);
    }
  }
  template <typename Send>
  void Escalate(int signal, const Send& send) {
    stopping_ = true;
    send(signal);
    next_signal_ = signal == SIGINT ? SIGTERM : SIGKILL;
    next_step_ = Clock::now() + kPatience;
  }

  /// Ends what the job's processes have left behind.
  void EndGroup() const {
    if (::kill(-child_.pid, SIGTERM) != 0) return;
    for (int i = 0; i < 40 && ::kill(-child_.pid, 0) == 0; ++i) std::this_thread::sleep_for(milliseconds(50));
    ::kill(-child_.pid, SIGKILL);
  }

  // ---- Cluster mode: the driver runs on a worker, and its output is in the worker's folder.

  struct Tail {
    fs::path file;
    std::streamoff read = 0;
  };

  std::string Grown(Tail* tail) const {
    std::ifstream in(tail->file, std::ios::binary);
    if (!in) return "";
    in.seekg(tail->read);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    tail->read += static_cast<std::streamoff>(bytes.size());
    return bytes;
  }

  void ShowDriverOutput(const std::string& driver, Tail* out, Tail* err) {
    if (out->file.empty()) {
      std::error_code error;
      for (fs::directory_iterator worker(launch_.work, error), end; !error && worker != end; worker.increment(error)) {
        std::error_code none;
        if (!fs::exists(worker->path() / driver, none)) continue;
        out->file = worker->path() / driver / "stdout";
        err->file = worker->path() / driver / "stderr";
      }
    }
    if (out->file.empty()) return;
    if (const std::string bytes = Grown(out); !bytes.empty()) Out(bytes);
    if (const std::string bytes = Grown(err); !bytes.empty()) Err(bytes);
  }

  Job FollowDriver(const std::string& driver) {
    const std::jthread follower([this](const std::stop_token& stop) { Follow(stop); });
    Tail out, err;
    bool forced = false;
    auto known = Clock::now();
    for (;;) {
      std::string why;
      const std::optional<HttpAnswer> answer = HttpGet(launch_.host, launch_.master_ui, "/json/", kHttpTimeout, &why);
      const std::string state = answer ? ParseDriverState(answer->body, driver) : "";
      ShowDriverOutput(driver, &out, &err);
      const bool good = state == "FINISHED", killed = state == "KILLED";
      if (good || killed || state == "FAILED" || state == "ERROR") {
        FinishLines();
        if (good) return End(JobState::kFinished, 0, "");
        if (killed) return End(JobState::kKilled, stopping_ ? 128 + stop_signal_ : kJobFailed, "");
        return End(JobState::kFailed, kJobFailed, Cause());
      }
      if (!state.empty()) known = Clock::now();
      if (Clock::now() - known > kMasterAway)
        return End(JobState::kLost, kJobFailed, answer ? "the master does not know its driver any more" : why);
      AnswerSignals([&](int signal) {
        forced = signal == SIGKILL;
        if (const std::string wrong = KillDriver(launch_.host, launch_.master_ui, driver); !wrong.empty())
          view_.news(fmt::format("The driver {} cannot be killed: {}.", driver, wrong));
      });
      if (forced) return End(JobState::kKilled, 128 + stop_signal_, "it was not waited for the driver's end");
      std::this_thread::sleep_for(milliseconds(200));
    }
  }

  // ---- On a thread of its own: how far it is, and what it waits for.

  void Follow(const std::stop_token& stop) {
    std::string page;  // the application whose page the driver's port shows
    std::string told;
    auto diagnosed = Clock::time_point();
    while (!stop.stop_requested()) {
      std::string why;
      std::optional<JobProgress> progress;
      // Another job may have the port: what the driver's own log says counts.
      if (launch_.driver_ui != 0 && (page.empty() || page != Known().application)) {
        if (const auto answer = HttpGet(launch_.host, launch_.driver_ui, "/api/v1/applications", kHttpTimeout, &why))
          page = ParseApplicationId(answer->body);
        if (!page.empty()) {
          Learn([&](Job* job) {
            if (job->application.empty()) job->application = page;
          });
        }
      }
      const Job job = Known();
      if (!page.empty() && page == job.application) {
        const std::string path = fmt::format("/api/v1/applications/{}/jobs?status=running", job.application);
        if (const auto answer = HttpGet(launch_.host, launch_.driver_ui, path, kHttpTimeout, &why))
          progress = ParseProgress(answer->body);
      }
      if (stop.stop_requested()) return;
      view_.progress(job, progress);
      if (starved_ && Clock::now() - diagnosed > kDiagnoseEvery) {
        diagnosed = Clock::now();
        starved_ = false;  // Spark says it again as long as it holds
        const std::string cause = Starvation(job.application);
        if (!cause.empty() && cause != told) view_.news(cause);
        told = cause;
      }
      for (auto left = kFollowEvery; left.count() > 0 && !stop.stop_requested(); left -= milliseconds(50))
        std::this_thread::sleep_for(milliseconds(50));
    }
  }

  /// Why the job gets no executor just now.
  std::string Starvation(const std::string& application) const {
    if (launch_.master_ui == 0) return "";
    std::string why;
    const auto answer = HttpGet(launch_.host, launch_.master_ui, "/json/", kHttpTimeout, &why);
    if (!answer) return fmt::format("The job waits for executors, and the master does not answer: {}.", why);
    std::vector<ApplicationLoad> others;
    int64_t held = 0;
    try {
      for (ApplicationLoad& each : ParseApplications(answer->body)) {
        if (each.id == application) {
          held = each.cores;
        } else {
          others.push_back(std::move(each));
        }
      }
      const Verdict verdict = Judge(launch_.request, ParseCapacity(answer->body), others);
      if (held == 0 && verdict.fit != Fit::kNow) return "The job waits for executors. " + verdict.reason;
    } catch (const Error& error) {
      return error.what();
    }
    const std::string cause = ExecutorsCause(application);
    if (!cause.empty()) {
      return fmt::format(
          "The job waits for executors, which start and end again: {}. `tinderbox logs --app {}` has more.", cause,
          application);
    }
    return held > 0 ? "The job waits for its executors, which have been started and have not reported yet." : "";
  }

  /// What the newest executor that says anything says.
  std::string ExecutorsCause(const std::string& application) const {
    std::map<fs::file_time_type, fs::path, std::greater<>> logs;
    std::error_code error;
    for (fs::directory_iterator worker(launch_.work, error), end; !error && worker != end; worker.increment(error)) {
      std::error_code none;
      for (fs::directory_iterator executor(worker->path() / application, none), last; !none && executor != last;
           executor.increment(none)) {
        for (const char* name : {"stderr", "stdout"}) {
          std::error_code gone;
          const auto time = fs::last_write_time(executor->path() / name, gone);
          if (!gone) logs.emplace(time, executor->path() / name);
        }
      }
    }
    for (const auto& [time, log] : logs) {
      if (const std::string cause = CauseInLog(log); !cause.empty()) return base::ReplaceInvalidUtf8(cause);
    }
    return "";
  }

  const JobFolder& folder_;
  const JobLaunch& launch_;
  const JobView& view_;
  mutable std::mutex mutex_;
  Job job_;  // guarded by mutex_
  Process child_;
  int log_ = -1;
  int64_t unrotated_ = 0;
  Lines out_lines_, err_lines_;
  std::deque<std::string> last_lines_;
  std::atomic<bool> starved_{false};
  int answered_ = 0;
  bool stopping_ = false;
  int stop_signal_ = 0;
  int next_signal_ = 0;
  Clock::time_point next_step_;
};

}  // namespace

Job RunJob(const JobFolder& folder, Job job, const JobLaunch& launch,
           const std::map<std::string, std::string>& environment, const JobView& view) {
  Run run(folder, std::move(job), launch, view);
  std::map<std::string, std::string> marked = environment;
  marked[kClusterVariable] = launch.mark;
  try {
    return run.ToItsEnd(marked);
  } catch (const Error& error) {
    run.Fail(error.what());
    throw;
  }
}

std::string KillDriver(const std::string& host, int master_ui, const std::string& driver) {
  std::string why;
  const auto answer =
      HttpPost(host, master_ui, "/driver/kill/", fmt::format("id={}&terminate=true", driver), kHttpTimeout, &why);
  if (!answer) return why;
  return answer->status < 400 ? "" : fmt::format("the master answers {}", answer->status);
}

}  // namespace tinderbox::cluster
