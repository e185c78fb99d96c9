#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/temp_dir.h"
#include "cache/cached_session.h"
#include "cache/inputs.h"
#include "cache/kept_result.h"
#include "cache/redis.h"
#include "cache/settings_text.h"
#include "tinderbox/error.h"

namespace tinderbox::cache {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(RedisAddressTest, ReadsUrls) {
  const RedisAddress plain = ParseRedisUrl("redis://localhost");
  EXPECT_EQ(plain.host, "localhost");
  EXPECT_EQ(plain.port, 6379);
  EXPECT_EQ(plain.password, "");
  const RedisAddress full = ParseRedisUrl("redis://me:p%40ss%2Fw%3Ard@[::1]:7000/3");
  EXPECT_EQ(full.host, "::1");
  EXPECT_EQ(full.port, 7000);
  EXPECT_EQ(full.user, "me");
  EXPECT_EQ(full.password, "p@ss/w:rd");
  EXPECT_EQ(full.database, 3);
  EXPECT_EQ(full.Shown(), "redis://[::1]:7000/3");
  EXPECT_EQ(ParseRedisUrl("redis://:secret@h").password, "secret");
}

TEST(RedisAddressTest, RefusesWithoutRepeatingSecrets) {
  for (const char* url : {"", "localhost:6379", "redis://", "redis://:secret@", "rediss://:secret@h",
                          "redis://secret@h", "redis://h:port", "redis://h:70000", "redis://h/x", "redis://:secret%4@h",
                          "redis://[::1", "redis://[::1]x", "redis://h?password=secret", "unix:///tmp/secret"}) {
    try {
      ParseRedisUrl(url);
      ADD_FAILURE() << url;
    } catch (const Error& error) {
      EXPECT_EQ(error.condition(), "TINDERBOX_CACHE") << url;
      EXPECT_THAT(error.what(), testing::Not(HasSubstr("secret"))) << url;
    }
  }
}

TEST(TtlTest, ReadsTimes) {
  EXPECT_EQ(ParseTtl("x", "off"), 0);
  EXPECT_EQ(ParseTtl("x", "10min"), 600'000);
  EXPECT_EQ(ParseTtl("x", "1h"), 3'600'000);
  for (const char* text : {"", "soon", "-1h", "1ms", "10", "on"}) EXPECT_THROW(ParseTtl("x", text), Error) << text;
}

TEST(SettingsTextTest, SaysWhatChangesResults) {
  const std::string plain = SettingsText({});
  EXPECT_EQ(plain, SettingsText({{"spark.sql.session.timeZone", "Etc/UTC"}}));
  EXPECT_EQ(plain, SettingsText({{"spark.sql.ansi.enabled", "true"}, {"spark.app.name", "x"}}));
  EXPECT_EQ(plain, SettingsText({{"spark.sql.shuffle.partitions", "7"}, {"spark.sql.warehouse.dir", "/x"}}));
  EXPECT_NE(plain, SettingsText({{"spark.sql.session.timeZone", "Asia/Tokyo"}}));
  EXPECT_NE(plain, SettingsText({{"spark.sql.ansi.enabled", "false"}}));
  EXPECT_NE(plain, SettingsText({{"spark.sql.caseSensitive", "true"}}));
  EXPECT_NE(plain, SettingsText({{"spark.sql.timestampType", "TIMESTAMP_NTZ"}}));
  EXPECT_NE(plain, SettingsText({{"spark.sql.some.setting.of.tomorrow", "1"}}));
}

TEST(RootTest, IsWhatStandsBeforeThePath) {
  EXPECT_EQ(RootOf("file:/x/y"), "file:");
  EXPECT_EQ(RootOf("file:///x/y"), "file:");
  EXPECT_EQ(RootOf("hdfs://h:9000/x/y"), "hdfs://h:9000");
  EXPECT_EQ(RootOf("/x"), "");
  EXPECT_TRUE(HasScheme("s3a://b/k"));
  EXPECT_FALSE(HasScheme("/x/a:/b"));
}

class InputsTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text, int age = 100) const {
    fs::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name) << text;
    fs::last_write_time(folder_.path() / name, fs::file_time_type::clock::now() - std::chrono::hours(age));
  }
  std::optional<std::string> Text(const std::string& path, const Place& place = {}) const {
    const bool url = path.find(":/") != std::string::npos;
    return InputsText({{url ? path : (folder_.path() / path).string(), {}}}, place, {});
  }

  base::TempDir folder_;
};

TEST_F(InputsTest, ChangesWithTheFiles) {
  Write("d/a.csv", "1");
  const auto before = Text("d");
  ASSERT_TRUE(before);
  EXPECT_EQ(Text("d"), before);
  Write("d/a.csv", "2", 50);  // as long, but newer
  const auto newer = Text("d");
  EXPECT_NE(newer, before);
  fs::last_write_time(folder_.path() / "d/a.csv",
                      fs::last_write_time(folder_.path() / "d/a.csv") + std::chrono::nanoseconds(1));
  EXPECT_NE(Text("d"), newer);
  const auto one = Text("d");
  Write("d/k=1/b.csv", "3");
  const auto two = Text("d");
  EXPECT_NE(two, one);
  fs::rename(folder_.path() / "d/k=1/b.csv", folder_.path() / "d/k=1/c.csv");
  EXPECT_NE(Text("d"), two);
}

TEST_F(InputsTest, TakesPatternsAndUrls) {
  Write("a1.csv", "1");
  Write("a2.csv", "2");
  Write("[x].csv", "3");
  const auto both = Text("a*.csv");
  ASSERT_TRUE(both);
  EXPECT_EQ(Text("a{1,2}.csv"), both);
  EXPECT_EQ(Text("file://" + (folder_.path() / "a*.csv").string()), both);
  EXPECT_EQ(Text("file:" + (folder_.path() / "x/../a*.csv").string()), both);
  EXPECT_TRUE(Text("[x].csv"));
  EXPECT_NE(Text("a1.csv"), both);
}

TEST_F(InputsTest, WhatIsNotThereIsNoKey) {
  EXPECT_EQ(Text("none"), std::nullopt);
  EXPECT_EQ(Text("none*"), std::nullopt);
  EXPECT_EQ(Text("abfs://account/x"), std::nullopt);
}

TEST_F(InputsTest, OnAServerWhatCannotBeSeenIsItsPath) {
  Write("a.csv", "1");
  const Place here{"sc://127.0.0.1:15002", true, "file:"}, there{"sc://example.org:15002", false, "file:"};
  EXPECT_EQ(Text("a.csv", here), Text("a.csv"));
  // A path without a scheme may be one of HDFS.
  EXPECT_NE(Text("a.csv", Place{"sc://127.0.0.1:15002", true, ""}), Text("a.csv"));
  const auto hdfs = Text("a.csv", Place{"sc://127.0.0.1:15002", true, "hdfs://127.0.0.1:1"});
  EXPECT_THAT(hdfs.value_or(""), HasSubstr("sc://127.0.0.1:15002\thdfs://127.0.0.1:1/"));
  const auto unseen = Text("a.csv", there);
  ASSERT_TRUE(unseen);
  EXPECT_THAT(*unseen, HasSubstr("sc://example.org:15002"));
  Write("a.csv", "22");
  EXPECT_EQ(Text("a.csv", there), unseen);
  EXPECT_THAT(Text("none", here).value_or(""), HasSubstr("sc://127.0.0.1:15002"));
  // A path of the server's own current folder says nothing.
  EXPECT_EQ(InputsText({{"a.csv", {}}}, here, {}), std::nullopt);
}

TEST(KeptResultTest, GivesBackWhatItWasGiven) {
  const StructType schema{{StructField{"id", DataType(TypeKind::kLong), false},
                           StructField{"id", DataType::Array(DataType::Decimal(10, 2)), true}}};
  ResultWriter writer(schema, 1 << 20);
  EXPECT_TRUE(
      writer.Add(spark::ToBatch(schema, {Row{{Value(int64_t{1}), Value()}}, Row{{Value(int64_t{2}), Value()}}})));
  EXPECT_TRUE(writer.Add(spark::ToBatch(schema, {Row{{Value(int64_t{3}), Value()}}})));
  const auto bytes = writer.Finish();
  ASSERT_TRUE(bytes);
  const auto reader = ReadResult(*bytes);
  ASSERT_NE(reader, nullptr);
  EXPECT_EQ(reader->schema().Json(), schema.Json());
  int64_t rows = 0;
  for (ArrowBatch batch; reader->Next(&batch);) rows += batch.rows();
  EXPECT_EQ(rows, 3);
  for (const size_t cut : {size_t{0}, size_t{5}, size_t{25}, bytes->size() / 2, bytes->size() - 1})
    EXPECT_EQ(ReadResult(bytes->substr(0, cut)), nullptr) << cut;
  EXPECT_EQ(ReadResult("tinderbox result 2" + bytes->substr(18)), nullptr);
}

TEST(KeptResultTest, KeepsNothingAboveTheLimit) {
  const StructType schema{{StructField{"id", DataType(TypeKind::kLong), false}}};
  const std::vector<Row> rows(1000, Row{{Value(int64_t{1})}});
  ResultWriter writer(schema, 10'000);
  EXPECT_TRUE(writer.Add(spark::ToBatch(schema, rows)));
  EXPECT_FALSE(writer.Add(spark::ToBatch(schema, rows)));
  EXPECT_EQ(writer.Finish(), std::nullopt);
  ResultWriter empty(schema, 10'000);
  const auto none = empty.Finish();
  ASSERT_TRUE(none);
  ArrowBatch batch;
  EXPECT_FALSE(ReadResult(*none)->Next(&batch));
}

}  // namespace
}  // namespace tinderbox::cache
