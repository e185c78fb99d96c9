// Sketches: small binaries that stand for many values. Those of distinct keys (theta, tuple) and of ranks (KLL).
#include "engine/functions/sketches.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/functions/aggregate_parts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

const DataType kBinaryType(TypeKind::kBinary);
const DataType kSketchDouble(TypeKind::kDouble);

Sql Int(int64_t value) {
  return CastTo(IntegerLiteral(value), kIntType);
}

Sql Name(const FunctionCall& call) {
  return StringLiteral(call.name());
}

/// 0 theta, 1 tuple with doubles, 2 tuple with integers, as the function's name says.
int KindOf(const FunctionCall& call) {
  const std::string& name = call.name();
  if (name.starts_with("theta_")) return 0;
  return name.ends_with("_integer") ? 2 : 1;
}

int64_t LogSize(const FunctionCall& call, size_t i) {
  const int64_t size = call.size() > i ? call.LiteralInteger(i) : 12;
  if (size < 4 || size > 26) {
    throw Error("SKETCH_INVALID_LG_NOM_ENTRIES",
                fmt::format("Invalid call to `{}`; the `lgNomEntries` value must be between 4 and 26, inclusive: {}.",
                            call.name(), size),
                {{"function", "`" + call.name() + "`"}, {"min", "4"}, {"max", "26"}, {"value", std::to_string(size)}});
  }
  return size;
}

int Mode(const FunctionCall& call, size_t i) {
  const std::string mode = call.size() > i ? call.LiteralString(i) : "sum";
  static constexpr const char* kModes[] = {"sum", "min", "max", "alwaysone"};
  for (int known = 0; known < 4; ++known) {
    if (mode == kModes[known]) return known;
  }
  const std::string why = fmt::format(
      "[TUPLE_INVALID_SKETCH_MODE] Invalid call to `{}`: mode '{}' is not supported. Valid modes are: sum, "
      "min, max, alwaysone. SQLSTATE: 22023",
      call.name(), mode);
  throw Error("DATATYPE_MISMATCH.TYPE_CHECK_FAILURE_WITH_HINT",
              fmt::format("Cannot resolve \"{}\" due to data type mismatch: {}.", call.SqlName(), why),
              {{"msg", why}, {"hint", ""}, {"sqlExpr", "\"" + call.SqlName() + "\""}});
}

Sql Bytes(const FunctionCall& call, size_t i) {
  const Typed value = call.Argument(i);
  if (value.type.kind() != TypeKind::kBinary && value.type.kind() != TypeKind::kNull) {
    call.RefuseArgument(i, "BINARY", value.type);
  }
  return value.type.kind() == TypeKind::kNull ? NullOf(kBinaryType).sql : value.sql;
}

/// The hash of a key, in the types that sketches have.
Sql KeyHash(const FunctionCall& call) {
  const Typed key = call.Argument(0);
  const TypeKind kind = key.type.kind();
  Sql value = key.sql;
  const bool longs = kind == TypeKind::kArray &&
                     (key.type.element().kind() == TypeKind::kInteger || key.type.element().kind() == TypeKind::kLong);
  if (kind == TypeKind::kByte || kind == TypeKind::kShort || kind == TypeKind::kInteger) {
    value = CastTo(value, kLongType);
  } else if (kind == TypeKind::kFloat) {
    value = CastTo(value, kSketchDouble);
  } else if (kind != TypeKind::kLong && kind != TypeKind::kDouble && kind != TypeKind::kString &&
             kind != TypeKind::kBinary && !longs) {
    call.RefuseArgument(0,
                        "(\"ARRAY<INT>\" or \"ARRAY<BIGINT>\" or \"BINARY\" or \"DOUBLE\" or \"FLOAT\" or \"INT\" or "
                        "\"BIGINT\" or \"STRING\")",
                        key.type);
  }
  return Call("spark_sketch_hash", {value});
}

Typed ThetaBuild(const FunctionCall& call) {
  call.Expect(1, 2);
  const Sql hash = KeyHash(call);
  const Sql hashes = Template("list($1$2)$3", {Distinct(call), hash, call.suffix(Template("$1 IS NOT NULL", {hash}))});
  return {Template("spark_keys_build($1, CAST([] AS DOUBLE[]), $2, $3, $2)", {hashes, Int(0), Int(LogSize(call, 1))}),
          kBinaryType, false};
}

Typed TupleBuild(const FunctionCall& call) {
  call.Expect(2, 4);
  const Sql hash = KeyHash(call);
  const Sql value = CastTo(CoerceTo('d', call.Argument(1), call.scope(), call.name(), 2).sql, kSketchDouble);
  const Sql pair = Template("struct_pack(h := $1, v := $2)", {hash, value});
  const Sql pairs =
      Template("list($1$2)$3",
               {Distinct(call), pair, call.suffix(Template("$1 IS NOT NULL AND $2 IS NOT NULL", {hash, value}))});
  return {Bind({pairs, Int(KindOf(call)), Int(LogSize(call, 2)), Int(Mode(call, 3))},
               "spark_keys_build(list_transform($1, lambda e: struct_extract(e, 'h')), list_transform($1, lambda e: "
               "struct_extract(e, 'v')), $2, $3, $4)"),
          kBinaryType, false};
}

enum Operation { kUnion, kIntersection, kDifference };

Typed Fold(const FunctionCall& call, const Sql& sketches, Operation operation, int64_t log_size, int mode,
           bool nullable) {
  return {Call("spark_keys_fold", {sketches, Int(KindOf(call)), Int(operation), Int(log_size), Int(mode), Name(call)}),
          kBinaryType, nullable};
}

Sql Collected(const FunctionCall& call) {
  const Sql bytes = Bytes(call, 0);
  return Template("list($1$2)$3", {Distinct(call), bytes, call.suffix(Template("$1 IS NOT NULL", {bytes}))});
}

Typed UnionAll(const FunctionCall& call) {
  call.Expect(1, KindOf(call) == 0 ? 2 : 3);
  return Fold(call, Collected(call), kUnion, LogSize(call, 1), Mode(call, 2), false);
}

Typed IntersectAll(const FunctionCall& call) {
  call.Expect(1, KindOf(call) == 0 ? 1 : 2);
  return Fold(call, Collected(call), kIntersection, 26, Mode(call, 1), false);
}

Typed Pair(const FunctionCall& call, Operation operation, int64_t log_size, int mode) {
  const Sql left = Bytes(call, 0);
  const Sql right = Bytes(call, 1);
  const Typed folded = Fold(call, Call("list_value", {left, right}), operation, log_size, mode, true);
  return {Template("(CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN $3 END)", {left, right, folded.sql}), kBinaryType,
          call.Argument(0).nullable || call.Argument(1).nullable};
}

Typed UnionPair(const FunctionCall& call) {
  call.Expect(2, KindOf(call) == 0 ? 3 : 4);
  return Pair(call, kUnion, LogSize(call, 2), Mode(call, 3));
}
Typed IntersectPair(const FunctionCall& call) {
  call.Expect(2, KindOf(call) == 0 ? 2 : 3);
  return Pair(call, kIntersection, 26, Mode(call, 2));
}
Typed DifferencePair(const FunctionCall& call) {
  call.Expect(2, 2);
  return Pair(call, kDifference, 26, 0);
}

Typed Ask(const FunctionCall& call, int what, int mode) {
  return {Call("spark_keys_ask", {Bytes(call, 0), Int(KindOf(call)), Int(what), Int(mode), Name(call)}), kSketchDouble,
          call.Argument(0).nullable};
}

Typed ThetaEstimate(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed estimate = Ask(call, 0, 0);
  return {CastTo(Call("round", {estimate.sql}), kLongType), kLongType, estimate.nullable};
}
Typed TupleEstimate(const FunctionCall& call) {
  call.Expect(1, 1);
  return Ask(call, 0, 0);
}
Typed TupleTheta(const FunctionCall& call) {
  call.Expect(1, 1);
  return Ask(call, 1, 0);
}
Typed TupleSummary(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed summary = Ask(call, 2, Mode(call, 1));
  if (KindOf(call) == 1) return summary;
  return {CastTo(summary.sql, kLongType), kLongType, summary.nullable};
}

Typed HllBuild(const FunctionCall& call) {
  call.Expect(1, 2);
  const int64_t size = call.size() == 2 ? call.LiteralInteger(1) : 12;
  if (size < 4 || size > 21) {
    throw Error("HLL_INVALID_LG_K",
                fmt::format("Invalid call to `{}`; the `lgConfigK` value must be between 4 and 21, inclusive: {}.",
                            call.name(), size),
                {{"function", "`" + call.name() + "`"}, {"min", "4"}, {"max", "21"}, {"value", std::to_string(size)}});
  }
  const Typed key = call.Argument(0);
  const TypeKind kind = key.type.kind();
  if (!key.type.IsIntegral() && kind != TypeKind::kString && kind != TypeKind::kBinary) {
    call.RefuseArgument(0, "(\"INT\" or \"BIGINT\" or \"STRING\" or \"BINARY\")", key.type);
  }
  const Sql hash = KeyHash(call);
  const Sql hashes = Template("list($1$2)$3", {Distinct(call), hash, call.suffix(Template("$1 IS NOT NULL", {hash}))});
  return {Call("spark_hll_build", {hashes, Int(size)}), kBinaryType, false};
}

Sql Flag(const FunctionCall& call, size_t i) {
  return Token(call.size() > i && call.LiteralBoolean(i) ? "TRUE" : "FALSE");
}

Typed HllMergeAll(const FunctionCall& call) {
  call.Expect(1, 2);
  return {Call("spark_hll_merge", {Collected(call), Flag(call, 1), Name(call)}), kBinaryType, false};
}

Typed HllMergePair(const FunctionCall& call) {
  call.Expect(2, 3);
  const Sql left = Bytes(call, 0);
  const Sql right = Bytes(call, 1);
  const Sql merged = Call("spark_hll_merge", {Call("list_value", {left, right}), Flag(call, 2), Name(call)});
  return {Template("(CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN $3 END)", {left, right, merged}), kBinaryType,
          call.Argument(0).nullable || call.Argument(1).nullable};
}

Typed HllEstimate(const FunctionCall& call) {
  call.Expect(1, 1);
  return {Call("spark_hll_estimate", {Bytes(call, 0), Name(call)}), kLongType, call.Argument(0).nullable};
}

Typed CountMin(const FunctionCall& call) {
  call.Expect(4, 4);
  const Typed value = call.Argument(0);
  if (!value.type.IsIntegral()) RefuseFeature(fmt::format("count_min_sketch of {}", value.type.SimpleString()));
  for (const size_t i : {size_t{1}, size_t{2}}) {
    const DataType given = call.Argument(i).type;
    if (given.kind() != TypeKind::kDouble) call.RefuseArgument(i, "DOUBLE", given);
  }
  const double error = call.LiteralNumber(1);
  const double confidence = call.LiteralNumber(2);
  ExpectRange(call, "eps", error > 0, fmt::format("{}", error), "(0.0, 1.7976931348623157E308]");
  ExpectRange(call, "confidence", confidence > 0 && confidence < 1, fmt::format("{}", confidence), "(0.0, 1.0)");
  const auto width = static_cast<int64_t>(std::ceil(2 / error));
  const auto depth = static_cast<int64_t>(std::ceil(-std::log1p(-confidence) / std::log(2.0)));
  if (width * depth > (int64_t{1} << 27)) RefuseFeature("a count_min_sketch of more than a gigabyte");
  const Sql number = CastTo(value.sql, kLongType);
  const Sql list =
      Template("list($1$2)$3", {Distinct(call), number, call.suffix(Template("$1 IS NOT NULL", {value.sql}))});
  return {Call("spark_count_min", {list, Int(depth), Int(width),
                                   CastTo(IntegerLiteral(static_cast<int32_t>(call.LiteralInteger(3))), kLongType)}),
          kBinaryType, false};
}

/// The number type of a KLL function, as its name ends.
struct Numbers {
  DataType type;
  const char* build;
  const char* merge;
  const char* count;
  const char* text;
  const char* quantiles;
  const char* ranks;
};

Numbers NumbersOf(const FunctionCall& call) {
  if (call.name().ends_with("_bigint")) {
    return {kLongType,
            "spark_kll_build_bigint",
            "spark_kll_merge_bigint",
            "spark_kll_count_bigint",
            "spark_kll_text_bigint",
            "spark_kll_quantiles_bigint",
            "spark_kll_ranks_bigint"};
  }
  if (call.name().ends_with("_double")) {
    return {kSketchDouble,           "spark_kll_build_double",     "spark_kll_merge_double", "spark_kll_count_double",
            "spark_kll_text_double", "spark_kll_quantiles_double", "spark_kll_ranks_double"};
  }
  return {DataType(TypeKind::kFloat), "spark_kll_build_float",     "spark_kll_merge_float", "spark_kll_count_float",
          "spark_kll_text_float",     "spark_kll_quantiles_float", "spark_kll_ranks_float"};
}

int64_t KllSize(const FunctionCall& call, int64_t otherwise) {
  if (call.size() < 2) return otherwise;
  const int64_t k = call.LiteralInteger(1);
  if (k >= 8 && k <= 65535) return k;
  const std::string why = fmt::format(
      "[KLL_SKETCH_K_OUT_OF_RANGE] For function `{}`, the k parameter must be between 8 and 65535 "
      "(inclusive), but got {}. SQLSTATE: 22003",
      call.name(), k);
  throw Error("DATATYPE_MISMATCH.TYPE_CHECK_FAILURE_WITH_HINT",
              fmt::format("Cannot resolve \"{}\" due to data type mismatch: {}.", call.SqlName(), why),
              {{"msg", why}, {"hint", ""}, {"sqlExpr", "\"" + call.SqlName() + "\""}});
}

Typed KllBuild(const FunctionCall& call) {
  call.Expect(1, 2);
  const Numbers numbers = NumbersOf(call);
  const Typed value = call.Argument(0);
  const TypeKind kind = value.type.kind();
  const bool wide = numbers.type.kind() == TypeKind::kDouble && (kind == TypeKind::kDouble || kind == TypeKind::kFloat);
  const bool fits =
      value.type == numbers.type || wide || (numbers.type.kind() == TypeKind::kLong && value.type.IsIntegral());
  if (!fits) call.RefuseArgument(0, numbers.type.Sql(), value.type);
  const Sql number = CastTo(value.sql, numbers.type);
  const Sql list =
      Template("list($1$2)$3", {Distinct(call), number, call.suffix(Template("$1 IS NOT NULL", {value.sql}))});
  return {Call(numbers.build, {list, Int(KllSize(call, 200))}), kBinaryType, false};
}

Typed KllMergeAll(const FunctionCall& call) {
  call.Expect(1, 2);
  return {Call(NumbersOf(call).merge, {Collected(call), Int(KllSize(call, 0)), Name(call)}), kBinaryType, false};
}

Typed KllMergePair(const FunctionCall& call) {
  call.Expect(2, 2);
  const Sql left = Bytes(call, 0);
  const Sql right = Bytes(call, 1);
  const Sql merged = Call(NumbersOf(call).merge, {Call("list_value", {left, right}), Int(0), Name(call)});
  return {Template("(CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN $3 END)", {left, right, merged}), kBinaryType,
          call.Argument(0).nullable || call.Argument(1).nullable};
}

Typed KllCount(const FunctionCall& call) {
  call.Expect(1, 1);
  return {Call(NumbersOf(call).count, {Bytes(call, 0), Name(call)}), kLongType, call.Argument(0).nullable};
}

Typed KllText(const FunctionCall& call) {
  call.Expect(1, 1);
  return {Call(NumbersOf(call).text, {Bytes(call, 0), Name(call)}), kStringType, call.Argument(0).nullable};
}

/// One answer for one value, an array for an array.
Typed KllAsk(const FunctionCall& call, const char* function, const DataType& from, const DataType& to) {
  call.Expect(2, 2);
  const Typed wanted = call.Argument(1);
  const bool several = wanted.type.kind() == TypeKind::kArray;
  const bool nullable = call.Argument(0).nullable || wanted.nullable;
  if (several) {
    const Sql list = Coerce(wanted, DataType::Array(from), call.scope()).sql;
    return {Call(function, {Bytes(call, 0), list, Name(call)}), DataType::Array(to, false), nullable};
  }
  const Sql value = Coerce(wanted, from, call.scope()).sql;
  const Sql one = Call(function, {Bytes(call, 0), Call("list_value", {value}), Name(call)});
  const Sql answer = Template("list_extract($1, 1)", {one});
  if (!wanted.nullable) return {answer, to, nullable};
  return {Template("(CASE WHEN $1 IS NOT NULL THEN $2 END)", {value, answer}), to, true};
}

Typed KllQuantile(const FunctionCall& call) {
  const Numbers numbers = NumbersOf(call);
  return KllAsk(call, numbers.quantiles, kSketchDouble, numbers.type);
}
Typed KllRank(const FunctionCall& call) {
  const Numbers numbers = NumbersOf(call);
  return KllAsk(call, numbers.ranks, numbers.type, kSketchDouble);
}

constexpr SpecialFunction kAggregates[] = {
    {"count_min_sketch", CountMin},
    {"hll_sketch_agg", HllBuild},
    {"hll_union_agg", HllMergeAll},
    {"theta_sketch_agg", ThetaBuild},
    {"theta_union_agg", UnionAll},
    {"theta_intersection_agg", IntersectAll},
    {"tuple_sketch_agg_double", TupleBuild},
    {"tuple_sketch_agg_integer", TupleBuild},
    {"tuple_union_agg_double", UnionAll},
    {"tuple_union_agg_integer", UnionAll},
    {"tuple_intersection_agg_double", IntersectAll},
    {"tuple_intersection_agg_integer", IntersectAll},
    {"kll_sketch_agg_bigint", KllBuild},
    {"kll_sketch_agg_double", KllBuild},
    {"kll_sketch_agg_float", KllBuild},
    {"kll_merge_agg_bigint", KllMergeAll},
    {"kll_merge_agg_double", KllMergeAll},
    {"kll_merge_agg_float", KllMergeAll},
};

constexpr SpecialFunction kScalars[] = {
    {"hll_sketch_estimate", HllEstimate},
    {"hll_union", HllMergePair},
    {"theta_sketch_estimate", ThetaEstimate},
    {"theta_union", UnionPair},
    {"theta_intersection", IntersectPair},
    {"theta_difference", DifferencePair},
    {"tuple_sketch_estimate_double", TupleEstimate},
    {"tuple_sketch_estimate_integer", TupleEstimate},
    {"tuple_sketch_theta_double", TupleTheta},
    {"tuple_sketch_theta_integer", TupleTheta},
    {"tuple_sketch_summary_double", TupleSummary},
    {"tuple_sketch_summary_integer", TupleSummary},
    {"tuple_union_double", UnionPair},
    {"tuple_union_integer", UnionPair},
    {"tuple_union_theta_double", UnionPair},
    {"tuple_union_theta_integer", UnionPair},
    {"tuple_intersection_double", IntersectPair},
    {"tuple_intersection_integer", IntersectPair},
    {"tuple_intersection_theta_double", IntersectPair},
    {"tuple_intersection_theta_integer", IntersectPair},
    {"tuple_difference_double", DifferencePair},
    {"tuple_difference_integer", DifferencePair},
    {"tuple_difference_theta_double", DifferencePair},
    {"tuple_difference_theta_integer", DifferencePair},
    {"kll_sketch_get_n_bigint", KllCount},
    {"kll_sketch_get_n_double", KllCount},
    {"kll_sketch_get_n_float", KllCount},
    {"kll_sketch_to_string_bigint", KllText},
    {"kll_sketch_to_string_double", KllText},
    {"kll_sketch_to_string_float", KllText},
    {"kll_sketch_merge_bigint", KllMergePair},
    {"kll_sketch_merge_double", KllMergePair},
    {"kll_sketch_merge_float", KllMergePair},
    {"kll_sketch_get_quantile_bigint", KllQuantile},
    {"kll_sketch_get_quantile_double", KllQuantile},
    {"kll_sketch_get_quantile_float", KllQuantile},
    {"kll_sketch_get_rank_bigint", KllRank},
    {"kll_sketch_get_rank_double", KllRank},
    {"kll_sketch_get_rank_float", KllRank},
};

}  // namespace

std::span<const SpecialFunction> SketchAggregates() {
  return kAggregates;
}

std::span<const SpecialFunction> SketchFunctions() {
  return kScalars;
}

}  // namespace tinderbox::engine
