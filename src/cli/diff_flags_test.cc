#include "cli/diff_flags.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "cli/console.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class DiffFlags : public testing::Test {
 protected:
  DiffFlags() : folder_(fs::temp_directory_path() / fmt::format("diff-flags-{}", ::getpid())) {
    fs::create_directories(folder_);
    WriteFile(Path("left.csv"), "k,v\n1,a\n", true);
    WriteFile(Path("right.parquet"), "PAR1", true);
  }
  ~DiffFlags() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  DiffPlan Parse(std::vector<std::string> more) const {
    std::vector<std::string> words = {Path("left.csv"), Path("right.parquet")};
    words.insert(words.end(), more.begin(), more.end());
    return ParseDiff(words).value();
  }
  std::string Refusal(std::vector<std::string> more) const {
    try {
      Parse(std::move(more));
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was refused";
  }

  fs::path folder_;
};

TEST_F(DiffFlags, Defaults) {
  const DiffPlan plan = Parse({});
  EXPECT_THAT(plan.left.paths, ElementsAre(Path("left.csv")));
  EXPECT_TRUE(plan.left.options.empty());
  EXPECT_TRUE(plan.options.key.empty());
  EXPECT_TRUE(plan.options.discard);
  EXPECT_EQ(plan.limit, 20U);
  EXPECT_EQ(plan.report_rows, 2000U);
  EXPECT_FALSE(plan.output.has_value());
  EXPECT_FALSE(plan.allowance.has_value());
  EXPECT_FALSE(plan.color.has_value());
}

TEST_F(DiffFlags, ListsAreSplitAndRepeated) {
  const DiffPlan plan = Parse({"--key", "a,b", "-k", "\"c,d\"", "--key=a", "--ignore", "x", "--ignore=y,z"});
  EXPECT_THAT(plan.options.key, ElementsAre("a", "b", "c,d"));
  EXPECT_THAT(plan.options.ignore, ElementsAre("x", "y", "z"));
}

TEST_F(DiffFlags, OptionsMayStandBeforeTheInputs) {
  const DiffPlan plan =
      ParseDiff({"--key", "k", "--ignore-case", Path("left.csv"), "--trim=v", Path("right.parquet")}).value();
  EXPECT_EQ(plan.left_path, Path("left.csv"));
  EXPECT_EQ(plan.right_path, Path("right.parquet"));
  EXPECT_THAT(plan.options.ignore_case, ElementsAre("*"));
  EXPECT_THAT(plan.options.trim, ElementsAre("v"));
}

TEST_F(DiffFlags, OneSideWinsOverBoth) {
  const DiffPlan plan =
      Parse({"--separator", ";", "--left-separator", "\\t", "--null-string", "NA", "--where", "a > 1", "--left-where",
             "b > 2", "--map", "x=1", "--right-map", "y=a = 2", "--rename", "old=new"});
  EXPECT_EQ(plan.left.options.at("sep"), "\t");
  EXPECT_EQ(plan.left.options.at("nullValue"), "NA");
  EXPECT_EQ(plan.right.options.count("sep"), 0U) << "an option for CSV does not reach Parquet";
  EXPECT_EQ(plan.left.where, "(a > 1) AND (b > 2)");
  EXPECT_EQ(plan.right.where, "a > 1");
  EXPECT_THAT(plan.right.map, ElementsAre(std::pair<std::string, std::string>("x", "1"),
                                          std::pair<std::string, std::string>("y", "a = 2")));
  EXPECT_EQ(plan.left.rename.at("old"), "new");
  EXPECT_TRUE(plan.right.rename.empty());
}

TEST_F(DiffFlags, QuotesAndHeaders) {
  EXPECT_EQ(Parse({"--quote", "'"}).left.options.at("escape"), "'") << "a doubled quote of whichever kind is one quote";
  EXPECT_EQ(Parse({"--quote", "none"}).left.options.at("quote"), "");
  EXPECT_EQ(Parse({"--escape", "\\"}).left.options.at("escape"), "\\");
  EXPECT_EQ(Parse({"--no-header"}).left.options.at("header"), "false");
  EXPECT_EQ(Parse({"--no-header", "--left-header"}).left.options.at("header"), "true");
  EXPECT_EQ(Parse({"--left-no-header"}).left.options.at("header"), "false");
  EXPECT_EQ(Parse({"--option", "dateFormat=a=b"}).left.options.at("dateFormat"), "a=b");
}

TEST_F(DiffFlags, SchemaByTextAndFile) {
  EXPECT_EQ(Parse({"--left-schema", "k INT, v STRING"}).left.schema->fields.size(), 2U);
  WriteFile(Path("s.json"), R"({"type":"struct","fields":[{"name":"k","type":"long","nullable":true,"metadata":{}}]})",
            true);
  EXPECT_EQ(Parse({"--left-schema", Path("s.json")}).left.schema->fields[0].type.kind(), TypeKind::kLong);
  WriteFile(Path("s.ddl"), "k BIGINT\n", true);
  EXPECT_EQ(Parse({"--left-schema", Path("s.ddl")}).left.schema->fields[0].type.kind(), TypeKind::kLong);
  EXPECT_THAT(Refusal({"--schema", Path("s.jso")}), HasSubstr("s.json"));
}

TEST_F(DiffFlags, Normalisation) {
  const DiffPlan plan = Parse({"--unicode-normalize", "nfc:a,b", "--unicode-normalize", "NFKD"});
  EXPECT_EQ(plan.options.unicode_normalize.at("a"), "NFC");
  EXPECT_EQ(plan.options.unicode_normalize.at("*"), "NFKD");
  EXPECT_THAT(Refusal({"--unicode-normalize", "nfx"}), HasSubstr("nfx"));
}

TEST_F(DiffFlags, Outputs) {
  const DiffPlan plan =
      Parse({"--output", "file:" + Path("out"), "--output-format", "csv", "--layout", "side-by-side", "--overwrite"});
  EXPECT_EQ(plan.output->path, Path("out"));
  EXPECT_EQ(plan.output->format, "csv");
  EXPECT_EQ(plan.output->layout, DiffLayout::kSideBySide);
  EXPECT_TRUE(plan.output->overwrite);
  fs::create_directory(Path("there"));
  EXPECT_THAT(Refusal({"--output", Path("there")}), HasSubstr("--overwrite"));
  EXPECT_THAT(Refusal({"--output", folder_.string(), "--overwrite"}), HasSubstr("replace the input"));
  EXPECT_THAT(Refusal({"--report", Path("left.csv"), "--overwrite"}), HasSubstr("replace the input"));
  EXPECT_THAT(Refusal({"--layout", "patch"}), HasSubstr("--output"));
  EXPECT_THAT(Refusal({"--output", Path("o"), "--layout", "tabular"}), HasSubstr("tabular"));
  EXPECT_THAT(Refusal({"--output", Path("o"), "--layout", "patch", "--include-equal"}), HasSubstr("--include-equal"));
}

TEST_F(DiffFlags, WhatContradictsItselfIsRefused) {
  EXPECT_THAT(Refusal({"--tolerance", "v=1"}), HasSubstr("--key"));
  EXPECT_THAT(Refusal({"--set", "--key", "k"}), HasSubstr("--set"));
  EXPECT_THAT(Refusal({"--key", "k", "--ignore", "k"}), HasSubstr("--ignore"));
  EXPECT_THAT(Refusal({"--right-separator", ";"}), HasSubstr("CSV"));
  EXPECT_THAT(Refusal({"--limit", "-1"}), HasSubstr("limit"));
  EXPECT_THAT(Refusal({"--threads", "0"}), HasSubstr("threads"));
}

TEST_F(DiffFlags, TyposGetSuggestions) {
  EXPECT_THAT(Refusal({"--tolerence", "v=1"}), HasSubstr("--tolerance"));
  EXPECT_THAT(Refusal({"third"}), HasSubstr("third"));
  try {
    ParseDiff({Path("lefd.csv"), Path("right.parquet")});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "PATH_NOT_FOUND");
    EXPECT_THAT(error.what(), HasSubstr("Did you mean " + Path("left.csv")));
  }
  EXPECT_THROW(ParseDiff({Path("left.csv")}), UsageError);
}

TEST_F(DiffFlags, HelpNamesEveryOptionWithinEightyColumns) {
  testing::internal::CaptureStdout();
  EXPECT_FALSE(ParseDiff({"--help", "--no-such-option"}).has_value());
  const std::string help = testing::internal::GetCapturedStdout();
  for (const char* option : {"--key", "--tolerance", "--ignore-case", "--separator", "--where", "--output", "--report",
                             "--fail-above", "--memory", "Exit codes", "Examples"}) {
    EXPECT_THAT(help, HasSubstr(option));
  }
  size_t begin = 0;
  while (begin < help.size()) {
    const size_t end = help.find('\n', begin);
    EXPECT_LE(end - begin, 86U) << help.substr(begin, end - begin);
    begin = end + 1;
  }
}

}  // namespace
}  // namespace tinderbox::cli
