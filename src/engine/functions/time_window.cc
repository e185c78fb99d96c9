#include "engine/translate/time_window.h"

#include "engine/functions/function.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "engine/translate/refusals.h"

namespace tinderbox::engine {

namespace {

/// The window that grouping has made a column of.
Typed TimeWindow(const FunctionCall& call) {
  const std::string name = TimeWindowColumn(call.proto());
  if (call.scope().columns != nullptr) {
    for (const OutputColumn& column : *call.scope().columns) {
      if (column.name == name)  // In parentheses, so that it does not pass for the column with its name.
        return {Template("($1)", {Ident(column.id)}), column.type, column.nullable};
    }
  }
  RefuseFeature("`" + call.name() + "` outside of GROUP BY");
}

/// The last instant of a window.
Typed WindowTime(const FunctionCall& call) {
  call.Expect(1, 1);
  const Typed window = call.Argument(0);
  if (window.type.kind() != TypeKind::kStruct || window.type.fields().size() != 2 ||
      !IsDateOrTime(window.type.fields()[1].type)) {
    call.RefuseArgument(0, "STRUCT", window.type);
  }
  const Typed end = ExtractField(window, window.type.fields()[1].name, call.scope());
  const char* make = end.type.kind() == TypeKind::kTimestampNtz ? "make_timestamp" : "make_timestamptz";
  return {Template("$1(epoch_us($2) - 1)", {Token(make), end.sql}), end.type, end.nullable};
}

constexpr SpecialFunction kSpecials[] = {
    {"window", TimeWindow},
    {"session_window", TimeWindow},
    {"window_time", WindowTime},
};

}  // namespace

bool IsTimeWindow(const proto::Expression::UnresolvedFunction& function) {
  return SameName(function.function_name(), "window", false) || IsSessionWindow(function);
}

bool IsSessionWindow(const proto::Expression::UnresolvedFunction& function) {
  return SameName(function.function_name(), "session_window", false);
}

std::string TimeWindowColumn(const proto::Expression::UnresolvedFunction& function) {
  std::string name("\x01", 1);
  name += IsSessionWindow(function) ? "session_window" : "window";
  for (const auto& argument : function.arguments()) name += "\x01" + ExpressionName(argument);
  return name;
}

bool IsTimeWindowColumn(const std::string& column, const std::string& name, bool case_sensitive) {
  if (!column.starts_with('\x01')) return false;
  return SameName(std::string_view(column).substr(1, column.find('\x01', 1) - 1), name, case_sensitive);
}

FunctionGroup TimeWindowFunctions() {
  return {FunctionKind::kScalar, {}, kSpecials};
}

}  // namespace tinderbox::engine
