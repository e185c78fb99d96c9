#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/fail.h"
#include "base/interrupt.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/verbs.h"
#include "cluster/machine.h"
#include "cluster/supervisor.h"

namespace tinderbox::cli {
namespace {

struct StatusFlags {
  ClusterName cluster;
  std::string interval = "1s";
  bool json = false, watch = false;
};

struct Row {
  std::string name, phase, address, reason;
  int64_t since = 0;
  int pid = 0;
  int restarts = 0;
  std::map<std::string, int> ports;
};

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// What is wanted, with what is; and what is not wanted any more but still there.
std::vector<Row> RowsOf(const cluster::ClusterFolder& folder) {
  const cluster::Desired desired = folder.ReadDesired().value_or(cluster::Desired{});
  const std::optional<cluster::State> state = folder.ReadState();
  std::vector<Row> rows;
  const auto add = [&](const std::string& name, const cluster::Service& service) {
    Row row;
    row.name = name;
    row.phase = "stopped";
    row.address = service.page;
    row.ports = service.ports;
    if (state && state->services.contains(name)) {
      const cluster::ServiceState& now = state->services.at(name);
      row.phase = cluster::PhaseName(now.phase);
      row.since = now.since;
      row.restarts = now.restarts;
      row.pid = now.process.pid;
      const bool on_its_way = now.phase == cluster::Phase::kStarting || now.phase == cluster::Phase::kUnready;
      if (now.phase != cluster::Phase::kReady) row.reason = on_its_way ? now.detail : now.reason;
      // What the last supervisor wrote may be older than the truth.
      if (row.pid != 0 && cluster::IdentifyProcess(row.pid) != now.process) {
        row.phase = "dead";
        row.pid = 0;
      }
    }
    rows.push_back(std::move(row));
  };
  for (const cluster::Wanted& wanted : desired.services) add(wanted.service.name, wanted.service);
  if (state) {
    for (const auto& [name, service] : state->services) {
      if (desired.Find(name) == nullptr && service.process.pid != 0) add(name, service.running);
    }
  }
  return rows;
}

std::string Overall(const std::vector<Row>& rows, bool supervised) {
  const auto count = [&](std::string_view phase) {
    return std::count_if(rows.begin(), rows.end(), [&](const Row& row) { return row.phase == phase; });
  };
  const auto stopped = static_cast<size_t>(count("stopped"));
  if (rows.size() == stopped) return "down";
  if (!supervised) return "not supervised";
  if (count("crash loop") + count("failed") > 0) return "broken";
  return static_cast<size_t>(count("ready") + count("finished")) + stopped == rows.size() ? "ready" : "changing";
}

nlohmann::ordered_json ToJson(const std::string& name, const std::vector<Row>& rows, bool supervised) {
  nlohmann::ordered_json out = {{"version", 1}, {"cluster", name}, {"state", Overall(rows, supervised)}};
  out["services"] = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    out["services"].push_back({{"name", row.name},
                               {"state", row.phase},
                               {"since", row.since},
                               {"pid", row.pid},
                               {"restarts", row.restarts},
                               {"ports", row.ports},
                               {"address", row.address},
                               {"reason", row.reason}});
  }
  return out;
}

std::string Table(const std::string& name, const std::vector<Row>& rows, bool supervised) {
  std::string out = fmt::format("{}: {}\n", name, Overall(rows, supervised));
  if (rows.empty()) return out;
  out += fmt::format("{:<12} {:<12} {:>8} {:>8} {:>8}  {}\n", "SERVICE", "STATE", "FOR", "PID", "RESTARTS", "ADDRESS");
  for (const Row& row : rows) {
    const std::string since = row.since == 0 ? "" : ShortTime(Now() - row.since);
    out += fmt::format("{:<12} {:<12} {:>8} {:>8} {:>8}  {}\n", row.name, row.phase, since,
                       row.pid == 0 ? "" : fmt::format("{}", row.pid), row.restarts, row.address);
    if (!row.reason.empty()) out += fmt::format("             {}\n", row.reason);
  }
  return out;
}

/// On a terminal each table takes the place of the one before; elsewhere, and as JSON, one is added when something has
/// changed.
int Watch(const StatusFlags& flags, const cluster::ClusterFolder& folder) {
  const bool redraw = !flags.json && Console::Inspect().out_terminal;
  const auto interval = std::chrono::milliseconds(ParseTime("--interval", flags.interval));
  if (interval < std::chrono::milliseconds(50))
    base::Fail("TINDERBOX_USAGE", "--interval {} is too short: 50ms at least.", flags.interval);
  const auto pause = [&] {
    // In short naps, so that Ctrl-C ends a long one.
    const auto end = std::chrono::steady_clock::now() + interval;
    for (auto now = std::chrono::steady_clock::now(); now < end; now = std::chrono::steady_clock::now()) {
      base::ThrowIfInterrupted();
      std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(end - now, std::chrono::milliseconds(100)));
    }
  };
  nlohmann::ordered_json shown;
  return UntilInterrupted([&] {
    const std::vector<Row> rows = RowsOf(folder);
    const bool supervised = cluster::IsSupervised(folder);
    nlohmann::ordered_json now = ToJson(folder.name(), rows, supervised);
    if (redraw) {
      std::string text = Table(folder.name(), rows, supervised);
      // Each line is overwritten and its rest erased, so that nothing flickers.
      for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 4) text.insert(at, "\x1b[K");
      WriteOut(fmt::format("\x1b[H{}\x1b[J", text));
    } else if (now != shown) {
      const std::string table = Table(folder.name(), rows, supervised);
      WriteOut(flags.json ? now.dump() + "\n" : (shown.is_null() ? "" : "\n") + table);
    }
    shown = std::move(now);
    pause();
  });
}

int Status(const StatusFlags& flags) {
  const cluster::ClusterFolder folder = ExistingFolder(flags.cluster);
  if (flags.watch) {
    if (!flags.json && Console::Inspect().out_terminal) WriteOut("\x1b[2J");
    return Watch(flags, folder);
  }
  const std::vector<Row> rows = RowsOf(folder);
  const bool supervised = cluster::IsSupervised(folder);
  WriteOut(flags.json ? ToJson(folder.name(), rows, supervised).dump() + "\n" : Table(folder.name(), rows, supervised));
  return kClusterOk;
}

int List(bool json) {
  nlohmann::ordered_json out = {{"version", 1}, {"clusters", nlohmann::ordered_json::array()}};
  std::string text;
  for (const cluster::ClusterFolder& folder : cluster::ListClusters(UserDirectories())) {
    const std::vector<Row> rows = RowsOf(folder);
    const std::string state = Overall(rows, cluster::IsSupervised(folder));
    text += fmt::format("{:<20} {:<14} {} services\n", folder.name(), state, rows.size());
    out["clusters"].push_back(
        {{"name", folder.name()}, {"state", state}, {"services", rows.size()}, {"folder", folder.path().string()}});
  }
  WriteOut(json ? out.dump() + "\n" : text);
  return kClusterOk;
}

}  // namespace

int RunStatus(const Arguments& arguments) {
  StatusFlags flags;
  CLI::App app("Shows the services of a cluster: state, process, restarts, address, and why one is not ready.");
  AddNameFlag(&app, &flags.cluster);
  app.add_flag("-w,--watch", flags.watch,
               "Show it again and again until Ctrl-C: in place on a terminal, else whenever something has changed")
      ->group("Other");
  app.add_option("--interval", flags.interval, "How often --watch looks; default: 1s")
      ->type_name("TIME")
      ->group("Other");
  app.add_flag("--json", flags.json, "As JSON; with --watch one line for each change")->group("Other");
  app.footer(
      "For example:\n"
      "  tinderbox status\n"
      "  tinderbox status --watch --interval 5s\n"
      "  tinderbox status --json | jq -r '.services[] | select(.state != \"ready\") | .name'\n\n" +
      ClusterExitHelp());
  if (!ParseFlags(&app, "status", arguments)) return kClusterOk;
  if (!flags.watch && app.count("--interval") > 0)
    throw UsageError("status", "--interval is about --watch; give that too.");
  return RunClusterVerb("status", [&] { return Status(flags); });
}

int RunList(const Arguments& arguments) {
  bool json = false;
  CLI::App app("Lists the clusters of this user on this machine.");
  app.add_flag("--json", json, "As JSON")->group("Other");
  app.footer("For example:\n  tinderbox list\n  tinderbox list --json | jq -r '.clusters[].name'\n\n" +
             ClusterExitHelp());
  if (!ParseFlags(&app, "list", arguments)) return kClusterOk;
  return RunClusterVerb("list", [&] { return List(json); });
}

}  // namespace tinderbox::cli
