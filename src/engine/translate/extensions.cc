#include "engine/translate/extensions.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "spark/extension.h"
#include "spark/proto_expressions.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using plan::ExpressionExtension;
using CallProto = proto::Expression::UnresolvedFunction;

proto::Expression CallExpression(const char* name, std::initializer_list<proto::Expression> arguments) {
  proto::Expression out;
  CallProto& function = *out.mutable_unresolved_function();
  function.set_function_name(name);
  for (const proto::Expression& argument : arguments) *function.add_arguments() = argument;
  return out;
}

/// IS [NOT] DISTINCT FROM in the plan language's own functions.
proto::Expression Comparison(const plan::IsDistinctFrom& comparison) {
  const proto::Expression same = CallExpression("<=>", {comparison.left(), comparison.right()});
  return comparison.negated() ? same : CallExpression("not", {same});
}

/// [NOT] [I]LIKE {ANY | ALL} in the plan language's own functions: one comparison for each pattern.
proto::Expression Likes(const plan::CaseInsensitiveLike& like) {
  proto::Expression out;
  for (const proto::Expression& pattern : like.patterns()) {
    proto::Expression one = CallExpression(like.ignore_case() ? "ilike" : "like", {like.value(), pattern});
    if (like.negated()) one = CallExpression("not", {one});
    out = out.expr_type_case() == proto::Expression::EXPR_TYPE_NOT_SET
              ? one
              : CallExpression(like.all() ? "and" : "or", {out, one});
  }
  return out;
}

/// Whether all patterns are texts that are known, for which Spark has a function of its own.
bool OfTexts(const plan::CaseInsensitiveLike& like) {
  return std::ranges::all_of(like.patterns(),
                             [](const proto::Expression& pattern) { return pattern.literal().has_string(); });
}

bool Descends(const proto::Expression::SortOrder& order) {
  return order.direction() == proto::Expression::SortOrder::SORT_DIRECTION_DESCENDING;
}

std::string WithinGroupName(const plan::AggregateCall& call) {
  const std::string& name = call.function().function_name();
  std::string out;
  for (const auto& order : call.within_group()) {
    if (!out.empty()) out += ", ";
    if (name == "listagg" || name == "string_agg") {
      proto::Expression sort;
      *sort.mutable_sort_order() = order;
      out += ExpressionName(sort);
    } else {
      // Spark shows the order of `mode` reversed.
      const bool shown = Descends(order) != (name == "mode");
      out += ExpressionName(order.child()) + (shown ? " DESC" : "");
    }
  }
  return out;
}

std::string AggregateName(const plan::AggregateCall& call) {
  proto::Expression function;
  *function.mutable_unresolved_function() = call.function();
  // Spark's name of the function below the clauses.
  std::string& name = *function.mutable_unresolved_function()->mutable_function_name();
  if (!call.within_group().empty() && name == "string_agg") name = "listagg";
  if (call.ignore_nulls() && name == "last_value") name = "last";
  if (call.ignore_nulls() && name == "first_value") name = "first";
  std::string out = ExpressionName(function);
  if (!call.within_group().empty()) out += fmt::format(" WITHIN GROUP (ORDER BY {})", WithinGroupName(call));
  if (call.has_filter()) out += fmt::format(" FILTER (WHERE {})", ExpressionName(call.filter()));
  if (call.ignore_nulls() && call.function().function_name() == "nth_value") out += " ignore nulls";
  return out;
}

}  // namespace

ExpressionExtension UnpackExtension(const proto::Expression& expression) {
  ExpressionExtension out;
  if (!spark::UnpackExtension(expression.extension(), &out)) {
    throw Error("UNSUPPORTED_FEATURE.EXTENSION",
                fmt::format("The embedded engine does not know the expression extension {}.",
                            expression.extension().type_url()));
  }
  return out;
}

Typed TranslateExtension(const ExpressionExtension& extension, const Scope& scope) {
  switch (extension.kind_case()) {
    case ExpressionExtension::kAggregateCall:
      return TranslateFunction(extension.aggregate_call().function(), scope, ClausesOf(extension.aggregate_call()));
    case ExpressionExtension::kIsDistinctFrom:
      return TranslateExpression(Comparison(extension.is_distinct_from()), scope);
    case ExpressionExtension::kLike: {
      Typed out = TranslateExpression(Likes(extension.like()), scope);
      out.nullable = out.nullable || OfTexts(extension.like());
      return out;
    }
    case ExpressionExtension::kInlineSubquery:
      if (scope.subqueries == nullptr) RefuseFeature("a sub-query in this place");
      return scope.subqueries->Subquery(extension.inline_subquery().subquery(), &extension.inline_subquery().plan(),
                                        scope);
    case ExpressionExtension::kStarExcept:
      throw Error("INVALID_USAGE_OF_STAR_OR_REGEX", "Invalid usage of '*' in an expression.", {{"elem", "'*'"}});
    default:
      break;
  }
  const auto* kind = ExpressionExtension::descriptor()->FindFieldByNumber(static_cast<int>(extension.kind_case()));
  RefuseFeature(fmt::format("the expression kind {}", kind == nullptr ? "unknown" : kind->name()));
}

bool ExtensionHasAggregate(const ExpressionExtension& extension) {
  switch (extension.kind_case()) {
    case ExpressionExtension::kAggregateCall: {
      const CallProto& function = extension.aggregate_call().function();
      if (IsAggregateFunction(function.function_name())) return true;
      return std::ranges::any_of(function.arguments(), HasAggregate);
    }
    case ExpressionExtension::kIsDistinctFrom:
      return HasAggregate(extension.is_distinct_from().left()) || HasAggregate(extension.is_distinct_from().right());
    case ExpressionExtension::kLike:
      return HasAggregate(extension.like().value()) || std::ranges::any_of(extension.like().patterns(), HasAggregate);
    default:
      return false;
  }
}

std::string ExtensionName(const ExpressionExtension& extension) {
  switch (extension.kind_case()) {
    case ExpressionExtension::kAggregateCall:
      return AggregateName(extension.aggregate_call());
    case ExpressionExtension::kIsDistinctFrom:
      return ExpressionName(Comparison(extension.is_distinct_from()));
    case ExpressionExtension::kLike: {
      const auto& like = extension.like();
      if (!OfTexts(like)) return ExpressionName(Likes(like));
      const std::string value = ExpressionName(like.value());
      return fmt::format("{}like{}({})", like.negated() ? "not" : "", like.all() ? "all" : "any",
                         like.ignore_case() ? "lower(" + value + ")" : value);
    }
    default:
      return "*";
  }
}

plan::AggregateCall CallOf(const proto::Expression& expression) {
  plan::AggregateCall out;
  if (expression.has_unresolved_function()) {
    *out.mutable_function() = expression.unresolved_function();
  } else if (expression.has_call_function()) {
    out.mutable_function()->set_function_name(expression.call_function().function_name());
    *out.mutable_function()->mutable_arguments() = expression.call_function().arguments();
  } else if (expression.has_extension() && UnpackExtension(expression).has_aggregate_call()) {
    out = UnpackExtension(expression).aggregate_call();
  } else if (expression.has_common_inline_user_defined_function()) {
    *out.mutable_function()->mutable_arguments() = expression.common_inline_user_defined_function().arguments();
  } else {
    const std::string shown = fmt::format("\"{}\"", ExpressionName(expression));
    throw Error("UNSUPPORTED_EXPR_FOR_WINDOW",
                fmt::format("Expression {} not supported within a window function.", shown), {{"sqlExpr", shown}});
  }
  return out;
}

CallClauses ClausesOf(const plan::AggregateCall& call) {
  CallClauses out;
  if (call.has_filter()) out.filter = &call.filter();
  out.within_group.assign(call.within_group().begin(), call.within_group().end());
  out.ignore_nulls = call.ignore_nulls();
  return out;
}

}  // namespace tinderbox::engine
