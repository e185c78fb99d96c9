#include "diff/comparer.h"

#include <fmt/format.h>

#include <cctype>

#include "base/json_text.h"
#include "tinderbox/functions.h"

namespace tinderbox::diff {
namespace {

namespace fn = functions;

Column Null(const DataType& type) {
  return fn::Lit(Value(), type);
}

std::string Name(const char* prefix, size_t i) {
  return fmt::format("{}{}", prefix, i);
}

Column Own(const ComparedColumn& column, Side side) {
  return fn::ColExact(side == Side::kLeft ? column.left_name : column.right_name);
}

std::string OriginalName(const OpenedSide& side, const std::string& name) {
  const std::optional<size_t> at = side.columns.schema.Find(name, true);
  return at ? side.columns.original_names[*at] : name;
}

Column Kind(RowKind kind) {
  return fn::Lit(Value(int64_t{static_cast<int>(kind)}), DataType(TypeKind::kInteger));
}

DataFrame Unpaired(const DataFrame& groups) {
  return groups.Filter(fn::Col("a") != fn::Col("b"));
}

}  // namespace

Column Number(int64_t value) {
  return fn::Lit(Value(value), DataType(TypeKind::kLong));
}

DataFrame Comparer::Project(const DataFrame& frame, Side side, Form form) const {
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

Rows Comparer::ProjectAll(Form form) const {
  return {Project(sides_.left.frame, Side::kLeft, form), Project(sides_.right.frame, Side::kRight, form)};
}

DataFrame Comparer::RepeatedKeys(bool left_unique, bool right_unique) const {
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

DataFrame Comparer::Keyed(const Rows& rows, const std::optional<DataFrame>& repeated, bool with_equal) const {
  if (!repeated) return Pair(rows, false, with_equal);
  const DataFrame keys = KeysOnly(*repeated);
  const auto without = [&](const DataFrame& frame) { return frame.Join(keys, SameKey("", "k"), "left_anti"); };
  const auto only = [&](const DataFrame& frame) { return frame.Join(keys, SameKey("", "k"), "left_semi"); };
  const DataFrame unique = Pair({without(rows.left), without(rows.right)}, false, with_equal);
  // Equal rows cancel by their numbers, which costs no more for a key of a million rows than for a million keys.
  const DataFrame groups = Groups(BothSides({only(rows.left), only(rows.right)}));
  const DataFrame unpaired = Unpaired(groups).Persist();
  DataFrame out = unique.UnionAll(PairUnpaired(unpaired, with_equal));
  if (with_equal) {
    const DataFrame equal = groups.WithColumns({{"copies", fn::Call("least", {fn::Col("a"), fn::Col("b")})}});
    out = out.UnionAll(FromGroups(Repeat(equal.Filter(fn::Col("copies") > Number(0))), RowKind::kEqual, Number(1)));
  }
  return out;
}

DataFrame Comparer::PairUnpaired(const DataFrame& unpaired, bool with_equal) const {
  const auto remaining = [&](const char* more, const char* less) {
    return Ranked(
        unpaired.WithColumns({{"copies", fn::Col(more) - fn::Col(less)}}).Filter(fn::Col("copies") > Number(0)),
        more[0] == 'a' ? Side::kLeft : Side::kRight);
  };
  return Pair({remaining("a", "b"), remaining("b", "a")}, true, with_equal);
}

DataFrame Comparer::Keyless(const Rows& rows, bool with_equal) const {
  const DataFrame groups = Groups(BothSides(rows));
  DataFrame out = OneSided(Unpaired(groups));
  if (with_equal) {
    const Column a = fn::Col("a");
    const Column b = fn::Col("b");
    out = out.UnionAll(
        FromGroups(groups.Filter(a > Number(0) && b > Number(0)), RowKind::kEqual, fn::Call("least", {a, b})));
  }
  return out;
}

DataFrame Comparer::OneSided(const DataFrame& unpaired) const {
  const Column a = fn::Col("a");
  const Column b = fn::Col("b");
  return FromGroups(unpaired, fn::When({{a > b, Kind(RowKind::kLeftOnly)}}, Kind(RowKind::kRightOnly)),
                    fn::When({{a > b, a - b}}, b - a));
}

DataFrame Comparer::RowCounts(const Rows& rows) const {
  return Groups(BothSides(rows)).Agg({fn::Sum(fn::Col("a")).Alias("a"), fn::Sum(fn::Col("b")).Alias("b")});
}

Tally Comparer::Count(const Rows& rows) const {
  enum What { kUnpaired, kUniqueKeys, kRepeatedKey };
  const Column a = fn::Col("a");
  const Column b = fn::Col("b");
  const Column repeats = a > Number(1) || b > Number(1);
  const std::vector<std::string> names = GroupNames();

  // With all rows of a key in one partition, groups of equal rows and groups of equal keys are both made where the rows
  // lie. Spark shuffles once for the two of them only when both read the same columns, which "shown" sees to.
  DataFrame both = BothSides(rows);
  if (!layout_.grouped()) both = both.Repartition(KeyColumns(""));
  const DataFrame groups = Groups(both);
  Column shown = Number(0);
  for (const std::string& name : names) {
    if (name.find('v') != std::string::npos) shown = shown + fn::Count(fn::Col(name));
  }
  const DataFrame keys =
      groups.GroupBy(KeyColumns("")).Agg({fn::Sum(a).Alias("a"), fn::Sum(b).Alias("b"), shown.Alias("shown")});

  // One table of the unpaired groups, the keys that repeat, and one row for all keys that do not.
  std::vector<Column> of_group = {Number(kUnpaired).Alias("what"), Number(0).Alias("shown")};
  std::vector<Column> of_key = {
      (layout_.grouped() ? Number(kUniqueKeys) : fn::When({{repeats, Number(kRepeatedKey)}}, Number(kUniqueKeys)))
          .Alias("what")};
  std::vector<Column> by = {fn::Col("what")};
  for (size_t i = 0; i < layout_.keys; ++i) {
    of_key.push_back(fn::When({{repeats, fn::Col(Name("c", i))}}).Alias(Name("c", i)));
    by.push_back(fn::Col(Name("c", i)));
  }
  for (const char* name : {"a", "b", "shown"}) of_key.push_back(fn::Col(name));
  for (const std::string& name : names) of_group.push_back(fn::Col(name));
  const DataFrame unpaired = Unpaired(groups).Select(std::move(of_group));
  const DataFrame counted =
      keys.Select(std::move(of_key))
          .GroupBy(std::move(by))
          .Agg({fn::Sum(fn::Col("shown")).Alias("shown"), fn::Sum(a).Alias("a"), fn::Sum(b).Alias("b")});
  const DataFrame kept = unpaired.UnionByName(counted, true).Persist();

  std::vector<Column> repeated = KeyColumns("");
  repeated.insert(repeated.end(), {a, b});
  const auto only = [&](What what) { return kept.Filter(fn::Col("what") == Number(what)); };
  const Column is_group = fn::Col("what") == Number(kUnpaired);
  const auto sum = [](const Column& condition, const Column& value) {
    return fn::Sum(fn::When({{condition, value}}, Number(0)));
  };
  std::vector<Column> totals = {sum(is_group, Number(1))};
  for (const Column& times : {a, b}) {
    const Column repeats_here = fn::Col("what") == Number(kRepeatedKey) && times > Number(1);
    totals.insert(totals.end(), {sum(!is_group, times), sum(repeats_here, Number(1)), sum(repeats_here, times)});
  }
  return {kept, only(kUnpaired).Drop({"what", "shown"}), only(kRepeatedKey).Select(repeated),
          kept.Agg(std::move(totals))};
}

DataFrame Comparer::Keys(const DataFrame& frame, Side side, std::vector<Column> more) const {
  std::vector<Column> out;
  for (size_t i = 0; i < layout_.keys; ++i) {
    const ComparedColumn& c = layout_.columns[i];
    out.push_back(
        ToForm(Own(c, side), c.left_type, c.right_type, side, c.normalization, Form::kCanonical).Alias(Name("c", i)));
  }
  out.insert(out.end(), more.begin(), more.end());
  return frame.Select(std::move(out));
}

std::vector<Column> Comparer::KeyColumns(const std::string& prefix) const {
  std::vector<Column> out;
  for (size_t i = 0; i < layout_.keys; ++i) out.push_back(fn::Col(prefix + Name("c", i)));
  return out;
}

std::vector<std::string> Comparer::RowNames() const {
  std::vector<std::string> out;
  for (size_t i = 0; i < layout_.columns.size(); ++i) out.push_back(Name("c", i));
  for (size_t i = 0; i < layout_.columns.size(); ++i) {
    if (LosesValue(layout_.columns[i])) out.push_back(Name("v", i));
  }
  if (layout_.has_malformed) out.push_back("m");
  return out;
}

DataFrame Comparer::KeysOnly(const DataFrame& repeated) const {
  std::vector<Column> keys;
  for (size_t i = 0; i < layout_.keys; ++i) keys.push_back(fn::Col(Name("c", i)).Alias("k" + Name("c", i)));
  return repeated.Select(std::move(keys));
}

Column Comparer::SameKey(const std::string& left_prefix, const std::string& right_prefix) const {
  std::optional<Column> out;
  for (size_t i = 0; i < layout_.keys; ++i) {
    const Column same = fn::Col(left_prefix + Name("c", i)).EqNullSafe(fn::Col(right_prefix + Name("c", i)));
    out = out ? *out && same : same;
  }
  return *out;
}

DataFrame Comparer::Pair(const Rows& rows, bool ranked, bool with_equal) const {
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
  std::vector<std::pair<Column, Column>> kinds = {{left_only, Kind(RowKind::kLeftOnly)},
                                                  {right_only, Kind(RowKind::kRightOnly)}};
  if (with_equal) kinds.emplace_back(same, Kind(RowKind::kEqual));
  std::vector<Column> out = {fn::When(kinds, Kind(RowKind::kChanged)).Alias(DifferenceLayout::kKind),
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

Column Comparer::OtherText(const ComparedColumn& column) const {
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

std::vector<std::string> Comparer::GroupNames() const {
  std::vector<std::string> out;
  for (size_t i = 0; i < layout_.columns.size(); ++i) out.push_back(Name("c", i));
  if (layout_.has_malformed) out.push_back("m");
  for (size_t i = 0; i < layout_.columns.size(); ++i) {
    if (!LosesValue(layout_.columns[i])) continue;
    for (const Side side : {Side::kLeft, Side::kRight}) out.push_back(layout_.Shown(side, i));
  }
  out.insert(out.end(), {"a", "b"});
  return out;
}

DataFrame Comparer::BothSides(const Rows& rows) const {
  const auto signed_rows = [&](const DataFrame& frame, Side side) {
    std::vector<Column> out;
    for (size_t i = 0; i < layout_.columns.size(); ++i) out.push_back(fn::Col(Name("c", i)));
    if (layout_.has_malformed) out.push_back(fn::Col("m"));
    for (size_t i = 0; i < layout_.columns.size(); ++i) {
      const ComparedColumn& c = layout_.columns[i];
      if (!LosesValue(c)) continue;
      for (const Side of : {Side::kLeft, Side::kRight}) {
        out.push_back((of == side ? fn::Col(Name("v", i)) : Null(FormType(c.left_type, c.right_type, of, Form::kPlain)))
                          .Alias(layout_.Shown(of, i)));
      }
    }
    out.push_back(Number(side == Side::kLeft ? 1 : 0).Alias("a"));
    out.push_back(Number(side == Side::kLeft ? 0 : 1).Alias("b"));
    return frame.Select(std::move(out));
  };
  return signed_rows(rows.left, Side::kLeft).UnionAll(signed_rows(rows.right, Side::kRight));
}

DataFrame Comparer::Groups(const DataFrame& both_sides) const {
  std::vector<Column> grouping;
  std::vector<Column> aggregates;
  for (const std::string& name : GroupNames()) {
    if (name == "a" || name == "b") {
      aggregates.push_back((set_semantics_ ? fn::Max(fn::Col(name)) : fn::Sum(fn::Col(name))).Alias(name));
    } else if (name.find('v') != std::string::npos) {
      aggregates.push_back(fn::Min(fn::Col(name)).Alias(name));
    } else {
      grouping.push_back(fn::Col(name));
    }
  }
  return both_sides.GroupBy(std::move(grouping)).Agg(std::move(aggregates));
}

DataFrame Comparer::Repeat(const DataFrame& groups) const {
  const std::vector<Row> most = groups.Agg({fn::Max(fn::Col("copies"))}).Collect();
  if (most[0][0].is_null() || most[0][0].As<int64_t>() <= 1) return groups;
  return groups.Join(session_.Range(most[0][0].As<int64_t>()), fn::Col("id") < fn::Col("copies"), "inner").Drop({"id"});
}

DataFrame Comparer::Ranked(const DataFrame& groups, Side side) const {
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

DataFrame Comparer::FromGroups(const DataFrame& groups, RowKind kind, const Column& count) const {
  return FromGroups(groups, Kind(kind), count);
}

DataFrame Comparer::FromGroups(const DataFrame& groups, const Column& kind, const Column& count) const {
  const DataFrame known = groups.WithColumns({{DifferenceLayout::kKind, kind}, {DifferenceLayout::kCount, count}});
  const auto of = [&](Side side, const Column& value) {
    const RowKind other = side == Side::kLeft ? RowKind::kRightOnly : RowKind::kLeftOnly;
    return fn::When({{fn::Col(DifferenceLayout::kKind) != Kind(other), value}});
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

}  // namespace tinderbox::diff
