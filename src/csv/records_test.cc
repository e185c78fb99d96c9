#include "csv/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <random>

#include "csv/csv_reading_test.h"
#include "tinderbox/error.h"

namespace tinderbox::csv {
namespace {

using Options = std::map<std::string, std::string>;
using testing::ElementsAre;

const Options kRfc = {{"multiLine", "true"}, {"escape", "\""}};

std::vector<std::vector<Value>> Values(std::string_view text, const Options& options) {
  const TempFile file(text);
  std::vector<std::vector<Value>> out;
  for (Row& row : ReadRows({file.path()}, options)) out.push_back(std::move(row.values));
  return out;
}

std::vector<uint64_t> Lines(std::string_view text, const Options& options) {
  const TempFile file(text);
  std::vector<uint64_t> out;
  for (const Row& row : ReadRows({file.path()}, options)) out.push_back(row.line);
  return out;
}

using V = std::vector<Value>;
constexpr std::nullopt_t kNull = std::nullopt;

TEST(Records, LineEndsAndBlankLines) {
  EXPECT_THAT(Values("a,b\r\nc,d\n\n\r\ne,f\rg,h", kRfc),
              ElementsAre(V{"a", "b"}, V{"c", "d"}, V{"e", "f"}, V{"g", "h"}));
  EXPECT_THAT(Lines("a,b\r\nc,d\n\n\r\ne,f\rg,h", kRfc), ElementsAre(1, 2, 5, 6));
  EXPECT_THAT(Values("", kRfc), ElementsAre());
  EXPECT_THAT(Values("\n\n", kRfc), ElementsAre());
  EXPECT_THAT(Values("a,", kRfc), ElementsAre(V{"a", kNull}));
  EXPECT_THAT(Values(",", kRfc), ElementsAre(V{kNull, kNull}));
  // Spark drops lines of white space, unless quotes may span lines.
  EXPECT_THAT(Values("a\n  \nb\n", {}), ElementsAre(V{"a"}, V{"b"}));
  EXPECT_THAT(Values("\t\n", {{"sep", "\t"}, {"multiLine", "true"}}), ElementsAre(V{kNull, kNull}));
}

TEST(Records, ByteOrderMarkAndHeader) {
  EXPECT_THAT(Values("\xEF\xBB\xBFid,v\n1,2\n", {{"header", "true"}}), ElementsAre(V{"1", "2"}));
  EXPECT_THAT(Values("\xEF\xBB\xBF\"id\",v\n1,2\n", {}), ElementsAre(V{"id", "v"}, V{"1", "2"}));
  EXPECT_THAT(Values("id,v\n", {{"header", "true"}}), ElementsAre());
  EXPECT_THAT(Values("\xEF\xBB\xBF", {}), ElementsAre());
  const TempFile marked("\xEF\xBB\xBFid,v\n1,2\n");
  EXPECT_EQ(ReadRows({marked.path()}, {}, {.block_bytes = 1}, 2)[0].values, (V{"id", "v"}));
  EXPECT_THAT(Lines("\n\nid\n1\n\n2\n", {{"header", "true"}}), ElementsAre(4, 6));
}

TEST(Records, QuotesOfRfc4180) {
  EXPECT_THAT(Values("\"a,b\",\"c\nd\",\"e\r\nf\"\ng,h,i\n", kRfc),
              ElementsAre(V{"a,b", "c\nd", "e\r\nf"}, V{"g", "h", "i"}));
  EXPECT_THAT(Lines("\"a,b\",\"c\nd\",\"e\r\nf\"\ng,h,i\n", kRfc), ElementsAre(1, 4));
  EXPECT_THAT(Values("\"a\"\"b\",\"\"\"\",\"\"\n", kRfc), ElementsAre(V{"a\"b", "\"", kNull}));
  EXPECT_THAT(Values("5\" pipe,x\"y\"z\n", kRfc), ElementsAre(V{"5\" pipe", "x\"y\"z"}));
  // After a closing quote, white space is ignored; anything else makes the text raw up to the separator.
  EXPECT_THAT(Values("\"a\"  ,\"b\"c,d\n", kRfc), ElementsAre(V{"a", "\"b\"c", "d"}));
}

TEST(Records, QuotesAsSparkHasThem) {
  // Values of PySpark 3.5.9.
  EXPECT_THAT(Values("\"a\"\"b\"\n", {}), ElementsAre(V{"\"a\"\"b\""}));
  EXPECT_THAT(Values("\"a\\\"b\"\n", {}), ElementsAre(V{"a\"b"}));
  // Univocity's rules read by hand.
  EXPECT_THAT(Values("\"a\\\\\",\"a\\n\",\"\\\\\\\"\"\n", {}), ElementsAre(V{"a\\", "a\\n", "\\\""}));
  EXPECT_THAT(Values("a\\\"b,\\\n", {}), ElementsAre(V{"a\\\"b", "\\"}));
  EXPECT_THAT(Values("\"a\nb\",c\n", {}).size(), 2u) << "a newline ends a record unless multiLine";
  EXPECT_THAT(Values("\"\"\"\",x\n", {}), ElementsAre(V{"\"\"", "x"}));
}

TEST(Records, WhiteSpace) {
  const Options trim = {{"ignoreLeadingWhiteSpace", "true"}, {"ignoreTrailingWhiteSpace", "true"}, {"escape", "\""}};
  EXPECT_THAT(Values(" a , \" b \" ,\tc\t\n", trim), ElementsAre(V{"a", " b ", "c"}));
  EXPECT_THAT(Values(" a , \"b\"\n", {{"escape", "\""}}), ElementsAre(V{" a ", " \"b\""}));
  EXPECT_THAT(Values("  ,x\n", trim), ElementsAre(V{kNull, "x"}));
}

TEST(Records, Separators) {
  EXPECT_THAT(Values("a||b|c||\"d||e\"\n", {{"sep", "||"}}), ElementsAre(V{"a", "b|c", "d||e"}));
  EXPECT_THAT(Values("a|||b\n", {{"sep", "||"}}), ElementsAre(V{"a", "|b"}));
  EXPECT_THAT(Values("a\tb\n", {{"sep", "\\t"}}), ElementsAre(V{"a", "b"}));
  EXPECT_THAT(Values("a\x01"
                     "b\n",
                     {{"sep", "\\u0001"}}),
              ElementsAre(V{"a", "b"}));
  EXPECT_THAT(Values("a\x01"
                     "b\n",
                     {{"sep", "\x01"}}),
              ElementsAre(V{"a", "b"}));
  EXPECT_THAT(Values("a;b\n", {{"delimiter", ";"}}), ElementsAre(V{"a", "b"}));
  EXPECT_THAT(Values("a<->b<-c\n", {{"sep", "<->"}}), ElementsAre(V{"a", "b<-c"}));
  EXPECT_THAT(Values("a\xC3\xA9"
                     "b\n",
                     {{"sep", "\xC3\xA9"}}),
              ElementsAre(V{"a", "b"}));
  EXPECT_THAT(Values("a,b|c,d\ne|", {{"lineSep", "|"}}), ElementsAre(V{"a", "b"}, V{"c", "d\ne"}));
}

TEST(Records, CommentsNullsAndNul) {
  EXPECT_THAT(Values("#x,y\na,b\n# z\n", {{"comment", "#"}}), ElementsAre(V{"a", "b"}));
  EXPECT_THAT(Values("#x,y\n", {}), ElementsAre(V{"#x", "y"}));
  EXPECT_THAT(Values("#only", {{"comment", "#"}}), ElementsAre());
  EXPECT_THAT(Values("NA,\"NA\",\"\",,NULL\n", {{"nullValue", "NA"}}), ElementsAre(V{kNull, kNull, "", kNull, "NULL"}));
  EXPECT_THAT(Values("\"\",\n", {{"emptyValue", "E"}}), ElementsAre(V{"E", kNull}));
  EXPECT_THAT(Values("NULL,NA,\\N,nan\n", {}), ElementsAre(V{"NULL", "NA", "\\N", "nan"}));
  EXPECT_THAT(Values(std::string_view("a\0b,c\n", 6), {}), ElementsAre(V{std::string("a\0b", 3), "c"}));
  EXPECT_THAT(Values("a,'b,c'\n", {{"quote", "'"}}), ElementsAre(V{"a", "b,c"}));
  EXPECT_THAT(Values("a,\"b,c\"\n", {{"quote", ""}}), ElementsAre(V{"a", "\"b", "c\""}));
}

TEST(Records, UnclosedQuoteIsMarkedAtItsLine) {
  const TempFile file("a,b\nc,\"d\ne,f\n");
  const std::vector<Row> rows = ReadRows({file.path()}, kRfc);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1].line, 2u);
  EXPECT_EQ(rows[1].flags, Record::kUnclosedQuote);
}

TEST(Records, Encodings) {
  const std::string utf16 = std::string("\xFF\xFE", 2) + std::string("c\0,\0\xE9\0\n\0d\0,\0\x3D\xD8\x00\xDE\n\0", 18);
  const TempFile file(utf16);
  for (const char* name : {"UTF-16", "UTF-16LE"}) {
    const std::vector<Row> rows = ReadRows({file.path()}, {{"encoding", name}});
    ASSERT_EQ(rows.size(), 2u) << name;
    EXPECT_EQ(rows[0].values, (V{"c", "\xC3\xA9"}));
    EXPECT_EQ(rows[1].values, (V{"d", "\xF0\x9F\x98\x80"}));
  }
  EXPECT_THAT(Values("caf\xE9,b\n", {{"encoding", "ISO-8859-1"}}), ElementsAre(V{"caf\xC3\xA9", "b"}));
  EXPECT_THAT(Values("\x80,b\n", {{"charset", "windows-1252"}}), ElementsAre(V{"\xE2\x82\xAC", "b"}));
  const std::string big("\0a\0,\0b\0\n", 8);
  EXPECT_THAT(Values(big, {{"encoding", "UTF-16BE"}}), ElementsAre(V{"a", "b"}));
  // Blocks smaller than a character, half a character at the end, and a lone surrogate.
  EXPECT_EQ(ReadRows({file.path()}, {{"encoding", "UTF-16"}}, {.block_bytes = 1}, 3)[0].values, (V{"c", "\xC3\xA9"}));
  EXPECT_THAT(Values(big + "x", {{"encoding", "UTF-16BE"}}), ElementsAre(V{"a", "b"}, V{"\xEF\xBF\xBD"}));
  EXPECT_THAT(Values(std::string("\xD8\x00\0a", 4), {{"encoding", "UTF-16BE"}}), ElementsAre(V{"\xEF\xBF\xBD"
                                                                                               "a"}));
}

TEST(Records, Compressed) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i) + ",\"x\ny\"\n";
  const TempFile plain(text);
  const std::vector<Row> expected = ReadRows({plain.path()}, kRfc);
  ASSERT_EQ(expected.size(), 20000u);

  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1));
  const TempFile zstd(packed, ".csv.zst");
  EXPECT_EQ(ReadRows({zstd.path()}, kRfc, {.block_bytes = 5000}, 2), expected);

  const TempFile gzip("", ".csv.gz");
  gzFile out = gzopen(gzip.path().c_str(), "wb");
  gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
  gzclose(out);
  EXPECT_EQ(ReadRows({gzip.path()}, kRfc, {.block_bytes = 5000}, 2), expected);

  const TempFile cut(std::string_view(packed).substr(0, packed.size() / 2), ".csv.zst");
  EXPECT_THROW(ReadRows({cut.path()}, kRfc), Error);
  EXPECT_THROW(ReadRows({"/no/such/file.csv"}, kRfc), Error);
}

TEST(Records, OptionsThatCannotBeHonouredAreRefusedByName) {
  struct Case {
    std::string name, value, words;
  };
  for (const auto& [name, value, words] : std::vector<Case>{{"encoding", "EBCDIC", "'encoding'"},
                                                            {"mode", "x", "'mode'"},
                                                            {"dateFormat", "dd/MM/yyyy", "'dateFormat'"},
                                                            {"quote", "ab", "'quote'"},
                                                            {"header", "yes", "header flag"},
                                                            {"sep", "", "Delimiter cannot be empty"}}) {
    try {
      ParseCsvOptions({{name, value}});
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(words));
    }
  }
}

// An independent reading of RFC 4180, byte by byte, for text whose quotes are all regular.
std::vector<std::vector<std::string>> OracleRfc(const std::string& text) {
  std::vector<std::vector<std::string>> out;
  std::vector<std::string> row;
  std::string field;
  bool inside = false;
  bool was_quoted = false;
  const auto end_record = [&] {
    if (!(row.empty() && field.empty() && !was_quoted)) {
      row.push_back(field);
      out.push_back(row);
    }
    row.clear();
    field.clear();
    was_quoted = false;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (inside) {
      if (c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
        field += '"';
        ++i;
      } else if (c == '"') {
        inside = false;
      } else {
        field += c;
      }
    } else if (c == '"') {
      inside = was_quoted = true;
    } else if (c == ',') {
      row.push_back(field);
      field.clear();
      was_quoted = false;
    } else if (c == '\n' || c == '\r') {
      end_record();
    } else {
      field += c;
    }
  }
  end_record();
  return out;
}

TEST(RecordsProperty, AgreesWithOracleForAnyBlockSizeThreadsAndSimd) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    std::string text;
    const int columns = 1 + pick(5);
    for (int r = pick(300); r > 0; --r) {
      for (int c = 0; c < columns; ++c) {
        if (c > 0) text += ',';
        const int length = pick(12) == 0 ? pick(400) : pick(6);
        if (pick(3) == 0) {
          text += '"';
          for (int i = 0; i < length; ++i)
            text += std::string("ab,\n\r\"c").substr(static_cast<size_t>(pick(7)), 1) == "\""
                        ? "\"\""
                        : std::string(1, "ab,\n\rxc"[pick(7)]);
          text += '"';
        } else {
          for (int i = 0; i < length; ++i) text += "abcdefg"[pick(7)];
        }
      }
      text += pick(10) == 0 ? "\n\n" : pick(3) == 0 ? "\r\n" : pick(5) == 0 ? "\r" : "\n";
    }
    const TempFile file(text);
    const std::vector<Row> whole = ReadRows({file.path()}, kRfc, {.block_bytes = 1 << 20, .simd = Simd::kScalar});
    std::vector<std::vector<std::string>> values;
    for (const Row& row : whole) {
      values.emplace_back();
      for (const Value& value : row.values) values.back().push_back(value.value_or(""));
    }
    EXPECT_EQ(values, OracleRfc(text));
    for (const size_t block_bytes : {7u, 64u, 65u, 301u, 4096u}) {
      for (const Simd simd : {Simd::kScalar, Simd::kSse2, BestSimd()}) {
        EXPECT_EQ(ReadRows({file.path()}, kRfc, {.block_bytes = block_bytes, .simd = simd}, 1 + pick(3),
                           static_cast<size_t>(columns)),
                  whole)
            << block_bytes;
      }
    }
  }
}

TEST(RecordsProperty, AnyBytesAnyDialectSameForAnyBlockSize) {
  const std::vector<Options> dialects = {{},
                                         kRfc,
                                         {{"multiLine", "true"}},
                                         {{"multiLine", "true"}, {"sep", ",;"}, {"ignoreLeadingWhiteSpace", "true"}},
                                         {{"comment", "#"}, {"ignoreTrailingWhiteSpace", "true"}},
                                         {{"multiLine", "true"}, {"comment", "#"}, {"escape", ""}},
                                         {{"lineSep", ";"}, {"multiLine", "true"}},
                                         {{"quote", ""}, {"header", "true"}},
                                         {{"multiLine", "true"}, {"lineSep", ";#"}, {"charToEscapeQuoteEscaping", ""}}};
  for (unsigned seed = 1; seed <= 150; ++seed) {
    std::mt19937 random(seed);
    std::string text;
    for (unsigned n = random() % 600; n > 0; --n) text += std::string_view("ab \",,\n\n\r\\;#\t\"", 14)[random() % 14];
    const Options& options = dialects[seed % dialects.size()];
    const TempFile file(text);
    const std::vector<Row> whole = ReadRows({file.path()}, options, {.block_bytes = 1 << 20, .simd = Simd::kScalar});
    for (const size_t block_bytes : {1u, 5u, 64u, 200u}) {
      EXPECT_EQ(ReadRows({file.path()}, options, {.block_bytes = block_bytes}, 2, seed % 4), whole)
          << "seed " << seed << " block " << block_bytes << "\n"
          << text;
    }
  }
}

TEST(Scan, AllInstructionSetsAgree) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string bytes(random() % 1000, '\0');
    for (char& c : bytes) c = random() % 3 == 0 ? "\",\n\r\\"[random() % 5] : static_cast<char>(random());
    const SpecialBytes specials{Dialect{}};
    std::vector<uint32_t> a(bytes.size() + 64), b(bytes.size() + 64), c(bytes.size() + 64);
    a.resize(IndexSpecials(bytes.data(), bytes.size(), 5, specials, Simd::kScalar, a.data()));
    b.resize(IndexSpecials(bytes.data(), bytes.size(), 5, specials, Simd::kSse2, b.data()));
    c.resize(IndexSpecials(bytes.data(), bytes.size(), 5, specials, BestSimd(), c.data()));
    EXPECT_EQ(a, b);
    EXPECT_EQ(a, c);
  }
  EXPECT_TRUE(IsValidUtf8("abc\xC3\xA9", 5));
  EXPECT_FALSE(IsValidUtf8("abc\xC3", 4));
  EXPECT_FALSE(IsValidUtf8("0123456789abcdef\xED\xA0\x80", 19));
}

}  // namespace
}  // namespace tinderbox::csv
