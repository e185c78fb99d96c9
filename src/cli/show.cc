#include "cli/show.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_text.h"
#include "diff/report_cell.h"

namespace tinderbox::cli {
namespace {

/// Spark shows line ends and the like as escapes, to keep a row on one line.
std::string EscapeMeta(const std::string& text) {
  static const std::pair<char, const char*> kEscapes[] = {{'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"}, {'\f', "\\f"},
                                                          {'\b', "\\b"}, {'\v', "\\v"}, {'\a', "\\a"}};
  std::string out;
  for (const char c : base::ReplaceInvalidUtf8(text)) {
    const auto* found =
        std::find_if(std::begin(kEscapes), std::end(kEscapes), [c](const auto& escape) { return escape.first == c; });
    if (found != std::end(kEscapes)) {
      out += found->second;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string ShowText(const std::vector<std::string>& columns, const std::vector<Row>& rows, size_t limit) {
  constexpr int kLeast = 3;
  const size_t shown = std::min(limit, rows.size());
  std::vector<std::vector<std::string>> table(1);
  for (const std::string& name : columns) table[0].push_back(EscapeMeta(name));
  for (size_t i = 0; i < shown; ++i) {
    table.emplace_back();
    for (const Value& value : rows[i].values) table.back().push_back(EscapeMeta(value.ToString()));
  }
  std::vector<int> widths(columns.size(), kLeast);
  for (const auto& line : table) {
    for (size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], diff::DisplayWidth(line[c]));
  }
  std::string rule = "+";
  for (const int width : widths) rule += std::string(static_cast<size_t>(width), '-') + "+";
  rule += "\n";
  std::string out = rule;
  for (size_t i = 0; i < table.size(); ++i) {
    out += "|";
    for (size_t c = 0; c < table[i].size(); ++c) {
      out += table[i][c] + std::string(static_cast<size_t>(widths[c] - diff::DisplayWidth(table[i][c])), ' ') + "|";
    }
    out += "\n";
    if (i == 0) out += rule;
  }
  out += rule;
  if (rows.size() > limit) out += fmt::format("only showing top {} row{}\n", limit, limit == 1 ? "" : "s");
  return out + "\n";
}

}  // namespace tinderbox::cli
