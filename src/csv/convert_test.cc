#include "csv/convert.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "csv/csv_reading_test.h"
#include "csv/header.h"
#include "csv/infer.h"
#include "csv/record_index.h"
#include "tinderbox/error.h"

namespace tinderbox::csv {
namespace {

template <typename T>
std::optional<int64_t> Int(std::string_view text) {
  T out;
  return ParseInteger(text, &out) ? std::optional<int64_t>(out) : std::nullopt;
}

TEST(Convert, IntegersAsJava) {
  EXPECT_EQ(Int<int32_t>("007"), 7);
  EXPECT_EQ(Int<int32_t>("+1"), 1);
  EXPECT_EQ(Int<int32_t>("-0"), 0);
  EXPECT_EQ(Int<int32_t>("2147483647"), 2147483647);
  EXPECT_EQ(Int<int32_t>("-2147483648"), -2147483648LL);
  EXPECT_EQ(Int<int64_t>("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(Int<int64_t>("00000000000000000000000000000000012"), 12);
  EXPECT_EQ(Int<int8_t>("-128"), -128);
  for (const char* bad :
       {"", "+", "-", " 1", "1 ", "1.0", "2147483648", "-2147483649", "x", "1e3", "12345678a", "++1", "1_0"}) {
    EXPECT_EQ(Int<int32_t>(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(Int<int64_t>("9223372036854775808"), std::nullopt);
  EXPECT_EQ(Int<int8_t>("128"), std::nullopt);
  std::mt19937_64 random(3);
  for (int i = 0; i < 10000; ++i) {
    const auto value = static_cast<int64_t>(random() >> (random() % 64)) * (i % 2 == 0 ? 1 : -1);
    EXPECT_EQ(Int<int64_t>(std::to_string(value)), value);
  }
}

TEST(Convert, Floating) {
  const CsvOptions options;
  double d;
  const auto value = [&](std::string_view text) {
    return ParseFloating(text, options, &d) ? d : throw std::runtime_error("no number: " + std::string(text));
  };
  EXPECT_EQ(value("1.5"), 1.5);
  EXPECT_EQ(value(" +.5 "), 0.5);
  EXPECT_EQ(value("1."), 1.0);
  EXPECT_EQ(value("1e400"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(value("-1e-400"), 0.0);
  EXPECT_TRUE(std::signbit(value("-0")));
  EXPECT_EQ(value("1d"), 1.0);
  EXPECT_EQ(value("0x1.8p1"), 3.0);
  EXPECT_EQ(value("Inf"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(value("-Infinity"), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(value("NaN")));
  EXPECT_EQ(value("9007199254740993"), 9007199254740992.0);
  for (const char* bad : {"", ".", "inf", "nan", "1,5", "1e", "0x10", "--1", "+", "e5", "1 2"}) {
    EXPECT_FALSE(ParseFloating(bad, options, &d)) << bad;
  }
  float f;
  ASSERT_TRUE(ParseFloating("16777217", options, &f));
  EXPECT_EQ(f, 16777216.0f);
  std::mt19937_64 random(5);
  for (int i = 0; i < 20000; ++i) {
    char text[64];
    const double number = static_cast<double>(static_cast<int64_t>(random())) / std::pow(10, random() % 25);
    snprintf(text, sizeof text, i % 2 == 0 ? "%.*f" : "%.*e", static_cast<int>(random() % 17), number);
    EXPECT_EQ(value(text), std::strtod(text, nullptr)) << text;
    ASSERT_TRUE(ParseFloating(text, options, &f));
    EXPECT_EQ(f, std::strtof(text, nullptr)) << text;
  }
}

std::optional<long> Dec(std::string_view text, int precision, int scale) {
  __int128 out;
  return ParseDecimal(text, precision, scale, &out) ? std::optional<long>(static_cast<long>(out)) : std::nullopt;
}

TEST(Convert, Decimals) {
  EXPECT_EQ(Dec("1.10", 10, 2), 110);
  EXPECT_EQ(Dec("-1.1", 12, 4), -11000);
  EXPECT_EQ(Dec("1.235", 10, 2), 124) << "half up";
  EXPECT_EQ(Dec("-1.235", 10, 2), -124);
  EXPECT_EQ(Dec("0.004", 10, 2), 0);
  EXPECT_EQ(Dec("0.005", 10, 2), 1);
  EXPECT_EQ(Dec("1,234.5", 10, 1), 12345);
  EXPECT_EQ(Dec("1.5e3", 10, 0), 1500);
  EXPECT_EQ(Dec("0e999999999", 10, 0), 0);
  EXPECT_EQ(Dec("99.99", 4, 2), 9999);
  EXPECT_EQ(Dec("99.995", 4, 2), std::nullopt) << "rounds to three digits before the point";
  EXPECT_EQ(Dec("100", 4, 2), std::nullopt);
  EXPECT_EQ(Dec("1e99", 38, 0), std::nullopt);
  EXPECT_EQ(Dec("0.00000000000000000000000000000000000000000001", 38, 2), 0);
  for (const char* bad : {"", " 1", "x", "1e", ".", "1.2.3", "NaN"}) EXPECT_EQ(Dec(bad, 10, 2), std::nullopt) << bad;
  __int128 wide;
  ASSERT_TRUE(ParseDecimal("99999999999999999999999999999999999999", 38, 0, &wide));
  EXPECT_FALSE(ParseDecimal("100000000000000000000000000000000000000", 38, 0, &wide));
}

std::optional<int32_t> Date(std::string_view text) {
  int32_t out;
  return ParseDate(text, &out) ? std::optional<int32_t>(out) : std::nullopt;
}

TEST(Convert, Dates) {
  EXPECT_EQ(Date("1970-01-01"), 0);
  EXPECT_EQ(Date("2000-02-29"), 11016);
  EXPECT_EQ(Date("0001-01-01"), -719162);
  EXPECT_EQ(Date("9999-12-31"), 2932896);
  EXPECT_EQ(Date("1582-10-10"), -141432);
  EXPECT_EQ(Date(" 1970-1-2 "), 1);
  EXPECT_EQ(Date("1970"), 0);
  EXPECT_EQ(Date("1970-02"), 31);
  EXPECT_EQ(Date("1970-01-01T10:00:00"), 0);
  EXPECT_EQ(Date("-0001-01-01"), -719893);
  for (const char* bad :
       {"", "1970-02-30", "1900-02-29", "70-01-01", "1970-13-01", "1970/01/01", "19700101x", "1970-1-", "1970-00-01"}) {
    EXPECT_EQ(Date(bad), std::nullopt) << bad;
  }
}

std::optional<int64_t> Time(std::string_view text, int32_t zone = 0) {
  int64_t out;
  return ParseTimestamp(text, zone, &out) ? std::optional<int64_t>(out) : std::nullopt;
}

TEST(Convert, Timestamps) {
  EXPECT_EQ(Time("1970-01-01 00:00:01"), 1000000);
  EXPECT_EQ(Time("1970-01-01T00:00:01.5Z"), 1500000);
  EXPECT_EQ(Time("1970-01-01 00:00:00.123456789"), 123456);
  EXPECT_EQ(Time("1970-01-01 01:00:00+01:00"), 0);
  EXPECT_EQ(Time("1970-01-01 01:00:00.000 UTC+1"), 0);
  EXPECT_EQ(Time("1970-01-01 00:00:00-0330"), 12600000000);
  EXPECT_EQ(Time("1970-01-01 02:00:00", 7200), 0);
  EXPECT_EQ(Time("1970-01-01 02:00:00Z", 7200), 7200000000);
  EXPECT_EQ(Time("1970-1-1 1:2"), 3720000000);
  EXPECT_EQ(Time("1970-01-02"), 86400000000);
  EXPECT_EQ(Time("1969-12-31 23:59:59.999999"), -1);
  for (const char* bad : {"", "x", "1970-01-01 25:00:00", "1970-01-01 00:60:00", "1970-01-01 00:00:00+19:00",
                          "1970-02-30 00:00:00", "1970-01-01 00:00:00 Nowhere", "12:30:00", "1970-01-01T"}) {
    EXPECT_EQ(Time(bad), std::nullopt) << bad;
  }
  int64_t ntz;
  EXPECT_TRUE(ParseTimestampNtz("1970-01-01T00:00:00.000001", &ntz));
  EXPECT_EQ(ntz, 1);
  EXPECT_FALSE(ParseTimestampNtz("1970-01-01T00:00:00Z", &ntz));
}

TEST(Convert, TimeZonesWithoutFixedOffsetOnlyRefuseTimestamps) {
  const CsvOptions paris = ParseCsvOptions({{"timeZone", "Europe/Paris"}});
  EXPECT_NO_THROW(CheckReadable({"a", DataType(TypeKind::kTimestampNtz)}, paris));
  EXPECT_THROW(CheckReadable({"a", DataType(TypeKind::kTimestamp)}, paris), Error);
  EXPECT_EQ(ParseCsvOptions({{"timeZone", "-03:30"}}).zone_offset_seconds, -12600);
  EXPECT_EQ(ParseCsvOptions({{"timeZone", "utc"}}).unknown_zone, "");
}

TEST(Convert, Booleans) {
  uint8_t b;
  EXPECT_TRUE(ParseBoolean("TRUE", &b) && b == 1);
  EXPECT_TRUE(ParseBoolean("False", &b) && b == 0);
  for (const char* bad : {"1", "t", "yes", "", "true "}) EXPECT_FALSE(ParseBoolean(bad, &b)) << bad;
}

std::string Inferred(std::string_view text, std::map<std::string, std::string> options = {}, int threads = 2) {
  options.emplace("header", "true");
  const TempFile file(text);
  std::string out;
  for (const StructField& field : InferSchema({file.path()}, options, threads).fields) {
    out += (out.empty() ? "" : ",") + field.name + ":" + field.type.SimpleString();
  }
  return out;
}

TEST(Infer, SparkRules) {
  EXPECT_EQ(Inferred("a,b,c,d,e,f,g,h\n1,3000000000,1.5,2020-01-01,2020-01-01 00:00:00,true,x,\n"),
            "a:int,b:bigint,c:double,d:date,e:timestamp,f:boolean,g:string,h:string");
  EXPECT_EQ(Inferred("a,b,c,d,e\n1,1,2020-01-01,true,99999999999999999999\n3000000000,1.5,2020-01-01T01:00:00Z,1,1\n"),
            "a:bigint,b:double,c:timestamp,d:string,e:decimal(20,0)");
  EXPECT_EQ(Inferred("a,b\n007,+1\n,\n"), "a:int,b:int");
  EXPECT_EQ(Inferred("a,a,,b\n1,x,2,3\n"), "a0:int,a1:string,_c2:int,b:int");
  EXPECT_EQ(Inferred("1,x\n", {{"header", "false"}}), "_c0:int,_c1:string");
  EXPECT_EQ(Inferred("a\n2020-01-01\n7\n"), "a:string");
  EXPECT_EQ(Inferred("a\n1\n", {{"inferSchema", "false"}}), "a:string");
  EXPECT_EQ(Inferred("a\nNA\n1\n", {{"nullValue", "NA"}}), "a:int");
  EXPECT_EQ(Inferred("a\n2020-01\n"), "a:timestamp") << "dates are inferred strictly";
  EXPECT_EQ(Inferred(""), "");
  EXPECT_EQ(Inferred("a,b\n"), "a:string,b:string");
  std::string big = "n\n";
  for (int i = 0; i < 400000; ++i) big += std::to_string(i) + "\n";
  EXPECT_EQ(Inferred(big), "n:int");
  EXPECT_EQ(Inferred(big + "x\n"), "n:string") << "all rows count, the last one too";
}

TEST(Infer, Merge) {
  const DataType i(TypeKind::kInteger), s(TypeKind::kString), d(TypeKind::kDouble), b(TypeKind::kBoolean),
      l(TypeKind::kLong);
  EXPECT_EQ(MergeInferred(i, s), s);
  EXPECT_EQ(MergeInferred(i, d), d);
  EXPECT_EQ(MergeInferred(i, l), l);
  EXPECT_EQ(MergeInferred(i, b), s);
  EXPECT_EQ(MergeInferred(DataType::Decimal(20, 0), l), DataType::Decimal(20, 0));
  EXPECT_EQ(MergeInferred(DataType(TypeKind::kDate), DataType(TypeKind::kTimestamp)), DataType(TypeKind::kTimestamp));
}

TEST(RecordIndex, RoundTripAndDamage) {
  const TempFile file("");
  const std::vector<IndexedRecord> records = {{7, 1, 0, 5}, {1ull << 40, 99, 3, 6}};
  WriteRecordIndex(file.path(), records);
  const std::vector<IndexedRecord> back = ReadRecordIndex(file.path());
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[1].offset, 1ull << 40);
  EXPECT_EQ(back[1].file, 3u);
  const TempFile other("hello, I am no index at all");
  EXPECT_THROW(ReadRecordIndex(other.path()), Error);
}

}  // namespace
}  // namespace tinderbox::csv
