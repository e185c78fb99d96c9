#include "engine/translate/expressions.h"

#include <fmt/format.h>

#include "engine/functions/function.h"
#include "engine/translate/literals.h"
#include "engine/translate/names.h"
#include "engine/translate/refusals.h"
#include "engine/translate/windows.h"
#include "spark/proto.h"
#include "spark/proto_types.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

/// Plans come from outside: deeper ones would overflow the stack.
constexpr int kMaximumDepth = 1000;
thread_local int depth = 0;

struct DepthGuard {
  DepthGuard() {
    if (++depth > kMaximumDepth) {
      --depth;
      throw Error("TINDERBOX_TOO_DEEP",
                  fmt::format("An expression is nested more than {} levels deep. Simplify it.", kMaximumDepth));
    }
  }
  ~DepthGuard() { --depth; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;
};

Typed TranslateExplicitCast(const proto::Expression::Cast& cast, const Scope& scope) {
  using Cast = proto::Expression::Cast;
  const DataType to = cast.has_type_str() ? DataType::FromDdl(cast.type_str()) : spark::FromProto(cast.type());
  if (cast.eval_mode() == Cast::EVAL_MODE_LEGACY) RefuseFeature("casts in LEGACY mode; use ANSI or TRY");
  return TranslateCast(TranslateExpression(cast.expr(), scope), to, scope, cast.eval_mode() == Cast::EVAL_MODE_TRY);
}

Typed TranslateExtract(const proto::Expression::UnresolvedExtractValue& extract, const Scope& scope) {
  const Typed child = TranslateExpression(extract.child(), scope);
  const proto::Expression& key = extract.extraction();
  const bool is_name = key.has_literal() && key.literal().has_string();
  if (is_name && child.type.kind() != TypeKind::kMap) return ExtractField(child, key.literal().string(), scope);
  return ExtractItem(child, TranslateExpression(key, scope), scope);
}

Typed TranslateLambdaVariable(const proto::Expression::UnresolvedNamedLambdaVariable& variable, const Scope& scope) {
  if (variable.name_parts().empty()) RefuseFeature("a lambda variable without a name");
  for (auto it = scope.lambdas.rbegin(); it != scope.lambdas.rend(); ++it) {
    if (!SameName(it->name, variable.name_parts(0), scope.case_sensitive)) continue;
    Typed value = it->value;
    for (int i = 1; i < variable.name_parts_size(); ++i) value = ExtractField(value, variable.name_parts(i), scope);
    return value;
  }
  std::string name;
  for (const std::string& part : variable.name_parts()) {
    name += name.empty() ? "" : ".";
    name += part.find_first_of(".`") == std::string::npos ? part : "`" + part + "`";
  }
  return ResolveAttribute(name, -1, scope);
}

/// withField and dropFields of a struct column.
Typed TranslateUpdate(const proto::Expression::UpdateFields& update, const Scope& scope) {
  const Typed base = TranslateExpression(update.struct_expression(), scope);
  if (base.type.kind() != TypeKind::kStruct) RefuseArgument("update_fields", 1, "STRUCT", base.type);
  const std::vector<std::string> path = ParseAttributeName(update.field_name());
  if (path.size() != 1) RefuseFeature("changing a field inside a nested struct by a dotted name");
  std::vector<Sql> parts;
  std::vector<StructField> fields;
  bool found = false;
  const auto add = [&](const std::string& name, const Typed& value) {
    parts.push_back(Template("$1 := $2", {Ident(name), value.sql}));
    fields.push_back({name, value.type, value.nullable});
  };
  for (const StructField& field : base.type.fields()) {
    const bool matches = SameName(field.name, path[0], scope.case_sensitive);
    if (!matches) {
      add(field.name, ExtractField(base, field.name, scope));
    } else if (update.has_value_expression()) {
      add(path[0], TranslateExpression(update.value_expression(), scope));
    }
    found |= matches;
  }
  if (!found && update.has_value_expression()) add(path[0], TranslateExpression(update.value_expression(), scope));
  if (fields.empty()) {
    throw Error("DATATYPE_MISMATCH.CANNOT_DROP_ALL_FIELDS", "Cannot drop all fields of a struct.");
  }
  const DataType type = DataType::Struct(fields);
  const Sql packed = Call("struct_pack", parts);
  if (!base.nullable) return {packed, type, false};
  return {Template("CASE WHEN $1 IS NULL THEN NULL ELSE $2 END", {base.sql, packed}), type, true};
}

}  // namespace

Typed TranslateExpression(const proto::Expression& expression, const Scope& scope) {
  const DepthGuard guard;
  if (!scope.ansi) RefuseFeature("spark.sql.ansi.enabled = false");
  switch (expression.expr_type_case()) {
    case proto::Expression::kLiteral:
      return TranslateLiteral(expression.literal());
    case proto::Expression::kUnresolvedAttribute: {
      const auto& attribute = expression.unresolved_attribute();
      if (attribute.is_metadata_column()) RefuseFeature("metadata columns");
      return ResolveAttribute(attribute.unparsed_identifier(), attribute.has_plan_id() ? attribute.plan_id() : -1,
                              scope);
    }
    case proto::Expression::kUnresolvedFunction:
      return TranslateFunction(expression.unresolved_function(), scope, Sql());
    case proto::Expression::kCallFunction: {
      proto::Expression::UnresolvedFunction call;
      call.set_function_name(expression.call_function().function_name());
      *call.mutable_arguments() = expression.call_function().arguments();
      return TranslateFunction(call, scope, Sql());
    }
    case proto::Expression::kExpressionString:
      return TranslateExpression(sql::ParseExpression(expression.expression_string().expression()), scope);
    case proto::Expression::kAlias:
      return TranslateExpression(expression.alias().expr(), scope);
    case proto::Expression::kCast:
      return TranslateExplicitCast(expression.cast(), scope);
    case proto::Expression::kWindow:
      return TranslateWindow(expression.window(), scope);
    case proto::Expression::kUnresolvedExtractValue:
      return TranslateExtract(expression.unresolved_extract_value(), scope);
    case proto::Expression::kUnresolvedNamedLambdaVariable:
      return TranslateLambdaVariable(expression.unresolved_named_lambda_variable(), scope);
    case proto::Expression::kUpdateFields:
      return TranslateUpdate(expression.update_fields(), scope);
    case proto::Expression::kSortOrder:
      RefuseFeature("a sort order where a value is expected");
    case proto::Expression::kUnresolvedStar:
      throw Error("INVALID_USAGE_OF_STAR_OR_REGEX", "'*' cannot stand here: it means all columns, not one value.",
                  {{"elem", "'*'"}});
    case proto::Expression::EXPR_TYPE_NOT_SET:
      RefuseFeature("an expression without a kind");
    default:
      break;
  }
  const auto* kind = expression.GetDescriptor()->FindFieldByNumber(static_cast<int>(expression.expr_type_case()));
  RefuseFeature(fmt::format("the expression kind {}", kind == nullptr ? "unknown" : kind->name()));
}

bool HasAggregate(const proto::Expression& expression) {
  // A list of what is left to look at, since chains of operators are as deep as they are long.
  std::vector<const proto::Expression*> left{&expression};
  const auto push = [&](const auto& expressions) {
    for (const auto& child : expressions) left.push_back(&child);
  };
  while (!left.empty()) {
    const proto::Expression& next = *left.back();
    left.pop_back();
    switch (next.expr_type_case()) {
      case proto::Expression::kUnresolvedFunction:
        if (IsAggregateFunction(next.unresolved_function().function_name())) return true;
        push(next.unresolved_function().arguments());
        break;
      case proto::Expression::kCallFunction:
        if (IsAggregateFunction(next.call_function().function_name())) return true;
        push(next.call_function().arguments());
        break;
      case proto::Expression::kExpressionString:
        if (HasAggregate(sql::ParseExpression(next.expression_string().expression()))) return true;
        break;
      case proto::Expression::kAlias:
        left.push_back(&next.alias().expr());
        break;
      case proto::Expression::kCast:
        left.push_back(&next.cast().expr());
        break;
      case proto::Expression::kSortOrder:
        left.push_back(&next.sort_order().child());
        break;
      case proto::Expression::kWindow:
        // The function itself works over the window; its arguments may be aggregates.
        push(next.window().window_function().unresolved_function().arguments());
        push(next.window().partition_spec());
        for (const auto& order : next.window().order_spec()) left.push_back(&order.child());
        break;
      case proto::Expression::kUnresolvedExtractValue:
        left.push_back(&next.unresolved_extract_value().child());
        left.push_back(&next.unresolved_extract_value().extraction());
        break;
      case proto::Expression::kUpdateFields:
        left.push_back(&next.update_fields().struct_expression());
        left.push_back(&next.update_fields().value_expression());
        break;
      case proto::Expression::kLambdaFunction:
        left.push_back(&next.lambda_function().function());
        break;
      default:
        break;
    }
  }
  return false;
}

}  // namespace tinderbox::engine
