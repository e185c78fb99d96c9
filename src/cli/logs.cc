#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <regex>
#include <thread>

#include "base/fail.h"
#include "base/interrupt.h"
#include "cli/cluster_flags.h"
#include "cli/console.h"
#include "cli/verbs.h"
#include "cluster/log.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;

struct LogFlags {
  ClusterName cluster;
  std::vector<std::string> services;
  std::string since, grep, app;
  int64_t tail = -1;
  bool follow = false;
};

struct Source {
  std::string name;
  fs::path file;
  std::streamoff read = 0;  // so far
  bool shown = true;        // whether the last line was: one without a time belongs to it
};

/// Logs of services, also of those that are gone: the rotated ones first.
std::vector<Source> ServiceLogs(const cluster::ClusterFolder& folder, const std::vector<std::string>& services) {
  std::vector<Source> sources;
  std::vector<std::string> there;
  std::error_code error;
  for (fs::directory_iterator entry(folder.path() / "logs", error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".log") there.push_back(entry->path().stem());
  }
  std::sort(there.begin(), there.end());
  std::vector<std::string> names;
  if (services.empty()) {
    std::copy_if(there.begin(), there.end(), std::back_inserter(names),
                 [](const std::string& name) { return name != "supervisor"; });
  }
  for (const std::string& asked : services) {
    const std::string plain = asked.rfind("spark-", 0) == 0 ? asked.substr(6) : asked;
    const size_t before = names.size();
    std::copy_if(there.begin(), there.end(), std::back_inserter(names),
                 [&](const std::string& name) { return name == plain || name.substr(0, name.rfind('-')) == plain; });
    if (names.size() == before)
      base::Fail("TINDERBOX_NO_SUCH", "There is no log of \"{}\". There are: {}.", asked, fmt::join(there, ", "));
  }
  for (const std::string& name : names) {
    const fs::path log = folder.path() / "logs" / (name + ".log");
    for (int number = 1000; number >= 1; --number) {
      const fs::path rotated = fmt::format("{}.{}", log.string(), number);
      if (fs::exists(rotated)) sources.push_back({name, rotated});
    }
    sources.push_back({name, log});
  }
  return sources;
}

/// What the executors and, in cluster mode, the driver of an application or of every application wrote.
std::vector<Source> ApplicationLogs(const cluster::ClusterFolder& folder, const std::string& app) {
  std::vector<Source> sources;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(folder.path() / "work", error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path& file = entry->path();
    const std::string name = file.filename();
    if (name.rfind("stdout", 0) != 0 && name.rfind("stderr", 0) != 0) continue;
    const std::string inside = fs::relative(file, folder.path() / "work");
    if (inside.find("/" + app + "/") != std::string::npos) sources.push_back({inside, file});
  }
  std::sort(sources.begin(), sources.end(), [](const Source& a, const Source& b) { return a.name < b.name; });
  if (sources.empty())
    base::Fail("TINDERBOX_NO_SUCH",
               "No worker has logs of an application \"{}\". `tinderbox logs master` shows their ids.", app);
  return sources;
}

/// The time at the begin of a line of Spark's ("26/11/21 15:10:03") or Traefik's log ("2026-11-21T15:10:03Z").
std::optional<std::time_t> TimeOf(const std::string& line) {
  std::tm parts{};
  if (::strptime(line.c_str(), "%y/%m/%d %H:%M:%S", &parts) != nullptr) {
    parts.tm_isdst = -1;
    return std::mktime(&parts);
  }
  if (::strptime(line.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) != nullptr) return ::timegm(&parts);
  return std::nullopt;
}

class Printer {
 public:
  Printer(const LogFlags& flags, bool prefixed) : prefixed_(prefixed), tail_(flags.tail) {
    if (!flags.since.empty())
      since_ = std::time(nullptr) - static_cast<std::time_t>(ParseTime("--since", flags.since) / 1000);
    try {
      if (!flags.grep.empty()) grep_.emplace(flags.grep, std::regex::ECMAScript | std::regex::optimize);
    } catch (const std::regex_error& error) {
      base::Fail("TINDERBOX_USAGE", "--grep \"{}\" is no regular expression: {}.", flags.grep, error.what());
    }
  }

  /// Prints what the source has grown by; whole lines only. Returns whether there was anything.
  bool Print(Source* source, bool first) const {
    std::error_code error;
    const auto size = static_cast<std::streamoff>(fs::file_size(source->file, error));
    if (error) return false;
    if (size < source->read) source->read = 0;  // it was rotated
    if (size == source->read) return false;
    std::ifstream in(source->file, std::ios::binary);
    in.seekg(source->read);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line) && !in.eof();) {
      source->read += static_cast<std::streamoff>(line.size()) + 1;
      if (const auto time = TimeOf(line); time && since_) source->shown = *time >= *since_;
      if (line.rfind(cluster::kStartLine, 0) == 0 || !source->shown) continue;
      if (grep_ && !std::regex_search(line, *grep_)) continue;
      lines.push_back(std::move(line));
    }
    size_t from = 0;
    if (first && tail_ >= 0 && lines.size() > static_cast<size_t>(tail_))
      from = lines.size() - static_cast<size_t>(tail_);
    std::string out;
    for (; from < lines.size(); ++from)
      out += prefixed_ ? fmt::format("{} | {}\n", source->name, lines[from]) : lines[from] + "\n";
    WriteOut(out);
    return true;
  }

 private:
  const bool prefixed_;
  const int64_t tail_;
  std::optional<std::time_t> since_;
  std::optional<std::regex> grep_;
};

int Logs(const LogFlags& flags) {
  const cluster::ClusterFolder folder = ExistingFolder(flags.cluster);
  std::vector<Source> sources =
      flags.app.empty() ? ServiceLogs(folder, flags.services) : ApplicationLogs(folder, flags.app);
  const bool several =
      std::any_of(sources.begin(), sources.end(), [&](const Source& source) { return source.name != sources[0].name; });
  const Printer printer(flags, several);
  for (bool first = true;; first = false) {
    bool news = false;
    for (Source& source : sources) news = printer.Print(&source, first) || news;
    if (!flags.follow) return kClusterOk;
    base::ThrowIfInterrupted();
    if (!news) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

}  // namespace

int RunLogs(const Arguments& arguments) {
  LogFlags flags;
  CLI::App app("Prints the logs of services, or of an application's executors and driver; also after they have ended.");
  app.add_option("SERVICE", flags.services, "Which services (worker: every worker); default: all");
  AddNameFlag(&app, &flags.cluster);
  app.add_flag("-f,--follow", flags.follow, "Go on with what is written until Ctrl-C")->group("Other");
  app.add_option("--since", flags.since, "Only the last, say, 10m")->type_name("TIME")->group("Other");
  app.add_option("--tail", flags.tail, "Only the last lines of each file")
      ->type_name("LINES")
      ->check(CLI::NonNegativeNumber)
      ->group("Other");
  app.add_option("--grep", flags.grep, "Only lines that match a regular expression")
      ->type_name("PATTERN")
      ->group("Other");
  app.add_option("--app", flags.app, "Of the executors (and the driver in cluster mode) of this application or driver")
      ->type_name("ID")
      ->group("Other");
  app.footer(
      "For example:\n  tinderbox logs master --grep 'Registering worker'\n  tinderbox logs --app "
      "app-20261121151003-0000\n\n" +
      ClusterExitHelp());
  if (!ParseFlags(&app, "logs", arguments)) return kClusterOk;
  return RunClusterVerb("logs", [&] { return Logs(flags); });
}

}  // namespace tinderbox::cli
