// The functions of XML texts.
#include <fmt/format.h>

#include <algorithm>

#include "engine/functions/collection_parts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

Sql TextArgument(const FunctionCall& call, size_t i) {
  const Typed value = call.Argument(i);
  if (value.type.kind() == TypeKind::kNull) return NullOf(kStringType).sql;
  if (value.type.kind() != TypeKind::kString) call.RefuseArgument(i, "STRING", value.type);
  return value.sql;
}

/// Whether a value is the same for all rows by the look of it.
bool IsConstant(const proto::Expression& expression) {
  if (expression.has_alias()) return IsConstant(expression.alias().expr());
  if (expression.has_cast()) return IsConstant(expression.cast().expr());
  if (expression.has_unresolved_function()) {
    return std::ranges::all_of(expression.unresolved_function().arguments(), IsConstant);
  }
  return expression.has_literal();
}

Typed Find(const FunctionCall& call, const char* function, const DataType& result) {
  call.Expect(2, 2);
  const Sql xml = TextArgument(call, 0);
  const Sql path = TextArgument(call, 1);
  if (!IsConstant(call.ArgumentProto(1))) {
    const std::string shown = "\"" + call.SqlName() + "\"";
    const std::string input = "\"" + ExpressionName(call.ArgumentProto(1)) + "\"";
    throw Error("DATATYPE_MISMATCH.NON_FOLDABLE_INPUT",
                fmt::format("Cannot resolve {} due to data type mismatch: the input `path` should be a foldable "
                            "\"STRING\" expression; however, got {}.",
                            shown, input),
                {{"sqlExpr", shown}, {"inputName", "`path`"}, {"inputType", "\"STRING\""}, {"inputExpr", input}});
  }
  return {Call(function, {xml, path}), result, true};
}

Typed XPath(const FunctionCall& call) {
  return Find(call, "spark_xpath", DataType::Array(kStringType));
}
Typed XPathBoolean(const FunctionCall& call) {
  return Find(call, "spark_xpath_boolean", kBooleanType);
}
Typed XPathShort(const FunctionCall& call) {
  return Find(call, "spark_xpath_short", DataType(TypeKind::kShort));
}
Typed XPathInt(const FunctionCall& call) {
  return Find(call, "spark_xpath_int", kIntType);
}
Typed XPathLong(const FunctionCall& call) {
  return Find(call, "spark_xpath_long", kLongType);
}
Typed XPathFloat(const FunctionCall& call) {
  return Find(call, "spark_xpath_float", DataType(TypeKind::kFloat));
}
Typed XPathDouble(const FunctionCall& call) {
  return Find(call, "spark_xpath_double", DataType(TypeKind::kDouble));
}
Typed XPathString(const FunctionCall& call) {
  return Find(call, "spark_xpath_string", kStringType);
}

constexpr SpecialFunction kSpecials[] = {
    {"xpath", XPath},
    {"xpath_boolean", XPathBoolean},
    {"xpath_short", XPathShort},
    {"xpath_int", XPathInt},
    {"xpath_long", XPathLong},
    {"xpath_float", XPathFloat},
    {"xpath_double", XPathDouble},
    {"xpath_number", XPathDouble},
    {"xpath_string", XPathString},
};

}  // namespace

FunctionGroup XmlFunctions() {
  return {FunctionKind::kScalar, {}, kSpecials};
}

}  // namespace tinderbox::engine
