// Aggregates whose digits depend on how they add up: each follows Spark's own recurrences, value by value.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>
#include <utility>

#include "engine/functions/distinct_estimate.h"
#include "engine/functions/native.h"
#include "engine/functions/value_text.h"
#include "engine/functions/wide.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using std::optional;
constexpr auto kNull = std::nullopt;

void Set(OutVector& result, size_t row, const optional<double>& value) {
  if (!value) {
    result.SetNull(row);
  } else {
    result.Data<double>()[row] = *value;
  }
}

/// Central moments up to the fourth.
struct Moments {
  double n = 0;
  double mean = 0;
  double m2 = 0;
  double m3 = 0;
  double m4 = 0;

  void Add(double x) {
    n += 1;
    const double delta = x - mean;
    const double delta_n = delta / n;
    mean += delta_n;
    m2 += delta * (delta - delta_n);
    const double delta2 = delta * delta;
    const double delta_n2 = delta_n * delta_n;
    m3 = m3 - 3.0 * delta_n * m2 + delta * (delta2 - delta_n2);
    m4 = m4 - 4.0 * delta_n * m3 - 6.0 * delta_n2 * m2 + delta * (delta * delta2 - delta_n * delta_n2);
  }

  void Merge(const Moments& other) {
    if (other.n == 0) return;
    if (n == 0) {
      *this = other;
      return;
    }
    const double n1 = n;
    const double n2 = other.n;
    n = n1 + n2;
    const double delta = other.mean - mean;
    const double delta_n = delta / n;
    const double old_m2 = m2;
    const double old_m3 = m3;
    mean += delta_n * n2;
    m2 = old_m2 + other.m2 + delta * delta_n * n1 * n2;
    m3 = old_m3 + other.m3 + delta_n * delta_n * delta * n1 * n2 * (n1 - n2) +
         3.0 * delta_n * (n1 * other.m2 - n2 * old_m2);
    m4 = m4 + other.m4 + delta_n * delta_n * delta_n * delta * n1 * n2 * (n1 * n1 - n1 * n2 + n2 * n2) +
         6.0 * delta_n * delta_n * (n1 * n1 * other.m2 + n2 * n2 * old_m2) +
         4.0 * delta_n * (n1 * other.m3 - n2 * old_m3);
  }
};

using OfMoments = optional<double> (*)(const Moments&);

/// How a value joins the moments of those before it. The digits differ, and Spark has both: it merges what its tasks
/// have, each a few rows where there are few.
enum class Joining { kAdded, kMerged };

AggregateFunction MomentAggregate(const char* name, OfMoments value, Joining joining) {
  return MakeAggregate<Moments>(
      name, {TypeKind::kDouble}, DataType(TypeKind::kDouble),
      [joining](Moments& state, const ScalarInput& in, size_t row) {
        if (joining == Joining::kAdded) return state.Add(in[0].Data<double>()[row]);
        Moments one;
        one.Add(in[0].Data<double>()[row]);
        state.Merge(one);
      },
      [](const Moments& from, Moments& into) { into.Merge(from); },
      [value](const Moments& state, OutVector& result, size_t row) { Set(result, row, value(state)); });
}

/// Two variables over the rows that have both: x is the second argument of the function, y the first.
struct Pairs {
  Moments x;
  Moments y;
  double c = 0;   ///< co-moment
  double xm = 0;  ///< second moments by the co-moment's recurrence
  double ym = 0;

  void Add(double a, double b) {
    const double dx = b - x.mean;
    const double dy = a - y.mean;
    x.Add(b);
    y.Add(a);
    c += dx * (a - y.mean);
    xm += dx * (b - x.mean);
    ym += dy * (a - y.mean);
  }

  void Merge(const Pairs& other) {
    if (other.x.n == 0) return;
    if (x.n == 0) {
      *this = other;
      return;
    }
    const double n1 = x.n;
    const double n2 = other.x.n;
    const double dx = other.x.mean - x.mean;
    const double dy = other.y.mean - y.mean;
    const double dx_n = dx / (n1 + n2);
    const double dy_n = dy / (n1 + n2);
    c += other.c + dx * dy_n * n1 * n2;
    xm += other.xm + dx * dx_n * n1 * n2;
    ym += other.ym + dy * dy_n * n1 * n2;
    x.Merge(other.x);
    y.Merge(other.y);
  }
};

using OfPairs = optional<double> (*)(const Pairs&);

AggregateFunction PairAggregate(const char* name, OfPairs value) {
  return MakeAggregate<Pairs>(
      name, {TypeKind::kDouble, TypeKind::kDouble}, DataType(TypeKind::kDouble),
      [](Pairs& state, const ScalarInput& in, size_t row) {
        state.Add(in[0].Data<double>()[row], in[1].Data<double>()[row]);
      },
      [](const Pairs& from, Pairs& into) { into.Merge(from); },
      [value](const Pairs& state, OutVector& result, size_t row) { Set(result, row, value(state)); });
}

struct Product {
  bool any = false;
  double value = 1;
};

/// The unscaled digits of a sum of decimals.
struct DecimalSum {
  bool any = false;
  bool overflows = false;
  std::array<uint64_t, 2> digits{};  ///< of a 128-bit number, for which the state is not aligned

  void Add(__int128 value) {
    any = true;
    __int128 sum = std::bit_cast<__int128>(digits);
    overflows |= __builtin_add_overflow(sum, value, &sum);
    digits = std::bit_cast<std::array<uint64_t, 2>>(sum);
  }
};

/// The sum of decimals of any type as its unscaled digits; NULL when they are more than 38.
AggregateFunction TolerantDecimalSum() {
  return MakeAggregate<DecimalSum>(
      "spark_try_decimal_sum", {ParameterType::Any()}, DataType::Decimal(38, 0),
      [](DecimalSum& state, const ScalarInput& in, size_t row) { state.Add(DecimalDigits(in[0].Type(), in[0], row)); },
      [](const DecimalSum& from, DecimalSum& into) {
        if (from.any) into.Add(std::bit_cast<__int128>(from.digits));
        into.overflows |= from.overflows;
      },
      [](const DecimalSum& state, OutVector& result, size_t row) {
        const auto sum = std::bit_cast<__int128>(state.digits);
        const auto limit = static_cast<__int128>(PowerOfTen(38));
        if (!state.any || state.overflows || sum >= limit || sum <= -limit) {
          result.SetNull(row);
        } else {
          result.Data<__int128>()[row] = sum;
        }
      });
}

/// Registers of HyperLogLog++ with 2^Precision of them.
template <int Precision>
struct Registers {
  std::array<uint8_t, size_t{1} << Precision> largest{};
};

template <int Precision>
AggregateFunction DistinctEstimate() {
  using State = Registers<Precision>;
  return MakeAggregate<State>(
      fmt::format("spark_distinct_estimate_{}", Precision), {TypeKind::kLong}, DataType(TypeKind::kLong),
      [](State& state, const ScalarInput& in, size_t row) {
        const auto hash = static_cast<uint64_t>(in[0].Data<int64_t>()[row]);
        const uint64_t rest = hash << Precision | uint64_t{1} << (Precision - 1);
        const auto run = static_cast<uint8_t>(std::countl_zero(rest) + 1);
        uint8_t& largest = state.largest[hash >> (64 - Precision)];
        if (run > largest) largest = run;
      },
      [](const State& from, State& into) {
        for (size_t i = 0; i < from.largest.size(); ++i) into.largest[i] = std::max(into.largest[i], from.largest[i]);
      },
      [](const State& state, OutVector& result, size_t row) {
        result.Data<int64_t>()[row] = EstimateDistinct(state.largest);
      });
}

template <int... Precision>
void AddDistinctEstimates(std::vector<AggregateFunction>* out, std::integer_sequence<int, Precision...>) {
  (out->push_back(DistinctEstimate<Precision + 4>()), ...);
}

}  // namespace

std::vector<AggregateFunction> NativeAggregates() {
  std::vector<AggregateFunction> out;
  const auto moments = [&](const char* name, OfMoments value, Joining joining = Joining::kAdded) {
    out.push_back(MomentAggregate(name, value, joining));
  };
  const auto pairs = [&](const char* name, OfPairs value) { out.push_back(PairAggregate(name, value)); };
  moments("spark_var_pop", [](const Moments& m) -> optional<double> {
    if (m.n == 0) return kNull;
    return m.m2 / m.n;
  });
  moments("spark_var_samp", [](const Moments& m) -> optional<double> {
    if (m.n <= 1) return kNull;
    return m.m2 / (m.n - 1);
  });
  moments("spark_stddev_pop", [](const Moments& m) -> optional<double> {
    if (m.n == 0) return kNull;
    return std::sqrt(m.m2 / m.n);
  });
  moments("spark_stddev_samp", [](const Moments& m) -> optional<double> {
    if (m.n <= 1) return kNull;
    return std::sqrt(m.m2 / (m.n - 1));
  });
  // For describe() and summary(): a local Spark spreads few rows over as many partitions and merges them.
  out.push_back(MakeAggregate<Moments>(
      "spark_stddev_of_rows", {TypeKind::kDouble}, DataType(TypeKind::kDouble),
      [](Moments& state, const ScalarInput& in, size_t row) {
        Moments one;
        one.Add(in[0].Data<double>()[row]);
        state.Merge(one);
      },
      [](const Moments& from, Moments& into) { into.Merge(from); },
      [](const Moments& state, OutVector& result, size_t row) {
        Set(result, row, state.n <= 1 ? optional<double>() : optional<double>(std::sqrt(state.m2 / (state.n - 1))));
      }));
  moments(
      "spark_skewness",
      [](const Moments& m) -> optional<double> {
        if (m.n == 0 || m.m2 == 0) return kNull;
        return std::sqrt(m.n) * m.m3 / std::sqrt(m.m2 * m.m2 * m.m2);
      },
      Joining::kMerged);
  moments(
      "spark_kurtosis",
      [](const Moments& m) -> optional<double> {
        if (m.n == 0 || m.m2 == 0) return kNull;
        return m.n * m.m4 / (m.m2 * m.m2) - 3.0;
      },
      Joining::kMerged);
  pairs("spark_covar_pop", [](const Pairs& p) -> optional<double> {
    if (p.x.n == 0) return kNull;
    return p.c / p.x.n;
  });
  pairs("spark_covar_samp", [](const Pairs& p) -> optional<double> {
    if (p.x.n <= 1) return kNull;
    return p.c / (p.x.n - 1);
  });
  pairs("spark_corr", [](const Pairs& p) -> optional<double> {
    if (p.x.n <= 1) return kNull;
    const double scale = std::sqrt(p.xm * p.ym);
    if (scale == 0) {
      throw Error(
          "DIVIDE_BY_ZERO",
          "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead. If necessary "
          "set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.",
          {{"config", "\"spark.sql.ansi.enabled\""}});
    }
    return p.c / scale;
  });
  pairs("spark_corr_or_null", [](const Pairs& p) -> optional<double> {
    const double scale = std::sqrt(p.xm * p.ym);
    if (p.x.n <= 1 || scale == 0) return kNull;
    return p.c / scale;
  });
  pairs("spark_regr_slope", [](const Pairs& p) -> optional<double> {
    if (p.x.m2 == 0) return kNull;
    return p.c / p.x.m2;
  });
  pairs("spark_regr_intercept", [](const Pairs& p) -> optional<double> {
    if (p.x.m2 == 0) return kNull;
    return p.y.mean - p.c / p.x.m2 * p.x.mean;
  });
  pairs("spark_regr_r2", [](const Pairs& p) -> optional<double> {
    if (p.xm == 0) return kNull;
    if (p.ym == 0) return 1.0;
    return p.c * p.c / p.xm / p.ym;
  });
  pairs("spark_regr_sxx", [](const Pairs& p) -> optional<double> {
    if (p.x.n == 0) return kNull;
    return p.x.m2;
  });
  pairs("spark_regr_syy", [](const Pairs& p) -> optional<double> {
    if (p.x.n == 0) return kNull;
    return p.y.m2;
  });
  pairs("spark_regr_sxy", [](const Pairs& p) -> optional<double> {
    if (p.x.n == 0) return kNull;
    return p.c;
  });
  out.push_back(MakeAggregate<Product>(
      "spark_product", {TypeKind::kDouble}, DataType(TypeKind::kDouble),
      [](Product& state, const ScalarInput& in, size_t row) {
        state.any = true;
        state.value *= in[0].Data<double>()[row];
      },
      [](const Product& from, Product& into) {
        into.any |= from.any;
        into.value *= from.value;
      },
      [](const Product& state, OutVector& result, size_t row) {
        Set(result, row, state.any ? optional(state.value) : kNull);
      }));
  out.push_back(TolerantDecimalSum());
  AddDistinctEstimates(&out, std::make_integer_sequence<int, 15>());
  return out;
}

}  // namespace tinderbox::engine
