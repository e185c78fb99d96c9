#include "diff/report_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "diff/report_cell.h"

namespace tinderbox::diff {
namespace {

constexpr std::string_view kArrow = " → ";
constexpr int kArrowWidth = 3;
constexpr int kMinimum = 6;   // of a column, when there is too little room
constexpr int kComfort = 32;  // of a column, when there is more than enough

const char* Escape(Ink ink) {
  switch (ink) {
    case Ink::kBold:
      return "\x1b[1m";
    case Ink::kDim:
      return "\x1b[2m";
    case Ink::kRed:
      return "\x1b[31m";
    case Ink::kGreen:
      return "\x1b[32m";
    case Ink::kYellow:
      return "\x1b[33m";
    case Ink::kCyan:
      return "\x1b[36m";
    case Ink::kNone:
      break;
  }
  return "";
}

struct ShownCell {
  std::string old_text, new_text;
  bool changed = false;
  int natural() const {
    const int width = DisplayWidth(old_text);
    return changed ? width + kArrowWidth + DisplayWidth(new_text) : width;
  }
};

ShownCell MakeCell(const DiffRow& row, size_t column) {
  ShownCell cell;
  const Row& side = row.kind == DiffRow::Kind::kRightOnly ? row.right : row.left;
  cell.old_text = CellText(side[column]);
  cell.changed = row.kind == DiffRow::Kind::kChanged && column < row.changed.size() && row.changed[column];
  if (cell.changed) cell.new_text = CellText(row.right[column]);
  return cell;
}

Ink RowInk(const DiffRow& row) {
  switch (row.kind) {
    case DiffRow::Kind::kLeftOnly:
      return Ink::kRed;
    case DiffRow::Kind::kRightOnly:
      return Ink::kGreen;
    case DiffRow::Kind::kChanged:
      break;
  }
  return Ink::kNone;
}

const char* Mark(const DiffRow& row) {
  switch (row.kind) {
    case DiffRow::Kind::kLeftOnly:
      return "-";
    case DiffRow::Kind::kRightOnly:
      return "+";
    case DiffRow::Kind::kChanged:
      break;
  }
  return "~";
}

/// "old → new" in at most `width` columns.
void AddChange(Line* line, const ShownCell& cell, int width) {
  const int left = DisplayWidth(cell.old_text);
  const int right = DisplayWidth(cell.new_text);
  const int room = std::max(width - kArrowWidth, 2);
  int left_room = left;
  int right_room = right;
  if (left + right > room) {
    left_room = std::min(left, std::max(room / 2, room - right));
    right_room = room - left_room;
  }
  const auto [old_text, new_text] = ClipPair(cell.old_text, cell.new_text, left_room, right_room);
  line->Add(old_text, Ink::kRed).Add(kArrow, Ink::kDim).Add(new_text, Ink::kGreen);
}

bool RightAligned(const DataType& type) {
  return type.IsNumeric();
}

/// Which columns stand side by side and how wide; empty when the changed ones do not fit.
struct TablePlan {
  std::vector<size_t> columns;
  std::vector<int> widths;
  size_t hidden = 0;
};

TablePlan PlanTable(const DiffSummary& summary, const std::vector<DiffRow>& rows, int room) {
  const size_t count = summary.value_columns.size();
  const size_t keys = summary.key.size();
  std::vector<int> natural(count, 0);
  std::vector<bool> needed(count, false);
  for (size_t c = 0; c < count; ++c) natural[c] = DisplayWidth(Visible(summary.value_columns[c]));
  for (const DiffRow& row : rows) {
    for (size_t c = 0; c < count; ++c) {
      const ShownCell cell = MakeCell(row, c);
      natural[c] = std::max(natural[c], cell.natural());
      if (cell.changed || c < keys) needed[c] = true;
    }
  }
  const auto least = [&](size_t c) {
    const bool changes = needed[c] && c >= keys;
    return std::min(natural[c], changes ? 2 * kMinimum + kArrowWidth + 4 : kMinimum + 2);
  };
  TablePlan plan;
  int used = 0;
  for (size_t c = 0; c < count; ++c) {
    if (needed[c]) used += least(c) + 2;
  }
  if (used > room) return plan;
  for (size_t c = 0; c < count; ++c) {
    if (needed[c] || used + least(c) + 2 > room) continue;
    needed[c] = true;
    used += least(c) + 2;
  }
  int spare = room - used;
  for (size_t c = 0; c < count; ++c) {
    if (!needed[c]) continue;
    plan.columns.push_back(c);
    plan.widths.push_back(least(c));
  }
  plan.hidden = count - plan.columns.size();
  // The room that is left goes to the narrowest first, so that short values are never clipped for a long one's sake.
  for (bool grew = true; spare > 0 && grew;) {
    grew = false;
    for (size_t i = 0; i < plan.columns.size() && spare > 0; ++i) {
      const int wish = std::min(natural[plan.columns[i]], room > 100 ? 2 * kComfort : std::max(kComfort, room / 2));
      if (plan.widths[i] >= wish) continue;
      ++plan.widths[i];
      --spare;
      grew = true;
    }
  }
  return plan;
}

std::string RenderTable(const DiffSummary& summary, const std::vector<DataType>& types,
                        const std::vector<DiffRow>& rows, const TablePlan& plan, const TextStyle& style) {
  const bool counted = std::any_of(rows.begin(), rows.end(), [](const DiffRow& row) { return row.count != 1; });
  std::string out;
  Line head(style.color);
  head.Add("    ");
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    const size_t c = plan.columns[i];
    const std::string name = Clip(Visible(summary.value_columns[c]), plan.widths[i]);
    const int end = head.width() + plan.widths[i];
    const bool last = i + 1 == plan.columns.size();
    if (RightAligned(types[c])) {
      head.Right(name, end, Ink::kBold);
    } else {
      head.Add(name, Ink::kBold);
      if (!last) head.To(end);
    }
    if (!last) head.Add("  ");
  }
  out += head.text() + "\n";
  for (const DiffRow& row : rows) {
    Line line(style.color);
    line.Add("  ").Add(Mark(row), row.kind == DiffRow::Kind::kChanged ? Ink::kYellow : RowInk(row)).Add(" ");
    for (size_t i = 0; i < plan.columns.size(); ++i) {
      const size_t c = plan.columns[i];
      const ShownCell cell = MakeCell(row, c);
      const int end = line.width() + plan.widths[i];
      const bool last = i + 1 == plan.columns.size() && !(counted && row.count != 1);
      if (cell.changed) {
        if (RightAligned(types[c])) line.To(end - std::min(cell.natural(), plan.widths[i]));
        AddChange(&line, cell, plan.widths[i]);
      } else {
        const bool key = c < summary.key.size();
        const Ink ink = row.kind == DiffRow::Kind::kChanged ? (key ? Ink::kBold : Ink::kDim) : RowInk(row);
        const std::string text = Clip(cell.old_text, plan.widths[i]);
        if (RightAligned(types[c])) {
          line.Right(text, end, ink);
        } else {
          line.Add(text, ink);
        }
      }
      if (!last) line.To(end).Add("  ");
    }
    if (row.count != 1) line.Add(fmt::format("× {}", GroupDigits(row.count)), Ink::kYellow);
    out += line.text() + "\n";
  }
  if (plan.hidden > 0) {
    Line line(style.color);
    line.Add(fmt::format("    {} more column{} without changes in these rows {} not shown",
                         GroupDigits(static_cast<int64_t>(plan.hidden)), plan.hidden == 1 ? "" : "s",
                         plan.hidden == 1 ? "is" : "are"),
             Ink::kDim);
    out += line.text() + "\n";
  }
  return out;
}

/// Names and values of one side in as many lines as they need.
void AddValues(std::string* out, const DiffSummary& summary, const DiffRow& row, size_t from, const TextStyle& style) {
  Line line(style.color);
  line.Add("     ");
  for (size_t c = from; c < summary.value_columns.size(); ++c) {
    const int room = std::max(style.width - 6, 10);
    std::string text = fmt::format("{}={}", Visible(summary.value_columns[c]), MakeCell(row, c).old_text);
    text = Clip(text, room);
    if (line.width() > 5 && line.width() + 1 + DisplayWidth(text) > style.width) {
      *out += line.text() + "\n";
      line = Line(style.color);
      line.Add("     ");
    }
    line.Add(" ").Add(text, RowInk(row));
  }
  if (line.width() > 5) *out += line.text() + "\n";
}

std::string RenderBlocks(const DiffSummary& summary, const std::vector<DiffRow>& rows, const TextStyle& style) {
  std::string out;
  for (const DiffRow& row : rows) {
    Line head(style.color);
    head.Add("  ").Add(Mark(row), row.kind == DiffRow::Kind::kChanged ? Ink::kYellow : RowInk(row)).Add(" ");
    std::string key;
    for (size_t c = 0; c < summary.key.size(); ++c) {
      key += fmt::format("{}{}={}", c > 0 ? ", " : "", Visible(summary.key[c]), MakeCell(row, c).old_text);
    }
    head.Add(Clip(key, std::max(style.width - 6, 10)), Ink::kBold);
    if (row.count != 1) head.Add(fmt::format(" × {}", GroupDigits(row.count)), Ink::kYellow);
    out += head.text() + "\n";
    if (row.kind != DiffRow::Kind::kChanged) {
      AddValues(&out, summary, row, summary.key.size(), style);
      continue;
    }
    int name_width = 0;
    for (size_t c = 0; c < row.changed.size(); ++c) {
      if (row.changed[c]) name_width = std::max(name_width, DisplayWidth(Visible(summary.value_columns[c])));
    }
    name_width = std::min(name_width, style.width / 3);
    for (size_t c = 0; c < row.changed.size(); ++c) {
      if (!row.changed[c]) continue;
      Line line(style.color);
      line.Add("      ").Add(Clip(Visible(summary.value_columns[c]), name_width), Ink::kCyan).To(6 + name_width + 2);
      AddChange(&line, MakeCell(row, c), std::max(style.width - line.width(), 10));
      out += line.text() + "\n";
    }
  }
  return out;
}

}  // namespace

Line& Line::Add(std::string_view text, Ink ink) {
  width_ += DisplayWidth(text);
  if (color_ && ink != Ink::kNone && !text.empty()) {
    text_ += Escape(ink);
    text_ += text;
    text_ += "\x1b[0m";
  } else {
    text_ += text;
  }
  return *this;
}

Line& Line::To(int column) {
  if (width_ < column) Add(std::string(static_cast<size_t>(column - width_), ' '));
  return *this;
}

Line& Line::Right(std::string_view text, int column, Ink ink) {
  To(column - DisplayWidth(text));
  return Add(text, ink);
}

std::string RenderSample(const DiffSummary& summary, const std::vector<DiffRow>& rows, const TextStyle& style) {
  if (rows.empty()) return "";
  const TablePlan plan = PlanTable(summary, rows, style.width - 4);
  if (plan.columns.empty()) return RenderBlocks(summary, rows, style);
  return RenderTable(summary, ValueTypes(summary), rows, plan, style);
}

}  // namespace tinderbox::diff
