#include "cluster/tuning.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/temp_dir.h"

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

TEST(Tuning, ManySmallFilesAreTold) {
  const base::TempDir folder;
  const auto make = [&](const char* name, int files, int bytes) {
    std::filesystem::create_directories(folder.path() / name / "sub");
    for (int i = 0; i < files; ++i)
      std::ofstream(folder.path() / name / (i % 2 == 0 ? "sub" : "") / std::to_string(i)) << std::string(bytes, 'x');
    return (folder.path() / name).string();
  };
  const std::string many = make("it's many", 1200, 3000);
  const std::string few = make("few", 900, 10);
  const std::string hidden = make("hidden", 990, 10);
  for (int i = 0; i < 20; ++i) std::ofstream(folder.path() / "hidden" / fmt::format("_{}", i));
  make("hidden/.git", 1200, 10);
  const std::vector<std::string> notes = SmallFilesNotes({"app.py", few, many, hidden, "s3a://bucket/x", "--flag"});
  ASSERT_THAT(notes, ElementsAre(HasSubstr("it's many holds 1200 files of 3 KB on average")));
  EXPECT_THAT(notes[0], HasSubstr("tinderbox pack '"));
}

}  // namespace
}  // namespace tinderbox::cluster
