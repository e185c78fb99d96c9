#include "tinderbox/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "base/temp_dir.h"
#include "tinderbox/error.h"
#include "tinderbox/functions.h"

namespace tinderbox {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Session& TestSession() {
  static Session session = Session::Embedded(
      {.memory_bytes = 1u << 30, .threads = 2, .temp_directory = {}, .time_zone = "UTC", .warehouse = {}});
  return session;
}

std::vector<Row> ReadRows(const std::string& path) {
  return TestSession().Read().Format("parquet").Load({path}).Collect();
}

class DiffTest : public testing::Test {
 protected:
  /// Writes a CSV file and names it as an input.
  DiffInput Csv(const std::string& name, const std::string& text) {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
    DiffInput out;
    out.paths = {(folder_.path() / name).string()};
    return out;
  }
  /// Writes a Parquet folder of rows, given the columns in Spark's words.
  DiffInput Parquet(const std::string& name, const std::string& ddl, const std::vector<Row>& rows) {
    return Write(name, TestSession().CreateDataFrame(StructType::FromDdl(ddl), rows));
  }
  /// Writes what a Spark SQL select list over one row each gives.
  DiffInput Write(const std::string& name, const DataFrame& frame) {
    const std::string path = (folder_.path() / name).string();
    frame.Write().Format("parquet").Mode(SaveMode::kOverwrite).Save(path);
    DiffInput out;
    out.paths = {path};
    return out;
  }
  DiffSummary Summary(const DiffInput& left, const DiffInput& right, const DiffOptions& options = {}) {
    return Diff(TestSession(), left, right, options).summary();
  }
  std::string Path(const std::string& name) { return (folder_.path() / name).string(); }

  base::TempDir folder_;
};

DiffOptions Keyed(ColumnNames key) {
  DiffOptions out;
  out.key = std::move(key);
  return out;
}

/// equal, changed, left only, right only.
std::vector<int64_t> Counts(const DiffSummary& s) {
  return {s.equal, s.changed, s.left.only, s.right.only};
}

Row R(std::vector<Value> values) {
  return Row{std::move(values)};
}
Value I(int64_t v) {
  return Value(v);
}
Value S(const char* v) {
  return Value(std::string(v));
}
const Value kNull;

std::string ConditionOf(const std::function<void()>& run, std::string* message = nullptr) {
  try {
    run();
  } catch (const Error& error) {
    if (message != nullptr) *message = error.what();
    return error.condition();
  }
  return "none";
}

TEST_F(DiffTest, KeyedCountsChangesAndColumns) {
  const DiffInput left = Csv("l.csv", "k,v,w\n1,a,1\n2,b,2\n3,c,3\n");
  const DiffInput right = Csv("r.csv", "k,v,w\n1,a,1\n2,x,5\n4,d,4\n");
  const DiffResult result = Diff(TestSession(), left, right, Keyed({"k"}));
  const DiffSummary& s = result.summary();
  EXPECT_THAT(Counts(s), ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(s.value_columns, ElementsAre("k", "v", "w"));
  ASSERT_EQ(s.changes.size(), 2u);
  EXPECT_EQ(s.changes[0].name, "v");
  EXPECT_THAT(s.changes[0].histogram, ElementsAre(testing::Pair("b -> x", 1)));
  EXPECT_EQ(s.changes[1].name, "w");
  EXPECT_EQ(s.changes[1].mean_delta, 3.0);
  ASSERT_EQ(s.changes[1].largest.size(), 1u);
  EXPECT_EQ(s.changes[1].largest[0].key, R({I(2)}));
  EXPECT_THAT(s.changes[1].histogram, ElementsAre(testing::Pair("[1, 10)", 1)));

  const std::vector<DiffRow> rows = result.Rows(10);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].kind, DiffRow::Kind::kChanged);
  EXPECT_EQ(rows[0].left, R({I(2), S("b"), I(2)}));
  EXPECT_EQ(rows[0].right, R({I(2), S("x"), I(5)}));
  EXPECT_EQ(rows[0].changed, (std::vector<bool>{false, true, true}));
  EXPECT_EQ(rows[1].kind, DiffRow::Kind::kLeftOnly);
  EXPECT_EQ(rows[1].left, R({I(3), S("c"), I(3)}));
  EXPECT_EQ(rows[2].kind, DiffRow::Kind::kRightOnly);
}

TEST_F(DiffTest, KeylessIsAMultiset) {
  const DiffInput left = Csv("l.csv", "v\na\na\nb\n");
  const DiffInput right = Csv("r.csv", "v\na\nb\n");
  const DiffResult result = Diff(TestSession(), left, right, {});
  EXPECT_THAT(Counts(result.summary()), ElementsAre(2, 0, 1, 0));
  DiffOptions set;
  set.set_semantics = true;
  EXPECT_TRUE(Summary(left, right, set).same());
}

TEST_F(DiffTest, DuplicateKeysPairEqualRowsFirst) {
  DiffOptions options = Keyed({"k"});
  for (const bool discard : {true, false}) {
    options.discard = discard;
    const DiffSummary crossed = Summary(Csv("a.csv", "k,v\n1,x\n1,y\n"), Csv("b.csv", "k,v\n1,y\n1,x\n"), options);
    EXPECT_THAT(Counts(crossed), ElementsAre(2, 0, 0, 0));
    EXPECT_EQ(crossed.left.duplicate_keys, 1);
    EXPECT_EQ(crossed.right.duplicate_rows, 2);
    const DiffSummary uneven =
        Summary(Csv("c.csv", "k,v\n1,a\n1,b\n1,c\n2,z\n"), Csv("d.csv", "k,v\n2,z\n1,b\n1,x\n"), options);
    EXPECT_THAT(Counts(uneven), ElementsAre(2, 1, 1, 0));
    EXPECT_EQ(uneven.left.duplicate_rows, 3);
  }
}

TEST_F(DiffTest, HotKeyDoesNotFanOut) {
  const auto hot = [&](const char* name, int64_t rows) {
    return Write(
        name, TestSession().Range(rows).Select({functions::Lit(I(1)).Alias("k"), functions::Lit(S("x")).Alias("v")}));
  };
  const DiffInput left = hot("l", 200000);
  const DiffInput right = hot("r", 200003);
  DiffOptions options = Keyed({"k"});
  options.discard = false;
  EXPECT_THAT(Counts(Summary(left, right, options)), ElementsAre(200000, 0, 0, 3));
}

TEST_F(DiffTest, NullKeysMatchAndPartsAreApart) {
  const DiffInput left = Parquet("l", "a STRING, b STRING, v INT",
                                 {R({kNull, S(""), I(1)}), R({S("x"), kNull, I(2)}), R({kNull, kNull, I(3)})});
  const DiffInput right = Parquet("r", "a STRING, b STRING, v INT",
                                  {R({S(""), kNull, I(1)}), R({S("x"), kNull, I(2)}), R({kNull, kNull, I(4)})});
  EXPECT_THAT(Counts(Summary(left, right, Keyed({"a", "b"}))), ElementsAre(1, 1, 1, 1));
}

TEST_F(DiffTest, SignedZeroAndNanAreEqual) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const DiffInput left =
      Parquet("l", "k DOUBLE, v DOUBLE", {R({Value(0.0), Value(nan)}), R({Value(nan), Value(-0.0)})});
  const DiffInput right =
      Parquet("r", "k DOUBLE, v DOUBLE", {R({Value(-0.0), Value(nan)}), R({Value(nan), Value(0.0)})});
  EXPECT_TRUE(Summary(left, right, Keyed({"k"})).same());
  EXPECT_TRUE(Summary(left, right).same());
}

TEST_F(DiffTest, BigintAgainstDoubleIsExact) {
  const int64_t big = (int64_t{1} << 53) + 1;
  const DiffInput left =
      Parquet("l", "k INT, v BIGINT", {R({I(1), I(big)}), R({I(2), I(7)}), R({I(3), I(INT64_MAX)}), R({I(4), kNull})});
  const DiffInput right = Parquet("r", "k INT, v DOUBLE",
                                  {R({I(1), Value(9007199254740992.0)}), R({I(2), Value(7.0)}),
                                   R({I(3), Value(9223372036854775808.0)}), R({I(4), kNull})});
  const DiffResult result = Diff(TestSession(), left, right, Keyed({"k"}));
  EXPECT_THAT(Counts(result.summary()), ElementsAre(2, 2, 0, 0));
  EXPECT_TRUE(result.summary().schema_differs());
  EXPECT_EQ(result.Rows(1)[0].left[1], I(big));
  EXPECT_EQ(result.Rows(1)[0].right[1], Value(9007199254740992.0));
  EXPECT_THAT(Counts(Summary(left, right, Keyed({"v"}))), ElementsAre(2, 0, 2, 2));
}

TEST_F(DiffTest, DecimalAgainstDoubleIsExact) {
  const DiffInput left =
      Parquet("l", "k INT, v DECIMAL(10,2)", {R({I(1), DecimalValue{50, 2}}), R({I(2), DecimalValue{10, 2}})});
  const DiffInput right = Parquet("r", "k INT, v DOUBLE", {R({I(1), Value(0.5)}), R({I(2), Value(0.1)})});
  // 0.1 has no exact double: the two are apart by 5.6e-18.
  EXPECT_THAT(Counts(Summary(left, right, Keyed({"k"}))), ElementsAre(1, 1, 0, 0));
  DiffOptions tolerant = Keyed({"k"});
  tolerant.tolerance["v"].absolute = 0;
  EXPECT_THAT(Counts(Summary(left, right, tolerant)), ElementsAre(2, 0, 0, 0));
}

TEST_F(DiffTest, NumbersWiden) {
  const DiffInput left =
      Parquet("l", "k INT, d DECIMAL(10,2), f FLOAT",
              {R({I(1), DecimalValue{110, 2}, Value(0.5F)}), R({I(2), DecimalValue{1, 2}, Value(0.1F)})});
  const DiffInput right =
      Parquet("r", "k BIGINT, d DECIMAL(12,4), f DOUBLE",
              {R({I(1), DecimalValue{11000, 4}, Value(0.5)}), R({I(2), DecimalValue{100, 4}, Value(0.1)})});
  const DiffSummary s = Summary(left, right, Keyed({"k"}));
  EXPECT_THAT(Counts(s), ElementsAre(1, 1, 0, 0));
  EXPECT_EQ(s.changes[0].name, "f");
  EXPECT_EQ(s.columns[1].compared_as->SimpleString(), "decimal(12,4)");
}

TEST_F(DiffTest, ToleranceIsInclusive) {
  const auto number = [](int64_t k, double v) { return R({I(k), Value(v)}); };
  const DiffInput left =
      Parquet("l", "k INT, v DOUBLE",
              {number(1, 1.0), number(2, 1.0), number(3, 0.0), R({I(4), kNull}), number(5, HUGE_VAL), number(6, 100)});
  const DiffInput right =
      Parquet("r", "k INT, v DOUBLE",
              {number(1, 1.1), number(2, 1.11), number(3, 0.05), number(4, 0), number(5, 1), number(6, 101)});
  DiffOptions options = Keyed({"k"});
  options.tolerance["v"].absolute = 0.1;
  EXPECT_THAT(Counts(Summary(left, right, options)), ElementsAre(2, 4, 0, 0));
  options.tolerance["v"] = {};
  options.tolerance["v"].relative = 0.1;
  EXPECT_THAT(Counts(Summary(left, right, options)), ElementsAre(3, 3, 0, 0));
}

TEST_F(DiffTest, TimeTolerance) {
  const auto at = [](int64_t k, int64_t micros) {
    return R({I(k), TimestampValue{micros}, DateValue{static_cast<int32_t>(k)}});
  };
  const DiffInput left = Parquet("l", "k INT, t TIMESTAMP, d DATE", {at(1, 0), at(2, 0)});
  const DiffInput right = Parquet("r", "k INT, t TIMESTAMP, d DATE", {at(1, 1000000), at(2, 1000001)});
  DiffOptions options = Keyed({"k"});
  options.tolerance["*"].time_micros = 1000000;
  const DiffSummary s = Summary(left, right, options);
  EXPECT_THAT(Counts(s), ElementsAre(1, 1, 0, 0));
  EXPECT_NEAR(*s.changes[0].mean_delta, 1.000001, 1e-9);
}

TEST_F(DiffTest, StringNormalisation) {
  const DiffInput left =
      Parquet("l", "k INT, v STRING", {R({I(1), S("  A  b ")}), R({I(2), S("")}), R({I(3), S("caf\u00e9")})});
  const DiffInput right =
      Parquet("r", "k INT, v STRING", {R({I(1), S("a b")}), R({I(2), kNull}), R({I(3), S("cafe\u0301")})});
  EXPECT_EQ(Summary(left, right, Keyed({"k"})).changed, 3);
  DiffOptions options = Keyed({"k"});
  options.ignore_case = {"*"};
  options.collapse_space = {"v"};
  EXPECT_EQ(Summary(left, right, options).changed, 2);
  options.empty_is_null = true;
  const DiffResult result = Diff(TestSession(), left, right, options);
  EXPECT_EQ(result.summary().changed, 1);
  EXPECT_EQ(result.Rows(1)[0].left[1], S("caf\u00e9"));
  options.unicode_normalize["*"] = "NFC";
  EXPECT_TRUE(Summary(left, right, options).same());
}

DataFrame Sql(const std::string& expressions) {
  std::vector<Column> columns;
  DataFrame out = TestSession().Range(1);
  size_t from = 0;
  while (from < expressions.size()) {
    const size_t end = std::min(expressions.find(';', from), expressions.size());
    const std::string one = expressions.substr(from, end - from);
    const size_t as = one.rfind(" AS ");
    columns.push_back(functions::Expr(one.substr(0, as)).Alias(one.substr(as + 4)));
    from = end + 1;
  }
  return out.Select(columns);
}

TEST_F(DiffTest, NestedValues) {
  const DiffInput left =
      Write("l", Sql("1 AS k;named_struct('a', 1, 'b', 'x') AS s;map('p', 1, 'q', 2) AS m;array(1, 2) AS l"));
  const DiffInput right = Write("r", Sql("1 AS k;named_struct('b', 'x', 'a', 1L, 'c', CAST(NULL AS INT)) AS s;map('q', "
                                         "2, 'p', 1) AS m;array(2, 1) AS l"));
  const DiffResult result = Diff(TestSession(), left, right, Keyed({"k"}));
  ASSERT_EQ(result.summary().changes.size(), 1u);
  EXPECT_EQ(result.summary().changes[0].name, "l");
  const DiffRow row = result.Rows(1)[0];
  EXPECT_EQ(row.left[2].ToJson(), "{\"p\":1,\"q\":2}");
  EXPECT_EQ(row.left[3].ToJson(), "[1,2]");
  DiffOptions options = Keyed({"k"});
  options.unordered = {"l"};
  EXPECT_EQ(Summary(left, right, options).changed, 0);
}

TEST_F(DiffTest, NullEmptyAndNullElementListsAreApart) {
  const std::vector<std::string> lists = {"CAST(NULL AS ARRAY<INT>)", "CAST(array() AS ARRAY<INT>)",
                                          "array(CAST(NULL AS INT))"};
  for (size_t i = 0; i < lists.size(); ++i) {
    for (size_t j = 0; j < lists.size(); ++j) {
      const DiffSummary s = Summary(Write("l", Sql("1 AS k;" + lists[i] + " AS l")),
                                    Write("r", Sql("1 AS k;" + lists[j] + " AS l")), Keyed({"k"}));
      EXPECT_EQ(s.changed, i == j ? 0 : 1) << lists[i] << " against " << lists[j];
    }
  }
}

TEST_F(DiffTest, SchemaDifferencesAreShown) {
  const DiffInput left = Csv("l.csv", "k,only_left,v\n1,x,1\n");
  const DiffInput right = Csv("r.csv", "V,k,only_right\n1,1,y\n");
  const DiffSummary s = Summary(left, right, Keyed({"k"}));
  EXPECT_THAT(Counts(s), ElementsAre(1, 0, 0, 0));
  EXPECT_TRUE(s.schema_differs());
  ASSERT_EQ(s.columns.size(), 4u);
  EXPECT_EQ(s.columns[1].status, ColumnStatus::kLeftOnly);
  EXPECT_EQ(s.columns[2].right_name, "V");
  EXPECT_EQ(s.columns[3].status, ColumnStatus::kRightOnly);
  DiffOptions options = Keyed({"k"});
  options.ignore = {"only_left", "only_right"};
  EXPECT_TRUE(Summary(left, right, options).same());
}

TEST_F(DiffTest, RefusesWhatCannotBeCompared) {
  const DiffInput numbers = Parquet("n", "k INT, v INT", {R({I(1), I(1)})});
  const DiffInput texts = Parquet("t", "k STRING, v INT", {R({S("1"), I(1)})});
  const DiffInput others = Parquet("o", "x INT", {R({I(1)})});
  std::string message;
  EXPECT_EQ(ConditionOf([&] { Summary(numbers, texts, Keyed({"k"})); }, &message), "TINDERBOX_DIFF_TYPES");
  EXPECT_THAT(message, HasSubstr("key column \"k\" is int on the left and string on the right"));
  EXPECT_EQ(ConditionOf([&] { Summary(numbers, others); }), "TINDERBOX_DIFF_COLUMNS");
  EXPECT_EQ(ConditionOf([&] { Summary(numbers, numbers, Keyed({"z"})); }), "TINDERBOX_DIFF_COLUMNS");
  DiffOptions keyless;
  keyless.tolerance["v"].absolute = 1;
  EXPECT_EQ(ConditionOf([&] { Summary(numbers, numbers, keyless); }), "TINDERBOX_DIFF_OPTION");
  EXPECT_EQ(ConditionOf([&] { Summary(numbers, Csv("x.csv", "")); }),
            ConditionOf([&] { Summary(numbers, Csv("x.csv", "")); }));
}

TEST_F(DiffTest, RenameMapAndWhere) {
  const DiffInput left = Csv("l.csv", "id,amount\n1,10\n2,20\n3,30\n");
  DiffInput right = Csv("r.csv", "key,cents\n1,1000\n2,2100\n3,3000\n");
  right.rename = {{"key", "id"}};
  right.map = {{"amount", "CAST(cents / 100 AS INT)"}};
  DiffOptions options = Keyed({"id"});
  options.ignore = {"cents"};
  EXPECT_THAT(Counts(Summary(left, right, options)), ElementsAre(2, 1, 0, 0));
  DiffInput some = left;
  some.where = "id < 3";
  right.where = "id < 2";
  EXPECT_THAT(Counts(Summary(some, right, options)), ElementsAre(1, 0, 1, 0));
}

TEST_F(DiffTest, UnparsableIsNeverEmpty) {
  DiffInput left = Csv("l.csv", "k,v\n1,x\n2,\n3,5\n");
  DiffInput right = Csv("r.csv", "k,v\n1,\n2,\n3,2147483648\n");
  left.schema = right.schema = StructType::FromDdl("k INT, v INT");
  for (const bool discard : {true, false}) {
    DiffOptions options = Keyed({"k"});
    options.discard = discard;
    const DiffResult result = Diff(TestSession(), left, right, options);
    const DiffSummary& s = result.summary();
    EXPECT_THAT(Counts(s), ElementsAre(1, 2, 0, 0));
    EXPECT_EQ(s.left.malformed_rows, 1);
    ASSERT_EQ(s.left.malformed.size(), 1u);
    EXPECT_EQ(s.left.malformed[0].column, "v");
    EXPECT_EQ(s.left.malformed[0].text, "x");
    EXPECT_THAT(s.left.malformed[0].location, HasSubstr("l.csv:2"));
    EXPECT_EQ(s.right.malformed_rows, 1);
    ASSERT_EQ(s.changes.size(), 1u);
    EXPECT_EQ(s.changes[0].changed, 2);
    EXPECT_TRUE(result.Rows(1)[0].changed[1]);
  }
}

TEST_F(DiffTest, BothEmptyAndOneEmpty) {
  const DiffInput none = Parquet("none", "k INT, v STRING", {});
  const DiffInput some = Write(
      "some", TestSession().Range(1000).Select({functions::Col("id").Cast(DataType(TypeKind::kInteger)).Alias("k"),
                                                functions::Lit(S("x")).Alias("v")}));
  const DiffResult result = Diff(TestSession(), none, none, Keyed({"k"}));
  EXPECT_TRUE(result.summary().same());
  result.Write({.path = Path("empty"),
                .format = "parquet",
                .layout = DiffLayout::kDiffit,
                .overwrite = false,
                .include_equal = false});
  EXPECT_EQ(TestSession().Read().Format("parquet").Load({Path("empty")}).Schema().fields.size(), 3u);
  EXPECT_THAT(Counts(Summary(none, some, Keyed({"k"}))), ElementsAre(0, 0, 0, 1000));
  EXPECT_THAT(Counts(Summary(some, none)), ElementsAre(0, 0, 1000, 0));
}

TEST_F(DiffTest, RefusesToOverwrite) {
  const DiffInput left = Csv("l.csv", "k\n1\n");
  const DiffResult result = Diff(TestSession(), left, Csv("r.csv", "k\n2\n"), {});
  DiffOutput output;
  output.path = folder_.path().string();
  output.overwrite = true;
  EXPECT_EQ(ConditionOf([&] { result.Write(output); }), "TINDERBOX_OUTPUT_IS_INPUT");
  output.path = Path("out");
  output.overwrite = false;
  result.Write(output);
  EXPECT_EQ(ConditionOf([&] { result.Write(output); }), "PATH_ALREADY_EXISTS");
}

TEST_F(DiffTest, LayoutOfDiffit) {
  const DiffInput left = Csv("l.csv", "k,v\n1,a\n2,b\n");
  const DiffResult result = Diff(TestSession(), left, Csv("r.csv", "k,v\n1,a\n2,x\n3,c\n"), Keyed({"k"}));
  result.Write({.path = Path("out"),
                .format = "parquet",
                .layout = DiffLayout::kDiffit,
                .overwrite = false,
                .include_equal = false});
  EXPECT_THAT(ReadRows(Path("out")),
              ElementsAre(R({I(2), S("b"), S("left")}), R({I(2), S("x"), S("right")}), R({I(3), S("c"), S("right")})));
}

}  // namespace
}  // namespace tinderbox
