#include "cluster/tuning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tinderbox::cluster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TuningFacts Facts(Settings settings, int64_t worker_cores = 0, int64_t cores = 0) {
  TuningFacts facts{settings, RequestOf(settings), worker_cores, cores};
  return facts;
}

TEST(Tuning, WhatIsUsualIsSilent) {
  EXPECT_THAT(TuningNotes(Facts({})), IsEmpty());
  EXPECT_THAT(TuningNotes(Facts({{"spark.executor.memory", "64g"}, {"spark.executor.cores", "5"}}, 15, 150)),
              IsEmpty());
  EXPECT_THAT(TuningNotes(Facts({{"spark.executor.cores", "8"}, {"spark.task.cpus", "2"}})), IsEmpty());
  EXPECT_THAT(TuningNotes(Facts({{"spark.sql.shuffle.partitions", "8"}}, 2, 8)), IsEmpty());
}

TEST(Tuning, EachRuleIsTold) {
  EXPECT_THAT(TuningNotes(Facts({{"spark.executor.memory", "80g"}})), ElementsAre(HasSubstr("80 GiB of heap")));
  EXPECT_THAT(TuningNotes(Facts({{"spark.executor.cores", "6"}})), ElementsAre(HasSubstr("runs 6 tasks at once")));
  EXPECT_THAT(TuningNotes(Facts({{"spark.executor.cores", "3"}}, 8, 16)),
              ElementsAre(HasSubstr("2 of each worker stay idle")));
  EXPECT_THAT(TuningNotes(Facts({{"spark.sql.shuffle.partitions", "4"}}, 4, 8)),
              ElementsAre(HasSubstr("spark.sql.shuffle.partitions is 4")));
  EXPECT_THAT(TuningNotes(Facts({{"spark.default.parallelism", "4"}, {"spark.cores.max", "4"}}, 4, 8)), IsEmpty());
}

}  // namespace
}  // namespace tinderbox::cluster
