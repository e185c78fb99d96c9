#pragma once

#include "engine/functions/expression_fixture.h"

namespace tinderbox::engine {

/// Compares expressions with the answers of Spark: "text : type", " nullable" behind the type where the value may be
/// NULL, or "E CONDITION". The text is what CAST(value AS STRING) gives.
class AnswersTest : public ExpressionTest {
 protected:
  static std::string Answer(const std::string& text, const std::string& time_zone, bool ansi) {
    static const std::vector<OutputColumn> kNone;
    Scope scope;
    scope.columns = &kNone;
    scope.time_zone = time_zone;
    scope.ansi = ansi;
    try {
      const Typed typed = TranslateExpression(tinderbox::sql::ParseExpression(text), scope);
      const Typed shown = TranslateCast(typed, DataType(TypeKind::kString), scope, false);
      const auto columns = database->Connect()->Describe("SELECT " + typed.sql.text() + " AS v");
      if (typed.type.kind() != TypeKind::kNull && columns.size() == 1) {
        EXPECT_EQ(TypeName(columns[0].type.type).text(), TypeName(typed.type).text()) << text;
      }
      const auto stream = OpenStream(database->Connect(), "SELECT " + shown.sql.text() + " AS v");
      ArrowBatch batch;
      if (!stream->Next(&batch)) return "no row";
      const Value value = tinderbox::spark::ToValue(shown.type, batch.column(0), 0);
      return (value.is_null() ? "NULL" : value.As<std::string>()) + " : " + typed.type.SimpleString() +
             (typed.nullable ? " nullable" : "");
    } catch (const Error& error) {
      if (error.condition() == "INTERNAL_ERROR") ADD_FAILURE() << text << ": " << error.what();
      return "E " + error.condition();
    }
  }

  template <size_t N>
  static void Check(const ExpressionCase (&cases)[N], const std::string& time_zone, bool ansi) {
    for (const ExpressionCase& one : cases) {
      EXPECT_EQ(Answer(one.expression, time_zone, ansi), one.want) << one.expression;
    }
  }
};

}  // namespace tinderbox::engine
