#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "diff/discard.h"
#include "spark/ipc.h"

namespace tinderbox::diff {
namespace {

StructType TestSchema() {
  return {{{"k", DataType(TypeKind::kLong), true, "{}"},
           {"s", DataType(TypeKind::kString), true, "{}"},
           {"b", DataType(TypeKind::kBoolean), true, "{}"},
           {"l", DataType::Array(DataType(TypeKind::kInteger)), true, "{}"}}};
}

Row MakeRow(int64_t k, const std::string& s) {
  Row row;
  row.values.emplace_back(k);
  row.values.push_back(s.empty() ? Value() : Value(s));
  row.values.emplace_back(k % 3 == 0);
  auto list = std::make_shared<ListValue>();
  for (int64_t i = 0; i < k % 4; ++i) list->items.push_back(i == 2 ? Value() : Value(i));
  row.values.emplace_back(list);
  return row;
}

// Rows as a stream of batches of uneven sizes.
class RowReader : public BatchReader {
 public:
  RowReader(std::vector<Row> rows, size_t batch_rows)
      : schema_(TestSchema()), rows_(std::move(rows)), batch_rows_(batch_rows) {}
  const StructType& schema() const override { return schema_; }
  bool Next(ArrowBatch* batch) override {
    if (at_ == rows_.size()) return false;
    const size_t n = std::min(rows_.size() - at_, 1 + (batch_rows_ * 7 + at_) % batch_rows_);
    *batch = spark::ToBatch(schema_, std::vector<Row>(rows_.begin() + static_cast<std::ptrdiff_t>(at_),
                                                      rows_.begin() + static_cast<std::ptrdiff_t>(at_ + n)));
    at_ += n;
    return true;
  }

 private:
  StructType schema_;
  std::vector<Row> rows_;
  size_t batch_rows_;
  size_t at_ = 0;
};

std::map<std::string, int> Bag(const std::vector<Row>& rows) {
  std::map<std::string, int> bag;
  for (const Row& row : rows) {
    std::string text;
    for (const Value& value : row.values) text += value.ToJson() + "|";
    ++bag[text];
  }
  return bag;
}

std::vector<Row> Rows(const std::vector<ArrowBatch>& batches) {
  std::vector<Row> rows;
  const StructType schema = TestSchema();
  for (const ArrowBatch& batch : batches) {
    for (int64_t i = 0; i < batch.rows(); ++i) {
      Row row;
      for (size_t c = 0; c < schema.fields.size(); ++c) {
        row.values.push_back(spark::ToValue(schema.fields[c].type, batch.column(c), batch.array().offset + i));
      }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

// left - right, per distinct row: what a discarding pass must leave as it was.
std::map<std::string, int> SignedDifference(const std::vector<Row>& left, const std::vector<Row>& right) {
  std::map<std::string, int> difference = Bag(left);
  for (const auto& [row, count] : Bag(right)) difference[row] -= count;
  std::erase_if(difference, [](const auto& entry) { return entry.second == 0; });
  return difference;
}

std::optional<ColumnDiscard> Discard(const std::vector<Row>& left, const std::vector<Row>& right, int hash_bits = 64,
                                     const std::vector<size_t>& key = {0}) {
  RowReader l(left, 100);
  RowReader r(right, 77);
  DiscardTuning tuning;
  tuning.hash_bits = hash_bits;
  return DiscardEqualRows(l, r, key, {0, 1, 2, 3}, tuning, {});
}

void ExpectExact(const std::vector<Row>& left, const std::vector<Row>& right, const ColumnDiscard& out) {
  const auto rest_left = Rows(out.left);
  const auto rest_right = Rows(out.right);
  EXPECT_EQ(SignedDifference(left, right), SignedDifference(rest_left, rest_right));
  EXPECT_EQ(static_cast<size_t>(out.counts.left_rows), left.size());
  EXPECT_EQ(static_cast<size_t>(out.counts.right_rows), right.size());
  EXPECT_EQ(left.size() - rest_left.size(), static_cast<size_t>(out.counts.pairs));
  EXPECT_EQ(right.size() - rest_right.size(), static_cast<size_t>(out.counts.pairs));
}

std::vector<Row> Sequence(int64_t n) {
  std::vector<Row> rows;
  for (int64_t i = 0; i < n; ++i) rows.push_back(MakeRow(i, i % 5 == 0 ? "" : "value " + std::to_string(i * i)));
  return rows;
}

TEST(DiscardColumns, EqualStreamsLeaveNothing) {
  const auto rows = Sequence(5000);
  const auto out = Discard(rows, rows);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->counts.pairs, 5000);
  EXPECT_TRUE(out->left.empty());
  EXPECT_TRUE(out->right.empty());
  EXPECT_TRUE(out->counts.left_keys_unique);
}

TEST(DiscardColumns, ChangedRowsStayOnBothSides) {
  const auto left = Sequence(5000);
  auto right = left;
  right[17] = MakeRow(17, "changed");
  right[4999] = MakeRow(4999, "");
  const auto out = Discard(left, right);
  ASSERT_TRUE(out);
  EXPECT_EQ(out->counts.pairs, 4998);
  ExpectExact(left, right, *out);
}

TEST(DiscardColumns, FindsTheWayAfterInsertionsAndDeletionsByHashes) {
  const auto left = Sequence(20000);
  auto right = left;
  right.erase(right.begin() + 100, right.begin() + 900);
  for (int i = 0; i < 300; ++i) right.insert(right.begin() + 5000, MakeRow(100000 - i, "new"));
  const auto out = Discard(left, right, 64, {});
  ASSERT_TRUE(out);
  ExpectExact(left, right, *out);
  EXPECT_EQ(out->counts.pairs, 20000 - 800);
}

TEST(DiscardColumns, FindsTheWayByAscendingKeys) {
  const auto all = Sequence(30000);
  std::vector<Row> left, right;
  for (size_t i = 0; i < all.size(); ++i) {
    // Every other row of the first third is on one side only, then a long block is missing.
    if (i >= 10000 || i % 4 != 1) left.push_back(all[i]);
    if ((i >= 10000 || i % 4 != 3) && (i < 15000 || i >= 28000)) right.push_back(all[i]);
  }
  const auto out = Discard(left, right);
  ASSERT_TRUE(out);
  ExpectExact(left, right, *out);
  EXPECT_EQ(out->counts.pairs, 5000 + 5000 + 2000);
  EXPECT_TRUE(out->counts.left_keys_unique);
  EXPECT_TRUE(out->counts.right_keys_unique);
}

TEST(DiscardColumns, KeysOutOfOrderOnlyCostRows) {
  const auto left = Sequence(3000);
  auto right = left;
  for (int i = 0; i < 300; ++i) right.insert(right.begin() + 1500, MakeRow(100000 - i, "new"));
  const auto out = Discard(left, right);
  ASSERT_TRUE(out);
  ExpectExact(left, right, *out);
  EXPECT_TRUE(out->counts.right_keys_unique);
}

TEST(DiscardColumns, OneSideEmpty) {
  const auto rows = Sequence(300);
  const auto out = Discard({}, rows);
  ASSERT_TRUE(out);
  ExpectExact({}, rows, *out);
  EXPECT_EQ(out->counts.pairs, 0);
}

TEST(DiscardColumns, DuplicateKeysAreNeverProvenUnique) {
  auto rows = Sequence(1000);
  rows[500] = rows[499];
  const auto out = Discard(rows, rows);
  ASSERT_TRUE(out);
  EXPECT_FALSE(out->counts.left_keys_unique);
  std::mt19937_64 random(5);
  std::shuffle(rows.begin(), rows.end(), random);
  const auto shuffled = Discard(rows, rows);
  ASSERT_TRUE(shuffled);
  EXPECT_FALSE(shuffled->counts.left_keys_unique);
}

TEST(DiscardColumns, UniqueKeysInAnyOrderAreProvenByHashes) {
  auto rows = Sequence(3000);
  std::mt19937_64 random(7);
  std::shuffle(rows.begin(), rows.end(), random);
  const auto out = Discard(rows, rows);
  ASSERT_TRUE(out);
  EXPECT_TRUE(out->counts.left_keys_unique);
  EXPECT_TRUE(out->counts.right_keys_unique);
}

TEST(DiscardColumns, GivesUpOnUnrelatedStreams) {
  const auto left = Sequence(300000);
  auto right = left;
  for (size_t i = 0; i < right.size(); ++i) right[i] = MakeRow(static_cast<int64_t>(i), "other " + std::to_string(i));
  EXPECT_FALSE(Discard(left, right));
}

TEST(DiscardColumns, GivesUpWhenTooMuchStays) {
  RowReader l(Sequence(2000), 100);
  RowReader r({}, 100);
  DiscardTuning tuning;
  tuning.max_remaining_bytes = 1000;
  EXPECT_FALSE(DiscardEqualRows(l, r, {0}, {0, 1, 2, 3}, tuning, {}));
}

// Random edits; with few hash bits nearly every hash collides, and the answer must not change.
TEST(DiscardColumns, NeverLosesOrInventsRows) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    auto left = Sequence(static_cast<int64_t>(random() % 3000));
    auto right = left;
    for (size_t edits = random() % 40; edits > 0 && !right.empty(); --edits) {
      const size_t at = random() % right.size();
      switch (random() % 4) {
        case 0:
          right[at] = MakeRow(static_cast<int64_t>(random() % 50), "edit");
          break;
        case 1:
          right.erase(right.begin() + static_cast<std::ptrdiff_t>(at));
          break;
        case 2:
          right.insert(right.begin() + static_cast<std::ptrdiff_t>(at), right[random() % right.size()]);
          break;
        default:
          std::rotate(right.begin(), right.begin() + static_cast<std::ptrdiff_t>(at), right.end());
          break;
      }
    }
    const auto out = Discard(left, right, seed % 3 == 0 ? 3 : 64);
    ASSERT_TRUE(out) << "seed " << seed;
    ExpectExact(left, right, *out);
  }
}

}  // namespace
}  // namespace tinderbox::diff
