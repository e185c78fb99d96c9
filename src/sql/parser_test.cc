#include "sql/parser.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "spark/proto.h"
#include "tinderbox/error.h"

namespace tinderbox::sql {

namespace {

/// The expression in prefix form: "(+ a (* 1 b))".
std::string Show(const proto::Expression& e) {
  if (e.has_unresolved_attribute()) return e.unresolved_attribute().unparsed_identifier();
  if (e.has_unresolved_named_lambda_variable()) return "$" + e.unresolved_named_lambda_variable().name_parts(0);
  if (e.has_unresolved_function()) {
    std::string out = "(" + e.unresolved_function().function_name();
    for (const auto& argument : e.unresolved_function().arguments()) out += " " + Show(argument);
    return out + ")";
  }
  if (e.has_alias()) return Show(e.alias().expr()) + " as " + e.alias().name(0);
  if (e.has_cast()) return "(cast " + Show(e.cast().expr()) + " " + e.cast().type_str() + ")";
  if (e.has_unresolved_extract_value()) {
    return Show(e.unresolved_extract_value().child()) + "[" + Show(e.unresolved_extract_value().extraction()) + "]";
  }
  std::string out;
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetUseUtf8StringEscaping(true);
  printer.PrintToString(e.has_literal() ? static_cast<const google::protobuf::Message&>(e.literal()) : e, &out);
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string Parsed(std::string_view text) {
  try {
    return Show(ParseExpression(text));
  } catch (const Error& error) {
    return error.condition();
  }
}

TEST(ParseExpressionTest, PrecedenceIsSparks) {
  EXPECT_EQ(Parsed("a or b and not c = d"), "(or a (and b (not (== c d))))");
  EXPECT_EQ(Parsed("a + b * c - d"), "(- (+ a (* b c)) d)");
  EXPECT_EQ(Parsed("a | b ^ c & d"), "(| a (^ b (& c d)))");
  EXPECT_EQ(Parsed("-a * b"), "(* (- a) b)");
  EXPECT_EQ(Parsed("a || b || c"), "(concat (concat a b) c)");
  EXPECT_EQ(Parsed("a = b is null"), "(isnull (== a b))");
  EXPECT_EQ(Parsed("a between b and c and d"), "(and (between a b c) d)");
  EXPECT_EQ(Parsed("a <=> b"), "(<=> a b)");
  EXPECT_EQ(Parsed("a is not distinct from b"), "(<=> a b)");
  EXPECT_EQ(Parsed("a not in (b, c)"), "(not (in a b c))");
  EXPECT_EQ(Parsed("a::decimal(10,2)::array<array<int>>"), "(cast (cast a decimal(10,2)) array<array<int>>)");
  EXPECT_EQ(Parsed("a.b['k'].c"), "a.b[string: \"k\"][string: \"c\"]");
}

TEST(ParseExpressionTest, LiteralsKeepTheirTypes) {
  EXPECT_EQ(Parsed("1"), "integer: 1");
  EXPECT_EQ(Parsed("-2147483648"), "integer: -2147483648");
  EXPECT_EQ(Parsed("2147483648"), "long: 2147483648");
  EXPECT_EQ(Parsed("1L"), "long: 1");
  EXPECT_EQ(Parsed("1S"), "short: 1");
  EXPECT_EQ(Parsed("-128Y"), "byte: -128");
  EXPECT_EQ(Parsed("128Y"), "INVALID_NUMERIC_LITERAL_RANGE");
  EXPECT_EQ(Parsed("1.5F"), "float: 1.5");
  EXPECT_EQ(Parsed("1e3"), "double: 1000");
  EXPECT_EQ(Parsed("0.5BD"), "decimal { value: \"0.5\" precision: 1 scale: 1 }");
  EXPECT_EQ(Parsed("123.45"), "decimal { value: \"123.45\" precision: 5 scale: 2 }");
  EXPECT_EQ(Parsed("x'1F'"), "binary: \"\\037\"");
  EXPECT_EQ(Parsed("interval '1-2' year to month"),
            "year_month_interval: 14 data_type { year_month_interval { start_field: 0 end_field: 1 } }");
  EXPECT_EQ(Parsed("interval 2 hours 3 minutes"),
            "day_time_interval: 7380000000 data_type { day_time_interval { start_field: 1 end_field: 2 } }");
  EXPECT_EQ(Parsed("interval 1 month 1 day"), "_LEGACY_ERROR_TEMP_0029");
}

TEST(ParseExpressionTest, StringEscapesAreSparks) {
  const auto text = [](std::string_view sql) { return ParseExpression(sql).literal().string(); };
  EXPECT_EQ(text(R"('it\'s')"), "it's");
  EXPECT_EQ(text(R"('it''s')"), "it's");
  EXPECT_EQ(text(R"("a'b")"), "a'b");
  EXPECT_EQ(text(R"('\u0041\101\n')"), "AA\n");
  EXPECT_EQ(text(R"('\%\_')"), R"(\%\_)");
  EXPECT_EQ(text(R"(r'\d+')"), R"(\d+)");
  EXPECT_EQ(text(R"('a' 'b')"), "ab");
  EXPECT_EQ(text(R"('\ud83e\udd86')"), "🦆");
}

TEST(ParseExpressionTest, NamesAreQuotedAgain) {
  EXPECT_EQ(Parsed("`a.b`.c"), "`a.b`.c");
  EXPECT_EQ(Parsed("`a``b`"), "`a``b`");
  EXPECT_EQ(Parsed("a b"), "a as b");
  EXPECT_EQ(Parsed("a AS `b c`"), "a as b c");
}

TEST(ParseExpressionTest, LambdaVariablesHideColumns) {
  const auto lambda =
      ParseExpression("transform(a, (x, i) -> x + i + y)").unresolved_function().arguments(1).lambda_function();
  EXPECT_EQ(lambda.arguments_size(), 2);
  EXPECT_EQ(Show(lambda.function()), "(+ (+ $x $i) y)");
}

TEST(ParseExpressionTest, WindowsAndFilters) {
  const auto window =
      ParseExpression("sum(a) over (partition by b order by c desc rows between 2 preceding and current row)").window();
  EXPECT_EQ(window.partition_spec_size(), 1);
  EXPECT_EQ(window.order_spec(0).direction(), proto::Expression::SortOrder::SORT_DIRECTION_DESCENDING);
  EXPECT_EQ(window.order_spec(0).null_ordering(), proto::Expression::SortOrder::SORT_NULLS_LAST);
  const auto& lower = window.frame_spec().lower().value().unresolved_function();
  EXPECT_EQ(lower.function_name(), "-");
  EXPECT_EQ(lower.arguments(0).literal().integer(), 2);
  EXPECT_TRUE(window.frame_spec().upper().current_row());
}

TEST(ParseExpressionTest, ErrorsNameThePlace) {
  try {
    ParseExpression("a +\n  * ) b");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.condition(), "PARSE_SYNTAX_ERROR");
    EXPECT_EQ(error.params().at("error"), "')'");
    EXPECT_EQ(error.contexts().at(0).summary, " (line 2, pos 4)\n\n== SQL ==\na +\n  * ) b\n----^^^\n");
  }
  for (const char* bad : {"", "(", "a b c", "'open", "`open", "a +", "case when a end", "cast(a as", "f(a", "1.5abc",
                          "a in ()", "/* x", "\xff\xfe("}) {
    EXPECT_THROW(ParseExpression(bad), Error) << bad;
  }
}

TEST(ParseExpressionTest, DepthIsBounded) {
  EXPECT_NO_THROW(ParseExpression(std::string(200, '(') + "a" + std::string(200, ')')));
  EXPECT_THROW(ParseExpression(std::string(100000, '(') + "a"), Error);
  std::string chain = "a";
  for (int i = 0; i < 5000; ++i) chain += "+a";
  EXPECT_NO_THROW(ParseExpression(chain));
  for (int i = 0; i < 5000; ++i) chain += i % 2 == 0 ? " > 1 and a" : " > 1 or a";
  EXPECT_NO_THROW(ParseExpression(chain));
  std::string nots;
  for (int i = 0; i < 5000; ++i) nots += "not ";
  EXPECT_THROW(ParseExpression(nots + "a"), Error);
}

}  // namespace

}  // namespace tinderbox::sql
