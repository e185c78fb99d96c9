#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "base/process.h"
#include "cache/results.h"
#include "cli/cache_flags.h"
#include "cli/console.h"
#include "cli/verbs.h"

namespace tinderbox::cli {
namespace {

using cache::Results;

constexpr size_t kShortKey = 12;

struct Flags {
  ClusterName cluster;
  std::string what = "status";
  std::vector<std::string> keys;
  bool yes = false, json = false;
};

int64_t Now() {
  using std::chrono::system_clock;
  return std::chrono::duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string Size(int64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} B", bytes);
  if (bytes < 10'000'000) return fmt::format("{} kB", bytes / 1000);
  return fmt::format("{} MB", bytes / 1'000'000);
}

int ShowStatus(Results* results, bool json) {
  const Results::Counts counts = results->Count();
  const std::vector<Results::Entry> entries = results->List();
  int64_t bytes = 0;
  for (const Results::Entry& each : entries) bytes += each.bytes;
  if (json) {
    const nlohmann::ordered_json out = {{"version", 1},
                                        {"redis", results->address().Shown()},
                                        {"results", entries.size()},
                                        {"bytes", bytes},
                                        {"hits", counts.hits},
                                        {"misses", counts.misses},
                                        {"kept", counts.kept}};
    WriteOut(out.dump() + "\n");
    return kClusterOk;
  }
  WriteOut(fmt::format("redis    {}\nresults  {} ({})\nhits     {}\nmisses   {}\nkept     {}\n",
                       results->address().Shown(), entries.size(), Size(bytes), counts.hits, counts.misses,
                       counts.kept));
  return kClusterOk;
}

int ShowList(Results* results, bool json) {
  const std::vector<Results::Entry> entries = results->List();
  const int64_t now = Now();
  if (json) {
    nlohmann::ordered_json out = {{"version", 1}, {"results", nlohmann::ordered_json::array()}};
    for (const Results::Entry& each : entries)
      out["results"].push_back({{"key", each.key},
                                {"bytes", each.bytes},
                                {"age_ms", std::max<int64_t>(now - each.kept_ms, 0)},
                                {"left_ms", each.left_ms},
                                {"hits", each.hits},
                                {"what", each.what}});
    WriteOut(out.dump() + "\n");
    return kClusterOk;
  }
  if (entries.empty()) {
    WriteOut("No results are kept.\n");
    return kClusterOk;
  }
  constexpr const char* kRow = "{:<12}  {:>8}  {:>7}  {:>7}  {:>5}  {}\n";
  std::string text = fmt::format(fmt::runtime(kRow), "KEY", "SIZE", "AGE", "LEFT", "HITS", "WHAT");
  const Console console = Console::Inspect();
  const size_t room = console.out_terminal ? static_cast<size_t>(std::max(console.width - 50, 20)) : std::string::npos;
  for (const Results::Entry& each : entries) {
    size_t end = std::min(each.what.size(), room);
    while (end < each.what.size() && end > 0 && (static_cast<unsigned char>(each.what[end]) & 0xC0) == 0x80) --end;
    text += fmt::format(fmt::runtime(kRow), each.key.substr(0, kShortKey), Size(each.bytes),
                        ShortTime(std::max<int64_t>(now - each.kept_ms, 0)), ShortTime(each.left_ms), each.hits,
                        each.what.substr(0, end));
  }
  WriteOut(text);
  return kClusterOk;
}

/// The whole keys of those that begin so. Throws Error TINDERBOX_NO_SUCH for none and for several.
std::vector<std::string> WholeKeys(Results* results, const std::vector<std::string>& beginnings) {
  const std::vector<Results::Entry> entries = results->List();
  std::vector<std::string> out;
  for (const std::string& begin : beginnings) {
    const auto fits = [&](const Results::Entry& each) { return each.key.starts_with(begin); };
    const auto found = std::ranges::find_if(entries, fits);
    if (begin.empty() || found == entries.end())
      base::Fail("TINDERBOX_NO_SUCH", "No result has the key \"{}\". `tinderbox cache list` shows them.", begin);
    if (std::ranges::count_if(entries, fits) > 1)
      base::Fail("TINDERBOX_NO_SUCH", "Several results have keys that begin with \"{}\". Write more of it.", begin);
    out.push_back(found->key);
  }
  return out;
}

int Clear(Results* results, const Flags& flags) {
  const std::vector<std::string> keys = WholeKeys(results, flags.keys);
  if (!flags.yes) {
    if (!base::IsTerminal(STDIN_FILENO) || !base::IsTerminal(STDERR_FILENO))
      base::Fail("TINDERBOX_USAGE", "There is no terminal to ask on. Give --yes to clear.");
    const std::string what = keys.empty() ? "all results" : fmt::format("{} of the results", keys.size());
    if (!Confirmed(fmt::format("Clear {} in {}?", what, results->address().Shown()))) {
      WriteError("Nothing was cleared.\n");
      return kClusterFailed;
    }
  }
  int64_t cleared = 0;
  for (const std::string& key : keys) cleared += results->Remove(key) ? 1 : 0;
  if (keys.empty()) cleared = results->Clear();
  if (flags.json) {
    WriteOut(nlohmann::ordered_json{{"version", 1}, {"cleared", cleared}}.dump() + "\n");
  } else {
    WriteOut(fmt::format("{} result{} cleared.\n", cleared, cleared == 1 ? "" : "s"));
  }
  return kClusterOk;
}

int Do(const Flags& flags) {
  if (flags.what != "clear" && !flags.keys.empty()) throw UsageError("cache", flags.what + " takes no keys.");
  Results results(FindRedis(flags.cluster));
  results.Check();
  if (flags.what == "list") return ShowList(&results, flags.json);
  if (flags.what == "clear") return Clear(&results, flags);
  return ShowStatus(&results, flags.json);
}

}  // namespace

int RunCache(const Arguments& arguments) {
  Flags flags;
  CLI::App app(
      "Shows and clears the results of queries that run, sql and server keep in Redis with --cache. The Redis is the "
      "cluster's (see --name), or the one that the variable TINDERBOX_REDIS_URL names: redis://:PASSWORD@HOST:PORT.");
  app.add_option("WHAT", flags.what, "status, list or clear; default: status")
      ->check(OneOf({"status", "list", "clear"}));
  app.add_option("KEY", flags.keys, "Results to clear, by the beginning of their keys; default: all");
  AddNameFlag(&app, &flags.cluster);
  app.add_flag("-y,--yes", flags.yes, "Do not ask")->group("Other");
  app.add_flag("--json", flags.json, "As JSON")->group("Other");
  app.footer(
      "For example:\n  tinderbox up --with redis\n  tinderbox run --cache 1h report.py\n  tinderbox cache list\n"
      "  tinderbox cache clear 3f0a --yes\n\n" +
      ClusterExitHelp());
  if (!ParseFlags(&app, "cache", arguments)) return kClusterOk;
  return RunClusterVerb("cache", [&] { return Do(flags); });
}

}  // namespace tinderbox::cli
