// The supervisor in a simulated world with seeded faults, held to what it promises: never two processes of one name,
// stop beats restart, restarts within the policy, everything wanted gets ready once the faults end, and nothing is left
// after the end. Every check is proved by a broken Step that it must catch.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "cluster/step.h"

namespace tinderbox::cluster {
namespace {

// A million steps where the compiler optimises; the slow builds take a part of the seeds.
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kSeeds = 200;
#else
constexpr int kSeeds = 3000;
#endif

using StepFunction = std::function<std::pair<State, std::vector<Action>>(State, const Event&, Time)>;

struct SimulatedProcess {
  std::string name;
  bool hangs_on_term = false;
  bool never_ready = false;
  bool flaps = false;
  Time ready_at = 0;
  Time dies_at = kNever;
  bool known = false;  // its Spawned arrived
  bool signalled = false;
  std::optional<Time> first_ok = std::nullopt;
};

/// What an outsider knows about the restarts of one name since somebody last asked for something.
struct History {
  std::vector<Time> exits;  // unasked for
  Time last_exit = -1;
  int in_a_row = 0;
};

class World {
 public:
  World(StepFunction step, uint64_t seed) : step_(std::move(step)), random_(seed) {
    state_.random = seed;
    faults_ = Chance(0.9);
    supervisor_dies_ = Chance(0.5);
    clock_jumps_ = Chance(0.5);
    const int workers = Pick(1, 4);
    AddService("master", {});
    for (int i = 1; i <= workers; ++i) AddService("worker-" + std::to_string(i), {"master"});
    if (Chance(0.3)) AddService("buckets", {"master"}, Restart::kNever);
  }

  /// The whole life of a cluster; returns what went wrong, or "".
  std::string Run() {
    for (int phase = Pick(2, 8); phase > 0 && wrong_.empty(); --phase) {
      Operate();
      if (clock_jumps_ && Chance(0.3)) SetClock();
      RunUntil(now_ + Pick(100, 400'000));
    }
    faults_ = supervisor_dies_ = false;
    for (auto& [pid, process] : processes_) process.flaps = false;
    RunUntil(now_ + 400'000);
    CheckConverged();
    desired_.services.clear();
    TellDesired();
    RunUntil(now_ + 200'000);
    if (!processes_.empty()) Wrong("a process is left after the end: " + processes_.begin()->second.name);
    if (!IsIdle(state_)) Wrong("the supervisor is not idle after the end");
    return wrong_;
  }

  int64_t steps() const { return steps_; }
  const std::set<Phase>& seen() const { return seen_; }

 private:
  bool Chance(double p) { return std::bernoulli_distribution(p)(random_); }
  int Pick(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }
  void Wrong(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }

  void AddService(const std::string& name, std::vector<std::string> needs, Restart restart = Restart::kAlways) {
    Service service;
    service.name = name;
    service.needs = std::move(needs);
    service.restart = restart;
    service.start_timeout = 60'000;
    service.stop_grace = 10'000;
    service.drain_timeout = 30'000;
    service.drain_signal = name.rfind("worker", 0) == 0 ? SIGPWR : 0;
    desired_.services.push_back({service, true, 0});
  }

  /// Somebody gives a command.
  void Operate() {
    if (!desired_.services.empty()) {
      const size_t index = static_cast<size_t>(Pick(0, static_cast<int>(desired_.services.size()) - 1));
      Wanted& wanted = desired_.services[index];
      switch (Pick(0, 5)) {
        case 0:
          wanted.up = !wanted.up;
          break;
        case 1:
          ++wanted.generation;
          break;
        case 2:
          wanted.service.command.push_back("changed");
          break;
        case 3:
          if (wanted.service.name != "master")
            desired_.services.erase(desired_.services.begin() + static_cast<int>(index));
          break;
        case 4:
          AddService("worker-" + std::to_string(Pick(10, 12)), {"master"});
          for (size_t i = 0; i + 1 < desired_.services.size(); ++i) {
            if (desired_.services[i].service.name == desired_.services.back().service.name) {
              desired_.services.pop_back();
              break;
            }
          }
          break;
        default:
          for (Wanted& each : desired_.services) each.up = true;
      }
    }
    TellDesired();
  }

  void TellDesired() {
    histories_.clear();
    Queue(now_, DesiredChanged{desired_});
  }

  void Queue(Time at, Event event) { queue_.emplace(at, std::move(event)); }

  void RunUntil(Time end) {
    int steps_here = 0;
    while (wrong_.empty()) {
      const Time asked = NextWake(state_);
      const Time wake = asked == kNever ? kNever : std::max(now_, asked - skew_);
      const Time death = NextDeath();
      const Time next = std::min({queue_.empty() ? kNever : queue_.begin()->first, wake, death});
      if (next > end) break;
      if (++steps_here > 50'000) return Wrong("the supervisor never comes to rest");
      now_ = std::max(now_, next);
      if (death <= now_) {
        Die(Chance(0.5));
      } else if (!queue_.empty() && queue_.begin()->first <= now_) {
        const Event event = queue_.begin()->second;
        queue_.erase(queue_.begin());
        Deliver(event);
      } else {
        Deliver(Tick{});
      }
    }
    now_ = std::max(now_, end);
  }

  /// Somebody sets the clock, or opens the laptop again.
  void SetClock() {
    const Time by = Pick(-20'000'000, 20'000'000);
    skew_ += by;
    Deliver(ClockJumped{by});
  }

  Time NextDeath() const {
    Time death = kNever;
    for (const auto& [pid, process] : processes_) death = std::min(death, process.dies_at);
    return death;
  }

  /// The process whose time has come ends.
  void Die(bool success) {
    const auto dying = std::find_if(processes_.begin(), processes_.end(),
                                    [&](const auto& entry) { return entry.second.dies_at <= now_; });
    const SimulatedProcess& process = dying->second;
    if (process.known && !process.signalled) {
      History& history = histories_[process.name];
      const bool was_healthy = process.first_ok && now_ - *process.first_ok >= kHealthyAfter;
      history.in_a_row = was_healthy ? 1 : history.in_a_row + 1;
      history.last_exit = now_;
      history.exits.push_back(now_);
    }
    Queue(now_, Exited{process.name, {dying->first, 1}, success, "exit code 1"});
    processes_.erase(dying);
  }

  void Deliver(const Event& event) {
    ++steps_;
    if (const auto* spawned = std::get_if<Spawned>(&event)) {
      if (const auto found = processes_.find(spawned->process.pid); found != processes_.end())
        found->second.known = true;
    }
    if (const auto* probed = std::get_if<Probed>(&event); probed != nullptr && probed->ok) {
      for (auto& [pid, process] : processes_) {
        if (process.name == probed->name && !process.first_ok) process.first_ok = now_;
      }
    }
    auto [state, actions] = step_(std::move(state_), event, now_ + skew_);
    state_ = std::move(state);
    for (const Action& action : actions) {
      // What stands in the state file is the state before its actions are carried out.
      if (supervisor_dies_ && Chance(0.002)) return TakeOver();
      std::visit([this](const auto& each) { Execute(each); }, action);
    }
  }

  void TakeOver() {
    queue_.clear();
    now_ += Pick(0, 20'000);
    TookOver event{desired_, {}};
    for (const auto& [pid, process] : processes_) {
      if (process.dies_at > now_) event.found[process.name] = {pid, 1};
    }
    for (auto it = processes_.begin(); it != processes_.end();)
      it = it->second.dies_at <= now_ ? processes_.erase(it) : std::next(it);
    histories_.clear();  // what happened in between nobody could see
    Queue(now_, event);
  }

  void Execute(const Spawn& spawn) {
    const std::string& name = spawn.service.name;
    for (const auto& [pid, process] : processes_) {
      if (process.name == name) return Wrong("two processes of " + name);
    }
    const Wanted* wanted = desired_.Find(name);
    if (wanted == nullptr || !wanted->up) return Wrong("started although nobody wants it: " + name);
    CheckRestart(name);
    if (faults_ && Chance(0.05)) {  // a full disk
      History& history = histories_[name];
      ++history.in_a_row;
      history.last_exit = now_;
      history.exits.push_back(now_);
      return Queue(now_, SpawnFailed{name, "No space left on device"});
    }
    SimulatedProcess process;
    process.name = name;
    process.ready_at = now_ + Pick(50, 3000);
    if (faults_) {
      process.hangs_on_term = Chance(0.2);
      process.never_ready = Chance(0.05);
      process.flaps = Chance(0.2);
      if (Chance(0.15)) process.ready_at = now_ + Pick(1000, 70'000);
      if (Chance(0.25)) process.dies_at = now_ + Pick(0, 2000);  // a taken port, a crash at start
      if (Chance(0.2)) process.dies_at = now_ + Pick(2000, 300'000);
    }
    if (spawn.service.restart == Restart::kNever) process.dies_at = now_ + Pick(0, 5000);
    const int pid = next_pid_++;
    processes_[pid] = process;
    Queue(now_, Spawned{name, {pid, 1}});
  }

  void CheckRestart(const std::string& name) {
    History& history = histories_[name];
    if (history.last_exit < 0 || history.in_a_row == 0) return;
    const auto recent = std::count_if(history.exits.begin(), history.exits.end(),
                                      [&](Time exit) { return history.last_exit - exit < kCrashWindow; });
    if (static_cast<size_t>(recent) >= kCrashExits) Wrong("restarted in a crash loop: " + name);
    const Time doubled = std::min<Time>(30'000, 500LL << std::min(history.in_a_row - 1, 10));
    if (now_ - history.last_exit < std::max<Time>(500, doubled * 3 / 4)) Wrong("restarted too soon: " + name);
  }

  void Execute(const Signal& signal) {
    const auto found = processes_.find(signal.process.pid);
    if (found == processes_.end()) return;
    if (found->second.name != signal.name) return Wrong("signalled a stranger");
    SimulatedProcess& process = found->second;
    if (signal.signal == SIGKILL) {
      process.signalled = true;
      process.dies_at = std::min(process.dies_at, now_ + Pick(0, 50));
    } else if (signal.signal == SIGTERM) {
      process.signalled = true;
      if (!process.hangs_on_term) process.dies_at = std::min(process.dies_at, now_ + Pick(0, 5000));
    }
  }

  void Execute(const StartProbe& probe) {
    bool ok = false;
    for (const auto& [pid, process] : processes_) {
      if (process.name == probe.name)
        ok = now_ >= process.ready_at && !process.never_ready && !(process.flaps && Chance(0.4));
    }
    const Time late = faults_ && Chance(0.1) ? Pick(1000, 3000) : Pick(1, 50);
    Queue(now_ + late, Probed{probe.name, probe.probe, ok, ok ? "" : "connection refused"});
  }

  void Execute(const Note& note) { seen_.insert(note.phase); }

  void CheckConverged() {
    for (const Wanted& wanted : desired_.services) {
      const Phase phase = state_.services[wanted.service.name].phase;
      const bool settled = phase == Phase::kCrashLoop || phase == Phase::kFailed || phase == Phase::kFinished;
      const bool needs_up =
          std::all_of(wanted.service.needs.begin(), wanted.service.needs.end(),
                      [&](const std::string& need) { return state_.services[need].phase == Phase::kReady; });
      if (wanted.up && needs_up && phase != Phase::kReady && !settled)
        Wrong(wanted.service.name + " is " + std::string(PhaseName(phase)) + " long after the last fault");
      if (!wanted.up && phase != Phase::kStopped)
        Wrong(wanted.service.name + " is " + std::string(PhaseName(phase)) + " though it was stopped");
    }
  }

  StepFunction step_;
  std::mt19937_64 random_;
  State state_;
  Desired desired_;
  Time now_ = 1'000'000'000;
  std::multimap<Time, Event> queue_;
  std::map<int, SimulatedProcess> processes_;
  std::map<std::string, History> histories_;
  std::set<Phase> seen_;
  int next_pid_ = 100;
  bool faults_ = false;
  bool supervisor_dies_ = false;
  bool clock_jumps_ = false;
  Time skew_ = 0;  // of what the supervisor takes for the time
  int64_t steps_ = 0;
  std::string wrong_;
};

TEST(Simulation, KeepsItsPromisesUnderFaults) {
  int64_t steps = 0;
  std::set<Phase> seen;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    World world(Step, seed);
    ASSERT_EQ(world.Run(), "") << "seed " << seed;
    steps += world.steps();
    seen.insert(world.seen().begin(), world.seen().end());
  }
  RecordProperty("steps", static_cast<int>(steps));
  std::printf("%lld steps\n", static_cast<long long>(steps));
  EXPECT_GT(steps, kSeeds * 334LL) << "fewer than a million steps over 3000 seeds";
  EXPECT_EQ(seen.size(), 11U) << "some phase was never reached";
}

/// The first complaint about the broken step within some seeds.
std::string Complaint(const StepFunction& broken) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    if (const std::string wrong = World(broken, seed).Run(); !wrong.empty()) return wrong;
  }
  return "";
}

TEST(Simulation, CatchesOneThatForgetsAProcessBeforeItIsGone) {
  const std::string wrong = Complaint([](State state, const Event& event, Time now) {
    auto [next, actions] = Step(std::move(state), event, now);
    for (const Action& action : std::vector<Action>(actions)) {
      const auto* signal = std::get_if<Signal>(&action);
      if (signal == nullptr || signal->signal != SIGTERM) continue;
      auto [after, more] = Step(std::move(next), Exited{signal->name, signal->process, false, "assumed"}, now);
      next = std::move(after);
      actions.insert(actions.end(), more.begin(), more.end());
    }
    return std::pair(std::move(next), std::move(actions));
  });
  EXPECT_THAT(wrong, testing::HasSubstr("two processes"));
}

TEST(Simulation, CatchesOneThatRestartsWhatWasStopped) {
  const std::string wrong = Complaint([](State state, const Event& event, Time now) {
    if (const auto* changed = std::get_if<DesiredChanged>(&event)) {
      Desired desired = changed->desired;
      for (Wanted& wanted : desired.services) wanted.up = true;
      return Step(std::move(state), DesiredChanged{desired}, now);
    }
    return Step(std::move(state), event, now);
  });
  EXPECT_THAT(wrong,
              testing::AnyOf(testing::HasSubstr("nobody wants it"), testing::HasSubstr("though it was stopped")));
}

TEST(Simulation, CatchesOneThatDoesNotBackOff) {
  const std::string wrong = Complaint([](State state, const Event& event, Time now) {
    auto result = Step(std::move(state), event, now);
    for (auto& [name, service] : result.first.services) {
      if (service.phase == Phase::kBackingOff) service.wake = now;
    }
    return result;
  });
  EXPECT_THAT(wrong, testing::HasSubstr("too soon"));
}

TEST(Simulation, CatchesOneThatNeverGivesUp) {
  const std::string wrong = Complaint([](State state, const Event& event, Time now) {
    for (auto& [name, service] : state.services) service.exits.clear();
    return Step(std::move(state), event, now);
  });
  EXPECT_THAT(wrong, testing::HasSubstr("crash loop"));
}

TEST(Simulation, CatchesOneThatBelievesTheClock) {
  const std::string wrong = Complaint([](State state, const Event& event, Time now) {
    const bool jumped = std::holds_alternative<ClockJumped>(event);
    return Step(std::move(state), jumped ? Event(Tick{}) : event, now);
  });
  EXPECT_NE(wrong, "");
}

TEST(Simulation, CatchesOneThatNeverKills) {
  const std::string wrong = Complaint([](State state, const Event& event, Time now) {
    auto result = Step(std::move(state), event, now);
    std::erase_if(result.second, [](const Action& action) {
      const auto* signal = std::get_if<Signal>(&action);
      return signal != nullptr && signal->signal == SIGKILL;
    });
    return result;
  });
  EXPECT_THAT(wrong, testing::AnyOf(testing::HasSubstr("left after the end"), testing::HasSubstr("not idle"),
                                    testing::HasSubstr("though it was stopped"), testing::HasSubstr("long after")));
}

}  // namespace
}  // namespace tinderbox::cluster
