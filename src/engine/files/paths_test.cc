#include "engine/files/paths.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/temp_dir.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

namespace fs = std::filesystem;

class PathsTest : public ::testing::Test {
 protected:
  fs::path Touch(const std::string& name) {
    fs::path path = dir_.path() / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "x";
    return path;
  }
  std::vector<std::string> Names(const std::vector<std::string>& paths) {
    std::vector<std::string> out;
    for (const InputFile& file : ListInput(paths).files) out.push_back(fs::relative(file.path, dir_.path()).string());
    return out;
  }
  std::string Path(const std::string& name) { return (dir_.path() / name).string(); }
  base::TempDir dir_;
};

using Strings = std::vector<std::string>;

TEST_F(PathsTest, FoldersAreWalkedByNameAndHiddenNamesLeftOut) {
  for (const char* name : {"t/b.csv", "t/a.csv", "t/_SUCCESS", "t/.a.crc", "t/_delta/x.csv", "t/sub/c.csv"})
    Touch(name);
  EXPECT_EQ(Names({Path("t")}), (Strings{"t/a.csv", "t/b.csv", "t/sub/c.csv"}));
  EXPECT_TRUE(Names({Path("t/_delta")}).size() == 1);  // asked for by name
}

TEST_F(PathsTest, GlobsAndUrls) {
  for (const char* name : {"a1.csv", "a2.csv", "b1.csv", "odd[1].csv", "with space.csv"}) Touch(name);
  EXPECT_EQ(Names({Path("a*.csv")}), (Strings{"a1.csv", "a2.csv"}));
  EXPECT_EQ(Names({Path("{b1,a2}.csv")}), (Strings{"a2.csv", "b1.csv"}));
  EXPECT_EQ(Names({Path("odd[1].csv")}), (Strings{"odd[1].csv"}));
  EXPECT_EQ(Names({"file://" + Path("with%20space.csv")}), (Strings{"with space.csv"}));
  EXPECT_EQ(Names({"file:" + Path("b1.csv"), Path("a1.csv")}), (Strings{"b1.csv", "a1.csv"}));
}

TEST_F(PathsTest, PartitionsGetTypesAndNulls) {
  Touch("t/day=2024-01-01/n=1/x.csv");
  Touch("t/day=2024-01-02/n=3000000000/x.csv");
  Touch("t/day=__HIVE_DEFAULT_PARTITION__/n=2/x.csv");
  InputFiles found = ListInput({Path("t")});
  ASSERT_EQ(found.partitions.size(), 2u);
  EXPECT_EQ(found.partitions[0], (StructField{"day", DataType(TypeKind::kDate)}));
  EXPECT_EQ(found.partitions[1], (StructField{"n", DataType(TypeKind::kLong)}));
  ASSERT_EQ(found.files.size(), 3u);
  EXPECT_EQ(found.files[0].partition_values[0], "2024-01-01");
  EXPECT_EQ(found.files[2].partition_values[0], std::nullopt);
}

TEST_F(PathsTest, PartitionTextIsUnescapedAndMixedTypesAreText) {
  Touch("t/k=a%2Fb%3D/x.csv");
  Touch("t/k=7/x.csv");
  InputFiles found = ListInput({Path("t")});
  EXPECT_EQ(found.partitions[0].type.kind(), TypeKind::kString);
  EXPECT_EQ(found.files[1].partition_values[0], "a/b=");
  Touch("u/k=1.5/x.csv");
  Touch("u/k=2/x.csv");
  EXPECT_EQ(ListInput({Path("u")}).partitions[0].type.kind(), TypeKind::kDouble);
  Touch("v/k=2024-02-30/x.csv");  // no such day
  EXPECT_EQ(ListInput({Path("v")}).partitions[0].type.kind(), TypeKind::kString);
}

std::string ConditionOf(const std::vector<std::string>& paths) {
  try {
    ListInput(paths);
    return "";
  } catch (const Error& error) {
    return error.condition();
  }
}

TEST_F(PathsTest, RefusesByName) {
  EXPECT_EQ(ConditionOf({Path("missing.csv")}), "PATH_NOT_FOUND");
  EXPECT_EQ(ConditionOf({Path("missing*.csv")}), "PATH_NOT_FOUND");
  EXPECT_EQ(ConditionOf({"s3a://bucket/x"}), "UNSUPPORTED_FEATURE.FILE_SYSTEM");
  Touch("t/a=1/x.csv");
  Touch("t/b=1/x.csv");
  EXPECT_EQ(ConditionOf({Path("t")}), "CONFLICTING_PARTITION_COLUMN_NAMES");
  fs::create_directories(dir_.path() / "empty");
  EXPECT_TRUE(ListInput({Path("empty")}).files.empty());
}

}  // namespace
}  // namespace tinderbox::engine
