#include "cluster/prepare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>

#include "base/temp_dir.h"
#include "cluster/secrets.h"
#include "tinderbox/error.h"

namespace tinderbox::cluster {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string ReadWhole(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

std::string Complaint(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// A NameNode that leaves what the real one leaves when it formats, and counts how often it is asked.
class NameNodeTest : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(script_) << "echo called >> '" << calls_.string() << "'\n"
                           << "dir=${2#dfs.namenode.name.dir=file://}\n"
                              "mkdir -p \"$dir/current\" && cd \"$dir/current\" || exit 1\n"
                              "echo clusterID=x > VERSION; printf image > fsimage_0\n"
                              "echo \"${MD5:-78805a221a988e79ef3f42d7c5bfd418} *fsimage_0\" > fsimage_0.md5\n"
                              "[ -z \"$FAILS\" ]\n";
  }
  void TearDown() override {
    ::unsetenv("FAILS");
    ::unsetenv("MD5");
  }
  std::string Prepare() {
    return Complaint([&] { PrepareNameNode(data_, {"sh", script_}); });
  }

  base::TempDir folder_;
  const fs::path data_ = folder_.path() / "data";
  const fs::path script_ = folder_.path() / "format.sh";
  const fs::path calls_ = folder_.path() / "calls";
};

TEST_F(NameNodeTest, IsFormattedOnce) {
  EXPECT_EQ(Prepare(), "");
  EXPECT_EQ(ReadWhole(data_ / "namenode/current/fsimage_0"), "image");
  EXPECT_EQ(Prepare(), "");
  EXPECT_EQ(ReadWhole(calls_), "called\n");
  EXPECT_FALSE(fs::exists(data_ / "namenode.partial"));
}

TEST_F(NameNodeTest, FormatsAnewWhatWasCutOff) {
  ::setenv("FAILS", "1", 1);
  EXPECT_THAT(Prepare(), HasSubstr("Formatting the file system failed"));
  EXPECT_FALSE(fs::exists(data_ / "namenode"));
  ::unsetenv("FAILS");
  EXPECT_EQ(Prepare(), "");
}

TEST_F(NameNodeTest, TakesNoImageThatIsNotWhole) {
  ::setenv("MD5", "00000000000000000000000000000000", 1);
  EXPECT_THAT(Prepare(), HasSubstr("no whole file system image"));
  EXPECT_FALSE(fs::exists(data_ / "namenode"));
}

TEST_F(NameNodeTest, IsNeverFormattedOverData) {
  fs::create_directories(data_ / "namenode/current");
  std::ofstream(data_ / "namenode/current/VERSION") << "clusterID=x\n";
  EXPECT_THAT(Prepare(), HasSubstr("is not formatted over"));
  fs::remove_all(data_ / "namenode");
  fs::create_directories(data_ / "datanode-2/current/BP-1-127.0.0.1-1");
  EXPECT_THAT(Prepare(), HasSubstr("datanode-2 holds the blocks"));
  EXPECT_FALSE(fs::exists(calls_));
  fs::remove_all(data_ / "datanode-2/current/BP-1-127.0.0.1-1");
  EXPECT_EQ(Prepare(), "") << "a DataNode without blocks is no hindrance";
}

TEST(Secrets, AreMadeOnceAndForOneUser) {
  const base::TempDir folder;
  const Secrets secrets(folder.path());
  ::unsetenv("TEST_PASSWORD");
  const std::string made = secrets.Password("test", "TEST_PASSWORD");
  EXPECT_GE(made.size(), 32U);
  EXPECT_EQ(secrets.Password("test", "TEST_PASSWORD"), made);
  EXPECT_NE(secrets.Password("other", "TEST_PASSWORD"), made);
  EXPECT_EQ(fs::status(folder.path() / "secrets").permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(folder.path() / "secrets/test").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  ::setenv("TEST_PASSWORD", "given-by-hand", 1);
  EXPECT_EQ(secrets.Password("given", "TEST_PASSWORD"), "given-by-hand");
  EXPECT_THAT(Complaint([&] { secrets.Password("test", "TEST_PASSWORD"); }), HasSubstr("unset the variable"));
  ::setenv("TEST_PASSWORD", "me", 1);
  EXPECT_THAT(Complaint([&] { secrets.Password("new", "TEST_PASSWORD", 3); }), HasSubstr("it takes 3 or more"));
  ::setenv("TEST_PASSWORD", "met", 1);
  EXPECT_EQ(secrets.Password("short", "TEST_PASSWORD", 3), "met");
  for (const char* wrong : {"short", "with a space in it", "w\xc3\xb6rterbuch"}) {
    ::setenv("TEST_PASSWORD", wrong, 1);
    const std::string said = Complaint([&] { secrets.Password("new", "TEST_PASSWORD"); });
    EXPECT_THAT(said, HasSubstr("cannot be a password"));
    EXPECT_THAT(said, testing::Not(HasSubstr(wrong))) << "a complaint tells no password";
  }
  ::unsetenv("TEST_PASSWORD");
}

}  // namespace
}  // namespace tinderbox::cluster
