#include "diff/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <map>
#include <string>

#include "diff/findings.h"
#include "diff/frequent.h"
#include "diff/value_order.h"
#include "spark/batch_builder.h"
#include "spark/ipc.h"

namespace tinderbox::diff {
namespace {

using Kind = TypeKind;

/// unscaled / 10^scale as the nearest double, as Spark's cast of a decimal gives it.
double NearestDouble(__int128 unscaled, int scale) {
  constexpr __int128 kExact = int64_t{1} << 53;
  if (unscaled > -kExact && unscaled < kExact && scale <= 22) {
    return static_cast<double>(unscaled) / std::pow(10.0, scale);
  }
  const std::string text = Value(DecimalValue{unscaled, scale}).ToString();
  double out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// Whether the difference to another such number cannot overflow a decimal of 38 digits.
bool HasSpareDigit(__int128 unscaled) {
  constexpr __int128 kLimit = __int128{10'000'000'000'000'000'000U} * 1'000'000'000'000'000'000;
  return unscaled > -kLimit && unscaled < kLimit;
}

/// One column of a batch, read by row.
struct Cells {
  const ArrowArray* array = nullptr;
  DataType type;

  bool IsNull(int64_t row) const {
    if (type.kind() == Kind::kNull) return true;
    const auto* bits = static_cast<const uint8_t*>(array->buffers[0]);
    if (array->null_count == 0 || bits == nullptr) return false;
    const int64_t at = array->offset + row;
    return (bits[at / 8] >> (at % 8) & 1) == 0;
  }
  template <typename T>
  T At(int64_t row) const {
    T out;
    std::memcpy(&out, static_cast<const char*>(array->buffers[1]) + (array->offset + row) * sizeof(T), sizeof(T));
    return out;
  }
  bool Boolean(int64_t row) const {
    const int64_t at = array->offset + row;
    return (static_cast<const uint8_t*>(array->buffers[1])[at / 8] >> (at % 8) & 1) != 0;
  }
  std::string_view Bytes(int64_t row) const {
    const auto* offsets = static_cast<const int32_t*>(array->buffers[1]) + array->offset;
    return {static_cast<const char*>(array->buffers[2]) + offsets[row],
            static_cast<size_t>(offsets[row + 1] - offsets[row])};
  }
  /// A number as a double; a time as seconds.
  double Number(int64_t row) const {
    switch (type.kind()) {
      case Kind::kByte:
        return At<int8_t>(row);
      case Kind::kShort:
        return At<int16_t>(row);
      case Kind::kInteger:
        return At<int32_t>(row);
      case Kind::kLong:
        return static_cast<double>(At<int64_t>(row));
      case Kind::kFloat:
        return static_cast<double>(At<float>(row));
      case Kind::kDouble:
        return At<double>(row);
      case Kind::kDecimal:
        return NearestDouble(At<__int128>(row), type.scale());
      case Kind::kDate:
        return At<int32_t>(row) * 86400.0;
      default:
        return static_cast<double>(At<int64_t>(row)) / 1e6;
    }
  }
  /// The difference to another number, exact where both are of one integral kind.
  double Minus(int64_t row, const Cells& other) const {
    if (type.kind() == Kind::kLong && other.type.kind() == Kind::kLong) {
      return static_cast<double>(static_cast<__int128>(At<int64_t>(row)) - other.At<int64_t>(row));
    }
    if (type.kind() == other.type.kind() && (type.kind() == Kind::kTimestamp || type.kind() == Kind::kTimestampNtz)) {
      return static_cast<double>(static_cast<__int128>(At<int64_t>(row)) - other.At<int64_t>(row)) / 1e6;
    }
    if (type.kind() == Kind::kDecimal && other.type.kind() == Kind::kDecimal && type.scale() == other.type.scale()) {
      const __int128 one = At<__int128>(row), two = other.At<__int128>(row);
      if (HasSpareDigit(one) && HasSpareDigit(two)) return NearestDouble(one - two, type.scale());
    }
    return Number(row) - other.Number(row);
  }
  /// Bytes that tell the values of this column apart. REQUIRES !type.IsNested().
  std::string_view Identity(int64_t row) const {
    if (IsNull(row)) return "\xFF\xFF\xFF";  // not UTF-8, and no number has three bytes
    if (type.kind() == Kind::kBoolean) return Boolean(row) ? "1" : "0";
    if (const int width = spark::FixedWidth(type.kind()); width > 0) {
      return {static_cast<const char*>(array->buffers[1]) + (array->offset + row) * width, static_cast<size_t>(width)};
    }
    return Bytes(row);
  }
  Value ToValue(int64_t row) const { return spark::ToValue(type, *array, row); }
  std::string Text(int64_t row) const {
    if (IsNull(row)) return "NULL";
    if (type.kind() == Kind::kString) return std::string(Bytes(row));
    return type.IsNested() ? ToValue(row).ToJson() : ToValue(row).ToString();
  }
};

/// What is gathered about one compared column.
class ColumnTally {
 public:
  ColumnTally(const ComparedColumn& column, bool is_key, size_t largest)
      : is_key_(is_key), largest_(largest), has_delta_(HasDelta(column)), counts_values_(CountsValues(column)) {
    out_.changes.name = column.name;
  }

  struct Batch {
    Cells left, right;
    const Cells* kind;
    const Cells* count;
    Cells differs;  ///< unset for a key
    const std::vector<std::pair<Cells, Cells>>* keys;
    int64_t rows;
  };

  void Add(const Batch& batch, bool second_reading) {
    for (int64_t row = 0; row < batch.rows; ++row) {
      const auto kind = static_cast<RowKind>(batch.kind->At<int32_t>(row));
      const bool differs = kind == RowKind::kChanged && !is_key_ && batch.differs.Boolean(row);
      if (differs) {
        AddChange(batch, row, second_reading);
      } else if (counts_values_ && (!second_reading || values_.reading_again())) {
        const Cells& cells = kind == RowKind::kRightOnly ? batch.right : batch.left;
        values_.Add(cells.Identity(row), batch.count->At<int64_t>(row), [&] { return cells.Text(row); });
      }
    }
  }

  bool NeedsSecondReading() const { return values_.NeedsSecondReading() || pairs_.NeedsSecondReading(); }
  void BeginSecondReading() {
    for (FrequentValues* counted : {&values_, &pairs_}) {
      if (counted->NeedsSecondReading()) counted->BeginSecondReading();
    }
  }

  ColumnFindings Findings() {
    out_.changes.largest = std::move(top_);
    out_.pairs = pairs_.Top(kMostChanges);
    out_.values = values_.Top(kMostOfAColumn);
    if (!values_.overflowed()) out_.distinct = values_.distinct();
    return std::move(out_);
  }

 private:
  void AddChange(const Batch& batch, int64_t row, bool second_reading) {
    const bool left_null = batch.left.IsNull(row);
    const bool right_null = batch.right.IsNull(row);
    if (!has_delta_ && (!second_reading || pairs_.reading_again())) {
      const auto text = [&] { return batch.left.Text(row) + " -> " + batch.right.Text(row); };
      pair_.clear();
      if (batch.left.type.IsNested()) {
        pair_ = text();
      } else {
        const std::string_view left = batch.left.Identity(row);
        const auto length = static_cast<uint32_t>(left.size());
        pair_.append(reinterpret_cast<const char*>(&length), sizeof(length));
        pair_.append(left);
        pair_.append(batch.right.Identity(row));
      }
      pairs_.Add(pair_, 1, text);
    }
    if (second_reading) return;
    ++out_.changes.changed;
    if (left_null && !right_null) ++out_.changes.null_to_value;
    if (!left_null && right_null) ++out_.changes.value_to_null;
    if (!has_delta_ || left_null || right_null) return;
    const double delta = batch.right.Minus(row, batch.left);
    const double size = std::fabs(delta);
    out_.bins.Add(delta);
    ++out_.deltas;
    out_.total.Add(delta);
    if (!std::isnan(size)) out_.max_abs = std::max(out_.max_abs, size);
    Offer(batch, row, delta, std::isnan(size) ? HUGE_VAL : size);
  }

  /// Keeps the row when it is among the largest changes.
  void Offer(const Batch& batch, int64_t row, double delta, double size) {
    const auto size_of = [](const LargestChange& change) {
      return std::isnan(change.delta) ? HUGE_VAL : std::fabs(change.delta);
    };
    if (largest_ == 0 || (top_.size() == largest_ && size < size_of(top_.back()))) return;
    LargestChange change;
    change.delta = delta;
    const auto before = [&](const LargestChange& a, const LargestChange& b) {
      if (size_of(a) != size_of(b)) return size_of(a) > size_of(b);
      if (const int order = CompareRows(a.key, b.key)) return order < 0;
      if (const int order = CompareValues(a.left, b.left)) return order < 0;
      return CompareValues(a.right, b.right) < 0;
    };
    for (const auto& [left, right] : *batch.keys) {
      change.key.values.push_back(left.IsNull(row) ? right.ToValue(row) : left.ToValue(row));
      if (top_.size() == largest_ && change.key.size() == 1 && size == size_of(top_.back()) &&
          CompareValues(change.key[0], top_.back().key[0]) > 0) {
        return;
      }
    }
    change.left = batch.left.ToValue(row);
    change.right = batch.right.ToValue(row);
    if (top_.size() == largest_ && !before(change, top_.back())) return;
    top_.insert(std::upper_bound(top_.begin(), top_.end(), change, before), std::move(change));
    if (top_.size() > largest_) top_.pop_back();
  }

  const bool is_key_;
  const size_t largest_;
  const bool has_delta_;
  const bool counts_values_;
  ColumnFindings out_;
  std::vector<LargestChange> top_;
  FrequentValues values_{16, kLeastShare};
  FrequentValues pairs_{64, kLeastChangeShare};
  std::string pair_;
};

class Reading {
 public:
  Reading(const Comparison& comparison, size_t largest) : layout_(comparison.layout), frame_(comparison.differences) {
    for (size_t i = 0; i < layout_.columns.size(); ++i) {
      // A key of one column is different in every row, so that none of its values stands out.
      tallies_.emplace_back(layout_.columns[i], i < layout_.keys, largest);
      wanted_.push_back(i >= layout_.keys || layout_.keys > 1);
    }
  }

  Statistics Run() {
    Read(false);
    bool again = false;
    for (size_t i = 0; i < tallies_.size(); ++i) {
      wanted_[i] = wanted_[i] && tallies_[i].NeedsSecondReading();
      again = again || wanted_[i];
      if (wanted_[i]) tallies_[i].BeginSecondReading();
    }
    if (again) Read(true);
    std::vector<ColumnFindings> found;
    for (ColumnTally& tally : tallies_) found.push_back(tally.Findings());
    return Assemble(std::move(out_), std::move(found), layout_);
  }

 private:
  void Read(bool second) {
    const std::unique_ptr<BatchReader> reader = frame_.Batches();
    const StructType schema = reader->schema();
    std::map<std::string, size_t> at;
    for (size_t i = 0; i < schema.fields.size(); ++i) at[schema.fields[i].name] = i;
    ArrowBatch batch;
    while (reader->Next(&batch)) {
      const auto cells = [&](const std::string& name) {
        const size_t i = at.at(name);
        return Cells{&batch.column(i), schema.fields[i].type};
      };
      const Cells kind = cells(DifferenceLayout::kKind);
      const Cells count = cells(DifferenceLayout::kCount);
      std::vector<std::pair<Cells, Cells>> keys;
      for (size_t i = 0; i < layout_.keys; ++i) {
        keys.emplace_back(cells(layout_.Shown(Side::kLeft, i)), cells(layout_.Shown(Side::kRight, i)));
      }
      if (!second) CountKinds(kind, count, batch.rows());
      for (size_t i = 0; i < tallies_.size(); ++i) {
        if (!wanted_[i]) continue;
        tallies_[i].Add({cells(layout_.Shown(Side::kLeft, i)), cells(layout_.Shown(Side::kRight, i)), &kind, &count,
                         i < layout_.keys ? Cells() : cells(layout_.Differs(i)), &keys, batch.rows()},
                        second);
      }
    }
  }

  void CountKinds(const Cells& kind, const Cells& count, int64_t rows) {
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t n = count.At<int64_t>(row);
      switch (static_cast<RowKind>(kind.At<int32_t>(row))) {
        case RowKind::kChanged:
          out_.changed += n;
          break;
        case RowKind::kLeftOnly:
          out_.left_only += n;
          break;
        case RowKind::kRightOnly:
          out_.right_only += n;
          break;
        case RowKind::kEqual:
          break;
      }
    }
  }

  const DifferenceLayout& layout_;
  const DataFrame& frame_;
  std::vector<ColumnTally> tallies_;
  std::vector<bool> wanted_;
  Statistics out_;
};

}  // namespace

Statistics SummariseByReading(const Comparison& comparison, size_t largest) {
  return Reading(comparison, largest).Run();
}

}  // namespace tinderbox::diff
