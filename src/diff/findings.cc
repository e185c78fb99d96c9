#include "diff/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tinderbox::diff {
namespace {

using Kind = TypeKind;

constexpr size_t kMostConcentrations = 10;

bool IsTime(Kind kind) {
  return kind == Kind::kDate || kind == Kind::kTimestamp || kind == Kind::kTimestampNtz;
}

bool HasDelta(const DataType& type) {
  return type.IsNumeric() || IsTime(type.kind());
}

double PowerOfTen(int exponent) {
  return std::strtod(fmt::format("1e{}", exponent).c_str(), nullptr);
}

int ExponentOf(double size) {
  if (std::isinf(size)) return DeltaBins::kInfinite;
  int exponent = static_cast<int>(std::floor(std::log10(size)));
  // The logarithm of a power of ten may come out a little too small or too large.
  if (size >= PowerOfTen(exponent + 1)) ++exponent;
  if (size < PowerOfTen(exponent)) --exponent;
  return exponent;
}

std::string Bound(int exponent) {
  if (exponent >= 0 && exponent <= 6) return "1" + std::string(static_cast<size_t>(exponent), '0');
  if (exponent < 0 && exponent >= -4) return "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + "1";
  return fmt::format("1e{}", exponent);
}

/// The column's part of the summary.
ColumnChanges Changes(ColumnFindings found, bool has_delta) {
  ColumnChanges out = std::move(found.changes);
  if (has_delta && found.deltas > 0) {
    // The last digits may depend on the order of the rows.
    out.mean_delta = std::stod(fmt::format("{:.12g}", found.total.Get() / static_cast<double>(found.deltas)));
    out.max_abs_delta = found.max_abs;
    out.histogram = found.bins.List();
  } else if (!has_delta) {
    out.histogram = std::move(found.pairs);
  }
  return out;
}

/// Values that stand out among `rows` differing rows: much more frequent than if all values were equally so.
void AddConcentrations(const ColumnFindings& found, int64_t rows, std::vector<Concentration>* out) {
  if (rows < kFewRows) return;
  const double fair = found.distinct ? 3.0 / static_cast<double>(std::max<size_t>(1, *found.distinct)) : 0;
  const double threshold = std::clamp(fair, kLeastShare, 0.9);
  for (const auto& [value, count] : found.values) {
    const double share = static_cast<double>(count) / static_cast<double>(rows);
    if (share >= threshold) out->push_back({found.changes.name, value, count, share});
  }
}

}  // namespace

bool HasDelta(const ComparedColumn& column) {
  return HasDelta(column.left_type) && HasDelta(column.right_type);
}

bool CountsValues(const ComparedColumn& column) {
  return column.type.kind() != Kind::kFloat && column.type.kind() != Kind::kDouble && !column.type.IsNested() &&
         column.type.kind() != Kind::kBinary;
}

Counts MostFrequent(Counts counts, size_t most) {
  std::sort(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (counts.size() > most) counts.resize(most);
  return counts;
}

void DeltaBins::Add(double delta) {
  if (std::isnan(delta)) {
    Add(kNotANumber, 1);
  } else if (delta == 0) {
    Add(kZero, 1);
  } else {
    const int bin = Bin(ExponentOf(std::fabs(delta)));
    Add(delta < 0 ? -bin : bin, 1);
  }
}

Counts DeltaBins::List() const {
  Counts out;
  for (const auto& [bin, count] : bins_) {
    const int exponent = std::abs(bin) - Bin(0);
    std::string label;
    if (bin == kZero) {
      label = "0";
    } else if (bin == kNotANumber) {
      label = "NaN";
    } else if (exponent == kInfinite) {
      label = bin < 0 ? "-Infinity" : "Infinity";
    } else if (bin < 0) {
      label = fmt::format("(-{}, -{}]", Bound(exponent + 1), Bound(exponent));
    } else {
      label = fmt::format("[{}, {})", Bound(exponent), Bound(exponent + 1));
    }
    out.emplace_back(std::move(label), count);
  }
  return out;
}

void Total::Add(double x) {
  const double t = sum_ + x;
  rest_ += std::fabs(sum_) >= std::fabs(x) ? (sum_ - t) + x : (x - t) + sum_;
  sum_ = t;
}

double Total::Get() const {
  return std::isfinite(rest_) ? sum_ + rest_ : sum_;
}

Statistics Assemble(Statistics counts, std::vector<ColumnFindings> columns, const DifferenceLayout& layout) {
  Statistics out = std::move(counts);
  const int64_t rows = out.changed + out.left_only + out.right_only;
  for (size_t i = 0; i < columns.size(); ++i) {
    AddConcentrations(columns[i], rows, &out.concentrations);
    if (columns[i].changes.changed > 0) {
      out.changes.push_back(Changes(std::move(columns[i]), HasDelta(layout.columns[i])));
    }
  }
  std::sort(out.changes.begin(), out.changes.end(), [](const ColumnChanges& a, const ColumnChanges& b) {
    return a.changed != b.changed ? a.changed > b.changed : a.name < b.name;
  });
  std::sort(out.concentrations.begin(), out.concentrations.end(), [](const Concentration& a, const Concentration& b) {
    if (a.rows != b.rows) return a.rows > b.rows;
    return a.column != b.column ? a.column < b.column : a.value < b.value;
  });
  if (out.concentrations.size() > kMostConcentrations) out.concentrations.resize(kMostConcentrations);
  return out;
}

}  // namespace tinderbox::diff
