// Random tables against an oracle that knows nothing of plans: sorted rows in memory.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/temp_dir.h"
#include "diff/statistics_fixture.h"
#include "diff/value_order.h"
#include "tinderbox/diff.h"
#include "tinderbox/error.h"

namespace tinderbox {
namespace {

using diff::CompareRows;
using diff::StatisticsText;

struct RowLess {
  bool operator()(const Row& a, const Row& b) const { return CompareRows(a, b) < 0; }
};
using Multiset = std::map<Row, int64_t, RowLess>;

Session& TestSession() {
  static Session session = Session::Embedded(
      {.memory_bytes = 1u << 30, .threads = 2, .temp_directory = {}, .time_zone = "UTC", .warehouse = {}});
  return session;
}

Multiset Counted(const std::vector<Row>& rows) {
  Multiset out;
  for (const Row& row : rows) ++out[row];
  return out;
}

class Tables {
 public:
  explicit Tables(uint32_t seed) : random_(seed) {}

  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }

  Value Cell(size_t column) {
    if (Below(6) == 0) return Value();
    switch (column) {
      case 0:
        return Value(Below(5));
      case 1:
        return Value(std::string(Below(4) == 0 ? "" : (Below(2) == 0 ? "a\"b,c\nd" : "x")));
      case 2: {
        const double values[] = {0.0, 1.5, -2.25, 1e300, std::numeric_limits<double>::quiet_NaN(), HUGE_VAL};
        return Value(values[Below(6)]);
      }
      case 3:
        return Value(DecimalValue{static_cast<__int128>(Below(3)) * 125, 2});
      default:
        return Value(TimestampValue{Below(3) * 1'000'001 - 5'000'000'000'000});
    }
  }

  std::vector<Row> Rows(size_t most) {
    std::vector<Row> out;
    const int64_t size = Below(static_cast<int64_t>(most) + 1);
    for (int64_t i = 0; i < size; ++i) {
      Row row;
      for (size_t column = 0; column < 5; ++column) row.values.push_back(Cell(column));
      out.push_back(row);
    }
    return out;
  }

  /// Rows of which many are those of `other`, in another order.
  std::vector<Row> Variant(const std::vector<Row>& other) {
    std::vector<Row> out;
    for (const Row& row : other) {
      const int64_t fate = Below(10);
      if (fate == 0) continue;
      out.push_back(row);
      if (fate == 1) out.push_back(row);
      if (fate == 2) out.back().values[static_cast<size_t>(1 + Below(4))] = Cell(static_cast<size_t>(1 + Below(1)));
    }
    for (Row& row : out) {
      if (Below(10) == 0) {
        const size_t column = static_cast<size_t>(Below(5));
        row.values[column] = Cell(column);
      }
      // A cell of another column's type may have come in above.
      for (size_t column = 0; column < 5; ++column) {
        if (!row.values[column].is_null() && !Fits(row.values[column], column)) row.values[column] = Value();
      }
    }
    std::shuffle(out.begin(), out.end(), random_);
    return out;
  }

 private:
  static bool Fits(const Value& value, size_t column) {
    static constexpr size_t kIndex[] = {2, 6, 4, 5, 10};
    return value.data.index() == kIndex[column];
  }

  std::mt19937 random_;
};

constexpr const char* kColumns = "k INT, s STRING, d DOUBLE, n DECIMAL(10,2), t TIMESTAMP";

class DiffProperties : public testing::TestWithParam<uint32_t> {
 protected:
  DiffInput Write(const std::string& name, const std::vector<Row>& rows, const std::string& format = "parquet") {
    DiffInput out;
    out.paths = {(folder_.path() / name).string()};
    out.format = format;
    DataFrameWriter writer = TestSession()
                                 .CreateDataFrame(StructType::FromDdl(kColumns), rows)
                                 .Write()
                                 .Format(format)
                                 .Mode(SaveMode::kOverwrite);
    if (format == "csv") {
      writer = writer.Option("header", "true").Option("escape", "\"");
      out.schema = StructType::FromDdl(kColumns);
    }
    writer.Save(out.paths[0]);
    return out;
  }
  std::vector<Row> Read(const std::string& path) {
    return TestSession().Read().Format("parquet").Load({path}).Collect();
  }

  base::TempDir folder_;
};

std::vector<int64_t> Counts(const DiffSummary& s) {
  return {s.equal, s.changed, s.left.only, s.right.only};
}

/// What a keyed comparison has to count: equal rows of a key pair first, the rest pairs up as far as it goes.
std::vector<int64_t> KeyedOracle(const std::vector<Row>& left, const std::vector<Row>& right) {
  std::map<Row, std::pair<std::vector<Row>, std::vector<Row>>, RowLess> by_key;
  for (const Row& row : left) by_key[Row{{row[0]}}].first.push_back(row);
  for (const Row& row : right) by_key[Row{{row[0]}}].second.push_back(row);
  std::vector<int64_t> out(4);
  for (const auto& [key, rows] : by_key) {
    Multiset net = Counted(rows.first);
    int64_t equal = 0;
    for (const Row& row : rows.second) {
      const auto found = net.find(row);
      if (found == net.end() || found->second == 0) continue;
      --found->second;
      ++equal;
    }
    const int64_t l = static_cast<int64_t>(rows.first.size()) - equal;
    const int64_t r = static_cast<int64_t>(rows.second.size()) - equal;
    out[0] += equal;
    out[1] += std::min(l, r);
    out[2] += l - std::min(l, r);
    out[3] += r - std::min(l, r);
  }
  return out;
}

std::vector<int64_t> KeylessOracle(const std::vector<Row>& left, const std::vector<Row>& right) {
  Multiset net = Counted(left);
  for (const Row& row : right) --net[row];
  std::vector<int64_t> out(4);
  out[0] = static_cast<int64_t>(left.size());
  for (const auto& [row, count] : net) {
    out[2] += std::max<int64_t>(count, 0);
    out[3] += std::max<int64_t>(-count, 0);
  }
  out[0] -= out[2];
  return out;
}

TEST_P(DiffProperties, AgreesWithTheOracle) {
  Tables tables(GetParam());
  const std::vector<Row> a = tables.Rows(40);
  const std::vector<Row> b = tables.Variant(a);
  for (const char* format : {"parquet", "csv"}) {
    const DiffInput left = Write(std::string("l") + format, a, format);
    const DiffInput right = Write(std::string("r") + format, b, format);
    for (const bool discard : {true, false}) {
      DiffOptions keyless;
      keyless.discard = discard;
      DiffOptions keyed = keyless;
      keyed.key = {"k"};
      SCOPED_TRACE(testing::Message() << "seed " << GetParam() << ", " << format << ", discard " << discard);
      EXPECT_EQ(Counts(Diff(TestSession(), left, right, keyless).summary()), KeylessOracle(a, b));
      EXPECT_EQ(Counts(Diff(TestSession(), left, right, keyed).summary()), KeyedOracle(a, b));
      EXPECT_EQ(Counts(Diff(TestSession(), right, left, keyed).summary()), KeyedOracle(b, a));
      EXPECT_TRUE(Diff(TestSession(), left, left, keyed).summary().same());
      EXPECT_TRUE(Diff(TestSession(), right, right, keyless).summary().same());
    }
  }
}

/// How the rows of a side, its keys that repeat and their rows count.
std::vector<int64_t> SideCounts(const SideSummary& side) {
  return {side.rows, side.duplicate_keys, side.duplicate_rows};
}

// The plans for a cluster are plans for any Spark, so that the engine here can run them, too.
TEST_P(DiffProperties, ThePlansForAClusterAgreeWithTheOracle) {
  Tables tables(GetParam() + 2000);
  const std::vector<Row> a = tables.Rows(40);
  const std::vector<Row> b = tables.Variant(a);
  const DiffInput left = Write("l", a);
  const DiffInput right = Write("r", b);
  const bool trim = GetParam() % 2 == 1;
  DiffOptions keyless;
  if (trim) keyless.trim = {"*"};  // keeps the values as they were, too
  DiffOptions keyed = keyless;
  keyed.key = {"k"};
  DiffOptions set = keyless;
  set.set_semantics = true;
  for (const DiffOptions& here : {keyless, keyed, set}) {
    DiffOptions there = here;
    there.remote = true;
    SCOPED_TRACE(testing::Message() << "seed " << GetParam() << ", trim " << trim << ", keys " << here.key.size()
                                    << ", set " << here.set_semantics);
    const DiffSummary one = Diff(TestSession(), left, right, here).summary();
    const DiffSummary other = Diff(TestSession(), left, right, there).summary();
    EXPECT_EQ(Counts(one), Counts(other));
    EXPECT_EQ(SideCounts(one.left), SideCounts(other.left));
    EXPECT_EQ(SideCounts(one.right), SideCounts(other.right));
    EXPECT_EQ(StatisticsText(one), StatisticsText(other));
    if (here.set_semantics || trim) continue;
    EXPECT_EQ(Counts(other), here.key.empty() ? KeylessOracle(a, b) : KeyedOracle(a, b));
  }
}

TEST_P(DiffProperties, PatchGivesTheRightSideBack) {
  Tables tables(GetParam() + 1000);
  const std::vector<Row> a = tables.Rows(40);
  const std::vector<Row> b = tables.Variant(a);
  const DiffInput left = Write("l", a);
  const DiffInput right = Write("r", b);
  const std::string patch = (folder_.path() / "patch").string();
  const std::string output = (folder_.path() / "out").string();
  for (const char* format : {"parquet", "json"}) {
    SCOPED_TRACE(testing::Message() << "seed " << GetParam() << ", " << format);
    Diff(TestSession(), left, right, {})
        .Write(
            {.path = patch, .format = format, .layout = DiffLayout::kPatch, .overwrite = true, .include_equal = false});
    ApplyPatch(TestSession(), left, patch, output, "parquet", true);
    EXPECT_EQ(Counted(Read(output)), Counted(b));
    if (a.empty() || KeylessOracle(a, b)[2] == 0) continue;
    const DiffInput nothing = Write("nothing", {});
    EXPECT_THROW(ApplyPatch(TestSession(), nothing, patch, output, "parquet", true), Error);
    EXPECT_EQ(Counted(Read(output)), Counted(b));  // a refused patch leaves what was there
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, DiffProperties, testing::Range(0u, 12u));

}  // namespace
}  // namespace tinderbox
