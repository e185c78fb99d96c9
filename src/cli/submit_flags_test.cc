#include "cli/submit_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/job_display.h"
#include "tinderbox/error.h"

namespace tinderbox::cli {
namespace {

using testing::ElementsAre;

TEST(SubmitFlags, WordsAreSplitAsShellsDo) {
  EXPECT_THAT(SplitWords("CMD", " row csv  --csv-separator ';' \"a \\\" b\" c\\ d '' x'y'z "),
              ElementsAre("row", "csv", "--csv-separator", ";", "a \" b", "c d", "", "xyz"));
  EXPECT_THAT(SplitWords("CMD", " "), testing::IsEmpty());
  EXPECT_THROW(SplitWords("CMD", "it's"), Error);
}

TEST(SubmitFlags, WordsThatAreJoinedCanBeSplitAgain) {
  const std::vector<std::string> words = {"--conf", "a=b c", "", "it's", "$HOME", "\"", "*", "a\\b", "x\ny"};
  EXPECT_EQ(SplitWords("", JoinWords(words)), words);
  EXPECT_EQ(JoinWords({"spark-submit", "--name=x", "/a/b.py"}), "spark-submit --name=x /a/b.py");
}

TEST(SubmitFlags, OwnFlagsStandAmongSparks) {
  SubmitFlags flags;
  CLI::App app("test");
  AddSubmitFlags(&app, &flags);
  const auto line =
      ParseJobLine(&app, "submit", {"--name", "x", "--cluster", "test", "-q", "--on=embedded", "-v", "a.py", "-q"});
  ASSERT_TRUE(line);
  EXPECT_THAT(cluster::ToWords(*line), ElementsAre("--name", "x", "--verbose", "a.py", "-q"));
  EXPECT_EQ(flags.cluster, "test");
  EXPECT_EQ(flags.on, "embedded");
  EXPECT_TRUE(flags.quiet);
}

TEST(SubmitFlags, WhatIsNoFlagIsRefused) {
  const auto parse = [](const Arguments& arguments) {
    SubmitFlags flags;
    CLI::App app("test");
    AddSubmitFlags(&app, &flags);
    return ParseJobLine(&app, "submit", arguments);
  };
  EXPECT_THROW(parse({"--clas", "X", "a.jar"}), UsageError);
  EXPECT_THROW(parse({"--class"}), UsageError);
  EXPECT_THROW(parse({"--on", "mars", "a.py"}), UsageError);
  EXPECT_FALSE(parse({"--jars", "--help", "--help"})) << "help, whatever else there is";
}

TEST(SubmitFlags, FlagsOfAShellAreKept) {
  SubmitFlags flags;
  CLI::App app("test");
  AddSubmitFlags(&app, &flags);
  OtherFlags others{{"-e"}, {"-S"}, {}};
  const auto line = ParseJobLine(&app, "repl", {"-S", "--name", "x", "-e", "SELECT 1"}, &others);
  ASSERT_TRUE(line);
  EXPECT_THAT(others.words, ElementsAre("-S", "-e", "SELECT 1"));
  EXPECT_THAT(cluster::ToWords(*line), ElementsAre("--name", "x"));
}

TEST(JobDisplay, SaysHowFarItIs) {
  cluster::Job job;
  EXPECT_EQ(DescribeProgress(job, std::nullopt), "starting");
  job.application = "app-1";
  EXPECT_EQ(DescribeProgress(job, std::nullopt), "app-1 running");
  EXPECT_EQ(DescribeProgress(job, cluster::JobProgress{1, 4, 2, 200, 37}), "app-1 running: stages 2/4, tasks 37/200");
  job.application.clear();
  job.mode = "cluster";
  EXPECT_EQ(DescribeProgress(job, std::nullopt), "submitting");
  job.driver = "driver-1";
  EXPECT_EQ(DescribeProgress(job, std::nullopt), "driver-1 starting");
}

}  // namespace
}  // namespace tinderbox::cli
