#pragma once

#include <gtest/gtest.h>

#include <string>

#include "engine/duckdb/connection.h"
#include "engine/functions/native.h"
#include "engine/translate/expressions.h"
#include "spark/ipc.h"
#include "spark/proto_expressions.h"
#include "sql/parser.h"
#include "tinderbox/error.h"

namespace tinderbox::engine {

/// Evaluates Spark SQL expressions through the parser, the translation and DuckDB.
class ExpressionTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    DatabaseOptions options;
    options.memory_bytes = uint64_t{1} << 30;
    database = new Database(options);
    database->Register(NativeFunctions());
    database->Register(NativeAggregates());
  }
  static void TearDownTestSuite() {
    delete database;
    database = nullptr;
  }

  /// "value : type", or "E CONDITION". Fails the test when DuckDB's type is not the inferred one, or a NULL comes from
  /// what is said to have none.
  static std::string Evaluate(const proto::Expression& expression, const std::string& time_zone = "UTC") {
    static const std::vector<OutputColumn> kNone;
    Scope scope;
    scope.columns = &kNone;
    scope.time_zone = time_zone;
    try {
      const Typed typed = TranslateExpression(expression, scope);
      const std::string query = "SELECT " + typed.sql.text() + " AS v";
      const auto columns = database->Connect()->Describe(query);
      const auto stream = OpenStream(database->Connect(), query);
      ArrowBatch batch;
      if (!stream->Next(&batch)) return "no row";
      const Value value = tinderbox::spark::ToValue(typed.type, batch.column(0), 0);
      if (typed.type.kind() != TypeKind::kNull && columns.size() == 1) {
        EXPECT_EQ(TypeName(columns[0].type.type).text(), TypeName(typed.type).text()) << query;
      }
      EXPECT_TRUE(typed.nullable || !value.is_null()) << query;
      return value.ToString() + " : " + typed.type.SimpleString();
    } catch (const Error& error) {
      return "E " + error.condition();
    }
  }
  static std::string Evaluate(const std::string& text, const std::string& time_zone = "UTC") {
    try {
      return Evaluate(tinderbox::sql::ParseExpression(text), time_zone);
    } catch (const Error& error) {
      return "E " + error.condition();
    }
  }

  static inline Database* database = nullptr;
};

struct ExpressionCase {
  const char* expression;
  const char* want;
};

}  // namespace tinderbox::engine
