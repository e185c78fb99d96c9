#include "engine/limits.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/temp_dir.h"

namespace tinderbox::engine {
namespace {

namespace fs = std::filesystem;

void Put(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

TEST(Limits, TheLowestCgroupOnTheWayUpCounts) {
  base::TempDir root;
  Put(root.path() / "proc/self/cgroup", "0::/a/b\n");
  Put(root.path() / "sys/fs/cgroup/a/b/memory.max", "max\n");
  Put(root.path() / "sys/fs/cgroup/a/memory.max", "1048576\n");
  Put(root.path() / "sys/fs/cgroup/a/b/cpu.max", "50000 100000\n");
  EXPECT_EQ(AvailableMemory(root.path()), 1048576u);
  EXPECT_EQ(AvailableCores(root.path()), 1);
}

TEST(Limits, VersionOneOfCgroups) {
  base::TempDir root;
  Put(root.path() / "proc/self/cgroup", "3:cpu,cpuacct:/x\n5:memory:/x\n");
  Put(root.path() / "sys/fs/cgroup/memory/x/memory.limit_in_bytes", "2097152\n");
  Put(root.path() / "sys/fs/cgroup/cpu/x/cpu.cfs_quota_us", "-1\n");
  Put(root.path() / "sys/fs/cgroup/cpu/x/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(AvailableMemory(root.path()), 2097152u);
  EXPECT_GE(AvailableCores(root.path()), 1);
}

TEST(Limits, WithoutCgroupsTheMachineCounts) {
  base::TempDir root;
  EXPECT_GT(AvailableMemory(root.path()), 64u << 20);
  EXPECT_GE(AvailableCores(root.path()), 1);
  EXPECT_LT(EngineShare(500 << 20), 500u << 20);
  EXPECT_GT(EngineShare(1), 0u);
}

}  // namespace
}  // namespace tinderbox::engine
