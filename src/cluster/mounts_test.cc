#include "cluster/mounts.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/temp_dir.h"

namespace tinderbox::cluster {
namespace {

TEST(Mounts, MapPathsOfThisMachineAlone) {
  const base::TempDir folder;
  const std::string data = folder.path() / "data", apps = folder.path() / "apps";
  std::filesystem::create_directory(data);
  std::filesystem::create_directory(apps);
  const std::map<std::string, std::string> folders = {
      {"/tmp/data", data}, {"/tmp", apps}, {"/opt/none", folder.path() / "none"}};
  const std::pair<std::string, std::string> cases[] = {
      {"/tmp/data", data},
      {"/tmp/data/left", data + "/left"},
      {"file:///tmp/data/left", "file://" + data + "/left"},
      {"file:/tmp/data/left", "file:" + data + "/left"},
      {"-Dconfig-path=/tmp/data/mta.conf", "-Dconfig-path=" + data + "/mta.conf"},
      {"/tmp/a.jar,/tmp/data/b.jar", apps + "/a.jar," + data + "/b.jar"},
      {"/tmp/database", apps + "/database"},
      {"/tmpfs/x", "/tmpfs/x"},
      {"/home/tmp/data", "/home/tmp/data"},
      {"hdfs:///tmp/data", "hdfs:///tmp/data"},
      {"hdfs://host:8020/tmp/data", "hdfs://host:8020/tmp/data"},
      {"s3a://bucket/tmp/data", "s3a://bucket/tmp/data"},
      {"/opt/none/x", "/opt/none/x"},
      {"--data", "--data"},
      {"", ""},
  };
  for (const auto& [text, mapped] : cases) EXPECT_EQ(MapPaths(text, folders), mapped) << text;
}

}  // namespace
}  // namespace tinderbox::cluster
