#include "cluster/tuning.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "cluster/layout.h"
#include "cluster/units.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostHeap = 64 * 1024;  // MiB
constexpr int64_t kMostTasks = 5;
constexpr uint64_t kManyFiles = 1'000;
constexpr uint64_t kSmallFile = 1'000'000;  // bytes
constexpr uint64_t kFilesLookedAt = 20'000;

/// What the setting says; 0 when it is not there or no number.
int64_t NumberOf(const Settings& settings, const std::string& name) {
  const auto found = settings.find(name);
  if (found == settings.end()) return 0;
  int64_t number = 0;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return number;
}

std::string LargeHeap(const TuningFacts& facts) {
  if (facts.request.executor_memory <= kMostHeap) return "";
  return fmt::format(
      "An executor has {} GiB of heap: above 64 GiB collecting garbage takes long. More executors with less each "
      "(spark.executor.memory) do better.",
      facts.request.executor_memory / 1024);
}

std::string ManyTasks(const TuningFacts& facts) {
  const int64_t each = std::max<int64_t>(1, NumberOf(facts.settings, "spark.task.cpus"));
  const int64_t tasks = facts.request.executor_cores / each;
  if (tasks <= kMostTasks) return "";
  return fmt::format(
      "An executor runs {} tasks at once: above {} they wait for each other when they write to HDFS. More executors "
      "with fewer cores each (spark.executor.cores) do better.",
      tasks, kMostTasks);
}

std::string IdleCores(const TuningFacts& facts) {
  const int64_t left = facts.worker_cores % std::max<int64_t>(1, facts.request.executor_cores);
  if (left == 0 || left == facts.worker_cores || facts.request.cores_max > 0) return "";
  return fmt::format(
      "Workers have {} cores and executors take {}: {} of each worker {} idle, for all executors are of one size. A "
      "spark.executor.cores that divides {} leaves none.",
      facts.worker_cores, facts.request.executor_cores, left, left == 1 ? "stays" : "stay", facts.worker_cores);
}

std::string FewTasks(const TuningFacts& facts) {
  const int64_t cores = facts.request.cores_max > 0 ? std::min(facts.cores, facts.request.cores_max) : facts.cores;
  for (const char* name : {"spark.sql.shuffle.partitions", "spark.default.parallelism"}) {
    const int64_t tasks = NumberOf(facts.settings, name);
    if (tasks > 0 && tasks < cores)
      return fmt::format(
          "{} is {}, and the executors have {} cores: after a shuffle there are fewer tasks than cores, and the others "
          "stay idle. Two or three tasks for each core are usual.",
          name, tasks, cores);
  }
  return "";
}

constexpr std::string (*kRules[])(const TuningFacts&) = {LargeHeap, ManyTasks, IdleCores, FewTasks};

}  // namespace

TuningFacts FactsOf(const ClusterSpec& spec, int64_t workers) {
  TuningFacts facts;
  facts.settings = {{"spark.executor.memory", fmt::format("{}m", ExecutorMemory(spec) / kMiB)},
                    {"spark.executor.cores", fmt::format("{}", spec.executor_cores)}};
  for (const auto& [name, value] : spec.spark_conf) facts.settings[name] = value;
  facts.request = RequestOf(facts.settings);
  facts.worker_cores = spec.worker_cores;
  facts.cores = workers * spec.worker_cores;
  return facts;
}

std::vector<std::string> TuningNotes(const TuningFacts& facts) {
  std::vector<std::string> notes;
  for (const auto& rule : kRules) {
    if (std::string note = rule(facts); !note.empty()) notes.push_back(std::move(note));
  }
  return notes;
}

std::vector<std::string> SmallFilesNotes(const std::vector<std::string>& paths) {
  std::vector<std::string> notes;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) continue;
    uint64_t files = 0;
    uint64_t bytes = 0;
    fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied, error);
    for (; !error && at != fs::recursive_directory_iterator() && files < kFilesLookedAt; at.increment(error)) {
      const std::string name = at->path().filename().string();
      if (name.starts_with('.') || name.starts_with('_')) {  // Spark does not read them either
        at.disable_recursion_pending();
        continue;
      }
      if (!at->is_regular_file(error)) continue;
      ++files;
      bytes += at->file_size(error);
    }
    if (files < kManyFiles || bytes / files >= kSmallFile) continue;
    notes.push_back(fmt::format(
        "{} holds {}{} files of {} KB on average: to list, open and schedule them takes longer than to read "
        "them. Write them again as fewer ones, or make one SequenceFile: tinderbox pack {} FILE.seq",
        path, files == kFilesLookedAt ? "more than " : "", files, std::max<uint64_t>(bytes / files / 1000, 1),
        ShellQuoted(path)));
  }
  return notes;
}

}  // namespace tinderbox::cluster
