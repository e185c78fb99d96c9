#include "engine/functions/quantile_summary.h"

#include <algorithm>
#include <cmath>

namespace tinderbox::engine {

namespace {

constexpr size_t kBufferSize = 50000;
constexpr size_t kCompressAt = 10000;

/// NaN above all else.
bool Less(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return !std::isnan(a) && std::isnan(b);
  return a < b;
}

}  // namespace

void QuantileSummary::Insert(double value) {
  buffer_.push_back(value);
  if (buffer_.size() < kBufferSize) return;
  MergeBuffer();
  if (sampled_.size() >= kCompressAt) Compress();
}

void QuantileSummary::MergeBuffer() {
  std::sort(buffer_.begin(), buffer_.end(), Less);
  std::vector<Sample> merged;
  merged.reserve(sampled_.size() + buffer_.size());
  size_t next = 0;
  for (size_t i = 0; i < buffer_.size(); ++i) {
    while (next < sampled_.size() && !Less(buffer_[i], sampled_[next].value)) merged.push_back(sampled_[next++]);
    ++count_;
    const bool extreme = merged.empty() || (next == sampled_.size() && i + 1 == buffer_.size());
    const auto slack = static_cast<int64_t>(std::floor(2 * error_ * static_cast<double>(count_)));
    merged.push_back({buffer_[i], 1, extreme ? 0 : slack});
  }
  merged.insert(merged.end(), sampled_.begin() + static_cast<std::ptrdiff_t>(next), sampled_.end());
  sampled_ = std::move(merged);
  buffer_.clear();
}

void QuantileSummary::Compress() {
  MergeBuffer();
  if (sampled_.empty()) return;
  const double threshold = 2 * error_ * static_cast<double>(count_);
  std::vector<Sample> kept;  // from the last to the first
  Sample head = sampled_.back();
  for (size_t i = sampled_.size() - 1; i-- > 1;) {
    const Sample& sample = sampled_[i];
    if (static_cast<double>(sample.gap + head.gap + head.slack) < threshold) {
      head.gap += sample.gap;
    } else {
      kept.push_back(head);
      head = sample;
    }
  }
  kept.push_back(head);
  // The smallest value always stays.
  if (sampled_.size() > 1 && !Less(head.value, sampled_.front().value)) kept.push_back(sampled_.front());
  std::reverse(kept.begin(), kept.end());
  sampled_ = std::move(kept);
}

double QuantileSummary::Query(double share) const {
  if (share <= error_ || sampled_.size() == 1) return sampled_.front().value;
  if (share >= 1 - error_) return sampled_.back().value;
  int64_t widest = 0;
  for (const Sample& sample : sampled_) widest = std::max(widest, sample.gap + sample.slack);
  const int64_t tolerance = widest / 2;
  const auto rank = static_cast<int64_t>(std::ceil(share * static_cast<double>(count_)));
  int64_t lowest = sampled_.front().gap;
  for (size_t i = 0; i + 1 < sampled_.size(); ++i) {
    if (i > 0) lowest += sampled_[i].gap;
    if (lowest + sampled_[i].slack - tolerance <= rank && rank <= lowest + tolerance) return sampled_[i].value;
  }
  return sampled_.back().value;
}

}  // namespace tinderbox::engine
