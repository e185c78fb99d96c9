#include "engine/embedded_session.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/temp_dir.h"
#include "spark/ipc.h"
#include "spark/proto.h"
#include "spark/row_holder.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

namespace fs = std::filesystem;
using Write = proto::WriteOperation;

proto::Relation Range(int64_t end) {
  proto::Relation out;
  out.mutable_range()->set_end(end);
  out.mutable_range()->set_step(1);
  return out;
}

proto::Expression Attribute(const std::string& name) {
  proto::Expression out;
  out.mutable_unresolved_attribute()->set_unparsed_identifier(name);
  return out;
}

proto::Expression Integer(int value) {
  proto::Expression out;
  out.mutable_literal()->set_integer(value);
  return out;
}

proto::Expression Function(const std::string& name, std::vector<proto::Expression> arguments) {
  proto::Expression out;
  out.mutable_unresolved_function()->set_function_name(name);
  for (auto& argument : arguments) *out.mutable_unresolved_function()->add_arguments() = argument;
  return out;
}

proto::Relation Filter(const proto::Relation& input, const proto::Expression& condition) {
  proto::Relation out;
  *out.mutable_filter()->mutable_input() = input;
  *out.mutable_filter()->mutable_condition() = condition;
  return out;
}

proto::Relation WithColumn(const proto::Relation& input, const std::string& name, const proto::Expression& value) {
  proto::Relation out;
  *out.mutable_with_columns()->mutable_input() = input;
  auto* alias = out.mutable_with_columns()->add_aliases();
  alias->add_name(name);
  *alias->mutable_expr() = value;
  return out;
}

proto::Relation Read(const fs::path& path, const std::string& format = "parquet") {
  proto::Relation out;
  out.mutable_read()->mutable_data_source()->set_format(format);
  out.mutable_read()->mutable_data_source()->add_paths(path.string());
  return out;
}

proto::Command WriteTo(const fs::path& path, const proto::Relation& input, Write::SaveMode mode,
                       const std::vector<std::string>& partitions = {}, const std::string& format = "parquet") {
  proto::Command out;
  auto* write = out.mutable_write_operation();
  *write->mutable_input() = input;
  write->set_source(format);
  write->set_path(path.string());
  write->set_mode(mode);
  for (const auto& name : partitions) write->add_partitioning_columns(name);
  return out;
}

/// The only part file of a folder.
fs::path Part(const fs::path& folder) {
  fs::path out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with("part-")) continue;
    EXPECT_TRUE(out.empty()) << "more than one part file";
    out = entry.path();
  }
  return out;
}

std::string Bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

class EmbeddedSessionTest : public ::testing::Test {
 protected:
  static std::shared_ptr<spark::Session> Open(int threads = 2) {
    EmbeddedOptions options;
    options.threads = threads;
    return OpenSession(OpenEngine(options));
  }

  std::vector<Row> Collect(const proto::Relation& relation) {
    std::vector<Row> rows;
    auto reader = session_->Execute(relation);
    for (ArrowBatch batch; reader->Next(&batch);) {
      for (int64_t i = 0; i < batch.rows(); ++i) {
        Row row;
        for (size_t c = 0; c < reader->schema().fields.size(); ++c) {
          row.values.push_back(spark::ToValue(reader->schema().fields[c].type, batch.column(c), i));
        }
        rows.push_back(std::move(row));
      }
    }
    return rows;
  }
  int64_t Count(const proto::Relation& relation) { return static_cast<int64_t>(Collect(relation).size()); }
  template <typename Call>
  static std::string ConditionOf(Call call) {
    try {
      call();
      return "no error";
    } catch (const Error& error) {
      return error.condition();
    }
  }

  base::TempDir dir_;
  std::shared_ptr<spark::Session> session_ = Open();
};

TEST_F(EmbeddedSessionTest, RunsAndDescribesAPlan) {
  proto::Relation plan = Filter(Range(10), Function(">", {Attribute("id"), Integer(6)}));
  EXPECT_EQ(session_->Schema(plan), (StructType{{{"id", DataType(TypeKind::kLong), false}}}));
  std::vector<Row> rows = Collect(plan);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0][0].As<int64_t>(), 7);
  EXPECT_NE(session_->Explain(plan).find("range(0, 10, 1)"), std::string::npos);
}

TEST_F(EmbeddedSessionTest, LocalRowsOfEveryLayoutComeBackUnchanged) {
  StructType schema = StructType::FromDdl(
      "b BOOLEAN, y TINYINT, s SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, d4 DECIMAL(4,1), d9 DECIMAL(9,1), d18 "
      "DECIMAL(18,1), "
      "d38 DECIMAL(38,10), t STRING, x BINARY, day DATE, at TIMESTAMP, wall TIMESTAMP_NTZ, a ARRAY<ARRAY<STRING>>, m "
      "MAP<STRING, INT>, "
      "n STRUCT<a: INT, b: ARRAY<INT>>");
  auto list = [](std::vector<Value> items) { return std::make_shared<ListValue>(ListValue{std::move(items)}); };
  auto text = [](const char* value) { return Value(std::string(value)); };
  auto number = [](int64_t value) { return Value(value); };
  Row full{{true, number(-1), number(2), number(3), number(1LL << 60), 1.5f, -0.25, DecimalValue{-123, 1},
            DecimalValue{12345678, 1}, DecimalValue{1LL << 55, 1}, DecimalValue{-(__int128{1} << 100), 10},
            text("é, longer than twelve bytes"), BinaryValue{std::string("\0\xff", 2)}, DateValue{-1},
            TimestampValue{-1}, TimestampNtzValue{86400000001},
            list({Value(list({text("a"), Value()})), Value(list({})), Value()}),
            std::make_shared<MapValue>(MapValue{{{text("k"), number(1)}, {text("l"), Value()}}}),
            std::make_shared<StructValue>(StructValue{{"a", "b"}, {Value(), Value(list({number(4), number(5)}))}})}};
  Row nulls{std::vector<Value>(schema.fields.size())};
  std::vector<Row> rows;
  for (int i = 0; i < 3000; ++i) rows.push_back(i % 3 == 0 ? nulls : full);
  std::vector<ArrowBatch> batches;
  batches.push_back(spark::ToBatch(schema, rows));
  proto::Relation plan;
  plan.mutable_local_relation()->set_data(spark::WriteIpcStream(schema, batches));
  plan.mutable_local_relation()->set_schema(schema.Json());
  EXPECT_EQ(Collect(plan), rows);
  // And through a Parquet file, whose footer tells Spark's types.
  session_->Execute(WriteTo(dir_.path() / "all", plan, Write::SAVE_MODE_ERROR_IF_EXISTS));
  EXPECT_EQ(session_->Schema(Read(dir_.path() / "all")), schema);
  EXPECT_EQ(Collect(Read(dir_.path() / "all")), rows);
}

/// A batch of one INT column, which says in `alive` whether its memory is still held.
ArrowBatch Watched(const StructType& schema, int rows, bool* alive) {
  struct Owner {
    ArrowArray array;
    bool* alive;
  };
  std::vector<Row> values;
  for (int i = 0; i < rows; ++i) values.push_back({{Value(int64_t{i})}});
  ArrowArray outer = spark::ToBatch(schema, values).Release();
  *alive = true;
  ArrowArray out = outer;
  out.private_data = new Owner{outer, alive};
  out.release = [](ArrowArray* array) {
    auto* owner = static_cast<Owner*>(array->private_data);
    *owner->alive = false;
    owner->array.release(&owner->array);
    delete owner;
    array->release = nullptr;
  };
  return ArrowBatch(out);
}

TEST_F(EmbeddedSessionTest, HeldRowsAreReadWhereTheyLie) {
  const StructType schema = StructType::FromDdl("n INT");
  auto& holder = dynamic_cast<spark::RowHolder&>(*session_);
  bool alive = false;
  proto::Relation plan;
  std::vector<ArrowBatch> batches;
  batches.push_back(Watched(schema, 5000, &alive));
  auto held = holder.Hold(schema, std::move(batches), &plan);
  EXPECT_LT(plan.ByteSizeLong(), 200U);
  EXPECT_EQ(Count(plan), 5000);
  EXPECT_EQ(session_->Schema(plan), schema);
  EXPECT_TRUE(alive);
  // A view, here of a clone, has them on its own account.
  const std::shared_ptr<spark::Session> clone = session_->Clone();
  proto::Command view;
  view.mutable_create_dataframe_view()->set_name("rows");
  view.mutable_create_dataframe_view()->set_replace(true);
  *view.mutable_create_dataframe_view()->mutable_input() = plan;
  clone->Execute(view);
  auto reader = clone->Execute(plan);
  held.reset();
  EXPECT_TRUE(alive);
  int64_t rows = 0;
  for (ArrowBatch batch; reader->Next(&batch);) rows += batch.rows();
  EXPECT_EQ(rows, 5000);
  reader.reset();
  EXPECT_TRUE(alive);
  proto::Command drop;
  drop.mutable_sql_command()->mutable_input()->mutable_sql()->set_query("DROP VIEW rows");
  clone->Execute(drop);
  EXPECT_FALSE(alive);
  EXPECT_EQ(ConditionOf([&] { session_->Execute(plan); }), "CONNECT_INVALID_PLAN");
}

TEST_F(EmbeddedSessionTest, HeldRowsThatCannotBeReadAreRefused) {
  const StructType schema = StructType::FromDdl("t STRING");
  std::vector<ArrowBatch> batches;
  batches.push_back(spark::ToBatch(schema, {{{Value(std::string("x"))}}}));
  *static_cast<char*>(const_cast<void*>(batches[0].column(0).buffers[2])) = '\xff';
  proto::Relation plan;
  EXPECT_EQ(ConditionOf([&] { dynamic_cast<spark::RowHolder&>(*session_).Hold(schema, std::move(batches), &plan); }),
            "TINDERBOX_BAD_ARROW_STREAM");
}

TEST_F(EmbeddedSessionTest, WritesSparksLayoutAndHonoursTheModes) {
  fs::path out = dir_.path() / "out";
  session_->Execute(WriteTo(out, Range(5), Write::SAVE_MODE_ERROR_IF_EXISTS));
  EXPECT_TRUE(fs::exists(out / "_SUCCESS"));
  const std::string name = Part(out).filename().string();
  EXPECT_EQ(name.size(), std::string("part-00000-00112233-4455-6677-8899-aabbccddeeff-c000.snappy.parquet").size());
  EXPECT_TRUE(name.ends_with("-c000.snappy.parquet")) << name;
  EXPECT_EQ(ConditionOf([&] { session_->Execute(WriteTo(out, Range(6), Write::SAVE_MODE_ERROR_IF_EXISTS)); }),
            "PATH_ALREADY_EXISTS");
  session_->Execute(WriteTo(out, Range(6), Write::SAVE_MODE_IGNORE));
  EXPECT_EQ(Count(Read(out)), 5);
  session_->Execute(WriteTo(out, Range(6), Write::SAVE_MODE_APPEND));
  EXPECT_EQ(Count(Read(out)), 11);
  session_->Execute(WriteTo(out, Range(0), Write::SAVE_MODE_OVERWRITE));
  EXPECT_EQ(Count(Read(out)), 0);
  EXPECT_EQ(session_->Schema(Read(out)).fields[0].name, "id");
  EXPECT_EQ(ConditionOf([&] { session_->Execute(WriteTo(out, Read(out), Write::SAVE_MODE_OVERWRITE)); }),
            "UNSUPPORTED_OVERWRITE.PATH");
}

TEST_F(EmbeddedSessionTest, AFailedWriteLeavesWhatWasThere) {
  fs::path out = dir_.path() / "out";
  session_->Execute(WriteTo(out, Range(5), Write::SAVE_MODE_ERROR_IF_EXISTS));
  proto::Relation bad =
      WithColumn(Range(300000), "q", Function("/", {Integer(1), Function("-", {Attribute("id"), Integer(200000)})}));
  EXPECT_EQ(ConditionOf([&] { session_->Execute(WriteTo(out, bad, Write::SAVE_MODE_OVERWRITE)); }), "DIVIDE_BY_ZERO");
  EXPECT_EQ(Count(Read(out)), 5);
  int entries = 0;
  for (const auto& entry : fs::directory_iterator(dir_.path()))
    entries += entry.path().filename() != "" && entry.is_directory();
  EXPECT_EQ(entries, 1) << "a staging folder was left behind";
}

TEST_F(EmbeddedSessionTest, FilesAreTheSameForAnyNumberOfThreads) {
  proto::Relation plan =
      Filter(Range(400000), Function("!=", {Function("%", {Attribute("id"), Integer(7)}), Integer(3)}));
  session_->Execute(WriteTo(dir_.path() / "source", plan, Write::SAVE_MODE_ERROR_IF_EXISTS));
  proto::Relation again =
      Filter(Read(dir_.path() / "source"), Function("!=", {Function("%", {Attribute("id"), Integer(5)}), Integer(3)}));
  std::vector<std::string> files;
  for (int threads : {1, 2, 4}) {
    fs::path out = dir_.path() / ("threads" + std::to_string(threads));
    Open(threads)->Execute(WriteTo(out, again, Write::SAVE_MODE_ERROR_IF_EXISTS));
    files.push_back(Bytes(Part(out)));
  }
  EXPECT_FALSE(files[0].empty());
  EXPECT_TRUE(files[0] == files[1] && files[1] == files[2]);
}

TEST_F(EmbeddedSessionTest, PartitionsAreWrittenAndReadBack) {
  proto::Expression text;
  text.mutable_literal()->set_string("a/b=c");
  proto::Relation plan =
      WithColumn(WithColumn(Range(10), "part", Function("%", {Attribute("id"), Integer(3)})), "odd", text);
  fs::path out = dir_.path() / "out";
  session_->Execute(WriteTo(out, plan, Write::SAVE_MODE_ERROR_IF_EXISTS, {"part", "odd"}));
  EXPECT_TRUE(Part(out / "part=1" / "odd=a%2Fb%3Dc").string().ends_with(".c000.snappy.parquet"));
  StructType schema = session_->Schema(Read(out));
  ASSERT_EQ(schema.fields.size(), 3u);
  EXPECT_EQ(schema.fields[1].type.kind(), TypeKind::kInteger);
  std::vector<Row> rows = Collect(Read(out));
  ASSERT_EQ(rows.size(), 10u);
  for (const Row& row : rows) {
    EXPECT_EQ(row[0].As<int64_t>() % 3, row[1].As<int64_t>());
    EXPECT_EQ(row[2].As<std::string>(), "a/b=c");
  }
}

TEST_F(EmbeddedSessionTest, APersistedRelationIsReadWhereverItOccurs) {
  fs::path file = dir_.path() / "in";
  session_->Execute(WriteTo(file, Range(5), Write::SAVE_MODE_ERROR_IF_EXISTS));
  proto::Relation base = Read(file);
  base.mutable_common()->set_plan_id(1);
  session_->Persist(base);
  session_->Persist(base);
  EXPECT_EQ(Count(base), 5);  // computed now
  fs::remove(Part(file));
  Open()->Execute(
      WriteTo(file, Range(9), Write::SAVE_MODE_OVERWRITE));  // another engine, of which this one knows nothing
  base.mutable_common()->set_plan_id(77);                    // an equal relation of another DataFrame
  proto::Relation above = Filter(base, Function(">=", {Attribute("id"), Integer(0)}));
  EXPECT_EQ(Count(above), 5);
  session_->Unpersist(base);
  EXPECT_EQ(Count(above), 9);
  session_->Unpersist(base);
}

TEST_F(EmbeddedSessionTest, WritingToWhatAPersistedRelationReadsComputesItAgain) {
  fs::path file = dir_.path() / "in";
  session_->Execute(WriteTo(file, Range(5), Write::SAVE_MODE_ERROR_IF_EXISTS));
  session_->Persist(Read(file));
  EXPECT_EQ(Count(Read(file)), 5);
  session_->Execute(WriteTo(file, Range(4), Write::SAVE_MODE_APPEND));
  EXPECT_EQ(Count(Read(file)), 9);
  fs::remove_all(file);
  Open()->Execute(WriteTo(file, Range(1), Write::SAVE_MODE_OVERWRITE));
  EXPECT_EQ(Count(Read(file)), 9);
}

TEST_F(EmbeddedSessionTest, DeepPlansAreRefusedNotCrashed) {
  auto nest = [](int depth) {
    proto::Relation root;
    proto::Relation* at = &root;
    for (int i = 0; i < depth; ++i) {
      at->mutable_limit()->set_limit(3);
      at = at->mutable_limit()->mutable_input();
    }
    *at = Range(10);
    return root;
  };
  EXPECT_EQ(Count(nest(900)), 3);
  proto::Relation deep = nest(10000);
  EXPECT_EQ(ConditionOf([&] { session_->Execute(deep); }), "TINDERBOX_PLAN_TOO_DEEP");
  EXPECT_EQ(ConditionOf([&] { session_->Persist(deep); }), "TINDERBOX_PLAN_TOO_DEEP");
}

TEST_F(EmbeddedSessionTest, RefusesWithSparksConditions) {
  EXPECT_EQ(ConditionOf([&] { session_->Execute(Read(dir_.path() / "missing")); }), "PATH_NOT_FOUND");
  fs::create_directories(dir_.path() / "empty");
  EXPECT_EQ(ConditionOf([&] { session_->Execute(Read(dir_.path() / "empty")); }), "UNABLE_TO_INFER_SCHEMA");
  std::ofstream(dir_.path() / "broken.parquet") << "PAR1 this is none";
  EXPECT_EQ(ConditionOf([&] { session_->Execute(Read(dir_.path() / "broken.parquet")); }),
            "FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER");
  EXPECT_EQ(ConditionOf([&] { session_->Execute(Read(dir_.path(), "orc")); }), "UNSUPPORTED_FEATURE.DATA_SOURCE");
  EXPECT_EQ(ConditionOf([&] { session_->Execute(Read(dir_.path(), "nosuch")); }), "DATA_SOURCE_NOT_FOUND");
  EXPECT_EQ(ConditionOf([&] { session_->SetConf("spark.sql.session.timeZone", "Mars/Olympus"); }),
            "INVALID_CONF_VALUE.TIME_ZONE");
  session_->SetConf("spark.sql.session.timeZone", "Europe/Paris");
  EXPECT_EQ(session_->GetConf("spark.sql.session.timeZone"), "Europe/Paris");
}

TEST_F(EmbeddedSessionTest, ReadersOutliveNothingTheyNeed) {
  std::unique_ptr<BatchReader> reader = session_->Execute(Range(100000));
  session_.reset();
  int64_t rows = 0;
  for (ArrowBatch batch; reader->Next(&batch);) rows += batch.rows();
  EXPECT_EQ(rows, 100000);
}

}  // namespace
}  // namespace tinderbox::engine
