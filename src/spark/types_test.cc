#include "tinderbox/types.h"

#include <gtest/gtest.h>

#include "spark/proto.h"
#include "spark/proto_types.h"
#include "tinderbox/error.h"

namespace tinderbox {
namespace {

std::string ConditionOf(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& e) {
    EXPECT_STRNE(e.what(), "");
    return e.condition();
  }
  return "no error";
}

DataType Ugly() {
  return DataType::Struct(
      {{"a", DataType(TypeKind::kInteger), false, R"({"comment":"x"})"},
       {"b.c", DataType::Array(DataType::Decimal(38, 18), false), true, "{}"},
       {"ü `q`", DataType::Map(DataType(TypeKind::kString), DataType::Array(DataType(TypeKind::kTimestampNtz))), true,
        "{}"},
       {"i", DataType(TypeKind::kDayTimeInterval), true, "{}"},
       {"y", DataType(TypeKind::kYearMonthInterval), true, "{}"},
       {"t", DataType(TypeKind::kTime), true, "{}"},
       {"n", DataType(), true, "{}"}});
}

TEST(DataType, WritesSparksJson) {
  const StructType schema{{{"a", DataType(TypeKind::kLong), true, "{}"},
                           {"q\"", DataType::Array(DataType(TypeKind::kString), false), false, "{}"}}};
  EXPECT_EQ(schema.Json(), R"({"type":"struct","fields":[{"name":"a","type":"long","nullable":true,"metadata":{}},)"
                           R"({"name":"q\"","type":{"type":"array","elementType":"string","containsNull":false},)"
                           R"("nullable":false,"metadata":{}}]})");
  EXPECT_EQ(DataType::Decimal(10, 2).Json(), "\"decimal(10,2)\"");
  EXPECT_EQ(DataType().Json(), R"("void")");
}

TEST(DataType, JsonProtoAndDdlRoundTrip) {
  const DataType type = Ugly();
  EXPECT_EQ(DataType::FromJson(type.Json()), type);
  proto::DataType message;
  spark::ToProto(type, &message);
  EXPECT_EQ(spark::FromProto(message), type);
  EXPECT_EQ(DataType::FromDdl(DataType::Array(DataType::Decimal(5, 0)).Sql()),
            DataType::Array(DataType::Decimal(5, 0)));
}

TEST(DataType, NamesAreSparks) {
  EXPECT_EQ(Ugly().SimpleString(),
            "struct<a:int,b.c:array<decimal(38,18)>,ü `q`:map<string,array<timestamp_ntz>>,i:interval day to second,"
            "y:interval year to month,t:time(6),n:void>");
  EXPECT_EQ(Ugly().Sql(),
            "STRUCT<a: INT NOT NULL, `b.c`: ARRAY<DECIMAL(38,18)>, `ü ``q```: MAP<STRING, ARRAY<TIMESTAMP_NTZ>>, "
            "i: INTERVAL DAY TO SECOND, y: INTERVAL YEAR TO MONTH, t: TIME(6), n: VOID>");
}

TEST(DataType, ParsesDdl) {
  EXPECT_EQ(DataType::FromDdl(" bigint "), DataType(TypeKind::kLong));
  EXPECT_EQ(DataType::FromDdl("decimal"), DataType::Decimal(10, 0));
  EXPECT_EQ(DataType::FromDdl("numeric(7)"), DataType::Decimal(7, 0));
  EXPECT_EQ(DataType::FromDdl("date date"), DataType::Struct({{"date", DataType(TypeKind::kDate), true, "{}"}}));
  const StructType schema =
      StructType::FromDdl("a INT, `b,``c` array<struct<x:int,y:string>> NOT NULL COMMENT 'it\\'s', m MAP<STRING,BYTE>");
  ASSERT_EQ(schema.fields.size(), 3u);
  EXPECT_EQ(schema.fields[1].name, "b,`c");
  EXPECT_FALSE(schema.fields[1].nullable);
  EXPECT_EQ(schema.fields[1].metadata_json, R"({"comment":"it's"})");
  EXPECT_EQ(schema.fields[2].type.SimpleString(), "map<string,tinyint>");
  EXPECT_EQ(StructType::FromDdl("struct<a:int>"), StructType::FromDdl("a int"));
  EXPECT_TRUE(StructType::FromDdl("").fields.empty());
}

TEST(DataType, RefusesBadDdlWithThePlace) {
  for (const char* text :
       {"", "a", "a int b", "array<int", "array<int>>", "decimal(1,2,3)", "a int,", "`a int", "1 int", "map<int>",
        "struct<a int", "a int not", "a int comment b", "int)", "decimal(-1)"}) {
    EXPECT_NE(ConditionOf([&] { DataType::FromDdl(text); }), "no error") << text;
  }
  EXPECT_EQ(ConditionOf([] { DataType::FromDdl("decimal(39,2)"); }), "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION");
  EXPECT_EQ(ConditionOf([] { DataType::FromDdl("a int, b int int"); }), "PARSE_SYNTAX_ERROR");
  try {
    DataType::FromDdl("a int, b foo");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("position 10"), std::string::npos) << e.what();
  }
}

TEST(DataType, DeepTextIsAnErrorNotACrash) {
  std::string ddl, json;
  for (int i = 0; i < 100'000; ++i) ddl += "array<";
  EXPECT_NE(ConditionOf([&] { DataType::FromDdl(ddl); }), "no error");
  for (int i = 0; i < 100'000; ++i) json += R"({"type":"array","containsNull":true,"elementType":)";
  EXPECT_EQ(ConditionOf([&] { DataType::FromJson(json); }), "INVALID_JSON_DATA_TYPE");
  EXPECT_EQ(ConditionOf([] { StructType::FromJson(std::string(1'000'000, '[')); }), "INVALID_JSON_DATA_TYPE");
}

TEST(StructType, RefusesBadJsonWithThePlace) {
  for (const char* text : {"", "{", "[]", "null", R"({"type":"struct"})", R"({"type":"struct","fields":{}})",
                           R"({"type":"struct","fields":[1]})", R"({"type":"struct","fields":[{"type":"long"}]})",
                           R"({"type":"struct","fields":[{"name":1,"type":"long"}]})",
                           R"J({"type":"struct","fields":[{"name":"a","type":"decimal(0,0)"}]})J",
                           R"J({"type":"struct","fields":[{"name":"a","type":"decimal(3,4)"}]})J",
                           R"({"type":"struct","fields":[{"name":"a","type":"long","nullable":1}]})",
                           R"({"type":"struct","fields":[{"name":"a","type":{"type":"udt"}}]})",
                           R"({"type":"struct","fields":[{"name":"a","type":"long","metadata":[]}]})"}) {
    EXPECT_EQ(ConditionOf([&] { StructType::FromJson(text); }), "INVALID_JSON_DATA_TYPE") << text;
  }
  EXPECT_EQ(ConditionOf([] { StructType::FromJson("{\"type\":\"\xff\"}"); }), "INVALID_JSON_DATA_TYPE");
  try {
    StructType::FromJson(
        R"({"type":"struct","fields":[{"name":"a","type":"long"},{"name":"b","type":{"type":"array","elementType":"int","containsNull":true}}]})");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("fields[1].type.elementType"), std::string::npos) << e.what();
  }
}

TEST(StructType, FindsByName) {
  const StructType schema = StructType::FromDdl("a int, A int, b int");
  EXPECT_EQ(schema.Find("B"), 2u);
  EXPECT_EQ(schema.Find("B", true), std::nullopt);
  EXPECT_EQ(schema.Find("a"), std::nullopt);
  EXPECT_EQ(schema.Find("a", true), 0u);
}

TEST(StructType, PrintsTheTree) {
  EXPECT_EQ(StructType::FromDdl("a int not null, l array<struct<x:string>>, m map<string,bigint>").TreeString(),
            "root\n"
            " |-- a: integer (nullable = false)\n"
            " |-- l: array (nullable = true)\n"
            " |    |-- element: struct (containsNull = true)\n"
            " |    |    |-- x: string (nullable = true)\n"
            " |-- m: map (nullable = true)\n"
            " |    |-- key: string\n"
            " |    |-- value: long (valueContainsNull = true)\n");
}

TEST(DataType, NullabilityOfChildrenCanBeIgnored) {
  const DataType a = DataType::Array(DataType(TypeKind::kLong), true);
  const DataType b = DataType::Array(DataType(TypeKind::kLong), false);
  EXPECT_FALSE(a == b);
  EXPECT_TRUE(a.SameIgnoringNullability(b));
  EXPECT_FALSE(a.SameIgnoringNullability(DataType::Array(DataType(TypeKind::kInteger))));
}

}  // namespace
}  // namespace tinderbox
