// Samples. They are Spark's in kind and repeatable by their seed; which rows they hold is our own, because Spark's
// choice depends on how the rows are spread over partitions.
#include <fmt/format.h>

#include <cmath>

#include "engine/translate/coercion.h"
#include "engine/translate/literals.h"
#include "engine/translate/refusals.h"
#include "engine/translate/relation_translator.h"

namespace tinderbox::engine {

namespace {

Sql DoubleLiteral(double value) {
  return Template("CAST($1 AS DOUBLE)", {StringLiteral(fmt::format("{:.17g}", value))});
}

/// A number in [0, 1) made of a row's number and a seed.
Sql Uniform(const Sql& row, int64_t seed) {
  return Template("(CAST(hash($1, $2) >> 11 AS DOUBLE) / CAST(9007199254740992 AS DOUBLE))",
                  {row, IntegerLiteral(seed)});
}

}  // namespace

TranslatedRelation RelationTranslator::Sample(const proto::Sample& sample) {
  TranslatedRelation input = Translate(sample.input());
  const std::vector<OutputColumn> columns = input.columns;
  std::vector<SelectItem> items;
  for (const OutputColumn& column : columns) items.push_back({Ident(column.id), column});
  // The same rows must get the same numbers in each part of a split.
  std::vector<Sql> order;
  for (const OutputColumn& column : columns) {
    if (sample.deterministic_order() && HasOrder(column.type)) order.push_back(Ident(column.id));
  }
  const Sql row = Ident("sample row");
  const Sql by = order.empty() ? Sql() : Concat({Token("ORDER BY "), engine::Join(order, ", ")});
  const Sql numbered =
      Concat({Token("SELECT *, row_number() OVER ("), by, Token(") AS "), row, Token("\nFROM "), Derived(input.sql)});
  const Sql chance = Uniform(row, sample.seed());
  if (!sample.with_replacement()) {
    const Sql where = Template("WHERE $1 >= $2 AND $1 < $3",
                               {chance, DoubleLiteral(sample.lower_bound()), DoubleLiteral(sample.upper_bound())});
    return Select(std::move(items), Derived(numbered), where);
  }
  // As often as a Poisson distribution says: the number of its cumulative probabilities that are not above the chance.
  const double mean = sample.upper_bound();
  if (mean > 500) RefuseFeature("samples with replacement of more than 500 times the rows");
  std::vector<Sql> steps;
  double probability = std::exp(-mean);
  double total = probability;
  for (int k = 1; total < 1 - 1e-15 && k < 2000; ++k) {
    steps.push_back(DoubleLiteral(total));
    probability *= mean / k;
    total += probability;
  }
  const Sql repeats = Template(
      "SELECT *, unnest(range(len(list_filter(list_value($1), lambda step: step <= $2)))) AS "
      "\"sample repeat\"\nFROM ",
      {engine::Join(steps, ", "), chance});
  return Select(std::move(items), Derived(Concat({repeats, Derived(numbered)})));
}

TranslatedRelation RelationTranslator::SampleBy(const proto::StatSampleBy& sample) {
  TranslatedRelation input = Translate(sample.input());
  std::vector<SelectItem> items;
  for (const OutputColumn& column : input.columns) items.push_back({Ident(column.id), column});
  const Scope scope = ScopeOf(input.columns);
  const Typed stratum = TranslateExpression(sample.col(), scope);
  const Sql row = Ident("sample row");
  const Sql chance = Uniform(row, sample.seed());
  std::vector<Sql> conditions{Token("false")};
  for (const auto& fraction : sample.fractions()) {
    conditions.push_back(
        Template("($1 AND $2 < $3)", {CallFunction("<=>", {stratum, TranslateLiteral(fraction.stratum())}, scope).sql,
                                      chance, DoubleLiteral(fraction.fraction())}));
  }
  const Sql numbered = Concat({Token("SELECT *, row_number() OVER () AS "), row, Token("\nFROM "), Derived(input.sql)});
  return Select(std::move(items), Derived(numbered), Concat({Token("WHERE "), engine::Join(conditions, " OR ")}));
}

TranslatedRelation RelationTranslator::Tail(const proto::Tail& tail) {
  TranslatedRelation input = Translate(tail.input());
  std::vector<SelectItem> items;
  for (const OutputColumn& column : input.columns) items.push_back({Ident(column.id), column});
  const Sql numbered = Concat({Token("SELECT *, row_number() OVER () AS \"tail row\", count(*) OVER () AS \"tail rows\""
                                     "\nFROM "),
                               Derived(input.sql)});
  const Sql rest = Concat({Token("WHERE \"tail row\" > \"tail rows\" - "), IntegerLiteral(std::max(0, tail.limit())),
                           Token("\nORDER BY \"tail row\"")});
  return Select(std::move(items), Derived(numbered), rest);
}

}  // namespace tinderbox::engine
