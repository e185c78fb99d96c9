// The text of show() and of its HTML form, to the byte as Spark draws it.
#include <fmt/format.h>

#include <algorithm>

#include "engine/functions/code_points.h"
#include "engine/functions/html_entities.h"
#include "engine/functions/native_row.h"
#include "engine/functions/value_text.h"

namespace tinderbox::engine {

namespace {

void AppendCell(std::string* out, const DataType& type, const InVector& column, size_t row) {
  const auto list = [&](const InVector& items, InVector::Range range, const auto& one) {
    for (uint64_t i = 0; i < range.length; ++i) {
      if (i > 0) out->append(", ");
      one(items, range.offset + i);
    }
  };
  if (column.IsNull(row) || type.kind() == TypeKind::kNull) {
    out->append("NULL");
    return;
  }
  switch (type.kind()) {
    case TypeKind::kBinary: {
      out->push_back('[');
      bool first = true;
      for (unsigned char byte : column.String(row)) {
        out->append(fmt::format("{}{:02X}", first ? "" : " ", byte));
        first = false;
      }
      out->push_back(']');
      return;
    }
    case TypeKind::kArray:
      out->push_back('[');
      list(column.ListChild(), column.List(row),
           [&](const InVector& items, size_t at) { AppendCell(out, type.element(), items, at); });
      out->push_back(']');
      return;
    case TypeKind::kMap: {
      out->push_back('{');
      const InVector entries = column.ListChild();
      const InVector keys = entries.StructChild(0);
      const InVector values = entries.StructChild(1);
      list(entries, column.List(row), [&](const InVector&, size_t at) {
        AppendCell(out, type.key(), keys, at);
        out->append(" -> ");
        AppendCell(out, type.value(), values, at);
      });
      out->push_back('}');
      return;
    }
    case TypeKind::kStruct:
      out->push_back('{');
      for (size_t i = 0; i < type.fields().size(); ++i) {
        if (i > 0) out->append(", ");
        AppendCell(out, type.fields()[i].type, column.StructChild(i), row);
      }
      out->push_back('}');
      return;
    default:
      AppendCellText(out, type, column, row);
  }
}

/// Java's length of a character in UTF-16, and how many columns of a terminal it takes.
struct Width {
  size_t units;
  size_t columns;
};

Width WidthOf(char32_t c) {
  const bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
                    (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                    (c >= 0xFFE0 && c <= 0xFFE6);
  const size_t units = c > 0xFFFF ? 2 : 1;
  return {units, wide ? 2 : units};
}

template <typename F>
void ForEachPoint(std::string_view text, F f) {
  size_t at = 0;
  while (at < text.size()) {
    bool valid = false;
    const size_t length = PointLength(text.substr(at), &valid);
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
    char32_t point = byte(0);
    if (length == 2) point = (point & 0x1F) << 6 | (byte(1) & 0x3F);
    if (length == 3) point = (point & 0x0F) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
    if (length == 4) {
      point = (point & 0x07) << 18 | (byte(1) & 0x3Fu) << 12 | (byte(2) & 0x3Fu) << 6 | (byte(3) & 0x3Fu);
    }
    if (!f(point, text.substr(at, length))) return;
    at += length;
  }
}

size_t Units(std::string_view text) {
  size_t out = 0;
  ForEachPoint(text, [&](char32_t c, std::string_view) { return out += WidthOf(c).units, true; });
  return out;
}

size_t Columns(std::string_view text) {
  size_t out = 0;
  ForEachPoint(text, [&](char32_t c, std::string_view) { return out += WidthOf(c).columns, true; });
  return out;
}

std::string FirstUnits(std::string_view text, size_t units) {
  std::string out;
  size_t used = 0;
  ForEachPoint(text, [&](char32_t c, std::string_view bytes) {
    used += WidthOf(c).units;
    if (used > units) {
      // Java cuts a pair of surrogates in two, half of which is written as a question mark.
      if (used - WidthOf(c).units < units) out += '?';
      return false;
    }
    out += bytes;
    return used < units;
  });
  return out;
}

/// One line, cut to `truncate` characters when that is above 0.
std::string Shortened(std::string_view text, int truncate) {
  std::string line;
  for (char c : text) {
    switch (c) {
      case '\n':
        line += "\\n";
        break;
      case '\r':
        line += "\\r";
        break;
      case '\t':
        line += "\\t";
        break;
      case '\f':
        line += "\\f";
        break;
      case '\b':
        line += "\\b";
        break;
      case '\v':
        line += "\\v";
        break;
      case '\a':
        line += "\\a";
        break;
      default:
        line += c;
    }
  }
  const size_t limit = static_cast<size_t>(std::max(0, truncate));
  if (limit == 0 || Units(line) <= limit) return line;
  return limit < 4 ? FirstUnits(line, limit) : FirstUnits(line, limit - 3) + "...";
}

using Lines = std::vector<std::vector<std::string>>;

/// The header and the rows of one call, each cell shortened.
Lines ReadTable(const ScalarInput& in, size_t row, int truncate) {
  Lines out;
  const InVector names = in[1].ListChild();
  const auto range = in[1].List(row);
  auto& header = out.emplace_back();
  for (uint64_t i = 0; i < range.length; ++i) header.push_back(Shortened(names.String(range.offset + i), 0));
  const InVector rows = in[0].ListChild();
  const InVector cells = rows.ListChild();
  const auto table = in[0].List(row);
  for (uint64_t r = 0; r < table.length; ++r) {
    auto& line = out.emplace_back();
    const auto one = rows.List(table.offset + r);
    for (uint64_t c = 0; c < one.length; ++c) line.push_back(Shortened(cells.String(one.offset + c), truncate));
  }
  return out;
}

std::string Padded(const std::string& text, size_t width, bool right_aligned, char fill = ' ') {
  const size_t columns = Columns(text);
  const std::string padding(width > columns ? width - columns : 0, fill);
  return right_aligned ? padding + text : text + padding;
}

std::string More(int64_t shown) {
  return fmt::format("only showing top {} {}", shown, shown == 1 ? "row" : "rows");
}

constexpr size_t kMinimumWidth = 3;

std::string Horizontal(const Lines& lines, bool right_aligned) {
  std::vector<size_t> widths(lines[0].size(), kMinimumWidth);
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], Columns(line[i]));
  }
  std::string rule = "+";
  for (size_t i = 0; i < widths.size(); ++i) rule += (i == 0 ? "" : "+") + std::string(widths[i], '-');
  rule += "+\n";
  std::string out = rule;
  for (size_t r = 0; r < lines.size(); ++r) {
    out += '|';
    for (size_t i = 0; i < lines[r].size(); ++i)
      out += (i == 0 ? "" : "|") + Padded(lines[r][i], widths[i], right_aligned);
    out += "|\n";
    if (r == 0) out += rule;
  }
  return out + rule;
}

std::string Vertical(const Lines& lines) {
  size_t names = kMinimumWidth;
  size_t values = kMinimumWidth;
  for (const std::string& name : lines[0]) names = std::max(names, Columns(name));
  for (size_t r = 1; r < lines.size(); ++r) {
    for (const std::string& value : lines[r]) values = std::max(values, Columns(value));
  }
  std::string out;
  for (size_t r = 1; r < lines.size(); ++r) {
    out += Padded(fmt::format("-RECORD {}", r - 1), names + values + 5, false, '-') + "\n";
    for (size_t i = 0; i < lines[r].size(); ++i) {
      out += fmt::format(" {} | {} \n", Padded(lines[0][i], names, false), Padded(lines[r][i], values, false));
    }
  }
  return out;
}

std::string EscapedHtml(std::string_view text) {
  std::string out;
  ForEachPoint(text, [&](char32_t c, std::string_view bytes) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (const std::string_view name = HtmlEntityOf(c); !name.empty()) {
      out += fmt::format("&{};", name);
    } else {
      out += bytes;
    }
    return true;
  });
  return out;
}

}  // namespace

void AddNativeShow(ScalarFunctions* out) {
  const DataType text(TypeKind::kString);
  const DataType list = DataType::Array(text);
  const DataType table = DataType::Array(list);
  ScalarFunction cell;
  cell.name = "spark_show_cell";
  cell.parameters = {ParameterType::Any()};
  cell.result = text;
  cell.handles_null = true;
  cell.run = [](const ScalarInput& in, OutVector& result) {
    const DataType type = in[0].Type();
    std::string shown;
    for (size_t row = 0; row < in.rows(); ++row) {
      shown.clear();
      AppendCell(&shown, type, in[0], row);
      result.SetString(row, shown);
    }
  };
  out->push_back(std::move(cell));
  AddPerRow(out, "spark_show_string", {table, list, TypeKind::kLong, TypeKind::kInteger, TypeKind::kBoolean}, text,
            [](const ScalarInput& in, size_t row, OutVector& result) {
              const int64_t limit = in[2].Data<int64_t>()[row];
              const int truncate = in[3].Data<int32_t>()[row];
              const bool vertical = in[4].Data<uint8_t>()[row] != 0;
              Lines lines = ReadTable(in, row, truncate);
              const bool more = static_cast<int64_t>(lines.size()) - 1 > limit;
              if (more) lines.resize(static_cast<size_t>(limit) + 1);
              std::string shown = vertical ? Vertical(lines) : Horizontal(lines, truncate > 0);
              if (vertical && lines.size() == 1) {
                shown += "(0 rows)";
              } else if (more) {
                shown += More(limit);
              }
              result.SetString(row, shown);
            });
  AddPerRow(out, "spark_html_string", {table, list, TypeKind::kLong, TypeKind::kInteger}, text,
            [](const ScalarInput& in, size_t row, OutVector& result) {
              const int64_t limit = in[2].Data<int64_t>()[row];
              Lines lines = ReadTable(in, row, in[3].Data<int32_t>()[row]);
              const bool more = static_cast<int64_t>(lines.size()) - 1 > limit;
              if (more) lines.resize(static_cast<size_t>(limit) + 1);
              std::string shown = "<table border='1'>\n";
              for (size_t r = 0; r < lines.size(); ++r) {
                const char* tag = r == 0 ? "th" : "td";
                shown += fmt::format("<tr><{}>", tag);
                for (size_t i = 0; i < lines[r].size(); ++i) {
                  if (i > 0) shown += fmt::format("</{0}><{0}>", tag);
                  shown += EscapedHtml(lines[r][i]);
                }
                shown += fmt::format("</{}></tr>\n", tag);
              }
              shown += "</table>\n";
              if (more) shown += More(limit) + "\n";
              result.SetString(row, shown);
            });
}

}  // namespace tinderbox::engine
