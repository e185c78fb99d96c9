#include "engine/translate/windows.h"

#include <fmt/format.h>

#include <cctype>
#include <optional>

#include "engine/functions/function.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expression_names.h"
#include "engine/translate/expressions.h"
#include "engine/translate/extensions.h"
#include "engine/translate/order_key.h"
#include "engine/translate/python.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Frame = proto::Expression::Window::WindowFrame;

[[noreturn]] void RefuseFrame(const char* condition, const std::string& shown, const std::string& why,
                              Error::Params params = {}) {
  params["sqlExpr"] = "\"" + shown + "\"";
  throw Error(fmt::format("DATATYPE_MISMATCH.{}", condition),
              fmt::format("Cannot resolve \"{}\" due to data type mismatch: {}", shown, why), std::move(params));
}

/// One end of a frame.
struct Bound {
  enum class Kind { kUnbounded, kCurrentRow, kOffset };
  Kind kind = Kind::kUnbounded;
  bool preceding = false;
  Typed distance;  ///< of kOffset; not negative
};

/// Spark writes what precedes the current row as negative numbers. The bound with its sign taken off.
const proto::Expression* Positive(const proto::Expression& value) {
  if (!value.has_unresolved_function()) return nullptr;
  const auto& function = value.unresolved_function();
  const bool minus = function.function_name() == "negative" || function.function_name() == "-";
  return minus && function.arguments_size() == 1 ? &function.arguments(0) : nullptr;
}

bool NegativeLiteral(const proto::Expression::Literal& literal) {
  using Literal = proto::Expression::Literal;
  switch (literal.literal_type_case()) {
    case Literal::kByte:
      return literal.byte() < 0;
    case Literal::kShort:
      return literal.short_() < 0;
    case Literal::kInteger:
      return literal.integer() < 0;
    case Literal::kLong:
      return literal.long_() < 0;
    case Literal::kFloat:
      return literal.float_() < 0;
    case Literal::kDouble:
      return literal.double_() < 0;
    case Literal::kDecimal:
      return literal.decimal().value().starts_with('-');
    case Literal::kDayTimeInterval:
      return literal.day_time_interval() < 0;
    case Literal::kYearMonthInterval:
      return literal.year_month_interval() < 0;
    default:
      return false;
  }
}

Bound TranslateBound(const Frame::FrameBoundary& boundary, bool lower, const Scope& scope) {
  if (boundary.has_unbounded()) return {Bound::Kind::kUnbounded, lower, {}};
  if (!boundary.has_value()) return {Bound::Kind::kCurrentRow, false, {}};
  const proto::Expression* value = &boundary.value();
  bool preceding = false;
  while (const proto::Expression* inner = Positive(*value)) {
    preceding = !preceding;
    value = inner;
  }
  if (!value->has_literal()) {
    throw Error("_LEGACY_ERROR_TEMP_0064", "Frame bound value must be a literal.",
                {{"msg", "Frame bound value must be a literal."}});
  }
  Typed distance = TranslateExpression(*value, scope);
  if (NegativeLiteral(value->literal())) {
    preceding = !preceding;
    distance.sql = Template("(-$1)", {distance.sql});
  }
  return {Bound::Kind::kOffset, preceding, distance};
}

/// The distance in the unit of the order, or nullopt when the types do not go together.
std::optional<Sql> RangeDistance(const Typed& distance, const DataType& order, const Scope& scope) {
  const TypeKind kind = distance.type.kind();
  const bool days = kind == TypeKind::kDayTimeInterval;
  const bool months = kind == TypeKind::kYearMonthInterval;
  if (order.kind() == TypeKind::kDate && distance.type.IsIntegral()) {
    return Template("to_days(CAST($1 AS INTEGER))", {distance.sql});
  }
  if (IsDateOrTime(order)) {
    if (days) return Call("to_microseconds", {distance.sql});
    if (months) return Call("to_months", {distance.sql});
    return std::nullopt;
  }
  if (order.IsNumeric() && distance.type.IsNumeric()) return Coerce(distance, order, scope).sql;
  if (order == distance.type && IsInterval(order)) return distance.sql;
  return std::nullopt;
}

/// Whether every row's frame is its whole partition.
bool IsWholePartition(const proto::Expression::Window& window) {
  if (!window.has_frame_spec()) return window.order_spec().empty();
  return window.frame_spec().lower().has_unbounded() && window.frame_spec().upper().has_unbounded();
}

/// The frame clause. `order` is the type of the window's only order, when it has just one.
Sql TranslateFrame(const proto::Expression::Window& window, const std::optional<DataType>& order, const Scope& scope) {
  const Frame& frame = window.frame_spec();
  const bool rows = frame.frame_type() == Frame::FRAME_TYPE_ROW;
  if (!rows && frame.frame_type() != Frame::FRAME_TYPE_RANGE)
    RefuseFeature("a window frame neither of rows nor a range");
  const std::string shown = FrameName(frame);
  if (!rows && window.order_spec().empty() && !IsWholePartition(window)) {
    RefuseFrame("RANGE_FRAME_WITHOUT_ORDER", "(" + WindowClauses(window) + ")",
                "A range window frame cannot be used in an unordered window specification.");
  }
  const Bound bounds[] = {TranslateBound(frame.lower(), true, scope), TranslateBound(frame.upper(), false, scope)};
  Sql texts[2];
  for (const bool upper : {false, true}) {
    const Bound& bound = bounds[upper ? 1 : 0];
    Sql& text = texts[upper ? 1 : 0];
    if (bound.kind != Bound::Kind::kOffset) {
      text = bound.kind == Bound::Kind::kCurrentRow ? Token("CURRENT ROW")
             : upper                                ? Token("UNBOUNDED FOLLOWING")
                                                    : Token("UNBOUNDED PRECEDING");
      continue;
    }
    Sql distance = bound.distance.sql;
    if (rows && !bound.distance.type.IsIntegral()) {
      RefuseFrame("SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE", shown,
                  fmt::format("The data type of the {} bound \"{}\" does not match the expected data type \"INT\".",
                              upper ? "upper" : "lower", bound.distance.type.Sql()),
                  {{"location", upper ? "upper" : "lower"},
                   {"exprType", "\"" + bound.distance.type.Sql() + "\""},
                   {"expectedType", "\"INT\""}});
    }
    if (!rows) {
      const std::string specification = "(" + WindowClauses(window) + ")";
      if (!order) {
        RefuseFrame("RANGE_FRAME_MULTI_ORDER", specification,
                    "A range window frame with value boundaries cannot be used in a window specification with multiple "
                    "order by expressions.");
      }
      const auto converted = RangeDistance(bound.distance, *order, scope);
      if (!converted) {
        RefuseFrame("RANGE_FRAME_INVALID_TYPE", specification,
                    fmt::format("The data type \"{}\" used in the order specification does not support the data type "
                                "\"{}\" which is used in the range frame.",
                                order->Sql(), bound.distance.type.Sql()),
                    {{"orderSpecType", "\"" + order->Sql() + "\""},
                     {"valueBoundaryType", "\"" + bound.distance.type.Sql() + "\""}});
      }
      distance = *converted;
    }
    text = bound.preceding ? Template("$1 PRECEDING", {distance}) : Template("$1 FOLLOWING", {distance});
  }
  const auto rank = [](const Bound& bound) {
    return bound.kind == Bound::Kind::kCurrentRow ? 0 : bound.preceding ? -1 : 1;
  };
  if (bounds[0].kind != Bound::Kind::kUnbounded && bounds[1].kind != Bound::Kind::kUnbounded &&
      rank(bounds[0]) > rank(bounds[1])) {
    RefuseFrame("SPECIFIED_WINDOW_FRAME_WRONG_COMPARISON", shown,
                "The lower bound of a window frame must be less than or equal to the upper bound.",
                {{"comparison", "less than or equal"}});
  }
  return Template("$1 BETWEEN $2 AND $3", {rows ? Token("ROWS") : Token("RANGE"), texts[0], texts[1]});
}

void RequireOrder(const proto::Expression& expression, const DataType& type) {
  if (HasOrder(type)) return;
  const std::string shown = fmt::format("\"{}\"", ExpressionName(expression));
  throw Error(
      "EXPRESSION_TYPE_IS_NOT_ORDERABLE",
      fmt::format("Column expression {} cannot be sorted because its type \"{}\" is not orderable.", shown, type.Sql()),
      {{"expr", shown}, {"exprType", "\"" + type.Sql() + "\""}});
}

/// Functions of a window's order alone, whose frame Spark fixes.
bool HasOwnFrame(const std::string& name) {
  return IsWindowFunction(name) && name != "nth_value";
}

/// A frame as Spark's own trees show it.
std::string FrameTree(const Frame& frame) {
  const auto bound = [](const Frame::FrameBoundary& boundary, bool lower) -> std::string {
    if (boundary.has_unbounded()) return lower ? "unboundedpreceding$()" : "unboundedfollowing$()";
    if (!boundary.has_value()) return "currentrow$()";
    const proto::Expression* value = Positive(boundary.value());
    return value == nullptr ? ExpressionName(boundary.value()) : "-" + ExpressionName(*value);
  };
  return fmt::format("specifiedwindowframe({}, {}, {})",
                     frame.frame_type() == Frame::FRAME_TYPE_ROW ? "RowFrame" : "RangeFrame",
                     bound(frame.lower(), true), bound(frame.upper(), false));
}

/// A frame of whole partitions that DuckDB does not see through. Where it does, it tells an aggregate of its C
/// interface of one state and of many rows, and memory behind that state is read as further ones
/// (WindowConstantAggregator, DuckDB 1.5).
constexpr const char* kWholeByOffset = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1000000000000000 FOLLOWING";

/// Whether the SQL may call an aggregate of ours.
bool CallsNative(const Sql& sql) {
  return sql.text().find("spark_") != std::string::npos;
}

void ExpectOwnFrame(const std::string& name, const Frame& frame) {
  if (name == "lag" || name == "lead") {
    throw Error("_LEGACY_ERROR_TEMP_1035", fmt::format("Cannot specify window frame for {} function.", name),
                {{"prettyName", name}});
  }
  const bool range = name == "cume_dist";
  const bool same = frame.frame_type() == (range ? Frame::FRAME_TYPE_RANGE : Frame::FRAME_TYPE_ROW) &&
                    frame.lower().has_unbounded() && frame.upper().has_current_row();
  if (same) return;
  const std::string given = FrameTree(frame);
  const std::string required =
      fmt::format("specifiedwindowframe({}, unboundedpreceding$(), currentrow$())", range ? "RangeFrame" : "RowFrame");
  throw Error("_LEGACY_ERROR_TEMP_1036",
              fmt::format("Window Frame {} must match the required frame {}.", given, required),
              {{"wf", given}, {"required", required}});
}

}  // namespace

Sql TranslateSortOrder(const proto::Expression::SortOrder& order, const Scope& scope) {
  using Order = proto::Expression::SortOrder;
  const Typed child = TranslateExpression(order.child(), scope);
  if (!HasOrder(child.type)) {
    const std::string shown = fmt::format("{} {} NULLS {}", ExpressionName(order.child()), "ASC", "FIRST");
    CheckAt(order.child().common().origin(), [&] {
      throw Error(
          "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
          fmt::format("Cannot resolve \"{}\" due to data type mismatch: The `sortorder` does not support ordering on "
                      "type \"{}\".",
                      shown, child.type.Sql()),
          {{"functionName", "`sortorder`"},
           {"dataType", "\"" + child.type.Sql() + "\""},
           {"sqlExpr", "\"" + shown + "\""}});
    });
  }
  const bool descending = order.direction() == Order::SORT_DIRECTION_DESCENDING;
  const bool nulls_first = order.null_ordering() == Order::SORT_NULLS_FIRST ||
                           (order.null_ordering() == Order::SORT_NULLS_UNSPECIFIED && !descending);
  return Concat({OrderKey(child), descending ? Token(" DESC") : Token(" ASC"),
                 nulls_first ? Token(" NULLS FIRST") : Token(" NULLS LAST")});
}

Typed TranslateWindow(const proto::Expression::Window& window, const Scope& scope) {
  std::vector<Sql> clauses;
  std::vector<Sql> partitions;
  for (const auto& partition : window.partition_spec()) {
    const Typed key = TranslateExpression(partition, scope);
    RequireOrder(partition, key.type);
    partitions.push_back(key.sql);
  }
  if (!partitions.empty()) clauses.push_back(Concat({Token("PARTITION BY "), Join(partitions, ", ")}));
  std::vector<Sql> orders;
  std::optional<DataType> order_type;
  for (const auto& order : window.order_spec()) {
    orders.push_back(TranslateSortOrder(order, scope));
    order_type = TranslateExpression(order.child(), scope).type;
  }
  if (orders.size() != 1) order_type.reset();
  if (!orders.empty()) clauses.push_back(Concat({Token("ORDER BY "), Join(orders, ", ")}));
  const plan::AggregateCall call = CallOf(window.window_function());
  const std::string& name = call.function().function_name();
  if (call.function().is_distinct()) {
    proto::Expression whole;
    *whole.mutable_window() = window;
    const std::string shown = fmt::format("\"{}\"", ExpressionName(whole));
    throw Error("DISTINCT_WINDOW_FUNCTION_UNSUPPORTED",
                fmt::format("Distinct window functions are not supported: {}.", shown), {{"windowExpr", shown}});
  }
  if (IsWindowFunction(name) && orders.empty()) {
    std::string shown = ExpressionName(window.window_function());
    if (name == "rank" || name == "dense_rank" || name == "percent_rank") {
      for (char& c : shown) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    throw Error("WINDOW_FUNCTION_FRAME_NOT_ORDERED",
                fmt::format("Window function {} requires the window to be ordered. You need to add an ORDER BY clause. "
                            "For example: SELECT {} OVER (PARTITION BY window_partition ORDER BY window_ordering) FROM "
                            "table.",
                            name, shown),
                {{"wf_expr", shown}, {"wf_name", name}});
  }
  if ((name == "median" || name.starts_with("percentile_") || name == "listagg" || name == "string_agg" ||
       (name == "mode" && !call.within_group().empty())) &&
      name != "percentile_approx" && (!orders.empty() || window.has_frame_spec())) {
    const std::string shown = fmt::format("\"{}\"", ExpressionName(window.window_function()));
    throw Error("INVALID_WINDOW_SPEC_FOR_AGGREGATION_FUNC",
                fmt::format("Cannot specify ORDER BY or a window frame for {}.", shown), {{"aggFunc", shown}});
  }
  if (window.has_frame_spec()) {
    if (HasOwnFrame(name)) {
      ExpectOwnFrame(name, window.frame_spec());
    } else {
      clauses.push_back(TranslateFrame(window, order_type, scope));
    }
  }
  const bool whole = IsWholePartition(window);
  CallClauses behind = ClausesOf(call);
  behind.over = Concat({Token(" OVER ("), Join(clauses, " "), Token(")")});
  if (window.window_function().has_common_inline_user_defined_function()) {
    if (whole) {
      // Each row would have a copy of its whole partition.
      RefuseFeature(
          "a Python aggregate over the whole partition of a window; aggregate by groups, and join the result");
    }
    return TranslatePython(window.window_function().common_inline_user_defined_function(), scope, behind.over);
  }
  Typed out = TranslateFunction(call.function(), scope, behind);
  if (!whole || !CallsNative(out.sql)) return out;
  if (window.has_frame_spec()) clauses.pop_back();
  clauses.push_back(Token(kWholeByOffset));
  behind.over = Concat({Token(" OVER ("), Join(clauses, " "), Token(")")});
  return TranslateFunction(call.function(), scope, behind);
}

}  // namespace tinderbox::engine
