#include "engine/translate/typed_names.h"

#include <fmt/format.h>

#include <utility>

#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

using CallProto = proto::Expression::UnresolvedFunction;

/// So many + and - one in another are looked through for dates; chains of numbers may be much longer.
constexpr int kDeepest = 4;

bool IsTime(const DataType& type) {
  return IsDateOrTime(type) || type.kind() == TypeKind::kTime;
}
bool IsAnyInterval(const DataType& type) {
  return IsInterval(type) || type.kind() == TypeKind::kCalendarInterval;
}
bool IsDays(const DataType& type) {
  return type.kind() == TypeKind::kDayTimeInterval && type.end_field() == 0;
}

/// What left + right (or -) is; only dates, times and intervals matter.
DataType SumType(const DataType& left, const DataType& right) {
  if (IsAnyInterval(left) && !IsAnyInterval(right)) return SumType(right, left);
  if (IsAnyInterval(right) && left.kind() == TypeKind::kDate) {
    const bool stays = right.kind() != TypeKind::kDayTimeInterval || IsDays(right);
    return stays ? left : DataType(TypeKind::kTimestamp);
  }
  if (IsAnyInterval(right)) return left;
  if (IsTime(left) && IsTime(right)) return DataType(TypeKind::kDayTimeInterval);
  return right.kind() == TypeKind::kDate ? right : left;
}

bool IsSum(const proto::Expression& expression) {
  const CallProto& call = expression.unresolved_function();
  return call.arguments_size() == 2 && (call.function_name() == "+" || call.function_name() == "-");
}

/// The type of an operand; NULL's when it cannot be known.
DataType TypeOf(const proto::Expression& expression, const Scope& scope, int depth = 0) {
  if (IsSum(expression)) {
    if (depth == kDeepest) return {};
    const CallProto& call = expression.unresolved_function();
    return SumType(TypeOf(call.arguments(0), scope, depth + 1), TypeOf(call.arguments(1), scope, depth + 1));
  }
  try {
    return TranslateExpression(expression, scope).type;
  } catch (const Error&) {
    return {};  // it is refused with its own error elsewhere
  }
}

std::optional<std::string> SumName(bool minus, const DataType& left_type, const DataType& right_type,
                                   const std::vector<std::string>& texts) {
  const bool swapped = !minus && ((IsAnyInterval(left_type) && !IsAnyInterval(right_type)) ||
                                  (left_type.IsNumeric() && right_type.kind() == TypeKind::kDate));
  const DataType& start = swapped ? right_type : left_type;
  const DataType& by = swapped ? left_type : right_type;
  const std::string& a = texts[swapped ? 1 : 0];
  const std::string& b = texts[swapped ? 0 : 1];
  if (start.kind() == TypeKind::kDate && by.IsNumeric())
    return fmt::format("date_{}({}, {})", minus ? "sub" : "add", a, b);
  if (start.kind() == TypeKind::kDate && IsDays(by)) {
    const std::string days = fmt::format("extractansiintervaldays({})", b);
    return fmt::format("date_add({}, {})", a, minus ? "(- " + days + ")" : days);
  }
  const bool clocks = start.kind() == TypeKind::kTime && by.kind() == TypeKind::kTime;
  const bool moved = IsAnyInterval(by) && (IsTime(start) || start.kind() == TypeKind::kString);
  if (moved || clocks) return fmt::format("{} {} {}", a, minus ? "-" : "+", b);
  return std::nullopt;
}

std::optional<std::string> CharName(const std::string& name, const CallProto& call, const DataType& type,
                                    const std::vector<std::string>& texts) {
  if (IsDateOrTime(type)) return fmt::format("date_format({}, {})", texts[0], texts[1]);
  if (type.kind() != TypeKind::kBinary || !call.arguments(1).literal().has_string()) return std::nullopt;
  const std::string& format = call.arguments(1).literal().string();
  if (SameName(format, "utf-8", false)) return fmt::format("decode({}, {})", texts[0], texts[1]);
  for (const char* function : {"hex", "base64"}) {
    if (!SameName(format, function, false)) continue;
    return fmt::format("{}({})", name == "to_varchar" ? name : function, texts[0]);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> TypedCallName(const std::string& name, const CallProto& call,
                                         const std::vector<std::string>& texts, const Scope& scope) {
  const auto type = [&](int i) { return TypeOf(call.arguments(i), scope); };
  if (texts.size() != static_cast<size_t>(call.arguments_size())) return std::nullopt;
  if (texts.size() == 2) {
    if (name == "+" || name == "-") return SumName(name == "-", type(0), type(1), texts);
    if (name == "*" && IsInterval(type(1)) && type(0).IsNumeric()) return fmt::format("({} * {})", texts[1], texts[0]);
    if (name == "to_char" || name == "to_varchar") return CharName(name, call, type(0), texts);
    if ((name == "lpad" || name == "rpad") && type(0).kind() == TypeKind::kBinary) {
      return fmt::format("{}({}, {}, X'00')", name, texts[0], texts[1]);
    }
    if (name == "time_bucket") {
      const char* literal = type(1).kind() == TypeKind::kTimestampNtz ? "TIMESTAMP_NTZ" : "TIMESTAMP";
      return fmt::format("time_bucket({}, {}, {} '1970-01-01 00:00:00')", texts[0], texts[1], literal);
    }
  }
  if (name == "from_json" && texts.size() >= 2) {
    proto::Expression whole;
    *whole.mutable_unresolved_function() = call;
    if (TypeOf(whole, scope).kind() == TypeKind::kMap) return "entries";
  }
  return std::nullopt;
}

}  // namespace tinderbox::engine
