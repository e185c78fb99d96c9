#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "cli/console.h"
#include "tinderbox/diff.h"

namespace tinderbox::cli {

/// Shows how far a run is, on standard error: a bar that is redrawn in place on a terminal, and lines every few seconds
/// elsewhere once a run takes longer than that. Thread-safe.
class ProgressDisplay {
 public:
  enum class Mode { kNone, kBar, kLines };

  ProgressDisplay(Mode mode, const Console& console);
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  void Show(const DiffProgress& progress);
  /// Removes the bar. Nothing is drawn afterwards.
  void Finish();
  /// Phases so far and the seconds each took.
  std::vector<std::pair<std::string, double>> Phases() const;
  /// Seconds from the beginning to Finish.
  double Total() const;

 private:
  using Clock = std::chrono::steady_clock;

  std::string Describe(const DiffProgress& progress, Clock::time_point now, bool bar) const;

  const Mode mode_;
  const int width_;
  const bool color_;
  mutable std::mutex mutex_;
  Clock::time_point start_, drawn_, end_;
  bool visible_ = false;
  bool finished_ = false;
  struct Phase {
    std::string name;
    Clock::time_point start;
    Clock::time_point end;
  };
  std::vector<Phase> phases_;
};

/// "1.2 M" of rows a second and the like.
std::string ShortNumber(double number);
/// "0:07", "1:02:03".
std::string ClockText(double seconds);

}  // namespace tinderbox::cli
