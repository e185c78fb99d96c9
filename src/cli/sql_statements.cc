#include "cli/sql_statements.h"

namespace tinderbox::cli {
namespace {

constexpr std::string_view kSpace = " \t\r\n\f\v";

std::string Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kSpace) - begin + 1));
}

/// The end of what begins at `at`: a quoted text, a comment, or one character.
size_t Skip(std::string_view text, size_t at, bool* blank) {
  const char c = text[at];
  const auto next = [&](size_t i) { return i < text.size() ? text[i] : '\0'; };
  *blank = false;
  if (c == '-' && next(at + 1) == '-') {
    *blank = true;
    const size_t end = text.find('\n', at);
    return end == std::string_view::npos ? text.size() : end;
  }
  if (c == '/' && next(at + 1) == '*') {
    *blank = next(at + 2) != '+';  // a hint is part of its statement
    size_t depth = 1;
    size_t i = at + 2;
    for (; i < text.size() && depth > 0; ++i) {
      if (text[i] == '/' && next(i + 1) == '*') {
        ++depth;
        ++i;
      } else if (text[i] == '*' && next(i + 1) == '/') {
        --depth;
        ++i;
      }
    }
    return i;
  }
  if (c == '\'' || c == '"' || c == '`') {
    const bool raw = c != '`' && at > 0 && (text[at - 1] == 'r' || text[at - 1] == 'R');
    for (size_t i = at + 1; i < text.size(); ++i) {
      if (text[i] == '\\' && c != '`' && !raw) {
        ++i;
      } else if (text[i] == c) {
        return i + 1;
      }
    }
    return text.size();
  }
  *blank = kSpace.find(c) != std::string_view::npos;
  return at + 1;
}

}  // namespace

SqlStatements SplitStatements(std::string_view text) {
  SqlStatements out;
  size_t begin = 0;
  bool empty = true;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == ';') {
      if (!empty) out.complete.push_back(Trim(text.substr(begin, at - begin)));
      begin = ++at;
      empty = true;
      continue;
    }
    bool blank = false;
    at = Skip(text, at, &blank);
    empty = empty && blank;
  }
  if (!empty) out.rest = Trim(text.substr(begin));
  return out;
}

}  // namespace tinderbox::cli
