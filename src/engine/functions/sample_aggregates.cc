// Aggregates that a native function computes of the list of all values.
#include <fmt/format.h>

#include "engine/functions/aggregate_parts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "engine/translate/windows.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

const DataType kDoubleType(TypeKind::kDouble);

Sql NotNull(const Sql& value) {
  return Template("$1 IS NOT NULL", {value});
}

/// The list of the values that are not NULL; NULL when there is none.
Sql ListOf(const FunctionCall& call, const Sql& value) {
  return Template("list($1$2)$3", {Distinct(call), value, call.suffix(NotNull(value))});
}

/// A value as double, as percentiles see it, and the type they have.
struct Measured {
  Sql sql;
  DataType type;
};

Measured Measure(const FunctionCall& call, const Typed& value) {
  if (IsInterval(value.type)) return {CastTo(value.sql, kDoubleType), DataType(value.type.kind())};
  return {CoerceTo('d', value, call.scope(), call.name(), 1).sql, kDoubleType};
}

/// The shares that an argument names: one, or an array of them.
struct Shares {
  Sql list;
  bool several = false;
};

Shares SharesOf(const FunctionCall& call, size_t i) {
  const proto::Expression& argument = call.ArgumentProto(i);
  const auto check = [&](const proto::Expression& share) {
    if (!share.has_literal()) return;
    proto::Expression::UnresolvedFunction wrapped;
    wrapped.set_function_name(call.name());
    *wrapped.add_arguments() = share;
    const CallClauses none;
    const FunctionCall single(wrapped, call.scope(), none);
    if (share.literal().has_null()) {
      const std::string shown = fmt::format("\"{}\"", call.SqlName());
      throw Error("DATATYPE_MISMATCH.UNEXPECTED_NULL",
                  fmt::format("Cannot resolve {} due to data type mismatch: The percentage must not be null.", shown),
                  {{"exprName", "percentage"}, {"sqlExpr", shown}});
    }
    const double value = single.LiteralNumber(0);
    ExpectRange(call, "percentage", value >= 0 && value <= 1, fmt::format("{}D", value), "[0.0, 1.0]");
  };
  if (argument.has_unresolved_function() && argument.unresolved_function().function_name() == "array") {
    for (const auto& share : argument.unresolved_function().arguments()) check(share);
  } else {
    check(argument);
  }
  const Typed shares = call.Argument(i);
  if (shares.type.kind() == TypeKind::kArray) {
    return {Coerce(shares, DataType::Array(kDoubleType), call.scope()).sql, true};
  }
  return {Call("list_value", {CoerceTo('d', shares, call.scope(), call.name(), i + 1).sql}), false};
}

/// The percentiles of `values` at the shares: a list of doubles in, a value or an array of `type` out.
Typed Percentiles(const Sql& values, const Sql& weights, const Shares& shares, const DataType& type, bool descending,
                  bool interpolated) {
  const auto flag = [](bool on) { return Token(on ? "TRUE" : "FALSE"); };
  const Sql all = Call("spark_percentiles", {values, shares.list, weights, flag(descending), flag(interpolated)});
  const DataType array = DataType::Array(type, false);
  const Sql typed = type == kDoubleType
                        ? all
                        : Template("CAST(list_transform($1, lambda x: trunc(x)) AS $2)", {all, TypeName(array)});
  if (!shares.several) return {Template("list_extract($1, 1)", {typed}), type, true};
  // No value at all gives NULL, not an empty array.
  return {Bind({typed}, "CASE WHEN len($1) > 0 THEN $1 END"), array, true};
}

const Sql& NoWeights() {
  static const Sql none = Token("CAST([] AS BIGINT[])");
  return none;
}

Typed Percentile(const FunctionCall& call) {
  call.Expect(2, 3);
  const Measured value = Measure(call, call.Argument(0));
  const Shares shares = SharesOf(call, 1);
  if (call.size() == 2) return Percentiles(ListOf(call, value.sql), NoWeights(), shares, value.type, false, true);
  const Typed weight = CoerceTo('I', call.Argument(2), call.scope(), call.name(), 3);
  const Sql pair = Template("struct_pack(v := $1, w := $2)", {value.sql, CastTo(weight.sql, kLongType)});
  const Sql pairs = Template(
      "list($1$2)$3",
      {Distinct(call), pair, call.suffix(Template("$1 IS NOT NULL AND $2 IS NOT NULL", {value.sql, weight.sql}))});
  const Sql bound = Ident("weighted");
  const Typed body = Percentiles(Template("list_transform($1, lambda e: struct_extract(e, 'v'))", {bound}),
                                 Template("list_transform($1, lambda e: struct_extract(e, 'w'))", {bound}), shares,
                                 value.type, false, true);
  return {Template("list_extract(list_transform(list_value($1), lambda $2: $3), 1)", {pairs, bound, body.sql}),
          body.type, true};
}

Typed Median(const FunctionCall& call) {
  call.Expect(1, 1);
  const Measured value = Measure(call, call.Argument(0));
  return Percentiles(ListOf(call, value.sql), NoWeights(), {Token("[CAST(0.5 AS DOUBLE)]"), false}, value.type, false,
                     true);
}

bool Descends(const proto::Expression::SortOrder& order) {
  return order.direction() == proto::Expression::SortOrder::SORT_DIRECTION_DESCENDING;
}

/// The only order of WITHIN GROUP, which must be there.
const proto::Expression::SortOrder& OnlyOrder(const FunctionCall& call) {
  const auto& orders = call.clauses().within_group;
  if (orders.empty()) {
    throw Error(
        "INVALID_WITHIN_GROUP_EXPRESSION.WITHIN_GROUP_MISSING",
        fmt::format("Invalid function `{}` with WITHIN GROUP. WITHIN GROUP is required for the function.", call.name()),
        {{"funcName", "`" + call.name() + "`"}});
  }
  if (orders.size() != 1) {
    throw Error(
        "INVALID_WITHIN_GROUP_EXPRESSION.WRONG_NUM_ORDERINGS",
        fmt::format("Invalid function `{}` with WITHIN GROUP. The function requires 1 orderings in WITHIN GROUP "
                    "but got {}.",
                    call.name(), orders.size()),
        {{"funcName", "`" + call.name() + "`"}, {"expectedNum", "1"}, {"actualNum", std::to_string(orders.size())}});
  }
  return orders.front();
}

Typed OrderedPercentile(const FunctionCall& call, bool interpolated) {
  call.Expect(1, 1);
  const auto& order = OnlyOrder(call);
  const Measured value = Measure(call, TranslateExpression(order.child(), call.scope()));
  return Percentiles(ListOf(call, value.sql), NoWeights(), SharesOf(call, 0), value.type, Descends(order),
                     interpolated);
}

Typed PercentileCont(const FunctionCall& call) {
  return OrderedPercentile(call, true);
}
Typed PercentileDisc(const FunctionCall& call) {
  return OrderedPercentile(call, false);
}

Typed PercentileApprox(const FunctionCall& call) {
  call.Expect(2, 3);
  Typed value = call.Argument(0);
  if (value.type.kind() == TypeKind::kString || value.type.kind() == TypeKind::kNull) {
    value = Coerce(value, kDoubleType, call.scope());
  }
  // A value as a number: of dates their days, of times their microseconds.
  Sql number;
  const TypeKind kind = value.type.kind();
  const bool instant = kind == TypeKind::kTimestamp || kind == TypeKind::kTimestampNtz;
  if (instant) {
    number = Template("CAST(epoch_us($1) AS DOUBLE)", {value.sql});
  } else if (kind == TypeKind::kDate) {
    number = Template("CAST(datediff('day', DATE '1970-01-01', $1) AS DOUBLE)", {value.sql});
  } else if (value.type.IsNumeric() || IsInterval(value.type)) {
    number = CastTo(value.sql, kDoubleType);
  } else {
    call.RefuseArgument(0, "(\"NUMERIC\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP_NTZ\" or \"ANSI INTERVAL\")",
                        value.type);
  }
  const Shares shares = SharesOf(call, 1);
  const int64_t accuracy = call.size() == 3 ? call.LiteralInteger(2) : 10000;
  ExpectRange(call, "accuracy", accuracy > 0 && accuracy <= INT32_MAX, fmt::format("{}L", accuracy), "(0, 2147483647]");
  const Sql all = Call("spark_approximate_percentiles",
                       {ListOf(call, number), shares.list, CastTo(IntegerLiteral(accuracy), kLongType)});
  const DataType array = DataType::Array(value.type, false);
  const char* back = kind == TypeKind::kTimestamp      ? "make_timestamptz(CAST(x AS BIGINT))"
                     : kind == TypeKind::kTimestampNtz ? "make_timestamp(CAST(x AS BIGINT))"
                     : kind == TypeKind::kDate         ? "DATE '1970-01-01' + CAST(x AS INTEGER)"
                                                       : "x";
  const Sql typed = CastTo(Template("list_transform($1, lambda x: $2)", {all, Token(back)}), array);
  if (!shares.several) return {Template("list_extract($1, 1)", {typed}), value.type, true};
  return {Bind({typed}, "CASE WHEN len($1) > 0 THEN $1 END"), array, true};
}

Typed Mode(const FunctionCall& call) {
  call.Expect(0, 2);
  if (call.size() > 0 && !call.clauses().within_group.empty()) {
    throw Error("INVALID_WITHIN_GROUP_EXPRESSION.WRONG_NUM_ORDERINGS",
                fmt::format("Invalid function `mode` with WITHIN GROUP. The function requires 0 orderings in WITHIN "
                            "GROUP but got {}.",
                            call.clauses().within_group.size()),
                {{"funcName", "`mode`"},
                 {"expectedNum", "0"},
                 {"actualNum", std::to_string(call.clauses().within_group.size())}});
  }
  int direction = 0;
  Typed value;
  if (call.size() == 0) {
    const auto& order = OnlyOrder(call);
    value = TranslateExpression(order.child(), call.scope());
    direction = Descends(order) ? 1 : -1;
  } else {
    value = call.Argument(0);
    if (call.size() == 2 && call.LiteralBoolean(1)) direction = -1;
  }
  RequireOrdered(call, value.type);
  return {Bind({ListOf(call, value.sql), IntegerLiteral(direction)},
               "list_extract($1, spark_mode_position($1, CAST($2 AS INTEGER)))"),
          value.type, true};
}

/// Texts joined, in the order of WITHIN GROUP.
Typed ListAgg(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed value = call.Argument(0);
  const DataType type(value.type.kind() == TypeKind::kBinary ? TypeKind::kBinary : TypeKind::kString);
  const char letter = type.kind() == TypeKind::kBinary ? 'B' : 's';
  const Sql text = CoerceTo(letter, value, call.scope(), call.name(), 1).sql;
  const Sql nothing = letter == 'B' ? Token("''::BLOB") : StringLiteral("");
  Sql separator = nothing;
  if (call.size() == 2) {
    const Typed raw = call.Argument(1);
    if ((raw.type.kind() == TypeKind::kBinary) != (letter == 'B') && raw.type.kind() != TypeKind::kNull) {
      const std::string shown = fmt::format("\"{}\"", call.SqlName());
      throw Error("DATATYPE_MISMATCH.DATA_DIFF_TYPES",
                  fmt::format("Cannot resolve {} due to data type mismatch: Input to `{}` should all be the same type, "
                              "but it's (\"{}\" or \"{}\").",
                              shown, call.name(), type.Sql(), raw.type.Sql()),
                  {{"sqlExpr", shown},
                   {"functionName", "`" + call.name() + "`"},
                   {"dataType", fmt::format("(\"{}\" or \"{}\")", type.Sql(), raw.type.Sql())}});
    }
    const Typed given = CoerceTo(letter, raw, call.scope(), call.name(), 2);
    separator = given.nullable ? Template("COALESCE($1, $2)", {given.sql, nothing}) : given.sql;
  }
  std::vector<Sql> orders;
  for (const auto& order : call.clauses().within_group) {
    orders.push_back(TranslateSortOrder(order, call.scope()));
    const Typed child = TranslateExpression(order.child(), call.scope());
    if (call.distinct() && !IsSame(child.sql, value.sql) && !IsSame(child.sql, text)) {
      const std::string shown = fmt::format("\"{}\"", ExpressionName(call.ArgumentProto(0)));
      const std::string ordering = fmt::format("\"{}\"", ExpressionName(order.child()));
      throw Error(
          "INVALID_WITHIN_GROUP_EXPRESSION.MISMATCH_WITH_DISTINCT_INPUT",
          fmt::format("Invalid function `{}` with WITHIN GROUP. The function is invoked with DISTINCT and WITHIN "
                      "GROUP but expressions {} and {} do not match. The WITHIN GROUP ordering expression must "
                      "be picked from the function inputs.",
                      call.name(), shown, ordering),
          {{"funcName", "`" + call.name() + "`"}, {"funcArg", shown}, {"orderingExpr", ordering}});
    }
  }
  // Of distinct values in no order Spark gives them as its hashes fall; here in their own order.
  if (call.distinct() && orders.empty()) orders.push_back(value.sql);
  const Sql sorted = orders.empty() ? Sql() : Concat({Token(" ORDER BY "), Join(orders, ", ")});
  // Distinct values are sorted as what they are, not by their texts.
  const bool direct = call.distinct() && !orders.empty();
  const Sql list =
      Template("list($1$2$3)$4", {Distinct(call), direct ? value.sql : text, sorted, call.suffix(NotNull(value.sql))});
  const Sql texts =
      direct ? Coerce({list, DataType::Array(value.type), true}, DataType::Array(type), call.scope()).sql : list;
  return {Call("spark_array_join", {texts, separator}), type, true};
}

Typed HistogramNumeric(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed value = call.Argument(0);
  const int64_t bars = call.LiteralInteger(1);
  if (bars < 2) {
    ExpectRange(call, "nb", false, std::to_string(bars), "[2, 2147483647]");
  }
  const TypeKind kind = value.type.kind();
  Sql number;
  const char* back = "x";
  if (kind == TypeKind::kTimestamp || kind == TypeKind::kTimestampNtz) {
    number = Template("CAST(epoch_us($1) AS DOUBLE)", {value.sql});
    back = kind == TypeKind::kTimestamp ? "make_timestamptz(CAST(trunc(x) AS BIGINT))"
                                        : "make_timestamp(CAST(trunc(x) AS BIGINT))";
  } else if (kind == TypeKind::kDate) {
    number = Template("CAST(datediff('day', DATE '1970-01-01', $1) AS DOUBLE)", {value.sql});
    back = "DATE '1970-01-01' + CAST(trunc(x) AS INTEGER)";
  } else if (value.type.IsNumeric() || IsInterval(value.type)) {
    number = CastTo(value.sql, kDoubleType);
    if (value.type.IsIntegral() || IsInterval(value.type)) back = "trunc(x)";
  } else {
    call.RefuseArgument(0, "(\"NUMERIC\" or \"DATE\" or \"TIMESTAMP\" or \"ANSI INTERVAL\")", value.type);
  }
  const Sql histogram = Call("spark_histogram", {ListOf(call, number), CastTo(IntegerLiteral(bars), kIntType)});
  const Sql converted = Template(
      "list_transform($1, lambda bar: struct_pack(x := CAST(list_extract(list_transform(list_value("
      "struct_extract(bar, 'x')), lambda x: $2), 1) AS $3), y := struct_extract(bar, 'y')))",
      {histogram, Token(back), TypeName(value.type)});
  return {converted, DataType::Array(DataType::Struct({{"x", value.type, true}, {"y", kDoubleType, true}}), true),
          true};
}

Typed BitmapConstruct(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed position = CoerceTo('l', call.Argument(0), call.scope(), call.name(), 1);
  return {Call("spark_bitmap", {ListOf(call, position.sql)}), DataType(TypeKind::kBinary), false};
}

Typed BitmapMerge(const FunctionCall& call, const char* function) {
  call.Expect(1, 1);
  const Typed bitmap = call.Argument(0);
  if (bitmap.type.kind() != TypeKind::kBinary) call.RefuseArgument(0, "BINARY", bitmap.type);
  return {Call(function, {ListOf(call, bitmap.sql)}), DataType(TypeKind::kBinary), false};
}

Typed BitmapOr(const FunctionCall& call) {
  return BitmapMerge(call, "spark_bitmap_or");
}
Typed BitmapAnd(const FunctionCall& call) {
  return BitmapMerge(call, "spark_bitmap_and");
}

Typed ApproxTopK(const FunctionCall& call) {
  call.Expect(1, 3);
  const Typed value = call.Argument(0);
  const int64_t size = call.size() > 1 ? call.LiteralInteger(1) : 5;
  if (size < 1) {
    throw Error("APPROX_TOP_K_NON_POSITIVE_ARG",
                fmt::format("The value of `k` in `approx_top_k` must be a positive integer, but got {}.", size),
                {{"argName", "`k`"}, {"argValue", std::to_string(size)}});
  }
  const int64_t tracked = call.size() > 2 ? call.LiteralInteger(2) : 10000;
  if (size > tracked) {
    throw Error("APPROX_TOP_K_MAX_ITEMS_TRACKED_LESS_THAN_K",
                fmt::format("The maximum number of items tracked `maxItemsTracked`({}) should be greater than or equal "
                            "to `k`({}).",
                            tracked, size),
                {{"maxItemsTracked", std::to_string(tracked)}, {"k", std::to_string(size)}});
  }
  RequireOrdered(call, value.type);
  const Sql list = Template("COALESCE(list($1$2)$3, CAST([] AS $4))",
                            {Distinct(call), value.sql, call.suffix(), TypeName(DataType::Array(value.type))});
  const DataType entry = DataType::Struct({{"item", value.type, true}, {"count", kLongType, false}});
  return {Bind({list, CastTo(IntegerLiteral(size), kIntType)},
               "list_transform(spark_top_positions($1, $2), lambda top: struct_pack(item := list_extract($1, "
               "struct_extract(top, 'position')), \"count\" := struct_extract(top, 'count')))"),
          DataType::Array(entry, false), false};
}

constexpr SpecialFunction kSpecials[] = {
    {"percentile", Percentile},
    {"median", Median},
    {"percentile_cont", PercentileCont},
    {"percentile_disc", PercentileDisc},
    {"percentile_approx", PercentileApprox},
    {"approx_percentile", PercentileApprox},
    {"mode", Mode},
    {"listagg", ListAgg},
    {"string_agg", ListAgg},
    {"histogram_numeric", HistogramNumeric},
    {"bitmap_construct_agg", BitmapConstruct},
    {"bitmap_or_agg", BitmapOr},
    {"bitmap_and_agg", BitmapAnd},
    {"approx_top_k", ApproxTopK},
};

}  // namespace

std::span<const SpecialFunction> SampleAggregates() {
  return kSpecials;
}

}  // namespace tinderbox::engine
