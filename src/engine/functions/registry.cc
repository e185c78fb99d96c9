#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "engine/functions/function.h"
#include "engine/functions/spark_names.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
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
         {OperatorFunctions(), MathFunctions(), ConditionalFunctions(), StringFunctions(), DateTimeFunctions(),
          CollectionFunctions(), HashFunctions(), AggregateFunctions(), WindowFunctions()}) {
      for (const Function& function : group.functions) out[function.name] = {group.kind, &function, nullptr};
      for (const SpecialFunction& special : group.specials) out[special.name] = {group.kind, nullptr, &special};
    }
    return out;
  }();
  return registry;
}

std::string LowerName(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

const Entry* Find(std::string_view name) {
  const auto it = Functions().find(LowerName(name));
  return it == Functions().end() ? nullptr : &it->second;
}

[[noreturn]] void RefuseUnknown(const std::string& name) {
  if (IsSparkFunction(LowerName(name))) RefuseFeature(fmt::format("the function `{}`", name));
  std::vector<std::string> known;
  for (const auto& [candidate, entry] : Functions()) known.push_back(candidate);
  std::sort(known.begin(), known.end());
  std::string proposal;
  for (const std::string& near : Nearest(name, known, 3)) proposal += (proposal.empty() ? "`" : ", `") + near + "`";
  throw Error("UNRESOLVED_ROUTINE", fmt::format("Cannot resolve routine `{}`. Did you mean one of {}?", name, proposal),
              {{"routineName", "`" + name + "`"}, {"searchPath", "[`system`.`builtin`, `system`.`session`]"}});
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
    parts.resize(std::max<size_t>(parts.size(), 9));
    parts[7] = call.distinct() ? Token("DISTINCT ") : Sql();
    parts[8] = call.suffix();
  }
  return {Template(function.sql, parts), ResultType(function.result, arguments), Nullable(function.nulls, arguments)};
}

}  // namespace

bool IsAggregateFunction(std::string_view name) {
  const Entry* entry = Find(name);
  return entry != nullptr && entry->kind == FunctionKind::kAggregate;
}

bool IsWindowFunction(std::string_view name) {
  const Entry* entry = Find(name);
  return entry != nullptr && entry->kind == FunctionKind::kWindow;
}

Typed TranslateFunction(const FunctionCall::Proto& function, const Scope& scope, const Sql& suffix) {
  const std::string& name = function.function_name();
  const Entry* entry = Find(name);
  if (entry == nullptr) RefuseUnknown(name);
  if (entry->kind == FunctionKind::kWindow && suffix.empty()) {
    throw Error("MISSING_WINDOW_SPECIFICATION", fmt::format("The window function `{}` needs an OVER clause.", name),
                {{"windowName", name}});
  }
  if (entry->kind == FunctionKind::kScalar && !suffix.empty()) {
    throw Error("UNSUPPORTED_EXPR_FOR_WINDOW",
                fmt::format("`{}` is not a window function and no aggregate: it cannot have an OVER clause.", name),
                {{"sqlExpr", name}});
  }
  if (function.is_distinct() && entry->kind != FunctionKind::kAggregate) {
    throw Error("INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX",
                fmt::format("`{}` is no aggregate: DISTINCT cannot apply to it.", name),
                {{"prettyName", name}, {"syntax", "DISTINCT"}});
  }
  const FunctionCall call(function, scope, suffix);
  if (entry->special != nullptr) return entry->special->translate(call);
  return TranslateByTemplate(*entry->function, entry->kind, call);
}

}  // namespace tinderbox::engine
