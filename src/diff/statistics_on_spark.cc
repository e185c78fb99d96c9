#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "diff/comparer.h"
#include "diff/findings.h"
#include "diff/frequent.h"
#include "diff/statistics.h"
#include "tinderbox/functions.h"

// Every cell of the table of differences that says something becomes a row of "cells"; these are counted by column, by
// what they say and by bucket. A bucket of changes with a size is their bin; one of values holds the values of one
// hash, which tells those that can be frequent from the many that cannot. Only the former are then counted by value.

namespace tinderbox::diff {
namespace {

namespace fn = functions;
using Kind = TypeKind;

constexpr int64_t kBuckets = 8192;
constexpr size_t kMostFrequentBuckets = 33;  // more cannot hold kLeastChangeShare each
constexpr int64_t kOfRow = -1;               // in place of a column: the cell says what kind its row is

enum What { kValue, kChange, kSizedChange };

Column Integer(int64_t value) {
  return fn::Lit(Value(value), DataType(Kind::kInteger));
}
Column Double(double value) {
  return fn::Lit(Value(value));
}
Column AsDouble(const Column& value) {
  return value.Cast(DataType(Kind::kDouble));
}
Column AsInteger(const Column& value) {
  return value.Cast(DataType(Kind::kInteger));
}
Column AsDecimal(const Column& value) {
  return value.Cast(DataType::Decimal(20, 0));
}

Column Struct(const std::vector<std::pair<std::string, Column>>& fields) {
  std::vector<Column> arguments;
  for (const auto& [name, value] : fields) {
    arguments.push_back(fn::Lit(Value(name)));
    arguments.push_back(value);
  }
  return fn::Call("named_struct", arguments);
}

/// Microseconds since 1970. Spark has a function for instants only.
Column Micros(const Column& time, Kind kind) {
  if (kind == Kind::kTimestamp) return fn::Call("unix_micros", {time});
  const Column since = time - fn::Lit(Value(TimestampNtzValue{0}));
  const auto part = [&](const char* name) { return fn::Call("date_part", {fn::Lit(Value(std::string(name))), since}); };
  const Column minutes = (part("DAY").Cast(DataType(Kind::kLong)) * 24 + part("HOUR")) * 60 + part("MINUTE");
  return minutes * int64_t{60'000'000} + (part("SECOND") * 1'000'000).Cast(DataType(Kind::kLong));
}

/// A number as a double; a time as seconds.
Column Number(const Column& value, const DataType& type) {
  switch (type.kind()) {
    case Kind::kDate:
      return AsDouble(fn::Call("unix_date", {value})) * Double(86400);
    case Kind::kTimestamp:
    case Kind::kTimestampNtz:
      return AsDouble(Micros(value, type.kind())) / Double(1e6);
    default:
      return AsDouble(value);
  }
}

/// right - left, to the digit as SummariseByReading has it.
Column Delta(const Column& left, const DataType& left_type, const Column& right, const DataType& right_type) {
  const Column rounded = Number(right, right_type) - Number(left, left_type);
  if (left_type.kind() != right_type.kind()) return rounded;
  switch (left_type.kind()) {
    case Kind::kLong:
      return AsDouble(AsDecimal(right) - AsDecimal(left));
    case Kind::kTimestamp:
    case Kind::kTimestampNtz:
      return AsDouble(AsDecimal(Micros(right, left_type.kind())) - AsDecimal(Micros(left, left_type.kind()))) /
             Double(1e6);
    case Kind::kDecimal: {
      if (left_type.scale() != right_type.scale()) return rounded;
      // With a digit to spare the difference has the scale of its terms.
      const DataType spare = DataType::Decimal(37, left_type.scale());
      const Column exact = right.TryCast(spare) - left.TryCast(spare);
      return fn::When({{exact.IsNotNull(), AsDouble(exact)}}, rounded);
    }
    default:
      return rounded;
  }
}

std::string TextOf(const Value& value, const DataType& type) {
  if (!value.is_null() && type.IsNested()) return value.ToJson();
  return value.ToString();
}

int64_t Long(const Value& value) {
  return value.is_null() ? 0 : value.As<int64_t>();
}

class OnSpark {
 public:
  OnSpark(const Comparison& comparison, size_t largest)
      : layout_(comparison.layout), differences_(comparison.differences), largest_(largest) {
    for (const ComparedColumn& c : layout_.columns) {
      const auto type = [&](Side side) { return FormType(c.left_type, c.right_type, side, Form::kPlain); };
      columns_.push_back({type(Side::kLeft), type(Side::kRight), HasDelta(c), CountsValues(c)});
      found_.emplace_back().changes.name = c.name;
    }
    // A key of one column is different in every row, so that none of its values stands out.
    if (layout_.keys == 1) columns_[0].counts_values = false;
  }

  Statistics Run() {
    CountBuckets();
    CountFrequent();
    FindLargest();
    return Assemble(std::move(counts_), std::move(found_), layout_);
  }

 private:
  struct ColumnInfo {
    DataType left_type, right_type;
    bool has_delta;
    bool counts_values;
  };
  /// What may be frequent in a column.
  struct Wanted {
    std::vector<ColumnOrValue> buckets;  ///< none: all
    double least = 1;                    ///< rows
  };
  using Key = std::pair<size_t, What>;

  Column Left(size_t i) const { return fn::Col(layout_.Shown(Side::kLeft, i)); }
  Column Right(size_t i) const { return fn::Col(layout_.Shown(Side::kRight, i)); }
  Column IsKind(RowKind kind) const { return fn::Col(DifferenceLayout::kKind) == Integer(static_cast<int>(kind)); }
  Column Differs(size_t i) const { return IsKind(RowKind::kChanged) && fn::Col(layout_.Differs(i)); }
  /// The value where it is the same on both sides, or on one only.
  Column OneValue(size_t i) const { return fn::When({{IsKind(RowKind::kRightOnly), Right(i)}}, Left(i)); }
  Column SizedChange(size_t i) const {
    return fn::When({{Differs(i) && Left(i).IsNotNull() && Right(i).IsNotNull(),
                      Delta(Left(i), columns_[i].left_type, Right(i), columns_[i].right_type)}});
  }
  /// `changed` where column i differs, else `same`; each may be absent: NULL.
  Column ByChange(size_t i, const std::optional<Column>& changed, const std::optional<Column>& same) const {
    std::vector<std::pair<Column, Column>> branches;
    if (i >= layout_.keys) {
      if (changed) branches.emplace_back(Differs(i), *changed);
      if (same) branches.emplace_back(!Differs(i), *same);
    } else if (same) {
      branches.emplace_back(fn::Lit(Value(true)), *same);
    }
    return fn::When(std::move(branches));
  }
  static DataFrame Explode(const DataFrame& frame, std::vector<Column> cells, const std::vector<std::string>& names) {
    std::vector<Column> fields;
    for (const std::string& name : names) fields.push_back(fn::Col("cell." + name).Alias(name));
    return frame.Select({fn::Call("explode", {fn::Call("array", std::move(cells))}).Alias("cell")})
        .Filter(fn::Col("cell.what").IsNotNull())
        .Select(std::move(fields));
  }

  /// column, what, hash, n, delta, gained, lost.
  DataFrame Cells() const {
    const DataType number(Kind::kLong);
    const Column no_number = fn::Lit(Value(), number);
    const Column no_delta = fn::Lit(Value(), DataType(Kind::kDouble));
    const Column times = fn::Col(DifferenceLayout::kCount);
    const auto cell = [](const Column& column, const Column& what, const Column& hash, const Column& n,
                         const Column& delta, const Column& gained, const Column& lost) {
      return Struct({{"column", column},
                     {"what", what},
                     {"hash", hash},
                     {"n", n},
                     {"delta", delta},
                     {"gained", gained},
                     {"lost", lost}});
    };
    const Column zero = diff::Number(0);
    std::vector<Column> cells = {
        cell(Integer(kOfRow), fn::Col(DifferenceLayout::kKind), no_number, times, no_delta, zero, zero)};
    for (size_t i = 0; i < columns_.size(); ++i) {
      const ColumnInfo& c = columns_[i];
      if (i < layout_.keys && !c.counts_values) continue;
      using Maybe = std::optional<Column>;
      const Maybe none;
      const auto where_null = [&](const Column& null, const Column& other) {
        return ByChange(i, fn::When({{null.IsNull() && other.IsNotNull(), diff::Number(1)}}, zero), zero);
      };
      cells.push_back(cell(
          Integer(static_cast<int64_t>(i)),
          ByChange(i, Integer(c.has_delta ? kSizedChange : kChange), c.counts_values ? Maybe(Integer(kValue)) : none),
          fn::Coalesce({ByChange(i, c.has_delta ? no_number : fn::Call("xxhash64", {Left(i), Right(i)}),
                                 c.counts_values ? fn::Call("xxhash64", {OneValue(i)}) : no_number),
                        no_number}),
          fn::Coalesce({ByChange(i, diff::Number(1), times), zero}),
          c.has_delta && i >= layout_.keys ? SizedChange(i) : no_delta, where_null(Left(i), Right(i)),
          where_null(Right(i), Left(i))));
    }
    return Explode(differences_, std::move(cells), {"column", "what", "hash", "n", "delta", "gained", "lost"});
  }

  /// Cells with their bucket; deltas as `high` and `low`, whose sums are so exact that no order of the rows shows.
  DataFrame Bucketed() const {
    const Column delta = fn::Col("delta");
    const Column size = fn::Col("size");
    const Column exponent = fn::Col("exponent");
    const auto power = [](const Column& e) {
      return AsDouble(fn::Call("concat", {fn::Lit(Value(std::string("1E"))), e.Cast(DataType(Kind::kString))}));
    };
    const auto one_if = [](const Column& condition) { return fn::When({{condition, Integer(1)}}, Integer(0)); };
    const Column infinite = Double(std::numeric_limits<double>::infinity());
    const auto signed_bin = [&](const Column& bin) { return fn::When({{delta < Double(0), -bin}}, bin); };
    // Within a bin, multiples of one power of two add up without rounding for 2^28 rows and more.
    const Column unit = fn::Call(
        "pow", {Double(2), fn::Call("greatest", {fn::Call("floor", {exponent * Double(std::log2(10.0))}) - Integer(20),
                                                 fn::Lit(Value(int64_t{-1074}), DataType(Kind::kLong))})});
    return Cells()
        .WithColumns({{"size", fn::Call("abs", {delta})}})
        .WithColumns({{"exponent", fn::When({{size > Double(0) && size < infinite,
                                              AsInteger(fn::Call("floor", {fn::Call("log10", {size})}))}})}})
        .WithColumns(
            {{"exponent", exponent + one_if(size >= power(exponent + Integer(1))) - one_if(size < power(exponent))}})
        .WithColumns(
            {{"bucket", fn::When({{fn::Col("hash").IsNotNull(),
                                   AsInteger(fn::Call("pmod", {fn::Col("hash"), diff::Number(kBuckets)}))},
                                  {fn::Call("isnan", {delta}), Integer(DeltaBins::kNotANumber)},
                                  {size == Double(0), Integer(DeltaBins::kZero)},
                                  {size == infinite, signed_bin(Integer(DeltaBins::Bin(DeltaBins::kInfinite)))}},
                                 signed_bin(exponent + Integer(DeltaBins::Bin(0))))},
             {"high", fn::When({{exponent.IsNotNull(), fn::Call("rint", {delta / unit}) * unit}}, delta)},
             {"size", fn::When({{!fn::Call("isnan", {size}), size}})}})
        .WithColumns({{"low", fn::When({{exponent.IsNotNull(), delta - fn::Col("high")}}, Double(0))}});
  }

  /// Reads how often each kind of row and each bucket occurs; keeps what may be frequent in `wanted_`.
  void CountBuckets() {
    const auto sum = [](const char* name) { return fn::Sum(fn::Col(name)).Alias(name); };
    const Column bucket = fn::Col("bucket");
    const Column n = fn::Col("n");
    const Column sized = fn::Col("what") == Integer(kSizedChange) && fn::Col("column") >= Integer(0);
    const std::vector<Row> rows =
        Bucketed()
            .GroupBy({fn::Col("column"), fn::Col("what"), bucket})
            .Agg(
                {sum("n"), sum("high"), sum("low"), fn::Max(fn::Col("size")).Alias("size"), sum("gained"), sum("lost")})
            .GroupBy({fn::Col("column"), fn::Col("what")})
            .Agg({sum("n"), sum("gained"), sum("lost"), fn::Count(bucket),
                  fn::Call("max_by", {Struct({{"bucket", bucket}, {"n", n}}),
                                      fn::When({{!sized && bucket.IsNotNull(), n}}), Integer(kMostFrequentBuckets)}),
                  fn::Call("collect_list",
                           {fn::When({{sized && bucket.IsNotNull(), Struct({{"bucket", bucket},
                                                                            {"n", n},
                                                                            {"high", fn::Col("high")},
                                                                            {"low", fn::Col("low")},
                                                                            {"size", fn::Col("size")}})}})})})
            .Collect();
    for (const Row& row : rows) {
      if (row[0].As<int64_t>() == kOfRow) CountRows(static_cast<RowKind>(row[1].As<int64_t>()), Long(row[2]));
    }
    for (const Row& row : rows) {
      if (row[0].As<int64_t>() == kOfRow) continue;
      const auto column = static_cast<size_t>(row[0].As<int64_t>());
      const auto what = static_cast<What>(row[1].As<int64_t>());
      if (what != kValue) {
        ColumnChanges& changes = found_[column].changes;
        changes.changed = Long(row[2]);
        changes.null_to_value = Long(row[3]);
        changes.value_to_null = Long(row[4]);
      }
      if (what == kSizedChange) {
        AddBins(row[7], &found_[column]);
      } else {
        Choose({column, what}, Long(row[2]), static_cast<size_t>(Long(row[5])), row[6]);
      }
    }
  }

  void CountRows(RowKind kind, int64_t n) {
    switch (kind) {
      case RowKind::kChanged:
        counts_.changed = n;
        break;
      case RowKind::kLeftOnly:
        counts_.left_only = n;
        break;
      case RowKind::kRightOnly:
        counts_.right_only = n;
        break;
      case RowKind::kEqual:
        break;
    }
  }

  static void AddBins(const Value& bins, ColumnFindings* found) {
    if (bins.is_null()) return;
    std::map<int64_t, std::vector<Value>> in_order;  // a sum's last digits must not depend on the rows' order
    for (const Value& bin : bins.As<std::shared_ptr<ListValue>>()->items) {
      const std::vector<Value>& fields = bin.As<std::shared_ptr<StructValue>>()->values;
      in_order[fields[0].As<int64_t>()] = fields;
    }
    for (const auto& [bin, fields] : in_order) {
      const int64_t n = fields[1].As<int64_t>();
      found->bins.Add(static_cast<int>(bin), n);
      found->deltas += n;
      found->total.Add(fields[2].As<double>());
      found->total.Add(fields[3].As<double>());
      if (!fields[4].is_null()) found->max_abs = std::max(found->max_abs, fields[4].As<double>());
    }
  }

  /// Decides which values of a column, or changes of it, have to be counted one by one.
  /// `total` cells are in `buckets` buckets, of which `top` are the fullest.
  void Choose(const Key& key, int64_t total, size_t buckets, const Value& top) {
    const int64_t rows = counts_.changed + counts_.left_only + counts_.right_only;
    const bool values = key.second == kValue;
    Wanted wanted;
    // With as many different values as make a fair share smaller than the least, their number no longer matters.
    const bool too_many = values ? static_cast<double>(buckets) * kLeastShare >= 3 : buckets > FrequentValues::kExact;
    const double least =
        values ? kLeastShare * static_cast<double>(rows) : kLeastChangeShare * static_cast<double>(total);
    bool any = false;
    for (const Value& bucket : top.As<std::shared_ptr<ListValue>>()->items) {
      const std::vector<Value>& fields = bucket.As<std::shared_ptr<StructValue>>()->values;
      if (static_cast<double>(fields[1].As<int64_t>()) < least) continue;
      any = true;
      if (too_many) wanted.buckets.emplace_back(Integer(fields[0].As<int64_t>()));
    }
    if (too_many) wanted.least = least;
    const bool all = !too_many && !values;
    if (all || (any && (!values || rows >= kFewRows))) wanted_[key] = std::move(wanted);
  }

  /// Counts what is wanted by value. Columns of one type share the column in which the query returns their values.
  void CountFrequent() {
    if (wanted_.empty()) return;
    std::vector<DataType> types;
    const auto slot = [&](const DataType& type) {
      const auto at = std::find_if(types.begin(), types.end(),
                                   [&](const DataType& known) { return known.SameIgnoringNullability(type); });
      if (at != types.end()) return static_cast<size_t>(at - types.begin());
      types.push_back(type);
      return types.size() - 1;
    };
    std::map<size_t, std::pair<size_t, size_t>> slots;
    for (const auto& [key, wanted] : wanted_) {
      const ColumnInfo& c = columns_[key.first];
      slots[key.first] = {slot(c.left_type), slot(c.right_type)};
    }
    std::vector<std::string> names = {"column", "what"};
    for (size_t s = 0; s < types.size(); ++s) {
      names.insert(names.end(), {"left" + std::to_string(s), "right" + std::to_string(s)});
    }
    std::vector<Column> by;
    for (const std::string& name : names) by.push_back(fn::Col(name));
    names.emplace_back("n");

    std::vector<Column> cells;
    std::vector<std::pair<Column, Column>> least;
    for (const auto& entry : slots) {
      const size_t i = entry.first;
      const auto& slot_of = entry.second;
      const auto in_bucket = [&](What what, const Column& hash) -> std::optional<Column> {
        const auto wanted = wanted_.find({i, what});
        if (wanted == wanted_.end()) return std::nullopt;
        if (wanted->second.buckets.empty()) return Integer(what);
        least.emplace_back(fn::Col("column") == Integer(static_cast<int64_t>(i)) && fn::Col("what") == Integer(what),
                           Double(wanted->second.least));
        const Column bucket = AsInteger(fn::Call("pmod", {hash, diff::Number(kBuckets)}));
        return fn::When({{bucket.IsIn(wanted->second.buckets), Integer(what)}});
      };
      const std::optional<Column> change = in_bucket(kChange, fn::Call("xxhash64", {Left(i), Right(i)}));
      const std::optional<Column> value = in_bucket(kValue, fn::Call("xxhash64", {OneValue(i)}));
      const Column what = ByChange(i, change, value);
      std::vector<std::pair<std::string, Column>> fields = {{"column", Integer(static_cast<int64_t>(i))},
                                                            {"what", what}};
      const Column differs = i < layout_.keys ? fn::Lit(Value(false)) : Differs(i);
      for (size_t s = 0; s < types.size(); ++s) {
        const Column null = fn::Lit(Value(), types[s]);
        fields.emplace_back("left" + std::to_string(s),
                            s == slot_of.first ? fn::When({{differs, Left(i)}}, OneValue(i)) : null);
        fields.emplace_back("right" + std::to_string(s), s == slot_of.second ? fn::When({{differs, Right(i)}}) : null);
      }
      fields.emplace_back("n", fn::When({{differs, diff::Number(1)}}, fn::Col(DifferenceLayout::kCount)));
      cells.push_back(Struct(fields));
    }
    DataFrame counted =
        Explode(differences_, std::move(cells), names).GroupBy(by).Agg({fn::Sum(fn::Col("n")).Alias("n")});
    if (!least.empty()) counted = counted.Filter(AsDouble(fn::Col("n")) >= fn::When(std::move(least), Double(1)));
    std::vector<Column> shown;
    for (size_t at = 0; at < names.size(); ++at) {
      const bool text = at >= 2 && at + 1 < names.size() && types[(at - 2) / 2].kind() == Kind::kString;
      const Column whole = fn::Col(names[at]);
      shown.push_back(text ? fn::Call("left", {whole, Integer(FrequentValues::kLongest)}).Alias(names[at]) : whole);
    }

    std::map<Key, Counts> counts;
    for (const Row& row : counted.Select(std::move(shown)).Collect()) {
      const auto column = static_cast<size_t>(row[0].As<int64_t>());
      const auto what = static_cast<What>(row[1].As<int64_t>());
      const auto [left, right] = slots.at(column);
      std::string text = TextOf(row[2 + 2 * left], types[left]);
      if (what == kChange) text += " -> " + TextOf(row[2 + 2 * right + 1], types[right]);
      counts[{column, what}].emplace_back(text.substr(0, FrequentValues::kLongest), Long(row[row.size() - 1]));
    }
    for (const auto& [key, wanted] : wanted_) {
      Counts& found = counts[key];
      ColumnFindings& column = found_[key.first];
      if (key.second == kValue) {
        if (wanted.buckets.empty()) column.distinct = found.size();
        column.values = MostFrequent(std::move(found), kMostOfAColumn);
        continue;
      }
      const double least_share = kLeastChangeShare * static_cast<double>(column.changes.changed);
      if (found.size() > FrequentValues::kExact) {
        std::erase_if(found, [&](const auto& pair) { return static_cast<double>(pair.second) < least_share; });
      }
      column.pairs = MostFrequent(std::move(found), kMostChanges);
    }
  }

  void FindLargest() {
    std::vector<size_t> sized;
    std::vector<Column> needed;
    std::set<std::string> names;
    const auto need = [&](const std::string& name) {
      if (names.insert(name).second) needed.push_back(fn::Col(name));
    };
    for (size_t i = layout_.keys; largest_ > 0 && i < columns_.size(); ++i) {
      if (found_[i].deltas > 0) sized.push_back(i);
    }
    if (sized.empty()) return;
    for (size_t i = 0; i < layout_.keys; ++i) {
      need(layout_.Shown(Side::kLeft, i));
      need(layout_.Shown(Side::kRight, i));
    }
    for (const size_t i : sized) {
      need(layout_.Shown(Side::kLeft, i));
      need(layout_.Shown(Side::kRight, i));
      needed.push_back(SizedChange(i).Alias("delta" + std::to_string(i)));
    }
    std::vector<Column> largest;
    for (const size_t i : sized) {
      const Column delta = fn::Col("delta" + std::to_string(i));
      const Column size = fn::When({{fn::Call("isnan", {delta}), Double(-std::numeric_limits<double>::infinity())}},
                                   -fn::Call("abs", {delta}));
      std::vector<std::pair<std::string, Column>> change;
      for (size_t k = 0; k < layout_.keys; ++k) {
        change.emplace_back("key" + std::to_string(k), fn::Coalesce({Left(k), Right(k)}));
      }
      change.insert(change.end(), {{"left", Left(i)}, {"right", Right(i)}, {"delta", delta}});
      std::vector<std::pair<std::string, Column>> order = change;
      order.insert(order.begin(), {"size", size});
      largest.push_back(fn::Call("min_by", {Struct(change), fn::When({{delta.IsNotNull(), Struct(order)}}),
                                            Integer(static_cast<int64_t>(largest_))}));
    }
    const Row row = differences_.Select(std::move(needed)).Agg(std::move(largest)).Collect()[0];
    for (size_t at = 0; at < sized.size(); ++at) {
      for (const Value& item : row[at].As<std::shared_ptr<ListValue>>()->items) {
        std::vector<Value> fields = item.As<std::shared_ptr<StructValue>>()->values;
        LargestChange change;
        change.delta = fields[layout_.keys + 2].As<double>();
        change.right = fields[layout_.keys + 1];
        change.left = fields[layout_.keys];
        fields.resize(layout_.keys);
        change.key.values = std::move(fields);
        found_[sized[at]].changes.largest.push_back(std::move(change));
      }
    }
  }

  const DifferenceLayout& layout_;
  const DataFrame& differences_;
  const size_t largest_;
  std::vector<ColumnInfo> columns_;
  std::vector<ColumnFindings> found_;
  Statistics counts_;
  std::map<Key, Wanted> wanted_;
};

}  // namespace

Statistics SummariseOnSpark(const Comparison& comparison, size_t largest) {
  return OnSpark(comparison, largest).Run();
}

}  // namespace tinderbox::diff
