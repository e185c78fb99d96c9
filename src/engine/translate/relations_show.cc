// What shows rows as text: show(), its HTML form; and what only marks a place in a query.
#include <fmt/format.h>

#include "engine/translate/casts.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"

namespace tinderbox::engine {

namespace {

/// Instants as local times, wherever they are nested, so that text of them needs no time zone.
Typed Localised(const Typed& value, const Scope& scope) {
  const DataType& type = value.type;
  const Sql parameter = LambdaParameter(scope.lambdas.size(), 0);
  Scope inner = scope;
  inner.lambdas.push_back({"", {}});
  switch (type.kind()) {
    case TypeKind::kTimestamp:
      return {ToLocalTime(value.sql, scope), DataType(TypeKind::kTimestampNtz), value.nullable};
    case TypeKind::kYearMonthInterval:
    case TypeKind::kDayTimeInterval:
      return TranslateCast(value, DataType(TypeKind::kString), scope, false);
    case TypeKind::kTime:
      return TranslateCast(value, DataType(TypeKind::kString), scope, false);
    case TypeKind::kArray: {
      const Typed element = Localised({parameter, type.element(), true}, inner);
      if (element.sql.text() == parameter.text()) return value;
      return {Template("list_transform($1, lambda $2: $3)", {value.sql, parameter, element.sql}),
              DataType::Array(element.type), value.nullable};
    }
    case TypeKind::kMap: {
      const Sql key_sql = Template("$1.key", {parameter});
      const Sql value_sql = Template("$1.value", {parameter});
      const Typed key = Localised({key_sql, type.key(), false}, inner);
      const Typed item = Localised({value_sql, type.value(), true}, inner);
      if (key.sql.text() == key_sql.text() && item.sql.text() == value_sql.text()) return value;
      return {Template("map_from_entries(list_transform(map_entries($1), lambda $2: struct_pack(key := $3, value := "
                       "$4)))",
                       {value.sql, parameter, key.sql, item.sql}),
              DataType::Map(key.type, item.type), value.nullable};
    }
    case TypeKind::kStruct: {
      bool changed = false;
      std::vector<Sql> parts;
      std::vector<StructField> fields;
      for (const StructField& field : type.fields()) {
        const Sql part = Call("struct_extract", {parameter, StringLiteral(field.name)});
        const Typed typed = Localised({part, field.type, true}, inner);
        changed = changed || typed.sql.text() != part.text();
        parts.push_back(Template("$1 := $2", {Ident(field.name), typed.sql}));
        fields.push_back({field.name, typed.type, true, "{}"});
      }
      if (!changed) return value;
      return {Template("list_extract(list_transform(list_value($1), lambda $2: CASE WHEN $2 IS NULL THEN NULL ELSE $3 "
                       "END), 1)",
                       {value.sql, parameter, Call("struct_pack", parts)}),
              DataType::Struct(fields), value.nullable};
    }
    default:
      return value;
  }
}

}  // namespace

TranslatedRelation RelationTranslator::Shown(const proto::Relation& source, int rows, const char* function,
                                             const std::vector<Sql>& options, const char* name) {
  TranslatedRelation input = Translate(source);
  const Scope scope = ScopeOf(input.columns);
  std::vector<Sql> names, cells;
  for (const OutputColumn& column : input.columns) {
    names.push_back(StringLiteral(column.name));
    cells.push_back(Call("spark_show_cell", {Localised(ValueOf(column), scope).sql}));
  }
  // One row more than are shown tells whether there are more.
  const long long limit = std::max(0, rows);
  const Sql limited =
      Concat({Token("SELECT *\nFROM "), Derived(input.sql), Token("\nLIMIT "), IntegerLiteral(limit + 1)});
  const Sql numbered = Concat({Token("SELECT *, row_number() OVER () AS \"show row\"\nFROM "), Derived(limited)});
  const Sql table = cells.empty() ? Token("CAST(list_value() AS VARCHAR[][])")
                                  : Template("coalesce(list(list_value($1) ORDER BY \"show row\"), list_value())",
                                             {engine::Join(cells, ", ")});
  std::vector<Sql> arguments{Template("CAST($1 AS VARCHAR[][])", {table}),
                             Template("CAST($1 AS VARCHAR[])", {Call("list_value", names)}), IntegerLiteral(limit)};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return Select({{Call(function, arguments), NewColumn(name, DataType(TypeKind::kString), false)}}, Derived(numbered));
}

TranslatedRelation RelationTranslator::ShowString(const proto::ShowString& show) {
  return Shown(show.input(), show.num_rows(), "spark_show_string",
               {IntegerLiteral(show.truncate()), Token(show.vertical() ? "true" : "false")}, "show_string");
}

TranslatedRelation RelationTranslator::HtmlString(const proto::HtmlString& html) {
  return Shown(html.input(), html.num_rows(), "spark_html_string", {IntegerLiteral(html.truncate())}, "html_string");
}

TranslatedRelation RelationTranslator::CollectMetrics(const proto::CollectMetrics& metrics) {
  TranslatedRelation input = Translate(metrics.input());
  // The metrics are of the very rows that go on, so these are stored and read twice: a query that limits or filters
  // what was observed, or whose values change from run to run, is right as well.
  if (auto stored = leaves_.Store(input)) {
    input.sql = *stored;
    input.block = nullptr;
  }
  GroupRequest request;
  for (const proto::Expression& metric : metrics.metrics()) request.list.push_back(&metric);
  const TranslatedRelation observed = Group(input, request);
  leaves_.Observe(metrics.name(), observed);
  return input;
}

}  // namespace tinderbox::engine
