#include "cluster/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace tinderbox::cluster {
namespace {

/// The index of the first line of the last start: the first service to wait while nothing else was up.
size_t BeginOfLastStart(const std::vector<HistoryLine>& history) {
  std::set<std::string> up;
  size_t begin = history.size();
  for (size_t i = 0; i < history.size(); ++i) {
    const HistoryLine& line = history[i];
    const bool rests = line.what == PhaseName(Phase::kStopped) || line.what == PhaseName(Phase::kCrashLoop) ||
                       line.what == PhaseName(Phase::kFailed);
    if (rests) {
      up.erase(line.service);
    } else {
      if (up.empty()) begin = i;
      up.insert(line.service);
    }
  }
  return begin;
}

}  // namespace

std::vector<StartSpan> LastStart(const std::vector<HistoryLine>& history, const Desired& desired) {
  std::map<std::string, StartSpan> spans;
  for (size_t i = BeginOfLastStart(history); i < history.size(); ++i) {
    const HistoryLine& line = history[i];
    StartSpan& span = spans[line.service];
    span.service = line.service;
    if (span.begin == 0) span.begin = line.time;
    if (span.started == 0 && line.what == PhaseName(Phase::kStarting)) span.started = line.time;
    if (span.ready == 0 && line.what == PhaseName(Phase::kReady)) span.ready = line.time;
  }
  std::vector<StartSpan> result;
  for (auto& [name, span] : spans) {
    if (span.started == 0) continue;
    const Wanted* wanted = desired.Find(name);
    Time last = 0;
    for (const std::string& need : wanted == nullptr ? std::vector<std::string>() : wanted->service.needs) {
      const auto found = spans.find(need);
      if (found == spans.end() || found->second.ready <= last) continue;
      last = found->second.ready;
      span.waited_for = need;
    }
    result.push_back(span);
  }
  std::stable_sort(result.begin(), result.end(), [](const StartSpan& a, const StartSpan& b) {
    return std::pair(a.started, a.ready) < std::pair(b.started, b.ready);
  });
  return result;
}

std::string Explain(const std::string& name, const Wanted& wanted, const State& state) {
  const ServiceState& s = state.services.at(name);
  std::string out = fmt::format("{} is {}. ", name, PhaseName(s.phase));
  switch (s.phase) {
    case Phase::kStopped:
      out += wanted.up ? "It is about to be started." : "Somebody stopped it; `tinderbox up` starts it again.";
      break;
    case Phase::kWaiting:
      for (const std::string& need : wanted.service.needs) {
        const auto found = state.services.find(need);
        if (found == state.services.end() || found->second.phase != Phase::kReady)
          out += fmt::format("It waits for {}, which is {}. ", need,
                             found == state.services.end() ? "not there" : PhaseName(found->second.phase));
      }
      break;
    case Phase::kStarting:
      out += s.detail.empty() ? "It was asked whether it is ready, and has not answered yet."
                              : fmt::format("It is not ready yet: {}.", s.detail);
      break;
    case Phase::kReady:
      out += fmt::format("Nothing is wrong with it; it was started again {} times.", s.restarts);
      if (!s.reason.empty()) out += fmt::format(" The last trouble was: {}.", s.reason);
      break;
    case Phase::kUnready:
      out += fmt::format("It runs and does not answer: {}. It is restarted if that does not end.", s.detail);
      break;
    case Phase::kBackingOff:
      out += fmt::format("It ended: {}. It will be started again {} ms after that.", s.reason, s.wake - s.since);
      break;
    case Phase::kDraining:
      out += "It finishes its work and hands on what it holds before it goes.";
      break;
    case Phase::kStopping:
      out += s.failing ? fmt::format("It is being stopped because {}.", s.reason) : "It was asked to end.";
      break;
    case Phase::kCrashLoop:
      out += fmt::format(
          "It ended {} times within {} minutes, the last time so: {}. It stays down until you say `tinderbox up`.",
          kCrashExits, kCrashWindow / 60'000, s.reason);
      break;
    case Phase::kFailed:
      out += fmt::format("It is run once, and ended badly: {}.", s.reason);
      break;
    case Phase::kFinished:
      out += "It is run once, and ended well.";
      break;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out + "\n";
}

}  // namespace tinderbox::cluster
