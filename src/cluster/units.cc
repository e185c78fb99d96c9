#include "cluster/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <numeric>
#include <utility>

namespace tinderbox::cluster {
namespace {

struct Unit {
  std::string_view name;
  int64_t factor;
};

constexpr int64_t kKi = 1024;
constexpr Unit kMemory[] = {{"", 1},
                            {"b", 1},
                            {"k", kKi},
                            {"kb", kKi},
                            {"kib", kKi},
                            {"m", kKi* kKi},
                            {"mb", kKi* kKi},
                            {"mib", kKi* kKi},
                            {"g", kKi* kKi* kKi},
                            {"gb", kKi* kKi* kKi},
                            {"gib", kKi* kKi* kKi},
                            {"t", kKi* kKi* kKi* kKi},
                            {"tb", kKi* kKi* kKi* kKi},
                            {"tib", kKi* kKi* kKi* kKi}};
constexpr Unit kDuration[] = {{"ms", 1},       {"s", 1000},      {"sec", 1000},    {"m", 60'000},
                              {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};

template <size_t N>
std::optional<int64_t> Parse(std::string_view text, const Unit (&units)[N]) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !(number >= 0)) return std::nullopt;
  std::string name(end, text.data() + text.size());
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const Unit& unit : units) {
    const double value = number * static_cast<double>(unit.factor);
    if (unit.name == name && value < 9e18) return static_cast<int64_t>(value);
  }
  return std::nullopt;
}

size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

std::optional<int64_t> ParseMemory(std::string_view text) {
  return Parse(text, kMemory);
}

std::string FormatMemory(int64_t bytes) {
  static constexpr std::pair<char, int64_t> kUnits[] = {{'g', kKi * kKi * kKi}, {'m', kKi * kKi}, {'k', kKi}};
  for (const auto& [letter, factor] : kUnits) {
    if (bytes > 0 && bytes % factor == 0) return fmt::format("{}{}", bytes / factor, letter);
  }
  return fmt::format("{}b", bytes);
}

std::optional<int64_t> ParseDuration(std::string_view text) {
  return Parse(text, kDuration);
}

std::string FormatDuration(int64_t milliseconds) {
  if (milliseconds >= 60'000 && milliseconds % 60'000 == 0) return fmt::format("{}min", milliseconds / 60'000);
  if (milliseconds % 1000 == 0) return fmt::format("{}s", milliseconds / 1000);
  return fmt::format("{}ms", milliseconds);
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates) {
  std::vector<std::pair<size_t, std::string>> near;
  for (const std::string& candidate : candidates) {
    const size_t distance = Distance(word, candidate);
    if (distance <= std::max<size_t>(1, candidate.size() / 3)) near.emplace_back(distance, candidate);
  }
  std::sort(near.begin(), near.end());
  if (near.empty()) return "";
  if (near.size() > 1 && near[1].first == near[0].first)
    return fmt::format(" Did you mean {} or {}?", near[0].second, near[1].second);
  return fmt::format(" Did you mean {}?", near[0].second);
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  std::string part;
  for (const char c : text) {
    if (c != ',' && std::isspace(static_cast<unsigned char>(c)) == 0) {
      part += c;
    } else if (!part.empty()) {
      parts.push_back(std::exchange(part, {}));
    }
  }
  if (!part.empty()) parts.push_back(part);
  return parts;
}

std::string ShellQuoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

}  // namespace tinderbox::cluster
