#include "cache/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "spark/proto.h"

namespace tinderbox::cache {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

proto::Relation Sql(const std::string& text) {
  proto::Relation out;
  out.mutable_sql()->set_query(text);
  return out;
}

std::vector<std::string> PathsOf(const PlanFacts& facts) {
  std::vector<std::string> out;
  for (const auto& files : facts.files) out.push_back(files.path);
  return out;
}

TEST(InspectTest, WhatAnswersTheSameEachTimeIsKept) {
  for (const char* text : {
           "SELECT 1",
           "SELECT a + b * 2 - -c, d IS NOT NULL, NOT e, f BETWEEN 1 AND 2, g IN (1, 2), h LIKE 'x%', i[0], j.k FROM t",
           "SELECT CASE WHEN a THEN 1 ELSE 2 END, CAST(b AS INT), try_cast(c AS DATE), extract(YEAR FROM d), a <=> b "
           "FROM t",
           "SELECT k, count(*), sum(DISTINCT v) FILTER (WHERE v > 0) FROM t GROUP BY ROLLUP (k) HAVING max(v) > 1",
           "SELECT transform(a, x -> x + 1), row_number() OVER (PARTITION BY b ORDER BY c) FROM t",
           "WITH x AS (SELECT 1 AS a) SELECT * FROM x JOIN t USING (a) ORDER BY a LIMIT 3",
           "SELECT * FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a) AND b IN (SELECT c FROM v)",
           "SELECT * FROM VALUES (1, 'x') AS t(a, b)",
           "SELECT date'2024-01-01' + interval 1 day, timestamp'2024-01-01 00:00:00', 'nowadays', 'todays'",
           "SELECT * FROM t LATERAL VIEW explode(a) e AS x",
           "SELECT * EXCEPT (a) FROM t",
           "SELECT a || b, a % 2, a DIV 2, ~a, a & b, a::int FROM t",
       }) {
    EXPECT_EQ(Inspect(Sql(text)).refusal, "") << text;
  }
}

TEST(InspectTest, WhatMayAnswerDifferentlyIsRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"SELECT rand()", "rand"},
      {"SELECT RANDN(3)", "randn"},
      {"SELECT uuid() AS u", "uuid"},
      {"SELECT now()", "now"},
      {"SELECT current_timestamp", "current_timestamp"},
      {"SELECT current_date()", "current_date"},
      {"SELECT a FROM t WHERE d > CURRENT_DATE", "current_date"},
      {"SELECT max(a) FROM t WHERE b = (SELECT uuid())", "uuid"},
      {"WITH x AS (SELECT rand() AS r) SELECT * FROM x", "rand"},
      {"SELECT a FROM t GROUP BY a HAVING max(rand()) > 1", "rand"},
      {"SELECT a FROM t ORDER BY shuffle(a)", "shuffle"},
      {"SELECT transform(a, x -> x + rand()) FROM t", "rand"},
      {"SELECT sum(a) OVER (ORDER BY rand()) FROM t", "rand"},
      {"SELECT sum(a) FILTER (WHERE rand() > 0.5) FROM t", "rand"},
      {"SELECT * FROM VALUES (uuid())", "uuid"},
      {"SELECT * FROM t LATERAL VIEW explode(array(rand())) e", "rand"},
      {"SELECT * FROM t TABLESAMPLE (10 PERCENT)", "sample"},
      {"SELECT input_file_name() FROM t", "input_file_name"},
      {"SELECT unix_timestamp()", "unix_timestamp"},
      {"SELECT date'today'", "time of the query"},
      {"SELECT cast(' Now UTC' AS timestamp)", "time of the query"},
      {"SELECT \"tomorrow\" AS d", "time of the query"},
      {"SELECT '${env:HOME}'", "variables"},
      {"SELECT my_function(1)", "my_function() is no function of Spark's"},
      {"SELECT * FROM global_temp.g", "other sessions"},
      {"SHOW TABLES", "statement"},
      {"SELECT (", "Syntax error"},
  };
  for (const auto& [text, why] : cases) {
    EXPECT_THAT(Inspect(Sql(text)).refusal, HasSubstr(why)) << text;
  }
}

TEST(InspectTest, FindsTablesAndFiles) {
  PlanFacts facts = Inspect(Sql("SELECT * FROM a JOIN db.b JOIN parquet.`/data/x` JOIN csv.`y/*.csv`"));
  EXPECT_EQ(facts.refusal, "");
  EXPECT_THAT(facts.tables, ElementsAre("a", "db.b"));
  EXPECT_THAT(PathsOf(facts), ElementsAre("/data/x", "y/*.csv"));

  proto::Relation read;
  auto* source = read.mutable_filter()->mutable_input()->mutable_read()->mutable_data_source();
  source->set_format("Parquet");
  source->add_paths("/one");
  (*source->mutable_options())["PATH"] = "/two";
  EXPECT_THAT(PathsOf(Inspect(read)), ElementsAre("/one", "/two"));
  source->set_format("com.example.source");
  EXPECT_THAT(Inspect(read).refusal, HasSubstr("com.example.source"));
  source->set_format("jdbc");
  EXPECT_TRUE(Inspect(read).database);
  EXPECT_EQ(Inspect(read).refusal, "");
}

TEST(InspectTest, NamesThatAQueryGivesAreNoTables) {
  EXPECT_THAT(Inspect(Sql("WITH x AS (SELECT 1) SELECT * FROM x")).tables, IsEmpty());
  EXPECT_THAT(Inspect(Sql("WITH x AS (SELECT 1), y AS (SELECT * FROM x) SELECT * FROM Y")).tables, IsEmpty());
  // A name is not known to itself, nor behind its query.
  EXPECT_THAT(Inspect(Sql("WITH x AS (SELECT * FROM x) SELECT * FROM x")).tables, ElementsAre("x"));
  EXPECT_THAT(Inspect(Sql("SELECT * FROM (WITH x AS (SELECT 1) SELECT * FROM x) JOIN x")).tables, ElementsAre("x"));
  EXPECT_THAT(Inspect(Sql("WITH y AS (SELECT * FROM x), x AS (SELECT 1) SELECT * FROM y")).tables, ElementsAre("x"));
}

TEST(InspectTest, FunctionsOfTheProgramAreRefused) {
  proto::Relation relation;
  auto* project = relation.mutable_project();
  project->mutable_input()->mutable_range()->set_end(3);
  project->add_expressions()->mutable_common_inline_user_defined_function()->set_function_name("f");
  EXPECT_THAT(Inspect(relation).refusal, HasSubstr("program's own"));
  project->mutable_expressions(0)->mutable_expression_string()->set_expression("id + rand()");
  EXPECT_THAT(Inspect(relation).refusal, HasSubstr("rand"));
  project->mutable_expressions(0)->mutable_expression_string()->set_expression("id + 1");
  EXPECT_EQ(Inspect(relation).refusal, "");
  project->mutable_input()->mutable_cached_remote_relation()->set_relation_id("7");
  EXPECT_THAT(Inspect(relation).refusal, HasSubstr("cached_remote_relation"));
}

TEST(InspectTest, OutlinesAreOneShortLine) {
  EXPECT_EQ(Outline(Sql("SELECT\n  1,\t2  FROM x"), 80), "SELECT 1, 2 FROM x");
  EXPECT_EQ(Outline(Sql("SELECT 'éé'"), 10), "SELECT 'é…");
  EXPECT_EQ(Outline(Sql("SELECT 'éé'"), 9), "SELECT '…");
  proto::Relation show;
  auto* read = show.mutable_show_string()->mutable_input()->mutable_limit()->mutable_input()->mutable_read();
  read->mutable_data_source()->set_format("csv");
  read->mutable_data_source()->add_paths("/x");
  EXPECT_EQ(Outline(show, 80), "show_string, limit, read csv /x");
}

}  // namespace
}  // namespace tinderbox::cache
