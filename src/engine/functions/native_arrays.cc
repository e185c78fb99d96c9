// Array functions of any element type. They yield positions, counted from 1: the translation picks the elements by
// them, so that one native function serves every type.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/functions/native_row.h"

#include "engine/functions/native.h"
#include "engine/functions/value_order.h"
#include "engine/functions/value_text.h"
#include "spark/error_conditions.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Positions = std::vector<int64_t>;
using Range = InVector::Range;

DataType ElementType(const InVector& list) {
  const DataType type = list.Type();
  return type.kind() == TypeKind::kArray ? type.element() : DataType();
}

std::vector<uint64_t> RowsOf(Range range) {
  std::vector<uint64_t> rows(range.length);
  for (uint64_t i = 0; i < range.length; ++i) rows[i] = range.offset + i;
  return rows;
}

/// Whether value `row` of the left column is among `sorted` rows of the right one.
bool Among(const ValueOrder& order, uint64_t row, const std::vector<uint64_t>& sorted) {
  const auto found = std::lower_bound(sorted.begin(), sorted.end(), row,
                                      [&](uint64_t b, uint64_t a) { return order.Compare(a, b) > 0; });
  return found != sorted.end() && order.Compare(row, *found) == 0;
}

/// The first of each set of equal elements for which `keep(row)` holds, as they stand in the list.
template <typename Keep>
void Distinct(const ValueOrder& order, Range range, Keep keep, Positions* out) {
  std::vector<uint64_t> rows = RowsOf(range);
  SortRows(order, &rows);
  std::vector<uint64_t> first;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i > 0 && order.Compare(rows[i - 1], rows[i]) == 0) continue;
    if (keep(rows[i])) first.push_back(rows[i]);
  }
  std::sort(first.begin(), first.end());
  for (const uint64_t row : first) out->push_back(static_cast<int64_t>(row - range.offset) + 1);
}

void DistinctPositions(const ScalarInput& in, OutVector& result) {
  const InVector items = in[0].ListChild();
  const ValueOrder order(ElementType(in[0]), items, items);
  FillLists<int64_t>(in, result, [&](size_t row, Positions* out) {
    Distinct(
        order, in[0].List(row), [](uint64_t) { return true; }, out);
  });
}

/// The distinct elements of the first list that are (`wanted`) or are not in the second.
void SharedPositions(const ScalarInput& in, OutVector& result, bool wanted) {
  const DataType type = ElementType(in[0]);
  const InVector left = in[0].ListChild();
  const InVector right = in[1].ListChild();
  const ValueOrder within(type, left, left);
  const ValueOrder others(type, right, right);
  const ValueOrder across(type, left, right);
  FillLists<int64_t>(in, result, [&](size_t row, Positions* out) {
    std::vector<uint64_t> sorted = RowsOf(in[1].List(row));
    SortRows(others, &sorted);
    Distinct(
        within, in[0].List(row), [&](uint64_t item) { return Among(across, item, sorted) == wanted; }, out);
  });
}

/// Whether two lists share an element; unknown when they do not and a NULL could be one.
void Overlap(const ScalarInput& in, OutVector& result) {
  const DataType type = ElementType(in[0]);
  const InVector left = in[0].ListChild();
  const InVector right = in[1].ListChild();
  const ValueOrder others(type, right, right);
  const ValueOrder across(type, left, right);
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) continue;
    const Range a = in[0].List(row);
    const Range b = in[1].List(row);
    std::vector<uint64_t> sorted = RowsOf(b);
    SortRows(others, &sorted);
    bool found = false;
    bool unknown = a.length > 0 && b.length > 0 && right.IsNull(sorted.front());
    for (uint64_t item = a.offset; item < a.offset + a.length && !found; ++item) {
      if (left.IsNull(item)) {
        unknown |= b.length > 0;
      } else {
        found = Among(across, item, sorted);
      }
    }
    if (!found && unknown) {
      result.SetNull(row);
    } else {
      result.Data<uint8_t>()[row] = found ? 1 : 0;
    }
  }
}

/// The position of the first element equal to a value; 0 when there is none.
void ItemPosition(const ScalarInput& in, OutVector& result) {
  const ValueOrder order(ElementType(in[0]), in[0].ListChild(), in[1]);
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) continue;
    const Range range = in[0].List(row);
    int64_t position = 0;
    for (uint64_t i = 0; i < range.length && position == 0; ++i) {
      if (order.Compare(range.offset + i, row) == 0) position = static_cast<int64_t>(i) + 1;
    }
    result.Data<int64_t>()[row] = position;
  }
}

/// All elements but those equal to a value.
void OtherPositions(const ScalarInput& in, OutVector& result) {
  const ValueOrder order(ElementType(in[0]), in[0].ListChild(), in[1]);
  FillLists<int64_t>(in, result, [&](size_t row, Positions* out) {
    const Range range = in[0].List(row);
    for (uint64_t i = 0; i < range.length; ++i) {
      if (order.Compare(range.offset + i, row) != 0) out->push_back(static_cast<int64_t>(i) + 1);
    }
  });
}

/// list, ascending, NULLs first.
void SortedPositions(const ScalarInput& in, OutVector& result) {
  const InVector items = in[0].ListChild();
  const ValueOrder order(ElementType(in[0]), items, items);
  FillLists<int64_t>(in, result, [&](size_t row, Positions* out) {
    const bool ascending = in[1].Data<uint8_t>()[row] != 0;
    const bool nulls_first = in[2].Data<uint8_t>()[row] != 0;
    const Range range = in[0].List(row);
    std::vector<uint64_t> rows = RowsOf(range);
    std::stable_sort(rows.begin(), rows.end(), [&](uint64_t a, uint64_t b) {
      const bool a_null = items.IsNull(a);
      const bool b_null = items.IsNull(b);
      if (a_null != b_null) return a_null == nulls_first;
      return ascending ? order.Compare(a, b) < 0 : order.Compare(b, a) < 0;
    });
    for (const uint64_t item : rows) out->push_back(static_cast<int64_t>(item - range.offset) + 1);
  });
}

/// The position of the largest or smallest element; NULL when all are NULL.
void ExtremePosition(const ScalarInput& in, OutVector& result) {
  const InVector items = in[0].ListChild();
  const ValueOrder order(ElementType(in[0]), items, items);
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) continue;
    const bool largest = in[1].Data<uint8_t>()[row] != 0;
    const Range range = in[0].List(row);
    bool found = false;
    uint64_t best = 0;
    for (uint64_t item = range.offset; item < range.offset + range.length; ++item) {
      if (items.IsNull(item)) continue;
      const int difference = found ? order.Compare(item, best) : 0;
      if (!found || (largest ? difference > 0 : difference < 0)) best = item;
      found = true;
    }
    if (!found) {
      result.SetNull(row);
    } else {
      result.Data<int64_t>()[row] = static_cast<int64_t>(best - range.offset) + 1;
    }
  }
}

/// Sorts by a table of comparisons: entry i of list j says how element j stands to element i.
void ComparedPositions(const ScalarInput& in, OutVector& result) {
  const InVector lines = in[0].ListChild();
  const InVector cells = lines.ListChild();
  FillLists<int64_t>(in, result, [&](size_t row, Positions* out) {
    const Range range = in[0].List(row);
    std::vector<uint64_t> order(range.length);
    for (uint64_t i = 0; i < range.length; ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](uint64_t a, uint64_t b) {
      const uint64_t cell = lines.List(range.offset + a).offset + b;
      if (cells.IsNull(cell)) {
        throw Error("COMPARATOR_RETURNS_NULL",
                    "The comparator has returned a NULL for a comparison. It should return a positive integer for "
                    "\"greater than\", 0 for \"equal\" and a negative integer for \"less than\".");
      }
      return cells.Data<int32_t>()[cell] < 0;
    });
    for (const uint64_t item : order) out->push_back(static_cast<int64_t>(item) + 1);
  });
}

/// The Mersenne twister, seeded with a 64-bit number as Apache Commons Math does it.
class MersenneTwister {
 public:
  explicit MersenneTwister(int64_t seed) {
    const uint32_t key[2] = {static_cast<uint32_t>(static_cast<uint64_t>(seed) >> 32), static_cast<uint32_t>(seed)};
    state_[0] = 19650218;
    for (uint32_t i = 1; i < kSize; ++i) state_[i] = 1812433253U * (state_[i - 1] ^ state_[i - 1] >> 30) + i;
    uint32_t i = 1;
    for (uint32_t k = 0; k < kSize; ++k) {
      state_[i] = (state_[i] ^ (state_[i - 1] ^ state_[i - 1] >> 30) * 1664525U) + key[k % 2] + k % 2;
      Advance(&i);
    }
    for (uint32_t k = 1; k < kSize; ++k) {
      state_[i] = (state_[i] ^ (state_[i - 1] ^ state_[i - 1] >> 30) * 1566083941U) - i;
      Advance(&i);
    }
    state_[0] = 0x80000000U;
  }
  /// A number from 0 up to `bound`, without it.
  int32_t Below(int32_t bound) {
    if ((bound & -bound) == bound) return static_cast<int32_t>(static_cast<int64_t>(bound) * Next() >> 31);
    while (true) {
      const int64_t bits = Next();
      const int64_t value = bits % bound;
      if (bits - value + (bound - 1) <= INT32_MAX) return static_cast<int32_t>(value);
    }
  }

 private:
  static constexpr uint32_t kSize = 624;
  void Advance(uint32_t* i) {
    if (++*i < kSize) return;
    state_[0] = state_[kSize - 1];
    *i = 1;
  }
  int64_t Next() {
    if (at_ == kSize) {
      for (uint32_t i = 0; i < kSize; ++i) {
        const uint32_t y = (state_[i] & 0x80000000U) | (state_[(i + 1) % kSize] & 0x7FFFFFFFU);
        state_[i] = state_[(i + 397) % kSize] ^ y >> 1 ^ ((y & 1) != 0 ? 0x9908B0DFU : 0);
      }
      at_ = 0;
    }
    uint32_t y = state_[at_++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9D2C5680U;
    y ^= y << 15 & 0xEFC60000U;
    y ^= y >> 18;
    return y >> 1;
  }
  uint32_t state_[kSize];
  uint32_t at_ = kSize;
};

/// A random order of 1 … size, by a seed, as Spark draws it: rows one after another share a generator.
void ShuffledPositions(const ScalarInput& in, OutVector& result) {
  std::optional<MersenneTwister> random;
  int64_t seed = 0;
  FillLists<int64_t>(in, result, [&](size_t row, Positions* out) {
    const auto size = static_cast<int32_t>(in[0].Data<int64_t>()[row]);
    const int64_t row_seed = in[1].Data<int64_t>()[row];
    if (!random || row_seed != seed) random.emplace(seed = row_seed);
    const size_t first = out->size();
    for (int32_t i = 0; i < size; ++i) {
      const size_t target = first + static_cast<size_t>(random->Below(i + 1));
      out->push_back(i + 1);
      std::swap((*out)[target], out->back());
    }
  });
}

/// True when a list can be the keys of a map; throws when a NULL or two equal ones are in it.
void CheckKeys(const ScalarInput& in, OutVector& result) {
  const InVector keys = in[0].ListChild();
  const DataType type = ElementType(in[0]);
  const ValueOrder order(type, keys, keys);
  for (size_t row = 0; row < in.rows(); ++row) {
    if (in.AnyNull(row)) continue;
    std::vector<uint64_t> rows = RowsOf(in[0].List(row));
    SortRows(order, &rows);
    if (!rows.empty() && keys.IsNull(rows.front())) throw Error("NULL_MAP_KEY", "Cannot use null as map key.");
    for (size_t i = 1; i < rows.size(); ++i) {
      if (order.Compare(rows[i - 1], rows[i]) != 0) continue;
      std::string key;
      AppendCellText(&key, type, keys, rows[i]);
      throw Error(
          "DUPLICATED_MAP_KEY",
          fmt::format("Duplicate map key {} was found, please check the input data. If you want to remove the "
                      "duplicated keys, you can set \"spark.sql.mapKeyDedupPolicy\" to \"LAST_WIN\" so that the "
                      "key inserted at last takes precedence.",
                      key),
          {{"key", key}, {"mapKeyDedupPolicy", "\"spark.sql.mapKeyDedupPolicy\""}});
    }
    result.Data<uint8_t>()[row] = 1;
  }
}

[[noreturn]] void RefuseZero() {
  throw Error("INVALID_INDEX_OF_ZERO",
              "The index 0 is invalid. An index shall be either < 0 or > 0 (the first element has index 1).");
}

/// The positions from `start` (from the end when negative), at most `length` of them.
void SlicePositions(const ScalarInput& in, OutVector& result) {
  FillLists<int64_t>(in, result, [&](size_t row, Positions* out) {
    const int64_t size = in[0].Data<int64_t>()[row];
    const int64_t start = in[1].Data<int64_t>()[row];
    const int64_t length = in[2].Data<int64_t>()[row];
    const auto refuse = [](const char* condition, const char* parameter, const std::string& why, Error::Params params) {
      params["parameter"] = fmt::format("`{}`", parameter);
      params["functionName"] = "`slice`";
      throw Error(fmt::format("INVALID_PARAMETER_VALUE.{}", condition),
                  fmt::format("The value of parameter(s) `{}` in `slice` is invalid: {}", parameter, why), params);
    };
    if (start == 0) {
      refuse("START", "start", "Expects a positive or a negative value for `start`, but got 0.", {});
    }
    if (length < 0) {
      refuse("LENGTH", "length", fmt::format("Expects `length` greater than or equal to 0, but got {}.", length),
             {{"length", std::to_string(length)}});
    }
    const int64_t first = start > 0 ? start : size + start + 1;
    if (first < 1) return;
    for (int64_t i = first; i <= size && i - first < length; ++i) out->push_back(i);
  });
}

/// How many steps from start to stop, both inclusive. Throws when the step leads away.
int64_t SequenceLength(int64_t start, int64_t stop, int64_t step) {
  const bool possible = (step > 0 && start <= stop) || (step < 0 && start >= stop) || (step == 0 && start == stop);
  if (!possible) {
    throw Error(spark::kJavaIllegalArgument,
                fmt::format("requirement failed: Illegal sequence boundaries: {} to {} by {}", start, stop, step));
  }
  if (start == stop) return 1;
  const __int128 length = (static_cast<__int128>(stop) - start) / step + 1;
  if (length > 2147483632) {
    throw Error("COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER",
                fmt::format("Can't create array with {} elements which exceeding the array size limit 2147483632, the "
                            "value returned by the function `sequence` is too big.",
                            static_cast<int64_t>(length)),
                {{"numberOfElements", std::to_string(static_cast<int64_t>(length))},
                 {"maxRoundedArrayLength", "2147483632"},
                 {"functionName", "`sequence`"},
                 {"parameter", "`count`"}});
  }
  return static_cast<int64_t>(length);
}

}  // namespace

void AddNativeArrays(ScalarFunctions* out) {
  constexpr TypeKind l = TypeKind::kLong;
  constexpr TypeKind b = TypeKind::kBoolean;
  const ParameterType any = ParameterType::Any();
  const DataType positions = DataType::Array(DataType(l));
  const auto add = [&](const char* name, std::vector<ParameterType> parameters, const DataType& result,
                       std::function<void(const ScalarInput&, OutVector&)> run) {
    out->push_back({.name = name, .parameters = std::move(parameters), .varargs = {}, .result = result, .run = run});
  };
  add("spark_distinct_positions", {any}, positions, DistinctPositions);
  add("spark_common_positions", {any, any}, positions,
      [](const ScalarInput& in, OutVector& result) { SharedPositions(in, result, true); });
  add("spark_except_positions", {any, any}, positions,
      [](const ScalarInput& in, OutVector& result) { SharedPositions(in, result, false); });
  add("spark_arrays_overlap", {any, any}, DataType(b), Overlap);
  add("spark_item_position", {any, any}, DataType(l), ItemPosition);
  add("spark_other_positions", {any, any}, positions, OtherPositions);
  add("spark_sorted_positions", {any, b, b}, positions, SortedPositions);
  add("spark_extreme_position", {any, b}, DataType(l), ExtremePosition);
  add("spark_compared_positions", {DataType::Array(DataType::Array(DataType(TypeKind::kInteger)))}, positions,
      ComparedPositions);
  add("spark_shuffled_positions", {l, l}, positions, ShuffledPositions);
  out->back().is_volatile = true;
  add("spark_slice_positions", {l, l, l}, positions, SlicePositions);
  add("spark_insert_position", {l}, DataType(l), PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
        const int64_t position = in[0].Data<int64_t>()[row];
        if (position == 0) RefuseZero();
        result.Data<int64_t>()[row] = position;
      }));
  add("spark_check_keys", {any}, DataType(b), CheckKeys);
  // Whether a map's keys and values, so many of each, go together.
  add("spark_check_lengths", {l, l}, DataType(b), PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
        if (in[0].Data<int64_t>()[row] != in[1].Data<int64_t>()[row]) {
          throw Error("_LEGACY_ERROR_TEMP_2128", "The key array and value array of MapData must have the same length.");
        }
        result.Data<uint8_t>()[row] = 1;
      }));
  // A step between dates, in microseconds, as days.
  add("spark_sequence_days", {l}, DataType(l), PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
        constexpr int64_t kDay = 86400000000;
        if (in[0].Data<int64_t>()[row] % kDay != 0) {
          throw Error("_LEGACY_ERROR_TEMP_3242",
                      "sequence step must be an interval day to second of day granularity if start and end values are "
                      "dates",
                      {{"intervalType", "interval day to second"}});
        }
        result.Data<int64_t>()[row] = in[0].Data<int64_t>()[row] / kDay;
      }));
  // months between, whether start and stop are equal, whether start is before stop, step in months.
  add("spark_sequence_months", {l, b, b, l}, DataType(l),
      PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
        const int64_t months = in[0].Data<int64_t>()[row];
        const bool same = in[1].Data<uint8_t>()[row] != 0;
        const bool before = in[2].Data<uint8_t>()[row] != 0;
        const int64_t step = in[3].Data<int64_t>()[row];
        const int64_t direction = same ? 0 : before ? 1 : -1;
        SequenceLength(0, direction, step == 0 ? 0 : step > 0 ? 1 : -1);
        result.Data<int64_t>()[row] = step == 0 ? 1 : months / step + 1;
      }));
  add("spark_sequence_length", {l, l, l}, DataType(l), PerRow([](const ScalarInput& in, size_t row, OutVector& result) {
        result.Data<int64_t>()[row] =
            SequenceLength(in[0].Data<int64_t>()[row], in[1].Data<int64_t>()[row], in[2].Data<int64_t>()[row]);
      }));
}

}  // namespace tinderbox::engine
