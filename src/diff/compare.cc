#include "diff/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <future>
#include <thread>

#include "base/json_text.h"
#include "base/temp_dir.h"
#include "csv/infer.h"
#include "diff/discard.h"
#include "diff/files.h"
#include "tinderbox/error.h"
#include "tinderbox/functions.h"

namespace tinderbox::diff {
namespace {

namespace fn = functions;

/// Below this size a typed comparison is quicker than a pass that may save it.
constexpr uint64_t kWorthDiscarding = 4u << 20;
/// From this size on, whole passes over the input cost more than a query.
constexpr uint64_t kLarge = 64u << 20;

const DataType kLongType(TypeKind::kLong);

Column Number(int64_t value) {
  return fn::Lit(Value(value), kLongType);
}
Column Null(const DataType& type) {
  return fn::Lit(Value(), type);
}

/// The rows of one side that still have to be compared. Columns: c<i> canonical, v<i> plain where needed, m malformed.
struct Rows {
  DataFrame left, right;
};

class Comparer {
 public:
  Comparer(const Session& session, const OpenedSides& sides, DifferenceLayout layout, bool set_semantics)
      : session_(session), sides_(sides), layout_(std::move(layout)), set_semantics_(set_semantics) {}

  const DifferenceLayout& layout() const { return layout_; }

  DataFrame Project(const DataFrame& frame, Side side, Form form) const {
    const OpenedSide& opened = side == Side::kLeft ? sides_.left : sides_.right;
    std::vector<Column> out;
    for (size_t i = 0; i < layout_.columns.size(); ++i) {
      const ComparedColumn& c = layout_.columns[i];
      out.push_back(ToForm(Own(c, side), c.left_type, c.right_type, side, c.normalization, form).Alias(Name("c", i)));
    }
    for (size_t i = 0; i < layout_.columns.size(); ++i) {
      const ComparedColumn& c = layout_.columns[i];
      if (!LosesValue(c)) continue;
      out.push_back(
          ToForm(Own(c, side), c.left_type, c.right_type, side, c.normalization, Form::kPlain).Alias(Name("v", i)));
    }
    if (layout_.has_malformed) {
      out.push_back(
          (opened.malformed_column.empty() ? Null(DataType(TypeKind::kString)) : fn::ColExact(opened.malformed_column))
              .Alias("m"));
    }
    return frame.Select(std::move(out));
  }

  Rows ProjectAll(Form form) const {
    return {Project(sides_.left.frame, Side::kLeft, form), Project(sides_.right.frame, Side::kRight, form)};
  }

  /// The canonical keys of both sides.
  Rows Keys() const { return {Keys(sides_.left.frame, Side::kLeft, {}), Keys(sides_.right.frame, Side::kRight, {})}; }

  /// Keys that occur more than once on a side that is not known to have unique keys, with how often: a left, b right.
  DataFrame RepeatedKeys(bool left_unique, bool right_unique) const {
    const auto counted = [&](Side side) {
      const bool left = side == Side::kLeft;
      return Keys(left ? sides_.left.frame : sides_.right.frame, side,
                  {Number(left ? 1 : 0).Alias("a"), Number(left ? 0 : 1).Alias("b")});
    };
    DataFrame rows = counted(left_unique ? Side::kRight : Side::kLeft);
    if (!left_unique && !right_unique) rows = rows.UnionAll(counted(Side::kRight));
    return rows.GroupBy(KeyColumns(""))
        .Agg({fn::Sum(fn::Col("a")).Alias("a"), fn::Sum(fn::Col("b")).Alias("b")})
        .Filter(fn::Col("a") > Number(1) || fn::Col("b") > Number(1));
  }

  DataFrame Keyed(const Rows& rows, const std::optional<DataFrame>& repeated, bool with_equal) const {
    if (!repeated) return Pair(rows, false, with_equal);
    const DataFrame keys = KeysOnly(*repeated);
    const auto without = [&](const DataFrame& frame) { return frame.Join(keys, SameKey("", "k"), "left_anti"); };
    const auto only = [&](const DataFrame& frame) { return frame.Join(keys, SameKey("", "k"), "left_semi"); };
    const DataFrame unique = Pair({without(rows.left), without(rows.right)}, false, with_equal);
    // Equal rows cancel by their numbers, which costs no more for a key of a million rows than for a million keys.
    const DataFrame groups = Groups({only(rows.left), only(rows.right)});
    const DataFrame unpaired = groups.Filter(fn::Col("a") != fn::Col("b")).Persist();
    const auto remaining = [&](const char* more, const char* less) {
      return Ranked(
          unpaired.WithColumns({{"copies", fn::Col(more) - fn::Col(less)}}).Filter(fn::Col("copies") > Number(0)),
          more[0] == 'a' ? Side::kLeft : Side::kRight);
    };
    DataFrame out = unique.UnionAll(Pair({remaining("a", "b"), remaining("b", "a")}, true, with_equal));
    if (with_equal) {
      const DataFrame equal = groups.WithColumns({{"copies", fn::Call("least", {fn::Col("a"), fn::Col("b")})}});
      out = out.UnionAll(FromGroups(Repeat(equal.Filter(fn::Col("copies") > Number(0))), RowKind::kEqual, Number(1)));
    }
    return out;
  }

  DataFrame Keyless(const Rows& rows, bool with_equal) const {
    const DataFrame groups = Groups(rows);
    const Column a = fn::Col("a");
    const Column b = fn::Col("b");
    const auto kind = [](RowKind k) {
      return fn::Lit(Value(int64_t{static_cast<int>(k)}), DataType(TypeKind::kInteger));
    };
    if (set_semantics_) {
      DataFrame out =
          FromGroups(groups.Filter(a == Number(0) || b == Number(0)),
                     fn::When({{b == Number(0), kind(RowKind::kLeftOnly)}}, kind(RowKind::kRightOnly)), Number(1));
      if (with_equal)
        out = out.UnionAll(FromGroups(groups.Filter(a > Number(0) && b > Number(0)), RowKind::kEqual, Number(1)));
      return out;
    }
    DataFrame out =
        FromGroups(groups.Filter(a != b), fn::When({{a > b, kind(RowKind::kLeftOnly)}}, kind(RowKind::kRightOnly)),
                   fn::When({{a > b, a - b}}, b - a));
    if (with_equal) {
      out = out.UnionAll(
          FromGroups(groups.Filter(a > Number(0) && b > Number(0)), RowKind::kEqual, fn::Call("least", {a, b})));
    }
    return out;
  }

  /// How many different rows each side has.
  DataFrame DistinctRows(const Rows& rows) const {
    const auto some = [](const char* n) { return fn::Sum(fn::When({{fn::Col(n) > Number(0), Number(1)}}, Number(0))); };
    return Groups(rows).Agg({some("a").Alias("l"), some("b").Alias("r")});
  }

 private:
  DataFrame Keys(const DataFrame& frame, Side side, std::vector<Column> more) const {
    std::vector<Column> out;
    for (size_t i = 0; i < layout_.keys; ++i) {
      const ComparedColumn& c = layout_.columns[i];
      out.push_back(
          ToForm(Own(c, side), c.left_type, c.right_type, side, c.normalization, Form::kCanonical).Alias(Name("c", i)));
    }
    out.insert(out.end(), more.begin(), more.end());
    return frame.Select(std::move(out));
  }

  static std::string Name(const char* prefix, size_t i) { return fmt::format("{}{}", prefix, i); }

  static Column Own(const ComparedColumn& column, Side side) {
    return fn::ColExact(side == Side::kLeft ? column.left_name : column.right_name);
  }

  std::vector<Column> KeyColumns(const std::string& prefix) const {
    std::vector<Column> out;
    for (size_t i = 0; i < layout_.keys; ++i) out.push_back(fn::Col(prefix + Name("c", i)));
    return out;
  }

  /// The columns c<i>, v<i>, m of ProjectAll.
  std::vector<std::string> RowNames() const {
    std::vector<std::string> out;
    for (size_t i = 0; i < layout_.columns.size(); ++i) out.push_back(Name("c", i));
    for (size_t i = 0; i < layout_.columns.size(); ++i) {
      if (LosesValue(layout_.columns[i])) out.push_back(Name("v", i));
    }
    if (layout_.has_malformed) out.push_back("m");
    return out;
  }

  DataFrame KeysOnly(const DataFrame& repeated) const {
    std::vector<Column> keys;
    for (size_t i = 0; i < layout_.keys; ++i) keys.push_back(fn::Col(Name("c", i)).Alias("k" + Name("c", i)));
    return repeated.Select(std::move(keys));
  }

  Column SameKey(const std::string& left_prefix, const std::string& right_prefix) const {
    std::optional<Column> out;
    for (size_t i = 0; i < layout_.keys; ++i) {
      const Column same = fn::Col(left_prefix + Name("c", i)).EqNullSafe(fn::Col(right_prefix + Name("c", i)));
      out = out ? *out && same : same;
    }
    return *out;
  }

  /// Pairs rows by key (and by rank within it) and keeps those that differ.
  DataFrame Pair(const Rows& rows, bool ranked, bool with_equal) const {
    const auto prefixed = [&](const DataFrame& frame, const std::string& prefix) {
      std::vector<Column> out;
      for (const std::string& name : RowNames()) out.push_back(fn::Col(name).Alias(prefix + name));
      if (ranked) out.push_back(fn::Col("rank").Alias(prefix + "rank"));
      out.push_back(fn::Lit(Value(true)).Alias(prefix + "p"));
      return frame.Select(std::move(out));
    };
    Column condition = SameKey("l", "r");
    if (ranked) condition = condition && fn::Col("lrank") == fn::Col("rrank");
    const DataFrame joined = prefixed(rows.left, "l").Join(prefixed(rows.right, "r"), condition, "full_outer");
    const Column left_only = fn::Col("rp").IsNull();
    const Column right_only = fn::Col("lp").IsNull();
    std::vector<Column> equal;
    for (size_t i = layout_.keys; i < layout_.columns.size(); ++i) {
      equal.push_back(EqualWithin(fn::Col(Name("lc", i)), fn::Col(Name("rc", i)), layout_.columns[i]));
    }
    std::optional<Column> all;
    const auto also = [&](const Column& c) { all = all ? *all && c : c; };
    for (const Column& c : equal) also(c);
    if (layout_.has_malformed) also(fn::Col("lm").EqNullSafe(fn::Col("rm")));
    const Column same = all ? *all : fn::Lit(Value(true));
    const auto kind = [](RowKind k) {
      return fn::Lit(Value(int64_t{static_cast<int>(k)}), DataType(TypeKind::kInteger));
    };
    std::vector<std::pair<Column, Column>> kinds = {{left_only, kind(RowKind::kLeftOnly)},
                                                    {right_only, kind(RowKind::kRightOnly)}};
    if (with_equal) kinds.emplace_back(same, kind(RowKind::kEqual));
    std::vector<Column> out = {fn::When(kinds, kind(RowKind::kChanged)).Alias(DifferenceLayout::kKind),
                               Number(1).Alias(DifferenceLayout::kCount)};
    const auto both = [&](const char* prefix, size_t i) {
      for (const Side side : {Side::kLeft, Side::kRight}) {
        const std::string from = (side == Side::kLeft ? "l" : "r") + Name(prefix, i);
        out.push_back(fn::Col(from).Alias(prefix[0] == 'c' ? layout_.Canonical(side, i) : layout_.Shown(side, i)));
      }
    };
    for (size_t i = 0; i < layout_.columns.size(); ++i) {
      both("c", i);
      if (LosesValue(layout_.columns[i])) both("v", i);
      if (i >= layout_.keys) {
        Column differs = !equal[i - layout_.keys];
        if (layout_.has_malformed) differs = differs || OtherText(layout_.columns[i]);
        out.push_back((!left_only && !right_only && differs).Alias(layout_.Differs(i)));
      }
    }
    if (layout_.has_malformed) {
      out.push_back(fn::Col("lm"));
      out.push_back(fn::Col("rm"));
    }
    return (with_equal ? joined : joined.Filter(left_only || right_only || !same)).Select(std::move(out));
  }

  /// Whether the column's unparsable texts differ. The columns lm and rm hold {"column":"text",…} with names as the
  /// file has them; a quote inside a text is escaped, so that only a real name stands between unescaped quotes before a
  /// colon.
  Column OtherText(const ComparedColumn& column) const {
    const auto text = [](const char* malformed, const std::string& name) {
      std::string quoted;
      for (const char c : base::JsonString(name)) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 && static_cast<unsigned char>(c) < 128) quoted += '\\';
        quoted += c;
      }
      return fn::Call("regexp_extract",
                      {fn::Col(malformed), fn::Lit(Value(fmt::format(R"re([{{,]{}:("(?:[^"\\]|\\.)*"))re", quoted))),
                       fn::Lit(Value(int64_t{1}), DataType(TypeKind::kInteger))});
    };
    return !fn::Col("lm").EqNullSafe(fn::Col("rm")) &&
           !fn::Coalesce({text("lm", OriginalName(sides_.left, column.left_name)), fn::Lit(Value(std::string()))})
                .EqNullSafe(fn::Coalesce(
                    {text("rm", OriginalName(sides_.right, column.right_name)), fn::Lit(Value(std::string()))}));
  }

  static std::string OriginalName(const OpenedSide& side, const std::string& name) {
    const std::optional<size_t> at = side.columns.schema.Find(name, true);
    return at ? side.columns.original_names[*at] : name;
  }

  /// Equal rows as one, with how many of them each side has: a left, b right. lv<i> and rv<i> show one of each side.
  DataFrame Groups(const Rows& rows) const {
    const auto signed_rows = [&](const DataFrame& frame, Side side) {
      std::vector<Column> out;
      for (size_t i = 0; i < layout_.columns.size(); ++i) out.push_back(fn::Col(Name("c", i)));
      if (layout_.has_malformed) out.push_back(fn::Col("m"));
      for (size_t i = 0; i < layout_.columns.size(); ++i) {
        const ComparedColumn& c = layout_.columns[i];
        if (!LosesValue(c)) continue;
        for (const Side of : {Side::kLeft, Side::kRight}) {
          out.push_back(
              (of == side ? fn::Col(Name("v", i)) : Null(FormType(c.left_type, c.right_type, of, Form::kPlain)))
                  .Alias(layout_.Shown(of, i)));
        }
      }
      out.push_back(Number(side == Side::kLeft ? 1 : 0).Alias("a"));
      out.push_back(Number(side == Side::kLeft ? 0 : 1).Alias("b"));
      return frame.Select(std::move(out));
    };
    std::vector<Column> grouping;
    for (size_t i = 0; i < layout_.columns.size(); ++i) grouping.push_back(fn::Col(Name("c", i)));
    if (layout_.has_malformed) grouping.push_back(fn::Col("m"));
    std::vector<Column> aggregates = {fn::Sum(fn::Col("a")).Alias("a"), fn::Sum(fn::Col("b")).Alias("b")};
    for (size_t i = 0; i < layout_.columns.size(); ++i) {
      if (!LosesValue(layout_.columns[i])) continue;
      for (const Side side : {Side::kLeft, Side::kRight}) {
        aggregates.push_back(fn::Min(fn::Col(layout_.Shown(side, i))).Alias(layout_.Shown(side, i)));
      }
    }
    return signed_rows(rows.left, Side::kLeft)
        .UnionAll(signed_rows(rows.right, Side::kRight))
        .GroupBy(std::move(grouping))
        .Agg(std::move(aggregates));
  }

  /// Each row of `groups` as often as its column "copies" says.
  DataFrame Repeat(const DataFrame& groups) const {
    const std::vector<Row> most = groups.Agg({fn::Max(fn::Col("copies"))}).Collect();
    if (most[0][0].is_null() || most[0][0].As<int64_t>() <= 1) return groups;
    return groups.Join(session_.Range(most[0][0].As<int64_t>()), fn::Col("id") < fn::Col("copies"), "inner")
        .Drop({"id"});
  }

  /// One side's rows of groups, numbered within their key in the order of their values.
  DataFrame Ranked(const DataFrame& groups, Side side) const {
    std::vector<Column> order;
    for (size_t i = layout_.keys; i < layout_.columns.size(); ++i) order.push_back(fn::Col(Name("c", i)).Asc());
    if (layout_.has_malformed) order.push_back(fn::Col("m").Asc());
    if (order.empty()) order.push_back(fn::Col("c0").Asc());
    std::vector<Column> out;
    for (size_t i = 0; i < layout_.columns.size(); ++i) out.push_back(fn::Col(Name("c", i)));
    for (size_t i = 0; i < layout_.columns.size(); ++i) {
      if (LosesValue(layout_.columns[i])) out.push_back(fn::Col(layout_.Shown(side, i)).Alias(Name("v", i)));
    }
    if (layout_.has_malformed) out.push_back(fn::Col("m"));
    const WindowSpec window = WindowSpec().PartitionBy(KeyColumns("")).OrderBy(std::move(order));
    out.push_back(fn::RowNumber().Over(window).Alias("rank"));
    return Repeat(groups).Select(std::move(out));
  }

  DataFrame FromGroups(const DataFrame& groups, RowKind kind, const Column& count) const {
    return FromGroups(groups, fn::Lit(Value(int64_t{static_cast<int>(kind)}), DataType(TypeKind::kInteger)), count);
  }

  /// Groups as rows of the table of differences.
  DataFrame FromGroups(const DataFrame& groups, const Column& kind, const Column& count) const {
    const DataFrame known = groups.WithColumns({{DifferenceLayout::kKind, kind}, {DifferenceLayout::kCount, count}});
    const auto of = [&](Side side, const Column& value) {
      const RowKind other = side == Side::kLeft ? RowKind::kRightOnly : RowKind::kLeftOnly;
      return fn::When({{fn::Col(DifferenceLayout::kKind) !=
                            fn::Lit(Value(int64_t{static_cast<int>(other)}), DataType(TypeKind::kInteger)),
                        value}});
    };
    std::vector<Column> out = {fn::Col(DifferenceLayout::kKind), fn::Col(DifferenceLayout::kCount)};
    for (size_t i = 0; i < layout_.columns.size(); ++i) {
      for (const Side side : {Side::kLeft, Side::kRight}) {
        out.push_back(of(side, fn::Col(Name("c", i))).Alias(layout_.Canonical(side, i)));
      }
      if (LosesValue(layout_.columns[i])) {
        for (const Side side : {Side::kLeft, Side::kRight}) {
          out.push_back(of(side, fn::Col(layout_.Shown(side, i))).Alias(layout_.Shown(side, i)));
        }
      }
      if (i >= layout_.keys) out.push_back(fn::Lit(Value(false)).Alias(layout_.Differs(i)));
    }
    if (layout_.has_malformed) {
      for (const Side side : {Side::kLeft, Side::kRight})
        out.push_back(of(side, fn::Col("m")).Alias(layout_.Malformed(side)));
    }
    return known.Select(std::move(out));
  }

  const Session& session_;
  const OpenedSides& sides_;
  const DifferenceLayout layout_;
  const bool set_semantics_;
};

/// The two CSV inputs by position, when their bytes may be compared; nullopt otherwise.
std::optional<StructType> BytewiseSchema(const OpenedSides& sides, const DifferenceLayout& layout) {
  const OpenedSide& left = sides.left;
  const OpenedSide& right = sides.right;
  if (left.format != "csv" || right.format != "csv" || !left.untouched || !right.untouched) return std::nullopt;
  if (left.options != right.options || !left.read_schema || !right.read_schema) return std::nullopt;
  const std::vector<std::string> header = csv::ReadHeader(left.files[0].string(), left.options);
  if (header.size() != left.file_schema.fields.size()) return std::nullopt;  // partition columns, which no record holds
  for (const OpenedSide* side : {&left, &right}) {
    for (const std::filesystem::path& file : side->files) {
      if (csv::ReadHeader(file.string(), side->options) != header) return std::nullopt;
    }
  }
  const bool by_name = left.options.contains("bindByName") && left.options.at("bindByName") == "true";
  StructType out;
  for (size_t i = 0; i < header.size(); ++i) {
    const std::optional<size_t> l = by_name ? left.file_schema.Find(header[i], true) : std::optional(i);
    const std::optional<size_t> r = by_name ? right.file_schema.Find(header[i], true) : std::optional(i);
    if (!l || !r || right.file_schema.fields.size() <= *r) return std::nullopt;
    const StructField& a = left.file_schema.fields[*l];
    const StructField& b = right.file_schema.fields[*r];
    if (a.name != b.name || !a.type.SameIgnoringNullability(b.type)) return std::nullopt;
    out.fields.push_back(a);
  }
  for (const ComparedColumn& column : layout.columns) {
    if (column.left_name != column.right_name) return std::nullopt;
  }
  return out;
}

/// What is left to compare after the passes that only discard.
struct Remaining {
  Rows rows;
  std::optional<Discarded> counts;  ///< absent: nothing was discarded, nothing is known
  bool malformed_stay = false;      ///< every malformed row is among `rows`
};

class Discarding {
 public:
  Discarding(const Session& session, const OpenedSides& sides, const Comparer& comparer, ProgressReporter* progress)
      : session_(session), sides_(sides), comparer_(comparer), progress_(progress) {
    tuning_.threads = Threads(session);
  }

  Remaining Run(bool enabled, Form form) {
    if (enabled) {
      if (std::optional<Remaining> found = Bytewise(form)) return std::move(*found);
      if (TotalBytes(sides_.left.files) + TotalBytes(sides_.right.files) >= kWorthDiscarding) {
        if (std::optional<Remaining> found = Columnwise(form)) return std::move(*found);
      }
    }
    return {comparer_.ProjectAll(form), std::nullopt, false};
  }

 private:
  DiscardProgress Progress() const {
    return [progress = progress_](double fraction, uint64_t rows) { progress->Report(fraction, rows); };
  }

  std::optional<Remaining> Bytewise(Form form) {
    const DifferenceLayout& layout = comparer_.layout();
    const std::optional<StructType> schema = BytewiseSchema(sides_, layout);
    if (!schema) return std::nullopt;
    const auto side = [](const OpenedSide& s) {
      CsvDiscardSide out{{}, s.options};
      for (const std::filesystem::path& file : s.files) out.files.push_back(file.string());
      return out;
    };
    std::vector<std::string> key;
    for (size_t i = 0; i < layout.keys; ++i) key.push_back(layout.columns[i].left_name);
    folder_.emplace(TemporaryParent(session_));
    std::optional<CsvDiscard> found = DiscardEqualRecords(side(sides_.left), side(sides_.right), *schema, key,
                                                          folder_->path().string(), tuning_, Progress());
    if (!found) return std::nullopt;
    DataFrame left = Reopen(session_, sides_.left, found->left_index);
    DataFrame right = Reopen(session_, sides_.right, found->right_index);
    Remaining out{{comparer_.Project(left, Side::kLeft, form), comparer_.Project(right, Side::kRight, form)},
                  found->counts,
                  true};
    TrustUniqueKeys(&*out.counts);
    return out;
  }

  std::optional<Remaining> Columnwise(Form form) {
    const DifferenceLayout& layout = comparer_.layout();
    const Rows rows = comparer_.ProjectAll(form);
    const std::unique_ptr<BatchReader> left = rows.left.Batches();
    const std::unique_ptr<BatchReader> right = rows.right.Batches();
    std::vector<size_t> key, compared;
    for (size_t i = 0; i < layout.columns.size(); ++i) {
      if (i < layout.keys) key.push_back(i);
      compared.push_back(i);
    }
    if (layout.has_malformed) compared.push_back(left->schema().fields.size() - 1);
    const StructType left_schema = left->schema();
    const StructType right_schema = right->schema();
    std::optional<ColumnDiscard> found = DiscardEqualRows(*left, *right, key, compared, tuning_, Progress());
    if (!found) return std::nullopt;
    return Remaining{{session_.CreateDataFrame(left_schema, std::move(found->left)),
                      session_.CreateDataFrame(right_schema, std::move(found->right))},
                     found->counts,
                     false};
  }

  /// A key that is normalised before it is compared may be unique as it stands and still occur twice.
  void TrustUniqueKeys(Discarded* counts) const {
    const DifferenceLayout& layout = comparer_.layout();
    for (size_t i = 0; i < layout.keys; ++i) {
      if (LosesValue(layout.columns[i])) counts->left_keys_unique = counts->right_keys_unique = false;
    }
  }

  const Session& session_;
  const OpenedSides& sides_;
  const Comparer& comparer_;
  ProgressReporter* progress_;
  DiscardTuning tuning_;
  std::optional<base::TempDir> folder_;
};

int64_t Integer(const Value& value) {
  return value.is_null() ? 0 : value.As<int64_t>();
}

/// Counts rows and malformed rows of both sides in one query.
void CountRows(const Comparer& comparer, const Remaining& remaining, bool values_parse, Comparison* out) {
  if (remaining.counts) {
    out->left.rows = remaining.counts->left_rows;
    out->right.rows = remaining.counts->right_rows;
  }
  const bool text = comparer.layout().has_malformed;
  const bool nothing_left = remaining.counts && remaining.counts->left_rows == remaining.counts->pairs &&
                            remaining.counts->right_rows == remaining.counts->pairs;
  if (remaining.counts && (!text || (remaining.malformed_stay && nothing_left))) return;
  const auto count = [&](const DataFrame& frame, int64_t number) {
    std::vector<Column> out_columns = {Number(number).Alias("side"), fn::CountStar().Alias("rows"),
                                       (text ? fn::Count(fn::Col("m")) : Number(0)).Alias("bad")};
    // A reader tells of a value that it cannot parse only when the value is asked for.
    for (size_t i = 0; text && !values_parse && i < comparer.layout().columns.size(); ++i) {
      out_columns.push_back(fn::Count(fn::Col(fmt::format("c{}", i))).Alias(fmt::format("n{}", i)));
    }
    return frame.Agg(std::move(out_columns));
  };
  const Rows rows = remaining.malformed_stay ? remaining.rows : comparer.ProjectAll(Form::kCanonical);
  for (const Row& row : count(rows.left, 0).UnionAll(count(rows.right, 1)).Collect()) {
    SideCounts& side = Integer(row[0]) == 0 ? out->left : out->right;
    if (!remaining.counts) side.rows = Integer(row[1]);
    side.malformed_rows = Integer(row[2]);
  }
}

/// Finds the keys that occur more than once, unless it is known that there are none.
/// `large`: grouping all keys would cost more than a look at their order and hashes, which mostly settles it.
void FindRepeatedKeys(const Comparer& comparer, const Remaining& remaining, bool large, Comparison* out) {
  bool left_unique = remaining.counts && remaining.counts->left_keys_unique;
  bool right_unique = remaining.counts && remaining.counts->right_keys_unique;
  if (large && !left_unique && !right_unique) {
    const Rows keys = comparer.Keys();
    auto left = std::async(std::launch::async, [&] { return KeysAreUnique(*keys.left.Batches(), {}, {}); });
    right_unique = KeysAreUnique(*keys.right.Batches(), {}, {});
    left_unique = left.get();
  }
  if (left_unique && right_unique) return;
  const DataFrame repeated = comparer.RepeatedKeys(left_unique, right_unique).Persist();
  const auto keys = [](const char* n) { return fn::Sum(fn::When({{fn::Col(n) > Number(1), Number(1)}}, Number(0))); };
  const auto rows = [](const char* n) { return fn::Sum(fn::When({{fn::Col(n) > Number(1), fn::Col(n)}}, Number(0))); };
  const Row counts = repeated.Agg({keys("a"), rows("a"), keys("b"), rows("b")}).Collect()[0];
  out->left.duplicate_keys = Integer(counts[0]);
  out->left.duplicate_rows = Integer(counts[1]);
  out->right.duplicate_keys = Integer(counts[2]);
  out->right.duplicate_rows = Integer(counts[3]);
  if (out->left.duplicate_keys + out->right.duplicate_keys > 0) out->duplicate_keys = repeated;
}

}  // namespace

std::string DifferenceLayout::Canonical(Side side, size_t i) const {
  return fmt::format("{}{}", side == Side::kLeft ? "l" : "r", i);
}
std::string DifferenceLayout::Shown(Side side, size_t i) const {
  return LosesValue(columns[i]) ? fmt::format("{}v{}", side == Side::kLeft ? "l" : "r", i) : Canonical(side, i);
}
std::string DifferenceLayout::Differs(size_t i) const {
  return fmt::format("x{}", i);
}
std::string DifferenceLayout::Malformed(Side side) const {
  return side == Side::kLeft ? "lm" : "rm";
}

std::vector<std::string> DifferenceLayout::Names() const {
  std::vector<std::string> out = {kKind, kCount};
  for (size_t i = 0; i < columns.size(); ++i) {
    for (const Side side : {Side::kLeft, Side::kRight}) out.push_back(Canonical(side, i));
    if (LosesValue(columns[i])) {
      for (const Side side : {Side::kLeft, Side::kRight}) out.push_back(Shown(side, i));
    }
    if (i >= keys) out.push_back(Differs(i));
  }
  if (has_malformed) {
    for (const Side side : {Side::kLeft, Side::kRight}) out.push_back(Malformed(side));
  }
  return out;
}

Comparison Compare(const Session& session, const OpenedSides& sides, const MatchedColumns& matched,
                   const DiffOptions& options, ProgressReporter* progress) {
  DifferenceLayout layout{matched.compared, matched.keys,
                          !sides.left.malformed_column.empty() || !sides.right.malformed_column.empty()};
  const Comparer reading(session, sides, layout, options.set_semantics);
  const Form form = layout.grouped() ? Form::kGrouping : Form::kCanonical;
  Discarding discarding(session, sides, reading, progress);
  // Counting how often rows occur in either side needs all of them: without their equals, a row may look like
  // one-sided.
  const Remaining remaining = discarding.Run(options.discard && !options.set_semantics, form);
  progress->Phase("comparing");
  Comparison out{layout, options.set_semantics, {}, {}, std::nullopt, remaining.rows.left};
  CountRows(reading, remaining, sides.left.values_parse && sides.right.values_parse, &out);
  // Most files have no malformed value, and then the plans get by without them.
  out.layout.has_malformed = out.left.malformed_rows + out.right.malformed_rows > 0;
  const Comparer comparer(session, sides, out.layout, options.set_semantics);
  if (options.set_semantics) {
    const Row distinct = comparer.DistinctRows(remaining.rows).Collect()[0];
    out.left.rows = Integer(distinct[0]);
    out.right.rows = Integer(distinct[1]);
  }
  const bool large = TotalBytes(sides.left.files) + TotalBytes(sides.right.files) >= kLarge;
  if (!layout.grouped()) FindRepeatedKeys(comparer, remaining, large, &out);
  out.differences = layout.grouped() ? comparer.Keyless(remaining.rows, false)
                                     : comparer.Keyed(remaining.rows, out.duplicate_keys, false);
  // Where large inputs differ so much that nothing was discarded, keeping what differs costs more than finding it
  // again.
  if (remaining.counts || !large) out.differences = out.differences.Persist();
  return out;
}

DataFrame WithEqualRows(const Session& session, const OpenedSides& sides, const Comparison& comparison) {
  const bool grouped = comparison.layout.grouped();
  const Comparer comparer(session, sides, comparison.layout, comparison.set_semantics);
  const Rows rows = comparer.ProjectAll(grouped ? Form::kGrouping : Form::kCanonical);
  return grouped ? comparer.Keyless(rows, true) : comparer.Keyed(rows, comparison.duplicate_keys, true);
}

}  // namespace tinderbox::diff
