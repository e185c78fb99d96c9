// GROUP BY window(…) and session_window(…): the window of a row is a column that is made before rows are grouped.
#include <fmt/format.h>

#include "engine/functions/interval_text.h"
#include "engine/translate/coercion.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "engine/translate/time_window.h"

namespace tinderbox::engine {

namespace {

using WindowCall = proto::Expression::UnresolvedFunction;

void Collect(const proto::Expression& expression, std::vector<const WindowCall*>* out) {
  if (expression.has_alias()) return Collect(expression.alias().expr(), out);
  if (expression.has_cast()) return Collect(expression.cast().expr(), out);
  if (expression.has_unresolved_extract_value()) return Collect(expression.unresolved_extract_value().child(), out);
  if (!expression.has_unresolved_function()) return;
  if (IsTimeWindow(expression.unresolved_function())) {
    out->push_back(&expression.unresolved_function());
    return;
  }
  for (const auto& argument : expression.unresolved_function().arguments()) Collect(argument, out);
}

/// Microseconds of a duration that a window is given.
int64_t Duration(const WindowCall& call, int i) {
  const proto::Expression& argument = call.arguments(i);
  const auto& literal = argument.literal();
  if (literal.has_day_time_interval()) return literal.day_time_interval();
  if (literal.has_long_()) return literal.long_();
  if (!literal.has_string()) {
    RefuseFeature(fmt::format("a duration in `{}` that is no constant text", call.function_name()));
  }
  const auto interval = ParseCalendarInterval(literal.string());
  if (!interval) {
    throw Error("CANNOT_PARSE_INTERVAL",
                fmt::format("Unable to parse '{}'. Please ensure that the value provided is in a valid format for "
                            "defining an interval. You can reference the documentation for the correct format. If the "
                            "issue persists, please double check that the input value is not null or empty and try "
                            "again.",
                            literal.string()),
                {{"intervalString", fmt::format("'{}'", literal.string())}});
  }
  if (interval->months != 0) {
    throw Error("_LEGACY_ERROR_TEMP_3231",
                fmt::format("Intervals greater than a month is not supported ({}).", literal.string()),
                {{"interval", literal.string()}});
  }
  return interval->days * int64_t{86400000000} + interval->micros;
}

void RequirePositive(const char* what, int64_t micros, const std::string& shown) {
  if (micros > 0) return;
  throw Error("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
              fmt::format("Cannot resolve \"{}\" due to data type mismatch: The `{}` must be between (0, "
                          "9223372036854775807] (current value = {}L).",
                          shown, what, micros),
              {{"sqlExpr", fmt::format("\"{}\"", shown)},
               {"exprName", fmt::format("`{}`", what)},
               {"valueRange", "(0, 9223372036854775807]"},
               {"currentValue", fmt::format("{}L", micros)}});
}

/// How long each window is, how far apart they begin, and where the first one does.
struct Sliding {
  int64_t duration = 0;
  int64_t slide = 0;
  int64_t start = 0;
};

Sliding SlidingOf(const WindowCall& call) {
  Sliding out;
  out.duration = Duration(call, 1);
  out.slide = call.arguments_size() > 2 ? Duration(call, 2) : out.duration;
  out.start = call.arguments_size() > 3 ? Duration(call, 3) : 0;
  const std::string shown =
      fmt::format("window({}, {}, {}, {})", ExpressionName(call.arguments(0)), out.duration, out.slide, out.start);
  RequirePositive("window_duration", out.duration, shown);
  RequirePositive("slide_duration", out.slide, shown);
  const auto require = [&](bool holds, const char* left, int64_t left_value, const char* sign, const char* right,
                           int64_t right_value) {
    if (holds) return;
    throw Error("DATATYPE_MISMATCH.PARAMETER_CONSTRAINT_VIOLATION",
                fmt::format("Cannot resolve \"{}\" due to data type mismatch: The `{}`({}L) must be {} the `{}`({}L).",
                            shown, left, left_value, sign, right, right_value),
                {{"sqlExpr", fmt::format("\"{}\"", shown)},
                 {"leftExprName", fmt::format("`{}`", left)},
                 {"leftExprValue", fmt::format("{}L", left_value)},
                 {"constraint", sign},
                 {"rightExprName", fmt::format("`{}`", right)},
                 {"rightExprValue", fmt::format("{}L", right_value)}});
  };
  require(out.slide <= out.duration, "slide_duration", out.slide, "<=", "window_duration", out.duration);
  require(std::abs(out.start) < out.slide, "abs(start_time)", std::abs(out.start), "<", "slide_duration", out.slide);
  return out;
}

Sql Long(int64_t value) {
  return CastTo(IntegerLiteral(value), DataType(TypeKind::kLong));
}

/// Where windows begin that hold the microsecond `at`: one value, or the list of them when windows overlap.
Sql Begins(const Sql& at, const Sliding& sliding, bool* list) {
  const Sql last = Template("($1 - spark_pmod($1 - $2, $3))", {at, Long(sliding.start), Long(sliding.slide)});
  *list = sliding.slide < sliding.duration;
  if (!*list) return last;
  const int64_t most = (sliding.duration + sliding.slide - 1) / sliding.slide;
  return Template("list_filter(list_transform(range($1), lambda i: $2 - i * $3), lambda begins: begins + $4 > $5)",
                  {IntegerLiteral(most), last, Long(sliding.slide), Long(sliding.duration), at});
}

}  // namespace

TranslatedRelation RelationTranslator::WithTimeWindow(TranslatedRelation input, const Expressions& keys) {
  std::vector<const WindowCall*> calls;
  for (const proto::Expression& key : keys) Collect(key, &calls);
  if (calls.empty()) return input;
  for (const WindowCall* call : calls) {
    if (TimeWindowColumn(*call) != TimeWindowColumn(*calls[0])) RefuseFeature("several time windows in one GROUP BY");
  }
  const WindowCall& call = *calls[0];
  const bool session = IsSessionWindow(call);
  const int most = session ? 2 : 4;
  if (call.arguments_size() < 2 || call.arguments_size() > most) {
    RefuseCount(call.function_name(), fmt::format("2 to {}", most), static_cast<size_t>(call.arguments_size()));
  }
  const Scope scope = ScopeOf(input.columns);
  Typed time = TranslateExpression(call.arguments(0), scope);
  if (time.type.kind() != TypeKind::kTimestampNtz) time = Coerce(time, DataType(TypeKind::kTimestamp), scope);
  const Sql at = Template("epoch_us($1)", {time.sql});
  const Sql begins = Ident("begins of time window");
  const Sql ends = Ident("ends of time window");
  const char* make = time.type.kind() == TypeKind::kTimestamp ? "make_timestamptz" : "make_timestamp";
  const auto window = [&](const Sql& start, const Sql& end) {
    return Template("struct_pack(\"start\" := $1, \"end\" := $2)", {Call(make, {start}), Call(make, {end})});
  };
  Sql from;
  Sql value;
  bool sliding_list = false;
  if (session) {
    const int64_t gap = Duration(call, 1);
    if (gap <= 0) RefuseFeature("a session window without a positive gap");
    std::vector<Sql> others;
    for (const proto::Expression& key : keys) {
      std::vector<const WindowCall*> within;
      Collect(key, &within);
      if (within.empty()) {
        others.push_back(TranslateExpression(key.has_alias() ? key.alias().expr() : key, scope).sql);
      }
    }
    others.push_back(Token("TRUE"));
    const Sql parts = engine::Join(others, ", ");
    const Sql fresh = Ident("new time window");
    const Sql number = Ident("number of time window");
    from = Template("(SELECT *, $1 AS $2 FROM $3 WHERE $4 IS NOT NULL)", {at, begins, Derived(input.sql), time.sql});
    from = Template(
        "(SELECT *, CASE WHEN $1 > max($1) OVER (PARTITION BY $2 ORDER BY $1 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 "
        "PRECEDING) + $3 THEN 1 ELSE 0 END AS $4 FROM $5)",
        {begins, parts, Long(gap), fresh, from});
    from = Template("(SELECT *, sum($1) OVER (PARTITION BY $2 ORDER BY $3 ROWS UNBOUNDED PRECEDING) AS $4 FROM $5)",
                    {fresh, parts, begins, number, from});
    const Sql group = Template("OVER (PARTITION BY $1, $2)", {parts, number});
    value = window(Template("min($1) $2", {begins, group}), Template("(max($1) $2 + $3)", {begins, group, Long(gap)}));
  } else {
    const Sliding sliding = SlidingOf(call);
    const Sql first = Begins(at, sliding, &sliding_list);
    from = Template("(SELECT *, $1 AS $2 FROM $3 WHERE $4 IS NOT NULL)",
                    {sliding_list ? Call("unnest", {first}) : first, begins, Derived(input.sql), time.sql});
    value = window(begins, Template("($1 + $2)", {begins, Long(sliding.duration)}));
  }
  std::vector<SelectItem> items;
  UniqueIds ids;
  for (const OutputColumn& column : input.columns) {
    SelectItem item{Ident(column.id), column};
    item.column.id = ids.Make(column.id);
    items.push_back(std::move(item));
  }
  const DataType type = DataType::Struct({{"start", time.type, true}, {"end", time.type, true}});
  OutputColumn column = NewColumn(TimeWindowColumn(call), type, sliding_list);
  column.id = ids.Make("time window");
  items.push_back({value, column});
  return Select(std::move(items), from);
}

}  // namespace tinderbox::engine
