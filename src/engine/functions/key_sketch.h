#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace tinderbox::engine {

/// How the values of one key become one.
enum class SketchMode { kSum, kMin, kMax, kAlwaysOne };

/// A sample of the distinct keys of a stream: those whose hash is below theta (theta sketch), each with a value perhaps
/// (tuple sketch). Written as Apache DataSketches writes compact sketches.
class KeySketch {
 public:
  enum class Kind { kTheta, kDouble, kInteger };
  static constexpr uint64_t kWhole = uint64_t{1} << 63;

  KeySketch(Kind kind, SketchMode mode) : kind_(kind), mode_(mode) {}
  /// False when the bytes are no sketch of the kind. A theta sketch is accepted for a tuple sketch: its keys have the
  /// value that changes nothing.
  static bool Parse(std::string_view bytes, Kind kind, SketchMode mode, KeySketch* out);
  std::string Bytes() const;

  /// Adds a key to a sketch that keeps about 2^log_size of them.
  void Add(uint64_t hash, double value, int log_size);
  void Unite(const KeySketch& other);
  void Intersect(const KeySketch& other);
  void Subtract(const KeySketch& other);
  /// At most 2^log_size keys stay.
  void Trim(int log_size);

  double Theta() const { return static_cast<double>(theta_) / static_cast<double>(kWhole); }
  double Estimate() const { return static_cast<double>(values_.size()) / Theta(); }
  /// The values of all keys as one; 0 when there is none.
  double Summary(SketchMode mode) const;

 private:
  void Cut(size_t keep);

  Kind kind_;
  SketchMode mode_;
  bool empty_ = true;
  uint64_t theta_ = kWhole;
  std::map<uint64_t, double> values_;
};

/// The hash of bytes under which sketches keep a key; never 0 or above 2^63.
uint64_t SketchHash(std::string_view bytes);

}  // namespace tinderbox::engine
