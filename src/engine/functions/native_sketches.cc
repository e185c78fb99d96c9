// Sketches as binaries: built from lists, merged, and asked.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "engine/functions/distinct_estimate.h"
#include "engine/functions/key_sketch.h"
#include "engine/functions/kll_sketch.h"
#include "engine/functions/native.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Kind = KeySketch::Kind;
using Range = InVector::Range;

[[noreturn]] void RefuseBuffer(const char* condition, const char* kind, std::string_view function,
                               const char* builder) {
  throw Error(condition,
              fmt::format("Invalid call to `{}`; only valid {} sketch buffers are supported as inputs (such as those "
                          "produced by the `{}` function).",
                          function, kind, builder),
              {{"function", fmt::format("`{}`", function)}});
}

KeySketch ParseKeys(std::string_view bytes, Kind kind, SketchMode mode, std::string_view function) {
  KeySketch out(kind, mode);
  if (KeySketch::Parse(bytes, kind, mode, &out)) return out;
  if (kind == Kind::kTheta) RefuseBuffer("THETA_INVALID_INPUT_SKETCH_BUFFER", "Theta", function, "theta_sketch_agg");
  RefuseBuffer("TUPLE_INVALID_INPUT_SKETCH_BUFFER", "Tuple", function, "tuple_sketch_agg");
}

Range ListOf(const InVector& list, size_t row) {
  return list.IsNull(row) ? Range{0, 0} : list.List(row);
}

/// value -> hash; NULL for the empty ones, which sketches leave out.
void HashKeys(const ScalarInput& in, OutVector& result) {
  const DataType type = in[0].Type();
  const TypeKind kind = type.kind();
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) continue;
    std::string bytes;
    const auto add = [&](auto value) {
      char raw[sizeof value];
      std::memcpy(raw, &value, sizeof value);
      bytes.append(raw, sizeof value);
    };
    if (kind == TypeKind::kLong) {
      add(in[0].Data<int64_t>()[row]);
    } else if (kind == TypeKind::kDouble) {
      const double value = in[0].Data<double>()[row];
      add(value == 0 ? 0.0 : value);
    } else if (kind == TypeKind::kArray) {
      const InVector items = in[0].ListChild();
      const Range range = in[0].List(row);
      for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
        if (type.element().kind() == TypeKind::kInteger) {
          add(items.Data<int32_t>()[i]);
        } else {
          add(items.Data<int64_t>()[i]);
        }
      }
    } else {
      bytes = in[0].String(row);
    }
    if (bytes.empty()) {
      result.SetNull(row);
    } else {
      result.Data<int64_t>()[row] = static_cast<int64_t>(SketchHash(bytes));
    }
  }
}

/// hashes, values (or none), kind, log size, mode.
void BuildKeys(const ScalarInput& in, OutVector& result) {
  const InVector hashes = in[0].ListChild();
  const InVector values = in[1].ListChild();
  for (size_t row = 0; row < in.rows(); ++row) {
    KeySketch sketch(static_cast<Kind>(in[2].Data<int32_t>()[row]),
                     static_cast<SketchMode>(in[4].Data<int32_t>()[row]));
    const int log_size = in[3].Data<int32_t>()[row];
    const Range range = ListOf(in[0], row);
    const Range weights = ListOf(in[1], row);
    for (uint64_t i = 0; i < range.length; ++i) {
      const double value = i < weights.length ? values.Data<double>()[weights.offset + i] : 0;
      sketch.Add(static_cast<uint64_t>(hashes.Data<int64_t>()[range.offset + i]), value, log_size);
    }
    sketch.Trim(log_size);
    result.SetString(row, sketch.Bytes());
  }
}

/// sketches, kind, operation (0 union, 1 intersection, 2 difference), log size, mode, function.
void FoldKeys(const ScalarInput& in, OutVector& result) {
  const InVector sketches = in[0].ListChild();
  for (size_t row = 0; row < in.rows(); ++row) {
    const auto kind = static_cast<Kind>(in[1].Data<int32_t>()[row]);
    const int32_t operation = in[2].Data<int32_t>()[row];
    const int log_size = in[3].Data<int32_t>()[row];
    const auto mode = static_cast<SketchMode>(in[4].Data<int32_t>()[row]);
    KeySketch out(kind, mode);
    const Range range = ListOf(in[0], row);
    for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
      KeySketch next = ParseKeys(sketches.String(i), kind, mode, in[5].String(row));
      if (i == range.offset) {
        out = std::move(next);
      } else if (operation == 0) {
        out.Unite(next);
      } else if (operation == 1) {
        out.Intersect(next);
      } else {
        out.Subtract(next);
      }
    }
    if (operation == 0) out.Trim(log_size);
    result.SetString(row, out.Bytes());
  }
}

/// sketch, kind, what (0 estimate, 1 theta, 2 summary), mode, function.
void AskKeys(const ScalarInput& in, OutVector& result) {
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) continue;
    const auto mode = static_cast<SketchMode>(in[3].Data<int32_t>()[row]);
    const KeySketch sketch =
        ParseKeys(in[0].String(row), static_cast<Kind>(in[1].Data<int32_t>()[row]), mode, in[4].String(row));
    const int32_t what = in[2].Data<int32_t>()[row];
    result.Data<double>()[row] = what == 0 ? sketch.Estimate() : what == 1 ? sketch.Theta() : sketch.Summary(mode);
  }
}

/// Registers of HyperLogLog as a binary of our own: a mark, the logarithm of their number, and those that are not 0.
class HllSketch {
 public:
  explicit HllSketch(int log_size) : log_size_(log_size), registers_(size_t{1} << log_size) {}
  static HllSketch Parse(std::string_view bytes, std::string_view function) {
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    const bool known =
        bytes.size() >= 4 && bytes.starts_with(kMark) && data[3] >= 4 && data[3] <= 21 && (bytes.size() - 4) % 4 == 0;
    if (!known) RefuseBuffer("HLL_INVALID_INPUT_SKETCH_BUFFER", "HLL", function, "hll_sketch_agg");
    HllSketch out(data[3]);
    for (size_t at = 4; at < bytes.size(); at += 4) {
      const size_t index = data[at] | size_t{data[at + 1]} << 8 | size_t{data[at + 2]} << 16;
      if (index >= out.registers_.size()) {
        RefuseBuffer("HLL_INVALID_INPUT_SKETCH_BUFFER", "HLL", function, "hll_sketch_agg");
      }
      out.registers_[index] = data[at + 3];
    }
    return out;
  }
  std::string Bytes() const {
    std::string out(kMark);
    out += static_cast<char>(log_size_);
    for (size_t i = 0; i < registers_.size(); ++i) {
      if (registers_[i] == 0) continue;
      for (const int shift : {0, 8, 16}) out += static_cast<char>(i >> shift);
      out += static_cast<char>(registers_[i]);
    }
    return out;
  }
  void Add(uint64_t hash) {
    const uint64_t rest = hash >> log_size_ | uint64_t{1} << (63 - log_size_);
    Raise(hash & (registers_.size() - 1), static_cast<uint8_t>(std::countr_zero(rest) + 1));
  }
  /// The same values in fewer registers.
  HllSketch Folded(int log_size) const {
    HllSketch out(log_size);
    for (size_t i = 0; i < registers_.size(); ++i) {
      if (registers_[i] == 0) continue;
      const size_t dropped = i >> log_size;
      const int run = dropped != 0 ? std::countr_zero(dropped) + 1 : registers_[i] + log_size_ - log_size;
      out.Raise(i & (out.registers_.size() - 1), static_cast<uint8_t>(run));
    }
    return out;
  }
  void Merge(const HllSketch& other) {
    for (size_t i = 0; i < registers_.size(); ++i) Raise(i, other.registers_[i]);
  }
  int log_size() const { return log_size_; }
  int64_t Estimate() const { return EstimateDistinct(registers_); }

 private:
  static constexpr std::string_view kMark = "HLL";
  void Raise(size_t index, uint8_t run) { registers_[index] = std::max(registers_[index], run); }
  int log_size_;
  std::vector<uint8_t> registers_;
};

/// hashes, log size.
void BuildHll(const ScalarInput& in, OutVector& result) {
  const InVector hashes = in[0].ListChild();
  for (size_t row = 0; row < in.rows(); ++row) {
    HllSketch sketch(in[1].Data<int32_t>()[row]);
    const Range range = ListOf(in[0], row);
    for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
      sketch.Add(static_cast<uint64_t>(hashes.Data<int64_t>()[i]));
    }
    result.SetString(row, sketch.Bytes());
  }
}

/// sketches, whether their sizes may differ, function.
void MergeHll(const ScalarInput& in, OutVector& result) {
  const InVector sketches = in[0].ListChild();
  for (size_t row = 0; row < in.rows(); ++row) {
    const Range range = ListOf(in[0], row);
    const std::string_view function = in[2].String(row);
    HllSketch sum(12);
    for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
      HllSketch next = HllSketch::Parse(sketches.String(i), function);
      if (i == range.offset) sum = HllSketch(next.log_size());
      if (sum.log_size() != next.log_size() && in[1].Data<uint8_t>()[row] == 0) {
        throw Error("HLL_UNION_DIFFERENT_LG_K",
                    fmt::format("Sketches have different `lgConfigK` values: {} and {}. Set the "
                                "`allowDifferentLgConfigK` parameter to true to call `{}` with different `lgConfigK` "
                                "values.",
                                sum.log_size(), next.log_size(), function),
                    {{"left", std::to_string(sum.log_size())},
                     {"right", std::to_string(next.log_size())},
                     {"function", fmt::format("`{}`", function)}});
      }
      const int common = std::min(sum.log_size(), next.log_size());
      if (sum.log_size() != common) sum = sum.Folded(common);
      sum.Merge(next.log_size() == common ? next : next.Folded(common));
    }
    result.SetString(row, sum.Bytes());
  }
}

/// A count-min sketch of whole numbers as Spark writes it: items, depth, width, seed.
void BuildCountMin(const ScalarInput& in, OutVector& result) {
  const InVector items = in[0].ListChild();
  for (size_t row = 0; row < in.rows(); ++row) {
    const int32_t depth = in[1].Data<int32_t>()[row];
    const int32_t width = in[2].Data<int32_t>()[row];
    // java.util.Random(seed).nextInt(2^31 - 1)
    uint64_t state = (static_cast<uint64_t>(in[3].Data<int64_t>()[row]) ^ 0x5DEECE66DULL) & ((uint64_t{1} << 48) - 1);
    std::vector<int64_t> factors;
    while (factors.size() < static_cast<size_t>(depth)) {
      state = (state * 0x5DEECE66DULL + 0xB) & ((uint64_t{1} << 48) - 1);
      const auto drawn = static_cast<int64_t>(state >> 17);
      if (drawn != 0x7FFFFFFF) factors.push_back(drawn);
    }
    std::vector<uint64_t> table(static_cast<size_t>(depth) * static_cast<size_t>(width));
    const Range range = ListOf(in[0], row);
    for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
      for (size_t line = 0; line < factors.size(); ++line) {
        auto hash = static_cast<int64_t>(static_cast<uint64_t>(factors[line]) *
                                         static_cast<uint64_t>(items.Data<int64_t>()[i]));
        hash += hash >> 32;
        ++table[line * static_cast<size_t>(width) + static_cast<size_t>((hash & 0x7FFFFFFF) % width)];
      }
    }
    std::string out;
    const auto add = [&](uint64_t value, int bytes) {
      for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
    };
    add(1, 4);
    add(range.length, 8);
    add(static_cast<uint64_t>(depth), 4);
    add(static_cast<uint64_t>(width), 4);
    for (const int64_t factor : factors) add(static_cast<uint64_t>(factor), 8);
    for (const uint64_t count : table) add(count, 8);
    result.SetString(row, out);
  }
}

template <typename T>
KllSketch<T> ParseKll(std::string_view bytes, std::string_view function) {
  KllSketch<T> out(8);
  if (!KllSketch<T>::Parse(bytes, &out)) {
    RefuseBuffer("KLL_INVALID_INPUT_SKETCH_BUFFER", "KLL", function, "kll_sketch_agg");
  }
  return out;
}

/// The natives for sketches of numbers of one type, by whose name theirs end.
template <typename T>
void AddKll(ScalarFunctions* out, const char* suffix, TypeKind kind) {
  const DataType number(kind);
  const DataType numbers = DataType::Array(number);
  const DataType doubles = DataType::Array(DataType(TypeKind::kDouble));
  const DataType binary(TypeKind::kBinary);
  const auto add = [&](const char* name, std::vector<ParameterType> parameters, const DataType& result,
                       std::function<void(const ScalarInput&, OutVector&)> run, bool handles_null) {
    out->push_back({.name = fmt::format("spark_kll_{}_{}", name, suffix),
                    .parameters = std::move(parameters),
                    .varargs = {},
                    .result = result,
                    .run = std::move(run),
                    .handles_null = handles_null});
  };
  add(
      "build", {numbers, TypeKind::kInteger}, binary,
      [](const ScalarInput& in, OutVector& result) {
        const InVector items = in[0].ListChild();
        for (size_t row = 0; row < in.rows(); ++row) {
          KllSketch<T> sketch(static_cast<uint16_t>(in[1].Data<int32_t>()[row]));
          const Range range = ListOf(in[0], row);
          for (uint64_t i = range.offset; i < range.offset + range.length; ++i) sketch.Add(items.Data<T>()[i]);
          result.SetString(row, sketch.Bytes());
        }
      },
      true);
  // sketches, size (0: the first one's), function
  add(
      "merge", {DataType::Array(binary), TypeKind::kInteger, TypeKind::kString}, binary,
      [](const ScalarInput& in, OutVector& result) {
        const InVector sketches = in[0].ListChild();
        for (size_t row = 0; row < in.rows(); ++row) {
          const Range range = ListOf(in[0], row);
          const int32_t size = in[1].Data<int32_t>()[row];
          KllSketch<T> sum(static_cast<uint16_t>(size == 0 ? 200 : size));
          for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
            const KllSketch<T> next = ParseKll<T>(sketches.String(i), in[2].String(row));
            if (i == range.offset && size == 0) sum = KllSketch<T>(next.k());
            sum.Merge(next);
          }
          result.SetString(row, sum.Bytes());
        }
      },
      true);
  add("count", {binary, TypeKind::kString}, DataType(TypeKind::kLong),
      PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
        result.Data<int64_t>()[row] = static_cast<int64_t>(ParseKll<T>(in[0].String(row), in[1].String(row)).count());
      }),
      false);
  add("text", {binary, TypeKind::kString}, DataType(TypeKind::kString),
      PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
        result.SetString(row, ParseKll<T>(in[0].String(row), in[1].String(row)).Text());
      }),
      false);
  const auto lists = [](const ScalarInput& in, OutVector& result, auto from, auto to, auto ask) {
    using From = decltype(from);
    using To = decltype(to);
    std::vector<To> all;
    const InVector wanted = in[1].ListChild();
    for (size_t row = 0; row < in.rows(); ++row) {
      const size_t offset = all.size();
      if (!in.AnyNull(row)) {
        const std::string_view function = in[2].String(row);
        const KllSketch<T> sketch = ParseKll<T>(in[0].String(row), function);
        if (sketch.count() == 0) {
          RefuseBuffer("KLL_INVALID_INPUT_SKETCH_BUFFER", "KLL", function, "kll_sketch_agg");
        }
        const Range range = in[1].List(row);
        for (uint64_t i = range.offset; i < range.offset + range.length; ++i) {
          all.push_back(ask(sketch, wanted.Data<From>()[i], function));
        }
      }
      result.SetList(row, offset, all.size() - offset);
    }
    result.ReserveList(all.size());
    OutVector child = result.ListChild();
    std::copy(all.begin(), all.end(), child.template Data<To>());
    result.SetListSize(all.size());
  };
  add(
      "quantiles", {binary, doubles, TypeKind::kString}, numbers,
      [lists](const ScalarInput& in, OutVector& result) {
        lists(in, result, double{}, T{}, [](const KllSketch<T>& sketch, double share, std::string_view function) {
          if (!(share >= 0 && share <= 1)) {
            throw Error(
                "KLL_SKETCH_INVALID_QUANTILE_RANGE",
                fmt::format("For function `{}`, the quantile value must be between 0.0 and 1.0 (inclusive).", function),
                {{"functionName", fmt::format("`{}`", function)}});
          }
          return sketch.Quantile(share);
        });
      },
      false);
  add(
      "ranks", {binary, numbers, TypeKind::kString}, doubles,
      [lists](const ScalarInput& in, OutVector& result) {
        lists(in, result, T{}, double{},
              [](const KllSketch<T>& sketch, T item, std::string_view) { return sketch.Rank(item); });
      },
      false);
}

}  // namespace

void AddNativeSketches(ScalarFunctions* out) {
  constexpr TypeKind i = TypeKind::kInteger;
  constexpr TypeKind s = TypeKind::kString;
  const DataType binary(TypeKind::kBinary);
  const DataType binaries = DataType::Array(binary);
  const DataType longs = DataType::Array(DataType(TypeKind::kLong));
  const DataType doubles = DataType::Array(DataType(TypeKind::kDouble));
  const auto add = [&](const char* name, std::vector<ParameterType> parameters, const DataType& result,
                       std::function<void(const ScalarInput&, OutVector&)> run, bool handles_null) {
    out->push_back({.name = name,
                    .parameters = std::move(parameters),
                    .varargs = {},
                    .result = result,
                    .run = std::move(run),
                    .handles_null = handles_null});
  };
  add("spark_sketch_hash", {ParameterType::Any()}, DataType(TypeKind::kLong), HashKeys, false);
  add("spark_keys_build", {longs, doubles, i, i, i}, binary, BuildKeys, true);
  add("spark_keys_fold", {binaries, i, i, i, i, s}, binary, FoldKeys, true);
  add("spark_keys_ask", {binary, i, i, i, s}, DataType(TypeKind::kDouble), AskKeys, false);
  add("spark_hll_build", {longs, i}, binary, BuildHll, true);
  add("spark_hll_merge", {binaries, TypeKind::kBoolean, s}, binary, MergeHll, true);
  add("spark_hll_estimate", {binary, s}, DataType(TypeKind::kLong),
      PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
        result.Data<int64_t>()[row] = HllSketch::Parse(in[0].String(row), in[1].String(row)).Estimate();
      }),
      false);
  add("spark_count_min", {longs, i, i, TypeKind::kLong}, binary, BuildCountMin, true);
  AddKll<int64_t>(out, "bigint", TypeKind::kLong);
  AddKll<double>(out, "double", TypeKind::kDouble);
  AddKll<float>(out, "float", TypeKind::kFloat);
}

}  // namespace tinderbox::engine
