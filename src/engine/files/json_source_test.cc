#include "engine/files/json_source.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/temp_dir.h"
#include "engine/duckdb/connection.h"
#include "spark/ipc.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

using Options = std::map<std::string, std::string>;

/// Rows as to_json prints them, sorted: parts of a scan come in any order.
class JsonSourceTest : public testing::Test {
 protected:
  std::string WriteFile(const std::string& name, const std::string& bytes) {
    const std::string path = (folder_.path() / name).string();
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  std::vector<std::string> Read(const std::vector<std::string>& files, const std::string& ddl,
                                const Options& options = {}, const std::string& select = "*", int threads = 2) {
    DatabaseOptions database_options;
    database_options.memory_bytes = 512 << 20;
    database_options.threads = threads;
    Database database(database_options);
    database.Register("tb_json", MakeJsonSource);
    const nlohmann::json spec = {
        {"files", files}, {"options", options}, {"schema", nlohmann::json::parse(StructType::FromDdl(ddl).Json())}};
    std::string names;
    const auto source = MakeJsonSource(spec.dump());
    for (const StructField& column : source->Columns()) {
      names += (names.empty() ? "" : ", ") + column.name;
    }
    std::string quoted = spec.dump();
    for (size_t at = 0; (at = quoted.find('\'', at)) != std::string::npos; at += 2) quoted.insert(at, 1, '\'');
    const auto stream =
        OpenStream(database.Connect(), "SELECT " + select + " FROM tb_json('" + quoted + "') AS t(" + names + ")");
    std::vector<std::string> rows;
    ArrowBatch batch;
    while (stream->Next(&batch)) {
      for (int64_t i = 0; i < batch.rows(); ++i) {
        std::string row;
        for (size_t c = 0; c < stream->columns().size(); ++c) {
          row += c == 0 ? "" : " | ";
          row += spark::ToValue(stream->columns()[c].type.type, batch.column(c), batch.array().offset + i).ToJson();
        }
        rows.push_back(row);
      }
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  std::vector<std::string> ReadText(const std::string& text, const std::string& ddl, const Options& options = {},
                                    const std::string& select = "*") {
    return Read({WriteFile("data.json", text)}, ddl, options, select);
  }

  /// The value of column `v` of type `type` read from `json`, and what the malformed column says of it.
  std::string Value(const std::string& type, const std::string& json) {
    const auto rows = ReadText("{\"v\":" + json + "}", "v " + type, {{"columnNameOfMalformed", "m"}});
    return rows.size() == 1 ? rows[0] : "rows: " + std::to_string(rows.size());
  }

  base::TempDir folder_;
};

using Rows = std::vector<std::string>;

std::string ConditionOf(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& e) {
    return e.condition();
  }
  return "no error";
}

TEST_F(JsonSourceTest, NumbersConvertAsInSpark) {
  EXPECT_EQ(Value("bigint", "-9223372036854775808"), "-9223372036854775808 | null");
  EXPECT_EQ(Value("bigint", "9223372036854775808"), R"(null | "{\"v\":\"9223372036854775808\"}")");
  EXPECT_EQ(Value("int", "2147483648"), R"(null | "{\"v\":\"2147483648\"}")");
  EXPECT_EQ(Value("tinyint", "-128"), "-128 | null");
  EXPECT_EQ(Value("tinyint", "128"), R"(null | "{\"v\":\"128\"}")");
  EXPECT_EQ(Value("smallint", "-32769"), R"(null | "{\"v\":\"-32769\"}")");
  EXPECT_EQ(Value("int", "1.0"), R"(null | "{\"v\":\"1.0\"}")");
  EXPECT_EQ(Value("int", "1e2"), R"(null | "{\"v\":\"1e2\"}")");
  EXPECT_EQ(Value("int", "\"1\""), R"(null | "{\"v\":\"\\\"1\\\"\"}")");
  EXPECT_EQ(Value("int", "-0"), "0 | null");
  EXPECT_EQ(Value("int", "NaN"), R"(null | "{\"v\":\"NaN\"}")");
  EXPECT_EQ(Value("int", "null"), "null | null");
  EXPECT_EQ(Value("int", "true"), R"(null | "{\"v\":\"true\"}")");
  EXPECT_EQ(Value("double", "1e999"), "\"Infinity\" | null");
  EXPECT_EQ(Value("double", "-1e-999"), "-0.0 | null");
  EXPECT_EQ(Value("double", "12345678901234567890"), "1.2345678901234567E19 | null");
  EXPECT_EQ(Value("double", "\"NaN\""), "\"NaN\" | null");
  EXPECT_EQ(Value("double", "NaN"), "\"NaN\" | null");
  EXPECT_EQ(Value("double", "-Infinity"), "\"-Infinity\" | null");
  EXPECT_EQ(Value("float", "\"+INF\""), "\"Infinity\" | null");
  EXPECT_EQ(Value("double", "\"1.5\""), R"(null | "{\"v\":\"\\\"1.5\\\"\"}")");
  EXPECT_EQ(Value("float", "0.1"), "0.1 | null");
  EXPECT_EQ(Value("boolean", "true"), "true | null");
  EXPECT_EQ(Value("boolean", "1"), R"(null | "{\"v\":\"1\"}")");
}

TEST_F(JsonSourceTest, DecimalsAreExact) {
  EXPECT_EQ(Value("decimal(4,2)", "12.34"), "12.34 | null");
  EXPECT_EQ(Value("decimal(4,2)", "12.345"), "12.35 | null");
  EXPECT_EQ(Value("decimal(4,2)", "123"), R"(null | "{\"v\":\"123\"}")");
  EXPECT_EQ(Value("decimal(9,0)", "-999999999"), "-999999999 | null");
  EXPECT_EQ(Value("decimal(18,1)", "99999999999999999.9"), "99999999999999999.9 | null");
  EXPECT_EQ(Value("decimal(38,10)", "9999999999999999999999999999.0123456789"),
            "9999999999999999999999999999.0123456789 | null");
  EXPECT_EQ(Value("decimal(10,3)", "\"1.5\""), "1.500 | null");
  EXPECT_EQ(Value("decimal(10,3)", "1e3"), "1000.000 | null");
  EXPECT_EQ(Value("decimal(10,3)", "\"x\""), R"(null | "{\"v\":\"\\\"x\\\"\"}")");
}

TEST_F(JsonSourceTest, TextsKeepWhatIsWritten) {
  EXPECT_EQ(Value("string", R"("a\"\\\/\b\f\n\r\t\u00fc\ud83e\udd86\u0000")"),
            "\"a\\\"\\\\/\\b\\f\\n\\r\\t\u00fc\U0001F986\\u0000\" | null");
  EXPECT_EQ(Value("string", "1.10"), "\"1.10\" | null");
  EXPECT_EQ(Value("string", "true"), "\"true\" | null");
  EXPECT_EQ(Value("string", R"({ "b" : [1, 2.0] })"), R"("{ \"b\" : [1, 2.0] }" | null)");
  EXPECT_EQ(Value("string", "\"\""), "\"\" | null");
  EXPECT_EQ(Value("string", R"("\ud83e")"), R"(null | "{\"v\":\"\\\"\\\\ud83e\\\"\"}")");
  EXPECT_EQ(Value("binary", "\"AP8=\""), "\"AP8=\" | null");
  EXPECT_EQ(Value("binary", "\"AP8\""), "\"AP8=\" | null");
  EXPECT_EQ(Value("binary", "\"A\""), R"(null | "{\"v\":\"\\\"A\\\"\"}")");
}

TEST_F(JsonSourceTest, Times) {
  EXPECT_EQ(Value("date", "\"2024-02-29\""), "\"2024-02-29\" | null");
  EXPECT_EQ(Value("date", "\"2023-02-29\""), R"(null | "{\"v\":\"\\\"2023-02-29\\\"\"}")");
  EXPECT_EQ(Value("date", "\"\""), R"(null | "{\"v\":\"\\\"\\\"\"}")");
  EXPECT_EQ(Value("timestamp", "\"2024-01-01T12:00:00.5+02:00\""), "\"2024-01-01T10:00:00.500Z\" | null");
  EXPECT_EQ(Value("timestamp", "\"2024-01-01\""), "\"2024-01-01T00:00:00.000Z\" | null");
  EXPECT_EQ(Value("timestamp", "1"), "\"1970-01-01T00:00:01.000Z\" | null");
  EXPECT_EQ(Value("timestamp", "9223372036854775807"), R"(null | "{\"v\":\"9223372036854775807\"}")");
  EXPECT_EQ(Value("timestamp_ntz", "\"2024-01-01T12:00:00\""), "\"2024-01-01T12:00:00.000\" | null");
}

TEST_F(JsonSourceTest, NestedValues) {
  EXPECT_EQ(Value("array<int>", "[1, null, 3]"), "[1,null,3] | null");
  EXPECT_EQ(Value("array<int>", "[]"), "[] | null");
  EXPECT_EQ(Value("array<int>", "{}"), R"(null | "{\"v\":\"{}\"}")");
  EXPECT_EQ(Value("array<int>", "[1,\"x\"]"), R"([1,null] | "{\"v\":\"[1,\\\"x\\\"]\"}")");
  EXPECT_EQ(Value("map<string,array<string>>", R"({"a":["x"],"b":null,"a":["y","z"]})"),
            R"({"a":["y","z"],"b":null} | null)");
  EXPECT_EQ(Value("struct<a:int,b:struct<c:array<string>>>", R"({"b":{"c":["q"],"x":1},"a":1,"a":2})"),
            R"({"a":2,"b":{"c":["q"]}} | null)");
  EXPECT_EQ(Value("struct<a:int>", "[1]"), R"(null | "{\"v\":\"[1]\"}")");
  EXPECT_EQ(Value("struct<a:int>", "{}"), "{} | null");
}

TEST_F(JsonSourceTest, ListsOfManyRowsKeepTheirPlaces) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) {
    text += "{\"i\":" + std::to_string(i) + ",\"v\":[";
    for (int k = 0; k < i % 7; ++k) text += (k ? ",[" : "[") + std::to_string(i) + "," + std::to_string(k) + "]";
    text += "]}\n";
  }
  const Rows rows = ReadText(text, "i int, v array<array<int>>");
  ASSERT_EQ(rows.size(), 10'000u);
  for (const std::string& row : rows) {
    const int i = std::stoi(row);
    std::string expected = std::to_string(i) + " | [";
    for (int k = 0; k < i % 7; ++k) expected += (k ? ",[" : "[") + std::to_string(i) + "," + std::to_string(k) + "]";
    ASSERT_EQ(row, expected + "]");
  }
}

TEST_F(JsonSourceTest, BrokenRecordsAreShownWithTheirPlace) {
  const std::string text =
      "\xEF\xBB\xBF{\"a\":1}\r\n"
      "\n"
      "   \t\r\n"
      "{\"a\":2\n"
      "{\"a\":3} x\n"
      "{\"a\":4,}\n"
      "5\n"
      "null\n"
      "{\"a\":6}{\"a\":7}\n"
      "{\"a\":\"\xff\"}\n"
      "{\"a\":\"tab\tinside\"}\n"
      "{\"a\":01}\n"
      "{'a':8}\n"
      "[{\"a\":9},{\"a\":10}]\n"
      "{}";
  const std::string path = WriteFile("data.json", text);
  const Rows rows = Read({path}, "a int", {{"columnNameOfMalformed", "m"}, {"columnNameOfLocation", "l"}},
                         "replace(l, '" + path + "', ''), a, m");
  const Rows expected = {
      R"(":1" | 1 | null)",
      R"(":10" | null | "{\"_record\":\"{\\\"a\\\":\\\"�\\\"}\"}")",
      R"(":11" | null | "{\"_record\":\"{\\\"a\\\":\\\"tab\\tinside\\\"}\"}")",
      R"(":12" | null | "{\"_record\":\"{\\\"a\\\":01}\"}")",
      R"(":13" | 8 | null)",
      R"(":14" | 10 | null)",
      R"(":14" | 9 | null)",
      R"(":15" | null | null)",
      R"(":4" | null | "{\"_record\":\"{\\\"a\\\":2\"}")",
      R"(":5" | null | "{\"_record\":\"{\\\"a\\\":3} x\"}")",
      R"(":6" | null | "{\"_record\":\"{\\\"a\\\":4,}\"}")",
      R"(":7" | null | "{\"_record\":\"5\"}")",
      R"(":8" | null | "{\"_record\":\"null\"}")",
      R"(":9" | null | "{\"_record\":\"{\\\"a\\\":6}{\\\"a\\\":7}\"}")",
  };
  EXPECT_EQ(rows, expected);
}

TEST_F(JsonSourceTest, Documents) {
  const std::string text =
      "\n [\n  {\"a\": 1,\n   \"b\": \"]},{\"},\n\n  {\"a\": 2}\n  , {\"a\": \"x\"},\n 7\n]\n[{\"a\":3}]\n{\"a\":4}";
  const std::string path = WriteFile("data.json", text);
  EXPECT_EQ(Read({path}, "a int, b string", {{"columnNameOfMalformed", "m"}, {"columnNameOfLocation", "l"}},
                 "replace(l, '" + path + "', ''), a, b, m"),
            (Rows{R"(":10" | 3 | null | null)", R"(":11" | 4 | null | null)", R"(":3" | 1 | "]},{" | null)",
                  R"(":6" | 2 | null | null)", R"(":7" | null | null | "{\"a\":\"\\\"x\\\"\"}")",
                  R"(":8" | null | null | "{\"_record\":\"7\"}")"}));
}

TEST_F(JsonSourceTest, ArraysThatAreNotClosedOrHaveHolesAreReported) {
  const Options options{{"columnNameOfMalformed", "m"}};
  EXPECT_EQ(ReadText("[{\"a\":1},", "a int", options), (Rows{"1 | null", R"(null | "{\"_record\":\"\"}")"}));
  EXPECT_EQ(ReadText("[{\"a\":1},]", "a int", options), (Rows{"1 | null", R"(null | "{\"_record\":\"\"}")"}));
  EXPECT_EQ(ReadText("[{\"a\":1},,{\"a\":2}]", "a int", options),
            (Rows{"1 | null", "2 | null", R"(null | "{\"_record\":\"\"}")"}));
  EXPECT_EQ(ReadText("[{\"a\":1} {\"a\":2}]", "a int", options),
            (Rows{R"(null | "{\"_record\":\"{\\\"a\\\":1} {\\\"a\\\":2}\"}")"}));
  EXPECT_EQ(ReadText("[{\"a\":[1,2", "a int", options),
            (Rows{R"(null | "{\"_record\":\"\"}")", R"(null | "{\"_record\":\"{\\\"a\\\":[1,2\"}")"}));
  EXPECT_EQ(ReadText("[]", "a int", options), Rows{});
  EXPECT_EQ(ReadText("", "a int", options), Rows{});
  EXPECT_EQ(ReadText("{\n\"a\":\n1}\n{\"a\":2}", "a int", {{"multiLine", "true"}}), (Rows{"1", "2"}));
}

TEST_F(JsonSourceTest, DocumentsLongerThanABlockKeepEveryElement) {
  std::string text = "[";
  for (int i = 0; i < 200'000; ++i) {
    text += (i ? ",\n" : "\n") + std::string("{\"a\":") + std::to_string(i) + ",\"s\":\"" + std::string(i % 50, 'x') +
            "\"}";
  }
  text += "]";
  EXPECT_EQ(ReadText(text, "a bigint, s string", {}, "count(*), sum(a)::BIGINT, sum(length(s))::BIGINT"),
            (Rows{"200000 | 19999900000 | 4900000"}));
  text = "{\"a\":1,\"s\":\"" + std::string(5'000'000, 'y') + "\"}\n{\"a\":2}";
  EXPECT_EQ(ReadText(text, "a bigint, s string", {}, "a, length(s)"), (Rows{"1 | 5000000", "2 | null"}));
}

TEST_F(JsonSourceTest, CompressedFilesAndManyFiles) {
  const std::string text = "{\"a\":1}\n{\"a\":2}\n";
  const std::string gz = (folder_.path() / "x.json.gz").string();
  gzFile file = gzopen(gz.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  const Rows expected{"1", "1", "1", "2", "2", "2"};
  EXPECT_EQ(Read({WriteFile("p.json", text), gz, WriteFile("z.json.zst", packed)}, "a int"), expected);
  EXPECT_EQ(ConditionOf([&] { Read({WriteFile("cut.json.zst", packed.substr(0, 12))}, "a int"); }),
            "FAILED_READ_FILE.NO_HINT");
}

TEST_F(JsonSourceTest, Modes) {
  const std::string text = "{\"a\":1,\"b\":\"x\"}\n{\"a\":\"q\",\"b\":\"y\"}\n{bad\n";
  EXPECT_EQ(ReadText(text, "a int, b string, _corrupt_record string"),
            (Rows{R"(1 | "x" | null)", R"(null | "y" | "{\"a\":\"q\",\"b\":\"y\"}")", R"(null | null | "{bad")"}));
  EXPECT_EQ(ReadText(text, "a int, b string", {{"mode", "DROPMALFORMED"}}), (Rows{R"(1 | "x")"}));
  EXPECT_EQ(ReadText(text, "b string", {{"mode", "dropMalformed"}}), (Rows{R"("x")", R"("y")"}));
  EXPECT_EQ(ConditionOf([&] { ReadText(text, "a int", {{"mode", "FAILFAST"}}); }), "FAILED_READ_FILE.NO_HINT");
  EXPECT_EQ(ReadText(text, "a int", {}, "count(*)"), (Rows{"3"}));
}

TEST_F(JsonSourceTest, DeepRecordsAreMalformedNotFatal) {
  const std::string deep = "{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}\n";
  EXPECT_EQ(ReadText(deep + "{\"a\":1}", "a int, _corrupt_record string", {}, "a, length(_corrupt_record)"),
            (Rows{"1 | null", "null | 200006"}));
}

TEST_F(JsonSourceTest, OptionsAndTypesThatAreNotSupportedAreRefusedByName) {
  for (const auto& [key, value] : Options{{"timestampFormat", "yyyy"},
                                          {"dateFormat", "dd.MM.yyyy"},
                                          {"allowComments", "true"},
                                          {"mode", "odd"},
                                          {"encoding", "UTF-16"},
                                          {"multiLine", "yes"}}) {
    try {
      ReadText("{}", "a int", {{key, value}});
      ADD_FAILURE() << key;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(key), std::string::npos) << e.what();
    }
  }
  EXPECT_EQ(ReadText("{\"a\":1}", "a int", {{"noSuchOption", "1"}}), (Rows{"1"}));  // Spark ignores it too
  EXPECT_EQ(ConditionOf([&] { ReadText("{}", "a interval day to second"); }), "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE");
  EXPECT_EQ(ConditionOf([&] { ReadText("{}", "a map<int,int>"); }), "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE");
  EXPECT_EQ(ConditionOf([&] { ReadText("{}", "_corrupt_record int"); }), "INVALID_SCHEMA");
}

class InferJsonTest : public JsonSourceTest {
 protected:
  std::string Infer(const std::string& text, const Options& options = {}, int threads = 1) {
    return InferJsonSchema({WriteFile("data.json", text)}, options, threads).ToType().SimpleString();
  }
};

TEST_F(InferJsonTest, FollowsSparksRules) {
  EXPECT_EQ(Infer(R"({"z":1,"a":"x","m":true,"f":1.0,"n":null,"e":{},"l":[],"d":[{"q":1}]})"),
            "struct<a:string,d:array<struct<q:bigint>>,f:double,l:array<string>,m:boolean,n:string,z:bigint>");
  EXPECT_EQ(Infer("{\"a\":1}\n{\"a\":1.5}"), "struct<a:double>");
  EXPECT_EQ(Infer("{\"a\":1}\n{\"a\":\"1\"}"), "struct<a:string>");
  EXPECT_EQ(Infer("{\"a\":1}\n{\"a\":true}"), "struct<a:string>");
  EXPECT_EQ(Infer("{\"a\":{\"b\":1}}\n{\"a\":{\"c\":2}}\n{\"a\":null}"), "struct<a:struct<b:bigint,c:bigint>>");
  EXPECT_EQ(Infer("{\"a\":{\"b\":1}}\n{\"a\":[1]}"), "struct<a:string>");
  EXPECT_EQ(Infer("{\"a\":[1]}\n{\"a\":[2.5,null]}"), "struct<a:array<double>>");
  EXPECT_EQ(Infer(R"({"a":9223372036854775808})"), "struct<a:decimal(19,0)>");
  EXPECT_EQ(Infer("{\"a\":9223372036854775808}\n{\"a\":1}"), "struct<a:decimal(20,0)>");
  EXPECT_EQ(Infer(R"({"a":123456789012345678901234567890123456789})"), "struct<a:double>");
  EXPECT_EQ(Infer(R"({"":1,"a":1e3})"), "struct<a:double>");
  EXPECT_EQ(Infer(R"({"a":1,"b":[true]})", {{"primitivesAsString", "true"}}), "struct<a:string,b:array<string>>");
  EXPECT_EQ(Infer(""), "struct<>");
  EXPECT_EQ(Infer("[{\"a\":1},{\"b\":2}]"), "struct<a:bigint,b:bigint>");
  EXPECT_EQ(Infer("{\"z\":1,\"A\":2}\nbad"), "struct<A:bigint,_corrupt_record:string,z:bigint>");
  EXPECT_EQ(Infer("{\"a\":1}\nbad", {{"mode", "DROPMALFORMED"}}), "struct<a:bigint>");
  EXPECT_EQ(Infer("{\"a\":1}\nbad", {{"columnNameOfMalformed", "m"}}), "struct<a:bigint>");
}

TEST_F(InferJsonTest, ThreadsDoNotChangeTheAnswer) {
  std::string text;
  for (int i = 0; i < 300'000; ++i) {
    text += "{\"a\":" + std::to_string(i) + (i == 250'000 ? ",\"late\":{\"x\":[1.5]}" : "") + "}\n";
  }
  EXPECT_EQ(Infer(text, {}, 1), "struct<a:bigint,late:struct<x:array<double>>>");
  EXPECT_EQ(Infer(text, {}, 4), Infer(text, {}, 1));
}

}  // namespace
}  // namespace tinderbox::engine
