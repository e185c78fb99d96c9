#include "diff/frequent.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace tinderbox::diff {
namespace {

void AddAll(const std::vector<std::string>& values, FrequentValues* counted) {
  for (const std::string& value : values) counted->Add(value, 1, [&] { return value; });
}

TEST(FrequentValues, FewValuesAreCountedExactly) {
  FrequentValues counted(4, 0.1);
  AddAll({"a", "b", "a", "", "a", "b"}, &counted);
  EXPECT_FALSE(counted.overflowed());
  EXPECT_FALSE(counted.NeedsSecondReading());
  EXPECT_EQ(counted.distinct(), 3u);
  EXPECT_EQ(counted.Top(2), (std::vector<std::pair<std::string, int64_t>>{{"a", 3}, {"b", 2}}));
}

TEST(FrequentValues, ManyRareValuesNeedNoSecondReading) {
  FrequentValues counted(16, 0.1);
  for (int i = 0; i < 50000; ++i) AddAll({std::to_string(i)}, &counted);
  EXPECT_TRUE(counted.overflowed());
  EXPECT_FALSE(counted.NeedsSecondReading());
  EXPECT_TRUE(counted.Top(5).empty());
}

TEST(FrequentValues, LongValuesThatDifferOnlyAtTheEndStayApart) {
  FrequentValues counted(4, 0.1);
  const std::string same(1000, 'x');
  AddAll({same + "1", same + "2", same + "1"}, &counted);
  EXPECT_EQ(counted.distinct(), 2u);
  EXPECT_EQ(counted.Top(1)[0].second, 2);
  EXPECT_EQ(counted.Top(1)[0].first.size(), FrequentValues::kLongest);
}

// Among many values, exactly those with the share that was asked for are found, with exact counts, in any order.
TEST(FrequentValues, FindsEveryFrequentValueAmongMany) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<std::string> values;
    std::map<std::string, int64_t> truth;
    for (int i = 0; i < 40000; ++i) {
      const uint64_t pick = random() % 100;
      values.push_back(pick < 13 ? "often" : pick < 22 ? "nearly" : std::to_string(random() % 100000));
    }
    if (seed % 3 == 1) std::sort(values.begin(), values.end());
    if (seed % 3 == 2) std::sort(values.rbegin(), values.rend());
    for (const std::string& value : values) ++truth[value];
    FrequentValues counted(16, 0.1);
    AddAll(values, &counted);
    ASSERT_TRUE(counted.overflowed());
    ASSERT_TRUE(counted.NeedsSecondReading()) << "seed " << seed;
    counted.BeginSecondReading();
    AddAll(values, &counted);
    std::vector<std::pair<std::string, int64_t>> expected;
    for (const auto& [value, count] : truth) {
      if (count >= 4000) expected.emplace_back(value, count);
    }
    EXPECT_EQ(counted.Top(10), expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tinderbox::diff
