#include "spark/sql_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace tinderbox::spark {

namespace {

constexpr int kMaximumExtra = 32;

}  // namespace

QueryContext MakeSqlContext(std::string_view text, int start, int stop, std::string_view object_type,
                            std::string_view object_name) {
  // Byte offsets of the characters, and of the end.
  std::vector<size_t> offsets;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) offsets.push_back(i);
  }
  const int size = static_cast<int>(offsets.size());
  offsets.push_back(text.size());
  const auto at = [&](int i) { return text[offsets[static_cast<size_t>(i)]]; };
  const auto piece = [&](int begin, int end) {
    return text.substr(offsets[static_cast<size_t>(begin)],
                       offsets[static_cast<size_t>(end)] - offsets[static_cast<size_t>(begin)]);
  };

  QueryContext out;
  out.object_type = object_type;
  out.object_name = object_name;
  out.start_index = start;
  out.stop_index = stop;
  start = std::clamp(start, 0, size);
  stop = std::clamp(stop, start - 1, size - 1);
  out.fragment = piece(start, stop + 1);

  int line = 1;
  int line_start = 0;
  for (int i = 0; i < start; ++i) {
    if (at(i) != '\n') continue;
    ++line;
    line_start = i + 1;
  }
  int line_end = stop + 1;
  while (line_end < size && at(line_end) != '\n') ++line_end;
  const bool cut_before = start - line_start > kMaximumExtra;
  const bool cut_after = line_end - stop - 1 > kMaximumExtra;
  const int position = start - line_start;
  if (cut_before) line_start = start - kMaximumExtra;
  if (cut_after) line_end = stop + 1 + kMaximumExtra;

  out.summary = "== SQL";
  if (!object_type.empty()) out.summary += fmt::format(" of {} {}", object_type, object_name);
  out.summary += fmt::format(" (line {}, position {}) ==\n", line, position + 1);
  for (int begin = line_start; begin <= line_end;) {
    int end = begin;
    while (end < line_end && at(end) != '\n') ++end;
    const bool first = begin == line_start && cut_before;
    const bool last = end == line_end && cut_after;
    out.summary += fmt::format("{}{}{}\n", first ? "..." : "", piece(begin, end), last ? "..." : "");
    if (first) out.summary += "   ";
    for (int i = begin; i < end && i <= stop; ++i) out.summary += i < start ? ' ' : '^';
    out.summary += '\n';
    begin = end + 1;
  }
  return out;
}

}  // namespace tinderbox::spark
