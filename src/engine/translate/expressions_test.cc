// Operators, casts, aggregates and windows against Spark 4.2 (ANSI), and the translation's own rules.
#include "engine/translate/expressions.h"

#include <random>

#include "engine/functions/expression_fixture.h"

namespace tinderbox::engine {

namespace {

class ExpressionsTest : public ExpressionTest {};

constexpr ExpressionCase kCases[] = {
    {R"~(1 + 1)~", R"~(2 : int)~"},
    {R"~(1L + 1)~", R"~(2 : bigint)~"},
    {R"~(1/2)~", R"~(0.5 : double)~"},
    {R"~(1/0)~", R"~(E DIVIDE_BY_ZERO)~"},
    {R"~(1.0/0)~", R"~(E DIVIDE_BY_ZERO)~"},
    {R"~(5 div 2)~", R"~(2 : bigint)~"},
    {R"~(-5 div 2)~", R"~(-2 : bigint)~"},
    {R"~(1 div 0)~", R"~(E DIVIDE_BY_ZERO)~"},
    {R"~(pmod(-7, 3))~", R"~(2 : int)~"},
    {R"~(-7 % 3)~", R"~(-1 : int)~"},
    {R"~(1 % 0)~", R"~(E REMAINDER_BY_ZERO)~"},
    {R"~(2147483647 + 1)~", R"~(E ARITHMETIC_OVERFLOW)~"},
    {R"~(9223372036854775807 + 1)~", R"~(E ARITHMETIC_OVERFLOW)~"},
    {R"~(cast(12.5 as int))~", R"~(12 : int)~"},
    {R"~(cast(-12.5 as int))~", R"~(-12 : int)~"},
    {R"~(cast(12.5D as int))~", R"~(12 : int)~"},
    {R"~(cast('12.7' as int))~", R"~(E CAST_INVALID_INPUT)~"},
    {R"~(cast(' 12 ' as int))~", R"~(12 : int)~"},
    {R"~(try_cast('12.7' as int))~", R"~(NULL : int)~"},
    {R"~(cast(300 as tinyint))~", R"~(E CAST_OVERFLOW)~"},
    {R"~(try_cast(300 as tinyint))~", R"~(NULL : tinyint)~"},
    {R"~(cast(cast(1 as decimal(10,2)) / cast(3 as decimal(10,2)) as string))~", R"~(0.3333333333333 : string)~"},
    {R"~(cast(1 as decimal(10,2)) / cast(3 as decimal(10,2)))~", R"~(0.3333333333333 : decimal(23,13))~"},
    {R"~(cast(1.5 as decimal(38,10)) * cast(2 as decimal(38,10)))~", R"~(3.000000 : decimal(38,6))~"},
    {R"~(1.5 + 2)~", R"~(3.5 : decimal(3,1))~"},
    {R"~(cast('1.005' as decimal(10,2)))~", R"~(1.01 : decimal(10,2))~"},
    {R"~(cast(1.005D as decimal(10,2)))~", R"~(1.01 : decimal(10,2))~"},
    {R"~(cast(1234.5 as decimal(4,2)))~", R"~(E NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION)~"},
    {R"~(coalesce(1, '2'))~", R"~(1 : bigint)~"},
    {R"~(cast(1e10 as string))~", R"~(1.0E10 : string)~"},
    {R"~(cast(0.0001D as string))~", R"~(1.0E-4 : string)~"},
    {R"~(cast('2024' as date))~", R"~(2024-01-01 : date)~"},
    {R"~(cast('2024-1' as date))~", R"~(2024-01-01 : date)~"},
    {R"~(cast('2024-02-30' as date))~", R"~(E CAST_INVALID_INPUT)~"},
    {R"~(cast('2024-01-01T10:00:00+02:00' as timestamp))~", R"~(2024-01-01 08:00:00 : timestamp)~"},
    {R"~(cast('2024-01-01 10:00:00.123456789' as timestamp_ntz))~", R"~(2024-01-01 10:00:00.123456 : timestamp_ntz)~"},
    {R"~(cast(timestamp '2024-01-01 10:00:00' as string))~", R"~(2024-01-01 10:00:00 : string)~"},
    {R"~(cast(timestamp '2024-01-01 10:00:00' as bigint))~", R"~(1704103200 : bigint)~"},
    {R"~(cast(timestamp '1969-12-31 23:59:59.5' as bigint))~", R"~(-1 : bigint)~"},
    {R"~(cast(1704103200 as timestamp))~", R"~(2024-01-01 10:00:00 : timestamp)~"},
    {R"~(cast(timestamp '2024-01-01 10:00:00.5' as double))~", R"~(1.7041032005E9 : double)~"},
    {R"~(cast(struct(1, null) as string))~", R"~({1, null} : string)~"},
    {R"~(null <=> null)~", R"~(true : boolean)~"},
    {R"~(1 <=> null)~", R"~(false : boolean)~"},
    {R"~(1 = null)~", R"~(NULL : boolean)~"},
    {R"~(cast('NaN' as double) = cast('nan' as double))~", R"~(true : boolean)~"},
    {R"~(0.0D = -0.0D)~", R"~(true : boolean)~"},
    {R"~(cast('NaN' as double) > 1e300)~", R"~(true : boolean)~"},
    {R"~(case when 1 > 2 then 'a' when 2 > 1 then 'b' else 'c' end)~", R"~(b : string)~"},
    {R"~(case 3 when 1 then 1.5 when 3 then 2 end)~", R"~(2.0 : decimal(11,1))~"},
    {R"~(if(true, 1, 2L))~", R"~(1 : bigint)~"},
    {R"~(nullif(1, 1))~", R"~(NULL : int)~"},
    {R"~(nvl2(null, 1, 2))~", R"~(2 : int)~"},
    {R"~(1 in (1, 2, null))~", R"~(true : boolean)~"},
    {R"~(3 in (1, 2, null))~", R"~(NULL : boolean)~"},
    {R"~(3 not in (1, 2))~", R"~(true : boolean)~"},
    {R"~(2 between 1 and 3)~", R"~(true : boolean)~"},
    {R"~(not true or true)~", R"~(true : boolean)~"},
    {R"~(true and null)~", R"~(NULL : boolean)~"},
    {R"~(false and null)~", R"~(false : boolean)~"},
    {R"~(5 & 3)~", R"~(1 : int)~"},
    {R"~(5 | 3)~", R"~(7 : int)~"},
    {R"~(5 ^ 3)~", R"~(6 : int)~"},
    {R"~(~5)~", R"~(-6 : int)~"},
    {R"~(2 + 3 * 4)~", R"~(14 : int)~"},
    {R"~((2 + 3) * 4)~", R"~(20 : int)~"},
    {R"~(-2147483648)~", R"~(-2147483648 : int)~"},
    {R"~(1Y + 1S)~", R"~(2 : smallint)~"},
    {R"~(127Y + 1Y)~", R"~(E BINARY_ARITHMETIC_OVERFLOW)~"},
    {R"~('it\'s')~", R"~(it's : string)~"},
    {R"~(date '2024-01-31' + interval 1 month)~", R"~(2024-02-29 : date)~"},
    {R"~(date '2024-01-31' - date '2024-01-01')~", R"~(INTERVAL '30 00:00:00' DAY TO SECOND : interval day)~"},
    {R"~(timestamp '2024-01-31 00:00:00' + interval '1 02:03:04.5' day to second)~",
     R"~(2024-02-01 02:03:04.5 : timestamp)~"},
    {R"~(date '2024-01-31' + 1)~", R"~(2024-02-01 : date)~"},
    {R"~('1' + 1)~", R"~(2 : bigint)~"},
    {R"~('1.5' + 1.5)~", R"~(3.0 : double)~"},
    {R"~('5' = 5)~", R"~(true : boolean)~"},
    {R"~(date '2024-01-01' = '2024-01-01')~", R"~(true : boolean)~"},
    {R"~(date '2024-01-01' < timestamp '2024-01-01 00:00:01')~", R"~(true : boolean)~"},
    {R"~(cast('abc' as binary))~", R"~(abc : binary)~"},
    {R"~(try_add(2147483647, 1))~", R"~(NULL : int)~"},
    {R"~(try_divide(1, 0))~", R"~(NULL : double)~"},
    {R"~(1.5F + 1)~", R"~(2.5 : double)~"},
    {R"~(cast('yes' as boolean))~", R"~(true : boolean)~"},
    {R"~(cast('1e3' as double))~", R"~(1000.0 : double)~"},
    {R"~(cast('1e3' as decimal(10,2)))~", R"~(1000.00 : decimal(10,2))~"},
    {R"~(cast(true as int))~", R"~(1 : int)~"},
    {R"~(cast(0.5 as boolean))~", R"~(true : boolean)~"},
    {R"~(count(*))~", R"~(1 : bigint)~"},
    {R"~(count(1))~", R"~(1 : bigint)~"},
    {R"~(count(null))~", R"~(0 : bigint)~"},
    {R"~(sum(1))~", R"~(1 : bigint)~"},
    {R"~(sum(cast(1 as decimal(10,2))))~", R"~(1.00 : decimal(20,2))~"},
    {R"~(avg(cast(1 as decimal(10,2))))~", R"~(1.000000 : decimal(14,6))~"},
    {R"~(min(1))~", R"~(1 : int)~"},
    {R"~(collect_list(1))~", R"~([1] : array<int>)~"},
    {R"~(count(distinct 1, null))~", R"~(0 : bigint)~"},
    {R"~(row_number() over (order by 1))~", R"~(1 : int)~"},
    {R"~(sum(1) over (partition by 1 order by 2 rows between unbounded preceding and current row))~",
     R"~(1 : bigint)~"},
    {R"~(lag(1, 1, 0) over (order by 1))~", R"~(0 : int)~"},
    {R"~(foo(1))~", R"~(E UNRESOLVED_ROUTINE)~"},
    {R"~(explode(1))~", R"~(E UNSUPPORTED_GENERATOR.OUTSIDE_SELECT)~"},
    {R"~(a)~", R"~(E UNRESOLVED_COLUMN.WITHOUT_SUGGESTION)~"},
    {R"~(1 +)~", R"~(E PARSE_SYNTAX_ERROR)~"},
    {R"~('a' ||)~", R"~(E PARSE_SYNTAX_ERROR)~"},
    {R"~(tb_exact_equal(9007199254740993L, 9007199254740992D))~", R"~(false : boolean)~"},
    {R"~(tb_exact_equal(9007199254740992L, 9007199254740992D))~", R"~(true : boolean)~"},
    {R"~(tb_exact_equal(0.5, 0.5D))~", R"~(true : boolean)~"},
    {R"~(tb_exact_equal(0.1, 0.1D))~", R"~(false : boolean)~"},
    {R"~(tb_exact_equal(2D, 2))~", R"~(true : boolean)~"},
    {R"~(10 % 3.5)~", R"~(3.0 : decimal(2,1))~"},
    {R"~(-5.5 % 2)~", R"~(-1.5 : decimal(2,1))~"},
    {R"~(cast(null as int) + 1)~", R"~(NULL : int)~"},
    {R"~(null + null)~", R"~(NULL : double)~"},
    {R"~(max_by(1, 2))~", R"~(1 : int)~"},
    {R"~(3 > 2 = true)~", R"~(true : boolean)~"},
    {R"~(a.b.`c d`[0])~", R"~(E UNRESOLVED_COLUMN.WITHOUT_SUGGESTION)~"},
    {R"~(date '2024-01-31' + interval 1 day)~", R"~(2024-02-01 : date)~"},
    {R"~(date '2024-01-31' + interval 24 hours)~", R"~(2024-02-01 00:00:00 : timestamp)~"},
    {R"~('a' || null)~", R"~(NULL : string)~"},
};

TEST_F(ExpressionsTest, GiveWhatSparkGives) {
  for (const ExpressionCase& one : kCases) EXPECT_EQ(Evaluate(one.expression), one.want) << one.expression;
}

TEST_F(ExpressionsTest, SessionZoneMovesTextAndDates) {
  const std::string zone = "Europe/Paris";
  EXPECT_EQ(Evaluate("unix_micros(timestamp '2024-01-01 00:00:00')", zone), "1704063600000000 : bigint");
  EXPECT_EQ(Evaluate("unix_micros(timestamp '2024-01-01 00:00:00Z')", zone), "1704067200000000 : bigint");
  EXPECT_EQ(Evaluate("cast(timestamp '2024-01-01 12:00:00Z' as string)", zone), "2024-01-01 13:00:00 : string");
  EXPECT_EQ(Evaluate("cast(timestamp '2024-01-01 23:30:00Z' as date)", zone), "2024-01-02 : date");
  // In the gap the clock moves forward; of the two instants in an overlap the earlier one is meant.
  EXPECT_EQ(Evaluate("unix_seconds(timestamp '2024-03-31 02:30:00')", zone), "1711848600 : bigint");
  EXPECT_EQ(Evaluate("unix_seconds(timestamp '2024-10-27 02:30:00')", zone), "1729989000 : bigint");
  EXPECT_EQ(Evaluate("hour(timestamp '2024-07-01 00:00:00Z')", zone), "2 : int");
}

TEST_F(ExpressionsTest, QuotingSurvivesAnyText) {
  std::mt19937 random(20240229);
  for (int i = 0; i < 200; ++i) {
    std::u32string points;
    for (int k = static_cast<int>(random() % 12); k > 0; --k) {
      constexpr char32_t kNasty[] = U"'\"\\\0;-$`%_\n{}[]x🦆é";
      points +=
          random() % 2 == 0 ? kNasty[random() % (std::size(kNasty) - 1)] : static_cast<char32_t>(random() % 0xD800);
    }
    std::string text;
    for (const char32_t c : points) {
      if (c < 0x80) {
        text += static_cast<char>(c);
      } else if (c < 0x800) {
        text += {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
      } else if (c < 0x10000) {
        text += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
                 static_cast<char>(0x80 | (c & 0x3F))};
      } else {
        text += {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 0x3F)),
                 static_cast<char>(0x80 | (c >> 6 & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
      }
    }
    proto::Expression literal;
    literal.mutable_literal()->set_string(text);
    EXPECT_EQ(Evaluate(literal), text + " : string");
  }
}

std::vector<OutputColumn> Columns() {
  return {{"a", "c1", DataType(TypeKind::kInteger), false, {"l"}, {1}},
          {"b.c", "c2", DataType(TypeKind::kString), true, {"l"}, {1}},
          {"a", "c3", DataType(TypeKind::kLong), true, {"r"}, {2}},
          {"s", "c4", DataType::Struct({{"X", DataType(TypeKind::kDate), true}}), false, {"r"}, {2}}};
}

std::string Resolved(const std::string& name, int64_t plan_id = -1) {
  const std::vector<OutputColumn> columns = Columns();
  Scope scope;
  scope.columns = &columns;
  try {
    const Typed typed = ResolveAttribute(name, plan_id, scope);
    return typed.sql.text() + " " + typed.type.SimpleString() + (typed.nullable ? " null" : "");
  } catch (const Error& error) {
    return error.condition();
  }
}

TEST(ResolveAttributeTest, FollowsQualifiersPlansAndFields) {
  EXPECT_EQ(Resolved("l.a"), R"("c1" int)");
  EXPECT_EQ(Resolved("R.A"), R"("c3" bigint null)");
  EXPECT_EQ(Resolved("a", 2), R"("c3" bigint null)");
  EXPECT_EQ(Resolved("a"), "AMBIGUOUS_REFERENCE");
  EXPECT_EQ(Resolved("`b.c`"), R"("c2" string null)");
  EXPECT_EQ(Resolved("b.c"), "UNRESOLVED_COLUMN.WITH_SUGGESTION");
  EXPECT_EQ(Resolved("s.x"), R"(struct_extract("c4", 'X') date null)");
  EXPECT_EQ(Resolved("r.s.X"), R"(struct_extract("c4", 'X') date null)");
  EXPECT_EQ(Resolved("s.y"), "FIELD_NOT_FOUND");
  EXPECT_EQ(Resolved("a", 9), "CANNOT_RESOLVE_DATAFRAME_COLUMN");
  EXPECT_EQ(Resolved("`a"), "INVALID_ATTRIBUTE_NAME_SYNTAX");
}

TEST(ExpressionNameTest, IsSparks) {
  const auto name = [](const char* text) { return ExpressionName(tinderbox::sql::ParseExpression(text)); };
  EXPECT_EQ(name("a + 1"), "(a + 1)");
  EXPECT_EQ(name("count(*)"), "count(1)");
  EXPECT_EQ(name("x.y"), "y");
  EXPECT_EQ(name("cast(a as bigint)"), "CAST(a AS BIGINT)");
  EXPECT_EQ(name("a is null and not b"), "((a IS NULL) AND (NOT b))");
  EXPECT_EQ(name("sum(DISTINCT x) as total"), "total");
  EXPECT_EQ(name("case when a then 1 else 2 end"), "CASE WHEN a THEN 1 ELSE 2 END");
  EXPECT_EQ(
      name("row_number() over (partition by a order by b)"),
      "row_number() OVER (PARTITION BY a ORDER BY b ASC NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)");
}

TEST(HasAggregateTest, LooksThroughAllButWindows) {
  const auto has = [](const char* text) { return HasAggregate(tinderbox::sql::ParseExpression(text)); };
  EXPECT_TRUE(has("1 + sum(a)"));
  EXPECT_FALSE(has("sum(a) over (partition by b)"));
  EXPECT_TRUE(has("sum(sum(a)) over (partition by b)"));
  EXPECT_FALSE(has("upper(a)"));
}

TEST(DepthTest, LongChainsOfConditionsAreFine) {
  proto::Expression all;
  all.mutable_literal()->set_boolean(true);
  for (int i = 0; i < 3000; ++i) {
    proto::Expression next;
    auto* call = next.mutable_unresolved_function();
    call->set_function_name("and");
    call->add_arguments()->Swap(&all);
    call->add_arguments()->mutable_literal()->set_boolean(true);
    all.Swap(&next);
  }
  EXPECT_FALSE(HasAggregate(all));
  EXPECT_FALSE(TranslateExpression(all, Scope{}).nullable);
}

TEST(CommonTypeTest, FollowsAnsiRules) {
  const DataType text(TypeKind::kString);
  EXPECT_EQ(CommonType(DataType(TypeKind::kInteger), text).SimpleString(), "bigint");
  EXPECT_EQ(CommonType(text, DataType::Decimal(10, 2)).SimpleString(), "double");
  EXPECT_EQ(CommonType(DataType(TypeKind::kLong), DataType(TypeKind::kFloat)).SimpleString(), "double");
  EXPECT_EQ(CommonType(DataType::Decimal(38, 10), DataType::Decimal(38, 0)).SimpleString(), "decimal(38,0)");
  EXPECT_EQ(CommonType(DataType(TypeKind::kLong), DataType::Decimal(10, 2)).SimpleString(), "decimal(22,2)");
  EXPECT_EQ(CommonType(DataType(TypeKind::kDate), DataType(TypeKind::kTimestampNtz)).SimpleString(), "timestamp_ntz");
  EXPECT_THROW(CommonType(DataType(TypeKind::kBoolean), DataType(TypeKind::kInteger)), Error);
}

}  // namespace

}  // namespace tinderbox::engine
