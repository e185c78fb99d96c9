// Queries and statements: what plan a text gives, that a corpus of real queries parses, and which error a wrong one
// has.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "spark/plan_extensions.pb.h"
#include "spark/proto.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::sql {

namespace {

std::string Show(const proto::Relation& relation);
std::string Show(const proto::Expression& e);
std::string Show(const proto::Expression::SortOrder& order);
std::string Show(const proto::Aggregate::GroupingSets& set);
std::string Show(const plan::InlineTable::Row& row);

std::string Show(const std::string& text) {
  return text;
}

std::string Show(const google::protobuf::Message& message) {
  std::string out;
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.PrintToString(message, &out);
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

template <typename Items>
std::string List(const Items& items, const char* separator = ", ") {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : separator) + Show(item);
  return out;
}

std::string Show(const proto::Expression& e) {
  if (e.has_literal()) {
    if (e.literal().has_integer()) return std::to_string(e.literal().integer());
    if (e.literal().has_string()) return "'" + e.literal().string() + "'";
    return Show(static_cast<const google::protobuf::Message&>(e.literal()));
  }
  if (e.has_unresolved_attribute()) return e.unresolved_attribute().unparsed_identifier();
  if (e.has_unresolved_star()) return "*" + e.unresolved_star().unparsed_target();
  if (e.has_unresolved_function()) {
    const auto& call = e.unresolved_function();
    return call.function_name() + "(" + (call.is_distinct() ? "distinct " : "") + List(call.arguments()) + ")";
  }
  if (e.has_alias()) return Show(e.alias().expr()) + " as " + List(e.alias().name());
  if (e.has_subquery_expression()) {
    const auto& subquery = e.subquery_expression();
    return "subquery" + std::to_string(subquery.plan_id() - (int64_t{1} << 40)) + "(" +
           proto::SubqueryExpression::SubqueryType_Name(subquery.subquery_type()).substr(14) +
           (subquery.in_subquery_values_size() > 0 ? " " : "") + List(subquery.in_subquery_values()) + ")";
  }
  if (e.has_window()) {
    return Show(e.window().window_function()) + " over (" + List(e.window().partition_spec()) + "; " +
           List(e.window().order_spec()) + ")";
  }
  if (e.has_named_argument_expression())
    return e.named_argument_expression().key() + " => " + Show(e.named_argument_expression().value());
  plan::ExpressionExtension extension;
  if (e.extension().UnpackTo(&extension) && extension.has_aggregate_call()) {
    const auto& call = extension.aggregate_call();
    proto::Expression function;
    *function.mutable_unresolved_function() = call.function();
    std::string out = Show(function);
    if (!call.within_group().empty()) out += " within (" + List(call.within_group()) + ")";
    if (call.has_filter()) out += " filter (" + Show(call.filter()) + ")";
    return out + (call.ignore_nulls() ? " ignore nulls" : "");
  }
  return Show(static_cast<const google::protobuf::Message&>(extension));
}

std::string Show(const proto::Expression::SortOrder& order) {
  using Order = proto::Expression::SortOrder;
  return Show(order.child()) + (order.direction() == Order::SORT_DIRECTION_DESCENDING ? " desc" : "") +
         (order.null_ordering() == Order::SORT_NULLS_LAST ? " last" : "");
}

std::string Show(const proto::Aggregate::GroupingSets& set) {
  return "(" + List(set.grouping_set()) + ")";
}

std::string Show(const plan::InlineTable::Row& row) {
  return "(" + List(row.values()) + ")";
}

std::string ShowExtension(const plan::RelationExtension& extension) {
  if (extension.has_sql_aggregate()) {
    const auto& a = extension.sql_aggregate();
    std::string out = "aggregate[" + List(a.select_list()) + "; ";
    if (a.group_type() != proto::Aggregate::GROUP_TYPE_GROUPBY)
      out += proto::Aggregate::GroupType_Name(a.group_type()).substr(11) + " ";
    out += a.group_by_all() ? "ALL" : List(a.grouping_expressions());
    if (!a.grouping_sets().empty()) out += " " + List(a.grouping_sets());
    if (a.has_having()) out += "; " + Show(a.having());
    return out + "](" + Show(a.input()) + ")";
  }
  if (extension.has_column_aliases()) {
    const auto& a = extension.column_aliases();
    return a.table_alias() + "[" + List(a.column_names()) + "](" + Show(a.input()) + ")";
  }
  if (extension.has_inline_table()) return "values[" + List(extension.inline_table().rows()) + "]";
  if (extension.has_qualify())
    return "qualify[" + Show(extension.qualify().condition()) + "](" + Show(extension.qualify().input()) + ")";
  if (extension.has_natural_join()) {
    proto::Relation join;
    *join.mutable_join() = extension.natural_join().join();
    return "natural " + Show(join);
  }
  if (extension.has_lateral_view()) {
    const auto& view = extension.lateral_view();
    return std::string(view.outer() ? "outer " : "") + "view[" + Show(view.generator()) + " as " + view.table_alias() +
           "(" + List(view.column_aliases()) + ")](" + Show(view.input()) + ")";
  }
  if (extension.has_recursive_table()) {
    const auto& table = extension.recursive_table();
    return "recursive " + table.name() + "[" + List(table.column_names()) + "](" + Show(table.anchor()) + ", " +
           Show(table.recursion()) + ")";
  }
  return Show(static_cast<const google::protobuf::Message&>(extension));
}

std::string Show(const proto::Relation& r) {
  if (r.has_read()) return r.read().named_table().unparsed_identifier();
  if (r.has_project()) {
    const std::string input = r.project().has_input() ? Show(r.project().input()) : "";
    return "project[" + List(r.project().expressions()) + "](" + input + ")";
  }
  if (r.has_filter()) return "filter[" + Show(r.filter().condition()) + "](" + Show(r.filter().input()) + ")";
  if (r.has_sort()) {
    return std::string(r.sort().is_global() ? "" : "local ") + "sort[" + List(r.sort().order()) + "](" +
           Show(r.sort().input()) + ")";
  }
  if (r.has_limit()) return "limit[" + std::to_string(r.limit().limit()) + "](" + Show(r.limit().input()) + ")";
  if (r.has_offset()) return "offset[" + std::to_string(r.offset().offset()) + "](" + Show(r.offset().input()) + ")";
  if (r.has_deduplicate()) return "distinct(" + Show(r.deduplicate().input()) + ")";
  if (r.has_subquery_alias()) return r.subquery_alias().alias() + ":" + Show(r.subquery_alias().input());
  if (r.has_hint()) return "hint " + r.hint().name() + "(" + Show(r.hint().input()) + ")";
  if (r.has_join()) {
    std::string on = r.join().has_join_condition() ? " on " + Show(r.join().join_condition()) : "";
    if (!r.join().using_columns().empty()) on = " using " + List(r.join().using_columns());
    return proto::Join::JoinType_Name(r.join().join_type()).substr(10) + "(" + Show(r.join().left()) + ", " +
           Show(r.join().right()) + on + ")";
  }
  if (r.has_lateral_join())
    return "lateral(" + Show(r.lateral_join().left()) + ", " + Show(r.lateral_join().right()) + ")";
  if (r.has_set_op()) {
    return proto::SetOperation::SetOpType_Name(r.set_op().set_op_type()).substr(12) +
           (r.set_op().is_all() ? " ALL(" : "(") + Show(r.set_op().left_input()) + ", " +
           Show(r.set_op().right_input()) + ")";
  }
  if (r.has_with_relations()) {
    std::string out = "with(";
    for (const auto& reference : r.with_relations().references()) {
      if (reference.common().has_plan_id())
        out += std::to_string(reference.common().plan_id() - (int64_t{1} << 40)) + "=";
      out += Show(reference) + "; ";
    }
    return out + Show(r.with_relations().root()) + ")";
  }
  if (r.has_unresolved_table_valued_function()) {
    return r.unresolved_table_valued_function().function_name() + "(" +
           List(r.unresolved_table_valued_function().arguments()) + ")";
  }
  plan::RelationExtension extension;
  if (r.extension().UnpackTo(&extension)) return ShowExtension(extension);
  return Show(static_cast<const google::protobuf::Message&>(r));
}

std::string Parsed(std::string_view text) {
  try {
    return Show(ParseQuery(text));
  } catch (const Error& error) {
    return error.condition();
  }
}

plan::Statement Statement(std::string_view text) {
  plan::Statement out;
  EXPECT_TRUE(ParseStatement(text).command().extension().UnpackTo(&out)) << text;
  return out;
}

TEST(ParseQueryTest, ClausesStackInSparksOrder) {
  EXPECT_EQ(Parsed("SELECT 1"), "project[1]()");
  EXPECT_EQ(Parsed("SELECT DISTINCT a x, t.* FROM t WHERE b ORDER BY c DESC LIMIT 2 OFFSET 3"),
            "limit[2](offset[3](sort[c desc last](distinct(project[a as x, *t.*](filter[b](t))))))");
  EXPECT_EQ(Parsed("SELECT 1 WHERE a"), "project[1](filter[a](project[]()))");
  EXPECT_EQ(Parsed("SELECT a, count(*) FROM t GROUP BY a HAVING count(*) > 1"),
            "aggregate[a, count(*); a; >(count(*), 1)](t)");
  EXPECT_EQ(Parsed("SELECT max(a) FROM t HAVING true"), "aggregate[max(a); ; boolean: true](t)");
  EXPECT_EQ(Parsed("SELECT a FROM t GROUP BY ALL"), "aggregate[a; ALL](t)");
  EXPECT_EQ(Parsed("SELECT a FROM t QUALIFY rank() OVER (ORDER BY a) = 1"),
            "qualify[==(rank() over (; a), 1)](project[a](t))");
  EXPECT_EQ(Parsed("SELECT a FROM t SORT BY b"), "local sort[b](project[a](t))");
  EXPECT_EQ(Parsed("FROM t SELECT a"), "project[a](t)");
  EXPECT_EQ(Parsed("FROM t |> WHERE a |> SELECT b |> LIMIT 1"), "limit[1](project[b](filter[a](project[*](t))))");
  EXPECT_EQ(Parsed("SELECT /*+ broadcast(a) */ * FROM a LIMIT ALL"), "hint broadcast(project[*](a))");
  EXPECT_EQ(Parsed("SELECT a FROM t LIMIT 2 * 3 + 1"), "limit[7](project[a](t))");
}

TEST(ParseQueryTest, GroupingSetsAreMultipliedOut) {
  EXPECT_EQ(Parsed("SELECT 1 FROM t GROUP BY ROLLUP (a, b)"), "aggregate[1; ROLLUP a, b](t)");
  EXPECT_EQ(Parsed("SELECT 1 FROM t GROUP BY a, b WITH CUBE"), "aggregate[1; CUBE a, b](t)");
  EXPECT_EQ(Parsed("SELECT 1 FROM t GROUP BY a, ROLLUP (b, (c, d))"),
            "aggregate[1; GROUPING_SETS a, b, c, d (a, b, c, d), (a, b), (a)](t)");
  EXPECT_EQ(Parsed("SELECT 1 FROM t GROUP BY a, b GROUPING SETS ((a, b), b, ())"),
            "aggregate[1; GROUPING_SETS a, b (a, b), (b), ()](t)");
  EXPECT_EQ(Parsed("SELECT 1 FROM t GROUP BY GROUPING SETS (ROLLUP (a), (b))"),
            "aggregate[1; GROUPING_SETS a, b (a), (), (b)](t)");
}

TEST(ParseQueryTest, SetOperationsBindAsInTheStandard) {
  EXPECT_EQ(Parsed("TABLE a UNION TABLE b INTERSECT TABLE c EXCEPT ALL TABLE d"),
            "EXCEPT ALL(UNION(a, INTERSECT(b, c)), d)");
  EXPECT_EQ(Parsed("(TABLE a LIMIT 1) UNION ALL TABLE b ORDER BY x"), "sort[x](UNION ALL(limit[1](a), b))");
  EXPECT_EQ(Parsed("VALUES (1, 'x'), (2, 'y') AS t(a, b)"), "t[a, b](values[(1, 'x'), (2, 'y')])");
}

TEST(ParseQueryTest, Joins) {
  EXPECT_EQ(Parsed("SELECT * FROM a, b x JOIN c ON p LEFT SEMI JOIN d USING (k, l)"),
            "project[*](CROSS(a, LEFT_SEMI(INNER(x:b, c on p), d using k, l)))");
  EXPECT_EQ(Parsed("SELECT * FROM a NATURAL FULL OUTER JOIN b CROSS JOIN c"),
            "project[*](CROSS(natural FULL_OUTER(a, b), c))");
  EXPECT_EQ(Parsed("SELECT * FROM (a JOIN b) t(x, y)"), "project[*](t[x, y](CROSS(a, b)))");
  EXPECT_EQ(Parsed("SELECT * FROM a, LATERAL (SELECT a.x) l"), "project[*](lateral(a, l:project[a.x]()))");
  EXPECT_EQ(Parsed("SELECT * FROM range(3) r LATERAL VIEW OUTER explode(x) e AS c"),
            "project[*](outer view[explode(x) as e(c)](r:range(3)))");
}

TEST(ParseQueryTest, CommonTablesAndSubqueriesStandAroundTheirQuery) {
  EXPECT_EQ(Parsed("WITH a AS (SELECT 1), b(x) AS (TABLE a) SELECT * FROM b"),
            "with(a:project[1](); b:[x](a); project[*](b))");
  EXPECT_EQ(Parsed("SELECT (SELECT max(x) FROM u) FROM t WHERE a IN (TABLE v) AND NOT EXISTS (TABLE w)"),
            "with(0=project[max(x)](u); 1=v; 2=w; project[subquery0(SCALAR)](filter[and(subquery1(IN a), "
            "not(subquery2(EXISTS)))](t)))");
  EXPECT_EQ(Parsed("SELECT * FROM t WHERE (a, b) NOT IN (SELECT c, d FROM u WHERE e IN (TABLE v))"),
            "with(1=with(0=v; project[c, d](filter[subquery0(IN e)](u))); "
            "project[*](filter[not(subquery1(IN a, b))](t)))");
  EXPECT_EQ(Parsed("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) TABLE r"),
            "with(r:recursive r[n](project[1](), project[+(n, 1)](r)); r)");
  EXPECT_EQ(Parsed("SELECT ((SELECT 1) + 1), ((SELECT 2))"),
            "with(0=project[1](); 1=project[2](); project[+(subquery0(SCALAR), 1), subquery1(SCALAR)]())");
}

TEST(ParseQueryTest, NamedWindowsAreSubstituted) {
  EXPECT_EQ(Parsed("SELECT sum(a) OVER w, coalesce(max(a) OVER (w), 0) FROM t WINDOW w AS (PARTITION BY b ORDER BY c)"),
            "project[sum(a) over (b; c), coalesce(max(a) over (b; c), 0)](t)");
  EXPECT_EQ(Parsed("SELECT sum(a) OVER v FROM t WINDOW w AS (PARTITION BY b)"), "MISSING_WINDOW_SPECIFICATION");
  EXPECT_EQ(Parsed("SELECT x FROM (SELECT 1 AS x FROM t WINDOW w AS (PARTITION BY b)) WHERE sum(a) OVER w"),
            "MISSING_WINDOW_SPECIFICATION");
}

TEST(ParseQueryTest, CallsKeepTheirClauses) {
  EXPECT_EQ(
      Parsed("SELECT count(DISTINCT a) FILTER (WHERE b), mode() WITHIN GROUP (ORDER BY c DESC), lag(a) IGNORE NULLS "
             "OVER (ORDER BY d), f(x => 1)"),
      "project[count(distinct a) filter (b), mode() within (c desc last), lag(a) ignore nulls over (; d), "
      "f(x => 1)]()");
  EXPECT_EQ(
      Parsed("SELECT trim(LEADING 'x' FROM a), position('b' IN c), substring(a FROM 2 FOR 3), extract(YEAR FROM d), "
             "dateadd(HOUR, 1, d), dateadd(d, 1)"),
      "project[ltrim('x', a), locate('b', c), substring(a, 2, 3), extract('YEAR', d), "
      "timestampadd('HOUR', 1, d), dateadd(d, 1)]()");
}

TEST(ParseQueryTest, WordsOfTheGrammarMayBeNames) {
  EXPECT_EQ(Parsed("SELECT date, t.order FROM t WHERE interval = 1"),
            "project[date, t.order](filter[==(interval, 1)](t))");
  EXPECT_EQ(Parsed("SELECT 1 limit"), "project[1 as limit]()");
  EXPECT_EQ(Parsed("SELECT from FROM t"), "project[from](t)");
  EXPECT_EQ(Parsed("SELECT `a.b`.c FROM `x y`.z"), "project[`a.b`.c](`x y`.z)");
}

TEST(ParseQueryTest, ParametersAreValues) {
  proto::Expression one;
  one.mutable_literal()->set_integer(1);
  proto::Expression name;
  name.mutable_literal()->set_string("a.b");
  EXPECT_EQ(
      Show(ParseQuery("SELECT :x, :x FROM IDENTIFIER(:n)", {.named = {{"x", &one}, {"n", &name}}, .positional = {}})),
      "project[1, 1](a.b)");
  EXPECT_EQ(Show(ParseQuery("SELECT ? LIMIT ?", {.named = {}, .positional = {&name, &one}})),
            "limit[1](project['a.b']())");
  try {
    ParseQuery("SELECT 1, ?");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "UNBOUND_SQL_PARAMETER");
    EXPECT_EQ(error.params().at("name"), "_10");
  }
}

TEST(ParseQueryTest, PlacesAreInCharacters) {
  const proto::Relation relation = ParseQuery("SELECT 'ü',\n  1/0");
  const auto& call = relation.project().expressions(1).common().origin().jvm_origin();
  EXPECT_EQ(call.line(), 2);
  EXPECT_EQ(call.start_position(), 2);
  EXPECT_EQ(call.start_index(), 14);
  EXPECT_EQ(call.stop_index(), 16);
  EXPECT_FALSE(call.has_sql_text());
  EXPECT_EQ(relation.common().origin().jvm_origin().sql_text(), "SELECT 'ü',\n  1/0");
}

TEST(ParseStatementTest, StatementsKeepTheirParts) {
  const auto table =
      Statement(
          "CREATE TABLE IF NOT EXISTS d.t (a INT NOT NULL COMMENT 'x', b DECIMAL(4, 1)) USING csv PARTITIONED BY (b) "
          "OPTIONS (sep ';') LOCATION '/x'")
          .create_table();
  EXPECT_TRUE(table.if_not_exists());
  EXPECT_EQ(List(table.name().parts()), "d, t");
  EXPECT_EQ(table.columns_size(), 2);
  EXPECT_TRUE(table.columns(0).not_null());
  EXPECT_EQ(table.columns(1).type().decimal().precision(), 4);
  EXPECT_EQ(List(table.partition_columns()), "b");
  EXPECT_EQ(table.options().at("sep"), ";");

  const auto view = Statement("CREATE OR REPLACE TEMP VIEW v AS  SELECT 1 -- c\n ;").create_view();
  EXPECT_TRUE(view.or_replace());
  EXPECT_TRUE(view.temporary());
  EXPECT_EQ(view.query_text(), "SELECT 1");

  const auto insert =
      Statement("WITH c AS (SELECT 1) INSERT OVERWRITE t PARTITION (p = 'x', q) SELECT * FROM c").insert();
  EXPECT_TRUE(insert.overwrite());
  EXPECT_EQ(insert.partitions(0).value().literal().string(), "x");
  EXPECT_FALSE(insert.partitions(1).has_value());
  EXPECT_EQ(Show(insert.query()), "with(c:project[1](); project[*](c))");
  EXPECT_EQ(List(Statement("INSERT INTO t (a, b) SELECT 1, 2").insert().columns()), "a, b");
  EXPECT_EQ(Statement("INSERT INTO t (SELECT 1)").insert().columns_size(), 0);

  EXPECT_EQ(Statement("SET a.b = x  y ;").set_conf().value(), "x  y");
  EXPECT_FALSE(Statement("SET a.b").set_conf().has_value());
  EXPECT_EQ(Statement("SET TIME ZONE INTERVAL '-03:30' HOUR TO MINUTE").set_conf().value(), "-03:30");
  EXPECT_EQ(List(Statement("SHOW COLUMNS IN t FROM d").show().name().parts()), "d, t");
  EXPECT_EQ(Statement("SHOW TABLES LIKE 'a*'").show().pattern(), "a*");
  EXPECT_EQ(Statement("DESC FORMATTED t c").describe_table().column(), "c");
  EXPECT_TRUE(Statement("DESCRIBE SELECT 1").has_describe_query());
  EXPECT_EQ(Statement("EXPLAIN COST SELECT 1").explain().mode(), plan::Explain::COST);
  EXPECT_EQ(ParseStatement("SELECT 1;;").op_type_case(), proto::Plan::kRoot);
  EXPECT_EQ(ParseName("a.`b.c`.d"), (std::vector<std::string>{"a", "b.c", "d"}));
}

TEST(ParseStatementTest, DepthAndLengthAreBounded) {
  const auto condition = [](const std::string& text) -> std::string {
    try {
      ParseStatement(text);
      return "";
    } catch (const Error& error) {
      return error.condition();
    }
  };
  const auto repeat = [](const std::string& text, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += text;
    return out;
  };
  EXPECT_EQ(condition("SELECT " + repeat("(", 10000) + "1" + repeat(")", 10000)), "FAILED_TO_PARSE_TOO_COMPLEX");
  EXPECT_EQ(condition(repeat("SELECT * FROM (", 10000) + "SELECT 1" + repeat(")", 10000)),
            "FAILED_TO_PARSE_TOO_COMPLEX");
  EXPECT_EQ(condition("SELECT " + repeat("CASE ", 60) + "a" + repeat(" WHEN 1 THEN 2 WHEN 3 THEN 4 END", 60)),
            "FAILED_TO_PARSE_TOO_COMPLEX");
  EXPECT_EQ(condition("SELECT * FROM t WHERE " + repeat("a = 1 OR ", 5000) + "b"), "");
  EXPECT_EQ(condition("SELECT 1" + repeat(" + 1", 5000)), "");
  EXPECT_EQ(condition("SELECT " + repeat("f(", 100) + "1" + repeat(")", 100)), "");
}

/// The statements of a file: each ends with a semicolon at a line's end; "--" lines between them are comments.
std::vector<std::string> Statements(const std::filesystem::path& path) {
  std::vector<std::string> out;
  std::ifstream in(path);
  std::string line;
  std::string statement;
  while (std::getline(in, line)) {
    if (statement.empty() && (line.empty() || line.starts_with("--"))) continue;
    statement += line + "\n";
    if (!line.ends_with(';')) continue;
    out.push_back(statement);
    statement.clear();
  }
  return out;
}

TEST(CorpusTest, EveryStatementParses) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/sql/corpus")) {
    for (const std::string& text : Statements(entry.path())) {
      ++count;
      EXPECT_NO_THROW(ParseStatement(text)) << entry.path() << "\n" << text;
    }
  }
  EXPECT_GE(count, 180U);
}

// tests/sql/errors.tsv has real Spark's answer for each text: "condition", then for syntax errors what the message
// names and the place. A line that starts with "gap" is one of which our answer is known to differ.
TEST(CorpusTest, ErrorsAreSparks) {
  std::ifstream in("tests/sql/errors.tsv");
  std::string line;
  int count = 0;
  while (std::getline(in, line)) {
    if (line.empty() || line.starts_with("#")) continue;
    ++count;
    const size_t first = line.find('\t');
    const size_t second = line.find('\t', first + 1);
    ASSERT_NE(second, std::string::npos) << line;
    const std::string text = line.substr(first + 1, second - first - 1);
    const std::string expected = line.substr(second + 1);
    std::string actual = "OK";
    try {
      ParseStatement(text);
    } catch (const Error& error) {
      actual = error.condition();
      if (actual == "PARSE_SYNTAX_ERROR") {
        const std::string& place = error.contexts().at(0).summary;
        actual += "\t" + error.params().at("error") + error.params().at("hint") + place.substr(0, place.find('\n'));
      }
    }
    if (line.starts_with("gap")) {
      EXPECT_NE(actual, expected) << text;
    } else {
      EXPECT_EQ(actual, expected) << text;
    }
  }
  EXPECT_GE(count, 150);
}

}  // namespace

}  // namespace tinderbox::sql
