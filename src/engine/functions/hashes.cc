#include "engine/functions/function.h"
#include "engine/translate/type_parts.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

Typed HashOf(const FunctionCall& call, const char* function, TypeKind result) {
  call.Expect(1, SIZE_MAX);
  std::vector<Sql> parts;
  for (const Typed& value : call.Arguments()) {
    const std::string function_name = "`" + call.name() + "`";
    const std::string shown = "\"" + call.SqlName() + "\"";
    if (Holds(value.type, TypeKind::kVariant)) {
      throw Error("DATATYPE_MISMATCH.HASH_VARIANT_TYPE",
                  "Cannot resolve " + shown + " due to data type mismatch: Input to the function " + function_name +
                      " cannot contain elements of the \"VARIANT\" type yet.",
                  {{"functionName", function_name}, {"sqlExpr", shown}});
    }
    if (Holds(value.type, TypeKind::kMap)) {
      throw Error("DATATYPE_MISMATCH.HASH_MAP_TYPE",
                  "Cannot resolve " + shown + " due to data type mismatch: Input to the function " + function_name +
                      " cannot contain elements of the \"MAP\" type. In Spark, same maps may have different hashcode, "
                      "thus hash expressions are prohibited on \"MAP\" elements. Hash map_entries instead.",
                  {{"functionName", function_name}, {"sqlExpr", shown}});
    }
    // The type of NULL has no vectors.
    parts.push_back(value.type.kind() == TypeKind::kNull ? Token("CAST(NULL AS INTEGER)") : value.sql);
  }
  return {Call(function, parts), DataType(result), false};
}

Typed Murmur(const FunctionCall& call) {
  return HashOf(call, "spark_hash", TypeKind::kInteger);
}
Typed XxHash(const FunctionCall& call) {
  return HashOf(call, "spark_xxhash64", TypeKind::kLong);
}

constexpr SpecialFunction kSpecials[] = {{"hash", Murmur}, {"xxhash64", XxHash}};

}  // namespace

FunctionGroup HashFunctions() {
  return {FunctionKind::kScalar, {}, kSpecials};
}

}  // namespace tinderbox::engine
