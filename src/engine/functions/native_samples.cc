// What aggregates make of all their values at once: lists come in, a summary goes out.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/functions/native_row.h"

#include "engine/functions/native.h"
#include "engine/functions/quantile_summary.h"
#include "engine/functions/value_order.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Range = InVector::Range;

std::vector<double> DoublesOf(const InVector& list, size_t row) {
  const InVector items = list.ListChild();
  const Range range = list.List(row);
  std::vector<double> out;
  out.reserve(range.length);
  for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
    if (!items.IsNull(i)) out.push_back(items.Data<double>()[i]);
  }
  return out;
}

bool Below(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return !std::isnan(a) && std::isnan(b);
  return a < b;
}

/// Distinct values in order, with the number of values up to and including each.
struct Ranked {
  std::vector<double> values;
  std::vector<int64_t> ranks;
  int64_t count() const { return ranks.empty() ? 0 : ranks.back(); }
  /// The value with the 1-based rank.
  double At(int64_t rank) const {
    return values[static_cast<size_t>(std::lower_bound(ranks.begin(), ranks.end(), rank) - ranks.begin())];
  }
};

Ranked Rank(const std::vector<double>& values, const std::vector<int64_t>& weights, bool descending) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return descending ? Below(values[b], values[a]) : Below(values[a], values[b]);
  });
  Ranked out;
  int64_t rank = 0;
  for (const size_t i : order) {
    const int64_t weight = weights.empty() ? 1 : weights[i];
    if (weight == 0) continue;
    rank += weight;
    out.values.push_back(values[i]);
    out.ranks.push_back(rank);
  }
  return out;
}

/// Between the two ranks around the share, in proportion.
double Interpolated(const Ranked& ranked, double share) {
  const double position = static_cast<double>(ranked.count() - 1) * share;
  const auto lower = static_cast<int64_t>(std::floor(position));
  const auto higher = static_cast<int64_t>(std::ceil(position));
  const double low = ranked.At(lower + 1);
  if (lower == higher) return low;
  const double high = ranked.At(higher + 1);
  if (low == high) return low;
  return (static_cast<double>(higher) - position) * low + (position - static_cast<double>(lower)) * high;
}

/// The first value whose rank reaches the share.
double Stepped(const Ranked& ranked, double share) {
  return ranked.At(std::max<int64_t>(1, static_cast<int64_t>(std::ceil(share * static_cast<double>(ranked.count())))));
}

/// values, shares, weights (empty: one each), descending, interpolated.
void Percentiles(const ScalarInput& in, OutVector& result) {
  const InVector weights = in[2].ListChild();
  FillLists<double>(in, result, [&](size_t row, std::vector<double>* out) {
    std::vector<int64_t> counts;
    const Range range = in[2].List(row);
    for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
      const int64_t count = weights.Data<int64_t>()[i];
      if (count < 0) {
        throw Error("_LEGACY_ERROR_TEMP_2013", fmt::format("Negative values found in {}", count),
                    {{"frequencyExpression", std::to_string(count)}});
      }
      counts.push_back(count);
    }
    const Ranked ranked = Rank(DoublesOf(in[0], row), counts, in[3].Data<uint8_t>()[row] != 0);
    if (ranked.count() == 0) return;
    const bool interpolated = in[4].Data<uint8_t>()[row] != 0;
    for (const double share : DoublesOf(in[1], row)) {
      out->push_back(interpolated ? Interpolated(ranked, share) : Stepped(ranked, share));
    }
  });
}

/// values, shares, accuracy.
void ApproximatePercentiles(const ScalarInput& in, OutVector& result) {
  FillLists<double>(in, result, [&](size_t row, std::vector<double>* out) {
    QuantileSummary summary(1.0 / static_cast<double>(in[2].Data<int64_t>()[row]));
    for (const double value : DoublesOf(in[0], row)) summary.Insert(value);
    if (summary.empty()) return;
    summary.Compress();
    for (const double share : DoublesOf(in[1], row)) out->push_back(summary.Query(share));
  });
}

/// The runs of equal values of a list, sorted by value; each as its rows in the order they came.
std::vector<std::vector<uint64_t>> Runs(const ValueOrder& order, Range range) {
  std::vector<uint64_t> rows(range.length);
  std::iota(rows.begin(), rows.end(), range.offset);
  SortRows(order, &rows);
  std::vector<std::vector<uint64_t>> runs;
  for (const uint64_t row : rows) {
    if (runs.empty() || order.Compare(runs.back().front(), row) != 0) runs.emplace_back();
    runs.back().push_back(row);
  }
  return runs;
}

/// The position of the most frequent value. Of several: the smallest (direction -1), the largest (1), or the one that
/// came first (0).
void ModePosition(const ScalarInput& in, OutVector& result) {
  const InVector items = in[0].ListChild();
  const ValueOrder order(in[0].Type().element(), items, items);
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) continue;
    const Range range = in[0].List(row);
    const int32_t direction = in[1].Data<int32_t>()[row];
    size_t frequency = 0;
    uint64_t best = 0;
    for (const auto& run : Runs(order, range)) {
      const bool tie = run.size() == frequency && (direction > 0 || (direction == 0 && run.front() < best));
      if (run.size() > frequency || tie) best = run.front();
      frequency = std::max(frequency, run.size());
    }
    if (frequency == 0) {
      result.SetNull(row);
    } else {
      result.Data<int64_t>()[row] = static_cast<int64_t>(best - range.offset) + 1;
    }
  }
}

const DataType& PositionCount() {
  static const DataType type =
      DataType::Struct({{"position", DataType(TypeKind::kLong), true}, {"count", DataType(TypeKind::kLong), true}});
  return type;
}

/// The positions and counts of the most frequent values of a list, at most so many; NULLs count as a value.
void TopPositions(const ScalarInput& in, OutVector& result) {
  const InVector items = in[0].ListChild();
  const ValueOrder order(in[0].Type().element(), items, items);
  std::vector<std::pair<int64_t, int64_t>> all;
  for (size_t row = 0; row < in.rows(); ++row) {
    const size_t offset = all.size();
    if (!in.AnyNull(row)) {
      const Range range = in[0].List(row);
      auto runs = Runs(order, range);
      std::sort(runs.begin(), runs.end(),
                [](const auto& a, const auto& b) { return a.size() != b.size() ? a.size() > b.size() : a[0] < b[0]; });
      const size_t size = std::min<size_t>(runs.size(), static_cast<size_t>(in[1].Data<int32_t>()[row]));
      for (size_t i = 0; i < size; ++i) {
        all.emplace_back(static_cast<int64_t>(runs[i].front() - range.offset) + 1,
                         static_cast<int64_t>(runs[i].size()));
      }
    }
    result.SetList(row, offset, all.size() - offset);
  }
  result.ReserveList(all.size());
  OutVector child = result.ListChild();
  OutVector positions = child.StructChild(0);
  OutVector counts = child.StructChild(1);
  for (size_t i = 0; i < all.size(); ++i) {
    positions.Data<int64_t>()[i] = all[i].first;
    counts.Data<int64_t>()[i] = all[i].second;
  }
  result.SetListSize(all.size());
}

const DataType& Bar() {
  static const DataType type =
      DataType::Struct({{"x", DataType(TypeKind::kDouble), true}, {"y", DataType(TypeKind::kDouble), true}});
  return type;
}

/// The random numbers of java.util.Random.
class JavaRandom {
 public:
  explicit JavaRandom(uint64_t seed) : state_((seed ^ 0x5DEECE66DULL) & kMask) {}
  double NextDouble() {
    const uint64_t high = Next(26);
    return static_cast<double>((high << 27) + Next(27)) * 0x1.0p-53;
  }

 private:
  static constexpr uint64_t kMask = (uint64_t{1} << 48) - 1;
  uint64_t Next(int bits) {
    state_ = (state_ * 0x5DEECE66DULL + 0xB) & kMask;
    return state_ >> (48 - bits);
  }
  uint64_t state_;
};

/// A histogram of at most `size` bars: a value opens a bar of its own, and the two nearest bars become one while there
/// are too many. Among equally near ones chance decides, by the numbers that Spark draws.
void Histogram(const ScalarInput& in, OutVector& result) {
  std::vector<std::pair<double, double>> all;
  for (size_t row = 0; row < in.rows(); ++row) {
    const size_t offset = all.size();
    if (!in.AnyNull(row)) {
      const auto size = static_cast<size_t>(in[1].Data<int32_t>()[row]);
      std::vector<std::pair<double, double>> bars;
      JavaRandom random(31183);
      for (const double value : DoublesOf(in[0], row)) {
        const auto at =
            std::lower_bound(bars.begin(), bars.end(), value, [](const auto& bar, double x) { return bar.first < x; });
        if (at != bars.end() && at->first == value) {
          at->second += 1;
          continue;
        }
        bars.insert(at, {value, 1});
        if (bars.size() <= size) continue;
        size_t nearest = 0;
        double distance = std::numeric_limits<double>::infinity();
        int ties = 0;
        for (size_t i = 0; i + 1 < bars.size(); ++i) {
          const double gap = bars[i + 1].first - bars[i].first;
          if (gap < distance) {
            distance = gap;
            nearest = i;
            ties = 1;
          } else if (gap == distance && random.NextDouble() <= 1.0 / ++ties) {
            nearest = i;
          }
        }
        const double weight = bars[nearest].second + bars[nearest + 1].second;
        bars[nearest].first = bars[nearest].first * (bars[nearest].second / weight) +
                              bars[nearest + 1].first / weight * bars[nearest + 1].second;
        bars[nearest].second = weight;
        bars.erase(bars.begin() + static_cast<std::ptrdiff_t>(nearest) + 1);
      }
      all.insert(all.end(), bars.begin(), bars.end());
    }
    result.SetList(row, offset, all.size() - offset);
  }
  result.ReserveList(all.size());
  OutVector child = result.ListChild();
  OutVector x = child.StructChild(0);
  OutVector y = child.StructChild(1);
  for (size_t i = 0; i < all.size(); ++i) {
    x.Data<double>()[i] = all[i].first;
    y.Data<double>()[i] = all[i].second;
  }
  result.SetListSize(all.size());
}

constexpr size_t kBitmapBytes = 4096;

/// The bitmap with the bits at the listed positions.
void ConstructBitmap(const ScalarInput& in, OutVector& result) {
  const InVector items = in[0].ListChild();
  for (size_t row = 0; row < in.rows(); ++row) {
    std::string bits(kBitmapBytes, '\0');
    const Range range = in[0].IsNull(row) ? Range{0, 0} : in[0].List(row);
    for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
      const int64_t position = items.Data<int64_t>()[i];
      if (position < 0 || position >= static_cast<int64_t>(8 * kBitmapBytes)) {
        throw Error("INVALID_BITMAP_POSITION",
                    fmt::format("The 0-indexed bitmap position {} is out of bounds. The bitmap has {} bits ({} bytes).",
                                position, 8 * kBitmapBytes, kBitmapBytes),
                    {{"bitPosition", std::to_string(position)},
                     {"bitmapNumBits", std::to_string(8 * kBitmapBytes)},
                     {"bitmapNumBytes", std::to_string(kBitmapBytes)}});
      }
      auto& byte = bits[static_cast<size_t>(position / 8)];
      byte = static_cast<char>(static_cast<unsigned char>(byte) | (1U << (position % 8)));
    }
    result.SetString(row, bits);
  }
}

/// Many bitmaps as one: every bit that any (or, `all`, each) of them has. Short ones end in zeros.
void MergeBitmaps(const ScalarInput& in, OutVector& result, bool all) {
  const InVector items = in[0].ListChild();
  for (size_t row = 0; row < in.rows(); ++row) {
    std::string bits(kBitmapBytes, all ? '\xFF' : '\0');
    const Range range = in[0].IsNull(row) ? Range{0, 0} : in[0].List(row);
    for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
      const std::string_view other = items.String(i);
      for (size_t at = 0; at < kBitmapBytes; ++at) {
        const char byte = at < other.size() ? other[at] : '\0';
        bits[at] = static_cast<char>(all ? bits[at] & byte : bits[at] | byte);
      }
    }
    result.SetString(row, bits);
  }
}

}  // namespace

void AddNativeSamples(ScalarFunctions* out) {
  constexpr TypeKind l = TypeKind::kLong;
  constexpr TypeKind i = TypeKind::kInteger;
  constexpr TypeKind b = TypeKind::kBoolean;
  const ParameterType any = ParameterType::Any();
  const DataType doubles = DataType::Array(DataType(TypeKind::kDouble));
  const DataType longs = DataType::Array(DataType(l));
  const auto add = [&](const char* name, std::vector<ParameterType> parameters, const DataType& result,
                       std::function<void(const ScalarInput&, OutVector&)> run, bool handles_null = false) {
    out->push_back({.name = name,
                    .parameters = std::move(parameters),
                    .varargs = {},
                    .result = result,
                    .run = std::move(run),
                    .handles_null = handles_null});
  };
  add("spark_percentiles", {doubles, doubles, longs, b, b}, doubles, Percentiles);
  add("spark_approximate_percentiles", {doubles, doubles, l}, doubles, ApproximatePercentiles);
  add("spark_mode_position", {any, i}, DataType(l), ModePosition);
  add("spark_top_positions", {any, i}, DataType::Array(PositionCount()), TopPositions);
  add("spark_histogram", {doubles, i}, DataType::Array(Bar()), Histogram);
  add("spark_bitmap", {longs}, DataType(TypeKind::kBinary), ConstructBitmap, true);
  const DataType bitmaps = DataType::Array(DataType(TypeKind::kBinary));
  for (const bool all : {false, true}) {
    add(
        all ? "spark_bitmap_and" : "spark_bitmap_or", {bitmaps}, DataType(TypeKind::kBinary),
        [all](const ScalarInput& in, OutVector& result) { MergeBitmaps(in, result, all); }, true);
  }
}

}  // namespace tinderbox::engine
