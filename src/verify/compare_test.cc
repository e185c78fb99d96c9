#include "verify/compare.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/temp_dir.h"
#include "tinderbox/dataframe.h"
#include "tinderbox/read_write.h"
#include "tinderbox/session.h"
#include "verify/report.h"

namespace tinderbox::verify {
namespace {

namespace fs = std::filesystem;

class CompareTest : public testing::Test {
 protected:
  CompareTest() : session_(Session::Embedded()) {
    left_ = {"embedded", 0, 1.5, "", folder_.path() / "left"};
    right_ = {"cluster", 0, 2.5, "", folder_.path() / "right"};
    fs::create_directories(left_.folder / "files");
    fs::create_directories(right_.folder / "files");
  }

  void Write(const verify::Run& run, const std::string& name, const std::string& sql, const std::string& format,
             int parts = 1) {
    const fs::path target = run.folder / name;
    fs::create_directories(target);
    // One folder of several part files, as a cluster writes them: the rows go round.
    for (int part = 0; part < parts; ++part) {
      base::TempDir aside;
      const fs::path out = aside.path() / "out";
      session_.Sql("SELECT * FROM (" + sql + ") WHERE id % " + std::to_string(parts) + " = " + std::to_string(part))
          .Write()
          .Option("header", format == "csv" ? "true" : "false")
          .Format(format)
          .Save(out.string());
      for (const auto& entry : fs::directory_iterator(out))
        fs::copy(entry.path(), target / entry.path().filename(), fs::copy_options::overwrite_existing);
    }
  }
  static void File(const verify::Run& run, const std::string& name, const std::string& text) {
    std::ofstream(run.folder / name) << text;
  }
  Comparison Compared(const Allowed& allowed = {}) { return Compare(session_, left_, right_, allowed); }

  base::TempDir folder_;
  Session session_;
  verify::Run left_, right_;
};

TEST_F(CompareTest, RowsCountWhateverTheirOrderAndNumberOfFiles) {
  for (const char* format : {"parquet", "json", "csv"}) {
    const std::string name = std::string("files/") + format;
    Write(left_, name, "SELECT id, id * 2 AS twice FROM range(100)", format);
    Write(right_, name, "SELECT id, id * 2 AS twice FROM range(100) ORDER BY id DESC", format, 3);
  }
  const Comparison found = Compared();
  ASSERT_EQ(found.items.size(), 3);
  for (const Item& item : found.items) EXPECT_EQ(item.difference, "") << item.name;
  EXPECT_EQ(found.items[0].name, "files/csv");
  EXPECT_EQ(found.items[0].left_rows, 100);
  EXPECT_TRUE(found.same(left_, right_));
}

TEST_F(CompareTest, OneRowMoreIsSeenInEveryFormat) {
  for (const char* format : {"parquet", "json", "csv"}) {
    const std::string name = std::string("files/") + format;
    Write(left_, name, "SELECT id FROM range(100)", format);
    Write(right_, name, "SELECT id FROM range(101)", format, 2);
  }
  const Comparison found = Compared();
  ASSERT_EQ(found.items.size(), 3);
  for (const Item& item : found.items) EXPECT_FALSE(item.same()) << item.name;
  EXPECT_FALSE(found.same(left_, right_));
}

TEST_F(CompareTest, TypesCount) {
  Write(left_, "files/t", "SELECT id FROM range(3)", "parquet");
  Write(right_, "files/t", "SELECT CAST(id AS INT) AS id FROM range(3)", "parquet");
  EXPECT_EQ(Compared().items.at(0).difference, "the schemas differ");
}

TEST_F(CompareTest, ATableWithoutRowsIsComparedToo) {
  Write(left_, "files/t", "SELECT id FROM range(0)", "parquet");
  Write(right_, "files/t", "SELECT id FROM range(0)", "parquet");
  EXPECT_TRUE(Compared().items.at(0).same());
  Write(right_, "files/u", "SELECT id FROM range(0)", "parquet");
  EXPECT_EQ(Compared().items.at(1).difference, "only cluster wrote it");
}

TEST_F(CompareTest, AKeyAndAToleranceCountWhereTheColumnsAre) {
  Write(left_, "files/a", "SELECT id, 1.0D AS x FROM range(3)", "parquet");
  Write(right_, "files/a", "SELECT id, 1.0000001D AS x FROM range(3)", "parquet");
  Write(left_, "files/b", "SELECT id AS other, id FROM range(3)", "parquet");
  Write(right_, "files/b", "SELECT id AS other, id FROM range(3)", "parquet");
  EXPECT_FALSE(Compared().items.at(0).same());
  Allowed allowed;
  allowed.rows.key = {"id"};
  allowed.rows.tolerance["*"].absolute = 0.001;
  const Comparison found = Compared(allowed);
  EXPECT_TRUE(found.items.at(0).same()) << found.items.at(0).difference;
  EXPECT_TRUE(found.items.at(1).same());
}

TEST_F(CompareTest, ColumnsAreIgnoredWhereTheyAre) {
  for (const auto& [run, odd] : {std::pair{&left_, "1"}, std::pair{&right_, "2"}}) {
    const std::string other(odd);
    Write(*run, "files/a", "SELECT id, " + other + " AS Random FROM range(3)", "parquet");
    Write(*run, "files/b", "SELECT id, " + other + " AS stamp, array(" + other + ", 1) AS list FROM range(3)", "json");
    Write(*run, "files/c", "SELECT id FROM range(3)", "parquet");
  }
  EXPECT_FALSE(Compared().items.at(0).same());
  Allowed allowed;
  allowed.rows.ignore = {"random", "stamp", "list", "typo"};
  const Comparison found = Compared(allowed);
  for (const Item& item : found.items) EXPECT_EQ(item.difference, "") << item.name;
  EXPECT_EQ(found.warnings, (std::vector<std::string>{"No output whose rows were compared has a column \"typo\"."}));
}

TEST_F(CompareTest, FilesAreComparedByTheirBytes) {
  File(left_, "files/a.txt", "one\ntwo\n");
  File(right_, "files/a.txt", "one\ntwo\n");
  File(left_, "files/b.txt", "one\ntwo\n");
  File(right_, "files/b.txt", "one\nTwo\n");
  File(left_, "files/.c.txt.crc", "hidden");
  const Comparison found = Compared();
  ASSERT_EQ(found.items.size(), 2);
  EXPECT_TRUE(found.items[0].same());
  EXPECT_EQ(found.items[1].difference, "the bytes differ");
  Allowed allowed;
  allowed.paths = {"files/b*"};
  EXPECT_TRUE(Compared(allowed).same(left_, right_));
}

TEST_F(CompareTest, WhatCannotBeReadIsADifference) {
  fs::create_directories(left_.folder / "files/o");
  fs::create_directories(right_.folder / "files/o");
  File(left_, "files/o/part-0.orc", "ORC");
  File(right_, "files/o/part-0.orc", "ORC");
  EXPECT_EQ(Compared().items.at(0).difference, "data sets of the format orc cannot be compared");
}

TEST_F(CompareTest, PrintedLinesAreCompared) {
  left_.printed = "a\nb\nc\nd\n";
  right_.printed = "a\nx\ny\nd\n";
  const Comparison found = Compared();
  ASSERT_TRUE(found.printed);
  EXPECT_EQ(found.printed->line, 2);
  EXPECT_EQ(found.printed->left, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(found.printed->right, (std::vector<std::string>{"x", "y"}));
  right_.printed = "d\nc\nb\na\ntook 3 s\n";
  EXPECT_TRUE(Compared().printed);
  Allowed allowed;
  allowed.line_order = true;
  allowed.lines.emplace_back("took [0-9]+ s");
  EXPECT_FALSE(Compared(allowed).printed);
}

TEST_F(CompareTest, ExitCodesCountAndNothingProvesNothing) {
  EXPECT_EQ(Compared().warnings.size(), 1);
  right_.exit_code = 1;
  EXPECT_FALSE(Compared().same(left_, right_));
}

TEST_F(CompareTest, ReportsSayWhatDiffers) {
  Write(left_, "files/<t>", "SELECT id FROM range(3)", "parquet");
  Write(right_, "files/<t>", "SELECT id FROM range(4)", "parquet");
  left_.printed = "<script>\n";
  const Comparison found = Compared();
  const Heading heading{"etl.py --x", "1", "now"};
  const std::string text = RenderText(heading, left_, right_, found, false);
  EXPECT_NE(text.find("2 of 2 outputs differ"), std::string::npos) << text;
  EXPECT_NE(text.find("1 rows on the right only"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  const std::string page = RenderHtml(heading, left_, right_, found);
  EXPECT_EQ(page.find("<script>"), std::string::npos);
  EXPECT_EQ(page.find("<t>"), std::string::npos);
  EXPECT_NE(page.find("href=\"" + PageName(found.items[0]) + "\""), std::string::npos);
  EXPECT_NE(RenderJson(heading, left_, right_, found).find("\"same\": false"), std::string::npos);
}

}  // namespace
}  // namespace tinderbox::verify
