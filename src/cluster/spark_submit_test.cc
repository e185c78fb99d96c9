#include "cluster/spark_submit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/temp_dir.h"
#include "tinderbox/error.h"

namespace tinderbox::cluster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

size_t NoOwnFlags(std::span<const std::string> words) {
  ADD_FAILURE() << "asked about " << words[0];
  return 1;
}

SubmitLine Line(const std::vector<std::string>& words) {
  return ParseSubmitLine(words, NoOwnFlags);
}

std::string MessageOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(SparkSubmit, OptionsEndAtTheApplication) {
  const SubmitLine line =
      Line({"--name", "a b", "-c", "x=1", "--conf=y=2=3", "-v", "--supervise", "app.py", "--name", "-c"});
  EXPECT_THAT(ToWords(line), ElementsAre("--name", "a b", "--conf", "x=1", "--conf", "y=2=3", "--verbose",
                                         "--supervise", "app.py", "--name", "-c"));
  EXPECT_THAT(line.application, ElementsAre("app.py", "--name", "-c"));
  EXPECT_EQ(line.Get("--name"), "a b");
  EXPECT_EQ(line.Get("--conf"), "y=2=3") << "the last counts";
  EXPECT_FALSE(line.Has("--kill"));
}

TEST(SparkSubmit, ValuesMayLookLikeFlags) {
  EXPECT_EQ(Line({"--driver-java-options", "-Dx=y -verbose"}).Get("--driver-java-options"), "-Dx=y -verbose");
}

TEST(SparkSubmit, OtherFlagsAreAskedAbout) {
  std::vector<std::string> seen;
  const SubmitLine line = ParseSubmitLine({"--cluster", "test", "--jars", "a.jar", "-q", "app.jar", "-q"},
                                          [&](std::span<const std::string> words) -> size_t {
                                            seen.push_back(words[0]);
                                            return words[0] == "--cluster" ? 2 : 1;
                                          });
  EXPECT_THAT(seen, ElementsAre("--cluster", "-q"));
  EXPECT_THAT(ToWords(line), ElementsAre("--jars", "a.jar", "app.jar", "-q"));
}

TEST(SparkSubmit, AFlagNeedsItsValue) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--class"}, {"--class="}, {"--supervise=1"}})
    EXPECT_THROW(Line(words), Error) << words[0];
}

// What java.util.Properties makes of the same text (asked of Java 17).
TEST(SparkSubmit, ReadsPropertiesAsJavaDoes) {
  const Settings settings = ParseProperties(
      "# a comment\n"
      "  ! another\n"
      "spark.a 1\n"
      "spark.b=2\r\n"
      "spark.c : 3  \n"
      "spark.d   =   4 = 5\n"
      "spark.e one \\\n     two\n"
      "spark.f\n"
      "spark\\ g x\\tz\\u00e9\\\\\n"
      "spark.h # no comment");
  EXPECT_THAT(settings, ElementsAre(Pair("spark g", "x\tz\xc3\xa9\\"), Pair("spark.a", "1"), Pair("spark.b", "2"),
                                    Pair("spark.c", "3"), Pair("spark.d", "4 = 5"), Pair("spark.e", "one two"),
                                    Pair("spark.f", ""), Pair("spark.h", "# no comment")));
}

TEST(SparkSubmit, FlagsBeatConfBeatsFileBeatsDefaults) {
  const base::TempDir folder;
  const std::string file = folder.path() / "my.conf";
  std::ofstream(file) << "spark.executor.memory 3g\nspark.executor.cores 3\nspark.cores.max 3\n";
  const SubmitLine line = Line({"--executor-memory", "1g", "--conf", "spark.executor.memory=2g", "--properties-file",
                                file, "-c", "spark.executor.cores=2"});
  const Settings settings = EffectiveSettings(line, {{"spark.executor.memory", "4g"},
                                                     {"spark.executor.cores", "4"},
                                                     {"spark.cores.max", "4"},
                                                     {"spark.driver.memory", "4g"}});
  EXPECT_THAT(settings, ElementsAre(Pair("spark.cores.max", "3"), Pair("spark.driver.memory", "4g"),
                                    Pair("spark.executor.cores", "2"), Pair("spark.executor.memory", "1g")));
  EXPECT_THROW(EffectiveSettings(Line({"--conf", "nothing"}), {}), Error);
  for (const std::string& none : {folder.path().string(), (folder.path() / "none").string()})
    EXPECT_THAT(MessageOf([&] { EffectiveSettings(Line({"--properties-file", none}), {}); }), HasSubstr(none));
}

TEST(SparkSubmit, WhatAJobAsks) {
  const JobRequest standard = RequestOf({});
  EXPECT_EQ(standard.executor_memory, 1024);
  EXPECT_EQ(standard.executor_cores, 1);
  EXPECT_EQ(standard.driver_memory, 0) << "in client mode the driver is not the workers' business";
  const JobRequest request = RequestOf({{"spark.executor.memory", "2048"},  // MiB where the unit is left out
                                        {"spark.executor.cores", "2"},
                                        {"spark.cores.max", "8"},
                                        {"spark.executor.instances", "3"},
                                        {"spark.submit.deployMode", "cluster"},
                                        {"spark.driver.memory", "1.5g"},
                                        {"spark.driver.cores", "2"}});
  EXPECT_EQ(request.executor_memory, 2048);
  EXPECT_EQ(request.executor_cores, 2);
  EXPECT_EQ(request.cores_max, 8);
  EXPECT_EQ(request.executors, 3);
  EXPECT_EQ(request.driver_memory, 1536);
  EXPECT_EQ(request.driver_cores, 2);
  EXPECT_EQ(RequestOf({{"spark.executor.instances", "3"}, {"spark.dynamicAllocation.enabled", "true"}}).executors, 0)
      << "then it is the number to begin with";
}

TEST(SparkSubmit, WhatSparkWouldNotStartWith) {
  EXPECT_THAT(MessageOf([] { RequestOf({{"spark.executor.memory", "256m"}}); }), HasSubstr("Ask for 450m or more"));
  EXPECT_THAT(MessageOf([] { RequestOf({{"spark.driver.memory", "1024"}}); }), HasSubstr("counts bytes"));
  EXPECT_THAT(MessageOf([] {
                RequestOf({{"spark.executor.memory", "much"}});
              }),
              HasSubstr("\"much\", which is no size"));
  EXPECT_THAT(MessageOf([] { RequestOf({{"spark.executor.cores", "0"}}); }), HasSubstr("no number of at least 1"));
  EXPECT_THAT(MessageOf([] { RequestOf({{"spark.cores.max", "2x"}}); }), HasSubstr("spark.cores.max"));
}

TEST(SparkSubmit, HidesSecrets) {
  EXPECT_THAT(HideSecrets({"--conf", "spark.hadoop.fs.s3a.secret.key=abc=d", "--conf=spark.x.password=p", "a=b",
                           "spark.hadoop.fs.s3a.access.key=k", "token"}),
              ElementsAre("--conf", "spark.hadoop.fs.s3a.secret.key=*********", "--conf=spark.x.password=*********",
                          "a=b", "spark.hadoop.fs.s3a.access.key=*********", "token"));
}

}  // namespace
}  // namespace tinderbox::cluster
