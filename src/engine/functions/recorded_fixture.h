#pragma once

#include <string>

#include "engine/functions/expression_fixture.h"

namespace tinderbox::engine {

/// Expressions beside what Spark 4.2 answers to them, recorded.
class RecordedTest : public ExpressionTest {
 protected:
  /// "value : type", with " nullable" where Spark's schema says so; or "E CONDITION | parameter=value | …".
  static std::string Answer(const std::string& text) {
    static const std::vector<OutputColumn> kNone;
    Scope scope;
    scope.columns = &kNone;
    try {
      const Typed typed = TranslateExpression(tinderbox::sql::ParseExpression(text), scope);
      const auto stream = OpenStream(database->Connect(), "SELECT " + typed.sql.text() + " AS v");
      ArrowBatch batch;
      if (!stream->Next(&batch)) return "no row";
      const Value value = tinderbox::spark::ToValue(typed.type, batch.column(0), 0);
      return value.ToString() + " : " + typed.type.SimpleString() + (typed.nullable ? " nullable" : "");
    } catch (const Error& error) {
      std::string out = "E " + error.condition();
      for (const auto& [name, value] : error.params()) {
        if (name != "docroot") out += " | " + name + "=" + value;
      }
      return out;
    }
  }

  template <size_t kCount>
  static void Check(const ExpressionCase (&cases)[kCount]) {
    for (const ExpressionCase& one : cases) EXPECT_EQ(Answer(one.expression), one.want) << one.expression;
  }
};

}  // namespace tinderbox::engine
