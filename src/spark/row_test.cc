#include "tinderbox/row.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "spark/text.h"

namespace tinderbox {
namespace {

Value MakeList(std::vector<Value> items) {
  return std::make_shared<ListValue>(ListValue{std::move(items)});
}
Value MakeStruct(std::vector<std::string> names, std::vector<Value> values) {
  return std::make_shared<StructValue>(StructValue{std::move(names), std::move(values)});
}
Value MakeMap(std::vector<std::pair<Value, Value>> entries) {
  return std::make_shared<MapValue>(MapValue{std::move(entries)});
}

// Expected texts are those of java.lang.Double.toString of JDK 19 and later.
TEST(Value, DoublesPrintAsJavaDoes) {
  const std::pair<double, const char*> cases[] = {{0.0, "0.0"},
                                                  {-0.0, "-0.0"},
                                                  {1.0, "1.0"},
                                                  {100.0, "100.0"},
                                                  {0.1, "0.1"},
                                                  {0.001, "0.001"},
                                                  {9.99e-4, "9.99E-4"},
                                                  {1e7, "1.0E7"},
                                                  {9999999.999, "9999999.999"},
                                                  {12345678.0, "1.2345678E7"},
                                                  {1e23, "1.0E23"},
                                                  {2e23, "2.0E23"},
                                                  {4.9e-324, "4.9E-324"},
                                                  {2.2250738585072014E-308, "2.2250738585072014E-308"},
                                                  {1.7976931348623157e308, "1.7976931348623157E308"},
                                                  {2.0e-3, "0.002"},
                                                  {-1.5, "-1.5"},
                                                  {123456.789, "123456.789"},
                                                  {std::nan(""), "NaN"},
                                                  {-std::nan(""), "NaN"},
                                                  {std::numeric_limits<double>::infinity(), "Infinity"},
                                                  {-std::numeric_limits<double>::infinity(), "-Infinity"}};
  for (const auto& [number, text] : cases) EXPECT_EQ(Value(number).ToString(), text);
  EXPECT_EQ(Value(0.1f).ToString(), "0.1");
  EXPECT_EQ(Value(3.4028235e38f).ToString(), "3.4028235E38");
  EXPECT_EQ(Value(1.4e-45f).ToString(), "1.4E-45");
  EXPECT_EQ(Value(16777216.0f).ToString(), "1.6777216E7");
}

TEST(Value, DecimalsKeepTheirScale) {
  EXPECT_EQ(Value(DecimalValue{110, 2}).ToString(), "1.10");
  EXPECT_EQ(Value(DecimalValue{-5, 3}).ToString(), "-0.005");
  EXPECT_EQ(Value(DecimalValue{0, 2}).ToString(), "0.00");
  EXPECT_EQ(Value(DecimalValue{1, 10}).ToString(), "0.0000000001");
  EXPECT_EQ(Value(DecimalValue{1, 10}).ToJson(), "1E-10");
  EXPECT_EQ(Value(DecimalValue{-123, 10}).ToJson(), "-1.23E-8");
  __int128 big = 1;
  for (int i = 0; i < 38; ++i) big *= 10;
  EXPECT_EQ(Value(DecimalValue{big - 1, 0}).ToString(), std::string(38, '9'));
  EXPECT_EQ(Value(DecimalValue{1 - big, 38}).ToString(), "-0." + std::string(38, '9'));
}

TEST(Value, DatesAndTimes) {
  EXPECT_EQ(Value(DateValue{0}).ToString(), "1970-01-01");
  EXPECT_EQ(Value(DateValue{-719162}).ToString(), "0001-01-01");
  EXPECT_EQ(Value(DateValue{-719528}).ToString(), "0000-01-01");
  EXPECT_EQ(Value(DateValue{-719529}).ToString(), "-0001-12-31");
  EXPECT_EQ(Value(DateValue{2932896}).ToString(), "9999-12-31");
  EXPECT_EQ(Value(DateValue{2932897}).ToString(), "+10000-01-01");
  EXPECT_EQ(Value(DateValue{19782}).ToString(), "2024-02-29");
  EXPECT_EQ(Value(TimestampValue{0}).ToString(), "1970-01-01 00:00:00");
  EXPECT_EQ(Value(TimestampValue{-1}).ToString(), "1969-12-31 23:59:59.999999");
  EXPECT_EQ(Value(TimestampNtzValue{1'500'000}).ToString(), "1970-01-01 00:00:01.5");
  EXPECT_EQ(Value(TimestampValue{1'234'567}).ToJson(), R"("1970-01-01T00:00:01.234Z")");
  EXPECT_EQ(Value(TimestampNtzValue{0}).ToJson(), R"("1970-01-01T00:00:00.000")");
  EXPECT_EQ(Value(TimestampValue{std::numeric_limits<int64_t>::min()}).ToString(), "-290308-12-21 19:59:05.224192");
  EXPECT_EQ(Value(TimeValue{86'399'999'999}).ToString(), "23:59:59.999999");
  EXPECT_EQ(Value(YearMonthIntervalValue{-14}).ToString(), "INTERVAL '-1-2' YEAR TO MONTH");
  EXPECT_EQ(Value(DayTimeIntervalValue{-93'784'500'000}).ToString(), "INTERVAL '-1 02:03:04.5' DAY TO SECOND");
  EXPECT_EQ(Value(DayTimeIntervalValue{std::numeric_limits<int64_t>::min()}).ToString(),
            "INTERVAL '-106751991 04:00:54.775808' DAY TO SECOND");
}

TEST(Value, EveryDayOfManyYearsThereAndBack) {
  int64_t days = spark::DaysFromCivil(-801, 1, 1);
  for (int64_t year = -801; year <= 2405; ++year) {
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const unsigned lengths[] = {31, leap ? 29u : 28u, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (unsigned month = 1; month <= 12; ++month) {
      for (unsigned day = 1; day <= lengths[month - 1]; ++day, ++days) {
        int64_t y = 0;
        unsigned m = 0, d = 0;
        spark::CivilFromDays(days, &y, &m, &d);
        ASSERT_TRUE(y == year && m == month && d == day) << days;
        ASSERT_EQ(spark::DaysFromCivil(year, month, day), days);
      }
    }
  }
}

TEST(Value, NestedTexts) {
  const Value value = MakeStruct({"l", "m", "n"}, {MakeList({Value(int64_t{1}), Value()}),
                                                   MakeMap({{Value(std::string("a\n")), Value(true)}}), Value()});
  EXPECT_EQ(value.ToString(), "{[1, null], {a\n -> true}, null}");
  EXPECT_EQ(value.ToJson(), R"({"l":[1,null],"m":{"a\n":true}})");
  std::string with_nulls;
  spark::AppendJson(&with_nulls, value, false);
  EXPECT_EQ(with_nulls, R"({"l":[1,null],"m":{"a\n":true},"n":null})");
  EXPECT_EQ(Value().ToString(), "NULL");
  EXPECT_EQ(Value().ToJson(), "null");
  EXPECT_EQ(Value(std::nan("")).ToJson(), R"("NaN")");
  EXPECT_EQ(Value(BinaryValue{std::string("\0\xff", 2)}).ToJson(), R"("AP8=")");
  EXPECT_EQ(Value(std::string("\x01\"\\/\x7f")).ToJson(), "\"\\u0001\\\"\\\\/\x7f\"");
}

TEST(Value, EqualityIsSparks) {
  EXPECT_EQ(Value(std::nan("")), Value(-std::nan("1")));
  EXPECT_EQ(Value(-0.0), Value(0.0));
  EXPECT_EQ(Value(-0.0f), Value(0.0f));
  EXPECT_EQ(Value(), Value());
  EXPECT_FALSE(Value() == Value(int64_t{0}));
  EXPECT_FALSE(Value(int64_t{1}) == Value(1.0));
  EXPECT_EQ(MakeList({Value(std::nan(""))}), MakeList({Value(std::nan(""))}));
  EXPECT_FALSE(MakeList({}) == MakeList({Value()}));
  const Value a(std::string("a")), b(std::string("b")), one(int64_t{1}), two(int64_t{2});
  EXPECT_EQ(MakeMap({{a, one}, {b, two}}), MakeMap({{b, two}, {a, one}}));
  EXPECT_FALSE(MakeMap({{a, one}, {b, two}}) == MakeMap({{a, two}, {b, one}}));
  EXPECT_FALSE(MakeStruct({"x"}, {one}) == MakeStruct({"y"}, {one}));
}

}  // namespace
}  // namespace tinderbox
