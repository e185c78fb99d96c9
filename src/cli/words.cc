#include "cli/words.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/fail.h"
#include "cluster/units.h"

namespace tinderbox::cli {
namespace {

constexpr std::string_view kUsage = "TINDERBOX_USAGE";

char Lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

std::string LowerText(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), Lower);
  return out;
}

/// Edits (insert, delete, replace, swap of neighbours) that turn one text into the other, letter case aside.
size_t Distance(std::string_view a, std::string_view b) {
  const std::string x = LowerText(a);
  const std::string y = LowerText(b);
  std::vector<std::vector<size_t>> cost(x.size() + 1, std::vector<size_t>(y.size() + 1));
  for (size_t i = 0; i <= x.size(); ++i) cost[i][0] = i;
  for (size_t j = 0; j <= y.size(); ++j) cost[0][j] = j;
  for (size_t i = 1; i <= x.size(); ++i) {
    for (size_t j = 1; j <= y.size(); ++j) {
      cost[i][j] =
          std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (x[i - 1] == y[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[x.size()][y.size()];
}

std::optional<double> ParseNumber(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

[[noreturn]] void FailTolerance(std::string_view text, std::string_view why) {
  base::Fail(kUsage,
             "The tolerance \"{}\" {}. Write col=0.01 (absolute), col=1% (relative) or col=5s (time; us, ms, s, min, "
             "h, d), or "
             "the same without col= for every column that it fits.",
             text, why);
}

}  // namespace

std::vector<std::string> Nearest(std::string_view word, const std::vector<std::string>& candidates, size_t limit) {
  std::vector<std::pair<size_t, std::string>> ranked;
  for (const std::string& candidate : candidates) {
    size_t distance = Distance(word, candidate);
    const size_t most = std::max<size_t>(1, std::max(word.size(), candidate.size()) / 3);
    const bool begins = word.size() >= 3 && LowerText(candidate).rfind(LowerText(word), 0) == 0;
    if (begins) distance = std::min<size_t>(distance, 1);
    if (distance <= most) ranked.emplace_back(distance, candidate);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> best;
  for (auto& [distance, candidate] : ranked) {
    if (best.size() < limit && std::find(best.begin(), best.end(), candidate) == best.end())
      best.push_back(std::move(candidate));
  }
  return best;
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::vector<std::string> best = Nearest(word, candidates);
  if (best.empty()) return "";
  std::string out = " Did you mean " + best[0];
  for (size_t i = 1; i < best.size(); ++i) out += (i + 1 == best.size() ? " or " : ", ") + best[i];
  return out + "?";
}

std::vector<std::string> SplitNames(std::string_view option, std::string_view list) {
  std::vector<std::string> names;
  size_t at = 0;
  do {
    std::string name;
    if (at < list.size() && (list[at] == '"' || list[at] == '`')) {
      const char quote = list[at++];
      bool closed = false;
      while (at < list.size()) {
        if (list[at] == quote) {
          if (at + 1 < list.size() && list[at + 1] == quote) {
            name += quote;
            at += 2;
            continue;
          }
          ++at;
          closed = true;
          break;
        }
        name += list[at++];
      }
      if (!closed || (at < list.size() && list[at] != ',')) {
        base::Fail(kUsage, "{} {}: a quoted name must end with its quote, before a comma or the end.", option, list);
      }
    } else {
      const size_t end = std::min(list.find(',', at), list.size());
      name = list.substr(at, end - at);
      at = end;
      const size_t first = name.find_first_not_of(' ');
      name = first == std::string::npos ? "" : name.substr(first, name.find_last_not_of(' ') - first + 1);
    }
    if (name.empty())
      base::Fail(kUsage, "{} \"{}\" has an empty column name. Write names with commas between, for instance {} a,b.",
                 option, list, option);
    names.push_back(std::move(name));
  } while (at < list.size() && list[at++] == ',');
  return names;
}

std::pair<std::string, std::string> SplitAssignment(std::string_view option, std::string_view text, bool last) {
  const size_t at = last ? text.rfind('=') : text.find('=');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) {
    base::Fail(kUsage, "{} \"{}\" is not of the form name=value.", option, text);
  }
  return {std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

std::string Unescape(std::string_view option, std::string_view text) {
  static const std::pair<std::string_view, std::string_view> kWords[] = {
      {"tab", "\t"}, {"space", " "}, {"comma", ","}, {"semicolon", ";"}, {"pipe", "|"}};
  for (const auto& [word, meaning] : kWords) {
    if (text == word) return std::string(meaning);
  }
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char kind = text[++i];
    const size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : 0;
    if (digits > 0) {
      unsigned code = 0;
      const char* begin = text.data() + i + 1;
      const char* end = i + 1 + digits <= text.size() ? begin + digits : begin;
      const auto [stop, error] = std::from_chars(begin, end, code, 16);
      if (error != std::errc() || stop != end || end == begin || (code >= 0xD800 && code < 0xE000)) {
        base::Fail(kUsage, "{} \"{}\": \\{} needs {} hexadecimal digits of a character.", option, text, kind, digits);
      }
      if (code < 0x80) {
        out += static_cast<char>(code);
      } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | (code >> 6));
        out += static_cast<char>(0x80 | (code & 0x3F));
      } else {
        out += static_cast<char>(0xE0 | (code >> 12));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
      }
      i += digits;
      continue;
    }
    switch (kind) {
      case 't':
        out += '\t';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case '0':
        out += '\0';
        break;
      case '\\':
        out += '\\';
        break;
      default:
        base::Fail(kUsage, "{} \"{}\": \\{} is not an escape. Known are \\t \\n \\r \\0 \\\\ \\xHH \\uHHHH.", option,
                   text, kind);
    }
  }
  return out;
}

uint64_t ParseBytes(std::string_view option, std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::optional<double> number = ParseNumber(text.substr(0, digits));
  static const std::pair<std::string_view, double> kUnits[] = {{"", 1},
                                                               {"b", 1},
                                                               {"k", 1024.0},
                                                               {"m", 1048576.0},
                                                               {"g", 1073741824.0},
                                                               {"t", 1099511627776.0},
                                                               {"kb", 1e3},
                                                               {"mb", 1e6},
                                                               {"gb", 1e9},
                                                               {"tb", 1e12},
                                                               {"kib", 1024.0},
                                                               {"mib", 1048576.0},
                                                               {"gib", 1073741824.0},
                                                               {"tib", 1099511627776.0}};
  const std::string unit = LowerText(text.substr(digits));
  for (const auto& [name, factor] : kUnits) {
    if (number && unit == name && *number * factor >= 1 && *number * factor < 1e18)
      return static_cast<uint64_t>(*number * factor);
  }
  base::Fail(kUsage, "{} \"{}\" is not a size. Write for instance 500MB, 2GiB, 1g or a number of bytes.", option, text);
}

int64_t ParseCount(std::string_view option, std::string_view text, int64_t least) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least) {
    base::Fail(kUsage, "{} \"{}\" is not a whole number of at least {}.", option, text, least);
  }
  return number;
}

void AddTolerance(std::string_view text, std::map<std::string, Tolerance>* tolerances) {
  const size_t at = text.rfind('=');
  const std::string column = at == std::string_view::npos ? "*" : std::string(text.substr(0, at));
  const std::string_view value = at == std::string_view::npos ? text : text.substr(at + 1);
  if (column.empty()) FailTolerance(text, "has no column before the =");
  const size_t digits = std::min(value.find_first_not_of("0123456789.eE+-"), value.size());
  const std::optional<double> number = ParseNumber(value.substr(0, digits));
  if (!number) FailTolerance(text, "has no number");
  if (*number < 0) FailTolerance(text, "is negative");
  Tolerance& tolerance = (*tolerances)[column];
  const std::string unit(value.substr(digits));
  if (unit.empty()) {
    tolerance.absolute = *number;
    return;
  }
  if (unit == "%") {
    tolerance.relative = *number / 100;
    return;
  }
  static const std::pair<std::string_view, double> kUnits[] = {
      {"us", 1}, {"µs", 1}, {"ms", 1e3}, {"s", 1e6}, {"m", 60e6}, {"min", 60e6}, {"h", 3600e6}, {"d", 86400e6}};
  for (const auto& [name, micros] : kUnits) {
    if (unit != name) continue;
    const double total = *number * micros;
    if (total > 9e18) FailTolerance(text, "is too long a time");
    tolerance.time_micros = std::llround(total);
    return;
  }
  FailTolerance(text, "has an unknown unit");
}

Allowance ParseAllowance(std::string_view text) {
  Allowance allowance;
  if (!text.empty() && text.back() == '%') {
    allowance.percent = ParseNumber(text.substr(0, text.size() - 1));
    if (allowance.percent && *allowance.percent >= 0 && *allowance.percent <= 100) return allowance;
    base::Fail(kUsage, "--fail-above \"{}\" is not a percentage between 0% and 100%.", text);
  }
  allowance.rows = ParseCount("--fail-above", text, 0);
  return allowance;
}

bool Exceeds(const Allowance& allowance, const DiffSummary& summary) {
  if (allowance.rows) return summary.different() > *allowance.rows;
  const int64_t whole = summary.equal + summary.different();
  return whole > 0 &&
         100.0 * static_cast<double>(summary.different()) > *allowance.percent * static_cast<double>(whole);
}

std::string ShellWord(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:,=@%") ==
                                          std::string::npos;
  return plain ? word : cluster::ShellQuoted(word);
}

}  // namespace tinderbox::cli
