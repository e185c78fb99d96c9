#include "engine/duckdb/connection.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "engine/translate/sql.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

namespace fs = std::filesystem;

DatabaseOptions SmallOptions(uint64_t memory = 512 << 20) {
  return {.memory_bytes = memory, .threads = 2, .temp_directory = {}};
}

/// Counts up; throws at a row when told to.
class CountingSource : public Source {
 public:
  CountingSource(uint64_t rows, int64_t fail_at) : rows_(rows), fail_at_(fail_at) {
    columns_ = {{"n", DataType(TypeKind::kLong)}, {"text", DataType(TypeKind::kString)}};
  }
  const std::vector<StructField>& Columns() const override { return columns_; }
  std::unique_ptr<Scan> Open(std::vector<size_t> projected) override;

  uint64_t rows_;
  int64_t fail_at_;
  std::vector<StructField> columns_;
  std::vector<size_t> last_projected_;
};

class CountingPart : public ScanPart {
 public:
  CountingPart(CountingSource* source, std::vector<size_t> projected)
      : source_(source), projected_(std::move(projected)) {}
  size_t Fill(std::vector<OutVector>& columns) override {
    size_t count = std::min<size_t>(kChunkRows, source_->rows_ - next_);
    for (size_t row = 0; row < count; ++row) {
      int64_t n = static_cast<int64_t>(next_ + row);
      if (n == source_->fail_at_) throw Error("MALFORMED_RECORD", "Row 3 is \"bad\" ]]", {{"row", "3"}});
      for (size_t i = 0; i < columns.size(); ++i) {
        if (projected_[i] == 0) columns[i].Data<int64_t>()[row] = n;
        if (projected_[i] == 1 && n % 3 == 0) columns[i].SetNull(row);
        if (projected_[i] == 1 && n % 3 != 0)
          columns[i].SetString(row, "a text longer than twelve " + std::to_string(n));
      }
    }
    next_ += count;
    return count;
  }

 private:
  CountingSource* source_;
  std::vector<size_t> projected_;
  size_t next_ = 0;
};

class CountingScan : public Scan {
 public:
  CountingScan(CountingSource* source, std::vector<size_t> projected)
      : source_(source), projected_(std::move(projected)) {}
  std::unique_ptr<ScanPart> NewPart() override { return std::make_unique<CountingPart>(source_, projected_); }
  size_t MaxParts() const override { return 1; }

 private:
  CountingSource* source_;
  std::vector<size_t> projected_;
};

std::unique_ptr<Scan> CountingSource::Open(std::vector<size_t> projected) {
  last_projected_ = projected;
  return std::make_unique<CountingScan>(this, std::move(projected));
}

TEST(Connection, StreamsRowsInOrder) {
  Database database(SmallOptions());
  auto stream = OpenStream(database.Connect(), "SELECT range AS n FROM range(100000)");
  int64_t next = 0;
  for (ArrowBatch batch; stream->Next(&batch);) {
    const auto* values = static_cast<const int64_t*>(batch.column(0).buffers[1]);
    for (int64_t row = 0; row < batch.rows(); ++row) ASSERT_EQ(values[row], next++);
  }
  EXPECT_EQ(next, 100000);
}

TEST(Connection, GivesTheFixedLayouts) {
  Database database(SmallOptions());
  auto stream =
      OpenStream(database.Connect(),
                 "SELECT true, CAST(-1.50 AS DECIMAL(5,2)), 'a text longer than twelve', NULL::VARCHAR, [1, NULL, 3], "
                 "MAP {'k': 7}, {'a': 1, 'b': NULL::INTEGER}, CAST([] AS INTEGER[]), NULL::INTEGER[], "
                 "CAST(NULL AS STRUCT(a INTEGER))");
  ArrowBatch batch;
  ASSERT_TRUE(stream->Next(&batch));
  EXPECT_EQ(static_cast<const uint8_t*>(batch.column(0).buffers[1])[0] & 1, 1);
  __int128 decimal;
  std::memcpy(&decimal, batch.column(1).buffers[1], 16);
  EXPECT_EQ(static_cast<int>(decimal), -150);
  const auto* offsets = static_cast<const int32_t*>(batch.column(2).buffers[1]);
  EXPECT_EQ(std::string(static_cast<const char*>(batch.column(2).buffers[2]), offsets[1]), "a text longer than twelve");
  EXPECT_EQ(batch.column(3).null_count, 1);
  EXPECT_EQ(static_cast<const int32_t*>(batch.column(4).buffers[1])[1], 3);
  EXPECT_EQ(batch.column(4).children[0]->null_count, 1);
  const ArrowArray& entries = *batch.column(5).children[0];
  EXPECT_EQ(entries.n_children, 2);
  EXPECT_EQ(static_cast<const int32_t*>(entries.children[1]->buffers[1])[0], 7);
  EXPECT_EQ(batch.column(6).children[1]->null_count, 1);
  EXPECT_EQ(static_cast<const int32_t*>(batch.column(7).buffers[1])[1], 0);
  EXPECT_EQ(batch.column(8).null_count, 1);
  EXPECT_EQ(batch.column(9).null_count, 1);
}

TEST(Connection, ListsThatShareElementsAreUntangled) {
  Database database(SmallOptions());
  auto stream =
      OpenStream(database.Connect(),
                 "SELECT l FROM (SELECT i, [i, i + 1] AS l FROM range(5) t(i)) WHERE i % 2 = 0 ORDER BY i DESC");
  ArrowBatch batch;
  ASSERT_TRUE(stream->Next(&batch));
  ASSERT_EQ(batch.rows(), 3);
  const ArrowArray& list = batch.column(0);
  const auto* offsets = static_cast<const int32_t*>(list.buffers[1]);
  const auto* values = static_cast<const int64_t*>(list.children[0]->buffers[1]);
  EXPECT_EQ(values[offsets[0]], 4);
  EXPECT_EQ(values[offsets[1]], 2);
  EXPECT_EQ(values[offsets[2] + 1], 1);
}

TEST(Connection, AnErrorAfterManyRowsIsNotAnEnd) {
  Database database(SmallOptions());
  auto stream =
      OpenStream(database.Connect(),
                 "SELECT CASE WHEN range = 40000000 THEN CAST('x' AS INTEGER) ELSE 1 END FROM range(50000000)");
  int64_t rows = 0;
  try {
    for (ArrowBatch batch; stream->Next(&batch);) rows += batch.rows();
    FAIL() << "no error after " << rows << " rows";
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "CAST_INVALID_INPUT");
  }
  EXPECT_GT(rows, 0);
  EXPECT_LE(rows, 40000000);
}

TEST(Connection, InterruptEndsARunningQuery) {
  Database database(SmallOptions());
  std::atomic<bool> running = false;
  std::jthread other([&] {
    while (!running) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    database.Interrupt();
  });
  running = true;
  EXPECT_THROW(database.Connect()->Run("SELECT sum(a.range * b.range % 7) FROM range(1000000) a, range(1000000) b"),
               Interrupted);
  EXPECT_EQ(database.Connect()->Text("SELECT 'works again'"), "works again");
}

TEST(Connection, SpillsBeyondTheMemoryLimitWithTheSameAnswer) {
  const char* query =
      "SELECT CAST(count(*) AS VARCHAR) FROM (SELECT md5(CAST(range AS VARCHAR)) AS h FROM range(1500000) ORDER BY h) "
      "WHERE h > '8'";
  Database large(SmallOptions(2ULL << 30)), small(SmallOptions(80 << 20));
  EXPECT_EQ(small.Connect()->Text(query), large.Connect()->Text(query));
  fs::path folder = small.temp_directory();
  EXPECT_TRUE(fs::exists(folder));
}

TEST(Database, RemovesItsTemporaryFolder) {
  fs::path folder;
  {
    Database database(SmallOptions());
    folder = database.temp_directory();
    EXPECT_TRUE(fs::exists(folder));
  }
  EXPECT_FALSE(fs::exists(folder));
}

TEST(Database, ASourceIsReadWithItsProjectionAndItsErrors) {
  Database database(SmallOptions());
  auto good = std::make_shared<CountingSource>(10000, -1);
  auto bad = std::make_shared<CountingSource>(10000, 7000);
  database.Register("counting", [=](std::string_view spec) -> std::shared_ptr<Source> {
    if (spec == "good") return good;
    if (spec == "bad") return bad;
    throw Error("PATH_NOT_FOUND", "There is nothing here.", {{"path", std::string(spec)}});
  });
  EXPECT_EQ(database.Connect()->Text("SELECT max(c1) FROM counting('good')"), "a text longer than twelve 9998");
  EXPECT_EQ(good->last_projected_, std::vector<size_t>{1});
  EXPECT_EQ(database.Connect()->Text("SELECT CAST(count(*) AS VARCHAR) FROM counting('good')"), "10000");
  EXPECT_EQ(database.Connect()->Text("SELECT CAST(count(c1) AS VARCHAR) FROM counting('good')"), "6666");
  try {
    database.Connect()->Run("SELECT sum(c0) FROM counting('bad')");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "MALFORMED_RECORD");
    EXPECT_STREQ(error.what(), "Row 3 is \"bad\" ]]");
    EXPECT_EQ(error.params().at("row"), "3");
  }
  try {
    database.Connect()->Run("FROM counting('elsewhere')");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "PATH_NOT_FOUND");
    EXPECT_EQ(error.params().at("path"), "elsewhere");
  }
}

TEST(Database, NativeFunctionsSeeNullsListsAndFail) {
  Database database(SmallOptions());
  ScalarFunction plus{.name = "test_plus",
                      .parameters = {TypeKind::kLong, TypeKind::kLong},
                      .varargs = {},
                      .result = DataType(TypeKind::kLong),
                      .run = {}};
  plus.run = PerRow([](const ScalarInput& in, size_t row, OutVector& out) {
    if (in[1].Data<int64_t>()[row] == 13) throw Error("ARITHMETIC_OVERFLOW", "thirteen");
    out.Data<int64_t>()[row] = in[0].Data<int64_t>()[row] + in[1].Data<int64_t>()[row];
  });
  ScalarFunction length{.name = "test_length",
                        .parameters = {DataType::Array(DataType(TypeKind::kString))},
                        .varargs = {},
                        .result = DataType(TypeKind::kLong),
                        .run = {}};
  length.run = PerRow([](const ScalarInput& in, size_t row, OutVector& out) {
    auto range = in[0].List(row);
    int64_t sum = 0;
    InVector child = in[0].ListChild();
    for (uint64_t i = 0; i < range.length; ++i) {
      if (!child.IsNull(range.offset + i)) sum += static_cast<int64_t>(child.String(range.offset + i).size());
    }
    out.Data<int64_t>()[row] = sum;
  });
  ScalarFunction count{.name = "test_nulls",
                       .parameters = {},
                       .varargs = {ParameterType::Any()},
                       .result = DataType(TypeKind::kString),
                       .run = {}};
  count.handles_null = true;
  count.run = [](const ScalarInput& in, OutVector& out) {
    for (size_t row = 0; row < in.rows(); ++row) {
      std::string text;
      for (size_t i = 0; i < in.size(); ++i) text += in[i].IsNull(row) ? "N" : "v";
      out.SetString(row, text);
    }
  };
  database.Register({plus, length, count});
  auto text = [&](const char* sql) { return database.Connect()->Text(sql); };
  EXPECT_EQ(text("SELECT string_agg(CAST(coalesce(test_plus(a, b), -1) AS VARCHAR), ' ') FROM "
                 "(VALUES (1, 2), (NULL, 2), (5, NULL), (3, 4)) t(a, b)"),
            "3 -1 -1 7");
  EXPECT_EQ(
      text(
          "SELECT CAST(test_length(list_transform(['a', NULL, 'a rather long text'], lambda x: x || 'b')) AS VARCHAR)"),
      "21");
  EXPECT_EQ(text("SELECT test_nulls(1, NULL, 'x', [1])"), "vNvv");
  try {
    text("SELECT CAST(test_plus(1, range) AS VARCHAR) FROM range(13, 14)");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "ARITHMETIC_OVERFLOW");
    EXPECT_STREQ(error.what(), "thirteen");
  }
}

TEST(Sql, QuotesWhateverTextComes) {
  Database database(SmallOptions());
  for (std::string text :
       {std::string("it's"), std::string("a\0b'", 4), std::string("\\'; DROP TABLE x; --"), std::string("é\"\n")}) {
    EXPECT_EQ(database.Connect()->Text(Concat({Token("SELECT "), StringLiteral(text)}).text()), text);
  }
  EXPECT_EQ(database.Connect()->Describe(Concat({Token("SELECT 1 AS "), Ident("a\"b' c")}).text())[0].name, "a\"b' c");
  EXPECT_EQ(database.Connect()->Text(
                Concat({Token("SELECT CAST("), IntegerLiteral(INT64_MIN), Token(" AS VARCHAR)")}).text()),
            "-9223372036854775808");
}

}  // namespace
}  // namespace tinderbox::engine
