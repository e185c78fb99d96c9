// Golden plans: tests/plans/x.textproto, a Relation, becomes tests/plans/x.sql, its SQL and columns. TINDERBOX_UPDATE=1
// writes the .sql files anew. DuckDB prepares every one of them, and its column types must be the inferred ones.

#include <fmt/format.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/duckdb/connection.h"
#include "engine/functions/native.h"
#include "engine/translate/relations.h"
#include "spark/proto_relations.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

namespace fs = std::filesystem;

/// Tables that stand here, so that a plan means the same on every machine.
StructType TableSchema(const std::string& name) {
  if (name == "people") {
    return StructType::FromDdl(
        "id BIGINT NOT NULL, name STRING, age INT, score DOUBLE, tags ARRAY<STRING>, home STRUCT<city: STRING, zip: "
        "INT>");
  }
  if (name == "orders")
    return StructType::FromDdl("id BIGINT NOT NULL, person INT, amount DECIMAL(10,2), at TIMESTAMP");
  throw Error("TABLE_OR_VIEW_NOT_FOUND", name);
}

class FixedLeaves : public Leaves {
 public:
  TranslatedRelation Read(const proto::Read& read) override {
    const std::string& name = read.named_table().unparsed_identifier();
    TranslatedRelation out;
    out.columns = NewColumns(TableSchema(name));
    out.sql = Concat({Token("SELECT *\nFROM "), Ident(name)});
    return out;
  }
  TranslatedRelation Local(const proto::LocalRelation&) override {
    throw Error("INTERNAL_ERROR", "no local rows here");
  }
  std::optional<Sql> Persisted(const proto::Relation&, const TranslatedRelation&) override { return std::nullopt; }
};

std::string ReadText(const fs::path& path) {
  std::ifstream in(path);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::vector<fs::path> PlanFiles() {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator("tests/plans")) {
    if (entry.path().extension() == ".textproto") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

class PlansTest : public ::testing::TestWithParam<fs::path> {};

TEST_P(PlansTest, GivesTheExpectedSql) {
  proto::Relation relation;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(ReadText(GetParam()), &relation));
  FixedLeaves leaves;
  std::string actual;
  try {
    TranslatedRelation translated = TranslateRelation(relation, leaves);
    actual = translated.sql.text() + "\n";
    for (const OutputColumn& column : translated.columns) {
      actual += fmt::format("-- {} {}{}\n", column.name, column.type.Sql(), column.nullable ? "" : " NOT NULL");
    }
    Database database({.memory_bytes = 256 << 20, .threads = 1, .temp_directory = {}});
    database.Register(NativeFunctions());
    database.Register(NativeAggregates());
    Lease lease = database.Connect();
    for (const char* name : {"people", "orders"}) {
      std::vector<Sql> columns;
      for (const StructField& field : TableSchema(name).fields) {
        columns.push_back(Concat({Ident(field.name), Token(" "), TypeName(field.type)}));
      }
      lease->Run(Concat({Token("CREATE TABLE "), Ident(name), Token("("), Join(columns, ", "), Token(")")}).text());
    }
    std::vector<EngineColumn> described = lease->Describe(translated.sql.text());
    ASSERT_EQ(described.size(), translated.columns.size());
    for (size_t i = 0; i < described.size(); ++i) {
      EXPECT_EQ(described[i].name, translated.columns[i].id);
      EXPECT_EQ(TypeName(described[i].type.type).text(), TypeName(translated.columns[i].type).text())
          << described[i].name;
    }
  } catch (const Error& error) {
    actual = fmt::format("-- error {}\n-- {}\n", error.condition(), error.what());
  }
  fs::path expected = fs::path(GetParam()).replace_extension(".sql");
  if (std::getenv("TINDERBOX_UPDATE") != nullptr) std::ofstream(expected) << actual;
  EXPECT_EQ(actual, ReadText(expected));
}

INSTANTIATE_TEST_SUITE_P(Golden, PlansTest, ::testing::ValuesIn(PlanFiles()),
                         [](const auto& plan) { return plan.param.stem().string(); });

}  // namespace
}  // namespace tinderbox::engine
