#include <fmt/format.h>

#include <array>
#include <cctype>
#include <chrono>
#include <string>

#include "engine/translate/expression_names.h"
#include "engine/translate/expressions.h"
#include "engine/translate/extensions.h"
#include "engine/translate/literals.h"
#include "engine/translate/names.h"
#include "spark/proto.h"
#include "spark/proto_types.h"
#include "sql/parser.h"

namespace tinderbox::engine {

namespace {

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string DateText(int64_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::string TimestampText(int64_t micros) {
  int64_t seconds = micros / 1000000;
  int64_t fraction = micros % 1000000;
  if (fraction < 0) {
    fraction += 1000000;
    --seconds;
  }
  int64_t days = seconds / 86400;
  int64_t rest = seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  std::string out = fmt::format("{} {:02}:{:02}:{:02}", DateText(days), rest / 3600, rest / 60 % 60, rest % 60);
  if (fraction != 0) {
    out += fmt::format(".{:06}", fraction);
    while (out.back() == '0') out.pop_back();
  }
  return out;
}

std::string JavaNumber(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string LiteralName(const proto::Expression::Literal& literal) {
  using Literal = proto::Expression::Literal;
  switch (literal.literal_type_case()) {
    case Literal::kNull:
      return "NULL";
    case Literal::kBoolean:
      return literal.boolean() ? "true" : "false";
    case Literal::kByte:
      return std::to_string(literal.byte());
    case Literal::kShort:
      return std::to_string(literal.short_());
    case Literal::kInteger:
      return std::to_string(literal.integer());
    case Literal::kLong:
      return std::to_string(literal.long_());
    case Literal::kFloat:
      return JavaNumber(literal.float_());
    case Literal::kDouble:
      return JavaNumber(literal.double_());
    case Literal::kDecimal:
      return literal.decimal().value();
    case Literal::kString:
      return literal.string();
    case Literal::kDate:
      return fmt::format("DATE '{}'", DateText(literal.date()));
    case Literal::kTimestamp:
      return fmt::format("TIMESTAMP '{}'", TimestampText(literal.timestamp()));
    case Literal::kTimestampNtz:
      return fmt::format("TIMESTAMP_NTZ '{}'", TimestampText(literal.timestamp_ntz()));
    case Literal::kBinary: {
      std::string out = "X'";
      for (unsigned char c : literal.binary()) out += fmt::format("{:02X}", c);
      return out + "'";
    }
    default:
      return "literal";
  }
}

std::string ListOf(const google::protobuf::RepeatedPtrField<proto::Expression>& expressions) {
  std::string out;
  for (const auto& expression : expressions) out += (out.empty() ? "" : ", ") + ExpressionName(expression);
  return out;
}

std::string FunctionName(const proto::Expression::UnresolvedFunction& function) {
  const std::string name = Lower(function.function_name());
  const auto& arguments = function.arguments();
  const auto argument = [&](int i) { return ExpressionName(arguments.Get(i)); };
  static constexpr std::array kBinary = {"+",   "-", "*", "/", "%",  "div", "=",   "<",   "<=", ">", ">=",
                                         "<=>", "&", "|", "^", "<<", ">>",  ">>>", "and", "or", "||"};
  const std::string shown = name == "==" ? "=" : name;
  if (arguments.size() == 2) {
    if (shown == "||") return fmt::format("concat({}, {})", argument(0), argument(1));
    for (const char* symbol : kBinary) {
      if (shown == symbol) {
        const std::string text = shown == "and" ? "AND" : shown == "or" ? "OR" : shown;
        return fmt::format("({} {} {})", argument(0), text, argument(1));
      }
    }
    if (name == "!=" || name == "<>") return fmt::format("(NOT ({} = {}))", argument(0), argument(1));
    if (name == "like" || name == "ilike")
      return fmt::format("{} {} {}", argument(0), name == "like" ? "LIKE" : "ILIKE", argument(1));
    if (name == "rlike") return fmt::format("RLIKE({}, {})", argument(0), argument(1));
  }
  if (arguments.size() == 1) {
    if (name == "negative" || name == "-")
      return fmt::format("{}{}", name == "-" ? "(- " : "negative(", argument(0) + ")");
    if (name == "not" || name == "!") return fmt::format("(NOT {})", argument(0));
    if (name == "isnull") return fmt::format("({} IS NULL)", argument(0));
    if (name == "isnotnull") return fmt::format("({} IS NOT NULL)", argument(0));
    if (name == "~") return fmt::format("~{}", argument(0));
    if (name == "count" && (arguments.Get(0).has_unresolved_star()))
      return function.is_distinct() ? "count(DISTINCT *)" : "count(1)";
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
  return fmt::format("{}({}{})", shown, function.is_distinct() ? "DISTINCT " : "", ListOf(arguments));
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
  const std::string name = Lower(function.function_name());
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
      return LiteralName(expression.literal());
    case proto::Expression::kUnresolvedAttribute:
      return ParseAttributeName(expression.unresolved_attribute().unparsed_identifier()).back();
    case proto::Expression::kUnresolvedFunction:
      return FunctionName(expression.unresolved_function());
    case proto::Expression::kCallFunction:
      return fmt::format("{}({})", Lower(expression.call_function().function_name()),
                         ListOf(expression.call_function().arguments()));
    case proto::Expression::kExpressionString:
      return ExpressionName(sql::ParseExpression(expression.expression_string().expression()));
    case proto::Expression::kAlias:
      return expression.alias().name_size() == 1 ? expression.alias().name(0)
                                                 : ExpressionName(expression.alias().expr());
    case proto::Expression::kCast: {
      const auto& cast = expression.cast();
      const DataType type = cast.has_type_str() ? DataType::FromDdl(cast.type_str()) : spark::FromProto(cast.type());
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
      const bool field = extract.extraction().has_literal() && extract.extraction().literal().has_string();
      return field ? fmt::format("{}.{}", child, key) : fmt::format("{}[{}]", child, key);
    }
    case proto::Expression::kExtension:
      return ExtensionName(UnpackExtension(expression));
    case proto::Expression::kUnresolvedStar:
      return "*";
    case proto::Expression::kUnresolvedNamedLambdaVariable: {
      std::string out;
      for (const std::string& part : expression.unresolved_named_lambda_variable().name_parts()) {
        out += (out.empty() ? "" : ".") + part;
      }
      return "namedlambdavariable(" + out + ")";
    }
    case proto::Expression::kLambdaFunction: {
      std::string parameters;
      for (const auto& variable : expression.lambda_function().arguments()) {
        parameters += ", namedlambdavariable(" + (variable.name_parts().empty() ? "" : variable.name_parts(0)) + ")";
      }
      return fmt::format("lambdafunction({}{})", ExpressionName(expression.lambda_function().function()), parameters);
    }
    case proto::Expression::kUpdateFields:
      return fmt::format("update_fields({})", ExpressionName(expression.update_fields().struct_expression()));
    default:
      return "expression";
  }
}

}  // namespace tinderbox::engine
