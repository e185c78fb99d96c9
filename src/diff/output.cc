#include <algorithm>
#include <set>

#include "base/fail.h"
#include "diff/files.h"
#include "diff/result.h"
#include "diff/stores.h"
#include "store/store.h"
#include "tinderbox/functions.h"

namespace tinderbox {
namespace diff {
namespace {

namespace fn = functions;

Column Text(const std::string& text) {
  return fn::Lit(Value(text));
}

Column IsKind(RowKind kind) {
  return fn::Col(DifferenceLayout::kKind) ==
         fn::Lit(Value(int64_t{static_cast<int>(kind)}), DataType(TypeKind::kInteger));
}

/// Makes the columns of the layouts out of the table of differences.
class OutputColumns {
 public:
  OutputColumns(const DifferenceLayout& layout, const std::string& format)
      : layout_(layout), csv_(format == "csv"), text_(format != "parquet") {}

  /// Column i as `side` has it.
  Column Of(Side side, size_t i) const {
    return Fitting(RestoreMaps(fn::Col(layout_.Shown(side, i)), Display(side, i)), Display(side, i));
  }

  /// Column i of whichever side has the row; left where both have.
  Column OfEither(size_t i) const {
    Column left = Of(Side::kLeft, i);
    Column right = Of(Side::kRight, i);
    AlignTypes(i, &left, &right);
    return fn::When({{IsKind(RowKind::kRightOnly), right}}, left);
  }

  /// Column i of `side`, of a type that both sides share.
  Column Shared(Side side, size_t i) const {
    Column left = Of(Side::kLeft, i);
    Column right = Of(Side::kRight, i);
    AlignTypes(i, &left, &right);
    return side == Side::kLeft ? left : right;
  }

  Column Diff() const {
    return fn::When({{IsKind(RowKind::kChanged), Text("C")},
                     {IsKind(RowKind::kLeftOnly), Text("D")},
                     {IsKind(RowKind::kRightOnly), Text("I")}},
                    Text("N"));
  }

  /// The names of the columns that differ: a list, in CSV joined with commas. NULL for rows of one side.
  Column Changes() const {
    const Column both = IsKind(RowKind::kChanged) || IsKind(RowKind::kEqual);
    std::vector<Column> names;
    for (size_t i = layout_.keys; i < layout_.columns.size(); ++i) {
      names.push_back(fn::When({{fn::Col(layout_.Differs(i)), Text(layout_.columns[i].name)}}));
    }
    if (csv_) {
      names.insert(names.begin(), Text(","));
      return fn::When({{both, fn::Call("concat_ws", names)}});
    }
    if (names.empty()) return fn::Lit(Value(), DataType::Array(DataType(TypeKind::kString)));
    const Column list =
        fn::Call("filter", {fn::Call("array", names), fn::Lambda("x", fn::LambdaVariable("x").IsNotNull())});
    return fn::When({{both, list}});
  }

 private:
  DataType Display(Side side, size_t i) const {
    return DisplayType(layout_.columns[i].left_type, layout_.columns[i].right_type, side);
  }

  /// A number compared by exact value has another type on each side; text holds both exactly.
  void AlignTypes(size_t i, Column* left, Column* right) const {
    if (Display(Side::kLeft, i).SameIgnoringNullability(Display(Side::kRight, i))) return;
    const DataType text(TypeKind::kString);
    const auto as_text = [&](const Column& c, const DataType& type) {
      return type.IsNested() && !csv_ ? fn::Call("to_json", {c}) : c.Cast(text);
    };
    *left = as_text(*left, Display(Side::kLeft, i));
    *right = as_text(*right, Display(Side::kRight, i));
  }

  /// What the format can hold: CSV has no nested values and no bytes, Parquet no column without a type.
  Column Fitting(const Column& value, const DataType& type) const {
    if (type.kind() == TypeKind::kNull) return value.Cast(DataType(TypeKind::kString));
    // The text formats write milliseconds, which two different timestamps may share.
    if (text_ && (type.kind() == TypeKind::kTimestamp || type.kind() == TypeKind::kTimestampNtz)) {
      return value.Cast(DataType(TypeKind::kString));
    }
    if (csv_ && type.IsNested()) return fn::Call("to_json", {value});
    if (csv_ && type.kind() == TypeKind::kBinary) return fn::Call("base64", {value});
    return value;
  }

  const DifferenceLayout& layout_;
  const bool csv_;
  const bool text_;
};

/// A list of columns whose names have to differ.
class NamedColumns {
 public:
  void Add(const std::string& name, const Column& column) {
    if (!names_.insert(FoldName(name, false)).second) {
      base::Fail(
          "COLUMN_ALREADY_EXISTS",
          "The output would have two columns named \"{}\". Call the input's column otherwise with --rename, or choose "
          "another --layout.",
          name);
    }
    columns_.push_back(column.Alias(name));
  }
  std::vector<Column> Take() { return std::move(columns_); }

 private:
  std::set<std::string> names_;
  std::vector<Column> columns_;
};

/// The compared columns in the order in which the left side has them.
std::vector<size_t> LeftOrder(const DiffResult::State& state) {
  const StructType& schema = state.sides.left.columns.schema;
  std::vector<size_t> out(state.comparison.layout.columns.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = i;
  std::sort(out.begin(), out.end(), [&](size_t a, size_t b) {
    const auto place = [&](size_t i) {
      return schema.Find(state.comparison.layout.columns[i].left_name, true).value_or(0);
    };
    return place(a) < place(b);
  });
  return out;
}

DataFrame Changes(const DataFrame& ordered, const DifferenceLayout& layout, const OutputColumns& columns) {
  NamedColumns out;
  out.Add("diff", columns.Diff());
  out.Add("changes", columns.Changes());
  if (layout.grouped()) out.Add("count", fn::Col(DifferenceLayout::kCount));
  for (size_t i = 0; i < layout.keys; ++i) out.Add(layout.columns[i].name, columns.OfEither(i));
  for (size_t i = layout.keys; i < layout.columns.size(); ++i) {
    out.Add("left_" + layout.columns[i].name, columns.Of(Side::kLeft, i));
    out.Add("right_" + layout.columns[i].name, columns.Of(Side::kRight, i));
  }
  return ordered.Select(out.Take());
}

DataFrame SideBySide(const DataFrame& ordered, const DifferenceLayout& layout, const OutputColumns& columns) {
  NamedColumns out;
  for (size_t i = 0; i < layout.keys; ++i) out.Add(layout.columns[i].name, columns.OfEither(i));
  if (layout.grouped()) out.Add("count", fn::Col(DifferenceLayout::kCount));
  for (size_t i = layout.keys; i < layout.columns.size(); ++i) {
    out.Add(layout.columns[i].name + "_left", columns.Of(Side::kLeft, i));
    out.Add(layout.columns[i].name + "_right", columns.Of(Side::kRight, i));
  }
  return ordered.Select(out.Take());
}

/// One row for each side, as often as it occurs, ordered by key, side and values.
DataFrame Diffit(const DiffResult::State& state, const DataFrame& differences, const OutputColumns& columns) {
  const DifferenceLayout& layout = state.comparison.layout;
  const std::vector<size_t> left_order = LeftOrder(state);
  const auto of = [&](Side side) {
    const RowKind other = side == Side::kLeft ? RowKind::kRightOnly : RowKind::kLeftOnly;
    std::vector<Column> out;
    for (size_t i = 0; i < layout.columns.size(); ++i) {
      out.push_back(fn::Col(layout.Canonical(side, i)).Alias(fmt::format("s{}", i)));
    }
    for (const size_t i : left_order) out.push_back(columns.Shared(side, i).Alias(fmt::format("o{}", i)));
    out.push_back(Text(side == Side::kLeft ? "left" : "right").Alias("ref"));
    out.push_back(fn::Col(DifferenceLayout::kCount).Alias("copies"));
    return differences.Filter(!IsKind(other)).Select(std::move(out));
  };
  DataFrame rows = of(Side::kLeft).UnionAll(of(Side::kRight));
  if (layout.grouped()) {
    const std::vector<Row> most = rows.Agg({fn::Max(fn::Col("copies"))}).Collect();
    if (!most[0][0].is_null() && most[0][0].As<int64_t>() > 1) {
      rows = rows.Join(state.session.Range(most[0][0].As<int64_t>()), fn::Col("id") < fn::Col("copies"), "inner");
    }
  }
  std::vector<Column> order;
  const auto sort_by = [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) order.push_back(fn::Col(fmt::format("s{}", i)).Asc());
  };
  sort_by(0, layout.keys);
  if (layout.grouped()) sort_by(0, layout.columns.size());
  order.push_back(fn::Col("ref").Asc());
  if (!layout.grouped() && state.comparison.duplicate_keys) sort_by(layout.keys, layout.columns.size());
  for (size_t i = 0; i < layout.columns.size(); ++i) {
    if (LosesValue(layout.columns[i]) && !ContainsMap(layout.columns[i].type))
      order.push_back(fn::Col(fmt::format("o{}", i)).Asc());
  }
  NamedColumns out;
  for (const size_t i : left_order) out.Add(layout.columns[i].name, fn::Col(fmt::format("o{}", i)));
  out.Add("diffit_ref", fn::Col("ref"));
  return rows.Sort(std::move(order)).Select(out.Take());
}

}  // namespace

void CheckOutput(const std::string& path, bool overwrite, const std::vector<const DiffInput*>& inputs) {
  namespace fs = std::filesystem;
  const auto elsewhere = [](const std::string& text) { return IsJdbc(text) || store::ParseLocation(text).has_value(); };
  if (elsewhere(path)) {
    for (const DiffInput* input : inputs) {
      for (const std::string& text : input->paths) {
        if (!(text + "/").starts_with(path + "/") && !(path + "/").starts_with(text + "/")) continue;
        base::Fail(
            "TINDERBOX_OUTPUT_IS_INPUT",
            "The output {} and the input {} are one or lie in one another, so writing would destroy what is read. "
            "Choose another output folder.",
            path, text);
      }
    }
    return;
  }
  const fs::path output = LocalPath(path);
  for (const DiffInput* input : inputs) {
    for (const std::string& text : input->paths) {
      if (elsewhere(text)) continue;
      const fs::path given = LocalPath(text);
      const std::vector<fs::path> places = fs::exists(given) ? std::vector<fs::path>{given} : DataFiles({text});
      for (const fs::path& place : places) {
        if (IsWithin(output, place) || IsWithin(place, output)) {
          base::Fail(
              "TINDERBOX_OUTPUT_IS_INPUT",
              "The output {} and the input {} are one or lie in one another, so writing would destroy what is read. "
              "Choose another output folder.",
              output.string(), place.string());
        }
      }
    }
  }
  if (!overwrite && fs::exists(output)) {
    base::FailWith(
        "PATH_ALREADY_EXISTS", {{"outputPath", output.string()}},
        "The output {} exists already. Remove it, choose another one, or allow overwriting with --overwrite.",
        output.string());
  }
}

}  // namespace diff

void DiffResult::Write(const DiffOutput& output) const {
  using namespace diff;
  if (output.format != "parquet" && output.format != "csv" && output.format != "json") {
    base::Fail("TINDERBOX_DIFF_OPTION", "The output format {} is unknown; there are parquet, csv and json.",
               output.format);
  }
  if (output.include_equal && output.layout != DiffLayout::kChanges) {
    base::Fail("TINDERBOX_DIFF_OPTION", "Equal rows can be written in the layout of changes (N, C, D, I) only.");
  }
  const bool remote = state_->options.remote;
  if (remote && output.layout == DiffLayout::kPatch) {
    base::Fail("UNSUPPORTED_FEATURE.DIFF_ON_SPARK",
               "A patch holds the sides' rows as our readers see them; it cannot be written by Spark. Leave out --on.");
  }
  if (!remote) CheckOutput(output.path, output.overwrite, {&state_->left_input, &state_->right_input});
  if (output.layout == DiffLayout::kPatch) return WritePatch(*state_, output);

  const Comparison& comparison = state_->comparison;
  const bool keys_repeat = comparison.duplicate_keys.has_value();
  const OutputColumns columns(comparison.layout, output.format);
  const auto ordered = [&] {
    return InOrder(
        output.include_equal ? WithEqualRows(state_->session, state_->sides, comparison) : comparison.differences,
        comparison.layout, keys_repeat);
  };
  const DataFrame rows = output.layout == DiffLayout::kDiffit       ? Diffit(*state_, comparison.differences, columns)
                         : output.layout == DiffLayout::kSideBySide ? SideBySide(ordered(), comparison.layout, columns)
                                                                    : Changes(ordered(), comparison.layout, columns);
  DataFrameWriter writer =
      rows.Write().Format(output.format).Mode(output.overwrite ? SaveMode::kOverwrite : SaveMode::kErrorIfExists);
  if (output.format == "csv") writer = writer.Option("header", "true").Option("escape", "\"");
  writer.Save(remote || store::ParseLocation(output.path) ? output.path : LocalPath(output.path).string());
}

}  // namespace tinderbox
