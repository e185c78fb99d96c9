#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "cli/console.h"
#include "cluster/job_runner.h"

namespace tinderbox::cli {

/// What a person sees of a job while it runs. Its standard output goes to ours untouched; on standard error stand the
/// complaints of its log and how far it is: one line that is drawn anew on a terminal, a line every few seconds
/// elsewhere. Thread-safe.
class JobDisplay {
 public:
  struct Options {
    bool quiet = false;      ///< no progress and no news
    bool whole_log = false;  ///< every line of the driver's log, not complaints alone
    bool out_aside = false;  ///< the job's standard output goes to standard error, too
  };
  explicit JobDisplay(const Options& options);

  cluster::JobView View();
  /// Takes the progress line away. Nothing is drawn afterwards.
  void Finish();

 private:
  using Clock = std::chrono::steady_clock;

  void Out(std::string_view bytes);
  void Complain(std::string_view line);
  void Progress(const cluster::Job& job, const std::optional<cluster::JobProgress>& progress);
  void News(const std::string& sentence);
  void Clear();

  const Options options_;
  const Console console_;
  const Clock::time_point start_ = Clock::now();
  std::mutex mutex_;
  cluster::ChatterFilter chatter_;
  std::string line_;  ///< that is on the terminal now
  std::string told_;  ///< the last plain one, without its time
  Clock::time_point told_at_;
  bool finished_ = false;
  bool broken_ = false;  ///< nobody reads our standard output any more
};

/// "running: stages 1/2, tasks 37/200" of an application, or what it does before.
std::string DescribeProgress(const cluster::Job& job, const std::optional<cluster::JobProgress>& progress);

}  // namespace tinderbox::cli
