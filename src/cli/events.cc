#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <map>

#include "base/fail.h"
#include "base/json_text.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/verbs.h"
#include "cluster/log.h"
#include "cluster/timeline.h"

namespace tinderbox::cli {
namespace {

struct HistoryFlags {
  ClusterName cluster;
  std::string service;
  bool json = false;
};

bool Parse(const std::string& verb, const std::string& description, const std::string& example,
           const Arguments& arguments, HistoryFlags* flags) {
  CLI::App app(description);
  if (verb == "why") app.add_option("SERVICE", flags->service, "The service")->required();
  AddNameFlag(&app, &flags->cluster);
  app.add_flag("--json", flags->json, verb == "why" ? "As JSON" : "As JSON, one line each")->group("Other");
  app.footer(fmt::format("For example:\n  tinderbox {}\n\n", example) + ClusterExitHelp());
  return ParseFlags(&app, verb, arguments);
}

std::string Clock(cluster::Time time) {
  const std::time_t seconds = static_cast<std::time_t>(time / 1000);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%F %T", &parts);
  return fmt::format("{}.{:03}", text, time % 1000);
}

int Events(const HistoryFlags& flags) {
  const cluster::ClusterFolder folder = ExistingFolder(flags.cluster);
  std::string out;
  for (const cluster::HistoryLine& line : folder.ReadHistory()) {
    if (flags.json) {
      out +=
          nlohmann::ordered_json{
              {"time", line.time}, {"service", line.service}, {"what", line.what}, {"detail", line.detail}}
              .dump() +
          "\n";
    } else {
      out += fmt::format("{}  {:<12} {:<12} {}\n", Clock(line.time), line.service, line.what, line.detail);
    }
  }
  WriteOut(out);
  return kClusterOk;
}

int Timeline(const HistoryFlags& flags) {
  const cluster::ClusterFolder folder = ExistingFolder(flags.cluster);
  const cluster::Desired desired = folder.ReadDesired().value_or(cluster::Desired{});
  const std::vector<cluster::StartSpan> spans = cluster::LastStart(folder.ReadHistory(), desired);
  if (spans.empty()) base::Fail("TINDERBOX_NO_SUCH", "The cluster {} was never started.", folder.name());
  cluster::Time begin = spans[0].begin;
  for (const cluster::StartSpan& span : spans) begin = std::min(begin, span.begin);
  std::string out;
  if (flags.json) {
    for (const cluster::StartSpan& span : spans) {
      out += nlohmann::ordered_json{{"service", span.service},
                                    {"waited", span.started - span.begin},
                                    {"for", span.waited_for},
                                    {"start", span.started - begin},
                                    {"ready", span.ready == 0 ? nlohmann::ordered_json(nullptr)
                                                              : nlohmann::ordered_json(span.ready - begin)}}
                 .dump() +
             "\n";
    }
    WriteOut(out);
    return kClusterOk;
  }
  cluster::Time end = begin + 1;
  for (const cluster::StartSpan& span : spans) end = std::max({end, span.started, span.ready});
  constexpr int kWidth = 40;
  const auto column = [&](cluster::Time time) { return static_cast<size_t>((time - begin) * kWidth / (end - begin)); };
  for (const cluster::StartSpan& span : spans) {
    std::string bar(kWidth + 1, ' ');
    const size_t ready = span.ready == 0 ? static_cast<size_t>(kWidth) : column(span.ready);
    for (size_t i = column(span.begin); i < column(span.started); ++i) bar[i] = '.';
    for (size_t i = column(span.started); i <= ready; ++i) bar[i] = '#';
    const std::string ended = span.ready == 0 ? "not ready" : "ready at " + ShortTime(span.ready - begin);
    const std::string waited =
        span.waited_for.empty() || span.started - span.begin < 50
            ? ""
            : fmt::format(", {} of them for {}", ShortTime(span.started - span.begin), span.waited_for);
    out += fmt::format("{:<12} |{}| {}{}\n", span.service, bar, ended, waited);
  }
  WriteOut(out);
  return kClusterOk;
}

int Why(const HistoryFlags& flags) {
  const cluster::ClusterFolder folder = ExistingFolder(flags.cluster);
  const cluster::Desired desired = folder.ReadDesired().value_or(cluster::Desired{});
  const std::optional<cluster::State> state = folder.ReadState();
  nlohmann::ordered_json json = {{"version", 1}, {"services", nlohmann::ordered_json::array()}};
  std::string text;
  for (const std::string& name : PickServices(desired, {flags.service})) {
    const cluster::Wanted& wanted = *desired.Find(name);
    std::string phase = "stopped", reason;
    std::string explanation = fmt::format("{} has not been started yet.\n", name);
    std::vector<std::string> log;
    if (state && state->services.contains(name)) {
      const cluster::ServiceState& now = state->services.at(name);
      phase = cluster::PhaseName(now.phase);
      reason = now.reason;
      explanation = cluster::Explain(name, wanted, *state);
      if (now.phase != cluster::Phase::kReady) log = cluster::LastLines(wanted.service.log, 20);
    }
    text += explanation;
    for (std::string& line : log) {
      line = base::ReplaceInvalidUtf8(line);
      text += "    " + line + "\n";
    }
    explanation.pop_back();
    json["services"].push_back(
        {{"name", name}, {"state", phase}, {"reason", reason}, {"explanation", explanation}, {"log", log}});
  }
  WriteOut(flags.json ? json.dump() + "\n" : text);
  return kClusterOk;
}

}  // namespace

int RunEvents(const Arguments& arguments) {
  HistoryFlags flags;
  if (!Parse("events", "Prints what happened to each service, oldest first.",
             "events --json | jq -r 'select(.what == \"backing off\") | .detail'", arguments, &flags))
    return kClusterOk;
  return RunClusterVerb("events", [&] { return Events(flags); });
}

int RunTimeline(const Arguments& arguments) {
  HistoryFlags flags;
  if (!Parse("timeline",
             "Shows the last start of the cluster: which service waited for which (.), and how long each took (#).",
             "timeline", arguments, &flags))
    return kClusterOk;
  return RunClusterVerb("timeline", [&] { return Timeline(flags); });
}

int RunWhy(const Arguments& arguments) {
  HistoryFlags flags;
  if (!Parse("why", "Explains the state of a service, with the end of its log.", "why worker-1", arguments, &flags))
    return kClusterOk;
  return RunClusterVerb("why", [&] { return Why(flags); });
}

}  // namespace tinderbox::cli
