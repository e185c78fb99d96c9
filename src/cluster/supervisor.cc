#include "cluster/supervisor.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <list>
#include <mutex>
#include <random>
#include <thread>

#include "base/fail.h"
#include "base/interrupt.h"
#include "base/json_text.h"
#include "cluster/log.h"
#include "cluster/machine.h"
#include "cluster/probe.h"
#include "cluster/spawn.h"

namespace tinderbox::cluster {
namespace {

constexpr Time kHouseKeepingEvery = 10'000;
constexpr Time kJump = 2000;      ///< a clock that differs by more from the time that has passed was set
constexpr Time kPollEvery = 200;  ///< where the kernel does not tell of the end of a process

Time Now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Time that has passed, without what the machine slept.
Time Passed() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Runs probes on threads of their own and gives their results to the one that waits on file().
class Probes {
 public:
  Probes() : file_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Probes() {
    for (Running& running : threads_) running.thread.request_stop();
    threads_.clear();
    ::close(file_);
  }

  int file() const { return file_; }
  /// Makes file() readable.
  void Wake() const {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t told = ::write(file_, &one, sizeof one);
  }

  void Start(const StartProbe& action) {
    threads_.remove_if([](const Running& running) { return running.done->load(); });
    auto done = std::make_shared<std::atomic<bool>>(false);
    threads_.push_back(
        {done, std::jthread([this, action, done](const std::stop_token& stop) {
           const std::optional<std::string> wrong = RunProbe(action.what, stop);
           {
             const std::lock_guard lock(mutex_);
             results_.push_back({action.name, action.probe, !wrong, base::ReplaceInvalidUtf8(wrong.value_or(""))});
           }
           *done = true;
           Wake();
         })});
  }

  std::vector<Probed> Take() {
    uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t got = ::read(file_, &ignored, sizeof ignored);
    const std::lock_guard lock(mutex_);
    return std::exchange(results_, {});
  }

 private:
  struct Running {
    std::shared_ptr<std::atomic<bool>> done;
    std::jthread thread;
  };
  const int file_;
  std::mutex mutex_;
  std::vector<Probed> results_;
  std::list<Running> threads_;
};

std::string HowItEnded(int status) {
  if (WIFSIGNALED(status)) return fmt::format("killed by SIG{}", ::sigabbrev_np(WTERMSIG(status)));
  return fmt::format("exit code {}", WEXITSTATUS(status));
}

class Runner {
 public:
  explicit Runner(const ClusterFolder& folder) : folder_(folder) {
    inotify_ = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    // Commands rename desired.json into place.
    ::inotify_add_watch(inotify_, folder.path().c_str(), IN_MOVED_TO);
    if (std::optional<State> state = folder.ReadState()) state_ = std::move(*state);
    std::random_device random;
    state_.random = (uint64_t{random()} << 32) | random();
  }
  ~Runner() { ::close(inotify_); }

  void TakeOverProcesses() {
    TookOver event{folder_.ReadDesired().value_or(Desired{}), {}};
    cluster_ = event.desired.cluster;
    for (const MarkedProcess& marked : FindMarked(cluster_)) {
      if (!marked.leads || marked.service.empty()) continue;
      // Of several the oldest: the others are what it started.
      Process& process = event.found.try_emplace(marked.service, marked.process).first->second;
      if (marked.process.start < process.start) process = marked.process;
    }
    for (const auto& [name, process] : event.found) handles_[name] = {process, ProcessHandle(process)};
    Dispatch(event);
  }

  void ReadDesired() {
    std::optional<Desired> desired = folder_.ReadDesired();
    if (!desired || *desired == state_.desired) return;
    cluster_ = desired->cluster;
    Dispatch(DesiredChanged{std::move(*desired)});
  }

  void Wake() const { probes_.Wake(); }
  bool idle() const { return IsIdle(state_); }
  const std::string& cluster() const { return cluster_; }

  void WaitAndDispatch() {
    NoticeClock();
    std::vector<pollfd> files = {{inotify_, POLLIN, 0}, {probes_.file(), POLLIN, 0}};
    std::vector<std::string> names;
    for (const auto& [name, watched] : handles_) {
      files.push_back({watched.handle.file(), POLLIN, 0});
      names.push_back(name);
    }
    const Time wake = std::min(NextWake(state_), house_keeping_);
    const bool blind = std::any_of(files.begin() + 2, files.end(), [](const pollfd& file) { return file.fd < 0; });
    const Time wait = std::clamp<Time>(wake - Now(), 0, blind ? kPollEvery : kHouseKeepingEvery);
    ::poll(files.data(), files.size(), static_cast<int>(wait));
    NoticeClock();
    for (size_t i = 0; i < names.size(); ++i) {
      // A process that was gone before it could be opened has no file to wake us.
      if (files[i + 2].fd < 0 || files[i + 2].revents != 0) Reap(names[i]);
    }
    if (files[1].revents != 0) {
      for (Probed& result : probes_.Take()) Dispatch(std::move(result));
    }
    if (files[0].revents != 0) {
      char buffer[4096];
      while (::read(inotify_, buffer, sizeof buffer) > 0) continue;
      ReadDesired();
    }
    if (NextWake(state_) <= Now()) Dispatch(Tick{});
    KeepHouse();
  }

 private:
  struct Watched {
    Process process;
    ProcessHandle handle;
  };

  void NoticeClock() {
    const Time now = Now(), passed = Passed();
    const Time by = (now - now_) - (passed - passed_);
    now_ = now;
    passed_ = passed;
    if (std::abs(by) < kJump) return;
    house_keeping_ += by;
    Dispatch(ClockJumped{by});
  }

  void Dispatch(Event event) {
    std::deque<Event> events;
    events.push_back(std::move(event));
    while (!events.empty()) {
      auto [state, actions] = Step(std::move(state_), events.front(), Now());
      state_ = std::move(state);
      // Written before the actions are carried out: what they start is then known to a successor. Probes are not worth
      // it.
      const bool probes_only = std::all_of(actions.begin(), actions.end(),
                                           [](const Action& a) { return std::holds_alternative<StartProbe>(a); });
      const bool news =
          std::holds_alternative<Spawned>(events.front()) || std::holds_alternative<DesiredChanged>(events.front());
      events.pop_front();
      if (!probes_only || news) Save();
      for (Action& action : actions) std::visit([&](auto& each) { Execute(each, &events); }, action);
    }
  }

  /// A full disk must not end the supervision: the state is written again with the next change.
  void Save() {
    try {
      folder_.WriteState(state_);
    } catch (const Error& error) {
      fmt::print(stderr, "{}\n", error.what());
    }
  }

  void Execute(const Spawn& spawn, std::deque<Event>* events) {
    const std::string& name = spawn.service.name;
    try {
      if (handles_.empty()) ForgetLeftovers();
      const Process process = SpawnService(spawn.service, cluster_);
      handles_[name] = {process, ProcessHandle(process)};
      events->push_front(Spawned{name, process});
    } catch (const Error& error) {
      events->push_front(SpawnFailed{name, base::ReplaceInvalidUtf8(error.what())});
    }
  }

  void Execute(const Signal& signal, std::deque<Event>*) {
    const auto found = handles_.find(signal.name);
    if (found == handles_.end() || found->second.process != signal.process) return;
    found->second.handle.Signal(signal.signal);
  }

  void Execute(const StartProbe& probe, std::deque<Event>*) { probes_.Start(probe); }

  void Execute(const Note& note, std::deque<Event>*) {
    folder_.AddHistory({Now(), note.name, std::string(PhaseName(note.phase)), note.detail});
  }

  /// When nothing runs: what the master remembers of workers that are long gone, which would only make it wait for
  /// them, and the scratch files of processes that were killed.
  void ForgetLeftovers() {
    for (const char* part : {"recovery", "scratch"}) {
      std::error_code error;
      for (std::filesystem::directory_iterator entry(folder_.path() / part, error), end; !error && entry != end;
           entry.increment(error)) {
        std::error_code failed;
        std::filesystem::remove_all(entry->path(), failed);
      }
    }
  }

  void Reap(const std::string& name) {
    const Process process = handles_[name].process;
    int status = 0;
    const pid_t waited = ::waitpid(process.pid, &status, WNOHANG);
    // It runs, and could not be opened before.
    if (waited == 0 || (waited < 0 && IdentifyProcess(process.pid) == process)) {
      handles_[name].handle = ProcessHandle(process);
      return;
    }
    handles_.erase(name);
    const bool child = waited == process.pid;
    // Its executors and what else it left must not meet its successor.
    for (const MarkedProcess& left : FindMarked(cluster_)) {
      if (left.service == name) ProcessHandle(left.process).Signal(SIGKILL);
    }
    const auto service = state_.services.find(name);
    const std::string cause = service == state_.services.end() ? "" : CauseInLog(service->second.running.log);
    std::string reason = child ? HowItEnded(status) : "it ended, and an earlier supervisor had started it";
    if (!cause.empty()) reason += ": " + cause;
    Dispatch(Exited{name, process, child && WIFEXITED(status) && WEXITSTATUS(status) == 0, reason});
  }

  void KeepHouse() {
    if (Now() < house_keeping_) return;
    house_keeping_ = Now() + kHouseKeepingEvery;
    for (const auto& [name, service] : state_.services) {
      if (!service.running.log.empty())
        RotateLog(service.running.log, service.running.log_size, service.running.log_files);
    }
  }

  const ClusterFolder& folder_;
  std::string cluster_;
  State state_;
  std::map<std::string, Watched> handles_;
  Probes probes_;
  int inotify_ = -1;
  Time house_keeping_ = 0;
  Time now_ = Now(), passed_ = Passed();
};

}  // namespace

std::optional<FileLock> Supervise(const ClusterFolder& folder) {
  std::optional<FileLock> commands;  // given back after all below
  std::optional<FileLock> alone = folder.TryLockSupervisor();
  // Somebody may just be asking whether there is a supervisor.
  for (int attempt = 0; !alone && attempt < 20; ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
    alone = folder.TryLockSupervisor();
  }
  if (!alone) return std::nullopt;
  ReplaceFile(folder.path() / "supervisor.pid", fmt::format("{}\n", ::getpid()));
  Runner runner(folder);
  const base::OnInterrupt wake([&runner] { runner.Wake(); });
  runner.TakeOverProcesses();
  runner.ReadDesired();
  for (;;) {
    while (!runner.idle()) {
      if (base::InterruptRequested()) return std::nullopt;
      runner.WaitAndDispatch();
    }
    // Nobody can ask for more while this lock is held; who asks afterwards finds no supervisor and starts one.
    commands = folder.LockCommands();
    runner.ReadDesired();
    if (runner.idle()) break;
    commands.reset();
  }
  KillMarked(runner.cluster());
  std::error_code ignored;
  std::filesystem::remove(folder.path() / "supervisor.pid", ignored);
  return commands;
}

void Change(const ClusterFolder& folder, const std::string& program, const std::function<void(Desired*)>& change) {
  folder.Make();
  const FileLock lock = folder.LockCommands();
  Desired desired = folder.ReadDesired().value_or(Desired{});
  if (desired.cluster.empty()) {
    std::random_device random;
    desired.cluster = fmt::format("{:08x}{:08x}{:08x}", random(), random(), random());
  }
  const Desired before = desired;
  change(&desired);
  if (desired != before || !folder.Exists()) folder.WriteDesired(desired);
  const bool wanted =
      std::any_of(desired.services.begin(), desired.services.end(), [](const Wanted& w) { return w.up; });
  if ((wanted || !FindMarked(desired.cluster).empty()) && !IsSupervised(folder)) {
    SpawnDetached({program, "supervise", folder.path()}, LastingEnvironment(), folder.path(),
                  folder.path() / "logs" / "supervisor.log");
  }
}

bool IsSupervised(const ClusterFolder& folder) {
  return !folder.TryLockSupervisor().has_value();
}

void KillMarked(const std::string& cluster) {
  if (cluster.empty()) return;
  for (int round = 0; round < 50; ++round) {
    const std::vector<MarkedProcess> marked = FindMarked(cluster);
    if (marked.empty()) return;
    for (const MarkedProcess& left : marked) ProcessHandle(left.process).Signal(SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace tinderbox::cluster
