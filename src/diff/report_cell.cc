#include "diff/report_cell.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cmath>

#include "base/json_text.h"

namespace tinderbox::diff {
namespace {

/// What a reader sees as one letter.
struct Cluster {
  std::string_view text;
  int width = 0;
};

bool IsRegionalIndicator(utf8proc_int32_t code) {
  return code >= 0x1F1E6 && code <= 0x1F1FF;
}

std::vector<Cluster> Clusters(std::string_view text) {
  std::vector<Cluster> clusters;
  utf8proc_int32_t previous = -1;
  utf8proc_int32_t state = 0;
  size_t at = 0;
  while (at < text.size()) {
    utf8proc_int32_t code = -1;
    utf8proc_ssize_t bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                                              static_cast<utf8proc_ssize_t>(text.size() - at), &code);
    if (bytes < 1) {
      bytes = 1;
      code = 0xFFFD;
    }
    const int width = code == 0xFE0F ? 2 : utf8proc_charwidth(code);
    const bool starts = previous < 0 || utf8proc_grapheme_break_stateful(previous, code, &state);
    if (starts) {
      clusters.push_back({text.substr(at, static_cast<size_t>(bytes)), width});
    } else {
      Cluster& cluster = clusters.back();
      cluster.text = text.substr(static_cast<size_t>(cluster.text.data() - text.data()),
                                 cluster.text.size() + static_cast<size_t>(bytes));
      cluster.width = IsRegionalIndicator(code) ? 2 : std::max(cluster.width, width);
    }
    previous = code;
    at += static_cast<size_t>(bytes);
  }
  return clusters;
}

int Width(const std::vector<Cluster>& clusters, size_t from, size_t to) {
  int width = 0;
  for (size_t i = from; i < to; ++i) width += clusters[i].width;
  return width;
}

void Append(std::string* out, const std::vector<Cluster>& clusters, size_t from, size_t to) {
  for (size_t i = from; i < to; ++i) out->append(clusters[i].text);
}

std::string ClipClusters(const std::vector<Cluster>& all, size_t from, size_t to, int width) {
  std::string out;
  if (Width(all, from, to) <= width) {
    Append(&out, all, from, to);
    return out;
  }
  if (width < 1) return out;
  const int room = width - 1;
  size_t head = from;
  int used = 0;
  while (head < to && used + all[head].width <= (room + 1) / 2) used += all[head++].width;
  size_t tail = to;
  while (tail > head && used + all[tail - 1].width <= room) used += all[--tail].width;
  Append(&out, all, from, head);
  out += "…";
  Append(&out, all, tail, to);
  return out;
}

/// Shows the clusters from `common` on, with as much before them as fits, at most `width` columns.
std::string ClipFrom(const std::vector<Cluster>& all, size_t begin, size_t common_end, int width) {
  if (Width(all, 0, all.size()) <= width) return ClipClusters(all, 0, all.size(), width);
  if (begin == 0) {
    // The ends differ as well, or the difference alone is too wide: the head tells most.
    if (common_end == all.size()) return ClipClusters(all, 0, all.size(), width);
    size_t to = 0;
    int used = 0;
    while (to < all.size() && used + all[to].width <= width - 1) used += all[to++].width;
    std::string out;
    Append(&out, all, 0, to);
    return out + "…";
  }
  std::string out = "…";
  const int room = width - 1;
  const int rest = Width(all, begin, all.size());
  if (rest <= room) {
    size_t from = begin;
    int used = rest;
    while (from > 0 && used + all[from - 1].width <= room) used += all[--from].width;
    Append(&out, all, from, all.size());
    return out;
  }
  // Neither end fits: a little of what is before, then as much as there is room for.
  size_t from = begin;
  int used = 0;
  while (from > 0 && begin - from < 4 && used + all[from - 1].width <= room / 4) used += all[--from].width;
  size_t to = from;
  used = 0;
  while (to < all.size() && used + all[to].width <= room - 1) used += all[to++].width;
  Append(&out, all, from, to);
  return out + "…";
}

std::optional<long double> AsNumber(const Value& value) {
  return std::visit(
      [](const auto& cell) -> std::optional<long double> {
        using T = std::decay_t<decltype(cell)>;
        if constexpr (std::is_same_v<T, int64_t> || std::is_same_v<T, float> || std::is_same_v<T, double>) {
          return static_cast<long double>(cell);
        } else if constexpr (std::is_same_v<T, DecimalValue>) {
          return static_cast<long double>(cell.unscaled) / std::pow(10.0L, cell.scale);
        } else if constexpr (std::is_same_v<T, DateValue>) {
          return cell.days * 86400.0L;
        } else if constexpr (std::is_same_v<T, TimeValue> || std::is_same_v<T, TimestampValue> ||
                             std::is_same_v<T, TimestampNtzValue> || std::is_same_v<T, DayTimeIntervalValue>) {
          return static_cast<long double>(cell.micros) / 1e6L;
        } else {
          return std::nullopt;
        }
      },
      value.data);
}

}  // namespace

int DisplayWidth(std::string_view text) {
  const std::vector<Cluster> clusters = Clusters(text);
  return Width(clusters, 0, clusters.size());
}

std::string Visible(std::string_view text) {
  const std::string valid = base::ReplaceInvalidUtf8(text);
  std::string out;
  out.reserve(valid.size());
  size_t at = 0;
  while (at < valid.size()) {
    utf8proc_int32_t code = -1;
    const utf8proc_ssize_t bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(valid.data() + at),
                                                    static_cast<utf8proc_ssize_t>(valid.size() - at), &code);
    const size_t length = bytes < 1 ? 1 : static_cast<size_t>(bytes);
    const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
    const bool steers = (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0x2028 ||
                        code == 0x2029 || code == 0x200E || code == 0x200F || code == 0xFEFF;
    if (code == '\n') {
      out += "\\n";
    } else if (code == '\r') {
      out += "\\r";
    } else if (code == '\t') {
      out += "\\t";
    } else if (control || steers) {
      out += fmt::format("\\u{{{:X}}}", static_cast<unsigned>(code));
    } else {
      out.append(valid, at, length);
    }
    at += length;
  }
  return out;
}

std::string CellText(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value.data)) {
    const std::string shown = Visible(*text);
    const bool unclear =
        shown.empty() || shown == "NULL" || shown.front() == ' ' || shown.back() == ' ' || shown.front() == '"';
    return unclear ? "\"" + shown + "\"" : shown;
  }
  if (const auto* binary = std::get_if<BinaryValue>(&value.data)) {
    std::string out = "0x";
    for (const char byte : binary->bytes) out += fmt::format("{:02X}", static_cast<unsigned char>(byte));
    return out;
  }
  const bool nested = std::holds_alternative<std::shared_ptr<ListValue>>(value.data) ||
                      std::holds_alternative<std::shared_ptr<MapValue>>(value.data) ||
                      std::holds_alternative<std::shared_ptr<StructValue>>(value.data);
  return Visible(nested ? value.ToJson() : value.ToString());
}

std::string Clip(std::string_view text, int width) {
  const std::vector<Cluster> all = Clusters(text);
  return ClipClusters(all, 0, all.size(), width);
}

std::pair<std::string, std::string> ClipPair(std::string_view left, std::string_view right, int left_width,
                                             int right_width) {
  const std::vector<Cluster> l = Clusters(left);
  const std::vector<Cluster> r = Clusters(right);
  size_t prefix = 0;
  while (prefix < l.size() && prefix < r.size() && l[prefix].text == r[prefix].text) ++prefix;
  size_t suffix = 0;
  while (suffix < l.size() - prefix && suffix < r.size() - prefix &&
         l[l.size() - 1 - suffix].text == r[r.size() - 1 - suffix].text) {
    ++suffix;
  }
  return {ClipFrom(l, prefix, l.size() - suffix, left_width), ClipFrom(r, prefix, r.size() - suffix, right_width)};
}

std::optional<double> Delta(const Value& left, const Value& right) {
  const std::optional<long double> l = AsNumber(left);
  const std::optional<long double> r = AsNumber(right);
  if (!l || !r || std::isnan(*l) || std::isnan(*r)) return std::nullopt;
  const long double delta = *r - *l;
  if (std::isnan(delta)) return std::nullopt;
  return static_cast<double>(delta);
}

std::string GroupDigits(int64_t number) {
  std::string digits = fmt::format("{}", number);
  const size_t first = digits[0] == '-' ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string Percent(int64_t part, int64_t whole) {
  if (whole <= 0) return "";
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  if (part > 0 && percent < 0.05) return "<0.1 %";
  if (part < whole && percent >= 99.95) return ">99.9 %";
  return fmt::format("{:.1f} %", percent);
}

}  // namespace tinderbox::diff
