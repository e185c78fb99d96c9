#include "store/store.h"

#include <gmock/gmock.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "base/temp_dir.h"
#include "tinderbox/error.h"

namespace tinderbox::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Files in memory, whose reads end when `cut` says so.
class Memory : public Store {
 public:
  explicit Memory(std::map<std::string, std::string> files) : Store("s3a://bucket"), files_(std::move(files)) {}

  std::optional<Entry> Stat(const std::string& path) override {
    if (const auto found = files_.find(path); found != files_.end()) return EntryOf(*found);
    for (const auto& [name, bytes] : files_) {
      if (name.starts_with(path + "/")) return Entry{path, true, 0, 0, ""};
    }
    return std::nullopt;
  }
  std::vector<Entry> List(const std::string& folder) override {
    const std::string prefix = folder == "/" ? folder : folder + "/";
    std::map<std::string, Entry> out;
    for (const auto& file : files_) {
      if (!file.first.starts_with(prefix)) continue;
      const size_t slash = file.first.find('/', prefix.size());
      const std::string name = file.first.substr(0, slash);
      out[name] = slash == std::string::npos ? EntryOf(file) : Entry{name, true, 0, 0, ""};
    }
    std::vector<Entry> entries;
    for (const auto& [name, entry] : out) entries.push_back(entry);
    return entries;
  }
  std::unique_ptr<Publication> Publish(const std::string&) override { return nullptr; }
  void CheckSame(const Entry&) override {}

  uint64_t cut = UINT64_MAX;  ///< bytes of an answer
  std::atomic<int> tries = 0;

 protected:
  std::string TryRead(const Entry& entry, uint64_t offset, uint64_t size,
                      const std::function<void(std::string_view)>& sink) override {
    ++tries;
    const uint64_t given = std::min(size, cut);
    if (given > 0) sink(std::string_view(files_.at(entry.path)).substr(offset, given));
    return given < size ? "cut off" : "";
  }

 private:
  static Entry EntryOf(const std::pair<const std::string, std::string>& file) {
    return {file.first, false, file.second.size(), 1'700'000'000'123, "1"};
  }
  std::map<std::string, std::string> files_;
};

std::vector<std::string> Found(Store& store, const std::string& pattern) {
  std::vector<std::string> out;
  for (const Entry& entry : FindPaths(store, pattern)) out.push_back(entry.path);
  return out;
}

std::string Read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Location, HasItsParts) {
  const auto s3 = ParseLocation("S3A://bucket//a//b/");
  ASSERT_TRUE(s3);
  EXPECT_EQ(s3->scheme, "s3a");
  EXPECT_EQ(s3->authority, "bucket");
  EXPECT_EQ(s3->path, "/a/b");
  EXPECT_EQ(ParseLocation("hdfs:///x")->authority, "");
  EXPECT_EQ(ParseLocation("hdfs:/x")->path, "/x");
  EXPECT_EQ(ParseLocation("hdfs://host:8020")->path, "/");
  for (const char* other : {"/a/b", "file:///a", "a:/b", "https://x/y", "s3a:x", "jdbc:postgresql://h/d"}) {
    EXPECT_FALSE(ParseLocation(other)) << other;
  }
}

TEST(FindPaths, MatchesLevelByLevel) {
  Memory store(
      {{"/d/a1.csv", ""}, {"/d/a2.txt", ""}, {"/d/_a3.csv", ""}, {"/d/sub/a4.csv", ""}, {"/d/odd[1].csv", ""}});
  EXPECT_THAT(Found(store, "/d/*.csv"), ElementsAre("/d/a1.csv", "/d/odd[1].csv"));
  EXPECT_THAT(Found(store, "/d/a?.{csv,txt}"), ElementsAre("/d/a1.csv", "/d/a2.txt"));
  EXPECT_THAT(Found(store, "/d/{a1,a1}.csv"), ElementsAre("/d/a1.csv"));
  EXPECT_THAT(Found(store, "/*/sub/a[0-9].csv"), ElementsAre("/d/sub/a4.csv"));
  EXPECT_THAT(Found(store, "/d/s*"), ElementsAre("/d/sub"));
  EXPECT_THAT(Found(store, "/d/odd[1].csv"), ElementsAre("/d/odd[1].csv"));
  EXPECT_THAT(Found(store, "/d/none"), IsEmpty());
  EXPECT_THAT(Found(store, "/none/*"), IsEmpty());
}

TEST(Fetch, TakesUpWhatWasCut) {
  std::string big;
  for (int i = 0; big.size() < (40 << 20); ++i) big += std::to_string(i);
  auto store = std::make_shared<Memory>(std::map<std::string, std::string>{{"/a/big", big}, {"/b", ""}});
  store->cut = 5'000'000;
  const base::TempDir folder;
  const auto root = folder.path() / kCopiesFolder / "3";
  const auto paths = Fetch({{store, *store->Stat("/a/big")}, {store, *store->Stat("/b")}}, root);
  EXPECT_EQ(Read(paths.at(0)), big);
  EXPECT_EQ(Read(paths.at(1)), "");
  EXPECT_EQ(RemoteName(paths[0].string()), "s3a://bucket/a/big");
  EXPECT_GT(store->tries, 8);
}

TEST(Fetch, EndsWhenNothingComes) {
  auto store = std::make_shared<Memory>(std::map<std::string, std::string>{{"/a", "bytes"}});
  store->cut = 0;
  const base::TempDir folder;
  try {
    Fetch({{store, *store->Stat("/a")}}, folder.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "TINDERBOX_STORE");
    EXPECT_THAT(error.what(), HasSubstr("s3a://bucket/a cannot be read behind byte 0 of 5"));
    EXPECT_THAT(error.what(), HasSubstr("cut off"));
  }
}

TEST(Fetch, RefusesWhatHasNoRoom) {
  auto store = std::make_shared<Memory>(std::map<std::string, std::string>{{"/a", "x"}});
  Entry entry = *store->Stat("/a");
  entry.size = uint64_t{1} << 60;
  const base::TempDir folder;
  EXPECT_THROW(Fetch({{store, entry}}, folder.path() / "x"), Error);
}

TEST(Fetch, StaysInItsFolder) {
  auto store = std::make_shared<Memory>(std::map<std::string, std::string>{{"/../../outside", "x"}});
  const base::TempDir folder;
  EXPECT_THROW(Fetch({{store, *store->Stat("/../../outside")}}, folder.path() / "in"), Error);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "outside"));
}

TEST(RemoteName, LeavesOtherPathsAlone) {
  EXPECT_EQ(RemoteName("/data/a.csv"), "/data/a.csv");
  EXPECT_EQ(RemoteName("/t/tinderbox-remote/7/hdfs/h:80/a b"), "hdfs://h:80/a b");
}

TEST(Settings, HaveAnOrder) {
  const base::TempDir folder;
  std::ofstream(folder.path() / "core-site.xml")
      << "<configuration><property><name>fs.a</name><value> file </value></property>"
         "<property><name>fs.b</name><value>file</value></property><property><name>fs.c</name><value>file</value></"
         "property>"
         "</configuration>";
  ::setenv("HADOOP_CONF_DIR", folder.path().c_str(), 1);
  const Settings settings({{"FS.C", "option"}}, [](const std::string& key) {
    return key == "spark.hadoop.fs.b" || key == "fs.c" ? std::optional<std::string>("session") : std::nullopt;
  });
  EXPECT_EQ(settings.Find("fs.a"), "file");
  EXPECT_EQ(settings.Find("fs.b"), "session");
  EXPECT_EQ(settings.Find("fs.c"), "option");
  EXPECT_EQ(settings.Find("fs.d"), std::nullopt);
  EXPECT_THROW(settings.GetBoolean("fs.c", true), Error);
  std::ofstream(folder.path() / "core-site.xml") << "<configuration><property>";
  EXPECT_THROW(Settings({}, nullptr), Error);
  ::unsetenv("HADOOP_CONF_DIR");
}

}  // namespace
}  // namespace tinderbox::store
