// The functions of vectors: arrays of FLOAT, which nothing else is cast to.
#include "engine/functions/function.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

const DataType kFloat(TypeKind::kFloat);

Sql Vector(const FunctionCall& call, size_t i) {
  const Typed value = call.Argument(i);
  if (!value.type.SameIgnoringNullability(DataType::Array(kFloat))) call.RefuseArgument(i, "ARRAY<FLOAT>", value.type);
  return value.sql;
}

Typed Pair(const FunctionCall& call, const char* function) {
  call.Expect(2, 2);
  return {Call(function, {Vector(call, 0), Vector(call, 1)}), kFloat, true};
}

Typed InnerProduct(const FunctionCall& call) {
  return Pair(call, "spark_vector_inner_product");
}
Typed Cosine(const FunctionCall& call) {
  return Pair(call, "spark_vector_cosine");
}
Typed Distance(const FunctionCall& call) {
  return Pair(call, "spark_vector_distance");
}

Sql WithDegree(const FunctionCall& call, const char* function) {
  call.Expect(1, 2);
  Sql degree = Token("CAST(2 AS FLOAT)");
  if (call.size() == 2) {
    const Typed given = call.Argument(1);
    if (given.type.kind() != TypeKind::kFloat) call.RefuseArgument(1, "FLOAT", given.type);
    degree = given.sql;
  }
  return Call(function, {Vector(call, 0), degree});
}

Typed Norm(const FunctionCall& call) {
  return {WithDegree(call, "spark_vector_norm"), kFloat, true};
}
Typed Normalize(const FunctionCall& call) {
  return {WithDegree(call, "spark_vector_normalize"), DataType::Array(kFloat), true};
}

Typed Gather(const FunctionCall& call, const char* function) {
  call.Expect(1, 1);
  return {Template("$1(list($2)$3)", {Token(function), Vector(call, 0), call.suffix()}), DataType::Array(kFloat, false),
          true};
}

Typed Sum(const FunctionCall& call) {
  return Gather(call, "spark_vector_sum");
}
Typed Mean(const FunctionCall& call) {
  return Gather(call, "spark_vector_avg");
}

constexpr SpecialFunction kScalars[] = {
    {"vector_inner_product", InnerProduct}, {"vector_cosine_similarity", Cosine},
    {"vector_l2_distance", Distance},       {"vector_norm", Norm},
    {"vector_normalize", Normalize},
};

constexpr SpecialFunction kAggregates[] = {
    {"vector_sum", Sum},
    {"vector_avg", Mean},
};

}  // namespace

FunctionGroup VectorFunctions() {
  return {FunctionKind::kScalar, {}, kScalars};
}

FunctionGroup VectorAggregates() {
  return {FunctionKind::kAggregate, {}, kAggregates};
}

}  // namespace tinderbox::engine
