#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "diff/report.h"
#include "diff/report_cell.h"
#include "diff/report_page.h"

namespace tinderbox::diff {
namespace {

constexpr int kLongestText = 2000;       // of a value in the page
constexpr size_t kSameColumnsOpen = 12;  // more equal columns than this are folded away
constexpr int64_t kPictureWidth = 190;

std::string Shown(std::string_view text) {
  return EscapeHtml(Visible(text));
}

class HtmlPage {
 public:
  HtmlPage(const DiffSummary& summary, const ReportHeading& heading, const std::vector<DiffRow>& rows)
      : summary_(summary), heading_(heading), rows_(rows), types_(ValueTypes(summary)) {}

  std::string Render() {
    out_ =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n";
    Add("<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n", Shown(Verdict()), kPageStyle);
    Header();
    out_ += "<main>\n";
    Notes();
    Malformed();
    if (summary_.schema_differs()) Schema();
    Columns();
    Largest();
    Concentrations();
    Rows();
    if (!summary_.schema_differs()) Schema();
    out_ += "</main>\n";
    Footer();
    out_ += PageData(summary_, rows_);
    Add("<script>{}</script>\n</body>\n</html>\n", kPageScript);
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void Add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  std::string Verdict() const {
    if (summary_.same()) return "The two sides are the same";
    if (summary_.different() == 0) return "The rows are the same, the schemas differ";
    const int64_t rows = summary_.different();
    return fmt::format("The two sides differ in {} row{}{}", GroupDigits(rows), rows == 1 ? "" : "s",
                       summary_.schema_differs() ? " and in the schema" : "");
  }

  void Tile(std::string_view style, std::string_view name, int64_t number, std::string_view note) {
    Add("<li class=\"{}\"><small>{}</small><b>{}</b><small>{}</small></li>\n", style, name, GroupDigits(number),
        EscapeHtml(note));
  }

  void Header() {
    Add("<header>\n<h1>{}</h1>\n<dl class=\"io\"><dt>left</dt><dd>{}</dd><dt>right</dt><dd>{}</dd><dt>key</dt><dd>",
        Shown(Verdict()), Shown(heading_.left), Shown(heading_.right));
    if (summary_.key.empty()) {
      out_ += "none: rows are compared whole";
    } else {
      for (size_t i = 0; i < summary_.key.size(); ++i) Add("{}{}", i > 0 ? ", " : "", Shown(summary_.key[i]));
    }
    out_ += "</dd></dl>\n<ul class=\"tiles\">\n";
    const int64_t whole = summary_.equal + summary_.different();
    Tile("", "rows left", summary_.left.rows, "");
    Tile("", "rows right", summary_.right.rows, "");
    Tile("", "equal", summary_.equal, Percent(summary_.equal, whole));
    if (!summary_.key.empty()) Tile("c", "changed", summary_.changed, Percent(summary_.changed, whole));
    Tile("l", "only left", summary_.left.only, Percent(summary_.left.only, whole));
    Tile("r", "only right", summary_.right.only, Percent(summary_.right.only, whole));
    for (const auto& [name, side] : {std::pair{"left", &summary_.left}, std::pair{"right", &summary_.right}}) {
      if (side->duplicate_keys > 0) {
        Tile("w", fmt::format("repeated keys, {}", name), side->duplicate_keys,
             fmt::format("in {} rows", GroupDigits(side->duplicate_rows)));
      }
      if (side->malformed_rows > 0) Tile("w", fmt::format("malformed rows, {}", name), side->malformed_rows, "");
    }
    out_ += "</ul>\n";
    if (whole > 0) {
      out_ += "<div class=\"share\" aria-hidden=\"true\">";
      const auto part = [&](const char* style, int64_t rows) {
        if (rows > 0)
          Add("<i class=\"{}\" style=\"flex:{:.6f} 0 0\"></i>", style,
              static_cast<double>(rows) / static_cast<double>(whole));
      };
      part("e", summary_.equal);
      part("c", summary_.changed);
      part("l", summary_.left.only);
      part("r", summary_.right.only);
      out_ += "</div>\n";
    }
    out_ += "</header>\n";
  }

  void Notes() {
    if (summary_.warnings.empty()) return;
    out_ += "<section><h2>Note</h2><ul class=\"notes\">\n";
    for (const std::string& warning : summary_.warnings) Add("<li>{}</li>\n", Shown(warning));
    out_ += "</ul></section>\n";
  }

  void Malformed() {
    for (const auto& [name, side] : {std::pair{"left", &summary_.left}, std::pair{"right", &summary_.right}}) {
      if (side->malformed_rows == 0) continue;
      Add("<section><h2>Malformed rows on the {} side: {}</h2><div class=\"scroll\"><table><thead><tr><th "
          "scope=\"col\">where</th>"
          "<th scope=\"col\">column</th><th scope=\"col\">text</th></tr></thead><tbody>\n",
          name, GroupDigits(side->malformed_rows));
      for (const MalformedValue& value : side->malformed) {
        Add("<tr><td class=\"v\">{}</td><td>{}</td><td class=\"v\">{}</td></tr>\n", Shown(value.location),
            value.column.empty() ? "<span class=\"quiet\">whole record</span>" : Shown(value.column),
            EscapeHtml(Clip(Visible(value.text), kLongestText)));
      }
      out_ += "</tbody></table></div>";
      const int64_t hidden = side->malformed_rows - static_cast<int64_t>(side->malformed.size());
      if (hidden > 0) Add("<p class=\"quiet\">The first ones; {} more are counted.</p>", GroupDigits(hidden));
      out_ += "</section>\n";
    }
  }

  DataType TypeOf(const std::string& name) const {
    for (const DiffColumn& column : summary_.columns) {
      if (column.name == name && column.compared_as) return *column.compared_as;
    }
    return {};
  }

  std::optional<size_t> ValueIndex(const std::string& name) const {
    const auto found = std::find(summary_.value_columns.begin(), summary_.value_columns.end(), name);
    if (found == summary_.value_columns.end()) return std::nullopt;
    return static_cast<size_t>(found - summary_.value_columns.begin());
  }

  /// Bars of how far the values moved, or the most frequent changes as bars behind their text.
  void Picture(const ColumnChanges& column) {
    if (column.histogram.empty()) return;
    int64_t most = 1;
    for (const auto& [bin, rows] : column.histogram) most = std::max(most, rows);
    if (column.mean_delta || column.max_abs_delta) {
      const auto bins = static_cast<int64_t>(column.histogram.size());
      const int64_t height = 40;
      Add("<svg class=\"pic\" role=\"img\" width=\"{}\" height=\"{}\" aria-label=\"how far values moved, {} bins from "
          "{} to {}\">",
          kPictureWidth, height + 14, bins, Shown(column.histogram.front().first),
          Shown(column.histogram.back().first));
      const double step = static_cast<double>(kPictureWidth) / static_cast<double>(bins);
      for (int64_t i = 0; i < bins; ++i) {
        const auto& [bin, rows] = column.histogram[static_cast<size_t>(i)];
        const double tall =
            rows == 0
                ? 0
                : std::max(1.5, static_cast<double>(height) * static_cast<double>(rows) / static_cast<double>(most));
        Add("<g><title>{}: {} rows</title><rect x=\"{:.1f}\" y=\"0\" width=\"{:.1f}\" height=\"{}\" "
            "fill=\"transparent\"/>"
            "<rect class=\"b\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/></g>",
            Shown(bin), GroupDigits(rows), static_cast<double>(i) * step, step, height,
            static_cast<double>(i) * step + 0.5, static_cast<double>(height) - tall, std::max(1.0, step - 1.0), tall);
      }
      Add("<line x1=\"0\" x2=\"{}\" y1=\"{}.5\" y2=\"{}.5\"/>", kPictureWidth, height, height);
      Add("<text class=\"q\" x=\"0\" y=\"{}\">{}</text><text class=\"q\" x=\"{}\" y=\"{}\" "
          "text-anchor=\"end\">{}</text></svg>",
          height + 12, EscapeHtml(Clip(Visible(column.histogram.front().first), 14)), kPictureWidth, height + 12,
          EscapeHtml(Clip(Visible(column.histogram.back().first), 14)));
      return;
    }
    const size_t shown = std::min<size_t>(4, column.histogram.size());
    const int64_t width = 2 * kPictureWidth;
    Add("<svg class=\"pic\" role=\"img\" width=\"{}\" height=\"{}\" aria-label=\"most frequent changes\">", width,
        shown * 19);
    for (size_t i = 0; i < shown; ++i) {
      const auto& [change, rows] = column.histogram[i];
      const double wide =
          std::max(2.0, static_cast<double>(width) * static_cast<double>(rows) / static_cast<double>(most));
      Add("<g><title>{}: {} rows</title><rect class=\"g\" x=\"0\" y=\"{}\" width=\"{:.1f}\" height=\"17\"/>"
          "<text x=\"4\" y=\"{}\">{}</text></g>",
          EscapeHtml(Clip(Visible(change), kLongestText)), GroupDigits(rows), i * 19, wide, i * 19 + 12,
          EscapeHtml(Clip(fmt::format("{} × {}", GroupDigits(rows), Visible(change)), 55)));
    }
    out_ += "</svg>";
  }

  void Columns() {
    if (summary_.changes.empty()) return;
    const int64_t pairs = summary_.equal + summary_.changed;
    out_ +=
        "<section><h2>Changed columns</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Changed "
        "columns\"><table><thead><tr>"
        "<th scope=\"col\">column</th><th scope=\"col\" class=\"n\">rows</th><th scope=\"col\">of the paired rows</th>"
        "<th scope=\"col\" class=\"n\">were NULL</th><th scope=\"col\" class=\"n\">became NULL</th>"
        "<th scope=\"col\" class=\"n\">mean change</th><th scope=\"col\" class=\"n\">largest</th><th "
        "scope=\"col\">picture</th></tr></thead><tbody>\n";
    for (const ColumnChanges& column : summary_.changes) {
      const DataType type = TypeOf(column.name);
      const std::optional<size_t> index = ValueIndex(column.name);
      out_ += "<tr><th scope=\"row\">";
      if (index && !rows_.empty()) {
        Add("<button type=\"button\" class=\"link\" data-column=\"{}\" title=\"show the rows in which it "
            "changed\">{}</button>",
            *index, Shown(column.name));
      } else {
        out_ += Shown(column.name);
      }
      const double share = pairs > 0 ? 100.0 * static_cast<double>(column.changed) / static_cast<double>(pairs) : 0;
      const auto some = [](int64_t rows) { return rows > 0 ? GroupDigits(rows) : std::string(); };
      Add("</th><td class=\"n\">{}</td><td style=\"white-space:nowrap\"><span class=\"bar\"><i "
          "style=\"width:{:.2f}%\"></i></span> {}</td>"
          "<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td>",
          GroupDigits(column.changed), share, EscapeHtml(Percent(column.changed, pairs)), some(column.null_to_value),
          some(column.value_to_null), column.mean_delta ? EscapeHtml(DeltaText(type, *column.mean_delta)) : "",
          column.max_abs_delta ? EscapeHtml(DeltaText(type, *column.max_abs_delta).substr(1)) : "");
      Picture(column);
      out_ += "</td></tr>\n";
    }
    out_ += "</tbody></table></div></section>\n";
  }

  void Largest() {
    const bool any = std::any_of(summary_.changes.begin(), summary_.changes.end(),
                                 [](const ColumnChanges& c) { return !c.largest.empty(); });
    if (!any) return;
    out_ +=
        "<section><h2>Largest changes</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Largest "
        "changes\"><table><thead><tr><th scope=\"col\">column</th>";
    for (const std::string& name : summary_.key) Add("<th scope=\"col\">{}</th>", Shown(name));
    out_ +=
        "<th scope=\"col\" class=\"n\">was</th><th scope=\"col\" class=\"n\">is</th><th scope=\"col\" "
        "class=\"n\">change</th></tr></thead><tbody>\n";
    for (const ColumnChanges& column : summary_.changes) {
      for (const LargestChange& change : column.largest) {
        Add("<tr><th scope=\"row\">{}</th>", Shown(column.name));
        for (size_t i = 0; i < change.key.size(); ++i)
          Add("<td class=\"v\">{}</td>", EscapeHtml(Clip(CellText(change.key[i]), 200)));
        Add("<td class=\"n v\"><span class=\"del\">{}</span></td><td class=\"n v\"><span "
            "class=\"ins\">{}</span></td><td class=\"n\">{}</td></tr>\n",
            EscapeHtml(CellText(change.left)), EscapeHtml(CellText(change.right)),
            EscapeHtml(DeltaText(TypeOf(column.name), change.delta)));
      }
    }
    out_ += "</tbody></table></div></section>\n";
  }

  void Concentrations() {
    if (summary_.concentrations.empty()) return;
    out_ +=
        "<section><h2>Where differences concentrate</h2><div class=\"scroll\"><table><thead><tr><th "
        "scope=\"col\">column</th>"
        "<th scope=\"col\">value</th><th scope=\"col\" class=\"n\">differing rows</th><th scope=\"col\">of all "
        "differing rows</th></tr></thead><tbody>\n";
    for (const Concentration& where : summary_.concentrations) {
      Add("<tr><th scope=\"row\">{}</th><td class=\"v\">{}</td><td class=\"n\">{}</td><td "
          "style=\"white-space:nowrap\"><span class=\"bar\">"
          "<i style=\"width:{:.2f}%\"></i></span> {}</td></tr>\n",
          Shown(where.column), EscapeHtml(Clip(Visible(where.value), kLongestText)), GroupDigits(where.rows),
          100 * where.share, EscapeHtml(Percent(std::llround(where.share * 1e6), 1000000)));
    }
    out_ += "</tbody></table></div></section>\n";
  }

  void SchemaRow(const DiffColumn& column) {
    const auto type = [](const std::optional<DataType>& t) {
      return t ? Shown(t->SimpleString()) : std::string("<span class=\"quiet\">–</span>");
    };
    std::string verdict = "same";
    std::string left_style;
    std::string right_style;
    switch (column.status) {
      case ColumnStatus::kSame:
        break;
      case ColumnStatus::kTypeChanged:
        verdict = "type changed";
        left_style = " del";
        right_style = " ins";
        break;
      case ColumnStatus::kNullabilityChanged:
        verdict = "may be NULL on one side only";
        break;
      case ColumnStatus::kLeftOnly:
        verdict = "only left";
        left_style = " del";
        break;
      case ColumnStatus::kRightOnly:
        verdict = "only right";
        right_style = " ins";
        break;
      case ColumnStatus::kIgnored:
        verdict = "ignored";
        break;
    }
    if (column.is_key) verdict += ", key";
    const auto name = [&](const std::string& own, const std::optional<DataType>& t) {
      return t && !own.empty() && own != column.name
                 ? fmt::format("<br><small class=\"quiet\">named {}</small>", Shown(own))
                 : std::string();
    };
    Add("<tr><th scope=\"row\">{}</th><td><span class=\"v{}\">{}</span>{}</td><td><span "
        "class=\"v{}\">{}</span>{}</td><td>{}</td><td>{}</td></tr>\n",
        Shown(column.name), left_style, type(column.left_type), name(column.left_name, column.left_type), right_style,
        type(column.right_type), name(column.right_name, column.right_type),
        column.compared_as ? "<span class=\"v\">" + Shown(column.compared_as->SimpleString()) + "</span>"
                           : std::string("<span class=\"quiet\">not compared</span>"),
        verdict);
  }

  void Schema() {
    static constexpr std::string_view kHead =
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Schema\"><table><thead><tr><th "
        "scope=\"col\">column</th><th scope=\"col\">left</th>"
        "<th scope=\"col\">right</th><th scope=\"col\">compared as</th><th "
        "scope=\"col\">status</th></tr></thead><tbody>\n";
    const auto differs = [](const DiffColumn& c) {
      return c.status != ColumnStatus::kSame ||
             (!c.left_name.empty() && !c.right_name.empty() && c.left_name != c.right_name);
    };
    const auto same = static_cast<size_t>(std::count_if(summary_.columns.begin(), summary_.columns.end(),
                                                        [&](const DiffColumn& c) { return !differs(c); }));
    const bool fold = same > kSameColumnsOpen;
    out_ += "<section id=\"schema\"><h2>Schema</h2>\n";
    if (!fold || same < summary_.columns.size()) {
      out_ += kHead;
      for (const DiffColumn& column : summary_.columns) {
        if (differs(column)) SchemaRow(column);
      }
      for (const DiffColumn& column : summary_.columns) {
        if (!fold && !differs(column)) SchemaRow(column);
      }
      out_ += "</tbody></table></div>\n";
    }
    if (fold) {
      Add("<details><summary>{} columns are the same on both sides</summary>{}", same, kHead);
      for (const DiffColumn& column : summary_.columns) {
        if (!differs(column)) SchemaRow(column);
      }
      out_ += "</tbody></table></div></details>\n";
    }
    out_ += "</section>\n";
  }

  void Rows() {
    out_ += "<section id=\"rowsection\"><h2>Differing rows</h2>\n";
    if (rows_.empty()) {
      Add("<p class=\"quiet\">{}</p></section>\n",
          summary_.different() == 0 ? "There are none." : "This page was made without rows.");
      return;
    }
    int64_t held = 0;
    for (const DiffRow& row : rows_) held += row.count;
    if (held < summary_.different()) {
      Add("<p>This page holds the first {} of {} differing rows; filters and sorting see only those.</p>\n",
          GroupDigits(held), GroupDigits(summary_.different()));
    }
    out_ +=
        "<div class=\"tools\"><input type=\"search\" id=\"q\" placeholder=\"Filter by text  (press /)\" "
        "aria-label=\"Filter rows by text\">\n";
    const auto kind = [&](int id, const char* name, int64_t rows) {
      if (rows > 0) Add("<label class=\"k\"><input type=\"checkbox\" id=\"k{}\" checked> {}</label>\n", id, name);
    };
    kind(0, "changed", summary_.changed);
    kind(1, "only left", summary_.left.only);
    kind(2, "only right", summary_.right.only);
    if (!summary_.changes.empty()) {
      out_ += "<label class=\"k\">changed in <select id=\"col\"><option value=\"-1\">any column</option>";
      std::string sorts;
      for (const ColumnChanges& column : summary_.changes) {
        const std::optional<size_t> index = ValueIndex(column.name);
        if (!index) continue;
        Add("<option value=\"{}\">{}</option>", *index, Shown(column.name));
        if (column.max_abs_delta)
          sorts += fmt::format("<option value=\"{}\">largest change of {}</option>", *index, Shown(column.name));
      }
      out_ += "</select></label>\n";
      if (!sorts.empty()) {
        Add("<label class=\"k\">sort by <select id=\"sort\"><option value=\"\">key</option><option "
            "value=\"all\">largest change</option>{}</select></label>\n",
            sorts);
      }
      if (summary_.value_columns.size() > summary_.key.size() + summary_.changes.size()) {
        const bool many = summary_.value_columns.size() > 8;
        Add("<label class=\"k\"><input type=\"checkbox\" id=\"only\"{}> changed columns only</label>\n",
            many ? " checked" : "");
      }
    }
    out_ +=
        "</div>\n<div class=\"tools\"><span id=\"count\" aria-live=\"polite\" class=\"quiet\"></span>"
        "<button type=\"button\" id=\"first\" aria-label=\"first page\">«</button><button type=\"button\" "
        "id=\"prev\">‹ previous</button>"
        "<button type=\"button\" id=\"next\">next ›</button><button type=\"button\" id=\"last\" aria-label=\"last "
        "page\">»</button></div>\n"
        "<div id=\"rows\" class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Differing rows\"></div>\n"
        "<noscript><p>The table of rows needs JavaScript; everything else on this page does "
        "not.</p></noscript></section>\n";
  }

  void Footer() {
    Add("<footer><p>Made by Tinderbox {}{}{}</p>", Shown(heading_.version), heading_.created.empty() ? "" : " on ",
        Shown(heading_.created));
    if (!heading_.command.empty()) Add("<p><code>{}</code></p>", Shown(heading_.command));
    out_ += "</footer>\n";
  }

  const DiffSummary& summary_;
  const ReportHeading& heading_;
  const std::vector<DiffRow>& rows_;
  std::vector<DataType> types_;
  std::string out_;
};

}  // namespace

std::string RenderHtml(const DiffSummary& summary, const ReportHeading& heading, const std::vector<DiffRow>& rows) {
  return HtmlPage(summary, heading, rows).Render();
}

}  // namespace tinderbox::diff
