#include "spark/ipc.h"

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <gtest/gtest.h>

#include <limits>

#include "tinderbox/error.h"

namespace tinderbox::spark {
namespace {

Value MakeList(std::vector<Value> items) {
  return std::make_shared<ListValue>(ListValue{std::move(items)});
}
Value Text(const char* text) {
  return std::string(text);
}

StructType UglySchema() {
  return StructType::FromDdl(
      "b boolean, i1 tinyint, i2 smallint, i4 int, i8 bigint, f float, d double, dec decimal(38,10), s string, bin "
      "binary, "
      "date date, t time, ts timestamp, ntz timestamp_ntz, ym interval year to month, dt interval day to second, "
      "l array<array<int>>, m map<string,struct<x:bigint,y:string>>, st struct<a:int,b:array<string>>, n void");
}

std::vector<Row> UglyRows() {
  Row nulls;
  nulls.values.resize(20);
  __int128 big = 1;
  for (int i = 0; i < 38; ++i) big *= 10;
  const auto entry = std::make_shared<StructValue>(StructValue{{"x", "y"}, {Value(int64_t{-1}), Value()}});
  const auto map = std::make_shared<MapValue>(MapValue{{{Text("k"), Value(entry)}, {Text(""), Value()}}});
  const auto record = std::make_shared<StructValue>(StructValue{{"a", "b"}, {Value(), MakeList({Text("x"), Value()})}});
  Row full{{Value(true),
            Value(int64_t{-128}),
            Value(int64_t{-32768}),
            Value(int64_t{-2147483648}),
            Value(std::numeric_limits<int64_t>::min()),
            Value(-0.0f),
            Value(1e308),
            Value(DecimalValue{1 - big, 10}),
            Text("ü\xF0\x9F\xA6\x86"),
            Value(BinaryValue{std::string("\0\xff", 2)}),
            Value(DateValue{-719529}),
            Value(TimeValue{86'399'999'999}),
            Value(TimestampValue{-1}),
            Value(TimestampNtzValue{1}),
            Value(YearMonthIntervalValue{-13}),
            Value(DayTimeIntervalValue{-5}),
            MakeList({MakeList({Value(int64_t{1}), Value()}), Value(), MakeList({})}),
            Value(map),
            Value(record),
            Value()}};
  Row empty = full;
  empty.values[8] = Text("");
  empty.values[16] = MakeList({});
  empty.values[17] = std::make_shared<MapValue>();
  std::vector<Row> rows;
  for (int i = 0; i < 9; ++i) rows.insert(rows.end(), {nulls, full, empty});
  return rows;
}

std::vector<Row> ReadAll(const StructType& schema, const ArrowBatch& batch) {
  std::vector<Row> rows;
  for (int64_t i = 0; i < batch.rows(); ++i) {
    Row row;
    for (size_t c = 0; c < schema.fields.size(); ++c) {
      row.values.push_back(ToValue(schema.fields[c].type, batch.column(c), batch.array().offset + i));
    }
    rows.push_back(row);
  }
  return rows;
}

std::string ConditionOf(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& e) {
    return e.condition();
  }
  return "no error";
}

TEST(Ipc, SchemaGoesThereAndBack) {
  ArrowSchema exported{};
  ExportSchema(UglySchema(), "UTC", &exported);
  StructType back = ImportSchema(exported);
  exported.release(&exported);
  EXPECT_EQ(back, UglySchema());
}

TEST(Ipc, RowsGoThereAndBack) {
  const ArrowBatch batch = ToBatch(UglySchema(), UglyRows());
  EXPECT_EQ(ReadAll(UglySchema(), batch), UglyRows());
}

TEST(Ipc, StreamKeepsEveryRow) {
  std::vector<ArrowBatch> batches;
  batches.push_back(ToBatch(UglySchema(), UglyRows()));
  batches.push_back(ToBatch(UglySchema(), {}));
  batches.push_back(ToBatch(UglySchema(), UglyRows()));
  const auto reader = ReadIpcStream(WriteIpcStream(UglySchema(), batches));
  EXPECT_EQ(reader->schema(), UglySchema());
  ArrowBatch batch;
  int count = 0;
  for (; reader->Next(&batch); ++count) EXPECT_EQ(ReadAll(UglySchema(), batch), UglyRows());
  EXPECT_EQ(count, 2);
}

TEST(Ipc, SlicedBatchesAreReadFromTheirOffset) {
  const std::vector<Row> rows = UglyRows();
  ArrowBatch whole = ToBatch(UglySchema(), rows);
  ArrowArray sliced = whole.Release();
  sliced.offset = 10;
  sliced.length = 5;
  std::vector<ArrowBatch> batches;
  batches.emplace_back(sliced);
  const auto reader = ReadIpcStream(WriteIpcStream(UglySchema(), batches));
  ArrowBatch batch;
  ASSERT_TRUE(reader->Next(&batch));
  EXPECT_EQ(ReadAll(UglySchema(), batch), std::vector<Row>(rows.begin() + 10, rows.begin() + 15));
  EXPECT_EQ(ReadAll(UglySchema(), batches[0]), std::vector<Row>(rows.begin() + 10, rows.begin() + 15));
}

TEST(Ipc, OtherLayoutsAreConverted) {
  auto large = std::make_shared<arrow::LargeStringBuilder>();
  auto view = std::make_shared<arrow::StringViewBuilder>();
  auto nanos = std::make_shared<arrow::TimestampBuilder>(arrow::timestamp(arrow::TimeUnit::NANO, "Europe/Paris"),
                                                         arrow::default_memory_pool());
  auto zoned = std::make_shared<arrow::TimestampBuilder>(arrow::timestamp(arrow::TimeUnit::MICRO, "+02:00"),
                                                         arrow::default_memory_pool());
  ASSERT_TRUE(large->Append("a").ok() && large->AppendNull().ok());
  ASSERT_TRUE(view->Append("a text longer than what is kept inline").ok() && view->AppendNull().ok());
  ASSERT_TRUE(nanos->Append(1'999).ok() && nanos->AppendNull().ok());
  ASSERT_TRUE(zoned->Append(7).ok() && zoned->AppendNull().ok());
  auto dictionary = std::make_shared<arrow::StringDictionaryBuilder>();
  ASSERT_TRUE(dictionary->Append("word").ok() && dictionary->AppendNull().ok());
  std::vector<std::shared_ptr<arrow::Array>> columns = {*large->Finish(), *view->Finish(), *nanos->Finish(),
                                                        *zoned->Finish(), *dictionary->Finish()};
  arrow::FieldVector fields;
  for (const auto& column : columns) fields.push_back(arrow::field("c", column->type()));
  const auto sink = *arrow::io::BufferOutputStream::Create();
  const auto writer = *arrow::ipc::MakeStreamWriter(sink, arrow::schema(fields));
  ASSERT_TRUE(writer->WriteRecordBatch(*arrow::RecordBatch::Make(arrow::schema(fields), 2, columns)).ok());
  ASSERT_TRUE(writer->Close().ok());
  const auto reader = ReadIpcStream((*sink->Finish())->ToString());
  EXPECT_EQ(reader->schema().ToType().SimpleString(), "struct<c:string,c:string,c:timestamp,c:timestamp,c:string>");
  ArrowBatch batch;
  ASSERT_TRUE(reader->Next(&batch));
  const Row expected{{Text("a"), Text("a text longer than what is kept inline"), Value(TimestampValue{1}),
                      Value(TimestampValue{7}), Text("word")}};
  EXPECT_EQ(ReadAll(reader->schema(), batch)[0], expected);
  EXPECT_TRUE(ReadAll(reader->schema(), batch)[1][1].is_null());
}

TEST(Ipc, DamagedStreamsAreErrors) {
  std::vector<ArrowBatch> batches;
  batches.push_back(ToBatch(UglySchema(), UglyRows()));
  const std::string good = WriteIpcStream(UglySchema(), batches);
  const auto drain = [](const std::string& bytes) {
    const auto reader = ReadIpcStream(bytes);
    ArrowBatch batch;
    while (reader->Next(&batch)) ReadAll(reader->schema(), batch);
  };
  EXPECT_EQ(ConditionOf([&] { drain(""); }), "TINDERBOX_BAD_ARROW_STREAM");
  EXPECT_EQ(ConditionOf([&] { drain("not arrow at all, but long enough"); }), "TINDERBOX_BAD_ARROW_STREAM");
  EXPECT_EQ(ConditionOf([&] { drain(good.substr(0, good.size() / 2)); }), "TINDERBOX_BAD_ARROW_STREAM");
  for (size_t at = 0; at < good.size(); at += 7) {
    std::string damaged = good;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    ConditionOf([&] { drain(damaged); });  // an Error or other rows, but never a crash
  }
}

TEST(Ipc, UnknownArrowTypesAreRefusedByName) {
  ArrowSchema exported{};
  ASSERT_TRUE(arrow::ExportSchema(*arrow::schema({arrow::field("odd", arrow::uint64())}), &exported).ok());
  try {
    ImportSchema(exported);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.condition(), "UNSUPPORTED_ARROWTYPE");
    EXPECT_NE(std::string(e.what()).find("odd"), std::string::npos);
  }
  exported.release(&exported);
}

TEST(ToBatch, RefusesWhatDoesNotFit) {
  const auto make = [](const char* ddl, Value value) {
    return ConditionOf([&] { ToBatch(StructType::FromDdl(ddl), {Row{{std::move(value)}}}); });
  };
  EXPECT_EQ(make("a tinyint", Value(int64_t{128})), "CAST_INVALID_INPUT");
  EXPECT_EQ(make("a int", Text("1")), "CAST_INVALID_INPUT");
  EXPECT_EQ(make("a decimal(3,1)", Value(DecimalValue{1000, 1})), "CAST_INVALID_INPUT");
  EXPECT_EQ(make("a decimal(3,1)", Value(DecimalValue{111, 2})), "CAST_INVALID_INPUT");
  EXPECT_EQ(make("a decimal(3,1)", Value(DecimalValue{110, 2})), "no error");
  EXPECT_EQ(make("a string", Text("\xff")), "INVALID_UTF8_STRING");
  EXPECT_EQ(make("a int not null", Value()), "NOT_NULL_ASSERT_VIOLATION");
  EXPECT_EQ(make("a void", Value(true)), "CAST_INVALID_INPUT");
  EXPECT_EQ(ConditionOf([] { ToBatch(StructType::FromDdl("a int, b int"), {Row{{Value()}}}); }), "INVALID_SCHEMA");
}

}  // namespace
}  // namespace tinderbox::spark
