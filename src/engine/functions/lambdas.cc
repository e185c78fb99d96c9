// Functions that take lambda functions.
#include <fmt/format.h>

#include <algorithm>

#include "engine/functions/collection_parts.h"
#include "engine/translate/coercion.h"
#include "engine/translate/expressions.h"
#include "engine/translate/names.h"
#include "engine/translate/refusals.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

namespace {

/// A lambda whose parameters are bound to values of known types.
struct Lambda {
  std::vector<Sql> parameters;
  Typed body;
};

/// Refuses the sub-queries of a lambda's body.
class NoSubqueries : public Subqueries {
 public:
  explicit NoSubqueries(Subqueries* around) : around_(around) {}
  std::shared_ptr<const Variable> FindVariable(const std::vector<std::string>& parts) override {
    return around_ == nullptr ? nullptr : around_->FindVariable(parts);
  }
  std::shared_ptr<const SqlFunction> FindFunction(const std::vector<std::string>& parts) override {
    return around_ == nullptr ? nullptr : around_->FindFunction(parts);
  }
  Typed Subquery(const proto::SubqueryExpression&, const proto::Relation*, const Scope&) override {
    throw UnplacedError(
        "UNSUPPORTED_SUBQUERY_EXPRESSION_CATEGORY.HIGHER_ORDER_FUNCTION",
        "Unsupported subquery expression: Subquery expressions are not supported within higher-order "
        "functions. Please remove all subquery expressions from higher-order functions and then try the "
        "query again.");
  }

 private:
  Subqueries* around_;
};

/// What is no lambda is a body without parameters.
Lambda TranslateLambda(const FunctionCall& call, size_t argument, const std::vector<Typed>& values,
                       const std::vector<Sql>& parameters, size_t least = 1) {
  const auto& expression = call.ArgumentProto(argument);
  Scope inner = call.scope();
  NoSubqueries none(inner.subqueries);
  inner.subqueries = &none;
  if (!expression.has_lambda_function()) {
    inner.lambdas.push_back({"", {}});
    return {{parameters[0]}, TranslateExpression(expression, inner)};
  }
  const auto& lambda = expression.lambda_function();
  const auto count = static_cast<size_t>(lambda.arguments_size());
  if (count < least || count > values.size()) {
    // Where fewer will do, Spark takes fewer unless it is asked for exactly all.
    const size_t actual = least;
    CheckAt(expression.common().origin(), [&] {
      throw Error("INVALID_LAMBDA_FUNCTION_CALL.NUM_ARGS_MISMATCH",
                  fmt::format("Invalid lambda function call. A higher order function expects {} arguments, but got {}.",
                              count, actual),
                  {{"expectedNumArgs", std::to_string(count)}, {"actualNumArgs", std::to_string(actual)}});
    });
  }
  for (size_t i = 0; i < count; ++i) {
    const auto& variable = lambda.arguments(static_cast<int>(i));
    inner.lambdas.push_back({variable.name_parts().empty() ? "" : variable.name_parts(0), values[i]});
  }
  // One level a call, however many parameters, so that names inside differ.
  return {std::vector<Sql>(parameters.begin(),
                           parameters.begin() + static_cast<std::ptrdiff_t>(std::min(count, parameters.size()))),
          TranslateExpression(lambda.function(), inner)};
}

[[noreturn]] void RefuseReturn(const FunctionCall& call, size_t argument, const DataType& wanted,
                               const DataType& given) {
  engine::RefuseArgument(call.name(), argument + 1, wanted.Sql(), given);
}

/// Whether the types are the same but for names and nullability.
bool SameShape(const DataType& a, const DataType& b) {
  if (a.kind() != TypeKind::kStruct || b.kind() != TypeKind::kStruct) return a.SameIgnoringNullability(b);
  return std::ranges::equal(a.fields(), b.fields(),
                            [](const StructField& x, const StructField& y) { return SameShape(x.type, y.type); });
}

/// A condition, which must be boolean; NULL without a type is one.
Typed Condition(const FunctionCall& call, size_t argument, const Typed& body) {
  if (body.type.kind() != TypeKind::kBoolean && body.type.kind() != TypeKind::kNull) {
    RefuseReturn(call, argument, kBooleanType, body.type);
  }
  return Coerce(body, kBooleanType, call.scope());
}

/// The lambda over an array's elements, with the 0-based position as a second parameter.
Lambda OverElements(const FunctionCall& call, const Typed& array, bool positions) {
  const size_t depth = call.scope().lambdas.size();
  const std::vector<Sql> parameters{LambdaParameter(depth, 0), LambdaParameter(depth, 1)};
  std::vector<Typed> values{{parameters[0], array.type.element(), array.type.contains_null()}};
  if (positions) values.push_back({Template("CAST($1 - 1 AS INTEGER)", {parameters[1]}), kIntType, false});
  return TranslateLambda(call, 1, values, parameters);
}

Sql Apply(const char* function, const Sql& list, const Lambda& lambda) {
  return Concat({Token(function), Token("("), list, Token(", lambda "), Join(lambda.parameters, ", "), Token(": "),
                 lambda.body.sql, Token(")")});
}

Typed Transform(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed array = ArrayArgument(call);
  const Lambda lambda = OverElements(call, array, true);
  return {Apply("list_transform", array.sql, lambda), DataType::Array(lambda.body.type, lambda.body.nullable),
          array.nullable};
}

Typed Filter(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed array = ArrayArgument(call);
  Lambda lambda = OverElements(call, array, true);
  lambda.body = Condition(call, 1, lambda.body);
  return {Apply("list_filter", array.sql, lambda), array.type, array.nullable};
}

/// exists and forall, in three-valued logic.
Typed Quantify(const FunctionCall& call, const char* sql) {
  call.Expect(2, 2);
  const Typed array = ArrayArgument(call);
  Lambda lambda = OverElements(call, array, false);
  lambda.body = Condition(call, 1, lambda.body);
  return {Template(sql, {Apply("list_transform", array.sql, lambda)}), kBooleanType,
          array.nullable || lambda.body.nullable};
}

Typed Exists(const FunctionCall& call) {
  return Quantify(call, "spark_exists($1)");
}
Typed ForAll(const FunctionCall& call) {
  return Quantify(call, "spark_for_all($1)");
}

Typed Aggregate(const FunctionCall& call) {
  call.Expect(3, 4);
  const Typed array = ArrayArgument(call);
  const Typed start = call.Argument(1);
  const DataType& element = array.type.element();
  const size_t depth = call.scope().lambdas.size();
  const std::vector<Sql> parameters{LambdaParameter(depth, 0), LambdaParameter(depth, 1)};
  // DuckDB folds values of one type only: pairs of what is gathered and an element.
  const Lambda merge =
      TranslateLambda(call, 2,
                      {{Template("struct_extract($1, 'a')", {parameters[0]}), start.type, true},
                       {Template("struct_extract($1, 'x')", {parameters[1]}), element, array.type.contains_null()}},
                      parameters, 2);
  if (!SameShape(merge.body.type, start.type)) RefuseReturn(call, 2, start.type, merge.body.type);
  Scope inside = call.scope();
  inside.lambdas.resize(inside.lambdas.size() + 2);
  const Sql merged = Coerce(merge.body, start.type, inside).sql;
  const auto pair = [&](const Sql& gathered, const Sql& item) {
    return Template("struct_pack(a := $1, x := $2)", {CastTo(gathered, start.type), CastTo(item, element)});
  };
  const Sql none = Token("NULL");
  const Sql rest = Template("list_transform($1, lambda $2: $3)",
                            {array.sql, LambdaParameter(depth, 2), pair(none, LambdaParameter(depth, 2))});
  const Sql folded = Template(
      "(CASE WHEN $1 IS NOT NULL THEN struct_extract(list_reduce(list_concat(list_value($2), $3), lambda $4, "
      "$5: $6), 'a') END)",
      {array.sql, pair(start.sql, none), rest, parameters[0], parameters[1], pair(merged, none)});
  if (call.size() == 3) return {folded, start.type, true};
  const Lambda finish = TranslateLambda(call, 3, {{parameters[0], start.type, true}}, parameters);
  // A NULL array has no result, whatever the last lambda makes of NULL.
  const Sql finished = Template("list_extract(list_transform(list_value($1), lambda $2: $3), 1)",
                                {folded, parameters[0], finish.body.sql});
  if (!array.nullable) return {finished, finish.body.type, true};
  return {Template("(CASE WHEN $1 IS NOT NULL THEN $2 END)", {array.sql, finished}), finish.body.type, true};
}

Typed ZipWith(const FunctionCall& call) {
  call.Expect(3, 3);
  const Typed left = ArrayArgument(call, 0);
  const Typed right = ArrayArgument(call, 1);
  const Sql pair = LambdaParameter(call.scope().lambdas.size(), 0);
  const Lambda lambda = TranslateLambda(call, 2,
                                        {{Template("struct_extract($1, 1)", {pair}), left.type.element(), true},
                                         {Template("struct_extract($1, 2)", {pair}), right.type.element(), true}},
                                        {pair}, 2);
  const Sql zipped = Apply("list_transform", Call("list_zip", {left.sql, right.sql}), lambda);
  const DataType type = DataType::Array(lambda.body.type, lambda.body.nullable);
  if (!left.nullable && !right.nullable) return {zipped, type, false};
  return {Template("(CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN $3 END)", {left.sql, right.sql, zipped}), type,
          true};
}

Typed ArraySort(const FunctionCall& call) {
  call.Expect(1, 2);
  const Typed array = ArrayArgument(call);
  if (call.size() == 1) {
    RequireOrdered(call, array.type);
    return {Bind({array.sql}, "list_select($1, spark_sorted_positions($1, TRUE, FALSE))"), array.type, array.nullable};
  }
  // Every pair is compared: a native function sorts by the table of the results.
  const size_t depth = call.scope().lambdas.size();
  const std::vector<Sql> parameters{LambdaParameter(depth, 0), LambdaParameter(depth, 1)};
  const Typed left{parameters[0], array.type.element(), array.type.contains_null()};
  const Typed right{parameters[1], array.type.element(), array.type.contains_null()};
  const Lambda lambda = TranslateLambda(call, 1, {left, right}, parameters, 2);
  if (lambda.body.type.kind() != TypeKind::kInteger) {
    throw Error("DATATYPE_MISMATCH.UNEXPECTED_RETURN_TYPE",
                fmt::format("Cannot resolve \"{}\" due to data type mismatch: The `lambdafunction` requires return "
                            "\"INT\" type, but the actual is \"{}\" type.",
                            call.SqlName(), lambda.body.type.Sql()),
                {{"functionName", "`lambdafunction`"},
                 {"expectedType", "\"INT\""},
                 {"actualType", "\"" + lambda.body.type.Sql() + "\""},
                 {"sqlExpr", "\"" + call.SqlName() + "\""}});
  }
  const Sql items = LambdaParameter(depth, 2);
  return {Template("list_extract(list_transform(list_value($1), lambda $2: list_select($2, "
                   "spark_compared_positions(list_transform($2, lambda $3: list_transform($2, lambda $4: $5))))), 1)",
                   {array.sql, items, parameters[0], parameters[1], lambda.body.sql}),
          array.type, array.nullable};
}

/// A lambda over a map's entries.
Lambda OverEntries(const FunctionCall& call, const Typed& map, const Sql& entry) {
  return TranslateLambda(
      call, 1,
      {{Template("struct_extract($1, 'key')", {entry}), map.type.key(), false},
       {Template("struct_extract($1, 'value')", {entry}), map.type.value(), map.type.contains_null()}},
      {entry}, 2);
}

Typed TransformKeys(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed map = MapArgument(call);
  const Lambda lambda = OverEntries(call, map, LambdaParameter(call.scope().lambdas.size(), 0));
  const Sql keys = Apply("list_transform", Call("map_entries", {map.sql}), lambda);
  return {MapFrom(keys, Call("map_values", {map.sql})),
          DataType::Map(lambda.body.type, map.type.value(), map.type.contains_null()), map.nullable};
}

Typed TransformValues(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed map = MapArgument(call);
  const Lambda lambda = OverEntries(call, map, LambdaParameter(call.scope().lambdas.size(), 0));
  const Sql values = Apply("list_transform", Call("map_entries", {map.sql}), lambda);
  return {Template("map($1, $2)", {Call("map_keys", {map.sql}), values}),
          DataType::Map(map.type.key(), lambda.body.type, lambda.body.nullable), map.nullable};
}

Typed MapFilter(const FunctionCall& call) {
  call.Expect(2, 2);
  const Typed map = MapArgument(call);
  Lambda lambda = OverEntries(call, map, LambdaParameter(call.scope().lambdas.size(), 0));
  lambda.body = Condition(call, 1, lambda.body);
  return {Template("map_from_entries($1)", {Apply("list_filter", Call("map_entries", {map.sql}), lambda)}), map.type,
          map.nullable};
}

Typed MapZipWith(const FunctionCall& call) {
  call.Expect(3, 3);
  Typed left = MapArgument(call, 0);
  Typed right = MapArgument(call, 1);
  const auto key = LeastCommonType(left.type.key(), right.type.key());
  if (!key) {
    throw Error("DATATYPE_MISMATCH.MAP_ZIP_WITH_DIFF_TYPES",
                fmt::format("Cannot resolve \"{}\" due to data type mismatch: Input to the `map_zip_with` should have "
                            "been two \"MAP\"s with compatible key types, but it's [\"{}\", \"{}\"].",
                            call.SqlName(), left.type.key().Sql(), right.type.key().Sql()),
                {{"functionName", "`map_zip_with`"},
                 {"leftType", "\"" + left.type.key().Sql() + "\""},
                 {"rightType", "\"" + right.type.key().Sql() + "\""},
                 {"sqlExpr", "\"" + call.SqlName() + "\""}});
  }
  left = Coerce(left, DataType::Map(*key, left.type.value(), left.type.contains_null()), call.scope());
  right = Coerce(right, DataType::Map(*key, right.type.value(), right.type.contains_null()), call.scope());
  const size_t depth = call.scope().lambdas.size();
  const Sql entry = LambdaParameter(depth, 0);
  const Sql maps = LambdaParameter(depth, 1);
  const auto value = [&](int side) {
    return Template("map_extract_value(struct_extract($1, $2), $3)",
                    {maps, StringLiteral(side == 0 ? "l" : "r"), entry});
  };
  const Lambda lambda = TranslateLambda(
      call, 2, {{entry, *key, false}, {value(0), left.type.value(), true}, {value(1), right.type.value(), true}},
      {entry}, 3);
  const Sql keys = Template("struct_extract($1, 'k')", {maps});
  const Sql both = Bind({Template("list_concat(map_keys($1), map_keys($2))", {left.sql, right.sql})},
                        "list_select($1, spark_distinct_positions($1))");
  const Sql zipped = Template(
      "list_extract(list_transform(list_value(struct_pack(l := $1, r := $2, k := $3)), lambda $4: map($5, $6)), 1)",
      {left.sql, right.sql, both, maps, keys, Apply("list_transform", keys, lambda)});
  const DataType type = DataType::Map(*key, lambda.body.type, lambda.body.nullable);
  if (!left.nullable && !right.nullable) return {zipped, type, false};
  return {Template("(CASE WHEN $1 IS NOT NULL AND $2 IS NOT NULL THEN $3 END)", {left.sql, right.sql, zipped}), type,
          true};
}

constexpr SpecialFunction kSpecials[] = {
    {"transform", Transform},
    {"filter", Filter},
    {"exists", Exists},
    {"forall", ForAll},
    {"aggregate", Aggregate},
    {"reduce", Aggregate},
    {"zip_with", ZipWith},
    {"array_sort", ArraySort},
    {"transform_keys", TransformKeys},
    {"transform_values", TransformValues},
    {"map_filter", MapFilter},
    {"map_zip_with", MapZipWith},
};

}  // namespace

std::span<const SpecialFunction> LambdaFunctions() {
  return kSpecials;
}

}  // namespace tinderbox::engine
