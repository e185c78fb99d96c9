// Any plan, as protobuf bytes or text, and any SQL text in it: the translation ends in an Error that is not
// INTERNAL_ERROR, or in exactly one statement, so that nothing in a plan can smuggle in another.

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "engine/duckdb/connection.h"
#include "engine/translate/relations.h"
#include "spark/proto.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {
namespace {

/// Every table that a plan reads has these columns.
class FuzzLeaves : public Leaves {
 public:
  TranslatedRelation Read(const proto::Read&) override { return Table(); }
  TranslatedRelation Local(const proto::LocalRelation&) override { return Table(); }
  TranslatedRelation Other(const proto::Relation& relation) override {
    if (!relation.has_sql()) return Leaves::Other(relation);
    return TranslateRelation(tinderbox::sql::ParseQuery(relation.sql().query()), *this);
  }
  std::optional<Sql> Persisted(const proto::Relation&, const TranslatedRelation&) override { return std::nullopt; }

 private:
  static TranslatedRelation Table() {
    static const StructType schema = StructType::FromDdl(
        "id BIGINT NOT NULL, name STRING, age INT, score DOUBLE, amount DECIMAL(10,2), at TIMESTAMP, tags "
        "ARRAY<STRING>, "
        "home STRUCT<city: STRING, zip: INT>, `odd \"name'; --` STRING, m MAP<STRING, INT>");
    TranslatedRelation out;
    out.sql = Concat({Token("SELECT * FROM "), Ident("people")});
    out.columns = NewColumns(schema);
    return out;
  }
};

class Silent : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int, google::protobuf::io::ColumnNumber, const std::string&) override {}
};

void Finding(const std::string& what) {
  std::fprintf(stderr, "finding: %s\n", what.c_str());
  std::abort();
}

}  // namespace
}  // namespace tinderbox::engine

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tinderbox::engine;
  tinderbox::proto::Relation relation;
  if (!relation.ParseFromArray(data, static_cast<int>(size)) || relation.rel_type_case() == 0) {
    Silent silent;
    google::protobuf::TextFormat::Parser parser;
    parser.RecordErrorsTo(&silent);
    parser.SetRecursionLimit(3000);
    if (!parser.ParseFromString(std::string(reinterpret_cast<const char*>(data), size), &relation)) return 0;
  }
  static Database database({.memory_bytes = 256 << 20, .threads = 1, .temp_directory = {}});
  FuzzLeaves leaves;
  try {
    const TranslatedRelation out = TranslateRelation(relation, leaves);
    const size_t statements = database.Connect()->CountStatements(out.sql.text());
    if (statements != 1) Finding(std::to_string(statements) + " statements: " + out.sql.text());
  } catch (const tinderbox::Error& error) {
    if (error.condition() == "INTERNAL_ERROR") Finding(error.what());
  }
  return 0;
}
