// Functions whose body is SQL: the body stands in the place of the call.
#include <fmt/format.h>

#include "engine/functions/function.h"
#include "engine/translate/casts.h"
#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "engine/translate/refusals.h"
#include "engine/translate/session_objects.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

/// The arguments in the order of the parameters; null where there is none.
std::vector<const proto::Expression*> Arrange(const SqlFunction& target, const FunctionCall::Proto& call,
                                              const std::string& name) {
  const auto& parameters = target.parameters;
  std::vector<const proto::Expression*> out(parameters.size(), nullptr);
  const auto given = static_cast<size_t>(call.arguments_size());
  if (given > parameters.size()) RefuseCount(name, std::to_string(parameters.size()), given);
  for (size_t i = 0; i < given; ++i) {
    const proto::Expression& argument = call.arguments(static_cast<int>(i));
    if (!argument.has_named_argument_expression()) {
      out[i] = &argument;
      continue;
    }
    const auto& named = argument.named_argument_expression();
    size_t at = 0;
    while (at < parameters.size() && !SameName(parameters[at].name, named.key(), false)) ++at;
    if (at == parameters.size()) {
      throw Error("UNRECOGNIZED_PARAMETER_NAME",
                  fmt::format("Cannot invoke routine `{}` because the routine call included a named argument reference "
                              "for the argument named `{}`, but this routine does not include any signature containing "
                              "an argument with this name.",
                              name, named.key()),
                  {{"routineName", "`" + name + "`"}, {"argumentName", "`" + named.key() + "`"}, {"proposal", ""}});
    }
    if (out[at] != nullptr) {
      throw Error("DUPLICATE_ROUTINE_PARAMETER_ASSIGNMENT.DOUBLE_NAMED_ARGUMENT_REFERENCE",
                  fmt::format("Call to routine `{}` is invalid because it includes multiple argument assignments to "
                              "the same parameter name `{}`.",
                              name, named.key()),
                  {{"routineName", "`" + name + "`"}, {"parameterName", "`" + named.key() + "`"}});
    }
    out[at] = &named.value();
  }
  return out;
}

}  // namespace

std::optional<Typed> CallSessionFunction(const FunctionCall::Proto& function, const Scope& scope) {
  if (scope.subqueries == nullptr) return std::nullopt;
  const std::vector<std::string> path = ParseAttributeName(function.function_name());
  const auto target = scope.subqueries->FindFunction(path);
  if (target == nullptr) return std::nullopt;
  const std::string& name = path.back();
  if (function.is_distinct()) RefuseFeature(fmt::format("DISTINCT in `{}`", name));
  const std::vector<const proto::Expression*> arguments = Arrange(*target, function, name);
  Scope inside = scope;
  inside.columns = nullptr;
  inside.hidden = nullptr;
  inside.aliases.clear();
  inside.grouping = nullptr;
  inside.outer = nullptr;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const SqlFunction::Parameter& parameter = target->parameters[i];
    const proto::Expression* given = arguments[i] != nullptr ? arguments[i] : parameter.default_value.get();
    if (given == nullptr) {
      RefuseCount(name, std::to_string(arguments.size()), static_cast<size_t>(function.arguments_size()));
    }
    Typed value = TranslateExpression(*given, scope);
    if (!value.type.SameIgnoringNullability(parameter.type)) {
      value = TranslateCast(value, parameter.type, scope, false);
    }
    inside.lambdas.push_back({parameter.name, value});
  }
  Typed out = TranslateExpression(*target->body, inside);
  if (target->returns && !out.type.SameIgnoringNullability(*target->returns)) {
    out = TranslateCast(out, *target->returns, scope, false);
  }
  return out;
}

}  // namespace tinderbox::engine
