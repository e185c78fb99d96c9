#include "engine/streaming/stream_log.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/temp_dir.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

std::string ConditionOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.condition();
  }
  return "";
}

class StreamLogTest : public ::testing::Test {
 protected:
  base::TempDir dir_;
};

TEST_F(StreamLogTest, GoesOnAfterTheLastBatchThatIsDone) {
  std::string id;
  {
    StreamLog log(dir_.path() / "c", 5000);
    id = log.id();
    EXPECT_FALSE(log.done());
    log.Begin({.id = 0, .end = 0}, 5000);
    log.Finish();
    log.Begin({.id = 1, .end = 7}, 12000);
    log.Finish();
  }
  const StreamLog log(dir_.path() / "c", 99000);
  EXPECT_EQ(log.id(), id);
  EXPECT_EQ(log.start_ms(), 5000);
  ASSERT_TRUE(log.done());
  EXPECT_EQ(log.done()->id, 1);
  EXPECT_EQ(log.done()->end, 7);
  EXPECT_FALSE(log.begun());
}

TEST_F(StreamLogTest, KnowsTheBatchThatWasBegun) {
  {
    StreamLog log(dir_.path(), 0);
    log.Begin({.id = 0, .end = 3}, 3000);
  }
  StreamLog log(dir_.path(), 9000);
  EXPECT_FALSE(log.done());
  ASSERT_TRUE(log.begun());
  EXPECT_EQ(log.begun()->end, 3);
  log.Finish();
  EXPECT_EQ(log.done()->end, 3);
}

TEST_F(StreamLogTest, ForgetsOldBatches) {
  StreamLog log(dir_.path(), 0);
  for (int64_t batch = 0; batch < 120; ++batch) {
    log.Begin({.id = batch, .end = batch}, batch);
    log.Finish();
  }
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "offsets" / "19"));
  EXPECT_TRUE(std::filesystem::exists(dir_.path() / "offsets" / "20"));
  EXPECT_EQ(StreamLog(dir_.path(), 0).done()->id, 119);
}

TEST_F(StreamLogTest, TwoWritersAreNoticed) {
  StreamLog one(dir_.path(), 0);
  StreamLog other(dir_.path(), 0);
  one.Begin({.id = 0, .end = 1}, 0);
  EXPECT_EQ(ConditionOf([&] { other.Begin({.id = 0, .end = 2}, 0); }), "CONCURRENT_STREAM_LOG_UPDATE");
}

TEST_F(StreamLogTest, DamageIsNoticed) {
  const auto write = [&](const char* name, const char* text) {
    std::filesystem::create_directories((dir_.path() / name).parent_path());
    std::ofstream(dir_.path() / name) << text;
  };
  const auto open = [&] { StreamLog(dir_.path(), 0); };
  write("metadata", "{\"id\": 3}");
  EXPECT_EQ(ConditionOf(open), "TINDERBOX_CHECKPOINT_DAMAGED");
  write("metadata", "{\"id\":\"x\"}");
  write("offsets/0", "v1\n{}\n");
  EXPECT_EQ(ConditionOf(open), "TINDERBOX_CHECKPOINT_DAMAGED");
  write("offsets/0", "v2\n{}\n5");
  EXPECT_EQ(ConditionOf(open), "TINDERBOX_CHECKPOINT_DAMAGED");
  write("offsets/0", "v1\n{}\n-5");
  EXPECT_EQ(ConditionOf(open), "TINDERBOX_CHECKPOINT_DAMAGED");
  write("offsets/0", "v1\n{}\n5");
  EXPECT_EQ(ConditionOf(open), "");
}

TEST_F(StreamLogTest, WithoutAFolderNothingIsKept) {
  StreamLog log({}, 0);
  log.Begin({.id = 0, .end = 4}, 0);
  log.Finish();
  EXPECT_EQ(log.done()->end, 4);
  EXPECT_NE(StreamLog({}, 0).id(), log.id());
}

}  // namespace
}  // namespace tinderbox::engine
