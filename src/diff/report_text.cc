#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "diff/report.h"
#include "diff/report_cell.h"
#include "diff/report_table.h"

namespace tinderbox::diff {
namespace {

constexpr int kBarWidth = 12;
constexpr size_t kMalformedShown = 5;
constexpr size_t kColumnsShown = 20;
constexpr size_t kLargestShown = 5;
constexpr size_t kConcentrationsShown = 5;

/// A bar of eighths, at least a sliver for what is not none.
std::string Bar(int64_t part, int64_t whole) {
  static const char* const kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (whole <= 0 || part <= 0) return "";
  const double share = std::min(1.0, static_cast<double>(part) / static_cast<double>(whole));
  const int eighths = std::max(1, static_cast<int>(std::lround(share * kBarWidth * 8)));
  std::string bar;
  for (int i = 0; i < eighths / 8; ++i) bar += "█";
  return bar + kEighths[eighths % 8];
}

class Page {
 public:
  Page(const DiffSummary& summary, const ReportHeading& heading, const std::vector<DiffRow>& rows,
       const TextStyle& style)
      : summary_(summary), heading_(heading), rows_(rows), style_(style) {}

  std::string Render() {
    Heading();
    Counts();
    Malformed();
    Schema();
    Columns();
    Largest();
    Concentrations();
    Warnings();
    Sample();
    return std::move(out_);
  }

 private:
  Line NewLine() const { return Line(style_.color); }
  void End(const Line& line) { out_ += line.text() + "\n"; }

  void Title(std::string_view title) {
    out_ += "\n";
    End(NewLine().Add(title, Ink::kBold));
  }

  void Heading() {
    Line line = NewLine();
    if (summary_.same()) {
      line.Add("The two sides are the same.", Ink::kGreen);
    } else if (summary_.different() == 0) {
      line.Add("The rows are the same, the schemas differ.", Ink::kYellow);
    } else {
      const int64_t rows = summary_.different();
      line.Add(fmt::format("The two sides differ in {} row{}{}.", GroupDigits(rows), rows == 1 ? "" : "s",
                           summary_.schema_differs() ? " and in the schema" : ""),
               Ink::kYellow);
    }
    End(line);
    Named("left", heading_.left);
    Named("right", heading_.right);
    std::string key;
    for (const std::string& name : summary_.key) key += (key.empty() ? "" : ", ") + Visible(name);
    Named("key", key.empty() ? "none: rows are compared whole" : key);
  }

  void Named(std::string_view name, std::string_view value) {
    End(NewLine().Add("  ").Add(name, Ink::kDim).To(9).Add(Clip(Visible(value), style_.width - 9)));
  }

  void Count(std::string_view name, int64_t rows, int64_t whole, Ink ink, std::string_view note = "") {
    Line line = NewLine().Add("  ");
    line.Add(name, rows > 0 ? ink : Ink::kDim).To(14);
    line.Right(GroupDigits(rows), 30, rows > 0 ? ink : Ink::kDim);
    if (whole > 0) line.Right(Percent(rows, whole), 40, Ink::kDim);
    if (!note.empty()) line.To(42).Add(note, Ink::kDim);
    End(line);
  }

  void Counts() {
    Title("Rows");
    Count("left", summary_.left.rows, 0, Ink::kNone);
    Count("right", summary_.right.rows, 0, Ink::kNone);
    // Of every row, or pair of rows, there is.
    const int64_t whole = summary_.equal + summary_.different();
    Count("equal", summary_.equal, whole, Ink::kNone);
    if (!summary_.key.empty()) Count("changed", summary_.changed, whole, Ink::kYellow);
    Count("only left", summary_.left.only, whole, Ink::kRed);
    Count("only right", summary_.right.only, whole, Ink::kGreen);
    Duplicates("left", summary_.left);
    Duplicates("right", summary_.right);
  }

  void Duplicates(std::string_view name, const SideSummary& side) {
    if (side.duplicate_keys == 0) return;
    End(NewLine().Add("  ").Add(fmt::format("{} key{} of the {} side occur{} more than once, in {} rows",
                                            GroupDigits(side.duplicate_keys), side.duplicate_keys == 1 ? "" : "s", name,
                                            side.duplicate_keys == 1 ? "s" : "", GroupDigits(side.duplicate_rows)),
                                Ink::kYellow));
  }

  void Malformed() {
    for (const auto& [name, side] : {std::pair{"left", &summary_.left}, std::pair{"right", &summary_.right}}) {
      if (side->malformed_rows == 0) continue;
      Title(fmt::format("Malformed rows, {}: {}", name, GroupDigits(side->malformed_rows)));
      const size_t shown = std::min(kMalformedShown, side->malformed.size());
      for (size_t i = 0; i < shown; ++i) {
        const MalformedValue& value = side->malformed[i];
        Line line = NewLine().Add("  ");
        line.Add(Clip(Visible(value.location), std::max(20, style_.width / 2)), Ink::kCyan).Add("  ");
        line.Add(value.column.empty() ? "record" : Visible(value.column)).Add("  ");
        line.Add(Clip(CellText(Value(value.text)), std::max(8, style_.width - line.width())), Ink::kRed);
        End(line);
      }
      if (side->malformed_rows > static_cast<int64_t>(shown)) {
        End(NewLine().Add(
            fmt::format("  … and {} more", GroupDigits(side->malformed_rows - static_cast<int64_t>(shown))),
            Ink::kDim));
      }
    }
  }

  void Schema() {
    const auto notable = [](const DiffColumn& column) {
      return column.status != ColumnStatus::kSame && column.status != ColumnStatus::kIgnored;
    };
    std::string ignored;
    int width = 0;
    bool any = false;
    for (const DiffColumn& column : summary_.columns) {
      if (column.status == ColumnStatus::kIgnored) ignored += (ignored.empty() ? "" : ", ") + Visible(column.name);
      const bool renamed = IsRenamed(column);
      if (!notable(column) && !renamed) continue;
      any = true;
      width = std::max(width, DisplayWidth(Visible(column.name)));
    }
    if (!any && ignored.empty()) return;
    Title("Schema");
    width = std::min(width, style_.width / 3);
    for (const DiffColumn& column : summary_.columns) {
      if (notable(column) || IsRenamed(column)) SchemaLine(column, width);
    }
    if (!ignored.empty()) End(NewLine().Add("  not compared: ", Ink::kDim).Add(Clip(ignored, style_.width - 16)));
  }

  static bool IsRenamed(const DiffColumn& column) {
    return !column.left_name.empty() && !column.right_name.empty() && column.left_name != column.right_name;
  }

  void SchemaLine(const DiffColumn& column, int width) {
    const std::string left = column.left_type ? column.left_type->SimpleString() : "";
    const std::string right = column.right_type ? column.right_type->SimpleString() : "";
    Line line = NewLine().Add("  ");
    const auto name = [&](const char* mark, Ink ink) {
      line.Add(mark, ink).Add(Clip(Visible(column.name), width), ink).To(4 + width + 2);
    };
    const auto rest = [&](const std::string& text, Ink ink) {
      line.Add(Clip(Visible(text), std::max(8, style_.width - line.width())), ink);
    };
    switch (column.status) {
      case ColumnStatus::kTypeChanged: {
        name("~ ", Ink::kYellow);
        const int room = std::max(8, (style_.width - line.width() - 3) / 2);
        line.Add(Clip(left, room), Ink::kRed).Add(" → ", Ink::kDim).Add(Clip(right, room), Ink::kGreen);
        if (column.compared_as && line.width() + 14 < style_.width) {
          rest("  compared as " + column.compared_as->SimpleString(), Ink::kDim);
        } else if (!column.compared_as && line.width() + 14 < style_.width) {
          rest("  not compared", Ink::kDim);
        }
        break;
      }
      case ColumnStatus::kNullabilityChanged:
        name("~ ", Ink::kDim);
        rest("may be NULL on one side only", Ink::kDim);
        break;
      case ColumnStatus::kLeftOnly:
        name("- ", Ink::kRed);
        rest(left + "  only left, not compared", Ink::kRed);
        break;
      case ColumnStatus::kRightOnly:
        name("+ ", Ink::kGreen);
        rest(right + "  only right, not compared", Ink::kGreen);
        break;
      case ColumnStatus::kSame:
      case ColumnStatus::kIgnored:
        name("  ", Ink::kNone);
        break;
    }
    if (IsRenamed(column))
      rest(fmt::format("  {} on the left, {} on the right", column.left_name, column.right_name), Ink::kDim);
    End(line);
  }

  void Columns() {
    if (summary_.changes.empty()) return;
    Title("Changed columns");
    int width = 0;
    const size_t shown = std::min(kColumnsShown, summary_.changes.size());
    for (size_t i = 0; i < shown; ++i) width = std::max(width, DisplayWidth(Visible(summary_.changes[i].name)));
    width = std::min(width, style_.width / 4);
    const int64_t pairs = summary_.equal + summary_.changed;
    for (size_t i = 0; i < shown; ++i) {
      const ColumnChanges& column = summary_.changes[i];
      Line line = NewLine().Add("  ");
      line.Add(Clip(Visible(column.name), width)).To(2 + width + 1);
      line.Right(GroupDigits(column.changed), line.width() + 11)
          .Right(Percent(column.changed, pairs), line.width() + 9, Ink::kDim);
      line.Add("  ").Add(Bar(column.changed, pairs), Ink::kYellow);
      line.To(2 + width + 1 + 11 + 9 + 2 + kBarWidth);
      std::vector<std::string> notes;
      const DataType type = TypeOf(column.name);
      if (column.mean_delta) notes.push_back(fmt::format("mean {}", DeltaText(type, *column.mean_delta)));
      if (column.max_abs_delta) {
        notes.push_back(fmt::format("max {}", DeltaText(type, *column.max_abs_delta).substr(1)));
      }
      if (column.null_to_value > 0) notes.push_back(fmt::format("{} were NULL", GroupDigits(column.null_to_value)));
      if (column.value_to_null > 0) notes.push_back(fmt::format("{} became NULL", GroupDigits(column.value_to_null)));
      if (notes.empty() && !column.histogram.empty()) {
        notes.push_back(
            fmt::format("{} × {}", GroupDigits(column.histogram[0].second), Visible(column.histogram[0].first)));
      }
      // Those that do not fit are left out, but the first one is told in any case.
      for (size_t n = 0; n < notes.size(); ++n) {
        const std::string_view gap = n == 0 ? " " : "  ";
        const int room = style_.width - line.width() - static_cast<int>(gap.size());
        if (n > 0 && DisplayWidth(notes[n]) > room) break;
        line.Add(gap).Add(Clip(notes[n], room), Ink::kDim);
      }
      std::string text = line.text();
      while (!text.empty() && text.back() == ' ') text.pop_back();
      out_ += text + "\n";
    }
    if (shown < summary_.changes.size()) {
      End(NewLine().Add(fmt::format("  … and {} more columns", summary_.changes.size() - shown), Ink::kDim));
    }
  }

  DataType TypeOf(const std::string& name) const {
    for (const DiffColumn& column : summary_.columns) {
      if (column.name == name && column.compared_as) return *column.compared_as;
    }
    return {};
  }

  std::string KeyText(const Row& key) const {
    std::string text;
    for (size_t i = 0; i < key.size(); ++i) {
      text += (i > 0 ? ", " : "") + CellText(key[i]);
    }
    return text;
  }

  void Largest() {
    struct Entry {
      const ColumnChanges* column;
      const LargestChange* change;
    };
    std::vector<Entry> entries;
    for (const ColumnChanges& column : summary_.changes) {
      for (const LargestChange& change : column.largest) {
        if (entries.size() >= kLargestShown * 3) break;
        if (entries.empty() || entries.back().column != &column ||
            std::count_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.column == &column; }) <
                (summary_.changes.size() == 1 ? 5 : 2)) {
          entries.push_back({&column, &change});
        }
      }
    }
    if (entries.size() > kLargestShown) entries.resize(kLargestShown);
    if (entries.empty()) return;
    Title("Largest changes");
    int name_width = 0;
    int key_width = 0;
    for (const Entry& entry : entries) {
      name_width = std::max(name_width, DisplayWidth(Visible(entry.column->name)));
      key_width = std::max(key_width, DisplayWidth(KeyText(entry.change->key)));
    }
    name_width = std::min(name_width, style_.width / 4);
    key_width = std::min(key_width, style_.width / 4);
    for (const Entry& entry : entries) {
      Line line = NewLine().Add("  ");
      line.Add(Clip(Visible(entry.column->name), name_width)).To(2 + name_width + 2);
      line.Add(Clip(KeyText(entry.change->key), key_width), Ink::kBold).To(2 + name_width + 2 + key_width + 2);
      const std::string delta = DeltaText(TypeOf(entry.column->name), entry.change->delta);
      const int room = std::max(10, (style_.width - line.width() - 7 - DisplayWidth(delta)) / 2);
      const auto [old_text, new_text] =
          ClipPair(CellText(entry.change->left), CellText(entry.change->right), room, room);
      line.Add(old_text, Ink::kRed).Add(" → ", Ink::kDim).Add(new_text, Ink::kGreen).Add("  ").Add(delta, Ink::kDim);
      End(line);
    }
  }

  void Concentrations() {
    if (summary_.concentrations.empty()) return;
    Title("Where differences concentrate");
    const size_t shown = std::min(kConcentrationsShown, summary_.concentrations.size());
    for (size_t i = 0; i < shown; ++i) {
      const Concentration& where = summary_.concentrations[i];
      const std::string rows = fmt::format("{} rows, {} of the differing", GroupDigits(where.rows),
                                           Percent(std::llround(where.share * 1e6), 1000000));
      const int room = std::max(12, style_.width - 4 - DisplayWidth(rows));
      End(NewLine()
              .Add("  ")
              .Add(Clip(fmt::format("{} = {}", Visible(where.column), Visible(where.value)), room), Ink::kCyan)
              .Add("  ")
              .Add(rows, Ink::kDim));
    }
  }

  void Warnings() {
    if (summary_.warnings.empty()) return;
    Title("Note");
    for (const std::string& warning : summary_.warnings) {
      Wrap(Visible(warning));
    }
  }

  void Wrap(const std::string& text) {
    Line line = NewLine().Add("  ");
    size_t at = 0;
    while (at < text.size()) {
      const size_t end = std::min(text.find(' ', at), text.size());
      const std::string_view word = std::string_view(text).substr(at, end - at);
      if (line.width() > 2 && line.width() + 1 + DisplayWidth(word) > style_.width) {
        End(line);
        line = NewLine().Add("   ");
      }
      if (line.width() > 2) line.Add(" ");
      line.Add(word, Ink::kYellow);
      at = end + 1;
    }
    End(line);
  }

  void Sample() {
    if (style_.sample == 0 || rows_.empty()) return;
    std::vector<DiffRow> shown = rows_;
    if (shown.size() > style_.sample) shown.resize(style_.sample);
    int64_t total = 0;
    for (const DiffRow& row : shown) total += row.count;
    const int64_t all = summary_.different();
    Title(total < all ? fmt::format("Differing rows, the first {} of {}", GroupDigits(total), GroupDigits(all))
                      : "Differing rows");
    if (!style_.color && !summary_.key.empty()) {
      End(NewLine().Add("  ~ changed (old → new)   - only left   + only right"));
    } else if (!style_.color) {
      End(NewLine().Add("  - only left   + only right"));
    }
    out_ += RenderSample(summary_, shown, style_);
  }

  const DiffSummary& summary_;
  const ReportHeading& heading_;
  const std::vector<DiffRow>& rows_;
  const TextStyle& style_;
  std::string out_;
};

}  // namespace

std::vector<DataType> ValueTypes(const DiffSummary& summary) {
  std::vector<DataType> types;
  for (const std::string& name : summary.value_columns) {
    DataType type;
    for (const DiffColumn& column : summary.columns) {
      if (column.name == name && column.compared_as) type = *column.compared_as;
    }
    types.push_back(type);
  }
  return types;
}

std::string DeltaText(const DataType& type, double delta) {
  const bool time = type.kind() == TypeKind::kDate || type.kind() == TypeKind::kTimestamp ||
                    type.kind() == TypeKind::kTimestampNtz || type.kind() == TypeKind::kTime ||
                    type.kind() == TypeKind::kDayTimeInterval;
  if (!time || !std::isfinite(delta)) return fmt::format("{:+.6g}", delta);
  const double seconds = std::abs(delta);
  if (type.kind() == TypeKind::kDate) return fmt::format("{:+.6g} d", delta / 86400);
  if (seconds < 0.001 && seconds > 0) return fmt::format("{:+.4g} µs", delta * 1e6);
  if (seconds < 1 && seconds > 0) return fmt::format("{:+.4g} ms", delta * 1e3);
  if (seconds < 120) return fmt::format("{:+.4g} s", delta);
  if (seconds < 7200) return fmt::format("{:+.4g} min", delta / 60);
  if (seconds < 172800) return fmt::format("{:+.4g} h", delta / 3600);
  return fmt::format("{:+.6g} d", delta / 86400);
}

std::string RenderText(const DiffSummary& summary, const ReportHeading& heading, const std::vector<DiffRow>& rows,
                       const TextStyle& style) {
  return Page(summary, heading, rows, style).Render();
}

}  // namespace tinderbox::diff
