#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/functions/aggregate_parts.h"
#include "engine/functions/sketches.h"
#include "engine/translate/casts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/order_key.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

const DataType kDoubleType(TypeKind::kDouble);

bool IsStar(const proto::Expression& argument) {
  return argument.has_unresolved_star() ||
         (argument.has_expression_string() && argument.expression_string().expression() == "*");
}

Typed Count(const FunctionCall& call) {
  call.Expect(1, SIZE_MAX);
  if (IsStar(call.ArgumentProto(0))) {
    if (call.size() > 1) RefuseFeature("count with a star and further arguments");
    if (!call.distinct()) return {Template("count(*)$1", {call.suffix()}), kLongType, false};
    std::vector<Sql> all;
    for (const OutputColumn& column : *call.scope().columns) all.push_back(Ident(column.id));
    const Sql row = Call("row", all);
    std::vector<Sql> present;
    for (const Sql& column : all) present.push_back(Template("$1 IS NOT NULL", {column}));
    return {Template("count(DISTINCT CASE WHEN $1 THEN $2 END)$3", {Join(present, " AND "), row, call.suffix()}),
            kLongType, false};
  }
  const std::vector<Typed> arguments = call.Arguments();
  if (arguments.size() == 1) {
    const Typed& value = arguments[0];
    if (!value.nullable && !call.distinct()) return {Template("count(*)$1", {call.suffix()}), kLongType, false};
    return {Template("count($1$2)$3", {Distinct(call), value.sql, call.suffix()}), kLongType, false};
  }
  // Rows with a NULL in any argument do not count.
  std::vector<Sql> present;
  std::vector<Sql> values;
  for (const Typed& value : arguments) {
    present.push_back(Template("$1 IS NOT NULL", {value.sql}));
    values.push_back(value.sql);
  }
  return {Template("count($1CASE WHEN $2 THEN $3 END)$4",
                   {Distinct(call), Join(present, " AND "), Call("row", values), call.suffix()}),
          kLongType, false};
}

/// A sum of decimals as a decimal of `type`. DuckDB's own may have more than 38 digits.
Sql DecimalSum(const FunctionCall& call, const Typed& value, const DataType& type, bool tolerant) {
  const std::vector<Sql> parts{Distinct(call), value.sql, call.suffix()};
  if (value.type.precision() <= 28) return CastTo(Template("sum($1$2)$3", parts), type);
  if (tolerant) return FromUnscaled(Template("spark_try_decimal_sum($1$2)$3", parts), type, true);
  return FromUnscaled(Template("spark_sum_digits(sum($1$2)$3)", parts), type, false);
}

Typed SumOf(const FunctionCall& call, bool tolerant) {
  call.Expect(1, 1);
  const Typed raw = call.Argument(0);
  const bool interval = IsInterval(raw.type);
  const Typed value = interval ? raw : CoerceTo('n', raw, call.scope(), call.name(), 1);
  const Sql sum = Template("sum($1$2)$3", {Distinct(call), value.sql, call.suffix()});
  DataType type = kDoubleType;
  if (interval) type = value.type;
  if (value.type.IsIntegral()) type = kLongType;
  if (value.type.kind() == TypeKind::kDecimal) {
    type = DataType::Decimal(std::min(38, value.type.precision() + 10), value.type.scale());
  }
  if (value.type.kind() == TypeKind::kDecimal) return {DecimalSum(call, value, type, tolerant), type, true};
  if (type == kDoubleType) {
    const Sql wide = Coerce(value, kDoubleType, call.scope()).sql;
    return {Template("sum($1$2)$3", {Distinct(call), wide, call.suffix()}), type, true};
  }
  if (!tolerant && !call.scope().ansi && type == kLongType) {
    // Outside ANSI mode the sum wraps around as 64 bits do.
    return {Bind({sum},
                 "CAST((($1 + 9223372036854775808) % 18446744073709551616 + 18446744073709551616) % "
                 "18446744073709551616 - 9223372036854775808 AS BIGINT)"),
            type, true};
  }
  return {tolerant ? Template("TRY_CAST($1 AS $2)", {sum, TypeName(type)}) : CastTo(sum, type), type, true};
}

Typed Sum(const FunctionCall& call) {
  // Outside ANSI mode a sum of decimals that overflows is NULL.
  return SumOf(call, !call.scope().ansi && call.Argument(0).type.kind() == TypeKind::kDecimal);
}
Typed TrySum(const FunctionCall& call) {
  return SumOf(call, true);
}

Typed AverageOf(const FunctionCall& call, bool tolerant) {
  call.Expect(1, 1);
  const Typed raw = call.Argument(0);
  if (IsInterval(raw.type)) {
    const DataType type(raw.type.kind());
    const Sql mean = Template(
        "spark_decimal_divide(CAST(sum($1$2)$3 AS DECIMAL(38,0)), CAST(NULLIF(count($1$2)$3, 0) AS DECIMAL(19,0)), 0)",
        {Distinct(call), raw.sql, call.suffix()});
    return {tolerant ? Template("TRY_CAST($1 AS $2)", {mean, TypeName(type)}) : CastTo(mean, type), type, true};
  }
  const Typed value = CoerceTo('n', raw, call.scope(), call.name(), 1);
  if (value.type.kind() != TypeKind::kDecimal) {
    return {Template("avg($1$2)$3", {Distinct(call),
                                     value.type.IsIntegral() ? value.sql : Coerce(value, kDoubleType, call.scope()).sql,
                                     call.suffix()}),
            kDoubleType, true};
  }
  const DataType type =
      DataType::Decimal(std::min(38, value.type.precision() + 4), std::min(38, value.type.scale() + 4));
  const DataType total = DataType::Decimal(std::min(38, value.type.precision() + 10), value.type.scale());
  const Sql digits =
      Template(tolerant ? "spark_try_decimal_divide($1, CAST(NULLIF(count($2$3)$4, 0) AS DECIMAL(19,0)), $5)"
                        : "spark_decimal_divide($1, CAST(NULLIF(count($2$3)$4, 0) AS DECIMAL(19,0)), $5)",
               {DecimalSum(call, value, total, tolerant), Distinct(call), value.sql, call.suffix(),
                IntegerLiteral(type.scale())});
  return {FromUnscaled(digits, type, tolerant), type, true};
}

Typed Average(const FunctionCall& call) {
  return AverageOf(call, !call.scope().ansi);
}
Typed TryAverage(const FunctionCall& call) {
  return AverageOf(call, true);
}

/// min, max: any type with an order.
Typed Extreme(const FunctionCall& call, const char* plain, const char* by_key) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  RequireOrdered(call, value.type);
  if (!HasOrderKey(value.type)) return {Template(plain, {value.sql, call.suffix()}), value.type, true};
  return {Template(by_key, {value.sql, OrderKey(value), call.suffix()}), value.type, true};
}

Typed Minimum(const FunctionCall& call) {
  return Extreme(call, "min($1)$2", "arg_min($1, $2)$3");
}
Typed Maximum(const FunctionCall& call) {
  return Extreme(call, "max($1)$2", "arg_max($1, $2)$3");
}

Typed First(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed value = call.Argument(0);
  const bool ignore = call.IgnoresNulls(1);
  if (call.windowed()) {
    return {Template(ignore ? "first_value($1 IGNORE NULLS)$2" : "first_value($1)$2", {value.sql, call.suffix()}),
            value.type, true};
  }
  return {Template(ignore ? "any_value($1)$2" : "first($1)$2", {value.sql, call.suffix()}), value.type, true};
}

Typed Last(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed value = call.Argument(0);
  const bool ignore = call.IgnoresNulls(1);
  if (call.windowed()) {
    return {Template(ignore ? "last_value($1 IGNORE NULLS)$2" : "last_value($1)$2", {value.sql, call.suffix()}),
            value.type, true};
  }
  const Sql condition = ignore ? Template("$1 IS NOT NULL", {value.sql}) : Sql();
  return {Template("last($1)$2", {value.sql, call.suffix(condition)}), value.type, true};
}

Typed Collect(const FunctionCall& call, bool set) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  const DataType type = DataType::Array(value.type, false);
  const Sql distinct = set || call.distinct() ? Token("DISTINCT ") : Sql();
  if (set && !HasOrder(value.type)) {
    throw Error(
        "DATATYPE_MISMATCH.UNSUPPORTED_INPUT_TYPE",
        fmt::format("Cannot resolve \"{}\" due to data type mismatch: The input of `collect_set` can't be \"MAP\" "
                    "or \"COLLATED STRING\" type data.",
                    call.SqlName()),
        {{"functionName", "`collect_set`"},
         {"dataType", "\"MAP\" or \"COLLATED STRING\""},
         {"sqlExpr", "\"" + call.SqlName() + "\""}});
  }
  const bool floating = value.type.kind() == TypeKind::kDouble || value.type.kind() == TypeKind::kFloat;
  // A set knows no -0.0.
  const Sql item = set && floating ? Template("CASE WHEN $1 = 0 THEN 0 ELSE $1 END", {value.sql}) : value.sql;
  return {Template("COALESCE(list($1$2)$3, CAST([] AS $4))",
                   {distinct, item, call.suffix(Template("$1 IS NOT NULL", {value.sql})), TypeName(type)}),
          type, false};
}

Typed CollectList(const FunctionCall& call) {
  return Collect(call, false);
}
Typed CollectSet(const FunctionCall& call) {
  return Collect(call, true);
}

/// max_by and min_by. DuckDB's own ignore rows whose value is NULL, Spark only those whose order is.
Typed Extremal(const FunctionCall& call, const char* one, const char* several) {
  call.Expect(2, 3);
  const Typed value = call.Argument(0);
  const Typed order = call.Argument(1);
  RequireOrdered(call, order.type);
  const Sql boxed = Call("struct_pack", {Template("v := $1", {value.sql})});
  if (call.size() == 2) return {Template(one, {boxed, OrderKey(order), call.suffix()}), value.type, true};
  const int64_t size = call.LiteralInteger(2);
  ExpectRange(call, "`k`", size >= 1 && size <= 100000, std::to_string(size), "[1, 100000]");
  return {Template("list_transform($1, lambda entry: struct_extract(entry, 'v'))",
                   {Template(several, {boxed, OrderKey(order), IntegerLiteral(size), call.suffix()})}),
          DataType::Array(value.type), true};
}

Typed MaxBy(const FunctionCall& call) {
  return Extremal(call, "struct_extract(arg_max($1, $2)$3, 'v')", "arg_max($1, $2, $3)$4");
}
Typed MinBy(const FunctionCall& call) {
  return Extremal(call, "struct_extract(arg_min($1, $2)$3, 'v')", "arg_min($1, $2, $3)$4");
}

Typed BitAggregate(const FunctionCall& call, const char* sql) {
  call.Expect(1, 1);
  const Typed value = CoerceTo('I', call.Argument(0), call.scope(), call.name(), 1);
  return {Template(sql, {value.sql, call.suffix()}), value.type, true};
}

Typed BitAndAll(const FunctionCall& call) {
  return BitAggregate(call, "bit_and($1)$2");
}
Typed BitOrAll(const FunctionCall& call) {
  return BitAggregate(call, "bit_or($1)$2");
}
Typed BitXorAll(const FunctionCall& call) {
  return BitAggregate(call, "bit_xor($1)$2");
}

/// An estimate of how many distinct values there are, by Spark's own hashes and registers.
Typed ApproxCountDistinct(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed value = call.Argument(0);
  const double error = call.size() == 2 ? call.LiteralNumber(1) : 0.05;
  const double digits = std::ceil(2.0 * std::log(1.106 / error) / std::log(2.0));
  ExpectRange(call, "relativeSD", digits >= 4, fmt::format("{}", error), "(0, 0.39]");
  if (digits > 18) RefuseFeature("approx_count_distinct with a relative error below 0.003");
  static constexpr const char* kEstimates[] = {
      "spark_distinct_estimate_4",  "spark_distinct_estimate_5",  "spark_distinct_estimate_6",
      "spark_distinct_estimate_7",  "spark_distinct_estimate_8",  "spark_distinct_estimate_9",
      "spark_distinct_estimate_10", "spark_distinct_estimate_11", "spark_distinct_estimate_12",
      "spark_distinct_estimate_13", "spark_distinct_estimate_14", "spark_distinct_estimate_15",
      "spark_distinct_estimate_16", "spark_distinct_estimate_17", "spark_distinct_estimate_18"};
  const Sql sql = value.type.kind() == TypeKind::kNull ? Token("CAST(NULL AS INTEGER)") : value.sql;
  return {Template("$1(CASE WHEN $2 IS NOT NULL THEN spark_xxhash64($2) END)$3",
                   {Token(kEstimates[static_cast<size_t>(digits) - 4]), sql, call.suffix()}),
          kLongType, false};
}

Typed Correlation(const FunctionCall& call) {
  call.Expect(2, 2);
  const Sql left = CoerceTo('d', call.Argument(0), call.scope(), call.name(), 1).sql;
  const Sql right = CoerceTo('d', call.Argument(1), call.scope(), call.name(), 2).sql;
  return {Template("$1($2$3, $4)$5", {Token(call.scope().ansi ? "spark_corr" : "spark_corr_or_null"), Distinct(call),
                                      left, right, call.suffix()}),
          kDoubleType, true};
}

constexpr Function kFunctions[] = {
    {"count_if", "b", "bigint", Nulls::kNever, "count($8CASE WHEN $1 THEN 1 END)$9"},
    {"stddev", "d", "double", Nulls::kAlways, "spark_stddev_samp($8$1)$9"},
    {"std", "d", "double", Nulls::kAlways, "spark_stddev_samp($8$1)$9"},
    {"stddev_samp", "d", "double", Nulls::kAlways, "spark_stddev_samp($8$1)$9"},
    {"stddev_pop", "d", "double", Nulls::kAlways, "spark_stddev_pop($8$1)$9"},
    {"variance", "d", "double", Nulls::kAlways, "spark_var_samp($8$1)$9"},
    {"var_samp", "d", "double", Nulls::kAlways, "spark_var_samp($8$1)$9"},
    {"var_pop", "d", "double", Nulls::kAlways, "spark_var_pop($8$1)$9"},
    {"skewness", "d", "double", Nulls::kAlways, "spark_skewness($8$1)$9"},
    {"kurtosis", "d", "double", Nulls::kAlways, "spark_kurtosis($8$1)$9"},
    {"product", "d", "double", Nulls::kAlways, "spark_product($8$1)$9"},
    {"covar_pop", "dd", "double", Nulls::kAlways, "spark_covar_pop($8$1, $2)$9"},
    {"covar_samp", "dd", "double", Nulls::kAlways, "spark_covar_samp($8$1, $2)$9"},
    {"regr_avgx", "dd", "double", Nulls::kAlways, "avg($8CASE WHEN $1 IS NOT NULL THEN $2 END)$9"},
    {"regr_avgy", "dd", "double", Nulls::kAlways, "avg($8CASE WHEN $2 IS NOT NULL THEN $1 END)$9"},
    {"regr_count", "dd", "bigint", Nulls::kNever, "count($8CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN 1 END)$9"},
    {"regr_slope", "dd", "double", Nulls::kAlways, "spark_regr_slope($8$1, $2)$9"},
    {"regr_intercept", "dd", "double", Nulls::kAlways, "spark_regr_intercept($8$1, $2)$9"},
    {"regr_r2", "dd", "double", Nulls::kAlways, "spark_regr_r2($8$1, $2)$9"},
    {"regr_sxx", "dd", "double", Nulls::kAlways, "spark_regr_sxx($8$1, $2)$9"},
    {"regr_sxy", "dd", "double", Nulls::kAlways, "spark_regr_sxy($8$1, $2)$9"},
    {"regr_syy", "dd", "double", Nulls::kAlways, "spark_regr_syy($8$1, $2)$9"},
    {"bool_and", "b", "boolean", Nulls::kAlways, "bool_and($8$1)$9"},
    {"every", "b", "boolean", Nulls::kAlways, "bool_and($8$1)$9"},
    {"bool_or", "b", "boolean", Nulls::kAlways, "bool_or($8$1)$9"},
    {"some", "b", "boolean", Nulls::kAlways, "bool_or($8$1)$9"},
    {"any", "b", "boolean", Nulls::kAlways, "bool_or($8$1)$9"},
};

constexpr SpecialFunction kSpecials[] = {
    {"count", Count},
    {"sum", Sum},
    {"try_sum", TrySum},
    {"avg", Average},
    {"mean", Average},
    {"min", Minimum},
    {"max", Maximum},
    {"first", First},
    {"first_value", First},
    {"any_value", First},
    {"last", Last},
    {"last_value", Last},
    {"collect_list", CollectList},
    {"array_agg", CollectList},
    {"collect_set", CollectSet},
    {"max_by", MaxBy},
    {"min_by", MinBy},
    {"approx_count_distinct", ApproxCountDistinct},
    {"corr", Correlation},
    {"try_avg", TryAverage},
    {"bit_and", BitAndAll},
    {"bit_or", BitOrAll},
    {"bit_xor", BitXorAll},
};

}  // namespace

Sql Distinct(const FunctionCall& call) {
  return call.distinct() ? Token("DISTINCT ") : Sql();
}

void ExpectRange(const FunctionCall& call, const char* what, bool holds, const std::string& given, const char* range) {
  if (holds) return;
  const std::string shown = fmt::format("\"{}\"", call.SqlName());
  throw Error(
      "DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
      fmt::format("Cannot resolve {} due to data type mismatch: The {} must be between {} (current value = {}).", shown,
                  what, range, given),
      {{"sqlExpr", shown}, {"exprName", what}, {"valueRange", range}, {"currentValue", given}});
}

FunctionGroup AggregateFunctions() {
  static const std::vector<SpecialFunction> all = [] {
    std::vector<SpecialFunction> out(std::begin(kSpecials), std::end(kSpecials));
    for (const auto& functions : {SampleAggregates(), SketchAggregates()}) {
      out.insert(out.end(), functions.begin(), functions.end());
    }
    return out;
  }();
  return {FunctionKind::kAggregate, kFunctions, all};
}

}  // namespace tinderbox::engine
