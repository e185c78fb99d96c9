#include "engine/translate/expressions.h"

#include <fmt/format.h>

#include <span>

#include <algorithm>
#include <optional>
#include <typeinfo>

#include "base/ascii.h"
#include "engine/functions/function.h"
#include "engine/places.h"
#include "engine/translate/extensions.h"
#include "engine/translate/literals.h"
#include "engine/translate/names.h"
#include "engine/translate/python.h"
#include "engine/translate/refusals.h"
#include "engine/translate/windows.h"
#include "spark/proto_expressions.h"
#include "spark/proto_types.h"
#include "spark/sql_context.h"
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
  const Typed value = TranslateExpression(cast.expr(), scope);
  try {
    if (cast.eval_mode() != Cast::EVAL_MODE_LEGACY && cast.eval_mode() != Cast::EVAL_MODE_ANSI) {
      return TranslateCast(value, to, scope, cast.eval_mode() == Cast::EVAL_MODE_TRY);
    }
    Scope asked = scope;
    asked.ansi = cast.eval_mode() == Cast::EVAL_MODE_ANSI;
    return TranslateCast(value, to, asked, false);
  } catch (const Error& error) {
    if (!error.condition().starts_with("DATATYPE_MISMATCH.CAST_WITH")) throw;
    Error::Params params = error.params();
    proto::Expression expression;
    *expression.mutable_cast() = cast;
    // Spark leaves casts to nested types out of what it shows.
    params["sqlExpr"] = fmt::format("\"{}\"", ExpressionName(to.IsNested() ? cast.expr() : expression));
    params["srcType"] = fmt::format("\"{}\"", value.type.Sql());
    params["targetType"] = fmt::format("\"{}\"", to.Sql());
    throw Error(error.condition(),
                fmt::format("Cannot resolve {} due to data type mismatch: {}", params["sqlExpr"], error.what()),
                params);
  }
}

Typed TranslateExtract(const proto::Expression::UnresolvedExtractValue& extract, const Scope& scope) {
  const Typed child = TranslateExpression(extract.child(), scope);
  const proto::Expression& key = extract.extraction();
  const bool is_name = key.has_literal() && key.literal().has_string();
  if (is_name && child.type.kind() != TypeKind::kMap) return ExtractField(child, key.literal().string(), scope);
  Typed item = ExtractItem(child, TranslateExpression(key, scope), scope);
  // array(a, b)[0] is as nullable as a.
  const auto& made = extract.child().unresolved_function();
  if (made.function_name() == "array" && key.has_literal() && key.literal().has_integer() &&
      key.literal().integer() >= 0 && key.literal().integer() < made.arguments_size()) {
    item.nullable = TranslateExpression(made.arguments(key.literal().integer()), scope).nullable;
  }
  return item;
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

/// The struct with the field at the end of `path` set to `value`, or dropped when there is none.
Typed UpdateField(const Typed& base, std::span<const std::string> path, const Typed* value, const Scope& scope) {
  if (base.type.kind() != TypeKind::kStruct) RefuseArgument("update_fields", 1, "STRUCT", base.type);
  const Sql name = Ident("let value");  // free in no expression of the user
  const Typed bound{name, base.type, false};
  std::vector<Sql> parts;
  std::vector<StructField> fields;
  bool found = false;
  const auto add = [&](const std::string& field, const Typed& content) {
    parts.push_back(Template("$1 := $2", {Ident(field), content.sql}));
    fields.push_back({field, content.type, content.nullable});
  };
  for (const StructField& field : base.type.fields()) {
    const Typed content = ExtractField(bound, field.name, scope);
    const bool matches = SameName(field.name, path[0], scope.case_sensitive);
    found |= matches;
    if (!matches) {
      add(field.name, content);
    } else if (path.size() > 1) {
      add(path[0], UpdateField(content, path.subspan(1), value, scope));
    } else if (value != nullptr) {
      add(path[0], *value);
    }
  }
  if (!found && path.size() > 1) ExtractField(bound, path[0], scope);  // refuses it
  if (!found && path.size() == 1 && value != nullptr) add(path[0], *value);
  if (fields.empty()) {
    throw Error("DATATYPE_MISMATCH.CANNOT_DROP_ALL_FIELDS",
                "Cannot resolve \"update_fields\" due to data type mismatch: Cannot drop all fields in struct.",
                {{"sqlExpr", "\"update_fields\""}});
  }
  return {Template("list_extract(list_transform(list_value($1), lambda $2: CASE WHEN $2 IS NOT NULL THEN $3 END), 1)",
                   {base.sql, name, Call("struct_pack", parts)}),
          DataType::Struct(fields), base.nullable};
}

/// withField and dropFields of a struct column.
Typed TranslateUpdate(const proto::Expression::UpdateFields& update, const Scope& scope) {
  const Typed base = TranslateExpression(update.struct_expression(), scope);
  const std::vector<std::string> path = ParseAttributeName(update.field_name());
  if (!update.has_value_expression()) return UpdateField(base, path, nullptr, scope);
  const Typed value = TranslateExpression(update.value_expression(), scope);
  return UpdateField(base, path, &value, scope);
}

}  // namespace

namespace {

/// An aggregate's arguments see the rows of the group, not its keys.
bool IsAggregateCall(const proto::Expression& expression) {
  if (expression.has_unresolved_function())
    return IsAggregateFunction(expression.unresolved_function().function_name());
  if (expression.has_call_function()) return IsAggregateFunction(expression.call_function().function_name());
  if (expression.has_common_inline_user_defined_function()) {
    return IsPythonAggregate(expression.common_inline_user_defined_function());
  }
  return expression.has_extension() && UnpackExtension(expression).has_aggregate_call();
}

/// grouping(key) and grouping_id(): which keys a row of grouping sets leaves out.
std::optional<Typed> TranslateGrouping(const proto::Expression& expression, const Scope& scope) {
  if (!expression.has_unresolved_function() && !expression.has_call_function()) return std::nullopt;
  const bool call = expression.has_call_function();
  const std::string name = base::LowerCase(call ? expression.call_function().function_name()
                                                : expression.unresolved_function().function_name());
  const auto& arguments = call ? expression.call_function().arguments() : expression.unresolved_function().arguments();
  const bool one = name == "grouping";
  if (!one && name != "grouping_id") return std::nullopt;
  if (scope.grouping == nullptr || !scope.grouping->sets) {
    throw Error("UNSUPPORTED_GROUPING_EXPRESSION",
                "grouping()/grouping_id() can only be used with GroupingSets/Cube/Rollup.");
  }
  Scope plain = scope;
  plain.grouping = nullptr;
  std::vector<Sql> keys;
  for (const auto& argument : arguments) {
    keys.push_back(TranslateExpression(argument, plain).sql);
    const bool known =
        std::ranges::any_of(scope.grouping->keys, [&](const Typed& key) { return IsSame(key.sql, keys.back()); });
    if (known) continue;
    const std::string shown = ExpressionName(argument);
    std::string all;
    throw Error(one ? "GROUPING_COLUMN_MISMATCH" : "GROUPING_ID_COLUMN_MISMATCH",
                fmt::format("Column of grouping ({}) can't be found in grouping columns.", shown),
                {{"grouping", shown}, {"groupingColumns", all}});
  }
  if (keys.empty()) {
    for (const Typed& key : scope.grouping->keys) keys.push_back(key.sql);
  }
  const DataType type(one ? TypeKind::kByte : TypeKind::kLong);
  return Typed{CastTo(Call("grouping", keys), type), type, false};
}

/// The key of the GROUP BY around, when the expression is one.
std::optional<Typed> FindKey(const proto::Expression& expression, const Scope& scope) {
  if (scope.grouping->keys.empty() || expression.has_alias()) return std::nullopt;
  Scope plain = scope;
  plain.grouping = nullptr;
  try {
    const Typed value = TranslateExpression(expression, plain);
    for (const Typed& key : scope.grouping->keys) {
      if (IsSame(key.sql, value.sql)) return key;
    }
  } catch (const Error&) {
    // What does not stand on its own is no key; translating its parts says what is wrong.
  }
  return std::nullopt;
}

}  // namespace

namespace {

/// The conditions of which Spark never gives a place, or not that of an expression.
constexpr std::string_view kUnplaced[] = {
    "AMBIGUOUS_LATERAL_COLUMN_ALIAS",
    "COLLATION_INVALID_NAME",
    "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
    "GROUPING_COLUMN_MISMATCH",
    "MISSING_AGGREGATION",
    "MISSING_WINDOW_SPECIFICATION",
    "PATH_NOT_FOUND",
    "REQUIRES_SINGLE_PART_NAMESPACE",
    "UNPIVOT_VALUE_DATA_TYPE_MISMATCH",
    "UNRESOLVED_USING_COLUMN_FOR_JOIN",
    "UNSUPPORTED_FEATURE.TIME_TRAVEL",
    "UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS",
    "WINDOW_FUNCTION_FRAME_NOT_ORDERED",
    "WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE",
    "_LEGACY_ERROR_TEMP_1006",
    "_LEGACY_ERROR_TEMP_1031",
    "_LEGACY_ERROR_TEMP_1036",
    "_LEGACY_ERROR_TEMP_1228",
};
static_assert(std::ranges::is_sorted(kUnplaced));

}  // namespace

/// Whether Spark gives the place of the whole query.
static bool IsOfRelation(const Error& error) {
  return error.condition() == "MISSING_GROUP_BY" || error.condition() == "WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE";
}

void ThrowPlaced(const Error& error, const proto::Origin& origin) {
  if ((!origin.has_python_origin() && !origin.has_jvm_origin()) || typeid(error) != typeid(Error)) throw;
  if (std::ranges::binary_search(kUnplaced, error.condition())) throw;
  if (error.contexts().empty()) throw Error(error.condition(), error.what(), error.params(), {ContextOf(origin)});
  const QueryContext& first = error.contexts().front();
  const bool lacks_text = first.kind == QueryContext::Kind::kSql && first.start_index >= 0 && first.summary.empty();
  if (!lacks_text || !origin.jvm_origin().has_sql_text()) throw;
  throw Error(error.condition(), error.what(), error.params(),
              {spark::MakeSqlContext(origin.jvm_origin().sql_text(), first.start_index, first.stop_index,
                                     origin.jvm_origin().object_type(), origin.jvm_origin().object_name())});
}

static Typed TranslateKind(const proto::Expression& expression, const Scope& scope);

Typed TranslateExpression(const proto::Expression& expression, const Scope& scope) {
  const DepthGuard guard;
  const AtPlace place(expression.common().origin());
  try {
    if (scope.grouping != nullptr && !expression.has_literal()) {
      if (IsAggregateCall(expression)) {
        Scope rows = scope;
        rows.grouping = nullptr;
        return TranslateKind(expression, rows);
      }
      if (auto grouping = TranslateGrouping(expression, scope)) return *grouping;
      if (auto key = FindKey(expression, scope)) return *key;
    }
    return TranslateKind(expression, scope);
  } catch (const Error& error) {
    if (IsOfRelation(error)) throw;
    ThrowPlaced(error, expression.common().origin());
  }
}

static Typed TranslateKind(const proto::Expression& expression, const Scope& scope) {
  switch (expression.expr_type_case()) {
    case proto::Expression::kLiteral:
      return TranslateLiteral(expression.literal());
    case proto::Expression::kUnresolvedAttribute: {
      const auto& attribute = expression.unresolved_attribute();
      if (attribute.is_metadata_column()) RefuseFeature("metadata columns");
      return ResolveAttribute(attribute.unparsed_identifier(), attribute.has_plan_id() ? attribute.plan_id() : -1,
                              scope);
    }
    case proto::Expression::kSubqueryExpression:
      if (scope.subqueries == nullptr) RefuseFeature("a sub-query in this place");
      return scope.subqueries->Subquery(expression.subquery_expression(), nullptr, scope);
    case proto::Expression::kUnresolvedFunction:
      if (HasGenerator(expression)) RefuseGenerator(expression);
      return TranslateFunction(expression.unresolved_function(), scope);
    case proto::Expression::kCallFunction: {
      proto::Expression::UnresolvedFunction call;
      call.set_function_name(expression.call_function().function_name());
      *call.mutable_arguments() = expression.call_function().arguments();
      return TranslateFunction(call, scope);
    }
    case proto::Expression::kExpressionString:
      return TranslateExpression(sql::ParseExpression(expression.expression_string().expression()), scope);
    case proto::Expression::kAlias:
      return TranslateExpression(expression.alias().expr(), scope);
    case proto::Expression::kCast:
      return TranslateExplicitCast(expression.cast(), scope);
    case proto::Expression::kCommonInlineUserDefinedFunction:
      return TranslatePython(expression.common_inline_user_defined_function(), scope);
    case proto::Expression::kWindow:
      return TranslateWindow(expression.window(), scope);
    case proto::Expression::kUnresolvedExtractValue:
      return TranslateExtract(expression.unresolved_extract_value(), scope);
    case proto::Expression::kUnresolvedNamedLambdaVariable:
      return TranslateLambdaVariable(expression.unresolved_named_lambda_variable(), scope);
    case proto::Expression::kUpdateFields:
      return TranslateUpdate(expression.update_fields(), scope);
    case proto::Expression::kExtension:
      return TranslateExtension(UnpackExtension(expression), scope);
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

bool HasWindow(const proto::Expression& expression) {
  std::vector<const proto::Expression*> left{&expression};
  while (!left.empty()) {
    const proto::Expression& next = *left.back();
    left.pop_back();
    if (next.has_window()) return true;
    for (const auto& child : next.unresolved_function().arguments()) left.push_back(&child);
    if (next.has_alias()) left.push_back(&next.alias().expr());
    if (next.has_cast()) left.push_back(&next.cast().expr());
  }
  return false;
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
      case proto::Expression::kCommonInlineUserDefinedFunction:
        if (IsPythonAggregate(next.common_inline_user_defined_function())) return true;
        push(next.common_inline_user_defined_function().arguments());
        break;
      case proto::Expression::kNamedArgumentExpression:
        left.push_back(&next.named_argument_expression().value());
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
        {
          const plan::AggregateCall call = CallOf(next.window().window_function());
          if (std::ranges::any_of(call.function().arguments(), HasAggregate)) return true;
        }
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
      case proto::Expression::kExtension:
        if (ExtensionHasAggregate(UnpackExtension(next))) return true;
        break;
      default:
        break;
    }
  }
  return false;
}

}  // namespace tinderbox::engine
