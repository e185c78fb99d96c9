#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "engine/functions/time_zone.h"
#include "engine/translate/expression_names.h"
#include "engine/translate/expressions.h"
#include "engine/translate/extensions.h"
#include "engine/translate/function_names.h"
#include "engine/translate/literals.h"
#include "engine/translate/names.h"
#include "engine/translate/session_objects.h"
#include "engine/translate/typed_names.h"
#include "spark/proto_expressions.h"
#include "spark/proto_types.h"
#include "spark/text.h"
#include "spark/type_names.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

/// What the names in reach are: the parameters of the lambda functions around, and what there is to resolve others.
struct Naming {
  const Scope* scope = nullptr;
  std::vector<std::string> parameters;
};
thread_local Naming naming;

/// The session's time zone.
std::string Zone() {
  return naming.scope == nullptr ? "UTC" : naming.scope->time_zone;
}

bool IsParameter(const std::string& name) {
  return std::ranges::find(naming.parameters, name) != naming.parameters.end();
}

bool HasQualifiers(const OutputColumn& column, const std::vector<std::string>& parts, size_t count,
                   bool case_sensitive) {
  if (column.qualifiers.size() < count || !SameName(column.name, parts[count], case_sensitive)) return false;
  for (size_t i = 0; i < count; ++i) {
    if (!SameName(column.qualifiers[column.qualifiers.size() - count + i], parts[i], case_sensitive)) return false;
  }
  return true;
}

/// A column inside of an expression: without the name of its table, and with that of the struct it is a field of.
std::string ColumnName(const std::vector<std::string>& parts) {
  for (const Scope* scope = naming.scope; scope != nullptr; scope = scope->outer) {
    for (const auto* columns : {scope->columns, scope->hidden}) {
      if (columns == nullptr) continue;
      for (size_t at = parts.size(); at-- > 0;) {
        for (const OutputColumn& column : *columns) {
          if (HasQualifiers(column, parts, at, scope->case_sensitive)) {
            return fmt::format("{}", fmt::join(parts.begin() + static_cast<std::ptrdiff_t>(at), parts.end(), "."));
          }
        }
      }
    }
    for (const LambdaBinding& alias : scope->aliases) {
      if (parts.size() == 1 && SameName(alias.name, parts[0], scope->case_sensitive)) {
        return fmt::format("lateralAliasReference({})", parts[0]);
      }
    }
  }
  if (naming.scope != nullptr && naming.scope->subqueries != nullptr) {
    if (const auto variable = naming.scope->subqueries->FindVariable(parts)) {
      return fmt::format("variablereference(system.session.{}={})", parts.back(), variable->shown);
    }
  }
  return parts.back();
}

/// Spark names a lambda function's parameters alike, all of them.
std::string VariableName(const std::vector<std::string>& parts) {
  std::string out = "namedlambdavariable()";
  for (size_t i = 1; i < parts.size(); ++i) out += "." + parts[i];
  return out;
}

/// What stands among arguments: there an alias shows.
std::string ArgumentName(const proto::Expression& expression) {
  const bool named = expression.has_alias() && expression.alias().name_size() == 1;
  if (!named) return ExpressionName(expression);
  return fmt::format("{} AS {}", ExpressionName(expression.alias().expr()),
                     spark::QuoteIfNeeded(expression.alias().name(0)));
}

bool IsMap(const proto::Expression& expression) {
  if (naming.scope == nullptr || !naming.parameters.empty()) return false;
  try {
    return TranslateExpression(expression, *naming.scope).type.kind() == TypeKind::kMap;
  } catch (const Error&) {
    return false;  // what cannot be resolved is refused with its own error elsewhere
  }
}

/// Functions whose last argument Spark does not show.
constexpr std::pair<const char*, int> kShown[] = {
    {"any_value", 1},  {"approx_count_distinct", 1},
    {"first", 1},      {"first_value", 1},
    {"lag", 3},        {"last", 1},
    {"last_value", 1}, {"lead", 3},
    {"nth_value", 2},  {"shuffle", 1},
};

std::string ListOf(const google::protobuf::RepeatedPtrField<proto::Expression>& expressions) {
  std::string out;
  for (const auto& expression : expressions) out += (out.empty() ? "" : ", ") + ArgumentName(expression);
  return out;
}

/// A call as name(a, b), with the arguments that Spark shows.
std::string PlainCall(const std::string& name, bool distinct,
                      const google::protobuf::RepeatedPtrField<proto::Expression>& arguments) {
  if (name == "mode" && arguments.size() == 2) {
    const auto& ordered = arguments.Get(1);
    if (ordered.has_literal() && ordered.literal().boolean()) {
      return fmt::format("mode() WITHIN GROUP (ORDER BY {} DESC)", ArgumentName(arguments.Get(0)));
    }
    return fmt::format("mode({})", ArgumentName(arguments.Get(0)));
  }
  int size = arguments.size();
  for (const auto& [function, shown] : kShown) {
    if (name == function) size = std::min(size, shown);
  }
  std::vector<std::string> texts;
  for (int i = 0; i < size; ++i) {
    const auto& argument = arguments.Get(i);
    if (argument.has_unresolved_star() && !argument.unresolved_star().has_unparsed_target() &&
        naming.scope != nullptr && naming.scope->columns != nullptr) {
      for (const OutputColumn& column : *naming.scope->columns) texts.push_back(column.name);
    } else {
      texts.push_back(ArgumentName(argument));
    }
  }
  if (distinct && !texts.empty()) texts[0] = "DISTINCT " + texts[0];
  std::string out = CallText(name, texts).value_or(fmt::format("{}({})", name, fmt::join(texts, ", ")));
  if (name == "nth_value" && arguments.size() == 3 && arguments.Get(2).literal().boolean()) out += " ignore nulls";
  return out;
}

/// withField and dropFields one after another are one update of the struct below them.
std::string UpdateName(const proto::Expression& expression) {
  std::vector<std::string> changes;
  const proto::Expression* base = &expression;
  while (base->has_update_fields()) {
    const auto& update = base->update_fields();
    const std::vector<std::string> path = ParseAttributeName(update.field_name());
    std::string change = update.has_value_expression()
                             ? fmt::format("WithField({})", ExpressionName(update.value_expression()))
                             : "dropfield()";
    const proto::Expression* inner = &update.struct_expression();
    while (inner->has_update_fields()) inner = &inner->update_fields().struct_expression();
    for (size_t depth = path.size(); depth-- > 1;) {
      std::string target = ExpressionName(*inner);
      for (size_t i = 0; i < depth; ++i) target += "." + path[i];
      change = fmt::format("WithField(update_fields({}, {}))", target, change);
    }
    changes.insert(changes.begin(), change);
    base = &update.struct_expression();
  }
  std::string out = "update_fields(" + ExpressionName(*base);
  for (const std::string& change : changes) out += ", " + change;
  return out + ")";
}

std::string LambdaName(const proto::Expression::LambdaFunction& lambda) {
  const size_t outside = naming.parameters.size();
  std::string parameters;
  for (const auto& variable : lambda.arguments()) {
    naming.parameters.push_back(variable.name_parts().empty() ? "" : variable.name_parts(0));
    parameters += ", namedlambdavariable()";
  }
  std::string out = fmt::format("lambdafunction({}{})", ExpressionName(lambda.function()), parameters);
  naming.parameters.resize(outside);
  return out;
}

/// (a, b) in Spark SQL, which has field names as a struct has them.
std::string RowName(const google::protobuf::RepeatedPtrField<proto::Expression>& values) {
  std::string out;
  for (int i = 0; i < values.size(); ++i) {
    const auto& value = values.Get(i);
    std::string field = fmt::format("col{}", i + 1);
    if (value.has_alias()) field = value.alias().name(0);
    if (value.has_unresolved_named_lambda_variable()) {
      field = *value.unresolved_named_lambda_variable().name_parts().rbegin();
    }
    if (value.has_unresolved_attribute()) {
      field = ParseAttributeName(value.unresolved_attribute().unparsed_identifier()).back();
    }
    out += fmt::format("{}{}, {}", i == 0 ? "" : ", ", field, ArgumentName(value));
  }
  return fmt::format("named_struct({})", out);
}

std::string FunctionName(const proto::Expression::UnresolvedFunction& function) {
  const std::string name = base::LowerCase(function.function_name());
  const auto& arguments = function.arguments();
  const auto argument = [&](int i) { return ExpressionName(arguments.Get(i)); };
  static constexpr std::array kBinary = {"+",   "-", "*", "/", "%",  "div", "=",   "<",   "<=", ">", ">=",
                                         "<=>", "&", "|", "^", "<<", ">>",  ">>>", "and", "or", "||"};
  const std::string shown = name == "==" ? "=" : name;
  if (name == "tb_timestamp_literal" && arguments.size() == 1) {
    const auto instant =
        ParseInstant(arguments.Get(0).literal().string(), naming.scope == nullptr ? "UTC" : naming.scope->time_zone);
    return fmt::format("TIMESTAMP '{}'", InstantText(instant.value_or(0), Zone()));
  }
  static constexpr std::array kTyped = {"+",    "-",    "*",           "to_char",  "to_varchar",
                                        "lpad", "rpad", "time_bucket", "from_json"};
  if (naming.scope != nullptr && naming.parameters.empty() && arguments.size() >= 2 &&
      std::ranges::find(kTyped, name) != kTyped.end()) {
    std::vector<std::string> texts;
    for (const auto& one : arguments) texts.push_back(ArgumentName(one));
    if (auto text = TypedCallName(name, function, texts, *naming.scope)) return *text;
  }
  if (name == "struct" && function.is_internal()) return RowName(arguments);
  if (name == "like" && arguments.size() == 3) {
    return fmt::format("{} LIKE {} ESCAPE '{}'", argument(0), argument(1), argument(2));
  }
  if (arguments.size() == 2) {
    if (shown == "||") return fmt::format("concat({}, {})", argument(0), argument(1));
    for (const char* symbol : kBinary) {
      if (shown == symbol) {
        const std::string text = shown == "and" ? "AND" : shown == "or" ? "OR" : shown;
        return fmt::format("({} {} {})", argument(0), text, argument(1));
      }
    }
    if (name == "!=" || name == "<>") return fmt::format("(NOT ({} = {}))", argument(0), argument(1));
    if (name == "like") return fmt::format("{} LIKE {}", argument(0), argument(1));
    if (name == "rlike") return fmt::format("RLIKE({}, {})", argument(0), argument(1));
  }
  if (arguments.size() == 1) {
    if (name == "negative" || name == "-")
      return fmt::format("{}{}", name == "-" ? "(- " : "negative(", argument(0) + ")");
    if (name == "positive" || name == "+") return fmt::format("(+ {})", argument(0));
    if (name == "not" || name == "!") return fmt::format("(NOT {})", argument(0));
    if (name == "isnull") return fmt::format("({} IS NULL)", argument(0));
    if (name == "isnotnull") return fmt::format("({} IS NOT NULL)", argument(0));
    if (name == "~") return fmt::format("~{}", argument(0));
    if (name == "count" && argument(0) == "*") return function.is_distinct() ? "count(DISTINCT *)" : "count(1)";
  }
  if (name == "if" && arguments.size() == 3) {
    return fmt::format("(IF({}, {}, {}))", argument(0), argument(1), argument(2));
  }
  if (name == "when" || name == "case") {
    std::string out = "CASE";
    int i = 0;
    for (; i + 1 < arguments.size(); i += 2) out += fmt::format(" WHEN {} THEN {}", argument(i), argument(i + 1));
    if (i < arguments.size()) out += fmt::format(" ELSE {}", argument(i));
    return out + " END";
  }
  if (name == "in" && arguments.size() > 1) {
    std::string list;
    for (int i = 1; i < arguments.size(); ++i) list += (i == 1 ? "" : ", ") + argument(i);
    return fmt::format("({} IN ({}))", argument(0), list);
  }
  return PlainCall(shown, function.is_distinct(), arguments);
}

std::string OrderName(const proto::Expression::SortOrder& order) {
  using Order = proto::Expression::SortOrder;
  const bool descending = order.direction() == Order::SORT_DIRECTION_DESCENDING;
  const bool first = order.null_ordering() == Order::SORT_NULLS_FIRST ||
                     (order.null_ordering() == Order::SORT_NULLS_UNSPECIFIED && !descending);
  return fmt::format("{} {} NULLS {}", ExpressionName(order.child()), descending ? "DESC" : "ASC",
                     first ? "FIRST" : "LAST");
}

std::string BoundaryName(const proto::Expression::Window::WindowFrame::FrameBoundary& boundary, bool lower) {
  if (boundary.has_unbounded()) return lower ? "UNBOUNDED PRECEDING" : "UNBOUNDED FOLLOWING";
  if (boundary.has_current_row()) return "CURRENT ROW";
  const proto::Expression& value = boundary.value();
  const auto& function = value.unresolved_function();
  const bool minus = function.function_name() == "negative" || function.function_name() == "-";
  if (minus && function.arguments_size() == 1) return ExpressionName(function.arguments(0)) + " PRECEDING";
  return ExpressionName(value) + " FOLLOWING";
}

/// The window function's name and offset, as far as its frame depends on them.
std::string OwnFrameName(const proto::Expression& expression) {
  const auto function = CallOf(expression).function();
  const std::string name = base::LowerCase(function.function_name());
  if (name == "lag" || name == "lead") {
    std::string offset = function.arguments_size() > 1 ? ExpressionName(function.arguments(1)) : "1";
    if (name == "lag") offset = offset.starts_with('-') ? offset.substr(1) : "-" + offset;
    return fmt::format("ROWS BETWEEN {0} FOLLOWING AND {0} FOLLOWING", offset);
  }
  const bool ranks =
      name == "row_number" || name == "rank" || name == "dense_rank" || name == "percent_rank" || name == "ntile";
  return ranks ? "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW" : "";
}

std::string WindowName(const proto::Expression::Window& window) {
  std::string clauses = WindowClauses(window);
  if (!window.has_frame_spec()) {
    // Spark shows the frame it assumes.
    std::string frame = OwnFrameName(window.window_function());
    if (frame.empty()) {
      frame = window.order_spec().empty() ? "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
                                          : "RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW";
    }
    clauses += (clauses.empty() ? "" : " ") + frame;
  }
  std::string function = ExpressionName(window.window_function());
  // The functions of ranks bear names in capitals.
  for (const char* rank : {"rank()", "dense_rank()", "percent_rank()"}) {
    if (function != rank) continue;
    for (char& c : function) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    break;
  }
  return fmt::format("{} OVER ({})", function, clauses);
}

}  // namespace

std::string FrameName(const proto::Expression::Window::WindowFrame& frame) {
  using Frame = proto::Expression::Window::WindowFrame;
  return fmt::format("{} BETWEEN {} AND {}", frame.frame_type() == Frame::FRAME_TYPE_ROW ? "ROWS" : "RANGE",
                     BoundaryName(frame.lower(), true), BoundaryName(frame.upper(), false));
}

std::string WindowClauses(const proto::Expression::Window& window) {
  std::string clauses;
  const auto add = [&](const std::string& clause) { clauses += (clauses.empty() ? "" : " ") + clause; };
  if (!window.partition_spec().empty()) add("PARTITION BY " + ListOf(window.partition_spec()));
  std::string orders;
  for (const auto& order : window.order_spec()) orders += (orders.empty() ? "" : ", ") + OrderName(order);
  if (!orders.empty()) add("ORDER BY " + orders);
  if (window.has_frame_spec()) add(FrameName(window.frame_spec()));
  return clauses;
}

std::string ExpressionName(const proto::Expression& expression) {
  switch (expression.expr_type_case()) {
    case proto::Expression::kLiteral:
      return LiteralName(expression.literal(), Zone());
    case proto::Expression::kUnresolvedAttribute: {
      const auto parts = ParseAttributeName(expression.unresolved_attribute().unparsed_identifier());
      return IsParameter(parts.front()) ? VariableName(parts) : ColumnName(parts);
    }
    case proto::Expression::kUnresolvedFunction:
      return FunctionName(expression.unresolved_function());
    case proto::Expression::kCallFunction:
      return PlainCall(base::LowerCase(expression.call_function().function_name()), false,
                       expression.call_function().arguments());
    case proto::Expression::kCommonInlineUserDefinedFunction: {
      const auto& function = expression.common_inline_user_defined_function();
      return PlainCall(function.function_name(), function.is_distinct(), function.arguments());
    }
    case proto::Expression::kNamedArgumentExpression:
      return fmt::format("{} => {}", expression.named_argument_expression().key(),
                         ExpressionName(expression.named_argument_expression().value()));
    case proto::Expression::kExpressionString:
      return ExpressionName(sql::ParseExpression(expression.expression_string().expression()));
    case proto::Expression::kAlias:
      return expression.alias().name_size() == 1 ? expression.alias().name(0)
                                                 : ExpressionName(expression.alias().expr());
    case proto::Expression::kCast: {
      const auto& cast = expression.cast();
      // What is taken out of a variant bears the name of its field, cast or not.
      if (cast.expr().unresolved_function().function_name() == "tb_variant_field") return ExpressionName(cast.expr());
      const DataType type = cast.has_type_str() ? DataType::FromDdl(cast.type_str()) : spark::FromProto(cast.type());
      if (type.IsNested()) return ExpressionName(cast.expr());  // Spark shows no casts of these
      const bool is_try = cast.eval_mode() == proto::Expression::Cast::EVAL_MODE_TRY;
      return fmt::format("{}({} AS {})", is_try ? "TRY_CAST" : "CAST", ExpressionName(cast.expr()), type.Sql());
    }
    case proto::Expression::kSortOrder:
      return OrderName(expression.sort_order());
    case proto::Expression::kWindow:
      return WindowName(expression.window());
    case proto::Expression::kUnresolvedExtractValue: {
      const auto& extract = expression.unresolved_extract_value();
      const std::string child = ExpressionName(extract.child());
      const std::string key = ExpressionName(extract.extraction());
      const bool field =
          extract.extraction().has_literal() && extract.extraction().literal().has_string() && !IsMap(extract.child());
      return field ? fmt::format("{}.{}", child, key) : fmt::format("{}[{}]", child, key);
    }
    case proto::Expression::kExtension:
      return ExtensionName(UnpackExtension(expression));
    case proto::Expression::kUnresolvedStar:
      return "*";
    case proto::Expression::kUnresolvedNamedLambdaVariable: {
      const auto& parts = expression.unresolved_named_lambda_variable().name_parts();
      return VariableName({parts.begin(), parts.end()});
    }
    case proto::Expression::kLambdaFunction:
      return LambdaName(expression.lambda_function());
    case proto::Expression::kUpdateFields:
      return UpdateName(expression);
    default:
      return "expression";
  }
}

std::string ExpressionName(const proto::Expression& expression, const Scope& scope) {
  if (expression.has_unresolved_attribute()) {
    return ParseAttributeName(expression.unresolved_attribute().unparsed_identifier()).back();
  }
  const Scope* outside = std::exchange(naming.scope, &scope);
  try {
    std::string out = ExpressionName(expression);
    naming.scope = outside;
    return out;
  } catch (...) {
    naming = {outside, {}};
    throw;
  }
}

}  // namespace tinderbox::engine
