#include "engine/files/parquet.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "base/temp_dir.h"
#include "engine/translate/relations.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

class ParquetTest : public ::testing::Test {
 protected:
  /// Makes a file with DuckDB's own writer, as a foreign program would.
  std::string Make(const std::string& name, const std::string& select) {
    std::string path = (dir_.path() / name).string();
    database_.Connect()->Run("COPY (" + select + ") TO '" + path + "' (FORMAT parquet)");
    return path;
  }
  FileTable ReadWith(const FileRead& request) { return ReadParquet(request, database_); }
  FileTable Read(const std::vector<std::string>& paths) {
    return ReadWith({.format = "parquet", .options = {}, .schema = {}, .paths = paths, .time_zone = "UTC"});
  }
  FileTable ReadOne(const std::string& path) { return Read(std::vector<std::string>{path}); }
  std::string Schema(const FileTable& table) { return ToSchema(table.relation.columns).ToType().SimpleString(); }
  std::string Text(const FileTable& table, const std::string& expression) {
    return database_.Connect()->Text("SELECT string_agg(coalesce(CAST(" + expression +
                                     " AS VARCHAR), '-'), ' ' ORDER BY " + expression + ") FROM (" +
                                     table.relation.sql.text() + ")");
  }
  std::string ConditionOf(const FileTable& table) {
    try {
      database_.Connect()->Run(table.relation.sql.text());
      return "";
    } catch (const Error& error) {
      return error.condition();
    }
  }
  base::TempDir dir_;
  Database database_{{.memory_bytes = 256 << 20, .threads = 2, .temp_directory = {}}};
};

TEST_F(ParquetTest, ForeignTypesBecomeSparks) {
  FileTable table = ReadOne(
      Make("t.parquet",
           "SELECT 255::UTINYINT a, 65535::USMALLINT b, 4294967295::UINTEGER c, 18446744073709551615::UBIGINT d, "
           "'7b3e0e0c-0000-4000-8000-000000000001'::UUID e, 'x'::ENUM('x', 'y') f, TIMESTAMP '2020-01-01 00:00:00' g, "
           "TIMESTAMPTZ '2020-01-01 00:00:00+00' h, TIME '01:02:03' i, [1::UTINYINT] j, {'k': 1::UINTEGER} l, "
           "1.5::DECIMAL(5,1) m"));
  EXPECT_EQ(Schema(table),
            "struct<a:smallint,b:int,c:bigint,d:decimal(20,0),e:string,f:string,g:timestamp_ntz,h:timestamp,i:time(6),"
            "j:array<smallint>,l:struct<k:bigint>,m:decimal(5,1)>");
  EXPECT_EQ(Text(table, "\"d\""), "18446744073709551615");
  EXPECT_EQ(Text(table, "\"e\""), "7b3e0e0c-0000-4000-8000-000000000001");
}

TEST_F(ParquetTest, NanosecondsAreNeverCutSilently) {
  FileTable exact = ReadOne(Make("exact.parquet",
                                 "SELECT TIMESTAMP_NS '2020-01-01 00:00:00.123456' t, [TIMESTAMP_NS '2020-01-01 "
                                 "00:00:01', NULL] l, MAP {'k': TIMESTAMP_NS '2020-01-01 00:00:02'} m"));
  EXPECT_EQ(Schema(exact), "struct<t:timestamp_ntz,l:array<timestamp_ntz>,m:map<string,timestamp_ntz>>");
  EXPECT_EQ(Text(exact, "\"t\""), "2020-01-01 00:00:00.123456");
  EXPECT_EQ(Text(exact, "\"m\"['k']"), "2020-01-01 00:00:02");
  EXPECT_EQ(ConditionOf(ReadOne(Make("odd.parquet", "SELECT TIMESTAMP_NS '2020-01-01 00:00:00.123456789' t"))),
            "TINDERBOX_PARQUET_NANOSECONDS");
  EXPECT_EQ(
      ConditionOf(ReadOne(Make("nested.parquet", "SELECT {'a': [TIMESTAMP_NS '2020-01-01 00:00:00.000000001']} t"))),
      "TINDERBOX_PARQUET_NANOSECONDS");
}

TEST_F(ParquetTest, AChangedFileIsReadAnew) {
  namespace fs = std::filesystem;
  const std::string path = Make("t.parquet", "SELECT 1 AS a"), other = Make("u.parquet", "SELECT 2 AS c");
  std::this_thread::sleep_for(std::chrono::milliseconds(2100));  // younger files are read anew each time
  EXPECT_EQ(Schema(ReadOne(path)), "struct<a:int>");
  EXPECT_EQ(Schema(ReadOne(path)), "struct<a:int>");
  const auto age = fs::last_write_time(path);
  Make("t.parquet", "SELECT 'x' AS b");
  EXPECT_EQ(Schema(ReadOne(path)), "struct<b:string>");
  // Another file of the same age and length in its place.
  fs::rename(other, path);
  fs::last_write_time(path, age);
  EXPECT_EQ(Schema(ReadOne(path)), "struct<c:int>");
  EXPECT_EQ(Text(ReadOne(path), "\"c\""), "2");
  fs::remove(path);
  EXPECT_THROW(ReadOne(path), Error);
}

TEST_F(ParquetTest, TheFirstFileGivesTheSchemaUnlessMerged) {
  std::string one = Make("1.parquet", "SELECT 1 AS a, 'x' AS b"),
              two = Make("2.parquet", "SELECT 2 AS a, 3.0::DOUBLE AS c");
  EXPECT_EQ(Schema(Read(std::vector<std::string>{one, two})), "struct<a:int,b:string>");
  EXPECT_EQ(Text(Read(std::vector<std::string>{one, two}), "\"a\" || coalesce(\"b\", '-')"), "1x 2-");
  FileRead merged{
      .format = "parquet", .options = {{"MERGESCHEMA", "true"}}, .schema = {}, .paths = {one, two}, .time_zone = "UTC"};
  EXPECT_EQ(Schema(ReadWith(merged)), "struct<a:int,b:string,c:double>");
}

TEST_F(ParquetTest, AGivenSchemaPicksWidensAndRefuses) {
  std::string file = Make("t.parquet", "SELECT 1 AS a, 'x' AS b");
  auto with = [&](const char* ddl) {
    return FileRead{.format = "parquet",
                    .options = {},
                    .schema = StructType::FromDdl(ddl),
                    .paths = {file},
                    .time_zone = "UTC",
                    .case_sensitive = false};
  };
  FileTable table = ReadWith(with("missing DATE, A BIGINT"));
  EXPECT_EQ(Schema(table), "struct<missing:date,A:bigint>");
  EXPECT_EQ(Text(table, "\"A\""), "1");
  EXPECT_THROW(ReadWith(with("b INT")), Error);
  FileRead option = with("a INT");
  option.options = {{"datetimeRebaseMode", "LEGACY"}};
  EXPECT_THROW(ReadWith(option), Error);
}

}  // namespace
}  // namespace tinderbox::engine
