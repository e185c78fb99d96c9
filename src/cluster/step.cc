#include "cluster/step.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "cluster/units.h"

namespace tinderbox::cluster {
namespace {

bool Runs(Phase phase) {
  return phase == Phase::kStarting || phase == Phase::kReady || phase == Phase::kUnready;
}

/// Nothing of it runs or is about to.
bool Rests(Phase phase) {
  return phase == Phase::kStopped || phase == Phase::kCrashLoop || phase == Phase::kFailed || phase == Phase::kFinished;
}

bool WantedUp(const State& state, const std::string& name) {
  const Wanted* wanted = state.desired.Find(name);
  return wanted != nullptr && wanted->up;
}

bool NeedsReady(const State& state, const Service& service) {
  return std::all_of(service.needs.begin(), service.needs.end(), [&](const std::string& need) {
    const auto found = state.services.find(need);
    return found != state.services.end() &&
           (found->second.phase == Phase::kReady || found->second.phase == Phase::kFinished);
  });
}

/// SplitMix64: the next number of the sequence.
uint64_t NextRandom(uint64_t* random) {
  uint64_t z = (*random += 0x9e3779b97f4a7c15U);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

class Stepping {
 public:
  Stepping(State* state, std::vector<Action>* actions, Time now) : state_(*state), actions_(*actions), now_(now) {}

  void operator()(const DesiredChanged& event) {
    state_.desired = event.desired;
    for (const Wanted& wanted : state_.desired.services) state_.services[wanted.service.name];
  }

  void operator()(const Spawned& event) {
    ServiceState& s = state_.services[event.name];
    s.spawning = false;
    s.process = event.process;
    s.started = now_;
    s.probe_at = now_ + kStartProbeEvery;
  }

  void operator()(const SpawnFailed& event) {
    ServiceState& s = state_.services[event.name];
    s.spawning = false;
    Fail(event.name, &s, event.reason);
  }

  void operator()(const Exited& event) {
    const auto found = state_.services.find(event.name);
    if (found == state_.services.end() || found->second.process != event.process) return;
    ServiceState& s = found->second;
    s.process = {};
    const bool asked = s.phase == Phase::kStopping || s.phase == Phase::kDraining;
    if (asked && !s.failing) {
      Enter(event.name, &s, Phase::kStopped, "");
    } else if (s.running.restart == Restart::kNever && event.success) {
      Enter(event.name, &s, Phase::kFinished, "");
    } else {
      // A service stopped for its silence is described by that; how it ended then is our own doing.
      Fail(event.name, &s, s.failing ? s.reason : event.reason);
    }
  }

  void operator()(const Probed& event) {
    const auto found = state_.services.find(event.name);
    if (found == state_.services.end() || found->second.probe != event.probe) return;
    ServiceState& s = found->second;
    s.probe = 0;
    if (s.phase == Phase::kDraining) {
      s.probe_at = now_ + kStartProbeEvery;
      if (event.ok) s.wake = now_;
      return;
    }
    s.probe_at = now_ + (s.phase == Phase::kReady ? s.running.alive.every : kStartProbeEvery);
    if (event.ok) {
      s.probe_failures = 0;
      if (s.phase == Phase::kReady) return;
      s.ready = now_;
      s.probe_at = now_ + s.running.alive.every;
      Enter(event.name, &s, Phase::kReady, "");
      return;
    }
    if (s.phase == Phase::kReady && ++s.probe_failures >= kProbeFailures) {
      Forgive(&s);
      Enter(event.name, &s, Phase::kUnready, event.detail);
    }
    s.detail = event.detail;
  }

  void operator()(const TookOver& event) {
    Time last = 0;
    for (const auto& [name, s] : state_.services) last = std::max(last, s.since);
    if (last > now_) (*this)(ClockJumped{now_ - last});  // set back while nobody watched
    (*this)(DesiredChanged{event.desired});
    for (const auto& [name, process] : event.found) state_.services[name];
    for (auto& [name, s] : state_.services) {
      s.probe = 0;
      s.probe_at = now_;
      s.killed = false;  // the signal may not have been sent
      const auto found = event.found.find(name);
      if (found == event.found.end()) {
        const bool spawning = std::exchange(s.spawning, false);
        if (s.process.pid != 0) {
          (*this)(Exited{name, s.process, false, "it ended while no supervisor watched it"});
        } else if (spawning) {
          Enter(name, &s, Phase::kWaiting, "");
        }
        continue;
      }
      s.spawning = false;
      if (s.process == found->second) continue;
      s.process = found->second;
      s.started = now_;
      if (!Runs(s.phase)) Enter(name, &s, Phase::kStarting, "taken over");
    }
  }

  void operator()(const ClockJumped& event) {
    for (auto& [name, s] : state_.services) {
      for (Time* time : {&s.since, &s.started, &s.ready, &s.wake, &s.probe_at}) {
        if (*time != 0) *time += event.by;
      }
      for (Time& exit : s.exits) exit += event.by;
    }
  }

  void operator()(const Tick&) {}

  /// Does what the state calls for now, until nothing more follows.
  void Converge() {
    for (size_t before = actions_.size() + 1; before != actions_.size();) {
      before = actions_.size();
      for (auto& [name, s] : state_.services) Converge(name, &s);
    }
    for (auto s = state_.services.begin(); s != state_.services.end();) {
      const bool gone = s->second.process.pid == 0 && !s->second.spawning && Rests(s->second.phase);
      s = gone && state_.desired.Find(s->first) == nullptr ? state_.services.erase(s) : std::next(s);
    }
  }

 private:
  void Converge(const std::string& name, ServiceState* s) {
    if (s->spawning) return;
    const Wanted* wanted = state_.desired.Find(name);
    const bool up = wanted != nullptr && wanted->up;
    const bool same = up && wanted->generation == s->generation && wanted->service == s->running;
    if (Runs(s->phase)) {
      if (!up || !same) return Stop(name, s, !up, false);
      return Watch(name, s);
    }
    switch (s->phase) {
      case Phase::kDraining:
        if (now_ >= s->wake) return Terminate(name, s);
        return MaybeProbe(name, s, s->running.drained);
      case Phase::kStopping:
        if (now_ >= s->wake && !s->killed) {
          s->killed = true;
          actions_.push_back(Signal{name, s->process, SIGKILL});
        }
        return;
      case Phase::kWaiting:
        if (!up) return Enter(name, s, Phase::kStopped, "");
        if (NeedsReady(state_, wanted->service)) Start(name, s, *wanted);
        return;
      case Phase::kBackingOff:
        if (up && same && now_ < s->wake) return;
        if (up && same) return Enter(name, s, Phase::kWaiting, "");
        break;
      default:
        if (up && same && s->phase != Phase::kStopped) return;
        break;
    }
    // It rests, and somebody asks for something else than what failed or ended: a fresh start, or none.
    s->failures = 0;
    s->exits.clear();
    if (up) {
      s->reason.clear();
      Enter(name, s, Phase::kWaiting, "");
    } else if (s->phase != Phase::kStopped) {
      Enter(name, s, Phase::kStopped, "");
    }
  }

  void Start(const std::string& name, ServiceState* s, const Wanted& wanted) {
    if (s->started != 0 && s->running.name == name) ++s->restarts;
    s->running = wanted.service;
    s->generation = wanted.generation;
    s->spawning = true;
    s->killed = s->failing = false;
    s->probe_failures = 0;
    s->detail.clear();
    s->started = now_;
    Enter(name, s, Phase::kStarting, "");
    actions_.push_back(Spawn{wanted.service});
  }

  /// A process that should run: ask it, and lose patience.
  void Watch(const std::string& name, ServiceState* s) {
    const Time deadline = Patience(state_, *s);
    if (now_ >= deadline) {
      s->reason =
          s->phase == Phase::kStarting
              ? fmt::format("it was not ready after {}: {}", FormatDuration(s->running.start_timeout), s->detail)
              : fmt::format("it did not answer for {}: {}", FormatDuration(kUnreadyLimit), s->detail);
      return Stop(name, s, false, true);
    }
    MaybeProbe(name, s, s->phase == Phase::kStarting ? s->running.ready : s->running.alive);
  }

  void MaybeProbe(const std::string& name, ServiceState* s, const Probe& what) {
    if (s->probe != 0 || now_ < s->probe_at) return;
    s->probe = state_.next_probe++;
    actions_.push_back(StartProbe{name, s->probe, what});
  }

  void Stop(const std::string& name, ServiceState* s, bool for_good, bool failing) {
    s->failing = failing;
    const bool others_stay = std::all_of(s->running.needs.begin(), s->running.needs.end(),
                                         [&](const std::string& need) { return WantedUp(state_, need); });
    const bool drain = for_good && others_stay && s->running.drain_signal != 0 && s->phase != Phase::kStarting;
    if (!drain) return Terminate(name, s);
    s->wake = now_ + s->running.drain_timeout;
    s->probe_at = now_ + 2 * kStartProbeEvery;
    Enter(name, s, Phase::kDraining, "");
    actions_.push_back(Signal{name, s->process, s->running.drain_signal});
  }

  void Terminate(const std::string& name, ServiceState* s) {
    s->wake = now_ + s->running.stop_grace;
    s->killed = false;
    Enter(name, s, Phase::kStopping, s->failing ? s->reason : "");
    actions_.push_back(Signal{name, s->process, s->running.stop_signal});
  }

  void Fail(const std::string& name, ServiceState* s, const std::string& reason) {
    s->reason = reason;
    if (s->running.restart == Restart::kNever) return Enter(name, s, Phase::kFailed, reason);
    Forgive(s);
    std::erase_if(s->exits, [&](Time exit) { return now_ - exit >= kCrashWindow; });
    s->exits.push_back(now_);
    if (s->exits.size() >= kCrashExits) return Enter(name, s, Phase::kCrashLoop, reason);
    const Time doubled = std::min(kMostBackOff, kLeastBackOff << std::min(s->failures, 10));
    ++s->failures;
    const Time jittered = doubled * static_cast<Time>(750 + NextRandom(&state_.random) % 501) / 1000;
    s->wake = now_ + std::clamp(jittered, kLeastBackOff, kMostBackOff);
    Enter(name, s, Phase::kBackingOff, reason);
  }

  void Forgive(ServiceState* s) {
    if (s->phase == Phase::kReady && now_ - s->ready >= kHealthyAfter) s->failures = 0;
  }

  void Enter(const std::string& name, ServiceState* s, Phase phase, const std::string& detail) {
    s->phase = phase;
    s->since = now_;
    s->probe = 0;
    actions_.push_back(Note{name, phase, detail});
  }

 public:
  /// When a running service that does not become ready, or is silent, is given up. Not while what it needs is away.
  static Time Patience(const State& state, const ServiceState& s) {
    if (s.phase == Phase::kReady || !NeedsReady(state, s.running)) return kNever;
    return s.phase == Phase::kStarting ? s.started + s.running.start_timeout : s.since + kUnreadyLimit;
  }

 private:
  State& state_;
  std::vector<Action>& actions_;
  const Time now_;
};

}  // namespace

std::string_view PhaseName(Phase phase) {
  static constexpr std::string_view kNames[] = {"stopped",    "waiting",     "starting", "ready",
                                                "unready",    "backing off", "draining", "stopping",
                                                "crash loop", "failed",      "finished"};
  return kNames[static_cast<size_t>(phase)];
}

std::pair<State, std::vector<Action>> Step(State state, const Event& event, Time now) {
  std::vector<Action> actions;
  Stepping stepping(&state, &actions, now);
  std::visit(stepping, event);
  stepping.Converge();
  return {std::move(state), std::move(actions)};
}

Time NextWake(const State& state) {
  Time wake = kNever;
  for (const auto& [name, s] : state.services) {
    if (s.spawning) continue;
    const bool probes = Runs(s.phase) || s.phase == Phase::kDraining;
    if (probes && s.probe == 0) wake = std::min(wake, s.probe_at);
    if (Runs(s.phase)) wake = std::min(wake, Stepping::Patience(state, s));
    if (s.phase == Phase::kBackingOff || s.phase == Phase::kDraining || (s.phase == Phase::kStopping && !s.killed))
      wake = std::min(wake, s.wake);
  }
  return wake;
}

bool IsIdle(const State& state) {
  const bool wanted = std::any_of(state.desired.services.begin(), state.desired.services.end(),
                                  [](const Wanted& service) { return service.up; });
  return !wanted && std::all_of(state.services.begin(), state.services.end(), [](const auto& entry) {
    return entry.second.process.pid == 0 && !entry.second.spawning && Rests(entry.second.phase);
  });
}

NLOHMANN_JSON_SERIALIZE_ENUM(Phase, {{Phase::kStopped, "stopped"},
                                     {Phase::kWaiting, "waiting"},
                                     {Phase::kStarting, "starting"},
                                     {Phase::kReady, "ready"},
                                     {Phase::kUnready, "unready"},
                                     {Phase::kBackingOff, "backing off"},
                                     {Phase::kDraining, "draining"},
                                     {Phase::kStopping, "stopping"},
                                     {Phase::kCrashLoop, "crash loop"},
                                     {Phase::kFailed, "failed"},
                                     {Phase::kFinished, "finished"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Process, pid, start)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ServiceState, phase, since, process, spawning, running, generation, started, ready,
                                   wake, probe_at, probe, probe_failures, failures, exits, restarts, killed, failing,
                                   reason, detail)

void to_json(nlohmann::json& out, const State& state) {
  out = {{"version", 1},
         {"desired", state.desired},
         {"services", state.services},
         {"random", state.random},
         {"next_probe", state.next_probe}};
}

void from_json(const nlohmann::json& in, State& state) {
  in.at("desired").get_to(state.desired);
  in.at("services").get_to(state.services);
  in.at("random").get_to(state.random);
  in.at("next_probe").get_to(state.next_probe);
}

}  // namespace tinderbox::cluster
