#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include "base/ascii.h"

#include "engine/functions/function.h"
#include "engine/functions/spark_names.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

struct Entry {
  FunctionKind kind;
  const Function* function = nullptr;
  const SpecialFunction* special = nullptr;
};

using Registry = std::unordered_map<std::string, Entry>;

const Registry& Functions() {
  static const Registry registry = [] {
    Registry out;
    for (const FunctionGroup& group :
         {OperatorFunctions(),     MathFunctions(),         ConditionalFunctions(), StringFunctions(),
          FormatFunctions(),       MiscFunctions(),         JsonFunctions(),        DateTimeFunctions(),
          DateTimeTextFunctions(), DateTimeMakeFunctions(), RandomFunctions(),      TimeWindowFunctions(),
          ArithmeticFunctions(),   CollectionFunctions(),   HashFunctions(),        AggregateFunctions(),
          WindowFunctions(),       VariantFunctions(),      VariantAggregates(),    XmlFunctions(),
          VectorFunctions(),       VectorAggregates()}) {
      for (const Function& function : group.functions) out[function.name] = {group.kind, &function, nullptr};
      for (const SpecialFunction& special : group.specials) out[special.name] = {group.kind, nullptr, &special};
    }
    return out;
  }();
  return registry;
}

const Entry* Find(std::string_view name) {
  const auto it = Functions().find(base::LowerCase(name));
  return it == Functions().end() ? nullptr : &it->second;
}

[[noreturn]] void RefuseUnknown(const std::string& name, const Scope& scope) {
  if (base::LowerCase(name) == "grouping" || base::LowerCase(name) == "grouping_id") {
    throw Error("UNSUPPORTED_GROUPING_EXPRESSION",
                "grouping()/grouping_id() can only be used with GroupingSets/Cube/Rollup.");
  }
  if (IsSparkFunction(base::LowerCase(name))) RefuseFeature(fmt::format("the function `{}`", name));
  std::vector<std::string> known;
  for (const auto& [candidate, entry] : Functions()) known.push_back(candidate);
  std::sort(known.begin(), known.end());
  std::string proposal;
  for (const std::string& near : Nearest(name, known, 3)) proposal += (proposal.empty() ? "`" : ", `") + near + "`";
  std::string shown;
  for (const std::string& part : ParseAttributeName(name)) shown += (shown.empty() ? "`" : ".`") + part + "`";
  const std::string path =
      fmt::format("[`system`.`builtin`, `system`.`session`, `spark_catalog`.`{}`]", scope.database);
  throw Error(
      "UNRESOLVED_ROUTINE",
      fmt::format("Cannot resolve routine {} on search path {}. Did you mean one of {}?", shown, path, proposal),
      {{"routineName", shown}, {"searchPath", path}});
}

/// Counts what a parameter string allows.
void ExpectCount(const FunctionCall& call, const char* parameters) {
  size_t low = 0;
  size_t high = 0;
  bool optional = false;
  for (const char* p = parameters; *p != '\0'; ++p) {
    if (*p == '?') {
      optional = true;
    } else if (*p == '+') {
      high = SIZE_MAX;
    } else if (*p == '*') {
      high = SIZE_MAX;
      if (!optional) --low;
    } else {
      if (!optional) ++low;
      if (high != SIZE_MAX) ++high;
    }
  }
  call.Expect(low, high);
}

char Letter(const char* parameters, size_t index) {
  char last = '.';
  size_t i = 0;
  for (const char* p = parameters; *p != '\0'; ++p) {
    if (*p == '?') continue;
    if (*p == '+' || *p == '*') return last;
    last = *p;
    if (i++ == index) return last;
  }
  return last;
}

DataType ResultType(const char* result, const std::vector<Typed>& arguments) {
  const auto argument = [&](char digit) -> const DataType& {
    return arguments.at(static_cast<size_t>(digit - '1')).type;
  };
  if (result[0] == '$') return argument(result[1]);
  if (result[0] == 'e' && result[1] >= '1' && result[1] <= '9') return argument(result[1]).element();
  if (result[0] == '[') return DataType::Array(argument(result[1]), true);
  static const std::map<std::string_view, DataType> kTypes = {
      {"boolean", DataType(TypeKind::kBoolean)},
      {"int", DataType(TypeKind::kInteger)},
      {"bigint", DataType(TypeKind::kLong)},
      {"double", DataType(TypeKind::kDouble)},
      {"string", DataType(TypeKind::kString)},
      {"binary", DataType(TypeKind::kBinary)},
      {"date", DataType(TypeKind::kDate)},
      {"time(6)", DataType(TypeKind::kTime)},
      {"timestamp", DataType(TypeKind::kTimestamp)},
      {"timestamp_ntz", DataType(TypeKind::kTimestampNtz)},
      {"array<string>", DataType::Array(DataType(TypeKind::kString), false)},
  };
  return kTypes.at(result);
}

bool Nullable(Nulls rule, const std::vector<Typed>& arguments) {
  const auto can = [](const Typed& value) { return value.nullable; };
  switch (rule) {
    case Nulls::kAny:
      return std::ranges::any_of(arguments, can);
    case Nulls::kAll:
      return std::ranges::all_of(arguments, can);
    case Nulls::kNever:
      return false;
    case Nulls::kAlways:
      return true;
  }
  return true;
}

std::string CallName(const FunctionCall::Proto& function) {
  proto::Expression expression;
  *expression.mutable_unresolved_function() = function;
  return ExpressionName(expression);
}

/// Refuses what a function cannot have behind its parentheses, or needs there.
void ExpectClauses(const Entry& entry, const FunctionCall::Proto& function, const CallClauses& clauses) {
  const std::string name = base::LowerCase(function.function_name());
  const auto refuse = [&](const char* syntax) {
    throw Error("INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX",
                fmt::format("Invalid SQL syntax: The function `{}` does not support {}.", name, syntax),
                {{"prettyName", "`" + name + "`"}, {"syntax", syntax}});
  };
  const bool aggregate = entry.kind == FunctionKind::kAggregate;
  if (function.is_distinct() && !aggregate) refuse("DISTINCT");
  if (clauses.filter != nullptr && !aggregate) refuse("FILTER CLAUSE");
  static constexpr std::array<std::string_view, 11> kSkipNulls = {
      "any_value", "array_agg", "collect_list", "collect_set", "first",    "first_value",
      "lag",       "last",      "last_value",   "lead",        "nth_value"};
  if (clauses.ignore_nulls && !std::ranges::binary_search(kSkipNulls, name)) refuse("IGNORE NULLS");
  static constexpr std::array<std::string_view, 5> kOrdered = {"listagg", "mode", "percentile_cont", "percentile_disc",
                                                               "string_agg"};
  if (!clauses.within_group.empty() && !std::ranges::binary_search(kOrdered, name)) {
    refuse("WITHIN GROUP (ORDER BY ...)");
  }
}

/// Refuses aggregates within an aggregate.
void ExpectFlat(const FunctionCall::Proto& function) {
  for (const auto& argument : function.arguments()) {
    if (HasWindow(argument)) {
      throw Error(
          "_LEGACY_ERROR_TEMP_1031",
          "It is not allowed to use a window function inside an aggregate function. Please use the inner window "
          "function in a sub-query.");
    }
    if (!HasAggregate(argument)) continue;
    const proto::Expression* inner = &argument;
    const auto call = [&] { return inner->unresolved_function(); };
    while (inner->has_unresolved_function() && !IsAggregateFunction(call().function_name())) {
      inner = &*std::ranges::find_if(inner->unresolved_function().arguments(), HasAggregate);
    }
    try {
      throw Error("NESTED_AGGREGATE_FUNCTION",
                  "It is not allowed to use an aggregate function in the argument of another aggregate function. "
                  "Please use the inner aggregate function in a sub-query.");
    } catch (const Error& error) {
      ThrowPlaced(error, inner->common().origin());
    }
  }
}

Typed TranslateByTemplate(const Function& function, FunctionKind kind, const FunctionCall& call) {
  ExpectCount(call, function.parameters);
  std::vector<Typed> arguments = call.Arguments();
  std::vector<size_t> common;
  std::vector<Typed> unified;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const char letter = Letter(function.parameters, i);
    if (letter == '=') {
      common.push_back(i);
      unified.push_back(arguments[i]);
    } else {
      arguments[i] = CoerceTo(letter, arguments[i], call.scope(), call.name(), i + 1);
    }
  }
  if (!common.empty()) {
    CoerceAll(unified, call.scope(), call.name());
    for (size_t i = 0; i < common.size(); ++i) arguments[common[i]] = unified[i];
  }
  std::vector<Sql> parts;
  for (const Typed& argument : arguments) parts.push_back(argument.sql);
  if (kind != FunctionKind::kScalar) {
    if (call.distinct() && std::string_view(function.sql).find("$8") == std::string_view::npos) {
      RefuseFeature(fmt::format("DISTINCT in `{}`", call.name()));
    }
    parts.resize(std::max<size_t>(parts.size(), 9));
    parts[7] = call.distinct() ? Token("DISTINCT ") : Sql();
    parts[8] = call.suffix();
  }
  return {Template(function.sql, parts), ResultType(function.result, arguments), Nullable(function.nulls, arguments)};
}

/// Rethrows the error being handled; a type that did not fit with the call and the argument as Spark shows them.
[[noreturn]] void RethrowComplete(const Error& error, const FunctionCall& call) {
  const Error::Params& given = error.params();
  const auto function = given.find("sqlExpr");
  const auto index = given.find("paramIndex");
  if (!error.condition().starts_with("DATATYPE_MISMATCH.") || function == given.end() ||
      function->second != call.name()) {
    throw;
  }
  if (index == given.end() || index->second.empty() || index->second[0] > '9') {
    Error::Params params = given;
    params["sqlExpr"] = "\"" + call.SqlName() + "\"";
    std::string message = error.what();
    const std::string placeholder = "\"" + call.name() + "\"";
    if (const size_t at = message.find(placeholder); at != std::string::npos) {
      message.replace(at, placeholder.size(), params["sqlExpr"]);
    }
    throw Error(error.condition(), message, std::move(params));
  }
  static constexpr std::array kOrdinals = {"first", "second",  "third",  "fourth", "fifth",
                                           "sixth", "seventh", "eighth", "ninth",  "tenth"};
  const size_t position = std::stoul(index->second);
  const auto quoted = [](const std::string& text) {
    return text.starts_with('"') || text.starts_with('(') ? text : "\"" + text + "\"";
  };
  const std::string shown = "\"" + call.SqlName() + "\"";
  const std::string input =
      "\"" + (position <= call.size() ? ExpressionName(call.ArgumentProto(position - 1)) : "") + "\"";
  const std::string ordinal =
      position >= 1 && position <= kOrdinals.size() ? kOrdinals[position - 1] : fmt::format("{}th", position);
  const std::string required = quoted(given.at("requiredType"));
  const std::string type = quoted(given.at("inputType"));
  throw Error(error.condition(),
              fmt::format("Cannot resolve {} due to data type mismatch: The {} parameter requires the {} type, however "
                          "{} has the type {}.",
                          shown, ordinal, required, input, type),
              {{"sqlExpr", shown},
               {"paramIndex", ordinal},
               {"inputSql", input},
               {"inputType", type},
               {"requiredType", required}});
}

}  // namespace

bool IsKnownFunction(std::string_view name) {
  return Find(name) != nullptr;
}

bool IsAggregateFunction(std::string_view name) {
  const Entry* entry = Find(name);
  return entry != nullptr && entry->kind == FunctionKind::kAggregate;
}

bool IsWindowFunction(std::string_view name) {
  const Entry* entry = Find(name);
  return entry != nullptr && entry->kind == FunctionKind::kWindow;
}

Typed TranslateFunction(const FunctionCall::Proto& function, const Scope& scope, const CallClauses& clauses) {
  const std::string& name = function.function_name();
  const Entry* entry = Find(name);
  if (entry == nullptr) {
    if (auto value = CallSessionFunction(function, scope)) return *value;
    RefuseUnknown(name, scope);
  }
  const bool windowed = !clauses.over.empty();
  if (entry->kind == FunctionKind::kWindow && !windowed) {
    const std::string shown = fmt::format("\"{}\"", CallName(function));
    throw Error("WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE",
                fmt::format("Window function {} requires an OVER clause.", shown), {{"funcName", shown}});
  }
  if (entry->kind == FunctionKind::kScalar && windowed) {
    const std::string shown = fmt::format("\"{}\"", CallName(function));
    throw Error("UNSUPPORTED_EXPR_FOR_WINDOW",
                fmt::format("Expression {} not supported within a window function.", shown), {{"sqlExpr", shown}});
  }
  ExpectClauses(*entry, function, clauses);
  if (entry->kind == FunctionKind::kAggregate && !windowed) ExpectFlat(function);
  const FunctionCall call(function, scope, clauses);
  try {
    if (entry->special != nullptr) return entry->special->translate(call);
    return TranslateByTemplate(*entry->function, entry->kind, call);
  } catch (const Error& error) {
    RethrowComplete(error, call);
  }
}

}  // namespace tinderbox::engine
