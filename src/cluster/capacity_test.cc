#include "cluster/capacity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tinderbox/error.h"

namespace tinderbox::cluster {
namespace {

using testing::HasSubstr;

WorkerCapacity Worker(int64_t cores, int64_t cores_free, int64_t memory, int64_t memory_free) {
  return {"worker", true, cores, cores_free, memory, memory_free};
}

TEST(Capacity, ReadsTheMastersAnswer) {
  const std::vector<WorkerCapacity> workers = ParseCapacity(
      R"({"url": "spark://x", "workers": [{"id": "worker-1", "state": "DEAD", "cores": 2, "coresused": 1, "coresfree": 1,
          "memory": 1024, "memoryused": 0, "memoryfree": 1024}], "status": "ALIVE"})");
  ASSERT_EQ(workers.size(), 1U);
  EXPECT_FALSE(workers[0].alive);
  EXPECT_EQ(workers[0].cores_free, 1);
  EXPECT_EQ(workers[0].memory, 1024);
  for (const char* wrong : {"", "{}", "{\"workers\": [{}]}"}) EXPECT_THROW(ParseCapacity(wrong), Error) << wrong;
}

TEST(Capacity, AJobThatFitsStarts) {
  EXPECT_EQ(Judge({1024, 1}, {Worker(1, 1, 1024, 1024)}).fit, Fit::kNow);
}

TEST(Capacity, NamesWhatIsTooLarge) {
  const std::vector<WorkerCapacity> workers = {Worker(1, 1, 1024, 1024), Worker(1, 0, 1024, 0)};
  const Verdict memory = Judge({2048, 1}, workers);
  EXPECT_EQ(memory.fit, Fit::kImpossible);
  EXPECT_THAT(memory.reason, HasSubstr("An executor asks for 2048 MiB, and the largest worker offers 1024 MiB"));
  EXPECT_THAT(Judge({512, 2}, workers).reason, HasSubstr("asks for 2 cores"));
  EXPECT_THAT(Judge({512, 1, 4096, 1}, workers).reason, HasSubstr("The driver asks for 4096 MiB"));
}

TEST(Capacity, KnowsWaitingFromHanging) {
  EXPECT_EQ(Judge({1024, 1}, {Worker(1, 0, 1024, 0)}).fit, Fit::kLater);
  EXPECT_EQ(Judge({1024, 1}, {}).fit, Fit::kImpossible);
  EXPECT_EQ(Judge({1024, 1}, {{"worker", false, 4, 4, 4096, 4096}}).fit, Fit::kImpossible) << "a dead worker is none";
}

TEST(Capacity, InClusterModeTheDriverNeedsRoomToo) {
  EXPECT_EQ(Judge({1024, 1, 1024, 1}, {Worker(1, 1, 1024, 1024)}).fit, Fit::kImpossible);
  EXPECT_EQ(Judge({1024, 1, 1024, 1}, {Worker(1, 1, 1024, 1024), Worker(1, 1, 1024, 1024)}).fit, Fit::kNow);
  EXPECT_EQ(Judge({1024, 1, 1024, 1}, {Worker(2, 2, 2048, 2048)}).fit, Fit::kNow);
}

}  // namespace
}  // namespace tinderbox::cluster
