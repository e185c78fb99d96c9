#include "engine/functions/function.h"
#include "engine/translate/casts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

const DataType kLongType(TypeKind::kLong);
const DataType kDoubleType(TypeKind::kDouble);

Sql Distinct(const FunctionCall& call) {
  return call.distinct() ? Token("DISTINCT ") : Sql();
}

Typed Count(const FunctionCall& call) {
  call.Expect(1, SIZE_MAX);
  if (call.ArgumentProto(0).has_unresolved_star()) {
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

Typed SumOf(const FunctionCall& call, bool tolerant) {
  call.Expect(1, 1);
  const Typed raw = call.Argument(0);
  const bool interval = IsInterval(raw.type);
  const Typed value = interval ? raw : CoerceTo('n', raw, call.scope(), call.name(), 1);
  const Sql sum = Template("sum($1$2)$3", {Distinct(call), value.sql, call.suffix()});
  DataType type = kDoubleType;
  if (interval) type = value.type;
  if (value.type.IsIntegral()) type = kLongType;
  if (value.type.kind() == TypeKind::kDecimal) type = BoundedDecimal(value.type.precision() + 10, value.type.scale());
  if (type == kDoubleType) {
    const Sql wide = Coerce(value, kDoubleType, call.scope()).sql;
    return {Template("sum($1$2)$3", {Distinct(call), wide, call.suffix()}), type, true};
  }
  return {tolerant ? Template("TRY_CAST($1 AS $2)", {sum, TypeName(type)}) : CastTo(sum, type), type, true};
}

Typed Sum(const FunctionCall& call) {
  return SumOf(call, false);
}
Typed TrySum(const FunctionCall& call) {
  return SumOf(call, true);
}

Typed AverageOf(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed value = CoerceTo('n', call.Argument(0), call.scope(), call.name(), 1);
  if (value.type.kind() != TypeKind::kDecimal) {
    return {Template("avg($1$2)$3", {Distinct(call),
                                     value.type.IsIntegral() ? value.sql : Coerce(value, kDoubleType, call.scope()).sql,
                                     call.suffix()}),
            kDoubleType, true};
  }
  const DataType type = BoundedDecimal(value.type.precision() + 4, value.type.scale() + 4);
  const Sql digits = Template("spark_decimal_divide(sum($1$2)$3, CAST(NULLIF(count($1$2)$3, 0) AS DECIMAL(19,0)), $4)",
                              {Distinct(call), value.sql, call.suffix(), IntegerLiteral(type.scale())});
  return {FromUnscaled(digits, type, false), type, true};
}

/// min, max: any type with an order.
Typed Extreme(const FunctionCall& call, const char* sql) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  if (value.type.kind() == TypeKind::kMap) {
    throw Error("DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
                "Maps have no order: `" + call.name() + "` cannot take them.",
                {{"functionName", call.name()}, {"dataType", value.type.Sql()}});
  }
  return {Template(sql, {value.sql, call.suffix()}), value.type, true};
}

Typed Minimum(const FunctionCall& call) {
  return Extreme(call, "min($1)$2");
}
Typed Maximum(const FunctionCall& call) {
  return Extreme(call, "max($1)$2");
}

bool IgnoresNulls(const FunctionCall& call, size_t position) {
  return call.size() > position && call.LiteralBoolean(position);
}

Typed First(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed value = call.Argument(0);
  const bool ignore = IgnoresNulls(call, 1);
  if (call.windowed()) {
    return {Template(ignore ? "first_value($1 IGNORE NULLS)$2" : "first_value($1)$2", {value.sql, call.suffix()}),
            value.type, true};
  }
  return {Template(ignore ? "any_value($1)" : "first($1)", {value.sql}), value.type, true};
}

Typed Last(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed value = call.Argument(0);
  const bool ignore = IgnoresNulls(call, 1);
  if (call.windowed()) {
    return {Template(ignore ? "last_value($1 IGNORE NULLS)$2" : "last_value($1)$2", {value.sql, call.suffix()}),
            value.type, true};
  }
  return {Template(ignore ? "last($1) FILTER (WHERE $1 IS NOT NULL)" : "last($1)", {value.sql}), value.type, true};
}

Typed Collect(const FunctionCall& call, bool set) {
  call.Expect(1, 1);
  const Typed value = call.Argument(0);
  const DataType type = DataType::Array(value.type, false);
  const Sql distinct = set || call.distinct() ? Token("DISTINCT ") : Sql();
  if (set && value.type.kind() == TypeKind::kMap) RefuseFeature("collect_set over maps");
  return {Template("COALESCE(list($1$2) FILTER (WHERE $2 IS NOT NULL)$3, CAST([] AS $4))",
                   {distinct, value.sql, call.suffix(), TypeName(type)}),
          type, false};
}

Typed CollectList(const FunctionCall& call) {
  return Collect(call, false);
}
Typed CollectSet(const FunctionCall& call) {
  return Collect(call, true);
}

Typed Extremal(const FunctionCall& call, const char* sql) {
  call.Expect(2, 2);
  const Typed value = call.Argument(0);
  const Typed order = call.Argument(1);
  // DuckDB's own ignores rows whose value is NULL; Spark only those whose order is.
  const Sql boxed = Call("struct_pack", {Template("v := $1", {value.sql})});
  return {Template(sql, {boxed, order.sql, call.suffix()}), value.type, true};
}

Typed MaxBy(const FunctionCall& call) {
  return Extremal(call, "struct_extract(arg_max($1, $2)$3, 'v')");
}
Typed MinBy(const FunctionCall& call) {
  return Extremal(call, "struct_extract(arg_min($1, $2)$3, 'v')");
}

Typed Percentile(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed value = CoerceTo('d', call.Argument(0), call.scope(), call.name(), 1);
  const Typed share = call.Argument(1);
  if (share.type.kind() == TypeKind::kArray) RefuseFeature("percentile with an array of percentages");
  return {Template("quantile_cont($1, $2)$3", {value.sql, Coerce(share, kDoubleType, call.scope()).sql, call.suffix()}),
          kDoubleType, true};
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

constexpr Function kFunctions[] = {
    {"count_if", "b", "bigint", Nulls::kNever, "count(CASE WHEN $1 THEN 1 END)$9"},
    {"stddev", "d", "double", Nulls::kAlways, "stddev_samp($8$1)$9"},
    {"std", "d", "double", Nulls::kAlways, "stddev_samp($8$1)$9"},
    {"stddev_samp", "d", "double", Nulls::kAlways, "stddev_samp($8$1)$9"},
    {"stddev_pop", "d", "double", Nulls::kAlways, "stddev_pop($8$1)$9"},
    {"variance", "d", "double", Nulls::kAlways, "var_samp($8$1)$9"},
    {"var_samp", "d", "double", Nulls::kAlways, "var_samp($8$1)$9"},
    {"var_pop", "d", "double", Nulls::kAlways, "var_pop($8$1)$9"},
    {"corr", "dd", "double", Nulls::kAlways, "corr($1, $2)$9"},
    {"covar_pop", "dd", "double", Nulls::kAlways, "covar_pop($1, $2)$9"},
    {"covar_samp", "dd", "double", Nulls::kAlways, "covar_samp($1, $2)$9"},
    {"bool_and", "b", "boolean", Nulls::kAlways, "bool_and($1)$9"},
    {"every", "b", "boolean", Nulls::kAlways, "bool_and($1)$9"},
    {"bool_or", "b", "boolean", Nulls::kAlways, "bool_or($1)$9"},
    {"some", "b", "boolean", Nulls::kAlways, "bool_or($1)$9"},
    {"any", "b", "boolean", Nulls::kAlways, "bool_or($1)$9"},
    {"approx_count_distinct", ".", "bigint", Nulls::kNever, "approx_count_distinct($1)$9"},
    {"median", "d", "double", Nulls::kAlways, "median($1)$9"},
};

constexpr SpecialFunction kSpecials[] = {
    {"count", Count},
    {"sum", Sum},
    {"try_sum", TrySum},
    {"avg", AverageOf},
    {"mean", AverageOf},
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
    {"percentile", Percentile},
    {"bit_and", BitAndAll},
    {"bit_or", BitOrAll},
    {"bit_xor", BitXorAll},
};

}  // namespace

FunctionGroup AggregateFunctions() {
  return {FunctionKind::kAggregate, kFunctions, kSpecials};
}

}  // namespace tinderbox::engine
