#include "engine/files/text_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/temp_dir.h"
#include "csv/input.h"
#include "spark/ipc.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

using Options = std::map<std::string, std::string>;

Value Text(const char* text) {
  return std::string(text);
}

class RowsReader : public BatchReader {
 public:
  RowsReader(StructType schema, const std::vector<Row>& rows) : schema_(std::move(schema)) {
    for (const Row& row : rows) batches_.push_back(spark::ToBatch(schema_, {row}));
  }
  const StructType& schema() const override { return schema_; }
  bool Next(ArrowBatch* batch) override {
    if (next_ == batches_.size()) return false;
    *batch = std::move(batches_[next_++]);
    return true;
  }

 private:
  StructType schema_;
  std::vector<ArrowBatch> batches_;
  size_t next_ = 0;
};

class TextWriterTest : public testing::Test {
 protected:
  std::string Write(TextFormat format, const std::string& ddl, const std::vector<Row>& rows,
                    const Options& options = {}) {
    RowsReader reader(StructType::FromDdl(ddl), rows);
    const auto file = folder_.path() / ("out" + TextFileExtension(format, options));
    EXPECT_EQ(WriteText(reader, format, options, file), rows.size());
    const auto text = csv::OpenText(file.string(), csv::Encoding::kUtf8);
    std::string out(1 << 20, '\0');
    out.resize(text->Read(out.data(), out.size()));
    return out;
  }
  std::string Csv(const std::vector<Value>& values, const Options& options = {}) {
    std::string ddl;
    for (size_t i = 0; i < values.size(); ++i) ddl += (i ? ", c" : "c") + std::to_string(i) + " string";
    return Write(TextFormat::kCsv, ddl, {Row{values}}, options);
  }
  base::TempDir folder_;
};

std::string ConditionOf(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& e) {
    return e.condition();
  }
  return "no error";
}

TEST_F(TextWriterTest, CsvQuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(Csv({Text("a"), Text("b,c"), Text("d\ne"), Text("f\rg")}), "a,\"b,c\",\"d\ne\",\"f\rg\"\n");
  EXPECT_EQ(Csv({Text("say \"x\""), Text("\""), Text("a\\b"), Text("a\\b,c")}),
            "\"say \\\"x\\\"\",\"\\\"\",a\\b,\"a\\\\b,c\"\n");
  EXPECT_EQ(Csv({Text("a"), Value(), Text(""), Text("NULL")}), "a,,\"\",NULL\n");
  EXPECT_EQ(Csv({Text("  a "), Text(" "), Text("\t\"")}), "a,\"\",\"\\\"\"\n");
  EXPECT_EQ(
      Csv({Text(" a "), Text(" ")}, {{"ignoreLeadingWhiteSpace", "false"}, {"ignoreTrailingWhiteSpace", "false"}}),
      " a , \n");
  EXPECT_EQ(Csv({Text("say \"x\"")}, {{"escape", "\""}}), "\"say \"\"x\"\"\"\n");
  EXPECT_EQ(Csv({Text("a"), Value(), Text("")}, {{"quoteAll", "true"}}), "\"a\",\"\",\"\"\n");
  EXPECT_EQ(Csv({Text("a"), Value(), Text("")}, {{"nullValue", "NULL"}, {"emptyValue", ""}}), "a,NULL,\n");
  EXPECT_EQ(Csv({Text("a;b"), Text("c,d")}, {{"sep", ";"}}), "\"a;b\";c,d\n");
  EXPECT_EQ(Csv({Text("a||b"), Text("c|d")}, {{"delimiter", "||"}}), "\"a||b\"||c|d\n");
  EXPECT_EQ(Csv({Text("a"), Text("b")}, {{"sep", "\\t"}}), "a\tb\n");
  EXPECT_EQ(Csv({Text("a\"b")}, {{"escapeQuotes", "false"}}), "a\"b\n");
  EXPECT_EQ(Csv({Value()}), "\n");
}

TEST_F(TextWriterTest, CsvPrintsValuesAsSpark) {
  EXPECT_EQ(
      Write(TextFormat::kCsv,
            "b boolean, i int, l bigint, d double, f float, de decimal(12,10), da date, t timestamp, "
            "n timestamp_ntz, s tinyint",
            {Row{{Value(true), Value(int64_t{-1}), Value(std::numeric_limits<int64_t>::min()), Value(1e7),
                  Value(std::nanf("")), Value(DecimalValue{1, 10}), Value(DateValue{-719529}),
                  Value(TimestampValue{1'234'567}), Value(TimestampNtzValue{-1}), Value(int64_t{7})}}},
            {{"header", "true"}}),
      "b,i,l,d,f,de,da,t,n,s\n"
      "true,-1,-9223372036854775808,1.0E7,NaN,1E-10,-0001-12-31,1970-01-01T00:00:01.234Z,1969-12-31T23:59:59.999,7\n");
  EXPECT_EQ(Write(TextFormat::kCsv, "`a,b` int, c int", {}, {{"header", "true"}}), "\"a,b\",c\n");
}

TEST_F(TextWriterTest, JsonLeavesOutNullsUnlessAsked) {
  const auto record = std::make_shared<StructValue>(StructValue{{"x", "y"}, {Value(), Value(int64_t{1})}});
  const Row row{{Value(), Text("a\"\n"), Value(record), Value(TimestampValue{0}), Value(std::nan("")),
                 Value(DecimalValue{110, 2})}};
  const std::string ddl = "n int, s string, r struct<x:int,y:int>, t timestamp, d double, e decimal(5,2)";
  EXPECT_EQ(Write(TextFormat::kJson, ddl, {row}),
            "{\"s\":\"a\\\"\\n\",\"r\":{\"y\":1},\"t\":\"1970-01-01T00:00:00.000Z\",\"d\":\"NaN\",\"e\":1.10}\n");
  EXPECT_EQ(Write(TextFormat::kJson, ddl, {row}, {{"ignoreNullFields", "false"}}),
            "{\"n\":null,\"s\":\"a\\\"\\n\",\"r\":{\"x\":null,\"y\":1},\"t\":\"1970-01-01T00:00:00.000Z\",\"d\":"
            "\"NaN\",\"e\":"
            "1.10}\n");
  EXPECT_EQ(Write(TextFormat::kJson, "a int", {Row{{Value()}}}), "{}\n");
}

TEST_F(TextWriterTest, Compresses) {
  EXPECT_EQ(TextFileExtension(TextFormat::kCsv, {{"compression", "gzip"}}), ".csv.gz");
  EXPECT_EQ(TextFileExtension(TextFormat::kJson, {{"compression", "ZSTD"}}), ".json.zst");
  const std::vector<Row> rows(2000, Row{{Text("the same again")}});
  std::string expected;
  for (size_t i = 0; i < rows.size(); ++i) expected += "{\"a\":\"the same again\"}\n";
  EXPECT_EQ(Write(TextFormat::kJson, "a string", rows, {{"compression", "gzip"}}), expected);
  EXPECT_EQ(Write(TextFormat::kJson, "a string", rows, {{"compression", "zstd"}}), expected);
}

TEST_F(TextWriterTest, RefusesWhatItCannotWrite) {
  const auto check = [](TextFormat format, const char* ddl, const Options& options) {
    return ConditionOf([&] { CheckTextOptions(format, StructType::FromDdl(ddl), options); });
  };
  EXPECT_EQ(check(TextFormat::kCsv, "a array<int>", {}), "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE");
  EXPECT_EQ(check(TextFormat::kCsv, "a binary", {}), "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE");
  EXPECT_EQ(check(TextFormat::kJson, "a array<int>", {}), "no error");
  EXPECT_EQ(check(TextFormat::kJson, "a int", {{"header", "true"}}), "no error");  // Spark ignores it too
  EXPECT_EQ(check(TextFormat::kCsv, "a int", {{"dateFormat", "dd"}}), "UNSUPPORTED_FEATURE.WRITE_OPTION");
  EXPECT_EQ(check(TextFormat::kCsv, "a int", {{"compression", "bzip2"}}), "INVALID_PARAMETER_VALUE");
  EXPECT_EQ(check(TextFormat::kCsv, "a int", {{"sep", ""}}), "INVALID_PARAMETER_VALUE");
}

TEST_F(TextWriterTest, AFullDiskIsAnErrorThatNamesTheFile) {
  RowsReader reader(StructType::FromDdl("a string"), {Row{{Text("x")}}});
  try {
    WriteText(reader, TextFormat::kCsv, {}, "/dev/full");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.condition(), "TINDERBOX_WRITE_FAILED");
    EXPECT_NE(std::string(e.what()).find("/dev/full"), std::string::npos);
    EXPECT_NE(std::string(e.what()).find("No space left"), std::string::npos);
  }
  RowsReader other(StructType::FromDdl("a string"), {});
  EXPECT_EQ(ConditionOf([&] { WriteText(other, TextFormat::kCsv, {}, folder_.path() / "none" / "x"); }),
            "TINDERBOX_WRITE_FAILED");
}

}  // namespace
}  // namespace tinderbox::engine
