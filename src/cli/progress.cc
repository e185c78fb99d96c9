#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "diff/report_cell.h"

namespace tinderbox::cli {
namespace {

constexpr std::chrono::seconds kQuietStart{5};
constexpr std::chrono::seconds kBetweenLines{5};
constexpr std::chrono::milliseconds kBetweenFrames{100};
constexpr int kBarWidth = 20;

double Seconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

std::string ShortNumber(double number) {
  static constexpr std::pair<double, const char*> kSteps[] = {{1e9, " G"}, {1e6, " M"}, {1e3, " k"}};
  for (const auto& [step, suffix] : kSteps) {
    if (number >= step) return fmt::format("{:.{}f}{}", number / step, number / step < 10 ? 1 : 0, suffix);
  }
  return fmt::format("{:.0f}", number);
}

std::string ClockText(double seconds) {
  const auto whole = static_cast<int64_t>(std::llround(std::max(0.0, seconds)));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

ProgressDisplay::ProgressDisplay(Mode mode, const Console& console)
    : mode_(mode), width_(console.err_width), color_(!console.no_color), start_(Clock::now()), drawn_(start_) {}

ProgressDisplay::~ProgressDisplay() {
  Finish();
}

void ProgressDisplay::Show(const DiffProgress& progress) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  const Clock::time_point now = Clock::now();
  if (phases_.empty() || phases_.back().name != progress.phase) phases_.push_back({progress.phase, now, now});
  phases_.back().end = now;
  if (mode_ == Mode::kNone) return;
  if (mode_ == Mode::kBar) {
    if (visible_ && now - drawn_ < kBetweenFrames) return;
    WriteError("\r" + Describe(progress, now, true) + "\x1b[K");
    visible_ = true;
  } else {
    if (now - start_ < kQuietStart || now - drawn_ < kBetweenLines) return;
    WriteError(Describe(progress, now, false) + "\n");
  }
  drawn_ = now;
}

void ProgressDisplay::Finish() {
  const std::lock_guard lock(mutex_);
  if (!finished_) end_ = Clock::now();
  if (!finished_ && !phases_.empty()) phases_.back().end = end_;
  finished_ = true;
  if (visible_) WriteError("\r\x1b[K");
  visible_ = false;
}

std::vector<std::pair<std::string, double>> ProgressDisplay::Phases() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, double>> phases;
  for (size_t i = 0; i < phases_.size(); ++i) {
    const Clock::time_point end = i + 1 < phases_.size() ? phases_[i + 1].start : phases_[i].end;
    const Clock::time_point begin = i == 0 ? start_ : phases_[i].start;
    phases.emplace_back(phases_[i].name, Seconds(end - begin));
  }
  return phases;
}

double ProgressDisplay::Total() const {
  const std::lock_guard lock(mutex_);
  return Seconds((finished_ ? end_ : Clock::now()) - start_);
}

std::string ProgressDisplay::Describe(const DiffProgress& progress, Clock::time_point now, bool bar) const {
  const double elapsed = Seconds(now - phases_.back().start);
  std::string line = fmt::format("{:<9}", progress.phase);
  if (bar && progress.fraction >= 0) {
    const int filled = static_cast<int>(std::min(1.0, progress.fraction) * kBarWidth);
    std::string full;
    std::string rest;
    for (int i = 0; i < kBarWidth; ++i) (i < filled ? full : rest) += i < filled ? "█" : "░";
    line += color_ ? " \x1b[36m" + full + "\x1b[0m\x1b[2m" + rest + "\x1b[0m" : " " + full + rest;
  }
  const int bar_width = bar && progress.fraction >= 0 ? kBarWidth + 1 : 0;
  std::string numbers;
  if (progress.fraction >= 0) numbers += fmt::format(" {:3.0f} %", 100 * std::min(1.0, progress.fraction));
  if (progress.rows > 0) {
    numbers += fmt::format("  {} rows", diff::GroupDigits(static_cast<int64_t>(progress.rows)));
    const double total = Seconds(now - start_);
    if (total > 0.5) numbers += fmt::format("  {}/s", ShortNumber(static_cast<double>(progress.rows) / total));
  }
  if (progress.stages > 0)
    numbers += fmt::format("  stage {} of {}", std::min(progress.stages_done + 1, progress.stages), progress.stages);
  // How many stages a query has shows as it runs, so that the time it needs cannot be told.
  if (progress.stages == 0 && progress.fraction > 0.02 && progress.fraction < 1 && elapsed > 0.5) {
    numbers += fmt::format("  {} left", ClockText(elapsed * (1 - progress.fraction) / progress.fraction));
  } else {
    numbers += fmt::format("  {}", ClockText(Seconds(now - start_)));
  }
  // A bar that wraps could not be redrawn in place.
  if (bar) numbers = diff::Clip(numbers, std::max(0, width_ - 1 - 9 - bar_width));
  return line + numbers;
}

}  // namespace tinderbox::cli
