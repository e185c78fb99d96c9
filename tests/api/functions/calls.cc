// Prints the plan that each function of src/dataframe/functions.txt builds, one line a call, for compare.py.
#include "calls.h"

#include <cstdio>
#include <string>

#include "spark/proto.h"

namespace tinderbox::functions {
namespace {

std::string Text(const proto::Expression& expression);

std::string Join(const google::protobuf::RepeatedPtrField<proto::Expression>& arguments) {
  std::string out;
  for (const proto::Expression& argument : arguments) out += (out.empty() ? "" : ", ") + Text(argument);
  return out;
}

std::string Text(const proto::Expression& expression) {
  if (expression.has_unresolved_attribute()) return expression.unresolved_attribute().unparsed_identifier();
  if (expression.has_unresolved_function()) {
    const auto& function = expression.unresolved_function();
    return (function.is_distinct() ? "DISTINCT " : "") + function.function_name() + "(" + Join(function.arguments()) +
           ")";
  }
  if (expression.has_lambda_function()) {
    return "lambda" + std::to_string(expression.lambda_function().arguments_size());
  }
  if (expression.has_literal()) {
    const auto& literal = expression.literal();
    if (literal.has_string()) return "'" + literal.string() + "'";
    if (literal.has_boolean()) return literal.boolean() ? "true" : "false";
    if (literal.has_integer()) return std::to_string(literal.integer());
    if (literal.has_long_()) return "seed";
    if (literal.has_null()) return "NULL";
  }
  return expression.ShortDebugString();
}

}  // namespace

void Show(const char* call, const Column& column) {
  std::printf("%s\t%s\n", call, Text(column.proto()).c_str());
}

}  // namespace tinderbox::functions

int main() {
  tinderbox::functions::CallAll();
}
