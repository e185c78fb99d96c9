#include "engine/translate/python.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/functions/function.h"
#include "engine/translate/expressions.h"
#include "engine/translate/extensions.h"
#include "engine/translate/refusals.h"
#include "spark/children.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

// The values of pyspark.util.PythonEvalType that aggregate: over pandas and Arrow, each of whole groups and iterators.
constexpr int kAggregates[] = {202, 217, 252, 254};

/// The aggregates of an expression that are not over windows.
struct Aggregates {
  std::vector<std::string> python;
  bool others = false;

  void Find(const google::protobuf::Message& message) {
    if (const auto* expression = dynamic_cast<const proto::Expression*>(&message)) {
      if (expression->has_window()) {
        const plan::AggregateCall call = CallOf(expression->window().window_function());
        for (const auto& argument : call.function().arguments()) Find(argument);
        return;
      }
      const auto& function = expression->common_inline_user_defined_function();
      if (IsPythonAggregate(function)) python.push_back("`" + function.function_name() + "`");
      others = others || (expression->has_unresolved_function() &&
                          IsAggregateFunction(expression->unresolved_function().function_name()));
    }
    for (const auto* child : spark::Children(message)) Find(*child);
  }
};

/// Whether the one function can run right behind the other, without their values leaving Python.
bool CanFollow(const proto::CommonInlineUserDefinedFunction& outer,
               const proto::CommonInlineUserDefinedFunction& inner) {
  return outer.arguments_size() == 1 && inner.python_udf().eval_type() == outer.python_udf().eval_type() &&
         inner.python_udf().python_ver() == outer.python_udf().python_ver() && !IsPythonAggregate(inner);
}

}  // namespace

bool IsPythonAggregate(const proto::CommonInlineUserDefinedFunction& function) {
  return std::ranges::find(kAggregates, function.python_udf().eval_type()) != std::end(kAggregates);
}

bool HasPythonAggregate(const std::vector<const proto::Expression*>& expressions) {
  Aggregates found;
  for (const proto::Expression* expression : expressions) found.Find(*expression);
  if (found.python.empty()) return false;
  if (!found.others) return true;
  const std::string list = fmt::format("{}", fmt::join(found.python, ", "));
  throw Error("INVALID_PANDAS_UDF_PLACEMENT",
              fmt::format("The group aggregate pandas UDF {} cannot be invoked together with as other, non-pandas "
                          "aggregate functions.",
                          list),
              {{"functionList", list}});
}

std::vector<PythonFunctions::Argument> TranslatePythonArguments(
    const google::protobuf::RepeatedPtrField<proto::Expression>& arguments, const Scope& scope) {
  std::vector<PythonFunctions::Argument> out;
  for (const proto::Expression& argument : arguments) {
    const bool named = argument.has_named_argument_expression();
    const auto& value = named ? argument.named_argument_expression().value() : argument;
    if (!named && !out.empty() && !out.back().keyword.empty()) {
      throw Error("UNEXPECTED_POSITIONAL_ARGUMENT",
                  "A positional argument stands behind a named one. Rearrange them so that positional arguments come "
                  "first.");
    }
    if (named) {
      const std::string& key = argument.named_argument_expression().key();
      if (std::ranges::any_of(out, [&](const auto& other) { return other.keyword == key; })) {
        throw Error(
            "DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.DOUBLE_NAMED_ARGUMENT_REFERENCE",
            fmt::format("Call to a routine is invalid because it includes multiple argument assignments to the "
                        "same parameter name `{}`. More than one named argument referred to the same parameter.",
                        key),
            {{"parameterName", "`" + key + "`"}});
      }
    }
    out.push_back({named ? argument.named_argument_expression().key() : "", TranslateExpression(value, scope)});
  }
  return out;
}

Typed TranslatePython(const proto::CommonInlineUserDefinedFunction& function, const Scope& scope, const Sql& behind) {
  if (scope.python == nullptr) RefuseFeature("a Python function in this place");
  const bool lambda = std::ranges::any_of(
      scope.lambdas, [](const LambdaBinding& binding) { return !binding.name.starts_with("value "); });
  if (lambda) {
    const std::string shown = fmt::format("\"{}\"", function.function_name());
    throw Error("UNSUPPORTED_FEATURE.LAMBDA_FUNCTION_WITH_PYTHON_UDF",
                fmt::format("The feature is not supported: Lambda function with Python UDF {} in a higher order "
                            "function.",
                            shown),
                {{"funcName", shown}});
  }
  if (!function.has_python_udf()) RefuseFeature("functions of Java and Scala");
  if (function.is_distinct()) RefuseFeature(fmt::format("DISTINCT in `{}`", function.function_name()));
  std::vector<const proto::CommonInlineUserDefinedFunction*> functions{&function};
  if (!IsPythonAggregate(function)) {
    while (CanFollow(*functions.front(), functions.front()->arguments_size() == 1
                                             ? functions.front()->arguments(0).common_inline_user_defined_function()
                                             : proto::CommonInlineUserDefinedFunction::default_instance())) {
      functions.insert(functions.begin(), &functions.front()->arguments(0).common_inline_user_defined_function());
    }
  }
  return scope.python->Call(functions, TranslatePythonArguments(functions.front()->arguments(), scope), behind);
}

}  // namespace tinderbox::engine
