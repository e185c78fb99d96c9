#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include "csv/record_index.h"
#include "diff/discard.h"
#include "tinderbox/error.h"

namespace tinderbox::diff {
namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::string> kOptions = {{"header", "true"}, {"multiLine", "true"}, {"escape", "\""}};

class DiscardCsv : public testing::Test {
 protected:
  DiscardCsv() : folder_(fs::temp_directory_path() / ("tinderbox_discard_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~DiscardCsv() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  std::optional<CsvDiscard> Run(const std::vector<std::string>& left, const std::vector<std::string>& right,
                                const StructType& schema, const std::vector<std::string>& key = {},
                                DiscardTuning tuning = {}, std::map<std::string, std::string> options = kOptions) {
    return DiscardEqualRecords({left, options}, {right, options}, schema, key, folder_.string(), tuning, {});
  }
  std::optional<CsvDiscard> RunTexts(const std::string& left, const std::string& right, const StructType& schema,
                                     const std::vector<std::string>& key = {}, DiscardTuning tuning = {}) {
    return Run({Write("l.csv", left)}, {Write("r.csv", right)}, schema, key, tuning);
  }

  /// The raw texts of the records of an index, with their lines.
  static std::vector<std::pair<std::string, uint64_t>> Remaining(const std::string& index,
                                                                 const std::vector<std::string>& files) {
    std::vector<std::pair<std::string, uint64_t>> out;
    for (const csv::IndexedRecord& record : csv::ReadRecordIndex(index)) {
      std::ifstream in(files[record.file], std::ios::binary);
      std::string text(record.length, '\0');
      in.seekg(static_cast<std::streamoff>(record.offset));
      in.read(text.data(), static_cast<std::streamsize>(text.size()));
      out.emplace_back(text, record.line);
    }
    return out;
  }
  std::vector<std::pair<std::string, uint64_t>> Left(const CsvDiscard& d) {
    return Remaining(d.left_index, {(folder_ / "l.csv").string()});
  }
  std::vector<std::pair<std::string, uint64_t>> Right(const CsvDiscard& d) {
    return Remaining(d.right_index, {(folder_ / "r.csv").string()});
  }

  fs::path folder_;
  const StructType schema_{{{"id", DataType(TypeKind::kInteger)}, {"v", DataType(TypeKind::kString)}}};
};

using testing::ElementsAre;
using testing::Pair;

TEST_F(DiscardCsv, KeepsWhatDiffers) {
  const auto d =
      RunTexts("id,v\n1,a\n2,b\n3,\"x\ny\"\n4,d\n", "id,v\n1,a\n2,B\n3,\"x\ny\"\n9,z\n4,d\n", schema_, {"id"});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->counts.left_rows, 4);
  EXPECT_EQ(d->counts.right_rows, 5);
  EXPECT_EQ(d->counts.pairs, 3);
  EXPECT_TRUE(d->counts.left_keys_unique);
  EXPECT_TRUE(d->counts.right_keys_unique) << "9 stands before 4, but no key twice";
  EXPECT_THAT(Left(*d), ElementsAre(Pair("2,b", 3u)));
  EXPECT_THAT(Right(*d), ElementsAre(Pair("2,B", 3u), Pair("9,z", 6u)));
}

TEST_F(DiscardCsv, CountsHowOftenARowOccurs) {
  const auto d = RunTexts("id,v\n1,a\n1,a\n2,b\n1,a\n", "id,v\n2,b\n1,a\n", schema_);
  ASSERT_TRUE(d);
  EXPECT_EQ(d->counts.pairs, 2);
  EXPECT_EQ(Left(*d).size(), 2u);
  EXPECT_THAT(Right(*d), ElementsAre());
}

TEST_F(DiscardCsv, NeverDropsWhatMayNotConvert) {
  const std::string text = "id,v\nx,a\n2147483648,b\n1\n1,a,b\n5,\"q\"r\n6,\xFF\n7,ok\n8,\"open\n";
  const auto d = RunTexts(text, text, schema_, {"id"});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->counts.pairs, 1);
  EXPECT_EQ(Left(*d).size(), 7u);
  EXPECT_EQ(Right(*d).size(), 7u);
  EXPECT_FALSE(d->counts.left_keys_unique);
}

TEST_F(DiscardCsv, KeysAreComparedByValue) {
  const auto unique = [&](const std::string& rows, const StructType& schema, const std::vector<std::string>& key) {
    const auto d = RunTexts("id,v\n" + rows, "id,v\n" + rows, schema, key);
    return d && d->counts.left_keys_unique;
  };
  const StructType strings{{{"id", DataType(TypeKind::kString)}, {"v", DataType(TypeKind::kString)}}};
  EXPECT_TRUE(unique("1,a\n2,a\n", schema_, {"id"}));
  EXPECT_TRUE(unique("3,a\n-7,a\n,a\n", schema_, {"id"}));
  EXPECT_FALSE(unique("7,a\n007,a\n", schema_, {"id"}));
  EXPECT_FALSE(unique("7,a\n+7,b\n", schema_, {"id"}));
  EXPECT_FALSE(unique(",a\n,b\n", schema_, {"id"})) << "NULL equals NULL";
  EXPECT_FALSE(unique("-0,a\n0,b\n", schema_, {"id"}));
  EXPECT_TRUE(unique("7,a\n007,a\n", strings, {"id"}));
  EXPECT_FALSE(unique("a,1\n\"a\",2\n", strings, {"id"}));
  EXPECT_TRUE(unique("a,bc\nab,c\n", strings, {"id", "v"}));
  EXPECT_TRUE(unique(",a\na,\n", strings, {"id", "v"}));
  EXPECT_FALSE(unique("a,b\na,b\n", strings, {"id", "v"}));
  const StructType floating{{{"id", DataType(TypeKind::kDouble)}, {"v", DataType(TypeKind::kString)}}};
  EXPECT_FALSE(unique("1.0,a\n2.0,a\n", floating, {"id"})) << "not provable";
}

TEST_F(DiscardCsv, GivesUpOnOtherDialectsAndHeaders) {
  const std::string l = Write("l.csv", "id,v\n1,a\n");
  const std::string r = Write("r.csv", "v,id\na,1\n");
  EXPECT_FALSE(Run({l}, {r}, schema_));
  EXPECT_FALSE(DiscardEqualRecords({{l}, kOptions}, {{l}, {{"header", "true"}, {"sep", ";"}}}, schema_, {},
                                   folder_.string(), {}, {}));
  std::map<std::string, std::string> latin = kOptions;
  latin["encoding"] = "ISO-8859-1";
  EXPECT_FALSE(Run({l}, {l}, schema_, {}, {}, latin));
  EXPECT_FALSE(RunTexts("id,v\n1,a\n2,b\n", "id,v\n3,a\n4,b\n", schema_)) << "nothing in common";
  EXPECT_FALSE(RunTexts("id,v\n", "id,v\n1,a\n", schema_));
  EXPECT_FALSE(RunTexts("", "", schema_));
  EXPECT_FALSE(RunTexts("id,v\n1,a\n2,b\n", "id,v\n1,a\n3,b\n", schema_, {}, {.max_remaining_bytes = 2}));
}

TEST_F(DiscardCsv, LineEndsAndMarksDoNotCount) {
  const auto d = RunTexts("\xEF\xBB\xBFid,v\r\n1,a\r\n2,b\r\n", "id,v\n1,a\n\n2,b", schema_);
  ASSERT_TRUE(d);
  EXPECT_EQ(d->counts.pairs, 2);
}

TEST_F(DiscardCsv, SeveralFiles) {
  const std::vector<std::string> left = {Write("l0.csv", "id,v\n1,a\n2,b\n"), Write("l1.csv", "id,v\n"),
                                         Write("l2.csv", "id,v\n3,c\n4,d\n")};
  const std::vector<std::string> right = {Write("r0.csv", "id,v\n4,d\n3,C\n2,b\n1,a\n")};
  const auto d = Run(left, right, schema_, {"id"});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->counts.pairs, 3);
  const auto rest = csv::ReadRecordIndex(d->left_index);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].file, 2u);
  EXPECT_EQ(rest[0].line, 2u);
}

TEST_F(DiscardCsv, AllChangedIsSeenInASample) {
  std::string left = "id,v\n", right = "id,v\n";
  for (int i = 0; i < 600000; ++i) {
    left += std::to_string(i) + ",a\n";
    right += std::to_string(i) + ",b\n";
  }
  int reports = 0;
  EXPECT_FALSE(DiscardEqualRecords({{Write("l.csv", left)}, kOptions}, {{Write("r.csv", right)}, kOptions}, schema_, {},
                                   folder_.string(), {}, [&](double, uint64_t) { ++reports; }));
  EXPECT_EQ(reports, 0) << "the files were read to the end";
}

TEST_F(DiscardCsv, InterruptedByProgress) {
  const std::string path = Write("l.csv", "id,v\n1,a\n");
  EXPECT_THROW(DiscardEqualRecords({{path}, kOptions}, {{path}, kOptions}, schema_, {}, folder_.string(), {},
                                   [](double, uint64_t) { throw Interrupted(); }),
               Interrupted);
}

// What is dropped and what stays make up the sides again, what is dropped is the same on both, and with good hashes
// nothing that could be paired stays.
TEST_F(DiscardCsv, PropertyNothingIsLostAtAnyHashWidth) {
  int runs = 0;
  for (unsigned seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const auto pick = [&](unsigned n) { return random() % n; };
    const auto row = [&] {
      const unsigned kind = pick(20);
      const std::string value = kind == 0   ? "\"a\nb" + std::to_string(pick(3)) + "\""
                                : kind == 1 ? "\"say \"\"" + std::to_string(pick(3)) + "\"\"\""
                                            : std::string(pick(3), 'x');
      return (pick(15) == 0 ? "bad" : std::to_string(pick(30))) + "," + value;
    };
    std::vector<std::string> rows[2];
    for (unsigned n = pick(300); n > 0; --n) rows[0].push_back(row());
    rows[1] = rows[0];
    if (pick(2) == 0) std::shuffle(rows[1].begin(), rows[1].end(), random);
    for (unsigned n = pick(20); n > 0; --n) {
      if (!rows[1].empty() && pick(2) == 0)
        rows[1].erase(rows[1].begin() + pick(static_cast<unsigned>(rows[1].size())));
      if (pick(2) == 0) rows[1].insert(rows[1].begin() + pick(static_cast<unsigned>(rows[1].size()) + 1), row());
    }
    std::string text[2] = {"id,v\n", "id,v\n"};
    for (int s = 0; s < 2; ++s) {
      for (const std::string& one : rows[s]) text[s] += one + (pick(4) == 0 ? "\r\n" : "\n");
    }
    for (const int bits : {64, 4, 0}) {
      const auto d =
          RunTexts(text[0], text[1], schema_, {"id"}, {.hash_bits = bits, .threads = 1 + static_cast<int>(pick(3))});
      if (!d) continue;
      ++runs;
      std::multiset<std::string> all[2], stay[2], gone[2];
      for (const auto& [one, line] : Left(*d)) stay[0].insert(one);
      for (const auto& [one, line] : Right(*d)) stay[1].insert(one);
      for (int s = 0; s < 2; ++s) {
        all[s] = {rows[s].begin(), rows[s].end()};
        ASSERT_TRUE(std::includes(all[s].begin(), all[s].end(), stay[s].begin(), stay[s].end()));
        std::set_difference(all[s].begin(), all[s].end(), stay[s].begin(), stay[s].end(),
                            std::inserter(gone[s], gone[s].end()));
        EXPECT_EQ(gone[s].size(), static_cast<size_t>(d->counts.pairs));
        for (const std::string& one : gone[s]) EXPECT_NE(one.substr(0, 3), "bad");
      }
      EXPECT_EQ(gone[0], gone[1]);
      EXPECT_EQ(d->counts.left_rows, static_cast<int64_t>(rows[0].size()));
      EXPECT_EQ(d->counts.right_rows, static_cast<int64_t>(rows[1].size()));
      if (bits < 64) continue;
      std::vector<std::string> both;
      std::set_intersection(stay[0].begin(), stay[0].end(), stay[1].begin(), stay[1].end(), std::back_inserter(both));
      for (const std::string& one : both) EXPECT_EQ(one.substr(0, 3), "bad");
    }
  }
  EXPECT_GT(runs, 200);
}

}  // namespace
}  // namespace tinderbox::diff
