#include "cli/diffit_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/flags.h"
#include "cli/show.h"

namespace tinderbox::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

DiffitSources Resolve(const Arguments& arguments) {
  return ResolveRow(ParseDiffitLine(arguments));
}

void ExpectSources(const DiffitSources& sources, const char* schema, const char* left, const char* right) {
  EXPECT_EQ(sources.schema, schema);
  EXPECT_EQ(sources.left, left);
  EXPECT_EQ(sources.right, right);
}

TEST(DiffitFlags, TheSeedsOwnLine) {
  const DiffitLine line =
      ParseDiffitLine({"row", "csv", "--output", "file:///tmp/out", "--csv-separator", ";", "s.json", "l", "r"});
  EXPECT_EQ(line.command, "row");
  EXPECT_EQ(line.Last("output"), "file:///tmp/out");
  EXPECT_EQ(line.Last("separator"), ";");
  const DiffitSources sources = ResolveRow(line);
  EXPECT_EQ(sources.format, "csv");
  ExpectSources(sources, "s.json", "l", "r");
  EXPECT_THAT(sources.warnings, IsEmpty());
}

TEST(DiffitFlags, EveryGeneration) {
  ExpectSources(Resolve({"row", "-o", "out", "-d", "c", "Dummy", "l", "r"}), "Dummy", "l", "r");
  ExpectSources(
      Resolve({"-m", "2g", "row", "--output", "out", "-r", "id", "-L", "1", "csv", "-s;", "-E", "s", "l", "r"}), "s",
      "l", "r");
  ExpectSources(Resolve({"--quiet", "-M", "1g", "row", "csv", "-J", "s", "-l", "l", "-r", "r", "--parquet-path", "o"}),
                "s", "l", "r");
  ExpectSources(Resolve({"row", "csv", "--right=r", "--left=l", "s"}), "s", "l", "r");
  ExpectSources(Resolve({"row", "parquet", "l", "r", "-o", "x"}), "", "l", "r");
  ExpectSources(Resolve({"row", "parquet", "--left", "l", "--right", "r"}), "", "l", "r");
}

TEST(DiffitFlags, TheClashOfDashR) {
  const DiffitSources range = Resolve({"row", "csv", "-r", "id", "-L", "1", "s", "l", "r"});
  EXPECT_EQ(range.range_column, "id");
  EXPECT_THAT(range.warnings, ElementsAre(HasSubstr("--range-column")));
  const DiffitSources right = Resolve({"row", "csv", "-J", "s", "-l", "l", "-r", "r"});
  EXPECT_EQ(right.right, "r");
  EXPECT_FALSE(right.range_column.has_value());
  EXPECT_THAT(right.warnings, ElementsAre(HasSubstr("--right")));
  const DiffitSources both = Resolve({"row", "parquet", "--range-column", "id", "-L", "1", "-l", "l", "-r", "r"});
  EXPECT_EQ(both.range_column, "id");
  EXPECT_EQ(both.right, "r");
  const DiffitSources clear = Resolve({"row", "parquet", "--right", "r", "-r", "id", "-U", "3", "l"});
  EXPECT_EQ(clear.range_column, "id");
  ExpectSources(clear, "", "l", "r");
}

TEST(DiffitFlags, ShapesOfOptions) {
  const DiffitLine line =
      ParseDiffitLine({"row", "csv", "-FE", "-s|", "--drop", "a", "--dro=b", "-L", "-5", "--", "-s", "l", "r"});
  EXPECT_TRUE(line.Has("force"));
  EXPECT_TRUE(line.Has("header"));
  EXPECT_EQ(line.Last("separator"), "|");
  EXPECT_THAT(line.All("drop"), ElementsAre("a", "b"));
  EXPECT_EQ(line.Last("lower"), "-5");
  EXPECT_THAT(line.words, ElementsAre("csv", "-s", "l", "r"));
  EXPECT_TRUE(ParseDiffitLine({"analyse", "altered", "-C", "k", "out"}).Has("counts"));
  EXPECT_EQ(ParseDiffitLine({"convert", "csv", "-C", "data", "out"}).Last("data"), "data");
}

TEST(DiffitFlags, Refusals) {
  EXPECT_THROW(ParseDiffitLine({"rows"}), UsageError);
  EXPECT_THROW(ParseDiffitLine({"row", "csv", "--nonsense"}), UsageError);
  EXPECT_THROW(ParseDiffitLine({"row", "csv", "--output"}), UsageError);
  EXPECT_THROW(ParseDiffitLine({"row", "csv", "--csv"}), UsageError) << "short for two options";
  EXPECT_THROW(ParseDiffitLine({"row", "csv", "--csv-header=yes"}), UsageError);
  EXPECT_THROW(Resolve({"row", "csv", "s", "l"}), UsageError);
  EXPECT_THROW(Resolve({"row", "parquet", "l"}), UsageError);
  EXPECT_THROW(Resolve({"row", "parquet", "a", "b", "c"}), UsageError);
}

TEST(Show, AsSparkShowsUntruncatedRows) {
  const std::vector<Row> rows = {{{Value(int64_t{2}), Value(std::string("col02_val02")), Value(std::string("left"))}},
                                 {{Value(), Value(std::string("a\nb")), Value(std::string("right"))}}};
  EXPECT_EQ(ShowText({"id", "col02", "diffit_ref"}, rows, 20),
            "+----+-----------+----------+\n"
            "|id  |col02      |diffit_ref|\n"
            "+----+-----------+----------+\n"
            "|2   |col02_val02|left      |\n"
            "|NULL|a\\nb       |right     |\n"
            "+----+-----------+----------+\n\n");
}

TEST(Show, NoRowsAndTooManyRows) {
  EXPECT_EQ(ShowText({"a"}, {}, 20), "+---+\n|a  |\n+---+\n+---+\n\n");
  const std::vector<Row> rows(2, Row{{Value(std::string("日本"))}});
  EXPECT_EQ(ShowText({"a"}, rows, 1), "+----+\n|a   |\n+----+\n|日本|\n+----+\nonly showing top 1 row\n\n");
}

}  // namespace
}  // namespace tinderbox::cli
