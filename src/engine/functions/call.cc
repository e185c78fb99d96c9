#include <fmt/format.h>

#include "engine/functions/function.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

/// The literal under aliases, or nullptr.
const proto::Expression::Literal* LiteralOf(const proto::Expression& expression) {
  if (expression.has_alias()) return LiteralOf(expression.alias().expr());
  return expression.has_literal() ? &expression.literal() : nullptr;
}

bool IntegerOf(const proto::Expression& expression, int64_t* out) {
  using Literal = proto::Expression::Literal;
  if (expression.has_unresolved_function()) {
    const auto& function = expression.unresolved_function();
    if ((function.function_name() == "negative" || function.function_name() == "-") && function.arguments_size() == 1 &&
        IntegerOf(function.arguments(0), out)) {
      *out = -*out;
      return true;
    }
    return false;
  }
  const Literal* literal = LiteralOf(expression);
  if (literal == nullptr) return false;
  switch (literal->literal_type_case()) {
    case Literal::kByte:
      *out = literal->byte();
      return true;
    case Literal::kShort:
      *out = literal->short_();
      return true;
    case Literal::kInteger:
      *out = literal->integer();
      return true;
    case Literal::kLong:
      *out = literal->long_();
      return true;
    default:
      return false;
  }
}

/// What Spark calls an argument that must be constant.
std::string ParameterName(const std::string& function, size_t i) {
  struct Row {
    std::string_view function;
    std::string_view parameter;
  };
  static constexpr Row kRows[] = {
      {"approx_percentile", "percentage"},
      {"bround", "scale"},
      {"ceil", "scale"},
      {"ceiling", "scale"},
      {"floor", "scale"},
      {"lag", "offset"},
      {"lead", "offset"},
      {"nth_value", "offset"},
      {"ntile", "buckets"},
      {"percentile", "percentage"},
      {"percentile_approx", "percentage"},
      {"round", "scale"},
      {"schema_of_csv", "csv"},
      {"schema_of_json", "json"},
      {"schema_of_xml", "xml"},
      {"schema_of_csv", "csv"},
      {"schema_of_json", "json"},
      {"schema_of_xml", "xml"},
  };
  for (const Row& row : kRows) {
    if (row.function == function) return fmt::format("`{}`", row.parameter);
  }
  return fmt::format("`argument {}`", i + 1);
}

[[noreturn]] void RefuseVariable(const FunctionCall& call, size_t i, std::string_view type) {
  const std::string parameter = ParameterName(call.name(), i);
  if (call.name() == "ceil" || call.name() == "ceiling" || call.name() == "floor") {
    throw Error(
        "NON_FOLDABLE_ARGUMENT",
        fmt::format("The function `{}` requires the parameter {} to be a foldable expression of the type "
                    "\"{}\", but the actual argument is a non-foldable.",
                    call.name(), parameter, type),
        {{"funcName", "`" + call.name() + "`"}, {"paramName", parameter}, {"paramType", fmt::format("\"{}\"", type)}});
  }
  const std::string shown = fmt::format("\"{}\"", ExpressionName(call.ArgumentProto(i)));
  throw Error("DATATYPE_MISMATCH.NON_FOLDABLE_INPUT",
              fmt::format("Cannot resolve \"{}\" due to data type mismatch: the input {} should be a foldable \"{}\" "
                          "expression; however, got {}.",
                          call.name(), parameter, type, shown),
              {{"sqlExpr", call.name()},
               {"inputName", parameter},
               {"inputType", fmt::format("\"{}\"", type)},
               {"inputExpr", shown}});
}

/// Whether Spark converts a type to dates and times.
bool MayBeTime(const DataType& type) {
  return IsDateOrTime(type) || type.kind() == TypeKind::kTime || type.kind() == TypeKind::kString ||
         type.kind() == TypeKind::kNull;
}

bool IsLocalTime(const DataType& type) {
  return type.kind() == TypeKind::kTimestampNtz;
}

}  // namespace

std::string FunctionCall::SqlName() const {
  proto::Expression expression;
  *expression.mutable_unresolved_function() = proto_;
  return ExpressionName(expression);
}

Typed FunctionCall::Argument(size_t i) const {
  return TranslateExpression(ArgumentProto(i), scope_);
}

Typed FunctionCall::Argument(size_t i, const DataType& type) const {
  return Coerce(Argument(i), type, scope_);
}

std::vector<Typed> FunctionCall::Arguments() const {
  std::vector<Typed> out;
  for (size_t i = 0; i < size(); ++i) out.push_back(Argument(i));
  return out;
}

Sql FunctionCall::suffix(const Sql& condition) const {
  std::vector<Sql> conditions;
  if (clauses_.filter != nullptr) {
    conditions.push_back(
        Coerce(TranslateExpression(*clauses_.filter, scope_), DataType(TypeKind::kBoolean), scope_).sql);
  }
  if (!condition.empty()) conditions.push_back(condition);
  if (conditions.empty()) return clauses_.over;
  return Template(" FILTER (WHERE $1)$2", {Join(conditions, " AND "), clauses_.over});
}

bool FunctionCall::IgnoresNulls(size_t position) const {
  return clauses_.ignore_nulls || (size() > position && LiteralBoolean(position));
}

void FunctionCall::Expect(size_t low, size_t high) const {
  if (size() >= low && size() <= high) return;
  std::string wanted = std::to_string(low);
  if (high == SIZE_MAX) {
    wanted = fmt::format("> {}", low == 0 ? 0 : low - 1);
  } else if (low != high) {
    for (size_t count = low + 1; count <= high; ++count) wanted += fmt::format(", {}", count);
    wanted = "[" + wanted + "]";
  }
  engine::RefuseCount(name(), wanted, size());
}

int64_t FunctionCall::LiteralInteger(size_t i) const {
  int64_t out = 0;
  if (!IntegerOf(ArgumentProto(i), &out)) RefuseVariable(*this, i, "INT");
  return out;
}

double FunctionCall::LiteralNumber(size_t i) const {
  using Literal = proto::Expression::Literal;
  int64_t whole = 0;
  if (IntegerOf(ArgumentProto(i), &whole)) return static_cast<double>(whole);
  const Literal* literal = LiteralOf(ArgumentProto(i));
  if (literal != nullptr && literal->has_double_()) return literal->double_();
  if (literal != nullptr && literal->has_float_()) return static_cast<double>(literal->float_());
  if (literal != nullptr && literal->has_decimal()) return std::stod(literal->decimal().value());
  RefuseVariable(*this, i, "DOUBLE");
}

bool FunctionCall::LiteralBoolean(size_t i) const {
  const auto* literal = LiteralOf(ArgumentProto(i));
  if (literal == nullptr || !literal->has_boolean()) RefuseVariable(*this, i, "BOOLEAN");
  return literal->boolean();
}

std::string FunctionCall::LiteralString(size_t i) const {
  const auto* literal = LiteralOf(ArgumentProto(i));
  if (literal == nullptr || !literal->has_string()) RefuseVariable(*this, i, "STRING");
  return literal->string();
}

bool FunctionCall::IsLiteral(size_t i) const {
  int64_t ignored = 0;
  return LiteralOf(ArgumentProto(i)) != nullptr || IntegerOf(ArgumentProto(i), &ignored);
}

void FunctionCall::RefuseArgument(size_t i, std::string_view wanted, const DataType& given) const {
  engine::RefuseArgument(name(), i + 1, wanted, given);
}

Typed CoerceTo(char letter, const Typed& value, const Scope& scope, std::string_view function, size_t position) {
  const TypeKind kind = value.type.kind();
  const auto cast = [&](TypeKind to) {
    if (value.type.IsNested() || (IsInterval(value.type) && to != TypeKind::kString)) {
      RefuseArgument(function, position, DataType(to).Sql(), value.type);
    }
    return Coerce(value, DataType(to), scope);
  };
  switch (letter) {
    case 's':
      return cast(TypeKind::kString);
    case 'B':
      return kind == TypeKind::kBinary ? value : cast(TypeKind::kBinary);
    case 'b':
      if (kind != TypeKind::kBoolean && kind != TypeKind::kString && kind != TypeKind::kNull) {
        RefuseArgument(function, position, "BOOLEAN", value.type);
      }
      return cast(TypeKind::kBoolean);
    case 'i':
      return cast(TypeKind::kInteger);
    case 'l':
      return cast(TypeKind::kLong);
    case 'd':
      if (!value.type.IsNumeric() && kind != TypeKind::kString && kind != TypeKind::kNull) {
        RefuseArgument(function, position, "NUMERIC", value.type);
      }
      return cast(TypeKind::kDouble);
    case 'D':
      if (!MayBeTime(value.type)) RefuseArgument(function, position, "DATE", value.type);
      return cast(TypeKind::kDate);
    case 'T':
      if (!MayBeTime(value.type)) RefuseArgument(function, position, "TIMESTAMP", value.type);
      return cast(TypeKind::kTimestamp);
    case 't': {
      if (!MayBeTime(value.type)) {
        RefuseArgument(function, position, "\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\"", value.type);
      }
      if (IsLocalTime(value.type)) return value;
      const Typed instant = cast(TypeKind::kTimestamp);
      return Coerce(instant, DataType(TypeKind::kTimestampNtz), scope);
    }
    case 'Y':
    case 'U':
      if (kind == TypeKind::kNull) return cast(letter == 'Y' ? TypeKind::kDate : TypeKind::kTimestamp);
      [[fallthrough]];
    case 'X': {
      const DataType exact(letter == 'Y' ? TypeKind::kDate : letter == 'U' ? TypeKind::kTimestamp : TypeKind::kBinary);
      if (value.type != exact) RefuseArgument(function, position, exact.Sql(), value.type);
      return value;
    }
    case 'H':
      if (value.type.IsNumeric()) RefuseArgument(function, position, "TIME", value.type);
      return cast(TypeKind::kTime);
    case 'n':
      if (value.type.IsNumeric()) return value;
      if (kind == TypeKind::kString || kind == TypeKind::kNull) return cast(TypeKind::kDouble);
      RefuseArgument(function, position, "NUMERIC", value.type);
    case 'I':
      if (value.type.IsIntegral()) return value;
      if (kind == TypeKind::kNull) return cast(TypeKind::kInteger);
      if (kind == TypeKind::kString) return cast(TypeKind::kLong);
      RefuseArgument(function, position, "INTEGRAL", value.type);
    case 'a':
      if (kind == TypeKind::kArray) return value;
      if (kind == TypeKind::kNull) return NullOf(DataType::Array(DataType()));
      RefuseArgument(function, position, "ARRAY", value.type);
    case 'm':
      if (kind == TypeKind::kMap) return value;
      RefuseArgument(function, position, "MAP", value.type);
    case 'x':
      if (value.type.IsNested()) RefuseArgument(function, position, "(\"STRING\" or \"BINARY\")", value.type);
      return kind == TypeKind::kBinary ? value : cast(TypeKind::kString);
    default:
      return value;
  }
}

Sql Raise(const char* condition, const char* message) {
  // The form in which engine/duckdb finds an Error inside a message of DuckDB.
  const std::string json = fmt::format(R"({{"condition":"{}","message":"{}","params":{{}}}})", condition, message);
  return Call("error", {StringLiteral(fmt::format("[[tinderbox:{}:{}]]", json.size(), json))});
}

}  // namespace tinderbox::engine
