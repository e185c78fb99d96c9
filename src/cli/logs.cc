#include <fmt/format.h>
#include <regex.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <set>
#include <thread>
#include <utility>

#include "base/fail.h"
#include "base/interrupt.h"
#include "base/json_text.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/log_chain.h"
#include "cli/verbs.h"
#include "cli/words.h"
#include "cluster/job.h"
#include "cluster/log.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

constexpr auto kPoll = std::chrono::milliseconds(200);

struct LogFlags {
  ClusterName cluster;
  std::vector<std::string> services;
  std::string since, grep, app;
  int64_t tail = -1;
  bool follow = false, ignore_case = false, json = false;
};

/// A log by the name that people know it by.
struct Source {
  std::string name;
  fs::path log;
};

std::vector<std::string> NamesIn(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    names.push_back(entry->path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

/// Logs of services, also of those that are gone.
std::vector<Source> ServiceLogs(const cluster::ClusterFolder& folder, const std::vector<std::string>& services) {
  std::set<std::string> there;
  for (const std::string& name : NamesIn(folder.path() / "logs")) {
    if (fs::path(name).extension() == ".log") there.insert(fs::path(name).stem());
  }
  const cluster::Desired desired = folder.ReadDesired().value_or(cluster::Desired{});
  for (const cluster::Wanted& wanted : desired.services) there.insert(wanted.service.name);
  std::set<std::string> picked;
  if (services.empty()) {
    picked = there;
    picked.erase("supervisor");
  }
  for (const std::string& asked : services) {
    const std::string plain = PlainServiceName(asked);
    const size_t before = picked.size();
    bool known = false;
    for (const std::string& name : there) {
      if (name != plain && name.substr(0, name.rfind('-')) != plain) continue;
      picked.insert(name);
      known = true;
    }
    if (picked.size() == before && !known) {
      const std::vector<std::string> names(there.begin(), there.end());
      base::Fail("TINDERBOX_NO_SUCH", "There is no log of \"{}\".{} There are: {}.", asked, DidYouMean(plain, names),
                 fmt::join(names, ", "));
    }
  }
  std::vector<Source> sources;
  for (const std::string& name : picked) sources.push_back({name, folder.path() / "logs" / (name + ".log")});
  return sources;
}

/// Applications and drivers of which a worker has a folder.
std::set<std::string> KnownApplications(const cluster::ClusterFolder& folder) {
  std::set<std::string> known;
  for (const std::string& worker : NamesIn(folder.path() / "work")) {
    for (const std::string& name : NamesIn(folder.path() / "work" / worker)) {
      if (name.rfind("app-", 0) == 0 || name.rfind("driver-", 0) == 0) known.insert(name);
    }
  }
  for (const cluster::JobFolder& job : cluster::ListJobs(folder)) known.insert(job.id());
  return known;
}

bool Mentions(const fs::path& log, const std::string& word) {
  LogChain chain("", log);
  while (const std::optional<LogLine> line = chain.Next()) {
    if (line->text.find(word) != std::string::npos) return true;
  }
  return false;
}

/// What the driver and the executors of an application wrote, wherever they wrote it. `id`: of the application, of its
/// driver in cluster mode, or of the job that it is.
std::vector<Source> ApplicationLogs(const cluster::ClusterFolder& folder, const std::string& id) {
  std::vector<Source> sources;
  std::set<std::string> ids = {id};
  const std::optional<cluster::JobFolder> job = cluster::FindJob(folder, id);
  if (job) {
    const cluster::Job record = job->Read();
    ids = {record.application, record.driver};
    sources.push_back({"driver", job->log()});
    // Of a program that works on the job and was left to itself.
    for (const char* stream : {"stderr", "stdout"}) {
      const fs::path log = job->path() / fmt::format("{}.log", stream);
      if (fs::exists(log)) sources.push_back({stream, log});
    }
  }
  for (const std::string& worker : NamesIn(folder.path() / "work")) {
    const fs::path work = folder.path() / "work" / worker;
    for (const std::string& name : NamesIn(work)) {
      if (!ids.contains(name)) continue;
      const bool driver = name.rfind("driver-", 0) == 0;
      // A driver's output is in its folder, that of executors in one folder for each.
      const std::vector<std::string> parts = driver ? std::vector<std::string>{""} : NamesIn(work / name);
      for (const std::string& part : parts) {
        for (const char* stream : {"stderr", "stdout"}) {
          if (fs::exists(work / name / part / stream))
            sources.push_back({fmt::format("{}/{}/{}", worker, driver ? "driver" : "executor-" + part, stream),
                               work / name / part / stream});
        }
      }
    }
  }
  if (!job && !sources.empty() && id.rfind("app-", 0) == 0) {
    // The one application that is a service of the cluster.
    const fs::path connect = folder.path() / "logs/connect.log";
    if (Mentions(connect, id)) sources.insert(sources.begin(), {"connect", connect});
  }
  return sources;
}

std::vector<Source> SourcesOf(const cluster::ClusterFolder& folder, const LogFlags& flags) {
  if (flags.app.empty()) return ServiceLogs(folder, flags.services);
  std::vector<Source> sources = ApplicationLogs(folder, flags.app);
  if (sources.empty()) {
    const std::set<std::string> known = KnownApplications(folder);
    const std::vector<std::string> names(known.begin(), known.end());
    const std::string there = names.empty() ? "None has run yet, or its logs were removed."
                                            : fmt::format("There are: {}.", fmt::join(names, ", "));
    base::Fail("TINDERBOX_NO_SUCH", "There are no logs of an application or job \"{}\".{} {}", flags.app,
               DidYouMean(flags.app, names), there);
  }
  return sources;
}

/// "10m" or "2026-11-21T15:10": since when.
std::optional<std::time_t> ParseSince(const std::string& text) {
  if (text.empty()) return std::nullopt;
  for (const char* form : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"}) {
    std::tm parts{};
    const char* rest = ::strptime(text.c_str(), form, &parts);
    if (rest == nullptr || (*rest != '\0' && std::string_view(rest) != "Z")) continue;
    parts.tm_isdst = -1;
    return *rest == 'Z' ? ::timegm(&parts) : std::mktime(&parts);
  }
  try {
    return std::time(nullptr) - static_cast<std::time_t>(ParseTime("--since", text) / 1000);
  } catch (const Error&) {
    base::Fail("TINDERBOX_USAGE",
               "--since \"{}\" is neither a time that has passed, such as 10m, nor a point in time, "
               "such as 2026-11-21T15:10.",
               text);
  }
}

/// An extended regular expression, as grep -E has it.
class Pattern {
 public:
  Pattern(const std::string& text, bool ignore_case) {
    const int wrong = ::regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NOSUB | (ignore_case ? REG_ICASE : 0));
    if (wrong == 0) return;
    char why[200];
    ::regerror(wrong, &compiled_, why, sizeof why);
    base::Fail("TINDERBOX_USAGE", "--grep \"{}\" is no regular expression: {}.", text, why);
  }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  ~Pattern() { ::regfree(&compiled_); }

  bool Matches(const std::string& line) const { return ::regexec(&compiled_, line.c_str(), 0, nullptr, 0) == 0; }

 private:
  regex_t compiled_{};
};

/// The lines that are asked for of several logs.
class Reader {
 public:
  explicit Reader(const LogFlags& flags) : flags_(flags), since_(ParseSince(flags.since)) {
    if (!flags.grep.empty()) pattern_.emplace(flags.grep, flags.ignore_case);
  }

  void Add(const std::vector<Source>& sources) {
    for (const Source& source : sources) {
      const bool known =
          std::any_of(chains_.begin(), chains_.end(), [&](const LogChain& chain) { return chain.log() == source.log; });
      if (!known) chains_.emplace_back(source.name, source.log);
    }
    prefixed_ = prefixed_ || chains_.size() > 1;
  }

  /// Everything until now, by time; lines without one stay with the line before them.
  void PrintPast() {
    struct Front {
      LogChain* chain;
      std::deque<LogLine> kept;  // with --tail, all of them
      std::optional<LogLine> line;
      std::time_t time = 0;
    };
    std::vector<Front> fronts;
    const auto advance = [&](Front* front) {
      if (flags_.tail >= 0) {
        front->line.reset();
        if (front->kept.empty()) return;
        front->line = std::move(front->kept.front());
        front->kept.pop_front();
      } else {
        front->line = NextWanted(front->chain, !flags_.follow);
      }
      if (front->line && front->line->time) front->time = std::max(front->time, *front->line->time);
    };
    for (LogChain& chain : chains_) {
      Front front{&chain, {}, std::nullopt, 0};
      if (flags_.tail >= 0) {
        while (std::optional<LogLine> line = NextWanted(&chain, !flags_.follow)) {
          front.kept.push_back(std::move(*line));
          if (front.kept.size() > static_cast<size_t>(flags_.tail)) front.kept.pop_front();
        }
      }
      advance(&front);
      fronts.push_back(std::move(front));
    }
    Front* last = nullptr;
    for (;;) {
      base::ThrowIfInterrupted();
      Front* first = nullptr;
      for (Front& front : fronts) {
        if (!front.line) continue;
        const bool earlier = first == nullptr || front.time < first->time;
        const bool goes_on = first != nullptr && front.time == first->time && &front == last;
        if (earlier || goes_on) first = &front;
      }
      if (first == nullptr) break;
      Print(*first->chain, *first->line);
      last = first;
      advance(first);
    }
    Flush();
  }

  /// What has come since then. Returns whether there was anything.
  bool PrintNews() {
    bool news = false;
    for (LogChain& chain : chains_) {
      while (const std::optional<LogLine> line = NextWanted(&chain, false)) {
        Print(chain, *line);
        news = true;
      }
    }
    Flush();
    return news;
  }

 private:
  std::optional<LogLine> NextWanted(LogChain* chain, bool to_the_end) const {
    for (;;) {
      std::optional<LogLine> line = chain->Next();
      if (!line && to_the_end) line = chain->Rest();
      if (!line) return std::nullopt;
      if (line->text.rfind(cluster::kStartLine, 0) == 0) continue;
      // Of a log without times only that of the last line is known.
      if (since_ && line->time.value_or(chain->LastWrite()) < *since_) continue;
      if (pattern_ && !pattern_->Matches(line->text)) continue;
      return line;
    }
  }

  void Print(const LogChain& chain, const LogLine& line) {
    if (flags_.json) {
      nlohmann::ordered_json json = {{"source", chain.name()}};
      json["time"] = line.time ? nlohmann::ordered_json(*line.time * 1000) : nlohmann::ordered_json(nullptr);
      json["line"] = base::ReplaceInvalidUtf8(line.text);
      out_ += json.dump() + "\n";
    } else if (prefixed_) {
      out_ += fmt::format("{} | {}\n", chain.name(), line.text);
    } else {
      out_ += line.text + "\n";
    }
    constexpr size_t kEnough = 64 * 1024;
    if (out_.size() > kEnough) Flush();
  }

  void Flush() {
    if (!out_.empty()) WriteOut(out_);
    out_.clear();
  }

  const LogFlags& flags_;
  const std::optional<std::time_t> since_;
  std::optional<Pattern> pattern_;
  std::deque<LogChain> chains_;
  bool prefixed_ = false;
  std::string out_;
};

int Logs(const LogFlags& flags) {
  const cluster::ClusterFolder folder = ExistingFolder(flags.cluster);
  Reader reader(flags);
  reader.Add(SourcesOf(folder, flags));
  if (!flags.follow) {
    reader.PrintPast();
    return kClusterOk;
  }
  auto looked = std::chrono::steady_clock::now();
  return UntilInterrupted([&, first = true]() mutable {
    if (std::exchange(first, false)) reader.PrintPast();
    if (!reader.PrintNews()) std::this_thread::sleep_for(kPoll);
    if (const auto now = std::chrono::steady_clock::now(); now - looked > std::chrono::seconds(1)) {
      looked = now;
      reader.Add(SourcesOf(folder, flags));  // of workers and executors that have come
    }
  });
}

}  // namespace

int RunLogs(const Arguments& arguments) {
  LogFlags flags;
  CLI::App app(
      "Prints the logs of services, or of an application's driver and executors; also after they have ended, and "
      "those that were rotated. Several logs are merged by time.");
  app.add_option("SERVICE", flags.services, "Which services (worker: every worker); default: all");
  AddNameFlag(&app, &flags.cluster);
  app.add_option("--app", flags.app, "Of the driver and the executors of this application, driver or job")
      ->type_name("ID")
      ->group("What");
  app.add_option("--since", flags.since, "Only the last, say, 10m; or since 2026-11-21T15:10")
      ->type_name("TIME")
      ->group("What");
  app.add_option("--tail", flags.tail, "Only the last lines of each log")
      ->type_name("LINES")
      ->check(Between(0))
      ->group("What");
  app.add_option("--grep", flags.grep, "Only lines that match a regular expression, as grep -E has them")
      ->type_name("PATTERN")
      ->group("What");
  app.add_flag("-i,--ignore-case", flags.ignore_case, "--grep takes large and small letters alike")->group("What");
  app.add_flag("-f,--follow", flags.follow, "Go on with what is written until Ctrl-C")->group("Other");
  app.add_flag("--json", flags.json, "As JSON, one object a line: source, time, line")->group("Other");
  app.footer(
      "For example:\n"
      "  tinderbox logs master --grep 'Registering worker'\n"
      "  tinderbox logs worker -f --since 5m\n"
      "  tinderbox logs --app app-20261121151003-0000 -i --grep error\n\n" +
      ClusterExitHelp());
  if (!ParseFlags(&app, "logs", arguments)) return kClusterOk;
  if (!flags.app.empty() && !flags.services.empty())
    throw UsageError("logs", "Give services or --app, not both: an application's logs are where its executors ran.");
  if (flags.ignore_case && flags.grep.empty()) throw UsageError("logs", "--ignore-case needs --grep.");
  return RunClusterVerb("logs", [&] { return Logs(flags); });
}

}  // namespace tinderbox::cli
