#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/json_text.h"
#include "diff/report_cell.h"
#include "diff/report_page.h"

namespace tinderbox::diff {
namespace {

constexpr int kLongestCell = 2000;  // of a value in the page

/// JSON text that cannot end the script element which holds it, nor start a comment or an entity there.
void AppendScriptString(std::string* out, std::string_view text) {
  std::string json;
  base::AppendJsonString(&json, text);
  for (const char c : json) {
    switch (c) {
      case '<':
        *out += "\\u003c";
        break;
      case '>':
        *out += "\\u003e";
        break;
      case '&':
        *out += "\\u0026";
        break;
      default:
        *out += c;
    }
  }
}

/// A cell of the page's data: strings as they are but for what cannot be seen; null for NULL.
std::optional<std::string> PageCell(const Value& value) {
  if (value.is_null()) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(&value.data)) return Visible(*text);
  return CellText(value);
}

void AppendCell(std::string* out, const std::optional<std::string>& cell) {
  if (!cell) {
    *out += "null";
  } else {
    AppendScriptString(out, *cell);
  }
}

class DataElement {
 public:
  DataElement(const DiffSummary& summary, const std::vector<DiffRow>& rows)
      : summary_(summary), rows_(rows), types_(ValueTypes(summary)) {}

  std::string Render() {
    Data();
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void Add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  void Data() {
    out_ += "<script type=\"application/json\" id=\"data\">{\"columns\":[";
    const size_t count = summary_.value_columns.size();
    std::string types;
    std::string numeric;
    std::string words;
    std::string moved;
    std::string scale;
    for (size_t c = 0; c < count; ++c) {
      const char* comma = c > 0 ? "," : "";
      out_ += comma;
      AppendScriptString(&out_, Visible(summary_.value_columns[c]));
      types += comma;
      AppendScriptString(&types, Visible(types_[c].SimpleString()));
      numeric += fmt::format("{}{}", comma, types_[c].IsNumeric() ? 1 : 0);
      words += fmt::format("{}{}", comma, types_[c].kind() == TypeKind::kString || types_[c].IsNested() ? 1 : 0);
      const auto changes =
          std::find_if(summary_.changes.begin(), summary_.changes.end(),
                       [&](const ColumnChanges& column) { return column.name == summary_.value_columns[c]; });
      moved += fmt::format("{}{}", comma, changes != summary_.changes.end() ? 1 : 0);
      const double largest = changes != summary_.changes.end() ? changes->max_abs_delta.value_or(1) : 1;
      scale += fmt::format("{}{}", comma, std::isfinite(largest) && largest > 0 ? largest : 1.0);
    }
    const bool counted = std::any_of(rows_.begin(), rows_.end(), [](const DiffRow& row) { return row.count != 1; });
    Add("],\"types\":[{}],\"numeric\":[{}],\"words\":[{}],\"moved\":[{}],\"scale\":[{}],\"keys\":{},\"counted\":{},"
        "\"rows\":[",
        types, numeric, words, moved, scale, summary_.key.size(), counted ? "true" : "false");
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (i > 0) out_ += ",\n";
      DataRow(rows_[i]);
    }
    out_ += "]}</script>\n";
  }

  /// [kind, count, cells of the left (else of the right), {changed column: new cell}, {changed column: change}]
  void DataRow(const DiffRow& row) {
    const bool changed = row.kind == DiffRow::Kind::kChanged;
    const Row& side = row.kind == DiffRow::Kind::kRightOnly ? row.right : row.left;
    Add("[{},{},[", static_cast<int>(row.kind), row.count);
    std::string news;
    std::string deltas;
    for (size_t c = 0; c < side.size(); ++c) {
      if (c > 0) out_ += ",";
      std::optional<std::string> cell = PageCell(side[c]);
      if (changed && c < row.changed.size() && row.changed[c]) {
        std::optional<std::string> next = PageCell(row.right[c]);
        if (cell && next && std::max(cell->size(), next->size()) > kLongestCell) {
          std::tie(*cell, *next) = ClipPair(*cell, *next, kLongestCell, kLongestCell);
        }
        news += fmt::format("{}\"{}\":", news.empty() ? "" : ",", c);
        Limit(&next);
        AppendCell(&news, next);
        const std::optional<double> delta = Delta(side[c], row.right[c]);
        if (delta && std::isfinite(*delta)) deltas += fmt::format("{}\"{}\":{}", deltas.empty() ? "" : ",", c, *delta);
      }
      Limit(&cell);
      AppendCell(&out_, cell);
    }
    Add("],{{{}}},{{{}}}]", news, deltas);
  }

  static void Limit(std::optional<std::string>* cell) {
    if (*cell && (*cell)->size() > kLongestCell) **cell = Clip(**cell, kLongestCell);
  }

  const DiffSummary& summary_;
  const std::vector<DiffRow>& rows_;
  const std::vector<DataType> types_;
  std::string out_;
};

}  // namespace

std::string PageData(const DiffSummary& summary, const std::vector<DiffRow>& rows) {
  return DataElement(summary, rows).Render();
}

}  // namespace tinderbox::diff
