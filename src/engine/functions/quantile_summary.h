#pragma once

#include <cstdint>
#include <vector>

namespace tinderbox::engine {

/// Approximate quantiles after Greenwald and Khanna, by the very steps Spark takes: values are buffered, merged into
/// the summary sorted, and neighbours are joined while the rank error stays within `error` of the count.
class QuantileSummary {
 public:
  explicit QuantileSummary(double error) : error_(error) {}
  void Insert(double value);
  /// Ends the insertions.
  void Compress();
  /// The value at a share of the ranks. REQUIRES Compress() after the last Insert(), and at least one value.
  double Query(double share) const;
  bool empty() const { return sampled_.empty() && buffer_.empty(); }

 private:
  struct Sample {
    double value;
    int64_t gap;    ///< ranks since the sample before
    int64_t slack;  ///< by how much its rank may be higher
  };
  void MergeBuffer();

  double error_;
  int64_t count_ = 0;
  std::vector<Sample> sampled_;
  std::vector<double> buffer_;
};

}  // namespace tinderbox::engine
