#include "cli/log_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/temp_dir.h"
#include "cluster/log.h"

namespace tinderbox::cli {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class LogChainTest : public testing::Test {
 protected:
  LogChainTest() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.path() / name, std::ios::app | std::ios::binary) << text;
  }
  fs::path log() const { return folder_.path() / "x.log"; }
  static std::vector<std::string> Read(LogChain* chain) {
    std::vector<std::string> lines;
    while (const std::optional<LogLine> line = chain->Next()) lines.push_back(line->text);
    return lines;
  }

  base::TempDir folder_;
};

TEST_F(LogChainTest, ReadsTheTimesOfSparkAndTraefik) {
  EXPECT_EQ(LogTime("26/11/21 15:10:03 INFO Master: I have been elected leader!"), 1795273803);
  EXPECT_EQ(LogTime("2026-11-21T15:10:03Z ERR something"), 1795273803);
  EXPECT_EQ(LogTime("2026-11-21T16:10:03.123+01:00 WRN something"), 1795273803);
  EXPECT_EQ(LogTime("\tat org.apache.spark.Something(Some.scala:1)"), std::nullopt);
  EXPECT_EQ(LogTime("99 bottles"), std::nullopt);
  EXPECT_EQ(LogTime(""), std::nullopt);
}

TEST_F(LogChainTest, ReadsRotatedPartsFirstAndHoldsBackAHalfLine) {
  Write("x.log.10", "a\n");
  Write("x.log.2", "b\n");
  Write("x.log.1", "c\n");
  Write("x.log.1.gz", "not ours\n");
  Write("x.log", "d\ne");
  LogChain chain("x", log());
  EXPECT_THAT(Read(&chain), ElementsAre("a", "b", "c", "d"));
  Write("x.log", "f\ng");
  EXPECT_THAT(Read(&chain), ElementsAre("ef"));
  EXPECT_EQ(chain.Rest()->text, "g");
  EXPECT_FALSE(chain.Rest().has_value());
}

TEST_F(LogChainTest, GivesALineTheTimeOfTheOneBefore) {
  Write("x.log", "no time\n26/11/21 15:10:03 ERROR it failed\n\tat somewhere\n");
  LogChain chain("x", log());
  EXPECT_EQ(chain.Next()->time, std::nullopt);
  EXPECT_EQ(chain.Next()->time, 1795273803);
  EXPECT_EQ(chain.Next()->time, 1795273803);
}

TEST_F(LogChainTest, SeesTheTimeBehindColors) {
  Write("x.log", "\x1b[90m2026-11-21T15:10:03Z\x1b[0m \x1b[33mWRN\x1b[0m text\n\x1b[1");
  LogChain chain("x", log());
  const std::optional<LogLine> line = chain.Next();
  EXPECT_EQ(line->text, "2026-11-21T15:10:03Z WRN text");
  EXPECT_EQ(line->time, 1795273803);
  EXPECT_EQ(chain.Rest()->text, "");
}

TEST_F(LogChainTest, WaitsForALogThatIsNotThere) {
  LogChain chain("x", log());
  EXPECT_THAT(Read(&chain), IsEmpty());
  Write("x.log", "first\n");
  EXPECT_THAT(Read(&chain), ElementsAre("first"));
}

TEST_F(LogChainTest, LosesNothingWhenTheSupervisorRotates) {
  Write("x.log", "one\n");
  LogChain chain("x", log());
  EXPECT_THAT(Read(&chain), ElementsAre("one"));
  for (int round = 0; round < 5; ++round) {
    const std::string number = std::to_string(round);
    Write("x.log", "before " + number + "\n");
    cluster::RotateLog(log(), 1, 3);
    Write("x.log", "after " + number + "\n");
    EXPECT_THAT(Read(&chain), ElementsAre("before " + number, "after " + number));
  }
  EXPECT_THAT(Read(&chain), IsEmpty());
}

TEST_F(LogChainTest, IsNotMisledByARotationUnderWay) {
  const std::string text = "26/11/21 15:10:03 INFO one\n";
  Write("x.log", text);
  LogChain chain("x", log());
  EXPECT_THAT(Read(&chain), ElementsAre("26/11/21 15:10:03 INFO one"));
  Write("x.log.1", text);  // copied, and not emptied yet
  EXPECT_THAT(Read(&chain), IsEmpty());
  fs::resize_file(log(), 0);
  Write("x.log", "26/11/21 15:10:04 INFO two, which is longer than what was there\n");
  EXPECT_THAT(Read(&chain), ElementsAre("26/11/21 15:10:04 INFO two, which is longer than what was there"));
}

TEST_F(LogChainTest, FollowsALogThatIsRenamed) {
  Write("stderr", "one\n");
  LogChain chain("x", folder_.path() / "stderr");
  EXPECT_THAT(Read(&chain), ElementsAre("one"));
  Write("stderr", "two\n");
  fs::rename(folder_.path() / "stderr", folder_.path() / "stderr--2026-11-21--15-10-03--1");
  Write("stderr", "three\n");
  EXPECT_THAT(Read(&chain), ElementsAre("two", "three"));
  LogChain again("x", folder_.path() / "stderr");
  EXPECT_THAT(Read(&again), ElementsAre("one", "two", "three"));
}

TEST_F(LogChainTest, ReadsALogThatWasOnlyEmptied) {
  Write("x.log.1", "a part of some length from before\n");
  Write("x.log", "one\ntwo\n");
  LogChain chain("x", log());
  EXPECT_THAT(Read(&chain), ElementsAre("a part of some length from before", "one", "two"));
  fs::resize_file(log(), 0);
  Write("x.log", "new\n");
  EXPECT_THAT(Read(&chain), ElementsAre("new"));
}

}  // namespace
}  // namespace tinderbox::cli
