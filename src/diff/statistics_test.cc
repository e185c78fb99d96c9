// What a summary says of columns and values, gathered in both ways: by reading the differing rows and by queries.

#include <gtest/gtest.h>

#include "base/temp_dir.h"
#include "diff/statistics_fixture.h"
#include "tinderbox/diff.h"
#include "tinderbox/session.h"

namespace tinderbox::diff {
namespace {

class StatisticsTest : public testing::Test {
 protected:
  /// Compares two queries by the column k, and holds both ways to the same text, which is returned.
  std::string Compare(const std::string& left, const std::string& right, const std::vector<std::string>& key = {"k"},
                      size_t largest = 5) {
    DiffOptions options;
    options.key = key;
    options.largest = largest;
    const DiffInput l = Write("l", left);
    const DiffInput r = Write("r", right);
    const std::string read = StatisticsText(Diff(session_, l, r, options).summary());
    options.remote = true;
    EXPECT_EQ(StatisticsText(Diff(session_, l, r, options).summary()), read);
    return read;
  }

  DiffInput Write(const std::string& name, const std::string& query) {
    DiffInput out;
    out.paths = {(folder_.path() / name).string()};
    out.format = "parquet";
    session_.Sql(query).Write().Format("parquet").Mode(SaveMode::kOverwrite).Save(out.paths[0]);
    return out;
  }

  base::TempDir folder_;
  Session session_ = Session::Embedded(
      {.memory_bytes = 1u << 30, .threads = 2, .temp_directory = {}, .time_zone = "America/New_York", .warehouse = {}});
};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(StatisticsTest, EveryKindOfNumberAndTime) {
  const char* query =
      "SELECT CAST(id AS INT) AS k, CAST(id % 100 + {0} AS TINYINT) AS a, id * 1000003 * {0} AS b,"
      " CAST(id % 7 * 0.37 * {0} AS FLOAT) AS f, CASE WHEN id % 9 = 0 THEN NULL WHEN id % 50 = 3 AND {0} = 3 THEN "
      "double('NaN')"
      " WHEN id % 50 = 4 AND {0} = 1 THEN double('Infinity') ELSE exp(id % 600 - 300) * {0} END AS d,"
      " CAST(id * {0} AS DECIMAL(12,3)) / 8 AS m, CAST(id AS DECIMAL(38,10)) * 1234567890123456789 * {0} AS n,"
      " date_add(DATE'1600-01-01', CAST(id * 31 * {0} AS INT)) AS e,"
      " timestamp_micros(id * 1234567890123 * {0}) AS t,"
      " CAST('1900-01-01' AS TIMESTAMP_NTZ) + make_dt_interval(id % 10000 * {0}, 3, 4, id % 60 + 0.000001) AS u,"
      " CASE WHEN {0} = 1 THEN 9223372036854775807 - id ELSE -9223372036854775807 + id END AS w"
      " FROM range(3000)";
  const std::string text = Compare(fmt::format(fmt::runtime(query), 1), fmt::format(fmt::runtime(query), 3), {"k"}, 7);
  EXPECT_TRUE(Has(text, "u: 2999 changed")) << text;
  EXPECT_TRUE(Has(text, "x NaN")) << text;
  EXPECT_TRUE(Has(text, "x -Infinity")) << text;
  EXPECT_TRUE(Has(text, "w: 3000 changed, 0 gained, 0 lost, mean -1.84467440737e+19, ")) << text;
}

TEST_F(StatisticsTest, SumsThatNearlyCancel) {
  // The mean is 1e-3 among terms of 1e12, whose plain sum would lose it.
  const std::string text = Compare(
      "SELECT id AS k, 0D AS d FROM range(20000)",
      "SELECT id AS k, CASE WHEN id % 2 = 0 THEN 1e12D + id ELSE -1e12D - id + 1.002D END AS d FROM range(20000)");
  EXPECT_TRUE(Has(text, "mean 0.0009765625,")) << text;
}

TEST_F(StatisticsTest, FewAndManyDifferentValues) {
  // Two values stand out among as many different ones as there are rows; neither way may count those one by one.
  const std::string text = Compare(
      "SELECT id AS k, CASE WHEN id % 4 = 0 THEN 'often' ELSE concat('once ', id) END AS s, id % 3 = 0 AS b,"
      " concat(repeat('long ', 100), id) AS l, 'x' AS same, CAST(concat('b', id % 5) AS BINARY) AS y,"
      " array(id % 3) AS a, named_struct('f', id % 2) AS r FROM range(30000)",
      "SELECT id + 100 AS k, CASE WHEN id % 4 = 0 THEN 'seldom' WHEN id % 10 = 1 THEN NULL ELSE concat('2 ', id) END "
      "AS s,"
      " id % 3 = 1 AS b, concat(repeat('long ', 100), id + 1) AS l, 'x' AS same, CAST('c' AS BINARY) AS y,"
      " array(id % 3, 1) AS a, named_struct('f', id % 2 + 1) AS r FROM range(30000)");
  EXPECT_TRUE(Has(text, "x often -> seldom")) << text;
  EXPECT_TRUE(Has(text, "s: 29900 changed, 0 gained,")) << text;
  EXPECT_TRUE(Has(text, "same = x: ")) << text;
}

TEST_F(StatisticsTest, ValuesThatLookLikeNull) {
  const char* query =
      "SELECT id AS k, CASE WHEN id % 2 = 0 THEN 'NULL' WHEN id % 4 = 1 THEN concat('other ', id) END AS s, {} AS v"
      " FROM range(200)";
  const std::string text = Compare(fmt::format(fmt::runtime(query), 1), fmt::format(fmt::runtime(query), 2));
  EXPECT_TRUE(Has(text, "s = NULL: 100 rows, 0.5\ns = NULL: 50 rows, 0.25\n")) << text;
}

TEST_F(StatisticsTest, KeysOfSeveralColumnsAndNoKey) {
  const char* left = "SELECT id % 10 AS k, CAST(id AS STRING) AS t, id % 4 AS v FROM range(1000)";
  const char* right =
      "SELECT id % 10 AS k, CAST(id AS STRING) AS t, id % 4 + CAST(id % 7 = 0 AS INT) AS v FROM range(5, 1000)";
  EXPECT_TRUE(Has(Compare(left, right, {"k", "t"}), "v: 142 changed"));
  Compare(left, right, {});
  EXPECT_TRUE(Has(Compare(left, right, {"k"}), "v: "));
}

}  // namespace
}  // namespace tinderbox::diff
