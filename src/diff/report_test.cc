#include "diff/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <regex>

#include "diff/report_cell.h"
#include "diff/report_sample.h"

namespace tinderbox::diff {
namespace {

using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string WithoutColor(const std::string& text) {
  return std::regex_replace(text, std::regex("\x1b\\[[0-9;]*m"), "");
}

TEST(ReportCell, DisplayWidth) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("日本"), 4);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1);
  EXPECT_EQ(DisplayWidth("👩‍👩‍👧"), 2);
  EXPECT_EQ(DisplayWidth("🇨🇭"), 2);
  EXPECT_EQ(DisplayWidth(""), 0);
}

TEST(ReportCell, NothingReachesTheTerminalThatItWouldActUpon) {
  EXPECT_EQ(Visible("a\nb\tc\r"), "a\\nb\\tc\\r");
  EXPECT_EQ(Visible("\x1b[31m"), "\\u{1B}[31m");
  EXPECT_EQ(Visible("\u202Eabc\u2028"), "\\u{202E}abc\\u{2028}");
  EXPECT_EQ(Visible("\xc3("), "\uFFFD(");
  EXPECT_EQ(Visible(std::string("a\0b", 3)), "a\\u{0}b");
}

TEST(ReportCell, TextThatCouldBeSomethingElseIsQuoted) {
  EXPECT_EQ(CellText(Value()), "NULL");
  EXPECT_EQ(CellText(Value(std::string("NULL"))), "\"NULL\"");
  EXPECT_EQ(CellText(Value(std::string())), "\"\"");
  EXPECT_EQ(CellText(Value(std::string(" x"))), "\" x\"");
  EXPECT_EQ(CellText(Value(std::string("x"))), "x");
  EXPECT_EQ(CellText(Value(BinaryValue{"\x01\xff"})), "0x01FF");
  EXPECT_EQ(CellText(Value(std::nan(""))), "NaN");
}

TEST(ReportCell, ClipTakesFromTheMiddle) {
  EXPECT_EQ(Clip("abcdefghij", 10), "abcdefghij");
  EXPECT_EQ(Clip("abcdefghij", 7), "abc…hij");
  EXPECT_EQ(Clip("日本語日本語", 5), "日…語");
  EXPECT_EQ(Clip("abc", 1), "…");
  EXPECT_EQ(Clip("abc", 0), "");
  for (int width = 0; width < 30; ++width)
    EXPECT_LE(DisplayWidth(Clip("aé日👩‍👩‍👧bcdefghijklmnop", width)), width) << width;
}

TEST(ReportCell, ClipPairKeepsTheDifferenceVisible) {
  const std::string before(100, 'x');
  const auto [left, right] = ClipPair(before + "OLD" + before, before + "NEW" + before, 20, 20);
  EXPECT_THAT(left, HasSubstr("OLD"));
  EXPECT_THAT(right, HasSubstr("NEW"));
  EXPECT_LE(DisplayWidth(left), 20);
  EXPECT_LE(DisplayWidth(right), 20);
  const auto [end_left, end_right] = ClipPair(before + "OLD", before + "NEW", 12, 12);
  EXPECT_THAT(end_left, HasSubstr("OLD"));
  EXPECT_THAT(end_right, HasSubstr("NEW"));
  const auto [begin_left, begin_right] = ClipPair("OLD" + before, "NEW" + before, 12, 12);
  EXPECT_THAT(begin_left, HasSubstr("OLD"));
  EXPECT_THAT(begin_right, HasSubstr("NEW"));
  EXPECT_EQ(ClipPair("a", "b", 5, 5), (std::pair<std::string, std::string>("a", "b")));
  EXPECT_EQ(ClipPair("", "", 5, 5), (std::pair<std::string, std::string>("", "")));
}

TEST(ReportCell, Numbers) {
  EXPECT_EQ(GroupDigits(0), "0");
  EXPECT_EQ(GroupDigits(999), "999");
  EXPECT_EQ(GroupDigits(-1234567), "-1,234,567");
  EXPECT_EQ(Percent(1, 3), "33.3 %");
  EXPECT_EQ(Percent(0, 3), "0.0 %");
  EXPECT_EQ(Percent(1, 1000000), "<0.1 %");
  EXPECT_EQ(Percent(999999, 1000000), ">99.9 %");
  EXPECT_EQ(Percent(3, 3), "100.0 %");
  EXPECT_EQ(Percent(0, 0), "");
}

TEST(ReportCell, Deltas) {
  EXPECT_EQ(Delta(Value(int64_t{9007199254740993}), Value(int64_t{9007199254740994})), 1.0)
      << "beyond a double's digits";
  EXPECT_EQ(Delta(Value(DecimalValue{110, 2}), Value(DecimalValue{2, 0})), 0.9);
  EXPECT_EQ(Delta(Value(DateValue{1}), Value(DateValue{3})), 172800.0);
  EXPECT_EQ(Delta(Value(), Value(1.0)), std::nullopt);
  EXPECT_EQ(Delta(Value(std::nan("")), Value(1.0)), std::nullopt);
  EXPECT_EQ(Delta(Value(std::string("1")), Value(std::string("2"))), std::nullopt);
  EXPECT_EQ(DeltaText(DataType(TypeKind::kDouble), 0.25), "+0.25");
  EXPECT_EQ(DeltaText(DataType(TypeKind::kTimestamp), -7200.0), "-2 h");
  EXPECT_EQ(DeltaText(DataType(TypeKind::kTimestamp), 0.0025), "+2.5 ms");
  EXPECT_EQ(DeltaText(DataType(TypeKind::kDate), 864000.0), "+10 d");
}

TEST(ReportText, SaysEverythingWithinItsWidth) {
  const SampleReport sample = MakeSampleReport(5);
  for (const int width : {60, 80, 120, 200}) {
    const std::string text = RenderText(sample.summary, sample.heading, sample.rows, {false, width, 20});
    for (const std::string& line : Lines(text)) EXPECT_LE(DisplayWidth(line), width) << line;
    for (const char* part : {"differ in 7 rows and in the schema", "data/before.csv", "equal", "1,000", "only left",
                             "int → double", "gone", "new", "data/after.csv:17", "12,5", "occurs more than once",
                             "+0.125", "Largest", "concentrate", "9002", "9001"}) {
      EXPECT_THAT(text, HasSubstr(part)) << "width " << width;
    }
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\u2028")));
  }
}

TEST(ReportText, ColourAddsNothingButColour) {
  const SampleReport sample = MakeSampleReport(5);
  const std::string plain = RenderText(sample.summary, sample.heading, sample.rows, {false, 80, 20});
  const std::string color = RenderText(sample.summary, sample.heading, sample.rows, {true, 80, 20});
  EXPECT_THAT(color, HasSubstr("\x1b[31m"));
  EXPECT_THAT(color, HasSubstr("\x1b[32m"));
  // The legend explains the marks where colours do not.
  EXPECT_EQ(WithoutColor(color), std::regex_replace(plain, std::regex("  ~ changed \\(old → new\\).*\n"), ""));
}

TEST(ReportText, ChangedCellsShowOldAndNew) {
  const SampleReport sample = MakeSampleReport(5);
  const std::string text = RenderText(sample.summary, sample.heading, sample.rows, {false, 120, 20});
  EXPECT_THAT(text, HasSubstr("10.0 → 5.2"));
  EXPECT_THAT(text, HasSubstr("11.5 → NULL"));
  EXPECT_THAT(text, HasSubstr("red fox"));
}

TEST(ReportText, Sample) {
  const SampleReport sample = MakeSampleReport(50);
  EXPECT_THAT(RenderText(sample.summary, sample.heading, sample.rows, {false, 80, 3}), HasSubstr("the first 3 of 52"));
  EXPECT_THAT(RenderText(sample.summary, sample.heading, sample.rows, {false, 80, 0}),
              Not(HasSubstr("Differing rows")));
}

TEST(ReportText, NothingDiffers) {
  DiffSummary summary;
  summary.columns = {SampleColumn("v", DataType(TypeKind::kLong))};
  summary.value_columns = {"v"};
  const std::string text = RenderText(summary, {"a", "b", "0", "", ""}, {}, {});
  EXPECT_THAT(text, HasSubstr("The two sides are the same."));
  EXPECT_THAT(text, HasSubstr("none: rows are compared whole"));
  EXPECT_THAT(text, Not(HasSubstr("%"))) << "no percentage of nothing";
  EXPECT_THAT(text, Not(HasSubstr("Differing rows")));
}

TEST(ReportText, ManyChangedColumnsBecomeBlocks) {
  SampleReport sample;
  DiffSummary& s = sample.summary;
  s.key = {"id"};
  s.value_columns = {"id"};
  s.columns = {SampleColumn("id", DataType(TypeKind::kLong), true)};
  DiffRow row;
  row.left.values = row.right.values = {Value(int64_t{1})};
  row.changed = {false};
  for (int i = 0; i < 30; ++i) {
    const std::string name = "column_" + std::to_string(i);
    s.value_columns.push_back(name);
    s.columns.push_back(SampleColumn(name, DataType(TypeKind::kString)));
    row.left.values.emplace_back(std::string(5000, 'a') + "old");
    row.right.values.emplace_back(std::string(5000, 'a') + "new");
    row.changed.push_back(true);
  }
  s.changed = s.left.rows = s.right.rows = 1;
  const std::string text = RenderText(s, {"a", "b", "0", "", ""}, {row}, {false, 80, 20});
  EXPECT_THAT(text, HasSubstr("column_29"));
  EXPECT_THAT(text, HasSubstr("old → …"));
  for (const std::string& line : Lines(text)) EXPECT_LE(DisplayWidth(line), 80) << line;
}

TEST(ReportText, KeylessRowsShowHowMany) {
  DiffSummary summary;
  summary.value_columns = {"v"};
  summary.columns = {SampleColumn("v", DataType(TypeKind::kString))};
  summary.left.rows = summary.left.only = 3;
  DiffRow row;
  row.kind = DiffRow::Kind::kLeftOnly;
  row.count = 3;
  row.left.values = {Value(std::string("twice or more"))};
  const std::string text = RenderText(summary, {"a", "b", "0", "", ""}, {row}, {});
  EXPECT_THAT(text, HasSubstr("- twice or more"));
  EXPECT_THAT(text, HasSubstr("× 3"));
}

TEST(ReportJson, IsTheDocumentedDocument) {
  const SampleReport sample = MakeSampleReport(3);
  const Json json = Json::parse(RenderJson(sample.summary, sample.heading, sample.rows));
  EXPECT_EQ(json["format"], 1);
  EXPECT_EQ(json["same"], false);
  EXPECT_EQ(json["equal"], 1000);
  EXPECT_EQ(json["left"]["rows"], 1004);
  EXPECT_EQ(json["right"]["malformed"][0]["location"], "data/after.csv:17");
  EXPECT_EQ(json["columns"][2]["status"], "type_changed");
  EXPECT_EQ(json["columns"][4]["right_type"], nullptr);
  EXPECT_EQ(json["changes"][0]["largest"][0]["key"]["id"], 1);
  EXPECT_EQ(json["changes"][1]["mean_delta"], nullptr);
  EXPECT_EQ(json["rows"].size(), 5U);
  EXPECT_EQ(json["rows"][0]["kind"], "changed");
  EXPECT_EQ(json["rows"][0]["changed"], Json({"name", "price"}));
  EXPECT_EQ(json["rows"][0]["left"]["price"], 10.0);
  EXPECT_EQ(json["rows"][3]["right"], nullptr);
  EXPECT_EQ(json["rows"][4]["right"]["name"], "</script><script>alert('x\"y')</script>\u2028&<b>");
}

TEST(ReportJson, ValuesThatJsonHasNoWordsFor) {
  SampleReport sample = MakeSampleReport(1);
  sample.rows[0].left.values[2] = Value(std::nan(""));
  sample.rows[0].left.values[1] = Value(std::string("\xff\x00z", 3));
  sample.summary.changes[0].mean_delta = std::numeric_limits<double>::infinity();
  const Json json = Json::parse(RenderJson(sample.summary, sample.heading, sample.rows));
  EXPECT_EQ(json["rows"][0]["left"]["price"], "NaN");
  EXPECT_EQ(json["changes"][0]["mean_delta"], "Infinity");
  EXPECT_EQ(json["rows"][0]["left"]["name"], std::string("\uFFFD\0z", 5));
}

Json PageData(const std::string& html) {
  const std::string open = "<script type=\"application/json\" id=\"data\">";
  const size_t begin = html.find(open) + open.size();
  return Json::parse(html.substr(begin, html.find("</script>", begin) - begin));
}

TEST(ReportHtml, NoValueBreaksOut) {
  SampleReport sample = MakeSampleReport(2);
  const std::string evil = "</script><img src=x onerror=alert(1)>\"'&<!--\u2028";
  sample.heading.left = sample.heading.command = evil;
  sample.summary.key[0] = sample.summary.value_columns[0] = sample.summary.columns[0].name = evil;
  sample.summary.changes[1].name = sample.summary.value_columns[1] = sample.summary.columns[1].name = "n" + evil;
  sample.summary.changes[1].histogram = {{evil, 3}};
  sample.summary.concentrations[0].value = evil;
  sample.summary.warnings = {evil};
  sample.summary.right.malformed[0] = {evil, evil, evil};
  const std::string html = RenderHtml(sample.summary, sample.heading, sample.rows);
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, Not(HasSubstr("<!--")));
  EXPECT_THAT(html, Not(HasSubstr("\u2028")));
  size_t closes = 0;
  for (size_t at = html.find("</script"); at != std::string::npos; at = html.find("</script", at + 1)) ++closes;
  EXPECT_EQ(closes, 2U) << "the data's and the script's own";
  const Json data = PageData(html);
  EXPECT_EQ(data["columns"][0], "</script><img src=x onerror=alert(1)>\"'&<!--\\u{2028}");
  EXPECT_EQ(data["rows"].size(), 4U);
}

TEST(ReportHtml, AsksForNothingFromOutside) {
  const SampleReport sample = MakeSampleReport(2);
  const std::string html = RenderHtml(sample.summary, sample.heading, sample.rows);
  for (const char* part : {"http://", "https://", "src=", "@import", "url(", "fetch("})
    EXPECT_THAT(html, Not(HasSubstr(part)));
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
}

TEST(ReportHtml, HoldsTheRowsAndSaysWhenNotAll) {
  SampleReport sample = MakeSampleReport(2500);
  std::string html = RenderHtml(sample.summary, sample.heading, sample.rows);
  EXPECT_EQ(PageData(html)["rows"].size(), 2502U);
  EXPECT_THAT(html, Not(HasSubstr("This page holds the first")));
  sample.rows.resize(2000);
  html = RenderHtml(sample.summary, sample.heading, sample.rows);
  EXPECT_EQ(PageData(html)["rows"].size(), 2000U);
  EXPECT_THAT(html, HasSubstr("This page holds the first 2,000 of 2,502 differing rows"));
  const Json data = PageData(html);
  EXPECT_EQ(data["rows"][3][2][2], "11.5");
  EXPECT_EQ(data["rows"][3][3]["2"], nullptr) << "NULL is null, not text";
  EXPECT_TRUE(data["rows"][0][4].contains("2"));
}

TEST(ReportHtml, VeryLongValuesAreClippedAroundTheirDifference) {
  SampleReport sample = MakeSampleReport(1);
  const std::string text(1'000'000, 'x');
  sample.rows[0].left.values[1] = Value(text + "OLD" + text);
  sample.rows[0].right.values[1] = Value(text + "NEW" + text);
  const std::string html = RenderHtml(sample.summary, sample.heading, sample.rows);
  EXPECT_LT(html.size(), 100'000U);
  const Json row = PageData(html)["rows"][0];
  EXPECT_THAT(row[2][1].get<std::string>(), HasSubstr("OLD"));
  EXPECT_THAT(row[3]["1"].get<std::string>(), HasSubstr("NEW"));
}

TEST(ReportHtml, NothingDiffers) {
  DiffSummary summary;
  const std::string html = RenderHtml(summary, {"a", "b", "0", "", ""}, {});
  EXPECT_THAT(html, HasSubstr("The two sides are the same"));
  EXPECT_THAT(html, HasSubstr("There are none."));
  EXPECT_TRUE(PageData(html)["rows"].empty());
}

}  // namespace
}  // namespace tinderbox::diff
