#include "engine/files/csv_source.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "csv/record_index.h"
#include "engine/duckdb/connection.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

namespace fs = std::filesystem;
using Options = std::map<std::string, std::string>;

class CsvSource : public testing::Test {
 protected:
  CsvSource()
      : folder_(fs::temp_directory_path() / ("tinderbox_csv_source_" + std::to_string(getpid()))),
        database_({.memory_bytes = 1u << 30, .threads = 2, .temp_directory = {}}) {
    fs::create_directories(folder_);
    database_.Register("tb_csv", MakeCsvSource);
  }
  ~CsvSource() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  static std::string Spec(const std::vector<std::string>& files, const Options& options, const std::string& ddl) {
    std::string spec = nlohmann::json{{"files", files}, {"options", options}}.dump();
    spec.pop_back();
    StructType schema;
    std::string text = ddl;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find(';', at), text.size());
      const size_t space = text.find(' ', at);
      schema.fields.push_back({text.substr(at, space - at), Type(text.substr(space + 1, end - space - 1))});
      at = end + 1;
    }
    return spec + ",\"schema\":" + schema.Json() + "}";
  }
  static DataType Type(const std::string& name) {
    static const std::map<std::string, DataType> types = {{"boolean", DataType(TypeKind::kBoolean)},
                                                          {"tinyint", DataType(TypeKind::kByte)},
                                                          {"smallint", DataType(TypeKind::kShort)},
                                                          {"int", DataType(TypeKind::kInteger)},
                                                          {"bigint", DataType(TypeKind::kLong)},
                                                          {"float", DataType(TypeKind::kFloat)},
                                                          {"double", DataType(TypeKind::kDouble)},
                                                          {"string", DataType(TypeKind::kString)},
                                                          {"binary", DataType(TypeKind::kBinary)},
                                                          {"date", DataType(TypeKind::kDate)},
                                                          {"ts", DataType(TypeKind::kTimestamp)},
                                                          {"ntz", DataType(TypeKind::kTimestampNtz)},
                                                          {"dec4", DataType::Decimal(4, 2)},
                                                          {"dec9", DataType::Decimal(9, 1)},
                                                          {"dec18", DataType::Decimal(18, 3)},
                                                          {"dec38", DataType::Decimal(38, 2)},
                                                          {"array", DataType::Array(DataType(TypeKind::kInteger))}};
    return types.at(name);
  }

  /// All rows, ordered, as DuckDB prints them; `select` is a list of c0, c1, …
  std::string Query(const std::string& spec, const std::string& select) {
    std::string quoted;
    for (const char c : spec) quoted += c == '\'' ? "''" : std::string(1, c);
    return database_.Connect()->Text(
        fmt::format("SELECT string_agg(t, '|' ORDER BY t) FROM (SELECT concat_ws(',', {}) AS t FROM tb_csv('{}'))",
                    select, quoted));
  }
  /// Rows of one file whose columns are all shown, NULL as ~.
  std::string Read(const std::string& text, const Options& options, const std::string& ddl) {
    const std::string spec = Spec({Write("t.csv", text)}, options, ddl);
    const size_t n = MakeCsvSource(spec)->Columns().size();
    std::string select;
    for (size_t i = 0; i < n; ++i) select += fmt::format("{}coalesce(c{}::VARCHAR, '~')", i == 0 ? "" : ", ", i);
    return Query(spec, select);
  }

  fs::path folder_;
  Database database_;
};

const Options kHeader = {{"header", "true"}};

TEST_F(CsvSource, AllTypes) {
  EXPECT_EQ(
      Read("true,-1,2,+3,4000000000,1.5,2.25,text,1970-01-02,1970-01-01 "
           "00:00:01,1970-01-01T00:00:02,1.5,2.55,3.1234,4.5\n",
           {},
           "a boolean;b tinyint;c smallint;d int;e bigint;f float;g double;h string;i date;j ts;k ntz;l dec4;m dec9;n "
           "dec18;o dec38"),
      "true,-1,2,3,4000000000,1.5,2.25,text,1970-01-02,1970-01-01 00:00:01+00,1970-01-01 00:00:02,1.50,2.6,3.123,4.50");
  EXPECT_EQ(Read(",,\n", {}, "a int;b string;c date"), "~,~,~");
  EXPECT_EQ(Read("a string that is longer than twelve,exactly12byt\n", {}, "a string;b string"),
            "a string that is longer than twelve,exactly12byt");
  EXPECT_EQ(Read(std::string("a\0b\n", 4), {}, "a string").size(), 3u) << "NUL bytes are kept";
}

TEST_F(CsvSource, MalformedValuesAreReportedWithTheirPlace) {
  const Options options = {{"header", "true"},
                           {"multiLine", "true"},
                           {"escape", "\""},
                           {"columnNameOfMalformed", "_m"},
                           {"columnNameOfLocation", "_l"}};
  const std::string path = (folder_ / "t.csv").string();
  EXPECT_EQ(Read("a,b\n1,2\nx,\"y\"\"\nz\"\n3\n4,5,6\n2147483648,7\n", options, "a int;b int"),
            fmt::format("1,2,~,{0}:2|3,~,{{\"_record\":\"3\"}},{0}:5|4,5,{{\"_record\":\"4,5,6\"}},{0}:6|"
                        "~,7,{{\"a\":\"2147483648\"}},{0}:7|~,~,{{\"a\":\"x\",\"b\":\"y\\\"\\nz\"}},{0}:3",
                        path));
  EXPECT_EQ(Read("a\n\xFF\n", options, "a string"), fmt::format("~,{{\"a\":\"\xEF\xBF\xBD\"}},{}:2", path));
  EXPECT_EQ(Read("a\n\xFF\n", kHeader, "a string"), "\xEF\xBF\xBD");
  EXPECT_EQ(Read("a,b\n1,\"2\n3,4\n", options, "a int;b string"),
            fmt::format("1,2\n3,4\n,{{\"_record\":\"1,\\\"2\\n3,4\\n\"}},{}:2", path));
  // Only projected columns count, and the column may stand in the schema.
  const std::string spec = Spec({Write("p.csv", "a,b\nx,1\n")}, options, "_m string;a int;b int");
  EXPECT_EQ(Query(spec, "c2, coalesce(c0, '~')"), "1,~");
  EXPECT_EQ(Query(spec, "coalesce(c1, 0), c0"), "0,{\"a\":\"x\"}");
}

TEST_F(CsvSource, ModesOfSpark) {
  const std::string text = "1,a\nx,b\n3\n4,d,e\n";
  EXPECT_EQ(Read(text, {}, "a int;b string"), "1,a|3,~|4,d|~,b");
  EXPECT_EQ(Read(text, {{"mode", "DROPMALFORMED"}}, "a int;b string"), "1,a");
  EXPECT_EQ(Read(text, {}, "a int;b string;_corrupt_record string"), "1,a,~|3,~,3|4,d,4,d,e|~,b,x,b");
  EXPECT_EQ(Read(text, {{"columnNameOfCorruptRecord", "bad"}}, "a int;b string;bad string"),
            "1,a,~|3,~,3|4,d,4,d,e|~,b,x,b");
  try {
    Read(text, {{"mode", "FAILFAST"}}, "a int;b string");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "FAILED_READ_FILE.NO_HINT");
    EXPECT_THAT(error.what(), testing::HasSubstr("t.csv:2: x,b"));
  }
}

TEST_F(CsvSource, BindsByNameWhenAsked) {
  const Options by_name = {{"header", "true"}, {"bindByName", "true"}};
  const std::vector<std::string> files = {Write("1.csv", "a,b\n1,x\n"), Write("2.csv", "b,extra,a\ny,?,2\n")};
  EXPECT_EQ(Query(Spec(files, by_name, "a int;b string"), "c0, c1"), "1,x|2,y");
  EXPECT_EQ(Query(Spec({files[0]}, kHeader, "b int;a string"), "c0, c1"), "1,x") << "Spark binds by position";
  EXPECT_THROW(Query(Spec(files, by_name, "a int;z string"), "c0"), Error);
  EXPECT_THROW(Query(Spec({files[0]}, {{"header", "true"}, {"enforceSchema", "false"}}, "b int;a string"), "c0"),
               Error);
  EXPECT_EQ(Query(Spec({files[0]}, {{"header", "true"}, {"enforceSchema", "false"}}, "A int;b string"), "c0, c1"),
            "1,x");
}

TEST_F(CsvSource, EmptyFilesAndCounts) {
  EXPECT_EQ(Query(Spec({Write("e.csv", ""), Write("h.csv", "a,b\n")}, {{"header", "true"}, {"bindByName", "true"}},
                       "a int;b int"),
                  "c0"),
            "");
  std::string big = "n,s\n";
  int64_t sum = 0;
  for (int i = 0; i < 300000; ++i) {
    big += fmt::format("{},\"line {}\nand {}\"\n", i, i, i);
    sum += i;
  }
  const std::string spec = Spec({Write("big.csv", big), Write("big2.csv", big)},
                                {{"header", "true"}, {"multiLine", "true"}, {"escape", "\""}}, "n int;s string");
  EXPECT_EQ(database_.Connect()->Text("SELECT count(*)::VARCHAR FROM tb_csv('" + spec + "')"), "600000");
  EXPECT_EQ(database_.Connect()->Text("SELECT sum(c0)::VARCHAR FROM tb_csv('" + spec + "')"), std::to_string(2 * sum));
  EXPECT_EQ(database_.Connect()->Text("SELECT count(DISTINCT c1)::VARCHAR FROM tb_csv('" + spec + "')"), "300000");
}

TEST_F(CsvSource, RecordIndexReadsOnlyItsRecords) {
  const std::string text = "a,b\n1,x\n2,\"y\nz\"\n3,w\n4,\"open\n";
  const std::string path = Write("t.csv", text);
  const std::string index = (folder_ / "i").string();
  const auto at = [&](const char* part) { return static_cast<uint64_t>(text.find(part)); };
  csv::WriteRecordIndex(index, {{at("2,"), 3, 0, 7}, {at("3,"), 5, 0, 3}, {at("4,"), 6, 0, 8}});
  const Options options = {{"header", "true"},     {"multiLine", "true"},           {"escape", "\""},
                           {"recordIndex", index}, {"columnNameOfMalformed", "_m"}, {"columnNameOfLocation", "_l"}};
  const std::string spec = Spec({path}, options, "a int;b string");
  EXPECT_EQ(MakeCsvSource(spec)->Rows(), 3u);
  EXPECT_EQ(Query(spec, "c0, c1, coalesce(c2, '~'), c3"),
            fmt::format("2,y\nz,~,{0}:3|3,w,~,{0}:5|4,open\n,{{\"_record\":\"4,\\\"open\\n\"}},{0}:6", path));
  EXPECT_THROW(MakeCsvSource(Spec({Write("t.csv.gz", "")}, options, "a int")), Error);
}

TEST_F(CsvSource, RecordIndexGivesTheSameAsTheFile) {
  std::mt19937 random(11);
  std::string text = "a,b\n";
  std::vector<csv::IndexedRecord> records;
  std::vector<std::string> expected;
  for (uint64_t line = 2, i = 0; i < 5000; ++i, ++line) {
    const std::string record = fmt::format("{},{}", i, random() % 5 == 0 ? "\"q,\"\"\n\"" : "plain");
    if (random() % 3 == 0) {
      records.push_back({text.size(), line, 0, static_cast<uint32_t>(record.size())});
      expected.push_back(fmt::format("{},{}", i, line));
    }
    if (record.find('\n') != std::string::npos) ++line;
    text += record + "\n";
  }
  const std::string path = Write("t.csv", text);
  const std::string index = (folder_ / "i").string();
  csv::WriteRecordIndex(index, records);
  const Options options = {{"header", "true"},
                           {"multiLine", "true"},
                           {"escape", "\""},
                           {"recordIndex", index},
                           {"columnNameOfLocation", "_l"}};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(Query(Spec({path}, options, "a int;b string"), "c0, split_part(c2, ':', 2)"),
            fmt::format("{}", fmt::join(expected, "|")));
}

TEST_F(CsvSource, RefusesByName) {
  try {
    MakeCsvSource(Spec({}, {{"unescapedQuoteHandling", "BACK_TO_DELIMITER"}}, "a int"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("'unescapedQuoteHandling'"));
  }
  EXPECT_NO_THROW(MakeCsvSource(Spec({}, {{"sepp", ";"}}, "a int")));  // Spark ignores what it does not know
  EXPECT_THROW(MakeCsvSource(Spec({}, {}, "a array")), Error);
  EXPECT_THROW(MakeCsvSource(Spec({}, {}, "_corrupt_record int")), Error);
  EXPECT_THROW(Read("1,2\n", {{"maxColumns", "1"}}, "a int;b int"), Error);
  EXPECT_THROW(Read("1,23456\n", {{"maxCharsPerColumn", "4"}}, "a int;b int"), Error);
}

}  // namespace
}  // namespace tinderbox::engine
