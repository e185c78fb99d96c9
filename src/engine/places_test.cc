#include "engine/places.h"

#include <gtest/gtest.h>

#include "spark/proto.h"

namespace tinderbox::engine {
namespace {

proto::Origin SqlOrigin(int start, int stop, const std::string& text = "") {
  proto::Origin out;
  out.mutable_jvm_origin()->set_start_index(start);
  out.mutable_jvm_origin()->set_stop_index(stop);
  if (!text.empty()) out.mutable_jvm_origin()->set_sql_text(text);
  return out;
}

/// The mark of a place of its own within `text`.
std::string MarkAt(const std::string& text, int start, int stop) {
  const proto::Origin query = SqlOrigin(0, static_cast<int>(text.size()) - 1, text);
  const AtPlace around(query);
  const proto::Origin origin = SqlOrigin(start, stop);
  const AtPlace place(origin);
  return PlaceMark();
}

std::string Fragment(const std::optional<QueryContext>& context) {
  return context ? context->fragment : "none";
}

TEST(PlacesTest, MarksNothingWithoutPlaces) {
  const proto::Origin origin = SqlOrigin(0, 2, "1/0");
  const AtPlace place(origin);
  EXPECT_EQ(PlaceMark(), "");
  EXPECT_EQ(PlaceMarkOf("spark_divide"), "");
}

TEST(PlacesTest, MarksOnlyWhatCanFailAtAPlace) {
  const Places places;
  EXPECT_EQ(PlaceMarkOf("spark_divide"), "");  // no place yet
  const proto::Origin origin = SqlOrigin(0, 2, "1/0");
  const AtPlace place(origin);
  EXPECT_NE(PlaceMarkOf("spark_divide"), "");
  EXPECT_EQ(PlaceMarkOf("spark_split_part"), "");
  EXPECT_EQ(PlaceMarkOf("divide"), "");
}

TEST(PlacesTest, KeepsThePlaceAroundWhatHasNone) {
  const Places places;
  const proto::Origin origin = SqlOrigin(0, 2, "1/0");
  const AtPlace outer(origin);
  const std::string mark = PlaceMark();
  const proto::Origin none;
  const AtPlace inner(none);
  EXPECT_EQ(PlaceMark(), mark);
}

TEST(PlacesTest, ShowsADataFrameCall) {
  const Places places;
  proto::Origin origin;
  origin.mutable_python_origin()->set_fragment("__truediv__");
  origin.mutable_python_origin()->set_call_site("a.py:1");
  const AtPlace place(origin);
  const PlacedSql sql("spark_divide" + PlaceMark() + "(a, b)");
  const auto context = sql.OfFunction("spark_divide");
  ASSERT_TRUE(context);
  EXPECT_EQ(context->kind, QueryContext::Kind::kDataFrame);
  EXPECT_EQ(context->call_site, "a.py:1");
}

TEST(PlacesTest, NumbersTheFurtherPlacesOfAFunction) {
  const Places places;
  const std::string text = "a/b, c/d";
  const std::string first = MarkAt(text, 0, 2);
  const std::string second = MarkAt(text, 5, 7);
  const PlacedSql sql("spark_divide" + first + "(a, b), spark_divide" + second + "(c, d), spark_divide" + first +
                      "(a, b), spark_pmod" + second + "(c, d)");
  EXPECT_EQ(sql.text(), "spark_divide(a, b), spark_divide_at1(c, d), spark_divide(a, b), spark_pmod(c, d)");
  EXPECT_EQ(Fragment(sql.OfFunction("spark_divide")), "a/b");
  EXPECT_EQ(Fragment(sql.OfFunction("spark_divide_at1")), "c/d");
  EXPECT_EQ(Fragment(sql.OfFunction("spark_pmod")), "c/d");
  EXPECT_EQ(Fragment(sql.OfFunction("spark_div")), "none");
}

TEST(PlacesTest, LeavesTheFirstOfEachOperatorToDuckDb) {
  const Places places;
  const std::string text = "a+b+c";
  const PlacedSql sql("spark_add" + MarkAt(text, 0, 4) + "(spark_add" + MarkAt(text, 0, 2) + "(a, b), c)");
  EXPECT_EQ(sql.text(), "\"+\"(spark_add_at1(a, b), c)");
  EXPECT_EQ(Fragment(sql.OfFunction("spark_add")), "a+b+c");
  EXPECT_EQ(Fragment(sql.OfFunction("spark_add_at1")), "a+b");
}

TEST(PlacesTest, NamesNoPlaceWhereItCannotTellThemApart) {
  const Places places;
  const std::string text = "x y";
  const std::string first = MarkAt(text, 0, 0);
  const std::string second = MarkAt(text, 2, 2);
  EXPECT_EQ(Fragment(PlacedSql("spark_subquery" + first + "(x)").OfFunction("spark_subquery")), "x");
  const PlacedSql both("spark_subquery" + first + "(x), spark_subquery" + second + "(y), spark_subquery" + first +
                       "(x)");
  EXPECT_EQ(both.text(), "(x), (y), (x)");
  EXPECT_EQ(Fragment(both.OfFunction("spark_subquery")), "none");
}

TEST(PlacesTest, GivesEachCastALine) {
  const Places places;
  const std::string text = "x y";
  const PlacedSql sql("SELECT 'a\nb', " + MarkAt(text, 0, 0) + "CAST(x AS DECIMAL(5,2)), " + MarkAt(text, 2, 2) +
                      "CAST(y AS DECIMAL(5,2))");
  EXPECT_EQ(sql.text(), "SELECT 'a\nb', \nCAST(x AS DECIMAL(5,2)), \nCAST(y AS DECIMAL(5,2))");
  EXPECT_EQ(Fragment(sql.OfLine(1)), "none");
  EXPECT_EQ(Fragment(sql.OfLine(3)), "x");
  EXPECT_EQ(Fragment(sql.OfLine(4)), "y");
}

TEST(PlacesTest, LeavesTextsAndNamesAlone) {
  const Places places;
  const std::string mark = MarkAt("x", 0, 0);
  const std::string sql = "SELECT 'it''s " + mark + "(', \"a\"\"" + mark + "(\"";
  EXPECT_EQ(PlacedSql(sql + " + f" + mark + "(1)").text(), sql + " + f(1)");
}

TEST(PlacesTest, ForgetsThePlacesOfAnotherProgram) {
  std::string mark;
  {
    const Places places;
    mark = MarkAt("x", 0, 0);
  }
  const Places other;
  const std::string own = MarkAt("y", 0, 0);
  EXPECT_NE(mark, own);
  const PlacedSql sql("spark_divide" + mark + "(x, y)");
  EXPECT_EQ(sql.text(), "spark_divide(x, y)");
  EXPECT_EQ(Fragment(sql.OfFunction("spark_divide")), "none");
}

TEST(PlacesTest, ComparesButForPlaces) {
  const Places places;
  const std::string first = MarkAt("x y", 0, 0);
  const std::string second = MarkAt("x y", 2, 2);
  EXPECT_TRUE(SameButForPlaces("f" + first + "(1)", "f" + second + "(1)"));
  EXPECT_TRUE(SameButForPlaces("f" + first + "(1)", "f(1)"));
  EXPECT_FALSE(SameButForPlaces("f" + first + "(1)", "f" + first + "(2)"));
  // Names may hold what looks like a mark.
  EXPECT_FALSE(
      SameButForPlaces("\"\x01"
                       "a\"",
                       "\"\x01"
                       "b\""));
}

TEST(PlacesTest, TakesNumbersOffNames) {
  EXPECT_EQ(WithoutPlace("spark_divide_at12"), "spark_divide");
  EXPECT_EQ(WithoutPlace("spark_divide"), std::nullopt);
  EXPECT_EQ(WithoutPlace("spark_crc32"), std::nullopt);
  EXPECT_EQ(WithoutPlace("spark_format_at"), std::nullopt);
}

}  // namespace
}  // namespace tinderbox::engine
