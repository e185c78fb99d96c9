#pragma once

#include "engine/functions/expression_fixture.h"

namespace tinderbox::engine {

/// Evaluates expressions over the rows of range(n): one column `id`, BIGINT.
class RowsTest : public ExpressionTest {
 protected:
  /// "value; value; … : type" of the expression over range(rows), or "E CONDITION". An aggregate gives one value.
  static std::string Over(int rows, const std::string& text) {
    std::vector<OutputColumn> columns(1);
    columns[0].name = "id";
    columns[0].id = "id";
    columns[0].type = DataType(TypeKind::kLong);
    columns[0].nullable = false;
    Scope scope;
    scope.columns = &columns;
    try {
      const Typed typed = TranslateExpression(tinderbox::sql::ParseExpression(text), scope);
      const std::string query =
          "SELECT " + typed.sql.text() + " AS v FROM (SELECT range AS id FROM range(" + std::to_string(rows) + "))";
      const auto described = database->Connect()->Describe(query);
      if (typed.type.kind() != TypeKind::kNull && described.size() == 1) {
        EXPECT_EQ(TypeName(described[0].type.type).text(), TypeName(typed.type).text()) << query;
      }
      const auto stream = OpenStream(database->Connect(), query);
      ArrowBatch batch;
      std::string out;
      while (stream->Next(&batch)) {
        for (int64_t row = 0; row < static_cast<int64_t>(batch.rows()); ++row) {
          const Value value = tinderbox::spark::ToValue(typed.type, batch.column(0), static_cast<size_t>(row));
          EXPECT_TRUE(typed.nullable || !value.is_null()) << query;
          out += (out.empty() ? "" : "; ") + value.ToString();
        }
      }
      return out + " : " + typed.type.SimpleString();
    } catch (const Error& error) {
      return "E " + error.condition();
    }
  }
};

struct RowsCase {
  int rows;
  const char* expression;
  const char* want;
};

}  // namespace tinderbox::engine
