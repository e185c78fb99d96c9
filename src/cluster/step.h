#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cluster/service.h"

namespace tinderbox::cluster {

/// Milliseconds since 1970.
using Time = int64_t;
constexpr Time kNever = std::numeric_limits<Time>::max();

/// The supervisor's policy.
constexpr Time kLeastBackOff = 500;
constexpr Time kMostBackOff = 30'000;
constexpr Time kHealthyAfter = 60'000;  ///< ready this long, a service has no failures behind it
constexpr Time kCrashWindow = 300'000;  ///< kCrashExits within this time are a crash loop
constexpr size_t kCrashExits = 5;
constexpr Time kUnreadyLimit = 60'000;  ///< a service that answers no probe for so long is restarted
constexpr int kProbeFailures = 3;       ///< in a row, after which a ready service counts as unready
constexpr Time kStartProbeEvery = 250;

/// A process that cannot be mistaken for another one: the kernel gives a number again, but not at the same time.
struct Process {
  int pid = 0;         ///< 0: none
  uint64_t start = 0;  ///< in the kernel's clock ticks since boot

  friend bool operator==(const Process&, const Process&) = default;
};

enum class Phase {
  kStopped,
  kWaiting,   ///< for what it needs
  kStarting,  ///< runs or is being spawned, was not ready yet
  kReady,
  kUnready,     ///< was ready, does not answer
  kBackingOff,  ///< ended by itself, will be started again
  kDraining,
  kStopping,
  kCrashLoop,  ///< ended by itself too often: stays down until somebody asks again
  kFailed,     ///< one that is run once ended badly
  kFinished,   ///< one that is run once ended well
};
std::string_view PhaseName(Phase phase);

struct ServiceState {
  Phase phase = Phase::kStopped;
  Time since = 0;  ///< of the phase
  Process process;
  bool spawning = false;  ///< Spawn was asked for and not answered yet
  Service running;        ///< what it was last started from
  int64_t generation = 0;
  Time started = 0;
  Time ready = 0;  ///< when it became ready last
  Time wake = 0;   ///< end of the back-off, of the draining, of the grace
  Time probe_at = 0;
  uint64_t probe = 0;  ///< the one that is under way
  int probe_failures = 0;
  int failures = 0;  ///< in a row, for the back-off
  std::vector<Time> exits;
  int restarts = 0;
  bool killed = false;
  bool failing = false;  ///< it is being stopped because something is wrong with it
  std::string reason;    ///< of the last failure
  std::string detail;    ///< what the last probe that failed said
};

struct State {
  Desired desired;
  std::map<std::string, ServiceState> services;
  uint64_t random = 1;
  uint64_t next_probe = 1;
};

struct DesiredChanged {
  Desired desired;
};
struct Spawned {
  std::string name;
  Process process;
};
struct SpawnFailed {
  std::string name;
  std::string reason;
};
struct Exited {
  std::string name;
  Process process;
  bool success = false;  ///< exit code 0
  std::string reason;    ///< how it ended, and what its log says about it
};
struct Probed {
  std::string name;
  uint64_t probe = 0;
  bool ok = false;
  std::string detail;
};
/// A new supervisor has looked for the processes that an earlier one left. The state is that of the earlier one.
struct TookOver {
  Desired desired;
  std::map<std::string, Process> found;
};
/// The clock was set, or the machine slept: now is this much further on than time has passed, and every wait lasts as
/// long as it would have.
struct ClockJumped {
  Time by = 0;
};
struct Tick {};
using Event = std::variant<DesiredChanged, Spawned, SpawnFailed, Exited, Probed, TookOver, ClockJumped, Tick>;

/// Answered by Spawned or SpawnFailed before anything else is said about the process.
struct Spawn {
  Service service;
};
/// To the process and its group.
struct Signal {
  std::string name;
  Process process;
  int signal = 0;
};
/// Answered by Probed within the probe's timeout.
struct StartProbe {
  std::string name;
  uint64_t probe = 0;
  Probe what;
};
/// A line of the cluster's history.
struct Note {
  std::string name;
  Phase phase;
  std::string detail;
};
using Action = std::variant<Spawn, Signal, StartProbe, Note>;

/// The supervisor: what is to be done after this event. Pure, and total: every event is allowed in every state.
std::pair<State, std::vector<Action>> Step(State state, const Event& event, Time now);

/// When Step must be called with a Tick at the latest.
Time NextWake(const State& state);
/// Nothing runs and nothing is to run.
bool IsIdle(const State& state);

void to_json(nlohmann::json& out, const State& state);
void from_json(const nlohmann::json& in, State& state);

}  // namespace tinderbox::cluster
