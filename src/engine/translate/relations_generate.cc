// Generators: functions that make several rows of one. In a SELECT list, in LATERAL VIEW and as table functions.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"

#include "engine/functions/function.h"
#include "engine/translate/coercion.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"
#include "engine/translate/sql_keywords.h"
#include "sql/parser.h"

namespace tinderbox::engine {

namespace {

constexpr std::array<std::string_view, 10> kGenerators = {
    "explode",    "explode_outer",    "inline", "inline_outer",    "json_tuple",
    "posexplode", "posexplode_outer", "stack",  "variant_explode", "variant_explode_outer"};

/// The call under aliases: its name in lower case and its arguments.
struct GeneratorCall {
  std::string name;
  const Expressions* arguments = nullptr;
  bool known() const { return std::ranges::binary_search(kGenerators, std::string_view(name)); }
};

GeneratorCall CallUnder(const proto::Expression& expression) {
  if (expression.has_alias()) return CallUnder(expression.alias().expr());
  if (expression.has_unresolved_function()) {
    return {base::LowerCase(expression.unresolved_function().function_name()),
            &expression.unresolved_function().arguments()};
  }
  if (expression.has_call_function()) {
    return {base::LowerCase(expression.call_function().function_name()), &expression.call_function().arguments()};
  }
  return {};
}

/// What a generator makes: a list with one entry for each row.
struct Generated {
  Sql list;
  std::vector<StructField> fields;
  bool bare = false;  ///< an entry is the value of the one field; else a struct of them
  bool outer = false;
  bool one_row = false;  ///< `list` is one struct and not a list
};

Generated TranslateGenerator(const GeneratorCall& call, const Scope& scope) {
  const Expressions& arguments = *call.arguments;
  const auto expect = [&](int count) {
    if (arguments.size() != count) RefuseCount(call.name, std::to_string(count), static_cast<size_t>(arguments.size()));
  };
  Generated out;
  std::string name = call.name;
  if (name.ends_with("_outer")) {
    out.outer = true;
    name.resize(name.size() - 6);
  }
  if (name == "explode" || name == "posexplode") {
    expect(1);
    const Typed value = TranslateExpression(arguments.Get(0), scope);
    const DataType& type = value.type;
    const Sql entry = LambdaParameter(scope.lambdas.size(), 0);
    const Sql index = LambdaParameter(scope.lambdas.size(), 1);
    const bool position = name == "posexplode";
    if (position) out.fields.push_back({"pos", DataType(TypeKind::kInteger), out.outer, "{}"});
    const Sql at = Template("pos := CAST($1 - 1 AS INTEGER)", {index});
    if (type.kind() == TypeKind::kArray) {
      out.fields.push_back({"col", type.element(), type.contains_null() || out.outer, "{}"});
      out.bare = !position;
      out.list = out.bare ? value.sql
                          : Template("list_transform($1, lambda $2, $3: struct_pack($4, col := $2))",
                                     {value.sql, entry, index, at});
      return out;
    }
    if (type.kind() == TypeKind::kMap) {
      out.fields.push_back({"key", type.key(), out.outer, "{}"});
      out.fields.push_back({"value", type.value(), type.contains_null() || out.outer, "{}"});
      out.list = Template("map_entries($1)", {value.sql});
      if (position) {
        out.list =
            Template("list_transform($1, lambda $2, $3: struct_pack($4, \"key\" := $2.key, \"value\" := $2.value))",
                     {out.list, entry, index, at});
      }
      return out;
    }
    throw Error("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
                fmt::format("Cannot resolve \"{0}({1})\" due to data type mismatch: The first parameter requires the "
                            "(\"ARRAY\" or \"MAP\") type, however \"{1}\" has the type \"{2}\".",
                            name, ExpressionName(arguments.Get(0)), type.Sql()),
                {{"sqlExpr", fmt::format("\"{}({})\"", name, ExpressionName(arguments.Get(0)))},
                 {"paramIndex", "first"},
                 {"requiredType", "(\"ARRAY\" or \"MAP\")"},
                 {"inputSql", "\"" + ExpressionName(arguments.Get(0)) + "\""},
                 {"inputType", "\"" + type.Sql() + "\""}});
  }
  if (name == "inline") {
    expect(1);
    const Typed value = TranslateExpression(arguments.Get(0), scope);
    if (value.type.kind() != TypeKind::kArray || value.type.element().kind() != TypeKind::kStruct) {
      RefuseArgument(name, 1, "ARRAY<STRUCT>", value.type);
    }
    out.list = value.sql;
    out.fields = value.type.element().fields();
    for (StructField& field : out.fields) field.nullable = field.nullable || value.type.contains_null() || out.outer;
    return out;
  }
  if (name == "stack") {
    if (arguments.size() < 2) RefuseCount(name, "> 1", static_cast<size_t>(arguments.size()));
    const proto::Expression& count = arguments.Get(0);
    if (!count.has_literal() || !count.literal().has_integer()) {
      throw Error("DATATYPE_MISMATCH.NON_FOLDABLE_INPUT", "The number of rows of stack() must be a constant.",
                  {{"inputName", "`n`"}, {"inputType", "\"INT\""}, {"inputExpr", "\"" + ExpressionName(count) + "\""}});
    }
    const int rows = count.literal().integer();
    if (rows <= 0) {
      proto::Expression call_shown;
      call_shown.mutable_unresolved_function()->set_function_name(name);
      *call_shown.mutable_unresolved_function()->mutable_arguments() = arguments;
      throw Error("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE",
                  fmt::format("The `n` must be between (0, 2147483647] (current value = {}).", rows),
                  {{"sqlExpr", fmt::format("\"{}\"", ExpressionName(call_shown))},
                   {"exprName", "`n`"},
                   {"valueRange", "(0, 2147483647]"},
                   {"currentValue", std::to_string(rows)}});
    }
    const int values = arguments.size() - 1;
    const int width = (values + rows - 1) / rows;
    std::vector<std::vector<Sql>> cells(static_cast<size_t>(rows));
    for (int c = 0; c < width; ++c) {
      std::vector<Typed> column;
      for (int r = 0; r < rows; ++r) {
        const int at = r * width + c;
        column.push_back(at < values ? TranslateExpression(arguments.Get(at + 1), scope)
                                     : Typed{Token("NULL"), DataType(), true});
      }
      const DataType type = CoerceAll(column, scope, "stack");
      out.fields.push_back({fmt::format("col{}", c), type, true, "{}"});
      for (int r = 0; r < rows; ++r) cells[static_cast<size_t>(r)].push_back(column[static_cast<size_t>(r)].sql);
    }
    std::vector<Sql> list;
    for (const auto& row : cells) {
      std::vector<Sql> parts;
      for (size_t c = 0; c < row.size(); ++c)
        parts.push_back(Template("$1 := $2", {Ident(out.fields[c].name), row[c]}));
      list.push_back(Call("struct_pack", parts));
    }
    out.list = Call("list_value", list);
    return out;
  }
  if (name == "json_tuple") {
    if (arguments.size() < 2) RefuseCount(name, "> 1", static_cast<size_t>(arguments.size()));
    std::vector<Sql> parts;
    for (int i = 1; i < arguments.size(); ++i) {
      const proto::Expression& field = arguments.Get(i);
      if (!field.has_literal() || !field.literal().has_string())
        RefuseFeature("json_tuple with fields that are not constant");
      std::string path = "$['" + field.literal().string() + "']";
      const proto::Expression value = FunctionExpression("get_json_object", {arguments.Get(0), StringExpression(path)});
      out.fields.push_back({fmt::format("c{}", i - 1), DataType(TypeKind::kString), true, "{}"});
      parts.push_back(Template("$1 := $2", {Ident(out.fields.back().name), TranslateExpression(value, scope).sql}));
    }
    out.one_row = true;
    out.list = Call("struct_pack", parts);
    return out;
  }
  if (name == "variant_explode") {
    expect(1);
    Typed value = TranslateExpression(arguments.Get(0), scope);
    if (value.type.kind() == TypeKind::kNull) value = NullOf(DataType(TypeKind::kVariant));
    if (value.type.kind() != TypeKind::kVariant) RefuseArgument(call.name, 1, "VARIANT", value.type);
    out.fields = {{"pos", DataType(TypeKind::kInteger), out.outer, "{}"},
                  {"key", DataType(TypeKind::kString), true, "{}"},
                  {"value", DataType(TypeKind::kVariant), out.outer, "{}"}};
    out.list = Call("spark_variant_entries", {value.sql});
    return out;
  }
  RefuseFeature(fmt::format("the generator `{}`", call.name));
}

/// The list with one NULL entry in place of none.
Sql ListOf(const Generated& generated) {
  if (!generated.outer) return generated.list;
  return Template("CASE WHEN len($1) > 0 THEN $1 ELSE list_value(NULL) END", {generated.list});
}

/// The values of the fields, given the entry.
std::vector<SelectItem> FieldsOf(const Generated& generated, const Sql& entry) {
  std::vector<SelectItem> out;
  for (const StructField& field : generated.fields) {
    out.push_back({generated.bare ? entry : Call("struct_extract", {entry, StringLiteral(field.name)}),
                   NewColumn(field.name, field.type, field.nullable)});
  }
  return out;
}

/// SELECT *, entry FROM (input), a row for each entry.
Sql Expanded(const Sql& input, const Generated& generated, const Sql& entry) {
  const Sql value = generated.one_row ? generated.list : Call("unnest", {ListOf(generated)});
  return Concat({Token("SELECT *, "), value, Token(" AS "), entry, Token("\nFROM "), input});
}

void Rename(const std::vector<std::string>& names, std::vector<SelectItem>* items) {
  if (names.empty()) return;
  if (names.size() != items->size()) {
    std::string shown;
    for (const std::string& name : names) shown += (shown.empty() ? "" : ",") + name;
    throw Error(
        "UDTF_ALIAS_NUMBER_MISMATCH",
        fmt::format("The number of aliases supplied in the AS clause does not match the number of columns output "
                    "by the UDTF. Expected {} aliases, but got {}. Please ensure that the number of aliases "
                    "provided matches the number of columns output by the UDTF.",
                    items->size(), shown),
        {{"aliasesSize", std::to_string(items->size())}, {"aliasesNames", shown}});
  }
  for (size_t i = 0; i < names.size(); ++i) (*items)[i].column.name = names[i];
}

}  // namespace

proto::Expression AttributeExpression(const std::string& name) {
  std::string quoted = "`";
  for (char c : name) {
    if (c == '`') quoted += c;
    quoted += c;
  }
  proto::Expression out;
  out.mutable_unresolved_attribute()->set_unparsed_identifier(quoted + "`");
  return out;
}

proto::Expression FunctionExpression(const std::string& name, std::initializer_list<proto::Expression> arguments) {
  proto::Expression out;
  out.mutable_unresolved_function()->set_function_name(name);
  for (const proto::Expression& argument : arguments) *out.mutable_unresolved_function()->add_arguments() = argument;
  return out;
}

proto::Expression StringExpression(const std::string& text) {
  proto::Expression out;
  out.mutable_literal()->set_string(text);
  return out;
}

bool IsGenerator(const proto::Expression& expression) {
  if (expression.has_expression_string()) {
    const std::string text = base::LowerCase(expression.expression_string().expression());
    const bool maybe =
        std::ranges::any_of(kGenerators, [&](std::string_view name) { return text.find(name) != std::string::npos; });
    return maybe && IsGenerator(sql::ParseExpression(expression.expression_string().expression()));
  }
  return CallUnder(expression).known();
}

bool HasGenerator(const proto::Expression& expression) {
  if (IsGenerator(expression)) return true;
  if (expression.has_alias()) return HasGenerator(expression.alias().expr());
  if (expression.has_unresolved_function()) {
    return std::ranges::any_of(expression.unresolved_function().arguments(), HasGenerator);
  }
  return expression.has_cast() && HasGenerator(expression.cast().expr());
}

[[noreturn]] static void RefuseNested(const proto::Expression& expression) {
  const std::string shown = "\"" + ExpressionName(expression) + "\"";
  throw Error("UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS",
              fmt::format("The generator is not supported: nested in expressions {}.", shown), {{"expression", shown}});
}

void RefuseGenerator(const proto::Expression& expression) {
  if (!IsGenerator(expression)) RefuseNested(expression);
  const std::string shown = "\"" + ExpressionName(expression) + "\"";
  throw Error("UNSUPPORTED_GENERATOR.OUTSIDE_SELECT",
              fmt::format("The generator is not supported: outside the SELECT clause, found: {}.", shown),
              {{"plan", shown}});
}

TranslatedRelation RelationTranslator::Generate(TranslatedRelation input, const Expressions& list) {
  Expressions parsed = list;
  for (proto::Expression& expression : parsed) {
    if (!HasGenerator(expression)) continue;
    if (expression.has_expression_string()) {
      expression = sql::ParseExpression(expression.expression_string().expression());
    }
    if (!IsGenerator(expression)) RefuseGenerator(expression);
    for (const proto::Expression& argument : *CallUnder(expression).arguments) {
      if (HasGenerator(argument)) RefuseNested(expression.has_alias() ? expression.alias().expr() : expression);
    }
  }
  if (std::ranges::any_of(parsed, HasAggregate)) {
    // The aggregates first, then the generators over the groups.
    Expressions inner;
    for (proto::Expression& expression : parsed) {
      if (!HasGenerator(expression)) {
        proto::Expression named;
        *named.mutable_alias()->mutable_expr() = expression.has_alias() ? expression.alias().expr() : expression;
        named.mutable_alias()->add_name(fmt::format("value {}", inner.size()));
        const std::string shown = ExpressionName(expression);
        expression = proto::Expression();
        *expression.mutable_alias()->mutable_expr() = AttributeExpression(named.alias().name(0));
        expression.mutable_alias()->add_name(shown);
        *inner.Add() = std::move(named);
        continue;
      }
      proto::Expression* call = expression.has_alias() ? expression.mutable_alias()->mutable_expr() : &expression;
      if (!call->has_unresolved_function()) RefuseFeature("a generator of aggregates in this form");
      for (proto::Expression& argument : *call->mutable_unresolved_function()->mutable_arguments()) {
        if (argument.has_literal()) continue;
        proto::Expression named;
        *named.mutable_alias()->mutable_expr() = argument;
        named.mutable_alias()->add_name(fmt::format("value {}", inner.size()));
        argument = AttributeExpression(named.alias().name(0));
        *inner.Add() = std::move(named);
      }
    }
    GroupRequest request;
    for (const proto::Expression& expression : inner) request.list.push_back(&expression);
    return Generate(Group(std::move(input), request), parsed);
  }
  Isolate(&input, std::ranges::any_of(parsed, [](const auto& e) { return HasSubquery(e); }));
  Sql from;
  Block block;
  block.items = Resolving(&input, false, [&](const Scope& scope) {
    from = Derived(input.sql);
    UniqueIds ids;
    std::vector<SelectItem> items;
    int entries = 0;
    for (const proto::Expression& expression : parsed) {
      if (!IsGenerator(expression)) {
        AddItems(expression, scope, &ids, &items);
        continue;
      }
      // Several generators: every entry of one with every entry of the next.
      const Sql entry = Ident(fmt::format("generated entry {}", entries++));
      Generated generated;
      CheckAt((expression.has_alias() ? expression.alias().expr() : expression).common().origin(),
              [&] { generated = TranslateGenerator(CallUnder(expression), scope); });
      from = Derived(Expanded(from, generated, entry));
      std::vector<SelectItem> fields = FieldsOf(generated, entry);
      if (expression.has_alias()) Rename({expression.alias().name().begin(), expression.alias().name().end()}, &fields);
      for (SelectItem& item : fields) {
        item.column.id = ids.Make(item.column.name);
        items.push_back(std::move(item));
      }
    }
    return items;
  });
  rows_ = kManyRows;
  block.from = from;
  block.inputs = std::move(input.columns);
  return SelectBlock(std::move(block));
}

TranslatedRelation RelationTranslator::LateralView(const plan::LateralView& view) {
  TranslatedRelation input = Translate(view.input());
  Isolate(&input, HasSubquery(view.generator()));
  const GeneratorCall call = CallUnder(view.generator());
  if (!call.known()) {
    throw Error("UNSUPPORTED_GENERATOR.NOT_GENERATOR",
                fmt::format("The generator is not supported: `{}` is expected to be a generator.", call.name),
                {{"functionName", "`" + call.name + "`"}, {"classCanonicalName", call.name}});
  }
  const Sql entry = Ident("generated entry");
  Generated generated = Resolving(&input, false, [&](const Scope& scope) { return TranslateGenerator(call, scope); });
  generated.outer = generated.outer || (view.outer() && !generated.one_row);
  std::vector<SelectItem> fields = FieldsOf(generated, entry);
  Rename({view.column_aliases().begin(), view.column_aliases().end()}, &fields);
  UniqueIds ids;
  std::vector<SelectItem> items;
  for (const OutputColumn& column : input.columns) {
    ids.Make(column.id);
    items.push_back({Ident(column.id), column});
  }
  for (SelectItem& item : fields) {
    item.column.id = ids.Make(item.column.name);
    item.column.nullable = item.column.nullable || view.outer();
    item.column.qualifiers = {view.table_alias()};
    items.push_back(std::move(item));
  }
  rows_ = kManyRows;
  return Select(std::move(items), Derived(Expanded(Derived(input.sql), generated, entry)));
}

TranslatedRelation RelationTranslator::TableFunction(const proto::UnresolvedTableValuedFunction& function) {
  static const std::vector<OutputColumn> kNone;
  const std::string name = base::LowerCase(function.function_name());
  const Scope scope = ScopeOf(kNone);
  if (name == "range") {
    if (function.arguments().empty() || function.arguments_size() > 4) {
      RefuseCount(name, "[1, 2, 3, 4]", static_cast<size_t>(function.arguments_size()));
    }
    std::vector<Sql> bounds;
    for (int i = 0; i < std::min(3, function.arguments_size()); ++i) {
      bounds.push_back(Coerce(TranslateExpression(function.arguments(i), scope), DataType(TypeKind::kLong), scope).sql);
    }
    const OutputColumn id = NewColumn("id", DataType(TypeKind::kLong), false);
    return Select({{Ident("range"), id}}, Call("range", bounds));
  }
  if (name == "sql_keywords") {
    if (!function.arguments().empty()) RefuseCount(name, "0", static_cast<size_t>(function.arguments_size()));
    return Select({{Template("unnest(string_split($1, ' '))", {StringLiteral(kSqlKeywords)}),
                    NewColumn("keyword", DataType(TypeKind::kString), false)},
                   {Token("false"), NewColumn("reserved", DataType(TypeKind::kBoolean), false)}},
                  Token("(SELECT 1)"));
  }
  const GeneratorCall call{name, &function.arguments()};
  if (!call.known()) {
    if (name == "collations" || name == "python_worker_logs") {
      RefuseFeature(fmt::format("the table function `{}`", name));
    }
    const std::string shown = "`" + function.function_name() + "`";
    throw Error("UNRESOLVABLE_TABLE_VALUED_FUNCTION",
                fmt::format("Could not resolve {} to a table-valued function. Please make sure that {} is defined as a "
                            "table-valued function and that all required parameters are provided correctly.",
                            shown, shown),
                {{"name", shown}});
  }
  const Sql entry = Ident("generated entry");
  const Generated generated = TranslateGenerator(call, scope);
  std::vector<SelectItem> items = FieldsOf(generated, entry);
  UniqueIds ids;
  for (SelectItem& item : items) item.column.id = ids.Make(item.column.name);
  return Select(std::move(items), Derived(Expanded(Token("(SELECT 1)"), generated, entry)));
}

}  // namespace tinderbox::engine
