#include "cli/job_display.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include "cli/cluster_flags.h"

namespace tinderbox::cli {
namespace {

constexpr std::chrono::seconds kPlainEvery(10);

/// What Spark says at every start, on every machine.
constexpr std::string_view kNoise[] = {"WARNING: Using incubator modules: jdk.incubator.vector",
                                       "Using Spark's default log4j profile:",
                                       "WARN NativeCodeLoader:",
                                       "WARN Utils: Your hostname",
                                       "WARN Utils: Set SPARK_LOCAL_IP",
                                       "Launch Command: \"",
                                       "========================================"};

bool IsNoise(std::string_view line) {
  for (const std::string_view noise : kNoise) {
    if (line.find(noise) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

std::string DescribeProgress(const cluster::Job& job, const std::optional<cluster::JobProgress>& progress) {
  if (job.mode == "cluster" && job.driver.empty()) return "submitting";
  if (job.application.empty()) return job.driver.empty() ? "starting" : job.driver + " starting";
  if (!progress || progress->jobs == 0) return job.application + " running";
  return fmt::format("{} running: stages {}/{}, tasks {}/{}", job.application, progress->stages_done, progress->stages,
                     progress->tasks_done, progress->tasks);
}

JobDisplay::JobDisplay(const Options& options) : options_(options), console_(Console::Inspect()) {}

cluster::JobView JobDisplay::View() {
  cluster::JobView view;
  view.out = [this](std::string_view bytes) { Out(bytes); };
  view.complain = [this](std::string_view line) { Complain(line); };
  view.progress = [this](const auto& job, const auto& progress) { Progress(job, progress); };
  view.news = [this](const std::string& sentence) { News(sentence); };
  if (::isatty(STDIN_FILENO) != 1) view.input = STDIN_FILENO;
  return view;
}

void JobDisplay::Clear() {
  if (!line_.empty()) WriteError("\r\x1b[K");
  line_.clear();
}

void JobDisplay::Out(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (options_.out_aside || console_.out_terminal) Clear();
  if (options_.out_aside) {
    WriteError(bytes);
    return;
  }
  if (broken_) return;
  try {
    WriteOut(bytes);
  } catch (const Error&) {
    // Other programs are ended by such a pipe.
    broken_ = true;
    ::kill(::getpid(), SIGTERM);
  }
}

void JobDisplay::Complain(std::string_view line) {
  const std::lock_guard lock(mutex_);
  const bool chatter = chatter_.IsChatter(line);
  if (!options_.whole_log && (chatter || IsNoise(line))) return;
  Clear();
  WriteError(fmt::format("{}\n", line));
}

void JobDisplay::Progress(const cluster::Job& job, const std::optional<cluster::JobProgress>& progress) {
  const std::lock_guard lock(mutex_);
  if (options_.quiet || finished_) return;
  const auto now = Clock::now();
  const std::string what = fmt::format("{} {}", job.id, DescribeProgress(job, progress));
  const int64_t elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - start_).count();
  const std::string text = fmt::format("{}, {}", what, ShortTime(elapsed));
  if (!console_.err_terminal) {
    if (what == told_ || (!told_.empty() && progress && now - told_at_ < kPlainEvery)) return;
    told_ = what;
    told_at_ = now;
    WriteError(text + "\n");
    return;
  }
  const std::string drawn = text.substr(0, static_cast<size_t>(console_.err_width) - 1);
  if (drawn != line_) WriteError("\r" + drawn + "\x1b[K");
  line_ = drawn;
}

void JobDisplay::News(const std::string& sentence) {
  const std::lock_guard lock(mutex_);
  Clear();
  if (!options_.quiet) PrintWarning(sentence);
}

void JobDisplay::Finish() {
  const std::lock_guard lock(mutex_);
  Clear();
  finished_ = true;
}

}  // namespace tinderbox::cli
