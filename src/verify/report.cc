#include "verify/report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "diff/report_page.h"

namespace tinderbox::verify {
namespace {

using Json = nlohmann::ordered_json;

std::string KindName(ItemKind kind) {
  switch (kind) {
    case ItemKind::kRows:
      return "rows";
    case ItemKind::kLines:
      return "lines";
    case ItemKind::kFile:
      return "file";
  }
  return "";
}

/// How much there was to compare: "8 rows", "1 file".
std::string Extent(const Item& item) {
  const char* unit = item.kind == ItemKind::kLines ? "lines" : "rows";
  if (item.kind == ItemKind::kFile) return "file";
  if (item.left_rows == item.right_rows) return fmt::format("{} {}", item.left_rows, unit);
  return fmt::format("{} and {} {}", item.left_rows, item.right_rows, unit);
}

std::string Verdict(const Run& left, const Run& right, const Comparison& comparison) {
  size_t different = comparison.printed ? 1 : 0;
  for (const Item& item : comparison.items) different += item.same() ? 0 : 1;
  if (comparison.same(left, right)) return fmt::format("Same on {} and {}", left.engine, right.engine);
  if (different == 0) return "The exit codes differ";
  return fmt::format("{} of {} outputs differ", different, comparison.items.size() + 1);
}

std::string Timing(const Run& run) {
  return fmt::format("{}: exit code {}, {:.1f} s", run.engine, run.exit_code, run.seconds);
}

Json RunJson(const Run& run) {
  return {{"engine", run.engine}, {"exit_code", run.exit_code}, {"seconds", run.seconds}};
}

}  // namespace

std::string RenderText(const Heading& heading, const Run& left, const Run& right, const Comparison& comparison,
                       bool color) {
  const auto paint = [&](const char* code, const std::string& text) {
    return color ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
  };
  const bool same = comparison.same(left, right);
  std::string out =
      fmt::format("{}\n  {}\n  {}\n  {}\n\n", paint(same ? "1;32" : "1;31", Verdict(left, right, comparison)),
                  heading.script, Timing(left), Timing(right));
  size_t width = std::string_view("printed output").size();
  for (const Item& item : comparison.items) width = std::max(width, item.name.size());
  const auto line = [&](const std::string& name, const std::string& extent, const std::string& difference) {
    const std::string verdict = difference.empty() ? paint("32", "same") : paint("31", difference);
    out += fmt::format("  {:<{}}  {:<16}  {}\n", name, width, extent, verdict);
  };
  for (const Item& item : comparison.items) line(item.name, Extent(item), item.difference);
  line("printed output", fmt::format("{} lines", comparison.printed_lines),
       comparison.printed ? fmt::format("from line {} on", comparison.printed->line) : "");
  if (comparison.printed) {
    out += "\n";
    for (const std::string& text : comparison.printed->left) out += paint("31", fmt::format("  - {}", text)) + "\n";
    for (const std::string& text : comparison.printed->right) out += paint("32", fmt::format("  + {}", text)) + "\n";
  }
  for (const std::string& warning : comparison.warnings) out += fmt::format("\nwarning: {}\n", warning);
  return out;
}

std::string RenderJson(const Heading& heading, const Run& left, const Run& right, const Comparison& comparison) {
  Json items = Json::array();
  for (const Item& item : comparison.items) {
    Json entry = {{"name", item.name}, {"kind", KindName(item.kind)}, {"same", item.same()}};
    if (item.kind != ItemKind::kFile) entry.update({{"left_rows", item.left_rows}, {"right_rows", item.right_rows}});
    if (item.summary) {
      entry.update({{"equal", item.summary->equal},
                    {"changed", item.summary->changed},
                    {"left_only", item.summary->left.only},
                    {"right_only", item.summary->right.only}});
    }
    if (!item.same()) entry["difference"] = item.difference;
    items.push_back(std::move(entry));
  }
  Json printed = {{"same", !comparison.printed}, {"lines", comparison.printed_lines}};
  if (comparison.printed) {
    printed.update({{"first_line", comparison.printed->line},
                    {"left", comparison.printed->left},
                    {"right", comparison.printed->right}});
  }
  const Json out = {{"same", comparison.same(left, right)},
                    {"script", heading.script},
                    {"left", RunJson(left)},
                    {"right", RunJson(right)},
                    {"outputs", std::move(items)},
                    {"printed", std::move(printed)},
                    {"warnings", comparison.warnings},
                    {"version", heading.version}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string PageName(const Item& item) {
  std::string out = item.name;
  for (char& c : out) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    if (!plain) c = '-';
  }
  return out + ".html";
}

std::string RenderHtml(const Heading& heading, const Run& left, const Run& right, const Comparison& comparison) {
  using diff::EscapeHtml;
  const std::string verdict = Verdict(left, right, comparison);
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri "
      "'none'; form-action 'none'\">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n",
      EscapeHtml(verdict), diff::kPageStyle);
  out += fmt::format("<header>\n<h1>{}</h1>\n<p>{}</p>\n<p>{} · {}</p>\n</header>\n<main>\n", EscapeHtml(verdict),
                     EscapeHtml(heading.script), EscapeHtml(Timing(left)), EscapeHtml(Timing(right)));
  for (const std::string& warning : comparison.warnings) out += fmt::format("<p>{}</p>\n", EscapeHtml(warning));
  out +=
      "<section><h2>Outputs</h2><div "
      "class=\"scroll\"><table>\n<thead><tr><th>Output</th><th>Compared</th><th>Result</th></tr></thead>\n";
  for (const Item& item : comparison.items) {
    std::string result = item.same() ? "same" : EscapeHtml(item.difference);
    if (item.summary && !item.same()) result = fmt::format("<a href=\"{}\">{}</a>", PageName(item), result);
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", EscapeHtml(item.name), Extent(item), result);
  }
  out += fmt::format("<tr><td>printed output</td><td>{} lines</td><td>{}</td></tr>\n</table></div></section>\n",
                     comparison.printed_lines,
                     comparison.printed ? fmt::format("differs from line {} on", comparison.printed->line) : "same");
  if (comparison.printed) {
    out += "<section><h2>Printed output</h2><div class=\"scroll\"><pre class=\"inline\">";
    for (const std::string& text : comparison.printed->left) out += fmt::format("<del>- {}</del>\n", EscapeHtml(text));
    for (const std::string& text : comparison.printed->right) out += fmt::format("<ins>+ {}</ins>\n", EscapeHtml(text));
    out += "</pre></div></section>\n";
  }
  out += fmt::format("</main>\n<footer><p>Made by Tinderbox {} on {}</p></footer>\n</body>\n</html>\n",
                     EscapeHtml(heading.version), EscapeHtml(heading.created));
  return out;
}

}  // namespace tinderbox::verify
