#include "cli/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tinderbox/error.h"

namespace tinderbox::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <typename Call>
std::string Refusal(Call call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "TINDERBOX_USAGE");
    return error.what();
  }
  return "";
}

TEST(Words, NearestFindsTyposAndBeginnings) {
  const std::vector<std::string> verbs = {"diff", "patch", "diffit", "version", "help"};
  EXPECT_EQ(Nearest("dfif", verbs).front(), "diff");
  EXPECT_EQ(Nearest("Pacth", verbs).front(), "patch");
  EXPECT_EQ(Nearest("ver", verbs).front(), "version");
  EXPECT_THAT(Nearest("frobnicate", verbs), IsEmpty());
  EXPECT_THAT(Nearest("", verbs), IsEmpty());
  EXPECT_EQ(DidYouMean("dif", {"diff", "diffit"}), " Did you mean diff or diffit?");
  EXPECT_EQ(DidYouMean("zzz", verbs), "");
}

TEST(Words, SplitNamesKeepsCommasInQuotes) {
  EXPECT_THAT(SplitNames("--key", "a,b"), ElementsAre("a", "b"));
  EXPECT_THAT(SplitNames("--key", " a , b c "), ElementsAre("a", "b c"));
  EXPECT_THAT(SplitNames("--key", "\"a,b\",c"), ElementsAre("a,b", "c"));
  EXPECT_THAT(SplitNames("--key", "`x``y`,\"say \"\"hi\"\"\""), ElementsAre("x`y", "say \"hi\""));
  EXPECT_THAT(SplitNames("--key", "\" lead\""), ElementsAre(" lead"));
  EXPECT_THAT(Refusal([] { SplitNames("--key", ""); }), HasSubstr("empty column name"));
  EXPECT_THAT(Refusal([] { SplitNames("--key", "a,,b"); }), HasSubstr("empty column name"));
  EXPECT_THAT(Refusal([] { SplitNames("--key", "a,"); }), HasSubstr("empty column name"));
  EXPECT_THAT(Refusal([] { SplitNames("--key", "\"a"); }), HasSubstr("quote"));
  EXPECT_THAT(Refusal([] { SplitNames("--key", "\"a\"b"); }), HasSubstr("quote"));
}

TEST(Words, SplitAssignmentTakesTheFirstOrLastEquals) {
  EXPECT_EQ(SplitAssignment("--map", "a=b = c"), (std::pair<std::string, std::string>("a", "b = c")));
  EXPECT_EQ(SplitAssignment("--x", "a=b=c", true), (std::pair<std::string, std::string>("a=b", "c")));
  for (const char* text : {"", "a", "=a", "a="})
    EXPECT_NE(Refusal([&] { SplitAssignment("--map", text); }), "") << text;
}

TEST(Words, UnescapeKnowsSeparatorsThatShellsDoNot) {
  EXPECT_EQ(Unescape("--separator", "\\t"), "\t");
  EXPECT_EQ(Unescape("--separator", "tab"), "\t");
  EXPECT_EQ(Unescape("--separator", "\\x01"), "\x01");
  EXPECT_EQ(Unescape("--separator", "\\u0001"), "\x01");
  EXPECT_EQ(Unescape("--separator", "\\u00a7"), "§");
  EXPECT_EQ(Unescape("--separator", "\\u20AC"), "€");
  EXPECT_EQ(Unescape("--separator", "||"), "||");
  EXPECT_EQ(Unescape("--escape", "\\"), "\\");
  EXPECT_EQ(Unescape("--escape", "\\\\"), "\\");
  EXPECT_EQ(Unescape("--separator", "\\0"), std::string(1, '\0'));
  for (const char* text : {"\\q", "\\x1", "\\xzz", "\\ud800", "\\u12"})
    EXPECT_NE(Refusal([&] { Unescape("--s", text); }), "") << text;
}

TEST(Words, ParseBytesTellsThousandsFrom1024s) {
  EXPECT_EQ(ParseBytes("--memory", "500MB"), 500'000'000U);
  EXPECT_EQ(ParseBytes("--memory", "500mb"), 500'000'000U);
  EXPECT_EQ(ParseBytes("--memory", "2GiB"), 2'147'483'648U);
  EXPECT_EQ(ParseBytes("--memory", "1g"), 1'073'741'824U);
  EXPECT_EQ(ParseBytes("--memory", "1.5k"), 1536U);
  EXPECT_EQ(ParseBytes("--memory", "1048576"), 1'048'576U);
  for (const char* text : {"", "lots", "-1", "0", "5 MB", "1e99", "12x", "MB"}) {
    EXPECT_THAT(Refusal([&] { ParseBytes("--memory", text); }), HasSubstr("not a size")) << text;
  }
}

std::map<std::string, Tolerance> Tolerances(std::initializer_list<const char*> texts) {
  std::map<std::string, Tolerance> tolerances;
  for (const char* text : texts) AddTolerance(text, &tolerances);
  return tolerances;
}

TEST(Words, ToleranceOfEachKind) {
  EXPECT_EQ(Tolerances({"v=0.01"})["v"].absolute, 0.01);
  EXPECT_EQ(Tolerances({"v=1e9"})["v"].absolute, 1e9);
  EXPECT_DOUBLE_EQ(*Tolerances({"v=1%"})["v"].relative, 0.01);
  EXPECT_EQ(Tolerances({"v=5s"})["v"].time_micros, 5'000'000);
  EXPECT_EQ(Tolerances({"v=2ms"})["v"].time_micros, 2'000);
  EXPECT_EQ(Tolerances({"v=7us"})["v"].time_micros, 7);
  EXPECT_EQ(Tolerances({"v=1.5min"})["v"].time_micros, 90'000'000);
  EXPECT_EQ(Tolerances({"v=1h"})["v"].time_micros, 3'600'000'000);
  EXPECT_EQ(Tolerances({"v=1d"})["v"].time_micros, 86'400'000'000);
  EXPECT_EQ(Tolerances({"0.5"})["*"].absolute, 0.5);
  EXPECT_EQ(Tolerances({"0"})["*"].absolute, 0.0);
  EXPECT_EQ(Tolerances({"a=b=1"}).begin()->first, "a=b");
}

TEST(Words, TolerancesOfOneColumnAddUp) {
  const auto both = Tolerances({"v=0.01", "v=1%", "w=3"});
  EXPECT_EQ(both.at("v").absolute, 0.01);
  EXPECT_TRUE(both.at("v").relative.has_value());
  EXPECT_FALSE(both.at("w").relative.has_value());
}

TEST(Words, BadTolerances) {
  for (const char* text :
       {"", "v=", "v=abc", "v=-1", "v=1x", "v=nan", "v=inf", "=1", "v=1 s", "v=99999999999d", "v=1e999"}) {
    EXPECT_THAT(Refusal([&] { Tolerances({text}); }), HasSubstr("tolerance")) << text;
  }
}

TEST(Words, AllowanceOfRowsAndPercent) {
  DiffSummary summary;
  summary.equal = 75;
  summary.changed = 25;
  EXPECT_FALSE(Exceeds(ParseAllowance("25"), summary));
  EXPECT_TRUE(Exceeds(ParseAllowance("24"), summary));
  EXPECT_FALSE(Exceeds(ParseAllowance("25%"), summary));
  EXPECT_TRUE(Exceeds(ParseAllowance("24.9%"), summary));
  EXPECT_FALSE(Exceeds(ParseAllowance("0%"), DiffSummary()));
  EXPECT_FALSE(Exceeds(ParseAllowance("0"), DiffSummary()));
  for (const char* text : {"", "%", "-1", "101%", "-1%", "5 %", "many"})
    EXPECT_NE(Refusal([&] { ParseAllowance(text); }), "") << text;
}

TEST(Words, ShellWordIsReadBackByAShell) {
  EXPECT_EQ(ShellWord("plain-1.2/x:y=z@w,v%"), "plain-1.2/x:y=z@w,v%");
  EXPECT_EQ(ShellWord(""), "''");
  EXPECT_EQ(ShellWord("a b"), "'a b'");
  EXPECT_EQ(ShellWord("$(rm) `x` ~ * \"q\""), "'$(rm) `x` ~ * \"q\"'");
  EXPECT_EQ(ShellWord("it's"), "'it'\\''s'");
}

}  // namespace
}  // namespace tinderbox::cli
