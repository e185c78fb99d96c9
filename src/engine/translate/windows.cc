#include "engine/translate/windows.h"

#include <fmt/format.h>

#include "engine/functions/function.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using Frame = proto::Expression::Window::WindowFrame;

[[noreturn]] void RefuseFrame(std::string_view why) {
  throw Error("DATATYPE_MISMATCH.SPECIFIED_WINDOW_FRAME_UNACCEPTED_TYPE",
              fmt::format("The window frame is not valid: {}.", why));
}

/// The literal integer of a boundary; Spark writes rows before the current one as negative numbers.
bool BoundaryOffset(const proto::Expression& expression, int64_t* out) {
  if (expression.has_unresolved_function()) {
    const auto& function = expression.unresolved_function();
    if ((function.function_name() == "negative" || function.function_name() == "-") && function.arguments_size() == 1 &&
        BoundaryOffset(function.arguments(0), out)) {
      *out = -*out;
      return true;
    }
    return false;
  }
  if (!expression.has_literal()) return false;
  const auto& literal = expression.literal();
  if (literal.has_integer()) *out = literal.integer();
  if (literal.has_long_()) *out = literal.long_();
  if (literal.has_short_()) *out = literal.short_();
  if (literal.has_byte()) *out = literal.byte();
  return literal.has_integer() || literal.has_long_() || literal.has_short_() || literal.has_byte();
}

Sql Boundary(const Frame::FrameBoundary& boundary, bool lower, const DataType* range_type) {
  if (boundary.has_unbounded()) return lower ? Token("UNBOUNDED PRECEDING") : Token("UNBOUNDED FOLLOWING");
  if (boundary.has_current_row()) return Token("CURRENT ROW");
  int64_t offset = 0;
  if (!boundary.has_value() || !BoundaryOffset(boundary.value(), &offset)) {
    RefuseFeature("a window frame whose boundary is not a constant whole number");
  }
  if (offset == 0) return Token("CURRENT ROW");
  if (offset == INT64_MIN) RefuseFeature("a window frame boundary beyond the range of bigint");
  Sql distance = IntegerLiteral(offset < 0 ? -offset : offset);
  if (range_type != nullptr) {
    if (range_type->kind() == TypeKind::kDate) {
      distance = Template("to_days(CAST($1 AS INTEGER))", {distance});
    } else if (!range_type->IsNumeric()) {
      RefuseFeature(fmt::format("a RANGE frame with an offset over the type {}", range_type->SimpleString()));
    }
  }
  return offset < 0 ? Template("$1 PRECEDING", {distance}) : Template("$1 FOLLOWING", {distance});
}

/// Functions of a window's order alone, for which SQL engines ignore the frame; Spark fixes it to all rows so far.
bool IgnoresFrame(const proto::Expression& function) {
  return function.has_unresolved_function() && IsWindowFunction(function.unresolved_function().function_name()) &&
         function.unresolved_function().function_name() != "nth_value";
}

}  // namespace

Sql TranslateSortOrder(const proto::Expression::SortOrder& order, const Scope& scope) {
  using Order = proto::Expression::SortOrder;
  const Typed child = TranslateExpression(order.child(), scope);
  if (child.type.kind() == TypeKind::kMap) {
    throw Error("DATATYPE_MISMATCH.INVALID_ORDERING_TYPE", "Cannot sort by a map: maps have no order.",
                {{"dataType", child.type.Sql()}});
  }
  const bool descending = order.direction() == Order::SORT_DIRECTION_DESCENDING;
  const bool nulls_first = order.null_ordering() == Order::SORT_NULLS_FIRST ||
                           (order.null_ordering() == Order::SORT_NULLS_UNSPECIFIED && !descending);
  return Concat({child.sql, descending ? Token(" DESC") : Token(" ASC"),
                 nulls_first ? Token(" NULLS FIRST") : Token(" NULLS LAST")});
}

Typed TranslateWindow(const proto::Expression::Window& window, const Scope& scope) {
  std::vector<Sql> clauses;
  std::vector<Sql> partitions;
  for (const auto& partition : window.partition_spec()) partitions.push_back(TranslateExpression(partition, scope).sql);
  if (!partitions.empty()) clauses.push_back(Concat({Token("PARTITION BY "), Join(partitions, ", ")}));
  std::vector<Sql> orders;
  DataType order_type;
  for (const auto& order : window.order_spec()) {
    orders.push_back(TranslateSortOrder(order, scope));
    order_type = TranslateExpression(order.child(), scope).type;
  }
  if (!orders.empty()) clauses.push_back(Concat({Token("ORDER BY "), Join(orders, ", ")}));
  const proto::Expression& function = window.window_function();
  if (window.has_frame_spec() && !IgnoresFrame(function)) {
    const Frame& frame = window.frame_spec();
    const bool rows = frame.frame_type() == Frame::FRAME_TYPE_ROW;
    if (!rows && frame.frame_type() != Frame::FRAME_TYPE_RANGE) RefuseFrame("its kind is neither ROWS nor RANGE");
    const bool offsets = frame.lower().has_value() || frame.upper().has_value();
    if (!rows && offsets && orders.size() != 1)
      RefuseFrame("a RANGE with an offset needs exactly one ORDER BY expression");
    clauses.push_back(Template("$1 BETWEEN $2 AND $3", {rows ? Token("ROWS") : Token("RANGE"),
                                                        Boundary(frame.lower(), true, rows ? nullptr : &order_type),
                                                        Boundary(frame.upper(), false, rows ? nullptr : &order_type)}));
  }
  if (IgnoresFrame(function) && orders.empty()) {
    throw Error("WINDOW_FUNCTION_WITHOUT_ORDER_BY",
                fmt::format("The window function `{}` needs an ORDER BY in its window.",
                            function.unresolved_function().function_name()));
  }
  const Sql suffix = Concat({Token(" OVER ("), Join(clauses, " "), Token(")")});
  if (function.has_unresolved_function()) return TranslateFunction(function.unresolved_function(), scope, suffix);
  if (function.has_call_function()) {
    proto::Expression::UnresolvedFunction call;
    call.set_function_name(function.call_function().function_name());
    *call.mutable_arguments() = function.call_function().arguments();
    return TranslateFunction(call, scope, suffix);
  }
  throw Error("UNSUPPORTED_EXPR_FOR_WINDOW", "Only a function can have an OVER clause.");
}

}  // namespace tinderbox::engine
